"""What was found to be wrong, as values. Knows languages and places in texts; no rules and no events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mainmode.language import Text
from mainmode.secret import Secret
from mainmode.span import Span

Certainty = Literal["certain", "likely", "possible"]
"""certain: a line or both configurations say so; likely: the usual cause; possible: one among several."""

Site = Literal["a", "b"]
"""By the order in which logs, then configurations, were given."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A line of a log that shows it."""

    source: int
    """Index of the log."""
    line: int
    """Counted from 1; 0 for an entry that never stood in a text."""
    text: str
    entry: int | None
    """Index among the log's entries; None for a line of a `show` output."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Commands that mend it. They are typed after the configuration, as one would in configuration mode."""

    site: Site
    commands: tuple[str, ...]
    """As typed; a key that is known stands as `*****`, words in `<>` are for the reader to fill in."""
    verified: bool | None = None
    """Tried in the lab: whether the tunnel came up with it. None: not tried."""
    key: Secret | None = field(default=None, repr=False)
    """What `*****` in the commands stands for."""

    @property
    def concrete(self) -> bool:
        """Whether the commands can be typed as they stand."""
        return bool(self.commands) and not any("<" in command for command in self.commands)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One root cause."""

    rule: str
    certainty: Certainty
    negotiation: int | None
    """Counted over all negotiations of all logs, in their order; None when no negotiation is meant."""
    stage: str
    """The message it failed at, `MM5`; empty before the first."""
    headline: Text
    explanation: Text
    evidence: tuple[Evidence, ...] = ()
    config: tuple[Span, ...] = ()
    ruled_out: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    next: tuple[Text, ...] = ()
    """What to run, and where, to know more."""
    times: int = 1
    """How many negotiations ended this way."""
    failure: bool = True
    """False for a note: the tunnel is up, or the packet loss was mended by a repetition."""
