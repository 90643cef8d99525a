"""The data plane in this process: TUN at one end, ESP at the other. Knows packets and SAs; negotiates nothing.

    hosts ── TUN ── [ MSS, selectors, ESP ] ── UDP 4500 or IP protocol 50 ── peer

What the crypto access-lists name is routed into the TUN device, so what no SA is for cannot leave in clear: it waits
for one that is being negotiated, or is dropped, counted, and said once. The TUN takes packets of any length: what does
not fit into a tunnel is cut up, or answered with ICMP, by what that tunnel's path and configuration say.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from math import inf
from typing import Final, NamedTuple

from mainmode.alarms import PerSecond
from mainmode.blame import ConfigError, Refused
from mainmode.config.model import Addresses, AddressRange, Config
from mainmode.events import ProxyId
from mainmode.gateway.path import way_out
from mainmode.ike.cryptomap import walk_outbound
from mainmode.ipsec.dataplane import Alone, CutUp, DeliveredRun, Dropped, NoSa, Protected, ProtectedRun
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.icmp import TooBig
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.sa import IpsecSa
from mainmode.ipsec.selectors import Packet
from mainmode.shell.segments import clamped
from mainmode.shell.tun import Tun
from mainmode.span import Span
from mainmode.transcript import Transcript

WAITING: Final = 64
"""Packets that wait for one selector's SA. TCP and ping send few until something answers; more is a flood."""

ASK_AGAIN: Final = 1.0
"""Seconds until an SA is asked for once more, while packets wait for it: asking is a dozen lines of debug."""

SAID_PER_SECOND: Final = 10
"""Sentences about unprotected packets: a host that scans a network must not fill a disk."""

PATIENCE: Final = 30.0
"""Seconds after which a waiting packet is stale: whoever sent it has sent it again, or has given up."""

SAID: Final = 1000
"""Destinations of unprotected packets that are remembered as said; then it begins anew."""


class _Waiting(NamedTuple):
    at: float
    packet: bytes


@dataclass(slots=True)
class _Queue:
    """What waits for one selector's SA."""

    line: str
    """The element of the crypto access-list that asks for it."""
    packets: deque[_Waiting] = field(default_factory=lambda: deque(maxlen=WAITING))
    asked_at: float = -inf


