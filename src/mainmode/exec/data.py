"""What the `show` commands print, as values for JSON. Knows the gateway's state; no layout, no commands.

The names are a contract: fields may come, none goes away. Times are seconds; SPIs are eight hexadecimal digits; what is
not known or not there is null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Any, Final

from mainmode.ike.sa import IkeSa, Tunnel
from mainmode.ipsec.sa import COUNTED, IpsecSa
from mainmode.show.commands import Command, printed, selected
from mainmode.show.ike import ike_sas, ikev2_sas, isakmp_sas, rekeys_of
from mainmode.show.interfaces import addresses, clock, interfaces
from mainmode.show.ipsec import ipsec_sas
from mainmode.show.routes import last_resort, routes, table
from mainmode.show.sessions import l2l_sessions, session_index, sessions_of, tunnels_of
from mainmode.show.view import View, written


def of(row: Command, words: list[Any], view: View) -> dict[str, Any]:
    """The values behind one `show` command, as it was typed."""
    if row.run not in BY_COMMAND:
        return {"lines": printed(row, words, view)}  # the configuration: its lines are its values
    return BY_COMMAND[row.run](view, **selected(row, words))


def _ike(view: View) -> dict[str, Any]:
    sas = list(view.gateway.ike_sas)
    rekeys = rekeys_of(sas)
    return {"ikev1_sas": [{**_ike_sa(sa, view), "rekey": sa in rekeys} for sa in sas]}


def _isakmp(view: View) -> dict[str, Any]:
    return {**_ike(view), **_ikev2(view)}


def _ikev2(view: View) -> dict[str, Any]:
    return {"ikev2_sas": []}


def _ike_sa(sa: IkeSa, view: View) -> dict[str, Any]:
    suite = sa.suite
    lifetime = suite.lifetime if suite is not None else None
    left = None
    if lifetime is not None and sa.active_at is not None:
        left = max(0, int(sa.active_at + lifetime - view.now))
    return {
        "peer": str(sa.remote.address),
        "peer_port": sa.remote.port,
        "local": str(sa.local.address),
        "local_port": sa.local.port,
        "interface": sa.interface,
        "tunnel_group": sa.group,
        "role": sa.role,
        "state": sa.state,
        "encryption": suite.cipher.name if suite is not None else None,
        "hash": suite.hash.name if suite is not None else None,
        "dh_group": suite.group.number if suite is not None else None,
        "lifetime": lifetime,
        "lifetime_left": left,
        "nat": {"local": sa.local_behind_nat, "remote": sa.remote_behind_nat},
        "tunnels": len(sa.tunnels),
    }


def _ipsec(view: View, peer: IPv4Address | None = None, map: str | None = None) -> dict[str, Any]:
    tunnels = [
        tunnel
        for sa, tunnel in view.gateway.tunnels
        if peer in (None, sa.remote.address) and map in (None, tunnel.match.settings.map)
    ]
    tunnels.sort(key=lambda tunnel: tunnel.started_at)
    return {"ipsec_sas": [_tunnel(tunnel, view) for tunnel in tunnels]}


def _tunnel(tunnel: Tunnel, view: View) -> dict[str, Any]:
    inbound, outbound = view.pair(tunnel)
    total, match = view.total([tunnel]), tunnel.match
    return {
        "interface": tunnel.sa.interface,
        "crypto_map": match.settings.map,
        "sequence": match.settings.sequence,
        "access_list": match.span and {"file": match.span.file, "line": match.span.line, "text": match.span.text},
        "local": written(match.local),
        "remote": written(match.remote),
        "local_endpoint": {"address": str(inbound.local), "port": inbound.local_port},
        "peer": {"address": str(inbound.remote), "port": inbound.remote_port},
        "tunnel_group": inbound.tunnel_group,
        "encryption": inbound.cipher.name,
        "authentication": inbound.auth.name if inbound.auth is not None else None,
        "pfs_group": inbound.pfs_group,
        "lifetime_left": max(0, int(inbound.installed_at + inbound.lifetime_seconds - view.now)),
        "replaced": tunnel.replaced,
        "inbound": _sa(inbound, view),
        "outbound": _sa(outbound, view),
        "counters": {name: getattr(total, name) for name in COUNTED},
    }


def _sa(sa: IpsecSa, view: View) -> dict[str, Any]:
    return {"spi": f"{sa.spi:08x}", "octets": view.counters(sa).octets}


def _sessions(view: View, peer: IPv4Address | None = None, name: str | None = None) -> dict[str, Any]:
    return {
        "sessions": [
            {
                **_ike_sa(sa, view),
                "index": session_index(sa),
                "since": view.wall(sa.login_at),
                "ipsec_sas": [_tunnel(tunnel, view) for tunnel in tunnels_of(sas)],
            }
            for sa, sas in sessions_of(view, peer, name).items()
        ]
    }


def _addresses(view: View) -> dict[str, Any]:
    return {
        "interfaces": [
            {
                "interface": interface.hardware,
                "name": interface.name,
                "address": str(interface.address),
                "netmask": str(interface.network.netmask),
            }
            for interface in view.gateway.config.interfaces
            if interface.name and interface.address and interface.network
        ]
    }


def _all_interfaces(view: View) -> dict[str, Any]:
    return {
        "interfaces": [
            {
                "interface": interface.hardware,
                "name": interface.name,
                "address": interface.address and str(interface.address),
                "shutdown": interface.shutdown,
            }
            for interface in view.gateway.config.interfaces
        ]
    }


def _routes(view: View) -> dict[str, Any]:
    entries = table(view)
    default = last_resort(entries)
    return {
        "gateway_of_last_resort": default and str(default.gateway),
        "routes": [
            {
                "kind": entry.kind,
                "network": str(entry.network.network_address),
                "netmask": str(entry.network.netmask),
                "interface": entry.interface,
                "gateway": entry.gateway and str(entry.gateway),
                "distance": entry.distance if entry.kind == "static" else None,
            }
            for entry in entries
        ],
    }


def _clock(view: View) -> dict[str, Any]:
    return {"at": view.wall(view.now)}


BY_COMMAND: Final[Mapping[Callable[..., Any], Callable[..., dict[str, Any]]]] = {
    ike_sas: _ike,
    isakmp_sas: _isakmp,
    ikev2_sas: _ikev2,
    ipsec_sas: _ipsec,
    l2l_sessions: _sessions,
    addresses: _addresses,
    interfaces: _all_interfaces,
    routes: _routes,
    clock: _clock,
}
"""By what prints it."""
