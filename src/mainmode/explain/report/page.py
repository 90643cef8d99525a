"""What a page is made of: links, lines, rungs, negotiations. Values the template reads; finds nothing out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mainmode.config.model import Config
from mainmode.config.reader import Reading
from mainmode.config.source import masked


@dataclass(frozen=True, slots=True)
class Listing:
    """A configuration as it was given, without its keys."""

    file: str
    lines: Sequence[str]
    notes: Mapping[int, str] = field(default_factory=dict)
    """By line: why it is not done in full."""
    config: Config | None = None

    @property
    def hostname(self) -> str:
        """Empty where the configuration does not say it: then it has everybody's."""
        return "" if self.config is None or self.config.hostname == Config().hostname else self.config.hostname

    @property
    def addresses(self) -> frozenset[str]:
        """Those of the interfaces that a crypto map is bound to."""
        if self.config is None:
            return frozenset()
        outside = {name for one in self.config.crypto_maps.values() for name in one.interfaces}
        return frozenset(str(one.address) for one in self.config.interfaces if one.name in outside and one.address)

    @classmethod
    def of(cls, reading: Reading, text: str) -> Listing:
        """The text that was read. What the reader found to be a secret is masked, and what merely looks like one."""
        known = {treatment.span.line: treatment.span.text for treatment in reading.support}
        notes = {treatment.span.line: treatment.note for treatment in reading.support if treatment.note}
        lines = [masked(known.get(number, line)) for number, line in enumerate(text.splitlines(), 1)]
        return cls(reading.config.file, lines, notes, reading.config)


@dataclass(frozen=True, slots=True)
class Link:
    """A place on the page; `href` is empty when it is not there."""

    href: str
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines out of one log or one configuration, each with the way to it."""

    name: str
    links: Sequence[Link]


@dataclass(frozen=True, slots=True)
class Line:
    """One statement in a column."""

    anchor: str
    number: int
    text: str
    more: str
    """The rest of a record."""
    origins: Sequence[Link]
    evidence: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What one box said about one message."""

    lines: Sequence[Line] = ()
    omitted: int = 0

    def __bool__(self) -> bool:
        return bool(self.lines or self.omitted)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One arrow."""

    name: str
    rightwards: bool
    payloads: str
    at: str
    gap: str
    """What passed since the message before, if it is worth mentioning."""
    sent: int | None
    received: int | None
    arrived: bool = True
    missing: bool = False


RowKind: TypeAlias = Literal["message", "info", "missing", "quiet"]


@dataclass(frozen=True, slots=True)
class Row:
    """One rung: the message, what either box said about it, and the configuration it comes from."""

    anchor: str
    kind: RowKind
    arrows: Sequence[Drawn] = ()
    again: Sequence[Drawn] = ()
    left: Cell = Cell()
    right: Cell = Cell()
    left_again: Cell = Cell()
    right_again: Cell = Cell()
    origins: Sequence[Link] = ()
    stopped: bool = False

    @property
    def told(self) -> Drawn:
        """The arrow that stands for the row in the small ladder: one that arrived, if any did."""
        return next((arrow for arrow in (*self.arrows, *self.again) if arrow.arrived), self.arrows[0])

    @property
    def lost(self) -> bool:
        return not self.told.arrived and not self.told.missing

    @property
    def repeated(self) -> int:
        """How often the message was sent again; informational messages are each one of their own."""
        return 0 if self.kind == "info" else len(self.again)


@dataclass(frozen=True, slots=True)
class Group:
    """Phase 1, or one quick mode."""

    heading: str
    outcome: str
    traffic: str
    rows: Sequence[Row]
    open: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A row of the small ladder, and how far down its arrow is, in pixels."""

    row: Row
    y: int


@dataclass(frozen=True, slots=True)
class End:
    """One end of the ladder."""

    name: str
    """Its hostname if a configuration tells, else the log's name or the address."""
    beside: Sequence[str]
    """What it is called besides: its address, the log."""
    heard: bool
    role: str
    """Key of the word for it."""
    outcome: str
    state: str


@dataclass(frozen=True, slots=True)
class Section:
    """One negotiation."""

    anchor: str
    peer: str
    left: End
    right: End
    outcome: str
    ids: Sequence[str]
    groups: Sequence[Group]
    overview: Sequence[Placed]
    """The rows of the small ladder: those with an arrow."""
    height: int
    """Of the small ladder, in pixels."""
    unplaced: int
    """Rows for which there is no room in it."""
    began: str
    lasted: str
    omitted: int
    """Debug lines for which there was no room on the page."""
    open: bool
