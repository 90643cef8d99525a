"""What ICMP told the kernel about datagrams of ours: a socket's error queue. Knows the kernel's structures, no SA.

Numbers are those of `linux/in.h`, `linux/errqueue.h`; ip(7) has the whole story.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address
from struct import Struct
from typing import Final

from mainmode.ipsec.icmp import FRAGMENTATION_NEEDED, UNREACHABLE
from mainmode.ipsec.pathmtu import Report

_IP_RECVERR: Final = 11
_EXTENDED: Final = Struct("=IBBBxII")
"""sock_extended_err: errno, origin, type, code, info (the MTU), data; behind it a sockaddr, the offender's."""
_ADDRESS: Final = Struct("=HH4s")
"""The beginning of a sockaddr_in: family, port, address."""
_ORIGIN_ICMP: Final = 2

_QUOTED: Final = 64
"""Octets of the datagram that are looked at: SPI and sequence number stand first."""
_ANCILLARY: Final = 256
AT_ONCE: Final = 64
"""Messages taken from one queue in one go, so that a flood of ICMP does not stop the packets."""


def queue_errors(one: socket.socket) -> None:
    """From now on this socket keeps what ICMP says. Its next call may then fail for an earlier datagram's sake."""
    one.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)


def reports(one: socket.socket) -> Iterator[Report]:
    """Take what the queue holds; of it, what says that a datagram was too long. The rest says nothing that helps."""
    for _ in range(AT_ONCE):
        try:
            quoted, ancillary, _, to = one.recvmsg(_QUOTED, _ANCILLARY, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            return
        for level, kind, data in ancillary:
            if level != socket.IPPROTO_IP or kind != _IP_RECVERR or len(data) < _EXTENDED.size + _ADDRESS.size:
                continue
            _, origin, type, code, mtu, _ = _EXTENDED.unpack_from(data)
            if (origin, type, code) == (_ORIGIN_ICMP, UNREACHABLE, FRAGMENTATION_NEEDED):
                router = IPv4Address(_ADDRESS.unpack_from(data, _EXTENDED.size)[2])
                yield Report(router, IPv4Address(to[0]), quoted, mtu)
