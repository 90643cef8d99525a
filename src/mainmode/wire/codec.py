"""ISAKMP bytes to payloads and back (RFC 2408 §3). Knows every length and bound; knows no key, no state and no policy.

Strategy: every block is cut out of the block that encloses it before it is looked into, and has to fill it. A reader
is given `stop`, reads nothing beyond it and answers for everything up to it; so no inner length can reach outside, and
each octet is read once. Whatever is wrong is `Malformed`, and nothing else is ever raised by reading.

What is not checked: reserved octets, flags nobody defined, the agreement of DOI and situation with what follows (both
would have another layout, and fail there), and every number that only policy can judge.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from mainmode.blame import Malformed
from mainmode.wire.numbers import FLAG_ENCRYPTED, IdType, PayloadType
from mainmode.wire.payloads import (
    ID,
    Attribute,
    Delete,
    Fragment,
    Hash,
    Header,
    Identification,
    IosKeepalive,
    KeyExchange,
    Message,
    NatDiscovery,
    NatOriginalAddress,
    Nonce,
    Notify,
    Opaque,
    Payload,
    Proposal,
    SecurityAssociation,
    Transform,
    VendorId,
)
from mainmode.words.names import payload_name

# Far beyond anything an honest peer sends (the largest message in the source document has 304 octets and 8
# payloads), and small enough that a hostile one costs a few milliseconds at worst.
MAX_MESSAGE = 10_000
MAX_PAYLOADS = 100
MAX_PROPOSALS = 20
MAX_TRANSFORMS = 100
"""In all proposals of one SA payload together."""
MAX_ATTRIBUTES = 100
"""In one transform."""
MAX_PADDING = 16
"""One AES block. RFC 2409 appendix B pads with zeros and only up to the next block; racoon pads a message that is
aligned already with another block, of random octets. Nothing authenticates padding, so its content is not looked at."""
MESSAGE_UNIT = 4
"""libreswan fills a message up to a multiple of four octets in the clear too, with zeros (its option `ikepad`). No RFC
says so; its MM1 with its own name as a vendor id, seventeen octets, has three of them."""

HEADER_SIZE = 28
VERSION = 0x10
"""Major 1, minor 0. RFC 2408 §3.1 accepts no higher minor version either."""

_HEADER = struct.Struct("!8s8sBBBBII")
_GENERIC = struct.Struct("!BxH")  # next payload, reserved, length
_SA = struct.Struct("!II")  # DOI, situation
_PROPOSAL = struct.Struct("!BBBB")  # number, protocol, SPI size, number of transforms
_TRANSFORM = struct.Struct("!BBxx")  # number, transform id
_ATTRIBUTE = struct.Struct("!HH")  # format bit and type, value or length
_NOTIFY = struct.Struct("!IBBH")  # DOI, protocol, SPI size, type
_DELETE = struct.Struct("!IBBH")  # DOI, protocol, SPI size, number of SPIs
_NAT_OA = struct.Struct("!Bxxx")  # type
_FRAGMENT = struct.Struct("!HBB")  # fragment id, number, flags

_BASIC = 0x8000
_ID_SIZES: dict[int, int] = {
    IdType.IPV4_ADDR: 4,
    IdType.IPV4_ADDR_SUBNET: 8,
    IdType.IPV4_ADDR_RANGE: 8,
    IdType.IPV6_ADDR: 16,
    IdType.IPV6_ADDR_SUBNET: 32,
    IdType.IPV6_ADDR_RANGE: 32,
}


# -- reading ---------------------------------------------------------------------------------------------------------


def decode(datagram: bytes) -> Message:
    """Take one ISAKMP message apart (RFC 2408 §3): on UDP 4500 without its non-ESP marker.

    The payloads of an encrypted message stay ciphertext in `body`. Raises `Malformed`.
    """
    size = len(datagram)
    if size < HEADER_SIZE:
        raise Malformed(f"{size} octets are no ISAKMP header")
    if size > MAX_MESSAGE:
        raise Malformed(f"a message of {size} octets, more than {MAX_MESSAGE}")
    initiator, responder, first, version, exchange, flags, message_id, length = _HEADER.unpack_from(datagram)
    if version != VERSION:
        raise Malformed(f"ISAKMP version {version >> 4}.{version & 15}", 17)
    if length != size:
        raise Malformed(f"length {length} in a datagram of {size} octets", 24)
    header = Header(initiator, responder, first, exchange, flags, message_id, length)
    body = datagram[HEADER_SIZE:]
    if flags & FLAG_ENCRYPTED:
        return Message(header, (), (), body)
    payloads, raw = _read_chain(first, datagram, HEADER_SIZE, 0 if size % MESSAGE_UNIT else MESSAGE_UNIT - 1)
    if any(datagram[HEADER_SIZE + sum(map(len, raw)) :]):
        raise Malformed("more than zeros after the last payload", HEADER_SIZE + sum(map(len, raw)))
    return Message(header, payloads, raw, body)


def decode_payloads(first: int, body: bytes, *, padded: bool = False) -> tuple[tuple[Payload, ...], tuple[bytes, ...]]:
    """Read the chain of payloads that begins with number `first`: of a decrypted `body`, say.

    Returns the payloads, and the octets of each with its generic header, as HASH(1) and HASH(2) need them.
    `padded` allows up to one block of encryption padding after the last. Raises `Malformed`, whose offset is in `body`.
    """
    if len(body) > MAX_MESSAGE:
        raise Malformed(f"a body of {len(body)} octets, more than {MAX_MESSAGE}")
    return _read_chain(first, body, 0, MAX_PADDING if padded else 0)


def decode_attributes(data: bytes) -> tuple[Attribute, ...]:
    """Read attributes that stand alone, such as the data of a RESPONDER-LIFETIME notify. Raises `Malformed`."""
    return _read_attributes(data, 0, len(data))


def _read_chain(first: int, data: bytes, offset: int, padding: int) -> tuple[tuple[Payload, ...], tuple[bytes, ...]]:
    payloads: list[Payload] = []
    raw: list[bytes] = []
    end = len(data)
    number = first
    while number:
        if len(payloads) == MAX_PAYLOADS:
            raise Malformed(f"more than {MAX_PAYLOADS} payloads", offset)
        following, stop = _read_block(number, data, offset, end)
        payloads.append(_READERS.get(number, _read_opaque)(number, data, offset + 4, stop))
        raw.append(data[offset:stop])
        number, offset = following, stop
    if end - offset > padding:
        raise Malformed(f"{end - offset} octets after the last payload", offset)
    return tuple(payloads), tuple(raw)


def _read_block(number: int, data: bytes, offset: int, end: int) -> tuple[int, int]:
    """The generic header at `offset`: the number of the next block, and where this one stops (at most `end`)."""
    if end - offset < 4:
        raise Malformed(
            f"no room for the {payload_name(number)} ({number}) that was announced",
            offset,
        )
    following, length = _GENERIC.unpack_from(data, offset)
    if not 4 <= length <= end - offset:
        raise Malformed(
            f"{payload_name(number)} ({number}) of length {length}, with {end - offset} left",
            offset + 2,
        )
    return following, offset + length


def _need(number: int, size: int, start: int, stop: int) -> None:
    if stop - start < size:
        raise Malformed(f"{payload_name(number)} ({number}) of only {stop - start} octets", start)


def _read_sa(number: int, data: bytes, start: int, stop: int) -> SecurityAssociation:
    _need(number, _SA.size, start, stop)
    doi, situation = _SA.unpack_from(data, start)
    offset = start + _SA.size
    proposals: list[Proposal] = []
    room = MAX_TRANSFORMS
    following: int = PayloadType.PROPOSAL
    while following:
        if following != PayloadType.PROPOSAL:
            raise Malformed(f"{payload_name(following)} ({following}) among the proposals", offset)
        if len(proposals) == MAX_PROPOSALS:
            raise Malformed(f"more than {MAX_PROPOSALS} proposals", offset)
        following, after = _read_block(PayloadType.PROPOSAL, data, offset, stop)
        proposal = _read_proposal(data, offset + 4, after, room)
        room -= len(proposal.transforms)
        proposals.append(proposal)
        offset = after
    if offset != stop:
        raise Malformed(f"{stop - offset} octets after the last proposal", offset)
    return SecurityAssociation(tuple(proposals), doi, situation)


def _read_proposal(data: bytes, start: int, stop: int, room: int) -> Proposal:
    _need(PayloadType.PROPOSAL, _PROPOSAL.size, start, stop)
    number, protocol, spi_size, count = _PROPOSAL.unpack_from(data, start)
    offset = start + _PROPOSAL.size + spi_size
    _need(PayloadType.PROPOSAL, offset - start, start, stop)
    spi = data[offset - spi_size : offset]
    if not 1 <= count <= room:
        raise Malformed(f"a proposal with {count} transforms, {room} still allowed", start + 3)
    transforms: list[Transform] = []
    following: int = PayloadType.TRANSFORM
    for _ in range(count):
        if following != PayloadType.TRANSFORM:
            raise Malformed(f"{len(transforms)} transforms where {count} were announced", offset)
        following, after = _read_block(PayloadType.TRANSFORM, data, offset, stop)
        transforms.append(_read_transform(data, offset + 4, after))
        offset = after
    # The count and the proposal's length agree on which transform is the last. What that one says comes next is not
    # asked: an ASA notes "next payload is 3 (should be 0)" and goes on.
    if offset != stop:
        raise Malformed(f"{stop - offset} octets after the last of {count} transforms", offset)
    return Proposal(number, protocol, spi, tuple(transforms))


def _read_transform(data: bytes, start: int, stop: int) -> Transform:
    _need(PayloadType.TRANSFORM, _TRANSFORM.size, start, stop)
    number, id = _TRANSFORM.unpack_from(data, start)
    return Transform(number, id, _read_attributes(data, start + _TRANSFORM.size, stop))


def _read_attributes(data: bytes, offset: int, stop: int) -> tuple[Attribute, ...]:
    attributes: list[Attribute] = []
    while offset < stop:
        if len(attributes) == MAX_ATTRIBUTES:
            raise Malformed(f"more than {MAX_ATTRIBUTES} attributes", offset)
        if stop - offset < 4:
            raise Malformed(f"an attribute of only {stop - offset} octets", offset)
        type, word = _ATTRIBUTE.unpack_from(data, offset)
        offset += 4
        if type & _BASIC:
            attributes.append(_basic(type & ~_BASIC, word))
            continue
        if word > stop - offset:
            raise Malformed(
                f"attribute {type} of length {word}, with {stop - offset} left",
                offset - 2,
            )
        value = data[offset : offset + word]
        offset += word
        if 1 <= word <= 8:
            attributes.append(Attribute(type, int.from_bytes(value), basic=False, width=word))
        else:
            attributes.append(Attribute(type, value, basic=False))
    return tuple(attributes)


@lru_cache(maxsize=256)
def _basic(type: int, value: int) -> Attribute:
    """A basic attribute. Every peer sends the same few dozen, and building one costs more than all else about it."""
    return Attribute(type, value)


def _read_id(number: int, data: bytes, start: int, stop: int) -> Identification:
    _need(number, ID.size, start, stop)
    type, protocol, port = ID.unpack_from(data, start)
    value = data[start + ID.size : stop]
    _check_address(number, type, value, start)
    return Identification(type, protocol, port, value)


def _check_address(number: int, type: int, value: bytes, start: int) -> None:
    if len(value) != _ID_SIZES.get(type, len(value)):
        raise Malformed(
            f"{payload_name(number)} ({number}) of type {type} with {len(value)} octets",
            start,
        )


def _read_notify(number: int, data: bytes, start: int, stop: int) -> Notify:
    _need(number, _NOTIFY.size, start, stop)
    doi, protocol, spi_size, type = _NOTIFY.unpack_from(data, start)
    offset = start + _NOTIFY.size + spi_size
    _need(number, offset - start, start, stop)
    return Notify(protocol, data[offset - spi_size : offset], type, data[offset:stop], doi)


def _read_delete(number: int, data: bytes, start: int, stop: int) -> Delete:
    _need(number, _DELETE.size, start, stop)
    doi, protocol, spi_size, count = _DELETE.unpack_from(data, start)
    offset = start + _DELETE.size
    # The size is asked too: any count of SPIs of no octets would fit any payload, 65535 in sixteen octets.
    if count * spi_size != stop - offset or (count and not spi_size):
        raise Malformed(f"DELETE of {count} SPIs of {spi_size} octets in {stop - offset}", start + 6)
    return Delete(
        protocol,
        spi_size,
        tuple([data[i : i + spi_size] for i in range(offset, stop, spi_size or 1)]),
        doi,
    )


def _read_nat_oa(number: int, data: bytes, start: int, stop: int) -> NatOriginalAddress:
    _need(number, _NAT_OA.size, start, stop)
    (type,) = _NAT_OA.unpack_from(data, start)
    value = data[start + _NAT_OA.size : stop]
    if type not in (IdType.IPV4_ADDR, IdType.IPV6_ADDR):
        raise Malformed(f"NAT-OA ({number}) of type {type}", start)
    _check_address(number, type, value, start)
    return NatOriginalAddress(type, value, number)


def _read_fragment(number: int, data: bytes, start: int, stop: int) -> Fragment:
    # One octet of content at least, and a number from 1: what cannot become part of a whole is not worth a queue.
    _need(number, _FRAGMENT.size + 1, start, stop)
    id, index, flags = _FRAGMENT.unpack_from(data, start)
    if index == 0:
        raise Malformed("fragment number 0", start + 2)
    return Fragment(id, index, bool(flags & 1), data[start + _FRAGMENT.size : stop])


def _read_opaque(number: int, data: bytes, start: int, stop: int) -> Opaque:
    return Opaque(number, data[start:stop])


def _read_misplaced(number: int, data: bytes, start: int, stop: int) -> Payload:
    raise Malformed(f"{payload_name(number)} ({number}) outside an SA", start - 4)


_READERS: dict[int, Callable[[int, bytes, int, int], Payload]] = {
    PayloadType.SA: _read_sa,
    PayloadType.PROPOSAL: _read_misplaced,
    PayloadType.TRANSFORM: _read_misplaced,
    PayloadType.KE: lambda number, data, start, stop: KeyExchange(data[start:stop]),
    PayloadType.ID: _read_id,
    PayloadType.HASH: lambda number, data, start, stop: Hash(data[start:stop]),
    PayloadType.NONCE: lambda number, data, start, stop: Nonce(data[start:stop]),
    PayloadType.NOTIFY: _read_notify,
    PayloadType.DELETE: _read_delete,
    PayloadType.VENDOR: lambda number, data, start, stop: VendorId(data[start:stop]),
    PayloadType.NAT_D: lambda number, data, start, stop: NatDiscovery(data[start:stop], number),
    PayloadType.NAT_D_DRAFT: lambda number, data, start, stop: NatDiscovery(data[start:stop], number),
    PayloadType.NAT_OA: _read_nat_oa,
    PayloadType.NAT_OA_DRAFT: _read_nat_oa,
    PayloadType.IOS_KEEPALIVE: lambda number, data, start, stop: IosKeepalive(data[start:stop]),
    PayloadType.FRAGMENT: _read_fragment,
}


# -- writing ---------------------------------------------------------------------------------------------------------


def encode(
    initiator_cookie: bytes,
    responder_cookie: bytes,
    exchange: int,
    payloads: Iterable[Payload],
    *,
    message_id: int = 0,
    flags: int = 0,
) -> bytes:
    """A whole message in the clear. Raises `ValueError` if a field does not fit the place it has."""
    first, body = encode_payloads(payloads)
    length = HEADER_SIZE + len(body)
    return (
        encode_header(
            Header(
                initiator_cookie,
                responder_cookie,
                first,
                exchange,
                flags,
                message_id,
                length,
            )
        )
        + body
    )


def encode_header(header: Header) -> bytes:
    """The 28 octets that stand before `header.length - 28` octets of payloads or ciphertext (RFC 2408 §3.1)."""
    if len(header.initiator_cookie) != 8 or len(header.responder_cookie) != 8:
        raise ValueError("a cookie is 8 octets")
    try:
        return _HEADER.pack(
            header.initiator_cookie,
            header.responder_cookie,
            header.next_payload,
            VERSION,
            header.exchange,
            header.flags,
            header.message_id,
            header.length,
        )
    except struct.error as error:
        raise ValueError(f"ISAKMP header: {error}") from error


def encode_payloads(payloads: Iterable[Payload]) -> tuple[int, bytes]:
    """The number of the first payload, and the chain of all (0 and nothing, if there are none)."""
    chain = tuple(payloads)
    blocks = [encode_body(payload) for payload in chain]
    numbers = [payload.number for payload in chain]
    return (numbers[0] if numbers else 0), _write_chain(numbers, blocks)


def encode_body(payload: Payload) -> bytes:
    """A payload without its generic header: SAi_b, IDii_b and the like (RFC 2409 §3.2)."""
    try:
        return _WRITERS[type(payload)](payload)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{type(payload).__name__}: {error}") from error


def encode_attributes(attributes: Iterable[Attribute]) -> bytes:
    """Attributes one after the other, as in a transform or in the data of a RESPONDER-LIFETIME notify."""
    return b"".join([_write_attribute(attribute) for attribute in attributes])


def _write_chain(numbers: list[int], blocks: list[bytes]) -> bytes:
    """Blocks behind their generic headers, each naming the number of the one after it."""
    try:
        return b"".join(
            [
                _GENERIC.pack(following, len(block) + 4) + block
                for following, block in zip((*numbers, 0)[1:], blocks, strict=True)
            ]
        )
    except struct.error as error:
        raise ValueError(f"payload header: {error}") from error


def _write_sa(sa: SecurityAssociation) -> bytes:
    proposals = [_write_proposal(proposal) for proposal in sa.proposals]
    return _SA.pack(sa.doi, sa.situation) + _write_chain([PayloadType.PROPOSAL] * len(proposals), proposals)


def _write_proposal(proposal: Proposal) -> bytes:
    transforms = [
        _TRANSFORM.pack(transform.number, transform.id) + encode_attributes(transform.attributes)
        for transform in proposal.transforms
    ]
    return (
        _PROPOSAL.pack(proposal.number, proposal.protocol, len(proposal.spi), len(transforms))
        + proposal.spi
        + _write_chain([PayloadType.TRANSFORM] * len(transforms), transforms)
    )


def _write_attribute(attribute: Attribute) -> bytes:
    type, value = attribute.type, attribute.value
    if not 0 <= type < _BASIC:
        raise ValueError(f"attribute type {type} has more than 15 bits")
    if attribute.basic:
        return _ATTRIBUTE.pack(_BASIC | type, value)
    if isinstance(value, int):
        value = value.to_bytes(attribute.width)
    return _ATTRIBUTE.pack(type, len(value)) + value


def _write_notify(notify: Notify) -> bytes:
    return _NOTIFY.pack(notify.doi, notify.protocol, len(notify.spi), notify.type) + notify.spi + notify.data


def _write_delete(delete: Delete) -> bytes:
    fixed = _DELETE.pack(delete.doi, delete.protocol, delete.spi_size, len(delete.spis))
    return fixed + b"".join(delete.spis)


def _write_data(
    payload: KeyExchange | Hash | Nonce | VendorId | NatDiscovery | IosKeepalive | Opaque,
) -> bytes:
    return payload.data


_WRITERS: dict[type[Payload], Callable[[Any], bytes]] = {
    SecurityAssociation: _write_sa,
    KeyExchange: _write_data,
    Identification: lambda payload: payload.body,
    Hash: _write_data,
    Nonce: _write_data,
    VendorId: _write_data,
    Notify: _write_notify,
    Delete: _write_delete,
    NatDiscovery: _write_data,
    NatOriginalAddress: lambda payload: _NAT_OA.pack(payload.type) + payload.data,
    IosKeepalive: _write_data,
    Fragment: lambda payload: _FRAGMENT.pack(payload.id, payload.index, payload.last) + payload.data,
    Opaque: _write_data,
}
