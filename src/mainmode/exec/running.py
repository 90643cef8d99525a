"""What an exec command looks at, and what may come of one. Knows values only: whoever runs the gateway carries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Final, Literal

from mainmode.events import Entry
from mainmode.exec.captured import Captured
from mainmode.exec.debugging import Debugging
from mainmode.exec.statistics import Statistics
from mainmode.gateway import Action
from mainmode.show.view import View

Status = Literal[0, 1, 2]
"""As the exit codes: all is well, a failure was found, this was no command."""

WELL: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2


@dataclass(frozen=True, slots=True)
class Running:
    """One look at a gateway that runs, with all that an exec command can be about."""

    view: View
    debugging: Debugging = field(default_factory=Debugging)
    captures: Mapping[str, Captured] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=Statistics)
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Packets that no SA counts, by reason (`exec.drops`)."""
    matched: Mapping[str, int] = field(default_factory=dict)
    """Packets that found no SA though an element of a crypto access-list decided of them, by its text."""
    since: float = 0.0
    """When it began, in seconds of its clock."""


@dataclass(frozen=True, slots=True)
class Debug:
    """From now on debug this, and nothing else."""

    debugging: Debugging


@dataclass(frozen=True, slots=True)
class StartCapture:
    """From now on capture this too."""

    captured: Captured


@dataclass(frozen=True, slots=True)
class EndCapture:
    """End the capture of this name, and forget what it has caught."""

    name: str


@dataclass(frozen=True, slots=True)
class EmptyCapture:
    """Forget what the capture of this name has caught; it goes on."""

    name: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask a host whether it is there. The command is not over before this is: `ping.report` says what came of it."""

    source: IPv4Address
    destination: IPv4Address
    count: int = 5
    length: int = 100
    """Octets of the IP packet."""
    timeout: float = 2.0
    """Seconds for each answer."""


Change = Debug | StartCapture | EndCapture | EmptyCapture | Ping


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a command: what it prints, in words and as values, and what is to be done, in order."""

    lines: Sequence[str] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    """What JSON has of it beside the command."""
    status: Status = WELL
    do: Sequence[Entry | Action | Change] = ()

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)
