"""`make bench` measures what it says: it is run, small, so that it does not rot."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.paths import REPO
from tests.peers.charon import CHARON, SWANCTL
from tests.peers.world import require_programs


def test_the_bench_prints_its_table() -> None:
    command = [sys.executable, "-m", "bench", "tunnels", "--tunnels", "14", "--rounds", "1"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=500, check=False)
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
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    lines, vpn_lines = re.findall(r"syslog, ([\d,]+) lines, ([\d,]+) of them", done.stdout)[0]
    assert int(lines.replace(",", "")) == 100 * int(vpn_lines.replace(",", "")) > 10_000
    (rate, peak) = re.findall(r"([\d,]+) lines per second, .*; peak (\d+) MiB", done.stdout)[0]
    assert int(rate.replace(",", "")) > 1000
    assert 10 < int(peak) < 100


@pytest.mark.peer
@pytest.mark.namespaces
def test_the_bench_asks_both_responders_for_tunnels() -> None:
    require_programs("ip", "ping", CHARON, SWANCTL)
    command = [sys.executable, "-m", "bench", "responder", "--peers", "12", "--turns", "1"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stderr
    spread = r"([\d.-]+) \[[\d.-]+\.\.[\d.-]+\]"
    rows = re.findall(rf"^  (\S.*?) {{2,}}{spread} +{spread} +([\d.-]+)$", done.stdout, re.MULTILINE)
    assert [name for name, *_ in rows] == [
        f"{what} per tunnel, {group}" for what in ("CPU, ms", "memory, kB") for group in ("modp1024", "modp2048")
    ]
    for name, *figures in rows[:2]:  # pages are too coarse for the memory of so few tunnels
        ours, theirs, ratio = map(float, figures)
        assert 0.1 < ours < 100 and 0.1 < theirs < 100, name
        assert ratio == pytest.approx(ours / theirs, rel=0.1), name
    assert float(rows[1][1]) > float(rows[0][1]), "the larger group costs more"


@pytest.mark.peer
@pytest.mark.namespaces
def test_the_bench_carries_traffic_through_both_kinds_of_gateway() -> None:
    require_programs("iperf3", "ip", "ping", "nft", CHARON, SWANCTL)
    words = ("throughput", "--turns", "1", "--seconds", "1", "--suite", "aes128-sha1")
    command = [sys.executable, "-m", "bench", *words]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stderr
    row = r"^    (\S.*?) {2,}([\d.,]+) +([\d.,]+) +\(([\d.]+)\) +([\d.,]+) +\(([\d.]+)\)$"
    rows = re.findall(row, done.stdout, re.MULTILINE)
    assert [name for name, *_ in rows] == [
        "TCP, one stream, Mbit/s",
        "CPU of both gateways, s per Gbit",
        "64-octet datagrams carried per second",
        "the same, received of a flood",
    ]
    for name, *cells in rows:
        theirs, in_udp, its_ratio, esp, other_ratio = (float(cell.replace(",", "")) for cell in cells)
        assert min(theirs, in_udp, esp) > 0, name
        # Rounded to whole numbers before and to hundredths after.
        assert its_ratio == pytest.approx(in_udp / theirs, rel=0.1, abs=0.02), name
        assert other_ratio == pytest.approx(esp / theirs, rel=0.1, abs=0.02), name
    # A net for what is broken, not a bar: the machine has other things to do while tests run.
    (_, _, _, in_udp_ratio, _, esp_ratio) = rows[0]
    assert min(float(in_udp_ratio), float(esp_ratio)) > 0.3
