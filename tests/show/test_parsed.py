"""ntc-templates, an independent reader of ASA output, reads our output and gets the gateway's state out of it."""

from __future__ import annotations

from typing import Any

import pytest

from mainmode.exec.drops import listed
from mainmode.lab.ip import question
from tests.lab.pairs import TCP, entry
from tests.life.world import HOSTS, World, pair
from tests.paths import require
from tests.show import tunnels
from tests.show.tunnels import PINGS, pinged, shown

try:
    from ntc_templates.parse import parse_output
except ModuleNotFoundError:
    parse_output = None

require(parse_output is not None, "ntc-templates is not installed")


def parsed(world: World, command: str, **options: Any) -> list[dict[str, Any]]:
    return parse_output(platform="cisco_asa", command=command, data=shown(world, "a", command, **options))


@pytest.fixture(scope="module")
def world() -> World:
    return pinged()


@pytest.mark.parametrize("release", ["8.3", "9"])
def test_the_ipsec_sas_are_read_as_they_are(world: World, release: str) -> None:
    inbound, outbound = tunnels.pair(world.gateway("a"))
    (row,) = parsed(world, "show crypto ipsec sa", release=release, later=100.0)
    left = str(int(inbound.installed_at + inbound.lifetime_seconds - world.network.now - 100.0))
    expected = {
        "interface": "outside",
        "crypto_map_tag": "MAP",
        "sequence_number": "10",
        "local_address": "10.0.0.1",
        "local_identity_addr": "192.168.1.0",
        "local_identity_mask": "255.255.255.0",
        "local_identity_protocol": "1",
        "local_identity_port": "0",
        "remote_identity_addr": "192.168.2.0",
        "remote_identity_mask": "255.255.255.0",
        "current_peer": "10.0.0.2",
        "packets_encapsulated": str(PINGS),
        "packets_encrypted": str(PINGS),
        "packets_digested": str(PINGS),
        "packets_decapsulated": str(PINGS),
        "packets_decrypted": str(PINGS),
        "packets_verified": str(PINGS),
        "packets_not_compressed": str(PINGS),
        "send_errors": "0",
        "receive_errors": "0",
        "local_crypto_endpoint": "10.0.0.1",
        "remote_crypto_endpoint": "10.0.0.2",
        "path_mtu": "1500",
        "ipsec_overhead": "74",
        "current_inbound_spi": f"{inbound.spi:08X}",
        "current_outbound_spi": f"{outbound.spi:08X}",
        "inbound_spi_hex": f"0x{inbound.spi:08X}",
        "inbound_spi_integer": str(inbound.spi),
        "outbound_spi_integer": str(outbound.spi),
        "inbound_encryption": "esp-aes",
        "inbound_authentication": "esp-sha-hmac",
        "inbound_connection_id": str(inbound.session_id),
        "inbound_crypto_map": "MAP",
        "inbound_remaining_lifetime": left,
        "inbound_remaining_lifetime_kilobytes": "3914999",
        "outbound_remaining_lifetime": left,
        "inbound_iv_size": "16 bytes",
        "inbound_replay_detection": "Y",
        "outbound_replay_detection": "Y",
    }
    assert {name: row[name] for name in expected} == expected


def test_each_pair_of_sas_is_a_row_of_its_own() -> None:
    world = pinged()
    world.network.host_sends(world.sites["a"], question(TCP, HOSTS["a"], HOSTS["b"], 49152, 80, 1))
    world.pass_time(1.0)
    rows = parsed(world, "show crypto ipsec sa")
    ours = [(str(tunnel.inbound_spi), str(tunnel.match.local.protocol)) for _, tunnel in world.gateway("a").tunnels]
    assert [(row["inbound_spi_integer"], row["local_identity_protocol"]) for row in rows] == ours
    assert [row["packets_encapsulated"] for row in rows] == [str(PINGS), "0"]


