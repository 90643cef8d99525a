"""What happens in a tunnel's life, read back from the debug by the explainer: each situation by its name."""

from __future__ import annotations

import pytest

from mainmode.blame import Malformed
from mainmode.events import NegotiationCollision, RekeyCollision, SessionInProgress
from mainmode.explain.diagnose import diagnose
from mainmode.explain.paste import read_source
from mainmode.ike.fragments import piece_of
from mainmode.lab.elements import Passing
from mainmode.lab.faults import Fault, FaultyStretch
from mainmode.wire import decode
from mainmode.words import Dialect, speak
from tests.life.test_collision import Further
from tests.life.test_fragments import chatty
from tests.life.test_settings import with_timeouts
from tests.life.world import World, pair


def printed(world: World, name: str, dialect: Dialect) -> list[str]:
    """A site's debug as a terminal would have it."""
    return [line for entry in world.sites[name].entries for line in speak(entry, dialect).splitlines()]


def rules(world: World, *names: str, dialect: Dialect = Dialect.COLON) -> list[str]:
    """The diagnoses of these sites' debugs, printed and pasted."""
    sources = [read_source(printed(world, name, dialect), name) for name in names]
    assert all(source.recognised == source.statements for source in sources)
    return [one.rule for one in diagnose([source.entries for source in sources])]


class WithoutFirstPieces:
    """The first piece of every message that comes in pieces is lost."""

    def carry(self, passing: Passing) -> list[Passing]:
        try:
            piece = piece_of(decode(passing.packet.payload))
        except Malformed:
            piece = None
        return [] if piece is not None and piece.index == 1 else [passing]


class Cut:
    """Nothing passes any more."""

    def carry(self, passing: object) -> list[object]:
        return []


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_peer_that_fell_silent(dialect: Dialect) -> None:
    world = World()
    world.bring_up("a")
    world.network.elements.append(Cut())  # type: ignore[arg-type]
    world.pass_time(60.0)
    for name in "ab":
        assert rules(world, name, dialect=dialect)[0] == "peer-lost"


def test_a_peer_that_ended_the_tunnel() -> None:
    world = World()
    world.bring_up("a")
    world.clear("b")
    world.pass_time(1.0)
    assert rules(world, "a")[0] == "deleted-by-peer"


def test_a_tunnel_without_traffic() -> None:
    configs = pair()
    configs["a"] = with_timeouts(configs["a"], vpn_idle_timeout=5)
    world = World(configs)
    world.bring_up("a")
    world.pass_time(400.0)
    assert rules(world, "a")[0] == "idle-timeout"


def test_an_answer_that_never_arrives() -> None:
    world = World(elements=[FaultyStretch(Fault("drop", "MM4", None))])
    world.ask("a")
    world.network.run(100.0)
    assert rules(world, "b")[0] == "responses-lost"
    assert rules(world, "a", "b")[0] == "responses-lost"


def test_a_router_that_lets_4500_not_through() -> None:
    world = World(nat="a", elements=[FaultyStretch(Fault("drop", "udp4500", None))])
    world.ask("a")
    world.network.run(100.0)
    for names in ("a", "b", "ab"):
        assert rules(world, *names)[0] == "nat-traversal-blocked"


def test_both_ends_renewing_at_once() -> None:
    world = World()
    world.bring_up("a")
    world.network.elements.append(Further())
    while world.network.now < 28800.0 * 0.85 - 610.0:
        world.ask("a")
        world.pass_time(600.0)
    for name in "ab":
        world.sites[name].entries.clear()
    for _ in range(160):
        world.ask("a")
        world.pass_time(5.0)
    collided = [name for name in "ab" if world.said(name, NegotiationCollision)]
    assert collided
    for name in collided:
        assert rules(world, name)[0] == "negotiation-collision"


def test_both_ends_beginning_at_once() -> None:
    world = World()
    world.ask("a")
    world.ask("b")
    world.pass_time(60.0)
    assert world.up
    told = [name for name in "ab" if world.said(name, SessionInProgress) or world.said(name, RekeyCollision)]
    for name in told:
        assert rules(world, name)[:1] in (["negotiation-collision"], [])


def test_pieces_that_do_not_arrive() -> None:
    world = chatty()
    world.network.elements.append(WithoutFirstPieces())  # type: ignore[arg-type]
    world.ask("a")
    world.network.run(100.0)
    assert not world.up
    assert rules(world, "b")[0] == "fragments-lost"
