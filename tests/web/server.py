"""`mainmode web` in a process of its own, and a client that says what it is told to. Expects nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from tests.paths import REPO

MAINMODE = str(Path(sys.executable).parent / "mainmode")
BOUNDARY = "mainmode-test"
FORM = f"multipart/form-data; boundary={BOUNDARY}"

EXAMPLES = REPO / "examples"
INITIATOR = EXAMPLES / "broken-tunnel" / "initiator.log"
RESPONDER = EXAMPLES / "broken-tunnel" / "responder.log"
SITE_A = EXAMPLES / "two-sites" / "site-a.cfg"
SITE_B = EXAMPLES / "broken-tunnel" / "site-b.cfg"
PAIR = [("log-a", INITIATOR), ("log-b", RESPONDER), ("config-a", SITE_A), ("config-b", SITE_B)]

Part = tuple[str, str | None, bytes]
"""Name of the field, of the file if it is one, and what is in it."""


def pasted(name: str, text: str | bytes) -> Part:
    return name, None, text.encode() if isinstance(text, str) else text


def uploaded(name: str, file: str, content: bytes) -> Part:
    return f"{name}-file", file, content


def encoded(parts: Sequence[Part]) -> bytes:
    """A form as a browser sends it."""
    pieces = []
    for name, file, content in parts:
        named = "" if file is None else f'; filename="{file}"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
        pieces += [head.encode(), content, b"\r\n"]
    return b"".join([*pieces, f"--{BOUNDARY}--\r\n".encode()])


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def reason(self) -> str:
        """What a page says instead of a report."""
        [said] = re.findall(r'<(?:p|pre) class="bad" role="alert"[^>]*>(.*?)</p', self.text, re.DOTALL)
        return unescape(re.sub("<[^>]*>", "", said))


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    address: str

    @property
    def host(self) -> str:
        return self.address.removeprefix("http://").rstrip("/")

    @property
    def token(self) -> str:
        return re.findall('name="token" value="([0-9a-f]+)"', self.get("/").text)[0]

    def connect(self) -> HTTPConnection:
        return HTTPConnection(self.host, timeout=300)

    def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answered:
        with closing(self.connect()) as connection:
            connection.request(method, path, headers=dict(headers or {}))
            return answered(connection.getresponse())

    def post(self, *parts: Part, headers: Mapping[str, str] | None = None, token: str | None = None) -> Answered:
        """Send the form; with this server's token unless another one is named."""
        body = encoded([pasted("token", self.token if token is None else token), *parts])
        return self.send(body, {"Content-Type": FORM, **(headers or {})})

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        with closing(self.connect()) as connection:
            connection.request("POST", "/report", body, dict(headers))
            return answered(connection.getresponse())


def answered(response: HTTPResponse) -> Answered:
    with response:
        return Answered(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )


@contextmanager
def served(*options: str, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Iterator[Server]:
    """The server on a port that is free, until the end of the block."""
    command = [MAINMODE, "web", "--listen", "127.0.0.1:0", *options]
    with started(command, environment=environment, folder=folder) as server:
        yield server


@contextmanager
def started(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[Server]:
    """A command that says its address in its first line."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environment) if environment is not None else None,
        cwd=folder,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, process.communicate()[1]
        yield Server(process, address)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def children(process: int) -> list[int]:
    """The processes that it has started and that live."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        found += [int(number) for number in (task / "children").read_text().split()]
    return found


def peak(process: int) -> int:
    """Octets of memory at its worst moment."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)[0]) * 1024
