"""A line that loses packets at random: the tunnel is up, or the attempt was given up and the next one made."""

from __future__ import annotations

from mainmode.lab.dice import Dice
from mainmode.lab.elements import ByChance
from tests.life.world import SCHEDULE, World, seeds


def test_with_three_packets_in_ten_lost_no_negotiation_is_wedged() -> None:
    attempts = []
    for seed in seeds(1000):
        line = ByChance("drop", 0.3, Dice(seed, "loss"))
        world = World(nat=(None, "a", "b")[seed % 3], elements=[line], seed=seed)
        for attempt in range(1, 31):
            world.ask("ab"[seed % 2])
            world.network.run(world.network.now + 4 * SCHEDULE)
            # Whatever came of it, nobody is in the middle of anything any more.
            assert not any(site.busy for site in world.sites.values()), f"wedged\n{world.describe()}"
            world.check_invariants()
            if world.up:
                attempts.append(attempt)
                break
            world.pass_time(1.0)
        assert world.up, f"never came up\n{world.describe()}"
        world.network.elements.clear()
        world.check_traffic()
        world.check_nothing_left()
    # A message and its answer get through once in two; four tries leave one in fifteen, and there are five such pairs.
    if len(attempts) > 100:
        assert 1.1 < sum(attempts) / len(attempts) < 1.5
