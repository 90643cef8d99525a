"""A gateway that runs, attacked over its sockets by whoever can send to it. The tunnel with its peer carries traffic
all the while, and afterwards everything is as it was: memory, descriptors, the CPU, and a log that grew little.

`docs/decisions/0003` has what a message that proves nothing may do; `tests/fuzz` asks the core the same, alone.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from random import Random

import pytest

from tests.peers.attacker import (
    ESP,
    FAR_HOST,
    GATEWAY,
    HOST,
    IKE,
    MM1,
    NAT_T,
    PEER,
    STRANGER,
    UDP,
    Attacker,
    Vitals,
    fresh_mm1,
    icmp_error,
    ipv4,
    meanwhile,
    survives,
    udp,
)
from tests.peers.ours import Ours, configuration
from tests.peers.world import SOON, World, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

LOG = 60_000
"""Octets of debug that a round of an attack may bring: ten lines a second for as long as it takes, each a few hundred
octets, and what the honest tunnel says at level 127."""


@pytest.fixture(scope="module")
def peer(world: World, attacker: Attacker) -> Ours:
    return Ours(world, configuration("b"), "gb")


@pytest.fixture(scope="module")
def gateway(world: World, peer: Ours, attacker: Attacker) -> Ours:
    """The one that is attacked, its tunnel with the peer up."""
    made = Ours(world, configuration("a"), "ga")
    attacker.heard()
    assert world.ping("hb", HOST)
    heard = [packet[28:] for packet in attacker.heard() if packet[9] == UDP]
    assert [message[18] for message in heard] == [2] * 6 + [32] * 3
    HANDSHAKE[:] = heard
    return made


HANDSHAKE: list[bytes] = []
"""The ISAKMP messages by which the tunnel came up, in order, as the attacker heard them. The peer began."""


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

        for options in range(1, 11):  # in the outer header, which a raw socket delivers as well
            padded = bytes((1,)) * (4 * options)
            yield ipv4(ESP, PEER, GATEWAY, padded + genuine, version_ihl=0x45 + options)
            yield ipv4(ESP, PEER, GATEWAY, padded, version_ihl=0x45 + options)

    survives(world, gateway, lambda: attacker.send(packets()), log=LOG)
    assert live(attacker, world)[0] == spi  # the same SA has it all still


# --- a session that lives ---------------------------------------------------------------------------------------


def message(cookies: bytes, exchange: int, first: int, body: bytes, *, flags: int = 0, id: int = 0) -> bytes:
    """An ISAKMP message with a header that is right."""
    return cookies + bytes((first, 0x10, exchange, flags)) + struct.pack(">II", id, 28 + len(body)) + body


def payload(body: bytes, following: int = 0) -> bytes:
    return struct.pack(">BBH", following, 0, 4 + len(body)) + body


def test_what_a_stranger_says_under_the_cookies_of_a_live_session_changes_nothing(
    world: World, attacker: Attacker, gateway: Ours, peer: Ours
) -> None:
    dice = Random(3)
    cookies = HANDSHAKE[-1][:16]
    delete_ike = payload(struct.pack(">IBBH", 1, 1, 16, 1) + cookies)
    delete_esp = payload(struct.pack(">IBBH", 1, 3, 4, 1) + struct.pack(">I", live(attacker, world)[0]))
    notifies = [payload(struct.pack(">IBBH", 1, 1, 16, kind) + cookies) for kind in (11, 14, 18, 24578, 36136, 36137)]
    before = live(attacker, world)[0]

    def said() -> Iterator[bytes]:
        for flags in (0, 1, 4, 5):
            for exchange in (2, 4, 5, 32, 33):
                for id in (0, 7, int.from_bytes(HANDSHAKE[-1][20:24])):
                    yield message(cookies, exchange, 12, delete_ike, flags=flags, id=id)
                    yield message(cookies, exchange, 12, delete_esp, flags=flags, id=id)
                    for notify in notifies:
                        yield message(cookies, exchange, 11, notify, flags=flags, id=id)
        for length in range(0, 129, 8):
            for _ in range(10):
                for exchange in (2, 5, 32):
                    yield message(cookies, exchange, 8, dice.randbytes(length), flags=1, id=dice.getrandbits(32))
        for whole in HANDSHAKE:  # the recorded ones, whole, cut, and with a number changed
            for copy in (whole, whole[:-8], whole[:20] + b"\1\2\3\4" + whole[24:]):
                yield from [copy] * 20

    def packets() -> Iterator[bytes]:
        for one in said():
            yield udp((PEER, IKE), (GATEWAY, IKE), one)
            yield udp((PEER, NAT_T), (GATEWAY, NAT_T), bytes(4) + one)
            yield udp((STRANGER, IKE), (GATEWAY, IKE), one)

    completed = gateway.said().count("PHASE 1 COMPLETED"), peer.said().count("PHASE 1 COMPLETED")
    attacker.heard()
    sent = [0]

    def attack() -> None:
        sent[0] += attacker.send(packets())

    survives(world, gateway, attack, log=LOG)
    answers = attacker.answers()
    # The recorded MM1 is new from another address: it is answered, and what follows it there is not.
    assert {one[28 + 18] for one in answers if one[16:20] == socket.inet_aton(STRANGER)} <= {2}
    assert sum(one[16:20] == socket.inet_aton(STRANGER) for one in answers) <= 2
    assert sum(len(one) for one in answers) <= sent[0] // 10
    assert live(attacker, world)[0] == before
    assert completed == (gateway.said().count("PHASE 1 COMPLETED"), peer.said().count("PHASE 1 COMPLETED"))


def test_forged_icmp_about_our_datagrams_ends_nothing(world: World, attacker: Attacker, gateway: Ours) -> None:
    before, _ = live(attacker, world)
    attacker.heard()
    assert world.ping("ha", FAR_HOST) == 1
    ours = next(p for p in attacker.heard() if p[9] == ESP and p[12:16] == socket.inet_aton(GATEWAY))
    abouts = [
        ours,
        udp((GATEWAY, IKE), (PEER, IKE), bytes(28)),
        udp((GATEWAY, NAT_T), (PEER, NAT_T), bytes(28)),
        ipv4(ESP, GATEWAY, PEER, ours[20:24] + b"\xff" * 24),
        ours[:24],
    ]

    def packets() -> Iterator[bytes]:
        for about in abouts:
            for source in (PEER, STRANGER, "203.0.113.7"):
                for kind, codes in ((3, range(16)), (4, range(1)), (5, range(2)), (11, range(2)), (12, range(3))):
                    for code in codes:
                        for mtu in (0, 1, 68, 576, 600, 65535) if (kind, code) == (3, 4) else (0,):
                            yield from [icmp_error(kind, code, mtu, about, source, GATEWAY)] * 5

    survives(world, gateway, lambda: attacker.send(packets()), log=LOG)
    assert world.ping("ha", FAR_HOST, 3, size=1400) == 3
    assert live(attacker, world)[0] == before


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
    # To a hundred, which have no key here anyway: it would come to nothing.
    assert 1 <= len(answers) <= 200
    assert max(len(one) for one in answers) <= 28 + len(MM1)


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


def opened(attacker: Attacker, count: int, numbers: Iterator[int]) -> list[bytes]:
    """The cookies of so many negotiations, begun in the peer's name and answered on the wire."""
    attacker.heard()
    attacker.send((udp((PEER, IKE), (GATEWAY, IKE), fresh_mm1(next(numbers))) for _ in range(count)), at_once=10)
    cookies: list[bytes] = []

    def all_answered() -> bool:
        cookies.extend(one[28:44] for one in attacker.answers(PEER) if one[28 + 16] == 1 and one[28 + 18] == 2)
        return len(cookies) >= count

    until(all_answered, SOON, "answers to all")
    return cookies


