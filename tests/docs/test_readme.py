"""What the documents show is what happens: console blocks are run, paths, links and make targets exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.paths import REPO, require

DOCUMENTS = sorted(
    path
    for path in [*REPO.glob("*.md"), *REPO.glob("docs/**/*.md"), *REPO.glob("examples/**/*.md")]
    if not any(part.startswith(".") for part in path.relative_to(REPO).parts)
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


@pytest.mark.parametrize(
    "example",
    [example for path in DOCUMENTS for example in shown(text_of(path), name_of(path))],
    ids=lambda example: f"{example.where} {example.command}",
)
def test_a_console_block_shows_what_its_command_prints(example: Shown) -> None:
    scripts = Path(sys.executable).parent
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTEST", "MFLAGS"))
    }
    environment |= {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    command = example.command.removeprefix("sudo ")
    require(command == example.command or os.geteuid() == 0, f"`{example.command}` needs root")
    run = subprocess.run(
        ["bash", "-c", command],
        cwd=REPO,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    require("is not installed" not in run.stdout, run.stdout.strip())
    assert agrees(run.stdout, example.output), f"{example.where}: `{example.command}` now prints\n{run.stdout}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(prose_of(document)):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        linked = (document.parent / file).resolve() if file else document
        assert linked.exists(), f"{target} is not there"
        if heading:
            titles = re.findall(r"^#+ (.*)$", prose_of(linked), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert heading in anchors, f"{target}: no such heading"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/decisions/README.md"])
def test_every_path_in_the_prose_exists(name: str) -> None:
    # In code marks, with a slash: from the root of the repository, or a room of the package.
    for code in CODE.findall(prose_of(REPO / name)):
        if "/" in code and PATH.fullmatch(code) and not code.startswith("../"):
            homes = (REPO, REPO / "src" / "mainmode", (REPO / name).parent)
            assert any(list(home.glob(code.rstrip("/"))) for home in homes), f"`{code}` is not there"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_make_target_named_exists(document: Path) -> None:
    targets = set(" ".join(re.findall(r"^([a-z -]+):", text_of(REPO / "Makefile"), re.MULTILINE)).split())
    named = re.findall(r"(?:^(?:\$ )?|`)make ([a-z-]+)(?=$|`|\s+#)", text_of(document), re.MULTILINE)
    assert set(named) <= targets


def test_the_readme_opens_with_the_two_commands() -> None:
    blocks = [block[2] for block in FENCE.finditer(text_of(REPO / "README.md"))]
    assert [line.split("#")[0].strip() for line in blocks[0].splitlines()] == ["make lab", "make test"]


def test_every_room_stands_in_the_layout_table() -> None:
    rooms = {path.parent.name for path in (REPO / "src" / "mainmode").glob("*/__init__.py")}
    listed = set(re.findall(r"^\| `(?:src/mainmode/)?(\w+)/", text_of(REPO / "README.md"), re.MULTILINE))
    assert rooms <= listed


def test_a_wrong_output_is_noticed() -> None:
    assert agrees("a 1 b\nmore\nend\n", "a … b\n…\nend\n")
    assert agrees("end  \n", "…\nend\n")
    assert not agrees("a 1 c\n", "a … b\n")
    assert not agrees("a 1\n2 b\n", "a … b\n")
    assert not agrees("a\nsurprise\n", "a\n")
    example = "```console\n$ echo up\nup\n$ true\n```\n"
    assert [(one.command, one.output) for one in shown(example, "x")] == [("echo up", "up\n"), ("true", "")]
