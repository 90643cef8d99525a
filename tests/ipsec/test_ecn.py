"""Congestion marks out of a tunnel: the table of RFC 6040, and that nothing else of a packet changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.ecn import decapsulated
from mainmode.lab.ip import ipv4
from tests.ipsec.sas import SITE_A, SITE_B

# RFC 6040 figure 4, row by row: the inner header; then what leaves by the outer one, Not-ECT, ECT(0), ECT(1), CE.
FIGURE_4 = {
    "Not-ECT": ("Not-ECT", "Not-ECT", "Not-ECT", "drop"),
    "ECT(0)": ("ECT(0)", "ECT(0)", "ECT(1)", "CE"),
    "ECT(1)": ("ECT(1)", "ECT(1)", "ECT(1)", "CE"),
    "CE": ("CE", "CE", "CE", "CE"),
}
BITS = {"Not-ECT": 0b00, "ECT(1)": 0b01, "ECT(0)": 0b10, "CE": 0b11}
CASES = [
    (inner, outer, leaves)
    for inner, row in FIGURE_4.items()
    for outer, leaves in zip(("Not-ECT", "ECT(0)", "ECT(1)", "CE"), row, strict=True)
]


def marked(tos: int, body: bytes = b"body") -> bytes:
    packet = bytearray(ipv4(17, SITE_A, SITE_B, body))
    packet[1] = tos
    packet[10:12] = bytes(2)
    packet[10:12] = checksum(bytes(packet[:20])).to_bytes(2)
    return bytes(packet)


@pytest.mark.parametrize(("inner", "outer", "leaves"), CASES)
@pytest.mark.parametrize("dscp", [0, 46, 63])
def test_a_packet_leaves_as_figure_4_says(inner: str, outer: str, leaves: str, dscp: int) -> None:
    # The outer DSCP may have been changed on the way; the inner one stays (RFC 4301 §5.1.2.1).
    result = decapsulated(marked(dscp << 2 | BITS[inner]), 10 << 2 | BITS[outer])
    assert result == (None if leaves == "drop" else marked(dscp << 2 | BITS[leaves]))


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=64))
def test_only_two_bits_and_the_checksum_change(inner: int, outer: int, body: bytes) -> None:
    packet = marked(inner, body)
    result = decapsulated(packet, outer)
    if result is None:
        assert inner & 3 == 0 and outer & 3 == 3
        return
    assert checksum(result[:20]) == 0
    assert result[0] == packet[0] and result[1] >> 2 == inner >> 2
    assert result[2:10] == packet[2:10] and result[12:] == packet[12:]


def test_the_reason_it_was_dropped_for_is_one_an_asa_counts() -> None:
    assert Drop.CONGESTION.counter == "decaps_failed_rcv"
