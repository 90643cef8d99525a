"""Elements of access-lists: which packets they mean, what mirrors them, how an ASA prints them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.config.model import ANY, Ace, AddressRange, Config, PortRange, written
from mainmode.config.reader import read
from mainmode.span import Span

LEFT, RIGHT = IPv4Network("192.168.1.0/24"), IPv4Network("192.168.2.0/24")
TCP = Ace("VPN", True, 6, LEFT, None, RIGHT, PortRange(80, 80))
ICMP = Ace("VPN", True, 1, LEFT, None, RIGHT, None)
HERE, THERE = IPv4Address("192.168.1.7"), IPv4Address("192.168.2.9")

PACKETS = [
    (TCP, 6, HERE, 40000, THERE, 80, True),
    (TCP, 6, HERE, 40000, THERE, 81, False),
    (TCP, 17, HERE, 40000, THERE, 80, False),
    (TCP, 6, THERE, 40000, HERE, 80, False),
    (TCP, 6, HERE, 40000, IPv4Address("192.168.3.1"), 80, False),
    (replace(TCP, active=False), 6, HERE, 40000, THERE, 80, False),
    (replace(TCP, permit=False), 6, HERE, 40000, THERE, 80, True),
    (replace(TCP, protocol=0, destination_ports=None), 89, HERE, 0, THERE, 0, True),
    (ICMP, 1, HERE, 512, THERE, 512, True),
    (replace(TCP, source=AddressRange(HERE, HERE)), 6, HERE, 1, THERE, 80, True),
    (replace(TCP, source_ports=PortRange(1024, 65535)), 6, HERE, 1023, THERE, 80, False),
]


@pytest.mark.parametrize(("ace", "protocol", "source", "sport", "destination", "dport", "expected"), PACKETS)
def test_an_element_means_the_packets_it_says(
    ace: Ace, protocol: int, source: IPv4Address, sport: int, destination: IPv4Address, dport: int, expected: bool
) -> None:
    assert ace.matches(protocol, source, sport, destination, dport) is expected


networks = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 32),
)
ranges = st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF)).map(
    lambda pair: AddressRange(IPv4Address(min(pair)), IPv4Address(max(pair)))
)
ports = st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(
    lambda pair: PortRange(min(pair), max(pair))
)


@given(networks | ranges, networks | ranges, st.sampled_from([0, 1, 6, 17, 47]), ports, ports)
def test_the_mirror_image_of_an_element_mirrors_it_and_means_the_answers(
    source: IPv4Network | AddressRange,
    destination: IPv4Network | AddressRange,
    protocol: int,
    source_ports: PortRange | None,
    destination_ports: PortRange | None,
) -> None:
    ace = Ace("A", True, protocol, source, source_ports, destination, destination_ports)
    image = Ace("B", True, protocol, destination, destination_ports, source, source_ports)
    assert ace.mirrors(image)
    assert image.mirrors(ace)
    first = IPv4Address(int(source[0])) if isinstance(source, IPv4Network) else source.first
    last = destination[-1] if isinstance(destination, IPv4Network) else destination.last
    sport = source_ports.first if source_ports else 7
    dport = destination_ports.last if destination_ports else 9
    assert ace.matches(protocol or 99, first, sport, last, dport)
    assert image.matches(protocol or 99, last, dport, first, sport)


@given(networks, networks, st.sampled_from([6, 17]), ports, ports, st.booleans())
def test_an_element_that_is_printed_reads_back_as_itself(
    source: IPv4Network,
    destination: IPv4Network,
    protocol: int,
    source_ports: PortRange | None,
    destination_ports: PortRange | None,
    active: bool,
) -> None:
    ace = Ace("A", True, protocol, source, source_ports, destination, destination_ports, active=active)
    found = read(ace.text, "a")
    assert found.errors == ()
    assert found.config.access_lists["A"].lines[0].aces == (ace,)
    assert found.config.access_lists["A"].lines[0].text == ace.text


def test_addresses_are_written_as_in_an_access_list() -> None:
    assert [written(one) for one in (ANY, LEFT, IPv4Network("10.0.0.1/32"), AddressRange(HERE, THERE))] == [
        "any",
        "192.168.1.0 255.255.255.0",
        "host 10.0.0.1",
        "range 192.168.1.7 192.168.2.9",
    ]


def test_where_something_stands_is_no_part_of_what_it_is() -> None:
    assert replace(TCP, span=Span("a", 1)) == TCP
    assert (
        read("hostname x\ncrypto ikev1 enable outside", "a").config
        == read("!\n\nhostname x\n crypto ikev1 enable outside", "b").config
    )


def test_a_configuration_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().hostname = "x"  # type: ignore[misc]


def test_a_line_that_stands_for_a_million_elements_costs_nothing_until_asked() -> None:
    members = "\n".join(f" network-object host 10.{n // 250}.{n % 250}.1" for n in range(1000))
    text = f"object-group network G\n{members}\naccess-list A permit ip object-group G object-group G"
    line = read(text, "a").config.access_lists["A"].lines[0]
    assert (len(line.sources), len(line.destinations)) == (1000, 1000)
