"""Rows of configuration text and the objects it becomes. Every command that is done has a row here or in whole.cfg."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from mainmode.config.model import (
    ANY,
    Ace,
    AddressRange,
    Config,
    CryptoMapEntry,
    IkePolicy,
    NatRule,
    PortRange,
    Route,
    Service,
    Support,
    TransformSet,
    TunnelGroup,
)
from mainmode.config.reader import Reading, read
from mainmode.secret import Secret


def config(text: str) -> Config:
    reading = read(text, "a.cfg")
    assert reading.errors == ()
    return reading.config


def entry(config: Config, name: str = "M", sequence: int = 10) -> CryptoMapEntry:
    return next(one for one in config.crypto_maps[name].entries if one.sequence == sequence)


def network(text: str) -> IPv4Network:
    return IPv4Network(text)


def host(text: str) -> IPv4Network:
    return IPv4Network(f"{text}/32")


Row = tuple[str, Callable[[Config], Any], Any]

GLOBAL_ROWS: list[Row] = [
    ("hostname edge", lambda c: c.hostname, "edge"),
    ("hostname edge\nno hostname", lambda c: c.hostname, "ciscoasa"),
    ("ASA Version 9.3(2) ", lambda c: c.version, "9.3(2)"),
    ("", lambda c: c.identity, "auto"),
    ("crypto isakmp identity address ", lambda c: c.identity, "address"),
    ("crypto isakmp identity key-id branch-7", lambda c: (c.identity, c.identity_value), ("key-id", "branch-7")),
    ("crypto isakmp identity address\nno crypto isakmp identity", lambda c: c.identity, "auto"),
    ("", lambda c: c.nat_traversal, 20),
    ("crypto isakmp nat-traversal 300", lambda c: c.nat_traversal, 300),
    ("no crypto isakmp nat-traversal", lambda c: c.nat_traversal, None),
    ("no crypto isakmp nat-traversal\ncrypto isakmp nat-traversal", lambda c: c.nat_traversal, 20),
    ("crypto isakmp disconnect-notify", lambda c: c.disconnect_notify, True),
    ("crypto ikev1 am-disable", lambda c: c.aggressive_mode, False),
    ("crypto ikev1 enable outside", lambda c: list(c.ike_enabled), ["outside"]),
    ("isakmp enable outside", lambda c: list(c.ike_enabled), ["outside"]),
    ("crypto ikev1 enable a\ncrypto ikev1 enable b\nno crypto ikev1 enable a", lambda c: list(c.ike_enabled), ["b"]),
    ("", lambda c: (c.lifetime_seconds, c.lifetime_kilobytes), (28800, 4608000)),
    (
        "crypto ipsec security-association lifetime kilobytes 10000 seconds 3600",
        lambda c: (c.lifetime_seconds, c.lifetime_kilobytes),
        (3600, 10000),
    ),
    ("crypto ipsec security-association lifetime kilobytes unlimited", lambda c: c.lifetime_kilobytes, None),
    ("", lambda c: c.replay_window, 64),
    ("crypto ipsec security-association replay window-size 1024", lambda c: c.replay_window, 1024),
    ("crypto ipsec security-association replay disable", lambda c: c.replay_window, 0),
    ("crypto ipsec df-bit clear-df outside", lambda c: c.df_bit, {"outside": "clear-df"}),
    (
        "crypto ipsec fragmentation after-encryption outside",
        lambda c: c.fragmentation,
        {"outside": "after-encryption"},
    ),
    ("", lambda c: c.pmtu_aging, None),
    ("crypto ipsec security-association pmtu-aging 20", lambda c: c.pmtu_aging, 20),
    (
        "crypto ipsec security-association pmtu-aging 20\ncrypto ipsec security-association pmtu-aging infinite",
        lambda c: c.pmtu_aging,
        None,
    ),
    ("mtu outside 1400", lambda c: c.mtu, {"outside": 1400}),
    ("", lambda c: c.sysopt_permit_vpn, True),
    ("no sysopt connection permit-vpn", lambda c: c.sysopt_permit_vpn, False),
    ("sysopt connection tcpmss 0", lambda c: c.tcpmss, 0),
    ("same-security-traffic permit intra-interface", lambda c: c.same_security_intra, True),
    ("nat-control", lambda c: c.nat_control, True),
    ("access-group A in interface outside", lambda c: c.access_groups, {"outside in": "A"}),
    (
        "route outside 0 0 10.0.0.9",
        lambda c: c.routes,
        (Route("outside", ANY, IPv4Address("10.0.0.9"), 1),),
    ),
    (
        "route inside 10.1.0.0 255.255.0.0 10.0.0.9 20\nroute inside 10.2.0.0 255.255.0.0 10.0.0.9"
        "\nno route inside 10.1.0.0 255.255.0.0 10.0.0.9",
        lambda c: c.routes,
        (Route("inside", network("10.2.0.0/16"), IPv4Address("10.0.0.9")),),
    ),
]


@pytest.mark.parametrize(("text", "get", "expected"), GLOBAL_ROWS)
def test_a_global_command_sets_what_it_says(text: str, get: Callable[[Config], Any], expected: Any) -> None:
    assert get(config(text)) == expected


POLICY_ROWS: list[tuple[str, IkePolicy]] = [
    ("crypto isakmp policy 10", IkePolicy(10, "pre-share", "3des", "sha", 2, 86400)),
    (
        "crypto ikev1 policy 1\n encryption aes-256\n hash md5\n group 5\n lifetime none",
        IkePolicy(1, "pre-share", "aes-256", "md5", 5, None),
    ),
    ("crypto ikev1 policy 1\nencr aes\nauth pre\nlife 120", IkePolicy(1, "pre-share", "aes", "sha", 2, 120)),
    ("crypto ikev1 policy 1\n group 14\n no group", IkePolicy(1)),
    ("isakmp policy 5 encryption des\nisakmp policy 5 group 1", IkePolicy(5, encryption="des", group=1)),
    ("crypto isakmp policy 5 hash md5", IkePolicy(5, hash="md5")),
]


@pytest.mark.parametrize(("text", "expected"), POLICY_ROWS)
def test_a_policy_is_what_its_lines_say_and_defaults(text: str, expected: IkePolicy) -> None:
    assert config(text).ike_policies == (expected,)


def test_policies_stand_in_the_order_of_their_numbers() -> None:
    text = "crypto ikev1 policy 20\ncrypto ikev1 policy 5\ncrypto ikev1 policy 65535\nno crypto ikev1 policy 20"
    assert [policy.priority for policy in config(text).ike_policies] == [5, 65535]


def test_the_way_policies_are_written_is_remembered() -> None:
    assert config("crypto isakmp policy 1").syntax == "isakmp"
    assert config("crypto ikev1 policy 1").syntax == "ikev1"


def test_a_policy_with_a_group_nobody_computes_is_left_out_and_said_so() -> None:
    reading = read("crypto isakmp policy 1\n group 7\ncrypto isakmp policy 2\n group 2", "a.cfg")
    assert [policy.priority for policy in reading.config.ike_policies] == [2]
    assert [(one.code, one.span and one.span.line) for one in reading.warnings] == [("policy-left-out", 2)]


TRANSFORM_ROWS: list[tuple[str, TransformSet]] = [
    ("crypto ipsec transform-set T esp-3des esp-md5-hmac", TransformSet("T", "esp-3des", "esp-md5-hmac")),
    ("crypto ipsec ikev1 transform-set T esp-aes-192 esp-sha-hmac ", TransformSet("T", "esp-aes-192", "esp-sha-hmac")),
    ("crypto ipsec ikev1 transform-set T esp-null esp-none", TransformSet("T", "esp-null", "esp-none")),
    ("crypto ipsec transform-set T esp-des", TransformSet("T", "esp-des", "esp-none")),
    (
        "crypto ipsec transform-set T esp-des esp-sha-hmac\ncrypto ipsec transform-set T mode transport",
        TransformSet("T", "esp-des", "esp-sha-hmac", "transport"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), TRANSFORM_ROWS)
def test_a_transform_set_is_cipher_hmac_and_mode(text: str, expected: TransformSet) -> None:
    assert config(text).transform_sets == {"T": expected}


ENTRY_ROWS: list[tuple[str, dict[str, Any]]] = [
    ("match address A", {"access_list": "A"}),
    ("set peer 10.0.0.2", {"peers": (IPv4Address("10.0.0.2"),), "peer_names": ("10.0.0.2",)}),
    (
        "set peer 10.0.0.2 10.0.0.3 ",
        {"peers": (IPv4Address("10.0.0.2"), IPv4Address("10.0.0.3")), "peer_names": ("10.0.0.2", "10.0.0.3")},
    ),
    ("set transform-set A B", {"transform_sets": ("A", "B")}),
    ("set ikev1 transform-set A", {"transform_sets": ("A",)}),
    ("set pfs", {"pfs": 2}),
    ("set pfs group1", {"pfs": 1}),
    ("set pfs group14", {"pfs": 14}),
    ("set security-association lifetime seconds 3600", {"lifetime_seconds": 3600}),
    (
        "set security-association lifetime kilobytes unlimited seconds 120",
        {"lifetime_seconds": 120, "lifetime_kilobytes": "unlimited"},
    ),
    ("set reverse-route", {"reverse_route": True}),
    ("set nat-t-disable", {"nat_t_disable": True}),
    ("set connection-type originate-only", {"connection_type": "originate-only"}),
    ("set ikev1 phase1-mode aggressive group5", {"phase1_mode": "aggressive", "phase1_group": 5}),
    ("set phase1-mode main", {}),
    ("set trustpoint T chain", {"trust_point": "T"}),
    ("set ikev2 ipsec-proposal P Q", {"ikev2_proposals": ("P", "Q")}),
    ("ipsec-isakmp dynamic D", {"dynamic": "D"}),
]


@pytest.mark.parametrize(("words", "fields"), ENTRY_ROWS)
def test_a_crypto_map_entry_has_what_is_set(words: str, fields: dict[str, Any]) -> None:
    found = config(f"crypto map M 10 {words}")
    assert entry(found) == CryptoMapEntry("M", 10, **fields)
    assert not found.dynamic_maps


@pytest.mark.parametrize(("words", "fields"), ENTRY_ROWS[:-1])
def test_a_dynamic_map_takes_the_same_settings(words: str, fields: dict[str, Any]) -> None:
    found = config(f"crypto dynamic-map M 10 {words}")
    assert found.dynamic_maps["M"].entries == (CryptoMapEntry("M", 10, **fields),)
    assert not found.crypto_maps


@pytest.mark.parametrize("words", [words for words, _ in ENTRY_ROWS])
def test_no_before_a_setting_gives_the_default_back(words: str) -> None:
    line = f"crypto map M 10 {words}"
    assert entry(config(f"{line}\nno {line}")) == CryptoMapEntry("M", 10)


@pytest.mark.parametrize("words", ["set peer", "set pfs", "match address", "set ikev1 transform-set"])
def test_no_may_leave_the_value_out(words: str) -> None:
    text = "crypto map M 10 match address A\ncrypto map M 10 set peer 10.0.0.2\ncrypto map M 10 set pfs group5\n"
    text += "crypto map M 10 set ikev1 transform-set T\n"
    before, after = config(text), config(f"{text}no crypto map M 10 {words}")
    assert entry(before) != entry(after)


def test_another_set_peer_adds_a_peer_and_no_takes_one_away() -> None:
    text = "crypto map M 10 set peer 10.0.0.2\ncrypto map M 10 set peer 10.0.0.3\n"
    assert entry(config(text)).peer_names == ("10.0.0.2", "10.0.0.3")
    assert entry(config(f"{text}no crypto map M 10 set peer 10.0.0.2")).peers == (IPv4Address("10.0.0.3"),)


def test_entries_stand_by_sequence_number_and_an_interface_has_one_map() -> None:
    text = "crypto map M 30 set pfs\ncrypto map M 5 set pfs\ncrypto map M interface outside\n"
    found = config(f"{text}crypto map N interface outside")
    assert [one.sequence for one in found.crypto_maps["M"].entries] == [5, 30]
    assert found.crypto_maps["M"].interface is None
    assert found.crypto_map_on("outside") is found.crypto_maps["N"]
    assert found.crypto_map_on("inside") is None


@pytest.mark.parametrize(
    ("removal", "left"),
    [
        ("no crypto map M 10", {"M": [20]}),
        ("no crypto map M", {}),
        ("clear configure crypto map", {}),
        ("clear configure crypto map M", {}),
        ("clear configure crypto map N", {"M": [10, 20]}),
    ],
)
def test_entries_and_maps_can_be_taken_away(removal: str, left: dict[str, list[int]]) -> None:
    found = config(f"crypto map M 10 set pfs\ncrypto map M 20 set pfs\n{removal}")
    assert {
        name: [one.sequence for one in crypto_map.entries] for name, crypto_map in found.crypto_maps.items()
    } == left


def test_set_pfs_alone_is_group_14_from_release_9_13_on() -> None:
    assert entry(config("ASA Version 9.12(4)\ncrypto map M 10 set pfs")).pfs == 2
    assert entry(config("ASA Version 9.13(1)\ncrypto map M 10 set pfs")).pfs == 14


def test_an_entry_with_pfs_nobody_computes_is_left_out_rather_than_weakened() -> None:
    reading = read("crypto map M 10 set pfs group21\ncrypto map M 20 set pfs group2", "a.cfg")
    assert [one.sequence for one in reading.config.crypto_maps["M"].entries] == [20]
    assert [one.code for one in reading.warnings] == ["entry-left-out"]


def test_an_entry_is_complete_with_access_list_peer_and_transform_set() -> None:
    lines = [
        "crypto map M 10 match address A",
        "crypto map M 10 set peer 10.0.0.2",
        "crypto map M 10 set transform-set T",
    ]
    assert entry(config("\n".join(lines))).complete
    for missing in lines:
        assert not entry(config("\n".join(line for line in lines if line != missing))).complete
    assert entry(config("crypto map M 10 ipsec-isakmp dynamic D")).complete


def test_lifetimes_come_from_the_entry_or_from_the_global_ones() -> None:
    text = "crypto ipsec security-association lifetime seconds 7200\ncrypto map M 10 set pfs\n"
    found = config(f"{text}crypto map M 20 set security-association lifetime kilobytes unlimited")
    assert found.lifetimes(entry(found, sequence=10)) == (7200, 4608000)
    assert found.lifetimes(entry(found, sequence=20)) == (7200, None)


GROUP_ROWS: list[tuple[str, TunnelGroup]] = [
    ("tunnel-group G type ipsec-l2l", TunnelGroup("G")),
    ("tunnel-group G type IPSec_L2L", TunnelGroup("G")),
    ("tunnel-group G type ipsec-ra", TunnelGroup("G", "remote-access")),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n pre-shared-key cisco",
        TunnelGroup("G", pre_shared_key=Secret(b"cisco")),
    ),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n ikev1 pre-shared-key *****",
        TunnelGroup("G", key_masked=True),
    ),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n pre-shared-key a\n no ikev1 pre-shared-key",
        TunnelGroup("G"),
    ),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n isakmp keepalive threshold 300 retry 5",
        TunnelGroup("G", keepalive_threshold=300, keepalive_retry=5),
    ),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n isakmp keepalive disable",
        TunnelGroup("G", keepalive_disabled=True),
    ),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n isakmp keepalive threshold infinite",
        TunnelGroup("G", keepalive_disabled=True),
    ),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G general-attributes\n default-group-policy P",
        TunnelGroup("G", default_group_policy="P"),
    ),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n peer-id-validate nocheck\n trust-point T",
        TunnelGroup("G", peer_id_validate="nocheck", trust_point="T"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), GROUP_ROWS)
def test_a_tunnel_group_has_its_type_key_and_keepalives(text: str, expected: TunnelGroup) -> None:
    assert config(text).tunnel_groups == {"DefaultL2LGroup": TunnelGroup("DefaultL2LGroup"), "G": expected}


def test_the_groups_every_asa_has_are_always_there_and_have_their_types() -> None:
    found = config("tunnel-group DefaultRAGroup general-attributes\nno tunnel-group DefaultL2LGroup")
    assert found.tunnel_groups["DefaultL2LGroup"] == TunnelGroup("DefaultL2LGroup")
    assert found.tunnel_groups["DefaultRAGroup"].type == "remote-access"
    assert found.group_policies["DfltGrpPolicy"].vpn_idle_timeout == 30


def test_a_group_policy_inherits_what_it_does_not_say() -> None:
    text = """
