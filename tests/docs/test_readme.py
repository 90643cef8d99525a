"""What the documents show is what happens: console blocks are run, paths, links and make targets exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from mainmode.cli import _parser
from tests.docs.blocks import (
    CODE,
    DOCUMENTS,
    FENCE,
    LINK,
    PATH,
    Shown,
    agrees,
    environment,
    name_of,
    printed,
    prose_of,
    shown,
    text_of,
    until_it_serves,
)
from tests.paths import REPO, require

ELSEWHERE = {"docs/guide/gateway.md"}
"""Pages whose console blocks need more than a shell in the checkout: see test_gateway.py."""


@pytest.mark.parametrize(
    "example",
    [
        example
        for path in DOCUMENTS
        if name_of(path) not in ELSEWHERE
        for example in shown(text_of(path), name_of(path))
    ],
    ids=lambda example: f"{example.where} {example.command[:100]}",
)
def test_a_console_block_shows_what_its_command_prints(example: Shown, tmp_path: Path) -> None:
    # The checkout as it is, in a place where a command may leave a file.
    for path in REPO.iterdir():
        if not path.name.startswith("."):
            (tmp_path / path.name).symlink_to(path)
    if example.command.startswith("mainmode web"):
        actual = until_it_serves(example, tmp_path, environment())
        assert agrees(actual, example.output), f"{example.where}: `{example.command}` says\n{actual}"
        return
    command = example.command.removeprefix("sudo ")
    require(command == example.command or os.geteuid() == 0, f"`{example.command}` needs root")
    actual = printed(command, tmp_path, environment())
    require("is not installed" not in actual, actual.strip())
    assert agrees(actual, example.output), f"{example.where}: `{example.command}` now prints\n{actual}"


BLOCKS = [
    (f"{name_of(path)}:{text_of(path).count(chr(10), 0, block.start()) + 1}", block[1], block[2])
    for path in DOCUMENTS
    for block in FENCE.finditer(text_of(path))
]
LANGUAGES = {"console", "sh", "ini", "text", "python", "{toctree}", ""}


def test_every_block_is_of_a_kind_that_a_test_looks_at() -> None:
    # ``text`` and a block without a name are pictures and what somebody else's box prints or is told;
    # ``ini`` is for systemd, and tests/peers/test_service.py runs with it.
    assert {language for _, language, _ in BLOCKS} <= LANGUAGES


@pytest.mark.parametrize(
    ("where", "script"), [(where, text) for where, language, text in BLOCKS if language == "sh"], ids=lambda v: v[:40]
)
def test_a_script_that_is_not_run_is_one_that_could_be(where: str, script: str) -> None:
    checked = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False)
    assert checked.stderr == ""
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["mainmode"] and words[1:] != ["--version"]:
            _parser().parse_args(words[1:])
        for word in words[1:]:
            if "/" in word and not word.startswith(("/", "$", "-")) and "=" not in word:
                assert (REPO / word).exists(), f"{where}: {word} is not there"


RUN_HERE = ("make lab", "mainmode --version", "mainmode explain ", "mainmode check ", "mainmode lab ")
RUN_ELSEWHERE = {
    "make test": "this is it",
    "make check": ".ci/run",
    "make golden": "every golden is compared in its test",
    "make docs": "tests/docs/test_build.py",
    "make two-sites": "tests/examples",
    "make strongswan": "tests/examples",
    "examples/two-sites/up": "tests/examples",
    "unshare ": "tests/examples",
    "mount ": "tests/examples",
    "make bench": "tests/bench",
    "make soak": "tests/peers/test_soak.py, three minutes of it",
    "export PATH=": "the tests have their own",
    "/usr/bin/python3 -m venv ": "not on this machine",
    "/opt/mainmode/bin/pip ": "needs a package index: make and .ci/run install the same from the same pins",
    "ln -s /opt/": "not on this machine",
    "install ": "tests/peers/test_service.py",
    "systemd-sysusers": "tests/peers/test_service.py",
    "systemctl ": "tests/peers/test_service.py",
    "mainmode exec ": "tests/docs/test_gateway.py has a gateway to ask",
    "ssh ": "needs a second machine",
}
"""Where a command of a script is run, or why it is not."""


@pytest.mark.parametrize(
    ("where", "line"),
    [(where, line) for where, language, text in BLOCKS if language == "sh" for line in text.splitlines() if line],
    ids=lambda v: v[:60],
)
def test_a_script_s_command_runs_here_or_is_known_to_run_elsewhere(where: str, line: str) -> None:
    command = line.split(" #")[0].strip()
    if not command.startswith(RUN_HERE):
        assert any(command.startswith(known) for known in RUN_ELSEWHERE), f"{where}: who runs `{command}`?"
        return
    done = subprocess.run(
        ["bash", "-c", command], cwd=REPO, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode in (0, 1), done.stderr  # 1: a failure was found and explained
    assert done.stdout


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
