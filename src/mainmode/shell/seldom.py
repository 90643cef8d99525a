"""Something that may be asked for at any time, and is done no more often than it should. Knows the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Seldom:
    """Call it, and `do` is called: at once, then no sooner than `seconds` later, however often it was asked for."""

    def __init__(self, seconds: float, do: Callable[[], object]) -> None:
        self._seconds = seconds
        self._do = do
        self._resting = False
        self._asked = False

    def __call__(self) -> None:
        if self._resting:
            self._asked = True
            return
        self._resting = True
        asyncio.get_running_loop().call_later(self._seconds, self._rested)
        self._do()

    def _rested(self) -> None:
        self._resting = False
        if self._asked:
            self._asked = False
            self()
