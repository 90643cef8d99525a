"""What came of one input, in order: the entries to print and the actions to carry out. Knows neither kind."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Generic, TypeVar

from mainmode.events import Entry, Event

A = TypeVar("A")


class Transcript(Generic[A]):
    """Collects entries and actions while one input is worked on. `A` is the union of the actions there are."""

    __slots__ = ("group", "items", "now", "peer", "unheard")

    def __init__(
        self,
        now: float,
        peer: IPv4Address | None = None,
        group: str | None = None,
        unheard: frozenset[type[Event]] = frozenset(),
    ) -> None:
        self.items: list[Entry | A] = []
        self.now = now
        self.peer = peer
        self.group = group
        self.unheard = unheard
        """Kinds of event that nobody listens to: nothing is kept of them."""

    def say(self, event: Event, user: str | None = None) -> None:
        """An event happened now, with the peer and tunnel-group that are known so far."""
        if type(event) not in self.unheard:
            self.items.append(Entry(event, self.peer, self.group, self.now, user=user))

    def do(self, action: A) -> None:
        """An action for whoever holds the world: a datagram to send, an SA to install."""
        self.items.append(action)