group-policy DfltGrpPolicy attributes
 vpn-idle-timeout 60
group-policy P internal
group-policy P attributes
 vpn-session-timeout 480
 vpn-filter value A
tunnel-group 10.0.0.2 type ipsec-l2l
tunnel-group 10.0.0.2 general-attributes
 default-group-policy P
"""
    found = config(text)
    policy = found.group_policy(found.tunnel_groups["10.0.0.2"])
    assert (policy.vpn_idle_timeout, policy.vpn_session_timeout, policy.vpn_filter) == (60, 480, "A")
    assert found.group_policies["P"].vpn_idle_timeout is None


def test_an_interface_has_name_address_and_level() -> None:
    text = """
interface GigabitEthernet0/0
 nameif inside
 ip address 192.168.1.1 255.255.255.0 standby 192.168.1.2
interface Ethernet 0/1
 nameif dmz
 security-level 50
 shutdown
 no shutdown
interface Vlan10
 no nameif
 no ip address
 shutdown
interface Vlan20
 nameif outside
 ip address dhcp setroute
interface Vlan30
 nameif backup
 ip address pppoe
"""
    inside, dmz, vlan, outside, backup = config(text).interfaces
    assert (outside.address, outside.setroute, backup.address, backup.setroute) == (None, True, None, False)
    assert (inside.hardware, inside.name, inside.security_level) == ("GigabitEthernet0/0", "inside", 100)
    assert (inside.address, inside.network) == (IPv4Address("192.168.1.1"), network("192.168.1.0/24"))
    assert inside.standby == IPv4Address("192.168.1.2")
    assert (dmz.hardware, dmz.name, dmz.security_level, dmz.shutdown) == ("Ethernet0/1", "dmz", 50, False)
    assert (vlan.name, vlan.address, vlan.shutdown) == (None, None, True)
    found = config(text)
    assert found.interface_at(IPv4Address("192.168.1.1")) == inside
    assert found.interface_named("dmz") == dmz
    assert [found.interface_number(name) for name in ("inside", "dmz", "nowhere")] == [1, 2, 0]


# --- access-lists -------------------------------------------------------------------------------------------------


def ace(text: str) -> Ace:
    return config(text).access_lists["A"].lines[0].aces[0]


ENDPOINT_ROWS = [
    ("any", ANY),
    ("any4", ANY),
    ("host 10.0.0.1", host("10.0.0.1")),
    ("10.0.0.0 255.255.255.128", network("10.0.0.0/25")),
    ("object NET", network("10.7.0.0/16")),
    ("object HOST", host("10.7.7.7")),
    ("object SPAN", AddressRange(IPv4Address("10.1.1.5"), IPv4Address("10.1.1.9"))),
    ("object-group ONE", network("10.7.0.0/16")),
    ("interface inside", host("192.168.1.1")),
    ("host poller", host("192.0.2.77")),
    ("lan 255.255.0.0", network("10.20.0.0/16")),
]

DEFINITIONS = """
name 192.0.2.77 poller
name 10.20.0.0 lan
interface Gi0/0
 nameif inside
 ip address 192.168.1.1 255.255.255.0
