"""What stands between two sites besides distance: chance, a router with a small MTU, a router that translates.

Knows packets and their outer addresses; no keys and no messages. A named fault hits the packets it names
(`faults.FaultyStretch`); these here hit whatever passes. All of them are elements of the wire: a packet goes in, and
none, one or several come out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final, Protocol

from mainmode.ike.sa import IKE_PORT, NAT_T_PORT, Endpoint
from mainmode.lab.faults import ACTIONS, UDP, Packet, Passing

IP_HEADER: Final = 20
UDP_HEADER: Final = 8

FIRST_PORT: Final = 20000
"""The first port a translating router gives away: none that anybody listens on."""

MAPPING_SECONDS: Final = 120.0
"""How long a router remembers a UDP mapping nobody uses: the least that RFC 4787 (REQ-5) allows."""


class Element(Protocol):
    """A part of the wire."""

    def carry(self, passing: Passing) -> list[Passing]:
        """What comes out at the far end: nothing, the packet, or more."""


class ByChance:
    """Does one of the `faults.ACTIONS` to every packet with the same probability."""

    def __init__(self, action: str, chance: float, entropy: Callable[[int], bytes]) -> None:
        """`chance`: 0.0 never, 1.0 always. `entropy(n)` gives n octets (`Dice`: the same ones for the same seed)."""
        self._apply = ACTIONS[action].apply
        self._below = int(chance * (1 << 32))
        self._entropy = entropy

    def carry(self, passing: Passing) -> list[Passing]:
        hit = int.from_bytes(self._entropy(4)) < self._below
        return self._apply(passing) if hit else [passing]


@dataclass(frozen=True, slots=True)
class SmallMtu:
    """A stretch that carries no IP packet of more than `octets`, and loses the fragments a router would make of it."""

    octets: int

    def carry(self, passing: Passing) -> list[Passing]:
        packet = passing.packet
        length = IP_HEADER + (UDP_HEADER if packet.protocol == UDP else 0) + len(packet.payload)
        return [passing] if length <= self.octets else []


class Nat:
    """A router before a site that puts its own address, and ports of its own, in place of the site's.

    It remembers flows, as such routers do: what a host inside sends to somebody gets a port, and only that somebody's
    answers to that port come in. UDP 500 and 4500 are forwarded to the site, so that it can be called from outside;
    what answers such a call keeps those ports. Nothing but UDP passes: ESP has no ports that could be translated.
    """

    def __init__(
        self,
        inside: IPv4Address,
        outside: IPv4Address,
        timeout: float = MAPPING_SECONDS,
        also: tuple[IPv4Address, ...] = (),
    ) -> None:
        """`timeout` in seconds. `also`: other sites behind it, to whom nothing is forwarded."""
        self.inside = inside
        self.also = also
        self.outside = outside
        self.timeout = timeout
        self._ports: dict[tuple[Endpoint, Endpoint], int] = {}
        """By the endpoint inside and the one it talks to: the port at the outer address that it has now."""
        self._ways_in: dict[tuple[Endpoint, int], Endpoint] = {}
        """By the far endpoint and the port it speaks to: the endpoint inside."""
        self._used: dict[tuple[Endpoint, Endpoint], float] = {}
        """When the inside last spoke in a flow."""
        self._next_port = FIRST_PORT

    def outward(self, packet: Packet, now: float) -> Packet | None:
        """A packet from the site as it leaves the router; None if it cannot."""
        if packet.protocol != UDP:
            return None
        flow = packet.source, packet.to
        if not self._lives(flow, now):
            self._map(flow, self._next_port, now)
            self._next_port += 1
        self._used[flow] = now
        return packet._replace(source=Endpoint(self.outside, self._ports[flow]))

    def inward(self, packet: Packet, now: float) -> Packet | None:
        """A packet to the router's outer address as it reaches the site; None if no flow is for it."""
        if packet.protocol != UDP:
            return None
        inside = self._ways_in.get((packet.source, packet.to.port))
        if inside is not None and self._lives((inside, packet.source), now):
            self._ports[inside, packet.source] = packet.to.port  # who is called answers from where it was called
            return packet._replace(to=inside)
        if packet.to.port not in (IKE_PORT, NAT_T_PORT):
            return None
        inside = Endpoint(self.inside, packet.to.port)
        self._map((inside, packet.source), packet.to.port, now)
        return packet._replace(to=inside)

    def move(self, outside: IPv4Address) -> None:
        """The router gets another address outside, and with it every flow another port."""
        self.outside = outside
        self.rebind()

    def rebind(self) -> None:
        """The router starts anew: every flow gets another port."""
        self._ports.clear()
        self._ways_in.clear()
        self._used.clear()

    def _map(self, flow: tuple[Endpoint, Endpoint], port: int, now: float) -> None:
        self._ports[flow] = port
        self._ways_in[flow[1], port] = flow[0]
        self._used[flow] = now

    def _lives(self, flow: tuple[Endpoint, Endpoint], now: float) -> bool:
        # Only what goes out keeps a mapping (RFC 4787, REQ-6): whoever is inside must speak to stay reachable.
        return flow in self._ports and now < self._used[flow] + self.timeout
