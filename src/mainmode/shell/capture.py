"""`--pcap`: what a running gateway sends and receives, as a capture file. Knows IP and UDP headers and no more.

LINKTYPE_RAW, with the headers written anew: sockets do not show the real ones. Opened with the files of `--keylog`,
Wireshark shows what is inside.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from struct import Struct

from mainmode.ike.sa import Endpoint
from mainmode.lab.ip import ipv4, udp
from mainmode.lab.pcap import LINKTYPE_RAW, MAGIC, SNAPLEN
from mainmode.shell.clock import wall
from mainmode.shell.hardening import private_file
from mainmode.shell.outlet import say
from mainmode.shell.udp import ESP

_HEADER = Struct("<IHHiIII")
_RECORD = Struct("<IIII")


class Capture:
    """A capture file that grows while the gateway runs. It is written at once: a killed gateway leaves a whole file."""

    def __init__(self, path: Path) -> None:
        """OSError if the file cannot be written."""
        self._path = path
        self._fd = private_file(path)
        self._size = 0
        """Octets of whole records."""
        self._ended = False
        try:
            self._append(_HEADER.pack(MAGIC, 2, 4, 0, 0, SNAPLEN, LINKTYPE_RAW))
        except OSError:
            os.close(self._fd)
            raise

    def add(self, payload: bytes, source: Endpoint, to: Endpoint, now: float) -> None:
        """A datagram; port 0 stands for IP protocol 50."""
        self.record(outer(payload, source, to), now)

    def record(self, packet: bytes, now: float) -> None:
        """An IPv4 packet. Once one could not be written, as the disk is full, there are no more, and that is said."""
        if self._ended:
            return
        seconds, microseconds = divmod(round(wall(now) * 1_000_000), 1_000_000)
        try:
            self._append(_RECORD.pack(seconds, microseconds, len(packet), len(packet)) + packet)
        except OSError as refused:
            self._ended = True
            say(f"{self._path}: {refused.strerror}: the capture ends here")

    def _append(self, record: bytes) -> None:
        if os.write(self._fd, record) < len(record):  # the disk is full behind it
            os.ftruncate(self._fd, self._size)
            os.lseek(self._fd, self._size, os.SEEK_SET)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._size += len(record)

    def empty(self) -> None:
        """Begin anew. Where the disk was full there is room again."""
        os.ftruncate(self._fd, _HEADER.size)
        os.lseek(self._fd, _HEADER.size, os.SEEK_SET)
        self._size = _HEADER.size
        self._ended = False

    def close(self) -> None:
        os.close(self._fd)


def outer(payload: bytes, source: Endpoint, to: Endpoint) -> bytes:
    """The packet around what a socket sends or receives; port 0 stands for IP protocol 50. DF and TOS are not shown."""
    if to.port:
        return udp(source.address, source.port, to.address, to.port, payload)
    return ipv4(ESP, source.address, to.address, payload)