object network NET
 subnet 10.7.0.0 255.255.0.0
object network HOST
 host 10.7.7.7
object network SPAN
 range 10.1.1.5 10.1.1.9
object-group network ONE
 network-object object NET
"""


@pytest.mark.parametrize(("words", "expected"), ENDPOINT_ROWS)
def test_an_endpoint_can_be_written_in_every_way_of_an_asa(words: str, expected: Any) -> None:
    found = ace(f"{DEFINITIONS}access-list A extended permit ip {words} any")
    assert (found.source, found.destination) == (expected, ANY)
    found = ace(f"{DEFINITIONS}access-list A extended permit ip any {words}")
    assert (found.source, found.destination) == (ANY, expected)


SERVICE_ROWS = [
    ("ip any any", 0, None, None),
    ("tcp any any", 6, None, None),
    ("udp any any", 17, None, None),
    ("esp any any", 50, None, None),
    ("89 any any", 89, None, None),
    ("tcp any any eq www", 6, None, PortRange(80, 80)),
    ("tcp any eq 22 any", 6, PortRange(22, 22), None),
    ("tcp any gt 1023 any lt 1024", 6, PortRange(1024, 65535), PortRange(0, 1023)),
    ("udp any range 100 200 any range ntp snmptrap", 17, PortRange(100, 200), PortRange(123, 162)),
]


@pytest.mark.parametrize(("words", "protocol", "source", "destination"), SERVICE_ROWS)
def test_a_line_has_protocol_and_ports_by_name_or_number(
    words: str, protocol: int, source: PortRange | None, destination: PortRange | None
) -> None:
    found = ace(f"access-list A extended permit {words}")
    assert (found.protocol, found.source_ports, found.destination_ports) == (protocol, source, destination)


def test_neq_leaves_a_port_out() -> None:
    lines = config("access-list A permit tcp any any neq 80").access_lists["A"].lines
    assert [one.destination_ports for one in lines[0].aces] == [PortRange(0, 79), PortRange(81, 65535)]


def test_icmp_has_a_type_by_name_or_number() -> None:
    assert ace("access-list A permit icmp any any").icmp_type is None
    assert ace("access-list A permit icmp any any echo-reply").icmp_type == 0
    assert ace("access-list A permit icmp any any unreachable 4 log").icmp_code == 4


def test_extended_is_the_default_and_shown_and_line_numbers_are_not() -> None:
    text = "access-list A permit ip any any\naccess-list A line 1 deny ip host 10.0.0.1 any inactive\n"
    lines = config(f"{text}access-list A remark x").access_lists["A"].lines
    assert [line.text for line in lines] == [
        "access-list A extended deny ip host 10.0.0.1 any inactive",
        "access-list A extended permit ip any any",
    ]
    assert [(line.permit, line.active) for line in lines] == [(False, False), (True, True)]


def test_an_object_group_makes_one_element_per_combination() -> None:
    text = """
