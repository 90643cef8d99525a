"""show running-config, printed: as real ones print it, and so that it reads back."""

from __future__ import annotations

import pytest
from ntc_templates.parse import parse_output

from mainmode.config.model import Config
from mainmode.config.printer import PARTS, running_config, with_keys
from mainmode.config.reader import read
from tests.config.test_whole import CONFIG
from tests.paths import SHARED, require

PARTS_OF_IPSEC = (
    "syntax",
    "ike_policies",
    "transform_sets",
    "crypto_maps",
    "dynamic_maps",
    "tunnel_groups",
    "ike_enabled",
    "identity",
    "identity_value",
    "nat_traversal",
    "disconnect_notify",
    "aggressive_mode",
    "lifetime_seconds",
    "lifetime_kilobytes",
    "replay_window",
    "pmtu_aging",
    "df_bit",
    "fragmentation",
)


def printed(config: Config, part: str, *, all: bool = False) -> str:
    text = running_config(config, part, all=all)
    assert text is not None
    return text


def ipsec(config: Config) -> dict[str, object]:
    return {name: getattr(config, name) for name in PARTS_OF_IPSEC}


OLD = """
crypto isakmp identity key-id here
crypto isakmp enable outside
crypto isakmp policy 10
 encryption aes-192
 lifetime none
crypto isakmp disconnect-notify
no crypto isakmp nat-traversal
crypto isakmp am-disable
crypto ipsec transform-set A esp-3des esp-md5-hmac
crypto ipsec transform-set A mode transport
crypto ipsec transform-set B esp-null esp-none
crypto ipsec security-association lifetime seconds 120 kilobytes unlimited
crypto ipsec security-association replay disable
crypto ipsec fragmentation after-encryption outside
crypto ipsec df-bit set-df outside
crypto dynamic-map D 5 match address X
crypto dynamic-map D 5 set transform-set A
crypto map M 10 match address X
crypto map M 10 set peer far-end 10.0.0.2
crypto map M 10 set transform-set A B
crypto map M 10 set pfs group1
crypto map M 10 set phase1-mode aggressive group2
crypto map M 10 set connection-type originate-only
crypto map M 10 set security-association lifetime seconds 600 kilobytes 1000
crypto map M 10 set nat-t-disable
crypto map M 10 set reverse-route
crypto map M 10 set trustpoint T
crypto map M 20 set ikev2 ipsec-proposal P
crypto map M 30 ipsec-isakmp dynamic D
crypto map M interface outside
crypto map M interface dmz
name 10.0.0.9 far-end
tunnel-group 10.0.0.2 type ipsec-l2l
tunnel-group 10.0.0.2 general-attributes
 default-group-policy P
tunnel-group 10.0.0.2 ipsec-attributes
 pre-shared-key a-key-in-clear
 peer-id-validate cert
 trust-point T
 isakmp keepalive threshold 20 retry 3
tunnel-group DefaultL2LGroup ipsec-attributes
 pre-shared-key *****
"""
NAMES = "name 10.0.0.9 far-end\n"


@pytest.mark.parametrize("config", [CONFIG, read(OLD, "old.cfg").config, Config()], ids=["new", "old", "empty"])
@pytest.mark.parametrize("all", [False, True])
def test_what_is_printed_reads_back_as_the_same(config: Config, all: bool) -> None:
    text = NAMES + printed(config, "crypto", all=all) + printed(config, "tunnel-group", all=all)
    again = read(text, "printed.cfg")
    assert again.errors == ()
    masked = {
        name: (group.pre_shared_key is not None or group.key_masked) for name, group in config.tunnel_groups.items()
    }
    assert {name: group.key_masked for name, group in again.config.tunnel_groups.items()} == masked
    expected, got = ipsec(config), ipsec(again.config)
    del expected["tunnel_groups"], got["tunnel_groups"]
    if not config.ike_policies:
        del expected["syntax"], got["syntax"]
    assert got == expected


@pytest.mark.parametrize("text", [OLD, OLD.replace("isakmp policy", "ikev1 policy")])
def test_with_keys_it_reads_back_to_the_last_bit(text: str) -> None:
    config = read(text, "old.cfg").config
    assert ipsec(read(NAMES + with_keys(config), "printed.cfg").config) == ipsec(config)


def test_only_with_keys_prints_a_key() -> None:
    config = read(OLD, "old.cfg").config
    for part in PARTS:
        assert "a-key-in-clear" not in printed(config, part, all=True)
    assert "a-key-in-clear" in with_keys(config)


