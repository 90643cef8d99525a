"""mainmode: a Cisco ASA configuration becomes a working VPN peer, an ASA's IKE debug an explanation."""

__version__ = "0.1.0"