object-group network LEFT
 network-object 10.1.0.0 255.255.0.0
 network-object host 10.2.0.1
object-group network RIGHT
 network-object 10.9.0.0 255.255.0.0
 group-object MORE
object-group network MORE
 network-object host 10.8.0.1
 group-object RIGHT
access-list A extended permit ip object-group LEFT object-group RIGHT
"""
    aces = config(text).access_lists["A"].lines[0].aces
    assert [one.text for one in aces] == [
        "access-list A extended permit ip 10.1.0.0 255.255.0.0 10.9.0.0 255.255.0.0",
        "access-list A extended permit ip 10.1.0.0 255.255.0.0 host 10.8.0.1",
        "access-list A extended permit ip host 10.2.0.1 10.9.0.0 255.255.0.0",
        "access-list A extended permit ip host 10.2.0.1 host 10.8.0.1",
    ]


def test_groups_of_services_protocols_ports_and_icmp_types_are_opened() -> None:
    text = """
object service S
 service udp source eq 500 destination eq 500
object-group service WEB tcp
 port-object eq www
 port-object range 8080 8081
object-group service ANYTHING
 service-object object S
 service-object tcp-udp destination eq domain
 service-object icmp echo
 service-object gre
object-group protocol TU
 protocol-object tcp
 protocol-object udp
