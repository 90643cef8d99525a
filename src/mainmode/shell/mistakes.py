"""What went wrong in the event loop and was caught nowhere: said, so often and no more, and the gateway goes on.

Knows exceptions, not what they mean. The host ran out of something: a sentence. A mistake of ours: a traceback, which
has lines of our source and no values, so no keys.
"""

from __future__ import annotations

import asyncio
import traceback
from math import inf
from typing import Any, Final

from mainmode.shell.clock import now
from mainmode.shell.outlet import say

SECONDS: Final = 1.0
"""Between two of them: what one packet brings about, a thousand do."""


class Mistakes:
    """For `loop.set_exception_handler`."""

    def __init__(self) -> None:
        self._said_at = -inf
        self._unsaid = 0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if now() < self._said_at + SECONDS:
            self._unsaid += 1
            return
        self._said_at = now()
        wrong = context.get("exception")
        unsaid, self._unsaid = self._unsaid, 0
        before = f" (and {unsaid} before it that were not said)" if unsaid else ""
        if isinstance(wrong, OSError):
            say(f"{context['message']}: {wrong.strerror or wrong}{before}")
            return
        told = "".join(traceback.format_exception(wrong)) if isinstance(wrong, BaseException) else ""
        say(f"a mistake of ours: {context['message']}{before}\n{told}".rstrip())
