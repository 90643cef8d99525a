"""The seam between negotiation and packets: what a data plane takes, and what becomes of a packet. Knows no backend.

`Gateway` installs and removes SAs and reads their counters through `DataPlane`. Packets go past it: a backend that runs
in this process (`memory`) offers `PacketPlane` too, the kernel's keeps its packets to itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple, Protocol

from mainmode.config.vocabulary import protocol_name
from mainmode.events import (
    ClearPacketDropped,
    EspAuthenticationFailed,
    EspDropped,
    EspFragmentIllegal,
    EspReplayed,
    EspSpiUnknown,
    Event,
    InnerPacketMismatch,
    PacketTooBig,
    PathMtuUnchanged,
    PathMtuUpdated,
    ProxyId,
)
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.icmp import TooBig
from mainmode.ipsec.pathmtu import PathMtu, Report
from mainmode.ipsec.sa import Counters, IpsecSa
from mainmode.ipsec.selectors import Packet


class DataPlane(Protocol):
    """Where negotiated SAs go."""

    def install(self, sa: IpsecSa) -> None:
        """Starts using `sa`.

        Refused if its peer gave this SPI to an SA that is still installed; ValueError if we did.
        """

    def move(self, before: IpsecSa, after: IpsecSa) -> None:
        """Goes on with an SA whose peer is elsewhere now. Nothing happens if it is not installed."""

    def remove(self, sa: IpsecSa) -> None:
        """Stops using `sa` and forgets its keys and counters; nothing happens if it is not installed."""

    def counters(self, sa: IpsecSa) -> Counters:
        """What an installed SA has done so far. KeyError if it is not installed."""

    def clear_counters(self, sa: IpsecSa) -> None:
        """Counts what an SA does from zero again (`Counters.clear`). Nothing happens if it is not installed."""

    def totals(self) -> tuple[Counters, Counters]:
        """What all SAs have received and sent since the start, those that are gone included."""

    def worn(self) -> list[IpsecSa]:
        """The SAs that have passed their `soft_octets` since this was asked, each once in its life."""

    def bitmap(self, sa: IpsecSa) -> tuple[int, ...]:
        """The anti-replay bitmap of an installed SA, 32-bit words, the highest first. KeyError if not installed."""

    def path(self, sa: IpsecSa) -> PathMtu:
        """What an installed outbound SA knows of its path. KeyError if it is not installed."""


class PacketPlane(DataPlane, Protocol):
    """A data plane whose packets pass through this process."""

    def outbound(self, packet: bytes, now: float) -> Protected | CutUp | NoSa | Dropped:
        """What becomes of an IPv4 packet that leaves through the crypto map's interface."""

    def inbound(self, esp: bytes, source: IPv4Address, now: float, tos: int = 0) -> Delivered | Dropped:
        """What becomes of an ESP packet, from its SPI on (after the outer IP header, and UDP header if any).

        `tos`: that octet of the outer IP header.
        """

    def path_mtu_told(self, report: Report, now: float) -> PathMtuUpdated | PathMtuUnchanged | None:
        """What becomes of an ICMP message about a packet of ours. None: it is about none that an SA here has sent."""

    def outbound_all(self, packets: Sequence[bytes], now: float) -> list[ProtectedRun | Alone]:
        """What becomes of several packets, in their order, each as `outbound` would have it."""

    def inbound_all(
        self, esps: Sequence[bytes], source: IPv4Address, now: float, tos: int = 0
    ) -> list[DeliveredRun | Dropped]:
        """What becomes of several ESP packets, as in `inbound`; those of a run in the order in which they came."""


@dataclass(frozen=True, slots=True)
class Protected:
    """The packet goes out in ESP."""

    datagram: bytes
    """From the SPI on: the payload of IP protocol 50, or of UDP where `sa.in_udp`."""
    sa: IpsecSa
    tos: int = 0
    """Of the outer header: the inner one's octet, DSCP and ECN (RFC 4301 §5.1.2.1, RFC 6040 §4.1)."""
    df: bool = False
    """Of the outer header. Without it the packet may be cut up, here and on the way."""


@dataclass(frozen=True, slots=True)
class CutUp:
    """The packet was too long and goes out in several, in this order. Empty: the SA is used up."""

    pieces: tuple[Protected, ...]


@dataclass(frozen=True, slots=True)
class NoSa:
    """No SA is for this packet; whether one should be negotiated is for the crypto map to say."""

    packet: Packet


class ProtectedRun(NamedTuple):
    """Packets that go out in ESP one after the other, by the same SA."""

    datagrams: Sequence[bytes]
    """Each as in `Protected`, and so are the others."""
    sa: IpsecSa
    tos: int
    df: bool


class Alone(NamedTuple):
    """A packet that is in no run, and what becomes of it."""

    packet: bytes
    done: Protected | CutUp | NoSa | Dropped


class DeliveredRun(NamedTuple):
    """Packets that came out of the tunnel one after the other, by the same SA."""

    packets: Sequence[bytes]
    """Each as in `Delivered`."""
    sa: IpsecSa


@dataclass(frozen=True, slots=True)
class Delivered:
    """The packet that came out of the tunnel, an IPv4 packet without padding."""

    packet: bytes
    sa: IpsecSa


@dataclass(frozen=True, slots=True)
class Dropped:
    """A packet that goes nowhere, and all that is known of it."""

    why: Drop
    sa: IpsecSa | None
    source: IPv4Address | None = None
    """The outer source address of a received packet; None for a packet on its way out."""
    spi: int = 0
    sequence: int = 0
    inner: Packet | None = None
    """The packet inside, where it could be read."""
    too_big: TooBig | None = None
    """What its sender is to be told."""

    def event(self, address: IPv4Address) -> Event | None:
        """What an ASA says of it (402114 to 402122), None where it says nothing. `address`: our own, outside."""
        if self.source is None:
            return self._outbound()
        if self.why is Drop.DUMMY:
            return None
        where = self.spi, self.sequence, self.source
        if self.sa is None:
            return EspSpiUnknown(*where, address)
        user = self.sa.tunnel_group
        match self.why, self.inner:
            case Drop.REPLAYED, _:
                return EspReplayed(*where, user, address)
            case Drop.AUTHENTICATION, _:
                return EspAuthenticationFailed(*where, user, address)
            case Drop.FRAGMENT, Packet() as inner:
                return EspFragmentIllegal(*where, user, address, inner.length, inner.fragment_offset)
            case Drop.SELECTORS, Packet() as inner:
                return InnerPacketMismatch(
                    *where,
                    user,
                    address,
                    inner_destination=IPv4Address(inner.destination),
                    inner_source=IPv4Address(inner.source),
                    inner_protocol=protocol_name(inner.protocol),
                    local_proxy=_proxy(self.sa.selectors.local),
                    remote_proxy=_proxy(self.sa.selectors.remote),
                )
        return EspDropped(*where, user, address, self.why.reason)

    def _outbound(self) -> Event | None:
        if self.inner is None:
            return None
        source, destination = IPv4Address(self.inner.source), IPv4Address(self.inner.destination)
        if self.too_big is not None:
            return PacketTooBig(self.inner.length, self.too_big.mtu, destination, source, self.inner.protocol)
        return ClearPacketDropped(source, destination, self.why.reason)


def _proxy(proxy: ProxyId) -> str:
    return f"{proxy.address}/{proxy.mask}/{protocol_name(proxy.protocol)}/{proxy.port}"
