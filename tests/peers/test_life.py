"""What happens to a tunnel once it is up: renewal from either side, deletes, peers that die, a lossy wire.

Real clocks: what takes long here is mostly waiting.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.paths import require
from tests.peers.charon import NEWER, Charon, Wishes
from tests.peers.ours import Ours, configuration
from tests.peers.world import World, answers, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

TARGET = "192.168.2.1"


@pytest.fixture(autouse=True)
def clean(world: World) -> Iterator[None]:
    yield
    world.stop_all()
    for space in ("ga", "gb"):
        world.lose(space, 0)


def peer(world: World, release: str) -> Charon:
    if release == "5.9":
        return Charon(world)
    require((NEWER / ".complete").exists(), "strongSwan 6.0 is not unpacked: run .ci/strongswan-6")
    return Charon(world, root=NEWER, raw_esp=True)


@pytest.mark.parametrize(("release", "first"), [("5.9", "initiator"), ("6.0", "responder")])
def test_the_peer_renews_both_phases_and_no_ping_is_lost(world: World, release: str, first: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(Wishes(ike_rekey=9, esp_rekey=4, esp_life=20))
    if first == "responder":
        assert charon.initiate()
    assert world.ping("ha", TARGET) == 1
    asked, answered = answers(world.ping_on("ha", TARGET, 15))
    assert asked == answered > 100, gateway.said()[-5000:]
    said = gateway.said()
    assert said.count("PHASE 2 COMPLETED") >= 4
    assert said.count("PHASE 1 COMPLETED") >= 2


def test_we_renew_both_phases_and_no_ping_is_lost(world: World) -> None:
    # The shortest lifetimes that an ASA takes: 120 s. It asks for a new phase 2 after 85 %, and as the responder of
    # phase 1 for a new one after 75 %.
    text = configuration(entry=("set security-association lifetime seconds 120",)).replace(
        "lifetime 86400", "lifetime 120"
    )
    gateway = Ours(world, text)
    charon = peer(world, "5.9")
    charon.load(Wishes(ike_rekey=1000))
    assert charon.initiate()
    asked, answered = answers(world.ping_on("ha", TARGET, 106))
    assert asked == answered > 1000, gateway.said()[-5000:]
    said = gateway.said()
    assert "IKE Initiator: Rekeying Phase 1" in said and "IKE Initiator: Rekeying Phase 2" in said
    assert said.count("PHASE 2 COMPLETED") == 2
    assert said.count("PHASE 1 COMPLETED") == 2


def test_we_renew_when_kilobytes_run_out_and_the_transfer_goes_on(world: World) -> None:
    gateway = Ours(world, configuration(entry=("set security-association lifetime kilobytes 100000",)))
    charon = peer(world, "5.9")
    charon.load(Wishes())
    for _ in range(10):
        world.transfer("ha", "hb", TARGET, 10_000_000)
    assert gateway.said().count("PHASE 2 COMPLETED") >= 2
    assert gateway.said().count("PHASE 1 COMPLETED") == 1


def test_the_peer_deletes_and_the_next_packet_brings_the_tunnel_back(world: World) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, "5.9")
    charon.load(Wishes())
    assert world.ping("ha", TARGET) == 1
    charon.terminate()
    until(lambda: "Session is being torn down. Reason: User Requested" in gateway.said(), 5, "the end of the session")
    assert world.ping("ha", TARGET) == 1
    assert gateway.said().count("PHASE 2 COMPLETED") == 2


def test_we_delete_at_the_peer_before_we_go(world: World) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, "5.9")
    charon.load(Wishes())
    assert world.ping("ha", TARGET) == 1
    gateway.stop(signal.SIGTERM)
    assert gateway.process.returncode == 0
    until(lambda: not charon.sas().strip(), 5, "an empty list of SAs")
    assert "received DELETE for ESP CHILD_SA" in charon.said() and "received DELETE for IKE_SA" in charon.said()


def test_a_configuration_that_is_read_again_keeps_what_it_still_describes(world: World) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, "5.9")
    charon.load(Wishes())
    assert world.ping("ha", TARGET) == 1

    def reread(text: str, said: str) -> None:
        gateway.config.write_text(text)
        count = gateway.said().count(said)
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.said().count(said) > count, 5, said)

    more = (
        "access-list MORE extended permit ip 192.168.1.0 255.255.255.0 192.168.21.0 255.255.255.0",
        "crypto map MAP 20 match address MORE",
        "crypto map MAP 20 set peer 10.0.0.2",
        "crypto map MAP 20 set ikev1 transform-set SET0",
    )
    reread(configuration(more=more), "is read again")
    assert "192.168.21.0/24 dev mm0" in world.must("ga", "ip", "route")
    assert world.ping("ha", TARGET, 2) == 2
    assert gateway.said().count("PHASE 2 COMPLETED") == 1
    assert world.ping("ha", "192.168.21.1", wait=0.5) == 0  # asked for, and refused by the peer
    until(lambda: "Received non-routine Notify message" in gateway.said(), 5, "that the new tunnel was asked for")

    reread(
        configuration().replace("permit ip 192.168.1.0 255.255.255.0", "permit ip 192.168.1.0 255.255"), "site.cfg:10:"
    )
    reread(configuration().replace("10.0.0.1 255", "10.0.0.3 255"), "10.0.0.3 is not an address of this host")
    assert world.ping("ha", TARGET) == 1

    reread(configuration(psk="another"), "is read again")
    until(lambda: not charon.sas().strip(), 5, "that the peer was told")
    assert "192.168.21.0/24" not in world.must("ga", "ip", "route")


def test_a_peer_that_dies_is_missed_and_one_that_is_reborn_is_met_again(world: World) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, "5.9")
    charon.load(Wishes())
    assert world.ping("ha", TARGET) == 1
    world.stop(charon.process, signal.SIGKILL)
    # Ten seconds of silence, then four questions two seconds apart.
    lost = "IKE lost contact with remote peer, deleting connection (keepalive type: DPD)"
    until(lambda: lost in gateway.said(), 25, "that the peer is missed")
    assert 3 <= gateway.said().count("Sending keep-alive of type DPD R-U-THERE (") <= 4
    charon = peer(world, "5.9")
    charon.load(Wishes())
    assert world.ping("ha", TARGET, 2) == 2


def test_the_peer_asks_whether_we_live_and_is_answered(world: World) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, "5.9")
    charon.load(Wishes(dpd=1))
    assert world.ping("ha", TARGET) == 1
    until(lambda: charon.said().count("N(DPD_ACK)") >= 3, 10, "three answers")
    assert gateway.said().count("Received keep-alive of type DPD R-U-THERE (") >= 3


def test_we_die_and_come_back_and_traffic_flows_again(world: World) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, "5.9")
    charon.load(Wishes())
    assert world.ping("ha", TARGET) == 1
    gateway.kill()
    gateway = Ours(world, configuration())
    assert world.ping("ha", TARGET, 2) == 2
    assert world.ping("hb", "192.168.1.2", 2) == 2


@pytest.mark.parametrize("permille", [50, 200])
def test_the_tunnel_comes_up_and_stays_up_on_a_lossy_wire(world: World, permille: int) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, "5.9")
    charon.load(Wishes(ike_rekey=12, esp_rekey=5, esp_life=30))
    for space in ("ga", "gb"):
        world.lose(space, permille)
    # A message that is lost is repeated after 8 seconds; with two of five pairs lost that can take a while.
    until(lambda: world.ping("ha", TARGET, wait=1), 80, "a first answer")
    asked, answered = answers(world.ping_on("ha", TARGET, 8))
    assert answered > asked * (1 - permille / 1000) ** 2 * 0.7, gateway.said()[-3000:]
    for space in ("ga", "gb"):
        world.lose(space, 0)
    assert world.ping("ha", TARGET, 3) == 3
