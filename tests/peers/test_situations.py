"""What a peer may do besides the usual: begin at our moment, ask for much at once, come back anew, want more or less.

Each as both releases of strongSwan do it; traffic both ways is the proof.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from ipaddress import IPv4Network

import pytest

from tests.peers.charon import RELEASES, Charon, Wishes, peer
from tests.peers.ours import Ours, configuration
from tests.peers.page import Ran
from tests.peers.world import BACK, SOON, World, answers, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

TABLE = "Situations"
HERE, THERE = "192.168.1.2", "192.168.2.1"

both_releases = pytest.mark.parametrize("release", RELEASES)
both_roles = pytest.mark.parametrize("role", ["initiator", "responder"])


@pytest.fixture(autouse=True)
def clean(world: World) -> Iterator[None]:
    yield
    world.stop_all()
    for space in ("ga", "gb"):
        world.lose(space, 0)


def up(world: World, charon: Charon, role: str) -> None:
    """The tunnel comes up at the wish of one side, and carries pings both ways."""
    if role == "responder":
        assert charon.initiate(), charon.said()[-3000:]
    assert world.ping("ha", THERE) == 1, charon.said()[-3000:]
    assert world.ping("hb", HERE, 2) == 2


def started(world: World) -> None:
    """Pings in both directions come back, within what a negotiation takes."""
    until(lambda: world.ping("ha", THERE, 2, wait=0.5) == 2, BACK, "traffic")
    until(lambda: world.ping("hb", HERE, 2, wait=0.5) == 2, BACK, "traffic from the other side")


@both_releases
def test_four_crypto_acl_lines_are_four_pairs_of_sas_and_each_is_renewed(world: World, ran: Ran, release: str) -> None:
    lines = (
        "icmp 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0",
        "tcp 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0",
        "ip 192.168.1.0 255.255.255.0 192.168.21.0 255.255.255.0",
        "ip host 192.168.1.2 192.168.22.0 255.255.255.0",
    )
    gateway = Ours(world, configuration(access_list=lines))
    charon = peer(world, release)
    net = "192.168.1.0/24"
    more = (
        ("tcp", "192.168.2.0/24[tcp]", f"{net}[tcp]"),
        ("other", "192.168.21.0/24", net),
        ("host", "192.168.22.0/24", f"{HERE}/32"),
    )
    charon.load(Wishes(local_ts="192.168.2.0/24[icmp]", remote_ts=f"{net}[icmp]", more=more, esp_rekey=4, esp_life=20))
    # Two at the wish of the peer, two at ours.
    assert charon.initiate("net")
    assert charon.initiate("other")
    targets = (THERE, "192.168.21.1", "192.168.22.1")
    assert [world.ping("ha", target) for target in targets] == [1, 1, 1]
    world.transfer("ha", "hb", THERE, 100_000)
    # However long that took: on a slow machine the first ones are renewed by now.
    pairs = set(re.findall(r"^ +(\w+): #\d+, reqid \d+, (?:INSTALLED|REKEY)", charon.sas(), re.MULTILINE))
    assert pairs == {"net", "tcp", "other", "host"}
    pinging = [world.ping_on("ha", target, 6) for target in targets]
    for asked, answered in map(answers, pinging):
        assert asked == answered
    world.transfer("hb", "ha", HERE, 100_000)
    said = gateway.said()
    assert said.count("PHASE 2 COMPLETED") >= 8
    assert said.count("PHASE 1 COMPLETED") == 1
    ran(TABLE, charon.column(), "four lines of the crypto ACL are four pairs of SAs and each is renewed")


@both_releases
def test_both_ends_begin_at_the_same_moment(world: World, ran: Ran, release: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(Wishes())
    for space in ("ga", "gb"):
        world.lose(space, 1000)  # what either sends first is lost, so that neither knows of the other
    asking = threading.Thread(target=charon.initiate)
    asking.start()
    with world.traffic("ha", THERE):
        until(lambda: "IKE Initiator: New Phase 1" in gateway.said(), SOON, "our MM1")
        until(lambda: "initiating Main Mode" in charon.said(), SOON, "their MM1")
        for space in ("ga", "gb"):
            world.lose(space, 0)
        started(world)
    asking.join()
    assert gateway.said().count("IKE Initiator: New Phase 1") == 1
    until(lambda: charon.sas().count("INSTALLED") == 1, 20, "one pair of SAs")
    ran(TABLE, charon.column())


@both_releases
def test_we_are_stopped_and_started_again_and_the_delete_is_lost(world: World, ran: Ran, release: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(Wishes())
    assert world.ping("ha", THERE) == 1
    with world.traffic("ha", THERE), world.traffic("hb", HERE):
        world.lose("gb", 1000)
        gateway.stop(signal.SIGTERM)
        world.lose("gb", 0)
        assert "INSTALLED" in charon.sas()
        Ours(world, configuration())
        started(world)
    ran(TABLE, charon.column())


@pytest.mark.parametrize("release", ["6.0"])  # what 5.9 has for its own packets cannot tell it that one waits
def test_a_packet_at_the_peer_brings_up_the_tunnel_and_again_after_it_was_killed(
    world: World, ran: Ran, release: str
) -> None:
    wishes = Wishes(start_action="trap", dpd=2, dpd_action="start")
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(wishes)
    assert world.ping("hb", HERE, 3) >= 2  # what was first may be lost
    assert "IKE Initiator" not in gateway.said()
    with world.traffic("hb", HERE):
        world.stop(charon.process, signal.SIGKILL)
        charon = peer(world, release)
        charon.load(wishes)
        started(world)
    assert gateway.said().count("PHASE 1 COMPLETED") == 2
    assert "IKE lost contact" not in gateway.said()
    ran(TABLE, charon.column())


@both_roles
@both_releases
def test_long_messages_go_in_pieces_both_ways(world: World, ran: Ran, release: str, role: str) -> None:
    sets = [(cipher, digest) for cipher in ("esp-aes-256", "esp-aes-192", "esp-3des", "esp-des") for digest in DIGESTS]
    gateway = Ours(
        world,
        configuration(
            policies=(("aes-256", "sha", 14),),
            transform_sets=(*sets, ("esp-aes", "esp-sha-hmac")),
            entry=("set pfs group14",),
        ),
    )
    charon = peer(world, release, settings="fragment_size = 300")
    strong = ",".join(f"aes{bits}-sha{size}-modp2048" for bits in (256, 192, 128) for size in (512, 384, 256))
    charon.load(Wishes(ike="aes256-sha1-modp2048", esp=f"{strong},aes128-sha1-modp2048"))
    up(world, charon, role)
    assert "fragments" in charon.said()
    assert "Successfully assembled an encrypted pkt from rcv'd fragments!" in gateway.said()
    if role == "initiator":
        assert "reassembled fragmented IKE message" in charon.said()
    ran(TABLE, charon.column())


DIGESTS = ("esp-sha-hmac", "esp-md5-hmac")


@both_roles
@both_releases
def test_the_peer_is_known_by_a_name(world: World, ran: Ran, release: str, role: str) -> None:
    gateway = Ours(world, configuration() + " peer-id-validate nocheck\n")
    charon = peer(world, release)
    kinds = {"ID_FQDN": "@peer.example.org", "ID_USER_FQDN": "peer@example.org", "ID_KEY_ID": '"@#6b6579206964"'}
    for kind, name in kinds.items():
        charon.load(Wishes(local_id=name))
        up(world, charon, role)
        assert f"{kind} ID received, len " in gateway.said()
        charon.terminate()
        until(lambda: not charon.sas().strip(), SOON, "the end of it")
    ran(TABLE, charon.column(), "the peer is known by an FQDN; a user FQDN; a key id")


@both_roles
@both_releases
def test_of_many_proposals_one_is_common(world: World, ran: Ran, release: str, role: str) -> None:
    gateway = Ours(
        world,
        configuration(
            policies=(("aes", "md5", 5), ("3des", "sha", 2), ("aes-192", "sha", 5)),
            transform_sets=(("esp-3des", "esp-md5-hmac"), ("esp-aes-192", "esp-sha-hmac"), ("esp-des", "esp-sha-hmac")),
        ),
    )
    charon = peer(world, release)
    ike = (
        "aes256-sha512-modp2048,aes192-sha384-modp2048,aes256-sha256-modp1536,aes128-sha256-modp2048,"
        "3des-sha1-modp1024,aes256-sha1-modp2048,3des-md5-modp1024,aes128-sha1-modp1024,aes128-md5-modp1024"
    )
    esp = "aes256-sha256,aes192-sha384,aes128-sha256,aes128-sha1,aes192-sha1,aes256-sha1,aes128-md5"
    charon.load(Wishes(ike=ike, esp=esp))
    up(world, charon, role)
    sas = charon.sas()
    assert "3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024" in sas
    assert "ESP:AES_CBC-192/HMAC_SHA1_96" in sas
    assert gateway.said().count("PHASE 1 COMPLETED") == 1
    ran(TABLE, charon.column(), "of nine proposals for phase 1 and seven for phase 2 one is common")


@both_roles
@both_releases
def test_kilobytes_for_a_tenth_of_a_second_are_renewed_in_the_midst_of_a_transfer(
    world: World, ran: Ran, release: str, role: str
) -> None:
    gateway = Ours(world, configuration(entry=("set security-association lifetime kilobytes 10000",)))
    charon = peer(world, release)
    charon.load(Wishes())
    up(world, charon, role)
    world.transfer("ha", "hb", THERE, 25_000_000)
    assert "data lifetime exceeded" not in gateway.said()
    # The other way it is strongSwan that sends. It goes by no kilobytes, so how many packets of the old SA come after
    # the last one is a matter of how busy it is; TCP sends them again.
    world.transfer("hb", "ha", HERE, 25_000_000)
    assert gateway.said().count("PHASE 2 COMPLETED") >= 4
    assert gateway.said().count("PHASE 1 COMPLETED") == 1
    ran(TABLE, charon.column())


@both_roles
@both_releases
def test_a_port_of_a_host(world: World, ran: Ran, release: str, role: str) -> None:
    gateway = Ours(world, configuration(access_list=(f"tcp host {HERE} host {THERE} eq 7000",)))
    charon = peer(world, release)
    # Its own route for a /32 needs an address of its own in it, and 5.9 does not do without.
    world.must("gb", "ip", "address", "add", f"{THERE}/32", "dev", "lo")
    try:
        charon.load(Wishes(local_ts=f"{THERE}/32[tcp/7000]", remote_ts=f"{HERE}/32[tcp]"))
        if role == "responder":
            assert charon.initiate()
        world.transfer("ha", "gb", THERE, 1_000_000)
        assert world.ping("ha", THERE, wait=0.5) == 0
    finally:
        world.must("gb", "ip", "address", "del", f"{THERE}/32", "dev", "lo")
    assert gateway.said().count("PHASE 2 COMPLETED") == 1
    ran(TABLE, charon.column(), "a port of one host for another: 1 MB of TCP passes and a ping does not")


@both_releases
@pytest.mark.parametrize("wide", ["192.168.0.0/16", "0.0.0.0/0"])
def test_a_peer_with_a_wider_selector(world: World, ran: Ran, release: str, wide: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(Wishes(local_ts=wide))
    # As an ASA we agree to what the access list has, and to nothing else; strongSwan agrees to a part.
    assert not charon.initiate(timeout=5)
    assert "received INVALID_ID_INFORMATION error notify" in charon.said()
    up(world, charon, "initiator")
    assert f"local  {IPv4Network('192.168.2.0/24')}\n" in charon.sas()
    assert gateway.said().count("PHASE 2 COMPLETED") == 1
    ran(TABLE, charon.column(), "a wider selector of the peer is refused and ours is agreed to", wide)


@both_releases
def test_the_peer_asks_for_a_longer_life_and_is_told_ours(world: World, ran: Ran, release: str) -> None:
    entry = ("set security-association lifetime seconds 120", "set security-association lifetime kilobytes 10000")
    gateway = Ours(world, configuration(entry=entry))
    charon = peer(world, release)
    charon.load(Wishes())
    up(world, charon, "responder")
    assert "Overriding Initiator's IPsec rekeying duration from 28800 to 120 seconds" in gateway.said()
    assert "Starting P2 rekey timer: 102 seconds." in gateway.said()
    ran(TABLE, charon.column())
