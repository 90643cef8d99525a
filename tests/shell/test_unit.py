"""The systemd unit: systemd's own tools read it, and the gateway talks to systemd as the unit says.

tests/peers/test_service.py runs it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mainmode.cli import _parser
from mainmode.cli.common import UNUSABLE
from mainmode.shell.notify import notify, status, watchdog_interval
from tests.paths import REPO, require

UNIT = REPO / "systemd" / "mainmode@.service"


def settings(name: str) -> list[str]:
    return [line.partition("=")[2] for line in UNIT.read_text().splitlines() if line.startswith(f"{name}=")]


def analyze(tmp_path: Path, *words: str) -> str:
    """What systemd-analyze says of an instance of the unit, with the program where it is here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    program = tmp_path / "mainmode"
    program.symlink_to(sys.executable)
    unit = tmp_path / "mainmode@site-a.service"
    unit.write_text(UNIT.read_text().replace("ExecStart=mainmode ", f"ExecStart={program} "))
    done = subprocess.run(["systemd-analyze", *words, unit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    assert analyze(tmp_path, "verify", "--man=no") == ""


def test_it_is_confined(tmp_path: Path) -> None:
    """systemd's own measure, 0 to 10, of what a service could do to its host; 10 is one that says nothing of it."""
    said = analyze(tmp_path, "security", "--offline=true", "--no-pager")
    exposure = float(said.rpartition("service: ")[2].split()[0])
    assert exposure <= 2.5


def test_the_capabilities_are_the_three_that_it_was_seen_to_run_with() -> None:
    # tests/peers/test_refusals.py runs a gateway with these and no others.
    three = ["CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE"]
    assert settings("CapabilityBoundingSet") == three
    assert settings("AmbientCapabilities") == three


def test_its_command_is_one() -> None:
    (command,) = settings("ExecStart")
    words = command.replace("%i", "site-a").replace("$OPTIONS", "--interface outside=eth1").split()
    assert words[0] == "mainmode"
    options = _parser().parse_args(words[1:])
    assert (options.name, options.configuration, options.wait) == ("site-a", Path("/etc/mainmode/site-a.cfg"), True)


def test_what_is_refused_is_not_tried_again() -> None:
    assert settings("Restart") == ["on-failure"]
    assert settings("RestartPreventExitStatus") == [str(UNUSABLE)]


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    require(sys.platform == "linux", "abstract sockets are Linux's")
    name = f"@{tmp_path}/notify"[:100] if abstract else f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify(READY=1, STATUS="site-a is up")
        assert listener.recv(1000) == b"READY=1\nSTATUS=site-a is up\n"


def test_the_status_is_one_line_that_no_terminal_acts_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        status("a.cfg:1:1: \x1b[2J is no command\nMAINPID=1")
        assert listener.recv(1000) == b"STATUS=a.cfg:1:1:  [2J is no command\n"


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify(READY=1)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify(READY=1)


@pytest.mark.parametrize(
    ("microseconds", "process", "interval"),
    [("30000000", "", 15.0), ("30000000", "1", None), ("", "", None), ("0", "", None), ("soon", "", None)],
)
def test_the_watchdog_is_fed_twice_in_its_time(
    monkeypatch: pytest.MonkeyPatch, microseconds: str, process: str, interval: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.setenv("WATCHDOG_PID", process)
    assert watchdog_interval() == interval
