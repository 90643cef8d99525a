"""Addresses, links and routes of this host, by way of rtnetlink. Knows the kernel's structures; no gateway.

Only what a gateway needs, packed here: one request, its answer, closed; and what somebody else changes. Numbers are
those of `linux/rtnetlink.h`, `linux/if_link.h` and `linux/if_addr.h`; all fields have the host's byte order.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from struct import Struct
from typing import Final

_HEADER: Final = Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port."""
_ATTRIBUTE: Final = Struct("=HH")
_LINK: Final = Struct("=BxHiII")
"""ifinfomsg: family, type, index, flags, change."""
_ADDRESS: Final = Struct("=BBBBi")
"""ifaddrmsg: family, prefix length, flags, scope, index."""
_ROUTE: Final = Struct("=BBBBBBBBI")
"""rtmsg: family, destination's and source's prefix lengths, TOS, table, protocol, scope, type, flags."""
_NUMBER: Final = Struct("=i")
_UNSIGNED: Final = Struct("=I")

_ERROR, _DONE = 2, 3
_NEWLINK, _GETLINK, _NEWADDR, _GETADDR, _NEWROUTE, _DELROUTE = 16, 18, 20, 22, 24, 25
_REQUEST, _ACK, _DUMP, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x300, 0x200, 0x400
_GROUP_LINK, _GROUP_IPV4_ROUTE = 0x1, 0x40
_IFLA_MTU, _IFLA_TXQLEN, _IFA_LOCAL = 4, 13, 2
_RTA_DST, _RTA_OIF, _RTA_PREFSRC = 1, 4, 7
_MAIN_TABLE, _PROTOCOL_STATIC, _SCOPE_LINK, _UNICAST = 254, 4, 253, 1
_IFF_UP: Final = 1


class Changes:
    """What becomes of this host's links and routes, whoever does it."""

    def __init__(self) -> None:
        """OSError if the kernel refuses."""
        self.socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
        try:
            self.socket.bind((0, _GROUP_LINK | _GROUP_IPV4_ROUTE))
        except OSError:
            self.socket.close()
            raise

    def gone(self) -> Iterator[IPv4Network | int | None]:
        """What went since this was asked last: networks whose route was removed, the index of each link that is off.

        None: there was more than the kernel keeps, and nobody knows what.
        """
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: it does not wait for us
                yield None
                continue
            for kind, body in _messages(data):
                if kind == _NEWLINK:
                    _, _, index, flags, _ = _LINK.unpack_from(body)
                    if not flags & _IFF_UP:
                        yield index
                elif kind == _DELROUTE:
                    network = dict(_attributes(body[_ROUTE.size :])).get(_RTA_DST)
                    if network is not None:
                        yield IPv4Network((network, body[1]))

    def close(self) -> None:
        self.socket.close()


def addresses() -> dict[IPv4Address, str]:
    """The IPv4 addresses of this host (of its network namespace), each with the name of its interface."""
    found = {}
    for kind, body in _talk(_GETADDR, _DUMP, _ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)):
        if kind != _NEWADDR:
            continue
        index = _ADDRESS.unpack_from(body)[4]
        attributes = dict(_attributes(body[_ADDRESS.size :]))
        if _IFA_LOCAL in attributes:
            found[IPv4Address(attributes[_IFA_LOCAL])] = socket.if_indextoname(index)
    return found


def mtu(name: str) -> int:
    """The MTU of an interface, in octets. OSError if there is no such interface."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), 0, 0)
    for _, link in _talk(_GETLINK, _ACK, body):
        return int(_UNSIGNED.unpack(dict(_attributes(link[_LINK.size :]))[_IFLA_MTU])[0])
    raise OSError(f"{name} has no MTU")


def index(interface: str) -> int:
    """The kernel's number of an interface. OSError if there is none of this name."""
    return socket.if_nametoindex(interface)


def link_up(name: str, mtu: int, queue: int) -> None:
    """Switch an interface on, with this MTU and room for so many packets that wait. OSError if the kernel refuses."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), _IFF_UP, _IFF_UP)
    body += _attribute(_IFLA_MTU, _UNSIGNED.pack(mtu)) + _attribute(_IFLA_TXQLEN, _UNSIGNED.pack(queue))
    _request(_NEWLINK, 0, body)


def add_route(network: IPv4Network, interface: str, source: IPv4Address | None = None) -> None:
    """Route `network` into `interface`; the host's own packets then go out from `source`.

    FileExistsError if this network is routed already, another OSError if the kernel refuses.
    """
    _request(_NEWROUTE, _CREATE | _EXCLUSIVE, _route(network, interface, source))


def remove_route(network: IPv4Network, interface: str) -> None:
    """Take back what `add_route` did. OSError if it is not there."""
    _request(_DELROUTE, 0, _route(network, interface, None))


def _route(network: IPv4Network, interface: str, source: IPv4Address | None) -> bytes:
    body = _ROUTE.pack(socket.AF_INET, network.prefixlen, 0, 0, _MAIN_TABLE, _PROTOCOL_STATIC, _SCOPE_LINK, _UNICAST, 0)
    body += _attribute(_RTA_DST, network.network_address.packed)
    body += _attribute(_RTA_OIF, _NUMBER.pack(socket.if_nametoindex(interface)))
    return body + (_attribute(_RTA_PREFSRC, source.packed) if source else b"")


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[max(_ATTRIBUTE.size, length + -length % 4) :]


def _request(kind: int, flags: int, body: bytes) -> None:
    for _ in _talk(kind, flags | _ACK, body):
        pass


def _talk(kind: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """Ask the kernel; its messages, by type. OSError with the kernel's reason if it refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.sendall(_HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST, 1, 0) + body)
        while True:
            data = kernel.recv(65536)
            for answer, message in _messages(data):
                if answer == _DONE:
                    return
                if answer == _ERROR:
                    code = -_NUMBER.unpack_from(message)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return
                yield answer, message


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """What the kernel sent at once, one by one: the type and what follows the header."""
    while data:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[length + -length % 4 :]
