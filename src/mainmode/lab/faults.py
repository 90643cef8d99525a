"""What can go wrong on the way, by name: `drop:MM3`, `duplicate:QM1:2`, `delay:esp:all`. Knows packets, not keys.

A fault is an element of the wire: each packet it is for is counted, and done something to until the count is used up.
Which message a datagram is, is told from outside as anybody on the path could tell it: exchange type, encryption flag,
first payload, cookies, message id, and who began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from mainmode import steps
from mainmode.ike.sa import HEADER_SIZE, NAT_T_PORT, NON_ESP_MARKER, Endpoint, fingerprint

UDP: Final = 17
ESP: Final = 50

DELAY: Final = 10.0
"""Seconds: longer than an ASA waits before it repeats a message, so that the repetition overtakes it."""

REORDER: Final = 0.15
"""Seconds: longer than the gap between two packets of data in the lab, shorter than any repetition."""

DUPLICATE: Final = 0.001
"""Seconds by which the copy comes later."""

Fate = Literal["delivered", "dropped", "duplicated", "delayed", "reordered", "corrupted", "nobody there"]


class Packet(NamedTuple):
    """What one gateway sends to another: the payload of UDP, or of ESP when the protocol is 50 and the ports 0."""

    protocol: int
    source: Endpoint
    to: Endpoint
    payload: bytes


@dataclass(frozen=True, slots=True)
class Passing:
    """A packet on its way."""

    name: str
    """Which message it is: `MM1` to `QM3`, `info`, `esp`, `other`."""
    packet: Packet
    later: float = 0.0
    """Seconds by which it is held up."""
    fate: Fate = "delivered"


# --- which message it is ------------------------------------------------------------------------------------------


class Classifier:
    """Tells which message a packet is. It reads ISAKMP headers only: nothing here can decrypt."""

    def __init__(self) -> None:
        self._began: dict[bytes, Endpoint] = {}
        """By initiator cookie: who sent MM1."""
        self._quick: dict[tuple[bytes, int], tuple[Endpoint, bytes]] = {}
        """By initiator cookie and message id: who sent QM1, and its fingerprint."""

    def name(self, packet: Packet) -> str:
        payload = packet.payload
        if packet.protocol == ESP:
            return "esp"
        if packet.source.port == NAT_T_PORT:
            if not payload.startswith(NON_ESP_MARKER):
                return "esp" if len(payload) > 1 else "other"  # one octet 0xFF keeps the NAT's mapping alive
            payload = payload[len(NON_ESP_MARKER) :]
        if len(payload) < HEADER_SIZE:
            return "other"
        cookie, responder_cookie = payload[:8], payload[8:16]
        first, exchange, flags = payload[16], payload[18], payload[19]
        if exchange == steps.MAIN_MODE:
            if not any(responder_cookie):
                self._began.setdefault(cookie, packet.source)
            # By address: behind a NAT the port changes on the way from MM4 to MM5.
            by_initiator = self._began.get(cookie, packet.source).address == packet.source.address
            if flags & 1:
                return "MM5" if by_initiator else "MM6"
            if first == steps.SA:
                return "MM1" if by_initiator else "MM2"
            return "MM3" if by_initiator else "MM4"
        if exchange == steps.QUICK_MODE:
            mark = fingerprint(payload)
            began, qm1 = self._quick.setdefault((cookie, int.from_bytes(payload[20:24])), (packet.source, mark))
            if began.address != packet.source.address:
                return "QM2"
            return "QM1" if mark == qm1 else "QM3"
        return "info" if exchange == steps.INFORMATIONAL else "other"


# --- what is done to it -------------------------------------------------------------------------------------------


def _drop(_: Passing) -> list[Passing]:
    return []


def _duplicate(passing: Passing) -> list[Passing]:
    return [passing, replace(passing, later=passing.later + DUPLICATE, fate="duplicated")]


def _delay(passing: Passing) -> list[Passing]:
    return [replace(passing, later=passing.later + DELAY, fate="delayed")]


def _reorder(passing: Passing) -> list[Passing]:
    return [replace(passing, later=passing.later + REORDER, fate="reordered")]


def _corrupt(passing: Passing) -> list[Passing]:
    payload = bytearray(passing.packet.payload)
    # In the middle is what matters: in MM3 and MM4 the public value, in an encrypted message its ciphertext.
    if payload:
        payload[len(payload) // 2] ^= 0x01
    return [replace(passing, packet=passing.packet._replace(payload=bytes(payload)), fate="corrupted")]


class Action(NamedTuple):
    """One thing that can be done to a packet."""

    help: str
    apply: Callable[[Passing], list[Passing]]


ACTIONS: Final[dict[str, Action]] = {
    "drop": Action("the packet is lost", _drop),
    "duplicate": Action("the packet arrives twice", _duplicate),
    "delay": Action(f"the packet arrives {DELAY:.0f} seconds late, after its sender has repeated it", _delay),
    "reorder": Action("the packet arrives after the one that was sent after it", _reorder),
    "corrupt": Action("one bit in the middle of the packet is wrong, and no checksum tells", _corrupt),
}

TARGETS: Final[tuple[str, ...]] = (*steps.MESSAGES, "info", "esp", "udp4500", "any")


@dataclass(frozen=True, slots=True)
class Fault:
    """`ACTION:WHAT[:COUNT]`. ValueError from `parse`, with a sentence for the user, if it is none."""

    action: str
    what: str
    count: int | None = 1
    """None: every time."""

    @classmethod
    def parse(cls, text: str) -> Fault:
        action, _, rest = text.partition(":")
        what, _, count = rest.partition(":")
        target = next((target for target in TARGETS if target.lower() == what.lower()), None)
        if action not in ACTIONS:
            raise ValueError(f"no action {action!r}: {', '.join(ACTIONS)}")
        if target is None:
            raise ValueError(f"nothing is called {what!r}: {', '.join(TARGETS)}")
        if count in ("", "all"):
            return cls(action, target, None if count else 1)
        if not count.isdecimal() or not int(count):
            raise ValueError(f"{count!r} is no count: a number from 1 on, or all")
        return cls(action, target, int(count))

    def meant(self, passing: Passing) -> bool:
        """Whether this fault is for that packet."""
        if self.what == "udp4500":
            return NAT_T_PORT in (passing.packet.source.port, passing.packet.to.port)
        return self.what in ("any", passing.name)

    def __str__(self) -> str:
        return f"{self.action}:{self.what}:{'all' if self.count is None else self.count}"


class FaultyStretch:
    """The part of the wire where one fault happens, and how often it still does."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.count

    def carry(self, passing: Passing) -> list[Passing]:
        """What comes out at the far end: nothing, the packet, or more."""
        if self.left == 0 or not self.fault.meant(passing):
            return [passing]
        if self.left is not None:
            self.left -= 1
        return ACTIONS[self.fault.action].apply(passing)
