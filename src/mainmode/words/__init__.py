"""How an ASA says each event: one table, printed by `speak` and read back by `read`. Knows no negotiation.

`asa.py` is the table, `kinds.py` says how its fields look. `read(speak(entry))` is the entry again, as far as the line
shows it: some lines name neither group nor peer, and the time stands there only if a clock was asked for.
"""

from mainmode.words.asa import WORDINGS
from mainmode.words.names import payload_name
from mainmode.words.reading import read, read_event
from mainmode.words.speaking import Dialect, speak, timestamp, wording
from mainmode.words.wording import Context, Origin, Seen, Tag, Wording

__all__ = [
    "WORDINGS",
    "Context",
    "Dialect",
    "Origin",
    "Seen",
    "Tag",
    "Wording",
    "payload_name",
    "read",
    "read_event",
    "speak",
    "timestamp",
    "wording",
]
