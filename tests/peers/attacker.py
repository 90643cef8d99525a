"""Whoever wants a gateway dead: packets made by hand, sent from anywhere under any name, and what the gateway is after.

Knows headers, namespaces and `/proc`; of IKE and ESP only what a stranger knows, and an MM1. Floods are so many
packets, not so many seconds, so that a run on a slow machine is the same run.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

from mainmode.config.reader import read
from mainmode.gateway import Gateway, Send
from mainmode.ipsec.checksum import checksum
from mainmode.lab.dice import Dice
from mainmode.lab.ip import question
from tests.peers.ours import Ours, configuration
from tests.peers.world import SITES, World, until

T = TypeVar("T")

GATEWAY, PEER = SITES["a"][0], SITES["b"][0]
STRANGER = "10.0.0.66"
"""An address of the attacker's own on the same wire, where answers reach it."""
HOST, FAR_HOST = SITES["a"][2][0], SITES["b"][2][0]

IKE, NAT_T = 500, 4500
ICMP, UDP, ESP = 1, 17, 50

_CLONE_NEWNET = 0x40000000
_SO_RCVBUFFORCE = 33
_ETH_P_IP = 0x0800
_ETH_P_ALL = 3
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


UNDER_WAY = 10
"""Questions that are asked and not yet answered when nobody asks any more: a second's."""

LOG_RATE = 4000
"""Octets of log a second: ten lines, a few hundred each. A gateway says no more of what strangers send."""

# --- packets ------------------------------------------------------------------------------------------------------


def ipv4(protocol: int, source: str, to: str, payload: bytes, **changed: int) -> bytes:
    """An IPv4 packet; `length`, `version_ihl`, `fragment`, `ttl` say something else than what is right."""
    length = changed.get("length", 20 + len(payload))
    header = struct.pack(
        ">BBHHHBBH4s4s",
        changed.get("version_ihl", 0x45),
        0,
        length & 0xFFFF,
        0x1234,
        changed.get("fragment", 0),
        changed.get("ttl", 64),
        protocol,
        0,
        socket.inet_aton(source),
        socket.inet_aton(to),
    )
    return header[:10] + checksum(header).to_bytes(2) + header[12:] + payload


def udp(source: tuple[str, int], to: tuple[str, int], payload: bytes) -> bytes:
    """An IPv4 packet with a UDP datagram, without a checksum, which is allowed."""
    return ipv4(UDP, source[0], to[0], struct.pack(">HHHH", source[1], to[1], 8 + len(payload), 0) + payload)


def icmp_error(kind: int, code: int, rest: int, about: bytes, source: str, to: str) -> bytes:
    """An ICMP error about a packet, as a router sends it: its header and the first octets behind that."""
    body = struct.pack(">BBHI", kind, code, 0, rest) + about[:48]
    return ipv4(ICMP, source, to, body[:2] + checksum(body).to_bytes(2) + body[4:])


def first_message(seed: int = 0) -> bytes:
    """An MM1 that the gateway accepts."""
    found = read(configuration("b"), "site.cfg")
    maker = Gateway(found.config, entropy=Dice(seed, "attacker"))
    packet = question(1, IPv4Address(FAR_HOST), IPv4Address(HOST), 1, 0, 1)
    return next(item.datagram for item in maker.outbound(packet, 0.0) if isinstance(item, Send))


MM1 = first_message()


def fresh_mm1(number: int) -> bytes:
    """With a cookie that nobody has seen."""
    return struct.pack(">Q", number | 1 << 63) + MM1[8:]


# --- sockets in a namespace -----------------------------------------------------------------------------------------


