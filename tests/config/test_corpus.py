"""Real configurations, as pasted: which mistakes they have, and that nothing else in them is taken for one."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from mainmode.config.check import check
from mainmode.config.model import Support
from mainmode.config.reader import Reading, read
from tests.paths import SHARED, require

CORPUS = SHARED / "corpus"

MISTAKES = {
    # A typing error of the page's author.
    "009-asa-to-asa-82.cfg": ["77:49: 1172.16.22.0 is no address: 1172 is more than 255"],
    # A line end lost when the page was made, twice.
    "012-pix-asa-script.cfg": ["20:60: two commands run together", "38:30: two commands run together"],
}

UNRECOGNISED = {
    "009-asa-to-asa-82.cfg": 2,
    "010-asa-to-router.cfg": 2,
    "011-asa-dynamic-peer.cfg": 3,
    "012-pix-asa-script.cfg": 1,
    "036-asa-natt-disabled-l2l.cfg": 16,
    "072-ccie-notes-asa-router-l2l.cfg": 3,
}
"""Lines of prose, and one made-up subcommand in 036."""


def reading(name: str) -> Reading:
    path = CORPUS / name
    require(path.is_file(), "the collection of real configurations lies beside the checkout")
    return read(path.read_text(), name)


def names() -> list[str]:
    return sorted(path.name for path in CORPUS.glob("*.cfg")) if CORPUS.is_dir() else ["none"]


@pytest.mark.parametrize("name", names())
def test_a_real_configuration_is_read_without_a_false_error(name: str) -> None:
    found = reading(name)
    assert [str(error).removeprefix(f"{name}:") for error in found.errors] == MISTAKES.get(name, [])


@pytest.mark.parametrize("name", names())
def test_only_prose_is_not_recognised(name: str) -> None:
    assert len(reading(name).by_support()[Support.UNRECOGNISED]) == UNRECOGNISED.get(name, 0)


@pytest.mark.parametrize("name", names())
def test_every_line_is_blank_a_mistake_or_in_one_of_the_states(name: str) -> None:
    found = reading(name)
    told = {one.span.line for one in found.support} | {line for error in found.errors for line in error.span.lines}
    for span in found.config.lines:
        words = span.text.split()
        remark = not words or words[0][0] in "!#:" or words[0].startswith("```")
        assert remark or span.line in told, span


def test_the_network_of_060_negotiates_one_subnet_pair() -> None:
    config = reading("060-strongswan-ha-asa.cfg").config
    assert [ace.text for ace in config.access_lists["asa-strongswan-vpn"].aces] == [
        # As its own show crypto ipsec sa prints it.
        "access-list asa-strongswan-vpn extended permit ip 10.33.0.0 255.255.255.0 10.11.0.0 255.255.255.0"
    ]
    entry = config.crypto_maps["outside_map"].entries[0]
    assert (entry.complete, entry.peers) == (True, (IPv4Address("192.168.255.11"),))
    assert config.tunnel_groups["192.168.255.11"].key_masked
    assert config.nat_rules[0].identity
    assert (config.identity, config.ike_policies[0].group, config.ike_policies[0].lifetime) == ("address", 5, 3600)


def test_the_alias_of_042_is_the_peers_address_and_its_tunnel_group_is_never_found() -> None:
    found = reading("042-ru-tunnel-group-by-name.cfg")
    entry = found.config.crypto_maps["PSI-White_map"].entries[0]
    assert (entry.peers, entry.pfs) == ((IPv4Address("31.204.98.143"),), 2)
    assert "no-tunnel-group" in [one.code for one in check(found)]


def test_the_commands_typed_at_a_prompt_in_036_are_read() -> None:
    config = reading("036-asa-natt-disabled-l2l.cfg").config
    assert config.crypto_maps["outside_map"].entries[0].nat_t_disable
    assert config.tunnel_groups["1.2.3.4"].keepalive_disabled
    assert config.tunnel_groups["1.2.3.4"].default_group_policy == "GroupPolicy_1.2.3.4"


def test_a_blank_that_does_not_break_a_line_is_a_blank_all_the_same_in_011() -> None:
    key = reading("011-asa-dynamic-peer.cfg").config.tunnel_groups["DefaultL2LGroup"].pre_shared_key
    assert key is not None and key.reveal() == b"sekretk3y"


def test_the_routers_half_of_010_is_named_as_what_it_is() -> None:
    lines = {one.span.line for one in reading("010-asa-to-router.cfg").by_support()[Support.NOT_IMPLEMENTED]}
    assert {58, 62, 71, 72, 75, 85} <= lines


def test_the_documents_two_sites_mirror_each_other() -> None:
    sites = []
    for name in ("site-a.cfg", "site-b.cfg"):
        path: Path = SHARED / "seed" / name
        require(path.is_file(), "the document's configurations lie beside the checkout")
        found = read(path.read_text(), name)
        assert (found.errors, found.undefined) == ((), ())
        sites.append(found.config)
    for one, other in zip(sites[0].access_lists["VPN"].aces, sites[1].access_lists["VPN"].aces, strict=True):
        assert one.mirrors(other)
        assert other.mirrors(one)
        assert not one.mirrors(one)
    assert [site.syntax for site in sites] == ["isakmp", "ikev1"]
    assert sites[0].ike_policies == sites[1].ike_policies
    assert sites[0].transform_sets == sites[1].transform_sets
