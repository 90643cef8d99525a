"""A side that loses all its state is found out, and the tunnel is back within the time of dead peer detection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mainmode.events import PeerLost, SessionTornDown
from mainmode.gateway.box import Out
from mainmode.ike.offers import PROTO_ISAKMP
from mainmode.ike.persona import ASA
from mainmode.lab.faults import Passing
from mainmode.transcript import Transcript
from mainmode.wire import Notify, NotifyType
from tests.lab.pairs import FAR
from tests.life.world import World, pair

DPD = 10.0 + 4 * 2.0
"""Seconds until a silent peer is given up: threshold 10, then four R-U-THERE two seconds apart (FACTS §3.1)."""

SILENT = replace(ASA, initial_contact=False)


@pytest.mark.parametrize("nat", [None, "a", "b"])
@pytest.mark.parametrize("initial_contact", [True, False])
@pytest.mark.parametrize("asking", ["a", "b"])
@pytest.mark.parametrize("rebooting", ["a", "b"])
def test_after_a_reboot_the_tunnel_is_back_within_the_time_of_dead_peer_detection(
    rebooting: str, asking: str, initial_contact: bool, nat: str | None
) -> None:
    persona = ASA if initial_contact else SILENT
    world = World(nat=nat, personas=(persona, persona))
    world.bring_up("a")
    world.check_traffic()
    world.pass_time(100.0)
    world.reboot(rebooting)
    rebooted = world.network.now
    # A host behind one of the sites goes on asking once a second, as hosts do.
    while not world.up:
        assert world.network.now < rebooted + DPD + 3.0, world.describe()
        world.ask(asking)
        world.pass_time(1.0)
        world.check_invariants()
    world.pass_time(200.0)
    assert world.up, world.describe()
    for name in "ab":
        assert len(list(world.gateway(name).ike_sas)) == 1, world.describe()
        assert len(list(world.gateway(name).tunnels)) == 1, world.describe()
    world.check_traffic()
    world.check_nothing_left()


@pytest.mark.parametrize("age", [0.0, 100.0])
@pytest.mark.parametrize("rebooting", ["a", "b"])
def test_without_traffic_the_dead_peer_is_found_out_and_nothing_of_it_is_kept(rebooting: str, age: float) -> None:
    world = World()
    world.bring_up("a")
    world.pass_time(age)
    world.reboot(rebooting)
    other = FAR[rebooting]
    world.pass_time(DPD + 3.0)
    assert world.said(other, PeerLost) == [PeerLost("DPD")]
    assert SessionTornDown("Lost Service") in world.said(other, SessionTornDown)
    assert not list(world.gateway(other).ike_sas)
    world.check_nothing_left()


class Slow:
    """A line on which a question and its answer take so many seconds."""

    def __init__(self, round_trip: float) -> None:
        self.one_way = round_trip / 2

    def carry(self, passing: Passing) -> list[Passing]:
        return [replace(passing, later=passing.later + self.one_way)]


@pytest.mark.parametrize("round_trip", [1.0, 2.0, 3.0, 4.0, 7.5])
@pytest.mark.parametrize("nat", [None, "a"])
def test_a_peer_whose_answers_take_seconds_is_not_given_up(round_trip: float, nat: str | None) -> None:
    world = World(nat=nat)
    world.bring_up("a")
    world.network.elements.append(Slow(round_trip))
    world.pass_time(600.0)
    assert not world.said("a", PeerLost)
    assert not world.said("b", PeerLost)
    world.network.elements.clear()
    world.pass_time(10.0)
    world.check_traffic()
    world.check_nothing_left()


def test_copies_of_old_packets_do_not_keep_a_dead_peer_alive_where_nothing_tells_that_they_are_copies() -> None:
    world = World({name: replace(config, replay_window=0) for name, config in pair().items()})
    world.bring_up("a")
    world.check_traffic()
    old = [transit.packet for transit in world.network.wire if transit.name == "esp" and transit.sender == "a"]
    world.pass_time(100.0)
    world.reboot("a")
    for _ in range(25):
        world.network.put(world.sites["b"], world.sites["b"].receive(old[-1], world.network.now))
        world.pass_time(1.0)
    assert world.said("b", PeerLost) == [PeerLost("DPD")]


def test_a_copy_of_an_old_message_that_there_is_no_other_sa_ends_none() -> None:
    world = World()
    world.bring_up("a")
    near, far = world.sites["a"], world.sites["b"]
    (sa,) = near.gateway.ike_sas
    first_contact = Notify(PROTO_ISAKMP, sa.initiator_cookie + sa.responder_cookie, NotifyType.INITIAL_CONTACT)
    out: Out = Transcript(world.network.now)
    near.gateway._box.informational.send_notify(sa, first_contact, 0, out)
    world.network.put(near, near.carry_out(out.items))
    copy = world.network.wire[-1].packet
    world.pass_time(1.0)
    assert not list(far.gateway.tunnels)
    for _ in range(60):  # under the same IKE SA, and some hundred keepalives
        world.ask("a")
        world.pass_time(60.0)
    assert world.up, world.describe()
    assert list(near.gateway.ike_sas) == [sa]
    world.network.put(far, far.receive(copy, world.network.now))
    assert world.up, "a copy has ended a tunnel"


def test_a_line_that_is_cut_and_mended_brings_the_tunnel_back_when_traffic_wants_it() -> None:
    world = World()
    world.bring_up("a")

    class Cut:
        def carry(self, passing: object) -> list[object]:
            return []

    world.network.elements.append(Cut())  # type: ignore[arg-type]
    world.pass_time(60.0)
    for name in "ab":
        assert len(world.said(name, PeerLost)) == 1
        assert not list(world.gateway(name).ike_sas)
    world.network.elements.clear()
    world.bring_up("b")
    world.check_traffic()
    world.check_nothing_left()
