"""Which packet belongs to which SA: reads IPv4 headers, compares them with proxy identities, finds the best match.

Knows no SA and no cryptography. Addresses are numbers in here, because this runs once per packet.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from itertools import count
from struct import Struct
from typing import Final, Generic, NamedTuple, TypeVar

from mainmode.blame import Refused
from mainmode.events import ProxyId
from mainmode.ipsec.drops import Drop

T = TypeVar("T")

INVALID_ID_INFORMATION: Final = 18
"""The NOTIFY for proxy identities that cannot be (RFC 2408 §3.14.1)."""

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
ECHOES: Final = frozenset((0, 8))
"""ICMP echo reply and echo request: the types with an identifier where others have none."""


class Packet(NamedTuple):
    """What an IPv4 packet's headers say about where it belongs."""

    protocol: int
    source: int
    source_port: int | None
    """TCP and UDP: the port. ICMP echo: the identifier, here and as destination port, as an ASA has it in its 5-tuples.
    None where there is none: other protocols, later fragments."""
    destination: int
    destination_port: int | None
    length: int
    """Total length: what follows it is padding (RFC 4303 §2.7)."""
    header_length: int
    fragment_offset: int
    """In octets."""
    more_fragments: bool

    @property
    def is_illegal_fragment(self) -> bool:
        """Whether it would end beyond the longest packet there is, or leave a gap that no other fragment can fill."""
        body = self.length - self.header_length
        return self.fragment_offset + self.length > 0xFFFF or (self.more_fragments and (body % 8 != 0 or not body))


def read_packet(data: bytes) -> Packet | Drop:
    """The headers of an IPv4 packet (RFC 791), or why it is none. Every length is checked against what encloses it."""
    if len(data) < 20:
        return Drop.IP_LENGTH
    if data[0] >> 4 != 4:
        return Drop.NOT_IPV4
    header = (data[0] & 15) * 4
    length = int.from_bytes(data[2:4])
    if not 20 <= header <= length <= len(data):
        return Drop.IP_LENGTH
    flags = int.from_bytes(data[6:8])
    offset = (flags & 0x1FFF) * 8
    protocol = data[9]
    source_port = destination_port = None
    if not offset:
        if protocol in (TCP, UDP) and length >= header + 4:
            source_port = int.from_bytes(data[header : header + 2])
            destination_port = int.from_bytes(data[header + 2 : header + 4])
        elif protocol == ICMP and length >= header + 8 and data[header] in ECHOES:
            source_port = destination_port = int.from_bytes(data[header + 4 : header + 6])
    return Packet(
        protocol,
        int.from_bytes(data[12:16]),
        source_port,
        int.from_bytes(data[16:20]),
        destination_port,
        length,
        header,
        offset,
        bool(flags & 0x2000),
    )


Flow = tuple[int, bytes]
"""Protocol; both addresses and both ports as they stand in a packet: all that a selector looks at."""

_ORDINARY: Final = Struct(">BxHxxHxBxx12s")
_SHORTEST: Final = 28
"""Octets of an IPv4 header without options and a UDP header."""


def flow_of(data: bytes) -> Flow | None:
    """What tells an ordinary packet from those of other flows: TCP or UDP, whole, without IP options or link padding.

    Such a packet is sound as far as `read_packet` looks, and two of one flow belong to the same SA. None says nothing:
    `read_packet` has to look.
    """
    if len(data) < _SHORTEST:
        return None
    first, length, fragment, protocol, ends = _ORDINARY.unpack_from(data)
    if first != 0x45 or length != len(data) or fragment & 0x3FFF or protocol not in (TCP, UDP):
        return None
    return protocol, ends


@dataclass(frozen=True, slots=True)
class TrafficSelector:
    """The traffic an SA pair is for: the two proxy identities of quick mode, seen from this side.

    Raises Refused (INVALID-ID-INFORMATION) where the two name different protocols.
    """

    local: ProxyId
    remote: ProxyId

    def __post_init__(self) -> None:
        # Two numbers on the wire, and a peer may send two different ones; there is no such traffic.
        if self.local.protocol != self.remote.protocol:
            raise Refused("proxy identities of two different protocols", INVALID_ID_INFORMATION)

    def outbound(self, packet: Packet) -> bool:
        """Whether a packet on its way out belongs here: from the local to the remote identity."""
        return _at(self.local, packet.protocol, packet.source, packet.source_port) and _at(
            self.remote, packet.protocol, packet.destination, packet.destination_port
        )

    def inbound(self, packet: Packet) -> bool:
        """Whether a packet that came out of the tunnel belongs here: from the remote to the local identity."""
        return _at(self.remote, packet.protocol, packet.source, packet.source_port) and _at(
            self.local, packet.protocol, packet.destination, packet.destination_port
        )


