"""What is shown while a negotiation is under way, stuck, renewed, or not there at all."""

from __future__ import annotations

import re

import pytest

from mainmode.config.model import IkePolicy
from mainmode.lab.faults import Fault, FaultyStretch
from tests.lab.pairs import OUTSIDE, entry, site, transform_set
from tests.life.world import World, pair
from tests.show.tunnels import pinged, shown


def stuck(fault: str | None = None, **settings: object) -> World:
    """Two seconds after the first packet."""
    elements = [FaultyStretch(Fault.parse(fault))] if fault else []
    world = World({"a": site("a"), "b": site("b", **settings)}, elements=elements)  # type: ignore[arg-type]
    world.ask("a")
    world.pass_time(2.0)
    return world


@pytest.mark.parametrize(
    ("fault", "site_name", "state", "kind"),
    [
        ("drop:MM1:all", "a", "MM_WAIT_MSG2", "user"),
        ("drop:MM2:all", "b", "MM_WAIT_MSG3", "user"),
        ("drop:MM3:all", "a", "MM_WAIT_MSG4", "user"),
        ("drop:MM4:all", "b", "MM_WAIT_MSG5", "L2L"),
        ("drop:MM5:all", "a", "MM_WAIT_MSG6", "L2L"),
    ],
)
def test_a_half_open_sa_shows_what_it_waits_for(fault: str, site_name: str, state: str, kind: str) -> None:
    world = stuck(fault)
    role = "initiator" if site_name == "a" else "responder"
    assert shown(world, site_name, "show crypto ikev1 sa").splitlines() == [
        "IKEv1 SAs:",
        "",
        "   Active SA: 1",
        "    Rekey SA: 0 (A tunnel will report 1 Active and 1 Rekey SA during rekey)",
        "Total IKE SA: 1",
        "",
        f"1   IKE Peer: {OUTSIDE['b' if site_name == 'a' else 'a']}",
        f"    Type    : {kind:<16}Role    : {role} ",
        f"    Rekey   : no              State   : {state} ",
    ]
    assert shown(world, site_name, "show crypto ipsec sa") == "\nThere are no ipsec sas\n"
    assert "no active sessions" in shown(world, site_name, "show vpn-sessiondb l2l")


def test_another_key_at_the_peer_leaves_both_waiting_for_the_proof() -> None:
    world = stuck(psk=b"other")
    assert "State   : MM_WAIT_MSG6 " in shown(world, "a", "show crypto isakmp sa")
    assert "State   : MM_WAIT_MSG5 " in shown(world, "b", "show crypto isakmp sa")


def test_without_sas_each_command_says_so() -> None:
    world = World()
    assert shown(world, "a", "show crypto isakmp sa") == "\nThere are no IKEv1 SAs\n\nThere are no IKEv2 SAs\n"
    assert shown(world, "a", "show crypto ikev1 sa detail") == "\nThere are no IKEv1 SAs\n"
    assert shown(world, "a", "show crypto ikev2 sa") == "\nThere are no IKEv2 SAs\n"
    assert shown(world, "a", "show crypto isakmp sa", "8.3") == "There are no isakmp sas\n"


def test_detail_says_what_was_agreed_and_how_long_it_lasts() -> None:
    world = pinged()
    (sa,) = world.gateway("a").ike_sas
    assert sa.active_at is not None
    left = int(sa.active_at + 86400 - world.network.now - 100)
    assert shown(world, "a", "show crypto isakmp sa detail", later=100).splitlines()[-5:-2] == [
        "    Encrypt : 3des            Hash    : SHA ",
        "    Auth    : preshared       Lifetime: 86400",
        f"    Lifetime Remaining: {left}",
    ]


def test_the_sas_with_one_peer_alone_are_shown_under_its_address() -> None:
    world = pinged()
    whole = shown(world, "a", "show crypto ipsec sa").splitlines()
    assert shown(world, "a", "show crypto ipsec sa peer 10.0.0.2").splitlines() == [
        "peer address: 10.0.0.2",
        *whole[1:],
    ]
    assert shown(world, "a", "show crypto ipsec sa peer 10.0.0.3") == "\nThere are no ipsec sas\n"


