"""strongSwan 5.9.8 at the other site: every algorithm, both roles, traffic through the tunnel.

Its kernel-libipsec plugin always asks for ESP in UDP, so all of this runs over port 4500; real ESP is in
`test_real_esp.py`. Ours offers everything at once and strongSwan picks, or the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.charon import Charon, Wishes
from tests.peers.ours import Ours, configuration
from tests.peers.world import OTHER_NETWORKS, World

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

CIPHERS = {"des": "des", "3des": "3des", "aes": "aes128", "aes-256": "aes256"}
HASHES = {"md5": "md5", "sha": "sha1"}
GROUPS = {1: "modp768", 2: "modp1024", 5: "modp1536", 14: "modp2048"}
ESP_CIPHERS = {"esp-des": "des", "esp-3des": "3des", "esp-aes": "aes128", "esp-aes-256": "aes256"}
ESP_HASHES = {"esp-md5-hmac": "md5", "esp-sha-hmac": "sha1"}

POLICIES = tuple((cipher, digest, group) for cipher in CIPHERS for digest in HASHES for group in GROUPS)
SETS = tuple((cipher, digest) for cipher in ESP_CIPHERS for digest in ESP_HASHES)

NETWORK_OF = {None: "192.168.2.0/24", **dict(zip(GROUPS, OTHER_NETWORKS, strict=False))}
"""One crypto map entry for each PFS group, and for none: told apart by the network behind the peer."""

CHECKS = {"esp-md5-hmac": "HMAC_MD5_96", "esp-sha-hmac": "HMAC_SHA1_96"}
NAMES = {"des": "DES_CBC", "3des": "3DES_CBC", "aes128": "AES_CBC-128", "aes256": "AES_CBC-256"}


def everything() -> str:
    """A configuration that can all of it."""
    more = []
    names = " ".join(f"SET{number}" for number, _ in enumerate(SETS))
    for sequence, group in enumerate(GROUPS, 20):
        network = NETWORK_OF[group].removesuffix("/24")
        more += [
            f"access-list PFS{group} extended permit ip 192.168.1.0 255.255.255.0 {network} 255.255.255.0",
            f"crypto map MAP {sequence} match address PFS{group}",
            f"crypto map MAP {sequence} set peer 10.0.0.2",
            f"crypto map MAP {sequence} set ikev1 transform-set {names}",
            f"crypto map MAP {sequence} set pfs group{group}",
        ]
    return configuration(policies=POLICIES, transform_sets=SETS, more=tuple(more))


@pytest.fixture(scope="module")
def ours(world: World) -> Iterator[Ours]:
    gateway = Ours(world, everything())
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def charon(world: World) -> Iterator[Charon]:
    peer = Charon(world)
    yield peer
    peer.stop()


def up(world: World, charon: Charon, wishes: Wishes, role: str) -> str:
    """Bring the tunnel up from our side or from theirs, and ping through it; what charon says of its SAs.

    The first ping is the one that starts the negotiation, and it must come back: no packet is lost on the way up.
    """
    charon.load(wishes)
    target = wishes.local_ts.split("/")[0].removesuffix("0") + "1"
    if role == "initiator":
        assert world.ping("ha", target, 2, wait=10) == 2, charon.said()[-3000:]
    else:
        assert charon.initiate(), charon.said()[-3000:]
        assert world.ping("hb", "192.168.1.2", 2, source=target) == 2
    sas = charon.sas()
    charon.terminate()
    return sas


@pytest.mark.parametrize("role", ["initiator", "responder"])
@pytest.mark.parametrize(("cipher", "digest", "group"), POLICIES)
def test_main_mode_with_every_algorithm(
    world: World, ours: Ours, charon: Charon, cipher: str, digest: str, group: int, role: str
) -> None:
    ike = f"{CIPHERS[cipher]}-{HASHES[digest]}-{GROUPS[group]}"
    sas = up(world, charon, Wishes(ike=ike), role)
    hash_name = f"HMAC_{HASHES[digest].upper()}_96"
    assert f"{NAMES[CIPHERS[cipher]]}/{hash_name}/" in sas
    assert f"MODP_{GROUPS[group].removeprefix('modp')}" in sas


@pytest.mark.parametrize("role", ["initiator", "responder"])
@pytest.mark.parametrize(("cipher", "digest"), SETS)
def test_esp_with_every_algorithm(
    world: World, ours: Ours, charon: Charon, cipher: str, digest: str, role: str
) -> None:
    sas = up(world, charon, Wishes(ike="aes128-sha1-modp1024", esp=f"{ESP_CIPHERS[cipher]}-{ESP_HASHES[digest]}"), role)
    assert f"ESP:{NAMES[ESP_CIPHERS[cipher]]}/{CHECKS[digest]}" in sas


@pytest.mark.parametrize("role", ["initiator", "responder"])
@pytest.mark.parametrize("group", GROUPS)
def test_perfect_forward_secrecy_in_every_group(
    world: World, ours: Ours, charon: Charon, group: int, role: str
) -> None:
    wishes = Wishes(ike="aes128-sha1-modp1024", esp=f"aes128-sha1-{GROUPS[group]}", local_ts=NETWORK_OF[group])
    sas = up(world, charon, wishes, role)
    assert f"ESP:AES_CBC-128/HMAC_SHA1_96/MODP_{GROUPS[group].removeprefix('modp')}" in sas


@pytest.mark.parametrize("role", ["initiator", "responder"])
@pytest.mark.parametrize("cipher", ["aes128", "3des"])
def test_ten_megabytes_of_tcp_arrive_as_they_were_sent_both_ways(
    world: World, ours: Ours, charon: Charon, cipher: str, role: str
) -> None:
    charon.load(Wishes(esp=f"{cipher}-sha1"))
    if role == "responder":
        assert charon.initiate()
    world.transfer("ha", "hb", "192.168.2.1", 10_000_000)
    world.transfer("hb", "ha", "192.168.1.2", 10_000_000)
    charon.terminate()


def test_packets_of_all_lengths_pass(world: World, ours: Ours, charon: Charon) -> None:
    charon.load(Wishes())
    for size in (0, 1, 2, 15, 16, 1372, 1373, 1400, 1472, 4000, 20000):
        assert world.ping("ha", "192.168.2.1", size=size) == 1, size
        assert world.ping("hb", "192.168.1.2", size=size) == 1, size
    charon.terminate()


def test_who_forbids_fragments_is_told_what_fits(world: World, ours: Ours, charon: Charon) -> None:
    charon.load(Wishes())
    assert world.ping("ha", "192.168.2.1") == 1
    long = world.run("ha", "ping", "-c1", "-W1", "-Mdo", "-s1400", "192.168.2.1").stdout
    # 1500 - IP 20 - UDP 8 - ESP 8 - IV 16 - ICV 12 leaves 89 blocks of 16, of which the trailer takes 2 octets.
    assert "From 192.168.1.1 " in long and "(mtu = 1422)" in long
    assert " 1 received" in world.run("ha", "ping", "-c1", "-W1", "-Mdo", "-s1394", "192.168.2.1").stdout
    charon.terminate()
