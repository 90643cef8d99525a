"""The HTML form: one page that needs nothing but itself. Knows how things look, finds nothing out.

Everything that is shown was pasted by somebody, or sent by a peer: it is text and never markup. The template escapes
all of it, characters that could hide or reorder what a reader sees are written as escapes, and the page's own policy
forbids whatever slipped through: nothing is loaded, no script runs, and no style but the page's own applies.

The ladder stands in three columns, as the tech note draws it: what the initiator said, the message and the
configuration it comes from, what the responder said.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mainmode import __version__, steps
from mainmode.config.finding import Finding
from mainmode.config.reader import Reading
from mainmode.config.source import masked
from mainmode.explain.case import Log
from mainmode.explain.diagnose import cases
from mainmode.explain.diagnosis import Diagnosis, Fix, Lang
from mainmode.explain.ladder import Negotiation, Phase2
from mainmode.explain.paste import Source
from mainmode.explain.report.strings import words
from mainmode.explain.report.text import ORIGINS, Arrow, Side, arrows, payloads, traffic
from mainmode.span import Span

TEMPLATES: Final = Path(__file__).parent / "templates"

BUDGET: Final = 23_000_000
"""Bytes of one page, about: mail servers take 25 MB and browsers open it. What is more is counted, not shown."""

LINE_COST: Final = 40
ARROW_COST: Final = 400
ROW_COST: Final = 500
SECTION_COST: Final = 700
DIAGNOSIS_COST: Final = 3_000
"""Bytes of markup around a debug line, an arrow, a row, a negotiation, a diagnosis; rather too much than too little."""

ANNOTATED: Final = 20_000
"""Debug lines up to which each has its configuration lines beside it; in longer logs each message has them."""

RUNG_ORIGINS: Final = 8
"""Configuration lines shown for one message."""

BACKLINKS: Final = 6
"""Debug lines that a configuration line points back to, for each side."""

OPEN_SECTIONS: Final = 3
OPEN_QUICK_MODES: Final = 4
"""So many are unfolded when the page opens, besides those a diagnosis speaks of."""

OVERVIEW: Final = 40
"""Rows of the small ladder above a negotiation."""

ROW: Final = 38
"""Height of such a row, in pixels."""

# --- hostile text -------------------------------------------------------------------------------------------------

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, marks that turn the writing direction, blanks without width, halves of characters: nobody sees them."""


def visible(text: object) -> Markup:
    """Text as markup: escaped, and what cannot be seen written out as `\\x1b`, `\\u202e`."""
    if isinstance(text, Markup):
        return text
    return escape(_UNSEEN.sub(_written, str(text)))


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_QUOTED: Final = re.compile(r"`([^`\n]+)`")


def prose(text: str) -> Markup:
    """A sentence of ours, with the commands in it set as such."""
    parts = _QUOTED.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(visible(part)) if number % 2 else visible(part)
        for number, part in enumerate(parts)
    )


# --- what is handed in --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """A configuration as it was given, without its keys."""

    file: str
    lines: Sequence[str]
    notes: Mapping[int, str] = field(default_factory=dict)
    """By line: why it is not done in full."""

    @classmethod
    def of(cls, reading: Reading, text: str) -> Listing:
        """The text that was read. What the reader found to be a secret is masked, and what merely looks like one."""
        known = {treatment.span.line: treatment.span.text for treatment in reading.support}
        notes = {treatment.span.line: treatment.note for treatment in reading.support if treatment.note}
        lines = [masked(known.get(number, line)) for number, line in enumerate(text.splitlines(), 1)]
        return cls(reading.config.file, lines, notes)


