"""The exec mode of gateways that run: two of ours with a tunnel between them, asked and told by `mainmode exec`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.peers.ours import Ours, configuration
from tests.peers.world import SOON, World, require_programs, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

MAINMODE = str(Path(sys.executable).parent / "mainmode")


def typed(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`mainmode exec`. It needs no namespace: the control socket is a file."""
    command = [MAINMODE, "exec", "--name", name, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def told(name: str, *words: str) -> str:
    done = typed(name, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def drain(systemd: socket.socket) -> int:
    """How many messages wait."""
    systemd.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while systemd.recv(1000):
            count += 1
    return count


@pytest.fixture
def gateways(fresh: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Ours]:
    monkeypatch.setenv("MAINMODE_RUN", str(tmp_path / "run"))
    return {side: Ours(fresh, configuration(side), f"g{side}", "--name", f"site-{side}") for side in "ab"}


def test_a_tunnel_is_asked_about_pinged_through_captured_and_cleared(
    gateways: dict[str, Ours], fresh: World, tmp_path: Path
) -> None:
    require_programs("tshark")
    # Who may ask is a matter of file modes.
    where = tmp_path / "run" / "site-a"
    assert stat.S_IMODE(where.stat().st_mode) == 0o750
    assert stat.S_IMODE((where / "control").stat().st_mode) == 0o660

    assert "There are no IKEv1 SAs" in told("site-a", "sh", "cry", "isa", "sa")
    assert "packets go to" in told("site-a", "capture OUT interface outside match udp any any eq isakmp")
    told("site-a", "capture", "IN", "interface", "inside")
    told("site-b", "undebug all")

    # The packet that is traced finds no tunnel, and asks for one.
    wanted = "packet-tracer input inside icmp 192.168.1.2 8 0 192.168.2.1"
    done = typed("site-a", wanted)
    assert done.returncode == 1
    assert "Subtype: encrypt\nResult: DROP" in done.stdout
    until(lambda: typed("site-a", wanted).returncode == 0, SOON, "the tunnel that the packet asked for")

    sent = told("site-a", "ping inside 192.168.2.1")
    assert "!!!!!\nSuccess rate is 100 percent (5/5)" in sent
    assert fresh.ping("ha", "192.168.2.1", 2) == 2
    asked = json.loads(told("site-a", "pi", "inside", "192.168.2.1", "rep", "2", "--format", "json"))
    assert (asked["command"], asked["received"]) == ("ping inside 192.168.2.1 repeat 2", 2)

    (ours,) = json.loads(told("site-a", "show crypto ipsec sa", "--format", "json"))["ipsec_sas"]
    (theirs,) = json.loads(told("site-b", "show crypto ipsec sa", "--format", "json"))["ipsec_sas"]
    assert ours["inbound"]["spi"] == theirs["outbound"]["spi"]
    assert ours["counters"]["decaps"] == theirs["counters"]["encaps"] >= 7
    assert "Protocol     : IKEv1 IPsec" in told("site-a", "show vpn-sessiondb detail l2l")
    counted = json.loads(told("site-a", "show crypto protocol statistics ikev1", "--format", "json"))["ikev1"]
    assert counted["sa_creation_requests"] == 2
    # MM1 to MM5 and QM1, QM3 are ours; MM5 and later are encrypted.
    assert counted["encapsulate_packet_requests"] >= 5
    assert 0 < counted["encrypt_packet_requests"] < counted["encapsulate_packet_requests"]

    listed = told("site-a", "show capture OUT")
    assert "10.0.0.1.500 > 10.0.0.2.500:  udp " in listed
    assert "esp" not in listed
    assert listed.count("udp") >= 9
    inside = told("site-a", "show capture IN")
    assert inside.count("192.168.1.2 > 192.168.2.1: icmp: echo request") == 2
    assert inside.count("192.168.2.1 > 192.168.1.2: icmp: echo reply") == 2

    (lists,) = json.loads(told("site-a", "show access-list VPN", "--format", "json"))["access_lists"]
    assert [each["hits"] for line in lists["lines"] for each in line["elements"]] == [ours["counters"]["encaps"]]
    assert "C        10.0.0.0 255.255.255.0 is directly connected, outside\n" in told("site-a", "show route")

    # Counters and captures begin anew, the session's count and the capture go on.
    session = told("site-a", "show vpn-sessiondb detail l2l | include Pkts")
    told("site-a", "clear crypto ipsec sa counters")
    told("site-a", "clear capture IN")
    assert told("site-a", "show crypto ipsec sa | include caps").count("caps: 0") == 2
    assert told("site-a", "show vpn-sessiondb detail l2l | include Pkts") == session
    assert fresh.ping("ha", "192.168.2.1", 1) == 1
    assert told("site-a", "show crypto ipsec sa | include caps").count("caps: 1,") == 2
    assert "\n2 packets captured\n" in told("site-a", "show capture IN")
    read = subprocess.run(["tshark", "-r", where / "IN.pcap"], capture_output=True, text=True, check=True)
    assert (read.stdout.count("Echo (ping) request"), read.stdout.count("Echo (ping) reply")) == (1, 1)

    told("site-a", "no capture OUT")
    assert stat.S_IMODE((where / "OUT.pcap").stat().st_mode) == 0o600
    read = subprocess.run(["tshark", "-r", where / "OUT.pcap"], capture_output=True, text=True, check=False)
    assert read.stdout.count("Identity Protection (Main Mode)") == 6, read.stderr

    told("site-a", "clear crypto ipsec sa")
    assert "There are no ipsec sas" in told("site-a", "show crypto ipsec sa")
    assert "MM_ACTIVE" in told("site-a", "show crypto isakmp sa")
    told("site-a", "clear crypto isakmp sa")
    until(lambda: "There are no IKEv1 SAs" in told("site-b", "sh cry ikev1 sa"), SOON, "the far end hears of it")
    assert "pid" in gateways["a"].said()


def test_debug_is_switched_while_it_runs(gateways: dict[str, Ours], fresh: World, tmp_path: Path) -> None:
    for side in "ab":
        told(f"site-{side}", "undebug", "all")
    assert told("site-a", "show debug") == ""
    assert fresh.ping("ha", "192.168.2.1", 2) >= 1
    before = gateways["b"].said()
    told("site-b", "debug crypto ikev1 127")
    told("site-b", "debug crypto condition peer 10.9.9.9")
    assert "debug crypto ikev1 enabled at level 127" in told("site-b", "show debug")
    told("site-a", "clear crypto ipsec sa")
    assert fresh.ping("ha", "192.168.2.1", 2) >= 1
    assert "QM" not in gateways["b"].said().removeprefix(before)
    told("site-b", "no debug crypto condition peer 10.9.9.9")
    log = tmp_path / "console"
    console = begun("site-b", log)
    told("site-a", "clear crypto isakmp sa")
    assert fresh.ping("ha", "192.168.2.1", 2) >= 1
    until(lambda: "PHASE 1 COMPLETED" in log.read_text(), SOON, "the debug")
    console.communicate("exit\n", timeout=SOON)
    assert console.returncode == 0


def begun(name: str, log: Path) -> subprocess.Popen[str]:
    """A console that was given no command yet; what it prints goes to a file."""
    with log.open("w") as output:
        command = [MAINMODE, "console", "--name", name]
        console = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, text=True)
    assert console.stdin is not None
    console.stdin.write("show debug\n")
    console.stdin.flush()
    until(lambda: "ikev1 enabled at level 127" in log.read_text(), SOON, "the console's first answer")
    return console


def test_debug_goes_to_every_console_and_to_stdout_and_waits_for_nobody(
    gateways: dict[str, Ours], fresh: World, tmp_path: Path
) -> None:
    logs = [tmp_path / f"console-{number}" for number in range(3)]
    consoles = [begun("site-b", log) for log in logs]
    consoles[2].send_signal(signal.SIGSTOP)  # one hangs, with all that it is told on its way
    assert fresh.ping("ha", "192.168.2.1", 3) == 3
    for _ in range(5):
        told("site-b", "clear crypto isakmp sa")
        assert fresh.ping("ha", "192.168.2.1", 2, wait=15) >= 1
    for said in (gateways["b"].said, *(log.read_text for log in logs[:2])):
        until(lambda said=said: said().count("PHASE 2 COMPLETED") == 6, SOON, "all debug lines")  # type: ignore[misc]
    for console in consoles[:2]:
        console.communicate("exit\n", timeout=SOON)
        assert console.returncode == 0
    consoles[2].kill()
    consoles[2].communicate()


def test_a_console_whose_reader_has_gone_ends_without_a_traceback(gateways: dict[str, Ours], fresh: World) -> None:
    command = f"{MAINMODE} console --name site-b | head -1"
    console = subprocess.Popen(["bash", "-c", command], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert console.stdin is not None
    console.stdin.write("show debug\n")
    console.stdin.flush()
    until(
        lambda: "MM_ACTIVE" in told("site-b", "show crypto isakmp sa") or fresh.ping("ha", "192.168.2.1"), SOON, "debug"
    )
    told("site-b", "clear crypto isakmp sa")
    _, complaints = console.communicate("show debug\nexit\n", timeout=SOON)
    assert complaints == ""


HEARING = ("env", "--default-signal=INT")
"""Whoever starts the tests in the background has told them, and so their children, to ignore Ctrl-C."""


class Screen:
    """A console on a terminal."""

    def __init__(self, name: str) -> None:
        self._screen, keyboard = os.openpty()
        self.console = subprocess.Popen(
            [*HEARING, MAINMODE, "console", "--name", name],
            stdin=keyboard,
            stdout=keyboard,
            stderr=keyboard,
            env={**os.environ, "TERM": "dumb"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # or no Ctrl-C would reach it
        )
        os.close(keyboard)
        self._shown = ""

    def type(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def until_shown(self, text: str, patience: float = 30) -> str:
        """Wait for it, this many seconds; what stood before."""
        assert self._comes(text, patience), f"{text!r} did not come, but {self._shown!r}"
        before, _, self._shown = self._shown.partition(text)
        return before

    def interrupt(self, prompt: str) -> str:
        """Ctrl-C, until the prompt is there again; what stood before.

        Again after a second, as a user would: Python does not hear a Ctrl-C that comes just before it begins to wait.
        """
        for _ in range(10):
            self.type(b"\x03")
            if self._comes(prompt, 1):
                break
        return self.until_shown(prompt)

    def _comes(self, text: str, patience: float) -> bool:
        end = time.monotonic() + patience
        while text not in self._shown:
            readable, _, _ = select.select([self._screen], [], [], max(0, end - time.monotonic()))
            if not readable:
                return False
            self._shown += os.read(self._screen, 65536).decode()
        return True

    def leave(self) -> int:
        self.type(b"\x15exit\n")
        code = self.console.wait(SOON)
        os.close(self._screen)
        return code


def test_a_word_is_completed_and_a_question_answered_at_the_prompt(gateways: dict[str, Ours]) -> None:
    screen = Screen("site-a")
    screen.until_shown("site-a# ")
    screen.type(b"show crypto isa\t")
    screen.until_shown("isakmp ")
    screen.type(b"?\n")
    # What was typed before the question stands there again.
    screen.until_shown("  sa\r\n  stats\r\nsite-a# show crypto isakmp ")
    screen.type(b"sa | include There\n")
    screen.until_shown("There are no IKEv1 SAs\r\n")
    screen.until_shown("site-a# ")
    screen.type(b"ping ins\t")
    screen.until_shown("inside ")
    assert screen.leave() == 0


def echo_sockets(gateway: Ours) -> int:
    """How many raw sockets for ICMP with an address there are where a gateway runs: one for each ping."""
    lines = Path(f"/proc/{gateway.process.pid}/net/raw").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(":0001") and not line.split()[1].startswith("00000000") for line in lines)


def test_ctrl_c_gives_up_a_command_and_not_the_console(gateways: dict[str, Ours]) -> None:
    screen = Screen("site-a")
    screen.until_shown("site-a# ")
    screen.type(b"show cry")
    screen.until_shown("cry")
    screen.interrupt("site-a# ")
    screen.type(b"ping 10.0.0.99 repeat 100\n")
    until(lambda: "ping 10.0.0.99" in gateways["a"].said(), SOON, "the ping")
    until(lambda: echo_sockets(gateways["a"]) == 1, SOON, "its first question")
    assert "Traceback" not in screen.interrupt("site-a# ")
    until(lambda: not echo_sockets(gateways["a"]), SOON, "the end of the ping")
    screen.type(b"show crypto isakmp sa | include There\n")
    screen.until_shown("There are no IKEv1 SAs\r\n")
    assert screen.leave() == 0


def test_an_interrupt_ends_a_command_that_waits_without_a_traceback(gateways: dict[str, Ours]) -> None:
    command = [*HEARING, MAINMODE, "exec", "--name", "site-a", "ping 10.0.0.99 repeat 100"]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: "ping 10.0.0.99" in gateways["a"].said(), SOON, "the ping")
    until(lambda: echo_sockets(gateways["a"]) == 1, SOON, "its first question")
    for _ in range(10):
        waiting.send_signal(signal.SIGINT)
        # Again after a second, as a user would: Python does not hear one that comes just before it begins to wait.
        with contextlib.suppress(subprocess.TimeoutExpired):
            waiting.wait(1)
            break
    output, complaints = waiting.communicate(timeout=SOON)
    # A script hears that it was the signal, and stops as well.
    assert (output, complaints, waiting.returncode) == ("", "", -signal.SIGINT)
    # Nor does the gateway go on.
    until(lambda: not echo_sockets(gateways["a"]), SOON, "the end of the ping")


def test_a_name_belongs_to_one_gateway(gateways: dict[str, Ours], fresh: World, tmp_path: Path) -> None:
    second = fresh.run("gb", MAINMODE, "run", str(gateways["b"].config), "--name", "site-a")
    assert second.returncode == 2
    assert "a gateway of this name is running" in second.stderr or "is taken" in second.stderr
    nobody = typed("site-c", "show ip")
    assert nobody.returncode == 2
    assert "no gateway is running there" in nobody.stderr
    several = subprocess.run([MAINMODE, "exec", "show ip"], capture_output=True, text=True, check=False)
    assert several.returncode == 2
    assert "--name site-a or --name site-b" in several.stderr

    # One that is killed leaves its socket; the next one takes it over, and takes it away.
    gateways["a"].stop(signal.SIGKILL)
    assert typed("site-a", "show ip").returncode == 2
    again = Ours(fresh, configuration("a"), "ga", "--name", "site-a")
    assert "outside" in told("site-a", "show ip")
    again.stop()
    assert not (tmp_path / "run" / "site-a").exists()


def test_a_capture_that_cannot_be_written_is_an_error_in_either_form(gateways: dict[str, Ours], tmp_path: Path) -> None:
    place = tmp_path / "run" / "site-a" / "X.pcap"
    place.mkdir()
    as_text = typed("site-a", "capture X interface outside")
    assert (as_text.returncode, as_text.stdout) == (1, f"ERROR: {place}: Is a directory\n")
    as_json = typed("site-a", "capture X inter outside", "--format", "json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout) == {
        "schema": 1,
        "command": "capture X interface outside",
        "error": f"{place}: Is a directory",
    }
    assert json.loads(told("site-a", "show capture", "--format", "json"))["captures"] == []


def test_a_capture_has_no_packets_of_ipv6(gateways: dict[str, Ours], fresh: World) -> None:
    told("site-a", "capture OUT interface outside")
    told("site-a", "capture IN interface inside")
    device = fresh.must("ga", "ip", "-br", "link", "show", "type", "tun").split()[0]
    fresh.must("ga", "ip", "-6", "route", "add", "2001:db8::/64", "dev", device)
    fresh.run("ga", "ping", "-6", "-c", "1", "-W", "1", "2001:db8::1")
    sent = fresh.must("ga", "cat", f"/sys/class/net/{device}/statistics/tx_packets")
    assert int(sent) > 0
    assert told("site-a", "show capture OUT").splitlines()[1:2] == ["0 packets captured"]
    assert told("site-a", "show capture IN").splitlines()[1:2] == ["0 packets captured"]


def test_systemd_hears_that_it_is_ready_lives_and_ends(
    fresh: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(SOON)
        monkeypatch.setenv("MAINMODE_RUN", str(tmp_path / "run"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        gateway = Ours(fresh, configuration())
        assert [systemd.recv(1000) for _ in range(2)] == [b"STATUS=site-a is up\n", b"READY=1\n"]
        assert [systemd.recv(1000) for _ in range(4)] == [b"WATCHDOG=1\n"] * 4
        # A gateway that hangs is silent.
        gateway.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        drain(systemd)
        time.sleep(0.5)
        assert drain(systemd) == 0
        gateway.process.send_signal(signal.SIGCONT)
        systemd.settimeout(SOON)
        assert systemd.recv(1000) == b"WATCHDOG=1\n"
        gateway.stop()
        while systemd.recv(1000) != b"STOPPING=1\n":
            pass


def test_the_log_has_the_end_of_each_session_once_and_why(gateways: dict[str, Ours], fresh: World) -> None:
    assert fresh.ping("ha", "192.168.2.1", 2) >= 1
    gateways["b"].stop(signal.SIGKILL)
    again = Ours(fresh, configuration("b"), "gb", "--name", "site-b")
    assert fresh.ping("hb", "192.168.1.1", 2, wait=15) >= 1
    gateways["a"].stop()
    until(lambda: "113019" in again.said(), 5, "the far end hears of it")

    def reasons(one: Ours) -> list[str]:
        return [line.rpartition("Reason: ")[2] for line in one.said().splitlines() if "%ASA-4-113019" in line]

    assert reasons(gateways["a"]) == ["Peer Reconnected", "Administrator Shutdown"]
    assert reasons(again) == ["User Requested"]
