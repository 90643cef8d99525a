"""Pairs of configurations that do not fit together, as data: what was changed, and which rule must come first for whom.

Each is an edit of the text of `examples/two-sites`. `rule` is what both configurations together must give, with a mend
that brings the tunnel up. A viewpoint that sees less may say something else where its set says so: what is acceptable
there is what an honest engineer with only that log could say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Site = Literal["a", "b"]
Edit = tuple[str, str]
"""Text that must be there, and what stands in its place."""

NOTHING = "(nothing)"
"""No failure is diagnosed: this viewpoint saw nothing, or nothing that tells."""


@dataclass(frozen=True)
class Mutation:
    name: str
    rule: str
    a: tuple[Edit, ...] = ()
    b: tuple[Edit, ...] = ()
    fails: tuple[Site, ...] = ("a", "b")
    """Whose attempts come to nothing. Those of the other succeed, and then nothing may be diagnosed."""
    initiator: frozenset[str] = frozenset()
    """What the initiator's log alone may give; empty: `rule`."""
    responder: frozenset[str] = frozenset()
    both: frozenset[str] = frozenset()
    """What both logs without configurations may give."""
    configured: frozenset[str] = frozenset()
    """What both logs with configurations may give, if not `rule`."""
    up: frozenset[str] = frozenset({NOTHING})
    """What may be said of the other's successful attempts."""


def seen_as(*rules: str) -> frozenset[str]:
    return frozenset(rules)


def _policy(name: str, *edits: Edit, site: Site = "b") -> Mutation:
    return Mutation(f"policy-{name}-{site}", "policy-mismatch", **{site: edits})


def _transform(name: str, new: str, site: Site = "b") -> Mutation:
    # NO-PROPOSAL-CHOSEN does not say which part of the proposal it was.
    return Mutation(
        f"transform-set-{name}-{site}", "transform-set-mismatch", **{site: (("esp-aes esp-sha-hmac", new),)}
    )


def _acl(name: str, *edits: Edit, site: Site = "b", fails: tuple[Site, ...] = ("a", "b")) -> Mutation:
    return Mutation(f"acl-{name}-{site}", "proxy-identity-mismatch", fails=fails, **{site: edits})


ICMP_A = "access-list VPN extended permit icmp 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0\n"
ICMP_B = "access-list VPN extended permit icmp 192.168.2.0 255.255.255.0 192.168.1.0 255.255.255.0\n"
TCP_A = ICMP_A.replace("icmp", "tcp")
TCP_B = ICMP_B.replace("icmp", "tcp")
GROUP_A = "tunnel-group 10.0.0.2 type ipsec-l2l\ntunnel-group 10.0.0.2 ipsec-attributes\n pre-shared-key cisco\n"
GROUP_B = "tunnel-group 10.0.0.1 type ipsec-l2l\ntunnel-group 10.0.0.1 ipsec-attributes\n ikev1 pre-shared-key cisco\n"
LAST_A = " pre-shared-key cisco\n"
LAST_B = " ikev1 pre-shared-key cisco\n"
NAT_A = (
    "nat (inside,outside) source static INSIDE-RANGE INSIDE-RANGE destination static FOREIGN_NETWORK FOREIGN_NETWORK"
    " no-proxy-arp route-lookup\n"
)
PAT = "nat (inside,outside) source dynamic any interface\n"
BIND = "crypto map MAP interface outside\n"

SILENT = seen_as("peer-silent")
NO_KEY = seen_as("pre-shared-key-missing", "no-tunnel-group")
NO_PROPOSAL = seen_as("transform-set-mismatch", "pfs-mismatch")

