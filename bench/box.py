"""One gateway with its data plane, as `mainmode run` drives it, without sockets. Knows no table and no clock."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from mainmode.config.model import Config
from mainmode.events import Entry
from mainmode.gateway import Action, Endpoint, Gateway, Install, Remove, Send
from mainmode.ipsec.dataplane import Delivered, Protected
from mainmode.ipsec.memory import MemoryPlane
from mainmode.lab.ip import answer
from mainmode.words import WORDINGS, Tag, speak

LOGGED: Final = 5
"""Severity of what a box says without any debug: notifications, and what is worse."""

DEBUG_ONLY: Final = frozenset(row.event for row in WORDINGS) - frozenset(
    row.event for row in WORDINGS if row.tag is not Tag.IPSEC and row.severity is not None and row.severity <= LOGGED
)


class Box:
    """Inputs return the datagrams they lead to.

    With `debug` every entry is worded, as for a terminal; without it, those that are logged all the same.
    """

    def __init__(self, config: Config, *, debug: bool = False) -> None:
        self.plane = MemoryPlane(os.urandom)
        self.gateway = Gateway(config, entropy=os.urandom, plane=self.plane)
        if not debug:
            self.gateway.unheard = DEBUG_ONLY

    def host_sends(self, packet: bytes, now: float) -> list[Send]:
        """A packet for which there is no SA yet."""
        return self._carry_out(self.gateway.outbound(packet, now))

    def receive(self, datagram: bytes, source: Endpoint, to: Endpoint, now: float) -> list[Send]:
        return self._carry_out(self.gateway.receive(datagram, source, now, to))

    def tick(self, now: float) -> list[Send]:
        return self._carry_out(self.gateway.tick(now))

    def protect(self, packet: bytes, now: float) -> bytes:
        """A packet through the tunnel."""
        protected = self.plane.outbound(packet, now)
        if not isinstance(protected, Protected):
            raise SystemExit(f"no tunnel for a packet: {protected}")
        return protected.datagram

    def answer(self, esp: bytes, source: Endpoint, now: float) -> bytes | None:
        """ESP arrives for a host behind this box: the host's answer, in ESP again."""
        delivered = self.plane.inbound(esp, source.address, now)
        if not isinstance(delivered, Delivered):
            raise SystemExit(f"a packet was lost: {delivered}")
        packet = answer(delivered.packet)
        return None if packet is None else self.protect(packet, now)

    @property
    def tunnels(self) -> int:
        return sum(1 for _ in self.gateway.tunnels)

    def _carry_out(self, items: Iterable[Entry | Action]) -> list[Send]:
        sends = []
        for item in items:
            if isinstance(item, Send):
                sends.append(item)
            elif isinstance(item, Install):
                self.plane.install(item.sa)
            elif isinstance(item, Remove):
                self.plane.remove(item.sa)
            else:
                speak(item)
        return sends
