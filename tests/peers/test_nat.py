"""A NAT router between the sites: ports are translated, and now and then it forgets what it translated to what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.charon import Charon, Wishes
from tests.peers.ours import Ours, configuration
from tests.peers.world import BEHIND_NAT, World, answers, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("nat"), nat=True)
    yield made
    made.close()


def test_we_are_behind_the_router(fresh: World) -> None:
    world = fresh
    gateway = Ours(world, configuration(address=BEHIND_NAT))
    charon = Charon(world)
    charon.load(Wishes(remote_id=BEHIND_NAT))
    assert world.ping("ha", "192.168.2.1", 3) == 3
    assert "This   end   IS   behind a NAT device" in gateway.said()
    assert world.ping("hb", "192.168.1.2", 3) == 3
    world.transfer("ha", "hb", "192.168.2.1", 1_000_000)

    # A new mapping is another port. strongSwan follows IKE only, so it hears of it from our keepalive: after ten
    # seconds without an answer.
    world.forget_mappings()
    asked, answered = answers(world.ping_on("ha", "192.168.2.1", 14))
    assert answered > asked / 8
    assert world.ping("hb", "192.168.1.2", 3) == 3
    charon.stop()
    gateway.stop()


def test_the_peer_is_behind_the_router(fresh: World) -> None:
    world = fresh
    gateway = Ours(world, configuration("b"), "gb")
    charon = Charon(world, "ga")
    theirs = {"local": BEHIND_NAT, "local_id": BEHIND_NAT, "local_ts": "192.168.1.0/24"}
    charon.load(Wishes(**theirs, remote="10.0.0.2", remote_id="10.0.0.2", remote_ts="192.168.2.0/24"))
    assert charon.initiate(), charon.said()[-3000:]
    assert "Remote end   IS   behind a NAT device" in gateway.said()
    assert world.ping("hb", "192.168.1.2", 3) == 3
    assert world.ping("ha", "192.168.2.1", 3) == 3
    world.transfer("hb", "ha", "192.168.1.2", 1_000_000)

    # Its next packets come from another port: they are authentic, so ours go there from now on (RFC 3947 §6).
    world.forget_mappings()
    assert world.ping("ha", "192.168.2.1", 10) >= 8
    assert world.ping("hb", "192.168.1.2", 3) == 3

    charon.terminate()
    until(lambda: "Reason: Peer Terminate" in gateway.said(), 5, "the delete")
    gateway.stop()
    charon.stop()
