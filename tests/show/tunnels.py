"""The document's two sites with their tunnel up and four pings through it, and one command's output of either."""

from __future__ import annotations

import re

from mainmode.config.model import Config
from mainmode.config.reader import read
from mainmode.gateway import Gateway
from mainmode.ipsec.sa import IpsecSa
from mainmode.show import show
from mainmode.show.view import Release
from tests.life.world import World
from tests.paths import REPO

PINGS = 4


def document(name: str) -> Config:
    """One of the document's sites, read from its configuration."""
    reading = read((REPO / "examples" / "two-sites" / f"site-{name}.cfg").read_text(), f"site-{name}.cfg")
    assert not reading.errors
    return reading.config


def pinged(initiator: str = "a", **world: object) -> World:
    """The tunnel is up, and a host behind the initiator has asked four times."""
    up = World(**world) if world else World({name: document(name) for name in "ab"})  # type: ignore[arg-type]
    up.bring_up(initiator)
    for _ in range(PINGS):
        up.ask(initiator)
    up.pass_time(1.0)
    return up


def shown(world: World, name: str, command: str, release: Release = "9", later: float = 0.0) -> str:
    """What a site prints for a command, `later` seconds from now."""
    site = world.sites[name]
    return show(site.gateway, site.plane, command, world.network.now + later, release=release)


def pair(gateway: Gateway) -> tuple[IpsecSa, IpsecSa]:
    """The inbound and the outbound SA of the only tunnel."""
    ((_, tunnel),) = gateway.tunnels
    return gateway.engine.pair(tunnel.inbound_spi)


def shape(line: str) -> str:
    """A line without what differs from box to box: addresses, numbers, names of maps; blanks at its end stay."""
    line = re.sub(r"^( *access-list) .*?( ?)$", r"\1 …\2", line)
    line = re.sub(r"(tag: |crypto-map: |interface: )[^\s,]+", r"\1…", line)
    line = re.sub(r"\b(?:\d+\.){3}\d+\b", "A", line)
    line = re.sub(r"spi *: [0-9A-F]{8}\b|0x[0-9A-F]{8}", "X", line)
    return re.sub(r"\b\d+\b", "N", line)
