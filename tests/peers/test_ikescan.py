"""ike-scan looks at us as at any responder on the internet: a handshake, vendor ids, the pattern of repetitions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.ours import Ours, configuration
from tests.peers.page import Ran
from tests.peers.world import World, require_programs

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]


@pytest.fixture(scope="module")
def ours(world: World) -> Iterator[Ours]:
    require_programs("ike-scan")
    gateway = Ours(world, configuration())
    yield gateway
    gateway.stop()


def scan(world: World, *options: str) -> str:
    return world.run("gb", "ike-scan", "--multiline", *options, "10.0.0.1", timeout=120).stdout


def test_main_mode_gets_a_handshake_with_ciscos_vendor_ids(world: World, ours: Ours, ran: Ran) -> None:
    # MM2 carries what it answers: NAT traversal because it was offered, and Cisco's fragmentation always.
    seen = scan(world, "--vendor", "90cb80913ebb696e086381b5ec427b1f")
    assert "Main Mode Handshake returned" in seen
    assert "SA=(Enc=3DES Hash=SHA1 Auth=PSK Group=2:modp1024 LifeType=Seconds LifeDuration(4)=0x00007080)" in seen
    assert "VID=4048b7d56ebce88525e7de7f00d6c2d3c0000000 (IKE Fragmentation)" in seen
    assert "VID=90cb80913ebb696e086381b5ec427b1f (draft-ietf-ipsec-nat-t-ike-02\\n)" in seen
    ran("Looking on", "ike-scan")


def test_a_policy_we_do_not_have_gets_no_proposal_chosen(world: World, ours: Ours, ran: Ran) -> None:
    assert "Notify message 14 (NO-PROPOSAL-CHOSEN)" in scan(world, "--trans=(1=7,14=256,2=2,3=1,4=5)")
    ran("Looking on", "ike-scan")


def test_aggressive_mode_gets_nothing_at_all(world: World, ours: Ours, ran: Ran) -> None:
    # An answer would carry the hash of the pre-shared key, for anybody to try dictionaries on.
    assert "0 returned handshake; 0 returned notify" in scan(world, "--aggressive", "--id=vpn", "--retry=1")
    ran("Looking on", "ike-scan")


def test_the_repetitions_are_those_of_a_cisco(world: World, ours: Ours, ran: Ran) -> None:
    seen = scan(world, "--showbackoff=10")
    assert "Implementation guess: Cisco VPN Concentrator or PIX 7.0" in seen
    ran("Looking on", "ike-scan")
