"""From a line an ASA printed back to the entry. Knows the dialects, and no wording.

Takes all dialects without being told which, and what pastes do to them: blanks lost or doubled, records joined on one
line, the tag or the whole front of a line cut off, `IPSec` and `IPsec`. Mail, HTML and Markdown are for others to heal.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterable
from ipaddress import IPv4Address

from mainmode.events import Entry, Event
from mainmode.words.asa import WORDINGS
from mainmode.words.template import Template
from mainmode.words.wording import Wording

LONGEST = 8192
"""Characters of one statement. The longest an ASA prints, a rule of `debug crypto ipsec`, has some 700."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = re.compile(rf"\b({'|'.join(_MONTHS)}) (\d{{1,2}}) (?:((?:19|20)\d\d) )?(\d\d):(\d\d):(\d\d)\b")
# A syslog server puts its own header before a message; the message begins at its id.
_SYSLOG = re.compile(r"%(?:ASA|PIX|FTD|FWSM)(?:-[a-z]{1,20})?-\d-\d{6} ?: ?")
_TAG = re.compile(r"\[IKEv1(?: DEBUG| DECODE)?\] ?:? ?")
_WHO = re.compile(
    r"(?:Group ?= ?([^,]{1,128}) ?, ?)?(?:Username ?= ?([^,]{1,128}) ?, ?)?(?:IP ?= ?(\d{1,3}(?:\.\d{1,3}){3}) ?, ?)?"
)
_FIRST_WORDS = re.compile(r"\W*(\w+)(?:\W+(\w+))?")


class _Index:
    """The wordings by their first two words, so that a line is held against a few of them only."""

    def __init__(self, wordings: Iterable[Wording]) -> None:
        self._two: dict[tuple[str, str], list[Template]] = {}
        self._one: dict[str, list[Template]] = {}
        self._rest: list[Template] = []
        for wording in wordings:
            template = wording.template()
            # A word that touches a field may go on in it; the blank holds the place of the field.
            start = template.literal_start() + ("\0" if template.fields else " ")
            words = re.findall(r"\w+(?=[^\w\0])", start.lower())
            if not re.match(r"\W*\w+[^\w\0]", start):
                self._rest.append(template)
            elif len(words) == 1:
                self._one.setdefault(words[0], []).append(template)
            else:
                self._two.setdefault((words[0], words[1]), []).append(template)

    def candidates(self, text: str) -> Iterable[Template]:
        match = _FIRST_WORDS.match(text)
        if match is not None:
            first, second = match.groups("")
            first = first.lower()
            yield from self._two.get((first, second.lower()), ())
            yield from self._one.get(first, ())
        yield from self._rest


_INDEX = _Index(WORDINGS)


def read_event(text: str) -> Event | None:
    """The event that a text without tag and `Group = …, IP = …` is about. Never raises."""
    if len(text) > LONGEST:
        return None
    return _read_event(" ".join(text.split()))


def _read_event(line: str) -> Event | None:
    for template in _INDEX.candidates(line):
        try:
            event = template.read(line)
        except ValueError:
            # It looks like the wording and is not: an address with an octet of 999, say.
            continue
        if event is not None:
            return event  # type: ignore[no-any-return]  # a template of WORDINGS makes events
    return None


def seconds(front: str) -> float | None:
    """The time before a line: seconds since 1970, in the year 1970 where it names none. The last one counts."""
    times = _TIME.findall(front)
    if not times:
        return None
    month, day, year, *clock = times[-1]
    return float(timegm((int(year or 1970), _MONTHS.index(month) + 1, int(day), *(int(part) for part in clock))))


def read(text: str) -> Entry | None:
    """The entry that one statement is about, on one line or on the lines an ASA prints it on. Never raises.

    None for what is no wording of an ASA's IKE or IPsec. `Entry.at` are seconds since 1970; a time that names no year,
    as debugs have it, counts in 1970 itself, so only differences mean something (and 29 February is 1 March).
    """
    if len(text) > LONGEST:
        return None
    line = " ".join(text.split())
    start = 0
    if "%" in line and (syslog := _SYSLOG.search(line)):
        front, start = line[: syslog.start()], syslog.end()
        # `logging debug-trace` sends the debugs themselves.
        if line.startswith("[", start) and (tag := _TAG.match(line, start)):
            start = tag.end()
    elif "[IKEv1" in line and (tag := _TAG.search(line)):
        front, start = line[: tag.start()], tag.end()
    elif time := _TIME.match(line):
        front, start = line[: time.end()], time.end() + 1
    else:
        front = ""
    who = _WHO.match(line, start)
    group, user, peer = who.groups() if who else (None, None, None)
    event = _read_event(line[who.end() :] if who else line[start:])
    if event is None:
        return None
    try:
        address = IPv4Address(peer) if peer else None
    except ValueError:
        return None
    return Entry(event, address, group, seconds(front) if front else None, None, user)
