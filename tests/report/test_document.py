"""The report of the source document, held against the document: each statement on the rung where it stands there.

The document is a table of three columns that was printed one below the other: an arrow `=====MM1=====` stands between
what its sender said before and what its receiver said after it, so a statement between two arrows is about the one or
the other. Where the name of a message stands on the very line of a statement, it is about that one. Which of the two
runs a statement belongs to, the cleaned copies tell (`initiator.debug`, `responder.debug`).
"""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from mainmode.cli import main
from mainmode.explain.paste import decoded, read_source
from mainmode.steps import MESSAGES
from mainmode.words import read
from tests.paths import REPO, SHARED, require

require(SHARED.is_dir(), "the source document lies in the shared material")
DOCUMENT = SHARED / "seed" / "tech-note.ja.txt"
LINES = DOCUMENT.read_text(encoding="utf-8").splitlines()
ARROW = re.compile(r"=====([MQ]M\d)=====")
NAME = re.compile(r"\b[MQ]M\d\b")


class Rungs(HTMLParser):
    """Of a page: the rung of every debug line, as (section, message), by the line's number in the log."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[int, tuple[int, str]] = {}
        self._rung: tuple[int, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        anchor = dict(attrs).get("id") or ""
        rung = re.match(r"n(\d+)-([MQ]M\d)", anchor)
        if rung is not None:
            self._rung = int(rung[1]), rung[2]
        line = re.fullmatch(r"L0-(\d+)", anchor)
        if line is not None and self._rung is not None:
            self.found[int(line[1])] = self._rung


@cache
def rungs() -> dict[int, tuple[int, str]]:
    with TemporaryDirectory() as folder:
        output = Path(folder) / "report.html"
        configuration = str(REPO / "examples" / "two-sites" / "site-a.cfg")
        options = ["--config", configuration, "--lang", "ja", "--format", "html", "--output", str(output)]
        assert main(["explain", str(DOCUMENT), *options]) == 0
        return Rungs(output.read_text(encoding="utf-8")).found


def test_all_245_statements_stand_on_a_rung() -> None:
    printed = read_source(decoded([DOCUMENT.read_bytes()]), "tech-note")
    assert len(printed.entries) == 245
    assert set(rungs()) == {entry.where.line for entry in printed.entries if entry.where is not None}


def test_each_statement_is_on_a_rung_next_to_it_in_the_document() -> None:
    arrows = [(number, found[1]) for number, line in enumerate(LINES, 1) if (found := ARROW.search(line))]
    assert [name for _, name in arrows] == list(MESSAGES)
    strayed = {}
    for line, (_, rung) in rungs().items():
        passed = sum(number < line for number, _ in arrows)
        beside = MESSAGES[max(0, passed - 1) : passed + 1]
        if rung not in beside:
            strayed[line] = rung
    assert strayed == {}


def test_a_message_named_on_a_statements_line_is_its_rung() -> None:
    printed = read_source(decoded([DOCUMENT.read_bytes()]), "tech-note")
    held, differing = 0, {}
    for entry in printed.entries:
        assert entry.where is not None
        for number in entry.where.lines:
            for name in NAME.findall(LINES[number - 1]):
                held += 1
                if rungs()[entry.where.line][1] != name:
                    differing[number] = name
    assert held >= 20
    assert differing == {}


def test_each_statement_is_in_the_run_whose_column_it_stands_in() -> None:
    printed = read_source(decoded([DOCUMENT.read_bytes()]), "tech-note")
    for section, run in enumerate(("initiator", "responder")):
        column = [read(line) for line in (SHARED / "seed" / f"{run}.debug").read_text().splitlines()]
        expected = [repr(entry.event) for entry in column if entry is not None]
        told = [
            repr(entry.event)
            for entry in printed.entries
            if entry.where is not None and rungs()[entry.where.line][0] == section
        ]
        if run == "responder":
            # The document has QM3 received in a column of its own, below what was said about it.
            received = next(event for event in told if "RECEIVED" in event and "(8,)" in event)
            told.remove(received)
            expected.remove(received)
        assert told == expected


def test_what_a_box_says_about_one_message_stands_together() -> None:
    """Within each run no rung is left and come back to."""
    for section in (0, 1):
        walked = [rung for _, (number, rung) in sorted(rungs().items()) if number == section]
        turns = [rung for index, rung in enumerate(walked) if index == 0 or walked[index - 1] != rung]
        assert turns == list(MESSAGES)