object-group icmp-type PINGS
 icmp-object echo
 icmp-object echo-reply
access-list A permit tcp any object-group WEB any
access-list A permit tcp any any object-group WEB
access-list A permit object-group ANYTHING any any
access-list A permit object-group TU any any eq 53
access-list A permit icmp any any object-group PINGS
access-list A permit object S any any
"""
    services = [line.services for line in config(text).access_lists["A"].lines]
    web = (PortRange(80, 80), PortRange(8080, 8081))
    assert services == [
        tuple(Service(6, ports) for ports in web),
        tuple(Service(6, None, ports) for ports in web),
        (
            Service(17, PortRange(500, 500), PortRange(500, 500)),
            Service(6, None, PortRange(53, 53)),
            Service(17, None, PortRange(53, 53)),
            Service(1, icmp_type=8),
            Service(47),
        ),
        (Service(6, None, PortRange(53, 53)), Service(17, None, PortRange(53, 53))),
        (Service(1, icmp_type=8), Service(1, icmp_type=0)),
        (Service(17, PortRange(500, 500), PortRange(500, 500)),),
    ]


def test_a_group_between_two_addresses_is_the_ports_if_it_is_one_of_services() -> None:
    text = """
object-group network NETS
 network-object host 10.0.0.1
object-group service WEB tcp
 port-object eq www
