"""A member of `DefaultL2LGroup` who means harm to another: it has the key that all have, and writes
what sender it likes.

It sees nothing of what the other sends and gets. Its identity is the other's, whose private address is no secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from math import inf

import pytest

from mainmode.config.model import IkePolicy
from mainmode.events import Phase2Completed, ProxyId, SaFromOtherPeer, SessionDisconnected
from mainmode.gateway.box import Out
from mainmode.gateway.upkeep import MOST_IDLE_AT_ONE_ADDRESS
from mainmode.ike.informational import Informational
from mainmode.ike.offers import PROTO_ISAKMP
from mainmode.ike.persona import ASA
from mainmode.ike.sa import Endpoint, IkeSa, Tunnel
from mainmode.lab.elements import Nat
from mainmode.lab.faults import Packet
from mainmode.lab.ip import question
from mainmode.lab.network import Network, Site
from mainmode.transcript import Transcript
from mainmode.wire import Notify, NotifyType
from tests.lab.pairs import INSIDE, OUTSIDE, entry, hub, line, site
from tests.life.world import HOSTS, ROUTER, check, check_empty

OTHER_ROUTER = IPv4Address("198.51.100.9")
OWN = IPv4Network("192.168.3.0/24")
OWN_HOST = IPv4Address("192.168.3.2")
MASK = IPv4Address("255.255.255.0")


class Street:
    """The hub, an honest spoke behind its router, and a thief behind another."""

    def __init__(self, **settings: object) -> None:
        self.hub = Site("b", hub(**settings), ASA, 0)
        self.honest = Site("a", site("a", lines=[line(INSIDE["a"], INSIDE["b"])], **settings), ASA, 0)  # type: ignore[arg-type]
        wanted = [line(OWN, INSIDE["b"]), line(INSIDE["a"], INSIDE["b"])]
        base = site("a", lines=wanted, entries=[entry("a")], **settings)  # type: ignore[arg-type]
        thief = replace(base, interfaces=(replace(base.interfaces[0], network=OWN, address=OWN[1]), base.interfaces[1]))
        self.thief = Site("c", thief, ASA, 7)
        self.network = Network([self.hub, self.honest], [], [Nat(OUTSIDE["a"], ROUTER)])
        self.theirs = Endpoint(ROUTER, 4500)
        """Where the honest spoke is."""
        self.place = Endpoint(OTHER_ROUTER, 500)
        """Where the thief's packets come from, and the only place where it gets any."""
        self.caught: list[Packet] = []
        """What the hub sent to the thief's own address."""

    @property
    def now(self) -> float:
        return self.network.now

    def both_up(self) -> None:
        self.ask()
        self.talk(self.thief.host_sends(question(1, OWN_HOST, HOSTS["b"], 1, 0, 1), self.now))
        assert {sa.remote.address for sa in self.hub.gateway.ike_sas} == {ROUTER, OTHER_ROUTER}
        assert len({sa.identity for sa in self.hub.gateway.ike_sas}) == 1
        (self.theirs,) = (sa.remote for sa in self.hub.gateway.ike_sas if sa.remote.address == ROUTER)

    def ask(self) -> None:
        """The honest spoke's host is answered."""
        arrived = self.honest.arrived.total()
        self.network.host_sends(self.honest, question(1, HOSTS["a"], HOSTS["b"], 1, 0, 1))
        self.network.pass_time(self.now + 1.0)
        self.network.host_sends(self.honest, question(1, HOSTS["a"], HOSTS["b"], 1, 0, 2))
        self.network.pass_time(self.now + 1.0)
        assert self.honest.arrived.total() > arrived

    def talk(self, packets: list[Packet], source: Endpoint | None = None) -> None:
        """The thief's packets reach the hub, from its own place or as if from `source`; it answers what comes."""
        while packets:
            packet = packets.pop(0)
            self.place = Endpoint(OTHER_ROUTER, packet.source.port)
            came = packet._replace(source=source or self.place)
            for answer in self.hub.receive(came, self.now):
                if answer.to.address == OTHER_ROUTER:
                    packets += self.thief.receive(answer._replace(to=packet.source), self.now)
                else:
                    self.network.put(self.hub, [answer])

    def pass_time(self, seconds: float) -> None:
        """The hub's messages to the thief's own address arrive there, too."""
        end = self.now + seconds
        while self.now < end:
            seen = len(self.network.wire)
            self.network.pass_time(min(end, self.now + 0.25))
            for transit in self.network.wire[seen:]:
                if transit.packet.to.address == OTHER_ROUTER:
                    own = Endpoint(OUTSIDE["a"], transit.packet.source.port)
                    self.talk(self.thief.receive(transit.packet._replace(to=own), self.now))
            if self.thief.gateway.wake_at is not None and self.thief.gateway.wake_at <= self.now:
                self.talk(self.thief.tick(self.now))

    def move_onto_the_other(self) -> None:
        """A packet of the thief's own tunnel, as if from where the honest spoke is."""
        self.talk(self.thief.host_sends(question(1, OWN_HOST, HOSTS["b"], 1, 0, 2), self.now), self.theirs)

    def move_back(self) -> None:
        self.talk(self.thief.host_sends(question(1, OWN_HOST, HOSTS["b"], 1, 0, 3), self.now))

    def tell(self, site: Site, what: Callable[[Informational, IkeSa, Out], None]) -> None:
        """An informational message of somebody's, as if from the honest spoke, comes to the hub."""
        (sa,) = site.gateway.ike_sas
        out: Out = Transcript(self.now)
        what(site.gateway._box.informational, sa, out)
        self.talk(site.carry_out(out.items), self.theirs)

    def tunnel_of_the_other(self) -> Tunnel:
        """At the hub, the one for the honest spoke's network."""
        wanted = ProxyId(INSIDE["a"].network_address, MASK, 1)
        (tunnel,) = (t for _, t in self.hub.gateway.tunnels if t.match.remote == wanted and not t.replaced)
        return tunnel

    def check_nothing_left(self) -> None:
        for one in self.network.sites:
            self.network.put(one, one.carry_out(one.gateway.clear_isakmp(self.now)))
        self.network.pass_time(self.now + 1.0)
        check_empty(self.hub.gateway, self.hub)


