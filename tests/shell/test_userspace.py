"""What is routed into the tunnel."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import cast

import pytest

from mainmode.config.reader import read
from mainmode.events import ProxyId
from mainmode.exec.drops import REASONS
from mainmode.ipsec.dataplane import DeliveredRun, Protected, ProtectedRun
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.sa import IpsecSa
from mainmode.lab.ip import question
from mainmode.shell import userspace
from mainmode.shell.tun import Tun
from mainmode.shell.userspace import Userspace, networks, protected
from tests.ipsec.sas import SITE_A, SITE_B, SPI, Entropy, packet, pair, selectors
from tests.peers.ours import configuration
from tests.shell.test_segments import mss, segment


def proxy(address: str, mask: str, last: str | None = None) -> ProxyId:
    return ProxyId(IPv4Address(address), IPv4Address(mask), last=IPv4Address(last) if last else None)


@pytest.mark.parametrize(
    ("identity", "routes"),
    [
        (proxy("192.168.2.0", "255.255.255.0"), ["192.168.2.0/24"]),
        (proxy("192.168.2.7", "255.255.255.255"), ["192.168.2.7/32"]),
        # Two halves win over the default route and leave it where it is.
        (proxy("0.0.0.0", "0.0.0.0"), ["0.0.0.0/1", "128.0.0.0/1"]),
        (proxy("10.1.1.4", "255.255.255.255", "10.1.1.6"), ["10.1.1.4/31", "10.1.1.6/32"]),
    ],
)
def test_a_proxy_identity_is_a_route_or_several(identity: ProxyId, routes: list[str]) -> None:
    assert networks(identity) == [IPv4Network(route) for route in routes]


def test_only_what_a_bound_and_complete_crypto_map_permits_is_routed() -> None:
    lines = (
        "access-list VPN extended deny ip any 192.168.9.0 255.255.255.0",
        "access-list VPN extended permit tcp any 192.168.2.0 255.255.255.0",
        "access-list VPN extended permit icmp any host 172.16.0.1",
        "access-list OTHER extended permit ip any 192.168.8.0 255.255.255.0",
        "crypto map MAP 20 match address OTHER",
    )
    text = configuration(access_list=("icmp any 192.168.2.0 255.255.255.0",), more=lines)
    assert [str(network) for network in protected(read(text, "x").config)] == ["192.168.2.0/24", "172.16.0.1/32"]
    unbound = text.replace("crypto map MAP interface outside\n", "")
    assert protected(read(unbound, "x").config) == {}


class Device:
    """Where routes go, in place of a TUN device."""

    def __init__(self) -> None:
        self.routes: dict[IPv4Network, IPv4Address | None] = {}
        self.written: list[bytes] = []

    def route(self, network: IPv4Network, source: IPv4Address | None) -> None:
        self.routes[network] = source

    def unroute(self, network: IPv4Network) -> None:
        del self.routes[network]

    def write(self, packets: list[bytes]) -> int:
        self.written += packets
        return 0


def of(
    device: Device,
    sent: list[ProtectedRun],
    *,
    text: str | None = None,
    asked: list[bytes] | None = None,
    said: list[str] | None = None,
) -> Userspace:
    """The document's site a, with this device."""
    return Userspace(
        read(text or configuration(), "x").config,
        cast("Tun", device),
        MemoryPlane(Entropy()),
        send=sent.append,
        acquire=(asked if asked is not None else []).append,
        complain=lambda dropped, own: None,
        tell=lambda too_big: None,
        say=(said if said is not None else []).append,
    )


def test_what_nat_would_translate_is_dropped_and_said_and_asks_for_no_tunnel() -> None:
    nat = (
        "object network LAN",
        " subnet 192.168.1.0 255.255.255.0",
        "object network MAPPED",
        " subnet 172.16.9.0 255.255.255.0",
        "nat (inside,outside) source static LAN MAPPED",
    )
    text = configuration(access_list=("ip 172.16.9.0 255.255.255.0 192.168.2.0 255.255.255.0",), more=nat)
    sent: list[ProtectedRun] = []
    asked: list[bytes] = []
    said: list[str] = []
    plane = of(Device(), sent, text=text, asked=asked, said=said)
    for number in range(3):
        plane.from_hosts([question(1, IPv4Address("192.168.1.2"), IPv4Address("192.168.2.1"), 1, 0, number)], number)
    assert (sent, asked, plane.counters["would be translated"]) == ([], [], 3)
    (sentence,) = said
    line = text.splitlines().index(nat[-1]) + 1
    assert sentence == (
        f"192.168.1.2 to 192.168.2.1, IP protocol 1: x:{line}:1: the NAT rule makes 172.16.9.2 to 192.168.2.1 of it, "
        "but no packet is translated here: it is dropped (said once)"
    )
    # Translated by the host already, it is what the tunnel is for.
    plane.from_hosts([question(1, IPv4Address("172.16.9.2"), IPv4Address("192.168.2.1"), 1, 0, 9)], 9.0)
    assert len(asked) == 1


