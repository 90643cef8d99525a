"""The JSON form of schema 1: ladders and origins as plain objects. Knows names of fields; decides nothing.

Every object may get more fields, none loses one: programs read this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mainmode.events import Entry, ProxyId
from mainmode.explain.ladder import Ladder, Negotiation, Phase2
from mainmode.span import Span

SCHEMA = 1

Object = dict[str, Any]


def negotiations(
    ladder: Ladder,
    entries: Sequence[Entry],
    origins: Sequence[Sequence[Span]] = (),
    *,
    source: int = 0,
    line: Callable[[int], int] | None = None,
) -> list[Object]:
    """`negotiations[]` of one source.

    `origins` has the configuration lines of each entry. `line` gives an entry's line number; without it a pasted entry
    has its own and a live one its ordinal.
    """

    def line_of(index: int) -> int:
        if line is not None:
            return line(index)
        where = entries[index].where
        return index + 1 if where is None else where.line

    return [_negotiation(found, ladder, entries, origins, source, line_of) for found in ladder.negotiations]


def config_lines(spans: Sequence[Span]) -> list[Object]:
    """Configuration lines: `[{"file": …, "line": …, "text": …}]`."""
    return [{"file": span.file, "line": span.line, "text": span.text} for span in spans]


def _negotiation(
    found: Negotiation,
    ladder: Ladder,
    entries: Sequence[Entry],
    origins: Sequence[Sequence[Span]],
    source: int,
    line_of: Callable[[int], int],
) -> Object:
    expected = None
    if found.expected is not None:
        expected = {"name": found.expected[0], "direction": found.expected[1]}
    return {
        "peer": None if found.peer is None else str(found.peer),
        "group": found.group,
        "role": found.role,
        "source": source,
        "outcome": found.outcome,
        "reached": found.reached,
        "expected": expected,
        "phase1": {"outcome": found.phase1.outcome, "state": found.phase1.state},
        "phase2": [_phase2(quick) for quick in found.phase2],
        "messages": [
            {
                "name": rung.name,
                "direction": rung.direction,
                "message_id": f"{rung.message_id:08x}",
                "length": rung.length,
                "payloads": list(rung.payloads),
                "line": line_of(rung.entry),
                "at": rung.at,
                "retransmissions": [line_of(index) for index in rung.retransmissions],
                "note": rung.note,
            }
            for rung in found.messages
        ],
        "lines": [
            {
                "line": line_of(index),
                "stage": ladder.places[index].stage,
                "event": type(entries[index].event).__name__,
                "config": config_lines(origins[index]) if origins else [],
            }
            for index in found.lines
        ],
    }


def _phase2(quick: Phase2) -> Object:
    protocol = next((proxy.protocol for proxy in (quick.local, quick.remote) if proxy is not None), None)
    return {
        "message_id": None if quick.message_id is None else f"{quick.message_id:08x}",
        "role": quick.role,
        "outcome": quick.outcome,
        "local": None if quick.local is None else written(quick.local),
        "remote": None if quick.remote is None else written(quick.remote),
        "protocol": protocol,
        "inbound_spi": _spi(quick.inbound_spi),
        "outbound_spi": _spi(quick.outbound_spi),
    }


def written(proxy: ProxyId) -> str:
    """The addresses of a proxy identity: `192.168.1.0/24`, `10.1.1.1-10.1.1.9`."""
    if proxy.last is not None:
        return f"{proxy.address}-{proxy.last}"
    mask = int(proxy.mask)
    length = mask.bit_count()
    # An odd mask (a peer may send any) is written out.
    return f"{proxy.address}/{length if mask == (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF else proxy.mask}"


def _spi(spi: int | None) -> str | None:
    return None if spi is None else f"{spi:08x}"
