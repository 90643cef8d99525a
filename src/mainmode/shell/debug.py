"""`debug crypto ikev1 N`, `debug crypto ipsec N`: which entries are printed. Knows the levels, not the wordings.

Without any debug, what an ASA would log at severity 5 (notifications) and above goes to stderr in the syslog form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TextIO

from mainmode.events import Entry
from mainmode.shell.clock import stamp
from mainmode.words import Dialect, Tag, speak, wording

LEVELS: Final = {Tag.IKE: 1, Tag.DEBUG: 7, Tag.DECODE: 5, Tag.IPSEC: 1}
"""From which level on a kind of line is printed; the document has all of them at 127. The steps below are ours."""

LOGGED: Final = 5
"""Severity: notifications and what is worse."""


@dataclass(slots=True)
class Debug:
    """What is being debugged: 0 is off, 255 the most."""

    ikev1: int = 0
    ipsec: int = 0

    @classmethod
    def parse(cls, text: str) -> Debug:
        """`ikev1=127,ipsec=127`; a name alone means level 1. ValueError with what would have been right."""
        levels = {"ikev1": 0, "ipsec": 0}
        for part in filter(None, text.split(",")):
            name, _, level = part.partition("=")
            if name not in levels or not (level or "1").isdecimal() or not 1 <= int(level or "1") <= 255:
                raise ValueError(f"{part!r} is not ikev1=LEVEL or ipsec=LEVEL with a level from 1 to 255")
            levels[name] = int(level or "1")
        return cls(**levels)

    def lines(self, entry: Entry) -> str | None:
        """What is printed about an entry, if anything."""
        row = wording(entry.event)
        if row.tag in LEVELS:
            level = self.ipsec if row.tag is Tag.IPSEC else self.ikev1
            if level >= LEVELS[row.tag]:
                return speak(entry, Dialect.COLON, stamp)
        # An IPSEC record without a debug is nothing an ASA logs; a syslog message of its own always is.
        if row.tag is not Tag.IPSEC and row.severity is not None and row.severity <= LOGGED:
            return speak(entry, Dialect.SYSLOG, stamp)
        return None

    def print(self, entry: Entry, to: TextIO) -> None:
        lines = self.lines(entry)
        if lines is not None:
            print(lines, file=to, flush=True)
