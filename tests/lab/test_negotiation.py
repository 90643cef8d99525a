"""Two gateways in the lab: what comes up, with what, and what fails how. All algorithms, access-lists, mismatches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import product
from typing import TypeVar

import pytest

from mainmode.config.model import DEFAULT_L2L_GROUP, Config, IkePolicy, NatRule, TunnelGroup
from mainmode.events import (
    ConnectionTerminated,
    CryptoMapEntryMissing,
    CryptoMapMatched,
    CryptoMapNotMatched,
    CryptoMapSkipped,
    DecryptedNonsense,
    DefaultGroupUsed,
    Event,
    FsmHistory,
    InitiatorPolicyMissing,
    MessageDecoded,
    NegotiationStarted,
    NoCryptoMapOnInterface,
    NotifyReceived,
    PeerIsOurselves,
    Phase1Completed,
    Phase1ProposalAccepted,
    Phase1ProposalsUnacceptable,
    Phase1RekeyTimer,
    Phase2Completed,
    Phase2ProposalsUnacceptable,
    Phase2RekeyTimer,
    ProxyId,
    QuickModeFailed,
    RekeyIntervalForced,
    RekeyIntervalOverridden,
    SessionTornDown,
    TunnelGroupLanded,
    TunnelGroupMissing,
)
from mainmode.ike.persona import ASA, IOS
from mainmode.lab.faults import Fault
from mainmode.lab.run import LabResult, run
from mainmode.lab.trigger import Trigger
from tests.lab.pairs import FAR, ICMP, INSIDE, OUTSIDE, TCP, entry, hub, line, site, transform_set

ALL = {"a_to_b": 4, "b_to_a": 4}
NONE = {"a_to_b": 0, "b_to_a": 0}
E = TypeVar("E", bound=Event)


def events(result: LabResult, name: str) -> list[Event]:
    return [entry.event for entry in result.sites["ab".index(name)].entries]


def kinds(result: LabResult, name: str) -> set[type[Event]]:
    return {type(event) for event in events(result, name)}


def of(result: LabResult, name: str, kind: type[E]) -> list[E]:
    return [event for event in events(result, name) if isinstance(event, kind)]


def names(result: LabResult) -> list[str]:
    """The messages on the wire, data left out."""
    return [transit.name for transit in result.wire if transit.name != "esp"]


def is_up(result: LabResult) -> bool:
    return result.established and result.delivered == ALL


def is_down(result: LabResult) -> bool:
    return not result.established and result.delivered == NONE


# --- what comes up ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("initiator", ["a", "b"])
@pytest.mark.parametrize(
    "personas", list(product([ASA, IOS], repeat=2)), ids=lambda pair: f"{pair[0].name}-{pair[1].name}"
)
def test_every_pair_of_boxes_brings_the_tunnel_up_in_nine_messages(initiator: str, personas: tuple) -> None:
    result = run(site("a"), site("b"), initiator=initiator, personas=personas)
    assert is_up(result)
    assert names(result) == ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
    assert [one.role for one in result.sites] == (
        ["initiator", "responder"] if initiator == "a" else ["responder", "initiator"]
    )
    for name in "ab":
        assert {Phase1Completed, Phase2Completed} <= kinds(result, name)


@pytest.mark.parametrize("group", [1, 2, 5, 14])
@pytest.mark.parametrize("hash", ["md5", "sha"])
@pytest.mark.parametrize("encryption", ["des", "3des", "aes", "aes-192", "aes-256"])
def test_every_phase_1_suite_comes_up(encryption: str, hash: str, group: int) -> None:
    policies = [IkePolicy(10, encryption=encryption, hash=hash, group=group)]
    assert is_up(run(site("a", policies=policies), site("b", policies=policies)))


@pytest.mark.parametrize("authentication", ["esp-md5-hmac", "esp-sha-hmac", "esp-none"])
@pytest.mark.parametrize("encryption", ["esp-des", "esp-3des", "esp-aes", "esp-aes-192", "esp-aes-256", "esp-null"])
def test_every_transform_set_comes_up_except_the_one_that_protects_nothing(
    encryption: str, authentication: str
) -> None:
    sets = [transform_set(encryption, authentication)]
    result = run(site("a", sets=sets), site("b", sets=sets))
    assert is_down(result) if (encryption, authentication) == ("esp-null", "esp-none") else is_up(result)


@pytest.mark.parametrize("group", [1, 2, 5, 14])
def test_perfect_forward_secrecy_comes_up_with_every_group_and_is_there(group: int) -> None:
    result = run(*(site(name, entries=[entry(name, pfs=group)]) for name in "ab"))
    assert is_up(result)
    qm1 = next(event for event in of(result, "a", MessageDecoded) if event.message_id and event.direction == "SENDING")
    assert 4 in qm1.payloads


def test_a_responder_that_wants_no_pfs_takes_an_offer_with_it() -> None:
    result = run(site("a", entries=[entry("a", pfs=5)]), site("b"))
    assert is_up(result)


@pytest.mark.parametrize("seed", range(6))
def test_the_seed_changes_every_key_and_no_outcome(seed: int) -> None:
    assert is_up(run(site("a"), site("b"), seed=seed))


# --- several policies, transform sets, entries, lines -------------------------------------------------------------


POLICIES = [
    IkePolicy(10, encryption="aes-256", group=5),
    IkePolicy(20, encryption="aes-192", group=5),
    IkePolicy(30, encryption="3des", group=2),
]


def test_three_policies_go_as_three_transforms_of_one_proposal_and_make_mm1_longer() -> None:
    result = run(site("a", policies=POLICIES), site("b", policies=POLICIES))
    assert is_up(result)
    # 28 + SA 136 + four vendor ids of 20 and 24 octets; FACTS §1.6 has 248 for an ASA that does not offer RFC 3947's.
    assert len(result.wire[0].packet.payload) == 168 + 40 + 40


def test_the_responders_own_order_decides_between_policies() -> None:
    result = run(site("a", policies=POLICIES), site("b", policies=[replace(POLICIES[2], priority=5), *POLICIES[:1]]))
    assert is_up(result)
    (accepted,) = of(result, "b", Phase1ProposalAccepted)
    assert accepted.transform == 3


def test_the_transform_set_that_both_have_is_taken() -> None:
    a_sets = [transform_set("esp-aes-256", name="ONE"), transform_set("esp-3des", "esp-md5-hmac", name="TWO")]
    b_sets = [transform_set("esp-des", name="THREE"), transform_set("esp-3des", "esp-md5-hmac", name="FOUR")]
    a = site("a", sets=a_sets, entries=[entry("a", transform_sets=("ONE", "TWO"))])
    b = site("b", sets=b_sets, entries=[entry("b", transform_sets=("THREE", "FOUR"))])
    assert is_up(run(a, b))


def test_a_deny_line_sends_the_packet_to_the_next_entry() -> None:
    secret = IPv4Network("192.168.1.2/32")
    lines = [line(secret, INSIDE["b"], ICMP, permit=False), line(INSIDE["a"], INSIDE["b"], ICMP)]
    a = site("a", lines=lines)
    denied = run(a, site("b"), trigger=Trigger.parse("icmp:192.168.1.2:192.168.2.2"))
    assert is_down(denied)
    assert {CryptoMapSkipped, CryptoMapNotMatched} <= kinds(denied, "a")
    assert denied.wire == ()
    assert is_up(run(a, site("b"), trigger=Trigger.parse("icmp:192.168.1.3:192.168.2.2")))


def test_the_lab_chooses_a_packet_that_the_deny_lines_leave() -> None:
    lines = [line(INSIDE["a"], INSIDE["b"], ICMP, permit=False), line(INSIDE["a"], INSIDE["b"], TCP, port=443)]
    mirrored = [line(INSIDE["b"], INSIDE["a"], TCP)]
    result = run(site("a", lines=lines), site("b", lines=mirrored))
    assert str(result.trigger) == "tcp:192.168.1.2:192.168.2.2:443"


@pytest.mark.parametrize(
    ("trigger", "protocol"),
    [
        ("icmp:192.168.1.2:192.168.2.2", ICMP),
        ("tcp:192.168.1.2:192.168.2.2", TCP),
        ("tcp:192.168.1.9:192.168.2.9:22", TCP),
    ],
)
def test_each_line_of_the_access_list_is_a_tunnel_of_its_own(trigger: str, protocol: int) -> None:
    result = run(site("a"), site("b"), trigger=Trigger.parse(trigger))
    assert is_up(result)
    assert [accepted.message_id != 0 for accepted in of(result, "a", Phase2Completed)] == [True]


def test_hosts_and_ports_are_negotiated_as_such() -> None:
    host_a, host_b = IPv4Network("192.168.1.7/32"), IPv4Network("192.168.2.7/32")
    a = site("a", lines=[line(host_a, host_b, TCP, port=443)])
    far = line(host_b, host_a, TCP)
    mirrored = replace(
        far,
        services=(
            replace(far.services[0], source_ports=line(host_a, host_b, TCP, port=443).services[0].destination_ports),
        ),
    )
    assert is_up(run(a, site("b", lines=[mirrored])))
    assert is_up(run(a, site("b", lines=[mirrored]), initiator="b"))


def test_a_protocol_without_ports_goes_through_too() -> None:
    gre = 47
    a, b = (
        site("a", lines=[line(INSIDE["a"], INSIDE["b"], gre)]),
        site("b", lines=[line(INSIDE["b"], INSIDE["a"], gre)]),
    )
    result = run(a, b)
    assert str(result.trigger) == "gre:192.168.1.2:192.168.2.2"
    assert is_up(result)


def test_a_second_entry_is_found_when_the_first_does_not_fit() -> None:
    other = site("a").access_lists["VPN"]
    first = entry("a", 5, access_list="OTHER")
    lines = (line(IPv4Network("172.16.0.0/16"), INSIDE["b"]),)
    a = site("a", entries=[first, entry("a", 10)])
    a = replace(a, access_lists={"VPN": other, "OTHER": replace(other, name="OTHER", lines=lines)})
    result = run(a, site("b"))
    assert is_up(result)
    assert [
        (type(event), event.sequence)
        for event in events(result, "a")
        if isinstance(event, (CryptoMapSkipped, CryptoMapMatched))
    ] == [
        (CryptoMapSkipped, 5),
        (CryptoMapMatched, 10),
    ]


# --- dynamic maps and DefaultL2LGroup -----------------------------------------------------------------------------


def test_a_dynamic_map_answers_a_peer_that_nobody_configured() -> None:
    result = run(site("a"), hub())
    assert is_up(result)
    assert DefaultGroupUsed in kinds(result, "b")
    assert {landed.name for landed in of(result, "b", TunnelGroupLanded)} == {DEFAULT_L2L_GROUP}


def test_a_dynamic_map_does_not_begin() -> None:
    result = run(site("a"), hub(), initiator="b")
    assert is_down(result)
    assert result.wire == ()


# --- lifetimes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "own", "agreed"), [(86400, 28800, 28800), (28800, 86400, 28800), (None, 3600, 3600)]
)
def test_the_shorter_phase_1_lifetime_holds(offered: int | None, own: int, agreed: int) -> None:
    result = run(site("a", policies=[IkePolicy(1, lifetime=offered)]), site("b", policies=[IkePolicy(1, lifetime=own)]))
    assert is_up(result)
    # The responder renews at three quarters (FACTS §3.1).
    assert [timer.seconds for timer in of(result, "b", Phase1RekeyTimer)] == [agreed * 3 // 4]


def test_a_responder_with_a_shorter_ipsec_lifetime_says_so_and_the_initiator_takes_it() -> None:
    result = run(site("a"), site("b", entries=[entry("b", lifetime_seconds=3600)]))
    assert of(result, "b", RekeyIntervalOverridden) == [RekeyIntervalOverridden(28800, 3600, "seconds")]
    assert of(result, "a", RekeyIntervalForced) == [RekeyIntervalForced(28800, 3600, "seconds")]
    assert [timer.seconds for name in "ab" for timer in of(result, name, Phase2RekeyTimer)] == [3060, 3060]


def test_a_responder_with_a_longer_ipsec_lifetime_takes_the_offer() -> None:
    result = run(site("a", entries=[entry("a", lifetime_seconds=3600)]), site("b"))
    assert is_up(result)
    assert [timer.seconds for name in "ab" for timer in of(result, name, Phase2RekeyTimer)] == [3060, 3060]


def test_kilobytes_are_told_like_seconds() -> None:
    result = run(site("a"), site("b", entries=[entry("b", lifetime_kilobytes=100000)]))
    assert is_up(result)
    assert of(result, "a", RekeyIntervalForced) == [RekeyIntervalForced(4608000, 100000, "Kbs")]


# --- mismatches: what fails, and what each side says of it --------------------------------------------------------


def test_no_common_policy_ends_at_mm1_and_the_initiator_repeats_it_at_0_8_8_8_seconds() -> None:
    result = run(site("a"), site("b", policies=[IkePolicy(10, encryption="aes", group=5)]))
    assert is_down(result)
    assert [(one.name, one.at) for one in result.wire if one.sender == "a"] == [
        ("MM1", at) for at in (0.0, 8.0, 16.0, 24.0)
    ]
    assert result.seconds == 32.0
    assert Phase1ProposalsUnacceptable in kinds(result, "b")
    (history,) = of(result, "a", FsmHistory)
    assert history.history[1][0] == "MM_WAIT_MSG2"


def test_no_answer_at_all_is_given_up_after_four_sends() -> None:
    result = run(site("a"), site("b"), faults=[Fault.parse("drop:MM1:all")])
    assert is_down(result)
    assert [one.at for one in result.wire] == [0.0, 8.0, 16.0, 24.0]
    assert [event.direction for event in of(result, "a", MessageDecoded)] == [
        "SENDING",
        "RESENDING",
        "RESENDING",
        "RESENDING",
    ]
    assert result.seconds == 32.0
    assert events(result, "b") == []


def test_an_ios_repeats_every_ten_seconds_six_times_in_all() -> None:
    result = run(site("a"), site("b"), personas=(IOS, ASA), faults=[Fault.parse("drop:MM1:all")])
    assert [one.at for one in result.wire] == [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]


def test_different_pre_shared_keys_end_at_mm5() -> None:
    result = run(site("a", psk=b"cisco"), site("b", psk=b"Cisco"))
    assert is_down(result)
    assert "MM6" not in names(result)
    assert DecryptedNonsense in kinds(result, "b")
    assert Phase1Completed not in kinds(result, "a") | kinds(result, "b")
    (history,) = of(result, "a", FsmHistory)
    assert history.history[1][0] == "MM_WAIT_MSG6"


def test_no_tunnel_group_ends_at_mm3() -> None:
    result = run(site("a"), site("b", psk=None))
    assert is_down(result)
    assert "MM4" not in names(result)
    assert TunnelGroupMissing in kinds(result, "b")
    (history,) = of(result, "a", FsmHistory)
    assert history.history[1][0] == "MM_WAIT_MSG4"


def test_no_tunnel_group_at_the_initiator_sends_nothing() -> None:
    result = run(site("a", psk=None), site("b"))
    assert is_down(result)
    assert result.wire == ()
    assert TunnelGroupMissing in kinds(result, "a")


def test_no_crypto_map_on_the_responders_interface_ends_at_mm1() -> None:
    b = site("b")
    result = run(site("a"), replace(b, crypto_maps={"MAP": replace(b.crypto_maps["MAP"], interfaces=())}))
    assert is_down(result)
    assert set(names(result)) == {"MM1"}
    assert NoCryptoMapOnInterface in kinds(result, "b")


def test_ike_that_is_not_enabled_is_silent() -> None:
    result = run(site("a"), site("b", ike_enabled={}))
    assert is_down(result)
    assert events(result, "b") == []
    at_initiator = run(site("a", ike_enabled={}), site("b"))
    assert at_initiator.wire == ()
    assert InitiatorPolicyMissing in kinds(at_initiator, "a")


def assert_phase_2_refused(result: LabResult, number: int, reason: str) -> None:
    """Phase 1 completed, the responder refused QM1, told the initiator, and tore the session down."""
    assert is_down(result)
    for name in "ab":
        assert Phase1Completed in kinds(result, name)
        assert Phase2Completed not in kinds(result, name)
        assert QuickModeFailed in kinds(result, name)
    assert "QM2" not in names(result)
    assert [notify.number for notify in of(result, "a", NotifyReceived)] == [number]
    assert [torn.reason for torn in of(result, "b", SessionTornDown)] == [reason]
    assert ConnectionTerminated in kinds(result, "a")


def test_no_common_transform_set_is_refused_with_no_proposal_chosen() -> None:
    result = run(site("a"), site("b", sets=[transform_set("esp-3des")]))
    assert_phase_2_refused(result, 14, "Phase 2 Mismatch")
    assert Phase2ProposalsUnacceptable in kinds(result, "b")


@pytest.mark.parametrize("offered", [None, 1, 5])
def test_another_pfs_group_than_the_responders_is_refused_with_no_proposal_chosen(offered: int | None) -> None:
    result = run(site("a", entries=[entry("a", pfs=offered)]), site("b", entries=[entry("b", pfs=2)]))
    assert_phase_2_refused(result, 14, "Phase 2 Mismatch")


@pytest.mark.parametrize(
    "lines",
    [
        [line(INSIDE["b"], IPv4Network("192.168.0.0/16"))],
        [line(INSIDE["b"], IPv4Network("192.168.1.0/25"))],
        [line(INSIDE["b"], INSIDE["a"], TCP)],
        [line(INSIDE["b"], INSIDE["a"], 0)],
        [line(INSIDE["b"], INSIDE["a"], permit=False)],
        [],
    ],
    ids=["wider", "narrower", "another protocol", "any protocol", "denied", "no line"],
)
def test_access_lists_that_are_no_mirror_images_are_refused_with_invalid_id(lines: Sequence) -> None:
    result = run(site("a"), site("b", lines=lines), trigger=Trigger.parse("icmp:192.168.1.2:192.168.2.2"))
    assert_phase_2_refused(result, 18, "crypto map policy not found")
    (missing,) = of(result, "b", CryptoMapEntryMissing)
    assert missing.remote == ProxyId(INSIDE["a"].network_address, INSIDE["a"].netmask, ICMP)


def test_a_peer_that_is_not_the_entrys_is_refused() -> None:
    elsewhere = IPv4Address("10.0.0.77")
    result = run(site("a"), site("b", entries=[entry("b", peers=(elsewhere,), peer_names=(str(elsewhere),))]))
    assert_phase_2_refused(result, 18, "crypto map policy not found")


def test_a_site_that_is_its_own_peer_says_so() -> None:
    own = OUTSIDE["a"]
    a = site("a", entries=[entry("a", peers=(own,), peer_names=(str(own),))])
    result = run(replace(a, tunnel_groups={str(own): TunnelGroup(str(own))}), site("b"))
    assert is_down(result)
    assert PeerIsOurselves in kinds(result, "a")


def test_a_peer_that_is_nobody_gets_no_answer() -> None:
    nobody = IPv4Address("10.0.0.99")
    a = site("a", entries=[entry("a", peers=(nobody,), peer_names=(str(nobody),))])
    a = replace(a, tunnel_groups={str(nobody): replace(a.tunnel_groups[str(OUTSIDE["b"])], name=str(nobody))})
    result = run(a, site("b"))
    assert is_down(result)
    assert {transit.fate for transit in result.wire} == {"nobody there"}


def test_without_any_crypto_map_the_packet_leaves_in_the_clear_and_nothing_is_negotiated() -> None:
    a = site("a")
    result = run(replace(a, crypto_maps={}), site("b"))
    assert is_down(result)
    assert result.wire == ()
    assert NegotiationStarted not in kinds(result, "a")


# --- the same again -----------------------------------------------------------------------------------------------


def test_two_runs_with_one_seed_are_the_same_to_the_last_octet_and_another_seed_is_another_run() -> None:
    first, second, other = (run(site("a"), site("b"), seed=seed) for seed in (7, 7, 8))
    assert first.wire == second.wire
    assert [one.entries for one in first.sites] == [one.entries for one in second.sites]
    assert [one.show for one in first.sites] == [one.show for one in second.sites]
    assert first.wire[0].packet.payload[:8] != other.wire[0].packet.payload[:8]


# --- addresses that NAT changes -----------------------------------------------------------------------------------

VIRTUAL = {"a": IPv4Network("172.16.1.0/24"), "b": IPv4Network("172.16.2.0/24")}


def overlapping(name: str) -> Config:
    """Both sites have 192.168.1.0/24 inside and are known to each other by another network of the same size."""
    far = FAR[name]
    real = IPv4Network("192.168.1.0/24")
    rule = NatRule(
        1,
        "static",
        "inside",
        "outside",
        (real,),
        (VIRTUAL[name],),
        (VIRTUAL[far],),
        (VIRTUAL[far],),
    )
    usual = site(name, lines=[line(VIRTUAL[name], VIRTUAL[far])], nat_rules=(rule,))
    inside, outside = usual.interfaces
    return replace(usual, interfaces=(replace(inside, address=real[1], network=real), outside))


@pytest.mark.parametrize("initiator", ["a", "b"])
def test_sites_with_the_same_network_inside_talk_through_static_nat(initiator: str) -> None:
    result = run(overlapping("a"), overlapping("b"), initiator=initiator)
    assert str(result.trigger) == f"icmp:192.168.1.2:{VIRTUAL[FAR[initiator]][2]}"
    assert is_up(result)


def test_a_translating_rule_takes_the_packet_away_from_the_access_list() -> None:
    to_the_internet = NatRule(2, "dynamic", "inside", "outside", (INSIDE["a"],), to_interface=True)
    result = run(site("a", nat_rules=(to_the_internet,)), site("b"))
    assert str(result.trigger) == "icmp:192.168.1.2:192.168.2.2"
    assert is_down(result)
    assert CryptoMapNotMatched in kinds(result, "a")
    assert result.wire == ()


def test_packets_that_do_not_fit_are_cut_up_and_counted() -> None:
    # Of 120 octets 44 are headers and IV, 12 the ICV: 64 are left, of which the trailer takes two.
    result = run(site("a", mtu={"outside": 120}), site("b"))
    assert result.established
    assert sum(transit.name == "esp" and transit.sender == "a" for transit in result.wire) == 2 * 4
    shown = result.sites[0].show["crypto ipsec sa"]
    assert "#pre-frag successes: 4, #pre-frag failures: 0, #fragments created: 8" in shown
    assert "path mtu 120, ipsec overhead 74(44), media mtu 120" in shown
    assert "#decapsulated frgs needing reassembly: 8" in result.sites[1].show["crypto ipsec sa"]
    # The hosts of the lab do not put fragments together, and it says so: nothing came as it was sent.
    assert result.delivered == {"a_to_b": 0, "b_to_a": 0}