def first_contact(informational: Informational, sa: IkeSa, out: Out) -> None:
    cookies = sa.initiator_cookie + sa.responder_cookie
    informational.send_notify(sa, Notify(PROTO_ISAKMP, cookies, NotifyType.INITIAL_CONTACT), 0, out)


@pytest.fixture
def street() -> Street:
    made = Street()
    made.both_up()
    return made


def test_who_writes_the_address_of_another_on_a_packet_takes_nothing_of_it_along(street: Street) -> None:
    tunnel = street.tunnel_of_the_other()
    street.move_onto_the_other()
    assert [sa.remote for sa in street.hub.gateway.ike_sas] == [street.theirs] * 2
    street.move_back()
    assert tunnel.sa.remote == street.theirs
    check(street.hub.gateway, street.hub, street.now)
    street.ask()
    street.check_nothing_left()


def test_nor_is_it_given_the_network_of_another(street: Street) -> None:
    tunnel = street.tunnel_of_the_other()
    # QM1 for the other's network, as if from the other; once it is believed, QM2 may come to the thief itself.
    street.talk(street.thief.host_sends(question(1, HOSTS["a"], HOSTS["b"], 1, 0, 2), street.now), street.theirs)
    street.move_back()
    street.pass_time(60.0)
    assert any(isinstance(entry.event, SaFromOtherPeer) for entry in street.hub.entries)
    assert street.tunnel_of_the_other() is tunnel
    street.ask()
    street.check_nothing_left()


def test_nor_does_its_first_contact_end_what_another_has(street: Street) -> None:
    tunnel = street.tunnel_of_the_other()
    street.move_onto_the_other()
    street.tell(street.thief, first_contact)
    assert list(street.hub.gateway.tunnels) == [(tunnel.sa, tunnel)]
    street.ask()
    street.check_nothing_left()


