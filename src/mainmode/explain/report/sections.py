"""Negotiations as sections of a page: which two logs tell of the same one, and who stands at which side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mainmode.config.model import Config
from mainmode.explain.case import Log
from mainmode.explain.diagnose import cases
from mainmode.explain.diagnosis import Diagnosis
from mainmode.explain.ladder import Negotiation
from mainmode.explain.paste import YEARLESS
from mainmode.explain.report.columns import Columns, day, lasting
from mainmode.explain.report.page import End, Placed, Row, Section
from mainmode.explain.report.rungs import Builder
from mainmode.explain.report.text import Side

SECTION_COST: Final = 700
"""Bytes of markup around a negotiation; rather too much than too little."""

OVERVIEW: Final = 40
"""Rows of the small ladder above a negotiation."""

ROW: Final = 36
MISSING_ROW: Final = 27
NOTE: Final = 13
BELOW: Final = 10
"""Pixels of the small ladder: a message, one that never came, what is noted below an arrow, the foot of a row."""

OPEN_SECTIONS: Final = 3
"""So many are unfolded when the page opens, besides those a diagnosis speaks of."""


def sections(
    columns: Columns, diagnoses: Sequence[Diagnosis], say: Callable[..., str]
) -> tuple[list[Section], Mapping[int, int]]:
    """All negotiations of all logs, and the section of each by its number, counted over all logs."""
    pairs = _pairs(columns.sides, [one.config for one in columns.listings if one.config is not None])
    firsts = [0]
    for side in columns.sides:
        firsts.append(firsts[-1] + len(side.ladder.negotiations))
    numbers = {firsts[source] + index: number for number, pair in enumerate(pairs) for source, index in pair}
    accused = {
        numbers[diagnosis.negotiation]: diagnosis.stage
        for diagnosis in reversed(diagnoses)
        if diagnosis.failure and diagnosis.negotiation in numbers
    }
    found: dict[int, Section] = {}
    # What a diagnosis speaks of comes first where there is not room for everything.
    for number in sorted(range(len(pairs)), key=lambda number: (number not in accused, number)):
        opened = len(found) < OPEN_SECTIONS if accused else number < OPEN_SECTIONS
        is_open = opened and (number in accused or not accused or len(pairs) <= OPEN_SECTIONS)
        found[number] = _section(columns, say, number, pairs[number], accused.get(number, ""), is_open)
    return [found[number] for number in range(len(pairs))], numbers


def _pairs(sides: Sequence[Side], configs: Sequence[Config]) -> list[tuple[tuple[int, int], ...]]:
    """Each negotiation as (log, number in its ladder), once or, where both ends were heard, twice."""
    if len(sides) < 2:
        return [((0, number),) for side in sides for number in range(len(side.ladder.negotiations))]
    logs: dict[int, list[Log]] = {}
    first = 0
    for source, side in enumerate(sides):
        logs.setdefault(side.run, []).append(Log(source, side.entries, side.ladder, first))
        first += len(side.ladder.negotiations)
    return [
        views
        for run in logs.values()
        for case in cases(run, configs)
        if (views := tuple((view.log.source, view.number) for view in case.views if view.number is not None))
    ]


def _section(
    columns: Columns,
    say: Callable[..., str],
    number: int,
    pair: tuple[tuple[int, int], ...],
    stage: str,
    is_open: bool,
) -> Section:
    ends = [(source, columns.sides[source].ladder.negotiations[index]) for source, index in pair]
    # The initiator stands at the left, wherever somebody says who it was.
    first, second = ends[0], ends[1] if len(ends) == 2 else None
    swapped = first[1].role == "responder" or (second is not None and second[1].role == "initiator")
    left, right = (second, first) if swapped else (first, second)
    columns.charge(SECTION_COST)
    no_room = columns.full
    if no_room:
        columns.omitted.update((source, index) for source, told in ends for index in told.lines)
    groups = [] if no_room else Builder(columns, say, number, left, right, stage).groups()
    drawn = [row for group in groups for row in group.rows if row.arrows] if is_open or columns.annotated else []
    placed, height = _placed(drawn[:OVERVIEW])
    told = [negotiation for _, negotiation in ends]
    quick = {q.message_id: q for negotiation in told for q in negotiation.phase2}
    return Section(
        f"n{number}",
        str(told[0].peer or ""),
        _end(columns, say, left, right),
        _end(columns, say, right, left),
        _worst([negotiation.outcome for negotiation in told]),
        [f"{message_id:08x}" for message_id in quick if message_id is not None],
        groups,
        placed,
        height,
        len(drawn) - len(placed),
        *_times(columns, ends[0]),
        sum(len(negotiation.lines) for negotiation in told) if no_room else 0,
        is_open,
    )


def _placed(rows: Sequence[Row]) -> tuple[list[Placed], int]:
    """Rows from top to bottom, as high as what is written above and below each arrow; and the height of all."""
    placed = []
    y = 0
    for row in rows:
        missing = row.kind == "missing"
        placed.append(Placed(row, y + (MISSING_ROW if missing else ROW) - BELOW))
        noted = row.repeated or row.stopped or row.lost
        y += (MISSING_ROW if missing else ROW) + (NOTE if noted else 0)
    return placed, y + BELOW


def _times(columns: Columns, end: tuple[int, Negotiation]) -> tuple[str, str]:
    """When a negotiation began and how long its lines go on, by the first box that tells of it."""
    source, told = end
    side = columns.sides[source]
    timed = [(at, index) for index in told.lines if (at := side.at(index)) is not None]
    if not timed:
        return "", ""
    at, index = timed[0]
    began = "" if columns.one_clock else f"{day(at)} {side.time(index)}"
    # A line that names no year cannot be held against one that does.
    ats = [other for other, _ in timed if (other < YEARLESS) == (at < YEARLESS)]
    lasted = max(ats) - min(ats)
    return began, lasting(lasted) if lasted else ""


def _end(
    columns: Columns,
    say: Callable[..., str],
    end: tuple[int, Negotiation] | None,
    other: tuple[int, Negotiation] | None,
) -> End:
    """Who stands there; a box of which nothing was heard has no outcome."""
    peer = other[1].peer if other is not None else None
    if end is not None:
        source, told = end
        log, listing = columns.sides[source].name, columns.owner(source)
        name = listing.hostname if listing is not None and listing.hostname else log
        own = [str(peer)] if peer is not None else sorted(listing.addresses)[:1] if listing is not None else []
        beside = [*own, *([log] if log != name else [])]
        return End(name, beside, True, told.role, told.outcome, told.phase1.state)
    silent = columns.other(other[0]) if other is not None else None
    if silent is not None:
        return End(columns.sides[silent].name, [str(peer)] if peer else [], False, "stopped.no.peer", "", "")
    if peer is None:
        return End(say("unknown.peer"), (), False, "not.heard", "", "")
    listing = columns.holder(peer)
    if listing is not None and listing.hostname:
        return End(listing.hostname, [str(peer)], False, "not.heard", "", "")
    return End(str(peer), (), False, "not.heard", "", "")


def _worst(outcomes: Sequence[str]) -> str:
    return next(outcome for outcome in ("failed", "incomplete", "established") if outcome in outcomes)
