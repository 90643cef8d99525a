"""Runs the measurements and prints them as one table."""

from __future__ import annotations

import argparse
import platform
from collections import Counter

from bench.cpu import Cost, exponentiation, negotiate, sampled, spoke_configs
from bench.explain import MEBI, Explained
from bench.explain import measure as explained
from bench.memory import Sizes, measure
from bench.responder import measure as asked
from bench.responder import table as compared
from bench.sites import Kind
from bench.throughput import SUITES, missing, table
from bench.throughput import measure as carried
from mainmode.config.model import Config

KINDS: tuple[Kind, ...] = ("static", "dynamic")
MEASUREMENTS = ("tunnels", "responder", "explain", "throughput")
NAMES = {"static": "an entry per peer", "dynamic": "one dynamic map"}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="What one tunnel costs, what it carries beside strongSwan's, and what explaining a large log does.",
    )
    parser.add_argument("what", nargs="?", choices=("all", *MEASUREMENTS), default="all")
    parser.add_argument("--tunnels", type=int, default=1000, help="how many on one hub (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="CPU: the best of so many (default: %(default)s)")
    parser.add_argument("--mib", type=int, default=64, help="size of the log to explain (default: %(default)s)")
    parser.add_argument("--seconds", type=float, help="throughput: of one stream (default: 3; 1 among all)")
    parser.add_argument("--peers", type=int, default=200, help="responder: how many ask it (default: %(default)s)")
    parser.add_argument(
        "--turns", type=int, help="responder, throughput: the median of so many (default: 3; 1 among all)"
    )
    names = [suite.name for suite in SUITES]
    parser.add_argument("--suite", choices=names, action="append", help="throughput: only this; may be repeated")
    options = parser.parse_args()
    alone = options.what != "all"
    usual = 3 if alone else 1
    print(f"Python {platform.python_version()} on {platform.machine()}.")
    for name in MEASUREMENTS if options.what == "all" else (options.what,):
        print()
        if name == "tunnels":
            _tunnels(options.tunnels, options.rounds)
        elif name == "explain":
            _explain(options.mib)
        elif name == "responder":
            _responder(options.peers, options.turns or usual, alone=alone)
        else:
            _throughput(options.seconds or usual, options.turns or usual, options.suite or names, alone=alone)


def _can(what: str, lacking: str | None, *, alone: bool) -> bool:
    """Whether to measure. Who asked for this alone is refused; among the others it is left out, and that is said."""
    if lacking is not None:
        if alone:
            raise SystemExit(f"{what} cannot be measured here: {lacking}")
        print(f"{what}: not measured, {lacking}")
    return lacking is None


def _responder(peers: int, turns: int, *, alone: bool) -> None:
    if not _can("responder", missing(), alone=alone):
        return
    print(f"responder: {peers} peers ask for a tunnel, over UDP, 3des and sha; medians of {turns} [least..most]:")
    for line in compared(asked(peers, turns)):
        print(f"  {line}")


def _throughput(seconds: float, turns: int, suites: list[str], *, alone: bool) -> None:
    if not _can("throughput", missing("iperf3", "nft"), alone=alone):
        return
    print(f"throughput between two sites, the same software at both ends, medians of {turns}:")
    for line in table(carried(seconds, turns, [suite for suite in SUITES if suite.name in suites])):
        print(f"  {line}")


def _explain(mebi: int) -> None:
    done: Explained = explained(mebi * MEBI)
    print(f"explain: {mebi:,} MiB of syslog, {done.lines:,} lines, {done.vpn_lines:,} of them about VPNs")
    print(f"  {done.lines / done.seconds:,.0f} lines per second, {done.seconds:.1f} s; peak {done.peak / MEBI:.0f} MiB")


def _tunnels(count: int, rounds: int) -> None:
    spokes = spoke_configs(count)
    print(f"{count:,} tunnels on one hub. Main mode: 3des, sha, group 2; quick mode: esp-aes, esp-sha-hmac.\n")
    shares = _cpu(spokes, rounds)
    _memory(spokes)
    total = shares.total()
    print(f"\nwhere the CPU goes, both sides, debug off, {total:,} samples:")
    for place, samples in shares.most_common(5):
        print(f"  {samples / total:6.1%}  {place}")


def _cpu(spokes: list[Config], rounds: int) -> Counter[str]:
    print(f"{'CPU, ms per tunnel':<36}{'initiator':>12}{'responder':>12}")
    shares: Counter[str] = Counter()
    for kind in KINDS:
        for debug in (False, True):
            costs: list[Cost] = [negotiate(spokes, len(spokes), kind, debug=debug) for _ in range(rounds)]
            best = Cost(min(cost.initiator for cost in costs), min(cost.responder for cost in costs))
            name = f"{NAMES[kind]}, debug {'on' if debug else 'off'}"
            print(f"  {name:<34}{best.initiator:>12.2f}{best.responder:>12.2f}", flush=True)
        with sampled() as seen:
            negotiate(spokes, len(spokes), kind, debug=False)
        shares += seen
    print(f"  Each side does two exponentiations in group 2; one takes {exponentiation():.2f} ms here and now.")
    return shares


def _memory(spokes: list[Config]) -> None:
    print(f"\n{'hub memory, kB per tunnel':<36}{'up':>12}{'settled':>12}{'in use':>12}")
    for kind in KINDS:
        for traced, what in ((True, "allocated"), (False, "resident")):
            sizes: Sizes = measure(spokes, kind, traced=traced)
            name = f"{NAMES[kind]}, {what}"
            print(f"  {name:<34}{sizes.up:>12.1f}{sizes.settled:>12.1f}{sizes.used:>12.1f}", flush=True)
    print("  allocated: in Python's heap. resident: what the process grows by; what reading left free is used first.")


if __name__ == "__main__":
    main()
