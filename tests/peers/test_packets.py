"""What the packets around the packets look like on the wire: DF, TOS, fragments, and a small link on the way.

ga 10.1.0.1 ── ra ── 1400 octets ── rb ── 10.0.0.2 gb
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mainmode.ipsec.selectors import Packet, read_packet
from tests.paths import require
from tests.pcap import frames
from tests.peers.charon import NEWER, Charon, Wishes
from tests.peers.ours import Ours, configuration
from tests.peers.test_exec import told
from tests.peers.world import BEHIND_NAT, SOON, World, require_programs, settled, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

NARROW = 1400
ESP, UDP = 50, 17
DF, MF = 0x40, 0x20
"""Flags in the seventh octet of an IPv4 header."""

# Of AES and HMAC-SHA-1: what fits into an outer packet of 1500 and of 1400 octets, over ESP and over UDP.
FITS = {ESP: {1500: 1438, 1400: 1342}, UDP: {1500: 1422, 1400: 1326}}
PING_HEADERS = 28

PEERS = ["ours", "5.9", "6.0"]
"""What stands at the other site; strongSwan 5.9 speaks ESP in UDP, the others IP protocol 50."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("packets"), narrow=NARROW)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINMODE_RUN", str(tmp_path / "run"))


def pair(world: World, peer: str = "ours", *lines: str, far: tuple[str, ...] = (), up: bool = True) -> Ours:
    """Our gateway at site a with these lines in its configuration, and a peer at site b; if `up`, a tunnel as well."""
    forget(world)
    # A strongSwan leaves path MTUs to its kernel, which shall know this one: the packets that are looked at are ours.
    locked = () if peer == "ours" else ("mtu", "lock", str(NARROW))
    world.must("gb", "ip", "route", "replace", "10.1.0.0/24", "via", "10.0.0.254", *locked)
    gateway = Ours(world, configuration("a", address=BEHIND_NAT, more=lines), "ga", "--name", "a")
    if peer == "ours":
        Ours(world, configuration("b", peer=BEHIND_NAT, more=far), "gb", "--name", "b")
    else:
        require(peer != "6.0" or (NEWER / ".complete").exists(), "strongSwan 6.0 is not unpacked: run .ci/strongswan-6")
        charon = Charon(world, root=NEWER, raw_esp=True) if peer == "6.0" else Charon(world)
        charon.load(Wishes(remote=BEHIND_NAT, remote_id=BEHIND_NAT))
    assert not up or world.ping("ha", "192.168.2.1") == 1, gateway.said()[-3000:]
    return gateway


def forget(world: World) -> None:
    """What hosts and gateways have learnt about paths in a test before."""
    for space in ("ha", "hb", "ga", "gb"):
        world.must(space, "ip", "route", "flush", "cache")


def protocol(peer: str) -> int:
    return UDP if peer == "5.9" else ESP


def ask(world: World, octets: int, *words: str, space: str = "ha", target: str = "192.168.2.1") -> str:
    """One question of so many octets, IP header and all; what ping says."""
    size = str(octets - PING_HEADERS)
    return world.run(space, "ping", "-n", "-c1", "-W2", "-s", size, *words, target).stdout


def shown(name: str = "a", detail: bool = False) -> dict[str, str]:
    """`show crypto ipsec sa`: what stands behind each name."""
    text = told(name, f"show crypto ipsec sa{' detail' if detail else ''}")
    found = dict(re.findall(r"#([^:#,]+): (\d+)", text))
    found |= re.findall(r"(path mtu|media mtu|DF policy:|ipsec overhead) ([^,\n]+)", text)
    return found


@contextmanager
def watched(world: World, space: str, device: str, wanted: str) -> Iterator[list[bytes]]:
    """The IP packets that pass a device and that tcpdump wants, complete once the block is left."""
    require_programs("tcpdump")
    file, log = world.directory / f"watched-{space}.pcap", world.directory / f"watched-{space}.log"
    words = ("tcpdump", "-ni", device, "-Uw", str(file), "--immediate-mode", wanted)
    watcher = world.start(space, *words, log=log)
    until(lambda: "listening on" in log.read_text(), SOON, "tcpdump")
    seen: list[bytes] = []
    yield seen
    settled(watcher)  # or it would leave without what it has not yet looked at
    world.stop(watcher)
    seen += [frame[14:] for _, frame in frames(file)]


