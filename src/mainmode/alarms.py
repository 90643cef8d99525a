"""Things that are due at a time, in order, and things that may be no more than so many a second.

Knows no clock: `now` is handed in.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any


class Alarm:
    """Something that is due. `cancel` costs nothing; the heap forgets it when its time comes."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Callable[[Any], None]) -> None:
        self.at = at
        self.action: Callable[[Any], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Alarms:
    """A heap of alarms. Those of one time come in the order in which they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Alarm]] = []
        self._count = 0
        self._set = 0

    def set(self, at: float, action: Callable[[Any], None]) -> Alarm:
        """`action` is called with a transcript once `at` (seconds) has come."""
        alarm = Alarm(at, action)
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, alarm))
        # Cancelled alarms wait in the heap until their time: sweep when they could be most of it.
        if len(self._heap) > 2 * self._set + 64:
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._set = len(self._heap)
        return alarm

    @property
    def wake_at(self) -> float | None:
        """When the next alarm is due; None if there is none."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Callable[[Any], None] | None:
        """The next action that is due by `now`, taken out; None if none is."""
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].action is None):
            alarm = heapq.heappop(self._heap)[2]
            action, alarm.action = alarm.action, None
            if action is not None:
                return action
        return None

    def __len__(self) -> int:
        return sum(1 for entry in self._heap if entry[2].action is not None)


class PerSecond:
    """Leave for so many of something in a second: what others can bring about without end is not said without end."""

    __slots__ = ("_count", "_most", "_second")

    def __init__(self, most: int) -> None:
        self._most = most
        self._second = -1
        self._count = 0

    def allows(self, now: float) -> bool:
        """Whether there may be one more at `now`; it is counted."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return self._count <= self._most
