"""A world per worker, for tests that only change what runs in it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails beside real gateways shows what they said last: on another machine nobody can look."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for world in {value for value in item.funcargs.values() if isinstance(value, World)}:
            for log in sorted(world.directory.glob("*/*log")):
                report.sections.append((f"the end of {log.parent.name}/{log.name}", tail(log)))
    return report


def tail(log: Path, octets: int = 6000) -> str:
    return log.read_bytes()[-octets:].decode(errors="replace")
