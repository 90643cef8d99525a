"""What libreswan does otherwise than an ASA or strongSwan, as it was seen doing it (4.10), against our gateway."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mainmode import steps
from mainmode.events import (
    DuplicatePacket,
    NotifyReceived,
    Phase1Completed,
    Phase2ProposalAccepted,
    RefusalUnreadable,
    RekeyIntervalOverridden,
    SessionTornDown,
)
from mainmode.explain.diagnose import diagnose
from mainmode.gateway import Gateway
from mainmode.ike import keys
from mainmode.ike.offers import PROTO_ESP, PROTO_ISAKMP
from mainmode.ike.phase2 import prepend_hash
from mainmode.ike.sa import IkeSa, Send
from mainmode.lab.faults import UDP, Fault, FaultyStretch, Packet
from mainmode.transcript import Transcript
from mainmode.wire import Notify, NotifyType, encode_payloads
from tests.fuzz.wiretap import NAMES, Wiretap, upto
from tests.lab.pairs import INSIDE, OUTSIDE, document_lines, line, site, transform_set
from tests.life.test_explained import rules
from tests.life.world import World

A, B = OUTSIDE["a"], OUTSIDE["b"]
MESSAGE_ID = 0xA93C0096
UNWANTED = bytes.fromhex("4500001c0000000040110000c0a80102c0a802020035003500080000")
"""A host at a sends it to one at b, and by UDP."""


def refusal(sa: IkeSa) -> bytes:
    """INVALID-ID-INFORMATION in the middle of main mode: its IV is made without the last block of phase 1."""
    first, rest = encode_payloads((Notify(PROTO_ISAKMP, b"", NotifyType.INVALID_ID_INFORMATION),))
    assert sa.skeyid_a is not None
    chain = prepend_hash(keys.hash_1(sa.hash, sa.skeyid_a, MESSAGE_ID, rest), first, rest)
    iv = keys.phase2_iv(sa.hash, b"", MESSAGE_ID, sa.cipher.block_size)
    numbers = (steps.HASH, steps.NOTIFY)
    return sa.seal(steps.INFORMATIONAL, steps.HASH, chain, numbers, iv, MESSAGE_ID)[0].datagram


def only_sa(gateway: Gateway) -> IkeSa:
    (sa,) = gateway.ike_sas
    return sa


@pytest.mark.parametrize(("message", "refuses", "is_told"), [("MM5", B, A), ("MM6", A, B)])
def test_a_refusal_of_the_identity_amid_main_mode_is_read_and_explained(
    message: str, refuses: IPv4Address, is_told: IPv4Address
) -> None:
    tap = Wiretap()
    *_, repeated = (tap.step() for _ in range(NAMES.index(message)))
    send = tap.waiting[0]
    assert repeated is not None
    told = refusal(only_sa(tap.gateways[refuses]))
    tap.give(is_told, told, send.to, send.source)
    for tap.now in (0.5, 1.0, 2.0):  # it goes on repeating what came before
        tap.give(is_told, repeated.datagram, repeated.source, repeated.to)
    events = [entry.event for entry in tap.entries[is_told]]
    assert NotifyReceived("Invalid ID info", 18) in events
    assert not any(isinstance(event, RefusalUnreadable) for event in events)
    assert [one.rule for one in diagnose([tap.entries[is_told]]) if one.failure] == ["identity-mismatch"]


def test_a_refusal_amid_main_mode_that_does_not_verify_is_still_unreadable() -> None:
    tap, send = upto("MM5")
    told = bytearray(refusal(only_sa(tap.gateways[B])))
    told[-1] ^= 1
    tap.give(A, bytes(told), send.to, send.source)
    events = [entry.event for entry in tap.entries[A]]
    assert NotifyReceived("Invalid ID info", 18) not in events


def test_a_message_that_is_repeated_every_half_second_or_so_is_answered_each_time() -> None:
    tap, _ = upto("MM3")
    sent = tap.step()
    assert sent is not None
    (answer,) = tap.waiting
    for at in (0.5, 0.98, 1.48, 2.48):
        tap.now = at
        assert tap.give(B, sent.datagram, sent.source, sent.to) == [answer], at
        tap.now = at + 0.02
        assert not tap.give(B, sent.datagram, sent.source, sent.to)  # a copy that somebody made
    assert [type(entry.event) for entry in tap.entries[B]].count(DuplicatePacket) == 4


def ask_every(world: World, seconds: float, until: float) -> None:
    while world.network.now < until:
        world.ask("a")
        world.pass_time(seconds)


def test_who_begins_anew_whenever_a_session_was_refused_gets_no_more_than_one_in_ten_seconds() -> None:
    others = {"a": site("a", sets=[transform_set("esp-3des")]), "b": site("b")}
    world = World(others)
    ask_every(world, 0.05, 30.5)
    # The first ends at once, as an ASA ends it; the second then has to wait, and so have all that follow.
    assert len(world.said("b", Phase1Completed)) == 5, world.describe()
    where = world.sites["a"]
    where.config = site("a")
    world.network.put(where, where.carry_out(where.gateway.reconfigure(where.config, world.network.now)))
    ask_every(world, 0.5, 45.0)
    assert world.up, world.describe()


def test_a_session_that_waits_for_its_end_ends_once_however_often_it_is_refused() -> None:
    world = World({"a": site("a", sets=[transform_set("esp-3des")]), "b": site("b")})
    ask_every(world, 2.0, 9.5)
    world.pass_time(10.0)
    assert len(world.said("b", SessionTornDown)) == 2, world.describe()
    assert not list(world.gateway("b").ike_sas)


def test_a_session_in_which_a_tunnel_is_under_way_when_it_should_end_gets_it() -> None:
    more = line(INSIDE["a"], INSIDE["b"], 17)
    world = World({"a": site("a", lines=(*document_lines("a"), more)), "b": site("b")})
    for _ in range(2):
        world.network.host_sends(world.sites["a"], UNWANTED)
        world.pass_time(0.2)
    world.pass_time(9.0)
    world.network.elements.append(FaultyStretch(Fault.parse("drop:QM2:1")))
    world.ask("a")
    world.pass_time(20.0)
    assert world.up, world.describe()
    assert len(world.said("b", SessionTornDown)) == 1, world.describe()


def test_when_a_peer_was_refused_is_forgotten_with_the_next_that_is() -> None:
    world = World({"a": site("a", sets=[transform_set("esp-3des")]), "b": site("b")})
    refused = world.gateway("b")._quick._refused_at
    refused.update({IPv4Address(number): -20.0 for number in range(1000)})
    world.ask("a")
    world.pass_time(1.0)
    assert list(world.gateway("b")._quick._refused_at) == [A]


def test_once_there_is_a_tunnel_no_message_is_read_that_is_encrypted_as_amid_main_mode() -> None:
    tap = Wiretap()
    *_, last = tap.steps()
    assert tap.up
    tap.give(A, refusal(only_sa(tap.gateways[B])), last.to, last.source)
    assert NotifyReceived("Invalid ID info", 18) not in [entry.event for entry in tap.entries[A]]


def test_a_session_that_got_a_tunnel_after_it_was_refused_another_one_is_not_ended() -> None:
    more = line(INSIDE["a"], INSIDE["b"], 17)
    world = World({"a": site("a", lines=(*document_lines("a"), more)), "b": site("b")})
    where = world.sites["a"]

    def ask_for_more() -> None:
        world.network.host_sends(where, UNWANTED)
        world.pass_time(0.2)

    ask_for_more()
    ask_for_more()
    assert len(world.said("b", SessionTornDown)) == 1, world.describe()
    world.ask("a")
    world.pass_time(30.0)
    assert world.up, world.describe()
    assert len(world.said("b", SessionTornDown)) == 1, world.describe()


def delete_of_phase_1(world: World) -> Packet:
    """What site b would send if it ended its IKE SA and kept the IPsec SAs; they have the one IKE SA by now."""
    out: Transcript[Send] = Transcript(world.network.now, OUTSIDE["a"])
    gateway = world.gateway("b")
    gateway._box.informational.send_delete_ike(only_sa(gateway), out)
    (send,) = (item for item in out.items if isinstance(item, Send))
    return Packet(UDP, send.source, send.to, send.datagram)


@pytest.mark.parametrize(("age", "used", "anew"), [(5.0, True, False), (40.0, True, True), (40.0, False, False)])
def test_a_phase_1_that_the_peer_ends_alone_is_begun_anew_for_the_ipsec_sas_that_it_has_used_and_keeps(
    age: float, used: bool, anew: bool
) -> None:
    world = World()
    world.bring_up("a")
    if used:
        world.check_traffic()
    world.pass_time(age)
    before = {tunnel.inbound_spi for _, tunnel in world.gateway("a").tunnels}
    delete = delete_of_phase_1(world)
    world.network.put(world.sites["a"], world.sites["a"].receive(delete, world.network.now))
    world.pass_time(1.0)
    after = {tunnel.inbound_spi for _, tunnel in world.gateway("a").tunnels}
    assert len(after) == anew
    assert not before & after
    if anew:
        assert world.up, world.describe()
        world.check_traffic()


def test_a_peer_that_ends_the_session_is_not_called_back() -> None:
    world = World()
    world.bring_up("a")
    world.pass_time(40.0)
    begun = len(world.network.wire)
    world.clear("b")
    world.pass_time(5.0)
    assert {transit.name for transit in world.network.wire[begun:]} == {"info"}
    assert not any(True for name in "ab" for _ in world.gateway(name).ike_sas)


@pytest.mark.parametrize(("later", "expected"), [(0.05, False), (5.0, True)])
def test_the_peer_s_own_delete_of_an_ike_sa_that_we_have_deleted_is_no_fault(later: float, expected: bool) -> None:
    world = World()
    world.bring_up("a")
    echo = delete_of_phase_1(world)
    world.network.elements.append(FaultyStretch(Fault("drop", "info", None)))
    world.clear("a")
    world.pass_time(later)
    world.sites["a"].receive(echo, world.network.now)
    assert ("unknown-sa" in {one.rule for one in diagnose([world.sites["a"].entries])}) == expected
    untimed = [replace(entry, at=None) for entry in world.sites["a"].entries]
    assert "unknown-sa" not in {one.rule for one in diagnose([untimed])}


def test_without_times_a_message_that_comes_long_after_our_delete_confirms_nothing() -> None:
    world = World()
    world.bring_up("a")
    echo = delete_of_phase_1(world)
    world.network.elements.append(FaultyStretch(Fault("drop", "any", None)))
    world.clear("a")
    world.ask("a")
    world.pass_time(20.0)
    world.sites["a"].receive(echo, world.network.now)
    untimed = [replace(entry, at=None) for entry in world.sites["a"].entries]
    assert "unknown-sa" in {one.rule for one in diagnose([untimed])}


def test_an_identity_that_is_refused_after_qm1_is_no_identity_of_phase_1() -> None:
    tap, _ = upto("QM2")
    out: Transcript[Send] = Transcript(0.0)
    near = tap.gateways[A]
    refused = Notify(PROTO_ESP, b"", NotifyType.INVALID_ID_INFORMATION)
    near._box.informational.send_notify(only_sa(near), refused, 0, out)
    (send,) = (item for item in out.items if isinstance(item, Send))
    tap.give(B, send.datagram, send.source, send.to)
    assert [one.rule for one in diagnose([tap.entries[B]])] == ["proxy-identity-mismatch"]


def test_a_peer_with_another_key_that_only_repeats_mm4_has_another_key_and_not_a_deaf_ear() -> None:
    world = World({"a": site("a", psk=b"cisco"), "b": site("b", psk=b"other")})
    # libreswan does not say that it could not read MM5.
    world.network.elements.append(FaultyStretch(Fault("drop", "info", None)))
    world.ask("a")
    world.network.run(100.0)
    assert rules(world, "a")[:2] == ["pre-shared-key-mismatch", "responses-lost"]


@pytest.mark.parametrize(("before", "expected"), [(0, []), (28800, ["lifetime-adjusted"])])
def test_an_initiator_that_names_no_kilobytes_has_no_other_lifetime_than_we(before: int, expected: list[str]) -> None:
    world = World()
    world.bring_up("a")
    entries = world.sites["b"].entries
    accepted = next(i for i, entry in enumerate(entries) if isinstance(entry.event, Phase2ProposalAccepted))
    said = replace(entries[accepted], event=RekeyIntervalOverridden(before, 4608, "Kbs"))
    assert [one.rule for one in diagnose([[*entries[:accepted], said, *entries[accepted:]]])] == expected