def inside(world: World, space: str, make: Callable[[], T]) -> T:
    """What `make` gives in a network namespace. A socket stays in the one that it was made in."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter() -> T:
        fd = os.open(f"/run/netns/{world.name(space)}", os.O_RDONLY)
        try:
            if libc.setns(fd, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(fd)
        return make()

    # The namespace is the thread's: one that ends after this takes it along.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(enter).result()


class Attacker:
    """On the wire between the sites, in the peer's namespace: reads what passes, and sends under any name."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.run("gb", "ip", "address", "add", f"{STRANGER}/24", "dev", "outside")
        # What answers a made-up address goes to the wire, and is seen there.
        world.run("ga", "ip", "route", "add", "default", "via", PEER)
        self._raw = inside(world, "gb", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
        self._ears = inside(world, "gb", self._listen)

    @staticmethod
    def _listen() -> socket.socket:
        # Of one protocol only, a packet socket would not hear what this host sends itself.
        ears = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        ears.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 128 << 20)
        ears.bind(("outside", _ETH_P_ALL))
        ears.setblocking(False)
        return ears

    def close(self) -> None:
        self._raw.close()
        self._ears.close()

    def send(self, packets: Iterable[bytes], at_once: int = 50) -> int:
        """Send IPv4 packets with the headers they have; how many octets. A breath after each burst: what the
        gateway's sockets cannot hold would not be an attack but a waste."""
        octets = 0
        for number, packet in enumerate(packets, 1):
            with contextlib.suppress(OSError):  # the wire is full, or the kernel refuses to send such a thing
                self._raw.sendto(packet, (GATEWAY, 0))
                octets += len(packet)
            if number % at_once == 0:
                time.sleep(0.001)
        return octets

    def own_socket(self, port: int = 0, address: str = STRANGER) -> socket.socket:
        """A UDP socket of the attacker's own."""
        made = inside(self.world, "gb", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made.bind((address, port))
        made.settimeout(5)
        return made

    def raw(self, protocol: int) -> socket.socket:
        """A raw socket of the attacker's own: the kernel cuts into fragments what is too long."""
        made = inside(self.world, "gb", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol))
        made.bind((STRANGER, 0))
        return made

    def heard(self) -> list[bytes]:
        """The IPv4 packets that have passed the wire since this was asked last, in either direction."""
        packets = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (_, protocol, *_) = self._ears.recvfrom(65535)
                if protocol == _ETH_P_IP:
                    packets.append(packet)
        return packets

    def answers(self, to: str | None = None) -> list[bytes]:
        """Of what was heard, the UDP packets that the gateway sent, to anybody or to one address."""
        return [
            packet
            for packet in self.heard()
            if packet[9] == UDP
            and packet[12:16] == socket.inet_aton(GATEWAY)
            and (to is None or packet[16:20] == socket.inet_aton(to))
        ]


# --- the gateway under attack -----------------------------------------------------------------------------------------


class Vitals:
    """What a process takes of its host."""

    def __init__(self, gateway: Ours) -> None:
        self._gateway = gateway
        self._proc = Path(f"/proc/{gateway.process.pid}")

    @property
    def memory(self) -> int:
        """Octets of memory that are in use."""
        return int(self._proc.joinpath("statm").read_text().split()[1]) * _PAGE

    @property
    def descriptors(self) -> int:
        return len(list(self._proc.joinpath("fd").iterdir()))

    @property
    def seconds(self) -> float:
        """Of CPU so far."""
        fields = self._proc.joinpath("stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def log(self) -> int:
        """Octets that it has said."""
        return self._gateway.log.stat().st_size

    def rests(self) -> bool:
        """Whether it does nothing much: a fifth of a CPU is what ping and keepalives may take."""
        before = self.seconds
        time.sleep(0.25)
        return self.seconds - before <= 0.05


@contextlib.contextmanager
def pinging(world: World, lost: float = 0.0) -> Iterator[None]:
    """A host behind the gateway asks one behind the peer all the while. Not more than this part goes unanswered."""
    log = world.directory / "pinging"
    ping = world.start("ha", "ping", "-n", "-i", "0.1", "-W", "2", FAR_HOST, log=log)
    try:
        yield
        time.sleep(0.3)  # what is under way may still arrive
    finally:
        world.stop(ping, signal.SIGINT)
    said = log.read_text()
    asked = int(said.split("---\n")[1].split()[0])
    answered = {int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+)", said)}
    # Those behind the last answer have just been asked: as many as a busy machine keeps under way.
    last = max(answered, default=0)
    assert asked - last <= UNDER_WAY, said[-3000:]
    assert last - len(answered) <= last * lost, said[-3000:]


def survives(
    world: World,
    gateway: Ours,
    attack: Callable[[], object],
    *,
    log: int,
    lost: float = 0.0,
    memory: int = 3 << 20,
    patience: float = 20,
) -> None:
    """Attack twice. All the while hosts reach each other; then everything is as it was.

    `log`: octets that a round may add to the log, or `LOG_RATE` a second where it takes long. What the first round may
    take of memory nobody asks: it fills pools that are bounded. The second may add `memory` octets and not more, and no
    descriptor.
    """
    vitals = Vitals(gateway)
    with pinging(world, lost):
        descriptors = vitals.descriptors
        taken = 0
        for _ in range(2):
            said, taken, began = vitals.log, vitals.memory, time.monotonic()
            attack()
            assert gateway.process.poll() is None, gateway.said()[-3000:]
            until(vitals.rests, patience, "the gateway rests")
            allowed = max(log, (time.monotonic() - began) * LOG_RATE)
            assert vitals.log - said <= allowed, gateway.said()[said:][:3000]
        assert vitals.memory - taken <= memory
        assert vitals.descriptors <= descriptors
    assert "Traceback" not in gateway.said(), gateway.said()[gateway.said().index("Traceback") :][:3000]
    assert "Exception" not in gateway.said()


@contextlib.contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do something all the while, over and over."""
    over = threading.Event()

    def again() -> None:
        while not over.is_set():
            work()

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
