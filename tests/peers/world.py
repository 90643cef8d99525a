"""Two sites in network namespaces, each with a gateway and one host. Knows addresses and processes, no VPN software.

    ha 192.168.1.2 ── 192.168.1.1 ga 10.0.0.1 ══ 10.0.0.2 gb 192.168.2.254 ── hb 192.168.2.1, .2 and more

Everything a world makes it takes away again: processes by their pid, namespaces by their name, which holds our own pid.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.paths import require

SITES = {
    "a": ("10.0.0.1", "192.168.1.1", ["192.168.1.2"]),
    "b": ("10.0.0.2", "192.168.2.254", ["192.168.2.1", "192.168.2.2"]),
}
"""Of each site: the gateway outside and inside, and the host."""

BEHIND_NAT = "10.1.0.1"
"""Gateway a's own address when there is a NAT router before it."""

OTHER_NETWORKS = [f"192.168.{number}.0/24" for number in range(21, 26)]
"""More networks behind gateway b; the host has address .1 in each."""


SOON = 60
"""Seconds for what takes no time to speak of: they are the limit of what never comes, and not of how long it may take
on a machine that has other things to do."""

BACK = 40
"""Seconds until traffic is there again after an outage: 18 until a dead peer is missed, 8 until a first message that
nobody heard is repeated, and some for a busy machine."""


def require_programs(*names: str) -> None:
    """Leave the test out unless we are root and these programs are there."""
    require(os.geteuid() == 0, "network namespaces need root")
    for name in names:
        require(shutil.which(name) or Path(name).exists(), f"{name} is not installed")


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


def settled(process: subprocess.Popen[bytes], patience: float = 2) -> None:
    """Wait until a program has nothing more to do at this moment: what it was sent is taken, what it says is written.

    One that always has something to do is not waited for any longer than `patience` seconds.
    """
    end = time.monotonic() + patience
    while process.poll() is None and _busy(process.pid) and time.monotonic() < end:
        time.sleep(0.005)


def _busy(process: int) -> bool:
    """Whether one of its threads runs, could run, or waits for a disk."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                if thread.joinpath("stat").read_text().rpartition(") ")[2][0] in "RD":
                    return True
    return False


_TRANSLATE = """table ip translate {
  chain out { type nat hook postrouting priority srcnat
    oifname "outside" masquerade random
  }
  chain through { type filter hook forward priority filter; policy drop
    ct state established,related accept
    iifname "inside" accept
  }
}
"""
"""Ports are random, so that a mapping that is made anew is another one. From outside only answers get in."""

_LOSE = """table ip loss {{
  chain in {{ type filter hook prerouting priority raw
    iifname "outside" {} counter drop
  }}
}}
"""

_PRETEND = """table ip pretend {
  chain in { type filter hook prerouting priority raw
    iifname "outside" udp sport 500 udp dport 500 udp sport set 1500
  }
  chain out { type filter hook output priority raw
    udp sport 500 udp dport 1500 udp dport set 500
  }
}
"""
"""For gateway b, IKE comes from another port than it was sent from."""

_RECEIVER = """
import hashlib, socket, sys
listener = socket.create_server((sys.argv[1], 7000))
print("listening", flush=True)
connection, _ = listener.accept()
digest, length = hashlib.sha256(), 0
while data := connection.recv(65536):
    digest.update(data)
    length += len(data)
print(length, digest.hexdigest(), flush=True)
"""

_SENDER = """
import hashlib, os, socket, sys
source = (sys.argv[3], 0) if len(sys.argv) > 3 else None
connection = socket.create_connection((sys.argv[1], 7000), timeout=60, source_address=source)
connection.settimeout(100)  # for all of it together: the cores may be busy with other tests
data = os.urandom(int(sys.argv[2]))
connection.sendall(data)
connection.shutdown(socket.SHUT_WR)
while connection.recv(65536):
    pass
