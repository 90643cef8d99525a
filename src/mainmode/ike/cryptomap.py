"""The walk through a crypto map: which entry, which access-list line, hence which peer and which proxy identities.

Knows configuration and addresses; no messages, no SAs. Both walks say each step as an ASA does. The first line of the
access-list that fits decides, as in any access-list: a permit chooses the entry, a deny sends the walk to the next one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from mainmode.blame import Refused
from mainmode.config.model import Ace, Addresses, Config, CryptoMap, CryptoMapEntry, PortRange
from mainmode.events import (
    CryptoMapEntryMissing,
    CryptoMapIncomplete,
    CryptoMapLookup,
    CryptoMapMatched,
    CryptoMapNotMatched,
    CryptoMapPeerConfigured,
    CryptoMapSkipped,
    Event,
    PeerMismatch,
    ProxyId,
    StaticMapChecking,
    StaticMapIncomplete,
    StaticMapMatched,
    StaticMapMismatch,
    StaticMapWithoutAcl,
)
from mainmode.span import Span
from mainmode.transcript import Transcript
from mainmode.wire import NotifyType

INVALID_ID_INFORMATION = NotifyType.INVALID_ID_INFORMATION


@dataclass(frozen=True, slots=True)
class FiveTuple:
    """A packet's addresses, protocol and ports; for ICMP both ports are the echo identifier, as an ASA prints it."""

    protocol: int
    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int


@dataclass(frozen=True, slots=True)
class Match:
    """An entry of a crypto map and the line of its access-list that chose it, as seen from this side."""

    entry: CryptoMapEntry
    local: ProxyId
    remote: ProxyId
    line: str
    """The access-list element as `show crypto ipsec sa` prints it; empty for a dynamic entry without an access-list."""
    span: Span | None
    dynamic: CryptoMapEntry | None = None
    """The dynamic map's entry, when the crypto map's entry only names that map."""

    @property
    def settings(self) -> CryptoMapEntry:
        """Where transform sets, lifetimes and PFS stand: in the dynamic map's entry if there is one."""
        return self.dynamic or self.entry

    @property
    def map(self) -> str:
        return self.entry.map

    @property
    def sequence(self) -> int:
        return self.entry.sequence

    @property
    def access_list(self) -> str:
        return self.settings.access_list or ""


def walk_outbound(
    config: Config, interface: str, packet: FiveTuple, out: Transcript[Any], hits: Counter[str] | None = None
) -> Match | None:
    """The entry a packet that leaves through `interface` belongs to; None if no entry wants it.

    An entry without access-list, peer or transform set is passed over; dynamic entries have no peer to go to. `hits`
    counts the elements that fitted, of each list the first, by their texts.
    """
    crypto_map = config.crypto_map_on(interface)
    if crypto_map is None:
        return None
    out.say(
        CryptoMapLookup(packet.protocol, packet.source, packet.source_port, packet.destination, packet.destination_port)
    )
    for entry in crypto_map.entries:
        if entry.dynamic is not None:
            continue
        if entry.access_list is None or not entry.peers or not _has_transform_set(config, entry):
            out.say(CryptoMapIncomplete(entry.map, entry.sequence))
            continue
        access_list = config.access_lists.get(entry.access_list)
        for line in access_list.lines if access_list else ():
            ace = next((ace for ace in line.aces if _selects(ace, packet)), None)
            if ace is None:
                continue
            if hits is not None:
                hits[ace.text] += 1
            if not ace.permit:
                break
            out.say(CryptoMapMatched(entry.map, entry.sequence))
            return Match(entry, *_proxies(ace), ace.text, line.span)
        out.say(CryptoMapSkipped(entry.map, entry.sequence, entry.access_list))
    out.say(CryptoMapNotMatched())
    return None


