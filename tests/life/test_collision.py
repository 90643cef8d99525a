"""Both ends begin in the same instant, or within one another's way: one tunnel at the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mainmode.events import NegotiationCollision, QuickModeFailed, SessionInProgress
from mainmode.lab.dice import Dice
from mainmode.lab.elements import ByChance
from mainmode.lab.faults import Passing
from mainmode.lab.network import LATENCY
from tests.life.world import SCHEDULE, SEED, World, seeds


def settle(world: World) -> None:
    """Let it come to its end, and see that the end is one tunnel that works."""
    world.network.run(world.network.now + 3 * SCHEDULE)
    assert not any(site.busy for site in world.sites.values()), world.describe()
    world.check_invariants()
    world.pass_time(120.0)
    assert world.up, world.describe()
    for name in "ab":
        assert len(list(world.gateway(name).tunnels)) == 1, world.describe()
        assert len(list(world.gateway(name).ike_sas)) == 1, world.describe()
    world.check_traffic()
    world.check_nothing_left()


@pytest.mark.parametrize("nat", [None, "a", "b"])
@pytest.mark.parametrize("later", [0.0] + [LATENCY * part / 2 for part in range(1, 22)])
@pytest.mark.parametrize("first", ["a", "b"])
def test_two_ends_that_begin_at_once_have_one_tunnel_in_the_end(first: str, later: float, nat: str | None) -> None:
    world = World(nat=nat)
    world.ask_at(0.0, first)
    world.ask_at(later, "b" if first == "a" else "a")
    world.network.run(SCHEDULE)
    if later <= LATENCY and nat is None:
        kinds = NegotiationCollision, SessionInProgress
        assert any(world.said(name, kind) for name in "ab" for kind in kinds), world.describe()
    settle(world)


def test_two_ends_that_begin_at_once_over_a_bad_line_have_one_tunnel_in_the_end() -> None:
    for seed in seeds(200):
        noise = [ByChance(action, 0.1, Dice(seed, action)) for action in ("drop", "duplicate", "delay", "reorder")]
        world = World(elements=noise, seed=seed)
        world.ask_at(0.0, "a")
        world.ask_at(seed % 17 * LATENCY / 2, "b")
        world.network.run(4 * SCHEDULE)
        world.check_invariants()
        world.network.elements.clear()
        world.pass_time(30.0)
        world.ask("a")
        settle(world)


def test_a_peer_that_does_not_give_way_is_answered_when_it_asks_again() -> None:
    hit = 0
    for seed in seeds(30):
        world = World(seed=seed)
        world.bring_up("a")
        (sa,) = world.gateway("b").ike_sas
        # As strongSwan does: it agrees to what the other asks, and asks on for its own.
        world.gateway("b")._quick._collides = lambda sa, opened, out: False  # type: ignore[method-assign]
        for name in "ab":
            where = world.sites[name]
            world.network.put(where, where.carry_out(where.gateway.clear_ipsec(world.network.now)))
        world.pass_time(1.0)
        for name in "ab":
            world.ask(name)
        world.pass_time(1.0)
        if not world.said("a", NegotiationCollision):
            continue
        hit += 1
        copies = [t.packet for t in world.network.wire if t.name == "QM1" and t.sender == "b"]
        for _ in range(60):
            world.ask("a")
            world.pass_time(1.0)
            world.check_invariants()
        assert not world.said("b", QuickModeFailed), world.describe()
        assert list(world.gateway("b").ike_sas) == [sa]
        world.pass_time(100.0)
        assert world.up, world.describe()
        begun = len(world.network.wire)
        for copy in copies:
            world.network.put(world.sites["a"], world.sites["a"].receive(copy, world.network.now))
        world.pass_time(1.0)
        assert "QM2" not in [t.name for t in world.network.wire[begun:]]
        world.check_traffic()
        world.check_nothing_left()
    assert hit > 3 or SEED is not None


class Further:
    """Twice ten times as long a way."""

    def carry(self, passing: Passing) -> list[Passing]:
        return [replace(passing, later=passing.later + 20 * LATENCY)]


def test_both_ends_renewing_at_once_agree_whose_quick_mode_it_is() -> None:
    world = World()
    world.bring_up("a")
    # Both have the tunnel since the same tenth of a second, so both renew it in the same; on a long line they cross.
    world.network.elements.append(Further())
    renewal = 28800.0 * 0.85
    while world.network.now < renewal - 610.0:
        world.ask("a")
        world.pass_time(600.0)
    world.pass_time(renewal - 10.0 - world.network.now)
    for name in "ab":
        world.sites[name].entries.clear()
    for _ in range(30):
        world.ask("a")
        world.pass_time(1.0)
    assert world.said("b", NegotiationCollision) or world.said("a", NegotiationCollision)
    for name in "ab":
        assert len([t for _, t in world.gateway(name).tunnels if not t.replaced]) == 1, world.describe()
    world.network.elements.clear()
    world.pass_time(120.0)
    assert [len(list(world.gateway(name).tunnels)) for name in "ab"] == [1, 1]
    world.check_traffic()
    world.check_nothing_left()
