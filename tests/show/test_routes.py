"""`show route`: what stands in the table, and that it is laid out as real boxes lay it out."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from mainmode.config.model import Config, Route
from mainmode.show.routes import LEGEND
from tests.exec.worlds import Terminal
from tests.lab.pairs import entry, hub, line, site
from tests.life.world import World
from tests.paths import require
from tests.show.tunnels import document, shown

try:
    from ntc_templates.parse import parse_output
except ModuleNotFoundError:
    parse_output = None

NINE = [
    "Gateway of last resort is 10.0.0.254 to network 0.0.0.0",
    "",
    "S*       0.0.0.0 0.0.0.0 [1/0] via 10.0.0.254, outside",
    "C        10.0.0.0 255.255.255.0 is directly connected, outside",
    "L        10.0.0.1 255.255.255.255 is directly connected, outside",
    "S        10.64.65.82 255.255.255.255 [5/0] via 10.0.0.9, outside",
    "                                     [5/0] via 10.0.0.8, outside",
    "S        172.16.0.0 255.255.0.0 [1/0] via 192.168.1.254, inside",
    "C        192.168.1.0 255.255.255.0 is directly connected, inside",
    "L        192.168.1.1 255.255.255.255 is directly connected, inside",
    "V        192.168.2.0 255.255.255.0 connected by VPN (advertised), outside",
]
EIGHT = [
    "Gateway of last resort is 10.0.0.254 to network 0.0.0.0",
    "",
    "C    10.0.0.0 255.255.255.0 is directly connected, outside",
    "S    10.64.65.82 255.255.255.255 [5/0] via 10.0.0.9, outside",
    "                                   [5/0] via 10.0.0.8, outside",
    "S    172.16.0.0 255.255.0.0 [1/0] via 192.168.1.254, inside",
    "C    192.168.1.0 255.255.255.0 is directly connected, inside",
    "V    192.168.2.0 255.255.255.0 connected by VPN (advertised), outside",
    "S*   0.0.0.0 0.0.0.0 [1/0] via 10.0.0.254, outside",
]


def route(network: str, gateway: str, interface: str = "outside", metric: int = 1, **more: bool) -> Route:
    return Route(interface, IPv4Network(network), IPv4Address(gateway), metric, **more)


ROUTED = replace(
    site("a", entries=[entry("a", reverse_route=True)]),
    routes=(
        route("0.0.0.0/0", "10.0.0.254"),
        route("0.0.0.0/0", "192.168.1.254", "inside", tunneled=True),
        route("172.16.0.0/16", "10.0.0.7", metric=250),  # a better one stands below
        route("172.16.0.0/16", "192.168.1.254", "inside"),
        route("192.168.1.0/24", "10.0.0.7"),  # it is connected
        route("10.64.65.82/32", "10.0.0.9", metric=5),
        route("10.64.65.82/32", "10.0.0.8", metric=5),
    ),
)


def world(config: Config = ROUTED) -> World:
    return World({"a": config, "b": site("b")})


@pytest.mark.parametrize(("release", "lines"), [("9", NINE), ("8.3", EIGHT)])
def test_the_table_is_laid_out_as_that_release_lays_it_out(release: str, lines: list[str]) -> None:
    printed = shown(world(), "a", "show route", release).splitlines()  # type: ignore[arg-type]
    assert printed == [*LEGEND[release], *lines]


def test_a_line_is_broken_where_real_ones_are() -> None:
    """From outputs of real boxes: `V 10.2.2.5 … external` is one line, `V 10.2.2.132 … external` is two."""
    networks = [IPv4Network(network) for network in ("10.2.2.5/32", "10.2.2.132/32")]
    acl = [line(IPv4Network("192.168.1.0/24"), network) for network in networks]
    config = site("a", entries=[entry("a", reverse_route=True)], lines=acl)
    outside = replace(config.interfaces[1], name="external")
    crypto_map = replace(config.crypto_maps["MAP"], interfaces=("external",))
    config = replace(config, interfaces=(config.interfaces[0], outside), crypto_maps={"MAP": crypto_map})
    printed = [
        one for one in shown(world(config), "a", "show route").splitlines() if "VPN (adv" in one or one[:1] == "V"
    ]
    assert printed == [
        "V        10.2.2.5 255.255.255.255 connected by VPN (advertised), external",
        "V        10.2.2.132 255.255.255.255 ",
        "           connected by VPN (advertised), external",
    ]


def test_of_two_routes_to_a_network_the_nearer_is_listed_whichever_stands_first() -> None:
    far, near = route("172.16.0.0/16", "10.0.0.7", metric=250), route("172.16.0.0/16", "10.0.0.8")
    for routes in ((far, near), (near, far)):
        printed = shown(world(replace(site("a"), routes=routes)), "a", "show route")
        assert [one for one in printed.splitlines() if "172.16" in one] == [
            "S        172.16.0.0 255.255.0.0 [1/0] via 10.0.0.8, outside"
        ]


def test_a_network_that_is_routed_already_is_not_listed_a_second_time_as_one_of_the_vpn() -> None:
    config = replace(site("a", entries=[entry("a", reverse_route=True)]), routes=(route("192.168.2.0/24", "10.0.0.2"),))
    printed = shown(world(config), "a", "show route")
    assert [one for one in printed.splitlines() if "192.168.2" in one] == [
        "S        192.168.2.0 255.255.255.0 [1/0] via 10.0.0.2, outside"
    ]


def test_without_a_default_route_there_is_no_last_resort() -> None:
    assert "Gateway of last resort is not set\n\nC " in shown(world(site("a")), "a", "show route")


def test_an_interface_that_is_shut_down_is_in_no_route() -> None:
    config = site("a")
    config = replace(config, interfaces=(replace(config.interfaces[0], shutdown=True), config.interfaces[1]))
    assert "192.168.1." not in shown(world(config), "a", "show route")


def test_the_route_of_a_dynamic_map_is_there_as_long_as_its_tunnel() -> None:
    one = World({"a": site("a"), "b": hub(reverse_route=True)})
    wanted = "V        192.168.1.0 255.255.255.0 connected by VPN (advertised), outside\n"
    assert wanted not in shown(one, "b", "show route")
    one.bring_up("a")
    assert shown(one, "b", "show route").count(wanted) == 1
    one.clear("a")
    one.pass_time(1.0)
    assert wanted not in shown(one, "b", "show route")


def test_a_peer_that_names_its_network_by_a_host_of_it_has_the_route_of_the_network() -> None:
    one = World({"a": site("a"), "b": hub(reverse_route=True)})
    one.bring_up("a")
    ((_, tunnel),) = one.gateway("b").tunnels
    tunnel.match = replace(tunnel.match, remote=replace(tunnel.match.remote, address=IPv4Address("192.168.1.5")))
    assert "\nV        192.168.1.0 255.255.255.0 connected by VPN" in shown(one, "b", "show route")


def test_the_values_are_those_of_the_lines() -> None:
    values = Terminal(world()).values("show route")
    assert values["gateway_of_last_resort"] == "10.0.0.254"
    assert "".join(route["kind"][0] for route in values["routes"]) == "sclsssclv"
    assert values["routes"][-1] == {
        "kind": "vpn",
        "network": "192.168.2.0",
        "netmask": "255.255.255.0",
        "interface": "outside",
        "gateway": None,
        "distance": None,
    }
    assert Terminal(world(site("a"))).values("show route")["gateway_of_last_resort"] is None


@pytest.mark.parametrize("release", ["8.3", "9"])
def test_an_independent_reader_reads_the_table_as_it_is(release: str) -> None:
    require(parse_output is not None, "ntc-templates is not installed")
    text = shown(world(), "a", "show route", release)  # type: ignore[arg-type]
    rows = parse_output(platform="cisco_asa", command="show route", data=text)
    values = Terminal(world()).values("show route")["routes"]
    expected = {
        (one["kind"][0].upper(), one["network"], one["netmask"], one["gateway"] or "", one["interface"])
        for one in values
        if release == "9" or one["kind"] != "local"
    }
    read = {(one["protocol"], one["network"], one["netmask"], one["nexthopip"], one["nexthopif"]) for one in rows}
    assert read == expected


def test_the_document_s_site_has_the_route_that_its_crypto_map_says() -> None:
    assert "V        192.168.2.0 255.255.255.0 connected by VPN" in shown(
        World({name: document(name) for name in "ab"}), "a", "show route"
    )
