"""The page on running a gateway, typed line by line on a host that is site a of two, each in a network namespace."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import agrees, environment, shown, text_of
from tests.docs.blocks import printed as printed_by
from tests.paths import REPO
from tests.peers.world import World, require_programs, until

PAGE = REPO / "docs" / "guide" / "gateway.md"
SITES = REPO / "examples" / "two-sites"

pytestmark = [pytest.mark.namespaces]


def test_what_the_page_shows_is_what_a_gateway_prints(tmp_path: Path) -> None:
    require_programs("ip", "tshark")
    examples = shown(text_of(PAGE), PAGE.name)
    assert len(examples) > 10
    world = World(tmp_path)
    try:
        for site in "ab":
            shutil.copy(SITES / f"site-{site}.cfg", tmp_path)
            (tmp_path / f"site-{site}.cfg").chmod(0o400)
        far = environment(MAINMODE_RUN=str(tmp_path / "run-b"))
        b = tmp_path / "b.log"
        world.start("gb", "bash", "-c", f"cd {tmp_path} && exec mainmode run site-b.cfg", log=b, environment=far)
        until(lambda: "is up" in b.read_text(), 20, "the start of site b")
        here = environment(MAINMODE_RUN=str(tmp_path / "run"))
        for number, example in enumerate(examples):
            if example.command.startswith("mainmode run "):
                log = tmp_path / f"{number}.log"
                command = f"cd {tmp_path} && exec {example.command}"
                world.start("ga", "bash", "-c", command, log=log, environment=here)
                until(lambda log=log, output=example.output: agrees(log.read_text(), output), 20, example.command)
                continue
            actual = printed_by(example.command, tmp_path, here, world.command("ga"))
            assert agrees(actual, example.output), f"{example.where}: `{example.command}` now prints\n{actual}"
    finally:
        world.close()
