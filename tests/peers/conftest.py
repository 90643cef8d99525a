"""A world per worker, for tests that only change what runs in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.attacker import Attacker
from tests.peers.page import Ran
from tests.peers.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two sites without gateways; those that a test starts are ended with it."""
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def attacker(world: World) -> Iterator[Attacker]:
    """Somebody on the wire between the sites."""
    made = Attacker(world)
    yield made
    made.close()


@pytest.fixture
def fresh(world: World) -> Iterator[World]:
    """The world, in which nothing of this test runs on, however it ends."""
    yield world
    world.stop_all()


@pytest.fixture
def ran(request: pytest.FixtureRequest) -> Ran:
    """What a test has shown goes into docs/peers.md."""
    return Ran(request)
