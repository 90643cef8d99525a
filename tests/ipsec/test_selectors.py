"""Packets and proxy identities: what matches, in which direction, and which of several gets the packet."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.blame import Refused
from mainmode.events import ProxyId
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.selectors import Packet, SelectorIndex, TrafficSelector, read_packet
from tests.ipsec.sas import packet, proxy, selectors

TCP = b"\xc0\0\0\x50" + bytes(16)  # port 49152 to 80


def read(data: bytes) -> Packet:
    found = read_packet(data)
    assert isinstance(found, Packet)
    return found


def test_an_echo_has_its_identifier_for_both_ports() -> None:
    found = read(packet())
    assert (found.protocol, found.source_port, found.destination_port) == (1, 0x6F00, 0x6F00)
    assert IPv4Address(found.source) == IPv4Address("192.168.1.2")
    assert IPv4Address(found.destination) == IPv4Address("192.168.2.1")
    assert (found.length, found.header_length, found.fragment_offset, found.more_fragments) == (84, 20, 0, False)


@pytest.mark.parametrize(
    ("data", "ports"),
    [
        (packet(protocol=6, body=TCP), (49152, 80)),
        (packet(protocol=17, body=TCP), (49152, 80)),
        (packet(protocol=47, body=TCP), (None, None)),
        (packet(protocol=6, body=TCP[:3]), (None, None)),
        (packet(protocol=1, body=b"\x03\1" + bytes(20)), (None, None)),  # destination unreachable
        (packet(protocol=1, body=b"\x08\0\0\0"), (None, None)),
        (packet(protocol=6, body=TCP[:16], fragment=0x2000), (49152, 80)),  # a first fragment does
        (packet(protocol=6, body=TCP, fragment=3), (None, None)),  # a later fragment carries no ports
    ],
)
def test_ports_are_read_where_there_are_any(data: bytes, ports: tuple[int | None, int | None]) -> None:
    found = read(data)
    assert (found.source_port, found.destination_port) == ports


def test_options_are_skipped() -> None:
    data = packet(protocol=6, body=b"\1\1\1\0" + TCP)
    found = read(b"\x46" + data[1:])
    assert (found.header_length, found.source_port) == (24, 49152)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", Drop.IP_LENGTH),
        (packet()[:19], Drop.IP_LENGTH),
        (b"\x65" + packet()[1:], Drop.NOT_IPV4),
        (b"\x44" + packet()[1:], Drop.IP_LENGTH),  # a header of 16 octets
        (b"\x4f" + packet(body=b"")[1:], Drop.IP_LENGTH),  # a header of 60 in a packet of 20
        (packet()[:83], Drop.IP_LENGTH),  # total length beyond the end
        (packet()[:2] + b"\0\x13" + packet()[4:], Drop.IP_LENGTH),  # total length 19
        (packet()[:2] + b"\xff\xff" + packet()[4:], Drop.IP_LENGTH),
    ],
)
def test_lengths_that_do_not_fit_are_no_packet(data: bytes, why: Drop) -> None:
    assert read_packet(data) is why


@given(st.binary(max_size=120))
def test_any_octets_are_a_packet_within_its_bounds_or_none(data: bytes) -> None:
    found = read_packet(data)
    if isinstance(found, Packet):
        assert 20 <= found.header_length <= found.length <= len(data)


@pytest.mark.parametrize(
    ("fragment", "size", "illegal"),
    [
        (0x0000, 64, False),
        (0x4000, 64, False),  # don't fragment
        (0x2000, 64, False),  # the first of several
        (0x2000, 63, True),  # no other can begin after seven octets
        (0x2000, 0, True),
        (0x0008, 63, False),  # the last one may have any size
        (0x1FFF, 7, True),  # 65528 + 20 + 7 octets: longer than a packet can be
        (0x1FFC, 11, False),  # 65504 + 20 + 11: the longest there is
        (0x1FFC, 12, True),
    ],
)
def test_fragments_that_cannot_be(fragment: int, size: int, illegal: bool) -> None:
    assert read(packet(body=bytes(size), fragment=fragment)).is_illegal_fragment is illegal


@pytest.mark.parametrize(
    ("traffic", "data", "match"),
    [
        (selectors(), packet(), True),
        (selectors(), packet(protocol=6, body=TCP), False),
        (selectors(protocol=0), packet(protocol=6, body=TCP), True),
        (selectors(), packet(source="192.168.3.2"), False),
        (selectors(), packet(destination="192.168.1.1"), False),
        (selectors(), packet(source="192.168.2.1", destination="192.168.1.2"), False),  # the way back
        (selectors("0.0.0.0/0", "0.0.0.0/0", 0), packet(), True),
        (selectors("192.168.1.2/32", "192.168.2.1/32"), packet(), True),
        (selectors("192.168.1.3/32", "192.168.2.1/32"), packet(), False),
        (selectors("192.168.1.2-192.168.1.9", "192.168.2.0-192.168.2.1"), packet(), True),
        (selectors("192.168.1.3-192.168.1.9", "192.168.2.0-192.168.2.1"), packet(), False),
        (selectors("192.168.1.0-192.168.1.1", "192.168.2.0-192.168.2.1"), packet(), False),
        (selectors(protocol=6, ports=(0, 80)), packet(protocol=6, body=TCP), True),
        (selectors(protocol=6, ports=(49152, 80)), packet(protocol=6, body=TCP), True),
        (selectors(protocol=6, ports=(80, 0)), packet(protocol=6, body=TCP), False),
        (
            selectors(protocol=6, ports=(0, 80)),
            packet(protocol=6, body=TCP, fragment=3),
            False,
        ),  # which port, nobody knows
        (selectors(protocol=6), packet(protocol=6, body=TCP, fragment=3), True),
    ],
)
def test_a_packet_matches_both_identities_or_none(traffic: TrafficSelector, data: bytes, match: bool) -> None:
    found = read(data)
    assert traffic.outbound(found) is match
    assert TrafficSelector(traffic.remote, traffic.local).inbound(found) is match


def test_identities_of_two_protocols_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        TrafficSelector(proxy("192.168.1.0/24", 6), proxy("192.168.2.0/24", 17))
    assert refused.value.notify == 18  # INVALID-ID-INFORMATION


def test_the_lowest_sequence_has_the_packet_then_the_narrowest_then_the_newest() -> None:
    index: SelectorIndex[str] = SelectorIndex()
    ping = read(packet())
    everything, network, host = selectors("0.0.0.0/0", "0.0.0.0/0", 0), selectors(), selectors("192.168.1.2/32")
    assert index.find(ping) is None
    index.add(network, 20, "network")
    assert index.find(ping) == "network"
    index.add(host, 20, "host")
    index.add(everything, 20, "everything")
    assert index.find(ping) == "host"
    index.add(selectors("192.168.1.0-192.168.1.4", protocol=0), 10, "range of an earlier entry")
    assert index.find(ping) == "range of an earlier entry"
    index.add(everything, 5, "everything, first of all")
    assert index.find(ping) == "everything, first of all"


def test_a_renewed_sa_takes_over_and_the_old_one_steps_in_again() -> None:
    index: SelectorIndex[str] = SelectorIndex()
    ping, traffic = read(packet()), selectors()
    index.add(traffic, 10, "old")
    index.add(traffic, 10, "new")
    assert index.find(ping) == "new"
    index.remove(traffic, "new")
    assert index.find(ping) == "old"
    index.remove(traffic, "old")
    assert index.find(ping) is None
    index.remove(traffic, "old")  # nothing there, nothing happens


addresses = st.integers(0, 7).map(lambda n: 0xC0A80100 + n * 37)
proxies = st.builds(
    ProxyId,
    addresses.map(IPv4Address),
    st.sampled_from(["255.255.255.255", "255.255.255.0", "255.255.255.192", "0.0.0.0", "255.0.255.0"]).map(IPv4Address),
    st.just(6),
    st.sampled_from([0, 80, 443]),
    st.one_of(st.none(), addresses.map(IPv4Address)),
)
traffics = st.builds(TrafficSelector, proxies, proxies)
flows = st.builds(
    Packet,
    st.sampled_from([1, 6]),
    addresses,
    st.sampled_from([None, 80, 443, 8080]),
    addresses,
    st.sampled_from([None, 80, 443, 8080]),
    *map(st.just, (40, 20, 0, False)),
)


@given(st.lists(st.tuples(traffics, st.integers(0, 2)), max_size=12), st.data())
def test_the_index_finds_what_a_walk_over_all_selectors_finds(
    entries: list[tuple[TrafficSelector, int]], data: st.DataObject
) -> None:
    index: SelectorIndex[int] = SelectorIndex()
    for number, (traffic, sequence) in enumerate(entries):
        index.add(traffic, sequence, number)
    present = set(range(len(entries)))
    if entries:
        for number in data.draw(st.sets(st.sampled_from(sorted(present)))):
            index.remove(entries[number][0], number)
            present.discard(number)
    for flow in data.draw(st.lists(flows, max_size=8)):
        found = index.find(flow)
        matching = [number for number in present if entries[number][0].outbound(flow)]
        assert (found in matching) if matching else (found is None)
        if found is not None:
            assert entries[found][1] == min(entries[number][1] for number in matching)
