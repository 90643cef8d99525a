"""`reference/exec.md`: the exec mode of a running gateway. Knows its table of commands."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generate.markdown import codes, table
from docs.generate.markdown import page as whole
from mainmode.exec.commands import COMMANDS

INTRODUCTION = """\
What `mainmode exec` and `mainmode console` take, as typed at an ASA: any unambiguous beginning of a word will do, and what is wrong is answered in an ASA's words.
With `--format json` each answers with one object (`"schema": 1`, the command as understood, and its values). `[ ]` may be left out, of `{ | }` one is meant; words in
capitals and in `< >` are values. Behind `|` stands which lines of a `show` are wanted: `include`, `exclude`, `begin`, `grep`, `grep -v` and a pattern. A `?` at the end
of a line, or behind the beginning of a word, asks what can follow."""

SECTIONS = (
    ("show", "See"),
    ("debug", "Debug"),
    ("clear", "Take down and clear"),
    ("ping", "Try"),
    ("capture", "Capture"),
    ("terminal", "The terminal"),
)
FIRST_WORDS = {"{no": "debug", "[{no": "debug", "packet-tracer": "ping", "no": "capture", "vpn-sessiondb": "clear"}


def notations() -> dict[str, str]:
    """Every command as it is written in a manual, and what it does. One notation may stand for several forms."""
    return {command.notation: command.doc for command in COMMANDS}


def page() -> str:
    rows: dict[str, dict[str, list[str]]] = {word: {} for word, _ in SECTIONS}
    for notation, doc in notations().items():
        first = notation.split()[0]
        rows[FIRST_WORDS.get(first, first)].setdefault(doc, []).append(notation)
    return whole("Exec commands", INTRODUCTION, *_sections(rows))


def _sections(rows: dict[str, dict[str, list[str]]]) -> Iterator[str]:
    for word, title in SECTIONS:
        yield f"## {title}"
        yield table(("command", "what it does"), [(codes(commands), doc) for doc, commands in rows[word].items()])
