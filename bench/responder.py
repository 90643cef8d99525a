"""What a tunnel costs its responder: our gateway and strongSwan's charon, asked by the same initiator, turn by turn.

The initiator is our own engine with one address and one pair of networks for each tunnel, over UDP through a veth pair.
Knows processes and clocks. The responder's CPU is that of its whole process, on the scheduler's clock; its memory is
what its resident set grows by. Both answer whoever comes: one dynamic map, or one connection for %any, and one key.

charon has its kernel-libipsec plugin, so its ESP is its own like ours, and wants UDP 4500 from MM5 on.
"""

from __future__ import annotations

import argparse
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench.box import Box
from bench.sites import HUB, HUB_HOST, HUB_NETWORK, hub_for_anybody, spoke, spoke_address, spoke_network
from mainmode.gateway import Endpoint, Send
from mainmode.lab.ip import question
from tests.peers.charon import Charon, Wishes
from tests.peers.ours import READY
from tests.peers.world import SOON, World, until

GROUPS: Final = {"modp1024": 2, "modp2048": 14}

WARM: Final = 30
"""Tunnels before those that count: what is made once, and the memory that is then reused."""

QUIET: Final = 0.3
"""Seconds without work after which the responder is done with what it has been asked."""

GIVE_UP: Final = 10.0
"""Seconds for one tunnel."""

_CHARON: Final = "ikesa_table_size = 1024\n  filelog {\n    log {\n      default = 0\n    }\n  }"
"""Its defaults are for a few peers: a table of one row, and a line of log for every message. Ours says nothing either
without a debug, but what an ASA logs at severity 5."""


@dataclass(slots=True)
class Cost:
    """Of one responder with one group; an entry per round."""

    cpu: list[float] = field(default_factory=list)
    """Milliseconds per tunnel."""
    memory: list[float] = field(default_factory=list)
    """kB per tunnel."""


def measure(tunnels: int, rounds: int, groups: Sequence[str] = tuple(GROUPS)) -> dict[tuple[str, str], Cost]:
    """Both responders with each group, by (group, responder)."""
    costs = {(group, kind): Cost() for group in groups for kind in RESPONDERS}
    with tempfile.TemporaryDirectory(prefix="mainmode-bench-") as directory:
        world = World(Path(directory))
        try:
            # The initiator has a whole network of addresses, without naming each.
            world.must("gb", "ip", "route", "add", "local", "10.1.0.0/16", "dev", "lo")
            world.must("ga", "ip", "route", "add", "10.1.0.0/16", "via", "10.0.0.2")
            for _ in range(rounds):
                for group in groups:
                    for kind, started in RESPONDERS.items():
                        with started(world, group) as pid:
                            _one_turn(world, pid, tunnels, group, costs[group, kind])
        finally:
            world.close()
    return costs


def table(costs: dict[tuple[str, str], Cost]) -> Iterator[str]:
    """The figures, a line each: the medians with what lies between the least and the most, and how they compare."""
    yield f"{'':<32}{'mainmode':>24}{'strongSwan':>24}{'ratio':>8}"
    for name, unit in (("cpu", "CPU, ms per tunnel"), ("memory", "memory, kB per tunnel")):
        for group in dict.fromkeys(group for group, _ in costs):
            ours, theirs = (getattr(costs[group, kind], name) for kind in ("mainmode", "strongSwan"))
            ratio = median(ours) / median(theirs) if median(theirs) else 0
            yield f"{f'{unit}, {group}':<32}{_spread(ours):>24}{_spread(theirs):>24}{ratio:>8.2f}"


def _spread(values: list[float]) -> str:
    return f"{median(values):.2f} [{min(values):.2f}..{max(values):.2f}]"


# --- the responders -----------------------------------------------------------------------------------------------


@contextmanager
def _ours(world: World, group: str) -> Iterator[int]:
    configuration = world.directory / "hub.cfg"
    configuration.write_text(hub_for_anybody(GROUPS[group]))
    configuration.chmod(0o600)
    log = world.directory / "hub.log"
    command = str(Path(sys.executable).parent / "mainmode")
    process = world.start(
        "ga", command, "run", str(configuration), log=log, environment={"MAINMODE_RUN": str(world.directory / "run")}
    )
    try:
        until(lambda: READY in log.read_text() or process.poll() is not None, SOON, "our gateway's start")
        if process.poll() is not None:
            raise SystemExit(log.read_text())
        yield process.pid
    finally:
        world.stop(process)


