"""A peer that knows the key and means harm: what it may do it may do to its own tunnel, and to nothing else.

It is our own gateway's core, with sockets of the test's, and what it encrypts is whatever the test wants.
"""

from __future__ import annotations

import hmac
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address

import pytest

from mainmode.config.reader import read
from mainmode.gateway import Action, Gateway, Install, Send
from mainmode.ike.sa import Endpoint
from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.sa import IpsecSa
from mainmode.lab.ip import question
from mainmode.transcript import Transcript
from mainmode.wire import Notify
from tests.peers.attacker import ESP, FAR_HOST, GATEWAY, HOST, ICMP, IKE, UDP, Vitals, inside, ipv4, survives
from tests.peers.ours import Ours, configuration
from tests.peers.world import SOON, World, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

HOSTILE = "10.0.0.3"
ITS_HOST = "192.168.21.1"
TCP = 6
LOG = 60_000

ITS_ENTRY = (
    "access-list OTHER extended permit ip 192.168.1.0 255.255.255.0 192.168.21.0 255.255.255.0",
    "crypto map MAP 20 match address OTHER",
    f"crypto map MAP 20 set peer {HOSTILE}",
    "crypto map MAP 20 set ikev1 transform-set SET0",
    f"tunnel-group {HOSTILE} type ipsec-l2l",
    f"tunnel-group {HOSTILE} ipsec-attributes",
    " ikev1 pre-shared-key cisco",
)


class Hostile:
    """The peer at 10.0.0.3."""

    def __init__(self, world: World) -> None:
        world.run("gb", "ip", "address", "add", f"{HOSTILE}/24", "dev", "outside")
        own = "ip 192.168.21.0 255.255.255.0 192.168.1.0 255.255.255.0"
        self._config = read(configuration("b", address=HOSTILE, access_list=(own,)), "hostile.cfg").config
        self._ike = inside(world, "gb", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._ike.bind((HOSTILE, IKE))
        self._ike.settimeout(10)
        self._esp = inside(world, "gb", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, ESP))
        self._esp.bind((HOSTILE, 0))
        self.sas: dict[str, IpsecSa] = {}
        self.sequence = 0
        self.again()

    def again(self) -> None:
        """Begin from nothing, as after a reboot; what was there is not deleted."""
        self.gateway = Gateway(self._config, entropy=os.urandom)
        self.sas.clear()
        self.sequence = 0
        self.ask()

    def ask(self) -> None:
        """Negotiate, phase 1 if there is none, until there are SAs for the tunnel."""
        packet = question(1, IPv4Address(ITS_HOST), IPv4Address(HOST), 1, 0, 1)
        known = len(list(self.gateway.tunnels))
        self.carry_out(self.gateway.outbound(packet, time.monotonic()))
        while len(list(self.gateway.tunnels)) == known:
            self.listen()

    def leave_unfinished(self) -> None:
        """Ask for more SAs, say nothing to the answer, and end it all."""
        packet = question(1, IPv4Address(ITS_HOST), IPv4Address(HOST), 1, 0, 1)
        self.carry_out(self.gateway.outbound(packet, time.monotonic()))
        self._ike.recv(65535)
        self.carry_out(self.gateway.clear_isakmp(time.monotonic()))

    def listen(self) -> None:
        datagram, (address, port) = self._ike.recvfrom(65535)
        source, own = Endpoint(IPv4Address(address), port), Endpoint(IPv4Address(HOSTILE), IKE)
        self.carry_out(self.gateway.receive(datagram, source, time.monotonic(), own))

    def carry_out(self, items: Sequence[object]) -> None:
        for item in items:
            if isinstance(item, Send):
                self._ike.sendto(item.datagram, (GATEWAY, IKE))
            elif isinstance(item, Install):
                self.sas[item.sa.direction] = item.sa
                self.sequence = 0

    def sealed(self, plain: bytes) -> bytes:
        """Authentic ESP around any octets: padding and next header are the caller's, and whole blocks."""
        sa = self.sas["outbound"]
        assert sa.auth is not None
        self.sequence += 1
        iv = os.urandom(sa.cipher.iv_length)
        cipher = sa.cipher.encryptor(sa.encryption_key.reveal(), iv)
        esp = struct.pack(">II", sa.spi, self.sequence) + iv + cipher.update(plain)
        mac = hmac.digest(sa.authentication_key.reveal(), esp, sa.auth.algorithm)
        return esp + mac[: sa.auth.icv_length]

    def send(self, packet: bytes, next_header: int = 4) -> None:
        """A packet, or what is to be taken for one, through the tunnel."""
        padding = -(len(packet) + 2) % self.sas["outbound"].cipher.block_size
        plain = packet + bytes(range(1, padding + 1)) + bytes((padding, next_header))
        self._esp.sendto(self.sealed(plain), (GATEWAY, 0))

    def send_plain(self, plain: bytes) -> None:
        self._esp.sendto(self.sealed(plain), (GATEWAY, 0))

    def close(self) -> None:
        self._ike.close()
        self._esp.close()


