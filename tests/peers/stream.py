"""Long-lived TCP connections whose every octet is known: a program for both ends. Knows sockets, no VPN.

    python stream.py listen ADDRESS CONNECTIONS OCTETS_PER_SECOND
    python stream.py connect ADDRESS CONNECTIONS OCTETS_PER_SECOND

Both ends send on every connection at the given pace and compare what they receive with what must come, octet by
octet. Once a second they print the seconds since the start, the octets received on the connection that got least, and
the longest time in seconds in which a connection received nothing. SIGTERM ends a run that went well, with status 0; an
octet that is wrong or a connection that ends before that is said on stderr, with status 1.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

PORT = 7007
BLOCK = 16384
"""Octets: a few segments, so that a block is no multiple of one."""


def block(sender: str, connection: int, number: int) -> bytes:
    """What `sender` sends as its block `number`: no two blocks are alike, so one lost, doubled or moved is seen."""
    return hashlib.shake_128(f"{sender} {connection} {number}".encode()).digest(BLOCK)


class Connection:
    def __init__(self, own: str, index: int, sock: socket.socket, pace: int) -> None:
        self.received = 0
        self.heard = time.monotonic()
        self.longest = 0.0
        self._own, self._far = own, "connect" if own == "listen" else "listen"
        self._index, self._socket, self._pace = index, sock, pace
        for work in (self._send, self._receive):
            threading.Thread(target=self._guarded, args=(work,), daemon=True).start()

    def silence(self) -> float:
        """The longest time without an octet so far, in seconds; it may be going on."""
        return max(self.longest, time.monotonic() - self.heard)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as failure:
            print(f"connection {self._index}: {failure!r}", file=sys.stderr, flush=True)
            os._exit(1)

    def _send(self) -> None:
        start = time.monotonic()
        number = 0
        while True:
            self._socket.sendall(block(self._own, self._index, number))
            number += 1
            # After a stop it catches up: the pace is that of the whole run.
            time.sleep(max(0.0, start + number * BLOCK / self._pace - time.monotonic()))

    def _receive(self) -> None:
        number, expected = 0, b""
        while data := self._socket.recv(BLOCK):
            now = time.monotonic()
            self.longest = max(self.longest, now - self.heard)
            self.heard = now
            self.received += len(data)
            while data:
                if not expected:
                    expected, number = block(self._far, self._index, number), number + 1
                length = min(len(data), len(expected))
                if data[:length] != expected[:length]:
                    raise ValueError(f"a wrong octet in block {number - 1}")
                data, expected = data[length:], expected[length:]
        raise EOFError("the other end closed it")


def main(own: str, address: str, count: int, pace: int) -> None:
    if own == "listen":
        listener = socket.create_server((address, PORT))
        print("listening", flush=True)
        sockets = [listener.accept()[0] for _ in range(count)]
    else:
        sockets = [socket.create_connection((address, PORT), timeout=30) for _ in range(count)]
    for sock in sockets:
        sock.settimeout(None)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    connections = [Connection(own, index, sock, pace) for index, sock in enumerate(sockets)]
    start = time.monotonic()
    while True:
        time.sleep(1)
        least = min(connection.received for connection in connections)
        silence = max(connection.silence() for connection in connections)
        print(f"{time.monotonic() - start:.0f} {least} {silence:.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
