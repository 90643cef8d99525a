"""What becomes of a packet by its length, its DF bit, and what the configuration and the path say."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.config.reader import read
from mainmode.events import PacketTooBig, PathMtuUnchanged, PathMtuUpdated
from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, Auth, Cipher
from mainmode.ipsec.dataplane import CutUp, Delivered, Dropped, Protected
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.outer import OuterPolicy
from mainmode.ipsec.pathmtu import LOWEST_PATH_MTU, PathMtu, Report
from mainmode.ipsec.sa import IpsecSa
from tests.ipsec.sas import AES, SHA, SITE_A, SITE_B, SPI, Entropy, packet, pair, selectors
from tests.ipsec.test_fragmentation import reassembled

ANY_PROTOCOL = selectors(protocol=0)
ROUTER = IPv4Address("203.0.113.9")
DF = 0x4000
ROOM = 1438
"""Of AES and HMAC-SHA-1 in IP protocol 50, 1500 around it: 1500 - 44 - 12 leave 90 blocks, of which 2 octets go."""


def ends(policy: OuterPolicy, **more: object) -> tuple[MemoryPlane, MemoryPlane, IpsecSa, IpsecSa]:
    """Two data planes, and the SA from the first to the second at either."""
    outbound, inbound = pair(traffic=ANY_PROTOCOL, outer=policy, **more)
    a, b = MemoryPlane(Entropy()), MemoryPlane(Entropy("b"))
    a.install(outbound)
    b.install(inbound)
    return a, b, outbound, inbound


def udp(octets: int, fragment: int = 0) -> bytes:
    return packet(protocol=17, body=bytes(octets - 20), fragment=fragment)


def outer_length(sa: IpsecSa, protected: Protected) -> int:
    return 20 + (8 if sa.in_udp else 0) + len(protected.datagram)


SUITES = [
    (cipher, auth)
    for cipher in ESP_CIPHERS.values()
    for auth in (*ESP_AUTHS.values(), None)
    if cipher.key_length or auth is not None  # one of the two there must be (RFC 4303 §3.2)
]

Fate = Literal["whole, outer cut up", "cut up", "told"]

# By `df-bit`, when to fragment, and the inner DF bit: what becomes of a packet that does not fit, and the outer DF bit.
# Sources: see `pathmtu`.
TOO_LONG: list[tuple[OuterPolicy, int, Fate, bool]] = [
    (OuterPolicy("copy-df", True), 0, "cut up", False),
    (OuterPolicy("copy-df", True), DF, "told", False),
    (OuterPolicy("set-df", True), 0, "cut up", True),
    (OuterPolicy("set-df", True), DF, "told", False),
    (OuterPolicy("clear-df", True), 0, "cut up", False),
    (OuterPolicy("clear-df", True), DF, "cut up", False),
    (OuterPolicy("copy-df", False), 0, "whole, outer cut up", False),
    (OuterPolicy("copy-df", False), DF, "told", False),
    (OuterPolicy("set-df", False), 0, "whole, outer cut up", False),
    (OuterPolicy("set-df", False), DF, "told", False),
    (OuterPolicy("clear-df", False), 0, "whole, outer cut up", False),
    (OuterPolicy("clear-df", False), DF, "whole, outer cut up", False),
]


@pytest.mark.parametrize(("policy", "field", "fate", "df"), TOO_LONG)
def test_a_packet_that_is_one_octet_too_long(policy: OuterPolicy, field: int, fate: Fate, df: bool) -> None:
    a, b, sa, inbound = ends(policy)
    long = udp(ROOM + 1, field)
    done = a.outbound(long, 0.0)
    counters = a.counters(sa)
    counted = counters.pre_frag_successes, counters.fragments_created, counters.pre_frag_failures, counters.pmtus_sent
    if fate == "told":
        assert isinstance(done, Dropped) and done.why is Drop.TOO_LONG and done.too_big is not None
        assert (done.too_big.mtu, done.too_big.to) == (ROOM, IPv4Address("192.168.1.2"))
        assert done.event(SITE_A) == PacketTooBig(
            ROOM + 1, ROOM, IPv4Address("192.168.2.1"), IPv4Address("192.168.1.2"), 17
        )
        assert counted == (0, 0, int(policy.before_encryption), 1)
        assert counters.encaps == 0
    elif fate == "cut up":
        assert isinstance(done, CutUp)
        assert [piece.df for piece in done.pieces] == [df, df]
        assert all(outer_length(sa, piece) <= 1500 for piece in done.pieces)
        opened = [b.inbound(piece.datagram, SITE_A, 0.0) for piece in done.pieces]
        inner = [one.packet for one in opened if isinstance(one, Delivered)]
        assert reassembled(inner) == (0, long[20:], False)
        assert not any(piece[6] & 0x40 for piece in inner)
        assert counted == (1, 2, 0, 0)
        assert counters.encaps == 2
        assert b.counters(inbound).decapsulated_frgs_needing_reassembly == 2
    else:
        assert isinstance(done, Protected) and done.df is df
        assert outer_length(sa, done) > 1500
        assert b.inbound(done.datagram, SITE_A, 0.0) == Delivered(long, inbound)
        assert counted == (0, 0, 0, 0)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("field", [0, DF])
@pytest.mark.parametrize(("df", "outer"), [("copy-df", None), ("set-df", True), ("clear-df", False)])
def test_a_packet_that_just_fits_goes_as_it_is(
    df: Literal["copy-df", "set-df", "clear-df"], outer: bool | None, field: int, before: bool
) -> None:
    a, b, sa, inbound = ends(OuterPolicy(df, before))
    done = a.outbound(udp(ROOM, field), 0.0)
    assert isinstance(done, Protected)
    assert done.df is (bool(field) if outer is None else outer)
    assert outer_length(sa, done) <= 1500
    # Inside nothing changes, whatever the outer header says.
    assert b.inbound(done.datagram, SITE_A, 0.0) == Delivered(udp(ROOM, field), inbound)


@pytest.mark.parametrize("mtu", [1500, 1492, 1400, 576])
@pytest.mark.parametrize(("cipher", "auth"), SUITES, ids=lambda row: row.name if row else "esp-none")
@pytest.mark.parametrize("port", [0, 4500])
def test_the_longest_inner_packet_fits_and_one_octet_more_does_not(
    mtu: int, cipher: Cipher, auth: Auth | None, port: int
) -> None:
    a, _, sa, _ = ends(OuterPolicy("clear-df", False, mtu), cipher=cipher, auth=auth, local_port=port, remote_port=port)
    longest = a.path(sa).room
    fits, exceeds = (a.outbound(udp(length), 0.0) for length in (longest, longest + 1))
    assert isinstance(fits, Protected) and isinstance(exceeds, Protected)
    assert outer_length(sa, fits) <= mtu < outer_length(sa, exceeds)


@given(st.integers(0, 255))
def test_the_outer_tos_is_the_inner_one(tos: int) -> None:
    # DSCP: RFC 4301 §5.1.2.1. ECN: the normal mode of RFC 6040 §4.1, CE included.
    a, _, _, _ = ends(OuterPolicy())
    for length in (100, 1500):
        done = a.outbound(bytes([0x45, tos]) + udp(length)[2:], 0.0)
        assert isinstance(done, Protected | CutUp)
        for one in done.pieces if isinstance(done, CutUp) else (done,):
            assert one.tos == tos


def test_a_mark_of_the_path_goes_inside_or_the_packet_is_dropped_and_counted() -> None:
    a, b, _, inbound = ends(OuterPolicy())
    for tos, arrives in ((0b10, True), (0b00, False)):
        done = a.outbound(bytes([0x45, tos]) + udp(100)[2:], 0.0)
        assert isinstance(done, Protected)
        opened = b.inbound(done.datagram, SITE_A, 0.0, 0b11)
        if arrives:
            assert isinstance(opened, Delivered) and opened.packet[1] == 0b11
        else:
            assert isinstance(opened, Dropped) and opened.why is Drop.CONGESTION
    counters = b.counters(inbound)
    assert (counters.decaps, counters.decrypt, counters.recv_errors, counters.decaps_failed_rcv) == (2, 1, 1, 1)


# -- what routers say --------------------------------------------------------------------------------------------------


def report(mtu: int, spi: int = SPI, sequence: int = 1, to: IPv4Address = SITE_B) -> Report:
    return Report(ROUTER, to, spi.to_bytes(4) + sequence.to_bytes(4), mtu)


def test_a_router_lowers_the_path_mtu_and_hosts_are_told() -> None:
    a, _, sa, _ = ends(OuterPolicy())
    assert isinstance(a.outbound(udp(ROOM, DF), 0.0), Protected)
    assert a.path_mtu_told(report(1400), 1.0) == PathMtuUpdated(ROUTER, 1400, SITE_B, SPI, "10.0.0.2", 1500, 1400)
    refused = a.outbound(udp(ROOM, DF), 2.0)
    assert isinstance(refused, Dropped) and refused.too_big is not None
    assert refused.too_big.mtu == 1342
    assert isinstance(a.outbound(udp(1342, DF), 2.0), Protected)
    # What may be cut up is cut up to that size from now on.
    cut = a.outbound(udp(1500), 2.0)
    assert isinstance(cut, CutUp) and all(outer_length(sa, piece) <= 1400 for piece in cut.pieces)
    # A second router, and the same again: the size is small enough already.
    assert a.path_mtu_told(report(1450), 3.0) == PathMtuUnchanged(ROUTER, 1450, 1400, SITE_B, SPI, "10.0.0.2")
    assert a.path_mtu_told(report(1400), 3.0) == PathMtuUnchanged(ROUTER, 1400, 1400, SITE_B, SPI, "10.0.0.2")
    assert a.counters(sa).pmtus_rcvd == 3
    assert a.path(sa).mtu == 1400


@pytest.mark.parametrize(
    "forged",
    [
        report(1400, spi=SPI + 1),
        report(1400, sequence=2),  # not sent yet
        report(1400, sequence=0),
        report(1400, to=IPv4Address("10.0.0.3")),
        Report(ROUTER, SITE_B, SPI.to_bytes(4), 1400),  # too little is quoted
        Report(ROUTER, SITE_B, b"", 1400),
    ],
)
def test_a_report_about_a_packet_that_was_never_sent_changes_nothing(forged: Report) -> None:
    a, _, sa, _ = ends(OuterPolicy())
    assert isinstance(a.outbound(udp(100, DF), 0.0), Protected)
    assert a.path_mtu_told(forged, 1.0) is None
    assert a.path(sa).mtu == 1500
    assert a.counters(sa).pmtus_rcvd == 0


def test_who_never_sets_df_believes_no_report() -> None:
    a, _, sa, _ = ends(OuterPolicy("clear-df"))
    assert isinstance(a.outbound(udp(100, DF), 0.0), Protected)
    assert a.path_mtu_told(report(1400), 1.0) is None
    assert a.path(sa).mtu == 1500


# The syslog guide on 602103: between 0 and 256 it becomes 256; 0 takes 256 away, down to 256; else it is as suggested.
@pytest.mark.parametrize(
    ("suggested", "after"), [(1400, 1400), (257, 257), (256, 256), (255, 256), (1, 256), (0, 1244)]
)
def test_the_path_mtu_is_lowered_as_an_asa_lowers_it(suggested: int, after: int) -> None:
    path = PathMtu(pair()[0])
    assert path.told(suggested, 0.0) == (1500, after)
    assert path.mtu == after


@given(st.lists(st.integers(0, 70000), max_size=20), st.integers(64, 9000))
def test_no_report_lifts_the_path_mtu_or_lowers_it_below_what_an_asa_takes(said: list[int], media: int) -> None:
    path = PathMtu(pair(outer=OuterPolicy(mtu=media))[0])
    for suggested in said:
        before, after = path.told(suggested, 0.0)
        assert min(media, LOWEST_PATH_MTU) <= after <= before <= media
        assert path.mtu == after


def test_a_learnt_path_mtu_is_forgotten_after_its_time() -> None:
    a, _, sa, _ = ends(OuterPolicy(aging=600.0))
    assert isinstance(a.outbound(udp(100, DF), 0.0), Protected)
    a.path_mtu_told(report(1400), 10.0)
    assert a.path(sa).remaining(10.0) == 600
    # Who repeats it lowers nothing, and it is tried again when its time is up (RFC 1191 §6.3).
    a.path_mtu_told(report(1400), 300.0)
    assert a.path(sa).remaining(300.0) == 310
    assert isinstance(a.outbound(udp(ROOM, DF), 609.9), Dropped)
    # Whoever is still too long for the path is told by the next report.
    assert isinstance(a.outbound(udp(ROOM, DF), 610.0), Protected)
    assert a.path(sa).current(610.0) == 1500
    assert a.path(sa).remaining(610.0) == 0


def test_without_aging_it_is_never_forgotten() -> None:
    path = PathMtu(pair()[0])
    path.told(1400, 0.0)
    assert path.current(1e9) == 1400
    assert path.remaining(0.0) == 0


# -- the edges ---------------------------------------------------------------------------------------------------------


def test_an_mtu_with_no_room_for_a_fragment_is_counted_as_an_asa_counts_it() -> None:
    a, _, sa, _ = ends(OuterPolicy(mtu=80))
    done = a.outbound(udp(100), 0.0)
    assert isinstance(done, Dropped) and done.why is Drop.NO_ROOM
    assert a.counters(sa).min_mtu_frag_failed_send == a.counters(sa).send_errors == 1


def test_an_illegal_fragment_is_not_cut_up() -> None:
    a, _, _, _ = ends(OuterPolicy())
    done = a.outbound(udp(1500, 0x1FFF), 0.0)  # it would end beyond 65,535
    assert isinstance(done, Dropped) and done.why is Drop.FRAGMENT


@given(st.integers(68, 1500), st.integers(28, 4000), st.integers(0, 0x1000), st.booleans())
def test_every_piece_fits_whatever_the_mtu(mtu: int, octets: int, offset: int, more: bool) -> None:
    a, b, sa, _ = ends(OuterPolicy("clear-df", mtu=mtu + 80))
    body = octets // 8 * 8
    long = udp(20 + body, offset | (0x2000 if more else 0))
    done = a.outbound(long, 0.0)
    assert isinstance(done, Protected | CutUp)
    pieces = done.pieces if isinstance(done, CutUp) else (done,)
    inner = []
    for piece in pieces:
        assert outer_length(sa, piece) <= mtu + 80
        opened = b.inbound(piece.datagram, SITE_A, 0.0)
        assert isinstance(opened, Delivered)
        inner.append(opened.packet)
    assert reassembled(inner) == (offset * 8, long[20:], more)


def test_an_interface_s_lines_make_its_policy() -> None:
    text = """crypto ipsec df-bit set-df outside
crypto ipsec fragmentation after-encryption outside
crypto ipsec security-association pmtu-aging 10
mtu outside 1400
"""
    config = read(text, "x").config
    assert OuterPolicy.of(config, "outside") == OuterPolicy("set-df", False, 1400, 600.0)
    assert OuterPolicy.of(config, "other") == replace(OuterPolicy(), aging=600.0)
    assert PathMtu(pair(cipher=AES, auth=SHA, outer=OuterPolicy())[0]).room == ROOM
