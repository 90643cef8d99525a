"""`reference/events.md`: every event, with every way a box says it. Knows the events and the table of wordings."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

from docs.generate.markdown import block, classes, code, codes, paragraphs
from docs.generate.markdown import page as whole
from mainmode import events
from mainmode.events import Entry, Event
from mainmode.exec.debugging import LEVELS
from mainmode.words import WORDINGS, Dialect, Tag, Wording, ios, speak
from mainmode.words.kinds import KINDS
from mainmode.words.wording import CATCH_ALL, Context

SEVERITIES = ("emergencies", "alerts", "critical", "errors", "warnings", "notifications", "informational", "debugging")

INTRODUCTION = """\
An event is something that happened, as an ASA would mention it. The gateway makes them, `mainmode explain` reads them back from a paste; the same table of
wordings serves both. Each is shown with sample values, as 8.x and 9.x print it in a debug and as syslog has it.

*From level* is the level of `debug crypto ikev1` or `debug crypto ipsec` at which `mainmode run` prints the line. *Comes from* names the kinds of configuration
line that the line can be traced to, the most telling first. *Known from* says how sure the spelling is; the source document is a Cisco tech note on the debugs of main
mode, of which this program prints every line."""

TYPES = {
    "int": "number",
    "int | None": "number, or not told",
    "str": "text",
    "str | None": "text, or not told",
    "bool": "yes or no",
    "IPv4Address": "address",
    "IPv4Address | None": "address, or not told",
    "ProxyId": "proxy identity",
    "ProxyId | None": "proxy identity, or not told",
    "bytes": "octets",
    "Role": "initiator or responder",
    "Direction": "inbound or outbound",
}
"""How a field's type is called where nobody programs."""


FROM_IOS = frozenset(re.findall(r"\bev\.(\w+)\(", inspect.getsource(ios)))
"""The events that lines of `words.ios` become."""


def all_events() -> list[type[Event]]:
    """In the order in which they can happen, which is that of the module."""
    found = (one for one in vars(events).values() if inspect.isclass(one) and issubclass(one, Event))
    return [one for one in found if one is not Event]


def _sections() -> Iterator[tuple[int, str]]:
    """The headings of the module: the line each stands on, and what it says."""
    for number, line in enumerate(inspect.getsource(events).splitlines(), 1):
        if found := re.fullmatch(r"# --- (.*?) -+", line):
            yield number, found[1][0].upper() + found[1][1:]


def page() -> str:
    rows: dict[type[Event], list[Wording]] = {}
    for wording in WORDINGS:
        rows.setdefault(wording.event, []).append(wording)
    blocks = [INTRODUCTION]
    sections = list(_sections())
    for event in all_events():
        line = classes(events)[event.__name__].line
        while sections and sections[0][0] < line:
            blocks.append(f"## {sections.pop(0)[1]}")
        blocks += _event(event, rows.get(event, []))
    return whole("Events", *blocks)


def _event(event: type[Event], wordings: list[Wording]) -> Iterator[str]:
    yield f"### {_name(event)}"
    yield paragraphs(event.__doc__)
    if fields := dataclasses.fields(event):
        docs = classes(events)[event.__name__].fields
        yield "It says: " + "; ".join(_field(field, docs.get(field.name, "")) for field in fields) + "."
    if event.__name__ in FROM_IOS:
        yield "Read from the debugs of an IOS router too, in that box's words."
    for wording in wordings:
        yield block("\n".join(_spoken(wording)))
        yield _facts(wording)


def _field(field: dataclasses.Field[Any], doc: str) -> str:
    # A sentence becomes part of one; a name of the ASA's keeps its capitals.
    if doc[:1].isupper() and doc[1:2].islower():
        doc = doc[0].lower() + doc[1:]
    meaning = f", {doc.rstrip('.')}" if doc else ""
    return f"{code(field.name)} ({_type(str(field.type))}){meaning}"


def _name(event: type[Event]) -> str:
    """As `Wording.name` has it; the heading's anchor is the same."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", event.__name__).lower()


def _type(annotation: str) -> str:
    if annotation in TYPES:
        return TYPES[annotation]
    if annotation.startswith("Literal["):
        return codes(re.findall(r"[\"']([^\"']*)[\"']", annotation)) or annotation
    if annotation.startswith("tuple["):
        return "several"
    raise ValueError(f"{annotation!r} needs a name in TYPES")


SAMPLE_PEER, SAMPLE_GROUP = KINDS["ip"].sample, str(KINDS["ip"].sample)


def _spoken(wording: Wording) -> Iterator[str]:
    """The line in each dialect, a name before it; dialects that print the same share a line."""
    said: dict[str, list[str]] = {}
    for name, dialect in (("8.x", Dialect.COLON), ("9.x", Dialect.NINE), ("syslog", Dialect.SYSLOG)):
        if dialect is Dialect.SYSLOG and wording.tag is Tag.IPSEC:
            continue
        said.setdefault(_line(wording, dialect), []).append(name)
    labels = {line: ", ".join(names) for line, names in said.items()}
    if len(labels) == 1 and wording.tag in (Tag.SYSLOG, Tag.IPSEC):
        yield next(iter(labels))
        return
    width = max(map(len, labels.values()))
    for line, label in labels.items():
        first, *others = line.split("\n")
        yield f"{label:<{width}}  {first}"
        yield from (f"{'':<{width}}  {other}" for other in others)


def _line(wording: Wording, dialect: Dialect) -> str:
    event = wording.sample()
    entry = Entry(
        event,
        peer=SAMPLE_PEER if wording.context is not Context.NONE else None,
        group=SAMPLE_GROUP if wording.context is Context.GROUP else None,
    )
    if not wording.heard:
        return speak(entry, dialect)
    # Read, never printed: only its text is known for sure.
    return wording.template(capital_s=dialect is not Dialect.COLON).say(event)


def _facts(wording: Wording) -> str:
    facts = []
    if wording.tag is Tag.SYSLOG:
        facts.append("No debug prints it: it is a syslog message only.")
    else:
        debug = "ipsec" if wording.tag is Tag.IPSEC else "ikev1"
        facts.append(f"From level {LEVELS[wording.tag]} of `debug crypto {debug}`.")
    if wording.syslog is not None and wording.severity is not None:
        facts.append(f"Syslog {wording.syslog_id}, severity {wording.severity} ({SEVERITIES[wording.severity]}).")
    elif wording.tag is not Tag.IPSEC:
        facts.append(f"No syslog message of its own is known: it goes under {CATCH_ALL.partition('-')[0]}.")
    if wording.config:
        facts.append(f"Comes from {codes(wording.config)}.")
    facts.append(f"Known {re.sub('^in ', 'from ', wording.seen.value)}.")
    if wording.heard:
        facts.append("An older spelling, or another box's: read, never printed.")
    if wording.when:
        facts.append(f"Where {', '.join(f'`{name}` is `{value}`' for name, value in wording.when.items())}.")
    return " ".join(facts)