def proposals(transforms: int, attributes: int = 4) -> bytes:
    """An SA payload with so many transforms."""
    one = struct.pack(">BBHBBH", 3, 0, 8 + 4 * attributes, 1, 1, 0) + struct.pack(">HH", 0x8001, 5) * attributes
    body = (one * transforms)[:60000]
    header = struct.pack(">BBHBBBB", 0, 0, 8 + len(body), 1, 1, 0, transforms & 0xFF)
    return payload(struct.pack(">II", 1, 1) + header + body)


def test_bombs_and_pieces_cost_little_and_are_answered_with_less(
    world: World, attacker: Attacker, gateway: Ours
) -> None:
    numbers = iter(range(1 << 30, 2 << 30))
    mine = attacker.own_socket(IKE)

    def bombs() -> Iterator[bytes]:
        for transforms in (0, 1, 255, 256, 1500):
            for attributes in (0, 4, 200):
                yield message(struct.pack(">QQ", next(numbers), 0), 2, 1, proposals(transforms, attributes))
        for count in (100, 16000):  # a message of nothing but payloads
            yield message(struct.pack(">QQ", next(numbers), 0), 2, 13, (payload(b"", 13) * count)[:65000])

    def attack() -> None:
        for bomb in bombs():
            mine.sendto(bomb, (GATEWAY, IKE))
        # Negotiations that begin well; then pieces: gaps, doubles, ends that come first, and what is too short.
        for cookies in opened(attacker, 20, numbers):
            order = [*((n, 0) for n in range(2, 256)), (1, 1), (255, 1), (0, 0), (3, 1), (2, 0)]
            pieces = [payload(struct.pack(">HBB", 1, index, last) + bytes(250)) for index, last in order]
            pieces += [payload(bytes(length)) for length in range(9)]
            attacker.send(udp((PEER, IKE), (GATEWAY, IKE), message(cookies, 2, 132, piece)) for piece in pieces)

    survives(world, gateway, attack, log=LOG, lost=0.1)
    mine.close()