class ProposalWalk:
    """The walk for what peers propose, through the crypto maps of one configuration.

    A hub has a thousand entries: which of them mirror a proposal is looked up, not searched for. An ASA says a line
    about each that does not; with so many that costs more than all the rest, and is left out where nobody listens.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._mirrors: dict[str, _Mirrors] = {}

    def find(self, interface: str, peer: IPv4Address, local: ProxyId, remote: ProxyId, out: Transcript[Any]) -> Match:
        """The entry for the proxy identities a peer proposes. `Refused` with INVALID-ID-INFORMATION if there is none.

        `local` is our end. The proposal must be the mirror image of an access-list line: neither wider nor narrower
        (FACTS §3.4). Static entries come in sequence order, a dynamic one where its sequence number puts it.
        """
        crypto_map = self._config.crypto_map_on(interface)
        entries = crypto_map.entries if crypto_map else ()
        mirrors = self._mirrors_of(crypto_map).get((local, remote), {}) if crypto_map else {}
        wrong_peer: Event | None = None
        for position, entry in enumerate(entries):
            if entry.dynamic is not None:
                match = _dynamic_match(self._config, entry, local, remote)
                if match is None:
                    continue
                out.say(CryptoMapPeerConfigured(entry.dynamic))
                return match
            ace = mirrors.get(position)
            if ace is None and StaticMapChecking in out.unheard:
                continue
            out.say(StaticMapChecking(entry.map, entry.sequence))
            if entry.access_list is None:
                out.say(StaticMapWithoutAcl(entry.map, entry.sequence))
                continue
            if not entry.peers or not _has_transform_set(self._config, entry):
                out.say(StaticMapIncomplete())
                continue
            if ace is None or not ace.permit:
                out.say(StaticMapMismatch(entry.map, entry.sequence, remote.address, local.address))
                continue
            if peer not in entry.peers:
                wrong_peer = PeerMismatch(peer, entry.peers[0])
                out.say(wrong_peer)
                continue
            out.say(StaticMapMatched(entry.map, entry.sequence))
            out.say(CryptoMapPeerConfigured(entry.map))
            return Match(entry, local, remote, ace.text, ace.span)
        told = () if wrong_peer else (CryptoMapEntryMissing(remote, local, interface),)
        raise Refused("no crypto map entry mirrors the proxy identities", INVALID_ID_INFORMATION, told)

    def _mirrors_of(self, crypto_map: CryptoMap) -> _Mirrors:
        mirrors = self._mirrors.get(crypto_map.name)
        if mirrors is None:
            mirrors = self._mirrors[crypto_map.name] = {}
            for position, entry in enumerate(crypto_map.entries):
                for proxies, ace in _by_proxies(self._config, entry).items():
                    mirrors.setdefault(proxies, {})[position] = ace
        return mirrors


_Mirrors = dict[tuple[ProxyId, ProxyId], dict[int, Ace]]
"""By local and remote identity: the places of the entries that ask for them, and the access-list element that does."""


def _has_transform_set(config: Config, entry: CryptoMapEntry) -> bool:
    """Whether one of the transform sets an entry names exists. (An ASA does not let a name be typed before the set.)"""
    return any(name in config.transform_sets for name in entry.transform_sets)


def _dynamic_match(config: Config, entry: CryptoMapEntry, local: ProxyId, remote: ProxyId) -> Match | None:
    dynamic_map = config.dynamic_maps.get(entry.dynamic or "")
    for candidate in dynamic_map.entries if dynamic_map else ():
        if not _has_transform_set(config, candidate):
            continue
        if candidate.access_list is None:
            return Match(entry, local, remote, "", None, candidate)
        ace = _by_proxies(config, candidate).get((local, remote))
        if ace is not None and ace.permit:
            return Match(entry, local, remote, ace.text, ace.span, candidate)
    return None


def _by_proxies(config: Config, entry: CryptoMapEntry) -> dict[tuple[ProxyId, ProxyId], Ace]:
    """The elements of an entry's access-list by the proxy identities they ask for. Of equal ones the first decides."""
    access_list = config.access_lists.get(entry.access_list or "")
    found: dict[tuple[ProxyId, ProxyId], Ace] = {}
    for line in access_list.lines if access_list else ():
        for ace in line.aces:
            if ace.active:
                found.setdefault(_proxies(ace), ace)
    return found


def _selects(ace: Ace, packet: FiveTuple) -> bool:
    return ace.active and ace.matches(
        packet.protocol, packet.source, packet.source_port, packet.destination, packet.destination_port
    )


def _proxies(ace: Ace) -> tuple[ProxyId, ProxyId]:
    """An access-list line as the pair of proxy identities it asks for, ours first."""
    return (
        _proxy(ace.source, ace.protocol, ace.source_ports),
        _proxy(ace.destination, ace.protocol, ace.destination_ports),
    )


def _proxy(addresses: Addresses, protocol: int, ports: PortRange | None) -> ProxyId:
    # An identity has room for one port (RFC 2407 §4.6.2): a range of ports is asked for as any.
    port = ports.first if ports is not None and ports.first == ports.last else 0
    if isinstance(addresses, IPv4Network):
        return ProxyId(addresses.network_address, addresses.netmask, protocol, port)
    return ProxyId(addresses.first, IPv4Address(0xFFFFFFFF), protocol, port, addresses.last)