access-list A permit tcp object-group NETS object-group WEB object-group NETS
access-list A permit tcp object-group NETS object-group NETS object-group WEB
"""
    first, second = (line.aces[0] for line in config(text).access_lists["A"].lines)
    assert (first.source_ports, first.destination_ports) == (PortRange(80, 80), None)
    assert (second.source_ports, second.destination_ports) == (None, PortRange(80, 80))


def test_members_and_lines_can_be_taken_away() -> None:
    text = """
object-group network G
 network-object host 10.0.0.1
 network-object host 10.0.0.2
 no network-object host 10.0.0.1
access-list A permit ip object-group G any
access-list A permit ip any any
access-list B permit ip any any
no access-list A extended permit ip any any
no access-list B
"""
    found = config(text)
    assert [one.source for one in found.access_lists["A"].aces] == [host("10.0.0.2")]
    assert "B" not in found.access_lists


def test_a_standard_list_names_destinations() -> None:
    found = config("access-list A standard permit 10.0.0.0 255.0.0.0\naccess-list A standard deny host 10.1.1.1")
    assert [(one.permit, one.source, one.destination) for one in found.access_lists["A"].aces] == [
        (True, ANY, network("10.0.0.0/8")),
        (False, ANY, host("10.1.1.1")),
    ]


def test_ipv6_lines_are_left_out_and_said_so() -> None:
    reading = read("access-list A extended permit ip any6 2001:db8::/32\naccess-list A permit ip any host 2001::1", "a")
    assert reading.errors == ()
    assert "A" not in reading.config.access_lists
    assert [one.code for one in reading.warnings] == ["ipv6", "ipv6"]


# --- NAT ----------------------------------------------------------------------------------------------------------

NAT_OBJECTS = """
object network LAN
 subnet 192.168.1.0 255.255.255.0
