"""Whatever arrives, `receive` does not raise, and what is not proved changes nothing. One sentence per test."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainmode import steps
from mainmode.events import Entry
from mainmode.gateway import Gateway
from mainmode.ike.sa import Endpoint, IkeSa, Send
from mainmode.lab.dice import Dice
from mainmode.wire import FLAG_ENCRYPTED, Header, decode, encode_header
from tests.fuzz.wiretap import NAMES, Wiretap, upto
from tests.lab.pairs import OUTSIDE, site

A, B = OUTSIDE["a"], OUTSIDE["b"]
STRANGER = Endpoint(IPv4Address("203.0.113.9"), 500)
FLAGS = 19
NO_PROOF_FROM = {"MM5": 28 + 40, "MM6": 28 + 40}
"""HASH_I and HASH_R cover no payload behind them (RFC 2409 §5): from the block after the one in which HASH ends, what
arrives may be another than what was sent, and IKEv1 has no means against it. ID is 12 octets, HASH 24."""
ENCRYPTED = ("MM5", "MM6", "QM1", "QM2", "QM3")


def whole_handshake() -> list[bytes]:
    return [send.datagram for send in Wiretap().steps()]


HANDSHAKE = whole_handshake()


def test_the_handshake_these_tests_disturb_is_nine_messages_and_brings_the_tunnel_up() -> None:
    tap = Wiretap()
    assert len(list(tap.steps())) == len(NAMES)
    assert tap.up


# --- arbitrary octets ---------------------------------------------------------------------------------------------


headers = st.builds(
    lambda icookie, rcookie, first, exchange, flags, message_id, body: (
        icookie
        + rcookie
        + bytes((first, 0x10, exchange, flags))
        + message_id.to_bytes(4)
        + (28 + len(body)).to_bytes(4)
        + body
    ),
    st.sampled_from([bytes(8), b"\1" * 8, HANDSHAKE[0][:8]]),
    st.sampled_from([bytes(8), b"\2" * 8, HANDSHAKE[1][8:16]]),
    st.integers(0, 255),
    st.sampled_from([0, 1, 2, 4, 5, 6, 32, 33, 34, 255]),
    st.integers(0, 7),
    st.sampled_from([0, 1, 0xFFFFFFFF]),
    st.binary(max_size=200),
)


@st.composite
def spliced(draw: st.DrawFn) -> bytes:
    """A real message with a stretch cut out, doubled, or replaced; its length field set right half of the time."""
    message = draw(st.sampled_from(HANDSHAKE))
    start = draw(st.integers(0, len(message)))
    end = draw(st.integers(start, min(len(message), start + 40)))
    middle = draw(st.one_of(st.just(b""), st.just(message[start:end] * 2), st.binary(max_size=60)))
    made = message[:start] + middle + message[end:]
    if draw(st.booleans()) and len(made) >= 28:
        made = made[:24] + len(made).to_bytes(4) + made[28:]
    return made


@given(
    datagram=st.one_of(st.binary(max_size=600), headers, spliced()),
    progress=st.integers(0, 9),
    port=st.sampled_from([500, 4500]),
)
@settings(max_examples=400)
def test_no_datagram_makes_receive_raise_however_far_the_handshake_is(
    datagram: bytes, progress: int, port: int
) -> None:
    tap = Wiretap()
    for _ in range(progress):
        tap.step()
    for here, there in ((A, B), (B, A)):
        for source in (Endpoint(there, port), STRANGER):
            tap.give(here, datagram, source, Endpoint(here, port))


@given(datagram=st.one_of(st.binary(max_size=600), headers, spliced()))
@settings(max_examples=300)
def test_a_stranger_gets_no_more_octets_back_than_it_sent(datagram: bytes) -> None:
    tap = Wiretap()
    assert sum(len(send.datagram) for send in tap.give(B, datagram, STRANGER)) <= len(datagram)


@pytest.mark.parametrize("progress", range(len(NAMES)))
def test_an_encrypted_message_makes_nothing_raise_however_far_the_handshake_is(progress: int) -> None:
    for here, there in ((A, B), (B, A)):
        for exchange in (steps.MAIN_MODE, steps.QUICK_MODE, steps.INFORMATIONAL):
            tap = Wiretap()
            for _ in range(progress):
                tap.step()
            for sa in tap.gateways[here].ike_sas:
                for message_id in (0, 7):
                    header = Header(
                        sa.initiator_cookie, sa.responder_cookie, steps.HASH, exchange, FLAG_ENCRYPTED, message_id, 60
                    )
                    tap.give(here, encode_header(header) + bytes(32), Endpoint(there, 500))


# --- garbage between the messages ---------------------------------------------------------------------------------


@given(
    garbage=st.lists(
        st.tuples(st.integers(0, 8), st.booleans(), st.booleans(), st.one_of(st.binary(max_size=300), headers)),
        max_size=12,
    )
)
@settings(max_examples=150)
def test_garbage_between_any_two_messages_does_not_keep_the_handshake_from_its_end(
    garbage: list[tuple[int, bool, bool, bytes]],
) -> None:
    tap = Wiretap()
    for number in range(len(NAMES)):
        for when, at_a, as_peer, datagram in garbage:
            if when == number and not _opens_an_exchange(datagram):
                here, there = (A, B) if at_a else (B, A)
                tap.give(here, datagram, Endpoint(there, 500) if as_peer else STRANGER)
        assert tap.step() is not None
    assert tap.up


def _opens_an_exchange(datagram: bytes) -> bool:
    """Whether a message in the clear could be taken for the next of main mode: nobody can tell before MM5."""
    return len(datagram) >= 28 and datagram[:8] == HANDSHAKE[0][:8] and datagram[18] == 2 and not datagram[19] & 1


@pytest.mark.parametrize("message", ENCRYPTED)
def test_an_encrypted_message_with_any_octet_changed_does_not_stop_the_true_one(message: str) -> None:
    tap, send = upto(message)
    before = _state(tap.gateways[send.to.address])
    for at in range(len(send.datagram)):
        if at >= NO_PROOF_FROM.get(message, len(send.datagram)):
            continue
        for flip in (0x01, 0x80, 0xFF):
            if at == FLAGS and not flip & 1:
                continue  # commit, authentication only and the unused bits: covered by no proof, and not looked at
            mutant = bytearray(send.datagram)
            mutant[at] ^= flip
            answers = tap.give(send.to.address, bytes(mutant), send.source, send.to)
            assert all(answer.datagram not in HANDSHAKE for answer in answers), (at, flip)
        tap.now += 1.0  # so that lines about hostile messages are not all used up
    assert _state(tap.gateways[send.to.address]) == before
    list(tap.steps())
    assert tap.up


@pytest.mark.parametrize("message", [name for name in NAMES if name not in ENCRYPTED])
def test_a_message_in_the_clear_with_any_octet_changed_makes_nothing_raise(message: str) -> None:
    length = len(upto(message)[1].datagram)
    for at in range(length):
        tap, send = upto(message)
        mutant = bytearray(send.datagram)
        mutant[at] ^= 0xFF
        tap.give(send.to.address, bytes(mutant), send.source, send.to)
        list(tap.steps())


@pytest.mark.parametrize("message", NAMES)
def test_a_message_cut_at_any_octet_does_not_stop_the_whole_one(message: str) -> None:
    tap, send = upto(message)
    for end in range(len(send.datagram)):
        tap.give(send.to.address, send.datagram[:end], send.source, send.to)
    list(tap.steps())
    assert tap.up


def test_every_earlier_message_again_between_any_two_changes_nothing() -> None:
    tap = Wiretap()
    seen: list[Send] = []
    while (send := tap.step()) is not None:
        fresh = list(tap.waiting)
        seen.append(send)
        for old in seen:
            tap.give(old.to.address, old.datagram, old.source, old.to)
        tap.waiting.clear()
        tap.waiting.extend(fresh)
        tap.now += 0.01
    assert tap.up
    assert [len(list(gateway.tunnels)) for gateway in tap.gateways.values()] == [1, 1]
    assert [len(list(gateway.ike_sas)) for gateway in tap.gateways.values()] == [1, 1]


def _state(gateway: Gateway) -> list[tuple[object, ...]]:
    """What a message that proves nothing must leave alone."""
    return [
        (sa.state, sa.remote, sa.local, sa.iv, sa.suite, sa.group, len(sa.tunnels), sa.last_received, quick_modes(sa))
        for sa in gateway.ike_sas
    ]


def quick_modes(sa: IkeSa) -> list[tuple[object, ...]]:
    return [(quick.message_id, quick.state, quick.iv, quick.last_received) for quick in sa.exchanges.values()]


# --- floods -------------------------------------------------------------------------------------------------------


def flood(gateway: Gateway, count: int, now: float, source: Endpoint | None = None) -> list[Entry]:
    """MM1 from `count` addresses that nobody configured, or all from one, each with a cookie of its own."""
    mm1, entries = HANDSHAKE[0], []
    for number in range(count):
        origin = source or Endpoint(IPv4Address(0xCB007100 + number), 500)
        items = gateway.receive((number | 1 << 63).to_bytes(8) + mm1[8:], origin, now)
        entries += [item for item in items if isinstance(item, Entry)]
    return entries


def test_a_flood_of_mm1_fills_a_bounded_pool_and_does_not_keep_the_configured_peer_out() -> None:
    tap = Wiretap()
    victim = tap.gateways[B]
    flood(victim, 3000, tap.now)
    assert len(list(victim.ike_sas)) <= 1000
    list(tap.steps())
    assert tap.up


def test_half_open_negotiations_are_forgotten_after_half_a_minute_and_nothing_was_repeated_to_them() -> None:
    victim = Gateway(site("b"), entropy=Dice(0, "b"))
    flood(victim, 500, 0.0)
    sent = []
    while victim.wake_at is not None and victim.wake_at <= 60.0:
        sent += [item for item in victim.tick(victim.wake_at) if isinstance(item, Send)]
    assert sent == []
    assert list(victim.ike_sas) == []
    assert victim.wake_at is None


def test_a_flood_of_garbage_is_ten_lines_a_second_however_much_comes() -> None:
    victim = Gateway(site("b"), entropy=Dice(0, "b"))
    lines = 0
    for number in range(2000):
        garbage = b"\1" * 16 + bytes((1, 0x10, 2, number & 1)) + bytes(4) + (60).to_bytes(4) + bytes(32)
        lines += len(victim.receive(garbage, STRANGER, 0.5))
    assert 0 < lines <= 10


def test_a_flood_of_mm1_is_few_lines_however_much_comes() -> None:
    victim = Gateway(site("b"), entropy=Dice(0, "b"))
    assert len(flood(victim, 2000, 0.5)) < 2000
    assert len(flood(victim, 2000, 1.5, Endpoint(A, 500))) < 2000


def test_a_flood_under_the_peers_own_address_does_not_keep_the_peer_out() -> None:
    tap = Wiretap()
    flood(tap.gateways[B], 3000, tap.now, Endpoint(A, 500))
    list(tap.steps())
    assert tap.up


def test_a_flood_under_the_peers_own_address_is_not_answered_with_more_than_came() -> None:
    victim = Gateway(site("b"), entropy=Dice(0, "b"))
    flood(victim, 500, 0.0, Endpoint(A, 500))
    sent: list[Send] = []
    while victim.wake_at is not None and victim.wake_at <= 90.0:
        sent += [item for item in victim.tick(victim.wake_at) if isinstance(item, Send)]
    assert sent == []
    assert list(victim.ike_sas) == []


@pytest.mark.parametrize("progress", [3, 4, 5])
def test_a_flood_under_the_peers_own_address_ends_nothing_that_has_answered_our_cookie(progress: int) -> None:
    tap = Wiretap()
    for _ in range(progress):
        tap.step()
    flood(tap.gateways[B], 3000, tap.now, Endpoint(A, 500))
    list(tap.steps())
    assert tap.up
    assert len(list(tap.gateways[B].ike_sas)) <= 1001


def test_strangers_have_few_negotiations_and_a_configured_peer_is_not_one_of_them() -> None:
    victim = Gateway(site("b"), entropy=Dice(0, "b"))
    flood(victim, 500, 0.0)
    assert len(list(victim.ike_sas)) == 100
    flood(victim, 5, 0.0, Endpoint(A, 500))
    assert len(list(victim.ike_sas)) == 105


def test_an_answer_that_was_lost_is_sent_again_in_the_middle_of_a_flood_of_garbage() -> None:
    tap = Wiretap()
    first = tap.step()
    assert first is not None
    tap.now += 0.5
    for _ in range(50):
        tap.give(B, b"garbage", STRANGER)
    (again,) = tap.give(B, first.datagram, first.source, first.to)
    assert again.datagram[18] == 2
    assert tap.give(B, first.datagram, first.source, first.to) == []  # so soon no peer repeats


def test_the_messages_of_a_handshake_decode() -> None:
    assert [decode(datagram).header.exchange for datagram in HANDSHAKE] == [2] * 6 + [32] * 3