def _at(proxy: ProxyId, protocol: int, address: int, port: int | None) -> bool:
    """Whether one end of a packet is in one proxy identity; 0 there stands for any protocol, any port."""
    if proxy.protocol not in (0, protocol) or proxy.port not in (0, port):
        return False
    first = int(proxy.address)
    if proxy.last:
        return first <= address <= int(proxy.last)
    mask = int(proxy.mask)
    return address & mask == first & mask


_Key = tuple[int, int, int, int | None, int | None]
_Rank = tuple[int, int, int]
"""Crypto map sequence, minus what the selector says, minus its age: the lowest has the packet."""


class SelectorIndex(Generic[T]):
    """Values by traffic selector, found by packet.

    Selectors that compare the same bits of a packet share a dictionary, so a lookup takes one step per kind of selector
    in use, not one per selector: a hub with a thousand peers and one form of access-list takes one step. Ranges that
    are no network compare no bits and are tried one by one.

    Where several match, the lowest crypto map sequence has the packet, then the selector that says most, then the
    newest, so that a renewed SA takes over from the one before.
    """

    __slots__ = ("_age", "_ranges", "_shapes")

    def __init__(self) -> None:
        self._shapes: dict[_Shape, dict[_Key, list[tuple[_Rank, T]]]] = {}
        self._ranges: list[tuple[_Rank, TrafficSelector, T]] = []
        self._age = count(0, -1)

    def add(self, selectors: TrafficSelector, sequence: int, value: T) -> None:
        rank = (sequence, -_bits(selectors.local) - _bits(selectors.remote), next(self._age))
        if selectors.local.last or selectors.remote.last:
            insort(self._ranges, (rank, selectors, value))
            return
        shape = _Shape.of(selectors)
        insort(self._shapes.setdefault(shape, {}).setdefault(shape.key_of(selectors), []), (rank, value))

    def remove(self, selectors: TrafficSelector, value: T) -> None:
        """Takes out what `add` put in; nothing happens if it is not there."""
        if selectors.local.last or selectors.remote.last:
            self._ranges = [entry for entry in self._ranges if entry[2] is not value]
            return
        shape = _Shape.of(selectors)
        table = self._shapes.get(shape, {})
        key = shape.key_of(selectors)
        rest = [entry for entry in table.get(key, ()) if entry[1] is not value]
        if rest:
            table[key] = rest
            return
        table.pop(key, None)
        if not table:
            self._shapes.pop(shape, None)

    def find(self, packet: Packet) -> T | None:
        """The value that has this outbound packet."""
        best: tuple[_Rank, T] | None = None
        for shape, table in self._shapes.items():
            entries = table.get(shape.key(packet))
            if entries and (best is None or entries[0][0] < best[0]):
                best = entries[0]
        for rank, selectors, value in self._ranges:
            if best is not None and best[0] < rank:
                break
            if selectors.outbound(packet):
                return value
        return best[1] if best else None


class _Shape(NamedTuple):
    """What of a packet a selector compares: two masks, and whether the protocol and each port are."""

    local_mask: int
    remote_mask: int
    protocol: bool
    local_port: bool
    remote_port: bool

    @classmethod
    def of(cls, selectors: TrafficSelector) -> _Shape:
        local, remote = selectors.local, selectors.remote
        return cls(int(local.mask), int(remote.mask), bool(local.protocol), bool(local.port), bool(remote.port))

    def key_of(self, selectors: TrafficSelector) -> _Key:
        local, remote = selectors.local, selectors.remote
        return (
            int(local.address) & self.local_mask,
            int(remote.address) & self.remote_mask,
            local.protocol,
            local.port,
            remote.port,
        )

    def key(self, packet: Packet) -> _Key:
        local_mask, remote_mask, protocol, local_port, remote_port = self
        return (
            packet.source & local_mask,
            packet.destination & remote_mask,
            packet.protocol if protocol else 0,
            packet.source_port if local_port else 0,
            packet.destination_port if remote_port else 0,
        )


def _bits(proxy: ProxyId) -> int:
    """How much a proxy identity says, in bits, roughly: what makes one of two overlapping selectors the narrower."""
    width = (int(proxy.last) - int(proxy.address)).bit_length() if proxy.last else 32 - int(proxy.mask).bit_count()
    return 32 - width + (8 if proxy.protocol else 0) + (16 if proxy.port else 0)
