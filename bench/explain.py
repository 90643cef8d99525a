"""How fast the explainer gets through a large syslog, and how much memory it takes. Knows files and processes."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import IO, Final

from bench.sites import spoke_address
from mainmode.config.reader import read
from mainmode.lab.run import run
from mainmode.words import Dialect, speak

MEBI: Final = 1 << 20
TUNNELS_IN: Final = 100
"""One line in so many is about a VPN."""

PEERS: Final = 250
"""Gateways that this firewall has tunnels with."""

SITES: Final = Path(__file__).resolve().parent.parent / "examples" / "two-sites"


# Not wait4's maxrss: that begins with what the process had before it became another program.
_CHILD: Final = """\
import sys
from mainmode.cli import main
code = main(sys.argv[1:])
print(open("/proc/self/status").read(), file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Explained:
    lines: int
    vpn_lines: int
    seconds: float
    """From the start of the process to its end."""
    peak: int
    """Resident octets at the worst moment."""


def measure(octets: int) -> Explained:
    """A syslog of that size through `mainmode explain`, in a process of its own. Raises SystemExit if it fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".log", encoding="ascii") as log:
        lines, vpn_lines = _write(log, octets)
        log.flush()
        began = time.perf_counter()
        command = [sys.executable, "-c", _CHILD, "explain", log.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
    peak = re.search(r"^VmHWM:\s*(\d+) kB$", done.stderr, re.MULTILINE)
    if f"{lines} lines, {vpn_lines} statements" not in done.stdout or peak is None:
        raise SystemExit(f"`mainmode explain` ended with {done.returncode}: {done.stdout}{done.stderr}")
    return Explained(lines, vpn_lines, seconds, int(peak[1]) * 1024)


def _write(log: IO[str], octets: int) -> tuple[int, int]:
    """A firewall's log of about that size; how many lines it has, and how many of them are about VPNs."""
    vpn = _vpn()
    size = lines = 0
    for number in count(1):
        block = [next(vpn), *islice(_noise(number * TUNNELS_IN), TUNNELS_IN - 1)]
        at = time.strftime("%b %d %Y %H:%M:%S", time.gmtime(1_700_000_000 + number))
        text = "".join(f"<166>{at} fw1 : {line}\n" for line in block)
        log.write(text)
        size += len(text)
        lines += len(block)
        if size >= octets:
            return lines, number
    raise AssertionError


def _vpn() -> Iterator[str]:
    """Negotiation after negotiation, with one peer after the other; every tenth fails in phase 2."""
    texts = [(SITES / f"site-{site}.cfg").read_text(encoding="utf-8") for site in "ab"]
    broken = texts[1].replace("esp-aes ", "esp-aes-256 ")
    spoken = []
    for other in (texts[1], broken):
        result = run(read(texts[0], "a").config, read(other, "b").config)
        said = (speak(entry, Dialect.SYSLOG) for entry in result.sites[0].entries)
        spoken.append([line for line in said if line.startswith("%ASA-") and "\n" not in line])
    for number in count():
        peer = str(spoke_address(number % PEERS))
        for line in spoken[number % 10 == 9]:
            yield line.replace("10.0.0.2", peer)


def _noise(start: int) -> Iterator[str]:
    """What a firewall logs all day."""
    for number in count(start):
        inside, outside = f"10.20.{number >> 8 & 255}.{number & 255}", f"198.51.100.{number % 251}"
        port = 1024 + number % 60_000
        pair = f"for outside:{outside}/443 ({outside}/443) to inside:{inside}/{port} ({inside}/{port})"
        if number % 2:
            yield f"%ASA-6-302013: Built outbound TCP connection {number} {pair}"
        else:
            yield f"%ASA-6-302014: Teardown TCP connection {number} {pair} duration 0:00:31 bytes 7812 TCP FINs"