def test_while_phase_2_is_renewed_a_block_holds_the_old_and_the_new_sas() -> None:
    world = World({name: pair(entries=(entry(name, lifetime_seconds=1200),))[name] for name in "ab"})
    world.bring_up()
    first = shown(world, "a", "show crypto ipsec sa")
    world.ask("a")
    world.network.pass_time(1021.0)  # 85 %
    both = shown(world, "a", "show crypto ipsec sa")
    assert both.count("local ident") == 1
    spis = [re.findall(r"spi: 0x([0-9A-F]{8})", text) for text in (first, both)]
    assert len(spis[1]) == 4
    assert set(spis[0]) < set(spis[1])
    (current,) = re.findall(r"current inbound spi : ([0-9A-F]{8})", both)
    assert current == spis[1][1], "the new one is in use"
    assert "#pkts encaps: 1, " in both, "the counters are those of the pair of identities, not of one SA"
    session = shown(world, "a", "show vpn-sessiondb detail l2l")
    assert session.count("Local Addr") == 1 and "IPsec Tunnels: 1\n" in session, "a renewal makes no second tunnel"
    world.ask("a")
    world.pass_time(100.0)
    new = shown(world, "a", "show crypto ipsec sa")
    assert len(re.findall(r"spi: 0x", new)) == 2, "the old ones are gone"
    assert "#pkts encaps: 2, " in new and "#pkts decaps: 2, " in new, "and what they did is counted on"
    session = shown(world, "a", "show vpn-sessiondb detail l2l")
    assert len(re.findall(r"Bytes Tx     : 168 +Bytes Rx     : 168\n", session)) == 2
    assert "Pkts Tx      : 2                      Pkts Rx      : 2\n" in session
    for _ in range(2):
        world.pass_time(1100.0)
        world.ask("a")
    world.pass_time(100.0)
    assert "#pkts encaps: 4, " in shown(world, "a", "show crypto ipsec sa"), "however often they are renewed"


def test_while_phase_1_is_renewed_one_sa_is_active_and_one_is_a_rekey() -> None:
    world = World({name: pair(policies=(IkePolicy(10, lifetime=1000),))[name] for name in "ab"})
    world.bring_up()
    world.network.pass_time(750.5)  # 75 %: the responder's timer
    output = shown(world, "a", "show crypto ikev1 sa")
    assert re.findall(r"(?:Active|Rekey) SA: \d+", output) == ["Active SA: 1", "Rekey SA: 1"]
    assert "Total IKE SA: 2" in output
    states = re.findall(r"Rekey   : (\w+) +State   : (\w+)", output)
    assert states == [("yes", "MM_REKEY_DONE_H2"), ("no", "MM_ACTIVE")]
    world.pass_time(60.0)
    output = shown(world, "a", "show crypto ikev1 sa")
    assert re.findall(r"Rekey   : (\w+) +State   : (\w+)", output) == [("no", "MM_ACTIVE")]


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_session_goes_on_when_both_phases_are_renewed(side: str) -> None:
    settings = {"policies": (IkePolicy(10, lifetime=1000),)}
    configs = {name: pair(entries=(entry(name, lifetime_seconds=890),), **settings)[name] for name in "ab"}
    world = World(configs)
    world.bring_up()

    def told() -> list[str]:
        lines = shown(world, side, "show vpn-sessiondb l2l").splitlines()
        connection = shown(world, side, "show crypto ipsec sa").partition("conn_id: ")[2].partition(",")[0]
        return [*(line for line in lines if line.startswith(("Index", "Login Time"))), connection]

    before = told()
    assert len(before) == 3
    # Phase 2 is renewed 6 seconds after phase 1, while both SAs of that are there.
    for seconds in (745, 5, 4, 4, 4, 20, 900):
        world.pass_time(float(seconds))
        assert told() == before
    assert "Duration     : 0h:28m:" in shown(world, side, "show vpn-sessiondb l2l")


def test_without_replay_protection_there_is_no_bitmap() -> None:
    settings = {name: pair(replay_window=0)[name] for name in "ab"}
    output = shown(pinged(configs=settings), "a", "show crypto ipsec sa")
    assert output.count("replay detection support: N") == 2
    assert "bitmap" not in output


def test_a_larger_window_prints_its_whole_bitmap() -> None:
    world = pinged(configs={name: pair(replay_window=256)[name] for name in "ab"})
    (_, bitmap) = shown(world, "a", "show crypto ipsec sa").split("bitmap: \n")[:2]
    words = re.findall(r"0x([0-9A-F]{8})\b(?! \()", bitmap.split("outbound")[0])
    assert words == ["00000000"] * 7 + ["0000001F"]


def test_without_a_limit_in_kilobytes_only_seconds_count_down() -> None:
    world = pinged(configs={name: pair(lifetime_kilobytes=None)[name] for name in "ab"})
    lifetime = shown(world, "a", "show crypto ipsec sa", later=10)
    assert re.search(r"remaining key lifetime \(sec\): 287\d\d\n", lifetime)


def test_an_sa_without_encryption_says_so() -> None:
    world = pinged(configs={name: pair(sets=(transform_set("esp-null"),))[name] for name in "ab"})
    output = shown(world, "a", "show crypto ipsec sa")
    assert "transform: esp-null esp-sha-hmac no compression" in output
    assert "IV size: 0 bytes" in output
    assert "ipsec overhead 46(28)," in output