object network FAR
 subnet 192.168.2.0 255.255.255.0
object network ONE
 host 192.168.1.5
object network PUBLIC
 host 203.0.113.5
"""
LAN, FAR, ONE, PUBLIC = network("192.168.1.0/24"), network("192.168.2.0/24"), host("192.168.1.5"), host("203.0.113.5")

NAT_ROWS: list[tuple[str, NatRule, bool]] = [
    (
        "nat (inside,outside) source static LAN LAN destination static FAR FAR no-proxy-arp route-lookup",
        NatRule(1, "static", "inside", "outside", (LAN,), (LAN,), (FAR,), (FAR,), no_proxy_arp=True, route_lookup=True),
        True,
    ),
    (
        "nat (inside,outside) source static ONE PUBLIC",
        NatRule(1, "static", "inside", "outside", (ONE,), (PUBLIC,)),
        False,
    ),
    ("nat (any,any) source static any any", NatRule(1, "static", "any", "any", (ANY,), (ANY,)), True),
    ("nat source static ONE ONE", NatRule(1, "static", "any", "any", (ONE,), (ONE,)), True),
    (
        "nat (inside,outside) after-auto source dynamic any interface",
        NatRule(3, "dynamic", "inside", "outside", (ANY,), (), to_interface=True),
        False,
    ),
    (
        "nat (inside,outside) 1 source dynamic LAN PUBLIC unidirectional inactive description old one",
        NatRule(1, "dynamic", "inside", "outside", (LAN,), (PUBLIC,), unidirectional=True, active=False),
        False,
    ),
    (
        # For the destination the mapped object stands first.
        "nat (inside,outside) source static LAN LAN destination static PUBLIC FAR",
        NatRule(1, "static", "inside", "outside", (LAN,), (LAN,), (FAR,), (PUBLIC,)),
        False,
    ),
    (
        "object network ONE\n nat (inside,outside) static PUBLIC",
        NatRule(2, "static", "inside", "outside", (ONE,), (PUBLIC,), object="ONE"),
        False,
    ),
    (
        "object network ONE\n nat (inside,outside) static 203.0.113.5",
        NatRule(2, "static", "inside", "outside", (ONE,), (PUBLIC,), object="ONE"),
        False,
    ),
    (
        "object network LAN\n nat (inside,outside) dynamic interface",
        NatRule(2, "dynamic", "inside", "outside", (LAN,), (), to_interface=True, object="LAN"),
        False,
    ),
    (
        "access-list N permit ip any any\nnat (inside) 0 access-list N",
        NatRule(0, "exempt", "inside", "any", access_list="N"),
        True,
    ),
    (
        "nat (inside) 1 192.168.1.0 255.255.255.0",
        NatRule(2, "dynamic", "inside", "any", (LAN,), (), to_interface=True),
        False,
    ),
    (
        "static (inside,outside) 203.0.113.5 192.168.1.5 netmask 255.255.255.255",
        NatRule(1, "static", "inside", "outside", (ONE,), (PUBLIC,)),
        False,
    ),
]


@pytest.mark.parametrize(("line", "expected", "identity"), NAT_ROWS)
def test_a_nat_rule_has_its_addresses_and_knows_whether_it_changes_any(
    line: str, expected: NatRule, identity: bool
) -> None:
    found = config(NAT_OBJECTS + line).nat_rules
    assert found == (expected,)
    assert found[0].identity is identity


def test_nat_rules_stand_in_the_order_they_are_tried_in() -> None:
    text = f"""{NAT_OBJECTS}
nat (inside,outside) after-auto source dynamic any interface
object network LAN
 nat (inside,outside) dynamic interface
object network ONE
 nat (inside,outside) static PUBLIC
nat (inside,outside) source static ONE ONE
nat (inside,outside) 1 source static LAN LAN
"""
    rules = config(text).nat_rules
    assert [(rule.section, rule.kind, rule.real[0]) for rule in rules] == [
        (1, "static", LAN),
        (1, "static", ONE),
        (2, "static", ONE),
        (2, "dynamic", LAN),
        (3, "dynamic", ANY),
    ]


# --- places, names, references ------------------------------------------------------------------------------------


def reading(text: str) -> Reading:
    return read(text, "a.cfg")


def test_every_object_remembers_the_line_and_columns_it_comes_from() -> None:
    text = """hostname x
crypto isakmp policy 10
  group 2
