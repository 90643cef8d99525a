"""So many a second, and no more."""

from __future__ import annotations

from mainmode.alarms import PerSecond


def test_each_second_has_its_own_leave_and_what_was_not_used_is_not_kept() -> None:
    leave = PerSecond(2)
    assert [leave.allows(at) for at in (0.0, 0.1, 0.9, 1.0, 1.5, 1.9)] == [True, True, False] * 2
    assert [leave.allows(at) for at in (7.0, 7.1, 7.2, 7.3)] == [True, True, False, False]
