"""Which logs are two ends of one negotiation, as the page shows it: through the command line, from files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mainmode.cli import main
from mainmode.events import Entry
from mainmode.lab.run import run as run_lab
from mainmode.words import speak
from tests.explain.logs import document, lab, site
from tests.paths import REPO

OTHER_GROUP = (("group 2", "group 5"),)
"""Both ends stop at MM1, where nothing has a number yet."""


def logged(folder: Path, name: str, entries: Sequence[Entry], *edits: tuple[str, str], day: str = "") -> str:
    """What a box said, as a file; `day` puts a date before each line."""
    text = "".join(f"{day}{speak(entry)}\n" for entry in entries)
    for old, new in edits:
        text = text.replace(old, new)
    file = folder / name
    file.write_text(text)
    return str(file)


def page(folder: Path, *arguments: str) -> str:
    output = folder / "report.html"
    main(["explain", *arguments, "--lang", "en", "--format", "html", "--output", str(output)])
    return output.read_text(encoding="utf-8")


def shapes(written: str) -> list[str]:
    """Of each section: whether it has one column of debug lines, at which side, or both."""
    found = []
    for section in written.split('<details class="negotiation"')[1:]:
        heads = re.search(r'<div class="rung heads ([a-z-]*)"', section)
        assert heads
        found.append(heads[1] or "both")
    return found


def test_two_runs_pasted_into_one_file_are_two_sections(tmp_path: Path) -> None:
    both = logged(tmp_path, "both.log", [*document("initiator"), *document("responder")])
    assert shapes(page(tmp_path, both)) == ["one-left", "one-right"]


def test_two_files_of_one_box_are_two_sections(tmp_path: Path) -> None:
    files = [logged(tmp_path, f"{role}.log", document(role)) for role in ("initiator", "responder")]
    assert shapes(page(tmp_path, *files)) == ["one-left", "one-right"]


def test_one_file_given_twice_is_not_two_ends(tmp_path: Path) -> None:
    file = logged(tmp_path, "a.log", document("initiator"))
    assert shapes(page(tmp_path, file, file)) == ["one-left", "one-left"]


def refused() -> tuple[Sequence[Entry], Sequence[Entry]]:
    """What site a says when it begins and is refused at MM1, and what it says when the peer begins and it refuses."""
    mine, theirs = site("a"), site("b", *OTHER_GROUP)
    return run_lab(mine, theirs).sites[0].entries, run_lab(mine, theirs, initiator="b").sites[0].entries


def test_both_ends_of_a_negotiation_without_any_number_are_one_section(tmp_path: Path) -> None:
    result = lab(site("a"), site("b", *OTHER_GROUP))
    files = [logged(tmp_path, f"{one.hostname}.log", one.entries) for one in result.sites]
    assert shapes(page(tmp_path, *files)) == ["both"]
    # Nor does a date that is the same, or a few hours apart for the zone, or a configuration of either part them.
    files = [
        logged(tmp_path, f"{one.hostname}.log", one.entries, day=f"Nov 30 {hour}:38:29 ")
        for one, hour in zip(result.sites, ("10", "19"), strict=True)
    ]
    configuration = str(REPO / "examples" / "two-sites" / "site-a.cfg")
    assert shapes(page(tmp_path, *files, "--config", configuration)) == ["both"]


def test_two_failures_of_one_box_with_one_peer_are_two_sections(tmp_path: Path) -> None:
    files = [logged(tmp_path, f"{number}.log", entries) for number, entries in enumerate(refused())]
    assert shapes(page(tmp_path, *files)) == ["one-left", "one-right"]


OTHER_PEER = ("10.0.0.2", "10.0.0.9")


def with_a_third(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Two failures of one box with two peers, and each time something that tells that it is one box."""
    first, second = refused()
    began, answered = logged(folder, "0.log", first), logged(folder, "1.log", second, OTHER_PEER)
    configuration = folder / "site-a.cfg"
    written = (REPO / "examples" / "two-sites" / "site-a.cfg").read_text()
    peer = "crypto map MAP 10 set peer 10.0.0.2\n"
    assert peer in written
    configuration.write_text(written.replace(peer, f"{peer[:-1]} 10.0.0.9\n"))
    yield "a configuration has both peers", [began, answered, "--config", str(configuration)]
    dated = [
        logged(folder, "2.log", first, day="Nov 30 10:38:29 "),
        logged(folder, "3.log", second, OTHER_PEER, day="Dec 03 10:38:29 "),
    ]
    yield "the days are others", dated
    more = Path(began).read_text() + Path(answered).read_text()
    (folder / "4.log").write_text(more)
    yield "it speaks with the other's peer, too", [str(folder / "4.log"), answered]


@pytest.mark.parametrize("number", range(3))
def test_two_failures_of_one_box_with_two_peers_are_not_paired(tmp_path: Path, number: int) -> None:
    what, arguments = list(with_a_third(tmp_path))[number]
    assert "both" not in shapes(page(tmp_path, *arguments)), what


def test_each_negotiation_is_a_section_of_its_peer_and_each_quick_mode_of_its_message_id(tmp_path: Path) -> None:
    result = run_lab(site("a"), site("b"), seconds=8000)
    one = logged(tmp_path, "a.log", result.sites[0].entries)
    other = logged(tmp_path, "c.log", result.sites[0].entries, OTHER_PEER)
    (tmp_path / "all.log").write_text(Path(one).read_text() + Path(other).read_text())
    written = page(tmp_path, str(tmp_path / "all.log"))
    sections = written.split('<details class="negotiation"')[1:]
    assert [re.findall(r"<h2>(.*?)</h2>", section)[0].rpartition(" ")[2] for section in sections] == [
        "10.0.0.2",
        "10.0.0.9",
    ]
    ids = {entry.event.message_id for entry in result.sites[0].entries if hasattr(entry.event, "ordinal")}
    assert len(ids) > 2
    for number, section in enumerate(sections):
        assert set(re.findall(r"Quick mode ([0-9a-f]{8})", section)) == {f"{one:08x}" for one in ids}
        for message_id in ids:
            for name in ("QM1", "QM2", "QM3"):
                assert f'id="n{number}-{name}-{message_id:08x}"' in section
