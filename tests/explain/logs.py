"""Logs for the explainer's tests: the source document's two runs, runs of the lab. Reads and runs; expects nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

from mainmode.config.model import Config
from mainmode.config.reader import read as read_config
from mainmode.events import Entry
from mainmode.explain import ladder, origins
from mainmode.explain.report import text
from mainmode.lab.faults import Fault
from mainmode.lab.run import LabResult, run
from mainmode.words import read, speak
from tests.paths import REPO, SHARED, require

GOLDEN = Path(__file__).parent / "golden"
PEER = IPv4Address("10.0.0.2")


@cache
def document(run_of: str) -> tuple[Entry, ...]:
    """A run of the source document: `initiator` or `responder`."""
    require(SHARED.is_dir(), "the source document's debugs lie in the shared material")
    lines = (SHARED / "seed" / f"{run_of}.debug").read_text().splitlines()
    entries = [read(line) for line in lines]
    assert None not in entries
    return tuple(entry for entry in entries if entry is not None)


@cache
def site(name: str, *changes: tuple[str, str]) -> Config:
    """A site of the source document, with some text of its configuration replaced."""
    written = (REPO / "examples" / "two-sites" / f"site-{name}.cfg").read_text()
    for old, new in changes:
        assert old in written
        written = written.replace(old, new)
    return read_config(written, f"site-{name}.cfg").config


def lab(a: Config | None = None, b: Config | None = None, *faults: str) -> LabResult:
    return run(a or site("a"), b or site("b"), faults=[Fault.parse(fault) for fault in faults])


def sides(result: LabResult) -> tuple[text.Side, text.Side]:
    def side(name: str, entries: Sequence[Entry], config: Config) -> text.Side:
        laid = ladder.build(entries)
        return text.Side(name, entries, [speak(e) for e in entries], laid, origins.trace(laid, entries, config))

    a, b = (side(one.hostname, one.entries, one.config) for one in result.sites)
    return a, b
