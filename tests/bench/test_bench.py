"""`make bench` measures what it says: it is run, small, so that it does not rot."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.paths import REPO


def test_the_bench_prints_its_table() -> None:
    command = [sys.executable, "-m", "bench", "tunnels", "--tunnels", "14", "--rounds", "1"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^  (\S.*?) {2,}([\d.]+) +([\d.]+)(?: +([\d.]+))?$", done.stdout, re.MULTILINE)
    assert [name for name, *_ in rows] == [
        *(f"{kind}, debug {debug}" for kind in ("an entry per peer", "one dynamic map") for debug in ("off", "on")),
        *(f"{kind}, {what}" for kind in ("an entry per peer", "one dynamic map") for what in ("allocated", "resident")),
    ]
    for name, *figures in rows:
        if "resident" not in name:  # pages are too coarse for so few tunnels
            assert all(0 < float(figure) < 100 for figure in figures if figure), name
    (exponentiation,) = re.findall(r"one takes ([\d.]+) ms", done.stdout)
    assert float(exponentiation) > 0
    assert re.search(r"\d+ samples:\n(  +[\d.]+%  \S.*\n)+$", done.stdout)


def test_the_bench_explains_a_syslog_in_bounded_memory() -> None:
    command = [sys.executable, "-m", "bench", "explain", "--mib", "12"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines, vpn_lines = re.findall(r"syslog, ([\d,]+) lines, ([\d,]+) of them", done.stdout)[0]
    assert int(lines.replace(",", "")) == 100 * int(vpn_lines.replace(",", "")) > 10_000
    (rate, peak) = re.findall(r"([\d,]+) lines per second, .*; peak (\d+) MiB", done.stdout)[0]
    assert int(rate.replace(",", "")) > 1000
    assert 10 < int(peak) < 100