def test_a_third_message_costs_one_exponentiation_and_the_first_one_stands(
    world: World, attacker: Attacker, gateway: Ours
) -> None:
    """Whoever sits on the wire answers in the peer's name, as often as they like."""
    dice = Random(4)
    numbers = iter(range(300 << 20, 400 << 20))

    def third(cookies: bytes, public: bytes) -> bytes:
        return message(cookies, 2, 4, payload(public, 10) + payload(dice.randbytes(20)))

    def attack() -> None:
        cookies = opened(attacker, 200, numbers)
        weak = [bytes(128), bytes(127) + b"\1", b"\xff" * 128, b"\2" * 127, b"\2" * 129, b"\2" * 4000]
        attacker.send(
            (
                udp((source, IKE), (GATEWAY, IKE), third(both, public))
                for both in cookies
                for source, public in (
                    (STRANGER, dice.randbytes(128)),
                    *((PEER, one) for one in weak[:4]),
                    (PEER, b"\2" + dice.randbytes(127)),
                    (PEER, b"\3" + dice.randbytes(127)),
                )
            ),
            at_once=10,
        )

    vitals = Vitals(gateway)
    before = vitals.seconds
    survives(world, gateway, attack, log=LOG, lost=0.1)
    assert vitals.seconds - before < 10
    fourths = [one for one in attacker.answers(PEER) if one[44] == 4]
    assert len({one[28:44] for one in fourths}) == len({one[28:] for one in fourths})  # to each the same, if any


def test_the_peer_negotiates_anew_while_mm1_comes_from_everywhere_and_under_its_name(
    world: World, attacker: Attacker, gateway: Ours, peer: Ours
) -> None:
    numbers = iter(range(200 << 20, 300 << 20))

    def flood() -> None:
        attacker.send(
            (
                udp((PEER if number % 2 else f"198.51.100.{number % 250}", IKE), (GATEWAY, IKE), fresh_mm1(number))
                for number in (next(numbers) for _ in range(20))
            ),
            at_once=10,
        )
        time.sleep(0.005)

    peer.stop()
    again = Ours(world, configuration("b"), "gb")
    try:
        with meanwhile(flood):
            assert world.ping("hb", HOST, 5, wait=20) >= 1
        until(lambda: again.said().count("PHASE 2 COMPLETED") >= 1, SOON, "the tunnel")
    finally:
        again.stop()


def test_answers_that_are_not_the_peers_do_not_keep_us_from_its_own(world: World, attacker: Attacker) -> None:
    """We begin; the peer comes late, and somebody else answers first."""
    world.stop_all()
    gateway = Ours(world, configuration("a"), "ga")
    attacker.heard()
    world.ping("ha", FAR_HOST, wait=0.2)
    heard: list[bytes] = []
    until(lambda: heard.extend(attacker.answers(PEER)) or heard, SOON, "our MM1")
    first = next(one[28:] for one in heard if one[28 + 18] == 2)
    cookies = first[:8] + b"\7" * 8
    chosen = message(cookies, 2, 1, payload(struct.pack(">II", 1, 1) + bytes(40)))
    refusals = [message(cookies, 5, 11, payload(struct.pack(">IBBH", 1, 1, 0, kind))) for kind in (14, 18, 24)]
    attacker.send(
        udp(source, (GATEWAY, IKE), one)
        for source in ((STRANGER, IKE), (PEER, IKE + 1), (PEER, IKE))
        for one in (first, first[:8] + b"\7" * 8 + first[16:], chosen, chosen[:40], *refusals, *HANDSHAKE)
        # What looks like the peer's MM2 and comes from its address and port is that for us: nobody can tell.
        if not (source == (PEER, IKE) and one[:8] == first[:8] and one[8:16] != bytes(8) and one[18] == 2)
    )
    peer = Ours(world, configuration("b"), "gb")
    until(lambda: "PHASE 2 COMPLETED" in gateway.said(), SOON, "the tunnel")  # MM1 is repeated after eight seconds
    assert world.ping("ha", FAR_HOST, 3) == 3
    assert "Traceback" not in gateway.said() + peer.said()