class Userspace:
    """Packets of the hosts in and out of the tunnels that are installed in `plane`."""

    def __init__(
        self,
        config: Config,
        tun: Tun,
        plane: MemoryPlane,
        *,
        send: Callable[[ProtectedRun], None],
        acquire: Callable[[bytes], None],
        complain: Callable[[Dropped, IPv4Address], None],
        tell: Callable[[TooBig], None],
        say: Callable[[str], None],
    ) -> None:
        """`send` puts ESP on the wire; `acquire` asks the gateway for an SA for a packet; `complain` gets what was
        dropped and our own address; `tell` what a host must learn of its packet; `say` a sentence for the user."""
        self.plane = plane
        self.counters: Counter[str] = Counter()
        """Packets that never reached an SA, by reason."""
        self.matched: Counter[str] = Counter()
        """Packets that found no SA, by the element of a crypto access-list that decided of them."""
        self._config = config
        self._tun = tun
        self._send = send
        self._acquire = acquire
        self._complain = complain
        self._tell = tell
        self._say = say
        self._waiting: dict[tuple[ProxyId, ProxyId], _Queue] = {}
        self._settling: dict[int, IpsecSa] = {}
        """Outbound SAs that the peer may not listen for yet, by the SPI of the other direction; an older one, or the
        queue, has the packets meanwhile."""
        self._routes: Counter[IPv4Network] = Counter()
        self._routed: dict[int, list[IPv4Network]] = {}
        """For which outbound SAs some of these are, by the SPI of the other direction: one that never came into use has
        no part in them, and its end must not take away what the configuration or another SA needs."""
        self._said: set[IPv4Address] = set()
        self._unprotected = PerSecond(SAID_PER_SECOND)

    # -- SAs ----------------------------------------------------------------------------------------------------------

    def install(self, sa: IpsecSa, now: float, *, settle: bool) -> None:
        """Use an SA; with `settle`, an outbound one only from `settled` on. Refused as in `DataPlane.install`."""
        if sa.direction == "inbound":
            self.plane.install(sa)
        elif settle:
            self._settling[sa.pair_spi] = sa
        else:
            self._use(sa, now)

    def settled(self, sa: IpsecSa, now: float) -> None:
        """The peer listens by now, unless it is all over already: what waited leaves."""
        here = self._settling.pop(sa.pair_spi, None)
        if here is not None:
            try:
                self._use(here, now)
            except (Refused, OSError) as refused:
                self._say(unusable(here, refused))

    def move(self, before: IpsecSa, after: IpsecSa) -> None:
        """Go on with an SA whose peer is elsewhere now."""
        if after.direction == "outbound" and after.pair_spi in self._settling:
            self._settling[after.pair_spi] = after
        self.plane.move(before, after)

    def remove(self, sa: IpsecSa) -> None:
        if sa.direction == "outbound":
            self._settling.pop(sa.pair_spi, None)
            for network in self._routed.pop(sa.pair_spi, ()):
                self._unroute(network)
        self.plane.remove(sa)

    def _use(self, sa: IpsecSa, now: float) -> None:
        self.plane.install(sa)
        routed = self._routed.setdefault(sa.pair_spi, [])
        for network in networks(sa.selectors.remote):
            self._route(network, self._config)
            routed.append(network)
        self._flush(now)

    # -- packets ------------------------------------------------------------------------------------------------------

    def from_hosts(self, packets: Sequence[bytes], now: float) -> None:
        """Packets that this host routed into the TUN device."""
        ours = [packet for packet in packets if len(packet) >= 20 and packet[0] >> 4 == 4]
        # The kernel's own router solicitations on a new interface.
        self.counters["not IPv4"] += len(packets) - len(ours)
        if self._config.tcpmss:
            largest = self._config.tcpmss
            ours = [clamped(packet, largest) for packet in ours]
        for result in self.plane.outbound_all(ours, now):
            if isinstance(result, ProtectedRun):
                self._send(result)
            else:
                self._alone(result, now)

    def _alone(self, alone: Alone, now: float) -> None:
        done = alone.done
        if isinstance(done, Protected):
            self._send_one(done)
        elif isinstance(done, NoSa):
            self._without_sa(alone.packet, done, now)
        elif isinstance(done, Dropped) and done.why is Drop.DATA_EXHAUSTED and done.sa is not None:
            self._after(done.sa, alone.packet, now)
        else:
            self._otherwise(done)

    def _after(self, used_up: IpsecSa, packet: bytes, now: float) -> None:
        """A packet for an SA whose kilobytes are used up is for the one that takes its place, be it now or soon."""
        for settling in self._settling.values():
            if settling.selectors == used_up.selectors:
                self.settled(settling, now)
                self.from_hosts([packet], now)
                return
        queue = self._waiting.setdefault(
            (used_up.selectors.local, used_up.selectors.remote), _Queue(used_up.access_list)
        )
        self.matched[queue.line] += 1
        self._wait(queue, packet, now)

    def _send_one(self, one: Protected) -> None:
        self._send(ProtectedRun((one.datagram,), one.sa, one.tos, one.df))

    def _otherwise(self, done: CutUp | Dropped) -> None:
        if isinstance(done, CutUp):
            for piece in done.pieces:
                self._send_one(piece)
            return
        if done.too_big is not None:
            self._tell(done.too_big)
        self._complain(done, done.sa.local if done.sa else IPv4Address(0))

    def from_peer(
        self, esps: Sequence[bytes], source: IPv4Address, to: IPv4Address, now: float, tos: int = 0
    ) -> list[DeliveredRun | Dropped]:
        """ESP arrived at our address `to`. What became of it, for whoever must tell the peer.

        `tos`: that octet of the outer IP headers.
        """
        results = self.plane.inbound_all(esps, source, now, tos)
        largest = self._config.tcpmss
        for done in results:
            if isinstance(done, Dropped):
                self.counters["unknown SPI"] += done.why is Drop.UNKNOWN_SPI
                self._complain(done, to)
                continue
            packets = [clamped(packet, largest) for packet in done.packets] if largest else done.packets
            self.counters["not taken by this host"] += self._tun.write(packets)
        return results

    def _wait(self, queue: _Queue, packet: bytes, now: float) -> None:
        packets = queue.packets
        while packets and packets[0].at < now - PATIENCE:
            packets.popleft()
            self.counters["waiting too long"] += 1
        if len(packets) == WAITING:
            self.counters["waiting too long"] += 1  # the oldest makes room
        packets.append(_Waiting(now, packet))

    def _without_sa(self, packet: bytes, no_sa: NoSa, now: float) -> None:
        way = way_out(self._config, no_sa.packet)
        match = None
        if way is not None:
            match = walk_outbound(self._config, way.interface, way.packet, Transcript(0), self.matched)
        if way is None:
            self.counters["no route"] += 1
            why = "no route of the configuration leads there, so it is dropped and does not leave in clear"
            self._say_dropped(no_sa.packet, why, now)
            return
        if match is None:
            self.counters["no crypto access-list"] += 1
            why = "no crypto access-list permits it, so it is dropped and does not leave in clear"
            self._say_dropped(no_sa.packet, why, now)
            return
        if way.translated:
            # The SAs would be for the translated addresses, and never for this packet.
            self.counters["would be translated"] += 1
            rule = f"{way.rule.span}: the NAT rule" if way.rule is not None and way.rule.span is not None else "NAT"
            after = f"{way.packet.source} to {way.packet.destination}"
            why = f"{rule} makes {after} of it, but no packet is translated here: it is dropped"
            self._say_dropped(no_sa.packet, why, now)
            return
        queue = self._waiting.setdefault((match.local, match.remote), _Queue(match.line))
        self._wait(queue, packet, now)
        if now < queue.asked_at + ASK_AGAIN:
            return
        if not any(sa.selectors.outbound(no_sa.packet) for sa in self._settling.values()):
            queue.asked_at = now
            self._acquire(packet)

    def _say_dropped(self, packet: Packet, why: str, now: float) -> None:
        destination = IPv4Address(packet.destination)
        if destination in self._said:
            return
        if not self._unprotected.allows(now):
            return
        if len(self._said) >= SAID:
            self._said.clear()
        self._said.add(destination)
        source = IPv4Address(packet.source)
        self._say(f"{source} to {destination}, IP protocol {packet.protocol}: {why} (said once)")

    def _flush(self, now: float) -> None:
        """Everything that waits and has an SA now leaves, in the order in which it came."""
        for key, queue in list(self._waiting.items()):
            left: deque[_Waiting] = deque(maxlen=WAITING)
            for waiting in queue.packets:
                done = self.plane.outbound(waiting.packet, now) if waiting.at >= now - PATIENCE else None
                self.matched[queue.line] -= isinstance(done, Protected | CutUp)  # now it is the SA that counts it
                self.counters["waiting too long"] += done is None
                if isinstance(done, Protected):
                    self._send_one(done)
                elif isinstance(done, NoSa):
                    left.append(waiting)
                elif done is not None:
                    self._otherwise(done)
            if left:
                queue.packets = left
            else:
                del self._waiting[key]

    # -- routes -------------------------------------------------------------------------------------------------------

    def route_protected(self) -> None:
        """Route what the crypto access-lists name into the TUN. ConfigError at the line, if it is routed already."""
        self._route_protected(self._config, {})

    def routes(self, gone: IPv4Network | int | None) -> bool:
        """Whether something that went is what brings packets here: a route of ours, or the device. None: perhaps."""
        return gone is None or gone == self._tun.index or gone in self._routes

    def restore(self) -> None:
        """Somebody took routes away, or switched the device off, and with it they went: put them back.

        What has no route here leaves in clear by the next best one. OSError if the kernel refuses.
        """
        self._tun.switch_on()
        for network in self._routes:
            with suppress(FileExistsError):
                self._tun.route(network, _own_address(self._config, network))
                self._say(
                    f"the route of {network} into {self._tun.name} was taken away; it is back, as the tunnel needs it"
                )

    def reconfigure(self, config: Config) -> None:
        """Go by another configuration from now on. ConfigError as in `route_protected`; then nothing has changed."""
        before = protected(self._config)
        self._route_protected(config, before)
        for network in before.keys() - protected(config).keys():
            self._unroute(network)
        self._config = config
        self._waiting.clear()
        self._said.clear()

    def _route_protected(self, config: Config, routed: Mapping[IPv4Network, Span | None]) -> None:
        done: list[IPv4Network] = []
        for network, span in protected(config).items():
            if network in routed:
                continue
            try:
                self._route(network, config)
            except FileExistsError:
                for other in done:
                    self._unroute(other)
                where = span or Span(config.file, 1)
                message = f"{network} is routed by this host already; take that route away: the tunnel needs it"
                raise ConfigError(where, message) from None
            done.append(network)

    def _route(self, network: IPv4Network, config: Config) -> None:
        if network not in self._routes:
            self._tun.route(network, _own_address(config, network))
        self._routes[network] += 1

    def _unroute(self, network: IPv4Network) -> None:
        if network not in self._routes:
            return  # it could not be had
        self._routes[network] -= 1
        if self._routes[network] <= 0:
            del self._routes[network]
            with suppress(OSError):  # somebody took it away already
                self._tun.unroute(network)


