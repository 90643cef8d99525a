"""One bit of one message flipped on the way: the tunnel comes up at the latest with the next attempt."""

from __future__ import annotations

import os

import pytest

from mainmode.lab.faults import Passing
from mainmode.steps import MESSAGES
from tests.life.world import SCHEDULE, World

ALL_BITS = bool(os.environ.get("MAINMODE_ALL_BITS"))
"""All eight bits of every octet; otherwise one of them, another one for each octet."""


class Flip:
    """Flips one bit of the first message of a name, and remembers how long the message was."""

    def __init__(self, message: str, bit: int) -> None:
        self.message = message
        self.bit = bit
        self.length: int | None = None

    def carry(self, passing: Passing) -> list[Passing]:
        if passing.name != self.message or self.length is not None:
            return [passing]
        payload = bytearray(passing.packet.payload)
        self.length = len(payload)
        payload[self.bit // 8] ^= 1 << self.bit % 8
        return [Passing(passing.name, passing.packet._replace(payload=bytes(payload)), passing.later, "corrupted")]


def length_of(message: str) -> int:
    """Octets of a message on the wire."""
    world = World()
    world.bring_up()
    return next(len(t.packet.payload) for t in world.network.wire if t.name == message)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_flipped_bit_costs_one_attempt_at_most(message: str) -> None:
    for octet in range(length_of(message)):
        for bit in range(8) if ALL_BITS else (octet * 5 % 8,):
            world = World(elements=[Flip(message, 8 * octet + bit)])
            world.ask("a")
            world.network.run(2 * SCHEDULE)
            where = f"bit {bit} of octet {octet}"
            world.check_invariants()
            if not world.up:
                world.pass_time(1.0)
                world.ask("a")
                world.network.run(world.network.now + SCHEDULE)
            assert world.up, f"{where}\n{world.describe()}"
            world.check_traffic()
            world.check_nothing_left()
