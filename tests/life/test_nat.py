"""NAT between the sites: the float, mappings that change, several peers behind one address, what does not pass."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from mainmode.config.model import Config
from mainmode.events import FsmHistory, NatDetected
from mainmode.exec.commands import execute
from mainmode.exec.debugging import Debugging
from mainmode.exec.running import Running
from mainmode.exec.statistics import Statistics
from mainmode.gateway.engine import SESSION_STEP
from mainmode.ike.persona import ASA
from mainmode.ike.sa import Endpoint
from mainmode.lab.elements import Nat
from mainmode.lab.faults import UDP, Fault, FaultyStretch, Packet
from mainmode.lab.ip import question
from mainmode.lab.network import Network, Site
from mainmode.show.view import View
from tests.lab.pairs import OUTSIDE, entry, line, site
from tests.life.world import ROUTER, World, check, check_empty, pair, with_peer


def test_the_negotiation_floats_to_4500_with_mm5_and_both_debugs_say_who_is_behind_nat() -> None:
    world = World(nat="a")
    world.bring_up()
    ports = {t.name: t.packet.source.port for t in world.network.wire}
    assert {name: ports[name] for name in ("MM1", "MM3", "MM4", "MM5", "MM6", "QM1")} == {
        "MM1": 500, "MM3": 500, "MM4": 500, "MM5": 4500, "MM6": 4500, "QM1": 4500,
    }  # fmt: skip
    assert world.said("a", NatDetected) == [NatDetected(remote=False, local=True)]
    assert world.said("b", NatDetected) == [NatDetected(remote=True, local=False)]
    world.check_traffic()
    assert {t.packet.protocol for t in world.network.wire if t.name == "esp"} == {UDP}


def test_keepalives_keep_a_mapping_that_a_router_forgets_after_half_a_minute() -> None:
    quiet = {name: without_keepalive(config) for name, config in pair("a").items()}
    world = World(quiet, nat="a")
    assert world.nat is not None
    world.nat.timeout = 30.0
    world.bring_up()
    world.pass_time(600.0)
    # The one before whom there is no router speaks first: nothing but keepalives came through in ten minutes.
    world.ask("b")
    world.pass_time(0.1)
    assert world.sites["b"].arrived.total() == 1, world.describe()


def without_keepalive(config: Config) -> Config:
    groups = {name: replace(group, keepalive_disabled=True) for name, group in config.tunnel_groups.items()}
    return replace(config, tunnel_groups=groups)


@pytest.mark.parametrize("first", ["a", "b"])
@pytest.mark.parametrize("nat", ["a", "b"])
def test_a_router_that_starts_anew_costs_no_tunnel(nat: str, first: str) -> None:
    world = World(nat=nat)
    world.bring_up(first)
    world.check_traffic()
    assert world.nat is not None
    spis = [[t.inbound_spi for _, t in world.gateway(name).tunnels] for name in "ab"]
    world.nat.rebind()
    world.ask(nat)  # ESP from the new port is authentic: the answer goes there
    world.pass_time(0.1)
    world.check_traffic()
    world.pass_time(60.0)
    world.check_traffic()
    assert [[t.inbound_spi for _, t in world.gateway(name).tunnels] for name in "ab"] == spis
    world.check_nothing_left()


def test_only_what_is_authentic_moves_a_peer() -> None:
    world = World(nat="a")
    world.bring_up()
    gateway = world.gateway("b")
    (sa,) = gateway.ike_sas
    before = sa.remote
    elsewhere = Endpoint(before.address, 31337)
    for transit in list(world.network.wire):
        if transit.sender == "a":
            packet = Packet(UDP, elsewhere, Endpoint(OUTSIDE["b"], 4500), transit.packet.payload)
            world.network.put(world.sites["b"], world.sites["b"].receive(packet, world.network.now))
    assert sa.remote == before
    world.check_traffic()


def test_a_router_that_lets_4500_not_through_leaves_both_ends_where_the_debug_tells_it() -> None:
    world = World(nat="a", elements=[FaultyStretch(Fault("drop", "udp4500", None))])
    world.ask("a")
    world.network.run(100.0)
    assert not world.up
    assert died_in(world, "a") == ["MM_WAIT_MSG6"]
    assert died_in(world, "b") == ["MM_WAIT_MSG5"]
    world.check_nothing_left()


def died_in(world: World, name: str) -> list[str]:
    """The states in which main modes died, as the debug's error history has them."""
    return [event.history[1][0] for event in world.said(name, FsmHistory) if isinstance(event, FsmHistory)]


def test_two_sites_behind_one_address_each_have_their_tunnel_and_renew_it() -> None:
    networks = [IPv4Network("192.168.1.0/24"), IPv4Network("192.168.3.0/24")]
    addresses = [IPv4Address("10.0.0.1"), IPv4Address("10.0.0.3")]
    theirs = IPv4Network("192.168.2.0/24")
    hub = with_peer(
        site(
            "b",
            lines=[line(theirs, network) for network in networks],
            entries=[entry("b", peers=(ROUTER,), peer_names=(str(ROUTER),))],
            lifetime_seconds=300,
        ),
        ROUTER,
    )
    spokes = []
    for name, network, address in zip("ac", networks, addresses, strict=True):
        base = site("a", lines=[line(network, theirs)], lifetime_seconds=300)
        interfaces = (
            replace(base.interfaces[0], address=network[1], network=network),
            replace(base.interfaces[1], address=address),
        )
        spokes.append(Site(name, replace(base, interfaces=interfaces), ASA, 0))
    far = Site("b", hub, ASA, 0)
    router = Nat(addresses[0], ROUTER, also=(addresses[1],))
    world = Network([*spokes, far], [], [router])
    for at in range(100):
        for spoke, network in zip(spokes, networks, strict=True):
            world.host_sends(spoke, question(1, network[2], theirs[2], 1, 0, at))
        world.pass_time(world.now + 10.0)
        check(far.gateway, far, world.now)
    for spoke in spokes:
        assert spoke.sent.total() == 99
        assert spoke.arrived.total() == 99
    assert len({sa.identity for sa in far.gateway.ike_sas}) == 2
    assert len([t for _, t in far.gateway.tunnels if not t.replaced]) == 2
    # Who of the two is logged off is told apart by the identity, as the address is the same.
    one = next(sa for sa in far.gateway.ike_sas if sa.tunnels)
    others = {sa.identity for sa in far.gateway.ike_sas} - {one.identity}
    running = Running(View(far.gateway, far.plane, world.now, "9", float), Debugging(), {}, Statistics())
    reply = execute(f"vpn-sessiondb logoff index {one.session // SESSION_STEP}", running)
    world.put(far, far.carry_out(list(reply.do)))
    assert {sa.identity for sa in far.gateway.ike_sas} == others
    for where in (*spokes, far):
        world.put(where, where.carry_out(where.gateway.clear_isakmp(world.now)))
    world.pass_time(world.now + 1.0)
    for where in (*spokes, far):
        check_empty(where.gateway, where)
