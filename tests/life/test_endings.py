"""However a session ends, its end is said once at each end that knows of it, with a reason that an ASA has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from mainmode.config.model import IkePolicy
from mainmode.events import Phase1Completed, Phase2Completed, SessionDisconnected, SessionTornDown
from mainmode.gateway.box import Out
from mainmode.ike.offers import PROTO_ISAKMP
from mainmode.ike.persona import ASA
from mainmode.lab.faults import Passing
from mainmode.transcript import Transcript
from mainmode.wire import Notify, NotifyType
from tests.exec.worlds import Terminal
from tests.lab.pairs import site
from tests.life.test_reconfigure import other_key
from tests.life.test_settings import with_groups, with_timeouts
from tests.life.world import SCHEDULE, World, pair

REASONS = {
    "User Requested",
    "Lost Service",
    "Idle Timeout",
    "Max Time Exceeded",
    "Administrator Reset",
    "Administrator Shutdown",
    "SA Expired",
    "Connection Preempted",
    "Peer Reconnected",
    "Phase 2 Mismatch",
    "Phase 2 Error",
    "crypto map policy not found",
}
"""Of those that an ASA's syslog message 113019 is documented with (FACTS §4), those that are said here."""

PHASE_1 = 1000
PHASE_2 = 600


class Cut:
    """A line that nothing passes."""

    def carry(self, passing: Passing) -> list[Passing]:
        return []


def ended(world: World, name: str) -> list[str]:
    """The reasons of the ends that a site's log has."""
    reasons = [e.reason for e in world.said(name, SessionDisconnected) if isinstance(e, SessionDisconnected)]
    assert set(reasons) <= REASONS
    return reasons


# --- the ways ---------------------------------------------------------------------------------------------------------


def logged_off(world: World) -> None:
    assert Terminal(world).printed("vpn-sessiondb logoff ipaddress 10.0.0.2").endswith(": 1\n")


def cleared(world: World) -> None:
    Terminal(world).type("clear crypto isakmp sa")


def deleted_by_peer(world: World) -> None:
    world.clear("b")


def shut_down(world: World) -> None:
    where = world.sites["a"]
    sas = list(where.gateway.ike_sas)
    world.network.put(where, where.carry_out(where.gateway.end(sas, world.network.now, "Administrator Shutdown")))


def reloaded(world: World) -> None:
    where = world.sites["a"]
    config = other_key(where.gateway.config)
    world.network.put(where, where.carry_out(where.gateway.reconfigure(config, world.network.now)))


def reloaded_without_the_entry(world: World) -> None:
    where = world.sites["a"]
    config = replace(where.gateway.config, crypto_maps={})
    world.network.put(where, where.carry_out(where.gateway.reconfigure(config, world.network.now)))


def peer_lost(world: World) -> None:
    world.reboot("b")
    world.pass_time(60.0)


def both_lost(world: World) -> None:
    world.network.elements.append(Cut())
    world.pass_time(60.0)


def peer_reconnected(world: World) -> None:
    world.reboot("b")
    world.ask("b")
    world.pass_time(1.0)
    assert world.up


def told_under_the_same_sa(world: World) -> None:
    """INITIAL-CONTACT in an informational message, under the IKE SA that the tunnel hangs on."""
    near = world.sites["b"]
    *_, sa = near.gateway.ike_sas
    first_contact = Notify(PROTO_ISAKMP, sa.initiator_cookie + sa.responder_cookie, NotifyType.INITIAL_CONTACT)
    out: Out = Transcript(world.network.now)
    near.gateway._box.informational.send_notify(sa, first_contact, 0, out)
    world.network.put(near, near.carry_out(out.items))


@dataclass(frozen=True)
class Way:
    end: Callable[[World], None]
    at_a: list[str]
    at_b: list[str]


WAYS = [
    Way(logged_off, ["Administrator Reset"], ["User Requested"]),
    Way(cleared, ["Administrator Reset"], ["User Requested"]),
    Way(deleted_by_peer, ["User Requested"], ["Administrator Reset"]),
    Way(shut_down, ["Administrator Shutdown"], ["User Requested"]),
    Way(reloaded, ["Administrator Reset"], ["User Requested"]),
    Way(reloaded_without_the_entry, ["Administrator Reset"], ["User Requested"]),
    Way(peer_lost, ["Lost Service"], []),
    Way(both_lost, ["Lost Service"], ["Lost Service"]),
    Way(peer_reconnected, ["Peer Reconnected"], []),
    Way(told_under_the_same_sa, ["Peer Reconnected"], []),
]


# --- at which moment --------------------------------------------------------------------------------------------------


def fresh(world: World) -> None:
    pass


def renewed(world: World) -> None:
    while len(world.said("a", Phase1Completed)) < 2 or len(world.said("a", Phase2Completed)) < 3:
        world.pass_time(10.0)
        world.ask("a")
    while len(list(world.gateway("a").ike_sas)) > 1:
        world.pass_time(10.0)


def amid_a_renewal_of_phase_1(world: World) -> None:
    while len(list(world.gateway("a").ike_sas)) < 2 or len(list(world.gateway("b").ike_sas)) < 2:
        world.pass_time(1.0)
    world.pass_time(1.0)


def amid_a_renewal_of_phase_2(world: World) -> None:
    while len(list(world.gateway("a").tunnels)) < 2:
        world.pass_time(1.0)