def test_a_network_that_comes_with_another_configuration_is_reached_from_the_address_that_is_permitted() -> None:
    device = Device()
    plane = of(device, [])
    plane.route_protected()
    own = IPv4Address("192.168.1.1")
    more = "access-list VPN extended permit ip 192.168.1.0 255.255.255.0 192.168.21.0 255.255.255.0"
    plane.reconfigure(read(configuration(more=(more,)), "x").config)
    assert device.routes == {IPv4Network("192.168.2.0/24"): own, IPv4Network("192.168.21.0/24"): own}


def test_what_no_route_of_the_configuration_leads_to_is_said_to_be_that() -> None:
    text = configuration(more=("route inside 172.20.0.0 255.255.0.0 192.168.1.2",))
    packet = question(1, IPv4Address("192.168.1.2"), IPv4Address("192.168.2.1"), 1, 0, 1)
    asked: list[bytes] = []
    said: list[str] = []
    plane = of(Device(), [], text=text, asked=asked, said=said)
    plane.from_hosts([packet], 0.0)
    assert (asked, plane.counters["no route"]) == ([], 1)
    assert "no route of the configuration leads there" in said[0]
    # The default route that comes with an address is one.
    given = text.replace("ip address 10.0.0.1 255.255.255.0", "ip address dhcp setroute")
    of(Device(), [], text=given, asked=asked, said=said).from_hosts([packet], 0.0)
    assert asked == [packet]


def test_every_count_has_a_place_where_it_is_shown() -> None:
    counted = set(re.findall(r'self\.counters\["([^"]+)"\]', Path(userspace.__file__).read_text()))
    assert len(counted) > 5
    assert counted == {counter for counter, _, _ in REASONS}


def test_what_waited_too_long_for_a_tunnel_is_counted() -> None:
    plane = of(Device(), [])
    packet = question(1, IPv4Address("192.168.1.2"), IPv4Address("192.168.2.1"), 1, 0, 1)
    plane.from_hosts([packet], 0.0)
    assert not plane.counters["waiting too long"]
    plane.from_hosts([packet, packet], userspace.PATIENCE + 1.0)
    assert plane.counters["waiting too long"] == 1
    inbound, outbound = pair()
    late = 2 * userspace.PATIENCE + 2.0
    plane.install(inbound, late, settle=False)
    plane.install(outbound, late, settle=False)
    assert plane.counters["waiting too long"] == 3


def test_a_packet_without_an_sa_hits_its_element_until_an_sa_has_it() -> None:
    """Whatever becomes of it: one that is sent is counted by the SA, and no more here."""
    lines = ("ip 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0",)
    more = ("access-list VPN line 1 extended deny ip any host 192.168.2.77",)
    plane = of(Device(), [], text=configuration(access_list=lines, more=more))
    permit, deny = (
        f"access-list VPN extended permit {lines[0]}",
        "access-list VPN extended deny ip any host 192.168.2.77",
    )
    here = IPv4Address("192.168.1.2")
    plane.from_hosts([question(1, here, IPv4Address("192.168.2.77"), 1, 0, 1)], 0.0)
    plane.from_hosts([question(1, here, IPv4Address("192.168.2.1"), 1, 0, number) for number in range(3)], 0.0)
    assert plane.matched == {deny: 1, permit: 3}
    outbound, _ = pair()
    plane.install(outbound, 1.0, settle=False)
    assert plane.plane.counters(outbound).encaps == 3
    assert plane.matched == {deny: 1, permit: 0}
    plane.remove(outbound)
    plane.from_hosts([question(1, here, IPv4Address("192.168.2.1"), 1, 0, 9)], 2.0)
    plane.install(replace(outbound, spi=7777, pair_spi=7778), 2.0 + userspace.PATIENCE + 1, settle=False)
    assert plane.matched == {deny: 1, permit: 1}, "it was never sent"


def taken_out(sent: list[ProtectedRun], *ends: IpsecSa) -> list[bytes]:
    """What the peer takes out of what was sent, with these SAs of its own."""
    far = MemoryPlane(Entropy())
    for end in ends:
        far.install(end)
    opened = [one for run in sent for one in far.inbound_all(run.datagrams, SITE_A, 0.0)]
    return [packet for one in opened if isinstance(one, DeliveredRun) for packet in one.packets]


