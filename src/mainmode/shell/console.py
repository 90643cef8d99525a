"""The operator's end of the control socket: one command, or a prompt. Knows the protocol of `shell.control`.

At the prompt the debug lines of the gateway come in between, as on an ASA's terminal.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Final, TextIO

from mainmode.shell.meeting import SOCKET, base, directory

WELL, FAILED, UNUSABLE = 0, 1, 2  # `exec.running` has them; importing it would cost half a second

LEAVE: Final = frozenset(("exit", "quit", "logout"))


class Unreachable(Exception):
    """There is no gateway to talk to. `str()` is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said to a command; `status` is an exit code."""

    status: int
    text: str
    prompt: str


class Line:
    """A connection to a running gateway."""

    def __init__(self, name: str | None) -> None:
        """`name`: which one; None: the only one. Unreachable if it is not there, or is not for us."""
        where = directory(name or _only_one()) / SOCKET
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.connect(str(where))
        except PermissionError:
            self._socket.close()
            raise Unreachable(f"{where}: this is for root and the gateway's group") from None
        except OSError:
            self._socket.close()
            raise Unreachable(f"{where}: no gateway is running there; mainmode run --name begins one") from None
        self._file = self._socket.makefile("rb")

    def say(self, **request: Any) -> None:
        """Send a request. Unreachable if the gateway has gone."""
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            raise Unreachable("the gateway has ended") from None

    def messages(self) -> Iterator[dict[str, Any]]:
        """Everything the gateway says, until it ends."""
        try:
            for line in self._file:
                yield json.loads(line)
        except (OSError, ValueError):  # it was killed in the middle of a line
            return

    def close(self) -> None:
        # A thread may be reading: closing alone would not wake it.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self._socket.close()


def _only_one() -> str:
    try:
        names = sorted(path.parent.name for path in base().glob(f"*/{SOCKET}"))
    except OSError:
        names = []
    if not names:
        raise Unreachable(f"no gateway is running here (none in {base()}, or none that you may see)")
    if len(names) > 1:
        raise Unreachable(f"several gateways are running here: --name {' or --name '.join(names)}")
    return names[0]


def ask(name: str | None, command: str, *, as_json: bool = False) -> Answer:
    """One command. Unreachable if there is nobody to ask."""
    line = Line(name)
    try:
        line.say(command=command, format="json" if as_json else "text")
        for message in line.messages():
            return _answer(message)
    finally:
        line.close()
    raise Unreachable("the gateway has ended")


def console(name: str | None, typed: TextIO, out: TextIO) -> int:
    """A prompt, until the user leaves or the gateway ends; the exit code. Unreachable if there is nobody to ask."""
    interactive = typed.isatty()
    if interactive:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - history and editing for input()
    line = Line(name)
    answers: SimpleQueue[Answer | None] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(line, answers, out), daemon=True)
    reader.start()
    status = WELL
    try:
        line.say(monitor=True)
        command = ""  # the first answer tells the prompt
        while True:
            line.say(command=command)
            answer = answers.get()
            if answer is None:
                print("mainmode: the gateway has ended", file=sys.stderr)
                return FAILED
            status = max(status, answer.status) if not interactive else WELL
            print(answer.text, end="", file=out, flush=True)
            following = _next(typed, answer.prompt if interactive else None)
            if following is None or following.strip().lower() in LEAVE:
                return status
            command = following
    finally:
        line.close()
        reader.join(1)


def _next(typed: TextIO, prompt: str | None) -> str | None:
    """The next line that is typed; None at the end."""
    if prompt is None:
        return typed.readline() or None
    try:
        return input(prompt)
    except EOFError:
        print()
        return None
    except KeyboardInterrupt:
        print()
        return ""


def _read(line: Line, answers: SimpleQueue[Answer | None], out: TextIO) -> None:
    for message in line.messages():
        if "debug" in message:
            print(message["debug"], file=out, flush=True)
        else:
            answers.put(_answer(message))
    answers.put(None)


def _answer(message: dict[str, Any]) -> Answer:
    status = message.get("status")
    return Answer(
        status if status in (WELL, FAILED) else UNUSABLE, str(message.get("text", "")), str(message.get("prompt", "> "))
    )
