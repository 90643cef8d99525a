"""Whatever happens, in whatever order: datagrams, packets, time, clears, reboots. `world.check` has the invariants."""

from __future__ import annotations

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mainmode.config.model import IkePolicy
from mainmode.ike.sa import Endpoint
from mainmode.lab.faults import UDP, Packet, Passing
from tests.lab.pairs import FAR, OUTSIDE
from tests.life.world import SCHEDULE, World, pair

SITES = st.sampled_from(["a", "b"])


WEAR = 120.0
"""Seconds: the lifetime of both phases in here, the shortest an ASA takes."""


class Cut:
    """A line that can be cut."""

    cut = False

    def carry(self, passing: Passing) -> list[Passing]:
        return [] if self.cut else [passing]


class Life(RuleBasedStateMachine):
    @initialize(nat=st.sampled_from([None, "a", "b"]), up=st.booleans())
    def begin(self, nat: str | None, up: bool) -> None:
        self.line = Cut()
        configs = pair(nat, policies=(IkePolicy(10, lifetime=int(WEAR)),), lifetime_seconds=int(WEAR))
        self.world = World(configs, nat=nat, elements=[self.line])
        if up:
            self.world.bring_up()

    @rule(site=SITES)
    def a_host_asks(self, site: str) -> None:
        self.world.ask(site)

    @rule(seconds=st.one_of(st.floats(0.001, 0.2), st.floats(0.2, 40.0)))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([WEAR * 0.75, WEAR * 0.85, WEAR * 0.95, WEAR]), site=SITES)
    def much_time_passes(self, seconds: float, site: str) -> None:
        """As much as leads to the next renewals; one end keeps the tunnel in use."""
        world = self.world
        end = world.network.now + seconds
        while world.network.now < end:
            world.ask(site)
            world.pass_time(WEAR / 10)

    @rule(which=st.integers(0, 200), site=SITES)
    def a_datagram_comes_again(self, which: int, site: str) -> None:
        """One that was on the wire, to whom it went, or to the other."""
        world = self.world
        seen = [transit.packet for transit in world.network.wire[-200:]]
        if seen:
            self.inject(site, seen[which % len(seen)].payload)

    @rule(datagram=st.binary(max_size=200), site=SITES)
    def garbage_comes(self, datagram: bytes, site: str) -> None:
        self.inject(site, datagram)

    @rule(which=st.integers(0, 200), at=st.integers(0, 2000), bit=st.integers(0, 7), site=SITES)
    def a_datagram_comes_changed(self, which: int, at: int, bit: int, site: str) -> None:
        seen = [transit.packet for transit in self.world.network.wire[-200:]]
        if seen:
            changed = bytearray(seen[which % len(seen)].payload)
            changed[at % len(changed)] ^= 1 << bit
            self.inject(site, bytes(changed))

    @rule(site=SITES)
    def the_sas_are_cleared(self, site: str) -> None:
        self.world.clear(site)

    @rule(site=SITES)
    def the_ipsec_sas_are_cleared(self, site: str) -> None:
        where = self.world.sites[site]
        self.world.network.put(where, where.carry_out(where.gateway.clear_ipsec(self.world.network.now)))

    @rule(site=SITES)
    def a_site_reboots(self, site: str) -> None:
        self.world.reboot(site)

    @rule()
    def the_line_is_cut_or_mended(self) -> None:
        self.line.cut = not self.line.cut

    @rule()
    def the_router_starts_anew(self) -> None:
        if self.world.nat is not None:
            self.world.nat.rebind()

    @invariant()
    def what_must_hold_holds(self) -> None:
        if hasattr(self, "world"):
            self.world.check_invariants()

    def teardown(self) -> None:
        """Afterwards, on a good line, there is one tunnel again; and once it is cleared there is nothing."""
        if not hasattr(self, "world"):
            return
        world = self.world
        self.line.cut = False
        world.pass_time(2 * SCHEDULE)
        for _ in range(60):
            world.ask("a")
            world.pass_time(1.0)
        world.pass_time(120.0)
        world.check_invariants()
        assert world.up, world.describe()
        world.check_traffic()
        world.check_nothing_left()

    def inject(self, site: str, payload: bytes) -> None:
        """A datagram with the other site's address as its sender."""
        where, far = self.world.sites[site], self.world.outer_address(FAR[site])
        for port in (500, 4500):
            packet = Packet(UDP, Endpoint(far, port), Endpoint(OUTSIDE[site], port), payload)
            self.world.network.put(where, where.receive(packet, self.world.network.now))


TestLife = Life.TestCase
TestLife.settings = settings(phases=(Phase.generate,), max_examples=40, stateful_step_count=25)
