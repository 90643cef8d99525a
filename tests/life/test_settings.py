"""What the configuration says about a tunnel's life: lifetimes, timeouts, keepalives, backup peers, who may begin."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mainmode.config.model import DEFAULT_POLICY, Config, IkePolicy
from mainmode.events import (
    ConnectionTerminated,
    DeleteReasonSending,
    InitiatorPolicyMissing,
    KeepaliveAgreed,
    KeepaliveReceived,
    KeepaliveSent,
    NegotiationStarted,
    NotifyReceived,
    OriginateOnly,
    Phase1Completed,
    Phase2Completed,
    ProxyId,
    RekeyIntervalForced,
    RouteAdded,
    RouteDeleted,
    SessionDisconnected,
    SessionTornDown,
)
from mainmode.ike import phase2
from mainmode.lab.ip import question
from mainmode.wire import Identification
from tests.exec.worlds import Terminal
from tests.ipsec.sas import packet
from tests.lab.pairs import FAR, OUTSIDE, entry, hub, site
from tests.life.world import HOSTS, SCHEDULE, World, with_peer

NOWHERE = IPv4Address("10.0.0.99")


def with_timeouts(config: Config, **settings: object) -> Config:
    policy = replace(DEFAULT_POLICY, **settings)  # type: ignore[arg-type]
    return replace(config, group_policies={policy.name: policy})


def with_groups(config: Config, **settings: object) -> Config:
    groups = {name: replace(group, **settings) for name, group in config.tunnel_groups.items()}  # type: ignore[arg-type]
    return replace(config, tunnel_groups=groups)


def busy(world: World, seconds: float, gap: float = 5.0) -> None:
    """Traffic, from both sides in turn, for so long."""
    end = world.network.now + seconds
    while world.network.now < end:
        world.ask("ab"[world.asked & 1])
        world.pass_time(gap)


def nothing_lost(world: World) -> bool:
    a, b = world.sites["a"], world.sites["b"]
    return a.sent == b.arrived and b.sent == a.arrived


# --- lifetimes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("initiator", ["a", "b"])
@pytest.mark.parametrize(
    ("seconds", "policy"), [((600, 300), (1800, 900)), ((300, 600), (900, 1800)), ((300, 300), (None, 900))]
)
def test_lifetimes_that_differ_and_both_phases_are_renewed_in_time(
    seconds: tuple[int, int], policy: tuple[int | None, int | None], initiator: str
) -> None:
    configs = {
        name: site(name, lifetime_seconds=seconds[at], policies=[IkePolicy(10, lifetime=policy[at])])
        for at, name in enumerate("ab")
    }
    world = World(configs)
    world.bring_up(initiator)
    busy(world, 7200.0)
    assert nothing_lost(world), world.describe()
    world.check_invariants()
    for name in "ab":
        assert len(world.said(name, Phase2Completed)) >= 7200 / 300
        assert len(world.said(name, Phase1Completed)) >= 7200 / 900
    assert world.up
    world.check_nothing_left()


def test_a_responder_with_the_shorter_lifetime_tells_it_and_both_go_by_it() -> None:
    world = World({"a": site("a", lifetime_seconds=28800), "b": site("b", lifetime_seconds=3600)})
    world.bring_up("a")
    assert world.said("a", RekeyIntervalForced) == [RekeyIntervalForced(28800, 3600, "seconds")]
    assert [t.suite.lifetime_seconds for name in "ab" for _, t in world.gateway(name).tunnels] == [3600, 3600]
    world.check_nothing_left()


def test_kilobytes_that_run_out_renew_the_tunnel_before_they_are_gone() -> None:
    configs = {name: site(name, lifetime_kilobytes=100) for name in "ab"}
    world = World(configs)
    world.bring_up()
    busy(world, 1200.0, gap=0.5)  # an echo of 84 octets twice a second: 85 KB are gone in a quarter of an hour
    assert len(world.said("a", Phase2Completed)) >= 2
    assert nothing_lost(world), world.describe()
    world.check_nothing_left()


def test_a_fast_transfer_does_not_use_up_small_kilobytes_before_they_are_renewed() -> None:
    world = World({name: site(name, lifetime_kilobytes=1000) for name in "ab"})
    world.bring_up()
    start = world.network.now
    for number in range(4000):  # 1428 octets every half millisecond: 150 kilobytes are left, and gone in 53 ms
        body = b"\x00\0\0\0" + number.to_bytes(4) + bytes(1400)
        long = packet(str(HOSTS["a"]), str(HOSTS["b"]), body=body)
        world.network.at(start + number / 2000, lambda long=long: world.network.host_sends(world.sites["a"], long))
    world.pass_time(3.0)
    assert len(world.said("a", Phase2Completed)) >= 5
    assert world.sites["a"].sent.total() == world.sites["b"].arrived.total() == 4000
    world.check_nothing_left()


# --- timeouts -----------------------------------------------------------------------------------------------------


def test_an_idle_tunnel_ends_with_its_reason_and_comes_back_when_traffic_wants_it() -> None:
    world = World({name: with_timeouts(site(name), vpn_idle_timeout=2) for name in "ab"})
    world.bring_up()
    world.pass_time(125.0)
    ended = [e for name in "ab" for e in world.said(name, ConnectionTerminated) if isinstance(e, ConnectionTerminated)]
    assert {e.reason for e in ended} == {"IPSec SA Idle Timeout", "Peer Terminate"}
    torn_down = [e.reason for name in "ab" for e in world.said(name, SessionTornDown) if isinstance(e, SessionTornDown)]
    assert "Idle Timeout" in torn_down
    for name in "ab":
        assert not list(world.gateway(name).ike_sas)
    world.bring_up("b")
    world.check_traffic()
    world.check_nothing_left()


def test_clearing_counters_is_neither_a_use_of_a_tunnel_nor_the_end_of_one_that_was_used() -> None:
    world = World({"a": with_timeouts(site("a"), vpn_idle_timeout=2), "b": site("b")})
    world.bring_up()
    busy(world, 60.0)
    Terminal(world).printed("clear crypto ipsec sa counters")
    world.pass_time(110.0)
    assert world.up
    world.pass_time(15.0)
    assert "Idle Timeout" in [e.reason for e in world.said("a", SessionTornDown) if isinstance(e, SessionTornDown)]


def test_a_renewal_is_no_use_of_an_idle_tunnel() -> None:
    configs = {name: site(name, entries=(entry(name, lifetime_seconds=120),)) for name in "ab"}
    world = World({name: with_timeouts(config, vpn_idle_timeout=5) for name, config in configs.items()})
    world.bring_up()
    world.ask("a")
    world.pass_time(290.0)
    assert world.up
    assert len(world.said("a", Phase2Completed)) >= 3
    world.pass_time(40.0)
    assert "Idle Timeout" in reasons_of_end(world)
    assert not list(world.gateway("a").tunnels)


def reasons_of_end(world: World) -> set[str]:
    return {e.reason for name in "ab" for e in world.said(name, SessionTornDown) if isinstance(e, SessionTornDown)}


def test_a_session_ends_when_its_time_is_over_however_busy_it_is() -> None:
    world = World({name: with_timeouts(site(name), vpn_session_timeout=5) for name in "ab"})
    world.bring_up()
    busy(world, 295.0)
    assert world.up
    world.pass_time(10.0)
    assert "Max Time Exceeded" in reasons_of_end(world)
    assert not list(world.gateway("a").tunnels)


def test_a_renewal_does_not_prolong_a_session() -> None:
    configs = {name: site(name, entries=(entry(name, lifetime_seconds=120),)) for name in "ab"}
    world = World({name: with_timeouts(config, vpn_session_timeout=5) for name, config in configs.items()})
    world.bring_up()
    busy(world, 290.0)
    assert world.up
    assert len(world.said("a", Phase2Completed)) >= 3
    world.pass_time(10.0)
    assert "Max Time Exceeded" in reasons_of_end(world)
    assert not list(world.gateway("a").tunnels)


def ends(world: World, name: str) -> list[SessionDisconnected]:
    return [e for e in world.said(name, SessionDisconnected) if isinstance(e, SessionDisconnected)]


def test_the_log_keeps_of_a_session_how_long_it_was_what_it_carried_and_why_it_ended() -> None:
    policies = (IkePolicy(10, lifetime=1000),)
    world = World({name: site(name, policies=policies, entries=(entry(name, lifetime_seconds=600),)) for name in "ab"})
    world.bring_up()
    for _ in range(3):  # both phases are renewed meanwhile
        world.pass_time(500.0)
        world.ask("a")
    assert len(world.said("a", Phase1Completed)) >= 2 and len(world.said("a", Phase2Completed)) >= 3
    assert not ends(world, "a") and not ends(world, "b")
    world.pass_time(10.0)
    world.clear("a")
    world.pass_time(1.0)
    (ours,), (theirs,) = ends(world, "a"), ends(world, "b")
    assert (ours.type, ours.reason, theirs.reason) == ("LAN-to-LAN", "Administrator Reset", "User Requested")
    assert 1510 <= ours.seconds <= 1512 and abs(ours.seconds - theirs.seconds) <= 1
    packets = 3 * len(question(1, HOSTS["a"], HOSTS["b"], 1, 0, 1))
    assert (ours.transmitted, ours.received) == (theirs.received, theirs.transmitted) == (packets, packets)


def test_a_session_that_was_idle_is_logged_with_what_its_tunnel_carried_before_it_ended() -> None:
    world = World({name: with_timeouts(site(name), vpn_idle_timeout=2) for name in "ab"})
    world.bring_up()
    world.ask("b")
    world.pass_time(125.0)
    said = [*ends(world, "a"), *ends(world, "b")]
    assert len(said) == 2 and "Idle Timeout" in {one.reason for one in said}
    assert all(one.transmitted == one.received > 0 and one.seconds >= 120 for one in said)


# --- keepalives ---------------------------------------------------------------------------------------------------


def test_a_side_without_keepalives_sends_none_and_answers_the_other_s() -> None:
    world = World({"a": site("a"), "b": with_groups(site("b"), keepalive_disabled=True)})
    world.bring_up()
    world.pass_time(120.0)
    assert world.said("b", KeepaliveAgreed) == [KeepaliveAgreed("None")]
    asked = [e.kind for e in world.said("b", KeepaliveSent) if isinstance(e, KeepaliveSent)]
    assert set(asked) == {"R-U-THERE-ACK"}
    assert world.said("a", KeepaliveReceived)
    assert world.up


def test_threshold_and_retry_are_as_configured() -> None:
    configs = {name: with_groups(site(name), keepalive_threshold=30, keepalive_retry=5) for name in "ab"}
    world = World(configs)
    world.bring_up()
    world.pass_time(200.0)
    world.reboot("b")
    gone = world.network.now
    world.pass_time(4 * 5.0 - 1.0)  # it may have been silent for the threshold already
    assert list(world.gateway("a").ike_sas)
    while list(world.gateway("a").ike_sas):
        world.pass_time(1.0)
        assert world.network.now < gone + 30.0 + 4 * 5.0 + 2.0


# --- who begins, and with whom ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["Administrator Reset"])
def test_with_disconnect_notify_the_reason_is_told(reason: str) -> None:
    world = World({name: site(name, disconnect_notify=True) for name in "ab"})
    world.bring_up()
    world.clear("a")
    world.pass_time(1.0)
    assert world.said("a", DeleteReasonSending) == [DeleteReasonSending("IKE", reason)]
    assert not list(world.gateway("b").ike_sas)


def test_a_backup_peer_is_asked_when_the_first_does_not_answer() -> None:
    both = entry("a", peers=(NOWHERE, OUTSIDE["b"]), peer_names=(str(NOWHERE), str(OUTSIDE["b"])))
    world = World({"a": with_peer(site("a", entries=(both,)), NOWHERE), "b": site("b")})
    world.ask("a")
    world.network.run(2 * SCHEDULE)
    assert world.up, world.describe()
    started = [entry.peer for entry in world.sites["a"].entries if isinstance(entry.event, NegotiationStarted)]
    assert started == [NOWHERE, OUTSIDE["b"]]
    world.check_traffic()
    world.check_nothing_left()


def test_an_answer_only_side_does_not_begin_and_is_called() -> None:
    configs = {"a": site("a"), "b": site("b", entries=(entry("b", connection_type="answer-only"),))}
    world = World(configs)
    world.ask("b")
    world.pass_time(1.0)
    assert world.said("b", InitiatorPolicyMissing)
    assert not world.up
    world.bring_up("a")
    world.check_traffic()


def test_an_originate_only_side_is_not_called_and_begins() -> None:
    world = World({"a": site("a"), "b": site("b", entries=(entry("b", connection_type="originate-only"),))})
    world.ask("a")
    world.network.run(2 * SCHEDULE)
    assert world.said("b", OriginateOnly)
    assert not world.up
    world.bring_up("b")
    world.check_traffic()
    busy(world, 60.0)
    world.check_nothing_left()


def test_a_dynamic_map_with_reverse_route_adds_a_route_with_the_tunnel_and_takes_it_away_with_it() -> None:
    world = World({"a": site("a"), "b": hub(reverse_route=True, lifetime_seconds=300)})
    world.bring_up("a")
    network = IPv4Address("192.168.1.0"), IPv4Address("255.255.255.0")
    assert world.said("b", RouteAdded) == [RouteAdded(*network)]
    busy(world, 600.0)  # renewed twice: the route stays as it is
    assert world.said("b", RouteAdded) == [RouteAdded(*network)]
    assert not world.said("b", RouteDeleted)
    world.clear("a")
    world.pass_time(1.0)
    assert world.said("b", RouteDeleted) == [RouteDeleted(*network)]
    world.check_nothing_left()


@pytest.mark.parametrize("mask", ["0.0.0.255", "255.0.255.0"])
def test_a_peer_of_a_dynamic_map_does_not_get_a_network_whose_mask_has_holes(
    mask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    identification = phase2._identification

    def with_holes(proxy: ProxyId) -> Identification:
        return identification(replace(proxy, mask=IPv4Address(mask)))

    monkeypatch.setattr(phase2, "_identification", with_holes)
    world = World({"a": site("a"), "b": hub(reverse_route=True)})
    world.ask("a")
    world.pass_time(1.0)
    assert NotifyReceived("Invalid ID info", 18) in world.said("a", NotifyReceived)
    assert not list(world.gateway("b").tunnels)


def test_clearing_the_ipsec_sas_leaves_phase_1_and_traffic_brings_new_ones() -> None:
    world = World()
    world.bring_up()
    where = world.sites["a"]
    cookies = [sa.our_cookie for sa in where.gateway.ike_sas]
    world.network.put(where, where.carry_out(where.gateway.clear_ipsec(world.network.now, OUTSIDE[FAR["a"]])))
    world.pass_time(1.0)
    for name in "ab":
        assert not list(world.gateway(name).tunnels)
    assert [sa.our_cookie for sa in where.gateway.ike_sas] == cookies
    world.bring_up("a")
    assert [sa.our_cookie for sa in where.gateway.ike_sas] == cookies
    world.check_traffic()
    world.check_nothing_left()
