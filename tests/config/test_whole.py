"""A whole configuration as an ASA prints it, through all the ways it gets damaged on its way into a file."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from time import process_time

import pytest

from mainmode.config.model import Support
from mainmode.config.reader import read

TEXT = (Path(__file__).parent / "whole.cfg").read_text()
READING = read(TEXT, "whole.cfg")
CONFIG = READING.config


def test_nothing_in_it_is_a_mistake_or_undefined_or_unknown() -> None:
    assert READING.errors == ()
    assert READING.undefined == ()
    assert READING.by_support()[Support.UNRECOGNISED] == ()


def test_what_is_not_implemented_is_ikev2_and_certificates() -> None:
    notes = {one.note for one in READING.by_support()[Support.NOT_IMPLEMENTED]}
    assert notes == {"IKEv2.", "Certificates."}


def test_its_tunnels_are_all_there() -> None:
    branch, partner, dynamic = CONFIG.crypto_maps["OUTSIDE"].entries
    assert (CONFIG.hostname, CONFIG.version) == ("edge-1", "9.3(2)")
    assert (branch.pfs, branch.peers) == (2, (IPv4Address("203.0.113.9"), IPv4Address("203.0.113.10")))
    assert (partner.pfs, partner.connection_type, partner.nat_t_disable) == (5, "answer-only", True)
    assert [CONFIG.lifetimes(one) for one in (branch, partner)] == [(7200, 4608000), (3600, None)]
    assert (dynamic.sequence, dynamic.dynamic) == (65535, "DYN")
    assert CONFIG.dynamic_maps["DYN"].entries[0].transform_sets == ("L2TP", "AES-SHA")
    assert [(policy.priority, policy.lifetime) for policy in CONFIG.ike_policies] == [(10, None), (20, 28800)]
    assert CONFIG.transform_sets["L2TP"].mode == "transport"
    assert list(CONFIG.ike_enabled) == ["outside"]
    assert (CONFIG.nat_traversal, CONFIG.identity, CONFIG.replay_window) == (30, "address", 128)
    assert CONFIG.tunnel_groups["203.0.113.9"].keepalive_threshold == 30
    assert CONFIG.group_policy(CONFIG.tunnel_groups["203.0.113.77"]).vpn_filter == "VPN-PARTNER"
    assert CONFIG.group_policy(CONFIG.tunnel_groups["203.0.113.77"]).vpn_idle_timeout == 60


def test_its_addresses_and_rules_are_all_there() -> None:
    assert [interface.name for interface in CONFIG.interfaces if interface.name] == [
        "outside",
        "inside",
        "dmz",
        "management",
    ]
    assert CONFIG.access_lists["VPN-BRANCH"].aces[0].source == IPv4Network("10.20.0.0/16")
    assert [rule.section for rule in CONFIG.nat_rules] == [1, 1, 1, 1, 2, 2, 3]
    assert [rule.identity for rule in CONFIG.nat_rules] == [True, True, False, False, False, False, False]
    assert len(CONFIG.routes) == 3


def damaged() -> list[tuple[str, str]]:
    lines = TEXT.split("\n")
    pager = "\n".join(
        f"<--- More --->\r              \r{line}" if n % 24 == 23 else line for n, line in enumerate(lines)
    )
    overtyped = "\n".join(
        "<--- More --->" + "\b" * 14 + " " * 14 + "\b" * 14 + line if n % 24 == 23 else line
        for n, line in enumerate(lines)
    )
    return [
        ("line ends of another system", TEXT.replace("\n", "\r\n")),
        ("line ends of an old system", TEXT.replace("\n", "\r")),
        ("a byte order mark", "\ufeff" + TEXT),
        ("the echo of the command before it", "edge-1# show running-config\n" + TEXT + "\nedge-1# "),
        ("the pager's prompts", pager),
        ("the pager's prompts, typed over", overtyped),
        ("blanks at the ends of lines", "\n".join(f"{line}   " for line in lines)),
        ("colours", "\n".join(f"\x1b[0m{line}\x1b[K" for line in lines)),
        ("deeper indentation", "\n".join(f"    {line}" for line in lines)),
        ("a page around it", f"Here it is:\n\n```\n{TEXT}\n```\n\nAny ideas?"),
    ]


@pytest.mark.parametrize(("how", "text"), damaged())
def test_it_survives_what_happens_to_text(how: str, text: str) -> None:
    found = read(text, "whole.cfg")
    assert found.errors == ()
    assert found.config == CONFIG


def test_without_indentation_the_submodes_are_found_all_the_same() -> None:
    # What belongs into blocks that are passed over is then no longer told apart from commands; the rest is.
    text = "\n".join(line.strip() for line in TEXT.split("\n"))
    found = read(text, "whole.cfg").config
    assert found.ike_policies == CONFIG.ike_policies
    assert found.crypto_maps == CONFIG.crypto_maps
    assert found.interfaces == CONFIG.interfaces
    assert found.access_lists == CONFIG.access_lists
    assert found.tunnel_groups == CONFIG.tunnel_groups
    assert found.nat_rules == CONFIG.nat_rules


def test_two_thousand_lines_are_read_in_half_a_second() -> None:
    text = "\n".join([TEXT] * 6)
    assert text.count("\n") > 2000
    assert min(_seconds(text) for _ in range(3)) < 0.5


def test_a_hub_of_a_thousand_tunnels_is_read_in_a_second() -> None:
    lines = ["interface Gi0/0", " nameif outside", " ip address 10.0.0.1 255.0.0.0"]
    for number in range(1, 1001):
        peer = f"10.1.{number // 250}.{number % 250 + 1}"
        lines += [
            f"access-list VPN-{number} extended permit ip any 172.{16 + number // 250}.{number % 250}.0 255.255.255.0",
            f"crypto map HUB {number} match address VPN-{number}",
            f"crypto map HUB {number} set peer {peer}",
            f"crypto map HUB {number} set ikev1 transform-set T",
            f"tunnel-group {peer} type ipsec-l2l",
            f"tunnel-group {peer} ipsec-attributes",
            f" ikev1 pre-shared-key a-key-of-its-own-{number}",
        ]
    text = "\n".join([*lines, "crypto map HUB interface outside"])
    found = read(text, "hub.cfg")
    assert found.errors == ()
    assert len(found.config.crypto_maps["HUB"].entries) == 1000
    # 0.4 s on a free core of 2020; twice that for neighbours.
    assert min(_seconds(text) for _ in range(3)) < 1.0


def _seconds(text: str) -> float:
    start = process_time()
    read(text, "x")
    return process_time() - start
