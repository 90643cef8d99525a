"""`Fragmentation needed and DF set`: what a router says to the sender of a packet that does not fit (RFC 1191 §4).

Knows IPv4 and ICMP headers. Whether a packet fits is said elsewhere, and who carries the message to its host as well.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Final, NamedTuple

from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.selectors import ICMP, Packet

UNREACHABLE: Final = 3
FRAGMENTATION_NEEDED: Final = 4
"""ICMP type and code (RFC 792)."""

_ERRORS: Final = frozenset((3, 4, 5, 11, 12))
"""ICMP types that report an error: nobody answers those with another (RFC 1122 §3.2.2)."""

QUOTED: Final = 576 - 20 - 8
"""Octets of the packet that are sent back: as many as fit into 576 (RFC 1812 §4.3.2.3)."""


class TooBig(NamedTuple):
    """The packet must be smaller."""

    mtu: int
    """Of the next hop, which is the tunnel: the longest packet that fits, in octets."""
    to: IPv4Address
    """The host that sent the packet."""
    message: bytes
    """From the ICMP type on; empty where RFC 1812 §4.3.2.7 forbids an answer."""


def too_big(packet: bytes, header: Packet, mtu: int) -> TooBig:
    """The answer to `packet`, whose headers are `header`: no more than `mtu` octets fit."""
    source = IPv4Address(header.source)
    if not _may_be_answered(packet, header, source):
        return TooBig(mtu, source, b"")
    # In a field of 16 bits; a tunnel that takes more has no packet that is too long.
    rest = bytes(2) + mtu.to_bytes(2) + packet[: min(header.length, QUOTED)]
    head = bytes((UNREACHABLE, FRAGMENTATION_NEEDED))
    return TooBig(mtu, source, head + checksum(head + bytes(2) + rest).to_bytes(2) + rest)


def _may_be_answered(packet: bytes, header: Packet, source: IPv4Address) -> bool:
    if header.fragment_offset or header.destination >> 28 == 0xE or header.destination == 0xFFFFFFFF:
        return False
    if source.is_multicast or source.is_unspecified or source.is_loopback or source.is_reserved:
        return False
    return (
        header.protocol != ICMP or header.length == header.header_length or packet[header.header_length] not in _ERRORS
    )