def _own_address(config: Config, network: IPv4Network) -> IPv4Address | None:
    """The address of this box that a crypto access-list permits towards `network`: for its own packets."""
    for interface in config.interfaces:
        for crypto_map in config.crypto_maps.values():
            for entry in crypto_map.entries:
                access_list = config.access_lists.get(entry.access_list or "")
                for ace in access_list.aces if access_list else ():
                    if ace.permit and interface.address and interface.address in ace.source:
                        if network.network_address in ace.destination:
                            return interface.address
    return None


def unusable(sa: IpsecSa, why: Exception) -> str:
    return f"SPI 0x{sa.spi:08x} of {sa.remote} cannot be used: {why}"


def networks(proxy: ProxyId) -> list[IPv4Network]:
    """A proxy identity's addresses as routes. Everything is two halves, which win over a default route."""
    if proxy.last is not None:
        return list(summarize_address_range(proxy.address, proxy.last))
    return _halved(IPv4Network(f"{proxy.address}/{proxy.mask}", strict=False))


def protected(config: Config) -> dict[IPv4Network, Span | None]:
    """What the crypto access-lists of bound crypto maps name as destinations, with their lines; each network once."""
    found: dict[IPv4Network, Span | None] = {}
    for crypto_map in config.crypto_maps.values():
        for entry in crypto_map.entries if crypto_map.interface else ():
            access_list = config.access_lists.get(entry.access_list or "")
            for line in access_list.lines if access_list and entry.complete else ():
                for addresses in line.destinations if line.permit and line.active else ():
                    for network in _networks(addresses):
                        found.setdefault(network, line.span)
    return found


def _networks(addresses: Addresses) -> list[IPv4Network]:
    if isinstance(addresses, AddressRange):
        return list(summarize_address_range(addresses.first, addresses.last))
    return _halved(addresses)


def _halved(network: IPv4Network) -> list[IPv4Network]:
    return [network] if network.prefixlen else list(network.subnets())