# --- what the template sees ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Link:
    """A place on the page; `href` is empty when it is not there."""

    href: str
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One statement in a column."""

    anchor: str
    number: int
    text: str
    more: str
    """The rest of a record."""
    origins: Sequence[_Link]
    evidence: bool


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one box said about one message."""

    lines: Sequence[_Line] = ()
    omitted: int = 0

    def __bool__(self) -> bool:
        return bool(self.lines or self.omitted)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One arrow."""

    name: str
    rightwards: bool
    payloads: str
    at: str
    sent: int | None
    received: int | None
    arrived: bool = True
    missing: bool = False


RowKind = Literal["message", "info", "missing", "quiet"]


@dataclass(frozen=True, slots=True)
class _Row:
    """One rung: the message, what either box said about it, and the configuration it comes from."""

    anchor: str
    kind: RowKind
    arrows: Sequence[_Drawn] = ()
    again: Sequence[_Drawn] = ()
    left: _Cell = _Cell()
    right: _Cell = _Cell()
    left_again: _Cell = _Cell()
    right_again: _Cell = _Cell()
    origins: Sequence[_Link] = ()
    stopped: bool = False

    @property
    def told(self) -> _Drawn:
        """The arrow that stands for the row in the small ladder: one that arrived, if any did."""
        return next((arrow for arrow in (*self.arrows, *self.again) if arrow.arrived), self.arrows[0])


@dataclass(frozen=True, slots=True)
class _Group:
    """Phase 1, or one quick mode."""

    heading: str
    outcome: str
    traffic: str
    rows: Sequence[_Row]
    open: bool


@dataclass(frozen=True, slots=True)
class _End:
    """One end of the ladder."""

    name: str
    heard: bool
    role: str
    """Key of the word for it."""
    outcome: str
    state: str


@dataclass(frozen=True, slots=True)
class _Section:
    """One negotiation."""

    anchor: str
    peer: str
    left: _End
    right: _End
    outcome: str
    ids: Sequence[str]
    groups: Sequence[_Group]
    overview: Sequence[_Row]
    """The rows of the small ladder: those with an arrow."""
    omitted: int
    """Debug lines for which there was no room on the page."""
    open: bool


# --- the page -----------------------------------------------------------------------------------------------------


def lab(
    a: Side,
    b: Side,
    verdict: str,
    *,
    established: bool,
    diagnoses: Sequence[Diagnosis] = (),
    listings: Sequence[Listing] = (),
    lang: Lang = "en",
) -> str:
    """What `mainmode lab --format html` writes. `listings` are both sites' configurations, a's first."""
    title = words(lang)("title.lab", a=a.name, b=b.name)
    page = _Page(lang, (a, b), diagnoses, listings, names=(a.name, b.name), one_clock=True)
    return page.render("ladder.html", title=title, verdict=verdict, established=established)


def explain(
    sides: Sequence[Side],
    diagnoses: Sequence[Diagnosis],
    *,
    listings: Sequence[Listing] = (),
    sources: Sequence[Source] = (),
    lang: Lang = "en",
) -> str:
    """What `mainmode explain --format html` writes. `sides` and `sources` are the logs, in their order."""
    names = tuple(PurePath(listing.file).name for listing in listings) or tuple(side.name for side in sides)
    page = _Page(lang, sides, diagnoses, listings, sources, names)
    established = not any(diagnosis.failure for diagnosis in diagnoses) and page.established
    return page.render("ladder.html", title=page.say("title.explain"), verdict="", established=established)


def check(
    listings: Sequence[Listing],
    findings: Sequence[Sequence[Finding]],
    *,
    diagnoses: Sequence[Diagnosis] = (),
    sides: Sequence[Side] = (),
    lang: Lang = "en",
) -> str:
    """What `mainmode check --format html` writes: each configuration with its findings, and those of the pair."""
    names = tuple(PurePath(listing.file).name for listing in listings)
    page = _Page(lang, sides, diagnoses, listings, names=names, one_clock=True)
    found = [(finding, page.config_link(finding.span)) for one in findings for finding in one]
    well = not any(finding.severity == "problem" for finding, _ in found)
    well = well and not any(diagnosis.failure for diagnosis in diagnoses)
    title = page.say("title.check", files=", ".join(names))
    return page.render("ladder.html", title=title, verdict="", established=well, findings=found, checked=True)


class _Page:
    """Gathers what the template shows, and which anchors there are."""

    def __init__(
        self,
        lang: Lang,
        sides: Sequence[Side],
        diagnoses: Sequence[Diagnosis],
        listings: Sequence[Listing],
        sources: Sequence[Source] = (),
        names: Sequence[str] = (),
        *,
        one_clock: bool = False,
    ) -> None:
        self.lang = lang
        self.say = words(lang)
        self.sides = sides
        self.diagnoses = diagnoses
        self.listings = listings
        self.sources = sources
        self.names = names
        self.one_clock = one_clock
        self._files = {listing.file: number for number, listing in enumerate(listings)}
        self._anchors = [_anchors(number, side) for number, side in enumerate(sides)]
        self._evidence = {(one.source, one.entry) for diagnosis in diagnoses for one in diagnosis.evidence}
        self._budget = BUDGET - DIAGNOSIS_COST * len(diagnoses)
        self.annotated = sum(len(side.entries) for side in sides) <= ANNOTATED
        self.sections = self._sections()
        self.homeless = [self._homeless(number) for number in range(len(sides))]

    def render(self, template: str, **values: object) -> str:
        style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
        digest = b64encode(sha256(style.encode()).digest()).decode()
        values = {
            "findings": (),
            "checked": False,
            **values,
            "page": self,
            "lang": self.lang,
            "say": self.say,
            "prose": prose,
            "style": Markup(style),  # noqa: S704 - our own file
            "policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
            "form-action 'none'",
            "backlinks": self._backlinks(),
            "version": __version__,
            "overview_rows": OVERVIEW,
            "row_height": ROW,
            "origins_shown": ORIGINS,
        }
        return _environment().get_template(template).render(values).lstrip()

    @property
    def established(self) -> bool:
        return bool(self.sections) and all(section.outcome == "established" for section in self.sections)

    # -- links --

    def evidence_links(self, diagnosis: Diagnosis) -> list[_Link]:
        links = []
        for one in diagnosis.evidence:
            known = one.source < len(self.sides)
            href, said = "", one.text
            if one.entry is not None and known:
                href = f"#{self._anchors[one.source][one.entry]}"
                said = _spoken(self.sides[one.source], one.entry).partition("\n")[0]  # whole, where it was wrapped
            elif one.entry is None and one.source < len(self.sources):
                href = f"#S{one.source}-{one.line}"  # in a `show`
            label = self.say("line", line=one.line or (one.entry or 0) + 1)
            if known and len(self.sides) > 1:
                label = f"{self.sides[one.source].name}, {label}"
            links.append(_Link(href, label, said))
        return links

    def config_link(self, span: Span | None) -> _Link | None:
        if span is None:
            return None
        number = self._files.get(span.file)
        label = f"{PurePath(span.file).name}:{span.line}"
        return _Link("" if number is None else f"#c{number}-{span.line}", label, span.text.strip())

    def config_links(self, spans: Iterable[Span], limit: int) -> list[_Link]:
        links = {(span.file, span.line): self.config_link(span) for span in spans}
        return [link for link in list(links.values())[:limit] if link is not None]

    def section_link(self, diagnosis: Diagnosis) -> str:
        """Where the negotiation of a diagnosis stands."""
        place = self._numbers.get(diagnosis.negotiation) if diagnosis.negotiation is not None else None
        return "" if place is None else f"#n{place}"

    masked = staticmethod(masked)

    def site(self, fix: Fix) -> str:
        number = 0 if fix.site == "a" else 1
        return self.names[number] if number < len(self.names) else fix.site

    def _backlinks(self) -> list[dict[int, tuple[list[_Link], int]]]:
        """For each configuration and line: the debug lines that come from it, and how many more there are."""
        found: list[dict[int, tuple[list[_Link], int]]] = [{} for _ in self.listings]
        for number, side in enumerate(self.sides):
            counts: dict[Span, int] = {}
            for entry, spans in enumerate(side.origins):
                for span in spans[:ORIGINS]:
                    file = self._files.get(span.file)
                    if file is None:
                        continue
                    links, more = found[file].get(span.line, ([], 0))
                    counts[span] = counts.get(span, 0) + 1
                    if counts[span] <= BACKLINKS and (number, entry) not in self._omitted:
                        label = f"{side.name}:{_number(side, entry)}"
                        links.append(_Link(f"#{self._anchors[number][entry]}", label))
                    else:
                        more += 1
                    found[file][span.line] = links, more
        return found

    # -- negotiations --

    def _sections(self) -> list[_Section]:
        self._omitted: set[tuple[int, int]] = set()
        self._numbers: dict[int, int] = {}
        """Section by the number of a negotiation, counted over all logs."""
        pairs = self._pairs()
        firsts = [0]
        for side in self.sides:
            firsts.append(firsts[-1] + len(side.ladder.negotiations))
        for number, pair in enumerate(pairs):
            self._numbers.update({firsts[source] + index: number for source, index in pair})
        accused = {
            self._numbers[diagnosis.negotiation]: diagnosis.stage
            for diagnosis in reversed(self.diagnoses)
            if diagnosis.failure and diagnosis.negotiation in self._numbers
        }
        sections: dict[int, _Section] = {}
        # What a diagnosis speaks of comes first where there is not room for everything.
        for number in sorted(range(len(pairs)), key=lambda number: (number not in accused, number)):
            opened = len(sections) < OPEN_SECTIONS if accused else number < OPEN_SECTIONS
            is_open = opened and (number in accused or not accused or len(pairs) <= OPEN_SECTIONS)
            sections[number] = self._section(number, pairs[number], accused.get(number, ""), is_open)
        return [sections[number] for number in range(len(pairs))]

    def _pairs(self) -> list[tuple[tuple[int, int], ...]]:
        """Each negotiation as (log, number in its ladder), once or, where both ends were heard, twice."""
        if len(self.sides) < 2:
            return [((0, number),) for side in self.sides for number in range(len(side.ladder.negotiations))]
        logs = []
        first = 0
        for source, side in enumerate(self.sides):
            logs.append(Log(source, side.entries, side.ladder, first))
            first += len(side.ladder.negotiations)
        return [
            views
            for case in cases(logs, ())
            if (views := tuple((view.log.source, view.number) for view in case.views if view.number is not None))
        ]

    def _section(self, number: int, pair: tuple[tuple[int, int], ...], stage: str, is_open: bool) -> _Section:
        ends = [(source, self.sides[source].ladder.negotiations[index]) for source, index in pair]
        # The initiator stands at the left, wherever somebody says who it was.
        first, second = ends[0], ends[1] if len(ends) == 2 else None
        swapped = first[1].role == "responder" or (second is not None and second[1].role == "initiator")
        left, right = (second, first) if swapped else (first, second)
        self._budget -= SECTION_COST
        no_room = self._budget <= 0
        if no_room:
            self._omitted.update((source, index) for source, told in ends for index in told.lines)
        groups = [] if no_room else _Builder(self, number, left, right, stage).groups()
        drawn = [row for group in groups for row in group.rows if row.arrows] if is_open or self.annotated else []
        told = [negotiation for _, negotiation in ends]
        quick = {q.message_id: q for negotiation in told for q in negotiation.phase2}
        return _Section(
            f"n{number}",
            str(told[0].peer or ""),
            self._end(left, right),
            self._end(right, left),
            _worst([negotiation.outcome for negotiation in told]),
            [f"{message_id:08x}" for message_id in quick if message_id is not None],
            groups,
            drawn,
            sum(len(negotiation.lines) for negotiation in told) if no_room else 0,
            is_open,
        )

    def _end(self, end: tuple[int, Negotiation] | None, other: tuple[int, Negotiation] | None) -> _End:
        """Who stands there; a box of which nothing was heard has no outcome."""
        if end is not None:
            source, told = end
            return _End(self.sides[source].name, True, told.role, told.outcome, told.phase1.state)
        if self.one_clock and other is not None and len(self.sides) == 2:
            return _End(self.sides[1 - other[0]].name, False, "stopped.no.peer", "", "")
        peer = other[1].peer if other is not None else None
        return _End(str(peer) if peer else self.say("unknown.peer"), False, "not.heard", "", "")

    def charge(self, cost: int) -> None:
        """Take room on the page."""
        self._budget -= cost

    def _homeless(self, source: int) -> _Cell:
        places = self.sides[source].ladder.places
        return self.cell(source, [index for index, place in enumerate(places) if place.negotiation is None])

    # -- lines --

    def cell(self, source: int, indexes: Sequence[int]) -> _Cell:
        """These entries of one log, as far as there is room on the page."""
        side = self.sides[source]
        lines = []
        for index in indexes:
            spoken = _spoken(side, index)
            evidence = (source, index) in self._evidence
            if self._budget < len(spoken) and not evidence:
                self._omitted.add((source, index))
                continue
            self._budget -= len(spoken.encode(errors="replace")) + LINE_COST
            first, _, more = spoken.partition("\n")
            spans = side.origins[index][:ORIGINS] if side.origins and self.annotated else ()
            origins = self.config_links(spans, ORIGINS)
            lines.append(_Line(self._anchors[source][index], _number(side, index), first, more, origins, evidence))
        return _Cell(lines, len(indexes) - len(lines))


_Key = tuple[str, object]
"""A row: the message's name and id; for what stands between messages `INFO` and the message before it."""

