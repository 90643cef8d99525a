"""`show crypto ipsec stats`: sums over all SAs that there ever were."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mainmode.exec import execute
from mainmode.exec.traffic import INBOUND, OUTBOUND
from mainmode.ipsec.dataplane import Delivered, Dropped, Protected
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.sa import COUNTED
from tests.exec.worlds import Terminal, after_a_renewal
from tests.ipsec.sas import Entropy, packet, pair
from tests.lab.pairs import site
from tests.life.world import World
from tests.show.tunnels import pinged

ECHO = 84
"""Octets of an echo of the lab's."""


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(pinged())


def stats(terminal: Terminal) -> dict[str, Any]:
    found: dict[str, Any] = terminal.values("show crypto ipsec stats")["ipsec"]
    return found


def test_it_is_laid_out_as_a_real_box_lays_it_out(terminal: Terminal) -> None:
    lines = terminal.printed("show ipsec stats").splitlines()
    assert lines[:8] == [
        "",
        "IPsec Global Statistics",
        "-----------------------",
        "Active tunnels: 1",
        "Previous tunnels: 0",
        "Inbound",
        f"    Bytes: {4 * ECHO}",
        f"    Decompressed bytes: {4 * ECHO}",
    ]
    assert "    Pre-fragmentation successses: 0" in lines
    assert lines[-1] == "Missing SA failures: 0"
    assert len(lines) == 8 + len(INBOUND) - 2 + 1 + len(OUTBOUND) + 1


def test_the_sums_go_on_whatever_becomes_of_the_sas(terminal: Terminal) -> None:
    before = stats(terminal)
    assert before["inbound"]["packets"] == before["inbound"]["decryptions"] == before["outbound"]["packets"] == 4
    for line in ("clear crypto ipsec sa counters", "clear crypto ipsec sa"):
        terminal.printed(line)
        terminal.world.pass_time(1.0)
        now = stats(terminal)
        assert (now["inbound"], now["outbound"]) == (before["inbound"], before["outbound"]), line
    assert (now["active_tunnels"], now["previous_tunnels"]) == (0, 1)
    terminal.world.bring_up()
    terminal.world.ask("a")
    terminal.world.pass_time(1.0)
    again = stats(terminal)
    assert (again["active_tunnels"], again["previous_tunnels"]) == (1, 1)
    assert again["inbound"]["packets"] == 5 and again["outbound"]["bytes"] == 5 * ECHO


def test_a_renewal_is_the_same_tunnel() -> None:
    terminal = after_a_renewal()
    assert (stats(terminal)["active_tunnels"], stats(terminal)["previous_tunnels"]) == (1, 0)
    assert stats(terminal)["outbound"]["packets"] == 40


def test_what_was_dropped_is_counted_as_what_it_was() -> None:
    plane = MemoryPlane(Entropy())
    outbound, inbound = pair()
    plane.install(outbound)
    plane.install(inbound)
    sent = plane.outbound(packet(), 0.0)
    assert isinstance(sent, Protected)
    spoilt = sent.datagram[:-1] + bytes((sent.datagram[-1] ^ 1,))
    assert isinstance(plane.inbound(spoilt, outbound.local, 0.0), Dropped)
    assert isinstance(plane.inbound(sent.datagram, outbound.local, 0.0), Delivered)
    assert isinstance(plane.inbound(sent.datagram, outbound.local, 0.0), Dropped)
    received = dict.fromkeys(("Packets", "Dropped packets", "Replay failures"), 0)
    for sa in (None, inbound, outbound):
        if sa is not None:
            plane.remove(sa)
        total = plane.totals()[0]
        received = {name: count(total) for name, count in INBOUND}
        assert (received["Packets"], received["Dropped packets"], received["Replay failures"]) == (3, 2, 1)
        assert (received["Authentications"], received["Authentication failures"], received["Decryptions"]) == (1, 1, 1)
        assert {name: count(plane.totals()[1]) for name, count in OUTBOUND}["Packets"] == 1


def test_a_renewal_is_the_same_tunnel_while_both_pairs_are_there_and_afterwards() -> None:
    world = World({name: site(name, lifetime_seconds=600) for name in "ab"})
    world.bring_up()
    while len(list(world.gateway("a").tunnels)) < 2:
        world.pass_time(10.0)
    for _ in range(2):
        found = stats(Terminal(world))
        assert (found["active_tunnels"], found["previous_tunnels"]) == (1, 0)
        world.pass_time(70.0)
    assert len(list(world.gateway("a").tunnels)) == 1


def test_a_packet_in_pieces_is_one_packet() -> None:
    plane = MemoryPlane(Entropy())
    outbound, _ = pair()
    plane.install(outbound)
    plane.outbound(packet(body=bytes(4000)), 0.0)
    sent = {name: count(plane.totals()[1]) for name, count in OUTBOUND}
    assert (sent["Packets"], sent["Pre-fragmentation successses"], sent["Dropped packets"]) == (1, 1, 0)
    assert sent["Fragments created"] == sent["Encryptions"] >= 3


def test_clearing_counters_loses_nothing_of_the_sums() -> None:
    plane = MemoryPlane(Entropy())
    outbound, _ = pair()
    plane.install(outbound)
    for _ in range(3):
        plane.outbound(packet(), 0.0)
        before = plane.totals()[1]
        plane.clear_counters(outbound)
        after = plane.totals()[1]
        assert all(getattr(after, name) == getattr(before, name) for name in COUNTED)
    assert after.encaps == 3 and plane.counters(outbound).encaps == 0


def test_esp_that_no_sa_is_for_is_a_missing_sa(terminal: Terminal) -> None:
    running = replace(terminal.running, dropped={"unknown SPI": 5})
    assert execute("show crypto ipsec stats", running).lines[-1] == "Missing SA failures: 5"
