"""A changed configuration ends the tunnels it does not describe any more, tells the peer, and leaves the others be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mainmode.config.model import AccessList, Config
from mainmode.events import ConnectionTerminated, SessionTornDown
from mainmode.ike.persona import ASA
from mainmode.secret import Secret
from mainmode.span import Span
from tests.lab.pairs import entry, site, transform_set
from tests.life.world import World

ELSEWHERE = Span("other.cfg", 99)


def reconfigure(world: World, name: str, config: Config) -> None:
    where = world.sites[name]
    world.network.put(where, where.carry_out(where.gateway.reconfigure(config, world.network.now)))
    where.config = config
    world.pass_time(1.0)


def other_key(config: Config) -> Config:
    groups = {
        name: replace(group, pre_shared_key=Secret(b"other") if group.pre_shared_key else None)
        for name, group in config.tunnel_groups.items()
    }
    return replace(config, tunnel_groups=groups)


BASE = site("a")

MOVED = AccessList("VPN", tuple(replace(line, span=ELSEWHERE) for line in BASE.access_lists["VPN"].lines))

STILL_DESCRIBED = {
    "the same": BASE,
    "one line further down": replace(BASE, access_lists={"VPN": MOVED}),
    "another hostname": replace(BASE, hostname="renamed"),
    "the MTU inside": replace(BASE, mtu={"inside": 1400}, df_bit={"inside": "clear-df"}),
    "another policy": replace(BASE, ike_policies=tuple(replace(one, group=14) for one in BASE.ike_policies)),
}

GONE = {
    "the key": other_key(BASE),
    "the tunnel-group": replace(
        BASE, tunnel_groups={name: group for name, group in BASE.tunnel_groups.items() if name != "10.0.0.2"}
    ),
    "the entry": replace(BASE, crypto_maps={}),
    "the peer": site("a", entries=[entry("a", peers=(), peer_names=())]),
    "PFS": site("a", entries=[entry("a", pfs=2)]),
    "the transform set": site("a", sets=[replace(transform_set(), encryption="esp-3des")]),
    "the access-list": site("a", lines=BASE.access_lists["VPN"].lines[:1]),
    "the lifetime": replace(BASE, lifetime_seconds=3600),
    # As an ASA does (ASDM guide, pre-fragmentation).
    "the MTU": replace(BASE, mtu={"outside": 1400}),
    "the DF bit": replace(BASE, df_bit={"outside": "clear-df"}),
    "when to fragment": replace(BASE, fragmentation={"outside": "after-encryption"}),
}


@pytest.mark.parametrize("change", STILL_DESCRIBED)
def test_a_tunnel_that_is_still_described_goes_on(change: str) -> None:
    world = World()
    world.bring_up()
    reconfigure(world, "a", STILL_DESCRIBED[change])
    assert world.up
    world.check_traffic()
    world.check_invariants()
    assert not world.said("a", ConnectionTerminated)


@pytest.mark.parametrize("change", GONE)
def test_a_tunnel_that_is_not_described_any_more_ends_at_both_ends(change: str) -> None:
    world = World()
    world.bring_up()
    reconfigure(world, "a", GONE[change])
    for name in "ab":
        assert not list(world.gateway(name).tunnels)
        assert not list(world.gateway(name).ike_sas)
    world.check_invariants()


def test_a_session_whose_other_tunnel_hangs_on_another_ike_sa_goes_on() -> None:
    # The peer has begun anew and not said so: what it had stays until it is found out.
    silent = replace(ASA, initial_contact=False)
    world = World(personas=(silent, silent))
    world.bring_up()
    world.reboot("b")
    # A TCP segment between the two hosts, of which the headers alone are looked at.
    segment = bytes.fromhex("450000280000000040060000c0a80202c0a80102") + bytes.fromhex("0050c000") + bytes(16)
    world.network.host_sends(world.sites["b"], segment)
    world.pass_time(1.0)
    ends = list(world.gateway("a").tunnels)
    assert len(ends) == 2 and ends[0][0] is not ends[1][0]
    reconfigure(world, "a", GONE["the access-list"])
    assert [tunnel.match.line for _, tunnel in world.gateway("a").tunnels] == [ends[1][1].match.line]
    assert not world.said("a", SessionTornDown)


def test_new_tunnels_follow_the_new_configuration() -> None:
    world = World()
    world.bring_up()
    for name in "ab":
        reconfigure(world, name, site(name, sets=[replace(transform_set(), encryption="esp-aes-256")]))
    world.bring_up()
    for name in "ab":
        assert [tunnel.suite.cipher.name for _, tunnel in world.gateway(name).tunnels] == ["esp-aes-256"]
    world.check_traffic()