@contextmanager
def _charon(world: World, group: str) -> Iterator[int]:
    charon = Charon(world, "ga", settings=_CHARON)
    try:
        charon.load(
            Wishes(
                ike=f"3des-sha1-{group}",
                local=str(HUB),
                local_id=str(HUB),
                local_ts=str(HUB_NETWORK),
                remote="%any",
                remote_id="%any",
                remote_ts="172.16.0.0/12",
            )
        )
        yield charon.process.pid
    finally:
        charon.stop()


RESPONDERS: Final[dict[str, Callable[[World, str], AbstractContextManager[int]]]] = {
    "mainmode": _ours,
    "strongSwan": _charon,
}


# --- one turn -----------------------------------------------------------------------------------------------------


def _one_turn(world: World, pid: int, tunnels: int, group: str, cost: Cost) -> None:
    initiator = subprocess.Popen(
        world.command("gb", sys.executable, "-m", "bench.responder", group),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _ask(initiator, WARM)
        cpu, memory = _cpu(pid), _resident(pid)
        _ask(initiator, tunnels)
        _wait_until_quiet(pid)
        cost.cpu.append((_cpu(pid) - cpu) / tunnels * 1000)
        cost.memory.append((_resident(pid) - memory) / tunnels)
    finally:
        initiator.kill()
        initiator.wait()


def _ask(initiator: subprocess.Popen[str], tunnels: int) -> None:
    if initiator.stdin is None or initiator.stdout is None:
        raise SystemExit("the initiator has no pipes")
    initiator.stdin.write(f"{tunnels}\n")
    initiator.stdin.flush()
    said = initiator.stdout.readline()
    if said != f"{tunnels} are up\n":
        raise SystemExit(f"the initiator: {said or 'has ended'}")


def _cpu(pid: int) -> float:
    """Seconds of CPU of a process and all its threads, as clock_getcpuclockid(3) has them: exact, not in ticks."""
    return time.clock_gettime((~pid << 3) | 2)


def _resident(pid: int) -> int:
    """kB of the resident set."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1])
    raise SystemExit("no resident set")


def _wait_until_quiet(pid: int) -> None:
    before = -1.0
    while (now := _cpu(pid)) - before > QUIET / 100:
        before = now
        time.sleep(QUIET)


# --- the initiator ------------------------------------------------------------------------------------------------


class Spoke:
    """One peer of the hub, on its own address."""

    def __init__(self, number: int, group: int) -> None:
        self.box = Box(spoke(number, group))
        self._number = number
        self._sockets: dict[Endpoint, socket.socket] = {}

    def bring_up(self) -> None:
        """Negotiate until there is a tunnel. SystemExit if there is none in time."""
        packet = question(1, spoke_network(self._number)[2], HUB_HOST, 1, 0, 1)
        deadline = time.monotonic() + GIVE_UP
        self._send(self.box.host_sends(packet, time.monotonic()))
        while not self.box.tunnels:
            ready, _, _ = select.select(list(self._sockets.values()), [], [], 0.5)
            for one in ready:
                ours = next(endpoint for endpoint, bound in self._sockets.items() if bound is one)
                datagram, (address, port) = one.recvfrom(65535)
                self._send(self.box.receive(datagram, Endpoint(type(HUB)(address), port), ours, time.monotonic()))
            if not ready:
                self._send(self.box.tick(time.monotonic()))
            if time.monotonic() > deadline:
                raise SystemExit(f"no tunnel from {spoke_address(self._number)}")
        for one in self._sockets.values():
            one.close()

    def _send(self, sends: list[Send]) -> None:
        for send in sends:
            if send.source not in self._sockets:
                made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                made.bind((str(send.source.address), send.source.port))
                self._sockets[send.source] = made
            self._sockets[send.source].sendto(send.datagram, (str(send.to.address), send.to.port))


def main() -> None:
    """In the initiator's namespace: reads how many more tunnels are wanted, a number a line, and brings them up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("group", choices=GROUPS)
    group = GROUPS[parser.parse_args().group]
    number = 0
    for line in sys.stdin:
        spokes = [Spoke(number + more, group) for more in range(int(line))]
        for one in spokes:
            one.bring_up()
        number += len(spokes)
        print(f"{len(spokes)} are up", flush=True)


if __name__ == "__main__":
    main()