@pytest.fixture(scope="module")
def gateway(world: World) -> Ours:
    """The one that is attacked, its tunnel with its other peer up."""
    Ours(world, configuration("b"), "gb")
    made = Ours(world, configuration("a", more=ITS_ENTRY), "ga")
    assert world.ping("ha", FAR_HOST)
    return made


@pytest.fixture(scope="module")
def hostile(world: World, gateway: Ours) -> Iterator[Hostile]:
    made = Hostile(world)
    yield made
    made.close()


def test_a_quick_mode_that_it_does_not_finish_takes_no_route_away(
    world: World, gateway: Ours, hostile: Hostile
) -> None:
    network = "192.168.21.0/24 dev mm0"
    for _ in range(3):
        ended = gateway.said().count("Reason: Peer Terminate")
        hostile.leave_unfinished()
        until(lambda: gateway.said().count("Reason: Peer Terminate") > ended, SOON, "the end")  # noqa: B023
        assert network in world.must("ga", "ip", "route"), "packets for it leave in clear"
        hostile.again()
    assert network in world.must("ga", "ip", "route")


def leaving(world: World, act: Callable[[], object], last: bytes) -> list[tuple[str, bytes]]:
    """The IPv4 packets that leave the gateway meanwhile, by which device; up to the first that has `last` in it."""
    every = 3  # ETH_P_ALL, or what this host sends itself would not be heard

    with inside(world, "ga", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(every))) as ears:
        ears.settimeout(SOON)
        act()
        packets: list[tuple[str, bytes]] = []
        while not packets or last not in packets[-1][1]:
            packet, (device, protocol, kind, *_) = ears.recvfrom(65535)
            if protocol == 0x0800 and kind == socket.PACKET_OUTGOING:
                packets.append((device, packet))
        return packets