def header(packet: bytes) -> Packet:
    read = read_packet(packet)
    assert isinstance(read, Packet)
    return read


def from_a(seen: list[bytes]) -> list[bytes]:
    return [packet for packet in seen if packet[12:16] == bytes((10, 1, 0, 1))]


# -- DF ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["ours", "5.9"])
@pytest.mark.parametrize(
    ("df", "with_df", "without"), [("copy-df", True, False), ("set-df", True, True), ("clear-df", False, False)]
)
def test_the_outer_df_bit_is_the_configuration_s(
    fresh: World, peer: str, df: str, with_df: bool, without: bool
) -> None:
    with watched(fresh, "ra", "near", "udp port 500 or udp port 4500") as negotiation:
        pair(fresh, peer, f"crypto ipsec df-bit {df} outside")
    messages = [packet for packet in from_a(negotiation) if packet[22:24] == b"\x01\xf4" or packet[28:32] == bytes(4)]
    assert len(messages) >= 5 and not any(packet[6] & DF for packet in messages)
    assert shown()["DF policy:"] == df
    carrier = "esp" if protocol(peer) == ESP else "udp port 4500"
    for words, expected in (("do", with_df), ("dont", without), ("do", with_df)):
        with watched(fresh, "ra", "near", carrier) as seen:
            assert "1 received" in ask(fresh, 600, "-M", words)
        (packet,) = (one for one in from_a(seen) if header(one).length > 600)
        assert bool(packet[6] & DF) is expected, words


# -- DSCP and ECN ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["ours", "5.9"])
def test_dscp_and_ecn_are_copied_outside_and_stay_inside(fresh: World, peer: str) -> None:
    pair(fresh, peer)
    for tos in (0, 0xB8, 0xBA, 0x29, 0xFF, 0x02):
        carrier = "esp" if protocol(peer) == ESP else "udp port 4500"
        with watched(fresh, "ra", "near", carrier) as outside, watched(fresh, "hb", "eth0", "icmp") as inside:
            assert "1 received" in ask(fresh, 600, "-Q", str(tos))
        assert {one[1] for one in from_a(outside) if header(one).length > 600} == {tos}
        assert {one[1] for one in inside if one[20] == 8} == {tos}


_CONGESTION = """table ip congestion {{
  chain on {{ type filter hook forward priority filter
    {} ip ecn set ce
  }}
}}
"""


def mark(world: World, router: str, carrier: str) -> None:
    """From now on this router says of every packet of a carrier that it met a queue."""
    require_programs("nft")
    world.must(router, "nft", _CONGESTION.format(carrier))


@pytest.mark.parametrize("peer", ["ours", "5.9"])
def test_congestion_on_the_way_is_told_to_who_understands_it_and_costs_the_others_the_packet(
    fresh: World, peer: str
) -> None:
    world = fresh
    gateway = pair(world, peer)
    carrier = "ip protocol esp" if protocol(peer) == ESP else "udp dport 4500"
    mark(world, "rb", carrier)  # in both directions
    try:
        # Of an ECT question the answer is ECT as well: it comes back over the same router.
        with watched(world, "ha", "eth0", "icmp") as seen:
            assert "1 received" in ask(world, 600, "-Q", "0x02")
        assert [one[1] for one in seen if one[20] == 0] == [0x03]
        # Who does not know of marks would not slow down: RFC 6040 §4.2 says drop.
        assert shown(detail=True)["pkts decaps failed (rcv)"] == "0"
        assert "0 received" in ask(world, 600, space="hb", target="192.168.1.2")
        assert shown(detail=True)["pkts decaps failed (rcv)"] == "1"
        assert "that was dropped by IPSec (congestion experienced" in gateway.said()
    finally:
        world.must("rb", "nft", "delete", "table", "ip", "congestion")
    assert "1 received" in ask(world, 600)


