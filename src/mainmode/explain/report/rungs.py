"""The rungs of one negotiation: which line of which box belongs to which message, in rows. Finds no causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from mainmode import steps
from mainmode.events import DecryptedNonsense
from mainmode.explain.ladder import Negotiation, Phase2
from mainmode.explain.report.columns import Columns, lasting
from mainmode.explain.report.page import Cell, Drawn, Group, Row, RowKind
from mainmode.explain.report.text import Arrow, arrows, payloads, traffic
from mainmode.span import Span

ARROW_COST: Final = 400
ROW_COST: Final = 500
"""Bytes of markup for an arrow, a row; rather too much than too little."""

RUNG_ORIGINS: Final = 8
"""Configuration lines shown for one message."""

GAP: Final = 2.0
"""Seconds between two messages from which on they are told: what is answered at once takes less, and a log that
counts whole seconds can have one between two messages by chance."""

OPEN_QUICK_MODES: Final = 4
"""So many are unfolded when the page opens, besides those a diagnosis speaks of."""

_Key = tuple[str, object]
"""A row: the message's name and id; for what stands between messages `INFO` and the message before it."""

_QUIET: Final = ""


class Builder:
    """The rows of one negotiation."""

    def __init__(
        self,
        columns: Columns,
        say: Callable[..., str],
        number: int,
        left: tuple[int, Negotiation] | None,
        right: tuple[int, Negotiation] | None,
        stage: str,
    ) -> None:
        self.columns = columns
        self.say = say
        self.number = number
        self.left = left
        self.right = right
        self.stage = stage
        self.told = [end[1] for end in (left, right) if end is not None]
        self._keys = {
            at_left: dict(self._keyed(end)) for at_left, end in ((True, left), (False, right)) if end is not None
        }
        self._rows_of = {at_left: _grouped(keyed) for at_left, keyed in self._keys.items()}  # key -> entries

    def groups(self) -> list[Group]:
        drawn = self._drawn()
        order = _merged([list(rows) for rows in self._rows_of.values()])
        rows: dict[object, list[Row]] = {}
        # One group for phase 1, one for each quick mode; what stands between goes with what it follows.
        for key in order:
            rows.setdefault(_exchange(key), []).append(self._row(key, drawn.get(key, ([], []))))
        for exchange, missing in self._missing(order):
            rows.setdefault(exchange, []).extend(missing)
        quick = [exchange for exchange in rows if exchange is not None]
        groups = []
        stopped = False
        for exchange, found in rows.items():
            mode = self._quick_mode(exchange) if exchange is not None else None
            outcome = mode.outcome if mode else "" if exchange is not None else self.told[0].phase1.outcome
            stop = _stop(found, self.stage) if not stopped else None
            stopped = stopped or (
                exchange is None and stop is not None
            )  # what was to follow phase 1 did not stop by itself
            found = [replace(row, stopped=row is stop) for row in found]
            is_open = (
                exchange is None
                or quick.index(exchange) < OPEN_QUICK_MODES
                or stop is not None
                or any(line.evidence for row in found for cell in (row.left, row.right) for line in cell.lines)
            )
            groups.append(Group(self._heading(exchange), outcome, traffic(mode).strip(), found, is_open))
        return groups

    def _heading(self, exchange: object) -> str:
        if exchange is None:
            return self.say("phase1")
        if isinstance(exchange, int):
            return self.say("quick", id=f"{exchange:08x}")
        return self.say("quick.unnamed")

    def _quick_mode(self, exchange: object) -> Phase2 | None:
        wanted = exchange if isinstance(exchange, int) else None
        return next((q for told in self.told for q in told.phase2 if q.message_id == wanted), None)

    # -- entries and arrows to rows --

    def _keyed(self, end: tuple[int, Negotiation]) -> Iterator[tuple[int, _Key]]:
        """Each entry with its row."""
        source, told = end
        places = self.columns.sides[source].ladder.places
        before: _Key = (_QUIET, None)
        for index in told.lines:
            place = places[index]
            if place.stage == "INFO":
                yield index, ("INFO", before)
                continue
            if place.stage:
                quick = place.stage.startswith("QM")
                before = place.stage, (place.message_id or "?") if quick else None
            yield index, before

    def _drawn(self) -> dict[_Key, tuple[list[Drawn], list[Drawn]]]:
        """For each row its arrows, and those of repetitions."""
        sides = self.columns.sides
        heard = self.left or self.right
        if heard is None:
            return {}
        other = self.right if self.left is not None else None
        far = sides[other[0]] if other is not None else None
        silent = self.columns.other(heard[0])
        if far is None and silent is not None:
            far = sides[silent]  # the lab's other site was listened to, and heard nothing
        mirrored = self.left is None
        found = arrows(
            sides[heard[0]], far, heard[1], other[1] if other is not None else None, one_clock=self.columns.one_clock
        )
        lengths = self._received_lengths()
        rows: dict[_Key, tuple[list[Drawn], list[Drawn]]] = {}
        ordered = sorted(found, key=lambda arrow: (arrow.at or 0.0) if self.columns.one_clock else 0.0)
        before: dict[bool, float | None] = {}
        """By clock: when the message before was."""
        for arrow in ordered:
            rightwards = arrow.rightwards != mirrored
            own = rightwards == (arrow.rung.direction == "sent")
            clock = own or self.columns.one_clock
            key = self._keys[own].get(arrow.rung.entry)
            if key is not None:
                drawn = self._arrow(arrow, rightwards, lengths, before.get(clock))
                rows.setdefault(key, ([], []))[arrow.again].append(drawn)
            before[clock] = arrow.at
        return rows

    def _arrow(
        self, arrow: Arrow, rightwards: bool, received: Mapping[tuple[str, int], int], before: float | None
    ) -> Drawn:
        rung = arrow.rung
        is_sent = rung.direction == "sent"
        # An IOS does not say how long a message is.
        length = (received.get((rung.name, rung.message_id)) if is_sent else rung.length) or None
        passed = arrow.at - before if arrow.at is not None and before is not None else 0.0
        return Drawn(
            rung.name,
            rightwards,
            payloads(rung),
            arrow.time,
            f"+{lasting(passed)}" if passed >= GAP else "",
            (rung.length or None) if is_sent else None,
            length if arrow.arrived else None,
            arrow.arrived,
        )

    def _received_lengths(self) -> dict[tuple[str, int], int]:
        return {
            (rung.name, rung.message_id): rung.length
            for told in self.told
            for rung in told.messages
            if rung.direction == "received"
        }

    def _row(self, key: _Key, drawn: tuple[list[Drawn], list[Drawn]]) -> Row:
        first, again = drawn
        self.columns.charge(ROW_COST + ARROW_COST * (len(first) + len(again)))
        cells = {}
        spans: list[list[Span]] = []
        for at_left, end in ((True, self.left), (False, self.right)):
            indexes = self._rows_of.get(at_left, {}).get(key, [])
            if end is None:
                cells[at_left] = Cell(), Cell()
                continue
            source, told = end
            repeated = min(
                (rung.retransmissions[0] for rung in told.messages
                 if rung.retransmissions and self._keys[at_left].get(rung.entry) == key and key[0] != "INFO"),
                default=None,
            )  # fmt: skip
            if repeated is None:
                repeated = self._heard_again(source, told, indexes)
            cut = len(indexes) if repeated is None else sum(index < repeated for index in indexes)
            cells[at_left] = self.columns.cell(source, indexes[:cut]), self.columns.cell(source, indexes[cut:])
            origins = self.columns.sides[source].origins
            if origins and self.columns.annotated:
                spans.append([span for index in indexes for span in origins[index]])
        kind: RowKind = "info" if key[0] == "INFO" else "message" if first or again else "quiet"
        if kind == "info":
            first, again = [*first, *again], []
        return Row(
            _anchor(self.number, key),
            kind,
            first,
            again,
            cells[True][0],
            cells[False][0],
            cells[True][1],
            cells[False][1],
            self.columns.config_links(_in_turn(spans), RUNG_ORIGINS) if kind != "info" else (),
        )

    def _heard_again(self, source: int, told: Negotiation, indexes: Sequence[int]) -> int | None:
        """Where the same is said again about a message that could not be decrypted: it has no rung to count by."""
        entries = self.columns.sides[source].entries
        if not indexes or any(rung.entry in indexes for rung in told.messages):
            return None
        first = type(entries[indexes[0]].event)
        if first is not DecryptedNonsense:
            return None
        return next((index for index in indexes[1:] if type(entries[index].event) is first), None)

    # -- what never came --

    def _missing(self, order: Sequence[_Key]) -> Iterator[tuple[object, list[Row]]]:
        """The messages that should have followed, for phase 1 and each quick mode."""
        names = {key[0] for key in order}
        quick = list(dict.fromkeys(key[1] for key in order if key[0].startswith("QM")))
        phase1 = [told.phase1.outcome for told in self.told]
        if any(told.outcome == "established" for told in self.told) and not quick:
            return
        if (
            not quick
            and not ("established" in phase1 or "not-seen" in phase1)
            and not any(n.startswith("AM") for n in names)
        ):
            yield None, [self._never(name, None) for name in _after(names, steps.MESSAGES[:6])]
        if not quick:
            yield "?", [self._never(name, "?") for name in steps.MESSAGES[6:]]
        for exchange in quick:
            mode = self._quick_mode(exchange)
            seen = {key[0] for key in order if key[1] == exchange and key[0].startswith("QM")}
            if mode is not None and mode.outcome != "established":
                yield exchange, [self._never(name, exchange) for name in _after(seen, steps.MESSAGES[6:])]

    def _never(self, name: str, exchange: object) -> Row:
        self.columns.charge(ROW_COST + ARROW_COST)
        starts_left = True
        mode = self._quick_mode(exchange) if exchange is not None else None
        if mode is not None:
            teller = next(told for told in self.told if mode in told.phase2)
            at_left = self.left is not None and teller is self.left[1]
            starts_left = mode.role == "unknown" or (mode.role == "initiator") == at_left
        by_initiator = steps.BY_MESSAGE[name].receiver == "responder"
        arrow = Drawn(name, by_initiator == starts_left, "", "", "", None, None, arrived=False, missing=True)
        return Row(_anchor(self.number, (name, exchange)), "missing", [arrow])