def test_a_part_nobody_prints_is_none() -> None:
    assert running_config(CONFIG, "policy-map") is None


REAL_ROWS = [
    ("030-ntc-run-crypto-ikev1.cfg", "crypto ikev1", False),
    ("031-ntc-run-crypto-map.cfg", "crypto map", False),
    ("032-ntc-run-crypto-map-2.cfg", "crypto map", False),
    ("033-ntc-run-all-crypto-map.cfg", "crypto map", True),
]


@pytest.mark.parametrize(("name", "part", "all"), REAL_ROWS)
def test_it_is_printed_as_a_real_one_prints_it(name: str, part: str, all: bool) -> None:
    path = SHARED / "corpus" / name
    require(path.is_file(), "the collection of real configurations lies beside the checkout")
    real = path.read_text()
    mine = printed(read(real, name).config, part, all=all)
    # The samples have lost most of their blanks at line ends; 031 says `group2`, the default, which others leave out.
    assert [line.rstrip() for line in mine.splitlines()] == [
        line.rstrip().replace("set pfs group2", "set pfs") for line in real.splitlines()
    ]


def test_policies_are_printed_as_the_document_has_them() -> None:
    path = SHARED / "seed" / "site-a.cfg"
    require(path.is_file(), "the document's configurations lie beside the checkout")
    assert printed(read(path.read_text(), "a").config, "crypto isakmp", all=True) == (
        "crypto isakmp enable outside\n"
        "crypto isakmp policy 10\n"
        " authentication pre-share\n"
        " encryption 3des\n"
        " hash sha\n"
        " group 2\n"
        " lifetime 86400\n"
        "crypto isakmp identity auto\n"
        "crypto isakmp nat-traversal 20\n"
        "no crypto isakmp disconnect-notify\n"
        "no crypto isakmp reload-wait\n"
    )


def test_blanks_at_line_ends_are_the_asas() -> None:
    text = printed(CONFIG, "crypto")
    assert "transform-set AES256-SHA esp-aes-256 esp-sha-hmac \n" in text
    assert "crypto map OUTSIDE 10 set peer 203.0.113.9 203.0.113.10 \n" in text
    assert "crypto map OUTSIDE 10 set pfs \n" in text
    assert "crypto isakmp identity address \n" in text


# What the templates know: they stop at a second peer, a limit in kilobytes, or a dynamic map of another name.
PLAIN = """
crypto ipsec ikev1 transform-set T esp-aes-256 esp-sha-hmac
crypto map M 10 match address VPN
crypto map M 10 set pfs group5
crypto map M 10 set peer 10.0.0.2
crypto map M 10 set ikev1 transform-set T U
crypto map M 10 set security-association lifetime seconds 3600
crypto map M 65535 ipsec-isakmp dynamic SYSTEM_DEFAULT_CRYPTO_MAP
crypto map M interface outside
crypto ikev1 policy 10
 encryption aes-256
 group 5
tunnel-group 10.0.0.2 type ipsec-l2l
tunnel-group 10.0.0.2 general-attributes
 default-group-policy P
tunnel-group 10.0.0.2 ipsec-attributes
 ikev1 pre-shared-key a-key-in-clear
"""

TEMPLATE_ROWS = [
    (
        "crypto ikev1",
        False,
        {
            "policy_id": "10",
            "auth_method": "pre-share",
            "encryption": "aes-256",
            "dh_group": "group 5",
            "lifetime": "86400",
        },
    ),
    ("crypto map", False, {"seq": "10", "pfs": "group5", "peer": "10.0.0.2", "transform": "T U", "sa": "3600"}),
    (
        "crypto map",
        True,
        {"seq": "10", "connection_type": "bidirectional", "ikev1_phase1_mode": "main", "sa_sec": "3600"},
    ),
    ("ipsec", False, {"name": "T", "encryption": ["esp-aes-256"], "auth": ["esp-sha-hmac"]}),
    ("tunnel-group", False, {"name": "10.0.0.2", "type": "ipsec-l2l", "group_policy": "P", "ikev1_psk": "*****"}),
]


@pytest.mark.parametrize(("part", "all", "expected"), TEMPLATE_ROWS)
def test_others_templates_read_what_is_printed(part: str, all: bool, expected: dict[str, object]) -> None:
    text = printed(read(PLAIN, "plain.cfg").config, part, all=all)
    command = f"show running-config {'all ' if all else ''}{part}"
    rows: list[dict[str, object]] = parse_output(platform="cisco_asa", command=command, data=text)
    assert {name: rows[0][name] for name in expected} == expected
