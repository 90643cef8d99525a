"""A peer that knows the key and begins again and again: what it leaves behind is bounded."""

from __future__ import annotations

from dataclasses import replace

from mainmode.gateway.upkeep import MOST_WITH_ONE_PEER
from mainmode.ike.persona import ASA
from tests.life.world import World

SILENT = replace(ASA, initial_contact=False)


def test_whoever_reboots_every_second_has_a_bounded_number_of_sessions_and_one_tunnel_that_works() -> None:
    world = World(personas=(SILENT, SILENT))
    world.bring_up("b")
    for _ in range(3 * MOST_WITH_ONE_PEER):
        world.reboot("b")
        world.ask("b")
        world.pass_time(1.0)
    assert len(list(world.gateway("a").ike_sas)) <= MOST_WITH_ONE_PEER + 1
    world.check_traffic()
    world.pass_time(200.0)
    assert len(list(world.gateway("a").ike_sas)) == 1, world.describe()
    assert len(list(world.gateway("a").tunnels)) == 1, world.describe()
    world.check_traffic()


def test_whoever_renews_every_ten_seconds_does_not_put_off_the_end_of_what_was_replaced() -> None:
    world = World()
    world.bring_up("b")
    where = world.sites["b"]
    for _ in range(40):
        world.pass_time(10.0)
        gateway = where.gateway
        *_, (_, newest) = gateway.tunnels
        out = gateway._transcript(world.network.now)
        gateway._upkeep._renew_tunnel(newest, out)
        world.network.put(where, where.carry_out(out.items))
        world.pass_time(1.0)
        for name in "ab":
            assert len(list(world.gateway(name).tunnels)) <= 7, world.describe()
    world.check_traffic()
