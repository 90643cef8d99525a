"""The lines of a page: what was said and what was configured, the anchors between them, how many there is room for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final

from mainmode.config.source import masked
from mainmode.explain.diagnosis import Diagnosis
from mainmode.explain.paste import YEAR_SECONDS, YEARLESS
from mainmode.explain.report.page import Cell, Line, Link, Listing
from mainmode.explain.report.text import ORIGINS, Side
from mainmode.span import Span

BUDGET: Final = 23_000_000
"""Bytes of one page, about: mail servers take 25 MB and browsers open it. What is more is counted, not shown."""

LINE_COST: Final = 40
DIAGNOSIS_COST: Final = 3_000
"""Bytes of markup around a debug line, a diagnosis; rather too much than too little."""

ANNOTATED: Final = 20_000
"""Debug lines up to which each has its configuration lines beside it; in longer logs each message has them."""

BACKLINKS: Final = 6
"""Debug lines that a configuration line points back to, for each side."""

MINUTE: Final = 60


class Columns:
    """What was heard and what was configured, as far as it goes on a page. `omitted` grows as the room gives out."""

    def __init__(
        self, sides: Sequence[Side], listings: Sequence[Listing], diagnoses: Sequence[Diagnosis], *, one_clock: bool
    ) -> None:
        self.sides = sides
        self.listings = listings
        self.one_clock = one_clock
        """Whether the times of all sides are those of one clock, as in the lab."""
        self.anchors = [_anchors(number, side) for number, side in enumerate(sides)]
        """By side and entry."""
        self.annotated = sum(len(side.entries) for side in sides) <= ANNOTATED
        self.omitted: set[tuple[int, int]] = set()
        """Entries, as (side, entry), for which there was no room."""
        self._files = {listing.file: number for number, listing in enumerate(listings)}
        self._evidence = {(one.source, one.entry) for diagnosis in diagnoses for one in diagnosis.evidence}
        self._budget = BUDGET - DIAGNOSIS_COST * len(diagnoses)

    # -- room --

    def charge(self, cost: int) -> None:
        """Take room on the page."""
        self._budget -= cost

    @property
    def full(self) -> bool:
        return self._budget <= 0

    # -- who is who --

    def other(self, source: int) -> int | None:
        """The other box of the same run of the lab; None for a log that was pasted."""
        run = [number for number, side in enumerate(self.sides) if side.run == self.sides[source].run]
        return next((number for number in run if number != source), None) if self.one_clock and len(run) == 2 else None

    def owner(self, source: int) -> Listing | None:
        """The configuration of the box that said this, where its lines were traced to one."""
        files = (span.file for spans in self.sides[source].origins for span in spans)
        return next((self.listings[self._files[file]] for file in files if file in self._files), None)

    def holder(self, address: object) -> Listing | None:
        """The configuration of the box that has this address, if it is one only."""
        found = [listing for listing in self.listings if str(address) in listing.addresses]
        return found[0] if len(found) == 1 else None

    # -- configuration --

    def config_link(self, span: Span | None) -> Link | None:
        if span is None:
            return None
        number = self._files.get(span.file)
        label = f"{PurePath(span.file).name}:{span.line}"
        return Link("" if number is None else f"#c{number}-{span.line}", label, span.text.strip())

    def config_links(self, spans: Iterable[Span], limit: int) -> list[Link]:
        links = {(span.file, span.line): self.config_link(span) for span in spans}
        return [link for link in list(links.values())[:limit] if link is not None]

    def backlinks(self) -> list[dict[int, tuple[list[Link], int]]]:
        """For each configuration and line: the debug lines that come from it, and how many more there are."""
        found: list[dict[int, tuple[list[Link], int]]] = [{} for _ in self.listings]
        for number, side in enumerate(self.sides):
            counts: dict[Span, int] = {}
            for entry, spans in enumerate(side.origins):
                for span in spans[:ORIGINS]:
                    file = self._files.get(span.file)
                    if file is None:
                        continue
                    links, more = found[file].get(span.line, ([], 0))
                    counts[span] = counts.get(span, 0) + 1
                    if counts[span] <= BACKLINKS and (number, entry) not in self.omitted:
                        label = f"{side.name}:{number_of(side, entry)}"
                        links.append(Link(f"#{self.anchors[number][entry]}", label))
                    else:
                        more += 1
                    found[file][span.line] = links, more
        return found

    # -- debug lines --

    def homeless(self, source: int) -> Cell:
        places = self.sides[source].ladder.places
        return self.cell(source, [index for index, place in enumerate(places) if place.negotiation is None])

    def cell(self, source: int, indexes: Sequence[int]) -> Cell:
        """These entries of one log, as far as there is room on the page."""
        side = self.sides[source]
        lines = []
        for index in indexes:
            spoken = printed(side, index)
            evidence = (source, index) in self._evidence
            if self._budget < len(spoken) and not evidence:
                self.omitted.add((source, index))
                continue
            self._budget -= len(spoken.encode(errors="replace")) + LINE_COST
            first, _, more = spoken.partition("\n")
            spans = side.origins[index][:ORIGINS] if side.origins and self.annotated else ()
            origins = self.config_links(spans, ORIGINS)
            lines.append(Line(self.anchors[source][index], number_of(side, index), first, more, origins, evidence))
        return Cell(lines, len(indexes) - len(lines))


def day(at: float) -> str:
    """The date; without the year where the line named none."""
    if at < YEARLESS:
        return datetime.fromtimestamp(at % YEAR_SECONDS, UTC).strftime("%b %d")
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def lasting(seconds: float) -> str:
    """`0.010 s`, `32 s`, `2 min 10 s`, `1 h 3 min`."""
    if seconds < MINUTE:
        return f"{seconds:.3f} s" if seconds < 1 else f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < MINUTE:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _anchors(source: int, side: Side) -> list[str]:
    """`L0-47` for line 47 of the first log; another statement on the same line has its place in the log behind it."""
    seen: set[int] = set()
    anchors = []
    for index in range(len(side.entries)):
        number = number_of(side, index)
        anchors.append(f"L{source}-{number}" if number not in seen else f"L{source}-{number}.{index}")
        seen.add(number)
    return anchors


def number_of(side: Side, entry: int) -> int:
    where = side.entries[entry].where
    return entry + 1 if where is None else where.line


_KEY_WORDS: Final = re.compile(r"pre-shared-key|key-string", re.IGNORECASE)


def printed(side: Side, entry: int) -> str:
    """No debug line has a key in it; a configuration that was pasted among the lines might."""
    spoken = side.spoken[entry]
    return spoken if _KEY_WORDS.search(spoken) is None else "\n".join(masked(line) for line in spoken.split("\n"))
