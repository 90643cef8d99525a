"""What is written is read back: for every message that can be built, not only for those somebody thought of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mainmode.wire import (
    MAX_MESSAGE,
    Attribute,
    Delete,
    Fragment,
    Hash,
    Header,
    Identification,
    IosKeepalive,
    KeyExchange,
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
    decode,
    decode_payloads,
    encode,
    encode_header,
    encode_payloads,
)

octet = st.integers(0, 0xFF)
short = st.integers(0, 0xFFFF)
word = st.integers(0, 0xFFFFFFFF)
data = st.binary(max_size=300)
KNOWN = {0, 1, 2, 3, 4, 5, 8, 10, 11, 12, 13, 20, 21, 128, 130, 131, 132}


def _variable(width: int) -> st.SearchStrategy[Attribute]:
    value = st.integers(0, (1 << 8 * width) - 1)
    return st.builds(Attribute, st.integers(0, 0x7FFF), value, st.just(False), st.just(width))


attributes = st.one_of(
    st.builds(Attribute, st.integers(0, 0x7FFF), short),
    st.integers(1, 8).flatmap(_variable),
    st.builds(Attribute, st.integers(0, 0x7FFF), st.just(b"") | st.binary(min_size=9, max_size=40), st.just(False)),
)
transforms = st.builds(Transform, octet, octet, st.lists(attributes, max_size=6).map(tuple))
proposals = st.builds(
    Proposal, octet, octet, st.binary(max_size=20), st.lists(transforms, min_size=1, max_size=3).map(tuple)
)
security_associations = st.builds(
    SecurityAssociation, st.lists(proposals, min_size=1, max_size=3).map(tuple), word, word
)


def _identification(type: int) -> st.SearchStrategy[Identification]:
    size = {1: 4, 4: 8, 5: 16, 6: 32, 7: 8, 8: 32}.get(type)
    content = data if size is None else st.binary(min_size=size, max_size=size)
    return st.builds(Identification, st.just(type), octet, short, content)


def _delete(size: int) -> st.SearchStrategy[Delete]:
    spis = st.lists(st.binary(min_size=size, max_size=size), max_size=5 if size else 0).map(tuple)
    return st.builds(Delete, octet, st.just(size), spis, word)


payloads = st.one_of(
    security_associations,
    octet.flatmap(_identification),
    octet.flatmap(_delete),
    st.builds(KeyExchange, data),
    st.builds(Hash, data),
    st.builds(Nonce, data),
    st.builds(VendorId, data),
    st.builds(IosKeepalive, data),
    st.builds(Notify, octet, st.binary(max_size=255), short, data, word),
    st.builds(NatDiscovery, data, st.sampled_from([20, 130])),
    st.builds(NatOriginalAddress, st.just(1), st.binary(min_size=4, max_size=4), st.sampled_from([21, 131])),
    st.builds(NatOriginalAddress, st.just(5), st.binary(min_size=16, max_size=16), st.sampled_from([21, 131])),
    st.builds(Fragment, short, st.integers(1, 255), st.booleans(), st.binary(min_size=1, max_size=300)),
    st.builds(Opaque, octet.filter(lambda number: number not in KNOWN), data),
)
chains = st.lists(payloads, max_size=8).map(tuple)
cookies = st.binary(min_size=8, max_size=8)
clear_flags = octet.map(lambda flags: flags & ~1)


@given(cookies, cookies, octet, chains, word, clear_flags)
def test_a_message_that_was_encoded_decodes_to_itself(
    initiator: bytes, responder: bytes, exchange: int, chain: tuple[Payload, ...], message_id: int, flags: int
) -> None:
    datagram = encode(initiator, responder, exchange, chain, message_id=message_id, flags=flags)
    if len(datagram) > MAX_MESSAGE:
        return
    message = decode(datagram)
    first = chain[0].number if chain else 0
    assert message.header == Header(initiator, responder, first, exchange, flags, message_id, len(datagram))
    assert message.payloads == chain
    assert b"".join(message.raw) == message.body == datagram[28:]


@given(chains.filter(bool), st.binary(max_size=16))
def test_a_chain_decodes_to_itself_whatever_padding_follows(chain: tuple[Payload, ...], padding: bytes) -> None:
    first, body = encode_payloads(chain)
    read, raw = decode_payloads(first, body + padding, padded=True)
    assert read == chain
    assert b"".join(raw) == body


@given(st.builds(Header, cookies, cookies, octet, octet, octet.map(lambda flags: flags | 1), word, st.just(36)))
def test_the_header_of_an_encrypted_message_decodes_to_itself(header: Header) -> None:
    assert decode(encode_header(header) + b"\xee" * 8).header == header


@given(st.integers(0, (1 << 32) - 1))
def test_a_value_means_the_same_basic_or_variable(value: int) -> None:
    ways = [Attribute.of(12, value), Attribute(12, value, basic=False), Attribute(12, value, basic=False, width=8)]
    offers = [SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, (way,)),)),)) for way in ways]
    read, _ = decode_payloads(*encode_payloads(offers))
    assert list(read) == offers
    values = [
        payload.proposals[0].transforms[0].value(12) for payload in read if isinstance(payload, SecurityAssociation)
    ]
    assert values == [value] * 3
