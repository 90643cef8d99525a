"""What a `show` command looks at: a gateway, its data plane, the time. Knows no command and no layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal

from mainmode.events import ProxyId
from mainmode.gateway import Gateway
from mainmode.ike.sa import Tunnel
from mainmode.ipsec.dataplane import DataPlane
from mainmode.ipsec.sa import Counters, IpsecSa

Release = Literal["8.3", "9"]
"""Whose layout: that of the source document, or that of 9.x."""


@dataclass(frozen=True, slots=True)
class View:
    """One look at a running gateway."""

    gateway: Gateway
    plane: DataPlane
    now: float
    """Seconds, of the gateway's clock."""
    release: Release
    wall: Callable[[float], float]
    """From the gateway's clock to seconds since the epoch."""
    zone: tzinfo = UTC
    """In which the time of day is printed."""

    @property
    def blank(self) -> str:
        """9.x puts a blank behind some values, and scripts that read its output have learned to expect it."""
        return " " if self.release == "9" else ""

    def calendar(self, at: float) -> datetime:
        """The date and the time of day at which the gateway's clock showed `at`."""
        return datetime.fromtimestamp(self.wall(at), self.zone)

    def pair(self, tunnel: Tunnel) -> tuple[IpsecSa, IpsecSa]:
        """The inbound and the outbound SA of a tunnel."""
        return self.gateway.engine.pair(tunnel.inbound_spi)

    def counters(self, sa: IpsecSa) -> Counters:
        """What an SA has done. Nothing, if the data plane has let it go already or has not got it yet."""
        try:
            return self.plane.counters(sa)
        except KeyError:
            return Counters()

    def bitmap(self, sa: IpsecSa) -> tuple[int, ...]:
        """An SA's anti-replay bitmap; that of a fresh SA if the data plane has not got it."""
        try:
            return self.plane.bitmap(sa)
        except KeyError:
            return (0, 1)

    def path(self, sa: IpsecSa) -> tuple[int, int]:
        """The path MTU of an outbound SA in octets, and the whole seconds until it is forgotten (0: it is not)."""
        try:
            path = self.plane.path(sa)
        except KeyError:
            return sa.outer.mtu, 0
        return path.current(self.now), path.remaining(self.now)

    def total(self, tunnels: list[Tunnel]) -> Counters:
        """What these tunnels have done together; the one in use, with what those did whose place it has taken."""
        total, received = self.sent_and_received(tunnels)
        total.add(received)
        return total

    def sent_and_received(self, tunnels: list[Tunnel]) -> tuple[Counters, Counters]:
        """The same, each direction for itself."""
        totals = Counters(), Counters()
        for tunnel in tunnels:
            received, sent = self.gateway.done(tunnel)
            totals[0].add(sent)
            totals[1].add(received)
        return totals


def written(proxy: ProxyId) -> str:
    """A proxy identity as `addr/mask/prot/port`; for a range of addresses its end stands in the place of the mask."""
    return f"{proxy.address}/{proxy.last or proxy.mask}/{proxy.protocol}/{proxy.port}"
