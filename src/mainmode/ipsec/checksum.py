"""The Internet checksum: computed, and kept right when a word changes. Knows no headers."""

from __future__ import annotations


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    # 65536 leaves a remainder of 1, so the sum of the 16-bit words is the whole number's remainder, end-around carry
    # and all; where the carry leaves all ones there is no remainder.
    whole = int.from_bytes(data + bytes(len(data) & 1))
    return (whole % 0xFFFF or (0xFFFF if whole else 0)) ^ 0xFFFF


def adjusted(total: int, old: int, new: int) -> int:
    """What the checksum `total` becomes when one of the words it covers changes from `old` to `new` (RFC 1624 §3)."""
    total = (total ^ 0xFFFF) + (old ^ 0xFFFF) + new
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
