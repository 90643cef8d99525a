"""Several packets of one flow to one long one for the kernel, which cuts it again. Knows no SA and no device.

What a kernel does with packets off a network card (generic receive offload), for packets out of a tunnel: one long
packet passes the kernel at the price of a short one. They are an authenticated peer's, who may still send anything, so
only packets are joined that come out again as they went in, octet for octet (`segmenting.segmented`): in order, with
consecutive identifications, headers that differ in nothing else, and checksums that were right, because the kernel
makes them anew and a wrong one would be mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final, NamedTuple

from mainmode.ipsec.segmenting import ACK, PSH, remainder
from mainmode.ipsec.selectors import TCP, Flow, flow_of

MOST: Final = 64
"""Packets in one; 47 of the usual length fill the longest packet there is."""
LONGEST: Final = 65535

IP_HEADER: Final = 20

_TCP: Final = Struct(">2sxxH4sxx12sIIBBHxxH")
"""Version to TOS | identification | flags to protocol | addresses, ports | sequence number | acknowledgment | data
offset | flags | window | urgent pointer. Without total length and checksums."""
_UDP: Final = Struct(">2sxxH4sxx12sHH")
"""Likewise; then length and checksum."""
_UDP_HEADER: Final = 8


class Long(NamedTuple):
    """A packet for the kernel to cut up, or, with one part, a packet as it is."""

    parts: Sequence[bytes]
    """The headers, then a payload each; one after the other they are the packet."""
    size: int = 0
    """Octets of each payload; the last may be shorter."""
    protocol: int = 0
    """TCP or UDP; the checksum in its header is that of the pseudo-header only, uncomplemented."""

    @property
    def packet(self) -> bytes:
        return b"".join(self.parts)


class _Group:
    """Packets that can become one."""

    __slots__ = ("alike", "first", "head", "next", "number", "payloads", "push", "room", "size", "sound")

    def __init__(self, first: bytes, head: int, alike: tuple[object, ...], following: int, number: int) -> None:
        self.first = first
        self.head = head
        self.alike = alike
        """What must be the same in all of them."""
        self.next = following
        """The sequence number that has to follow; 0 in UDP."""
        self.number = number
        """Identification of the last one."""
        self.size = len(first) - head
        self.payloads = [first[head:]]
        self.room = LONGEST - len(first)
        self.push = 0
        self.sound: bool | None = None
        """Whether the first one's checksums are right; None: nobody has asked."""

    def takes(self, packet: bytes, alike: tuple[object, ...], sequence: int, number: int) -> bool:
        """Add the packet if it can be the next one."""
        size = len(packet) - self.head
        if (
            alike != self.alike
            or sequence != self.next
            or number != (self.number + 1 & 0xFFFF)
            or size > self.size
            or size > self.room
            or len(self.payloads) == MOST
        ):
            return False
        if self.sound is None:
            self.sound = _is_sound(self.first)
        if not self.sound or not _is_sound(packet):
            return False
        self.payloads.append(packet[self.head :])
        self.room -= size
        self.number = number
        return True

    def long(self) -> Long:
        if len(self.payloads) == 1:
            return Long((self.first,))
        first, protocol = self.first, self.first[9]
        length = LONGEST - self.room
        rest = length - IP_HEADER
        own = bytearray(first[: self.head])
        own[2:4] = length.to_bytes(2)
        own[10:12] = bytes(2)
        own[10:12] = (-remainder(bytes(own[:IP_HEADER])) % 0xFFFF).to_bytes(2)
        pseudo = (remainder(first[12:20]) + protocol + rest) % 0xFFFF
        if protocol == TCP:
            own[33] |= self.push
            own[36:38] = pseudo.to_bytes(2)
        else:
            own[24:28] = (rest << 16 | pseudo).to_bytes(4)
        return Long((bytes(own), *self.payloads), self.size, protocol)


def coalesced(packets: Iterable[bytes], *, udp: bool) -> list[Long]:
    """Sound IPv4 packets, with those joined that can be; each flow stays in its order. `udp`: UDP too, not only TCP."""
    done: list[_Group | bytes] = []
    growing: dict[Flow, _Group] = {}
    for packet in packets:
        flow = flow_of(packet)
        if flow is None:
            # It may be a part of any of them, say a fragment: nothing overtakes it.
            growing.clear()
            done.append(packet)
        elif flow[0] == TCP:
            _add_tcp(packet, flow, growing, done)
        elif udp:
            _add_udp(packet, flow, growing, done)
        else:
            done.append(packet)
    return [Long((one,)) if isinstance(one, bytes) else one.long() for one in done]


def _add_tcp(packet: bytes, flow: Flow, growing: dict[Flow, _Group], done: list[_Group | bytes]) -> None:
    group = growing.pop(flow, None)
    if len(packet) < IP_HEADER + 20:
        done.append(packet)
        return
    begin, number, middle, _, sequence, acknowledged, offset, flags, window, urgent = _TCP.unpack_from(packet)
    head = IP_HEADER + (offset >> 4) * 4
    size = len(packet) - head
    if flags & ~PSH != ACK or head < IP_HEADER + 20 or size <= 0:
        done.append(packet)
        return
    alike = (begin, middle, acknowledged, offset, window, urgent, packet[40:head])
    following = sequence + size & 0xFFFFFFFF
    if group is not None and group.takes(packet, alike, sequence, number):
        group.next = following
        group.push = flags & PSH
    else:
        group = _Group(packet, head, alike, following, number)
        group.push = flags & PSH
        done.append(group)
    # The kernel sets PSH on the last one only, and only the last one is shorter.
    if not flags & PSH and size == group.size:
        growing[flow] = group


def _add_udp(packet: bytes, flow: Flow, growing: dict[Flow, _Group], done: list[_Group | bytes]) -> None:
    group = growing.pop(flow, None)
    begin, number, middle, _, length, total = _UDP.unpack_from(packet)
    head = IP_HEADER + _UDP_HEADER
    size = len(packet) - head
    if length != size + _UDP_HEADER or not total or not size:
        done.append(packet)
        return
    alike = (begin, middle)
    if group is None or not group.takes(packet, alike, 0, number):
        group = _Group(packet, head, alike, 0, number)
        done.append(group)
    if size == group.size:
        growing[flow] = group


def _is_sound(packet: bytes) -> bool:
    """Whether the checksums of header and of TCP or UDP are right, in a packet without IP options."""
    pseudo = remainder(packet[12:20]) + packet[9] + len(packet) - IP_HEADER
    return not remainder(packet[:IP_HEADER]) and not (remainder(packet[IP_HEADER:]) + pseudo) % 0xFFFF