crypto map M 10 set peer 10.0.0.2
crypto map M interface outside
tunnel-group 10.0.0.2 type ipsec-l2l
tunnel-group 10.0.0.2 ipsec-attributes
 pre-shared-key cisco
"""
    found = config(text)
    policy = found.ike_policies[0]
    assert policy.span is not None
    assert (policy.span.file, policy.span.line, policy.span.column, policy.span.end_column) == ("a.cfg", 2, 1, 24)
    assert (policy.spans["group"].line, policy.spans["group"].column, policy.spans["group"].text) == (3, 3, "  group 2")
    assert entry(found).spans["set peer"].line == 4
    assert found.crypto_maps["M"].interface_span == found.lines[4]
    group = found.tunnel_groups["10.0.0.2"]
    assert group.span is not None and group.span.line == 6
    assert group.spans["pre-shared-key"].text == " pre-shared-key *****"
    assert [span.line for span in found.lines] == list(range(1, 9))


UNDEFINED_ROWS = [
    ("crypto map M 10 match address NONE", "access-list", "NONE", 31),
    ("crypto map M 10 set transform-set NONE", "transform-set", "NONE", 35),
    ("crypto map M 10 ipsec-isakmp dynamic NONE", "dynamic-map", "NONE", 38),
    ("crypto map M 10 set peer far-end", "name", "far-end", 26),
    ("crypto map M interface outside", "interface", "outside", 24),
    ("crypto ikev1 enable outside", "interface", "outside", 21),
    ("route outside 0.0.0.0 0.0.0.0 10.0.0.1", "interface", "outside", 7),
    ("access-list A permit ip object NONE any", "object", "NONE", 32),
    ("access-list A permit ip any object-group NONE", "object-group", "NONE", 42),
    ("access-list A permit ip far-net 255.255.255.0 any", "name", "far-net", 25),
    ("nat (a,b) source static NONE any", "object", "NONE", 25),
    ("nat (a) 0 access-list NONE", "access-list", "NONE", 23),
    (
        "tunnel-group G type ipsec-l2l\ntunnel-group G general-attributes\n default-group-policy NONE",
        "group-policy",
        "NONE",
        23,
    ),
    ("group-policy G internal\ngroup-policy G attributes\n vpn-filter value NONE", "access-list", "NONE", 19),
    ("access-group NONE global", "access-list", "NONE", 14),
    ("object-group network G\n group-object NONE", "object-group", "NONE", 15),
    ("object-group network G\n network-object object NONE", "object", "NONE", 24),
]


@pytest.mark.parametrize(("text", "kind", "name", "column"), UNDEFINED_ROWS)
def test_a_name_that_nothing_defines_is_found_where_it_is_used(text: str, kind: str, name: str, column: int) -> None:
    found = reading(text)
    assert found.errors == ()
    assert [(one.kind, one.name, one.span.line, one.span.column) for one in found.undefined] == [
        (kind, name, text.count("\n") + 1, column)
    ]


def test_what_is_taken_away_again_refers_to_nothing() -> None:
    assert reading("crypto map M 10 match address NONE\nno crypto map M 10").undefined == ()


def test_an_alias_is_an_address_wherever_its_name_command_stands() -> None:
    found = config("crypto map M 10 set peer far-end\nname 203.0.113.9 far-end description the branch")
    assert entry(found).peers == (IPv4Address("203.0.113.9"),)
    assert entry(found).peer_names == ("far-end",)


@pytest.mark.parametrize(
    ("line", "support"),
    [
        ("frobnicate all", Support.UNRECOGNISED),
        ("logging enable", Support.IGNORED),
        ("no logging enable", Support.IGNORED),
        ("crypto ikev2 enable outside", Support.NOT_IMPLEMENTED),
        ("access-list A permit ip any any", Support.LIMITED),
        ("crypto ikev1 enable outside", Support.DONE),
        ("no interface Vlan1", Support.NOT_IMPLEMENTED),
    ],
)
def test_each_line_is_in_one_of_five_states(line: str, support: Support) -> None:
    found = reading(line)
    assert [(one.support, one.span.line) for one in found.support] == [(support, 1)]
    assert {state: len(lines) for state, lines in found.by_support().items()} == {
        state: int(state is support) for state in Support
    }


def test_short_keys_are_warned_of_and_never_shown() -> None:
    text = "tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n pre-shared-key sekret"
    found = reading(text)
    assert [one.code for one in found.warnings] == ["short-key"]
    assert "sekret" not in repr(found)
    assert not reading(text.replace("sekret", "a-key-that-is-long-enough")).warnings
