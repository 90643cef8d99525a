"""What went over the lab's wire as a capture file. Knows IP and UDP headers, not what is in them.

Classic pcap with LINKTYPE_RAW: each record is an IPv4 packet, taken where it left its site, so before any fault. The
first second of the capture is the first of the epoch: the lab has no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack
from typing import Final

from mainmode.lab.faults import ESP
from mainmode.lab.ip import ipv4, udp
from mainmode.lab.network import Transit

MAGIC: Final = 0xA1B2C3D4
LINKTYPE_RAW: Final = 101
SNAPLEN: Final = 0xFFFF


def capture(wire: Iterable[Transit]) -> bytes:
    """The file."""
    records = [pack("<IHHiIII", MAGIC, 2, 4, 0, 0, SNAPLEN, LINKTYPE_RAW)]
    for transit in wire:
        packet = outer(transit)
        seconds, microseconds = divmod(round(transit.at * 1_000_000), 1_000_000)
        records.append(pack("<IIII", seconds, microseconds, len(packet), len(packet)) + packet)
    return b"".join(records)


def outer(transit: Transit) -> bytes:
    """The IPv4 packet that carries it."""
    protocol, source, to, payload = transit.packet
    if protocol == ESP:
        return ipv4(ESP, source.address, to.address, payload)
    return udp(source.address, source.port, to.address, to.port, payload)
