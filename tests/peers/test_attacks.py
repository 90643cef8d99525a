"""A gateway that runs, attacked over its sockets by whoever can send to it. The tunnel with its peer carries traffic
all the while, and afterwards everything is as it was: memory, descriptors, the CPU, and a log that grew little.

`docs/decisions/0003` has what a message that proves nothing may do; `tests/fuzz` asks the core the same, alone.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address
from random import Random

import pytest

from mainmode.config.reader import read
from mainmode.gateway import Gateway, Send
from mainmode.lab.dice import Dice
from mainmode.lab.ip import question
from tests.peers.attacker import (
    ESP,
    FAR_HOST,
    GATEWAY,
    HOST,
    IKE,
    NAT_T,
    PEER,
    STRANGER,
    Attacker,
    ipv4,
    meanwhile,
    survives,
    udp,
)
from tests.peers.ours import Ours, configuration
from tests.peers.world import World, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

LOG = 60_000
"""Octets of debug that a round of an attack may bring: ten lines a second for as long as it takes, each a few hundred
octets, and what the honest tunnel says at level 127."""


@pytest.fixture(scope="module")
def attacker(world: World) -> Iterator[Attacker]:
    made = Attacker(world)
    yield made
    made.close()


@pytest.fixture(scope="module")
def peer(world: World, attacker: Attacker) -> Ours:
    return Ours(world, configuration("b"), "gb")


@pytest.fixture(scope="module")
def gateway(world: World, peer: Ours) -> Ours:
    """The one that is attacked, its tunnel with the peer up."""
    made = Ours(world, configuration("a"), "ga")
    assert world.ping("ha", FAR_HOST)
    return made


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


def live(attacker: Attacker, world: World) -> tuple[int, bytes]:
    """SPI and ESP of a packet of the honest tunnel, as it passed the wire towards the gateway."""
    attacker.heard()
    assert world.ping("ha", FAR_HOST) == 1
    esp = next(p for p in attacker.heard() if p[9] == ESP and p[16:20] == socket.inet_aton(GATEWAY))
    return int.from_bytes(esp[20:24]), esp[20:]


# --- garbage ------------------------------------------------------------------------------------------------------


def test_datagrams_of_all_sizes_on_both_ports_and_esp_of_all_sizes(
    world: World, attacker: Attacker, gateway: Ours
) -> None:
    dice = Random(1)
    sizes = [*range(80), *range(80, 1473, 97), 1472, 1473, 2000, 9000, 65507]
    plain = attacker.own_socket()
    raw = attacker.raw(ESP)

    def attack() -> None:
        for size in sizes:
            for filling in (bytes(size), b"\xff" * size, dice.randbytes(size)):
                for port in (IKE, NAT_T):
                    plain.sendto(filling, (GATEWAY, port))
                raw.sendto(filling, (GATEWAY, 0))

    attacker.heard()
    survives(world, gateway, attack, log=LOG)
    # RFC 2408 lets a notification answer such a thing; nothing at all is better.
    assert attacker.answers(STRANGER) == []
    plain.close()
    raw.close()


def test_a_flood_of_garbage_on_both_ports_and_of_esp_for_no_sa(world: World, attacker: Attacker, gateway: Ours) -> None:
    dice = Random(2)

    def packets() -> Iterator[bytes]:
        for number in range(4000):
            source = f"198.51.100.{number % 200 + 1}"
            garbage = dice.randbytes(60)
            yield udp((source, IKE), (GATEWAY, IKE), garbage)
            yield udp((source, NAT_T), (GATEWAY, NAT_T), garbage)
            yield udp((PEER, NAT_T), (GATEWAY, NAT_T), b"\xff")  # keepalives of a NAT
            yield ipv4(ESP, PEER if number % 2 else source, GATEWAY, garbage)

    attacker.heard()
    survives(world, gateway, lambda: attacker.send(packets()), log=LOG, lost=0.1)
    assert len([one for one in attacker.answers() if one[16:20] != socket.inet_aton(PEER)]) == 0


def test_esp_that_is_short_or_reserved_or_replayed_or_forged(world: World, attacker: Attacker, gateway: Ours) -> None:
    spi, genuine = live(attacker, world)

    def packets() -> Iterator[bytes]:
        for end in range(len(genuine) + 1):
            yield ipv4(ESP, PEER, GATEWAY, genuine[:end])
        for reserved in range(256):
            yield ipv4(ESP, PEER, GATEWAY, struct.pack(">II", reserved, 1) + genuine[8:])
        for _ in range(500):
            yield ipv4(ESP, PEER, GATEWAY, genuine)
            yield udp((PEER, NAT_T), (GATEWAY, NAT_T), genuine)
        for number in range(500):
            later = struct.pack(">II", spi, 0xFFFFFFFF - number)
            yield ipv4(ESP, PEER, GATEWAY, later + genuine[8:])
            yield ipv4(ESP, STRANGER, GATEWAY, later + genuine[8:-1] + bytes((genuine[-1] ^ 1,)))

    survives(world, gateway, lambda: attacker.send(packets()), log=LOG)
    assert live(attacker, world)[0] == spi  # the same SA has it all still


# --- half-open negotiations --------------------------------------------------------------------------------------


def test_a_flood_of_mm1_from_everywhere_is_answered_once_and_shorter(
    world: World, attacker: Attacker, gateway: Ours
) -> None:
    rounds = iter(range(100))
    sent = [0]

    def attack() -> None:
        base = next(rounds) << 20
        sent[0] += attacker.send(
            udp((f"198.51.{number >> 8}.{number & 0xFF}", IKE), (GATEWAY, IKE), fresh_mm1(base + number))
            for number in range(1, 3000)
        )

    attacker.heard()
    survives(world, gateway, attack, log=LOG, lost=0.1)
    answers = [one for one in attacker.answers() if one[16:18] == bytes((198, 51))]
    assert len(answers) > 1000
    assert sum(len(one) for one in answers) <= sent[0]
    assert len({one[16:20] for one in answers}) >= len(answers) // 2  # one answer to each address in each round


def test_a_flood_of_mm1_under_the_peers_name_is_not_a_flood_of_repetitions(
    world: World, attacker: Attacker, gateway: Ours
) -> None:
    rounds = iter(range(100, 200))
    sent = [0]

    def attack() -> None:
        base = next(rounds) << 20
        sent[0] += attacker.send(udp((PEER, IKE), (GATEWAY, IKE), fresh_mm1(base + number)) for number in range(1500))

    attacker.heard()
    survives(world, gateway, attack, log=LOG, lost=0.1, patience=60)
    answers = attacker.answers(PEER)
    assert sum(len(one) for one in answers) <= sent[0] * 1.2


def test_the_peer_negotiates_anew_while_mm1_comes_from_everywhere_and_under_its_name(
    world: World, attacker: Attacker, gateway: Ours, peer: Ours
) -> None:
    numbers = iter(range(200 << 20, 300 << 20))

    def flood() -> None:
        attacker.send(
            (
                udp((PEER if number % 2 else f"198.51.100.{number % 250}", IKE), (GATEWAY, IKE), fresh_mm1(number))
                for number in (next(numbers) for _ in range(100))
            ),
            at_once=10,
        )

    peer.stop()
    again = Ours(world, configuration("b"), "gb")
    try:
        with meanwhile(flood):
            assert world.ping("hb", HOST, 5, wait=20) >= 1
        until(lambda: again.said().count("PHASE 2 COMPLETED") >= 1, 5, "the tunnel")
    finally:
        again.stop()
