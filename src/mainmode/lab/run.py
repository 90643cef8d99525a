"""One run of the lab: a packet wants through, two gateways negotiate, data goes both ways, and what came of it.

Knows sites and the network; no explanation and no file. Everything it returns is plain data and frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Final, Literal

from mainmode.config.model import Config
from mainmode.events import Entry, Role
from mainmode.gateway import Action
from mainmode.ike.persona import ASA, Persona
from mainmode.lab.elements import Nat
from mainmode.lab.faults import Fault, FaultyStretch
from mainmode.lab.network import Network, Site, Transit
from mainmode.lab.trigger import Trigger, choose, is_behind
from mainmode.show import show
from mainmode.show.view import Release

SiteName = Literal["a", "b"]

PACKETS: Final = 4
"""Questions that are asked through the tunnel, and answers (document: `#pkts encaps: 4`)."""

GAP: Final = 0.1
"""Seconds between two questions."""

LATER_GAP: Final = 60.0
"""Seconds between two questions afterwards: rarer than keepalives, often enough that the tunnel is not idle."""

SHOWN: Final = ("crypto isakmp sa", "crypto ipsec sa")

UNTIL: Final = 600.0
"""Seconds after which a run ends however it stands. The longest schedule of repetitions is a tenth of it."""


@dataclass(frozen=True, slots=True)
class SiteResult:
    """One site after the run."""

    name: SiteName
    config: Config
    role: Role
    entries: tuple[Entry, ...]
    """What its debug says, in order, each with its time."""
    show: Mapping[str, str]
    """By command (`crypto ipsec sa`): what `show` prints at the end."""

    @property
    def hostname(self) -> str:
        return self.config.hostname


@dataclass(frozen=True, slots=True)
class LabResult:
    """What came of a run. Times are virtual seconds from its beginning."""

    established: bool
    """There is a pair of IPsec SAs that both sites know."""
    delivered: Mapping[str, int]
    """`a_to_b`, `b_to_a`: packets that came out of the tunnel exactly as they went in."""
    seconds: float
    trigger: Trigger
    sites: tuple[SiteResult, SiteResult]
    wire: tuple[Transit, ...] = field(repr=False)
    """Every packet that left a site, in order."""

    @property
    def well(self) -> bool:
        """Whether the tunnel is up and carried every one of the first packets each way."""
        return self.established and min(self.delivered.values()) >= PACKETS


def run(
    a: Config,
    b: Config,
    *,
    trigger: Trigger | None = None,
    initiator: SiteName | None = None,
    personas: tuple[Persona, Persona] = (ASA, ASA),
    faults: Sequence[Fault] = (),
    nat: Mapping[str, IPv4Address] = MappingProxyType({}),
    seconds: float = 0.0,
    seed: int = 0,
    until: float = UNTIL,
    watch: Callable[[Site, Sequence[Action]], None] | None = None,
) -> LabResult:
    """Bring the two sites together.

    A host behind the initiator sends the trigger; its gateway drops that packet and negotiates, as an ASA does. Once
    all is quiet and there is a tunnel, `PACKETS` questions go through it, and their answers. `nat` puts a translating
    router with that address before a site. For `seconds` more time goes on, with a question every `LATER_GAP`. `watch`
    sees both sites after everything that happens (`KeyLog.watch`). ValueError if there is no trigger and none can be
    found, or no outside interface behind a router.
    """
    sites = Site("a", a, personas[0], seed), Site("b", b, personas[1], seed)
    for site in sites:
        site.seen = watch
    asking, trigger = _who_asks(a, b, trigger, initiator)
    nats = [Nat(_outside(site.config), nat[site.name]) for site in sites if site.name in nat]
    network = Network(sites, [FaultyStretch(fault) for fault in faults], nats)
    network.host_sends(sites[asking], trigger.packet(0))
    network.run(until)
    established = _have_tunnel(*sites)
    if established:
        for number in range(1, PACKETS + 1):
            question = partial(network.host_sends, sites[asking], trigger.packet(number))
            network.at(network.now + number * GAP, question)
        network.run(until + PACKETS * GAP)
    if seconds:
        _go_on(network, sites[asking], trigger, network.now + seconds)
    return LabResult(
        established,
        {"a_to_b": _delivered(sites[0], sites[1]), "b_to_a": _delivered(sites[1], sites[0])},
        round(network.now, 6),
        trigger,
        (_result("a", sites[0], asking == 0, network.now), _result("b", sites[1], asking == 1, network.now)),
        tuple(network.wire),
    )


def _go_on(network: Network, asking: Site, trigger: Trigger, end: float) -> None:
    """Time goes on until `end`, with a question now and then, so that what idles and what wears out both show."""
    number, at = PACKETS + 1, network.now + LATER_GAP
    while at < end:
        network.at(at, partial(network.host_sends, asking, trigger.packet(number & 0xFFFF)))
        number, at = number + 1, at + LATER_GAP
    network.pass_time(end)


def _outside(config: Config) -> IPv4Address:
    """The address that peers speak to: of the interface with a crypto map and IKE."""
    for name in config.ike_enabled:
        interface = config.interface_named(name)
        if interface is not None and interface.address is not None and config.crypto_map_on(name) is not None:
            return interface.address
    raise ValueError("no interface with IKE and a crypto map to put a translating router before")


def _who_asks(
    a: Config, b: Config, trigger: Trigger | None, initiator: SiteName | None
) -> tuple[Literal[0, 1], Trigger]:
    """Which site the trigger starts from. A named trigger is turned round when it starts behind the other site."""
    asking: Literal[0, 1] = 1 if initiator == "b" else 0
    if trigger is None:
        trigger = choose(b, a) if asking else choose(a, b)
        if trigger is None:
            raise ValueError("no packet to send: no crypto access-list and no network behind the sites; give --trigger")
        return asking, trigger
    if initiator is None and is_behind(b, trigger.source) and not is_behind(a, trigger.source):
        return 1, trigger
    own = b if asking else a
    if initiator is not None and is_behind(own, trigger.destination) and not is_behind(own, trigger.source):
        return asking, trigger.mirrored
    return asking, trigger


def _have_tunnel(a: Site, b: Site) -> bool:
    ends = {(tunnel.inbound_spi, tunnel.outbound_spi) for _, tunnel in a.gateway.tunnels}
    return any((tunnel.outbound_spi, tunnel.inbound_spi) in ends for _, tunnel in b.gateway.tunnels)


def _delivered(sender: Site, receiver: Site) -> int:
    return (sender.sent & receiver.arrived).total()


def _result(name: SiteName, site: Site, asked: bool, now: float) -> SiteResult:
    release = _release(site.config)
    shown = {command: show(site.gateway, site.plane, f"show {command}", now, release=release) for command in SHOWN}
    return SiteResult(name, site.config, "initiator" if asked else "responder", tuple(site.entries), shown)


def _release(config: Config) -> Release:
    """The release whose `show` the configuration's author knows: up to 8.3 it is `isakmp` that later is `ikev1`."""
    return "8.3" if config.syntax == "isakmp" else "9"
