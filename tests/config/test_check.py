"""What reading one configuration finds: each fault put into a sound one is named, at its line, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mainmode.config.check import check
from mainmode.config.finding import Finding
from mainmode.config.reader import read

SOUND = """\
interface GigabitEthernet0/0
 nameif inside
 ip address 192.168.1.1 255.255.255.0
interface GigabitEthernet0/1
 nameif outside
 ip address 10.0.0.1 255.255.255.0
object network LAN
 subnet 192.168.1.0 255.255.255.0
object network FAR
 subnet 192.168.2.0 255.255.255.0
access-list VPN extended permit ip object LAN object FAR
access-list VPN2 extended permit ip object LAN 192.168.3.0 255.255.255.0
nat (inside,outside) source static LAN LAN destination static FAR FAR
crypto ikev1 policy 10
 authentication pre-share
crypto ikev1 enable outside
crypto ipsec ikev1 transform-set T esp-aes esp-sha-hmac
crypto map MAP 10 match address VPN
crypto map MAP 10 set peer 10.0.0.2
crypto map MAP 10 set ikev1 transform-set T
crypto map MAP 20 match address VPN2
crypto map MAP 20 set peer 10.0.0.3
crypto map MAP 20 set ikev1 transform-set T
crypto map MAP interface outside
tunnel-group 10.0.0.2 type ipsec-l2l
tunnel-group 10.0.0.2 ipsec-attributes
 ikev1 pre-shared-key a-key-that-is-long-enough
tunnel-group 10.0.0.3 type ipsec-l2l
tunnel-group 10.0.0.3 ipsec-attributes
 ikev1 pre-shared-key a-key-that-is-long-enough
