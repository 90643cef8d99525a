"""Real outputs from public pages, damage included, and what must be found in each. Where the page states a cause, that
is what is expected; where it states none, what its lines say; and nothing where there is nothing wrong."""

from __future__ import annotations

import html
from functools import cache

import pytest

from mainmode.explain import ladder, paste, shown
from mainmode.explain.diagnose import diagnose
from mainmode.explain.diagnosis import Diagnosis
from mainmode.explain.ladder import Ladder
from tests.field.expected import EXPECTED, UP
from tests.paths import SHARED, require

CORPUS = SHARED / "corpus"
SEED = SHARED / "seed"
require(CORPUS.is_dir(), "the collection of real outputs is not there")


@cache
def explained(path: str) -> tuple[list[Diagnosis], Ladder]:
    """The failures that are found in one output, and its negotiations."""
    source = paste.read_source(paste.decoded([(CORPUS / path).read_bytes()]), path)
    laid = ladder.build(source.entries)
    found = diagnose([source.entries], ladders=[laid], shown=shown.read(source.shown))
    return [one for one in found if one.failure], laid


def test_every_real_output_has_its_expectation() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.suffix in (".log", ".show")} == set(EXPECTED)


@pytest.mark.parametrize("path", sorted(EXPECTED))
def test_a_real_output_is_explained(path: str) -> None:
    found, laid = explained(path)
    assert [one.rule for one in found] == list(EXPECTED[path].rules)
    assert tuple(negotiation.outcome for negotiation in laid.negotiations) == EXPECTED[path].outcomes


@pytest.mark.parametrize("path", sorted(path for path, expected in EXPECTED.items() if expected.open))
def test_what_the_lines_do_not_tell_is_not_certain(path: str) -> None:
    assert "certain" not in [one.certainty for one in explained(path)[0]]


def test_a_tunnel_that_came_up_accuses_nobody() -> None:
    up = [path for path, expected in EXPECTED.items() if expected.outcomes == UP]
    assert len(up) >= 7
    assert [path for path in up if explained(path)[0]] == []


def test_the_whole_log_of_a_firewall_gives_what_its_excerpts_give() -> None:
    whole = {one.rule for one in explained("021-metron-asa_raw-full.log")[0]}
    excerpts = [path for path in EXPECTED if "-metron-" in path and path[:3] != "021"]
    assert {one.rule for path in excerpts for one in explained(path)[0]} <= whole


def test_an_evidence_line_is_the_line_of_the_file() -> None:
    for path in sorted(EXPECTED):
        lines = (CORPUS / path).read_text().splitlines()
        for one in (evidence for found in explained(path)[0] for evidence in found.evidence):
            assert one.text.strip() in html.unescape(lines[one.line - 1])


@pytest.mark.parametrize("name", ["initiator.debug", "responder.debug", "tech-note.ja.txt"])
def test_the_document_s_tunnels_came_up_and_nobody_is_accused(name: str) -> None:
    source = paste.read_source(paste.decoded([(SEED / name).read_bytes()]), name)
    assert not [one.rule for one in diagnose([source.entries]) if one.failure]