_QUIET: Final = ""


class _Builder:
    """The rows of one negotiation."""

    def __init__(
        self,
        page: _Page,
        number: int,
        left: tuple[int, Negotiation] | None,
        right: tuple[int, Negotiation] | None,
        stage: str,
    ) -> None:
        self.page = page
        self.number = number
        self.left = left
        self.right = right
        self.stage = stage
        self.told = [end[1] for end in (left, right) if end is not None]
        self._keys = {
            at_left: dict(self._keyed(end)) for at_left, end in ((True, left), (False, right)) if end is not None
        }
        self._rows_of = {at_left: _grouped(keyed) for at_left, keyed in self._keys.items()}  # key -> entries

    def groups(self) -> list[_Group]:
        drawn = self._drawn()
        order = _merged([list(rows) for rows in self._rows_of.values()])
        rows: dict[object, list[_Row]] = {}
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
            groups.append(_Group(self._heading(exchange), outcome, traffic(mode).strip(), found, is_open))
        return groups

    def _heading(self, exchange: object) -> str:
        if exchange is None:
            return self.page.say("phase1")
        if isinstance(exchange, int):
            return self.page.say("quick", id=f"{exchange:08x}")
        return self.page.say("quick.unnamed")

    def _quick_mode(self, exchange: object) -> Phase2 | None:
        wanted = exchange if isinstance(exchange, int) else None
        return next((q for told in self.told for q in told.phase2 if q.message_id == wanted), None)

    # -- entries and arrows to rows --

    def _keyed(self, end: tuple[int, Negotiation]) -> Iterator[tuple[int, _Key]]:
        """Each entry with its row."""
        source, told = end
        places = self.page.sides[source].ladder.places
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

    def _drawn(self) -> dict[_Key, tuple[list[_Drawn], list[_Drawn]]]:
        """For each row its arrows, and those of repetitions."""
        sides = self.page.sides
        heard = self.left or self.right
        if heard is None:
            return {}
        other = self.right if self.left is not None else None
        far = sides[other[0]] if other is not None else None
        if far is None and self.page.one_clock and len(sides) == 2:
            far = sides[1 - heard[0]]  # the lab's other site was listened to, and heard nothing
        mirrored = self.left is None
        found = arrows(
            sides[heard[0]], far, heard[1], other[1] if other is not None else None, one_clock=self.page.one_clock
        )
        lengths = self._received_lengths()
        rows: dict[_Key, tuple[list[_Drawn], list[_Drawn]]] = {}
        ordered = sorted(found, key=lambda arrow: (arrow.at or 0.0) if self.page.one_clock else 0.0)
        for arrow in ordered:
            rightwards = arrow.rightwards != mirrored
            own = rightwards == (arrow.rung.direction == "sent")
            key = self._keys[own].get(arrow.rung.entry)
            if key is not None:
                rows.setdefault(key, ([], []))[arrow.again].append(_arrow(arrow, rightwards, lengths))
        return rows

    def _received_lengths(self) -> dict[tuple[str, int], int]:
        return {
            (rung.name, rung.message_id): rung.length
            for told in self.told
            for rung in told.messages
            if rung.direction == "received"
        }

    def _row(self, key: _Key, drawn: tuple[list[_Drawn], list[_Drawn]]) -> _Row:
        first, again = drawn
        self.page.charge(ROW_COST + ARROW_COST * (len(first) + len(again)))
        cells = {}
        spans: dict[Span, None] = {}
        for at_left, end in ((True, self.left), (False, self.right)):
            indexes = self._rows_of.get(at_left, {}).get(key, [])
            if end is None:
                cells[at_left] = _Cell(), _Cell()
                continue
            source, told = end
            repeated = min(
                (rung.retransmissions[0] for rung in told.messages
                 if rung.retransmissions and self._keys[at_left].get(rung.entry) == key and key[0] != "INFO"),
                default=None,
            )  # fmt: skip
            cut = len(indexes) if repeated is None else sum(index < repeated for index in indexes)
            cells[at_left] = self.page.cell(source, indexes[:cut]), self.page.cell(source, indexes[cut:])
            origins = self.page.sides[source].origins
            for index in indexes if origins and self.page.annotated else ():
                spans.update(dict.fromkeys(origins[index]))
        kind: RowKind = "info" if key[0] == "INFO" else "message" if first or again else "quiet"
        if kind == "info":
            first, again = [*first, *again], []
        return _Row(
            _anchor(self.number, key),
            kind,
            first,
            again,
            cells[True][0],
            cells[False][0],
            cells[True][1],
            cells[False][1],
            self.page.config_links(spans, RUNG_ORIGINS) if kind != "info" else (),
        )

    # -- what never came --

    def _missing(self, order: Sequence[_Key]) -> Iterator[tuple[object, list[_Row]]]:
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

    def _never(self, name: str, exchange: object) -> _Row:
        self.page.charge(ROW_COST + ARROW_COST)
        starts_left = True
        mode = self._quick_mode(exchange) if exchange is not None else None
        if mode is not None:
            teller = next(told for told in self.told if mode in told.phase2)
            at_left = self.left is not None and teller is self.left[1]
            starts_left = mode.role == "unknown" or (mode.role == "initiator") == at_left
        by_initiator = steps.BY_MESSAGE[name].receiver == "responder"
        arrow = _Drawn(name, by_initiator == starts_left, "", "", None, None, arrived=False, missing=True)
        return _Row(_anchor(self.number, (name, exchange)), "missing", [arrow])


