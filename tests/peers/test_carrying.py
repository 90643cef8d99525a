"""Traffic in bulk between two gateways of ours: octets arrive, packets on the wire are packets, and each is counted."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pcap import frames
from tests.peers.ours import Ours, configuration
from tests.peers.test_exec import told
from tests.peers.world import SOON, World, require_programs, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

MTU = 1500

_LISTENER = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind(("192.168.2.1", 7003))
    print("listening", flush=True)
    while True:
        data, source = one.recvfrom(65535)
        if data == b"end":
            break
        # Each is sent back with its place, once a round is over.
        received = [data]
        while not received[-1].startswith(b"over"):
            received.append(one.recv(65535))
        answer = b"".join(len(part).to_bytes(2) + part for part in received)
        for at in range(0, len(answer), 1200):
            one.sendto(answer[at : at + 1200], source)
        one.sendto(b"", source)
"""

_ASKER = """
import socket
sizes = [1200] * 20 + [64] * 20 + [64, 63, 64, 64, 1, 2, 2, 700] + [1399, 1400, 1401, 2999, 64]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.settimeout(10)
    one.connect(("192.168.2.1", 7003))
    for turn in range(10):
        sent = [bytes([turn, number]) * (size // 2) + b"." * (size % 2) for number, size in enumerate(sizes)]
        sent.append(b"over%d" % turn)
        for data in sent:
            # IP_MTU_DISCOVER: what does not fit may be fragmented on the way.
            one.setsockopt(socket.IPPROTO_IP, 10, 1 if len(data) < 1300 else 0)
            one.send(data)
        answer = b""
        while part := one.recv(65535):
            answer += part
        received = []
        while answer:
            size = int.from_bytes(answer[:2], "big")
            received.append(answer[2 : 2 + size])
            answer = answer[2 + size :]
        assert received == sent, (turn, [len(data) for data in received])
    one.send(b"end")
print("all of them")
"""


@pytest.fixture(params=["ESP", "UDP"])
def gateways(
    request: pytest.FixtureRequest, fresh: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Two gateways with real ESP between them, or ESP in UDP; what they send and receive is captured at a."""
    require_programs("nft")
    monkeypatch.setenv("MAINMODE_RUN", str(tmp_path / "run"))
    if request.param == "UDP":
        fresh.pretend_nat()
    capture = tmp_path / "wire.pcap"
    for side, options in (("a", ("--pcap", str(capture))), ("b", ())):
        Ours(fresh, configuration(side), f"g{side}", "--name", f"site-{side}", *options)
    yield capture
    fresh.pretend_no_nat()


def counted(name: str) -> tuple[int, int]:
    """Packets encapsulated and decapsulated by a gateway."""
    text = told(name, "show crypto ipsec sa")
    encaps, decaps = (re.findall(rf"#pkts {what}: (\d+)", text) for what in ("encaps", "decaps"))
    return sum(map(int, encaps)), sum(map(int, decaps))


def test_megabytes_each_way_arrive_as_packets_that_are_counted_one_by_one(gateways: Path, fresh: World) -> None:
    assert fresh.ping("ha", "192.168.2.1") == 1
    fresh.transfer("ha", "hb", "192.168.2.1", 10_000_000)
    fresh.transfer("hb", "ha", "192.168.1.2", 10_000_000)
    until(lambda: counted("site-a") == counted("site-b")[::-1], SOON, "what one has sent the other has received")
    a_sent, a_received = counted("site-a")
    # With segments of 1380 octets at most (the default of `sysopt connection tcpmss`).
    assert min(a_sent, a_received) > 10_000_000 / 1380
    wire = [packet for _, packet in frames(gateways)]
    assert max(map(len, wire)) <= MTU
    esp = [packet for packet in wire if packet[9] == 50 or (packet[22:24] == b"\x11\x94" and packet[28:32] != bytes(4))]
    assert len(esp) == a_sent + a_received


def test_datagrams_of_every_length_arrive_whole_and_in_their_order(gateways: Path, fresh: World) -> None:
    assert fresh.ping("ha", "192.168.2.1") == 1
    log = fresh.directory / "datagrams"
    listener = fresh.start("hb", sys.executable, "-c", _LISTENER, log=log)
    until(lambda: "listening" in log.read_text(), SOON, "a listening socket")
    assert fresh.must("ha", sys.executable, "-c", _ASKER) == "all of them\n"
    listener.wait(10)
    assert max(len(packet) for _, packet in frames(gateways)) <= MTU
