"""A gateway whose host fails it: pipes that nobody reads, full disks, no descriptors left, no device.

The tunnel goes on where it can; a sentence says what does not.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.peers.attacker import FAR_HOST, Vitals, pinging
from tests.peers.operators import LOG, Chatter, connected, traffic, typed, unharmed
from tests.peers.ours import Ours, configuration
from tests.peers.world import SOON, World, require_programs, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

# --- pipes and disks ----------------------------------------------------------------------------------------------


@pytest.fixture
def run(fresh: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The control socket of the gateway of site a, once it runs; its peer runs already."""
    monkeypatch.setenv("MAINMODE_RUN", str(tmp_path / "run"))
    Ours(fresh, configuration("b"), "gb")
    return tmp_path / "run" / "site-a" / "control"


def test_whoever_does_not_read_the_debug_holds_nothing_up(fresh: World, run: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "stdout"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    options = ("--name", "site-a")
    gateway = Ours(fresh, configuration("a"), "ga", *options, before=("sh", "-c", f'exec "$@" >{pipe}', "sh"))
    assert fresh.ping("ha", FAR_HOST)
    vitals = Vitals(gateway)
    before = vitals.memory
    chatter = Chatter(run)
    chatter.talk_until(run, 2_000_000)
    until(lambda: fresh.ping("ha", FAR_HOST, wait=1), SOON, "the tunnel")
    with pinging(fresh):
        until(vitals.rests, SOON, "the gateway rests")
    assert vitals.memory - before < 8 << 20

    read = b""

    def reads() -> bytes:
        nonlocal read
        with contextlib.suppress(BlockingIOError):
            while text := os.read(reader, 1 << 16):
                read += text
        chatter.talk(1)
        return read

    # The oldest is there, then a gap, and that it is one.
    until(lambda: b"lines were lost here" in reads(), SOON, "that the gap is told")
    assert (1 << 20) <= read.index(b"lines were lost here") < (2 << 20)
    # No line is torn. (An identity's address stands in a line of its own, as an ASA has it.)
    whole = re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d:? |mainmode: |  +\S|10\.0\.0\.[12]$")
    assert [line for line in read.splitlines()[:-1] if not whole.match(line)] == []

    os.close(reader)
    chatter.talk(2)
    until(lambda: "stdout: Broken pipe: what is said there is lost" in gateway.said(), SOON, "that nobody reads")
    chatter.talk(20)
    chatter.close()
    assert gateway.said().count("Broken pipe") == 1
    until(lambda: fresh.ping("ha", FAR_HOST, wait=1), SOON, "the tunnel")
    unharmed(fresh, gateway)
    gateway.stop()
    assert gateway.process.returncode == 0


def test_it_ends_though_nobody_reads_what_it_said(fresh: World, run: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "stdout"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    options = ("--name", "site-a")
    gateway = Ours(fresh, configuration("a"), "ga", *options, before=("sh", "-c", f'exec "$@" >{pipe}', "sh"))
    with contextlib.closing(Chatter(run)) as chatter:
        chatter.talk_until(run, 500_000)
    began = time.monotonic()
    gateway.stop()
    assert gateway.process.returncode == 0
    assert time.monotonic() - began < 20  # two streams, two seconds each, and Python's own end
    os.close(reader)


def test_a_full_disk_ends_the_capture_and_the_key_log_and_not_the_tunnel(fresh: World, run: Path) -> None:
    small = 'mount -t tmpfs -o size=64k tmpfs /mnt && exec "$@"'
    gateway = Ours(
        fresh,
        configuration("a"),
        "ga",
        *("--name", "site-a", "--pcap", "/mnt/all.pcap", "--keylog", "/mnt/keys"),
        before=("unshare", "--mount", "sh", "-c", small, "sh"),
    )
    assert fresh.ping("ha", FAR_HOST)
    traffic(fresh, 100)
    disk = Path("/proc", str(gateway.process.pid), "root", "mnt")
    until(
        lambda: "/mnt/all.pcap: No space left on device: the capture ends here" in gateway.said(), SOON, "a full disk"
    )
    capture = disk.joinpath("all.pcap").read_bytes()
    at = 24
    while at < len(capture):
        at += 16 + int.from_bytes(capture[at + 8 : at + 12], "little")
    assert at == len(capture) > 20_000
    keys = {name: disk.joinpath("keys", name).read_bytes() for name in ("esp_sa", "ikev1_decryption_table")}
    with contextlib.closing(Chatter(run)) as chatter:
        chatter.talk(1)
    until(
        lambda: "/mnt/keys: No space left on device: no more keys are written" in gateway.said(), SOON, "no more keys"
    )
    assert keys == {name: disk.joinpath("keys", name).read_bytes() for name in keys}
    assert gateway.said().count("No space left on device") == 2
    until(lambda: fresh.ping("ha", FAR_HOST, wait=1), SOON, "the tunnel")
    unharmed(fresh, gateway)


def told(chatter: Chatter, log: Path) -> bool:
    """Whether the log, which goes on, says that something is missing in it."""
    chatter.talk(1)
    return b"lines were lost here" in log.read_bytes()


def test_a_log_on_a_full_disk_is_a_gap_in_the_log(fresh: World, run: Path) -> None:
    small = 'mount -t tmpfs -o size=64k tmpfs /mnt && exec "$@" >/mnt/log'
    options = ("--name", "site-a")
    gateway = Ours(fresh, configuration("a"), "ga", *options, before=("unshare", "--mount", "sh", "-c", small, "sh"))
    with contextlib.closing(Chatter(run)) as chatter:
        chatter.talk(40)
        until(lambda: "stdout: No space left on device" in gateway.said(), SOON, "that it is full")
        log = Path("/proc", str(gateway.process.pid), "root", "mnt", "log")
        assert log.stat().st_size > 50_000
        os.truncate(log, 0)
        until(lambda: told(chatter, log), SOON, "the gap is told")
    until(lambda: fresh.ping("ha", FAR_HOST, wait=1), SOON, "the tunnel")
    unharmed(fresh, gateway)


def test_without_any_descriptor_left_the_tunnel_is_negotiated_anew(fresh: World, run: Path) -> None:
    require_programs("prlimit")
    gateway = Ours(fresh, configuration("a"), "ga", "--name", "site-a", before=("prlimit", "--nofile=16:16"))
    assert fresh.ping("ha", FAR_HOST)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connected(run)) for _ in range(30)]
        until(lambda: "Too many open files" in gateway.said(), SOON, "that there is none left")
        said = len(gateway.said())
        crowd[0].send(b'{"command": "clear crypto isakmp sa"}\n')
        assert fresh.ping("ha", FAR_HOST, 5, wait=2) >= 4
        crowd[0].send(b'{"command": "capture X interface inside"}\n')
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: "site.cfg: Too many open files" in gateway.said(), SOON, "that the file cannot be read")
        assert fresh.ping("ha", FAR_HOST, 5) == 5
        assert len(gateway.said()) - said < LOG
    until(lambda: typed("show", "ip").returncode == 0, SOON, "room for an operator")
    unharmed(fresh, gateway)


