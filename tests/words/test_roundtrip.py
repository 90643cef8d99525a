"""`read(speak(entry))` is the entry again, for every wording, every value of its fields and every dialect."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainmode.events import Entry
from mainmode.words import WORDINGS, Context, Dialect, Wording, read, speak, timestamp, wording
from mainmode.words.kinds import KINDS
from tests.words.strategies import CHOICES, VALUES, entries

SPOKEN = [row for row in WORDINGS if not row.heard]


def shown(entry: Entry, context: Context) -> Entry:
    """What of an entry its line shows."""
    if context is Context.NONE:
        return replace(entry, peer=None, group=None, user=None)
    if context is Context.PEER:
        return replace(entry, group=None, user=None)
    return entry


@pytest.mark.parametrize("row", SPOKEN, ids=lambda row: row.text[:50])
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_spoken_is_read_back(row: Wording, data: st.DataObject) -> None:
    entry = data.draw(entries(row))
    # Generated values may suit another wording of the same event better: a host for a subnet.
    context = wording(entry.event).context
    for dialect in Dialect:
        assert read(speak(entry, dialect)) == shown(replace(entry, at=None), context)
        assert read(speak(entry, dialect, timestamp)) == shown(entry, context)


def test_every_kind_of_field_has_values_to_try() -> None:
    assert set(VALUES) == set(KINDS)


@pytest.mark.parametrize("kind", CHOICES)
def test_every_choice_is_tried(kind: str) -> None:
    assert KINDS[kind].pattern.count("|") + 1 == len(CHOICES[kind])