# -- a small link on the way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", PEERS)
def test_a_small_link_on_the_way_is_learnt_and_hosts_are_told(fresh: World, peer: str) -> None:
    world = fresh
    pair(world, peer)
    fits = FITS[protocol(peer)]
    assert shown()["path mtu"] == "1500"
    # What fits into 1500 is too long for the way. Nobody here knew: this one is lost.
    assert "0 received" in ask(world, fits[1500], "-M", "do")
    until(lambda: shown()["path mtu"] == "1400", SOON, "the router's word")
    # The next one is answered, with what fits; and that goes through, while one octet more does not.
    long = ask(world, fits[1500], "-M", "do")
    assert "From 192.168.1.1 " in long and f"(mtu = {fits[1400]})" in long
    world.must("ha", "ip", "route", "flush", "cache")
    assert f"(mtu = {fits[1400]})" in ask(world, fits[1400] + 1, "-M", "do")
    world.must("ha", "ip", "route", "flush", "cache")
    assert "1 received" in ask(world, fits[1400], "-M", "do")
    # Who lets itself be cut up passes as before, before encryption and to the size that was learnt.
    with watched(world, "rb", "near", "src 10.1.0.1") as seen:
        assert "1 received" in ask(world, 1500, "-M", "dont")
    assert [one[6] & MF for one in from_a(seen)] == [0, 0]
    counters = shown()
    assert counters["PMTUs rcvd"] == "1" and counters["PMTUs sent"] == counters["pre-frag failures"] == "2"
    assert (counters["pre-frag successes"], counters["fragments created"]) == ("1", "2")
    assert counters["media mtu"] == "1500"
    assert counters["send errors"] == "0"


def test_who_asks_for_the_tunnel_with_a_packet_that_does_not_fit_is_told_once_it_is_up(fresh: World) -> None:
    pair(fresh, up=False)
    assert f"(mtu = {FITS[ESP][1500]})" in ask(fresh, 1500, "-M", "do")
    assert shown()["PMTUs sent"] == "1"


def test_the_gateway_s_own_packets_are_told_as_well(fresh: World) -> None:
    pair(fresh)
    mine = ("-I", "192.168.1.1")
    assert f"(mtu = {FITS[ESP][1500]})" in ask(fresh, 9000, *mine, "-M", "do", space="ga")
    assert "1 received" in ask(fresh, 1000, *mine, "-M", "do", space="ga")
    assert "1 received" in ask(fresh, 20000, *mine, "-M", "dont", space="ga")


@pytest.mark.parametrize(("peer", "tcpmss"), [("ours", 1380), ("ours", 0), ("5.9", 0), ("6.0", 1380)])
def test_tcp_goes_on_over_a_small_link(fresh: World, peer: str, tcpmss: int) -> None:
    line = f"sysopt connection tcpmss {tcpmss}"
    pair(fresh, peer, line, far=(line,))
    fresh.transfer("ha", "hb", "192.168.2.1", 2_000_000)
    assert shown()["path mtu"] == "1400"
    if peer == "ours":
        forget(fresh)  # or its answer would name segments that fit
        fresh.transfer("hb", "ha", "192.168.1.2", 2_000_000)
        assert shown("b")["path mtu"] == "1400"


@pytest.mark.parametrize("peer", ["ours", "5.9"])
def test_with_clear_df_nobody_is_told_and_all_passes(fresh: World, peer: str) -> None:
    world = fresh
    pair(world, peer, "crypto ipsec df-bit clear-df outside")
    for octets in (FITS[protocol(peer)][1500], 1500):
        assert "1 received" in ask(world, octets, "-M", "do"), octets
    counters = shown()
    assert (counters["path mtu"], counters["PMTUs rcvd"], counters["PMTUs sent"]) == ("1500", "0", "0")
    # The first one fitted our own interface, and the router cut up what was around it.
    assert (counters["pre-frag successes"], counters["fragments created"]) == ("1", "2")


