"""NAT between the sites: the float, mappings that change, several peers behind one address, what does not pass."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from mainmode.config.model import Config, IkePolicy
from mainmode.events import FsmHistory, NatDetected, PeerLost, Phase2Completed, SaFromOtherPeer
from mainmode.exec.commands import execute
from mainmode.exec.debugging import Debugging
from mainmode.exec.running import Running
from mainmode.exec.statistics import Statistics
from mainmode.gateway.engine import SESSION_STEP
from mainmode.gateway.satable import SaTable
from mainmode.ike.persona import ASA
from mainmode.ike.sa import Endpoint, IkeSa
from mainmode.lab.elements import Nat
from mainmode.lab.faults import UDP, Fault, FaultyStretch, Packet
from mainmode.lab.ip import question
from mainmode.lab.network import Network, Site
from mainmode.show.view import View
from tests.lab.pairs import OUTSIDE, entry, hub, line, site
from tests.life.world import HOSTS, ROUTER, World, check, check_empty, pair, with_peer


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


ELSEWHERE = IPv4Address("203.0.113.8")
"""The address that the router before a site has after the night."""


def roaming(**settings: object) -> World:
    """Site a behind a router, and site b, which takes anybody who has the key."""
    world = World({"a": site("a", **settings), "b": hub(**settings)}, nat="a")  # type: ignore[arg-type]
    world.bring_up()
    world.check_traffic()
    return world


def move(world: World) -> None:
    assert world.nat is not None
    world.nat.move(ELSEWHERE)


def where_is_a(world: World) -> set[IPv4Address]:
    """Where site b thinks that site a is: by its IKE SAs, its IPsec SAs, and what it shows."""
    far = world.sites["b"]
    view = View(far.gateway, far.plane, world.network.now, "9", float)
    running = Running(view, Debugging(), {}, Statistics())
    shown = [execute(show, running).text for show in ("show crypto isakmp sa", "show crypto ipsec sa")]
    assert shown[0].count("IKE Peer: ") == shown[1].count("current_peer: ") == 1
    found = re.findall(r"(?:IKE Peer|current_peer|remote crypto endpt\.): ([0-9.]+)", "\n".join(shown))
    assert len(found) == 3
    engine = far.gateway.engine
    pairs = [engine.pair(tunnel.inbound_spi) for _, tunnel in far.gateway.tunnels]
    return (
        {sa.remote.address for sa in far.gateway.ike_sas}
        | {one.remote for pair in pairs for one in pair}
        | {IPv4Address(address) for address in found}
    )


def test_a_router_with_another_address_costs_a_peer_of_a_dynamic_map_no_tunnel() -> None:
    world = roaming()
    begun = len(world.network.wire)
    move(world)
    world.ask("a")  # ESP from the new address is authentic: the answer goes there
    world.pass_time(0.1)
    assert where_is_a(world) == {ELSEWHERE}
    world.check_traffic()
    world.pass_time(60.0)
    world.check_traffic()
    # Phase 2 was renewed, for the peer to show that it receives there; phase 1 was not.
    said = [transit.name for transit in world.network.wire[begun:] if transit.sender == "b"]
    assert (said.count("QM1"), said.count("MM1")) == (1, 0)
    assert {sa.met_at for sa in world.gateway("b").ike_sas} == {ELSEWHERE}
    assert len(list(world.gateway("b").tunnels)) == 1
    world.check_invariants()
    world.check_nothing_left()


def test_a_peer_that_has_moved_is_found_by_its_keepalives_when_it_says_nothing_else() -> None:
    world = roaming()
    move(world)
    world.pass_time(60.0)
    assert where_is_a(world) == {ELSEWHERE}
    assert not world.said("b", PeerLost)
    world.ask("b")
    world.pass_time(0.1)
    assert world.sites["a"].arrived.total() == 3
    world.check_traffic()
    world.check_nothing_left()


def test_what_is_renewed_after_a_move_is_renewed_where_the_peer_is_now() -> None:
    world = roaming(lifetime_seconds=300)
    move(world)
    for _ in range(100):
        world.ask("a")
        world.pass_time(10.0)
        world.check_invariants()
    world.check_traffic()
    assert where_is_a(world) == {ELSEWHERE}
    assert len(world.said("b", Phase2Completed)) >= 3
    world.check_nothing_left()


@pytest.mark.parametrize("lifetime", [{}, {"lifetime_kilobytes": None}])
def test_phase_1_that_is_renewed_after_a_move_gets_the_tunnels(lifetime: dict[str, object]) -> None:
    world = roaming(ike_policies=(IkePolicy(10, lifetime=400),), **lifetime)
    move(world)
    for _ in range(50):
        world.ask("a")
        world.pass_time(10.0)
        world.check_invariants()
    world.pass_time(40.0)
    assert sum(transit.name == "MM1" for transit in world.network.wire) >= 2
    # One by which it came up, and one by which the peer showed where it is: no more were needed.
    assert len(world.said("b", Phase2Completed)) == 2
    assert world.sites["a"].arrived.total() == world.sites["a"].sent.total()
    assert where_is_a(world) == {ELSEWHERE}
    world.check_nothing_left()


def test_whoever_comes_from_port_0_does_not_lead_a_tunnel_to_where_nothing_can_be_sent() -> None:
    world = roaming()
    near, far = world.sites["a"], world.sites["b"]
    (packet,) = near.host_sends(question(1, HOSTS["a"], HOSTS["b"], 1, 0, 7), world.network.now)
    for nobody in (Endpoint(ROUTER, 0), Endpoint(ELSEWHERE, 0)):
        answered = far.receive(Packet(UDP, nobody, Endpoint(OUTSIDE["b"], 4500), packet.payload), world.network.now)
        assert all(one.to.port for one in answered)
    assert where_is_a(world) == {ROUTER}
    world.check_traffic()
    world.pass_time(60.0)
    world.check_traffic()


@pytest.mark.parametrize("when", [0.005, 0.015, 0.025])
def test_a_router_gets_another_address_while_quick_mode_is_under_way(when: float) -> None:
    world = roaming()
    near = world.sites["a"]
    world.network.put(near, near.carry_out(near.gateway.clear_ipsec(world.network.now)))
    world.pass_time(1.0)
    world.ask("a")
    world.network.at(world.network.now + when, lambda: move(world))
    world.pass_time(40.0)
    assert world.up, world.describe()
    world.check_traffic()
    assert where_is_a(world) == {ELSEWHERE}
    world.check_invariants()
    world.check_nothing_left()


@pytest.mark.parametrize("named", [ROUTER, ELSEWHERE])
def test_a_peer_does_not_move_from_or_to_an_address_that_the_configuration_names(named: IPv4Address) -> None:
    configs = pair("a") if named == ROUTER else {"a": site("a"), "b": with_peer(hub(), ELSEWHERE)}
    world = World(configs, nat="a")
    world.bring_up()
    move(world)
    world.ask("a")
    world.pass_time(1.0)
    assert where_is_a(world) == {ROUTER}
    world.pass_time(60.0)
    assert world.said("b", PeerLost)


def test_who_comes_from_elsewhere_without_the_old_sas_waits_until_the_old_peer_is_missed() -> None:
    world = roaming()
    move(world)
    world.reboot("a")
    world.ask("a")
    world.pass_time(1.0)
    assert world.said("b", SaFromOtherPeer)
    for _ in range(10):
        world.pass_time(6.0)
        world.ask("a")
    world.pass_time(1.0)
    assert world.said("b", PeerLost)
    assert where_is_a(world) == {ELSEWHERE}
    world.check_traffic()
    world.check_nothing_left()


def test_only_what_is_authentic_and_new_moves_a_peer_to_another_address() -> None:
    world = roaming()
    # Many keepalives, and now and then a packet, or it would be an idle tunnel.
    for _ in range(4):
        world.pass_time(900.0)
        world.check_traffic()
    keepalives = sum(transit.name == "info" and transit.sender == "a" for transit in world.network.wire)
    assert keepalives > 150
    far = world.sites["b"]
    said = len(far.entries)
    heard_at = [sa.heard_at for sa in far.gateway.ike_sas]
    forged = 0
    for transit in list(world.network.wire):
        payload = transit.packet.payload
        copies = (payload, payload[:-1] + bytes((payload[-1] ^ 1,)), payload[:40])
        for copy in copies if transit.sender == "a" else ():
            for source in (Endpoint(ELSEWHERE, 4500), Endpoint(ROUTER, 31337)):
                packet = Packet(UDP, source, Endpoint(OUTSIDE["b"], 4500), copy)
                world.network.put(far, far.receive(packet, world.network.now))
                forged += 1
    assert forged > 1000
    assert where_is_a(world) == {ROUTER}
    assert [sa.heard_at for sa in far.gateway.ike_sas] == heard_at, "a copy is a sign of life"
    assert len(far.entries) < said + 200, "a flood of copies is a flood of log"
    world.check_traffic()
    world.check_nothing_left()


def test_whoever_is_first_with_a_packet_has_the_tunnel_until_the_next_one() -> None:
    world = roaming()
    near, far = world.sites["a"], world.sites["b"]
    (overtaken,) = near.host_sends(question(1, HOSTS["a"], HOSTS["b"], 1, 0, 7), world.network.now)
    thief = Endpoint(ELSEWHERE, 4500)
    far.receive(Packet(UDP, thief, Endpoint(OUTSIDE["b"], 4500), overtaken.payload), world.network.now)
    assert where_is_a(world) == {ELSEWHERE}
    world.ask("a")
    world.pass_time(0.1)
    assert where_is_a(world) == {ROUTER}
    world.check_traffic()


def test_who_is_behind_the_nat_does_not_follow_the_one_who_is_not() -> None:
    world = World(nat="a")
    world.bring_up()
    (sa,) = world.gateway("a").ike_sas
    before = sa.remote
    near, far = world.sites["a"], world.sites["b"]
    (packet,) = far.host_sends(question(1, HOSTS["b"], HOSTS["a"], 1, 0, 7), world.network.now)
    near.receive(packet._replace(source=Endpoint(before.address, 31337), to=sa.local), world.network.now)
    assert near.arrived.total() == 1
    assert sa.remote == before


def test_tunnels_go_to_where_phase_1_was_renewed_from() -> None:
    configs = {
        name: without_keepalive(replace(config, ike_policies=(IkePolicy(10, lifetime=300),)))
        for name, config in pair("a").items()
    }
    world = World(configs, nat="a")
    world.bring_up()
    world.check_traffic()
    assert world.nat is not None
    world.nat.rebind()
    world.pass_time(400.0)  # phase 1 was renewed, and the old IKE SA is gone; nothing else was said
    assert [t.name for t in world.network.wire].count("MM1") == 2
    world.ask("b")
    world.pass_time(0.1)
    assert world.sites["a"].arrived.total() == 3, world.describe()
    world.check_nothing_left()


def test_sas_that_move_to_where_newer_ones_are_stand_before_them() -> None:
    table, there = SaTable(), Endpoint(ELSEWHERE, 4500)
    sas = [
        IkeSa("responder", ASA, there, remote, "outside", cookie, cookie, "MM_ACTIVE", at, 0)
        for remote, cookie, at in ((Endpoint(ROUTER, 4500), b"1" * 8, 1.0), (there, b"2" * 8, 2.0))
    ]
    for sa in sas:
        table.add(sa)
    table.move(sas[0], there)
    assert table.with_peer(ELSEWHERE) == sas
    assert table.towards(ELSEWHERE) is sas[1]
    assert not table.with_peer(ROUTER)
    assert table.opened_by(there, b"1" * 8) is sas[0]
    assert table.opened_by(Endpoint(ROUTER, 500), b"1" * 8) is None


def test_a_move_that_would_make_two_sas_one_is_not_made() -> None:
    world = roaming()
    engine = world.gateway("b").engine
    (spi,) = [tunnel.outbound_spi for _, tunnel in world.gateway("b").tunnels]
    engine._outbound.add((ELSEWHERE, spi))  # as if a peer there had chosen the same SPI
    move(world)
    world.ask("a")
    world.pass_time(1.0)
    assert where_is_a(world) == {ROUTER}


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