MUTATIONS: tuple[Mutation, ...] = (
    # -- phase 1 policies
    _policy("encryption-aes", ("encryption 3des", "encryption aes")),
    _policy("encryption-aes", ("encryption 3des", "encryption aes"), site="a"),
    _policy("encryption-aes-256", ("encryption 3des", "encryption aes-256")),
    _policy("encryption-des", ("encryption 3des", "encryption des")),
    _policy("hash-md5", ("hash sha", "hash md5")),
    _policy("hash-md5", ("hash sha", "hash md5"), site="a"),
    _policy("group-5", ("group 2", "group 5")),
    _policy("group-1", ("group 2", "group 1"), site="a"),
    _policy("group-14", ("group 2", "group 14")),
    _policy("everything", ("encryption 3des", "encryption aes-192"), ("hash sha", "hash md5"), ("group 2", "group 5")),
    Mutation(
        "policy-authentication-b",
        "policy-mismatch",
        b=(("authentication pre-share", "authentication rsa-sig"),),
        initiator=seen_as("policy-mismatch", "ike-not-enabled"),
        responder=seen_as("policy-mismatch", NOTHING),
        both=seen_as("policy-mismatch", "ike-not-enabled"),
    ),
    Mutation(
        "policies-two-and-none-in-common",
        "policy-mismatch",
        a=(
            (
                "crypto isakmp policy 10\n",
                "crypto isakmp policy 5\n encryption aes-256\n group 5\ncrypto isakmp policy 10\n",
            ),
            ("encryption 3des", "encryption aes"),
        ),
        b=(("group 2", "group 1"),),
    ),
    # -- the pre-shared key
    *(
        Mutation(f"key-{name}-{site}", "pre-shared-key-mismatch", **{site: ((last, last.replace("cisco", key)),)})
        for site, last in (("a", LAST_A), ("b", LAST_B))
        for name, key in (("other", "cisco123"), ("case", "Cisco"))
    ),
    Mutation(
        "key-of-the-default-group",
        "pre-shared-key-mismatch",
        b=((GROUP_B, "tunnel-group DefaultL2LGroup ipsec-attributes\n ikev1 pre-shared-key another\n"),),
    ),
    # -- the tunnel-group
    Mutation(
        "tunnel-group-missing-b",
        "no-tunnel-group",
        b=((GROUP_B, ""),),
        initiator=NO_KEY,
        both=NO_KEY,
        configured=NO_KEY,
        responder=seen_as("no-tunnel-group", NOTHING),
    ),
    Mutation(
        "tunnel-group-missing-a",
        "no-tunnel-group",
        a=((GROUP_A, ""),),
        initiator=NO_KEY,
        both=NO_KEY,
        configured=NO_KEY,
        responder=seen_as("no-tunnel-group", NOTHING),
    ),
    Mutation(
        "tunnel-group-misnamed-b",
        "no-tunnel-group",
        b=((GROUP_B, GROUP_B.replace("10.0.0.1", "10.0.0.11")),),
        initiator=NO_KEY,
        responder=seen_as("no-tunnel-group", NOTHING),
        configured=NO_KEY,
        both=NO_KEY,
    ),
    Mutation(
        "tunnel-group-misnamed-a",
        "no-tunnel-group",
        a=((GROUP_A, GROUP_A.replace("10.0.0.2", "10.0.0.20")),),
        initiator=NO_KEY,
        responder=seen_as("no-tunnel-group", NOTHING),
        configured=NO_KEY,
        both=NO_KEY,
    ),
    Mutation(
        "tunnel-group-by-name-b",
        "no-tunnel-group",
        b=((GROUP_B, GROUP_B.replace("10.0.0.1", "site-a")),),
        initiator=NO_KEY,
        responder=seen_as("no-tunnel-group", NOTHING),
        configured=NO_KEY,
        both=NO_KEY,
    ),
    Mutation(
        "tunnel-group-without-key-b",
        "no-tunnel-group",
        b=((LAST_B, ""),),
        initiator=NO_KEY,
        responder=seen_as("no-tunnel-group", NOTHING),
        configured=NO_KEY,
        both=NO_KEY,
    ),
    Mutation(
        "tunnel-group-without-key-a",
        "no-tunnel-group",
        a=((LAST_A, ""),),
        initiator=NO_KEY,
        responder=seen_as("no-tunnel-group", NOTHING),
        configured=NO_KEY,
        both=NO_KEY,
    ),
    # -- the peer's address
    Mutation(
        "peer-wrong-b",
        "peer-address-mismatch",
        b=(("set peer 10.0.0.1\n", "set peer 10.0.0.9\n"),),
        # The initiator is told INVALID-ID-INFORMATION, which is what a wrong access-list gives; and as initiator it has
        # no key for the wrong address.
        initiator=seen_as("proxy-identity-mismatch", *NO_KEY),
        responder=seen_as("peer-address-mismatch", NOTHING),
        both=seen_as("peer-address-mismatch", *NO_KEY),
    ),
    Mutation(
        "peer-wrong-a",
        "peer-address-mismatch",
        a=(("set peer 10.0.0.2\n", "set peer 10.0.0.9\n"),),
        initiator=seen_as("proxy-identity-mismatch", *NO_KEY),
        responder=seen_as("peer-address-mismatch", NOTHING),
        both=seen_as("peer-address-mismatch", *NO_KEY),
    ),
    Mutation(
        "peer-wrong-with-its-group-a",
        "peer-address-mismatch",
        a=(("set peer 10.0.0.2\n", "set peer 10.0.0.9\n"), (LAST_A, LAST_A + GROUP_A.replace("10.0.0.2", "10.0.0.9"))),
        initiator=seen_as("proxy-identity-mismatch", *SILENT),
        responder=seen_as("peer-address-mismatch", NOTHING),
        both=seen_as("peer-address-mismatch", *SILENT),
    ),
    Mutation(
        "peer-is-ourselves-b",
        "peer-address-mismatch",
        b=(("set peer 10.0.0.1\n", "set peer 10.0.0.2\n"),),
        initiator=seen_as("peer-address-mismatch", "proxy-identity-mismatch"),
        responder=seen_as("peer-address-mismatch", NOTHING),
    ),
    # -- transform sets
    *(
        _transform(name, new, site)
        for site in ("a", "b")
        for name, new in (
            ("3des", "esp-3des esp-sha-hmac"),
            ("md5", "esp-aes esp-md5-hmac"),
            ("aes-256", "esp-aes-256 esp-sha-hmac"),
            ("null", "esp-null esp-sha-hmac"),
        )
    ),
    Mutation(
        "transform-set-undefined-b",
        "crypto-map-incomplete",
        b=(("set ikev1 transform-set TRANSFORM", "set ikev1 transform-set TRANSFROM"),),
        initiator=seen_as("proxy-identity-mismatch", "crypto-map-incomplete", NOTHING),
        responder=seen_as("proxy-identity-mismatch", "crypto-map-incomplete", NOTHING),
        both=seen_as("proxy-identity-mismatch", "crypto-map-incomplete", NOTHING),
    ),
    # -- perfect forward secrecy
    Mutation(
        "pfs-only-at-b",
        "pfs-mismatch",
        b=((BIND, "crypto map MAP 10 set pfs group2\n" + BIND),),
        fails=("a",),
        initiator=NO_PROPOSAL,
    ),
    Mutation(
        "pfs-only-at-a",
        "pfs-mismatch",
        a=((BIND, "crypto map MAP 10 set pfs group5\n" + BIND),),
        fails=("b",),
        initiator=NO_PROPOSAL,
    ),
    Mutation(
        "pfs-bare-at-b",
        "pfs-mismatch",
        b=((BIND, "crypto map MAP 10 set pfs\n" + BIND),),
        fails=("a",),
        initiator=NO_PROPOSAL,
    ),
    Mutation(
        "pfs-groups-differ",
        "pfs-mismatch",
        a=((BIND, "crypto map MAP 10 set pfs group2\n" + BIND),),
        b=((BIND, "crypto map MAP 10 set pfs group5\n" + BIND),),
        initiator=NO_PROPOSAL,
    ),
    # -- access-lists
    _acl("wider", (ICMP_B, ICMP_B.replace("192.168.1.0 255.255.255.0", "192.168.0.0 255.255.0.0"))),
    _acl("wider", (ICMP_A, ICMP_A.replace("192.168.2.0 255.255.255.0", "192.168.0.0 255.255.0.0")), site="a"),
    _acl("narrower", (ICMP_B, ICMP_B.replace("192.168.1.0 255.255.255.0", "192.168.1.0 255.255.255.128"))),
    _acl("narrower", (ICMP_A, ICMP_A.replace("192.168.2.0 255.255.255.0", "192.168.2.0 255.255.255.128")), site="a"),
    _acl("any", (ICMP_B, ICMP_B.replace("192.168.1.0 255.255.255.0", "any"))),
    _acl("host", (ICMP_B, ICMP_B.replace("192.168.1.0 255.255.255.0", "host 192.168.1.2"))),
    _acl("host", (ICMP_A, ICMP_A.replace("192.168.2.0 255.255.255.0", "host 192.168.2.2")), site="a"),
    _acl("protocol-ip", (ICMP_B, ICMP_B.replace("icmp", "ip"))),
    _acl("protocol-ip", (ICMP_A, ICMP_A.replace("icmp", "ip")), site="a"),
    _acl("local-shifted", (ICMP_B, ICMP_B.replace("192.168.2.0", "192.168.3.0"))),
    Mutation("acl-line-missing-b", "proxy-identity-mismatch", b=((ICMP_B, ""),), fails=("a",)),
    Mutation("acl-line-missing-a", "proxy-identity-mismatch", a=((ICMP_A, ""),), fails=("b",)),
    Mutation(
        "acl-port-b",
        "proxy-identity-mismatch",
        fails=("a", "b"),
        a=((ICMP_A, ""),),
        b=((ICMP_B, ""), (TCP_B, TCP_B.replace("255.255.255.0\n", "255.255.255.0 eq 80\n"))),
    ),
    # -- incomplete entries
    Mutation(
        "no-match-address-b",
        "crypto-map-incomplete",
        b=(("crypto map MAP 10 match address VPN\n", ""),),
        initiator=seen_as("proxy-identity-mismatch", "crypto-map-incomplete", "no-interesting-traffic"),
        both=seen_as("crypto-map-incomplete", "no-interesting-traffic"),
        responder=seen_as("crypto-map-incomplete", NOTHING),
    ),
    Mutation(
        "no-match-address-a",
        "crypto-map-incomplete",
        a=(("crypto map MAP 10 match address VPN\n", ""),),
        initiator=seen_as("proxy-identity-mismatch", "crypto-map-incomplete", "no-interesting-traffic"),
        both=seen_as("crypto-map-incomplete", "no-interesting-traffic"),
        responder=seen_as("crypto-map-incomplete", NOTHING),
    ),
    Mutation(
        "no-peer-b",
        "crypto-map-incomplete",
        b=(("crypto map MAP 10 set peer 10.0.0.1\n", ""),),
        initiator=seen_as("proxy-identity-mismatch", "crypto-map-incomplete"),
        responder=seen_as("crypto-map-incomplete", NOTHING),
    ),
    Mutation(
        "no-peer-a",
        "crypto-map-incomplete",
        a=(("crypto map MAP 10 set peer 10.0.0.2\n", ""),),
        initiator=seen_as("proxy-identity-mismatch", "crypto-map-incomplete"),
        responder=seen_as("crypto-map-incomplete", NOTHING),
    ),
    Mutation(
        "no-transform-set-b",
        "crypto-map-incomplete",
        b=(("crypto map MAP 10 set ikev1 transform-set TRANSFORM\n", ""),),
        initiator=seen_as("proxy-identity-mismatch", "crypto-map-incomplete"),
        responder=seen_as("crypto-map-incomplete", NOTHING),
    ),
    Mutation(
        "no-transform-set-a",
        "crypto-map-incomplete",
        a=(("crypto map MAP 10 set transform-set TRANSFORM\n", ""),),
        initiator=seen_as("proxy-identity-mismatch", "crypto-map-incomplete"),
        responder=seen_as("crypto-map-incomplete", NOTHING),
    ),
    # -- interfaces
    *(
        Mutation(
            f"map-not-bound-{site}",
            "no-crypto-map-on-interface",
            **{site: ((BIND, ""),)},
            initiator=seen_as("peer-silent", NOTHING),
            responder=seen_as("no-crypto-map-on-interface", NOTHING),
            both=seen_as("no-crypto-map-on-interface", NOTHING),
        )
        for site in ("a", "b")
    ),
    Mutation(
        "map-on-the-wrong-interface-b",
        "no-crypto-map-on-interface",
        b=((BIND, BIND.replace("outside", "inside")),),
        initiator=seen_as("peer-silent", "ike-not-enabled"),
        responder=seen_as("no-crypto-map-on-interface", NOTHING),
        both=seen_as("no-crypto-map-on-interface", "ike-not-enabled"),
    ),
    *(
        Mutation(
            f"ike-not-enabled-{site}",
            "ike-not-enabled",
            **{site: ((f"crypto {word} enable outside\n", ""),)},
            initiator=seen_as("ike-not-enabled", "peer-silent"),
            responder=seen_as(NOTHING),
            both=seen_as("ike-not-enabled", "peer-silent"),
        )
        for site, word in (("a", "isakmp"), ("b", "ikev1"))
    ),
    Mutation(
        "ike-on-the-wrong-interface-b",
        "ike-not-enabled",
        b=(("crypto ikev1 enable outside", "crypto ikev1 enable inside"),),
        initiator=seen_as("ike-not-enabled", "peer-silent"),
        responder=seen_as(NOTHING),
        both=seen_as("ike-not-enabled", "peer-silent"),
    ),
    # -- NAT and routes: only the end that sends first notices
    Mutation(
        "nat-exemption-missing-a",
        "nat-exemption-missing",
        a=((NAT_A, PAT),),
        fails=("a",),
        initiator=seen_as("nat-exemption-missing", "no-interesting-traffic"),
        responder=seen_as(NOTHING),
        both=seen_as("nat-exemption-missing", "no-interesting-traffic"),
        up=seen_as("nat-exemption-missing", NOTHING),
    ),
    Mutation(
        "nat-exemption-missing-b",
        "nat-exemption-missing",
        b=((NAT_A, PAT),),
        fails=("b",),
        initiator=seen_as("nat-exemption-missing", "no-interesting-traffic"),
        responder=seen_as(NOTHING),
        both=seen_as("nat-exemption-missing", "no-interesting-traffic"),
        up=seen_as("nat-exemption-missing", NOTHING),
    ),
    Mutation(
        "nat-exemption-shadowed-a",
        "nat-exemption-missing",
        a=((NAT_A, PAT + NAT_A),),
        fails=("a",),
        initiator=seen_as("nat-exemption-missing", "no-interesting-traffic"),
        responder=seen_as(NOTHING),
        both=seen_as("nat-exemption-missing", "no-interesting-traffic"),
        up=seen_as("nat-exemption-missing", NOTHING),
    ),
    Mutation(
        "route-to-the-inside-a",
        "no-interesting-traffic",
        fails=("a",),
        a=((BIND, "route inside 192.168.2.0 255.255.255.0 192.168.1.254 1\n" + BIND),),
        initiator=seen_as(NOTHING),
        responder=seen_as(NOTHING),
        both=seen_as(NOTHING),
    ),
    # -- order
    Mutation(
        "dynamic-before-static-b",
        "crypto-map-order",
        fails=("a",),
        b=(
            (
                "crypto map MAP 10 match",
                "crypto ipsec ikev1 transform-set CLIENTS esp-3des esp-md5-hmac\n"
                "crypto dynamic-map DYN 1 set ikev1 transform-set CLIENTS\n"
                "crypto map MAP 5 ipsec-isakmp dynamic DYN\ncrypto map MAP 10 match",
            ),
        ),
        initiator=NO_PROPOSAL,
        responder=seen_as("crypto-map-order", *NO_PROPOSAL),
        both=seen_as("crypto-map-order", *NO_PROPOSAL),
    ),
    Mutation(
        "dynamic-with-pfs-before-static-b",
        "crypto-map-order",
        fails=("a",),
        b=(
            (
                "crypto map MAP 10 match",
                "crypto dynamic-map DYN 1 set ikev1 transform-set TRANSFORM\ncrypto dynamic-map DYN 1 set pfs group5\n"
                "crypto map MAP 5 ipsec-isakmp dynamic DYN\ncrypto map MAP 10 match",
            ),
        ),
        initiator=NO_PROPOSAL,
        responder=seen_as("crypto-map-order", *NO_PROPOSAL),
        both=seen_as("crypto-map-order", *NO_PROPOSAL),
    ),
    Mutation(
        "other-peer-before-a",
        "crypto-map-order",
        a=(
            (
                "crypto map MAP 10 match",
                "crypto map MAP 5 match address VPN\ncrypto map MAP 5 set peer 10.0.0.77\n"
                "crypto map MAP 5 set transform-set TRANSFORM\ncrypto map MAP 10 match",
            ),
            (LAST_A, LAST_A + GROUP_A.replace("10.0.0.2", "10.0.0.77")),
        ),
        fails=("a",),
        initiator=SILENT,
        responder=seen_as(NOTHING),
        both=SILENT,
    ),
    # -- who may begin
    Mutation(
        "originate-only-b",
        "connection-type-mismatch",
        fails=("a",),
        b=((BIND, "crypto map MAP 10 set connection-type originate-only\n" + BIND),),
        initiator=seen_as("connection-type-mismatch", *NO_PROPOSAL),
    ),
    Mutation(
        "answer-only-a",
        "connection-type-mismatch",
        fails=("a",),
        a=((BIND, "crypto map MAP 10 set connection-type answer-only\n" + BIND),),
        initiator=seen_as("connection-type-mismatch", "ike-not-enabled"),
        responder=seen_as(NOTHING),
        both=seen_as("connection-type-mismatch", "ike-not-enabled"),
    ),
    # -- differences that are no faults
    Mutation("lifetime-differs", "lifetime-adjusted", b=(("lifetime 86400", "lifetime 28800"),), fails=()),
    Mutation(
        "ipsec-lifetime-equal", "lifetime-adjusted", b=(("lifetime seconds 3600", "lifetime seconds 28800"),), fails=()
    ),
    Mutation("nat-t-disabled-b", "", b=((BIND, "crypto map MAP 10 set nat-t-disable\n" + BIND),), fails=()),
    Mutation("no-nat-traversal-a", "", a=((BIND, BIND + "no crypto isakmp nat-traversal\n"),), fails=()),
    Mutation(
        "another-policy-first-b",
        "",
        b=(("crypto ikev1 policy 10\n", "crypto ikev1 policy 5\n encryption aes-256\ncrypto ikev1 policy 10\n"),),
        fails=(),
    ),
)


