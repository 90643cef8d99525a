"""The rooms of the house: who may lean on whom, and who may touch the world. Knows only the import statements.

The linter says the second as well (`test_banned.py`), but it can be told to look away in a comment; this cannot.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.paths import REPO

SOURCE = REPO / "src"

ROOMS = [
    *("span", "secret", "language", "events", "blame", "alarms", "transcript", "steps"),
    *("words", "config", "wire", "ike", "ipsec", "gateway"),
    *("show", "lab", "exec", "explain", "shell", "cli", "__main__"),
]
"""A module imports only from its own room and from rooms before it."""

STRANGERS = {
    "explain": {"wire", "ike", "ipsec", "lab", "shell"},  # reading a paste needs no cryptography
    "lab": {"explain"},  # cli puts the two together
}
"""Rooms that come before and are still out of bounds, directly and through others."""

PAGE = "mainmode.shell.web"
"""In the shell for the sake of its server; what it shows, takes and refuses touches nothing."""

BANNED = frozenset(
    tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
) | {"importlib", "__import__"}
"""What ruff bans, and the two ways round an import statement."""


def modules(source: Path) -> dict[str, ast.Module]:
    """Every module under `source/mainmode`, by its dotted name ("mainmode.ike.keys"; a package by the package's)."""
    found = {}
    for path in sorted((source / "mainmode").rglob("*.py")):
        name = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def room(module: str) -> str:
    """The room of "mainmode.ike.keys" is "ike"; the package itself, which holds the version, is in none ("")."""
    return [*module.split("."), ""][1]


def names_used(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that comes from elsewhere, dotted in full, with its line: imported, or reached through an import."""
    origin = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origin[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origin[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield f"{node.module}.{alias.name}", node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = [node.attr]
            value = node.value
            while isinstance(value, ast.Attribute):
                parts.append(value.attr)
                value = value.value
            if isinstance(value, ast.Name) and value.id in origin:
                yield ".".join([origin[value.id], *reversed(parts)]), node.lineno
        elif isinstance(node, ast.Name) and node.id == "__import__":
            yield node.id, node.lineno


def leans_on(found: dict[str, ast.Module]) -> dict[str, set[str]]:
    """For each module, the modules of ours that it imports: the longest dotted name that is one."""
    graph: dict[str, set[str]] = {}
    for module, tree in found.items():
        graph[module] = set()
        for name, _ in names_used(tree):
            while name and name not in found:
                name = name.rpartition(".")[0]
            # A package's own modules see the package through each other, not through its front door.
            if name not in ("", "mainmode", module):
                graph[module].add(name)
    return graph


def misplaced(source: Path) -> list[str]:
    """What is wrong with the order of the rooms, one sentence each."""
    found = modules(source)
    graph = leans_on(found)
    wrong = [
        f"{module}: no room of the house" for module in found if module != "mainmode" and room(module) not in ROOMS
    ]
    if wrong:
        return wrong
    for module, imported in graph.items():
        for other in sorted(imported):
            if module == "mainmode" or ROOMS.index(room(other)) > ROOMS.index(room(module)):
                wrong.append(f"{module} imports {other}, which comes after it")
    for module in graph:
        reached, ahead = set(), [module]
        while ahead:
            here = ahead.pop()
            if here not in reached:
                reached.add(here)
                ahead += graph[here]
        for stranger in STRANGERS.get(room(module), ()):
            if through := sorted(other for other in reached if room(other) == stranger):
                wrong.append(f"{module} reaches {through[0]}")
    return wrong


def touching_the_world(source: Path) -> list[str]:
    """Uses of banned names outside `shell/`, one sentence each."""
    wrong = []
    for module, tree in modules(source).items():
        if room(module) == "shell" and (not module.startswith(f"{PAGE}.") or module == f"{PAGE}.server"):
            continue
        for name, line in names_used(tree):
            parts = name.split(".")
            if any(".".join(parts[:count]) in BANNED for count in range(1, len(parts) + 1)):
                wrong.append(f"{module}:{line} uses {name}")
    return wrong


def test_a_module_imports_only_from_rooms_above() -> None:
    assert misplaced(SOURCE) == []


def test_no_two_modules_import_each_other() -> None:
    assert list(TopologicalSorter(leans_on(modules(SOURCE))).static_order())


def test_clock_dice_and_sockets_are_in_the_shell_alone() -> None:
    assert touching_the_world(SOURCE) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        (
            "wire/x.py",
            "from mainmode.ike.keys import prf",
            "mainmode.wire.x imports mainmode.ike.keys, which comes after",
        ),
        ("wire/x.py", "from mainmode import ike", "mainmode.wire.x imports mainmode.ike, which comes after"),
        ("span.py", "def f():\n    import mainmode.events", "mainmode.span imports mainmode.events, which comes after"),
        ("gateway/x.py", "from mainmode.cli import main", "mainmode.gateway.x imports mainmode.cli, which comes after"),
        ("explain/x.py", "from mainmode.ike.keys import prf", "mainmode.explain.x reaches mainmode.ike.keys"),
        ("explain/x.py", "from mainmode.show import sa", "mainmode.explain.x reaches mainmode.ike.keys"),
        ("attic/x.py", "", "mainmode.attic.x: no room of the house"),
    ],
)
def test_a_module_in_the_wrong_place_is_found(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    house = {"cli.py": "", "events.py": "", "ike/__init__.py": "", "ike/keys.py": "prf = 1"}
    house |= {"show.py": "import mainmode.ike.keys", "shell/x.py": "import mainmode.show", file: text}
    for name, content in house.items():
        path = tmp_path / "mainmode" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert [line for line in misplaced(tmp_path) if line.startswith(complaint)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import time  # noqa: TID251", "time"),
        ("from datetime import datetime as d\nd.now()", "datetime.datetime.now"),
        ("import datetime\ndatetime.datetime.now()", "datetime.datetime.now"),
        ("import os\nos.urandom(1)", "os.urandom"),
        ("import os as o\no.urandom(1)", "os.urandom"),
        ("def f():\n    from os import urandom", "os.urandom"),
        ("import asyncio.events", "asyncio.events"),
        ("__import__('socket')", "__import__"),
        ("from importlib import import_module", "importlib.import_module"),
    ],
)
def test_a_way_round_the_linter_is_found(tmp_path: Path, text: str, name: str) -> None:
    for room_name in ("lab", "shell", "shell/web"):
        (tmp_path / "mainmode" / room_name).mkdir(parents=True)
        (tmp_path / "mainmode" / room_name / "x.py").write_text(text)
    found = touching_the_world(tmp_path)
    for module in ("mainmode.lab.x", "mainmode.shell.web.x"):
        assert any(line.startswith(f"{module}:") and line.endswith(f" uses {name}") for line in found)
    assert not any(line.startswith("mainmode.shell.x:") for line in found)
