"""The packet that sets a negotiation off: as the user names it, or chosen from the crypto access-lists.

Knows configurations and addresses; no gateway and no wire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from mainmode.config.model import Ace, Addresses, AddressRange, Config, CryptoMapEntry
from mainmode.config.vocabulary import PROTOCOLS, protocol_name
from mainmode.gateway.path import leaving_by, way_in, way_out
from mainmode.ike.cryptomap import FiveTuple
from mainmode.ipsec.selectors import ICMP, TCP, UDP, Packet, read_packet
from mainmode.lab.ip import question

ECHO_IDENTIFIER: Final = 0x0B00
SOURCE_PORT: Final = 49152
"""The first dynamic port (RFC 6335)."""
DESTINATION_PORT: Final = {TCP: 80, UDP: 53}
"""What is asked for when nobody says: a port that everybody knows."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a host behind the initiator asks a host behind the responder: `icmp:SRC:DST`, `tcp:SRC:DST[:PORT]`, …"""

    protocol: int
    source: IPv4Address
    destination: IPv4Address
    port: int = 0
    """Destination port; 0 where the protocol has none."""
    source_port: int = 0
    """The echo identifier for ICMP."""

    @classmethod
    def parse(cls, text: str) -> Trigger:
        """ValueError, with a sentence for the user, if the text is none."""
        name, *rest = text.split(":")
        protocol = _protocol(name)
        if len(rest) < 2 or len(rest) > 3:
            raise ValueError(f"{text!r} is not PROTO:SRC:DST or PROTO:SRC:DST:PORT")
        source, destination = (_address(word) for word in rest[:2])
        if len(rest) == 2:
            return cls.of(protocol, source, destination)
        if protocol not in DESTINATION_PORT:
            raise ValueError(f"{name} has no ports")
        if not rest[2].isdecimal() or not 0 < int(rest[2]) < 65536:
            raise ValueError(f"{rest[2]!r} is no port")
        return cls.of(protocol, source, destination, int(rest[2]))

    @classmethod
    def of(
        cls, protocol: int, source: IPv4Address, destination: IPv4Address, port: int = 0, source_port: int = 0
    ) -> Trigger:
        """With the usual ports where none are said."""
        if protocol == ICMP:
            return cls(protocol, source, destination, 0, ECHO_IDENTIFIER)
        if protocol not in DESTINATION_PORT:
            return cls(protocol, source, destination)
        return cls(protocol, source, destination, port or DESTINATION_PORT[protocol], source_port or SOURCE_PORT)

    @property
    def mirrored(self) -> Trigger:
        """The packet that the far end's mirror image of the access-list is for: from there to here, ports and all."""
        swapped = replace(self, source=self.destination, destination=self.source)
        if self.protocol not in DESTINATION_PORT:
            return swapped
        return replace(swapped, port=self.source_port, source_port=self.port)

    def packet(self, number: int) -> bytes:
        """The `number`th time it is asked."""
        return question(self.protocol, self.source, self.destination, self.source_port, self.port, number)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{protocol_name(self.protocol)}:{self.source}:{self.destination}{port}"


def is_behind(config: Config, address: IPv4Address) -> bool:
    """Whether a site would take an address for one of its own: it lies not behind an interface with a crypto map."""
    way = leaving_by(config, address)
    return way is not None and config.crypto_map_on(way[0]) is None


def choose(initiator: Config, responder: Config) -> Trigger | None:
    """An ICMP echo between the first hosts that the crypto ACL permits one for, else a packet of its first permit line.

    Without a usable access-list, an echo between the first hosts of the networks behind the two sites; None if there
    are no such networks.
    """
    candidates = _candidates(initiator, responder)
    packets = [_echo(ace, source, destination) for ace, source, destination in candidates if ace.protocol in (0, ICMP)]
    packets += [_first_packet(ace, source, destination) for ace, source, destination in candidates]
    # Where NAT takes every packet away from the access-list, the one that was meant shows it.
    for seen in (partial(_translated, initiator), _five):
        wanted = next((packet for packet in packets if _permitted(initiator, seen(packet))), None)
        if wanted is not None:
            return wanted
    source = next(_hosts_behind(initiator), None)
    destination = next(_hosts_behind(responder), None)
    return Trigger.of(ICMP, source, destination) if source and destination else None


def every(initiator: Config, responder: Config) -> list[Trigger]:
    """A packet for each permit element of the initiator's crypto ACLs that is about the responder."""
    return [_first_packet(*candidate) for strange, candidate in _rated(initiator, responder) if not strange]


