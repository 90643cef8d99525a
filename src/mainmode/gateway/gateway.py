"""One ASA: its configuration, its SAs, its crypto map. Knows no socket, no clock and no dice: they are handed in.

Three things can happen to a gateway: a datagram arrives, a packet wants out, time passes. Each returns what came of
it, in order: entries to print and actions to carry out. Whatever a peer sends, nothing raises out of here; what is
wrong with a message is a `Malformed` or a `Refused`, and what was not caught where it happened is caught here.

What has not been proved changes nothing, in all parts of this room:
- a message that does not verify moves no IV, no state and no address, and says at most a line, at a limited rate;
- notifications in the clear are lines in the debug and no more;
- until MM5 verifies, answers go only to the address that sent MM1, and none is longer than what it answers;
- who has no pre-shared key here costs no Diffie-Hellman, and nobody does before having answered our cookie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Final

from mainmode import steps
from mainmode.blame import Malformed, Refused
from mainmode.config.model import Config
from mainmode.events import Entry, Event, RuntPacket
from mainmode.gateway.acquire import Acquire
from mainmode.gateway.box import Action, Box, Out, address
from mainmode.gateway.endings import Endings
from mainmode.gateway.engine import ClearCounters, Engine
from mainmode.gateway.main import MainSide
from mainmode.gateway.notices import Notices
from mainmode.gateway.quick import QuickSide
from mainmode.gateway.upkeep import Upkeep
from mainmode.gateway.whereabouts import heard, sa_of
from mainmode.ike.fragments import piece_of
from mainmode.ike.offers import PROTO_ESP
from mainmode.ike.persona import ASA, Persona
from mainmode.ike.phase1 import Entropy, tunnel_group
from mainmode.ike.sa import IKE_PORT, NAT_T_PORT, NON_ESP_MARKER, Endpoint, IkeSa, Tunnel
from mainmode.ipsec.dataplane import DataPlane
from mainmode.ipsec.outer import OuterPolicy
from mainmode.ipsec.sa import Counters, IpsecSa
from mainmode.transcript import Transcript
from mainmode.wire import Fragment, Header, Notify, NotifyType, decode

INVALID_SPI_SECONDS: Final = 5.0
"""At most one INVALID-SPI per IKE SA in this time, however many packets come for an SA that is gone."""


class Gateway:
    """One ASA with this configuration.

    `entropy(n)` gives n unpredictable octets. `persona` is what kind of box it says it is. `plane` is only read: by its
    counters the gateway knows whether the peer still sends, and when kilobytes run out. Times are seconds on any clock
    that does not run backwards.
    """

    def __init__(
        self, config: Config, *, entropy: Entropy, persona: Persona = ASA, plane: DataPlane | None = None
    ) -> None:
        self._box = Box(config, entropy, persona, plane)
        self.unheard: frozenset[type[Event]] = frozenset()
        """Kinds of event that nobody listens to: no entries are made of them. May be changed at any time."""
        self._endings = Endings(self._box)
        self._quick = QuickSide(self._box, self._endings)
        self._main = MainSide(self._box, self._endings, self._quick)
        self._acquire = Acquire(self._box, self._main, self._quick)
        self._notices = Notices(self._box, self._endings, self._quick, self._acquire)
        self._upkeep = Upkeep(self._box, self._endings, self._quick, self._main)

    # -- the three inputs -------------------------------------------------------------------------------------------

    def receive(
        self, datagram: bytes, source: Endpoint, now: float, to: Endpoint | None = None
    ) -> list[Entry | Action]:
        """A UDP datagram arrived from `source` at our endpoint `to` (by default: where IKE is enabled)."""
        out = self._transcript(now, source.address)
        if not source.port:
            self._box.counters["no source port"] += 1  # nothing can be sent to port 0
            return []
        local = to or self._endpoint_towards(source)
        if local is None:
            self._box.counters["no interface"] += 1
            return []
        try:
            self._receive(datagram, source, local, out)
        except Malformed:
            self._box.counters["malformed"] += 1
            self._box.say_hostile(RuntPacket(local.port, source.address, source.port), out)
        except Refused as refusal:
            self._box.counters["refused"] += 1
            for event in refusal.events:
                self._box.say_hostile(event, out)
        return out.items

    def outbound(self, packet: bytes, now: float) -> list[Entry | Action]:
        """An IPv4 packet wants out and there is no IPsec SA for it: find the tunnel it belongs to and ask for one."""
        out = self._transcript(now)
        self._acquire.outbound(packet, out)
        return out.items

    def tick(self, now: float) -> list[Entry | Action]:
        """Time has passed: whatever is due by `now` is done."""
        items: list[Entry | Action] = []
        while (action := self._box.alarms.due(now)) is not None:
            out = self._transcript(now)
            action(out)
            items += out.items
        return items

    @property
    def wake_at(self) -> float | None:
        """When `tick` is next needed; None while nothing is pending."""
        return self._box.alarms.wake_at

    def _transcript(self, now: float, peer: IPv4Address | None = None) -> Out:
        return Transcript(now, peer, unheard=self.unheard)

    def _receive(self, datagram: bytes, source: Endpoint, local: Endpoint, out: Out) -> None:
        if local.port == NAT_T_PORT:
            if not datagram.startswith(NON_ESP_MARKER):
                self._box.counters["not IKE on UDP 4500"] += 1  # a NAT keepalive, or ESP that went astray
                return
            datagram = datagram[len(NON_ESP_MARKER) :]
        message = decode(datagram)
        piece = piece_of(message)
        if piece is not None:
            whole = self._put_together(message.header, piece, source, local, out)
            if whole is None:
                return
            datagram = whole
            message = decode(datagram)
            if piece_of(message) is not None:
                raise Malformed("pieces in pieces")
        exchange = message.header.exchange
        if exchange == steps.MAIN_MODE:
            completed = self._main.receive(message, datagram, source, local, out)
            if completed is not None:
                self._upkeep.begin(completed, out)
        elif exchange == steps.QUICK_MODE:
            tunnel = self._quick.receive(message, datagram, source, local, out)
            if tunnel is not None:
                self._upkeep.tunnel_up(tunnel, out)
        elif exchange == steps.INFORMATIONAL:
            self._notices.receive(message, source, local, out)
        else:
            # Aggressive mode would hand the hash of the pre-shared key to anybody who asks (`docs/decisions`).
            self._box.counters[f"exchange type {exchange}"] += 1

    def _put_together(
        self, header: Header, piece: Fragment, source: Endpoint, local: Endpoint, out: Out
    ) -> bytes | None:
        """A piece of a message: the whole one if that was the last that was missing. Nothing is proved by it."""
        sa = sa_of(self._box, header, source, local)
        if sa is None or (source != sa.remote and not (sa.behind_nat and local.port == NAT_T_PORT)):
            self._box.counters["no matching SA"] += 1
            return None
        out.group = sa.group
        whole, said = sa.pieces.add(piece, out.now)
        for event in said:
            self._box.say_hostile(event, out)
        return whole

    def _endpoint_towards(self, source: Endpoint) -> Endpoint | None:
        """Our endpoint for a datagram whose destination is not told."""
        port = IKE_PORT if source.port != NAT_T_PORT else NAT_T_PORT
        for name in self.config.ike_enabled:
            interface = self.config.interface_named(name)
            if interface is not None and interface.address is not None:
                return Endpoint(interface.address, port)
        return None

    # -- what the data plane and the user tell ----------------------------------------------------------------------

    def tunnel_of(self, sa: IpsecSa) -> Tunnel | None:
        """The tunnel that an IPsec SA, of either direction, is half of."""
        spi = sa.spi if sa.direction == "inbound" else sa.pair_spi
        standing = self._box.traffic.get((sa.selectors.local, sa.selectors.remote), ())
        return next((tunnel for tunnel in standing if tunnel.inbound_spi == spi), None)

    def esp_from(self, sa: IpsecSa, source: Endpoint, local: Endpoint, now: float) -> list[Entry | Action]:
        """ESP that verified came in UDP from elsewhere than `sa` says: the peer's NAT may have another mapping for it.

        Where nothing tells that it is the copy of an old packet, it must not move the peer to whoever sent it.
        """
        out = self._transcript(now, source.address)
        tunnel = self.tunnel_of(sa) if sa.knows_copies else None
        if tunnel is not None:
            heard(self._box, tunnel.sa, source, local, out)
        return out.items

    def worn(self, sas: Iterable[IpsecSa], now: float) -> list[Entry | Action]:
        """These SAs have passed their `soft_octets`: their kilobytes are nearly used up."""
        out = self._transcript(now)
        for sa in sas:
            tunnel = self.tunnel_of(sa)
            if tunnel is not None:
                self._upkeep.look(tunnel, out)
        return out.items

    def unknown_spi(self, spi: int, source: IPv4Address, now: float) -> list[Entry | Action]:
        """ESP came for an SPI that is not known here: the peer is told, if we have an IKE SA with it."""
        out = self._transcript(now, source)
        sa = self._box.sas.towards(source)
        if sa is not None and sa.active and now >= sa.invalid_spi_at + INVALID_SPI_SECONDS:
            sa.invalid_spi_at = now
            out.group = sa.group
            notify = Notify(PROTO_ESP, spi.to_bytes(4), NotifyType.INVALID_SPI)
            self._box.informational.send_notify(sa, notify, 0, out)
        return out.items

    def clear_isakmp(self, now: float, peer: IPv4Address | None = None) -> list[Entry | Action]:
        """`clear crypto isakmp sa`: every IKE SA (with this peer) ends, and its tunnels with it; the peers are told."""
        return self.end([sa for sa in self._box.sas if peer in (None, sa.remote.address)], now)

    def end(self, sas: Iterable[IkeSa], now: float, reason: str = "Administrator Reset") -> list[Entry | Action]:
        """These IKE SAs end likewise. `reason`: one of those that an ASA has."""
        out = self._transcript(now)
        for sa in sas:
            if sa in self._box.sas:
                address(sa, out)
                self._endings.tear_down(sa, reason, out)
        return out.items

    def clear_ipsec(
        self,
        now: float,
        peer: IPv4Address | None = None,
        *,
        map: str | None = None,
        entry: tuple[IPv4Address, int] | None = None,
    ) -> list[Entry | Action]:
        """`clear crypto ipsec sa`: every pair of IPsec SAs (with this peer, of this crypto map) ends; the IKE SAs stay.

        `entry`: destination and SPI of one SA of either direction; the one of the other goes with it.
        """
        out = self._transcript(now)
        for sa, tunnel in list(self.tunnels):
            ids = [one.id for one in self.engine.pair(tunnel.inbound_spi)]
            if (
                peer in (None, sa.remote.address)
                and map in (None, tunnel.match.settings.map)
                and (entry is None or entry in ids)
            ):
                address(sa, out)
                self._endings.terminated(tunnel, "Administrator Reset", out)
                self._endings.delete_tunnel(tunnel, out)
        return out.items

    def clear_counters(self, now: float) -> list[Entry | Action]:
        """`clear crypto ipsec sa counters`: what the IPsec SAs do is counted from zero again."""
        out = self._transcript(now)
        for pair in self._box.done_before.values():
            for before in pair:
                before.clear()
        for _, tunnel in self.tunnels:
            for one in self.engine.pair(tunnel.inbound_spi):
                out.do(ClearCounters(one))
        return out.items

    def reconfigure(self, config: Config, now: float) -> list[Entry | Action]:
        """The configuration was changed. Tunnels that it still describes go on; the others end, and peers are told."""
        out = self._transcript(now)
        old = self._box.config
        emptied: list[IkeSa] = []
        for sa in self._box.sas:
            address(sa, out)
            if not _same_group(old, config, sa):
                self._endings.tear_down(sa, "Administrator Reset", out)
                continue
            # An ASA tears tunnels down that leave by an interface whose MTU or fragmentation changes (ASDM guide).
            others = OuterPolicy.of(config, sa.interface) != OuterPolicy.of(old, sa.interface)
            gone = [tunnel for tunnel in sa.tunnels if others or not _describes(config, old, tunnel)]
            for tunnel in gone:
                self._endings.terminated(tunnel, "Administrator Reset", out)
                self._endings.delete_tunnel(tunnel, out)
            if gone and not sa.tunnels:
                emptied.append(sa)
        for sa in emptied:
            session = self._box.sas.with_peer_of(sa)  # phase 1 may just be renewed: then it is two
            if not any(one.tunnels for one in session):
                for one in session:
                    address(one, out)
                    self._endings.tear_down(one, "Administrator Reset", out)
        self._box.config = config
        self._box.engine.reconfigure(config)
        self._main.reconfigure(config)
        self._quick.reconfigure(config)
        return out.items

    # -- what there is ----------------------------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        return self._box.config

    @property
    def persona(self) -> Persona:
        return self._box.persona

    @property
    def engine(self) -> Engine:
        """Where the IPsec SAs of a tunnel are found by its inbound SPI."""
        return self._box.engine

    @property
    def counters(self) -> Counter[str]:
        """Datagrams and packets that were dropped, by reason."""
        return self._box.counters

    @property
    def ended_tunnels(self) -> int:
        """How many tunnels there were that are gone; a renewal is the same tunnel."""
        return self._box.ended_tunnels

    @property
    def matched(self) -> Counter[str]:
        """Packets that tunnels have sent since the start, by the access-list element that asked for them."""
        matched = Counter(self._box.matched)
        for _, tunnel in self.tunnels:
            used = self._box.used(tunnel)
            if used is not None:
                matched[tunnel.match.line] += used[1].session_packets
        return matched

    def done(self, tunnel: Tunnel) -> tuple[Counters, Counters]:
        """What a tunnel has received and sent, with all that those did whose place it has taken."""
        return self._box.done(tunnel)

    def octets(self, sa: IkeSa) -> tuple[int, int]:
        """What the session with a peer has received and sent."""
        return self._box.octets(sa)

    @property
    def ike_sas(self) -> Iterator[IkeSa]:
        """Every IKE SA, half-open ones included, in the order in which they began."""
        return iter(self._box.sas)

    @property
    def tunnels(self) -> Iterator[tuple[IkeSa, Tunnel]]:
        """Every pair of IPsec SAs with the IKE SA it hangs on."""
        return ((sa, tunnel) for sa in self.ike_sas for tunnel in sa.tunnels)


def _same_group(old: Config, new: Config, sa: IkeSa) -> bool:
    """Whether the peer still lands on the same tunnel-group with the same key."""
    return tunnel_group(old, sa) == tunnel_group(new, sa)


def _describes(new: Config, old: Config, tunnel: Tunnel) -> bool:
    """Whether a configuration still asks for these SAs: map entry, transform sets, access-list line, lifetimes."""
    match = tunnel.match
    entries = [(new.crypto_maps, match.entry)]
    if match.dynamic is not None:
        entries.append((new.dynamic_maps, match.dynamic))
    for maps, entry in entries:
        if entry.map not in maps or entry not in maps[entry.map].entries:
            return False
    names = match.settings.transform_sets
    if any(new.transform_sets.get(name) != old.transform_sets.get(name) for name in names):
        return False
    access_list = new.access_lists.get(match.access_list)
    permitted = [ace.text for ace in access_list.aces if ace.permit and ace.active] if access_list else [""]
    return match.line in permitted and new.lifetimes(match.settings) == old.lifetimes(match.settings)
