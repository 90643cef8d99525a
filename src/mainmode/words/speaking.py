"""From an entry to the line an ASA prints about it. Knows the dialects, and no wording.

Three dialects: COLON and NINE are what `debug crypto` prints on 8.x and on 9.x, SYSLOG is what `logging` sends. Not
every event has a line in every dialect:

- `debug crypto ipsec` lines have no syslog message: in SYSLOG they stand as they are, as the terminal shows them;
- IKE lines whose message id is not known go under 713906-7, an ASA's own catch-all for debug texts;
- what only syslog knows (113019, 402116, 602303, …) is a syslog line in every dialect, as `logging console` shows it
  between the debugs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import Enum
from operator import attrgetter
from typing import Any

from mainmode.events import Entry, Event
from mainmode.words.asa import WORDINGS
from mainmode.words.kinds import show_address
from mainmode.words.template import Template
from mainmode.words.wording import CATCH_ALL, Context, Tag, Wording

Clock = Callable[[float], str]
"""Turns an entry's seconds into the time before its line."""


class Dialect(Enum):
    COLON = "8.x debug: `[IKEv1 DEBUG]: Group = G, IP = A, text`"
    NINE = "9.x debug: `[IKEv1 DEBUG]Group = G, IP = A, text`"
    SYSLOG = "syslog: `%ASA-7-715047: Group = G, IP = A, text`"


def timestamp(at: float) -> str:
    """`Mon DD HH:MM:SS`, as `debug crypto … timestamps` prints it; `at` counts seconds from New Year."""
    return datetime.fromtimestamp(at, UTC).strftime("%b %d %H:%M:%S")


class _Spoken:
    """A wording ready to print: in each dialect, what stands before the text, and the text."""

    __slots__ = ("context", "forms", "template", "wording")

    def __init__(self, wording: Wording) -> None:
        self.wording = wording
        self.template: Template = wording.template()
        self.context = wording.context
        number, _, severity = (wording.syslog or CATCH_ALL).partition("-")
        colon = nine = syslog = f"%ASA-{severity}-{number}: "
        if wording.tag is Tag.IPSEC:
            colon = nine = syslog = ""
        elif wording.tag is not Tag.SYSLOG:
            colon, nine = f"[{wording.tag.value}]: ", f"[{wording.tag.value}]"
        newer = wording.template(capital_s=True).say
        self.forms = {
            Dialect.COLON: (colon, self.template.say),
            Dialect.NINE: (nine, newer),
            Dialect.SYSLOG: (syslog, newer),
        }


class _Wordings:
    """The wordings of one event class, and the choice between them."""

    __slots__ = ("_by_value", "_others", "_values")

    def __init__(self, spoken: Iterable[_Spoken]) -> None:
        spoken = tuple(spoken)
        names = sorted({name for one in spoken for name in one.wording.when})
        self._values: Callable[[Event], Any] | None = attrgetter(*names) if names else None
        self._by_value: dict[Any, _Spoken] = {}
        """Wordings that the fixed fields alone decide on: one look instead of a comparison with each."""
        self._others: list[_Spoken] = []
        for one in spoken:
            when = one.wording.when
            if when and set(when) == set(names) and not any(kind.fits for _, kind in one.template.fields):
                self._by_value[when[names[0]] if len(names) == 1 else tuple(when[name] for name in names)] = one
            else:
                self._others.append(one)

        self._others = self._others or [spoken[-1]]

    def of(self, event: Event) -> _Spoken:
        if self._values is not None:
            found = self._by_value.get(self._values(event))
            if found is not None:
                return found
        for one in self._others[:-1]:
            if one.template.takes(event):
                return one
        return self._others[-1]


def _by_class() -> dict[type[Event], _Wordings]:
    rows: dict[type[Event], list[_Spoken]] = {}
    for wording in WORDINGS:
        if not wording.heard:
            rows.setdefault(wording.event, []).append(_Spoken(wording))
    return {event: _Wordings(spoken) for event, spoken in rows.items()}


_OF = _by_class()


def wording(event: Event) -> Wording:
    """The row that an event is printed by."""
    return _OF[type(event)].of(event).wording


def _who(entry: Entry, context: Context) -> str:
    """`Group = …, Username = …, IP = …, `: what of it is known and belongs on the line."""
    peer = f"IP = {show_address(entry.peer)}, " if entry.peer is not None else ""
    if context is Context.PEER:
        return peer
    user = f"Username = {entry.user}, " if entry.user is not None else ""
    return f"Group = {entry.group}, {user}{peer}" if entry.group is not None else user + peer


def speak(entry: Entry, dialect: Dialect = Dialect.COLON, clock: Clock | None = None) -> str:
    """The line an ASA prints about an entry; several lines where an ASA prints several.

    With a `clock` (`timestamp`, or one of the caller's) the entry's time stands before it.
    """
    spoken = _OF[type(entry.event)].of(entry.event)
    before, say = spoken.forms[dialect]
    who = "" if spoken.context is Context.NONE else _who(entry, spoken.context)
    line = before + who + say(entry.event)
    if clock is None or entry.at is None:
        return line
    return f"{clock(entry.at)}{': ' if line.startswith('%ASA') else ' '}{line}"