"""


def findings(text: str) -> tuple[Finding, ...]:
    reading = read(text, "a.cfg")
    assert reading.errors == ()
    return check(reading)


def test_a_sound_configuration_has_nothing_to_be_said_about() -> None:
    assert findings(SOUND) == ()
    example = Path(__file__).parents[2] / "examples" / "two-sites" / "site-a.cfg"
    assert [one.code for one in findings(example.read_text())] == ["short-key"]


Fault = tuple[str, str, str, str, str]
FAULTS: list[Fault] = [
    # what is replaced, by what, the finding's code, severity, the text of its line ("" where there is none)
    (
        "crypto map MAP interface outside\n",
        "",
        "no-crypto-map-on-interface",
        "problem",
        "crypto map MAP 10 match address VPN",
    ),
    (
        "crypto ikev1 enable outside",
        "crypto ikev1 enable inside",
        "ike-not-enabled",
        "problem",
        "crypto map MAP interface outside",
    ),
    (
        "crypto map MAP 10 match address VPN\n",
        "",
        "crypto-map-incomplete",
        "problem",
        "crypto map MAP 10 set peer 10.0.0.2",
    ),
    (
        "crypto map MAP 10 set peer 10.0.0.2\n",
        "",
        "crypto-map-incomplete",
        "problem",
        "crypto map MAP 10 match address VPN",
    ),
    (
        "crypto map MAP 10 set ikev1 transform-set T\n",
        "",
        "crypto-map-incomplete",
        "problem",
        "crypto map MAP 10 match address VPN",
    ),
    (
        "crypto map MAP 10 set ikev1 transform-set T",
        "crypto map MAP 10 set ikev2 ipsec-proposal P",
        "crypto-map-incomplete",
        "warning",
        "crypto map MAP 10 match address VPN",
    ),
    ("match address VPN\n", "match address VPM\n", "undefined", "problem", "crypto map MAP 10 match address VPM"),
    (
        "permit ip object LAN object FAR",
        "permit ip object LAN object FOR",
        "undefined",
        "problem",
        "access-list VPN extended permit ip object LAN object FOR",
    ),
    (
        "crypto map MAP interface outside",
        "crypto map MAP interface Outside",
        "undefined",
        "problem",
        "crypto map MAP interface Outside",
    ),
    ("crypto ikev1 policy 10\n authentication pre-share\n", "", "policy-mismatch", "problem", ""),
    (" authentication pre-share", " authentication rsa-sig", "policy-mismatch", "problem", " authentication rsa-sig"),
    (
        "tunnel-group 10.0.0.2",
        "tunnel-group 10.0.0.9",
        "no-tunnel-group",
        "problem",
        "crypto map MAP 10 set peer 10.0.0.2",
    ),
    (
        "tunnel-group 10.0.0.2 type ipsec-l2l",
        "tunnel-group 10.0.0.2 type remote-access",
        "no-tunnel-group",
        "problem",
        "tunnel-group 10.0.0.2 type remote-access",
    ),
    (
        "tunnel-group 10.0.0.2 ipsec-attributes\n ikev1 pre-shared-key a-key-that-is-long-enough\n",
        "",
        "pre-shared-key-missing",
        "problem",
        "tunnel-group 10.0.0.2 type ipsec-l2l",
    ),
    (
        "a-key-that-is-long-enough\ntunnel-group 10.0.0.3 type",
        "*****\ntunnel-group 10.0.0.3 type",
        "key-masked",
        "note",
        " ikev1 pre-shared-key *****",
    ),
    (
        "a-key-that-is-long-enough\ntunnel-group 10.0.0.3 type",
        "cisco123\ntunnel-group 10.0.0.3 type",
        "short-key",
        "warning",
        " ikev1 pre-shared-key *****",
    ),
    (
        "crypto map MAP 20 match",
        "crypto dynamic-map D 1 set ikev1 transform-set T\ncrypto map MAP 15 ipsec-isakmp dynamic D\n"
        "crypto map MAP 20 match",
        "crypto-map-order",
        "problem",
        "crypto map MAP 20 match address VPN2",
    ),
    (
        "permit ip object LAN object FAR",
        "permit ip object LAN 192.168.0.0 255.255.0.0",
        "crypto-map-order",
        "warning",
        "access-list VPN2 extended permit ip object LAN 192.168.3.0 255.255.255.0",
    ),
    (
        "VPN extended permit ip",
        "VPN extended deny ip",
        "no-interesting-traffic",
        "problem",
        "crypto map MAP 10 match address VPN",
    ),
    (
        "access-list VPN extended permit ip object LAN object FAR",
        "access-list VPN standard permit 192.168.2.0 255.255.255.0",
        "no-interesting-traffic",
        "problem",
        "crypto map MAP 10 match address VPN",
    ),
    (
        "source static LAN LAN destination static FAR FAR",
        "source dynamic LAN interface",
        "nat-exemption-missing",
        "warning",
        "nat (inside,outside) source dynamic LAN interface",
    ),
    ("set peer 10.0.0.2", "set peer 10.9.9.9", "peer-silent", "warning", "crypto map MAP 10 set peer 10.9.9.9"),
    (
        "crypto map MAP interface outside",
        "crypto map MAP interface outside\ncrypto map MAP 10 set phase1-mode aggressive",
        "mode-mismatch",
        "warning",
        "crypto map MAP 10 set phase1-mode aggressive",
    ),
    (
        "crypto map MAP interface outside",
        "crypto map MAP interface outside\ncrypto ipsec ikev1 transform-set T mode transport",
        "encapsulation-mismatch",
        "warning",
        "crypto ipsec ikev1 transform-set T esp-aes esp-sha-hmac",
    ),
    (
        " ip address 10.0.0.1 255.255.255.0",
        " ip address 10.0.0.1 255.255.255.0\n shutdown",
        "interface-down",
        "problem",
        " shutdown",
    ),
    (
        " ip address 10.0.0.1 255.255.255.0",
        " ip address dhcp setroute",
        "interface-without-address",
        "warning",
        "interface GigabitEthernet0/1",
    ),
    (
        "tunnel-group 10.0.0.3 type",
        "group-policy DfltGrpPolicy attributes\n vpn-tunnel-protocol ssl-clientless\ntunnel-group 10.0.0.3 type",
        "tunnel-protocol",
        "problem",
        " vpn-tunnel-protocol ssl-clientless",
    ),
    (
        "tunnel-group 10.0.0.3 type",
        "tunnel-group paris type ipsec-l2l\ntunnel-group 10.0.0.3 type",
        "no-tunnel-group",
        "warning",
        "tunnel-group paris type ipsec-l2l",
    ),
    (
        "crypto ikev1 enable outside",
        "crypto ikev1 enable outside\nno sysopt connection permit-vpn",
        "sysopt",
        "note",
        "no sysopt connection permit-vpn",
    ),
    (
        "crypto ikev1 enable outside",
        "crypto ikev1 enable outside\nsysopt connection tcpmss 0",
        "tcpmss",
        "note",
        "sysopt connection tcpmss 0",
    ),
    (
        "crypto ikev1 enable outside",
        "crypto ikev1 enable outside\nsysopt connection tcpmss 1381",
        "tcpmss",
        "note",
        "sysopt connection tcpmss 1381",
    ),
    (
        "crypto ikev1 enable outside",
        "crypto ikev1 enable outside\nmtu outside 1400",
        "tcpmss",
        "note",
        "crypto map MAP interface outside",
    ),
    ("crypto ikev1 enable outside", "crypto ikev1 enable outside\nfrobnicate", "unrecognised", "warning", "frobnicate"),
    (
        "crypto ikev1 enable outside",
        "crypto ikev1 enable outside\ncrypto ikev2 enable outside",
        "not-implemented",
        "note",
        "crypto ikev2 enable outside",
    ),
]


@pytest.mark.parametrize(("old", "new", "code", "severity", "line"), FAULTS)
def test_a_fault_is_named_at_its_line(old: str, new: str, code: str, severity: str, line: str) -> None:
    text = SOUND.replace(old, new)
    assert text != SOUND
    found = [one for one in findings(text) if one.code == code and one.severity == severity]
    assert [one.span.text if one.span else "" for one in found][:1] == [line]


@pytest.mark.parametrize(
    "lines",
    [
        "sysopt connection tcpmss 1380",
        "mtu outside 1400\nsysopt connection tcpmss 1280",
        "mtu inside 1400",  # no crypto map there
        "sysopt connection tcpmss 1400\ncrypto ipsec df-bit clear-df outside",  # then they are cut up
    ],
)
def test_segments_that_fit_or_are_cut_up_are_not_mentioned(lines: str) -> None:
    assert findings(f"{SOUND}{lines}\n") == ()


def test_problems_come_first() -> None:
    severities = [
        one.severity for one in findings(SOUND.replace("permit ip object LAN object FAR", "deny ip any any") + "frob")
    ]
    assert severities == sorted(severities, key=["problem", "warning", "note"].index)
    assert len(set(severities)) > 1


def test_a_name_in_another_case_is_hinted_at() -> None:
    found = findings(SOUND.replace("match address VPN\n", "match address vpn\n"))
    assert "there is VPN" in found[0].hint.en


def test_a_hint_is_text_that_mends_it() -> None:
    broken = SOUND.replace("crypto map MAP 10 set peer 10.0.0.2\n", "").replace("crypto ikev1 enable outside\n", "")
    mended = broken
    for one in findings(broken):
        mended += one.hint.en.replace("A.B.C.D", "10.0.0.2") + "\n"
    assert [one for one in findings(mended) if one.severity == "problem"] == []


def test_a_key_of_the_default_group_serves_peers_without_a_group() -> None:
    text = SOUND.replace("tunnel-group 10.0.0.2 type ipsec-l2l\n", "").replace(
        "tunnel-group 10.0.0.2 ipsec", "tunnel-group DefaultL2LGroup ipsec"
    )
    assert [(one.code, one.severity) for one in findings(text)] == [("no-tunnel-group", "note")]


def test_an_exemption_of_8_2_exempts() -> None:
    dynamic = SOUND.replace(
        "nat (inside,outside) source static LAN LAN destination static FAR FAR", "nat (inside) 1 0 0"
    )
    assert [one.code for one in findings(dynamic)][:1] == ["nat-exemption-missing"]
    both = f"{dynamic}access-list NONAT permit ip 192.168.1.0 255.255.255.0 192.168.0.0 255.255.0.0\n"
    assert findings(f"{both}nat (inside) 0 access-list NONAT\n") == ()


def test_everything_that_is_said_is_said_in_japanese_too() -> None:
    mixed = SOUND + "frob\naccess-list A permit ip any any\ncrypto map OTHER 5 set peer 192.0.2.1\n"
    broken = [
        mixed,
        SOUND.replace("match address VPN\n", "match address vpn\n"),
        SOUND.replace("crypto ikev1 enable outside\n", ""),
        SOUND.replace("permit ip object LAN object FAR", "deny ip any any"),
        SOUND.replace("tunnel-group 10.0.0.2 type ipsec-l2l\n", "tunnel-group 10.0.0.2 type remote-access\n"),
    ]
    said = [one for text in broken for one in findings(text)]
    assert len({one.code for one in said}) > 6
    for one in said:
        assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", one.message.ja), one.message.en
        # Names, numbers and commands stand in both.
        names = re.findall(r"`[^`]+`|\d+(?:\.\d+)*|\b[A-Z]{3,}\b", one.message.en)
        assert [name for name in names if name not in one.message.ja] == []
