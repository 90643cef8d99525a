"""The document's two sites, and one of them as an exec command sees it; what comes of a command is carried out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any

from mainmode.events import Phase2Completed
from mainmode.exec import Reply, Running, execute
from mainmode.exec.captured import Captured
from mainmode.exec.debugging import Debugging
from mainmode.exec.running import Debug, EmptyCapture, EndCapture, Ping, StartCapture
from mainmode.exec.statistics import Statistics
from mainmode.show.view import View
from tests.life.world import World
from tests.show.tunnels import document


class Terminal:
    """A terminal at one site: what it changes stays changed."""

    def __init__(self, world: World, name: str = "a") -> None:
        self.world = world
        self.site = world.sites[name]
        self.debugging = Debugging()
        self.captures: dict[str, Captured] = {}
        self.statistics = Statistics()
        self.pings: list[Ping] = []
        self.zone: tzinfo = UTC

    @property
    def running(self) -> Running:
        view = View(self.site.gateway, self.site.plane, self.world.network.now, "9", float, self.zone)
        return Running(view, self.debugging, self.captures, self.statistics)

    def type(self, line: str, *, as_json: bool = False) -> Reply:
        """Type a command and carry out what comes of it."""
        reply = execute(line, self.running, as_json=as_json)
        items = []
        for each in reply.do:
            match each:
                case Debug(debugging):
                    self.debugging = debugging
                case StartCapture(captured):
                    self.captures[captured.name] = captured
                case EndCapture(name):
                    del self.captures[name]
                case EmptyCapture(name):
                    self.captures[name].empty()
                case Ping():
                    self.pings.append(each)
                case item:
                    items.append(item)
        if items:
            self.world.network.put(self.site, self.site.carry_out(items))
        return reply

    def printed(self, line: str) -> str:
        reply = self.type(line)
        assert reply.status == 0, reply.text
        return reply.text

    def values(self, line: str) -> dict[str, Any]:
        """What the command comes to as JSON."""
        content: dict[str, Any] = json.loads(self.type(line, as_json=True).text)
        assert content.pop("schema") == 1
        return content


def after_a_renewal() -> Terminal:
    """At site a, whose tunnel was renewed while it sent forty echoes."""
    terminal = Terminal(World({name: replace(document(name), lifetime_seconds=300) for name in "ab"}))
    terminal.world.bring_up()
    for _ in range(40):
        terminal.world.ask("a")
        terminal.world.pass_time(10.0)
    assert len(terminal.world.said("a", Phase2Completed)) >= 2
    return terminal
