"""Debug lines and log messages of a running gateway, with the time of day. Knows which dialect, not which entries."""

from __future__ import annotations

from mainmode.events import Entry
from mainmode.exec.debugging import Debugging
from mainmode.shell.clock import stamp
from mainmode.words import speak


def lines(debugging: Debugging, entry: Entry) -> str | None:
    """What is printed about an entry, if anything."""
    dialect = debugging.dialect(entry)
    return None if dialect is None else speak(entry, dialect, stamp)
