"""A month of a tunnel with default lifetimes: both sides renew, and no packet is lost or comes twice."""

from __future__ import annotations

import os

from mainmode.events import Phase1Completed, Phase2Completed
from tests.life.world import World

DAY = 86400.0
DAYS = int(os.environ.get("MAINMODE_DAYS", "30"))
GAP = 10.0


def test_a_month_of_traffic_every_ten_seconds_loses_and_doubles_nothing() -> None:
    world = World()
    world.bring_up()
    for site in world.sites.values():
        site.sent.clear()
        site.arrived.clear()
    phase1 = phase2 = 0
    begun = world.network.now

    def keep_asking() -> None:
        if world.network.now > begun + DAYS * DAY:
            return
        world.ask("ab"[world.asked & 1])
        world.network.at(world.network.now + GAP, keep_asking)

    world.network.at(begun + 1.0, keep_asking)
    for day in range(1, DAYS + 1):
        world.network.pass_time(begun + day * DAY)
        for name, site in world.sites.items():
            far = world.sites["b" if name == "a" else "a"]
            assert site.sent.total() == DAY / GAP, world.describe()
            assert site.sent == far.arrived, f"from {name}: {(site.sent - far.arrived).total()}\n{world.describe()}"
        phase1 += len(world.said("a", Phase1Completed))
        phase2 += len(world.said("a", Phase2Completed))
        for site in world.sites.values():
            site.sent.clear()
            site.arrived.clear()
            site.entries.clear()
        world.network.wire.clear()
        world.check_invariants()
    # 95 % and 75 % of a day, 85 % of eight hours.
    assert phase1 >= DAYS
    assert phase2 >= 3 * DAYS
    world.pass_time(300.0)
    assert [len(list(world.gateway(name).tunnels)) for name in "ab"] == [1, 1]
    assert [len(list(world.gateway(name).ike_sas)) for name in "ab"] == [1, 1]
    world.check_traffic()
    world.check_nothing_left()
