"""What site a of the source document printed with its tunnel up, byte for byte; only SPIs are others."""

from __future__ import annotations

import pytest

from tests.life.world import World
from tests.paths import SHARED, require
from tests.show.tunnels import document, pair, pinged, shown

SEED = SHARED / "seed"
require(SEED.is_dir(), "the source document's outputs are not beside the checkout")


@pytest.fixture(scope="module")
def site_a() -> World:
    """Site a as the document has it: site b asked, its lifetime of 3600 seconds is the one in force."""
    return pinged("b")


def test_the_ike_sas_are_the_documents(site_a: World) -> None:
    assert shown(site_a, "a", "show crypto isakmp sa", "8.3") == (SEED / "show-crypto-isakmp-sa.txt").read_text()


def test_the_ipsec_sas_are_the_documents(site_a: World) -> None:
    inbound, outbound = pair(site_a.gateway("a"))
    expected = (SEED / "show-crypto-ipsec-sa.txt").read_text()
    for theirs, ours in ((0x1698CAC7, inbound.spi), (0xDB680406, outbound.spi)):
        expected = expected.replace(f"{theirs:08X}", f"{ours:08X}").replace(f"({theirs})", f"({ours})")
    # The document looked 274 seconds into the 3600.
    later = inbound.installed_at + 3600 - 3326 - site_a.network.now
    assert shown(site_a, "a", "show crypto ipsec sa", "8.3", later) == expected


def test_both_of_the_documents_commands_may_be_shortened(site_a: World) -> None:
    for short, full in (("sh cry isa sa", "show crypto isakmp sa"), ("sh cry ips sa", "show crypto ipsec sa")):
        assert shown(site_a, "a", short, "8.3") == shown(site_a, "a", full, "8.3")


def test_the_document_counts_four_packets_because_four_went_each_way() -> None:
    world = World({name: document(name) for name in "ab"})
    world.bring_up("b")
    for asked in range(3):
        assert f"#pkts encaps: {asked}, #pkts encrypt: {asked}," in shown(world, "a", "show crypto ipsec sa", "8.3")
        world.ask("b")
        world.pass_time(1.0)