@dataclass(frozen=True)
class WireFault:
    """Something wrong on the way and nothing in the configurations."""

    faults: tuple[str, ...]
    both: frozenset[str]
    initiator: frozenset[str]
    responder: frozenset[str]
    fails: bool = True

    @property
    def name(self) -> str:
        return "+".join(self.faults)


LOST = seen_as("responses-lost")
DAMAGED = seen_as("malformed-message", "responses-lost", "pre-shared-key-mismatch", "peer-silent")

WIRE_FAULTS: tuple[WireFault, ...] = (
    WireFault(("drop:MM1:all",), SILENT, SILENT, seen_as(NOTHING)),
    WireFault(("drop:MM2:all",), LOST, SILENT, LOST),
    WireFault(("drop:MM3:all",), LOST, LOST, SILENT),
    # A peer that has no key for us falls silent at the same place.
    WireFault(("drop:MM4:all",), LOST, seen_as("no-tunnel-group"), LOST),
    # A peer with another key repeats MM4 as well; one that gets no MM5 cannot know whether it went to UDP 4500.
    WireFault(
        ("drop:MM5:all",),
        LOST,
        seen_as("pre-shared-key-mismatch"),
        seen_as("peer-silent", "nat-traversal-blocked"),
    ),
    WireFault(("drop:MM6:all",), LOST, seen_as("pre-shared-key-mismatch"), LOST),
    WireFault(("drop:QM1:all",), LOST, SILENT, seen_as(NOTHING)),
    WireFault(("drop:QM2:all",), LOST, SILENT, LOST),
    WireFault(("drop:QM3:all",), LOST, LOST, SILENT),
    WireFault(("drop:any:all",), SILENT, SILENT, seen_as(NOTHING)),
    WireFault(("drop:MM1:all", "drop:info:all"), SILENT, SILENT, seen_as(NOTHING)),
    *(
        WireFault((f"corrupt:{name}:all",), DAMAGED, seen_as(*DAMAGED, "no-tunnel-group"), seen_as(*DAMAGED, NOTHING))
        for name in ("MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3")
    ),
    *(
        WireFault((f"drop:{name}",), seen_as(NOTHING), seen_as(NOTHING), seen_as(NOTHING), fails=False)
        for name in ("MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3")
    ),
    *(
        WireFault((f"duplicate:{name}:all",), seen_as(NOTHING), seen_as(NOTHING), seen_as(NOTHING), fails=False)
        for name in ("MM1", "MM4", "QM2")
    ),
    WireFault(("duplicate:esp:all",), *[seen_as("replayed-packets")] * 3, fails=False),
    *(
        WireFault((f"delay:{name}",), seen_as(NOTHING), seen_as(NOTHING), seen_as(NOTHING), fails=False)
        for name in ("MM2", "MM5", "QM3")
    ),
    WireFault(("drop:udp4500:all",), seen_as(NOTHING), seen_as(NOTHING), seen_as(NOTHING), fails=False),
)