def test_the_sessions_are_read_as_they_are(world: World) -> None:
    inbound, _ = tunnels.pair(world.gateway("a"))
    (sa,) = world.gateway("a").ike_sas
    ike, ipsec = parsed(world, "show vpn-sessiondb detail l2l")
    for row in (ike, ipsec):
        assert row["connection"] == row["ip_address"] == "10.0.0.2"
        assert row["index"] == str(sa.session // 4096)
        assert row["total_bytes_transmitted"] == row["total_bytes_received"] == str(PINGS * 84)
        assert (row["total_ike_sessions"], row["total_ipsec_sessions"]) == ("1", "1")
    assert (ike["encryption_method"], ike["hash_method"], ike["dh_group"]) == ("3DES", "SHA1", "2")
    assert (ike["udp_src_port"], ike["udp_dst_port"]) == ("500", "500")
    assert ike["rekey_interval"] == "86400"
    assert (ipsec["encryption_method"], ipsec["hash_method"]) == ("AES128", "SHA1")
    assert (ipsec["local_address_network"], ipsec["remote_address_network"]) == ("192.168.1.0", "192.168.2.0")
    assert ipsec["rekey_interval"] == str(inbound.lifetime_seconds) == "3600"
    assert (ipsec["packets_transmitted"], ipsec["packets_received"]) == (str(PINGS), str(PINGS))
    assert (ipsec["idle_timeout_interval"], ipsec["idle_timeout_remaining"]) == ("30", "29")


def test_the_running_configuration_is_read_as_it_is() -> None:
    world = World()
    ours = world.configs["a"]
    policy = ours.ike_policies[0]
    groups = parsed(world, "show running-config tunnel-group")
    assert [(group["name"], group["type"], group["ikev1_psk"]) for group in groups] == [
        ("10.0.0.2", "ipsec-l2l", "*****")
    ]
    # The reader makes a row of the `enable` line too.
    (row,) = [row for row in parsed(world, "show running-config crypto ikev1") if row["policy_id"]]
    assert (row["ike_version"], row["policy_id"]) == ("1", str(policy.priority))
    assert (row["auth_method"], row["encryption"], row["auth_algorithm"], row["dh_group"], row["lifetime"]) == (
        *(policy.authentication, policy.encryption, policy.hash),
        *(f"group {policy.group}", str(policy.lifetime)),
    )
    (sets,) = parsed(world, "show running-config ipsec")
    assert (sets["name"], sets["encryption"], sets["auth"]) == ("TRANSFORM", ["esp-aes"], ["esp-sha-hmac"])


def test_the_running_crypto_map_is_read_as_it_is() -> None:
    entries = {name: entry(name, pfs=5, lifetime_seconds=3600) for name in "ab"}
    world = World({name: pair(entries=(entries[name],))[name] for name in "ab"})
    (row,) = parsed(world, "show running-config crypto map")
    assert (row["map"], row["seq"], row["matched_address"], row["pfs"]) == ("MAP", "10", "VPN", "group5")
    assert (row["peer"], row["ike"], row["transform"], row["sa"]) == ("10.0.0.2", "ikev1", "TRANSFORM", "3600")
    (row,) = parsed(world, "show running-config all crypto map")
    assert (row["map"], row["seq"], row["matched_address"], row["pfs"]) == ("MAP", "10", "VPN", "group5")
    assert (row["peer"], row["ikev1_transform_set"], row["sa_sec"]) == ("10.0.0.2", "TRANSFORM", "3600")
    assert (row["connection_type"], row["ikev1_phase1_mode"], row["ikev2_mode"], row["tfc_packets"]) == (
        *("bidirectional", "main", "tunnel", "no"),
    )


def test_an_independent_reader_reads_what_was_dropped() -> None:
    dropped = {"no crypto access-list": 3, "no route": 4, "waiting too long": 5, "unknown SPI": 6, "not IPv4": 7}
    text = "".join(f"{line}\n" for line in listed(dropped))
    (row,) = parse_output(platform="cisco_asa", command="show asp drop", data=text)
    counts = {name: row[name] for name in ("acl_drop", "no_route", "ipsec_tun_down", "np_sp_invalid_spi")}
    assert counts == {"acl_drop": "3", "no_route": "4", "ipsec_tun_down": "5", "np_sp_invalid_spi": "6"}
    assert (row["unsupported_ip_version"], row["last_cleared"], row["flow_last_cleared"]) == ("7", "Never", "Never")
