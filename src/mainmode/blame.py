"""Whose fault it is, as a type (house rule 6). Nothing here knows bytes or policy; it only carries what was wrong.

    Blame
    ├── Malformed      the peer sent bytes that are no ISAKMP or ESP message: dropped, counted
    ├── Refused        a well-formed message asks for what policy or proof does not allow: answered with its NOTIFY
    └── ConfigError    the user's configuration cannot be understood: file, line, column, what was expected

`Malformed` and `Refused` are caught in one place, `Gateway.receive`; `ConfigError` in the configuration reader,
which collects all of a file, and in `cli`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainmode.events import Event
    from mainmode.span import Span


class Blame(Exception):
    """Never raised itself; one of the three below says whose fault it was."""


class Malformed(Blame):
    """Bytes that break the format. `what` is one short sentence; `offset` the octet in the datagram, where known."""

    def __init__(self, what: str, offset: int | None = None) -> None:
        super().__init__(what if offset is None else f"{what} at octet {offset}")
        self.what = what
        self.offset = offset


class Refused(Blame):
    """A message that is well formed and not acceptable.

    `notify` is the NOTIFY message type the RFC asks for (RFC 2408 §3.14.1), or None where silence is right.
    `events` are the lines an ASA prints about it, in order.
    """

    def __init__(self, what: str, notify: int | None = None, events: tuple[Event, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.notify = notify
        self.events = events


class ConfigError(Blame):
    """Something wrong in a configuration, and the place. `str()` is the `file:line:column: message` of the contract."""

    def __init__(self, span: Span, message: str, *, expected: str = "", repair: str = "") -> None:
        super().__init__(f"{span}: {message}")
        self.span = span
        self.message = message
        self.expected = expected
        """What the reader would have taken here, in the ASA's own notation; empty where the message says it."""
        self.repair = repair
        """The repaired text, where it can be known (one or more whole lines)."""
