"""What every command of the command line shares: exit codes, files, terminals, arguments. Knows no command."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, TypeVar

if TYPE_CHECKING:
    from mainmode.config.reader import Reading
    from mainmode.explain.report.html import Listing
    from mainmode.language import Lang

WELL: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2

PRIVATE_DIRECTORY: Final = 0o700
PRIVATE_FILE: Final = 0o600

RATHER_LINES: Final = 2000
"""Lines by which a file that is not what it was given as is told what it is."""

T = TypeVar("T")


class Unusable(Exception):
    """The input cannot be used. `str()` is what stderr gets: one line per error, or a block with a caret."""


# --- files and terminals ------------------------------------------------------------------------------------------


def read_configuration(path: Path) -> Reading:
    """A configuration, mistakes included. Unusable if the file is none at all: that is one error, not a thousand."""
    return as_configuration(read_text(path), str(path))


def as_configuration(text: str, name: str) -> Reading:
    """The same of a text, by the name of its file."""
    from mainmode.config.reader import read

    if not text.strip():
        raise Unusable(f"{name}: the file is empty; expected an ASA's configuration")
    reading = read(text, name)
    if not reading.errors and not recognised(reading):
        raise Unusable(f"{name}: no line of it is a command of an ASA{_rather_a_log(text, name)}")
    return reading


def recognised(reading: Reading) -> int:
    """How many lines are commands that are known."""
    from mainmode.config.model import Support

    return sum(len(found) for state, found in reading.by_support().items() if state is not Support.UNRECOGNISED)


def _rather_a_log(text: str, name: str) -> str:
    from mainmode.explain.paste import read_source

    statements = read_source(text.splitlines()[:RATHER_LINES], name).statements
    return "; it looks like a log, which `mainmode explain` takes without --config" if statements else ""


def read_text(path: Path) -> str:
    try:
        return text_of(path.read_bytes())
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None


def text_of(content: bytes) -> str:
    """A configuration's file as text. Whatever encoding a description is in, the commands are ASCII."""
    return content.decode("utf-8-sig", errors="replace")


def listings(paths: Sequence[Path]) -> list[Listing]:
    """Configurations for a page to show, without their keys."""
    from mainmode.config.reader import read
    from mainmode.explain.report.html import Listing

    texts = [read_text(path) for path in paths]
    return [Listing.of(read(text, str(path)), text) for text, path in zip(texts, paths, strict=True)]


def emit(text: str, output: Path | None) -> None:
    if output is not None:
        write(output, text.encode())
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None


def write_private(directory: Path, files: Mapping[str, bytes]) -> None:
    """Files that nobody else may read, in a directory that is made for them if it is not there."""
    try:
        directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        for name, content in files.items():
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with open(os.open(directory / name, flags, PRIVATE_FILE), "wb") as file:
                os.fchmod(file.fileno(), PRIVATE_FILE)  # it may have been there before
                file.write(content)
    except OSError as error:
        raise Unusable(f"{error.filename or directory}: {error.strerror}") from None


def terminal() -> tuple[int | None, bool]:
    """Columns and whether there are colours; None for what is no terminal, whose lines are not wrapped."""
    if not sys.stdout.isatty():
        return None, False
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return shutil.get_terminal_size().columns, colour


def as_json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


# --- arguments ----------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    several: str | None = None
    """The positional argument of any number that may stand between options as well: `a.log --config a.cfg b.log`."""

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As argparse does, which takes a positional of any number from one place only."""
        namespace, rest = super().parse_known_args(args, namespace)
        if self.several is not None and all(word == "-" or not word.startswith("-") for word in rest):
            setattr(namespace, self.several, [*getattr(namespace, self.several), *rest])
            rest = []
        return namespace, rest

    def error(self, message: str) -> NoReturn:
        """One line, and where to read on: a whole usage above it hides what was wrong."""
        self.exit(UNUSABLE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", type=checked_by(_format), default="text", metavar="text|json|html", help="default: text"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the result there, not to stdout")
    parser.add_argument(
        "--lang",
        type=checked_by(language),
        default=locale(),
        metavar="en|ja",
        help="language of what is explained (default: the locale's)",
    )


def checked_by(parse: Callable[[str], T]) -> Callable[[str], T]:
    """For argparse: a ValueError's own sentence is what the user gets to read."""

    def checked(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _format(text: str) -> str:
    return _one_of(text, ("text", "json", "html"))


def language(text: str) -> Lang:
    return "ja" if _one_of(text, ("en", "ja")) == "ja" else "en"


def locale() -> Lang:
    """The language that POSIX's variables ask for, the first of them that is set; English for all but Japanese."""
    asked = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "ja" if next((name for name in asked if name), "").startswith("ja") else "en"


def _one_of(text: str, choices: Iterable[str]) -> str:
    if text not in choices:
        raise ValueError(f"{text!r} is none of {', '.join(choices)}")
    return text


if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[Parser]
