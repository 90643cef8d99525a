"""The control socket, with a real one in a directory of the test's and a gateway of the lab's behind it."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mainmode.exec import Reply, Running, execute
from mainmode.shell import control, meeting
from mainmode.shell.console import Unreachable, ask, console
from mainmode.show.view import View
from tests.peers.world import until
from tests.show.tunnels import pinged

UP = pinged()
PROMPT = "site-a# "
ENDLESS = "ping 10.0.0.99"
"""What is answered only once the test says so."""


class Served(threading.Thread):
    """A control socket in an event loop of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(daemon=True)
        self.loop = asyncio.new_event_loop()
        self.path = meeting.directory(name)
        self.asked: list[tuple[str, str]] = []
        self.answer = asyncio.Event()
        self.given_up = threading.Event()
        listener = control.listen(self.path)
        self.control = control.Control(listener, self.handle, lambda: PROMPT)
        self.loop.run_until_complete(self.control.start())
        self.start()

    async def handle(self, line: str, as_json: bool, who: str) -> Reply:
        self.asked.append((line, who))
        if line == ENDLESS:
            await self._wait()
        site = UP.sites["a"]
        return execute(line, Running(View(site.gateway, site.plane, UP.network.now, "9", float)), as_json=as_json)

    async def _wait(self) -> None:
        """As a ping of somebody who does not answer."""
        try:
            await self.answer.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise

    def run(self) -> None:
        self.loop.run_forever()

    def call(self, function: Any, *arguments: Any) -> None:
        done = threading.Event()
        self.loop.call_soon_threadsafe(function, *arguments)
        self.loop.call_soon_threadsafe(done.set)
        assert done.wait(5)

    def end(self) -> None:
        self.call(self.control.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(5)
        # Whatever was cancelled or closed gets its turn, so that nothing is left open.
        self.loop.run_until_complete(self._settle())
        self.loop.close()

    async def _settle(self) -> None:
        for _ in range(3):  # a connection that was just taken becomes another task
            await asyncio.sleep(0.01)
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("MAINMODE_RUN", str(tmp_path / "run"))
    one = Served("site-a")
    yield one
    one.end()


def connected(served: Served) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(10)
    client.connect(str(served.path / "control"))
    return client


def heard(client: socket.socket) -> list[dict[str, Any]]:
    """Everything until the other end closes."""
    with client.makefile("rb") as file:
        return [json.loads(line) for line in file]


def test_it_is_for_root_and_the_group_alone(served: Served) -> None:
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o750
    assert stat.S_IMODE((served.path / "control").stat().st_mode) == 0o660


def test_one_command_gets_its_answer_and_its_exit_code(served: Served) -> None:
    answer = ask("site-a", "sh cry isa sa")
    assert answer.status == 0
    assert "MM_ACTIVE" in answer.text
    assert answer.prompt == PROMPT
    assert ask(None, "sh cry foo").status == 2
    assert json.loads(ask(None, "sh ip", as_json=True).text)["interfaces"][0]["name"]
    # The kernel says who it was.
    assert served.asked[0][1].startswith("uid ")


def test_a_connection_stays_for_many_commands(served: Served) -> None:
    with connected(served) as client:
        client.sendall(b'{"command": "show ip"}\n{"command": "show debug"}\n')
        client.shutdown(socket.SHUT_WR)
        assert [answer["status"] for answer in heard(client)] == [0, 0]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\n",
        b"show ip\n",
        b"[]\n",
        b'{"command": 1}\n',
        b'{"monitor": "yes"}\n',
        b"\xff\xfe\n",
        b"[" * 4000 + b"\n",
        b'{"command": "' + b"x" * 5000 + b'"}\n',
        b"x" * 100_000,
    ],
)
def test_what_is_no_request_ends_the_connection_and_nothing_else(served: Served, nonsense: bytes) -> None:
    with connected(served) as client:
        try:
            client.sendall(nonsense)
            client.shutdown(socket.SHUT_WR)
            (answer,) = heard(client)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it did not even read all of it
        else:
            assert answer["status"] == 2
            assert "ERROR" in answer["text"]
    assert ask("site-a", "show ip").status == 0


def waiting(served: Served) -> socket.socket:
    """Somebody who has asked for what takes long."""
    client = connected(served)
    client.sendall(json.dumps({"command": ENDLESS}).encode() + b"\n")
    until(lambda: bool(served.asked), 5, "the command")
    return client


