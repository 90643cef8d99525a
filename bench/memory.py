"""Memory of a hub per tunnel, in a process of its own that holds nothing else. Knows /proc and tracemalloc."""

from __future__ import annotations

import gc
import multiprocessing
import os
import tracemalloc
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from bench.box import Box
from bench.sites import HUB, HUB_HOST, Kind, hub, spoke_address, spoke_network
from mainmode.config.model import Config
from mainmode.gateway import Endpoint, Send
from mainmode.lab.ip import question

WARM: Final = 10
"""Tunnels before the first look, for what is imported, cached and allocated once."""

PINGS: Final = 4
SETTLED: Final = 61.0
"""Seconds: by then what is kept of a quick mode to answer repetitions is forgotten."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """kB (1,024 octets) per tunnel."""

    up: float
    """As soon as the last tunnel is up."""
    settled: float
    """A minute later."""
    used: float
    """And after four packets each way, when the ciphers are keyed."""


def measure(spokes: list[Config], kind: Kind, *, traced: bool) -> Sizes:
    """What the hub's process grows by. `traced`: as Python's allocator counts it, else as the kernel does (RSS)."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_hub, args=(there, len(spokes), kind, traced), daemon=True)
    process.start()

    def ask(*request: Any) -> Any:
        here.send(request)
        return here.recv()

    try:
        return _measure(spokes, ask)
    finally:
        here.close()
        process.join()


def _measure(spokes: list[Config], ask: Callable[..., Any]) -> Sizes:
    boxes: list[Box] = []

    def pump(sends: list[Send], box: Box, now: float) -> None:
        waiting = deque(sends)
        while waiting:
            send = waiting.popleft()
            if send.to.address == HUB:
                waiting += ask("receive", send.datagram, send.source, send.to, now)
            else:
                waiting += box.receive(send.datagram, send.source, send.to, now)

    def bring_up(number: int) -> None:
        box = Box(spokes[number])
        boxes.append(box)
        pump(box.host_sends(question(1, spoke_network(number)[2], HUB_HOST, 1, 0, 1), 0.0), box, 0.0)
        if box.tunnels != 1:
            raise SystemExit(f"spoke {number} has no tunnel")

    for number in range(WARM):
        bring_up(number)
    empty = ask("size")
    for number in range(WARM, len(spokes)):
        bring_up(number)
    up = ask("size")
    # What was due in the meantime is done at once: quick modes are forgotten, peers are asked whether they live.
    for box in boxes:
        pump(box.tick(SETTLED), box, SETTLED)
    by_address = {spoke_address(number): box for number, box in enumerate(boxes)}
    for send in ask("tick", SETTLED):
        box = by_address[send.to.address]
        pump(box.receive(send.datagram, send.source, send.to, SETTLED), box, SETTLED)
    settled = ask("size")
    for number, box in enumerate(boxes):
        source = Endpoint(spoke_address(number), 0)
        for ping in range(PINGS):
            packet = question(1, spoke_network(number)[2], HUB_HOST, 1, 0, ping)
            box.answer(ask("esp", box.protect(packet, SETTLED), source, SETTLED), Endpoint(HUB, 0), SETTLED)
    used = ask("size")
    if ask("tunnels") != len(spokes):
        raise SystemExit("the hub has lost tunnels")
    tunnels = len(spokes) - WARM
    return Sizes(*((size - empty) / tunnels / 1024 for size in (up, settled, used)))


def _hub(pipe: Connection, count: int, kind: Kind, traced: bool) -> None:
    """The hub's process."""
    box = Box(hub(count, kind))
    if traced:
        tracemalloc.start(1)

    def size() -> int:
        gc.collect()
        if traced:
            return tracemalloc.get_traced_memory()[0]
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    inputs: dict[str, Callable[..., Any]] = {
        "receive": box.receive,
        "tick": box.tick,
        "esp": box.answer,
        "size": size,
        "tunnels": lambda: box.tunnels,
    }
    while True:
        try:
            name, *arguments = pipe.recv()
        except EOFError:
            return
        pipe.send(inputs[name](*arguments))
