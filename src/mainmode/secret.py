"""Bytes that must not be shown: pre-shared keys, SKEYIDs, key material.

A `Secret` prints as five stars wherever it is printed (house rule 12); the bytes come out only through
`reveal()`, so that a reader of the code finds every place that touches them by searching for one word.
"""

from __future__ import annotations

import hmac
from typing import NoReturn

MASK = "*****"
"""What an ASA prints in place of a pre-shared key in `show running-config`."""


class Secret:
    """Bytes that do not print, compare in constant time, and cannot be pickled."""

    __slots__ = ("_bytes",)

    def __init__(self, value: bytes) -> None:
        self._bytes = value

    def reveal(self) -> bytes:
        """The bytes themselves, for the computation that needs them."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._bytes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes, other._bytes)

    __hash__ = None  # type: ignore[assignment]  # a secret is no key of a dictionary

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised")
