"""Operators of a running gateway, polite or not, and hosts that send something. Knows the control socket's lines."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.peers.attacker import FAR_HOST, HOST, inside
from tests.peers.ours import Ours
from tests.peers.world import World

MAINMODE = str(Path(sys.executable).parent / "mainmode")

LOG = 60_000
"""Octets of log that a round of an attack may bring."""


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    command = [MAINMODE, "exec", "--name", "site-a", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def connected(control: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(str(control))  # waits for its turn, as it has no time limit yet
    client.settimeout(10)
    return client


class Chatter:
    """An operator who makes a gateway talk: the tunnel is cleared and asked for, over and over."""

    def __init__(self, control: Path) -> None:
        self._asking = connected(control)
        self._answers = self._asking.makefile()

    def ask(self, command: str) -> str:
        self._asking.send(json.dumps({"command": command}).encode() + b"\n")
        return str(json.loads(self._answers.readline())["text"])

    def talk(self, times: int) -> None:
        """So many times: a few kilobytes of debug each."""
        for _ in range(times):
            self.ask("clear crypto isakmp sa")
            self.ask(f"packet-tracer input inside icmp {HOST} 8 0 {FAR_HOST}")

    def talk_until(self, control: Path, octets: int) -> None:
        """Until so many octets of debug were said, wherever they went."""
        with connected(control) as monitor:
            monitor.send(b'{"monitor": true}\n')
            monitor.setblocking(False)
            said = 0
            while said < octets:
                self.talk(10)
                with contextlib.suppress(BlockingIOError):
                    while text := monitor.recv(1 << 16):
                        said += len(text)

    def close(self) -> None:
        self._answers.close()
        self._asking.close()


def traffic(world: World, packets: int, size: int = 1200) -> None:
    """So many packets of a host behind the gateway to one behind the peer, each with so many octets of data."""
    with inside(world, "ha", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        for number in range(packets):
            sender.sendto(bytes(size), (FAR_HOST, 9))
            if number % 20 == 0:
                time.sleep(0.01)


def unharmed(world: World, tunnel: Ours) -> None:
    """It lives, carries traffic, and has had no accident."""
    assert tunnel.process.poll() is None, tunnel.said()[-3000:]
    assert world.ping("ha", FAR_HOST, 3) == 3
    assert "Traceback" not in tunnel.said(), tunnel.said()[-3000:]
