"""`capture`: which packets one is for, what it has caught, and how `show capture` prints it. Knows IPv4 headers.

As on an ASA a capture is a buffer of limited size that stops when it is full, and a `match` means both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address
from typing import Final

from mainmode.config.model import Ace
from mainmode.config.vocabulary import icmp_name, protocol_name
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.selectors import ICMP, TCP, UDP, Packet, read_packet

BUFFER: Final = 512 * 1024
"""Octets, an ASA's default."""

LARGEST: Final = 32 * 1024 * 1024
"""Octets, an ASA's largest buffer."""

RECORD: Final = 16
"""Octets of a pcap file beside each packet's own."""

MOST: Final = 16
"""Captures at a time: each costs every packet a comparison."""

_ECHO, _ECHO_REPLY = 8, 0


@dataclass(slots=True)
class Captured:
    """One capture. Mutable: it fills."""

    name: str
    interface: str
    match: Ace | None = None
    """None: every packet."""
    buffer: int = BUFFER
    octets: int = 0
    packets: list[tuple[float, bytes]] = field(default_factory=list)
    """With seconds on the clock that is handed in."""

    def offer(self, packet: bytes, interface: str, now: float) -> bool:
        """An IPv4 packet passed an interface. Whether it was caught: meant by this capture, and there was room."""
        if interface != self.interface or self.octets + RECORD + len(packet) > self.buffer:
            return False
        if self.match is not None:
            header = read_packet(packet)
            if isinstance(header, Drop) or not _meant(self.match, header):
                return False
        self.octets += RECORD + len(packet)
        self.packets.append((now, packet))
        return True

    def empty(self) -> None:
        """Forget what was caught, and go on."""
        self.packets.clear()
        self.octets = 0

    @property
    def state(self) -> str:
        # No packet that matters is shorter than its header: with less room than that it is full.
        full = self.octets + RECORD + 20 > self.buffer
        return f"[{'Buffer Full' if full else 'Capturing'} - {self.octets} bytes]"

    def described(self) -> Iterator[str]:
        """What `show capture` prints of it."""
        yield f"capture {self.name} type raw-data interface {self.interface} {self.state} "
        if self.match is not None:
            # The element without the words that make it one of an access-list.
            yield f"  match {self.match.text.split(' permit ', 1)[1]}"

    def listed(self, calendar: Callable[[float], datetime]) -> Iterator[str]:
        """What `show capture NAME` prints; `calendar` makes the time of day of the clock's seconds."""
        counted = f"{len(self.packets)} packet{'s' * (len(self.packets) != 1)}"
        yield ""
        yield f"{counted} captured"
        yield ""
        for number, (at, packet) in enumerate(self.packets, start=1):
            yield f"{number:>4}: {calendar(at):%H:%M:%S.%f}       {one_line(packet)} "
        yield f"{counted} shown"


def _meant(match: Ace, header: Packet) -> bool:
    source, destination = IPv4Address(header.source), IPv4Address(header.destination)
    ports = header.source_port or 0, header.destination_port or 0
    return match.matches(header.protocol, source, ports[0], destination, ports[1]) or match.matches(
        header.protocol, destination, ports[1], source, ports[0]
    )


def one_line(packet: bytes) -> str:
    """A packet as a capture lists it: `10.0.0.1.500 > 10.0.0.2.500:  udp 168`."""
    header = read_packet(packet)
    if isinstance(header, Drop):
        return header.reason
    source, destination = IPv4Address(header.source), IPv4Address(header.destination)
    body = packet[header.header_length : header.length]
    if header.fragment_offset:
        return f"{source} > {destination}: {protocol_name(header.protocol)} (frag offset {header.fragment_offset})"
    if header.protocol in (TCP, UDP) and header.source_port is not None:
        ends = f"{source}.{header.source_port} > {destination}.{header.destination_port}"
        if header.protocol == UDP:
            return f"{ends}:  udp {len(body) - 8}"
        return f"{ends}: {_tcp(body)}"
    if header.protocol == ICMP and body:
        kind = {_ECHO: "echo request", _ECHO_REPLY: "echo reply"}.get(body[0], icmp_name(body[0]))
        return f"{source} > {destination}: icmp: {kind}"
    return f"{source} > {destination}:  ip-proto-{header.protocol}, length {len(body)}"


def _tcp(segment: bytes) -> str:
    if len(segment) < 20:
        return "tcp, cut short"
    flags = "".join(letter for bit, letter in ((2, "S"), (1, "F"), (4, "R"), (8, "P")) if segment[13] & bit) or "."
    sequence, acknowledged = int.from_bytes(segment[4:8]), int.from_bytes(segment[8:12])
    data = len(segment) - (segment[12] >> 4) * 4
    ack = f" ack {acknowledged}" if segment[13] & 0x10 else ""
    return f"{flags} {sequence}:{(sequence + data) & 0xFFFFFFFF}({data}){ack} win {int.from_bytes(segment[14:16])}"
