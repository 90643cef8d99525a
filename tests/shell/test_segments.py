"""The maximum segment size in passing handshakes: lowered, never raised, and the checksum stays right."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.ipsec.checksum import checksum
from mainmode.lab.ip import ipv4
from mainmode.shell.segments import clamped

CLIENT, SERVER = IPv4Address("192.168.1.2"), IPv4Address("192.168.2.1")
TCP = 6


def segment(options: bytes, flags: int = 0x02, data: bytes = b"") -> bytes:
    """A TCP segment in its packet, with a right checksum."""
    options += bytes(-len(options) % 4)
    body = bytearray((1025).to_bytes(2) + (80).to_bytes(2) + bytes(8))
    body += bytes(((20 + len(options)) // 4 << 4, flags)) + (8192).to_bytes(2) + bytes(4) + options + data
    body[16:18] = checksum(pseudo(len(body)) + bytes(body)).to_bytes(2)
    return ipv4(TCP, CLIENT, SERVER, bytes(body))


def pseudo(length: int) -> bytes:
    return CLIENT.packed + SERVER.packed + bytes((0, TCP)) + length.to_bytes(2)


def is_right(packet: bytes) -> bool:
    return checksum(pseudo(len(packet) - 20) + packet[20:]) == 0


def mss(size: int) -> bytes:
    return b"\x02\x04" + size.to_bytes(2)


@pytest.mark.parametrize("before", [b"", b"\x01", b"\x01\x01", b"\x01\x01\x01", b"\x03\x03\x07", b"\x04\x02"])
@pytest.mark.parametrize("flags", [0x02, 0x12])
def test_a_syn_asks_for_no_more_than_fits(before: bytes, flags: int) -> None:
    # Behind an odd number of octets the value stands across two words of the checksum.
    packet = clamped(segment(before + mss(1460), flags), 1380)
    assert mss(1380) in packet
    assert is_right(packet)


@given(
    size=st.integers(0, 65535), largest=st.integers(536, 65495), padding=st.integers(0, 7), data=st.binary(max_size=9)
)
def test_it_is_the_lesser_of_both_and_nothing_else_changes(size: int, largest: int, padding: int, data: bytes) -> None:
    options = b"\x01" * padding
    assert clamped(segment(options + mss(size), data=data), largest) == segment(
        options + mss(min(size, largest)), data=data
    )


@pytest.mark.parametrize(
    "packet",
    [
        segment(mss(1460), flags=0x10),
        segment(b""),
        segment(b"\x02\x03\x05"),
        segment(b"\x02"),
        segment(b"\x05\x00\x02\x04\x05\xb4"),
        segment(b"\x00" + mss(1460)),
        segment(mss(1460))[:39],
        ipv4(17, CLIENT, SERVER, segment(mss(1460))[20:]),
        ipv4(TCP, CLIENT, SERVER, segment(mss(1460))[20:])[:6] + b"\x00\x01" + segment(mss(1460))[8:],
    ],
    ids=["no SYN", "no option", "short", "cut", "zero length", "after the end", "cut segment", "UDP", "later fragment"],
)
def test_what_is_no_offer_of_a_size_is_left_alone(packet: bytes) -> None:
    assert clamped(packet, 536) == packet


@given(st.binary(min_size=20, max_size=80))
def test_it_never_raises_and_never_changes_a_length(noise: bytes) -> None:
    packet = bytes((0x45,)) + noise[1:9] + bytes((TCP,)) + noise[10:]
    assert len(clamped(packet, 536)) == len(packet)
