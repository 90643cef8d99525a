"""The payloads of ISAKMP as values. Knows which fields there are; not how they lie in bytes, nor what is acceptable.

Integers are as on the wire (unsigned, host order), addresses and hashes are the bytes that were sent. Every payload
has a `number`, its number in the chain.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from mainmode.wire.numbers import PayloadType

ID = struct.Struct("!BBH")
"""Type, protocol, port: here and not in `codec`, because an identity's octets are wanted without a message (`body`)."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a transform (RFC 2408 §3.3).

    `value` is the number, or the bytes where there is none to read: a variable value of no octets, or of more than
    eight. A number may be sent in several ways; `basic` and `width` keep which, so that a responder can return what it
    was offered. So two attributes are equal when they are *sent* alike; what they mean is `value` alone.
    """

    type: int
    value: int | bytes
    basic: bool = True
    width: int = 4
    """Octets of a variable number. Says nothing about a basic one, nor about bytes, which have their own length."""

    @classmethod
    def of(cls, type: int, value: int) -> Attribute:
        """As an ASA sends it: basic if the value fits 16 bits, else variable in four octets."""
        return cls(type, value) if value < 0x10000 else cls(type, value, basic=False, width=4)


@dataclass(frozen=True, slots=True)
class Transform:
    """RFC 2408 §3.6: one set of algorithms out of those a proposal offers."""

    number: int
    id: int
    attributes: tuple[Attribute, ...]

    def value(self, type: int) -> int | None:
        """The value of the first attribute of this type, however it was encoded; None if absent or no number.

        Of little use for lifetimes, whose type and duration come in pairs and may come twice (RFC 2407 §4.5).
        """
        for attribute in self.attributes:
            if attribute.type == type:
                return attribute.value if isinstance(attribute.value, int) else None
        return None


@dataclass(frozen=True, slots=True)
class Proposal:
    """RFC 2408 §3.5. `protocol` is a `Protocol`; `spi` is empty in phase 1 (or the cookies, which are ignored)."""

    number: int
    protocol: int
    spi: bytes
    transforms: tuple[Transform, ...]


@dataclass(frozen=True, slots=True)
class SecurityAssociation:
    """RFC 2408 §3.4 with the situation of RFC 2407 §4.6.1: `doi` 1 is IPsec, `situation` 1 SIT_IDENTITY_ONLY."""

    number: ClassVar[int] = int(PayloadType.SA)
    proposals: tuple[Proposal, ...]
    doi: int = 1
    situation: int = 1


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """RFC 2408 §3.7: a Diffie-Hellman public value, left-padded to the size of its group (RFC 2409 §5)."""

    number: ClassVar[int] = int(PayloadType.KE)
    data: bytes


@dataclass(frozen=True, slots=True)
class Identification:
    """RFC 2407 §4.6.2. `data` is as long as `type` says where the type has a fixed length."""

    number: ClassVar[int] = int(PayloadType.ID)
    type: int
    protocol: int
    port: int
    data: bytes

    @property
    def body(self) -> bytes:
        """Type to data, as HASH_I and HASH_R take it (IDii_b and IDir_b, RFC 2409 §5)."""
        return ID.pack(self.type, self.protocol, self.port) + self.data


@dataclass(frozen=True, slots=True)
class Hash:
    """RFC 2408 §3.11. Of any length: who compares it looks at the length first."""

    number: ClassVar[int] = int(PayloadType.HASH)
    data: bytes


@dataclass(frozen=True, slots=True)
class Nonce:
    """RFC 2408 §3.13. Of any length: 8 to 256 octets are allowed (RFC 2409 §5), refusing others is policy."""

    number: ClassVar[int] = int(PayloadType.NONCE)
    data: bytes


@dataclass(frozen=True, slots=True)
class VendorId:
    """RFC 2408 §3.16; `vendors.recognise` knows the common ones."""

    number: ClassVar[int] = int(PayloadType.VENDOR)
    data: bytes


@dataclass(frozen=True, slots=True)
class Notify:
    """RFC 2408 §3.14. `type` is a `NotifyType`; the SPI of protocol 1 is both cookies, of protocol 3 four octets."""

    number: ClassVar[int] = int(PayloadType.NOTIFY)
    protocol: int
    spi: bytes
    type: int
    data: bytes = b""
    doi: int = 1


@dataclass(frozen=True, slots=True)
class Delete:
    """RFC 2408 §3.15. Every one of `spis` is `spi_size` octets long."""

    number: ClassVar[int] = int(PayloadType.DELETE)
    protocol: int
    spi_size: int
    spis: tuple[bytes, ...]
    doi: int = 1

    def __post_init__(self) -> None:
        if any(len(spi) != self.spi_size for spi in self.spis):
            raise ValueError(f"an SPI of another size than {self.spi_size} in a DELETE")


@dataclass(frozen=True, slots=True)
class NatDiscovery:
    """RFC 3947 §3.2: HASH(CKY-I | CKY-R | address | port). `number` is 20, or 130 with a peer of the drafts."""

    data: bytes
    number: int = int(PayloadType.NAT_D)


@dataclass(frozen=True, slots=True)
class NatOriginalAddress:
    """RFC 3947 §5.2. `type` is IPV4_ADDR or IPV6_ADDR of `IdType`; `number` is 21, or 131 with a peer of the drafts."""

    type: int
    data: bytes
    number: int = int(PayloadType.NAT_OA)


@dataclass(frozen=True, slots=True)
class IosKeepalive:
    """Cisco's payload 128. Only its eight octets are known, not what is in them: it is carried, not read."""

    number: ClassVar[int] = int(PayloadType.IOS_KEEPALIVE)
    data: bytes


@dataclass(frozen=True, slots=True)
class Fragment:
    """Cisco's payload 132: piece `index` (from 1) of the whole message `id`, its header included; the last says so."""

    number: ClassVar[int] = int(PayloadType.FRAGMENT)
    id: int
    index: int
    last: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Opaque:
    """A payload whose inside nobody here needs (CERT, CERT_REQ, SIG, ATTR) or whose number nobody here knows."""

    number: int
    data: bytes


Payload = (
    SecurityAssociation
    | KeyExchange
    | Identification
    | Hash
    | Nonce
    | VendorId
    | Notify
    | Delete
    | NatDiscovery
    | NatOriginalAddress
    | IosKeepalive
    | Fragment
    | Opaque
)


@dataclass(frozen=True, slots=True)
class Header:
    """RFC 2408 §3.1. Cookies are 8 octets; `length` is that of the whole message, header and padding included."""

    initiator_cookie: bytes
    responder_cookie: bytes
    next_payload: int
    exchange: int
    flags: int
    message_id: int
    length: int


@dataclass(frozen=True, slots=True)
class Message:
    """A datagram taken apart.

    `raw[i]` is `payloads[i]` exactly as received, with its generic header; `body` is everything after the message
    header. In an encrypted message only `header` and `body` (the ciphertext) are filled: the payloads come from
    `decode_payloads` when there is a key.
    """

    header: Header
    payloads: tuple[Payload, ...]
    raw: tuple[bytes, ...]
    body: bytes
