"""Blocks of the documents: which there are, what they say, and how a console block is run and compared."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.paths import REPO

DOCUMENTS = sorted(
    path
    for path in [*REPO.glob("*.md"), *REPO.glob("docs/**/*.md"), *REPO.glob("examples/**/*.md")]
    if not any(part.startswith((".", "_")) for part in path.relative_to(REPO).parts)
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
PATH = re.compile(r"\.?[\w*-][\w.*-]*(?:/[\w.*-]+)*/?")
ELLIPSIS = "…"


@dataclass(frozen=True)
class Shown:
    """A command of a console block and the output that is shown under it."""

    where: str
    command: str
    output: str


def shown(document: str, where: str) -> list[Shown]:
    """The commands of all console blocks, in order. `…` in an output is anything; alone on a line, any lines."""
    commands = []
    for block in FENCE.finditer(document):
        if block[1] == "console":
            line = document.count("\n", 0, block.start()) + 2
            parts = re.split(r"^\$ (.*)\n", block[2], flags=re.MULTILINE)
            assert not parts[0].strip(), f"{where}:{line}: a console block starts with its command"
            commands += [Shown(f"{where}:{line}", *pair) for pair in zip(parts[1::2], parts[2::2], strict=True)]
    return commands


def agrees(actual: str, expected: str) -> bool:
    pattern = ""
    for line in expected.splitlines(keepends=True):
        if line.strip() == ELLIPSIS:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.rstrip("\n").split(ELLIPSIS)) + r"\n"
    # Blanks at line ends do not survive editors, and cannot be seen.
    return re.fullmatch(pattern, re.sub(r"[ \t]+$", "", actual, flags=re.MULTILINE)) is not None


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    """A document without its blocks, which are no prose."""
    return FENCE.sub("", text_of(path))


def name_of(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def environment(**more: str) -> dict[str, str]:
    """As a reader's: our own commands in the PATH, 120 columns, no colours, English; nothing of the test run."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTEST", "MFLAGS"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**ours, "PATH": path, "COLUMNS": "120", "NO_COLOR": "1", "LC_ALL": "C.UTF-8", **more}


def printed(command: str, cwd: Path, env: Mapping[str, str], before: Sequence[str] = ()) -> str:
    """What a command line prints, both streams as they come. `before`: a command that starts it elsewhere."""
    return subprocess.run(
        [*before, "bash", "-c", command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    ).stdout


def until_it_serves(example: Shown, cwd: Path, env: Mapping[str, str]) -> str:
    """What a command prints that serves until Ctrl-C, once it has said what is expected; a minute is too long."""
    with (cwd / "served").open("w+b") as log:
        server = subprocess.Popen(
            ["bash", "-c", f"exec {example.command}"],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 60
            while not agrees(said := (cwd / "served").read_text(encoding="utf-8"), example.output):
                if server.poll() is not None or time.monotonic() > deadline:
                    return said
                time.sleep(0.05)
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == 0
            return said
        finally:
            server.kill()
            server.wait()