@pytest.mark.parametrize("moment", [fresh, renewed, amid_a_renewal_of_phase_1, amid_a_renewal_of_phase_2])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.end.__name__)
def test_a_session_s_end_is_said_once_at_each_end_that_knows_of_it(way: Way, moment: Callable[[World], None]) -> None:
    policies = (IkePolicy(10, lifetime=PHASE_1),)
    world = World(pair(policies=policies, lifetime_seconds=PHASE_2))
    world.bring_up()
    moment(world)
    assert ended(world, "a") == ended(world, "b") == []
    way.end(world)
    world.pass_time(100.0)
    assert (ended(world, "a"), ended(world, "b")) == (way.at_a, way.at_b), world.describe()
    world.check_invariants()


# --- those that take their time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "seconds", "reason"),
    [({"vpn_idle_timeout": 2}, 130.0, "Idle Timeout"), ({"vpn_session_timeout": 5}, 310.0, "Max Time Exceeded")],
)
def test_a_timeout_is_said_once_at_either_end(settings: dict[str, int], seconds: float, reason: str) -> None:
    world = World({"a": with_timeouts(site("a"), **settings), "b": site("b")})
    world.bring_up()
    world.pass_time(seconds)
    assert (ended(world, "a"), ended(world, "b")) == ([reason], ["User Requested"])


def test_a_phase_1_that_nobody_renewed_ends_its_session_when_it_expires() -> None:
    policies = (IkePolicy(10, lifetime=PHASE_1),)
    world = World({name: with_groups(site(name, policies=policies), keepalive_disabled=True) for name in "ab"})
    world.bring_up()
    world.network.elements.append(Cut())
    world.pass_time(PHASE_1 - 10.0)
    assert ended(world, "a") == ended(world, "b") == []
    world.pass_time(20.0)
    assert ended(world, "a") == ended(world, "b") == ["SA Expired"]
    world.pass_time(PHASE_1)
    assert ended(world, "a") == ended(world, "b") == ["SA Expired"]
    for name in "ab":
        assert not list(world.gateway(name).ike_sas)


def test_a_phase_1_that_expires_beside_its_successor_ends_no_session() -> None:
    # Of 120 seconds the last twelve are for the renewal, and its overlap is half a minute.
    world = World({name: site(name, policies=(IkePolicy(10, lifetime=120),)) for name in "ab"})
    world.bring_up()
    world.pass_time(130.0)
    assert world.up and len(world.said("a", Phase1Completed)) == 2
    for name in "ab":
        assert not world.said(name, SessionTornDown), world.describe()


def test_who_begins_anew_and_never_had_a_tunnel_had_no_session() -> None:
    world = World()
    cut = Cut()

    class BeforeQuickMode:
        def carry(self, passing: Passing) -> list[Passing]:
            return cut.carry(passing) if world.said("a", Phase1Completed) else [passing]

    world.network.elements.append(BeforeQuickMode())
    world.ask("a")
    world.pass_time(1.0)
    assert world.said("b", Phase1Completed)
    world.network.elements.clear()
    world.reboot("a")
    world.bring_up()
    assert len(list(world.gateway("b").ike_sas)) == 1, "INITIAL-CONTACT has ended the other"
    assert ended(world, "b") == []


def test_a_refused_quick_mode_ends_the_session_that_it_was_for_once() -> None:
    world = World({"a": site("a"), "b": site("b", lines=site("b").access_lists["VPN"].lines[:1])})
    world.ask("a")
    world.pass_time(SCHEDULE)
    assert (ended(world, "a"), ended(world, "b")) == (["User Requested"], ["crypto map policy not found"])


def test_a_quick_mode_that_nobody_answers_ends_the_session_that_it_was_for_once() -> None:
    world = World()

    class Quiet:
        def carry(self, passing: Passing) -> list[Passing]:
            return [] if world.said("a", Phase1Completed) else [passing]

    world.network.elements.append(Quiet())
    world.ask("a")
    world.pass_time(2 * SCHEDULE)
    assert ended(world, "a") == ["Lost Service"], world.describe()


# --- one after the other ----------------------------------------------------------------------------------------------


def test_a_peer_that_restarts_without_saying_so_goes_on_with_its_session_and_its_end_is_said_once() -> None:
    silent = replace(ASA, initial_contact=False)
    world = World(personas=(silent, silent))
    world.bring_up()
    world.pass_time(100.0)
    world.reboot("b")
    world.ask("b")
    world.pass_time(200.0)
    assert world.up
    assert ended(world, "a") == []
    world.clear("a")
    world.pass_time(1.0)
    (last,) = [e for e in world.said("a", SessionDisconnected) if isinstance(e, SessionDisconnected)]
    assert last.reason == "Administrator Reset" and last.seconds >= 300


@pytest.mark.parametrize("asking", ["a", "b"])
def test_the_session_after_a_restart_is_another_one_with_its_own_time_and_octets(asking: str) -> None:
    world = World()
    world.bring_up()
    world.check_traffic()
    world.pass_time(100.0)
    (before,) = {sa.session for sa in world.gateway("a").ike_sas}
    world.reboot("b")
    while not world.up:
        world.ask(asking)
        world.pass_time(1.0)
    world.pass_time(50.0)
    (first,) = [e for e in world.said("a", SessionDisconnected) if isinstance(e, SessionDisconnected)]
    assert first.seconds >= 100 and first.transmitted >= first.received > 0
    assert first.reason == ("Peer Reconnected" if asking == "b" else "Lost Service")
    (sa,) = world.gateway("a").ike_sas
    assert sa.session != before
    world.clear("a")
    world.pass_time(1.0)
    _, second = [e for e in world.said("a", SessionDisconnected) if isinstance(e, SessionDisconnected)]
    assert 50 <= second.seconds <= 60
    assert second.transmitted < first.transmitted
