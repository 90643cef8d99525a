"""Every message of a negotiation lost, doubled, late or out of order; whoever begins; with and without a NAT."""

from __future__ import annotations

import pytest

from mainmode.lab.faults import Fault, FaultyStretch
from mainmode.steps import MESSAGES
from tests.life.world import SCHEDULE, World

ACTIONS = ("drop", "duplicate", "delay", "reorder")


@pytest.mark.parametrize("nat", [None, "a"], ids=["no-nat", "nat"])
@pytest.mark.parametrize("initiator", ["a", "b"])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("message", MESSAGES)
def test_one_message_disturbed_and_the_tunnel_comes_up_within_the_schedule(
    message: str, action: str, initiator: str, nat: str | None
) -> None:
    fault = FaultyStretch(Fault(action, message))
    world = World(nat=nat, elements=[fault])
    world.ask(initiator)
    world.network.run(SCHEDULE)
    assert fault.left == 0, "the fault never happened"
    assert world.up, world.describe()
    assert world.network.now < SCHEDULE
    world.check_invariants()
    world.check_traffic()
    world.pass_time(120.0)
    for name in "ab":
        assert len(list(world.gateway(name).ike_sas)) == 1, world.describe()
        assert len(list(world.gateway(name).tunnels)) == 1, world.describe()
    world.check_traffic()
    world.check_nothing_left()
