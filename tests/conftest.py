"""What holds for every test: the same examples in every run unless a SEED is given, and that SEED on the screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from tests.paths import REQUIRE_ALL, SHARED
from tests.peers import page

SEED = os.environ.get("SEED")
"""`SEED=random` draws new examples, `SEED=<number>` repeats such a run; unset, the examples are fixed."""

# No deadline: the two cores are shared, and how fast something must be is said by the tests that measure it.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("ci", derandomize=True, database=None, **_COMMON)
settings.register_profile("search", **_COMMON)
settings.load_profile("search" if SEED else "ci")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Before hypothesis's own hook, which reads the option. A drawn seed is handed down to xdist's workers.
    if SEED == "random":
        os.environ["SEED"] = str(int.from_bytes(os.urandom(4)))
    if SEED:
        config.option.hypothesis_seed = int(os.environ["SEED"])
    page.keep(config)


def pytest_report_header() -> list[str]:
    left_out = "fail" if REQUIRE_ALL else "are named below, with the reason"
    return [
        f"SEED: {os.environ.get('SEED', 'none, the examples are fixed')}",
        f"shared material: {'there' if SHARED.is_dir() else 'not there'}; tests that cannot run here {left_out}",
    ]


@pytest.fixture(scope="session", autouse=True)
def _meeting_place() -> Iterator[None]:
    """The gateways of these tests meet their operators where no other gateway of this host does."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="mainmode-") as place:
        patch.setenv("MAINMODE_RUN", place)
        yield
