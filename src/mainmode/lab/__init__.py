"""The lab: two gateways, a wire between them, a virtual clock and named faults. Knows no explanation and no real world.

Clock and chance are made here, from a seed: two runs of the same lab are the same to the last octet.
"""
