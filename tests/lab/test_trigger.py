"""The packet that sets a negotiation off, as text and as chosen from the access-lists; and the packets of the hosts."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.selectors import Packet, read_packet
from mainmode.lab.dice import Dice
from mainmode.lab.ip import answer, ipv4, question, readdressed, udp
from mainmode.lab.run import run
from mainmode.lab.trigger import Trigger, choose
from tests.lab.pairs import INSIDE, TCP, line, site

ADDRESSES = st.builds(IPv4Address, st.integers(1, 2**32 - 1))


@pytest.mark.parametrize(
    "text",
    ["icmp:192.168.1.2:192.168.2.1", "tcp:10.1.1.1:10.2.2.2:443", "udp:10.1.1.1:10.2.2.2:500", "gre:1.2.3.4:5.6.7.8"],
)
def test_a_trigger_is_printed_as_it_was_typed(text: str) -> None:
    assert str(Trigger.parse(text)) == text


def test_ports_nobody_said_are_the_usual_ones() -> None:
    assert str(Trigger.parse("tcp:10.1.1.1:10.2.2.2")) == "tcp:10.1.1.1:10.2.2.2:80"
    assert str(Trigger.parse("udp:10.1.1.1:10.2.2.2")) == "udp:10.1.1.1:10.2.2.2:53"
    assert str(Trigger.parse("47:1.2.3.4:5.6.7.8")) == "gre:1.2.3.4:5.6.7.8"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("icmp", "is not PROTO:SRC:DST"),
        ("icmp:1.2.3.4", "is not PROTO:SRC:DST"),
        ("icmp:1.2.3.4:5.6.7.8:9", "has no ports"),
        ("tcp:1.2.3.4:5.6.7.8:0", "'0' is no port"),
        ("tcp:1.2.3.4:5.6.7.8:70000", "'70000' is no port"),
        ("tcp:1.2.3.4:5.6.7.8:ssh:9", "is not PROTO:SRC:DST"),
        ("ping:1.2.3.4:5.6.7.8", "'ping' is no protocol"),
        ("ip:1.2.3.4:5.6.7.8", "'ip' is no protocol"),
        ("300:1.2.3.4:5.6.7.8", "'300' is no protocol"),
        ("icmp:1.2.3:5.6.7.8", "'1.2.3' is no IPv4 address"),
        ("icmp:a:b", "'a' is no IPv4 address"),
    ],
)
def test_what_is_no_trigger_is_refused_with_a_sentence(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Trigger.parse(text)


def test_the_chosen_packet_is_an_echo_between_the_first_hosts_that_are_not_the_boxes() -> None:
    assert str(choose(site("a"), site("b"))) == "icmp:192.168.1.2:192.168.2.2"
    assert str(choose(site("b"), site("a"))) == "icmp:192.168.2.2:192.168.1.2"


def test_without_an_echo_it_is_a_packet_of_the_first_permit_line() -> None:
    lines = [line(INSIDE["a"], INSIDE["b"], TCP, port=22), line(INSIDE["a"], INSIDE["b"], 17)]
    assert str(choose(site("a", lines=lines), site("b"))) == "tcp:192.168.1.2:192.168.2.2:22"


def test_a_host_line_names_its_host_even_if_that_is_the_box() -> None:
    lines = [line(IPv4Network("192.168.1.1/32"), IPv4Network("192.168.2.9/32"))]
    assert str(choose(site("a", lines=lines), site("b"))) == "icmp:192.168.1.1:192.168.2.9"


def test_any_is_a_host_behind_the_site() -> None:
    anywhere = IPv4Network("0.0.0.0/0")
    assert str(choose(site("a", lines=[line(anywhere, anywhere, 0)]), site("b"))) == "icmp:192.168.1.2:192.168.2.2"


def test_without_any_access_list_it_is_an_echo_between_the_networks_behind() -> None:
    assert str(choose(site("a", access_lists={}), site("b"))) == "icmp:192.168.1.2:192.168.2.2"


def test_without_networks_there_is_none_and_the_lab_says_so() -> None:
    bare = site("a", access_lists={}, interfaces=())
    assert choose(bare, site("b")) is None
    with pytest.raises(ValueError, match="--trigger"):
        run(bare, site("b"))


def test_a_trigger_that_starts_behind_b_makes_b_the_initiator() -> None:
    result = run(site("a"), site("b"), trigger=Trigger.parse("icmp:192.168.2.2:192.168.1.2"))
    assert [one.role for one in result.sites] == ["responder", "initiator"]
    assert result.established


def test_a_trigger_is_turned_round_for_an_initiator_that_it_does_not_start_from() -> None:
    for initiator, source in (("a", "192.168.1.2"), ("b", "192.168.2.1")):
        for text in ("icmp:192.168.1.2:192.168.2.1", "icmp:192.168.2.1:192.168.1.2"):
            result = run(site("a"), site("b"), trigger=Trigger.parse(text), initiator=initiator)
            assert str(result.trigger.source) == source
            assert result.established


# --- the hosts ----------------------------------------------------------------------------------------------------


@given(
    st.sampled_from([1, 6, 17, 47, 50, 89]),
    ADDRESSES,
    ADDRESSES,
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.integers(0, 99),
)
def test_a_question_is_a_packet_with_good_checksums_and_is_answered_once(
    protocol: int, source: IPv4Address, destination: IPv4Address, identifier: int, port: int, number: int
) -> None:
    packet = question(protocol, source, destination, identifier, port, number)
    header = read_packet(packet)
    assert isinstance(header, Packet)
    assert (header.protocol, header.source, header.destination) == (protocol, int(source), int(destination))
    reply = answer(packet)
    assert reply is not None
    back = read_packet(reply)
    assert isinstance(back, Packet)
    assert (back.source, back.destination, back.protocol) == (header.destination, header.source, protocol)
    assert (back.source_port, back.destination_port) == (header.destination_port, header.source_port)
    assert answer(reply) is None
    for one in (packet, reply):
        assert checksum(one[:20]) == 0
        assert transport_checksum_is_right(one)


def transport_checksum_is_right(packet: bytes) -> bool:
    """Computed over everything, checksum included, the sum comes to zero (RFC 1071)."""
    protocol, body = packet[9], packet[20:]
    if protocol == 1:
        return checksum(body) == 0
    if protocol in (6, 17):
        return checksum(packet[12:20] + bytes((0, protocol)) + len(body).to_bytes(2) + body) == 0
    return True


@given(ADDRESSES, ADDRESSES, st.sampled_from([1, 6, 17, 47]))
def test_a_translated_packet_differs_in_addresses_and_checksums_only(
    source: IPv4Address, destination: IPv4Address, protocol: int
) -> None:
    packet = question(protocol, IPv4Address("10.1.1.1"), IPv4Address("10.2.2.2"), 7, 80, 1)
    translated = readdressed(packet, source, destination)
    assert checksum(translated[:20]) == 0
    assert transport_checksum_is_right(translated)
    assert readdressed(translated, IPv4Address("10.1.1.1"), IPv4Address("10.2.2.2")) == packet


@given(st.binary(max_size=80))
def test_no_packet_makes_a_host_stumble(data: bytes) -> None:
    answer(data)
    answer(ipv4(1, IPv4Address(1), IPv4Address(2), data))
    answer(ipv4(6, IPv4Address(1), IPv4Address(2), data))
    answer(ipv4(17, IPv4Address(1), IPv4Address(2), data))
    readdressed(data, IPv4Address(1), IPv4Address(2))


def test_the_internet_checksum_of_the_rfcs_example() -> None:
    # RFC 1071 §3: 00 01 f2 03 f4 f5 f6 f7 sum to ddf2.
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xDDF2 ^ 0xFFFF


def test_a_udp_checksum_of_zero_is_sent_as_its_complement() -> None:
    here, there = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")
    for data in range(65536):
        if (
            checksum(
                here.packed
                + there.packed
                + bytes((0, 17))
                + (10).to_bytes(2)
                + (1).to_bytes(2) * 2
                + (10).to_bytes(2)
                + data.to_bytes(2)
            )
            == 0
        ):
            assert udp(here, 1, there, 1, data.to_bytes(2))[26:28] == b"\xff\xff"
            return
    pytest.fail("no datagram has such a checksum")


# --- dice ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**64), st.lists(st.integers(0, 200), max_size=20))
def test_dice_give_the_same_stream_however_it_is_drawn(seed: int, counts: list[int]) -> None:
    piecewise, at_once = Dice(seed, "a", "ike"), Dice(seed, "a", "ike")
    assert b"".join(piecewise(count) for count in counts) == at_once(sum(counts))


def test_each_seed_site_and_purpose_has_a_stream_of_its_own() -> None:
    streams = {
        Dice(seed, *purpose)(16) for seed in (0, 1, 2) for purpose in (("a",), ("b",), ("a", "ike"), ("b", "esp"))
    }
    assert len(streams) == 12
