"""A TUN device: IPv4 packets of this host in and out, without a link header. Knows no gateway and no selectors.

Where the kernel can, it hands over a long piece of a TCP stream at once and takes one at once, each with a header that
says how to cut it (linux/virtio_net.h). In between there are only packets as they would be on a wire.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from struct import Struct
from typing import Final

from mainmode.ipsec.coalescing import IP_HEADER, Long, coalesced
from mainmode.ipsec.segmenting import TCP_CHECKSUM, UDP_CHECKSUM, completed, segmented
from mainmode.ipsec.selectors import TCP
from mainmode.shell import rtnetlink

_DEVICE: Final = "/dev/net/tun"
_REQUEST: Final = Struct("16sH22x")
"""ifreq: name and flags."""
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
"""Packets without the four octets of flags and protocol (linux/if_tun.h)."""

_IFF_VNET_HDR: Final = 0x4000
_TUNSETOFFLOAD: Final = 0x400454D0
_TUN_F_CSUM, _TUN_F_TSO4, _TUN_F_USO4, _TUN_F_USO6 = 0x01, 0x02, 0x20, 0x40
_STREAMS: Final = _TUN_F_CSUM | _TUN_F_TSO4
_DATAGRAMS: Final = _STREAMS | _TUN_F_USO4 | _TUN_F_USO6
"""Long UDP packets, since Linux 6.2; the kernel takes both kinds or neither."""

_OFFLOAD: Final = Struct("=BBHHHH")
"""virtio_net_hdr: flags, kind, octets of the headers and of a segment's payload, where the checksum's range begins, and
where in there the checksum stands."""
_NEEDS_CHECKSUM: Final = 1
_KIND_NONE, _KIND_TCP, _KIND_UDP = 0, 1, 5
_PLAIN: Final = bytes(_OFFLOAD.size)

LARGEST: Final = 65535

QUEUE: Final = 2000
"""Packets that may wait for us here, where the kernel's own 500 are gone in ten milliseconds of short ones: for so long
a busy host may well run somebody else. It fills only while this process is what is slow, never for a slow line's sake.
"""


class Tun:
    """An interface of this host whose other end is here. It and its routes are gone once it is closed."""

    def __init__(self, name: str, mtu: int) -> None:
        """`name` may hold `%d` for a free number. OSError: no /dev/net/tun, no CAP_NET_ADMIN, the name is taken."""
        self.fd = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            flags = _IFF_TUN | _IFF_NO_PI | _IFF_VNET_HDR
            request = fcntl.ioctl(self.fd, _TUNSETIFF, _REQUEST.pack(name.encode(), flags))
            self.name = _REQUEST.unpack(request)[0].rstrip(b"\0").decode()
            self._streams = self._offload(_STREAMS)
            self._datagrams = self._streams and self._offload(_DATAGRAMS)
            self.index = rtnetlink.index(self.name)
            """Its number, by which the kernel tells of it."""
            self._mtu = mtu
            self.switch_on()
        except OSError:
            os.close(self.fd)
            raise

    def switch_on(self) -> None:
        """OSError if the kernel refuses."""
        rtnetlink.link_up(self.name, self._mtu, QUEUE)

    def _offload(self, what: int) -> bool:
        """Ask the kernel for long packets. Whether it knows them."""
        try:
            fcntl.ioctl(self.fd, _TUNSETOFFLOAD, what)
        except OSError:
            return False
        return True

    def close(self) -> None:
        os.close(self.fd)

    def read(self) -> list[bytes] | None:
        """The next packets that this host routed here, of one flow; None while there are none."""
        try:
            data = os.read(self.fd, _OFFLOAD.size + LARGEST)
        except BlockingIOError:
            return None
        flags, kind, _, size, start, offset = _OFFLOAD.unpack_from(data)
        packet = data[_OFFLOAD.size :]
        if kind != _KIND_NONE:
            return segmented(packet, size)
        return [completed(packet, start, offset) if flags & _NEEDS_CHECKSUM else packet]

    def write(self, packets: Iterable[bytes]) -> int:
        """Hand packets to this host. How many it does not want now: those are lost, as packets are."""
        if not self._streams:
            return sum(not self._write((_PLAIN, packet)) for packet in packets)
        return sum(self._write_long(long) for long in coalesced(packets, udp=self._datagrams))

    def _write_long(self, long: Long) -> int:
        """How many of the packets in it this host does not want."""
        if not long.size:
            return not self._write((_PLAIN, *long.parts))
        kind, offset = (_KIND_TCP, TCP_CHECKSUM) if long.protocol == TCP else (_KIND_UDP, UDP_CHECKSUM)
        header = _OFFLOAD.pack(_NEEDS_CHECKSUM, kind, len(long.parts[0]), long.size, IP_HEADER, offset)
        if self._write((header, *long.parts)):
            return 0
        # Perhaps it wants no long ones.
        return sum(not self._write((_PLAIN, packet)) for packet in segmented(long.packet, long.size))

    def _write(self, parts: tuple[bytes, ...]) -> bool:
        try:
            os.writev(self.fd, parts)
        except OSError:
            return False
        return True

    def route(self, network: IPv4Network, source: IPv4Address | None) -> None:
        """Let this host route `network` here; its own packets take `source`, where it has one that fits."""
        try:
            rtnetlink.add_route(network, self.name, source)
        except OSError as refused:
            # The ASA's inside address need not be one of this host's, which then chooses for itself.
            if refused.errno != errno.EINVAL or source is None:
                raise
            rtnetlink.add_route(network, self.name)

    def unroute(self, network: IPv4Network) -> None:
        rtnetlink.remove_route(network, self.name)
