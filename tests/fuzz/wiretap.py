"""Two gateways back to back, and every datagram between them in hand: what a fuzzer needs to come in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from ipaddress import IPv4Address

from mainmode.config.model import Config
from mainmode.events import Entry
from mainmode.gateway import Gateway
from mainmode.ike.sa import Endpoint, Send
from mainmode.lab.dice import Dice
from mainmode.lab.ip import question
from tests.lab.pairs import OUTSIDE, site

NAMES = ("MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3")
PING = question(1, IPv4Address("192.168.1.2"), IPv4Address("192.168.2.2"), 1, 0, 1)


class Wiretap:
    """A handshake that goes one message further each time `step` is called."""

    def __init__(self, a: Config | None = None, b: Config | None = None, seed: int = 0) -> None:
        self.gateways = {
            OUTSIDE["a"]: Gateway(a or site("a"), entropy=Dice(seed, "a")),
            OUTSIDE["b"]: Gateway(b or site("b"), entropy=Dice(seed, "b")),
        }
        self.entries: dict[IPv4Address, list[Entry]] = {address: [] for address in self.gateways}
        self.waiting: deque[Send] = deque()
        self.now = 0.0
        self._take(OUTSIDE["a"], self.gateways[OUTSIDE["a"]].outbound(PING, self.now))

    def step(self) -> Send | None:
        """Deliver the next datagram; None when there is none."""
        if not self.waiting:
            return None
        send = self.waiting.popleft()
        self.give(send.to.address, send.datagram, send.source, send.to)
        return send

    def give(self, to: IPv4Address, datagram: bytes, source: Endpoint, endpoint: Endpoint | None = None) -> list[Send]:
        """Give a gateway a datagram from anywhere; what it answers to the other gateway is on its way."""
        return self._take(to, self.gateways[to].receive(datagram, source, self.now, endpoint))

    def steps(self) -> Iterator[Send]:
        """Deliver all that is waiting, one by one."""
        while (send := self.step()) is not None:
            yield send

    @property
    def up(self) -> bool:
        """Both ends know the same pair of IPsec SAs."""
        ends = [
            {(tunnel.inbound_spi, tunnel.outbound_spi) for _, tunnel in gateway.tunnels}
            for gateway in self.gateways.values()
        ]
        return bool(ends[0] & {(outbound, inbound) for inbound, outbound in ends[1]})

    def _take(self, address: IPv4Address, items: list[object]) -> list[Send]:
        self.entries[address] += [item for item in items if isinstance(item, Entry)]
        sent = [item for item in items if isinstance(item, Send)]
        self.waiting.extend(send for send in sent if send.to.address in self.gateways)
        return sent


def upto(message: str, seed: int = 0) -> tuple[Wiretap, Send]:
    """A handshake in which `message` is on its way and not yet delivered."""
    tap = Wiretap(seed=seed)
    for _ in range(NAMES.index(message)):
        tap.step()
    return tap, tap.waiting[0]
