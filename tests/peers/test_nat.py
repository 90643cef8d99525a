"""A NAT router between the sites: ports are translated, and now and then it forgets what it translated to what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.charon import RELEASES, Wishes, peer
from tests.peers.ours import Ours, configuration, of_any_peer
from tests.peers.page import Ran
from tests.peers.world import BACK, BEHIND_NAT, SOON, World, answers, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("nat"), nat=True)
    yield made
    made.close()


ELSEWHERE = "10.0.0.3"
"""The address that a provider gives the router after the night."""

both_releases = pytest.mark.parametrize("release", RELEASES)


@pytest.fixture(autouse=True)
def home(world: World) -> Iterator[None]:
    """Whatever a test does to the router, the next one finds it where it was."""
    yield
    world.stop_all()
    world.must("nat", "ip", "address", "flush", "dev", "outside")
    world.must("nat", "ip", "address", "add", "10.0.0.1/24", "dev", "outside")
    world.forget_mappings()


def move(world: World) -> None:
    """The router gets another address outside; what it has translated is forgotten."""
    world.must("nat", "ip", "address", "del", "10.0.0.1/24", "dev", "outside")
    world.must("nat", "ip", "address", "add", f"{ELSEWHERE}/24", "dev", "outside")
    world.forget_mappings()


def back(world: World) -> None:
    """Traffic is to be there again, both ways."""
    until(lambda: world.ping("ha", "192.168.2.1", 2, wait=0.5) == 2, BACK, "traffic from behind the router")
    until(lambda: world.ping("hb", "192.168.1.2", 2, wait=0.5) == 2, BACK, "traffic to behind the router")


@both_releases
def test_we_are_behind_the_router(world: World, ran: Ran, release: str) -> None:
    gateway = Ours(world, configuration(address=BEHIND_NAT))
    charon = peer(world, release)
    # A new phase 1 may only be begun from behind the router: from outside it would come after a message that is let in.
    charon.load(Wishes(remote="0.0.0.0/0", remote_id=BEHIND_NAT, esp_rekey=6, esp_life=30))
    assert world.ping("ha", "192.168.2.1") == 1
    assert "This   end   IS   behind a NAT device" in gateway.said()
    assert "TUNNEL-in-UDP" in charon.sas()
    assert world.ping("hb", "192.168.1.2", 3) == 3
    world.transfer("ha", "hb", "192.168.2.1", 10_000_000)
    world.transfer("hb", "ha", "192.168.1.2", 10_000_000)
    asked, answered = answers(world.ping_on("hb", "192.168.1.2", 7))
    assert asked == answered
    assert gateway.said().count("PHASE 2 COMPLETED") >= 2, "the peer outside has renewed phase 2"
    ran("NAT", charon.column("initiator"), "we are behind it: ping, 10 MB of TCP and a renewal by the peer")

    # A new mapping is another port. strongSwan follows IKE only, so it hears of it from our keepalive: after ten
    # seconds without an answer.
    with world.traffic("ha", "192.168.2.1"), world.traffic("hb", "192.168.1.2"):
        world.forget_mappings()
        back(world)
        ran("NAT", charon.column("initiator"), "we are behind it, and it forgets its mappings")
        move(world)
        back(world)
        assert f"{ELSEWHERE}[" in charon.sas()
        ran("NAT", charon.column("initiator"), "we are behind it, and its address changes")


@both_releases
def test_the_peer_is_behind_the_router(world: World, ran: Ran, release: str) -> None:
    gateway = Ours(world, of_any_peer(), "gb")
    charon = peer(world, release, "ga")
    theirs = {"local": BEHIND_NAT, "local_id": BEHIND_NAT, "local_ts": "192.168.1.0/24"}
    far = {"remote": "10.0.0.2", "remote_id": "10.0.0.2", "remote_ts": "192.168.2.0/24"}
    charon.load(Wishes(**theirs, **far, esp_rekey=6, esp_life=30))
    assert charon.initiate(), charon.said()[-3000:]
    assert "Remote end   IS   behind a NAT device" in gateway.said()
    assert "TUNNEL-in-UDP" in charon.sas()
    assert world.ping("hb", "192.168.1.2", 3) == 3
    assert world.ping("ha", "192.168.2.1", 3) == 3
    world.transfer("hb", "ha", "192.168.1.2", 10_000_000)
    world.transfer("ha", "hb", "192.168.2.1", 10_000_000)
    asked, answered = answers(world.ping_on("hb", "192.168.1.2", 7))
    assert asked == answered
    assert gateway.said().count("PHASE 2 COMPLETED") >= 2
    ran("NAT", charon.column("responder"), "the peer is behind it: ping, 10 MB of TCP and a renewal by the peer")

    # Its next packets come from another port: they are authentic, so ours go there from now on (RFC 3947 §6).
    with world.traffic("ha", "192.168.2.1"), world.traffic("hb", "192.168.1.2"):
        world.forget_mappings()
        back(world)
        ran("NAT", charon.column("responder"), "the peer is behind it, and it forgets its mappings")
        # And from another address, without strongSwan's knowing anything of it.
        begun = gateway.said().count("PHASE 1 COMPLETED")
        move(world)
        back(world)
        assert f"the peer of 192.168.1.0/255.255.255.0 is at {ELSEWHERE} now, not at 10.0.0.1" in gateway.said()
        until(lambda: f"IP = {ELSEWHERE}, PHASE 2 COMPLETED" in gateway.said(), SOON, "a renewal from there")
        assert gateway.said().count("PHASE 1 COMPLETED") == begun
        ran("NAT", charon.column("responder"), "the peer is behind it, and its address changes")

    charon.terminate()
    until(lambda: "Reason: Peer Terminate" in gateway.said(), SOON, "the delete")


def test_ours_at_both_ends_and_the_address_of_the_router_changes(world: World, ran: Ran) -> None:
    inner = Ours(world, configuration(address=BEHIND_NAT))
    outer = Ours(world, of_any_peer(), "gb")
    assert world.ping("ha", "192.168.2.1") == 1
    with world.traffic("ha", "192.168.2.1"), world.traffic("hb", "192.168.1.2"):
        move(world)
        back(world)
    assert "IKE lost contact" not in inner.said() + outer.said()
    assert f"is at {ELSEWHERE} now, not at 10.0.0.1" in outer.said()
    ran("NAT", "ours at both ends", "the address of the router changes")


def test_a_quiet_peer_is_found_by_its_keepalives_where_the_router_is_now(world: World) -> None:
    inner = Ours(world, configuration(address=BEHIND_NAT))
    outer = Ours(world, of_any_peer(), "gb")
    assert world.ping("ha", "192.168.2.1") == 1
    move(world)
    until(lambda: f"is at {ELSEWHERE} now" in outer.said(), SOON, "a keepalive from there")
    assert world.ping("hb", "192.168.1.2", 2) == 2
    assert "IKE lost contact" not in inner.said() + outer.said()
