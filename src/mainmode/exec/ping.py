"""`ping`: what an ASA prints about it. Knows round trips, no sockets."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from mainmode.exec.running import FAILED, WELL, Ping, Reply, Running
from mainmode.gateway.path import leaving_by


def ask(
    running: Running,
    destination: IPv4Address,
    interface: str | None = None,
    *,
    repeat: int = 5,
    size: int = 100,
    timeout: int = 2,
) -> Reply:
    """`ping [IF] A`: the source is the interface's address, by default that of the interface towards `destination`.

    `size`: octets of the IP packet, `timeout`: seconds for each answer.
    """
    config = running.view.gateway.config
    if interface is None:
        way = leaving_by(config, destination)
        interface = way[0] if way is not None else None
    own = config.interface_named(interface) if interface is not None else None
    if own is None or own.address is None:
        said = f"No route to host {destination}"
        return Reply([said], {"error": said}, FAILED)
    return Reply(do=[Ping(own.address, destination, repeat, size, timeout)])


def report(ping: Ping, trips: Sequence[float | None]) -> Reply:
    """What came of it. `trips`: seconds until each answer, None where none came."""
    answered = [round(trip * 1000) for trip in trips if trip is not None]
    percent = 100 * len(answered) // len(trips) if trips else 0
    rate = f"Success rate is {percent} percent ({len(answered)}/{len(trips)})"
    # Below a millisecond an ASA says 1.
    times = [max(1, milliseconds) for milliseconds in answered]
    if times:
        rate += f", round-trip min/avg/max = {min(times)}/{sum(times) // len(times)}/{max(times)} ms"
    lines = [
        "Type escape sequence to abort.",
        f"Sending {ping.count}, {ping.length}-byte ICMP Echos to {ping.destination}, "
        f"timeout is {ping.timeout:g} seconds:",
        "".join("?" if trip is None else "!" for trip in trips),
        rate,
    ]
    data = {
        "source": str(ping.source),
        "destination": str(ping.destination),
        "sent": len(trips),
        "received": len(answered),
        "milliseconds": [None if trip is None else round(trip * 1000, 3) for trip in trips],
    }
    return Reply(lines, data, WELL if answered else FAILED)


def impossible(ping: Ping, why: str) -> Reply:
    """This host could not ask."""
    said = f"ERROR: {ping.source} to {ping.destination}: {why}"
    return Reply([said], {"error": said}, FAILED)