@pytest.mark.parametrize("left", ["closed", "shut down", "closed with more to say"])
def test_a_command_is_given_up_when_whoever_asked_hangs_up(served: Served, left: str) -> None:
    client = waiting(served)
    if left == "shut down":
        client.shutdown(socket.SHUT_RDWR)
    elif left == "closed with more to say":
        client.sendall(b'{"command": "show ip"}\n')
    client.close()
    assert served.given_up.wait(5)
    assert ask("site-a", "show ip").status == 0


def test_who_has_only_said_its_last_still_gets_the_answer(served: Served) -> None:
    with waiting(served) as client:
        client.shutdown(socket.SHUT_WR)
        assert not served.given_up.wait(0.2)
        served.call(served.answer.set)
        (answer,) = heard(client)
    assert answer["status"] in (0, 1, 2)
    assert not served.given_up.is_set()


def test_what_is_done_at_once_is_done_for_who_does_not_wait_for_it(served: Served) -> None:
    with connected(served) as client:
        client.sendall(b'{"command": "show ip"}\n')
    until(lambda: bool(served.asked), 5, "the command")
    assert served.asked[0][0] == "show ip"


def test_there_are_not_too_many_connections(served: Served) -> None:
    clients = [connected(served) for _ in range(control.MOST)]
    for client in clients:
        client.sendall(b'{"command": "show ip"}\n')
        assert client.recv(10)
    with connected(served) as one_more:
        (refusal,) = heard(one_more)
        assert "are connected already" in refusal["text"]
    for client in clients:
        client.close()


def test_debug_goes_to_whoever_wants_it(served: Served) -> None:
    with connected(served) as client:
        client.sendall(b'{"monitor": true}\n{"command": "show ip"}\n')
        with client.makefile("rb") as file:
            assert b"status" in file.readline()
            served.call(served.control.monitor, "[IKEv1]: a line")
            assert json.loads(file.readline()) == {"debug": "[IKEv1]: a line"}
            client.sendall(b'{"monitor": false}\n{"command": "show ip"}\n')
            assert b"status" in file.readline()
            served.call(served.control.monitor, "[IKEv1]: another")
            client.sendall(b'{"command": "show ip"}\n')
            assert b"status" in file.readline()


def test_who_does_not_read_loses_debug_and_is_told(served: Served) -> None:
    with connected(served) as client:
        client.sendall(b'{"monitor": true}\n{"command": "show ip"}\n')
        with client.makefile("rb") as file:
            file.readline()
            line = "x" * 10_000
            for _ in range(300):  # three megabytes: what waits is bounded
                served.call(served.control.monitor, line)
            got = 0
            # Once it reads again the rest arrives, and then what was lost is counted.
            client.sendall(b'{"command": "show ip"}\n')
            while b"status" not in file.readline():
                got += 1
            assert 50 < got < 290
            served.call(served.control.monitor, "after")
            assert json.loads(file.readline())["debug"] == f"mainmode: {300 - got} debug lines were lost here"
            assert json.loads(file.readline()) == {"debug": "after"}


def test_the_console_goes_on_until_exit(served: Served) -> None:
    out = io.StringIO()
    assert console("site-a", io.StringIO("sh cry isa sa\nshow foo\nexit\nshow ip\n"), out) == 2
    assert "MM_ACTIVE" in out.getvalue()
    assert "Invalid input" in out.getvalue()
    assert "GigabitEthernet" not in out.getvalue()
    # Nobody typed it where the caret is: the line stands above it.
    assert f"{PROMPT}show foo\n{' ' * len(PROMPT)}     ^\nERROR" in out.getvalue()
    assert [line for line, _ in served.asked] == ["", "sh cry isa sa\n", "show foo\n"]


def test_a_name_is_taken_while_its_gateway_runs(served: Served) -> None:
    with pytest.raises(FileExistsError, match="is running"):
        control.listen(served.path)


def test_a_socket_that_was_left_behind_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINMODE_RUN", str(tmp_path))
    killed = control.listen(meeting.directory("x"))
    killed.close()
    with pytest.raises(Unreachable, match="no gateway is running there"):
        ask("x", "show ip")
    one = Served("x")
    assert ask("x", "show ip").status == 0
    control.listen(meeting.directory("killed")).close()
    assert ask(None, "show ip").status == 0  # what was left behind is no second gateway
    one.end()
    assert not (tmp_path / "x").exists()
    with pytest.raises(Unreachable, match="no gateway is running here"):
        ask(None, "show ip")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".x", "x" * 100, "a\nb"])
def test_what_could_be_another_path_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a gateway"):
        meeting.directory(name)
