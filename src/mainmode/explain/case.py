"""What a rule looks at: one negotiation as one box or both told it, and configurations. Knows events; judges nothing.

A `Log` is what one box said. A `View` is one negotiation of it (or the lines that belong to no peer). A `Case` puts the
two views of the same negotiation together, where both boxes were heard, and adds what their configurations say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address
from typing import Final, TypeVar

from mainmode import events as ev
from mainmode import steps
from mainmode.config.model import Config
from mainmode.events import Entry, Event, Role
from mainmode.explain.compare import End, Problem
from mainmode.explain.diagnosis import Evidence, Site
from mainmode.explain.ladder import Ladder, Negotiation, Rung
from mainmode.words import speak

E = TypeVar("E", bound=Event)

PARTNER: Final[dict[Role, Role]] = {"initiator": "responder", "responder": "initiator"}

_BEFORE: Final = {later: earlier for earlier, later in zip(steps.MESSAGES, steps.MESSAGES[1:], strict=False)}
"""Each message's predecessor."""


@dataclass(frozen=True, slots=True)
class IkeShown:
    """One block of `show crypto isakmp sa`."""

    source: int
    line: int
    text: str
    peer: IPv4Address
    role: Role | None
    state: str


@dataclass(frozen=True, slots=True)
class IpsecShown:
    """One SA pair of `show crypto ipsec sa`: packets so far."""

    source: int
    line: int
    text: str
    peer: IPv4Address | None
    local: str
    remote: str
    encaps: int
    decaps: int
    receive_errors: int = 0
    send_errors: int = 0


Shown = IkeShown | IpsecShown


@dataclass(frozen=True, slots=True)
class Log:
    """What one box said."""

    source: int
    entries: Sequence[Entry]
    ladder: Ladder
    first_negotiation: int = 0
    """How many negotiations the logs before it have."""

    def evidence(self, index: int) -> Evidence:
        entry = self.entries[index]
        where = entry.where
        text = where.text if where is not None and where.text else speak(entry)
        return Evidence(self.source, where.line if where else 0, text, index)


@dataclass(frozen=True, eq=False)
class View:
    """One negotiation as one box told it."""

    log: Log
    number: int | None
    """Index in the log's ladder; None for lines that belong to no negotiation, or a negotiation it never heard of."""
    lines: Sequence[int]

    @property
    def negotiation(self) -> Negotiation | None:
        return None if self.number is None else self.log.ladder.negotiations[self.number]

    @property
    def peer(self) -> IPv4Address | None:
        return self.negotiation.peer if self.negotiation else None

    @cached_property
    def role(self) -> Role | None:
        """This box's role in phase 1; where no message tells, the state it is stuck in does."""
        told = self.negotiation.role if self.negotiation else "unknown"
        if told != "unknown":
            return told
        history = next(iter(self.all(ev.FsmHistory)), None)
        if history is not None:
            return history.role
        state = self.died_in
        if state[-1:].isdigit():
            return "initiator" if int(state[-1]) % 2 == 0 else "responder"
        return None

    def indexes(self, *classes: type[Event]) -> list[int]:
        return [index for index in self.lines if isinstance(self.log.entries[index].event, classes)]

    def all(self, *classes: type[E]) -> list[E]:
        return [event for index in self.lines if isinstance(event := self.log.entries[index].event, classes)]

    def has(self, *classes: type[Event]) -> bool:
        return bool(self.indexes(*classes))

    # -- messages --

    @property
    def rungs(self) -> Sequence[Rung]:
        return self.negotiation.messages if self.negotiation else ()

    def rung(self, name: str, direction: str) -> Rung | None:
        return next((rung for rung in self.rungs if (rung.name, rung.direction) == (name, direction)), None)

    def sent(self, name: str) -> Rung | None:
        return self.rung(name, "sent")

    def received(self, name: str) -> Rung | None:
        return self.rung(name, "received")

    @cached_property
    def last_sent(self) -> Rung | None:
        """The last message of main or quick mode that was sent first."""
        own = [rung for rung in self.rungs if rung.direction == "sent" and rung.name in steps.MESSAGES]
        return max(own, key=lambda rung: rung.entry, default=None)

    @cached_property
    def awaited(self) -> str | None:
        """The message of the peer's that has to come next; None when none has to, or nothing tells."""
        last = self.last_sent
        if last is None:
            state = self.died_in
            return f"{state[0]}M{state[-1]}" if state[-1:].isdigit() and state[:2] in ("MM", "QM") else None
        following = steps.MESSAGES[steps.MESSAGES.index(last.name) + 1 :][:1]
        if not following or last.name == "MM6":
            return None
        answer = following[0]
        come = (r for r in self.rungs if (r.name, r.direction) == (answer, "received") and r.entry > last.entry)
        return None if any(come) else answer

    @cached_property
    def repeated(self) -> tuple[int, ...]:
        """The lines that say our last message was sent again."""
        return self.last_sent.retransmissions if self.last_sent else ()

    @cached_property
    def peer_repeats(self) -> tuple[int, ...]:
        """The lines that say the peer sent a message again that we had answered."""
        told = self.indexes(ev.DuplicatePacket, ev.DuplicateFirstPacket)
        again = [i for rung in self.rungs if rung.direction == "received" for i in rung.retransmissions]
        return tuple(sorted({*told, *again}))

    @cached_property
    def died_in(self) -> str:
        """The state it gave up in: `MM_WAIT_MSG4`; empty when no line says that it gave up."""
        for event in reversed(self.all(ev.FsmHistory, ev.EstablishmentTimedOut)):
            if isinstance(event, ev.EstablishmentTimedOut):
                return event.state
            if isinstance(event, ev.FsmHistory):
                waiting = next((state for state, _ in event.history if "_WAIT_MSG" in state), "")
                if waiting:
                    return waiting
        return ""

    @property
    def gave_up(self) -> bool:
        """Whether a line says that it waited in vain to the end."""
        return bool(self.died_in)

    @property
    def phase1_complete(self) -> bool:
        return self.negotiation is not None and self.negotiation.phase1.outcome == "established"

    @property
    def established(self) -> bool:
        """Whether a pair of IPsec SAs came up."""
        return self.negotiation is not None and any(q.outcome == "established" for q in self.negotiation.phase2)

    @property
    def unreadable(self) -> bool:
        """Whether a message came that could not be made sense of: it is not among those received, and not lost."""
        return self.has(
            *(ev.DecryptionFailed, ev.DecryptedNonsense, ev.RefusalUnreadable, ev.HashMismatch),
            *(ev.RuntPacket, ev.PayloadMissing),
        )

    @property
    def refused(self) -> tuple[str, ...]:
        """What the peer said in clear, in order: `NO_PROPOSAL_CHOSEN`."""
        return tuple(event.notify for event in self.all(ev.ClearNotifyDropped))


