"""From debug lines to configuration lines."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mainmode import events as ev
from mainmode.config.reader import read as read_config
from mainmode.events import Entry
from mainmode.explain import ladder, origins
from mainmode.words import WORDINGS
from tests import golden
from tests.explain.logs import GOLDEN, PEER, document, lab, site


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_every_line_of_the_document_has_its_origin_in_the_documents_configuration(role: str) -> None:
    entries, config = document(role), site("a")
    traced = origins.trace(ladder.build(entries), entries, config)
    assert all(traced)
    for spans in traced:
        for span in spans:
            assert config.lines[span.line - 1].text == span.text
    listing = [
        f"{type(entry.event).__name__}: " + " | ".join(f"{span.line} {span.text.strip()}" for span in spans)
        for entry, spans in zip(entries, traced, strict=True)
    ]
    golden.compare("\n".join(listing) + "\n", GOLDEN / f"{role}.origins.txt")


def test_every_wording_has_an_origin_in_any_configuration_that_enables_ike() -> None:
    config = read_config("crypto ikev1 enable outside\ncrypto map M interface outside\n", "thin.cfg").config
    for wording in WORDINGS:
        for stage in ("", "MM1", "QM1", "INFO"):
            found = origins.of(Entry(wording.sample()), config, origins.Context(stage=stage))
            assert found, wording


def test_every_wording_has_a_command_to_look_for_without_a_configuration() -> None:
    for wording in WORDINGS:
        for stage in ("", "MM3", "QM1"):
            command = origins.template(Entry(wording.sample(), PEER), stage)
            assert "{" not in command
            assert "None" not in command


def test_a_template_says_what_the_line_says() -> None:
    matched = origins.template(Entry(ev.CryptoMapMatched("MAP", 20)))
    assert matched == "crypto map MAP 20 match address <access-list>"
    landed = Entry(ev.TunnelGroupLanded("10.0.0.2"), PEER)
    assert origins.template(landed) == "tunnel-group 10.0.0.2 type ipsec-l2l"


TWO_PEERS = """\
interface Ethernet0
 nameif outside
 ip address 10.0.0.1 255.255.255.0
access-list ONE extended permit ip 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0
access-list TWO extended permit ip 192.168.1.0 255.255.255.0 192.168.3.0 255.255.255.0
access-list TWO extended permit icmp 192.168.1.0 255.255.255.0 192.168.4.0 255.255.255.0
crypto ipsec ikev1 transform-set T esp-aes esp-sha-hmac
crypto ipsec ikev1 transform-set U esp-3des esp-md5-hmac
crypto map M 10 match address ONE
crypto map M 10 set peer 10.0.0.2
crypto map M 10 set ikev1 transform-set T
crypto map M 20 match address TWO
crypto map M 20 set peer 10.0.0.3
crypto map M 20 set ikev1 transform-set U
crypto map M 20 set pfs group5
crypto map M interface outside
crypto ikev1 enable outside
crypto ikev1 policy 10
 encryption aes
 group 5
crypto ikev1 policy 20
 encryption 3des
 group 2
tunnel-group 10.0.0.2 type ipsec-l2l
tunnel-group 10.0.0.2 ipsec-attributes
 ikev1 pre-shared-key one
tunnel-group 10.0.0.3 type ipsec-l2l
tunnel-group 10.0.0.3 ipsec-attributes
 ikev1 pre-shared-key two
 isakmp keepalive threshold 30 retry 5
"""


def lines_of(*events: ev.Event, config: str = TWO_PEERS) -> list[list[int]]:
    """The line numbers of each event's origins; the peer is the second of the configuration."""
    reading = read_config(config, "two.cfg")
    assert not reading.errors
    entries = [Entry(event, IPv4Address("10.0.0.3"), "10.0.0.3") for event in events]
    return [[s.line for s in spans] for spans in origins.trace(ladder.build(entries), entries, reading.config)]


def proxy(network: str, protocol: int) -> ev.ProxyId:
    return ev.ProxyId(IPv4Address(network), IPv4Address("255.255.255.0"), protocol)


def test_the_origins_are_those_of_the_peers_own_entry_group_and_access_list_line() -> None:
    found = lines_of(
        ev.NegotiationStarted("New Phase 1", "inside", IPv4Address("10.0.0.3"), None, None, "M"),
        ev.TunnelGroupLanded("10.0.0.3"),
        ev.KeysGenerated("initiator"),
        ev.KeepaliveAgreed("DPD"),
        ev.ProxyIdsTransmitted("initiator", proxy("192.168.1.0", 1), proxy("192.168.4.0", 1)),
        ev.MessageDecoded("SENDING", 7, (8, 1, 10, 5, 5), 172),
        ev.PayloadBuilt("pfs ke"),
    )
    assert found[0] == [13, 12, 6]
    assert found[1:4] == [[27], [29, 20, 23, 27], [30]]
    assert found[4] == [6, 12]
    assert found[6] == [15]


def test_the_agreed_policy_is_the_one_that_the_box_names() -> None:
    accepted = ev.Phase1ProposalAccepted(1, 1, 3)  # the second: the list begins with the default policy
    assert lines_of(ev.PayloadProcessed("IKE SA"), accepted, ev.PayloadBuilt("ke")) == [[21], [21], [23]]


def test_a_mismatched_attribute_points_at_that_line_of_every_policy() -> None:
    assert lines_of(ev.AttributeMismatch(1, "Group Description", "Group 14", "Group 5")) == [[20, 23]]


def test_a_line_that_names_another_entry_is_about_that_one() -> None:
    checking, mismatch = lines_of(
        ev.StaticMapChecking("M", 10),
        ev.StaticMapMismatch("M", 10, IPv4Address("192.168.4.0"), IPv4Address("192.168.1.0")),
    )
    assert checking == [9]
    assert mismatch == [4, 9]


def test_an_access_list_line_that_nothing_decides_is_every_line_of_the_list() -> None:
    refused = ev.CryptoMapEntryMissing(proxy("10.9.9.0", 0), proxy("192.168.1.0", 0), "outside")
    assert lines_of(refused) == [[5, 6, 12]]


def test_a_dynamic_entry_takes_its_transform_set_from_the_dynamic_map() -> None:
    config = """\
crypto ipsec ikev1 transform-set T esp-aes esp-sha-hmac
crypto dynamic-map D 1 set ikev1 transform-set T
crypto map M 65535 ipsec-isakmp dynamic D
crypto map M interface outside
crypto ikev1 enable outside
"""
    assert lines_of(ev.PayloadProcessed("IPsec SA"), config=config) == [[2, 1]]


def test_the_configuration_of_the_box_that_wrote_the_log_is_found_by_its_peers() -> None:
    a, b = site("a"), site("b")
    of_a, of_b = (ladder.build(one.entries) for one in lab().sites)
    assert origins.choose([a, b], of_a) is a
    assert origins.choose([a, b], of_b) is b
    assert origins.choose([a], of_b) is None
    assert origins.choose([], of_a) is None


def test_lines_that_belong_to_no_negotiation_have_origins_too() -> None:
    entry = replace(document("initiator")[1], peer=None)
    (spans,) = origins.trace(ladder.build([entry]), [entry], site("a"))
    assert [span.text for span in spans] == ["crypto map MAP interface outside"]