def test_nor_is_what_another_has_renewed_with_it() -> None:
    street = Street(lifetime_seconds=300)
    street.both_up()
    tunnel = street.tunnel_of_the_other()
    for _, one in street.honest.gateway.tunnels:
        one.renew_at = inf  # it is for the hub to renew
    street.pass_time(tunnel.renew_at - street.now - 1.0)
    street.move_onto_the_other()
    street.network.pass_time(street.now + 10.0)
    assert tunnel.replaced
    assert street.tunnel_of_the_other().sa is tunnel.sa
    street.ask()
    street.check_nothing_left()


def test_nor_does_it_inherit_what_another_had(street: Street) -> None:
    tunnel = street.tunnel_of_the_other()
    street.move_onto_the_other()
    street.tell(street.honest, lambda informational, sa, out: informational.send_delete_ike(sa, out))
    assert tunnel.sa not in set(street.hub.gateway.ike_sas)
    assert tunnel not in [one for _, one in street.hub.gateway.tunnels]
    street.check_nothing_left()


def test_who_calls_itself_something_else_each_time_is_kept_no_more_than_so_often() -> None:
    config = hub()
    groups = {name: replace(group, keepalive_disabled=True) for name, group in config.tunnel_groups.items()}
    far = Site("b", replace(config, tunnel_groups=groups), ASA, 0)
    most = 2 * MOST_IDLE_AT_ONE_ADDRESS
    addresses = [IPv4Address("10.0.1.0") + number for number in range(most)]
    network = Network([far], [], [Nat(OUTSIDE["a"], ROUTER, also=tuple(addresses))])
    base = site("a", lines=[line(INSIDE["a"], INSIDE["b"])])
    for number, address in enumerate(addresses):
        itself = replace(base, interfaces=(base.interfaces[0], replace(base.interfaces[1], address=address)))
        nobody = Site("a", itself, ASA, number)
        network.sites = (far, nobody)
        network.host_sends(nobody, question(1, HOSTS["a"], HOSTS["b"], 1, 0, number))
        network.pass_time(network.now + 0.1)
    assert sum(isinstance(entry.event, Phase2Completed) for entry in far.entries) == most
    assert len(list(far.gateway.ike_sas)) == MOST_IDLE_AT_ONE_ADDRESS + 1
    ended = [entry.event for entry in far.entries if isinstance(entry.event, SessionDisconnected)]
    assert [event.reason for event in ended] == ["Connection Preempted"] * (most - MOST_IDLE_AT_ONE_ADDRESS - 1)
    network.pass_time(network.now + 100.0)
    assert len(list(far.gateway.tunnels)) == 1


def test_a_neighbour_who_answers_in_the_place_of_another_does_not_get_its_tunnels() -> None:
    # Behind one router, which forwards UDP 500 to the first. Phase 1 of the second is renewed by us: we ask there.
    addresses = [IPv4Address("10.0.0.1"), IPv4Address("10.0.0.3")]
    policies = (IkePolicy(10, lifetime=400),)
    far = Site("b", hub(ike_policies=policies), ASA, 0)
    spokes = []
    for name, network, address in zip("ac", (INSIDE["a"], OWN), addresses, strict=True):
        base = site("a", lines=[line(network, INSIDE["b"])], policies=policies)
        interfaces = (
            replace(base.interfaces[0], address=network[1], network=network),
            replace(base.interfaces[1], address=address),
        )
        spokes.append(Site(name, replace(base, interfaces=interfaces), ASA, 0))
    network = Network([*spokes, far], [], [Nat(addresses[0], ROUTER, also=(addresses[1],))])
    owners: dict[int, bytes] = {}
    for at in range(130):
        for spoke, host in zip(spokes, (HOSTS["a"], OWN_HOST), strict=True):
            network.host_sends(spoke, question(1, host, HOSTS["b"], 1, 0, at))
        network.pass_time(network.now + 3.0)
        check(far.gateway, far, network.now)
        for sa, tunnel in far.gateway.tunnels:
            assert owners.setdefault(tunnel.inbound_spi, sa.identity) == sa.identity
    assert sum(transit.name == "MM1" and transit.sender == "b" for transit in network.wire) > 0
    assert len(set(owners.values())) == 2
