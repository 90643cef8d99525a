"""Load for a long time while both phases are renewed again and again: nothing breaks, and nothing grows.

`make soak` runs it for an hour (SECONDS=… for another time), a usual run for three minutes. One pair of ours, and one
of ours and strongSwan 5.9.8, each with connections in both directions whose every octet is compared (`stream.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from tests.peers import stream
from tests.peers.charon import Charon, Wishes
from tests.peers.ours import Ours, configuration
from tests.peers.world import SOON, World, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

SECONDS = int(os.environ.get("MAINMODE_SOAK") or 180)
SETTLED = 300 if SECONDS >= 1200 else SECONDS / 3
"""When memory is looked at first: caches are full then, and every kind of message has been seen."""

GROWTH = 1.10
LIFETIME = 120
"""Of both phases, in seconds: the shortest that an ASA takes."""

CONNECTIONS = 4
PACE = 250_000
"""Octets a second on a connection, each way: 8 Mbit/s each way through a tunnel. Renewals are the point, not speed."""

STALL = 20.0
"""Seconds. Dead peer detection needs 18 to give up a tunnel, so who waits longer had lost it. Shorter silences are
shown, not judged: where the cores are busy elsewhere TCP waits for ever longer after each lost segment."""


@dataclass
class Tunnel:
    """Two gateways, the load between their hosts, and what has been seen of it."""

    name: str
    world: World
    gateways: list[Ours]
    ends: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    memory: list[list[tuple[float, int]]] = field(default_factory=list)
    """Of each gateway of ours: seconds since the start, and resident kilobytes then."""

    def load(self) -> None:
        """Start the connections, both ends of each."""
        assert self.world.ping("ha", "192.168.2.1") == 1
        for space, role in (("hb", "listen"), ("ha", "connect")):
            words = (sys.executable, stream.__file__, role, "192.168.2.1", str(CONNECTIONS), str(PACE))
            self.ends[space] = self.world.start(space, *words, log=self._log(space))
            if role == "listen":
                until(lambda: "listening" in self._log("hb").read_text(), SOON, "a listening socket")
        self.memory = [[] for _ in self.gateways]

    def look(self, elapsed: float) -> None:
        """Note the memory; fail if a connection broke or stands still."""
        for space, process in self.ends.items():
            reported = self._reported(space)
            if process.poll() is not None:
                self._fail(elapsed, f"{space} ended: {self._log(space).read_text()[-500:]}")
            if reported and elapsed - reported[0] > STALL:
                self._fail(elapsed, f"{space} reports no more")
            if reported and reported[2] > STALL:
                self._fail(elapsed, f"nothing came to {space} for {reported[2]} s")
        for gateway, samples in zip(self.gateways, self.memory, strict=True):
            samples.append((elapsed, resident(gateway.process.pid)))

    def end(self, elapsed: float) -> None:
        """Stop the load, and say and judge what was seen."""
        for space in self.ends:
            _, least, silence = self._reported(space)
            print(
                f"{self.name}: {space} received {least / 1e6:.0f} MB or more a connection, longest silence {silence} s"
            )
            # It was the load that we meant, and not a trickle: half the pace at the least.
            assert least > PACE * elapsed / 2
        # Neither end has found a wrong octet until now. Whoever is stopped first breaks the other's connections.
        assert all(process.poll() is None for process in self.ends.values())
        for process in self.ends.values():
            self.world.stop(process)
        for gateway, samples in zip(self.gateways, self.memory, strict=True):
            said = gateway.said()
            phases = [said.count(f"PHASE {number} COMPLETED") for number in (1, 2)]
            course = [samples[0], *(sample for sample in samples if sample[0] >= SETTLED)][
                :: max(1, len(samples) // 12)
            ]
            settled = next(kilobytes for seconds, kilobytes in samples if seconds >= SETTLED)
            last = samples[-1][1]
            renewals = f"phase 1 completed {phases[0]} times, phase 2 {phases[1]} times"
            print(f"{self.name}, {gateway.directory.name}: {renewals}; resident")
            print("   ", ", ".join(f"{seconds:.0f} s {kilobytes} kB" for seconds, kilobytes in [*course, samples[-1]]))
            assert min(phases) >= 1 + int(elapsed / LIFETIME), "the renewals did not take place"
            assert last <= settled * GROWTH, f"{self.name}: memory grew from {settled} to {last} kB"

    def _fail(self, elapsed: float, what: str) -> NoReturn:
        said = "".join(f"\n{gateway.directory.name} said last:\n{gateway.said()[-6000:]}" for gateway in self.gateways)
        pytest.fail(f"{self.name}, after {elapsed:.0f} s: {what}{said}", pytrace=False)

    def _log(self, space: str) -> Path:
        return self.world.directory / f"stream-{space}"

    def _reported(self, space: str) -> tuple[float, ...]:
        """The last whole line that an end of the connections has printed; nothing at the start."""
        lines = [line for line in self._log(space).read_text().split("\n")[:-1] if line[:1].isdigit()]
        return tuple(float(word) for word in lines[-1].split()) if lines else ()


def resident(process: int) -> int:
    """Kilobytes of memory that a process has (proc(5))."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def site(side: str) -> str:
    entry = (f"set security-association lifetime seconds {LIFETIME}",)
    return configuration(side, lifetime=LIFETIME, entry=entry)


@pytest.fixture(scope="module")
def tunnels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Tunnel]]:
    """Ours and ours, and ours and strongSwan 5.9.8, each pair with its own hosts."""
    worlds: list[World] = []
    try:
        worlds.extend(World(tmp_path_factory.mktemp(name), name=name) for name in ("own", "charon"))
        own, charon = worlds
        pair = Tunnel("ours and ours", own, [Ours(own, site("a")), Ours(own, site("b"), "gb")])
        mixed = Tunnel("ours and charon", charon, [Ours(charon, site("a"))])
        # charon renews phase 1, well before we would. If both do at once, it has two IKE SAs with tunnels, moves those
        # of one of them only, and takes the others down with the IKE SA that ends. Phase 2 is left to us.
        wishes = Wishes(ike_rekey=LIFETIME - 40, over=40, esp_life=LIFETIME * 10, esp_rekey=LIFETIME * 9)
        Charon(charon).load(wishes)
        yield [pair, mixed]
    finally:
        for world in worlds:
            world.close()


@pytest.mark.timeout(SECONDS + 300)
def test_no_connection_breaks_and_no_memory_grows_while_both_phases_are_renewed(tunnels: list[Tunnel]) -> None:
    for tunnel in tunnels:
        tunnel.load()
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < SECONDS:
        time.sleep(5)
        for tunnel in tunnels:
            tunnel.look(time.monotonic() - start)
    for tunnel in tunnels:
        tunnel.end(elapsed)
