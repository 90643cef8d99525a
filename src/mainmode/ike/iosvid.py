"""The vendor id by which an ASA presents itself as an IOS box. Knows two cookies, a version and capabilities.

How Cisco derives these sixteen octets is not public; it is known that they are another value in every session and are
checked with HMAC-SHA (FACTS §1.5). Ours keep that shape: what is said is hidden under, and proved by, HMAC-SHA1 keyed
with the cookies. So two mainmode gateways read each other's version and capabilities, and a real ASA or IOS, which
cannot, sees a vendor id of the right length that it does not know (`docs/decisions`). It is a label, no proof.
"""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

LENGTH: Final = 16


class IosVendorId(NamedTuple):
    version: str
    """`1.0.0`"""
    capabilities: int


def build(said: IosVendorId, initiator_cookie: bytes, responder_cookie: bytes) -> bytes:
    """The sixteen octets for this session."""
    key = initiator_cookie + responder_cookie
    plain = bytes([0, *map(int, said.version.split("."))]) + said.capabilities.to_bytes(4)
    hidden = _xor(plain, _mask(key))
    return _tag(key, hidden) + hidden


def read(data: bytes, initiator_cookie: bytes, responder_cookie: bytes) -> IosVendorId | None:
    """What a vendor id of this session says; None if it is not one of these."""
    key = initiator_cookie + responder_cookie
    if len(data) != LENGTH or not hmac.compare_digest(data[:8], _tag(key, data[8:])):
        return None
    plain = _xor(data[8:], _mask(key))
    return IosVendorId(".".join(str(octet) for octet in plain[1:4]), int.from_bytes(plain[4:]))


def _mask(key: bytes) -> bytes:
    return hmac.digest(key, b"IOS vendor id", "sha1")[:8]


def _tag(key: bytes, hidden: bytes) -> bytes:
    return hmac.digest(key, hidden, "sha1")[:8]


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a) ^ int.from_bytes(b)).to_bytes(len(a))