print(len(data), hashlib.sha256(data).hexdigest())
"""


def answers(pinging: subprocess.Popen[str]) -> tuple[int, int]:
    """Wait for what `World.ping_on` started; how many questions were asked and how many answers came."""
    output, _ = pinging.communicate(timeout=600)
    numbers = [int(part.split()[0]) for part in output.split("---\n")[1].split(",")[:2]]
    return numbers[0], numbers[1]


class World:
    """The namespaces `ha`, `ga`, `gb`, `hb`, and the processes in them.

    With `nat`, gateway a has 10.1.0.1 outside, and a router `nat` with 10.0.0.1 stands before it and translates. With
    `narrow` it has that address too, and there are two routers `ra` and `rb` on the way, with a link of so many octets
    between them.
    """

    def __init__(self, directory: Path, *, nat: bool = False, narrow: int = 0, name: str = "") -> None:
        """`name` tells this world from another one of the same process."""
        require_programs("ip", "ping", *(["nft"] if nat else []))
        self.directory = directory
        self._nat = nat
        self._narrow = narrow
        self._prefix = f"mm{os.getpid()}{name}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._made: list[str] = []
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def name(self, space: str) -> str:
        return f"{self._prefix}-{space}"

    def command(self, space: str, *words: str) -> list[str]:
        return ["ip", "netns", "exec", self.name(space), *words]

    def run(self, space: str, *words: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run a program in a namespace and wait for it. Its failure is for the caller to see."""
        return subprocess.run(self.command(space, *words), capture_output=True, text=True, timeout=timeout, check=False)

    def must(self, space: str, *words: str) -> str:
        """Run a program in a namespace that may not fail; its output."""
        done = self.run(space, *words)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(
        self, space: str, *words: str, log: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program in a namespace; what it says goes to a file."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(space, *words),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        self._processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
        """End a program that was started here."""
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        if process in self._processes:
            self._processes.remove(process)

    def ping(
        self, space: str, target: str, count: int = 1, wait: float = 8, source: str | None = None, size: int = 56
    ) -> int:
        """Ask `count` times, 0.2 s apart; how many answers came."""
        words = ["ping", "-n", "-q", "-c", str(count), "-i", "0.2", "-W", f"{wait:g}", "-s", str(size), "-M", "dont"]
        words += ["-I", source] if source else []
        done = self.run(space, *words, target, timeout=30 + count * (wait + 0.2))
        counts = [line for line in done.stdout.splitlines() if "received" in line]
        return int(counts[0].split(",")[1].split()[0]) if counts else 0

    def transfer(self, sender: str, receiver: str, address: str, octets: int, source: str | None = None) -> None:
        """Send so many random octets over TCP. Fails unless exactly these arrive."""
        log = self.directory / f"received-{receiver}"
        listener = self.start(receiver, sys.executable, "-c", _RECEIVER, address, log=log)
        try:
            until(lambda: "listening" in log.read_text(), SOON, "a listening socket")
            words = (sys.executable, "-c", _SENDER, address, str(octets), *([source] if source else []))
            sent = self.run(sender, *words, timeout=180)
            assert sent.returncode == 0, sent.stderr
            listener.wait(SOON)
            assert log.read_text().splitlines()[1:] == sent.stdout.splitlines()
        finally:
            self.stop(listener)

    def ping_on(self, space: str, target: str, seconds: float) -> subprocess.Popen[str]:
        """Ask every 0.1 s for so long, in the background; `answers` tells what came."""
        words = ("ping", "-n", "-q", "-i", "0.1", "-c", str(int(seconds * 10)), "-W", "3", target)
        return subprocess.Popen(self.command(space, *words), stdout=subprocess.PIPE, text=True)

    @contextmanager
    def traffic(self, space: str, target: str) -> Iterator[None]:
        """Ask every 0.1 s all the while, whether anything answers or not."""
        pinging = self.start(space, "ping", "-n", "-q", "-i", "0.1", target, log=self.directory / f"traffic-{space}")
        try:
            yield
        finally:
            self.stop(pinging)

    def stop_all(self) -> None:
        """End everything that was started here and still runs."""
        for process in reversed(list(self._processes)):
            self.stop(process)

    def close(self) -> None:
        self.stop_all()
        for space in self._made:
            subprocess.run(["ip", "netns", "del", self.name(space)], check=False, capture_output=True)
        self._made.clear()

    # -- how it is built ----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        for space in ("ha", "ga", "gb", "hb", *(["nat"] if self._nat else []), *(["ra", "rb"] if self._narrow else [])):
            self._ip("netns", "add", self.name(space))
            self._made.append(space)
            self.must(space, "ip", "link", "set", "lo", "up")
        if self._nat:
            self._build_nat()
        elif self._narrow:
            self._build_routers()
        else:
            self._cable("ga", "outside", "gb", "outside")
        for side, (outside, inside, hosts) in SITES.items():
            gateway, host = f"g{side}", f"h{side}"
            self._cable(gateway, "inside", host, "eth0")
            if not (self._narrow or (self._nat and side == "a")):
                self._address(gateway, "outside", outside)
            self._address(gateway, "inside", inside)
            for address in hosts:
                self._address(host, "eth0", address)
            self.must(host, "ip", "route", "add", "default", "via", inside)
            self.must(gateway, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for network in OTHER_NETWORKS:
            base = network.removesuffix("0/24")
            self.must("hb", "ip", "address", "add", f"{base}1/24", "dev", "eth0")
            self.must("gb", "ip", "address", "add", f"{base}254/24", "dev", "inside")

    def _build_nat(self) -> None:
        self._cable("ga", "outside", "nat", "inside")
        self._cable("nat", "outside", "gb", "outside")
        self._address("ga", "outside", BEHIND_NAT)
        self._address("nat", "inside", "10.1.0.254")
        self._address("nat", "outside", SITES["a"][0])
        self.must("ga", "ip", "route", "add", "default", "via", "10.1.0.254")
        self.must("nat", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.must("nat", "nft", _TRANSLATE)

    def _build_routers(self) -> None:
        self._cable("ga", "outside", "ra", "near")
        self._cable("ra", "far", "rb", "far")
        self._cable("rb", "near", "gb", "outside")
        self._address("ga", "outside", BEHIND_NAT)
        self._address("ra", "near", "10.1.0.254")
        self._address("ra", "far", "10.9.0.1")
        self._address("rb", "far", "10.9.0.2")
        self._address("rb", "near", "10.0.0.254")
        self._address("gb", "outside", SITES["b"][0])
        for router, way, network in (("ra", "10.9.0.2", "10.0.0.0/24"), ("rb", "10.9.0.1", "10.1.0.0/24")):
            self.must(router, "ip", "link", "set", "far", "mtu", str(self._narrow))
            self.must(router, "ip", "route", "add", network, "via", way)
            self.must(router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.must("ga", "ip", "route", "add", "10.0.0.0/24", "via", "10.1.0.254")
        self.must("gb", "ip", "route", "add", "10.1.0.0/24", "via", "10.0.0.254")

    def forget_mappings(self) -> None:
        """As after a reboot of the NAT router: what it has translated it does not know any more."""
        # The kernel drops the mappings of a masquerading interface that goes down.
        self.must("nat", "ip", "link", "set", "outside", "down")
        self.must("nat", "ip", "link", "set", "outside", "up")

    def pretend_nat(self) -> None:
        """From now on the two gateways find a NAT between them, and go to UDP 4500, where nothing is translated."""
        self.must("gb", "nft", _PRETEND)

    def pretend_no_nat(self) -> None:
        self.run("gb", "nft", "delete", "table", "ip", "pretend")

    def lose(self, space: str, permille: int) -> None:
        """Lose so many of a thousand packets that arrive at a gateway from outside; 0 ends it."""
        self.run(space, "nft", "delete", "table", "ip", "loss")
        if permille:
            by_chance = f"numgen random mod 1000 < {permille}" if permille < 1000 else ""
            self.must(space, "nft", _LOSE.format(by_chance))

    def _cable(self, one: str, its: str, other: str, others: str) -> None:
        self._ip(
            *("link", "add", its, "netns", self.name(one), "type", "veth"),
            *("peer", "name", others, "netns", self.name(other)),
        )
        self.must(one, "ip", "link", "set", its, "up")
        self.must(other, "ip", "link", "set", others, "up")

    def _address(self, space: str, device: str, address: str) -> None:
        self.must(space, "ip", "address", "add", f"{address}/24", "dev", device)

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)
