"""What happens to a tunnel once it is up: renewal from either side, deletes, peers that die, a lossy wire.

Real clocks: what takes long here is mostly waiting.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.charon import RELEASES, Charon, Wishes, peer
from tests.peers.ours import Ours, configuration
from tests.peers.page import Ran
from tests.peers.world import BACK, SOON, World, answers, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

TARGET = "192.168.2.1"


both_releases = pytest.mark.parametrize("release", RELEASES)
both_roles = pytest.mark.parametrize("role", ["initiator", "responder"])

RENEWAL = "Renewal"
DELETES = "Deletes and a new configuration"
OUTAGES = "Outages"


@pytest.fixture(autouse=True)
def clean(world: World) -> Iterator[None]:
    yield
    world.stop_all()
    for space in ("ga", "gb"):
        world.lose(space, 0)


@dataclass(frozen=True)
class Pair:
    """Our gateway and a charon with a tunnel between them, in a world of their own."""

    world: World
    gateway: Ours
    charon: Charon
    role: str


@pytest.fixture
def pairs(tmp_path: Path) -> Iterator[Callable[[str, Wishes], list[Pair]]]:
    """What takes minutes is waited for once: a pair of each release and role, side by side, each with its tunnel up."""
    with ExitStack() as worlds:

        def make(text: str, wishes: Wishes) -> list[Pair]:
            made = []
            for release in RELEASES:
                for role in ("initiator", "responder"):
                    directory = tmp_path / f"{release}-{role}"
                    directory.mkdir()
                    world = worlds.enter_context(closing(World(directory, name=f"{release[0]}{role[0]}")))
                    gateway, charon = Ours(world, text), peer(world, release)
                    charon.load(wishes)
                    if role == "responder":
                        assert charon.initiate(), charon.said()[-3000:]
                    assert world.ping("ha", TARGET) == 1, gateway.said()[-3000:]
                    made.append(Pair(world, gateway, charon, role))
            return made

        yield make


def begin(world: World, charon: Charon, role: str) -> None:
    """The tunnel comes up at the wish of one side."""
    charon.load(Wishes())
    if role == "responder":
        assert charon.initiate(), charon.said()[-3000:]
    assert world.ping("ha", TARGET) == 1


@both_roles
@both_releases
def test_the_peer_renews_both_phases_and_no_ping_is_lost(world: World, ran: Ran, release: str, role: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(Wishes(ike_rekey=9, over=6, esp_rekey=4, esp_life=20))
    if role == "responder":
        assert charon.initiate()
    assert world.ping("ha", TARGET) == 1
    asked, answered = answers(world.ping_on("ha", TARGET, 18))
    assert asked == answered > 100, gateway.said()[-5000:]
    said = gateway.said()
    assert said.count("PHASE 2 COMPLETED") >= 4
    assert said.count("PHASE 1 COMPLETED") >= 2
    ran(RENEWAL, charon.column(role))


def test_we_renew_both_phases_and_no_ping_is_lost(pairs: Callable[[str, Wishes], list[Pair]], ran: Ran) -> None:
    # The shortest lifetimes that an ASA takes: 120 s. It asks for a new phase 2 after 85 % of that; for a new phase 1
    # after 95 % as its initiator and after 75 % as its responder.
    text = configuration(lifetime=120, entry=("set security-association lifetime seconds 120",))
    running = [(pair, pair.world.ping_on("ha", TARGET, 122)) for pair in pairs(text, Wishes(ike_rekey=1000))]
    for pair, pinging in running:
        asked, answered = answers(pinging)
        said = pair.gateway.said()
        assert asked == answered > 1000, said[-5000:]
        assert "IKE Initiator: Rekeying Phase 1" in said, said
        assert "IKE Initiator: Rekeying Phase 2" in said, said
        assert said.count("PHASE 2 COMPLETED") == 2, said
        assert said.count("PHASE 1 COMPLETED") == 2, said
        ran(RENEWAL, pair.charon.column(pair.role))


@both_releases
def test_we_renew_when_kilobytes_run_out_and_the_transfer_goes_on(world: World, ran: Ran, release: str) -> None:
    gateway = Ours(world, configuration(entry=("set security-association lifetime kilobytes 100000",)))
    charon = peer(world, release)
    charon.load(Wishes())
    for _ in range(10):
        world.transfer("ha", "hb", TARGET, 10_000_000)
    assert gateway.said().count("PHASE 2 COMPLETED") >= 2
    assert gateway.said().count("PHASE 1 COMPLETED") == 1
    assert "data lifetime exceeded" not in gateway.said()
    ran(RENEWAL, charon.column("initiator"))


@both_roles
@both_releases
def test_the_peer_deletes_and_the_next_packet_brings_the_tunnel_back(
    world: World, ran: Ran, release: str, role: str
) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    begin(world, charon, role)
    charon.terminate()
    until(
        lambda: "Session is being torn down. Reason: User Requested" in gateway.said(), SOON, "the end of the session"
    )
    assert world.ping("ha", TARGET) == 1
    assert gateway.said().count("PHASE 2 COMPLETED") == 2
    ran(DELETES, charon.column(role))


@both_roles
@both_releases
def test_we_delete_at_the_peer_before_we_go(world: World, ran: Ran, release: str, role: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    begin(world, charon, role)
    gateway.stop(signal.SIGTERM)
    assert gateway.process.returncode == 0
    until(lambda: not charon.sas().strip(), SOON, "an empty list of SAs")
    assert "received DELETE for ESP CHILD_SA" in charon.said() and "received DELETE for IKE_SA" in charon.said()
    ran(DELETES, charon.column(role))


@both_releases
def test_a_configuration_that_is_read_again_keeps_what_it_still_describes(world: World, ran: Ran, release: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(Wishes())
    assert world.ping("ha", TARGET) == 1

    def reread(text: str, said: str) -> None:
        gateway.config.write_text(text)
        count = gateway.said().count(said)
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.said().count(said) > count, SOON, said)

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
    until(lambda: "Received non-routine Notify message" in gateway.said(), SOON, "that the new tunnel was asked for")

    reread(
        configuration().replace("permit ip 192.168.1.0 255.255.255.0", "permit ip 192.168.1.0 255.255"), "site.cfg:10:"
    )
    reread(configuration().replace("10.0.0.1 255", "10.0.0.3 255"), "10.0.0.3 is not an address of this host")
    assert world.ping("ha", TARGET) == 1

    reread(configuration(psk="another"), "is read again")
    until(lambda: not charon.sas().strip(), SOON, "that the peer was told")
    assert "192.168.21.0/24" not in world.must("ga", "ip", "route")
    ran(DELETES, charon.column("initiator"))


@both_releases
def test_the_peer_asks_whether_we_live_and_is_answered(world: World, ran: Ran, release: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    charon.load(Wishes(dpd=1))
    assert world.ping("ha", TARGET) == 1
    until(lambda: charon.said().count("N(DPD_ACK)") >= 3, SOON, "three answers")
    assert gateway.said().count("Received keep-alive of type DPD R-U-THERE (") >= 3
    ran(OUTAGES, charon.column("initiator"))


@both_roles
@both_releases
def test_we_are_killed_and_started_again(world: World, ran: Ran, release: str, role: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    begin(world, charon, role)
    with world.traffic("ha", TARGET), world.traffic("hb", "192.168.1.2"):
        gateway.kill()
        gateway = Ours(world, configuration())
        until(lambda: world.ping("ha", TARGET, 2, wait=0.5) == 2, BACK, "traffic again")
        until(lambda: world.ping("hb", "192.168.1.2", 2, wait=0.5) == 2, BACK, "traffic from the other side again")
    ran(OUTAGES, charon.column(role))


@both_roles
@both_releases
def test_the_peer_is_killed_and_missed_and_started_again(world: World, ran: Ran, release: str, role: str) -> None:
    gateway = Ours(world, configuration())
    charon = peer(world, release)
    begin(world, charon, role)
    with world.traffic("ha", TARGET), world.traffic("hb", "192.168.1.2"):
        world.stop(charon.process, signal.SIGKILL)
        # Ten seconds of silence, then four questions two seconds apart.
        lost = "IKE lost contact with remote peer, deleting connection (keepalive type: DPD)"
        until(lambda: lost in gateway.said(), 25, "that the peer is missed")
        assert 3 <= gateway.said().count("Sending keep-alive of type DPD R-U-THERE (") <= 4
        charon = peer(world, release)
        charon.load(Wishes())
        until(lambda: world.ping("ha", TARGET, 2, wait=0.5) == 2, BACK, "traffic again")
        until(lambda: world.ping("hb", "192.168.1.2", 2, wait=0.5) == 2, BACK, "traffic from the other side again")
    ran(OUTAGES, charon.column(role))


@pytest.mark.parametrize("whose", ["ga", "gb"], ids=["ours", "theirs"])
def test_a_link_is_down_for_a_minute(pairs: Callable[[str, Wishes], list[Pair]], ran: Ran, whose: str) -> None:
    whose_gateway = "our gateway" if whose == "ga" else "the peer's gateway"
    with ExitStack() as running:
        made = pairs(configuration(), Wishes())
        for pair in made:
            running.enter_context(pair.world.traffic("ha", TARGET))
            running.enter_context(pair.world.traffic("hb", "192.168.1.2"))
            pair.world.must(whose, "ip", "link", "set", "outside", "down")
        time.sleep(60)  # the minute is the point
        for pair in made:
            pair.world.must(whose, "ip", "link", "set", "outside", "up")
        for pair in made:
            world = pair.world
            for space, target in (("ha", TARGET), ("hb", "192.168.1.2")):
                until(lambda: world.ping(space, target, 2, wait=0.5) == 2, BACK, pair.gateway.said()[-3000:])  # noqa: B023
            ran(OUTAGES, pair.charon.column(pair.role), f"the link of {whose_gateway} is down for a minute")


@pytest.mark.parametrize("permille", [50, 200])
@both_releases
def test_the_tunnel_comes_up_and_stays_up_on_a_lossy_wire(world: World, ran: Ran, release: str, permille: int) -> None:
    gateway = Ours(world, configuration())
    # With three repetitions it gives up, and takes the tunnel down, once in a hundred exchanges on the worse wire.
    charon = peer(world, release, tries=8)
    charon.load(Wishes(ike_rekey=12, over=20, esp_rekey=5, esp_life=30))
    for space in ("ga", "gb"):
        world.lose(space, permille)
    # A message that is lost is repeated after 8 seconds, and one in sixty exchanges is given up on the worse wire: most
    # of the times it takes half a minute, and one in a hundred times more than 80 seconds.
    until(lambda: world.ping("ha", TARGET, wait=1), 200, "a first answer")
    asked, answered = answers(world.ping_on("ha", TARGET, 8))
    assert answered > asked * (1 - permille / 1000) ** 2 * 0.7, gateway.said()[-3000:]
    for space in ("ga", "gb"):
        world.lose(space, 0)
    assert world.ping("ha", TARGET, 3) == 3
    ran(OUTAGES, charon.column("initiator"), f"{permille // 10} % of the packets are lost in each direction")
