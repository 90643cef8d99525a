"""What a row of the table of wordings says. Knows no particular wording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from mainmode.events import Event
from mainmode.words.kinds import KINDS
from mainmode.words.template import IGNORED, Template


class Tag(Enum):
    """Which debug prints the line, and what stands before it."""

    IKE = "IKEv1"
    DEBUG = "IKEv1 DEBUG"
    DECODE = "IKEv1 DECODE"
    IPSEC = "IPSEC"
    """`debug crypto ipsec`: no tag in brackets, the text itself begins with IPSEC."""
    SYSLOG = ""
    """No debug prints it; it is a syslog message only."""


class Context(Enum):
    """How much of `Group = …, Username = …, IP = …` stands before the text, as far as it is known."""

    GROUP = "group"
    PEER = "peer"
    NONE = "none"


class Seen(Enum):
    """Where the wording is known from."""

    DOCUMENT = "in the source document"
    REAL = "in a log of a real box"
    GUIDE = "in Cisco's guide to the syslog messages"
    HEARSAY = "from experience, without a public source at hand"


Origin = Literal[
    "access-list",
    "connection-type",
    "crypto map",
    "crypto map interface",
    "disconnect-notify",
    "encapsulation",
    "group-policy",
    "identity",
    "isakmp enable",
    "keepalive",
    "match address",
    "nat-traversal",
    "negotiation limit",
    "pfs",
    "policy",
    "policy group",
    "policy lifetime",
    "pre-shared-key",
    "replay window",
    "reverse-route",
    "route",
    "sa lifetime",
    "set peer",
    "transform-set",
    "tunnel-group",
]
"""The kinds of configuration line that a debug line can come from."""

CATCH_ALL = "713906-7"
"""The message an ASA logs lines under that have none of their own (the guide: `Descriptive_event_string`)."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One way an ASA says one event."""

    event: type[Event]
    text: str
    """A template (`mainmode.words.template`) with a real box's blanks and line breaks; `IPsec` as 8.x spells it."""
    tag: Tag
    syslog: str | None
    """Message id and severity, `713041-5`; None where there is none, or none is known."""
    seen: Seen
    config: tuple[Origin, ...] = ()
    """The configuration lines it comes from, the most telling first."""
    context: Context = Context.GROUP
    when: Mapping[str, Any] = field(default_factory=dict)
    """The fields the text itself decides: the wording is for events with these values only."""
    heard: bool = False
    """An older spelling, or another box's: read, never printed."""

    @property
    def syslog_id(self) -> int | None:
        return int(self.syslog.partition("-")[0]) if self.syslog else None

    @property
    def severity(self) -> int | None:
        """0 emergencies … 7 debugging; None where no syslog message is known."""
        return int(self.syslog.partition("-")[2]) if self.syslog else None

    @property
    def name(self) -> str:
        """Of the event, as it stands in the reference: `message-decoded`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", self.event.__name__).lower()

    @property
    def doc(self) -> str:
        """Where the generated reference explains it."""
        return f"docs/reference/events.md#{self.name}"

    def template(self, *, capital_s: bool = False) -> Template:
        """The text compiled; `capital_s`: with `IPSec` for `IPsec`, as 9.x and all syslogs print it."""
        text = self.text.replace("IPsec", "IPSec") if capital_s else self.text
        return Template(self.event, text, KINDS, self.when)

    def sample(self) -> Event:
        """An event it is the wording of, for documentation and tests."""
        values = {name: kind.sample for name, kind in self.template().fields if name != IGNORED}
        return self.event(**values, **self.when)
