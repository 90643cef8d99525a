"""The clock of a running gateway. Knows seconds and the calendar; not what happens at a time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo

now = time.monotonic
"""Seconds on a clock that never runs backwards; what `Gateway` is given as `now`, and asyncio's own."""


def wall(at: float) -> float:
    """The time of day (seconds since the epoch) at which `now()` was `at`."""
    return time.time() - now() + at


def zone() -> tzinfo:
    """The host's time zone, as it is now."""
    here = datetime.now().astimezone().tzinfo
    return UTC if here is None else here


def stamp(at: float) -> str:
    """`Nov 23 22:05:53` in the host's time zone, as an ASA stamps debug lines; `at` on the clock of `now`."""
    return datetime.fromtimestamp(wall(at)).strftime("%b %d %H:%M:%S")  # noqa: DTZ006 - the zone of the host is meant
