"""A side that loses all its state is found out, and the tunnel is back within the time of dead peer detection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mainmode.events import PeerLost, SessionTornDown
from mainmode.ike.persona import ASA
from tests.lab.pairs import FAR
from tests.life.world import World

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


@pytest.mark.parametrize("rebooting", ["a", "b"])
def test_without_traffic_the_dead_peer_is_found_out_and_nothing_of_it_is_kept(rebooting: str) -> None:
    world = World()
    world.bring_up("a")
    world.pass_time(100.0)  # a responder's first R-U-THERE waits until the initiator can have MM6
    world.reboot(rebooting)
    other = FAR[rebooting]
    world.pass_time(DPD + 3.0)
    assert world.said(other, PeerLost) == [PeerLost("DPD")]
    assert SessionTornDown("Lost Service") in world.said(other, SessionTornDown)
    assert not list(world.gateway(other).ike_sas)
    world.check_nothing_left()


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
