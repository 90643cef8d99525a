"""`show route`: the routing table that follows from the configuration and the tunnels. Knows 8.x's layout and 9.x's.

Sources: real outputs of 9.x (ntc-templates), and the one of 8.x in Cisco's CLI configuration guide. Routing protocols
have no part in it, nor has what a DHCP server would tell. A `tunneled` default route is for what comes out of tunnels
and is not followed here, so it is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from typing import Final, Literal

from mainmode.events import ProxyId
from mainmode.gateway.box import adds_route
from mainmode.gateway.path import reverse_routes
from mainmode.show.view import View

LEGEND: Final = {
    "8.3": (
        "",
        "Codes: C - connected, S - static, I - IGRP, R - RIP, M - mobile, B - BGP",
        "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area",
        "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2",
        "       E1 - OSPF external type 1, E2 - OSPF external type 2, E - EGP",
        "       i - IS-IS, L1 - IS-IS level-1, L2 - IS-IS level-2, ia - IS-IS inter area",
        "       * - candidate default, U - per-user static route, o - ODR",
        "       P - periodic downloaded static route",
        "",
    ),
    "9": (
        "",
        "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP",
        "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area ",
        "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2",
        "       E1 - OSPF external type 1, E2 - OSPF external type 2, V - VPN",
        "       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2",
        "       ia - IS-IS inter area, * - candidate default, U - per-user static route",
        "       o - ODR, P - periodic downloaded static route, + - replicated route",
    ),
}
"""What the letters mean."""

WIDTH: Final = {"8.3": 5, "9": 9}
"""Of the code before a network."""

LONGEST: Final = 73
"""Characters of a line of 9.x: none of the real ones is longer, and of 74 all are two lines."""

CONTINUED: Final = 11
"""Blanks before the second of two lines."""

Kind = Literal["connected", "local", "static", "vpn"]
_CODES: Final[dict[Kind, str]] = {"connected": "C", "local": "L", "static": "S", "vpn": "V"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One network of the table, with one way to it or several of one price."""

    kind: Kind
    network: IPv4Network
    interface: str
    gateway: IPv4Address | None = None
    distance: int = 0


def table(view: View) -> list[Entry]:
    """The routes, ordered by network; a local address comes after the network that it is in."""
    entries: list[Entry] = []
    config = view.gateway.config
    for interface in config.interfaces:
        if interface.name and interface.address and interface.network and not interface.shutdown:
            entries.append(Entry("connected", interface.network, interface.name))
            if view.release == "9":
                entries.append(Entry("local", IPv4Network(interface.address), interface.name))
    connected = {entry.network for entry in entries if entry.kind == "connected"}
    statics = [route for route in config.routes if not route.tunneled and route.network not in connected]
    best: dict[IPv4Network, int] = {}
    for route in statics:
        best[route.network] = min(route.metric, best.get(route.network, route.metric))
    for route in statics:
        if route.metric == best[route.network]:
            entries.append(Entry("static", route.network, route.interface, route.gateway, route.metric))
    vpn: dict[IPv4Network, str] = {}
    for network, name, _ in reverse_routes(config):
        vpn.setdefault(network, name)
    for sa, tunnel in view.gateway.tunnels:
        for network in _networks(tunnel.match.remote) if adds_route(tunnel.match) else ():
            vpn.setdefault(network, sa.interface)
    taken = connected | best.keys()
    entries += [Entry("vpn", network, name) for network, name in vpn.items() if network not in taken]
    return sorted(entries, key=lambda entry: (int(entry.network.network_address), entry.network.prefixlen))


def routes(view: View) -> list[str]:
    """The routing table: interfaces, `route` lines and reverse routes; routing protocols have no part in it."""
    entries = table(view)
    default = last_resort(entries)
    said = f"{default.gateway} to network 0.0.0.0" if default is not None else "not set"
    if view.release != "9":  # there the default route stands at the end
        entries.sort(key=_is_default)
    lines = [*LEGEND[view.release], f"Gateway of last resort is {said}", ""]
    before = None
    for entry in entries:
        again = before is not None and before.network == entry.network and before.kind == entry.kind == "static"
        lines += _lines(entry, again, view.release)
        before = entry
    return lines


def last_resort(entries: list[Entry]) -> Entry | None:
    """The default route that has a gateway."""
    return next((entry for entry in entries if _is_default(entry) and entry.gateway is not None), None)


def _is_default(entry: Entry) -> bool:
    return entry.network.prefixlen == 0


def _lines(entry: Entry, again: bool, release: Literal["8.3", "9"]) -> Iterator[str]:
    code = f"{_CODES[entry.kind]}{'*' if _is_default(entry) and entry.gateway is not None else ''}"
    to = f"{code:<{WIDTH[release]}}{entry.network.network_address} {entry.network.netmask}"
    if entry.kind == "static":
        how = f"[{entry.distance}/0] via {entry.gateway}, {entry.interface}"
    elif entry.kind == "vpn":  # no output of 8.x with one is known
        how = f"connected by VPN (advertised), {entry.interface}"
    else:
        how = f"is directly connected, {entry.interface}"
    broken = release == "9" and len(to) + 1 + len(how) > LONGEST
    if broken and not again:
        yield f"{to} "
    if broken:
        yield f"{'':<{CONTINUED}}{how}"
    elif again:
        # In 8.x's two real ones it stands two columns further to the right; of 9.x no whole line with another is known.
        yield f"{'':<{len(to) + (1 if release == '9' else 3)}}{how}"
    else:
        yield f"{to} {how}"


def _networks(proxy: ProxyId) -> list[IPv4Network]:
    if proxy.last is not None:
        return list(summarize_address_range(proxy.address, proxy.last))
    return [IPv4Network(f"{proxy.address}/{proxy.mask}", strict=False)]  # a peer may name the network by a host of it
