"""Two sites on the virtual wire for tests that last: traffic, reboots, what is left over, what must always hold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from mainmode.config.model import Config, TunnelGroup
from mainmode.events import Event
from mainmode.gateway import Gateway
from mainmode.ike.persona import ASA, Persona
from mainmode.ipsec.memory import MemoryPlane
from mainmode.lab.dice import Dice
from mainmode.lab.elements import Element, Nat
from mainmode.lab.ip import question
from mainmode.lab.network import Network, Site
from mainmode.secret import Secret
from tests.lab.pairs import FAR, OUTSIDE, entry, site

ROUTER = IPv4Address("203.0.113.7")
"""The outer address of the router before a site, where there is one."""

HOSTS = {"a": IPv4Address("192.168.1.2"), "b": IPv4Address("192.168.2.2")}

SCHEDULE = 33.0
"""Seconds: four sends of one message, eight seconds apart, the wait after the last, and the way."""

SEED = int(os.environ["SEED"]) if os.environ.get("SEED", "").isdecimal() else None
"""A seed to replay, where a test goes through many."""


def seeds(count: int) -> Sequence[int]:
    """The seeds to go through: the one asked for, else 0 to `count` - 1."""
    return [SEED] if SEED is not None else range(count)


def pair(nat: str | None = None, **settings: object) -> dict[str, Config]:
    """The two sites' configurations. `nat`: the site behind a router; the other one then has the router as its peer."""
    configs = {name: site(name, **settings) for name in "ab"}  # type: ignore[arg-type]
    if nat is not None:
        far = FAR[nat]
        seen = entry(far, peers=(ROUTER,), peer_names=(str(ROUTER),))
        configs[far] = with_peer(site(far, **{**settings, "entries": (seen,)}), ROUTER)  # type: ignore[arg-type]
    return configs


def with_peer(config: Config, peer: IPv4Address, key: bytes = b"cisco", **settings: object) -> Config:
    """The same configuration with one tunnel-group more."""
    group = TunnelGroup(str(peer), pre_shared_key=Secret(key), **settings)  # type: ignore[arg-type]
    return replace(config, tunnel_groups={**config.tunnel_groups, str(peer): group})


class World:
    """A network of the two sites, and the hosts behind them."""

    def __init__(
        self,
        configs: dict[str, Config] | None = None,
        *,
        nat: str | None = None,
        elements: Sequence[Element] = (),
        seed: int = 0,
        personas: tuple[Persona, Persona] = (ASA, ASA),
    ) -> None:
        self.configs = configs or pair(nat)
        self.sites = {
            name: Site(name, self.configs[name], persona, seed) for name, persona in zip("ab", personas, strict=True)
        }
        self.nat = Nat(OUTSIDE[nat], ROUTER) if nat is not None else None
        self.network = Network(list(self.sites.values()), elements, [self.nat] if self.nat else [])
        self.seed = seed
        self.asked = 0
        self._reboots = 0

    # -- what happens -----------------------------------------------------------------------------------------------

    def ask(self, name: str) -> None:
        """A host behind a site sends an echo request to one behind the other, now."""
        self.asked += 1
        packet = question(1, HOSTS[name], HOSTS[FAR[name]], 1, 0, self.asked & 0xFFFF)
        self.network.host_sends(self.sites[name], packet)

    def ask_at(self, when: float, name: str) -> None:
        self.network.at(when, lambda: self.ask(name))

    def pass_time(self, seconds: float) -> None:
        self.network.pass_time(self.network.now + seconds)

    def bring_up(self, initiator: str = "a", within: float = 1.0) -> None:
        self.ask(initiator)
        self.pass_time(within)
        assert self.up, self.describe()

    def clear(self, name: str) -> None:
        """`clear crypto isakmp sa` at a site."""
        where = self.sites[name]
        self.network.put(where, where.carry_out(where.gateway.clear_isakmp(self.network.now)))

    def reboot(self, name: str) -> None:
        """A site loses all its state, and its dice fall otherwise than the first time."""
        where = self.sites[name]
        self._reboots += 1
        chance = str(self._reboots)
        where.plane = MemoryPlane(Dice(self.seed, name, "esp", chance))
        where.gateway = Gateway(
            where.config, entropy=Dice(self.seed, name, "ike", chance), persona=where.gateway.persona, plane=where.plane
        )

    # -- what there is ----------------------------------------------------------------------------------------------

    def gateway(self, name: str) -> Gateway:
        return self.sites[name].gateway

    def outer_address(self, name: str) -> IPv4Address:
        """What the other site knows a site by."""
        return ROUTER if self.nat is not None and self.nat.inside == OUTSIDE[name] else OUTSIDE[name]

    @property
    def up(self) -> bool:
        """Both ends have the same newest pair of SAs, and use it."""
        ends = []
        for name in "ab":
            tunnels = [t for _, t in self.gateway(name).tunnels if not t.replaced]
            ends.append([(t.inbound_spi, t.outbound_spi) for t in tunnels])
        return len(ends[0]) == len(ends[1]) == 1 and ends[0][0] == ends[1][0][::-1]

    def said(self, name: str, kind: type[Event]) -> list[Event]:
        """The events of one kind that a site's debug tells of, in order."""
        return [entry.event for entry in self.sites[name].entries if isinstance(entry.event, kind)]

    def describe(self) -> str:
        """For a failure: the seed, the clock, the SAs, and the last packets."""
        lines = [f"SEED={self.seed}, at {self.network.now:.3f} s"]
        for name in "ab":
            for sa in self.gateway(name).ike_sas:
                tunnels = [f"{t.inbound_spi:08x}/{t.outbound_spi:08x}{' old' * t.replaced}" for t in sa.tunnels]
                quick = [f"{q.message_id:08x} {q.state}" for q in sa.exchanges.values()]
                lines.append(f"{name}: {sa.role} {sa.our_cookie[:4].hex()} {sa.state} {tunnels} {quick}")
        lines += [
            f"{t.at:9.3f} {t.sender} {t.name} {t.fate}"
            for t in self.network.wire[-30:]
            if t.name not in ("esp", "other")
        ]
        return "\n".join(lines)

    # -- what must hold ---------------------------------------------------------------------------------------------

    def check_traffic(self) -> None:
        """A question and its answer get through, each way, once."""
        for name in "ab":
            before = {n: (s.sent.total(), s.arrived.total()) for n, s in self.sites.items()}
            self.ask(name)
            self.pass_time(0.1)
            for n, s in self.sites.items():
                gone = s.sent.total() - before[n][0], s.arrived.total() - before[n][1]
                assert gone == (1, 1), f"asked by {name}, at {n}: {gone}\n{self.describe()}"

    def check_invariants(self) -> None:
        """No SA without an owner, no timer in the past, nothing that grows."""
        for name in "ab":
            check(self.gateway(name), self.sites[name], self.network.now)

    def check_nothing_left(self) -> None:
        """After both ends are cleared: no SA, no key, no alarm."""
        for name in "ab":
            self.clear(name)
        self.pass_time(1.0)
        for name in "ab":
            check_empty(self.gateway(name), self.sites[name])


