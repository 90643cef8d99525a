"""The control socket: how `mainmode exec` and `mainmode console` reach a running gateway. Knows lines and connections.

    /run/mainmode/NAME/control    a stream socket, mode 0660 in a directory of mode 0750: root, the gateway's own user
                                  and its group may talk to it, nobody else

Either side sends JSON objects, one a line. A request is `{"command": "show …", "format": "text" or "json"}`, and gets
`{"status": 0, "text": "…", "prompt": "site-a# "}`, with the exit code as status. After `{"monitor": true}` the debug
lines come too, as `{"debug": "…"}`, in between. A line that is too long or no request ends the connection. Who ends it
while a command runs (a ping) gives that up; who has only said its last may still wait for the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import socket
import struct
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from mainmode.exec.running import Reply
from mainmode.shell.meeting import SOCKET, is_left_behind

LONGEST_REQUEST: Final = 4096
"""Octets of a request; a command line is a few dozen."""

MOST: Final = 16
"""Connections at a time. They are our own operators: more is a script that forgets to close."""

BACKLOG: Final = 1 << 20
"""Octets of debug that may wait for an operator who does not read; what comes then is lost, and that is said."""

FAREWELL: Final = 5.0
"""Seconds in which an operator must read what is left when a connection ends: until then it counts as one."""

DIRECTORY_MODE: Final = 0o750
SOCKET_UMASK: Final = 0o117

_CREDENTIALS: Final = struct.Struct("3i")
"""`struct ucred`: pid, uid, gid (unix(7))."""

Handle = Callable[[str, bool, str], Coroutine[Any, Any, Reply]]
"""A command line, whether JSON is wanted, and who asks, to what came of it."""


def listen(where: Path) -> socket.socket:
    """The socket, bound. FileExistsError if a gateway answers there already; OSError if it cannot be made."""
    where.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    where.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    path = where / SOCKET
    if not is_left_behind(path):
        raise FileExistsError(0, "a gateway of this name is running", str(path))
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    # The mode must be right from the first moment, and bind(2) takes it from the mask.
    mask = os.umask(SOCKET_UMASK)
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


class Control:
    """The listening end."""

    def __init__(self, listener: socket.socket, handle: Handle, prompt: Callable[[], str]) -> None:
        self._listener = listener
        self._path = Path(listener.getsockname())
        self._handle = handle
        self._prompt = prompt
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._monitors: dict[asyncio.StreamWriter, int] = {}
        """Who gets the debug, and how many lines of it were lost since."""

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, sock=self._listener, limit=LONGEST_REQUEST)

    def close(self) -> None:
        """End all connections, and take the socket away."""
        if self._server is not None:
            self._server.close()
        for writer, task in self._connections.items():
            if task is not None:
                task.cancel()
            writer.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._path.parent.rmdir()  # unless captures are in it

    def monitor(self, text: str) -> None:
        """Debug lines, for everybody who wants them."""
        for writer, lost in self._monitors.items():
            if writer.transport.get_write_buffer_size() > BACKLOG:
                self._monitors[writer] += 1
                continue
            if lost:
                self._send(writer, {"debug": f"mainmode: {lost} debug lines were lost here"})
                self._monitors[writer] = 0
            self._send(writer, {"debug": text})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST:
            self._send(writer, self._failed(f"{MOST} operators are connected already"))
            writer.close()
            return
        self._connections[writer] = asyncio.current_task()
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the operator has gone, or we are going
        finally:
            self._monitors.pop(writer, None)
            await _part(writer)
            del self._connections[writer]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        who = _peer(writer)
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                self._send(writer, self._failed(f"a request of more than {LONGEST_REQUEST} octets"))
                return
            if not line:
                return
            match _request(line):
                case {"monitor": bool(wanted)}:
                    if wanted:
                        self._monitors.setdefault(writer, 0)
                    else:
                        self._monitors.pop(writer, None)
                    continue
                case {"command": str(command), **rest}:
                    reply = await _while_there(writer, self._handle(command, rest.get("format") == "json", who))
                case _:
                    self._send(writer, self._failed("no request"))
                    return
            self._send(writer, {"status": reply.status, "text": reply.text, "prompt": self._prompt()})
            await writer.drain()

    def _failed(self, why: str) -> dict[str, Any]:
        return {"status": 2, "text": f"ERROR: {why}\n", "prompt": self._prompt()}

    def _send(self, writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        writer.write(json.dumps(message).encode() + b"\n")


async def _while_there(writer: asyncio.StreamWriter, asked: Coroutine[Any, Any, Reply]) -> Reply:
    """What comes of a command. It is cancelled, and so is this, if whoever asked has hung up meanwhile."""
    try:
        hung_up = select.epoll(1)
    except OSError:  # no descriptor is left, and what is asked for may free some: then it runs to its end
        return await asked
    loop = asyncio.get_running_loop()
    answer = loop.create_task(asked)
    # The stream itself would tell only that nothing more is said: a script that sends its commands and closes its half
    # of the connection looks the same. A hang-up is told to who waits for nothing else (epoll_ctl(2)).
    with hung_up:
        hung_up.register(writer.get_extra_info("socket").fileno(), 0)
        loop.add_reader(hung_up.fileno(), answer.cancel)
        try:
            return await answer
        finally:
            loop.remove_reader(hung_up.fileno())


async def _part(writer: asyncio.StreamWriter) -> None:
    """End a connection: what was sent may still be read, but not for ever."""
    writer.close()
    try:
        await asyncio.wait_for(writer.wait_closed(), FAREWELL)
    except (OSError, TimeoutError, asyncio.CancelledError):
        writer.transport.abort()


def _request(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _peer(writer: asyncio.StreamWriter) -> str:
    """Who is at the other end, from the kernel (SO_PEERCRED): it cannot lie."""
    raw = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return f"uid {uid}, pid {pid}"
