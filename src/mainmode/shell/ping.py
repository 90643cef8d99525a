"""`ping`, carried out: ICMP echoes from an address of this host. Knows a raw socket; not what is printed about it."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Final

from mainmode.exec.running import Ping
from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.selectors import ICMP, read_packet
from mainmode.lab.ip import ECHO_REPLY, ECHO_REQUEST, HEADER
from mainmode.shell.clock import now

_LARGEST: Final = 65535


async def ping(wanted: Ping) -> list[float | None]:
    """Ask, one question after the other; seconds until each answer, None where none came in time.

    OSError: the source is no address of this host, or a raw socket is not allowed.
    """
    loop = asyncio.get_running_loop()
    identifier = os.urandom(2)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, ICMP) as asking:
        asking.setblocking(False)
        asking.bind((str(wanted.source), 0))
        trips: list[float | None] = []
        for number in range(wanted.count):
            body = identifier + number.to_bytes(2) + bytes(octet & 0xFF for octet in range(wanted.length - HEADER - 8))
            summed = checksum(bytes((ECHO_REQUEST, 0, 0, 0)) + body)
            began = now()
            try:
                await loop.sock_sendto(
                    asking, bytes((ECHO_REQUEST, 0)) + summed.to_bytes(2) + body, (str(wanted.destination), 0)
                )
                await asyncio.wait_for(_answer(asking, wanted, body), wanted.timeout)
            except (TimeoutError, OSError):  # not answered; or not even sent: no route, or the interface is down
                trips.append(None)
            else:
                trips.append(now() - began)
        return trips


async def _answer(asking: socket.socket, wanted: Ping, body: bytes) -> None:
    """Wait for the echo reply that has this body. A raw socket hears everybody's ICMP."""
    while True:
        packet = await asyncio.get_running_loop().sock_recv(asking, _LARGEST)
        header = read_packet(packet)
        if not isinstance(header, Drop) and header.source == int(wanted.destination):
            message = packet[header.header_length : header.length]
            if message[:1] == bytes((ECHO_REPLY,)) and message[4:] == body:
                return
