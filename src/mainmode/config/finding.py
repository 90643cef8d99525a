"""What can be said about a configuration that is not an error in its text. Knows neither grammar nor values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mainmode.language import NOTHING, Text
from mainmode.span import Span

Severity = Literal["problem", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know, and the place."""

    severity: Severity
    """problem: no tunnel, or not the one that was meant; warning: perhaps; note: said so that nobody wonders."""
    code: str
    """Stable and made of words: `crypto-map-incomplete`."""
    message: Text
    span: Span | None
    """None for what is missing altogether."""
    hint: Text = NOTHING
    """What to do about it: commands, or one sentence."""

    def __str__(self) -> str:
        return f"{self.span}: {self.message.en}" if self.span else self.message.en


@dataclass(frozen=True, slots=True)
class Undefined:
    """A name that is used and nowhere defined."""

    kind: str
    """`access-list`, `transform-set`, `object`, `object-group`, `group-policy`, `dynamic-map`, `interface`, `name`."""
    name: str
    usage: str
    """What uses it: `crypto map MAP 10`."""
    span: Span
    """The name, where it is used."""

    def __str__(self) -> str:
        return f"{self.span}: {self.usage}: there is no {self.kind} {self.name}"
