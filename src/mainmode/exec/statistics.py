"""`show crypto protocol statistics ikev1`: what a gateway has done since it began. Knows headers of messages, no keys.

Counted from outside, by what goes into a gateway and what comes out of it. The names are the command reference's
(FACTS §5.5); its HMAC and key allocation requests cannot be seen from here and are left out rather than guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from mainmode.gateway import Endpoint, Install, Remove, Send
from mainmode.ike.sa import HEADER_SIZE, NAT_T_PORT, NON_ESP_MARKER
from mainmode.ipsec.sa import IpsecSa
from mainmode.wire import FLAG_ENCRYPTED

_FLAGS_AT: Final = 19
"""Where an ISAKMP header has its flags (RFC 2408 §3.1)."""

NAMES: Final = (
    "Encrypt packet requests",
    "Encapsulate packet requests",
    "Decrypt packet requests",
    "Decapsulate packet requests",
    "SA creation requests",
    "SA rekey requests",
    "SA deletion requests",
    "Random number generation requests",
    "Failed requests",
)


class Statistics:
    """Counters by the names above, all but the last, which the gateway itself knows."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._in_use: Counter[object] = Counter()

    def counted(self, entropy: Callable[[int], bytes]) -> Callable[[int], bytes]:
        """The same dice, and each throw counts."""

        def throw(octets: int) -> bytes:
            self.counts["Random number generation requests"] += 1
            return entropy(octets)

        return throw

    def received(self, datagram: bytes, to: Endpoint) -> None:
        """An IKE datagram went into the gateway."""
        self._message("De", datagram, to)

    def came_of(self, items: Iterable[Any]) -> None:
        """What came out of the gateway."""
        for item in items:
            if isinstance(item, Send):
                self._message("En", item.datagram, item.source)
            elif isinstance(item, Install):
                self.counts["SA creation requests"] += 1
                traffic = _traffic(item.sa)
                self.counts["SA rekey requests"] += bool(self._in_use[traffic])
                self._in_use[traffic] += 1
            elif isinstance(item, Remove):
                self.counts["SA deletion requests"] += 1
                traffic = _traffic(item.sa)
                self._in_use[traffic] -= 1
                if self._in_use[traffic] <= 0:
                    del self._in_use[traffic]

    def _message(self, direction: str, datagram: bytes, ours: Endpoint) -> None:
        if ours.port == NAT_T_PORT:
            datagram = datagram.removeprefix(NON_ESP_MARKER)
        if len(datagram) >= HEADER_SIZE:
            self.counts[f"{direction}capsulate packet requests"] += 1
            self.counts["In Octets" if direction == "De" else "Out Octets"] += len(datagram)
            self.counts[f"{direction}crypt packet requests"] += bool(datagram[_FLAGS_AT] & FLAG_ENCRYPTED)


def _traffic(sa: IpsecSa) -> object:
    return sa.direction, sa.remote, sa.selectors
