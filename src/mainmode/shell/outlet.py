"""What a gateway says, on its way to whoever reads it. Knows text and a file descriptor; not what is said.

A pipe whose reader sleeps, a full disk, a journal that stalls: a write to them waits, fails, or never ends, and the
tunnels must not wait with it. So a thread of its own does the writing, and what it cannot get rid of is lost, counted
and said. It is the only thread beside the gateway's one.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, TextIO

BACKLOG: Final = 1 << 20
"""Octets that may wait for a reader; a debug of a thousand negotiations. What comes then is lost."""

FAREWELL: Final = 2.0
"""Seconds in which, at the end, what is left must be read."""


class Outlet(io.TextIOBase):
    """A text stream that takes everything at once. Whole lines are written, in order, or lost."""

    def __init__(self, fd: int, complain: Callable[[str], None] | None = None) -> None:
        """`fd` is written to and stays open. `complain` gets a sentence when that begins to fail."""
        self._fd = fd
        self._complain = complain
        self._fails = False
        self._line = ""
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._lost = 0
        self._over = False
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._carry, daemon=True)  # one that is stuck keeps no process alive
        self._thread.start()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        whole, end, rest = text.rpartition("\n")
        self._line, line = (rest, self._line + whole + end) if end else (self._line + rest, "")
        if line:
            self._put(line.encode(errors="replace"))
        return len(text)

    def end(self) -> None:
        """Wait until all is written, but not for ever."""
        with self._more:
            self._over = True
            self._more.notify()
        self._thread.join(FAREWELL)

    def _put(self, line: bytes) -> None:
        with self._more:
            if self._size + len(line) > BACKLOG:
                self._lost += line.count(b"\n")
                return
            if self._lost:
                lost, self._lost = self._lost, 0
                line = f"mainmode: {lost} lines were lost here: they could not be written\n".encode() + line
            self._waiting.append(line)
            self._size += len(line)
            self._more.notify()

    # -- the other thread ---------------------------------------------------------------------------------------------

    def _carry(self) -> None:
        while True:
            with self._more:
                while not self._waiting:
                    if self._over:
                        return
                    self._more.wait()
                text = b"".join(self._waiting)
                self._waiting.clear()
                # It counts as waiting until it is written.
            written = self._write(text)
            with self._more:
                self._size -= len(text)
                self._lost += text.count(b"\n", written)

    def _write(self, text: bytes) -> int:
        """How much of it was written: all, unless that is refused."""
        rest = memoryview(text)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:  # whoever shares it with us made it so
                select.select((), (self._fd,), ())
            except OSError as refused:  # nobody reads it any more, or the disk is full: the next line may find room
                if not self._fails and self._complain is not None:
                    self._complain(f"stdout: {refused.strerror}: what is said there is lost")
                self._fails = True
                break
        else:
            self._fails = False
        return len(text) - len(rest)


def say(text: str) -> None:
    """A sentence for the user, on stderr."""
    print(f"mainmode: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def outlets() -> Iterator[None]:
    """Within this, what is printed goes through an outlet."""
    with contextlib.ExitStack() as stack:
        # A stream that was closed when we were started is None; its number is somebody else's by now.
        if sys.stderr is not None:
            stack.enter_context(contextlib.redirect_stderr(_opened(stack, sys.stderr, None)))
        if sys.stdout is not None:
            stack.enter_context(contextlib.redirect_stdout(_opened(stack, sys.stdout, say)))
        yield


def _opened(stack: contextlib.ExitStack, stream: TextIO, complain: Callable[[str], None] | None) -> Outlet:
    stream.flush()
    made = Outlet(stream.fileno(), complain)
    stack.callback(made.end)
    return made
