"""A TUN device: IPv4 packets of this host in and out, without a link header. Knows no gateway and no selectors."""

from __future__ import annotations

import errno
import fcntl
import os
from ipaddress import IPv4Address, IPv4Network
from struct import Struct
from typing import Final

from mainmode.shell import rtnetlink

_DEVICE: Final = "/dev/net/tun"
_REQUEST: Final = Struct("16sH22x")
"""ifreq: name and flags."""
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
"""Packets without the four octets of flags and protocol (linux/if_tun.h)."""

LARGEST: Final = 65535


class Tun:
    """An interface of this host whose other end is here. It and its routes are gone once it is closed."""

    def __init__(self, name: str, mtu: int) -> None:
        """`name` may hold `%d` for a free number. OSError: no /dev/net/tun, no CAP_NET_ADMIN, the name is taken."""
        self.fd = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            request = fcntl.ioctl(self.fd, _TUNSETIFF, _REQUEST.pack(name.encode(), _IFF_TUN | _IFF_NO_PI))
            self.name = _REQUEST.unpack(request)[0].rstrip(b"\0").decode()
            rtnetlink.link_up(self.name, mtu)
        except OSError:
            os.close(self.fd)
            raise

    def close(self) -> None:
        os.close(self.fd)

    def read(self) -> bytes | None:
        """The next packet that this host routed here; None while there is none."""
        try:
            return os.read(self.fd, LARGEST)
        except BlockingIOError:
            return None

    def write(self, packet: bytes) -> bool:
        """Hand a packet to this host. False if it does not want it now: then it is lost, as packets are."""
        try:
            os.write(self.fd, packet)
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
