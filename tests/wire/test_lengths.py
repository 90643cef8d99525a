"""The lengths an ASA prints, as byte sums of payload objects."""

from __future__ import annotations

import pytest

from mainmode.wire import KeyExchange, NatDiscovery, Payload, decode, encode_payloads
from tests.wire.samples import DOCUMENT, OTHERS, message, phase1_sa, phase1_transform, phase2_sa


@pytest.mark.parametrize(("name", "length", "payloads"), DOCUMENT, ids=[row[0] for row in DOCUMENT])
def test_a_message_of_the_document_has_the_length_it_prints(name: str, length: int, payloads: list[Payload]) -> None:
    assert len(message(payloads)) == length
    assert decode(message(payloads)).header.length == length


@pytest.mark.parametrize(("name", "length", "payloads"), OTHERS, ids=[row[0] for row in OTHERS])
def test_a_message_of_another_debug_has_the_length_it_prints(name: str, length: int, payloads: list[Payload]) -> None:
    assert len(message(payloads)) == length


# The parts of those sums.
PARTS: list[tuple[int, Payload]] = [
    (56, phase1_sa()),
    (60, phase1_sa(phase1_transform(cipher=7, key_length=128))),
    (52, phase1_sa(phase1_transform(lifetime=28800))),
    (136, phase1_sa(*(phase1_transform(n, key_length=256 if n > 1 else 0) for n in (1, 2, 3)))),
    (64, phase2_sa()),
    (60, phase2_sa(key_length=0)),
    (68, phase2_sa(pfs=2)),
    (64, phase2_sa(key_length=0, pfs=2)),
    (100, KeyExchange(bytes(96))),
    (132, KeyExchange(bytes(128))),
    (196, KeyExchange(bytes(192))),
    (260, KeyExchange(bytes(256))),
    (24, NatDiscovery(bytes(20))),
    (20, NatDiscovery(bytes(16))),
]


@pytest.mark.parametrize(("length", "payload"), PARTS)
def test_a_payload_has_the_length_its_parts_add_up_to(length: int, payload: Payload) -> None:
    assert len(encode_payloads([payload])[1]) == length
