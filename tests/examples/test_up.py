"""The examples as a user runs them: one command, what it prints, and that nothing of it is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.paths import REPO
from tests.peers.charon import CHARON, SWANCTL
from tests.peers.world import SOON, require_programs, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

EXAMPLES = ("two-sites", "strongswan")
SPACES = ("host-a", "site-a", "site-b", "host-b")


class Place:
    """Where one run may leave something: a directory, and namespaces of one name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.net = f"mmx{os.getpid()}"
        (directory / "tmp").mkdir()
        self.environment: Mapping[str, str] = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(directory / "tmp"),
            "MAINMODE_RUN": str(directory / "run"),
            "NET": self.net,
        }

    def start(self, command: Path, *options: str) -> subprocess.Popen[str]:
        # What we were told to ignore (nohup) it would ignore as well, and a shell cannot undo that.
        heard = ["env", "--default-signal=HUP,INT,TERM"]
        return subprocess.Popen(
            [*heard, str(command), *options],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def left(self) -> list[str]:
        """What is still there."""
        spaces = [f"/run/netns/{self.net}-{space}" for space in SPACES]
        files = [*(self.directory / "tmp").iterdir(), *self.directory.glob("run/*")]
        return [space for space in spaces if Path(space).exists()] + [str(file) for file in files]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    require_programs("ip", "ping")
    made = Place(tmp_path)
    yield made
    for space in SPACES:  # only after a failure is there any
        subprocess.run(["ip", "netns", "del", f"{made.net}-{space}"], check=False, capture_output=True)


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> Path:
    if request.param == "strongswan":
        require_programs(CHARON, SWANCTL, "nsenter")
    return REPO / "examples" / str(request.param)


def test_one_command_brings_the_tunnel_up_shows_it_and_leaves_nothing(example: Path, place: Place) -> None:
    process = place.start(example / "up")
    output, complaints = process.communicate(timeout=4 * SOON)
    assert (process.returncode, complaints) == (0, ""), output + complaints
    assert "4 packets transmitted, 4 received, 0% packet loss" in output
    shown = [line for line in output.splitlines() if line.startswith(("site-a# ", "site-b# "))]
    assert shown[:2] == ["site-a# show crypto isakmp sa", "site-a# show crypto ipsec sa"]
    theirs = (
        ["swanctl --list-sas"] if example.name == "strongswan" else ["show crypto isakmp sa", "show crypto ipsec sa"]
    )
    assert shown[2:] == [f"site-b# {command}" for command in theirs]
    ours = sum(line.endswith("show crypto ipsec sa") for line in shown)
    assert output.count("#pkts encaps: 4") == output.count("#pkts decaps: 4") == ours
    assert place.left() == []


def test_a_tunnel_that_does_not_come_up_is_explained(example: Path, place: Place) -> None:
    """As when a user tries a change: a copy of the examples with another key at site b."""
    changed = shutil.copytree(REPO / "examples", place.directory / "examples") / example.name
    (theirs,) = (path for path in (changed / "site-b.cfg", changed / "swanctl.conf") if path.exists())
    other = theirs.read_text().replace("key cisco", "key other").replace("correct-horse", "wrong-horse")
    assert other != theirs.read_text()
    theirs.write_text(other)
    process = place.start(changed / "up")
    output, complaints = process.communicate(timeout=4 * SOON)
    assert process.returncode == 1, output + complaints
    assert "error[pre-shared-key-mismatch]: the pre-shared keys of the two ends differ" in complaints
    assert complaints.endswith("up: no answer from host-b\n")
    assert place.left() == []


def test_a_gateway_that_does_not_start_says_why(place: Place) -> None:
    changed = shutil.copytree(REPO / "examples", place.directory / "examples") / "two-sites"
    with (changed / "site-b.cfg").open("a") as file:
        file.write("crypto map MAP 10 set perfection\n")
    process = place.start(changed / "up")
    _, complaints = process.communicate(timeout=4 * SOON)
    assert process.returncode == 2
    assert "perfection" in complaints
    assert complaints.endswith("up: site-b did not start\n")
    assert place.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("after", [0.1, 0.5, 1.0])
def test_it_can_be_ended_at_any_moment(place: Place, number: signal.Signals, after: float) -> None:
    process = place.start(REPO / "examples" / "two-sites" / "up", "--stay")
    time.sleep(after)
    os.killpg(process.pid, number)
    process.communicate(timeout=4 * SOON)
    # On a busy machine it may not have begun yet: then the signal ends it by itself.
    assert process.returncode in ({signal.SIGINT: 130}.get(number, 143), -number)
    assert place.left() == []


@pytest.mark.parametrize("program", ["readlink", "mkdir", "ip", "install"])
def test_a_ctrl_c_is_obeyed_whatever_runs_at_that_moment_even_if_that_ends_well(place: Place, program: str) -> None:
    """A shell that waits for a program in $(…) goes on if that one does not die of the signal, trap or not."""
    shims = place.directory / "shims"
    shims.mkdir()
    shim = shims / program
    shim.write_text(f"#!/bin/sh\ntrap '' INT\nkill -INT 0\nexec {shutil.which(program)} \"$@\"\n")
    shim.chmod(0o755)
    place.environment = {**place.environment, "PATH": f"{shims}{os.pathsep}{place.environment['PATH']}"}
    process = place.start(REPO / "examples" / "two-sites" / "up", "--stay")
    process.communicate(timeout=SOON)
    assert process.returncode == 130
    assert place.left() == []


def test_what_stays_is_there_to_play_with(example: Path, place: Place) -> None:
    process = place.start(example / "up", "--stay")
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line.strip())
        if "tail -f" in line or "console --name site-b" in line:  # the last line
            break
    assert any(line.startswith("All of it stays until Ctrl-C.") for line in said), said
    tried = 0
    for line in said[said.index(next(line for line in said if "All of it stays" in line)) :]:
        if not line.startswith(("ip netns exec", "nsenter", "/")):
            continue
        # What goes on for ever is asked for its end.
        command = line.replace("ping 192", "ping -c 1 192").replace("tcpdump -ni", "tcpdump -c 1 -ni")
        command = command.replace("swanctl --log", "swanctl --list-conns")
        if "tcpdump" in command:
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            env=place.environment,
            input="exit\n",
            capture_output=True,
            text=True,
            timeout=SOON,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        tried += 1
    assert tried >= 4
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=4 * SOON)
    assert process.returncode == 130
    until(lambda: not place.left(), SOON, "nothing is left")


def test_without_root_it_says_what_it_needs(place: Place) -> None:
    done = subprocess.run(
        [str(REPO / "examples" / "two-sites" / "up")],
        env={**place.environment, "TMPDIR": "/tmp"},
        user=65534,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "network namespaces need root: sudo " in done.stderr