def _candidates(initiator: Config, responder: Config) -> list[tuple[Ace, IPv4Address, IPv4Address]]:
    """Permit elements with a host at either end; first those that are about these two sites and no third one."""
    return [candidate for _, candidate in sorted(_rated(initiator, responder), key=lambda rated: rated[0])]


def _rated(initiator: Config, responder: Config) -> list[tuple[int, tuple[Ace, IPv4Address, IPv4Address]]]:
    """Permit elements with a host at either end, and how strange they are: 0 those that are about these two sites."""
    there = {interface.address for interface in responder.interfaces}
    found = []
    for entry, ace in _aces(initiator):
        if not ace.permit or not ace.active:
            continue
        outer_source = _host(ace.source, initiator, ace.destination)
        outer_destination = _host(ace.destination, responder, ace.source)
        if outer_source is not None and outer_destination is not None:
            # The access-list means addresses after NAT; a host sends the ones before it.
            destination, source = way_in(initiator, outer_destination, outer_source)
            behind = is_behind(initiator, source) and is_behind(responder, outer_destination)
            strange = 2 * there.isdisjoint(entry.peers) + (not behind)
            found.append((strange, (ace, source, destination)))
    return found


def _aces(config: Config) -> Iterator[tuple[CryptoMapEntry, Ace]]:
    """The elements of the access-lists that static crypto map entries name, in order; bound maps come first."""
    for crypto_map in sorted(config.crypto_maps.values(), key=lambda crypto_map: not crypto_map.interfaces):
        for entry in crypto_map.entries:
            access_list = config.access_lists.get(entry.access_list or "")
            for line in access_list.lines if access_list else ():
                yield from ((entry, ace) for ace in line.aces)


def _permitted(config: Config, packet: FiveTuple) -> bool:
    """Whether an entry wants the packet: in its access-list the first element that fits is a permit."""
    denied = None
    for entry, ace in _aces(config):
        if entry is not denied and ace.matches(
            packet.protocol, packet.source, packet.source_port, packet.destination, packet.destination_port
        ):
            if ace.permit:
                return True
            denied = entry
    return False


def _five(trigger: Trigger) -> FiveTuple:
    return FiveTuple(trigger.protocol, trigger.source, trigger.source_port, trigger.destination, trigger.port)


def _translated(config: Config, trigger: Trigger) -> FiveTuple:
    """The trigger as the crypto map sees it, after NAT."""
    header = read_packet(trigger.packet(0))
    way = way_out(config, header) if isinstance(header, Packet) else None
    return way.packet if way is not None else _five(trigger)


def _echo(ace: Ace, source: IPv4Address, destination: IPv4Address) -> Trigger:
    return Trigger.of(ICMP, source, destination)


def _first_packet(ace: Ace, source: IPv4Address, destination: IPv4Address) -> Trigger:
    port = ace.destination_ports.first if ace.destination_ports else 0
    source_port = ace.source_ports.first if ace.source_ports else 0
    return Trigger.of(ace.protocol or ICMP, source, destination, port, source_port)


def _host(addresses: Addresses, config: Config, far: Addresses) -> IPv4Address | None:
    """The first host among some addresses that is not the box itself; of `any`, one behind it.

    The addresses are those that `far` knows it by, so NAT is undone before the two are compared.
    """
    if isinstance(addresses, AddressRange):
        return addresses.first
    if addresses.prefixlen == 0:
        return next(_hosts_behind(config), None)
    speaker = far.first if isinstance(far, AddressRange) else far.network_address
    own = {interface.address for interface in config.interfaces}
    hosts = (host for host in addresses.hosts() if way_in(config, speaker, host)[1] not in own)
    return next(hosts, addresses.network_address if addresses.num_addresses == 1 else None)


def _hosts_behind(config: Config) -> Iterator[IPv4Address]:
    """The hosts of the networks behind a site, without the box itself."""
    for interface in config.interfaces:
        if interface.name and interface.network and config.crypto_map_on(interface.name) is None:
            yield from (host for host in interface.network.hosts() if host != interface.address)


def _protocol(name: str) -> int:
    number = int(name) if name.isdecimal() else PROTOCOLS.get(name.lower())
    if number is None or not 0 < number < 256:
        raise ValueError(f"{name!r} is no protocol: icmp, tcp, udp, another name or a number")
    return number


def _address(word: str) -> IPv4Address:
    try:
        return IPv4Address(word)
    except AddressValueError:
        raise ValueError(f"{word!r} is no IPv4 address") from None
