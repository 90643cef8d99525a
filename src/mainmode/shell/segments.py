"""The maximum segment size in passing TCP handshakes (`sysopt connection tcpmss`). Knows IPv4 and TCP headers only."""

from __future__ import annotations

from typing import Final

from mainmode.ipsec.checksum import adjusted
from mainmode.ipsec.selectors import TCP

SYN: Final = 0x02
_END, _NO_OPERATION, _MSS = 0, 1, 2
"""TCP options (RFC 9293 §3.1)."""


def clamped(packet: bytes, largest: int) -> bytes:
    """The packet; a SYN that asks for segments longer than `largest` (octets) asks for that instead.

    One that names no size is left alone: it means 536 (RFC 9293 §3.7.1), which fits.
    """
    if len(packet) < 20 or packet[9] != TCP or packet[6] & 0x1F or packet[7]:  # not TCP, or not the first fragment
        return packet
    start = (packet[0] & 0x0F) * 4
    if len(packet) < start + 20 or not packet[start + 13] & SYN:
        return packet
    at = _mss_at(packet, start + 20, min(start + (packet[start + 12] >> 4) * 4, len(packet)))
    if at is None or int.from_bytes(packet[at : at + 2]) <= largest:
        return packet
    changed = bytearray(packet)
    changed[at : at + 2] = largest.to_bytes(2)
    # The checksum changes by as much. At an odd place both octets count the other way round.
    old, new = packet[at : at + 2], bytes(changed[at : at + 2])
    if (at - start) % 2:
        old, new = old[::-1], new[::-1]
    total = adjusted(int.from_bytes(packet[start + 16 : start + 18]), int.from_bytes(old), int.from_bytes(new))
    changed[start + 16 : start + 18] = total.to_bytes(2)
    return bytes(changed)


def _mss_at(packet: bytes, at: int, end: int) -> int | None:
    """Where the value of the option stands; None if there is none, or the options are broken."""
    while at < end and packet[at] != _END:
        if packet[at] == _NO_OPERATION:
            at += 1
            continue
        length = packet[at + 1] if at + 1 < end else 0
        if length < 2 or at + length > end:
            return None
        if packet[at] == _MSS and length == 4:
            return at + 2
        at += length
    return None
