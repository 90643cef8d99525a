"""A packet wants out and no SA is for it: which tunnel it needs, and what is in the way of asking for one."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from mainmode.events import (
    DataDiscarded,
    GroupNotFound,
    InitiatorPolicyMissing,
    KeyAcquireQueued,
    KeyAcquireReceived,
    NegotiationStarted,
    PeerIsOurselves,
    TunnelGroupMissing,
)
from mainmode.gateway.box import Box, Out, same
from mainmode.gateway.main import MainSide
from mainmode.gateway.path import way_out
from mainmode.gateway.quick import QuickSide
from mainmode.ike.cryptomap import Match, walk_outbound
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.selectors import read_packet
from mainmode.transcript import Transcript


class Acquire:
    def __init__(self, box: Box, main: MainSide, quick: QuickSide) -> None:
        self._box = box
        self._main = main
        self._quick = quick

    def outbound(self, packet: bytes, out: Out) -> None:
        header = read_packet(packet)
        if isinstance(header, Drop):
            self._box.counters["not an IPv4 packet"] += 1
            return
        way = way_out(self._box.config, header)
        if way is None:
            self._box.counters["no route"] += 1
            return
        walk: Out = Transcript(out.now, unheard=out.unheard)
        match = walk_outbound(self._box.config, way.interface, way.packet, walk)
        if match is not None:
            out.say(KeyAcquireReceived())  # an ASA says so before it says what it looked at
        out.items += walk.items
        if match is not None:
            self._acquire(match, way.came_in_by, way.interface, way.packet.destination, out)

    def anew(self, matches: Iterable[Match], peer: IPv4Address, interface: str, out: Out) -> None:
        """No packet asks for these SAs; they are wanted again because the peer may still use those that were."""
        for match in matches:
            if peer in match.entry.peers and match.entry.connection_type != "answer-only":
                self._acquire(match, interface, interface, match.remote.address, out)

    def _acquire(self, match: Match, came_in_by: str, interface: str, destination: IPv4Address, out: Out) -> None:
        peer = self._peer(match)
        out.peer = peer
        if not self._possible(match, peer, interface, out):
            return
        sa = self._box.sas.towards(peer)
        if sa is None:
            self._main.initiate(match, peer, came_in_by, interface, out)
        elif not sa.active:
            out.say(KeyAcquireQueued())
            waiting = self._box.waiting.setdefault(peer, [])
            if not any(same(match, other) for other in waiting):
                waiting.append(match)
        elif self._quick.is_under_way(sa, match):
            out.say(DataDiscarded(destination))
        else:
            addresses = match.local.address, match.remote.address
            out.say(NegotiationStarted("New Phase 2", came_in_by, peer, *addresses, match.map))
            out.group = sa.group
            self._quick.send(sa, self._quick.begin(sa, match, out), out)

    def _peer(self, match: Match) -> IPv4Address:
        """The first peer of the entry, or a later one that we are talking to already."""
        peers = match.entry.peers
        return next((peer for peer in peers if self._box.sas.towards(peer) is not None), peers[0])

    def _possible(self, match: Match, peer: IPv4Address, interface: str, out: Out) -> bool:
        """Whether the configuration allows to begin at all; if not, it is said why."""
        config = self._box.config
        own = config.interface_named(interface)
        if own is not None and own.address == peer:
            out.say(PeerIsOurselves(peer))
            return False
        if (
            own is None
            or own.address is None
            or interface not in config.ike_enabled
            or not any(policy.authentication == "pre-share" for policy in config.ike_policies)
            or match.entry.connection_type == "answer-only"
        ):
            out.say(InitiatorPolicyMissing(interface, match.local.address, match.remote.address))
            return False
        if not self._box.has_key(peer):
            out.group = str(peer)  # the group that would have been it
            out.say(GroupNotFound(str(peer)))
            out.say(TunnelGroupMissing())
            return False
        return True
