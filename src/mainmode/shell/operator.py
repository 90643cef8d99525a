"""Exec commands for the gateway that runs in this process: shows it to `exec`, carries out what comes of a command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from mainmode.config.model import Config
from mainmode.events import Entry
from mainmode.exec import Reply, Running, execute
from mainmode.exec.commands import as_values
from mainmode.exec.debugging import Debugging
from mainmode.exec.ping import impossible, report
from mainmode.exec.running import FAILED, Debug, EmptyCapture, EndCapture, Ping, StartCapture
from mainmode.exec.statistics import Statistics
from mainmode.gateway import Action, Gateway
from mainmode.ipsec.dataplane import DataPlane
from mainmode.shell.captures import Captures
from mainmode.shell.clock import now, wall, zone
from mainmode.shell.outlet import say
from mainmode.shell.ping import ping
from mainmode.show.view import Release, View


class Served(Protocol):
    """What runs in this process."""

    debugging: Debugging

    @property
    def gateway(self) -> Gateway: ...
    @property
    def plane(self) -> DataPlane: ...
    @property
    def captures(self) -> Captures: ...
    @property
    def statistics(self) -> Statistics: ...
    @property
    def dropped(self) -> Mapping[str, int]: ...
    @property
    def matched(self) -> Mapping[str, int]: ...

    def carry_out(self, items: Sequence[Entry | Action]) -> None: ...


class Operator:
    """Whoever is at the control socket."""

    def __init__(self, served: Served, directory: Path) -> None:
        """`directory` is for captures."""
        self._served = served
        self._directory = directory
        self._since = now()

    def prompt(self) -> str:
        return f"{self._served.gateway.config.hostname}# "

    async def execute(self, line: str, as_json: bool, who: str) -> Reply:
        """What came of a line, all of it done."""
        served = self._served
        view = View(served.gateway, served.plane, now(), release(served.gateway.config), wall, zone())
        running = Running(
            view,
            served.debugging,
            served.captures.running,
            served.statistics,
            served.dropped,
            served.matched,
            self._since,
        )
        reply = execute(line, running, as_json=as_json)
        if reply.do:
            # Who changes something leaves a trace, as on an ASA (%ASA-5-111008).
            say(f"{who}: {' '.join(line.split())!r}")
        understood = json.loads(reply.text)["command"] if as_json and reply.do else ""
        items: list[Entry | Action] = []
        for each in reply.do:
            if isinstance(each, Debug):
                served.debugging = each.debugging
            elif isinstance(each, StartCapture):
                reply = self._begin(each, reply)
                reply = as_values(reply, understood) if as_json else reply
            elif isinstance(each, EndCapture):
                served.captures.end(each.name)
            elif isinstance(each, EmptyCapture):
                served.captures.empty(each.name)
            elif isinstance(each, Ping):
                reply = await _ping(each)
                reply = as_values(reply, understood) if as_json else reply
            else:
                items.append(each)
        if items:
            served.carry_out(items)
        return reply

    def _begin(self, start: StartCapture, reply: Reply) -> Reply:
        try:
            path = self._served.captures.begin(start.captured, self._directory)
        except OSError as refused:
            why = f"{refused.filename}: {refused.strerror}"
            return Reply([f"ERROR: {why}"], {"error": why}, FAILED)
        return replace(reply, lines=[f"INFO: packets go to {path}"])


async def _ping(wanted: Ping) -> Reply:
    try:
        return report(wanted, await ping(wanted))
    except OSError as refused:
        return impossible(wanted, refused.strerror or str(refused))


def release(config: Config) -> Release:
    """Whose layout: what the configuration's own version prints, 9.x where it tells none."""
    version = (config.version or "9").partition("(")[0].split(".")
    numbers: list[Any] = [int(part) for part in version if part.isdecimal()]
    return "8.3" if numbers and numbers < [8, 4] else "9"
