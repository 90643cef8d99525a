"""Tells a host that its packet does not fit, by a raw ICMP socket. Knows the message to send, and not why."""

from __future__ import annotations

import socket
from struct import pack
from typing import Final

from mainmode.ipsec.icmp import TooBig

_SOL_RAW: Final = 255
_ICMP_FILTER: Final = 1
_NONE: Final = pack("=I", 0xFFFFFFFF)
"""Bit n: messages of type n are kept from this socket (raw(7)). It only sends."""


class Unreachable:
    """The sender of `fragmentation needed`. The kernel puts the address in that this host has on the way there."""

    def __init__(self) -> None:
        """OSError without CAP_NET_RAW."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMP)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(_SOL_RAW, _ICMP_FILTER, _NONE)
        except OSError:
            self._socket.close()
            raise

    def tell(self, answer: TooBig) -> None:
        """Send it, if there is one. One that is lost does no harm: the host's next packet is too long, too."""
        if not answer.message:
            return
        try:
            self._socket.sendto(answer.message, (str(answer.to), 0))
        except OSError:
            return

    def close(self) -> None:
        self._socket.close()