def test_what_waits_for_a_tunnel_leaves_in_its_order_and_the_oldest_makes_room() -> None:
    networks = "192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0"
    sent: list[ProtectedRun] = []
    asked: list[bytes] = []
    text = configuration(access_list=(f"icmp {networks}", f"tcp {networks}"))
    plane = of(Device(), sent, text=text, asked=asked)
    other = segment(b"")
    many = [packet(body=b"\x08\0\0\0" + number.to_bytes(4) + bytes(56)) for number in range(userspace.WAITING + 36)]
    plane.from_hosts([other, *many[:50]], 0.0)
    plane.from_hosts(many[50:], 0.5)
    assert asked == [other, many[0]], "one tunnel each"
    ours, far = pair()
    plane.install(ours, 0.6, settle=False)
    assert taken_out(sent, far) == many[36:]
    assert plane.counters["waiting too long"] == 36
    # What is for another tunnel waits for itself, however many there are of these.
    del sent[:]
    ours, far = pair(traffic=selectors(protocol=6), spi=SPI + 1, pair_spi=SPI + 2)
    plane.install(ours, 0.7, settle=False)
    assert taken_out(sent, far) == [other]


@pytest.mark.parametrize(
    ("line", "largest"), [("", 1380), ("sysopt connection tcpmss 1200", 1200), ("sysopt connection tcpmss 0", 1460)]
)
def test_neither_end_of_a_connection_through_the_tunnel_asks_for_longer_segments_than_configured(
    line: str, largest: int
) -> None:
    device = Device()
    sent: list[ProtectedRun] = []
    plane = of(device, sent, text=configuration(more=(line,)))
    ours, far = pair(traffic=selectors(protocol=0))
    opening = segment(mss(1460))
    plane.install(ours, 0.0, settle=False)
    plane.from_hosts([opening], 0.0)
    assert taken_out(sent, far) == [segment(mss(largest))]
    # The same from the other end: where the addresses change places no checksum does.
    theirs, own = pair(
        traffic=selectors("192.168.2.0/24", "192.168.1.0/24", protocol=0), local=SITE_B, remote=SITE_A, spi=SPI + 1
    )
    beyond = MemoryPlane(Entropy())
    beyond.install(theirs)
    plane.install(own, 0.0, settle=False)
    answer, expected = (one[:12] + one[16:20] + one[12:16] + one[20:] for one in (opening, segment(mss(largest))))
    esp = beyond.outbound(answer, 0.0)
    assert isinstance(esp, Protected)
    plane.from_peer([esp.datagram], SITE_B, SITE_A, 0.0)
    assert device.written == [expected]


def test_an_sa_that_never_came_into_use_takes_no_route_away() -> None:
    device = Device()
    userspace = of(device, [])
    userspace.route_protected()
    outbound, _ = pair()
    for number in range(3):  # a responder has made it with QM2, and no QM3 came
        userspace.remove(replace(outbound, pair_spi=1000 + number))
    assert list(device.routes) == [IPv4Network("192.168.2.0/24")]
    userspace.install(outbound, 0.0, settle=True)
    userspace.remove(outbound)
    userspace.settled(outbound, 0.1)
    assert list(device.routes) == [IPv4Network("192.168.2.0/24")]
    userspace.install(outbound, 0.0, settle=False)
    userspace.remove(outbound)
    assert list(device.routes) == [IPv4Network("192.168.2.0/24")]


def test_what_comes_after_the_last_kilobyte_waits_for_the_next_sa() -> None:
    sent: list[ProtectedRun] = []
    userspace = of(Device(), sent)
    used_up, _ = pair(lifetime_kilobytes=1, soft_octets=800)
    userspace.install(used_up, 0.0, settle=False)
    long = packet(body=bytes(600))
    userspace.from_hosts([long], 0.0)
    assert userspace.plane.worn() == []
    userspace.from_hosts([long], 0.0)
    assert userspace.plane.worn() == [used_up]
    userspace.from_hosts([long, packet()], 0.0)
    assert userspace.plane.worn() == []
    assert [run.sa for run in sent] == [used_up, used_up]
    assert userspace.matched == {used_up.access_list: 2}
    following = replace(used_up, spi=used_up.spi + 1, pair_spi=used_up.pair_spi + 1)
    userspace.install(following, 0.1, settle=True)
    # It is needed now, and not only when the peer has had its time to listen.
    userspace.from_hosts([packet()], 0.1)
    assert [run.sa for run in sent[2:]] == [following] * 3
    userspace.settled(following, 0.2)
    assert len(sent) == 5
    assert userspace.matched == {used_up.access_list: 0}, "the SAs count them now"


def test_an_sa_may_move_before_it_is_used() -> None:
    device, sent = Device(), list[ProtectedRun]()
    userspace = of(device, sent)
    outbound, _ = pair(local_port=4500, remote_port=4500)
    moved = replace(outbound, remote=IPv4Address("203.0.113.8"))
    userspace.from_hosts([packet()], 0.0)
    userspace.install(outbound, 0.0, settle=True)
    userspace.move(outbound, moved)
    assert not sent
    userspace.settled(outbound, 0.1)
    assert [run.sa for run in sent] == [moved]
    assert list(device.routes) == [IPv4Network("192.168.2.0/24")]
    userspace.remove(moved)
    assert not device.routes
