"""The anti-replay window of an inbound SA (RFC 4303 §3.4.3): knows sequence numbers only."""

from __future__ import annotations

SIZES = (64, 128, 256, 512, 1024)
"""What `crypto ipsec security-association replay window-size` takes."""


class ReplayWindow:
    """Which of the last sequence numbers have been received.

    Use: `check` before the costly part, verify the packet, then `mark`; an unverified packet moves nothing.

    The window starts as if number 0 had been received, with the bitmap 1: that is what an ASA shows on a fresh SA, and
    it makes 0 a replay for ever.
    """

    __slots__ = ("_bitmap", "_mask", "size", "top")

    def __init__(self, size: int) -> None:
        """`size` in packets; 0: every number but 0 is taken, any number of times (`replay disable`)."""
        self.size = size
        self.top = 0
        """The highest number received."""
        self._mask = (1 << size) - 1
        self._bitmap = 1
        """Bit n: number `top - n` was received."""

    def check(self, sequence: int) -> bool:
        """Whether a packet of this number may still be accepted."""
        if sequence > self.top:
            return True
        if not self.size:
            return sequence > 0
        age = self.top - sequence
        return age < self.size and not self._bitmap >> age & 1

    def mark(self, sequence: int) -> None:
        """Takes note of a verified packet that `check` had let pass."""
        ahead = sequence - self.top
        if ahead > 0:
            # A jump of the whole window leaves nothing of it; shifting by billions of bits would only cost memory.
            self._bitmap = (self._bitmap << ahead & self._mask | 1) if ahead < self.size else 1
            self.top = sequence
        elif -ahead < self.size:
            self._bitmap |= 1 << -ahead

    @property
    def words(self) -> tuple[int, ...]:
        """The bitmap in words of 32 bits, the highest first; the newest packet is bit 0 of the last one."""
        return tuple(self._bitmap >> shift & 0xFFFFFFFF for shift in range(max(self.size, 64) - 32, -1, -32))