def _stop(rows: Sequence[_Row], stage: str) -> _Row | None:
    """Where it stopped: at the message the diagnosis names, else at the first one that never came."""
    named = [row for row in rows if row.kind != "info" and stage and any(arrow.name == stage for arrow in row.arrows)]
    return named[-1] if named else next((row for row in rows if row.kind == "missing"), None)


def _arrow(arrow: Arrow, rightwards: bool, received: Mapping[tuple[str, int], int]) -> _Drawn:
    rung = arrow.rung
    at = "" if arrow.at is None else f"{arrow.at:.3f}"
    is_sent = rung.direction == "sent"
    length = received.get((rung.name, rung.message_id)) if is_sent else rung.length
    return _Drawn(
        rung.name,
        rightwards,
        payloads(rung),
        at,
        rung.length if is_sent else None,
        length if arrow.arrived else None,
        arrow.arrived,
    )


# --- small things -------------------------------------------------------------------------------------------------


def _anchors(source: int, side: Side) -> list[str]:
    """`L0-47` for line 47 of the first log; another statement on the same line has its place in the log behind it."""
    seen: set[int] = set()
    anchors = []
    for index in range(len(side.entries)):
        number = _number(side, index)
        anchors.append(f"L{source}-{number}" if number not in seen else f"L{source}-{number}.{index}")
        seen.add(number)
    return anchors


def _number(side: Side, entry: int) -> int:
    where = side.entries[entry].where
    return entry + 1 if where is None else where.line


_KEY_WORDS: Final = re.compile(r"pre-shared-key|key-string", re.IGNORECASE)


def _spoken(side: Side, entry: int) -> str:
    """No debug line has a key in it; a configuration that was pasted among the lines might."""
    spoken = side.spoken[entry]
    return spoken if _KEY_WORDS.search(spoken) is None else "\n".join(masked(line) for line in spoken.split("\n"))


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


def _worst(outcomes: Sequence[str]) -> str:
    return next(outcome for outcome in ("failed", "incomplete", "established") if outcome in outcomes)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=visible,  # whatever a template prints: none has to remember it
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
