"""How much two gateways carry between two sites, ours and strongSwan's, turn by turn. Knows processes and iperf3.

Both sites, both gateways and the traffic share this machine, and its speed changes by the minute. So the two kinds of
gateway take turns, and only figures of one run are worth comparing. strongSwan is the release that Debian 12 has, with
its kernel-libipsec plugin: a userspace ESP in C, which it always carries in UDP. Ours is measured in both ways: in UDP
4500, as behind a NAT, and as real ESP (IP protocol 50), as it is where nothing stands between the gateways.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.peers.charon import CHARON, SWANCTL, Charon, Wishes
from tests.peers.ours import Ours, configuration
from tests.peers.world import SITES, SOON, World, until

TARGET: Final = SITES["b"][2][0]
"""The host behind gateway b that receives."""

PAYLOAD: Final = 64
"""Octets in each datagram of the packet rate."""

TOLERATED: Final = 0.005
"""Loss at which an offered packet rate still counts as carried. One process that is not run for a moment loses as much
at any rate."""

SLOWEST, FASTEST, STEPS = 2_000, 200_000, 6
"""Packets per second between which the carried rate is looked for, and by how many halvings: to seven percent."""

CONTROL: Final = 30
"""Seconds that iperf3 may take beyond the time it is to send."""

CLOCK_TICK: Final = os.sysconf("SC_CLK_TCK")

LIBIPSEC: Final = "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"


@dataclass(frozen=True, slots=True)
class Suite:
    """One transform set, in both languages."""

    name: str
    charon: str
    ours: tuple[str, str]


SUITES: Final = (
    Suite("aes128-sha1", "aes128-sha1", ("esp-aes", "esp-sha-hmac")),
    Suite("3des-sha1", "3des-sha1", ("esp-3des", "esp-sha-hmac")),
)


@dataclass(slots=True)
class Figures:
    """What one kind of gateway did with one suite; an entry per round."""

    tcp: list[float] = field(default_factory=list)
    """Mbit/s of one stream, as its receiver counts."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of CPU of both gateways for each Gbit of that stream."""
    carried: list[float] = field(default_factory=list)
    """Datagrams per second: the highest rate found of which no more than `TOLERATED` is lost."""
    flooded: list[float] = field(default_factory=list)
    """Datagrams per second that arrive while the sender sends as fast as it can."""


