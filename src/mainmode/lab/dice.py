"""Chance that repeats: octets that follow from a seed. Knows nothing of what they are for.

For the lab alone. Whoever knows the seed knows every key, which is what a run that can be repeated means.
"""

from __future__ import annotations

from hashlib import blake2b


class Dice:
    """An `entropy(n)` that gives the same octets in every run: BLAKE2b over a counter, keyed by seed and purpose.

    Each purpose has its own stream, so that one more octet drawn for one changes nothing for the others.
    """

    def __init__(self, seed: int, *purpose: str) -> None:
        self._key = blake2b("/".join((str(seed), *purpose)).encode()).digest()
        self._counter = 0
        self._left = b""

    def __call__(self, count: int) -> bytes:
        while len(self._left) < count:
            self._left += blake2b(self._counter.to_bytes(8), key=self._key).digest()
            self._counter += 1
        drawn, self._left = self._left[:count], self._left[count:]
        return drawn