def check(gateway: Gateway, where: Site, now: float) -> None:
    """What must hold for a gateway at any moment."""
    box = gateway._box
    wake_at = gateway.wake_at
    assert wake_at is None or wake_at >= now, f"a timer {now - wake_at} s in the past"
    sas = list(box.sas)
    tunnels = [tunnel for sa in sas for tunnel in sa.tunnels]
    quick_modes = [quick for sa in sas for quick in sa.exchanges.values()]
    for sa in sas:
        assert all(tunnel.sa is sa for tunnel in sa.tunnels)
        assert sa.active or (not sa.tunnels and not sa.exchanges), "something hangs on an SA that proves nothing"
        assert sa.alarm is not None if not sa.active else True, "an SA that nothing will end"
        assert sa.replaces is None or sa.replaces in box.sas or not sa.replaces.tunnels
    # Each SPI in use or reserved belongs to a tunnel or to a quick mode.
    owners = {tunnel.inbound_spi for tunnel in tunnels} | {quick.inbound_spi for quick in quick_modes}
    assert set(box.engine._sas) <= owners, "an IPsec SA without an owner"
    assert set(box.engine._embryonic) <= owners, "an embryonic SA without an owner"
    assert {tunnel.inbound_spi for tunnel in tunnels} <= set(box.engine._sas), "a tunnel without its SAs"
    # The data plane has what the engine has.
    assert set(where.plane._inbound) == set(box.engine._sas)
    installed = {pair[1].id for spi, pair in box.engine._sas.items() if spi not in box.engine._embryonic}
    assert set(where.plane._outbound) == installed
    assert sorted(id(t) for ts in box.traffic.values() for t in ts) == sorted(map(id, tunnels))
    assert box.done_before.keys() <= box.traffic.keys()
    peers = {sa.remote.address for sa in sas}
    assert all(any(not sa.active for sa in box.sas.with_peer(peer)) for peer in box.waiting), "waiting for nothing"
    assert set(box.sas._by_peer) == peers
    # Bounded by the number of SAs, and those by the number of peers.
    assert len(sas) <= 6 * max(1, len(peers)), f"{len(sas)} IKE SAs with {len(peers)} peers"
    assert len(tunnels) <= 6 * max(1, len(peers)), f"{len(tunnels)} tunnels"
    assert len(box.alarms) <= 6 * len(sas) + len(tunnels) + len(quick_modes)


def check_empty(gateway: Gateway, where: Site) -> None:
    """Nothing is left of anything."""
    box = gateway._box
    assert not len(box.sas)
    assert not box.sas._by_peer
    assert not box.sas._half_open
    assert not box.sas._opened
    assert not box.waiting
    assert not box.traffic
    assert not box.done_before
    assert not box.engine._sas
    assert not box.engine._embryonic
    assert not box.engine._outbound
    assert not where.plane._inbound
    assert not where.plane._outbound
    assert not len(box.alarms)
    assert gateway.wake_at is None