# --- ends ---------------------------------------------------------------------------------------------------------


def test_it_ends_at_once_in_the_middle_of_a_negotiation(fresh: World) -> None:
    gateway = Ours(fresh, configuration("a"), "ga")  # there is no peer
    fresh.ping("ha", FAR_HOST, wait=0.3)
    until(lambda: "SENDING Message" in gateway.said(), SOON, "a first message")
    began = time.monotonic()
    gateway.stop()
    assert gateway.process.returncode == 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in gateway.said()


def test_a_tun_device_that_is_taken_away_ends_the_gateway_with_a_sentence(fresh: World) -> None:
    gateway = Ours(fresh, configuration("a"), "ga")
    fresh.must("ga", "ip", "link", "del", "mm0")
    until(lambda: gateway.process.poll() is not None, SOON, "an end")
    assert gateway.process.returncode == 1  # and not 2, after which a supervisor would not start it again
    assert "mm0: the TUN device is gone" in gateway.said()
    assert "Traceback" not in gateway.said()
    assert len(gateway.said()) < 100_000


def test_routes_that_somebody_takes_away_come_back_before_much_leaves_in_clear(fresh: World) -> None:
    Ours(fresh, configuration("b"), "gb")
    gateway = Ours(fresh, configuration("a"), "ga")
    assert fresh.ping("ha", FAR_HOST)
    fresh.run("ga", "ip", "route", "add", "default", "via", "10.0.0.2")  # by which they would leave in clear
    route = "192.168.2.0/24 dev mm0"

    def back() -> bool:
        return route in fresh.must("ga", "ip", "route")

    for taking in (
        ("route", "del", "192.168.2.0/24"),
        ("link", "set", "mm0", "down"),
        ("route", "flush", "dev", "mm0"),
    ):
        fresh.must("ga", "ip", *taking)
        until(back, 5, f"the route is back after {taking}")
        assert fresh.ping("ha", FAR_HOST, 3) == 3
    vitals = Vitals(gateway)
    said = vitals.log
    tireless = "for _ in $(seq 40); do ip route del 192.168.2.0/24; sleep 0.03; done"
    fresh.run("ga", "sh", "-c", tireless)
    until(back, 5, "the route is back in the end")
    until(vitals.rests, SOON, "the gateway rests")
    assert vitals.log - said < 5_000
    assert "the route of 192.168.2.0/24 into mm0 was taken away; it is back" in gateway.said()
    fresh.run("ga", "ip", "route", "del", "default")
    unharmed(fresh, gateway)
    gateway.stop()
    assert gateway.process.returncode == 0


# --- secrets ------------------------------------------------------------------------------------------------------


def test_no_key_is_said_at_the_highest_level_whatever_goes_wrong(fresh: World, run: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    fresh.stop_all()
    secret = "Kurfuerstendamm-1963"
    Ours(fresh, configuration("b", psk=secret), "gb", "--debug", "ikev1=255,ipsec=255")
    options = ("--name", "site-a", "--keylog", str(keys), "--debug", "ikev1=255,ipsec=255")
    gateway = Ours(fresh, configuration("a", psk=secret), "ga", *options)
    assert fresh.ping("ha", FAR_HOST)
    with contextlib.closing(Chatter(run)) as chatter:
        chatter.ask("show running-config")
        chatter.talk(3)
    gateway.config.write_text(configuration("a", psk=secret) + "nonsense\n")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.config.write_text(configuration("a", psk=secret).replace("pre-shared-key", "pre-shared-keys"))
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "site.cfg:" in gateway.said(), SOON, "what is wrong with the file")
    process = Path(f"/proc/{gateway.process.pid}")
    everything = gateway.said() + "".join(process.joinpath(n).read_text() for n in ("cmdline", "environ", "comm"))
    cells = [cell.strip('"') for row in keys.joinpath("esp_sa").read_text().splitlines() for cell in row.split(",")]
    hidden = [cell.removeprefix("0x") for cell in cells if cell.startswith("0x") and len(cell) > len("0x12345678")]
    hidden += [row.split(",")[1] for row in keys.joinpath("ikev1_decryption_table").read_text().split()]
    assert len(hidden) >= 5  # two ciphers and two digests of a pair of SAs, and the IKE SA's cipher
    for key in (secret, *hidden):
        assert key.lower() not in everything.lower()
    for file in keys.iterdir():
        assert file.stat().st_mode & 0o077 == 0
