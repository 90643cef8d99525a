"""CPU of a negotiation, each side by itself, and which modules it is spent in. Knows the thread's clock.

Not the process's: once a profiling timer has run, Linux may bring that one up to date at its own ticks only.
"""

from __future__ import annotations

import os
import signal
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import thread_time_ns
from types import FrameType
from typing import Final

from bench.box import Box
from bench.sites import HUB, HUB_HOST, Kind, hub, spoke, spoke_network
from mainmode.config.model import Config
from mainmode.gateway import Send
from mainmode.ike import dh
from mainmode.lab.ip import question

INTERVAL: Final = 0.001
"""Seconds of CPU between two samples; the kernel may make it one of its own ticks."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of CPU per tunnel."""

    initiator: float
    responder: float


def negotiate(spokes: list[Config], count: int, kind: Kind, *, debug: bool) -> Cost:
    """Every spoke brings up its tunnel to one hub."""
    central = Box(hub(count, kind), debug=debug)
    spent = {"initiator": 0, "responder": 0}
    for number, config in enumerate(spokes):
        box = Box(config, debug=debug)
        packet = question(1, spoke_network(number)[2], HUB_HOST, 1, 0, 1)
        began = thread_time_ns()
        waiting: deque[Send] = deque(box.host_sends(packet, 0.0))
        spent["initiator"] += thread_time_ns() - began
        while waiting:
            send = waiting.popleft()
            to_hub = send.to.address == HUB
            receiver = central if to_hub else box
            began = thread_time_ns()
            waiting += receiver.receive(send.datagram, send.source, send.to, 0.0)
            spent["responder" if to_hub else "initiator"] += thread_time_ns() - began
        if box.tunnels != 1:
            raise SystemExit(f"spoke {number} has no tunnel")
    if central.tunnels != len(spokes):
        raise SystemExit(f"the hub has {central.tunnels} tunnels")
    return Cost(*(spent[side] / len(spokes) / 1e6 for side in ("initiator", "responder")))


@contextmanager
def sampled() -> Iterator[Counter[str]]:
    """Which modules of the program the CPU is in, looked at from time to time. Libraries count for their caller."""
    seen: Counter[str] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        while frame is not None:
            code = frame.f_code
            if code.co_filename == "<string>":  # where `dataclass` makes its methods
                seen["making events, payloads, entries"] += 1
                return
            _, found, module = code.co_filename.rpartition("/mainmode/")
            if found:
                seen[module] += 1
                return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def exponentiation(times: int = 500) -> float:
    """Milliseconds of CPU of one exponentiation in group 2: how fast this machine is just now."""
    began = thread_time_ns()
    for _ in range(times):
        dh.generate(dh.GROUPS[2], os.urandom)
    return (thread_time_ns() - began) / times / 1e6


def spoke_configs(count: int) -> list[Config]:
    return [spoke(number) for number in range(count)]
