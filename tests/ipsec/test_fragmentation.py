"""Fragments: each fits and is sound, and together they are the packet again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.fragmentation import fragments
from mainmode.ipsec.selectors import Packet, read_packet
from mainmode.lab.ip import ipv4
from tests.ipsec.sas import SITE_A, SITE_B

DF, MF = 0x4000, 0x2000

COPIED = (
    bytes((0x82, 11)) + bytes(9),  # security (RFC 791 §3.1)
    bytes((0x83, 7, 4, 10, 0, 0, 1)),  # loose source route
    bytes((0x88, 4, 1, 2)),  # stream id
    bytes((0x94, 4, 0, 0)),  # router alert (RFC 2113)
)
FIRST_ONLY = (
    bytes((0x07, 7, 4, 0, 0, 0, 0)),  # record route
    bytes((0x44, 8, 5, 0, 0, 0, 0, 0)),  # timestamp
    b"\x01",  # no operation
)
options = st.lists(st.sampled_from(COPIED + FIRST_ONLY), max_size=4).filter(lambda some: len(b"".join(some)) <= 40)


def packet(body: bytes, chosen: list[bytes] | None = None, field: int = 0, identification: int = 0x1234) -> bytes:
    """A packet with these options; `field`: its flags and offset."""
    words = b"".join(chosen or [])
    words += bytes(-len(words) % 4)
    made = bytearray(ipv4(17, SITE_A, SITE_B, body, identification))
    made[20:20] = words
    made[0] = 0x40 | (20 + len(words)) // 4
    made[2:4] = len(made).to_bytes(2)
    made[6:8] = field.to_bytes(2)
    made[10:12] = bytes(2)
    made[10:12] = checksum(bytes(made[: 20 + len(words)])).to_bytes(2)
    return bytes(made)


def parsed(piece: bytes) -> Packet:
    header = read_packet(piece)
    assert isinstance(header, Packet)
    return header


def reassembled(pieces: list[bytes]) -> tuple[int, bytes, bool]:
    """Where the pieces begin, in octets, what they hold together, and whether more is to come; in any order."""
    by_offset = sorted((parsed(piece) for piece in pieces), key=lambda one: one.fragment_offset)
    bodies = {parsed(piece).fragment_offset: piece[parsed(piece).header_length :] for piece in pieces}
    assert len(bodies) == len(pieces)
    start = at = by_offset[0].fragment_offset
    whole = b""
    for one in by_offset:
        assert one.fragment_offset == at
        whole += bodies[at]
        at += len(bodies[at])
    assert all(one.more_fragments for one in by_offset[:-1])
    return start, whole, by_offset[-1].more_fragments


@given(
    st.binary(min_size=1, max_size=4000), options, st.integers(68, 1500), st.sampled_from((0, DF)), st.integers(0, 500)
)
def test_the_pieces_are_the_packet_again(
    body: bytes, chosen: list[bytes], largest: int, forbidden: int, offset: int
) -> None:
    # With an offset it is a fragment already, the last one.
    whole = packet(body, chosen, forbidden | offset)
    pieces = fragments(whole, largest)
    assert pieces is not None
    assert reassembled(pieces) == (offset * 8, body, False)
    for piece in pieces:
        header = parsed(piece)
        assert header.length == len(piece) <= largest
        assert checksum(piece[: header.header_length]) == 0
        assert not header.is_illegal_fragment
        assert piece[4:6] == whole[4:6]  # identification
        assert not piece[6] & 0xC0  # DF and the bit that is reserved
        assert piece[1] == whole[1] and piece[8:10] == whole[8:10] and piece[12:20] == whole[12:20]
    assert len(pieces) > 1 or len(whole) <= largest


@given(st.integers(1, 100), options, st.integers(68, 400), st.integers(0, 500))
def test_the_pieces_of_a_fragment_say_that_more_is_to_come(
    eights: int, chosen: list[bytes], largest: int, offset: int
) -> None:
    body = bytes(range(256)) * 4
    pieces = fragments(packet(body[: eights * 8], chosen, MF | offset), largest)
    assert pieces is not None
    assert reassembled(pieces) == (offset * 8, body[: eights * 8], True)


@given(options)
def test_options_are_repeated_if_they_say_so(chosen: list[bytes]) -> None:
    whole = packet(bytes(600), chosen)
    first, *others = fragments(whole, 200) or []
    assert first[20 : parsed(first).header_length] == whole[20 : parsed(whole).header_length]
    repeated = b"".join(option for option in chosen if option in COPIED)
    for piece in others:
        assert piece[20 : parsed(piece).header_length] == repeated + bytes(-len(repeated) % 4)


def test_a_packet_of_1500_goes_in_two() -> None:
    # 1422 leave 1402 octets, which are 175 times 8 and 2.
    pieces = fragments(packet(bytes(1480)), 1422) or []
    assert [len(piece) for piece in pieces] == [1420, 100]
    assert [parsed(piece).fragment_offset for piece in pieces] == [0, 1400]


def test_the_last_piece_may_be_as_long_as_fits() -> None:
    # Only what something follows has to end at a multiple of eight.
    pieces = fragments(packet(bytes(1400 + 1402)), 1422) or []
    assert [len(piece) for piece in pieces] == [1420, 1422]


@pytest.mark.parametrize("largest", [-2, 0, 20, 27])
def test_there_is_no_piece_where_not_even_eight_octets_fit(largest: int) -> None:
    assert fragments(packet(bytes(100)), largest) is None


def test_broken_options_end_where_they_break() -> None:
    broken = packet(bytes(600), [bytes((0x94, 4, 0, 0)), bytes((0x82, 0, 0, 0))])
    _, second, *_ = fragments(broken, 200) or []
    assert second[20 : parsed(second).header_length] == bytes((0x94, 4, 0, 0))
