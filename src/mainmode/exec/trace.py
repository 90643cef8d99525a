"""`packet-tracer`: which way a packet would take through this gateway, and the configuration lines that say so.

Laid out as an ASA's, with the phases that this gateway has: route, NAT, crypto access-list and tunnel. It filters no
traffic, so there is no ACCESS-LIST phase. As on an ASA the packet is a real one: where the tunnel it needs is down
(`Type: VPN`, `Subtype: encrypt`, `Result: DROP`), it starts the negotiation, and a second try finds it up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any, Final, Literal

from mainmode.config.model import Config, Interface
from mainmode.exec.running import FAILED, WELL, Reply, Running
from mainmode.gateway.path import Way, way_out
from mainmode.ike.cryptomap import Match, walk_outbound
from mainmode.ike.sa import IkeSa, Tunnel
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.selectors import ICMP, Packet, TrafficSelector, read_packet
from mainmode.lab.ip import question
from mainmode.span import Span
from mainmode.transcript import Transcript

_DENIED: Final = "(acl-drop) Flow is denied by configured rule"
"""What an ASA says while the tunnel is down, too."""


UNTRANSLATED: Final = "this gateway translates no packet"


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of the way."""

    type: str
    subtype: str = ""
    result: Literal["ALLOW", "DROP"] = "ALLOW"
    config: tuple[Span, ...] = ()
    """The lines that decided it."""
    information: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole way."""

    phases: tuple[Phase, ...]
    came_in_by: str
    leaves_by: str | None
    reason: str | None
    """Why it is dropped; None: it is not."""
    wanted: bool = False
    """Dropped for want of an SA that the configuration would ask for."""


def trace(
    running: Running, interface: str, protocol: int, source: IPv4Address, port: int, destination: IPv4Address, to: int
) -> Reply:
    """A packet from `source` comes in by `interface`. `port`, `to`: source and destination port; of ICMP, the
    identifier and nothing."""
    packet = question(protocol, source, destination, port, to, 0)
    header = read_packet(packet)
    if isinstance(header, Drop):
        return Reply([f"ERROR: {header.reason}"], {"error": header.reason}, FAILED)
    found = follow(running, interface, header)
    gateway = running.view.gateway
    return Reply(
        list(_lines(found, gateway.config)),
        _data(found),
        WELL if found.reason is None else FAILED,
        gateway.outbound(packet, running.view.now) if found.wanted else (),
    )


def follow(running: Running, interface: str, packet: Packet) -> Trace:
    """The way of a packet, phase by phase."""
    config = running.view.gateway.config
    way = way_out(config, packet, interface)
    if way is None:
        missing = Phase("ROUTE-LOOKUP", "Resolve Egress Interface", "DROP")
        return Trace((missing,), interface, None, "(no-route) No route to host")
    phases = [_route(config, way, IPv4Address(packet.destination)), *_translations(way, packet)]
    match = walk_outbound(config, way.interface, way.packet, Transcript(running.view.now))
    if match is None:
        reason = _unprotected(config, way)
        return Trace(tuple(phases), interface, way.interface, reason)
    if way.translated:
        # An ASA would do it; here the packet keeps its addresses, and the tunnel is for others.
        nat = replace(phases[-1], result="DROP", information=(*phases[-1].information, UNTRANSLATED))
        return Trace((*phases[:-1], nat), interface, way.interface, "(nat-xlate-failed) NAT failed")
    tunnel = _tunnel(running, match, way)
    lines = _crypto_lines(config, match, way.interface)
    entry = f"crypto map {match.map} {match.sequence}"
    if tunnel is None:
        peers = ", ".join(str(peer) for peer in match.entry.peers)
        phases.append(Phase("VPN", "encrypt", "DROP", lines, (_why_down(running, match), f"{entry}, peer {peers}")))
        return Trace(tuple(phases), interface, way.interface, _DENIED, wanted=True)
    said = f"{entry}, peer {tunnel.sa.remote.address}, spi 0x{tunnel.outbound_spi:08X}"
    phases.append(Phase("VPN", "encrypt", "ALLOW", lines, (said,)))
    return Trace(tuple(phases), interface, way.interface, None)


def _route(config: Config, way: Way, destination: IPv4Address) -> Phase:
    lines: tuple[Span, ...] = ()
    hop = f"found next-hop {destination} "  # a connected network
    if way.route is not None:
        lines = (way.route,)
        # What reverse-route put into the routing table has no gateway of its own.
        hop = next((f"found next-hop {route.gateway} " for route in config.routes if route.span == way.route), "")
    found = (f"{hop}using egress ifc  {way.interface}",)
    return Phase("ROUTE-LOOKUP", "Resolve Egress Interface", config=lines, information=found)


def _translations(way: Way, packet: Packet) -> Iterator[Phase]:
    """What NAT does: with the destination, as an ASA has it, before the source."""
    rule = way.rule
    if rule is None:
        return
    lines = (rule.span,) if rule.span is not None else ()
    source, destination = IPv4Address(packet.source), IPv4Address(packet.destination)

    def port(number: int | None) -> int:
        # What ICMP has in their place, its identifier, is none.
        return 0 if packet.protocol == ICMP else number or 0

    if rule.mapped_destination:
        said = f"Untranslate {destination}/{port(packet.destination_port)} "
        said += f"to {way.packet.destination}/{port(way.packet.destination_port)}"
        yield Phase("UN-NAT", "static", config=lines, information=(said,))
    if rule.kind == "exempt":
        yield Phase("NAT-EXEMPT", config=lines)
        return
    said = f"{rule.kind.capitalize()} translate {source}/{port(packet.source_port)} "
    said += f"to {way.packet.source}/{port(way.packet.source_port)}"
    yield Phase("NAT", config=lines, information=(said,))


def _tunnel(running: Running, match: Match, way: Way) -> Tunnel | None:
    """The newest tunnel that has the packet."""
    packet = way.packet
    header = Packet(
        packet.protocol,
        int(packet.source),
        packet.source_port,
        int(packet.destination),
        packet.destination_port,
        0,
        0,
        0,
        False,
    )
    found = None
    for sa, tunnel in running.view.gateway.tunnels:
        if sa.remote.address in match.entry.peers and not tunnel.replaced:
            if TrafficSelector(tunnel.match.local, tunnel.match.remote).outbound(header):
                found = tunnel
    return found


def _why_down(running: Running, match: Match) -> str:
    sas: list[IkeSa] = [sa for sa in running.view.gateway.ike_sas if sa.remote.address in match.entry.peers]
    if not sas:
        return "no IKE SA, no IPsec SA: the negotiation begins now"
    state = sas[-1].state
    return f"no IPsec SA; the IKE SA is {state}"


def _crypto_lines(config: Config, match: Match, interface: str) -> tuple[Span, ...]:
    """The element of the access-list, the entry that names it, and where the map is bound."""
    crypto_map = config.crypto_map_on(interface)
    bound = crypto_map.interface_spans.get(interface) if crypto_map is not None else None
    spans = (match.span, match.settings.spans.get("match address"), match.entry.spans.get("set peer"), bound)
    return tuple(span for span in spans if span is not None)


def _unprotected(config: Config, way: Way) -> str | None:
    """Why a packet that no crypto access-list permits is dropped; None: it leaves in clear.

    What some crypto access-list has as its destination is routed into the data plane, and that lets nothing out in
    clear; an ASA would. Everything else is none of this gateway's business and goes by the host's own routes.
    """
    for crypto_map in config.crypto_maps.values():
        for entry in crypto_map.entries if crypto_map.interfaces else ():
            access_list = config.access_lists.get(entry.access_list or "")
            for ace in access_list.aces if access_list is not None and entry.complete else ():
                if ace.permit and ace.active and way.packet.destination in ace.destination:
                    return "(no-crypto-acl) No crypto access-list permits it, and it does not leave in clear"
    return None


def _lines(found: Trace, config: Config) -> Iterator[str]:
    for number, phase in enumerate(found.phases, start=1):
        yield ""
        yield f"Phase: {number}"
        yield f"Type: {phase.type}"
        yield f"Subtype: {phase.subtype}"
        yield f"Result: {phase.result}"
        yield "Config:"
        yield from (span.text.strip() for span in phase.config)
        yield "Additional Information:"
        yield from phase.information
    yield ""
    yield "Result:"
    for side, name in (("input", found.came_in_by), ("output", found.leaves_by)):
        if name is not None:
            state = _state(config.interface_named(name))
            yield f"{side}-interface: {name}"
            yield f"{side}-status: {state}"
            yield f"{side}-line-status: {state}"
    yield f"Action: {'allow' if found.reason is None else 'drop'}"
    if found.reason is not None:
        yield f"Drop-reason: {found.reason}"
    yield ""


def _state(interface: Interface | None) -> str:
    return "up" if interface is not None and not interface.shutdown else "administratively down"


def _data(found: Trace) -> dict[str, Any]:
    return {
        "phases": [
            {
                "type": phase.type,
                "subtype": phase.subtype,
                "result": phase.result,
                "config": places(phase.config),
                "information": list(phase.information),
            }
            for phase in found.phases
        ],
        "input_interface": found.came_in_by,
        "output_interface": found.leaves_by,
        "action": "allow" if found.reason is None else "drop",
        "drop_reason": found.reason,
    }


def places(spans: Iterable[Span]) -> Sequence[dict[str, Any]]:
    """Configuration lines as the JSON of every command has them."""
    return [{"file": span.file, "line": span.line, "text": span.text} for span in spans]
