"""What is being debugged: levels, and peers that it is limited to. Knows which entries that means, not their wording.

Without any debug, what an ASA would log at severity 5 (notifications) and above is said in the syslog form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from mainmode.events import Entry, Event
from mainmode.words import WORDINGS, Dialect, Tag, Wording, wording

HIGHEST: Final = 255

LEVELS: Final = {Tag.IKE: 1, Tag.DEBUG: 7, Tag.DECODE: 5, Tag.IPSEC: 1}
"""From which level on a kind of line is printed; the document has all of them at 127. The steps below are ours."""

LOGGED: Final = 5
"""Severity: notifications and what is worse."""


@dataclass(frozen=True, slots=True)
class Debugging:
    """`debug crypto ikev1 N`, `debug crypto ipsec N`, `debug crypto condition peer A`. Level 0 is off, 255 the most."""

    ikev1: int = 0
    ipsec: int = 0
    peers: tuple[IPv4Address, ...] = ()
    """Debug lines only about these; none: about everybody. What is logged is logged of everybody, as on an ASA."""

    @classmethod
    def parse(cls, text: str) -> Debugging:
        """`ikev1=127,ipsec=127`; a name alone means level 1. ValueError with what would have been right."""
        levels = {"ikev1": 0, "ipsec": 0}
        for part in filter(None, text.split(",")):
            name, _, level = part.partition("=")
            if name not in levels or not (level or "1").isdecimal() or not 1 <= int(level or "1") <= HIGHEST:
                raise ValueError(f"{part!r} is not ikev1=LEVEL or ipsec=LEVEL with a level from 1 to {HIGHEST}")
            levels[name] = int(level or "1")
        return cls(levels["ikev1"], levels["ipsec"])

    def dialect(self, entry: Entry) -> Dialect | None:
        """How an entry is printed, if it is."""
        row = wording(entry.event)
        # Entries without a peer (those before the crypto map named one) are about nobody that was asked for.
        if self._debugs(row) and (not self.peers or entry.peer in self.peers):
            return Dialect.COLON
        return Dialect.SYSLOG if _is_logged(row) else None

    @property
    def unheard(self) -> frozenset[type[Event]]:
        """The kinds of event of which nothing is printed, whatever they say: no entries need be made of them."""
        heard = {row.event for row in WORDINGS if self._debugs(row) or _is_logged(row)}
        return frozenset(row.event for row in WORDINGS) - heard

    def _debugs(self, row: Wording) -> bool:
        level = self.ipsec if row.tag is Tag.IPSEC else self.ikev1
        return row.tag in LEVELS and level >= LEVELS[row.tag]

    def described(self) -> Iterator[str]:
        """What `show debug` prints."""
        for name, level in (("ikev1", self.ikev1), ("ipsec", self.ipsec)):
            if level:
                yield f"debug crypto {name} enabled at level {level}"
        if self.peers:
            yield from self.conditions()

    def conditions(self) -> Iterator[str]:
        """What `show crypto debug-condition` prints (command reference; no real output was at hand)."""
        yield f"Crypto conditional debug is turned {'ON' if self.peers else 'OFF'}"
        if self.peers:
            yield "IKE debug context unmatched flag:  OFF"
            yield "IPSec debug context unmatched flag:  OFF"
            yield ""
            yield "IKE peer IP address filters:"
            yield "  ".join(f"{peer}/32" for peer in self.peers)


def _is_logged(row: Wording) -> bool:
    # An IPSEC record without a debug is nothing an ASA logs; a syslog message of its own always is.
    return row.tag is not Tag.IPSEC and row.severity is not None and row.severity <= LOGGED
