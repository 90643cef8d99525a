"""The host's clock: what a log is stamped with, and what a prompt tells, is the same time of day."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from mainmode.shell import clock


def test_the_log_and_the_prompt_have_one_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "JST-9")
        time.tzset()
        at = clock.now()
        told = datetime.fromtimestamp(clock.wall(at), clock.zone())
        assert (told.tzname(), told.strftime("%b %d %H:%M:%S")) == ("JST", clock.stamp(at))
    time.tzset()
