"""A tunnel in UDP, whose peer may move behind its NAT: only what proves itself, and is new, moves it.

To another port, and if the configuration does not name its address, to another address. The peer is strongSwan, which
always finds a NAT.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from random import Random

import pytest

from tests.peers.attacker import FAR_HOST, GATEWAY, IKE, NAT_T, PEER, STRANGER, UDP, Attacker, survives, udp
from tests.peers.charon import Charon, Wishes
from tests.peers.ours import Ours, configuration, of_any_peer
from tests.peers.world import World

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

LOG = 60_000


def from_peer(packet: bytes) -> bool:
    return packet[9] == UDP and packet[12:16] == socket.inet_aton(PEER) and packet[20:22] == NAT_T.to_bytes(2)


@pytest.mark.parametrize("replay", ["window-size 64", "disable"])
@pytest.mark.parametrize("site", [configuration, of_any_peer])
def test_copies_and_forgeries_from_other_ports_and_addresses_do_not_move_the_tunnel(
    fresh: World, attacker: Attacker, site: Callable[..., str], replay: str
) -> None:
    world = fresh
    gateway = Ours(world, site("a", more=(f"crypto ipsec security-association replay {replay}",)))
    charon = Charon(world)
    charon.load(Wishes())
    assert charon.initiate()
    assert world.ping("ha", FAR_HOST, 2) == 2
    recorded = [packet[28:] for packet in attacker.heard() if from_peer(packet)]
    messages = [one for one in recorded if one[:4] == bytes(4)]
    esps = [one for one in recorded if one[:4] != bytes(4) and len(one) > 60]
    assert messages and esps
    dice = Random(5)

    def packets() -> Iterator[bytes]:
        for source in ((PEER, NAT_T + 1), (PEER, IKE), (PEER, 1), (STRANGER, NAT_T)):
            for esp in esps:
                yield udp(source, (GATEWAY, NAT_T), esp)
                for at in (0, 4, 7, 8, 30, len(esp) - 1):
                    yield udp(source, (GATEWAY, NAT_T), esp[:at] + bytes((esp[at] ^ 1,)) + esp[at + 1 :])
            for message in messages:
                yield udp(source, (GATEWAY, NAT_T), message)
                yield udp(source, (GATEWAY, NAT_T), message[:-8] + dice.randbytes(8))
                # A number that nobody has used, and what cannot be decrypted.
                yield udp(source, (GATEWAY, NAT_T), message[:24] + dice.randbytes(4) + message[28:])
            for _ in range(500):
                yield udp(source, (GATEWAY, NAT_T), b"\xff")

    attacker.heard()
    survives(world, gateway, lambda: attacker.send(packets()), log=LOG)
    sent = attacker.answers()
    assert len(sent) > 10
    assert {(one[16:20], one[22:24]) for one in sent} == {(socket.inet_aton(PEER), NAT_T.to_bytes(2))}
    assert gateway.said().count("PHASE 2 COMPLETED") == 1
