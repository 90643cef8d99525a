"""The text form: the ladder as a picture, debugs with their configuration lines, shows, a verdict. Finds nothing out.

Everything comes in as plain values and goes out as one string. Width and colour are the caller's to know: a terminal
has both, a file has neither (`width=None`: no line is wrapped, one debug after the other).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import groupby, zip_longest
from pathlib import PurePath
from textwrap import wrap
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from mainmode.config.vocabulary import protocol_name
from mainmode.events import Entry
from mainmode.explain.ladder import Ladder, Negotiation, Phase2, Rung
from mainmode.explain.report.json import written
from mainmode.explain.report.strings import words
from mainmode.language import Lang
from mainmode.span import Span
from mainmode.steps import MESSAGES

PICTURE_WIDTH: Final = 72, 100
"""Columns of the ladder, at least and at most; more would only draw the arrows longer."""

COLUMN: Final = 72
"""A debug narrower than this is not worth reading beside another one."""

MARGIN: Final = 26, 70
"""Columns of configuration beside the debug: at least, at most, a third of the width in between."""

ORIGINS: Final = 3
"""Configuration lines shown for one debug line; the first is the most telling."""

TRANSIT: Final = 4.0
"""Seconds within which a message arrives, if it does: no box repeats one sooner than after 8."""

_DAY: Final = 86400

_GUTTER: Final = 15
"""Time and message before a debug line."""


@dataclass(frozen=True, slots=True)
class Side:
    """One box: its name, what it said and how that is laid out."""

    name: str
    entries: Sequence[Entry]
    spoken: Sequence[str]
    """Each entry as the box prints it; a record keeps its line breaks."""
    ladder: Ladder
    origins: Sequence[Sequence[Span]] = ()
    """Each entry's configuration lines; empty without a configuration."""
    shows: Mapping[str, str] = field(default_factory=dict)
    """By command: `show crypto isakmp sa` and what it printed."""
    run: int = 0
    """Which run of the lab it is from: only what was heard in one run can be two ends of one negotiation."""

    def at(self, entry: int) -> float | None:
        return self.entries[entry].at

    def time(self, entry: int) -> str:
        """When that was, to be read: the time of day of a log, the seconds of a run; empty where nobody told."""
        at = self.at(entry)
        if at is None:
            return ""
        if self.entries[entry].where is None:
            return f"{at:.3f}"
        seconds = int(at) % _DAY
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def lab(
    a: Side,
    b: Side,
    verdict: str,
    *,
    established: bool,
    width: int | None,
    colour: bool = False,
    annotate: bool = False,
    diagnoses: Sequence[str] = (),
    lang: Lang = "en",
) -> str:
    """What `mainmode lab` prints: the ladder, debugs, `show`s, the diagnoses, the verdict in the last line."""
    lines = [*picture(a, b, width=width, lang=lang), Text()]
    lines += debugs([a, b], width=width, annotate=annotate, lang=lang)
    for side in (a, b):
        lines += shows(side)
    for block in diagnoses:
        lines += [Text(line) for line in block.splitlines()] + [Text()]
    lines.append(Text(verdict, style="bold green" if established else "bold red"))
    return render(lines, width=width, colour=colour)