@pytest.mark.parametrize(
    ("peer", "df"), [("ours", "copy-df"), ("ours", "clear-df"), ("5.9", "clear-df"), ("6.0", "copy-df")]
)
def test_after_encryption_it_is_the_outer_packet_that_is_cut_up(fresh: World, peer: str, df: str) -> None:
    world = fresh
    pair(world, peer, "crypto ipsec fragmentation after-encryption outside", f"crypto ipsec df-bit {df} outside")
    with watched(world, "ra", "near", "src 10.1.0.1") as seen:
        assert "1 received" in ask(world, 1500, "-M", "do" if df == "clear-df" else "dont")
    assert [bool(one[6] & MF) for one in from_a(seen)] == [True, False]
    assert {one[9] for one in seen} == {protocol(peer)}
    counters = shown()
    assert (counters["pre-frag successes"], counters["fragments created"], counters["PMTUs sent"]) == ("0", "0", "0")
    if df == "copy-df":
        assert f"(mtu = {FITS[protocol(peer)][1500]})" in ask(world, 1500, "-M", "do")


@contextmanager
def device_mtu(world: World, octets: int) -> Iterator[None]:
    """The cable of gateway a takes no more."""
    ends = (("ga", "outside"), ("ra", "near"))
    for space, device in ends:
        world.must(space, "ip", "link", "set", device, "mtu", str(octets))
    yield
    for space, device in ends:
        world.must(space, "ip", "link", "set", device, "mtu", "1500")


def test_no_interface_has_a_larger_mtu_than_its_device(fresh: World) -> None:
    with device_mtu(fresh, NARROW):
        pair(fresh)
        counters = shown()
        assert counters["path mtu"] == counters["media mtu"] == "1400"
        assert "(mtu = 1342)" in ask(fresh, 1343, "-M", "do")  # at once: nothing is lost to learn it
        assert "1 received" in ask(fresh, 1342, "-M", "do")


def test_a_device_whose_mtu_shrinks_while_we_run_loses_nothing(fresh: World) -> None:
    pair(fresh)
    with device_mtu(fresh, 1300):
        assert "1 received" in ask(fresh, 1342, "-M", "do")
        assert fresh.ping("ha", "192.168.2.1", 20) == 20


# -- whom we believe ---------------------------------------------------------------------------------------------------

_FORGE = """
import socket, sys
from mainmode.ipsec.checksum import checksum
quoted = bytes.fromhex(sys.argv[1])
rest = bytes(2) + int(sys.argv[2]).to_bytes(2) + quoted
total = checksum(bytes((3, 4, 0, 0)) + rest).to_bytes(2)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
raw.sendto(bytes((3, 4)) + total + rest, ("10.1.0.1", 0))
"""


def claim(world: World, quoted: bytes, mtu: int) -> None:
    """A router says that this packet of gateway a was too long."""
    world.must("ra", sys.executable, "-c", _FORGE, quoted.hex(), str(mtu))


@pytest.mark.parametrize("peer", ["ours", "5.9"])
def test_who_has_not_seen_a_packet_of_the_sa_cannot_lower_its_path_mtu(fresh: World, peer: str) -> None:
    world = fresh
    pair(world, peer)
    with watched(world, "ra", "near", "esp" if protocol(peer) == ESP else "udp port 4500") as seen:
        assert "1 received" in ask(world, 700, "-M", "do")
    (real,) = (one for one in from_a(seen) if header(one).length > 700)
    at = 20 if protocol(peer) == ESP else 28
    another_spi = real[:at] + bytes(octet ^ 0xFF for octet in real[at : at + 4]) + real[at + 4 :]
    not_yet_sent = real[: at + 4] + (9999).to_bytes(4) + real[at + 8 :]
    for forged in (another_spi, not_yet_sent, *([real[:28]] if protocol(peer) == UDP else [])):
        claim(world, forged[:100], 600)
    # All of these reached the kernel, which does believe them: nothing of ours goes by what it has learnt.
    until(lambda: "mtu 600" in world.must("ga", "ip", "route", "get", "10.0.0.2"), SOON, "the kernel's belief")
    assert "1 received" in ask(world, FITS[protocol(peer)][1400], "-M", "do")
    assert (shown()["path mtu"], shown()["PMTUs rcvd"]) == ("1500", "0")
    # The packet itself, complete with what only its way has seen, is believed, down to what an ASA takes.
    claim(world, real[:100], 100)
    until(lambda: shown()["path mtu"] == "256", SOON, "the path MTU")
    assert shown()["PMTUs rcvd"] == "1"
    assert world.ping("ha", "192.168.2.1", size=1400) == 1
