"""Sockets of a gateway: what is sent several at a time arrives as it would one at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from mainmode.ike.sa import NAT_T_PORT, Endpoint
from mainmode.shell.udp import Arrival, Port

TOS = 0xB8
SIZES = [1400] * 100 + [60] * 200 + [60, 40, 60, 61, 62, 62, 1, 1400, 1, 9000, 9000, 300]
"""More than one call takes, in number and in octets; then runs that end in every way."""

_SO_NO_CHECK = 11


@pytest.fixture
def ports() -> Iterator[tuple[Port, Port]]:
    """Two gateways on the loopback device, at addresses that no other run of these tests has at the same time."""
    own = f"127.{64 + (os.getpid() >> 8 & 63)}.{os.getpid() & 255}"
    made = [Port(Endpoint(IPv4Address(f"{own}.{number}"), NAT_T_PORT), "lo") for number in (1, 2)]
    yield made[0], made[1]
    for port in made:
        port.close()


def payloads() -> list[bytes]:
    return [number.to_bytes(2) * (size // 2) + b"." * (size % 2) for number, size in enumerate(SIZES)]


def received(port: Port, count: int) -> list[Arrival]:
    """What arrives, until there are so many datagrams."""
    port.socket.settimeout(5)
    arrivals = []
    while sum(len(arrival.payloads) for arrival in arrivals) < count:
        arrival = port.receive()
        assert arrival is not None
        arrivals.append(arrival)
    return arrivals


def test_datagrams_of_any_length_arrive_in_their_order(ports: tuple[Port, Port]) -> None:
    sender, receiver = ports
    sent = payloads()
    sender.send_all(sent, receiver.local, TOS, False)
    arrivals = received(receiver, len(sent))
    assert [payload for arrival in arrivals for payload in arrival.payloads] == sent
    assert {(arrival.source, arrival.tos) for arrival in arrivals} == {(sender.local, TOS)}
    assert len(arrivals) < len(sent) / 4, "each came in a call of its own"


def test_where_the_kernel_takes_no_runs_they_go_one_by_one(ports: tuple[Port, Port]) -> None:
    sender, receiver = ports
    # The kernel cuts nothing up for a socket that sends without checksums.
    sender.socket.setsockopt(socket.SOL_SOCKET, _SO_NO_CHECK, 1)
    sent = payloads()
    sender.send_all(sent, receiver.local, 0, True)
    arrivals = received(receiver, len(sent))
    assert [payload for arrival in arrivals for payload in arrival.payloads] == sent


def test_a_longer_datagram_begins_a_run_of_its_own(ports: tuple[Port, Port]) -> None:
    sender, receiver = ports
    sent = [b"short", b"longer", b"longer", b"the longest"]
    sender.send_all(sent, receiver.local, 0, False)
    assert [list(arrival.payloads) for arrival in received(receiver, 4)] == [
        [b"short"],
        [b"longer", b"longer"],
        [b"the longest"],
    ]
