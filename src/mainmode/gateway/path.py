"""The way of a packet through the box: by which interface it came, by which it leaves, with which addresses.

Knows configuration and addresses; no SAs. An ASA routes first, then translates, and only then asks the crypto map,
which therefore sees the translated addresses (FACTS §3.4): hence the identity NAT of every LAN-to-LAN configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from mainmode.config.model import Addresses, AddressRange, Config, NatRule, Service
from mainmode.ike.cryptomap import FiveTuple
from mainmode.ipsec.selectors import Packet
from mainmode.span import Span

DEFAULT_METRIC: Final = 1
"""Of a route that says none, and of one that comes with an address."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a packet goes."""

    came_in_by: str
    interface: str
    """The interface it leaves by."""
    packet: FiveTuple
    """As it leaves, after NAT."""
    rule: NatRule | None
    """The NAT rule that was applied, if any."""
    route: Span | None
    """The configuration line that routed it; None for a connected network."""
    translated: bool = False
    """The rule gave it other addresses than it came with."""


def way_out(config: Config, packet: Packet, came_in_by: str | None = None) -> Way | None:
    """The way of a packet from a host behind the box; None if nothing routes it.

    Where the interface it came in by is not told, it is the one towards its source.
    """
    source, destination = IPv4Address(packet.source), IPv4Address(packet.destination)
    if came_in_by is None:
        arrival = leaving_by(config, source)
        came_in_by = arrival[0] if arrival else ""
    departure = leaving_by(config, destination)
    if departure is None:
        return None
    interface, route = departure
    five = FiveTuple(packet.protocol, source, packet.source_port or 0, destination, packet.destination_port or 0)
    rule = next((rule for rule in config.nat_rules if _applies(rule, came_in_by, interface, five)), None)
    leaving = _translated(config, rule, interface, five)
    return Way(came_in_by, interface, leaving, rule, route, leaving != five)


def way_in(config: Config, source: IPv4Address, destination: IPv4Address) -> tuple[IPv4Address, IPv4Address]:
    """The addresses of a packet out of a tunnel once NAT is undone, as the host behind the box sees them.

    The first static rule that fits decides, backwards. Dynamic rules have no way back without a connection.
    """
    for rule in config.nat_rules:
        if (
            rule.active
            and rule.kind == "static"
            and not rule.unidirectional
            and any(destination in addresses for addresses in rule.mapped)
            and (not rule.real_destination or any(source in addresses for addresses in rule.real_destination))
        ):
            if rule.real_destination and rule.mapped_destination:
                source = _counterpart(source, rule.real_destination, rule.mapped_destination, True)
            return source, _counterpart(destination, rule.mapped, rule.real, True)
    return source, destination


def leaving_by(config: Config, destination: IPv4Address) -> tuple[str, Span | None] | None:
    """The interface towards an address, and the line that says so: the longest prefix of connected networks and routes.

    `set reverse-route` puts a static map's destinations into the routing table. A configuration without any `route`
    line is an excerpt: what no connected network has is then taken to lie behind the interface of the crypto map,
    which is what its author had in mind (`docs/decisions`).
    """
    best: tuple[int, int, str, Span | None] | None = None

    def offer(prefix: int, metric: int, interface: str, span: Span | None) -> None:
        nonlocal best
        if best is None or (prefix, -metric) > (best[0], -best[1]):
            best = (prefix, metric, interface, span)

    for interface in config.interfaces:
        if interface.name and interface.network and not interface.shutdown and destination in interface.network:
            offer(interface.network.prefixlen, 0, interface.name, None)
    for route in config.routes:
        if destination in route.network and not route.tunneled:
            offer(route.network.prefixlen, route.metric, route.interface, route.span)
    for interface in config.interfaces:
        if interface.name and interface.setroute and not interface.shutdown:
            offer(0, DEFAULT_METRIC, interface.name, interface.spans.get("ip address"))
    if best is None or best[0] == 0:
        for network, name, span in reverse_routes(config):
            if destination in network:
                offer(network.prefixlen, DEFAULT_METRIC, name, span)
    if best is None and not config.routes:
        for crypto_map in config.crypto_maps.values():
            if crypto_map.interface is not None:
                return crypto_map.interface, crypto_map.interface_span
    return (best[2], best[3]) if best else None


def reverse_routes(config: Config) -> Iterator[tuple[IPv4Network, str, Span | None]]:
    """What `set reverse-route` of static crypto maps puts into the routing table: networks, interfaces, lines."""
    for crypto_map in config.crypto_maps.values():
        for entry in crypto_map.entries:
            access_list = config.access_lists.get(entry.access_list or "")
            if not entry.reverse_route or crypto_map.interface is None or access_list is None:
                continue
            for line in access_list.lines:
                for network in line.destinations if line.permit else ():
                    if isinstance(network, IPv4Network):
                        yield network, crypto_map.interface, entry.spans.get("set reverse-route")


def _applies(rule: NatRule, came_in_by: str, interface: str, packet: FiveTuple) -> bool:
    return (
        rule.active
        and rule.real_interface in ("any", came_in_by)
        and rule.mapped_interface in ("any", interface)
        and (not rule.real or any(packet.source in addresses for addresses in rule.real))
        # The packet still carries the mapped destination; the rule turns it into the real one.
        and (
            not rule.mapped_destination or any(packet.destination in addresses for addresses in rule.mapped_destination)
        )
        and (not rule.real_service or any(_carries(service, packet) for service in rule.real_service))
    )


def _carries(service: Service, packet: FiveTuple) -> bool:
    return (
        service.protocol in (0, packet.protocol)
        and (service.source_ports is None or packet.source_port in service.source_ports)
        and (service.destination_ports is None or packet.destination_port in service.destination_ports)
    )


def _translated(config: Config, rule: NatRule | None, interface: str, packet: FiveTuple) -> FiveTuple:
    if rule is None or rule.identity:
        return packet
    source = packet.source
    if rule.to_interface:
        own = config.interface_named(interface)
        source = own.address if own and own.address else source
    elif rule.mapped:
        source = _counterpart(source, rule.real, rule.mapped, rule.kind == "static")
    destination = packet.destination
    if rule.real_destination and rule.mapped_destination:
        destination = _counterpart(destination, rule.mapped_destination, rule.real_destination, True)
    return FiveTuple(packet.protocol, source, packet.source_port, destination, packet.destination_port)


def _counterpart(
    address: IPv4Address, before: tuple[Addresses, ...], after: tuple[Addresses, ...], one_to_one: bool
) -> IPv4Address:
    """The address that stands in `after` where `address` stands in `before`; of a pool, its first."""
    first, _ = _ends(after[0])
    if not one_to_one:
        return first
    for old, new in zip(before, after, strict=False):
        if address in old:
            low, high = _ends(new)
            offset = int(address) - int(_ends(old)[0])
            return IPv4Address(min(int(low) + offset, int(high)))
    return first


def _ends(addresses: Addresses) -> tuple[IPv4Address, IPv4Address]:
    if isinstance(addresses, AddressRange):
        return addresses.first, addresses.last
    return addresses[0], addresses[-1]