@dataclass(frozen=True)
class Case:
    """What a rule judges."""

    views: tuple[View, ...]
    """One, or the initiator's and the responder's."""
    sites: tuple[Site, ...]
    """Of the views."""
    ends: dict[Site, End] = field(default_factory=dict)
    """What the configurations say, by site; one, both or none."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the configurations by themselves."""
    shown: tuple[Shown, ...] = ()

    @property
    def here(self) -> Site:
        """The site of the first log."""
        return self.sites[0] if self.sites else "a"

    @property
    def some_config(self) -> Config | None:
        """Whichever configuration is at hand: for the dialect of a command."""
        return next((end.config for end in self.ends.values()), None)

    def view(self, role: Role) -> View | None:
        return next((view for view in self.views if view.role == role), None)

    @property
    def initiator(self) -> View | None:
        return self.view("initiator")

    @property
    def responder(self) -> View | None:
        return self.view("responder")

    @cached_property
    def both(self) -> bool:
        """Whether both ends of this negotiation were heard."""
        return len(self.views) == 2

    def site(self, role: Role) -> Site | None:
        """The site with this role."""
        for view, site in zip(self.views, self.sites, strict=True):
            if view.role == role:
                return site
            if view.role == PARTNER[role] and not self.both:
                return "b" if site == "a" else "a"
        return None

    def site_of(self, view: View) -> Site:
        return self.sites[self.views.index(view)]

    def far_site(self, view: View) -> Site:
        return "b" if self.site_of(view) == "a" else "a"

    def config(self, site: Site | None) -> Config | None:
        end = self.ends.get(site) if site else None
        return end.config if end else None

    @cached_property
    def established(self) -> bool:
        """Whether the tunnel came up, at all ends that were heard."""
        return bool(self.views) and all(view.established for view in self.views)

    @cached_property
    def failed(self) -> bool:
        """Whether some line says that it came to nothing, or a wait was in vain."""
        return any(view.negotiation is not None and view.negotiation.outcome == "failed" for view in self.views)

    @cached_property
    def passed(self) -> frozenset[str]:
        """The messages that surely reached their receiver."""
        reached: set[str] = set()
        for view in self.views:
            reached |= {rung.name for rung in view.rungs if rung.direction == "received"}
            if view.phase1_complete:
                reached |= set(steps.MESSAGES[:5])
            if view.established:
                reached |= set(steps.MESSAGES[:8])
        for name in reversed(steps.MESSAGES):
            if name in reached and name in _BEFORE:
                reached.add(_BEFORE[name])
        return frozenset(reached)

    @cached_property
    def lost(self) -> str | None:
        """With both ends heard: the message that one sent last and the other never had."""
        if not self.both:
            return None
        for view, other in (self.views, self.views[::-1]):
            last = view.last_sent
            if last is None or other.received(last.name) is not None or other.unreadable:
                continue
            if view.awaited is not None or last.name == "MM6" or other.awaited == last.name:
                return last.name
        return None

    def problem(self, *rules: str) -> Problem | None:
        """What the configurations have to say about a rule, if attempts of this initiator fail on it."""
        initiator = self.site("initiator")
        for problem in self.problems:
            if problem.rule in rules and (initiator is None or initiator in problem.initiators):
                return problem
        return None

    @property
    def both_configured(self) -> bool:
        return len(self.ends) == 2

    def stuck(self, *states: str) -> tuple[IkeShown, ...]:
        """What `show crypto isakmp sa` has in one of these states. (Only a moment, but nobody looks in between.)"""
        return tuple(one for one in self.shown if isinstance(one, IkeShown) and one.state in states)

    def events(self, *classes: type[E]) -> Iterator[tuple[View, int, E]]:
        """Every event of these classes, with the view it is seen from and its index there."""
        for view in self.views:
            for index in view.lines:
                event = view.log.entries[index].event
                if isinstance(event, classes):
                    yield view, index, event