def render(lines: Iterable[Text], *, width: int | None, colour: bool) -> str:
    """Styled lines as one string, with the terminal's colour codes or without any."""
    out = StringIO()
    console = Console(
        file=out,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        width=max(width or 0, 10_000),  # the lines are as wide as they should be: the console wraps none
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in lines:
        console.print(line, soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


# --- the ladder ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message, or one repetition of it, on its way between the two boxes."""

    at: float | None
    time: str
    """`at` as `Side.time` has it."""
    order: int
    rung: Rung
    rightwards: bool
    arrived: bool = True
    again: bool = False


def picture(
    left: Side, right: Side | None = None, *, width: int | None = None, peer: str = "", lang: Lang = "en"
) -> list[Text]:
    """The ladder between two boxes on one clock, or between one box and its `peer`, of whom only it tells."""
    say = words(lang)
    least, most = PICTURE_WIDTH
    width = min(max(width or most, least), most)
    lines: list[Text] = []
    theirs = right.ladder.negotiations if right is not None else ()
    for number, (ours, other) in enumerate(zip_longest(left.ladder.negotiations, theirs)):
        if number:
            lines.append(Text())
        lines += _ends(left, right, ours, other, width, peer, say)
        drawn = sorted(
            arrows(left, right, ours, other), key=lambda arrow: (arrow.at is None, arrow.at or 0.0, arrow.order)
        )
        for message_id, group in groupby(drawn, key=lambda arrow: _exchange(arrow.rung)):
            if message_id is not None:
                lines.append(_quick_mode_heading(message_id, ours or other, say))
            lines += [_draw(arrow, width, say) for arrow in group]
    return lines


def _ends(
    left: Side,
    right: Side | None,
    ours: Negotiation | None,
    other: Negotiation | None,
    width: int,
    peer: str,
    say: Callable[..., str],
) -> list[Text]:
    """The heading: who stands at which end, and how it ended for each."""
    far = right.name if right is not None else peer or str(ours.peer if ours else "")
    inner = width - _GUTTER
    near_end, far_end = _ending(ours, say), _ending(other, say) if right is not None else ""
    rows = [(left.name, far, "bold")]
    if cell_len(near_end) + cell_len(far_end) < inner:
        rows.append((near_end, far_end, ""))
    else:
        rows += [(near_end, "", ""), ("", far_end, "")]
    return [
        Text(" " * _GUTTER + a + " " * (inner - cell_len(a) - cell_len(b)) + b, style=style) for a, b, style in rows
    ]


def _ending(found: Negotiation | None, say: Callable[..., str]) -> str:
    if found is None:
        return say("text.unheard")
    state = [found.phase1.state] if found.phase1.state else []
    return say("comma").join([say(found.role), say(found.outcome), *state])


def _exchange(rung: Rung) -> int | None:
    """The message id of a quick mode's message."""
    return rung.message_id if rung.name.startswith("QM") else None


def _quick_mode_heading(message_id: int, found: Negotiation | None, say: Callable[..., str]) -> Text:
    quick = next((q for q in (found.phase2 if found else ()) if q.message_id == message_id), None)
    return Text(" " * _GUTTER + say("text.quick", id=f"{message_id:08x}") + traffic(quick), style="dim")


def traffic(quick: Phase2 | None) -> str:
    """The two ends of a quick mode's traffic, or nothing."""
    if quick is None or quick.local is None or quick.remote is None:
        return ""
    return f"  {protocol_name(quick.local.protocol)} {written(quick.local)} <-> {written(quick.remote)}"


def arrows(
    left: Side,
    right: Side | None,
    ours: Negotiation | None,
    other: Negotiation | None,
    *,
    one_clock: bool = True,
) -> Iterator[Arrow]:
    """Every message of a negotiation as both ends, or the left one alone, tell it; first all that the left one sent.

    Without `one_clock` the two ends' times are not held against each other.
    """
    for side, found, far_side, far in ((left, ours, right, other), (right, other, left, ours)):
        if side is None or found is None:
            continue
        images = {_image(rung): rung for rung in reversed(far.messages)} if far else {}
        # A message that could not be decrypted is no rung at its receiver, and yet it came.
        spoken_of = {far_side.ladder.places[index].stage for index in far.lines} if far and far_side else set()
        for order, rung in enumerate(found.messages):
            image = images.get((rung.name, rung.message_id, rung.direction))
            if rung.direction == "received":
                # The sender draws what both saw. One box alone, or a message that only its receiver logged:
                if image is None:
                    for entry in (rung.entry, *rung.retransmissions):
                        yield Arrow(
                            side.at(entry), side.time(entry), order, rung, side is not left, again=entry != rung.entry
                        )
                continue
            sent = [rung.entry, *rung.retransmissions]
            if image is None and rung.name in spoken_of and rung.name in MESSAGES:
                arrivals = [True] * len(sent)
            else:
                arrivals = _arrivals(side, sent, far_side, image, one_clock)
            for entry, arrived in zip(sent, arrivals, strict=True):
                yield Arrow(side.at(entry), side.time(entry), order, rung, side is left, arrived, entry != rung.entry)


def _image(rung: Rung) -> tuple[str, int, str]:
    """What the far end calls the same message."""
    return rung.name, rung.message_id, "sent" if rung.direction == "received" else "received"


def _arrivals(
    side: Side, sent: Sequence[int], far_side: Side | None, image: Rung | None, one_clock: bool
) -> list[bool]:
    """Which of the times a message was sent it came through."""
    if far_side is None:
        return [True] * len(sent)
    if image is None:
        return [False] * len(sent)
    if not one_clock:
        # It was repeated for want of an answer, so what came through is rather the last ones.
        lost = max(0, len(sent) - 1 - len(image.retransmissions))
        return [False] * lost + [True] * (len(sent) - lost)
    times = [at for entry in sent if (at := side.at(entry)) is not None]
    arrivals = [at for entry in (image.entry, *image.retransmissions) if (at := far_side.at(entry)) is not None]
    if len(times) != len(sent) or not arrivals:
        return [True] * len(sent)
    arrived = [False] * len(sent)
    for at in arrivals:
        waiting = [number for number, time in enumerate(times) if not arrived[number] and time <= at]
        soon = [number for number in waiting if at - times[number] < TRANSIT]
        for number in (soon or waiting)[:1]:
            arrived[number] = True
    return arrived


def _draw(arrow: Arrow, width: int, say: Callable[..., str]) -> Text:
    """One row: time, name, and the arrow with payloads and length on it."""
    rung = arrow.rung
    thin = arrow.again or rung.name == "INFO"
    dash = "." if thin else "-"
    on_it = say("text.again") if arrow.again else payloads(rung)
    length = "" if arrow.again or not rung.length else f" {rung.length} "
    inner = width - _GUTTER - 2
    on_it = _cut(on_it, inner - len(length) - 9)  # two heads, two blanks, a dash
    tail = dash * 3
    if not arrow.arrived:
        tail = tail[:-1] + "x" if arrow.rightwards else "x" + tail[1:]
    elif arrow.rightwards:
        tail = tail[:-1] + ">"
    head = dash * 3 if arrow.rightwards or not arrow.arrived else "<" + dash * 2
    if arrow.rightwards:
        body = f"{head} {on_it} "
        line = body + dash * max(1, inner - cell_len(body) - len(length) - len(tail)) + length + tail
    else:
        start = tail if not arrow.arrived else head
        body = f"{start} {on_it} "
        line = body + dash * max(1, inner - cell_len(body) - len(length) - 3) + length + dash * 3
    text = Text(f"{arrow.time:>8}  ")
    text.append(f"{rung.name:<5}", style="dim cyan" if thin else "bold cyan")
    text.append(f"|{line}|", style="dim" if thin else "" if arrow.arrived else "red")
    return text


def payloads(rung: Rung) -> str:
    """`KE, NONCE, VENDOR x4, NAT-D x2`, and for an informational message what it is about."""
    counted = [(name, len(list(group))) for name, group in groupby(rung.payloads)]
    names = ", ".join(name if count == 1 else f"{name} x{count}" for name, count in counted)
    return f"{names}: {rung.note}" if rung.note else names


# --- debugs -------------------------------------------------------------------------------------------------------


def debugs(sides: Sequence[Side], *, width: int | None, annotate: bool = False, lang: Lang = "en") -> list[Text]:
    """What the boxes said: in time's order side by side where there is room, else one after the other."""
    say = words(lang)
    margin = MARGIN[0] if annotate else 0
    column = None if width is None else (width - 3 * (len(sides) - 1)) // len(sides)
    if len(sides) > 1 and column is not None and column >= COLUMN + margin:
        return _side_by_side(sides, column, annotate, say)
    lines: list[Text] = []
    for side in sides:
        lines.append(_heading(side, say))
        for _, rows in _spoken(side, width, annotate):
            lines += rows
        lines.append(Text())
    return lines


def _heading(side: Side, say: Callable[..., str]) -> Text:
    return Text(say("text.debug", name=side.name, count=len(side.entries)), style="bold")


def _side_by_side(sides: Sequence[Side], column: int, annotate: bool, say: Callable[..., str]) -> list[Text]:
    lines = [Text(" | ").join(_padded(_heading(side, say), column) for side in sides)]
    spoken = [(at, number, rows) for number, side in enumerate(sides) for at, rows in _spoken(side, column, annotate)]
    # A stable sort: what happened at one moment stays in the order of the sides.
    for _, number, rows in sorted(spoken, key=lambda item: item[0] or 0.0):
        for row in rows:
            cells = [row if other == number else Text() for other in range(len(sides))]
            lines.append(Text(" | ").join(_padded(cell, column) for cell in cells))
    return [*lines, Text()]


def _spoken(side: Side, width: int | None, annotate: bool) -> Iterator[tuple[float | None, list[Text]]]:
    """Each entry with its time: gutter, margin if asked for, and the line, wrapped where there is a width."""
    margin = _margin(width) if annotate and side.origins else 0
    room = None if width is None else max(20, width - _GUTTER - margin)
    before: tuple[str, str] | None = None
    before_notes: list[str] = []
    for index, spoken in enumerate(side.spoken):
        stage, at = side.ladder.places[index].stage, side.at(index)
        gutter = (side.time(index), stage)
        notes = [_note(span, margin - 2) for span in side.origins[index][:ORIGINS]] if margin else []
        # What stands in the row above already is not said again.
        shown = [] if notes == before_notes else notes
        texts = [row for line in spoken.split("\n") for row in _wrapped(line, room)]
        rows = []
        for number, (note, text) in enumerate(zip_longest(shown, texts, fillvalue="")):
            row = Text(f"{gutter[0]:>8}  " if number == 0 and gutter != before else " " * 10)
            row.append(f"{stage if number == 0 and gutter != before else '':<5}", style="cyan")
            if margin:
                row.append(set_cell_size(note, margin), style="dim")
            row.append(text)
            rows.append(row)
        before, before_notes = gutter, notes
        yield at, rows


def _margin(width: int | None) -> int:
    least, most = MARGIN
    return most if width is None else min(most, max(least, width // 3))


def _note(span: Span, width: int) -> str:
    return _cut(f"{PurePath(span.file).name}:{span.line}: {span.text.strip()}", width)


def _cut(words: str, width: int) -> str:
    return words if cell_len(words) <= width else set_cell_size(words, width - 1) + "…"


def _wrapped(line: str, width: int | None) -> list[str]:
    """One printed line on as many rows as it takes; what goes on is indented by four."""
    if width is None or cell_len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [line]


def _padded(text: Text, width: int) -> Text:
    padded = text.copy()
    padded.pad_right(max(0, width - padded.cell_len))
    return padded


# --- shows --------------------------------------------------------------------------------------------------------


def shows(side: Side) -> list[Text]:
    """Each `show` as at the box's prompt."""
    lines: list[Text] = []
    for command, output in side.shows.items():
        lines.append(Text(f"{side.name}# {command}", style="bold"))
        lines += [Text(line) for line in output.rstrip("\n").split("\n")]
        lines.append(Text())
    return lines


def verdict(
    a: Side, b: Side, delivered: Mapping[str, int], seconds: float, *, established: bool, lang: Lang = "en"
) -> str:
    """One sentence on how a lab run ended."""
    say = words(lang)
    if established:
        there, back = delivered["a_to_b"], delivered["b_to_a"]
        return say("verdict.up", a=a.name, b=b.name, there=there, back=back, seconds=seconds)
    return say("verdict.down", a=a.name, b=b.name, stopped_a=_stopped(a, say), stopped_b=_stopped(b, say))


def _stopped(side: Side, say: Callable[..., str]) -> str:
    """Where a side stands that has no tunnel."""
    if not side.ladder.negotiations:
        return say("stopped.no.peer" if side.entries else "stopped.silent")
    last = side.ladder.negotiations[-1]
    reached = say("reached", message=last.reached) if last.reached else say("reached.nothing")
    if last.expected is not None:
        name, direction = last.expected
        reached += say("waits" if direction == "received" else "did.not.send", message=name)
    return f"{reached} ({last.phase1.state})" if last.phase1.state else reached
