"""The `show` commands as one table. Knows no state and no layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final

from mainmode.config.printer import PARTS, running_config
from mainmode.gateway import Gateway
from mainmode.ipsec.dataplane import DataPlane
from mainmode.show.ike import ike_sas, ikev2_sas, isakmp_sas
from mainmode.show.interfaces import addresses, clock, interfaces
from mainmode.show.ipsec import ipsec_sas
from mainmode.show.routes import routes
from mainmode.show.sessions import l2l_sessions
from mainmode.show.typed import Slots, find
from mainmode.show.view import Release, View

ADDRESS: Final = "A.B.C.D"
"""Stands for an address in a row of the table."""

MAP: Final = "MAP"
"""Likewise for the name of a crypto map."""

WORD: Final = "WORD"
"""Likewise for any other name."""

GROUP: Final = "GROUP"
"""Likewise for the name of a tunnel-group."""

SLOTS: Final[Slots] = {ADDRESS: IPv4Address, MAP: str, GROUP: str, WORD: str}


@dataclass(frozen=True, slots=True)
class Command:
    """One row: the words, with ADDRESS where an address is typed, and what prints it."""

    words: tuple[str, ...]
    run: Callable[..., list[str]]
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def doc(self) -> str:
        """One sentence for the reference: the first of what prints it."""
        sentence = (self.run.__doc__ or "").partition("\n")[0]
        options = dict(self.options)
        if options.get("all"):
            return f"{sentence} Defaults too."
        return f"{sentence} With all that is known of each." if options.get("detail") else sentence


def _command(text: str, run: Callable[..., list[str]], **options: Any) -> Command:
    return Command(tuple(text.split()), run, tuple(options.items()))


def _running_config(view: View, *, part: str, all: bool = False) -> list[str]:
    """This part of the configuration, as an ASA prints it, keys masked."""
    return (running_config(view.gateway.config, part, all=all) or "").splitlines()


WHAT: Final = ("access-list", "group-policy", "interface", "nat", "object", "object-group", "route")
"""What else of the configuration can be asked for: lines that begin so, with what stands under them."""

NAMED: Final = ("access-list", "group-policy", "interface")
"""Of these a single one, by its name."""


def _configured(view: View, *, what: str, name: str | None = None) -> list[str]:
    """These lines of the configuration, as they were read, keys masked."""
    lines, wanted = [], False
    for span in view.gateway.config.lines:
        words = span.text.split()
        if span.text[:1].strip() and words:
            wanted = words[0] == what and name in (None, *words[1:2])
        if wanted:
            lines.append(span.text)
    return lines


COMMANDS: Final = (
    _command("show crypto isakmp sa", isakmp_sas),
    _command("show crypto isakmp sa detail", isakmp_sas, detail=True),
    _command("show crypto ikev1 sa", ike_sas),
    _command("show crypto ikev1 sa detail", ike_sas, detail=True),
    _command("show crypto ikev2 sa", ikev2_sas),
    _command("show crypto ikev2 sa detail", ikev2_sas),
    _command("show crypto ipsec sa", ipsec_sas),
    _command("show crypto ipsec sa detail", ipsec_sas, detail=True),
    _command("show crypto ipsec sa peer A.B.C.D", ipsec_sas),
    _command("show crypto ipsec sa peer A.B.C.D detail", ipsec_sas, detail=True),
    _command("show crypto ipsec sa map MAP", ipsec_sas),
    _command("show crypto ipsec sa map MAP detail", ipsec_sas, detail=True),
    _command("show crypto ipsec sa entry", ipsec_sas, by="entry"),
    _command("show crypto ipsec sa entry detail", ipsec_sas, by="entry", detail=True),
    _command("show crypto ipsec sa identity", ipsec_sas),
    _command("show crypto ipsec sa identity detail", ipsec_sas, detail=True),
    _command("show ipsec sa", ipsec_sas),
    _command("show ipsec sa detail", ipsec_sas, detail=True),
    _command("show vpn-sessiondb l2l", l2l_sessions),
    _command("show vpn-sessiondb detail l2l", l2l_sessions, detail=True),
    *(
        _command(
            f"show vpn-sessiondb {form} filter {by}", l2l_sessions, **({"detail": True} if "detail" in form else {})
        )
        for form in ("l2l", "detail l2l")
        for by in ("ipaddress A.B.C.D", "name GROUP")
    ),
    _command("show route", routes),
    _command("show clock", clock),
    _command("show interface ip brief", interfaces),
    _command("show ip", addresses),
    _command("show ip address", addresses),
    *(_command(f"show running-config {part}", _running_config, part=part) for part in PARTS),
    *(_command(f"show running-config all {part}", _running_config, part=part, all=True) for part in PARTS),
    *(_command(f"show running-config {what}", _configured, what=what) for what in WHAT),
    *(_command(f"show running-config {what} {WORD}", _configured, what=what) for what in NAMED),
    _command(f"show running-config tunnel-group {WORD}", _configured, what="tunnel-group"),
)


def show(
    gateway: Gateway,
    plane: DataPlane,
    command: str,
    now: float,
    *,
    release: Release = "9",
    wall: Callable[[float], float] = float,
) -> str:
    """What an ASA prints for a `show` command, every line ended; for anything else its answer to a wrong command.

    `plane` is where the gateway's SAs are installed; `now` is in seconds on the gateway's clock, and `wall` makes
    seconds since the epoch of it. Never raises, whatever `command` is.
    """
    found = find(COMMANDS, command.split(), SLOTS)
    if isinstance(found, tuple):
        lines = printed(*found, View(gateway, plane, now, release, wall))
    else:
        lines = found.answer(command, f"{gateway.config.hostname}# ")
    return "".join(f"{line}\n" for line in lines)


def printed(row: Command, words: list[Any], view: View) -> list[str]:
    """The lines of one command, as it was typed."""
    return row.run(view, **dict(row.options), **selected(row, words))


def selected(row: Command, words: list[Any]) -> dict[str, Any]:
    """What a command is about, as it was typed: one peer, one crypto map, one name."""
    return {_SELECTS[slot]: word for slot, word in zip(row.words, words, strict=True) if slot in _SELECTS}


_SELECTS: Final = {ADDRESS: "peer", MAP: "map", GROUP: "name", WORD: "name"}