def _stop(rows: Sequence[Row], stage: str) -> Row | None:
    """Where it stopped: at the message the diagnosis names, else at the first one that never came."""
    named = [row for row in rows if row.kind != "info" and stage and any(arrow.name == stage for arrow in row.arrows)]
    return named[-1] if named else next((row for row in rows if row.kind == "missing"), None)


# --- small things -----------------------------------------------------------------------------------------------------


def _grouped(keyed: Mapping[int, _Key]) -> dict[_Key, list[int]]:
    rows: dict[_Key, list[int]] = {}
    for index, key in keyed.items():
        rows.setdefault(key, []).append(index)
    return rows


def _merged(columns: Sequence[Sequence[_Key]]) -> list[_Key]:
    """The rows of both columns: the first one's in order, each of the second's behind the one it followed there."""
    if len(columns) < 2:
        return list(columns[0]) if columns else []
    first, second = columns
    known = set(first)
    behind: dict[_Key | None, list[_Key]] = {}
    last: _Key | None = None
    for key in second:
        if key in known:
            last = key
        else:
            behind.setdefault(last, []).append(key)
    return [*behind.get(None, []), *(row for key in first for row in (key, *behind.get(key, [])))]


def _in_turn(columns: Sequence[Sequence[Span]]) -> list[Span]:
    """Each span once, in turn from either side: the first few are of both configurations."""
    once = [list(dict.fromkeys(column)) for column in columns]
    return [span for turn in zip_longest(*once) for span in turn if span is not None]


def _exchange(key: _Key) -> object:
    """The quick mode of a row; None for phase 1."""
    name, rest = key
    if name == "INFO" and isinstance(rest, tuple):
        return _exchange(rest)
    return rest


def _after(seen: Iterable[str], names: Sequence[str]) -> Sequence[str]:
    """The names behind the last one that was seen."""
    last = max((names.index(name) for name in seen if name in names), default=-1)
    return names[last + 1 :]


def _anchor(number: int, key: _Key) -> str:
    name, rest = key
    if name == "INFO" and isinstance(rest, tuple):
        return f"{_anchor(number, rest)}-info"
    suffix = f"-{rest:08x}" if isinstance(rest, int) else ""
    return f"n{number}-{name or 'start'}{suffix}"
