"""Whatever bytes come, reading ends soon, in a Message or in Malformed and in nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.blame import Malformed
from mainmode.wire import (
    MAX_ATTRIBUTES,
    MAX_MESSAGE,
    MAX_PAYLOADS,
    MAX_PROPOSALS,
    MAX_TRANSFORMS,
    Attribute,
    Delete,
    Fragment,
    Hash,
    NatOriginalAddress,
    Opaque,
    Payload,
    Proposal,
    SecurityAssociation,
    Transform,
    VendorId,
    decode,
    decode_attributes,
    decode_payloads,
    encode,
    encode_payloads,
)
from tests.wire.samples import CKY_I, CKY_R, MESSAGES, PROXY_IDS, message, phase1_sa, phase1_transform

VALID = [message(payloads) for _, _, payloads in MESSAGES]
VALID.append(
    message(
        [
            SecurityAssociation(
                (Proposal(1, 3, b"abcd", (Transform(1, 3, ()),)), Proposal(1, 2, b"efgh", (Transform(1, 2, ()),)))
            ),
            *PROXY_IDS,
            NatOriginalAddress(1, bytes(4)),
            Delete(3, 4, (b"abcd", b"efgh")),
            Fragment(1, 1, True, b"piece"),
            Opaque(6, b"certificate"),
        ]
    )
)


def reread(datagram: bytes) -> None:
    """The invariant: Malformed, or a message that accounts for every octet and survives being written again.

    Up to three zeros may fill the message up to a multiple of four.
    """
    try:
        read = decode(datagram)
    except Malformed:
        return
    header = read.header
    assert header.length == len(datagram)
    if header.flags & 1:
        assert read.payloads == ()
        return
    chain = b"".join(read.raw)
    filling = len(read.body) - len(chain)
    assert chain + bytes(filling) == read.body == datagram[28:]
    assert filling in range(4)
    assert not filling or len(datagram) % 4 == 0
    again = encode(
        header.initiator_cookie,
        header.responder_cookie,
        header.exchange,
        read.payloads,
        message_id=header.message_id,
        flags=header.flags,
    )
    assert decode(again).payloads == read.payloads
    assert len(again) == len(datagram) - filling


def with_length(datagram: bytes) -> bytes:
    """The same with a header length that is right, so that the fault lies deeper."""
    return datagram[:24] + len(datagram).to_bytes(4) + datagram[28:]


@pytest.mark.parametrize("datagram", VALID)
def test_every_truncation_is_malformed(datagram: bytes) -> None:
    for end in range(len(datagram)):
        with pytest.raises(Malformed):
            decode(datagram[:end])
        if end > 28:
            with pytest.raises(Malformed):
                decode(with_length(datagram[:end]))
        elif end == 28:  # a header that announces a payload and ends
            with pytest.raises(Malformed):
                decode(with_length(datagram[:28]))


@pytest.mark.parametrize("datagram", VALID)
def test_every_extension_is_malformed(datagram: bytes) -> None:
    for extra in (b"\0", b"\0\0\0\4", bytes(16)):
        with pytest.raises(Malformed):
            decode(datagram + extra)
        with pytest.raises(Malformed):
            decode(with_length(datagram + extra))


def length_fields(datagram: bytes) -> Iterator[int]:
    """The offsets of all generic headers' length fields, SA's inner blocks included, found by walking the bytes."""
    number, offset = datagram[16], 28
    while offset < len(datagram):
        length = int.from_bytes(datagram[offset + 2 : offset + 4])
        yield offset + 2
        if number == 1:
            proposal = offset + 12
            while proposal < offset + length:
                yield proposal + 2
                transform = proposal + 8 + datagram[proposal + 6]
                end = proposal + int.from_bytes(datagram[proposal + 2 : proposal + 4])
                while transform < end:
                    yield transform + 2
                    transform += int.from_bytes(datagram[transform + 2 : transform + 4])
                proposal = end
        number, offset = datagram[offset], offset + length


@pytest.mark.parametrize("datagram", VALID)
def test_every_wrong_value_of_one_length_field_is_malformed_or_a_whole_message(datagram: bytes) -> None:
    fields = list(length_fields(datagram))
    assert len(fields) >= 1
    for field in fields:
        right = int.from_bytes(datagram[field : field + 2])
        for wrong in {*range(len(datagram) + 2), right + 256, 0x7FFF, 0x8000, 0xFFFC, 0xFFFF} - {right}:
            mutated = datagram[:field] + wrong.to_bytes(2) + datagram[field + 2 :]
            reread(mutated)
            if wrong < 4 or wrong > len(datagram):
                with pytest.raises(Malformed):
                    decode(mutated)


@pytest.mark.parametrize("datagram", VALID)
def test_every_wrong_value_of_one_octet_is_malformed_or_a_whole_message(datagram: bytes) -> None:
    for offset, right in enumerate(datagram):
        for wrong in {0, 1, 2, 3, 4, 5, 8, 11, 12, 16, 21, 127, 128, 132, 255, right ^ 1, right ^ 0x80} - {right}:
            reread(datagram[:offset] + bytes((wrong,)) + datagram[offset + 1 :])


@given(st.sampled_from(VALID), st.data())
def test_several_wrong_octets_at_once_are_malformed_or_a_whole_message(datagram: bytes, draw: st.DataObject) -> None:
    mutated = bytearray(datagram)
    for _ in range(draw.draw(st.integers(2, 6))):
        mutated[draw.draw(st.integers(28, len(mutated) - 1))] = draw.draw(st.integers(0, 255))
    reread(bytes(mutated))


@given(st.binary(max_size=400), st.integers(0, 255), st.booleans())
def test_random_bytes_are_malformed_or_payloads(body: bytes, first: int, padded: bool) -> None:
    reread(body)
    reread(with_length(CKY_I + CKY_R + bytes((first, 0x10, 2, 0)) + bytes(8) + body))
    try:
        _, raw = decode_payloads(first, body, padded=padded)
    except Malformed:
        return
    assert body.startswith(b"".join(raw))


@given(st.integers(1, 132), st.lists(st.tuples(st.integers(0, 132), st.binary(max_size=60)), max_size=6))
def test_random_bodies_in_a_proper_chain_are_malformed_or_a_whole_message(
    first: int, blocks: list[tuple[int, bytes]]
) -> None:
    # Deeper than random bytes get: the chain holds, what is wrong is in the payloads.
    chain = b"".join(bytes((number, 0)) + (len(body) + 4).to_bytes(2) + body for number, body in blocks)
    reread(with_length(CKY_I + CKY_R + bytes((first, 0x10, 2, 0)) + bytes(8) + chain))


@given(st.binary(max_size=100))
def test_random_attributes_are_malformed_or_attributes(octets: bytes) -> None:
    try:
        read = decode_attributes(octets)
    except Malformed:
        return
    assert all(attribute.basic or attribute.width for attribute in read)


# -- bombs -----------------------------------------------------------------------------------------------------------


def seconds(read: Callable[[], object]) -> float:
    """CPU time of the quickest of five, so that a busy machine does not decide."""
    taken = []
    for _ in range(5):
        start = time.process_time()
        with pytest.raises(Malformed):
            read()
        taken.append(time.process_time() - start)
    return min(taken)


def offer(*counts: int, attributes: int = 0) -> bytes:
    """A message with one proposal of as many transforms as each of `counts` says, of as many attributes."""
    transform = Transform(1, 1, tuple(Attribute(n % 0x7FFF, n % 0xFFFF) for n in range(attributes)))
    return message([SecurityAssociation(tuple(Proposal(1, 1, b"", (transform,) * count) for count in counts))])


BOMBS = {
    "64 kB of proposals": offer(*[255] * 31),
    "64 kB of attributes": offer(1, attributes=16_000),
    "64 kB of empty payloads": encode(CKY_I, CKY_R, 2, [VendorId(b"")] * 16_000),
    "as many transforms as one proposal can count": offer(255),
    "transforms spread over proposals": offer(*[6] * 17),
    "10 kB of attributes in one transform": offer(1, attributes=2_400),
    "10 kB of empty payloads": encode(CKY_I, CKY_R, 2, [VendorId(b"")] * 2_400),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_no_time(name: str) -> None:
    assert seconds(lambda: decode(BOMBS[name])) < 0.005


def test_the_dearest_message_below_all_caps_costs_milliseconds() -> None:
    # No two attributes alike, and the fault in the last octet.
    transforms = tuple(Transform(n, 1, tuple(Attribute(100 * n + m, 7 * m) for m in range(95))) for n in range(24))
    dearest = with_length(message([SecurityAssociation((Proposal(1, 1, b"", transforms),))]) + b"\0")
    assert MAX_MESSAGE - 1000 < len(dearest) <= MAX_MESSAGE
    assert seconds(lambda: decode(dearest)) < 0.05


def test_a_decrypted_bomb_is_refused_in_no_time() -> None:
    first, chain = encode_payloads([VendorId(b"")] * 16_000)
    assert seconds(lambda: decode_payloads(first, chain, padded=True)) < 0.005


def test_the_caps_are_where_they_are_said_to_be() -> None:
    def payloads(count: int) -> list[Payload]:
        return [Hash(b"")] * count

    def refused(datagram: bytes, says: str) -> None:
        with pytest.raises(Malformed, match=says):
            decode(datagram)

    assert len(decode(message(payloads(MAX_PAYLOADS))).payloads) == MAX_PAYLOADS
    refused(message(payloads(MAX_PAYLOADS + 1)), "more than 100 payloads")
    decode(offer(*[1] * MAX_PROPOSALS))
    refused(offer(*[1] * (MAX_PROPOSALS + 1)), "more than 20 proposals")
    decode(offer(MAX_TRANSFORMS))
    decode(offer(MAX_TRANSFORMS - 1, 1))
    refused(offer(MAX_TRANSFORMS + 1), "101 transforms, 100 still allowed")
    refused(offer(MAX_TRANSFORMS, 1), "1 transforms, 0 still allowed")
    decode(offer(1, attributes=MAX_ATTRIBUTES))
    refused(offer(1, attributes=MAX_ATTRIBUTES + 1), "more than 100 attributes")
    filler = MAX_MESSAGE - 28 - 4
    assert len(decode(message([VendorId(bytes(filler))])).body) == filler + 4
    refused(message([VendorId(bytes(filler + 1))]), "10001 octets, more than 10000")


def test_an_honest_offer_of_many_policies_is_well_below_the_caps() -> None:
    # An initiator sends every policy it has as one transform; nobody is known to configure more than two dozen.
    policies = [phase1_transform(n, cipher=7, key_length=256) for n in range(1, 25)]
    assert decode(message([phase1_sa(*policies)])).payloads == (phase1_sa(*policies),)
