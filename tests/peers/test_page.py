"""The page of what was run: it can be read back, and it cannot say what no test has shown."""

from __future__ import annotations

from tests.peers.page import PAGE, TABLES, Fact, Shown, disagreements, read, render

LIFE, NAT = "tests/peers/test_life.py", "tests/peers/test_nat.py"
UP = Fact("Phase 1", "3des sha", "5.9.8 initiator", "2")
SHOWN = [
    Shown(UP, LIFE, 1),
    Shown(UP._replace(text="14"), LIFE, 2),
    Shown(UP._replace(column="6.0.1 initiator"), LIFE, 3),
    Shown(UP._replace(row="des md5"), LIFE, 4),
    Shown(Fact("NAT", "we are behind it", "6.0.1 initiator", "✓"), NAT, 5),
]
FACTS = {one.fact: one.module for one in SHOWN}


def test_a_page_reads_back_as_what_it_was_written_from() -> None:
    assert read(render(SHOWN)) == FACTS
    assert "| 3des sha | 2, 14 | 2 |\n| des md5 | 2 | – |\n" in render(reversed(SHOWN))


def test_a_page_agrees_with_the_run_it_was_written_from() -> None:
    assert disagreements(FACTS, SHOWN, {LIFE, NAT}, strict=True) == []


def test_a_row_that_no_test_has_shown_is_a_disagreement_once_its_module_has_run_whole() -> None:
    ran = [one for one in SHOWN if one.fact.row != "des md5"]
    assert disagreements(FACTS, ran, {NAT}, strict=True) == []
    (said,) = disagreements(FACTS, ran, {LIFE}, strict=True)
    assert "no test has shown it: Phase 1, des md5, 5.9.8 initiator, 2" in said


def test_what_passed_and_is_not_in_the_page_is_a_disagreement() -> None:
    page = {fact: module for fact, module in FACTS.items() if module == LIFE}
    (said,) = disagreements(page, SHOWN, set(), strict=False)
    assert "passed, and is not in the page: NAT, we are behind it" in said
    assert len(disagreements({}, SHOWN, set(), strict=False)) == len(SHOWN)


def test_another_release_of_the_peer_is_judged_only_where_everything_is_installed() -> None:
    newer = [Shown(fact._replace(column="5.9.13 initiator"), LIFE, 1) for fact in (UP, UP._replace(text="99"))]
    assert disagreements(FACTS, newer, {LIFE}, strict=False) == []
    assert disagreements(FACTS, newer, {LIFE}, strict=True)


def test_the_committed_page_is_one_that_we_write() -> None:
    facts = read(PAGE.read_text())
    assert {fact.table for fact in facts} == set(TABLES)
    assert {fact.column.split()[0] for fact in facts} >= {"5.9.8", "6.0.1", "ike-scan"}
