"""The operator's end of the control socket: one command, or a prompt. Knows the protocol of `shell.control`.

At the prompt the debug lines of the gateway come in between, as on an ASA's terminal. The tab key completes a word, and
a line that ends in `?` asks what can follow.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any, Final, TextIO

from mainmode.shell.meeting import SOCKET, base, directory, is_left_behind

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

    def under(self, command: str) -> str:
        """What is printed where nobody has seen the command: with it, if a caret would point at nothing otherwise."""
        return f"{self.prompt}{command}\n{self.text}" if self.text.lstrip(" ").startswith("^") else self.text


Answers = SimpleQueue[Answer | OSError | None]
"""What the reader hands over: an answer, that nobody takes what is printed any more, or that the gateway has ended."""


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
        names = sorted(path.parent.name for path in base().glob(f"*/{SOCKET}") if _may_answer(path))
    except OSError:
        names = []
    if not names:
        raise Unreachable(f"no gateway is running here (none in {base()}, or none that you may see)")
    if len(names) > 1:
        raise Unreachable(f"several gateways are running here: --name {' or --name '.join(names)}")
    return names[0]


def _may_answer(path: Path) -> bool:
    try:
        return not is_left_behind(path)
    except OSError:
        return True  # whoever it is for, somebody is there


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


class _Session:
    """A prompt's connection, and the thread that reads it: debug lines are printed as they come, answers wait."""

    def __init__(self, name: str | None, out: TextIO) -> None:
        """Unreachable if there is nobody to ask."""
        self._name = name
        self._out = out
        self._begin()

    def _begin(self) -> None:
        self.line = Line(self._name)
        self.answers: Answers = SimpleQueue()
        self._reader = threading.Thread(target=_read, args=(self.line, self.answers, self._out), daemon=True)
        self._reader.start()
        self.line.say(monitor=True)

    def ask(self, command: str) -> Answer | None:
        """None if the gateway has ended; OSError if nobody takes what is printed any more."""
        self.line.say(command=command)
        answer = self.answers.get()
        if isinstance(answer, OSError):
            raise answer
        return answer

    def give_up(self) -> None:
        """Wait for an answer no longer. It would come first on the old connection, so there is a new one."""
        self.close()
        self._begin()

    def close(self) -> None:
        self.line.close()
        self._reader.join(1)


def console(name: str | None, typed: TextIO, out: TextIO) -> int:
    """A prompt, until the user leaves or the gateway ends; the exit code. Unreachable if there is nobody to ask."""
    interactive = typed.isatty()
    session = _Session(name, out)
    editing = _editing(session) if interactive else None
    status = WELL
    try:
        command = ""  # the first answer tells the prompt
        while True:
            try:
                answer = session.ask(command)
            except KeyboardInterrupt:
                if not interactive:
                    raise
                with _deaf_to_interrupts():  # who presses it twice does not want to leave
                    print(file=out)
                    session.give_up()
                command = ""
                continue
            if answer is None:
                print("mainmode: the gateway has ended", file=sys.stderr)
                return FAILED
            status = max(status, answer.status) if not interactive else WELL
            print(answer.text if interactive else answer.under(command.rstrip("\n")), end="", file=out, flush=True)
            following = _next(typed, answer.prompt if interactive else None)
            if following is None or following.strip().lower() in LEAVE:
                return status
            command = following
            if editing is not None and command.rstrip().endswith("?") and "|" not in command:
                # As at an ASA, what was typed before the question stands there again.
                editing.set_startup_hook(_once(editing, command.rstrip().removesuffix("?")))
    finally:
        session.close()


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _editing(session: _Session) -> ModuleType | None:
    """History and editing for `input()`, and what the tab key does; None where Python has no readline."""
    try:
        import readline
    except ImportError:
        return None
    found: list[str] = []

    def complete(word: str, number: int) -> str | None:
        if number == 0:
            found[:] = _completions(session, readline.get_line_buffer()[: readline.get_endidx()], word)
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")
    return readline


def _completions(session: _Session, before: str, word: str) -> list[str]:
    """The keywords and names that can stand where `word` begins, each with a blank behind it."""
    session.line.say(command=before + "?", format="json")
    answer = session.answers.get()
    if not isinstance(answer, Answer):
        session.answers.put(answer)  # the prompt is to see that too
        return []
    content = json.loads(answer.text)
    # Slots of the table are in capitals or brackets: nobody types them.
    words = [one for one in content.get("following", ()) if one.islower() and one.isascii() and one[0].isalpha()]
    return [f"{one} " for one in (*words, *content.get("names", ())) if one.startswith(word)]


def _once(editing: ModuleType, text: str) -> Callable[[], None]:
    """For one prompt: this text stands there already."""

    def insert() -> None:
        editing.insert_text(text)
        editing.set_startup_hook(None)

    return insert


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


def _read(line: Line, answers: Answers, out: TextIO) -> None:
    for message in line.messages():
        if "debug" in message:
            try:
                print(message["debug"], file=out, flush=True)
            except OSError as gone:
                answers.put(gone)
                return
        else:
            answers.put(_answer(message))
    answers.put(None)


def _answer(message: dict[str, Any]) -> Answer:
    status = message.get("status")
    return Answer(
        status if status in (WELL, FAILED) else UNUSABLE, str(message.get("text", "")), str(message.get("prompt", "> "))
    )
