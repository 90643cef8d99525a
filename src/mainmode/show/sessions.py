"""`show vpn-sessiondb l2l`: who is connected, for how long, and how much went through. Knows 8.3's layout and 9.x's.

Source: real outputs of both (FACTS §5.3). A session is an IKE SA with tunnels; half-open ones are none yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

from mainmode.gateway.engine import SESSION_STEP
from mainmode.ike.phase1 import tunnel_group
from mainmode.ike.sa import IkeSa, Tunnel
from mainmode.show.view import View, written

LEFT: Final = 23
"""Width of a value in the left column."""


def sessions_of(view: View, peer: IPv4Address | None, name: str | None) -> dict[IkeSa, list[IkeSa]]:
    """The sessions, in the order in which they began; with a peer or a tunnel-group, those of it.

    Each by its newest IKE SA, with all that have tunnels: while phase 1 is renewed there may be two.
    """
    sessions: dict[int, list[IkeSa]] = {}
    for sa in view.gateway.ike_sas:
        if sa.active and sa.tunnels and peer in (None, sa.remote.address) and name in (None, sa.group):
            sessions.setdefault(sa.session, []).append(sa)
    return {sas[-1]: sas for sas in sessions.values()}


def tunnels_of(sas: Iterable[IkeSa]) -> list[Tunnel]:
    """The tunnels of a session, the newest last."""
    return sorted((tunnel for sa in sas for tunnel in sa.tunnels), key=lambda tunnel: tunnel.started_at)


def session_index(sa: IkeSa) -> int:
    """The number that a session goes by: `Index`, and in `vpn-sessiondb logoff index`."""
    return sa.session // SESSION_STEP


def l2l_sessions(
    view: View, *, detail: bool = False, peer: IPv4Address | None = None, name: str | None = None
) -> list[str]:
    """The sessions, or those with one peer or of one tunnel-group, in the order in which they began."""
    sessions = sessions_of(view, peer, name)
    if not sessions:
        return ["INFO: There are presently no active sessions of the type specified"]
    lines = ["", f"Session Type: LAN-to-LAN{' Detailed' if detail else ''}"]
    for sa, sas in sessions.items():
        lines += ["", *_session(sa, sas, view, detail)]
    return lines


def _session(sa: IkeSa, sas: list[IkeSa], view: View, detail: bool) -> list[str]:
    nine = view.release == "9"
    ike, ipsec = "IKEv1" if nine else "IKE", "IPsecOverNatT" if _in_udp(sa.tunnels[0], view) else "IPsec"
    index = session_index(sa)
    # While SAs are being renewed, the old and the new are one tunnel; the newest stand last.
    by_traffic: dict[object, list[Tunnel]] = {}
    for tunnel in tunnels_of(sas):
        by_traffic.setdefault((tunnel.match.local, tunnel.match.remote), []).append(tunnel)
    tunnels = list(by_traffic.values())
    encryptions = [renewed[-1].suite.cipher.session_name for renewed in tunnels]
    hashes = [_hashing(renewed[-1]) for renewed in tunnels]
    received, sent = (sum(each) for each in zip(*map(view.gateway.octets, sas), strict=True))
    lines = [
        f"Connection   : {sa.group}",
        _row("Index", index, "IP Addr", sa.remote.address),
        f"Protocol     : {ike} {ipsec}",
    ]
    if nine:
        lines += [
            f"Encryption   : {ike}: (1){sa.cipher.session_name}  {ipsec}: {_counted(encryptions)}",
            f"Hashing      : {ike}: (1){sa.hash.session_name}  {ipsec}: {_counted(hashes)}",
        ]
    else:
        ciphers = " ".join(dict.fromkeys([sa.cipher.session_name, *encryptions]))
        lines.append(_row("Encryption", ciphers, "Hashing", " ".join(dict.fromkeys([sa.hash.session_name, *hashes]))))
    lines += [
        _row("Bytes Tx", sent, "Bytes Rx", received),
        f"Login Time   : {view.calendar(sa.login_at):%H:%M:%S %Z %a %b %-d %Y}",
        f"Duration     : {duration(view.now - sa.login_at)}",
    ]
    if detail:
        lines += ["", f"{ike} Tunnels: 1", f"{ipsec} Tunnels: {len(tunnels)}", "", f"{ike}:"]
        lines += [f"  {line}" for line in _phase1(sa, index, view)]
        for number, renewed in enumerate(tunnels, start=2):
            lines += ["", f"{ipsec}:", *(f"  {line}" for line in _phase2(renewed, f"{index}.{number}", view))]
    return lines


def _phase1(sa: IkeSa, index: int, view: View) -> list[str]:
    suite = sa.suite
    if suite is None or sa.active_at is None:
        return []
    lines = [
        f"Tunnel ID    : {index}.1",
        _row("UDP Src Port", sa.remote.port, "UDP Dst Port", sa.local.port),
        _row("IKE Neg Mode", "Main", "Auth Mode", "preSharedKeys"),
        _row("Encryption", suite.cipher.session_name, "Hashing", suite.hash.session_name),
    ]
    if suite.lifetime is not None:
        lines.append(_seconds(suite.lifetime, sa.active_at, view))
    group = tunnel_group(view.gateway.config, sa)
    vpn_filter = view.gateway.config.group_policy(group).vpn_filter if group else None
    return [*lines, f"D/H Group    : {suite.group.number}", f"Filter Name  :{f' {vpn_filter}' if vpn_filter else ''}"]


def _phase2(renewed: list[Tunnel], identifier: str, view: View) -> list[str]:
    """The tunnels of one pair of proxy identities, of which the last is in use."""
    tunnel = renewed[-1]
    suite = tunnel.suite
    pfs = f"{'Tunnel':<{LEFT}}PFS Group    : {suite.pfs.number}" if suite.pfs else "Tunnel"
    sent, received = view.sent_and_received(renewed)
    lines = [
        f"Tunnel ID    : {identifier}",
        f"Local Addr   : {written(tunnel.match.local)}",
        f"Remote Addr  : {written(tunnel.match.remote)}",
        _row("Encryption", suite.cipher.session_name, "Hashing", _hashing(tunnel)),
        f"Encapsulation: {pfs}",
        _seconds(suite.lifetime_seconds, tunnel.started_at, view),
    ]
    if suite.lifetime_kilobytes is not None:
        left = max(0, suite.lifetime_kilobytes - max(view.counters(one).octets for one in view.pair(tunnel)) // 1024)
        lines.append(_row("Rekey Int (D)", f"{suite.lifetime_kilobytes} K-Bytes", "Rekey Left(D)", f"{left} K-Bytes"))
    idle, remaining = _idle(tunnel, view.total(renewed).last_used, view)
    return [
        *lines,
        _row("Idle Time Out", f"{idle} Minutes", "Idle TO Left", f"{remaining} Minutes"),
        _row("Bytes Tx", sent.octets, "Bytes Rx", received.octets),
        _row("Pkts Tx", sent.session_packets, "Pkts Rx", received.session_packets),
    ]


def _idle(tunnel: Tunnel, last_used: float | None, view: View) -> tuple[int, int]:
    """Minutes: the idle timeout and what is left of it. Zero both: there is none."""
    group = tunnel_group(view.gateway.config, tunnel.sa)
    timeout = view.gateway.config.group_policy(group).vpn_idle_timeout if group else None
    if not isinstance(timeout, int):
        return 0, 0
    idle = view.now - (tunnel.started_at if last_used is None else last_used)
    return timeout, max(0, int(timeout - idle / 60))


def duration(seconds: float) -> str:
    """`17d 2h:13m:35s`; the days are left out while there are none."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{f'{days}d ' if days else ''}{hour}h:{minute:02}m:{second:02}s"


def _row(label: str, value: object, right_label: str, right_value: object) -> str:
    return f"{label:<13}: {value!s:<{LEFT}}{right_label:<13}: {right_value}"


def _seconds(lifetime: int, began: float, view: View) -> str:
    left = max(0, int(began + lifetime - view.now))
    return _row("Rekey Int (T)", f"{lifetime} Seconds", "Rekey Left(T)", f"{left} Seconds")


def _counted(names: Iterable[str]) -> str:
    return " ".join(f"({count}){name}" for name, count in Counter(names).items())


def _hashing(tunnel: Tunnel) -> str:
    return tunnel.suite.auth.session_name if tunnel.suite.auth else "none"


def _in_udp(tunnel: Tunnel, view: View) -> bool:
    return view.pair(tunnel)[1].in_udp
