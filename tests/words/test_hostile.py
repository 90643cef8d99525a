"""Text that nobody should have to read: `read` never raises, and takes a time that the length bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.events import Entry
from mainmode.words import WORDINGS, Dialect, Wording, read, read_event, speak
from mainmode.words.reading import LONGEST
from mainmode.words.template import IGNORED, Kind
from tests.words.strategies import entries

SPOKEN = [row for row in WORDINGS if not row.heard]


def seconds(lines: list[str]) -> float:
    start = time.process_time()
    for line in lines:
        read(line)
    return time.process_time() - start


@given(st.text(max_size=300))
def test_any_text_is_read_or_not(text: str) -> None:
    read(text)
    read("[IKEv1]: " + text)
    read("%ASA-7-713906: Group = " + text)


@given(data=st.data())
def test_a_line_cut_and_patched_anywhere_is_read_or_not(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(SPOKEN))
    line = speak(data.draw(entries(row)), data.draw(st.sampled_from(list(Dialect))))
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    read(line[:start] + data.draw(st.text(max_size=20)) + line[end:])


@pytest.mark.parametrize("size", [1_000, LONGEST + 1, 100_000, 10_000_000])
def test_digits_without_end_are_no_number(size: int) -> None:
    assert read("[IKEv1]: Error processing payload: Payload ID: " + "9" * size) is None


@pytest.mark.parametrize("row", WORDINGS, ids=lambda row: row.text[:50])
def test_a_wording_repeated_without_end_costs_little(row: Wording) -> None:
    """The text of each row, each of its fields and each of its literals over and over, up to the longest statement."""
    sample = row.template().say(row.sample())
    start = row.template().literal_start()
    pieces = {sample, " ", "a ", "a", "0", ", ", "-->", "A, B-->", *(kind.show(kind.sample) for _, kind in fields(row))}
    pieces |= {text + " " for text in sample.split()}
    lines = [(start + piece * (LONGEST // len(piece)))[:LONGEST] for piece in sorted(pieces)]
    # A millisecond a line would be much; hundreds would be a way to stall the explainer.
    assert seconds(lines) < 0.02 * len(lines)


def fields(row: Wording) -> list[tuple[str, Kind]]:
    return [(name, kind) for name, kind in row.template().fields if name != IGNORED]


@pytest.mark.parametrize(
    "piece", ["x", " ", "Group = ", "IP = 1.1.1.1, ", "%ASA-7-713906: ", "Jan 01 00:00:00 ", "[IKEv1]"]
)
def test_a_hundred_kilobytes_are_refused_at_once(piece: str) -> None:
    assert seconds(["[IKEv1]: " + piece * (100_000 // len(piece))] * 100) < 0.5


def test_ten_thousand_lines_are_read_in_a_second() -> None:
    """200,000 lines in 20 s is the least that is asked for; this is twice as fast, on a busy machine."""
    lines = [speak(entry, dialect) for entry in samples() for dialect in Dialect]
    lines = (lines * (10_000 // len(lines) + 1))[:10_000]
    assert all(read(line) for line in lines[:700])
    assert seconds(lines) < 1.0


def samples() -> list[Entry]:
    return [Entry(row.sample()) for row in SPOKEN]


def test_a_text_without_context_is_read_as_well() -> None:
    assert read_event("x" * (LONGEST + 1)) is None
    assert read_event(" PHASE 1\n COMPLETED ") == read("PHASE 1 COMPLETED").event  # type: ignore[union-attr]
