"""What `--pcap` and `--keylog` write opens in tshark: identities, proxies, and the packets inside."""

from __future__ import annotations

import signal
import socket
import stat
import struct
from pathlib import Path

import pytest

from tests.pcap import frames
from tests.peers.attacker import GATEWAY, IKE, PEER, fresh_mm1, inside
from tests.peers.charon import RELEASES, Wishes, peer
from tests.peers.ours import Ours, configuration
from tests.peers.page import Ran
from tests.peers.world import SOON, World, require_programs, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]


def dissect(world: World, capture: Path, keys: Path, *fields: str) -> list[list[str]]:
    """These fields of every packet of a capture, opened with the keys."""
    home = world.directory / "tshark"
    profile = home / ".config" / "wireshark"
    profile.mkdir(parents=True, exist_ok=True)
    for name in ("ikev1_decryption_table", "esp_sa"):
        profile.joinpath(name).write_bytes(keys.joinpath(name).read_bytes())
    options = [part for field in fields for part in ("-e", field)]
    preferences = ["-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE"]
    command = ("env", f"HOME={home}", "tshark", "-r", str(capture), *preferences, "-Tfields", "-Eseparator=;", *options)
    return [line.split(";") for line in world.must("ga", *command).splitlines()]


@pytest.mark.parametrize("release", RELEASES)
def test_tshark_opens_a_capture_of_a_real_run(fresh: World, ran: Ran, release: str) -> None:
    world = fresh
    require_programs("tshark")
    capture, keys = world.directory / f"{release}.pcap", world.directory / f"keys-{release}"
    Ours(world, configuration(), "ga", "--pcap", str(capture), "--keylog", str(keys))
    charon = peer(world, release)
    charon.load(Wishes())
    assert world.ping("ha", "192.168.2.1") == 1
    assert world.ping("ha", "192.168.2.1", 2) == 2
    world.stop_all()

    for file in (capture, *keys.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    rows = dissect(world, capture, keys, "isakmp.exchangetype", "isakmp.id.data.ipv4_addr", "icmp.type")
    assert [row[1] for row in rows if row[0] == "2" and row[1]] == ["10.0.0.1", "10.0.0.2"]
    assert [row[1] for row in rows if row[0] == "32" and row[1]] == ["192.168.1.0,192.168.2.0"] * 2
    assert [row[2] for row in rows if row[2]] == ["8", "0"] * 3
    wrong = dissect(world, capture, keys, "_ws.malformed", "esp.icv_bad")
    assert [row for row in wrong if any(part not in ("", "0", "False") for part in row)] == []
    ran("A capture", charon.column(), "identities in MM5 and MM6")
    ran("A capture", charon.column(), "proxy identities in quick mode")
    ran("A capture", charon.column(), "ICMP inside ESP")


def test_a_capture_has_the_times_at_which_packets_passed(fresh: World) -> None:
    capture = fresh.directory / "order.pcap"
    gateway = Ours(fresh, configuration(), "ga", "--pcap", str(capture))
    # Two messages wait while it sleeps: the second is taken only when the first is answered.
    gateway.process.send_signal(signal.SIGSTOP)
    sender = inside(fresh, "gb", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.bind((PEER, IKE))
    for number in range(2):
        sender.sendto(fresh_mm1(number), (GATEWAY, IKE))
    sender.close()
    gateway.process.send_signal(signal.SIGCONT)
    until(lambda: len(list(frames(capture))) == 4, SOON, "both and their answers in the capture")
    data = capture.read_bytes()
    times, at = [], 24
    while at < len(data):
        seconds, microseconds, size = struct.unpack_from("<III", data, at)
        times.append((seconds, microseconds))
        at += 16 + size
    assert times == sorted(times)