def test_what_it_sends_to_others_than_its_tunnel_is_for_arrives_nowhere(
    world: World, gateway: Ours, hostile: Hostile
) -> None:
    places = ("10.0.0.1", "192.168.2.1", "192.168.0.1", "192.168.21.2", "127.0.0.1", "224.0.0.5", "255.255.255.255")
    sources = ("192.168.2.1", "192.168.1.2", "10.0.0.2", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1")
    marked = b"marked by the hostile peer"
    wrong = [ipv4(UDP, ITS_HOST, place, bytes(8) + marked) for place in places]
    wrong += [ipv4(UDP, source, HOST, bytes(8) + marked) for source in sources]
    allowed = b"what it may send"
    right = ipv4(UDP, ITS_HOST, HOST, struct.pack(">HHHH", 1, 9, 8 + len(allowed), 0) + allowed)

    def attack() -> None:
        for packet in wrong:
            hostile.send(packet)

    def attack_and_behave() -> None:
        attack()
        hostile.send(right)  # the gateway takes what comes in its order

    seen = leaving(world, attack_and_behave, allowed)
    assert seen[-1][0] == "inside"
    assert not any(marked in packet for _, packet in seen)
    survives(world, gateway, attack, log=LOG)
    # Each is told, as an ASA does it, but not as often as it happens.
    assert gateway.said().count("192.168.2.1") >= 1


def test_packets_that_are_none_inside_authentic_esp(world: World, gateway: Ours, hostile: Hostile) -> None:
    good = ipv4(UDP, ITS_HOST, HOST, struct.pack(">HHHH", 1, 9, 28, 0) + bytes(20))

    def attack() -> None:
        for end in range(len(good) + 1):
            hostile.send(good[:end])
        for number in range(256):
            hostile.send(good, next_header=number)
            hostile.send(ipv4(number, ITS_HOST, HOST, bytes(number % 64)))
            hostile.send(ipv4(UDP, ITS_HOST, HOST, bytes(40), version_ihl=number))
            # Padding that is longer than all there is, or not what it must be.
            hostile.send_plain((good + bytes(16))[:46] + bytes((number, 4)))
        for length in (0, 1, 19, 20, 27, 49, 1500, 65535):
            hostile.send(ipv4(UDP, ITS_HOST, HOST, bytes(28), length=length))
        for protocol in (ICMP, TCP, UDP):
            for fragment in (0x2000, 0x2001, 0x1FFF, 0x3FFF, 0x8000, 1, 0x4001):
                for size in (0, 1, 7, 8, 9, 1000):
                    hostile.send(ipv4(protocol, ITS_HOST, HOST, bytes(size), fragment=fragment))
        for ttl in (0, 1, 255):
            hostile.send(ipv4(UDP, ITS_HOST, HOST, bytes(20), ttl=ttl))
        for size in (8000, 30000, 65400):
            hostile.send(ipv4(UDP, ITS_HOST, HOST, bytes(size)))

    survives(world, gateway, attack, log=LOG)


def segment(number: int, size: int, flags: int = 0x10, offset: int = 5) -> bytes:
    """A TCP segment of one flow whose checksums are right."""
    head = struct.pack(">HHIIBBHHH", 1, 9, 1000 + number * size, 7, offset << 4, flags, 500, 0, 0) + bytes(size)
    pseudo = socket.inet_aton(ITS_HOST) + socket.inet_aton(HOST) + struct.pack(">BBH", 0, TCP, len(head))
    return ipv4(TCP, ITS_HOST, HOST, head[:16] + checksum(pseudo + head).to_bytes(2) + head[18:])


def test_streams_that_are_made_to_be_joined_wrongly(world: World, gateway: Ours, hostile: Hostile) -> None:
    def attack() -> None:
        for size in (0, 1, 1000, 1400):
            for offset in (0, 4, 5, 6, 15):
                for flags in (0, 0x02, 0x10, 0x18, 0x11, 0xFF):
                    for number in range(4):
                        hostile.send(segment(number, size, flags, offset))
        for number in range(100):
            hostile.send(segment(0 if number % 3 else number, 900))

    survives(world, gateway, attack, log=LOG)


def test_it_begins_anew_and_anew_and_deletes_nothing(world: World, gateway: Ours, hostile: Hostile) -> None:
    def attack() -> None:
        for _ in range(40):
            hostile.again()

    vitals = Vitals(gateway)
    before = vitals.memory
    survives(world, gateway, attack, log=1_500_000)
    assert vitals.memory - before < 8 << 20


def test_it_renews_and_renews_one_tunnel(world: World, gateway: Ours, hostile: Hostile) -> None:
    hostile.again()

    def attack() -> None:
        for _ in range(25):
            hostile.ask()

    survives(world, gateway, attack, log=1_000_000)


def test_authentic_notifications_of_all_kinds(world: World, gateway: Ours, hostile: Hostile) -> None:
    hostile.again()
    box = hostile.gateway._box
    (sa,) = hostile.gateway.ike_sas
    cookies = sa.initiator_cookie + sa.responder_cookie

    def attack() -> None:
        out: Transcript[Action] = Transcript(time.monotonic())
        for protocol in (0, 1, 2, 3, 255):
            for spi in (b"", b"\0" * 4, b"\xff" * 4, cookies, bytes(200)):
                for kind in (0, 1, 11, 14, 18, 31, 8192, 16384, 24576, 36136, 36137, 40501, 65535):
                    for data in (b"", b"\0\0\0\1", bytes(500)):
                        notify = Notify(protocol, spi, kind, data)
                        box.informational.send_notify(sa, notify, 0, out)
        hostile.carry_out(out.items)

    heard = gateway.said().count("Received non-routine Notify message")
    survives(world, gateway, attack, log=2_000_000)
    assert gateway.said().count("Received non-routine Notify message") - heard > 200  # they were authentic
