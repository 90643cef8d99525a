"""`show crypto isakmp sa` and `show crypto ipsec sa` as people paste them. Knows their labels; judges nothing.

Only what a rule asks for is read: peer, role and state of an IKE SA; the proxies and counters of an IPsec SA. Columns,
indentation and what stands between do not matter (FACTS §5.1, §5.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from mainmode.events import Role
from mainmode.explain.case import IkeShown, IpsecShown, Shown

_PEER: Final = re.compile(r"IKE Peer:\s*(\d+\.\d+\.\d+\.\d+)")
_ROLE: Final = re.compile(r"Role\s*:\s*(initiator|responder)", re.IGNORECASE)
_STATE: Final = re.compile(r"State\s*:\s*([A-Z]{2}_[A-Z0-9_]+)")
_IDENT: Final = re.compile(r"(local|remote)\s+ident\s*\(addr/mask/prot/port\):\s*\(?([0-9./]+)\)?")
_CURRENT: Final = re.compile(r"current_peer:\s*(\d+\.\d+\.\d+\.\d+)")
_COUNTER: Final = re.compile(r"#(pkts encaps|pkts decaps|pkts decrypt|send errors|recv errors):?\s*(\d+)")

_ROLES: Final[dict[str, Role]] = {"initiator": "initiator", "responder": "responder"}


def read(lines: Iterable[tuple[int, str]], source: int = 0) -> list[Shown]:
    """What these lines show, in their order: (number, text) each, counted from 1. Never raises."""
    found: list[Shown] = []
    ike: tuple[IPv4Address, int, str] | None = None
    role: Role | None = None
    pair = _Pair()
    for number, text in lines:
        if named := _PEER.search(text):
            peer = _address(named[1])
            ike, role = ((peer, number, text) if peer else None), None
        if told := _ROLE.search(text):
            role = _ROLES[told[1].lower()]
        if (state := _STATE.search(text)) and ike is not None:
            found.append(IkeShown(source, number, text.strip(), ike[0], role, state[1]))
            ike = None
        for ident in _IDENT.finditer(text):
            if ident[1] == "local":
                found += pair.finished(source)
                pair = _Pair(local=ident[2], line=number)
            else:
                pair.remote = ident[2]
        if current := _CURRENT.search(text):
            pair.peer = _address(current[1])
        for counter in _COUNTER.finditer(text):
            pair.counters[counter[1]] = int(counter[2][:18])
            if counter[1] == "pkts decaps":
                pair.line, pair.text = number, text.strip()
    return [*found, *pair.finished(source)]


class _Pair:
    """An IPsec SA while its lines come in."""

    def __init__(self, local: str = "", line: int = 0) -> None:
        self.local, self.remote, self.line, self.text = local, "", line, ""
        self.peer: IPv4Address | None = None
        self.counters: dict[str, int] = {}

    def finished(self, source: int) -> list[Shown]:
        count = self.counters
        if "pkts encaps" not in count or "pkts decaps" not in count:
            return []
        errors = count.get("recv errors", 0), count.get("send errors", 0)
        told = source, self.line, self.text, self.peer, self.local, self.remote
        return [IpsecShown(*told, count["pkts encaps"], count["pkts decaps"], *errors)]


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except AddressValueError:
        return None
