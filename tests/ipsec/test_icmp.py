"""What a host is told whose packet does not fit, and when it is told nothing."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.icmp import too_big
from mainmode.ipsec.selectors import Packet, read_packet
from tests.ipsec.sas import packet


def told(data: bytes, mtu: int = 1422) -> bytes:
    header = read_packet(data)
    assert isinstance(header, Packet)
    answer = too_big(data, header, mtu)
    assert answer.mtu == mtu and answer.to == IPv4Address(header.source)
    return answer.message


def test_the_message_is_that_of_rfc_1191() -> None:
    long = packet(protocol=6, body=bytes(1480), fragment=0x4000)
    message = told(long)
    assert message[:2] == bytes((3, 4))
    assert checksum(message) == 0
    assert message[4:6] == bytes(2) and int.from_bytes(message[6:8]) == 1422
    # As much of the packet as goes into 576 octets with the two headers before it (RFC 1812 §4.3.2.3).
    assert message[8:] == long[:548]


def test_a_short_packet_is_quoted_whole() -> None:
    short = packet(protocol=17, body=bytes(100))
    assert told(short + b"padding of the link", 100)[8:] == short


@pytest.mark.parametrize(
    "nothing",
    [
        packet(protocol=1, body=bytes((3, 4)) + bytes(600)),  # an ICMP error itself
        packet(protocol=1, body=bytes((11, 0)) + bytes(600)),
        packet(protocol=17, body=bytes(600), fragment=0x00B9),  # a later fragment
        packet(destination="239.1.1.1", body=bytes(600)),
        packet(destination="255.255.255.255", body=bytes(600)),
        packet(source="0.0.0.0", body=bytes(600)),
        packet(source="224.0.0.1", body=bytes(600)),
        packet(source="127.0.0.1", body=bytes(600)),
        packet(source="255.255.255.255", body=bytes(600)),
    ],
)
def test_nothing_is_said_where_rfc_1812_forbids_it(nothing: bytes) -> None:
    assert told(nothing, 576) == b""


def test_an_echo_and_a_first_fragment_are_answered() -> None:
    assert told(packet(protocol=1, body=bytes((8, 0)) + bytes(600)), 576)
    assert told(packet(protocol=17, body=bytes(600), fragment=0x2000), 576)
