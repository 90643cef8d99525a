"""`capture`, carried out: packets as they pass the interfaces, into pcap files. Knows interfaces; keeps no rule itself.

Outside, a packet is what goes over the wire (IKE, ESP), with its headers written anew; inside, what hosts sent or what
came out of a tunnel for them.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from mainmode.config.model import Config
from mainmode.exec.captured import Captured
from mainmode.gateway.path import leaving_by
from mainmode.shell.capture import Capture


class Captures:
    """The captures of a running gateway, by name. Cheap while there are none."""

    def __init__(self, config: Config) -> None:
        self.running: dict[str, Captured] = {}
        self.config = config
        self._files: dict[str, Capture] = {}

    def begin(self, captured: Captured, directory: Path) -> Path:
        """The file it goes to, which only this user can read. OSError if it cannot be written."""
        path = directory / f"{captured.name}.pcap"
        self._files[captured.name] = Capture(path)
        self.running[captured.name] = captured
        return path

    def end(self, name: str) -> None:
        """The file stays."""
        self.running.pop(name, None)
        if (file := self._files.pop(name, None)) is not None:
            file.close()

    def empty(self, name: str) -> None:
        """Of the file too no packet stays."""
        self.running[name].empty()
        self._files[name].empty()

    def close(self) -> None:
        for name in list(self.running):
            self.end(name)

    def outside(self, packet: bytes, ours: IPv4Address, now: float) -> None:
        """A packet passed the interface that has this address."""
        interface = self.config.interface_at(ours)
        if interface is not None and interface.name is not None:
            self._offer(packet, interface.name, now)

    def inside(self, packet: bytes, host: bytes, now: float) -> None:
        """A packet of or for a host behind this gateway, with the host's address (four octets)."""
        if len(packet) < 20 or packet[0] >> 4 != 4:
            return  # such things come out of a TUN device, and are no traffic of ours
        way = leaving_by(self.config, IPv4Address(host))
        if way is not None:
            self._offer(packet, way[0], now)

    def _offer(self, packet: bytes, interface: str, now: float) -> None:
        for name, captured in self.running.items():
            if captured.offer(packet, interface, now):
                self._files[name].record(packet, now)