def missing(*programs: str) -> str | None:
    """What this host lacks to measure beside strongSwan, with these programs; None if nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for path in (CHARON, SWANCTL, LIBIPSEC, "/dev/net/tun"):
        if not Path(path).exists():
            return f"{path} is not here"
    return next((f"{name} is not installed" for name in ("ip", "ping", *programs) if not shutil.which(name)), None)


STRONGSWAN, IN_UDP, REAL_ESP = GATEWAYS = ("strongSwan, UDP", "mainmode, UDP", "mainmode, ESP")


def measure(seconds: float, rounds: int, suites: Sequence[Suite] = SUITES) -> dict[tuple[str, str], Figures]:
    """Each kind of gateway at both ends with each suite, by (suite, kind). Raises SystemExit where one carries nothing.

    `seconds`: of the TCP stream and of the flood; a step of the search for the carried rate takes a third of it.
    """
    found = {(suite.name, kind): Figures() for suite in suites for kind in GATEWAYS}
    with tempfile.TemporaryDirectory(prefix="mainmode-bench-") as directory:
        world = World(Path(directory))
        try:
            for _ in range(rounds):
                for suite in suites:
                    for kind in GATEWAYS:
                        with _charons(world, suite) if kind == STRONGSWAN else _ours(world, suite, kind) as pids:
                            _one_turn(world, pids, seconds, found[suite.name, kind])
        finally:
            world.close()
    return found


# --- the gateways -------------------------------------------------------------------------------------------------


@contextmanager
def _charons(world: World, suite: Suite) -> Iterator[tuple[int, int]]:
    a, b = Charon(world, "ga"), Charon(world, "gb")
    try:
        b.load(Wishes(esp=suite.charon))
        away = Wishes(esp=suite.charon)
        a.load(
            Wishes(
                esp=suite.charon,
                local=away.remote,
                remote=away.local,
                local_id=away.remote_id,
                remote_id=away.local_id,
                local_ts=away.remote_ts,
                remote_ts=away.local_ts,
            )
        )
        if not a.initiate():
            raise SystemExit(f"strongSwan has no tunnel: {a.said()}")
        yield a.process.pid, b.process.pid
    finally:
        a.stop()
        b.stop()


@contextmanager
def _ours(world: World, suite: Suite, kind: str) -> Iterator[tuple[int, int]]:
    started: list[Ours] = []
    if kind == IN_UDP:
        world.pretend_nat()
    try:
        for side in "ab":
            started.append(Ours(world, configuration(side, transform_sets=(suite.ours,)), f"g{side}"))
        yield started[0].process.pid, started[1].process.pid
    finally:
        for gateway in started:
            gateway.stop()
        if kind == IN_UDP:
            world.pretend_no_nat()


# --- one turn -----------------------------------------------------------------------------------------------------


def _one_turn(world: World, pids: tuple[int, int], seconds: float, figures: Figures) -> None:
    if not world.ping("ha", TARGET, count=3):
        raise SystemExit("nothing gets through the tunnel")
    before = _cpu(pids)
    received = _iperf3(world, seconds)["end"]["sum_received"]
    figures.cpu.append((_cpu(pids) - before) / (received["bytes"] * 8 / 1e9))
    figures.tcp.append(received["bits_per_second"] / 1e6)
    figures.carried.append(_highest(lambda rate: _datagrams(world, seconds / 3, rate)))
    figures.flooded.append(_datagrams(world, seconds, 0)[0])


def _highest(offer: Callable[[float], tuple[float, float]]) -> float:
    """Halve the interval, on a logarithmic scale, in which the highest carried rate lies."""
    low, high = float(SLOWEST), float(FASTEST)
    carried = 0.0
    for _ in range(STEPS):
        rate = (low * high) ** 0.5
        received, loss = offer(rate)
        if loss <= TOLERATED:
            carried = max(carried, received)
            low = rate
            if received < 0.9 * rate:  # the sender itself cannot send as many
                return carried
        else:
            high = rate
    return carried


def _datagrams(world: World, seconds: float, rate: float) -> tuple[float, float]:
    """Datagrams per second that arrived, and which part of them was lost. `rate`: per second; 0, as many as can be."""
    # With a socket that the receiving host does not overflow as long as it can be helped: it is not what is measured.
    options = ("-u", "-l", str(PAYLOAD), "-w", _socket_buffer(), "-b", str(int(rate * PAYLOAD * 8)))
    done = _iperf3(world, seconds, *options)["end"]["sum"]
    return (done["packets"] - done["lost_packets"]) / done["seconds"], done["lost_packets"] / max(done["packets"], 1)


def _socket_buffer() -> str:
    """As much as this kernel lets a program ask for, in both directions: iperf3 asks so."""
    limits = (Path(f"/proc/sys/net/core/{name}_max").read_text() for name in ("rmem", "wmem"))
    return str(min(map(int, limits)))


def _iperf3(world: World, seconds: float, *options: str) -> Any:
    """What iperf3 says of one stream from host a to host b."""
    log = world.directory / "iperf3-server"
    server = world.start("hb", "iperf3", "-s", "-1", "-B", TARGET, "--forceflush", log=log)
    try:
        until(lambda: "listening" in log.read_text(), SOON, "iperf3's server")
        words = ("iperf3", "-c", TARGET, "-J", "-t", f"{max(1, round(seconds))}", *options)
        done = world.run("ha", *words, timeout=seconds + CONTROL)
        said = json.loads(done.stdout or "{}")
        if done.returncode or "error" in said:
            raise SystemExit(f"iperf3: {said.get('error', done.stderr)}")
        return said
    finally:
        world.stop(server)


def _cpu(pids: Sequence[int]) -> float:
    """Seconds of CPU that these processes have used, in the kernel or not."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICK


# --- the table ----------------------------------------------------------------------------------------------------

ROWS: Final[tuple[tuple[str, Callable[[Figures], list[float]]], ...]] = (
    ("TCP, one stream, Mbit/s", lambda figures: figures.tcp),
    ("CPU of both gateways, s per Gbit", lambda figures: figures.cpu),
    (f"{PAYLOAD}-octet datagrams carried per second", lambda figures: figures.carried),
    ("the same, received of a flood", lambda figures: figures.flooded),
)


def table(found: dict[tuple[str, str], Figures]) -> list[str]:
    """Medians of the rounds, a suite after the other; ours also as a multiple of strongSwan's."""
    lines = []
    for suite in dict.fromkeys(name for name, _ in found):
        lines.append(f"{suite:<42}{STRONGSWAN:>16}" + "".join(f"{kind:>16}{'':8}" for kind in (IN_UDP, REAL_ESP)))
        for name, of in ROWS:
            figures = [median(of(found[suite, kind])) for kind in GATEWAYS]
            digits = 0 if max(figures) >= 100 else 2
            cells = [f"{figures[0]:>16,.{digits}f}"]
            for ours in figures[1:]:
                ratio = f"({ours / figures[0]:.2f})" if figures[0] else ""
                cells.append(f"{ours:>16,.{digits}f}{ratio:>8}")
            lines.append(f"  {name:<40}{''.join(cells)}".rstrip())
    return lines
