"""`capture` and `ping`: what is caught and listed, and what is printed of round trips."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.exec.captured import Captured, one_line
from mainmode.exec.ping import report
from mainmode.exec.running import Ping
from mainmode.lab.ip import ipv4, question, udp
from tests.exec.worlds import Terminal
from tests.life.world import World
from tests.paths import require
from tests.show.tunnels import document

try:
    from ntc_templates.parse import parse_output
except ModuleNotFoundError:
    parse_output = None

A, B, C = (IPv4Address(f"192.168.1.{last}") for last in (1, 2, 200))
ASK = Ping(A, B)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(World({name: document(name) for name in "ab"}))


# --- capture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "caught"),
    [
        ("", [True, True, True, True]),
        ("match ip any any", [True, True, True, True]),
        ("match icmp any any", [True, False, False, False]),
        ("match icmp host 192.168.1.1 any", [True, False, False, False]),
        ("match icmp any host 192.168.1.1", [True, False, False, False]),  # both directions are meant
        ("match icmp host 192.168.1.200 any", [False, False, False, False]),
        ("match tcp any any eq www", [False, True, False, False]),
        ("match tcp any eq www any", [False, True, False, False]),
        ("match tcp any eq www any eq www", [False, False, False, False]),
        ("match udp 192.168.1.0 255.255.255.128 192.168.1.128 255.255.255.128", [False, False, True, False]),
        ("match udp 192.168.1.0 255.255.255.128 192.168.1.0 255.255.255.128", [False, False, False, False]),
        ("match 47 any any", [False, False, False, True]),
        ("match gre any any", [False, False, False, True]),
    ],
)
def test_a_capture_catches_what_it_is_for(terminal: Terminal, match: str, caught: list[bool]) -> None:
    reply = terminal.type(f"capture X interface inside {match}")
    assert reply.status == 0, reply.text
    packets = [question(1, A, B, 1, 0, 0), question(6, A, B, 1025, 80, 0), udp(C, 7, A, 9, b""), ipv4(47, A, C, b"x")]
    capture = terminal.captures["X"]
    assert [capture.offer(packet, "inside", 1.5) for packet in packets] == caught
    assert not any(capture.offer(packet, "outside", 1.5) for packet in packets)
    assert [packet for _, packet in capture.packets] == [p for p, is_in in zip(packets, caught, strict=True) if is_in]
    assert f"{sum(caught)} packet" in terminal.printed("show capture X")
    assert terminal.values("show capture")["captures"][0]["packets"] == sum(caught)
    if match:
        assert terminal.printed("sh cap").splitlines()[1].startswith("  match ")


@pytest.mark.parametrize(
    "rest",
    [
        "match icmp any any eq www",
        "match tcp any",
        "match tcp 10.0.0.0 0.0.0.255 any",  # a wildcard mask: another vendor's other box
        "match 256 any any",
        "buffer 10 interface inside",
        "buffer 999999999999 interface inside",
    ],
)
def test_what_no_packet_can_match_is_no_capture(terminal: Terminal, rest: str) -> None:
    line = f"capture X {rest}" if rest.startswith("buffer") else f"capture X interface inside {rest}"
    assert terminal.type(line).status == 2
    assert not terminal.captures


def test_a_capture_ends_when_its_buffer_is_full() -> None:
    packet = question(1, A, B, 1, 0, 0)
    capture = Captured("X", "inside", buffer=2 * (16 + len(packet)) + 20)
    assert "[Capturing - 0 bytes]" in capture.state
    assert [capture.offer(packet, "inside", float(at)) for at in range(4)] == [True, True, False, False]
    assert capture.state == f"[Buffer Full - {2 * (16 + len(packet))} bytes]"


@pytest.mark.parametrize("line", ["clear capture X", "clear capture /all", "cle cap /a"])
def test_a_capture_that_is_cleared_forgets_its_packets_and_goes_on(terminal: Terminal, line: str) -> None:
    for name in ("X", "Y"):
        terminal.printed(f"capture {name} buffer 1536 interface inside")
        while terminal.captures[name].offer(question(1, A, B, 1, 0, 0), "inside", 1.0):
            pass
    assert terminal.values(line)["cleared"] == (["X"] if line.endswith("X") else ["X", "Y"])
    x, y = terminal.captures.values()
    assert (x.packets, x.state) == ([], "[Capturing - 0 bytes]")
    assert bool(y.packets) is line.endswith("X")
    assert x.offer(question(1, A, B, 1, 0, 0), "inside", 2.0)
    assert "1 packet captured" in terminal.printed("show capture X")
    assert terminal.type("clear capture Z").status == 2


def test_captures_have_names_and_are_not_too_many(terminal: Terminal) -> None:
    terminal.type("capture X interface inside")
    assert "exists" in terminal.type("capture X interface outside").text
    for number in range(30):
        terminal.type(f"capture N{number} interface inside")
    assert len(terminal.captures) == 16
    terminal.type("no capture X")
    assert "X" not in terminal.captures
    assert terminal.type("no capture X").status == 2


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (question(1, A, B, 1, 0, 0), "192.168.1.1 > 192.168.1.2: icmp: echo request"),
        (ipv4(1, A, B, bytes((3, 1)) + bytes(6)), "192.168.1.1 > 192.168.1.2: icmp: unreachable"),
        (udp(A, 500, B, 4500, b"x" * 30), "192.168.1.1.500 > 192.168.1.2.4500:  udp 30"),
        (question(6, A, B, 1025, 80, 7), "192.168.1.1.1025 > 192.168.1.2.80: S 7:7(0) win 8192"),
        (ipv4(50, A, B, bytes(8)), "192.168.1.1 > 192.168.1.2:  ip-proto-50, length 8"),
        (ipv4(6, A, B, bytes(4)), "192.168.1.1.0 > 192.168.1.2.0: tcp, cut short"),
        (b"nonsense", "invalid IP length"),
    ],
)
def test_a_packet_is_a_line(packet: bytes, said: str) -> None:
    assert one_line(packet) == said


@given(st.binary(max_size=80) | st.builds(ipv4, st.integers(0, 255), st.just(A), st.just(B), st.binary(max_size=40)))
def test_any_packet_is_a_line(packet: bytes) -> None:
    assert "\n" not in one_line(packet)
    Captured("X", "inside").offer(packet, "inside", 0.0)


def test_the_list_has_the_time_of_day(terminal: Terminal) -> None:
    terminal.type("capture X interface inside")
    terminal.captures["X"].offer(question(1, A, B, 1, 0, 0), "inside", 3661.25)
    assert "   1: 01:01:01.250000       192.168.1.1 > 192.168.1.2: icmp: echo request \n" in terminal.printed(
        "sh cap X"
    )


# --- ping ---------------------------------------------------------------------------------------------------------


def test_a_ping_starts_from_the_interface_that_is_named_or_else_the_one_towards_its_destination(
    terminal: Terminal,
) -> None:
    own = {interface.name: interface.address for interface in terminal.site.gateway.config.interfaces}
    terminal.type("ping inside 192.168.2.2")
    terminal.type("ping 10.0.0.2")
    assert terminal.pings == [
        Ping(own["inside"], IPv4Address("192.168.2.2")),  # type: ignore[arg-type]
        Ping(own["outside"], IPv4Address("10.0.0.2")),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    ("trips", "row"),
    [
        ([0.012, 0.02, 0.0001, 0.03, 0.01], ("!!!!!", "100", "5", "1", "14", "30")),
        ([None, 0.01, 0.02, None, 0.03], ("?!!?!", "60", "3", "10", "20", "30")),
        ([None] * 5, ("?????", "0", "0", "", "", "")),
    ],
)
def test_an_independent_reader_reads_what_came_of_a_ping(trips: list[float | None], row: tuple[str, ...]) -> None:
    require(parse_output is not None, "ntc-templates is not installed")
    reply = report(ASK, trips)
    assert reply.status == (0 if any(trips) else 1)
    # The template knows the marks `!`, `.`, `/`, `Q`, `U`, and no `?`, which is an ASA's own for no answer.
    read: list[dict[str, Any]] = parse_output("cisco_asa", "ping", re.sub(r"\?", ".", reply.text))
    names = ("response_stream", "success_pct", "success_qty", "rtt_min", "rtt_avg", "rtt_max")
    assert tuple(read[0][name] for name in names) == (row[0].replace("?", "."), *row[1:])
    assert (read[0]["destination"], read[0]["sent_qty"], read[0]["timeout"]) == ("192.168.1.2", "5", "2")
