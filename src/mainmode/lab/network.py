"""Two sites and the wire between them, on a virtual clock. Knows gateways by their three inputs, and no protocol.

Everything that will happen stands in one queue, ordered by time and then by the order in which it was set: so a run
follows from its configurations, its seed and its faults alone. A site returns what it puts on the wire; the network
names each packet, lets the faults have their way with it, and hands it over where it is addressed to.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from math import inf
from typing import Final

from mainmode.config.model import Config
from mainmode.events import Entry
from mainmode.gateway import Action, Gateway
from mainmode.gateway.engine import ClearCounters, Install, Move, Remove
from mainmode.gateway.path import way_in, way_out
from mainmode.ike.persona import Persona
from mainmode.ike.sa import IKE_PORT, NAT_T_PORT, NON_ESP_MARKER, Endpoint, Send
from mainmode.ipsec.dataplane import CutUp, Delivered, Dropped, Protected
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.selectors import read_packet
from mainmode.lab.dice import Dice
from mainmode.lab.elements import Element, Nat
from mainmode.lab.faults import ESP, UDP, Classifier, Fate, Packet, Passing
from mainmode.lab.ip import answer, readdressed

LATENCY: Final = 0.01
"""Seconds from one site to the other."""

MAX_STEPS: Final = 1_000_000
"""Steps of one call of `run`. Nothing the lab does comes near: it ends a run that would never end."""


@dataclass(frozen=True, slots=True)
class Transit:
    """One packet as it left a site, and what became of it on the way."""

    at: float
    sender: str
    name: str
    """`MM1` to `QM3`, `info`, `esp`, `other`."""
    packet: Packet
    fate: Fate


class Site:
    """One gateway with its data plane and the hosts behind it.

    `seen` is called after everything that happened here: the seam of the key log, which is the only thing that looks
    at keys, and only when the user asked for it.
    """

    def __init__(self, name: str, config: Config, persona: Persona, seed: int) -> None:
        self.name = name
        self.config = config
        self.plane = MemoryPlane(Dice(seed, name, "esp"))
        self.gateway = Gateway(config, entropy=Dice(seed, name, "ike"), persona=persona, plane=self.plane)
        self.entries: list[Entry] = []
        self.sent: Counter[bytes] = Counter()
        """Packets of the hosts that went into the tunnel, as the tunnel got them."""
        self.arrived: Counter[bytes] = Counter()
        """Packets that came out of the tunnel for the hosts."""
        self.seen: Callable[[Site, Sequence[Action]], None] | None = None
        self._addresses = frozenset(interface.address for interface in config.interfaces if interface.address)

    def has(self, address: IPv4Address) -> bool:
        return address in self._addresses

    @property
    def busy(self) -> bool:
        """Whether a negotiation is under way. Lifetimes that run do not count."""
        return any(
            not sa.active or any(quick.state != "QM_DONE" for quick in sa.exchanges.values())
            for sa in self.gateway.ike_sas
        )

    # -- what can happen to a site ----------------------------------------------------------------------------------

    def host_sends(self, packet: bytes, now: float) -> list[Packet]:
        """A host behind the site sends an IPv4 packet: into a tunnel if there is one for it.

        Without one the gateway may ask for it, and the packet is lost, as on an ASA. So is one that leaves in the
        clear: between the sites there is an internet, where nobody knows the way to private addresses.
        """
        header = read_packet(packet)
        way = None if isinstance(header, Drop) else way_out(self.config, header)
        if way is not None and self.config.crypto_map_on(way.interface) is not None:
            translated = readdressed(packet, way.packet.source, way.packet.destination)
            protected = self.plane.outbound(translated, now)
            if isinstance(protected, Protected):
                self.sent[translated] += 1
                return [self._outer(protected), *self._renew_worn(now)]
            if isinstance(protected, CutUp):
                # Nothing that went in comes out: the hosts of the lab do not put fragments together.
                return [self._outer(piece) for piece in protected.pieces]
            if isinstance(protected, Dropped):
                self._say_dropped(protected, now)
                return []
        return self.carry_out(self.gateway.outbound(packet, now))

    def receive(self, packet: Packet, now: float) -> list[Packet]:
        """A packet arrives from the wire."""
        if packet.protocol == ESP or (
            packet.to.port == NAT_T_PORT and len(packet.payload) > 1 and not packet.payload.startswith(NON_ESP_MARKER)
        ):
            return self._receive_esp(packet, now)
        if packet.to.port not in (IKE_PORT, NAT_T_PORT):
            return []
        return self.carry_out(self.gateway.receive(packet.payload, packet.source, now, packet.to))

    def tick(self, now: float) -> list[Packet]:
        """Time passes."""
        return self.carry_out(self.gateway.tick(now))

    # -- how it goes on ---------------------------------------------------------------------------------------------

    def _receive_esp(self, packet: Packet, now: float) -> list[Packet]:
        opened = self.plane.inbound(packet.payload, packet.source.address, now)
        if isinstance(opened, Dropped):
            self._say_dropped(opened, now, packet.to.address)
            if opened.why is Drop.UNKNOWN_SPI:
                return self.carry_out(self.gateway.unknown_spi(opened.spi, packet.source.address, now))
            return []
        told: list[Packet] = []
        if opened.sa.in_udp and (opened.sa.remote, opened.sa.remote_port) != packet.source:
            told = self.carry_out(self.gateway.esp_from(opened.sa, packet.source, packet.to, now))
        return told + self._to_hosts(opened, now) + self._renew_worn(now)

    def _renew_worn(self, now: float) -> list[Packet]:
        """SAs whose kilobytes are nearly used up are renewed."""
        worn = self.plane.worn()
        return self.carry_out(self.gateway.worn(worn, now)) if worn else []

    def _to_hosts(self, delivered: Delivered, now: float) -> list[Packet]:
        self.arrived[delivered.packet] += 1
        header = read_packet(delivered.packet)
        if isinstance(header, Drop):
            return []
        seen = way_in(self.config, IPv4Address(header.source), IPv4Address(header.destination))
        reply = answer(readdressed(delivered.packet, *seen))
        return self.host_sends(reply, now) if reply is not None else []

    def carry_out(self, items: Iterable[Entry | Action]) -> list[Packet]:
        """Keep the entries, carry out the actions; returns what goes onto the wire."""
        packets, actions = [], []
        for item in items:
            if isinstance(item, Entry):
                self.entries.append(item)
                continue
            actions.append(item)
            if isinstance(item, Send):
                packets.append(Packet(UDP, item.source, item.to, item.datagram))
            elif isinstance(item, Install):
                self.plane.install(item.sa)
            elif isinstance(item, Move):
                self.plane.move(item.before, item.after)
            elif isinstance(item, ClearCounters):
                self.plane.clear_counters(item.sa)
            elif isinstance(item, Remove):
                self.plane.remove(item.sa)
        if self.seen is not None:
            self.seen(self, actions)
        return packets

    def _outer(self, protected: Protected) -> Packet:
        sa = protected.sa
        source, to = Endpoint(sa.local, sa.local_port), Endpoint(sa.remote, sa.remote_port)
        return Packet(UDP if sa.in_udp else ESP, source, to, protected.datagram)

    def _say_dropped(self, dropped: Dropped, now: float, address: IPv4Address | None = None) -> None:
        event = dropped.event(address or (dropped.sa.local if dropped.sa else IPv4Address(0)))
        if event is not None:
            self.entries.append(Entry(event, at=now))


class Network:
    """The sites, the wire between them, and the clock. `now` is in seconds and begins at 0."""

    def __init__(self, sites: Sequence[Site], elements: Sequence[Element] = (), nats: Sequence[Nat] = ()) -> None:
        """`elements` are passed by every packet, in order; `nats` are routers, each before the site that is inside."""
        self.sites = tuple(sites)
        self.now = 0.0
        self.wire: list[Transit] = []
        """Every packet that left a site, in order."""
        self.elements = list(elements)
        self._inside = {address: nat for nat in nats for address in (nat.inside, *nat.also)}
        self._nats = tuple(nats)
        self._classifier = Classifier()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._steps = 0

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Let something happen at a time that has not passed yet."""
        self._order += 1
        heapq.heappush(self._queue, (when, self._order, action))

    def host_sends(self, site: Site, packet: bytes) -> None:
        """A host behind `site` sends a packet now."""
        self.put(site, site.host_sends(packet, self.now))

    def run(self, until: float) -> None:
        """Let things happen until nothing is on its way and nobody negotiates any more, or `until` (seconds) comes."""
        self._steps = 0
        while (due := self._next(until)) is not None:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise RuntimeError(f"the lab did not come to rest after {MAX_STEPS} steps")
            due()

    def pass_time(self, until: float) -> None:
        """Let all happen that is due by `until`, timers of a tunnel at rest included."""
        self.at(until, lambda: None)
        self.run(until)

    def _next(self, until: float) -> Callable[[], None] | None:
        """The next thing to do, the clock set to its time; None if the lab is at rest, or nothing is due by `until`."""
        if not self._queue and not any(site.busy for site in self.sites):
            return None
        queued = self._queue[0][0] if self._queue else inf
        woken, site = inf, None
        for one in self.sites:
            at = one.gateway.wake_at
            if at is not None and at < woken:
                woken, site = at, one
        if min(queued, woken) > until:
            return None
        # What is on its way comes before a timer of the same moment.
        if site is None or queued <= woken:
            self.now = max(self.now, queued)
            return heapq.heappop(self._queue)[2]
        self.now = max(self.now, woken)
        return partial(self._wake, site)

    def _wake(self, site: Site) -> None:
        self.put(site, site.tick(self.now))

    def put(self, sender: Site, packets: Iterable[Packet]) -> None:
        """Put packets on the wire."""
        for packet in packets:
            name = self._classifier.name(packet)
            nat = self._inside.get(packet.source.address)
            outside = nat.outward(packet, self.now) if nat is not None else packet
            passing = [Passing(name, outside)] if outside is not None else []
            for element in self.elements:
                passing = [out for one in passing for out in element.carry(one)]
            fate: Fate = passing[-1].fate if passing else "dropped"
            for one in passing:
                there = self._destination(one.packet)
                if there is None:
                    fate = "nobody there"
                else:
                    self.at(self.now + LATENCY + one.later, partial(self._arrive, *there))
            self.wire.append(Transit(self.now, sender.name, name, packet, fate))

    def _destination(self, packet: Packet) -> tuple[Site, Packet] | None:
        """The site that gets a packet, and the packet as it gets there. A site behind NAT is not reached directly."""
        nat = next((nat for nat in self._nats if nat.outside == packet.to.address), None)
        inside = nat.inward(packet, self.now) if nat is not None else packet
        if inside is None or (nat is None and inside.to.address in self._inside):
            return None
        site = next((site for site in self.sites if site.has(inside.to.address)), None)
        return (site, inside) if site is not None else None

    def _arrive(self, site: Site, packet: Packet) -> None:
        self.put(site, site.receive(packet, self.now))
