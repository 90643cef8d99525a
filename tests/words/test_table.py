"""The table of wordings: nothing that can happen is missing, and no two rows claim the same line."""

from __future__ import annotations

from typing import get_args

import pytest

from mainmode import events
from mainmode.events import Event
from mainmode.words import WORDINGS, Context, Origin, Tag, Wording, read_event, wording
from mainmode.words.kinds import KINDS
from mainmode.words.template import IGNORED, loose

EVENTS = [
    thing for thing in vars(events).values() if isinstance(thing, type) and issubclass(thing, Event) and thing != Event
]
SAMPLES = [(row, row.template().say(row.sample())) for row in WORDINGS]
rows = pytest.mark.parametrize("row", WORDINGS, ids=lambda row: row.text[:50])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_has_a_wording(event: type[Event]) -> None:
    assert any(row.event is event and not row.heard for row in WORDINGS)


@rows
def test_a_row_reads_its_own_sample(row: Wording) -> None:
    text = row.template().say(row.sample())
    # A row that is only heard says no more than the row it is an older form of.
    assert read_event(text) == row.sample()


@rows
def test_a_row_is_the_wording_of_its_own_sample(row: Wording) -> None:
    chosen = wording(row.sample())
    assert chosen.event is row.event
    assert (chosen is row) is not row.heard


def test_no_two_rows_claim_the_same_line() -> None:
    for row, text in SAMPLES:
        line = " ".join(text.split())
        read = {other.event for other in WORDINGS if other.template().read(line) is not None}
        assert read == {row.event}, text
        values = {other.template().read(line) for other in WORDINGS} - {None}
        # `constructing ke payload` is a row of its own and fits the general row too: the same event either way.
        assert values == {row.sample()}, text


@rows
def test_a_row_names_where_it_comes_from(row: Wording) -> None:
    assert set(row.config) <= set(get_args(Origin))
    assert len(set(row.config)) == len(row.config)
    assert row.config or row.event in (events.StandbyUnit, events.TunnelLimitReached)


@rows
def test_a_syslog_id_has_six_digits_and_a_severity(row: Wording) -> None:
    if row.syslog is None:
        assert row.syslog_id is row.severity is None
        assert row.tag is not Tag.SYSLOG
    else:
        assert row.syslog == f"{row.syslog_id:06}-{row.severity}"
        assert row.severity in range(1, 8)
        assert row.tag is not Tag.IPSEC


def test_ipsec_records_name_neither_group_nor_peer() -> None:
    assert {row.context for row in WORDINGS if row.tag is Tag.IPSEC} == {Context.NONE}


@rows
def test_a_field_that_is_read_and_not_kept_is_never_printed(row: Wording) -> None:
    assert row.heard or all(name != IGNORED for name, _ in row.template().fields)


def test_every_kind_of_field_is_used() -> None:
    used = {id(kind) for row in WORDINGS for _, kind in row.template().fields}
    assert {name for name, kind in KINDS.items() if id(kind) not in used} == set()


def test_every_origin_is_some_rows() -> None:
    assert set(get_args(Origin)) == {origin for row in WORDINGS for origin in row.config}


def test_names_lead_to_the_reference() -> None:
    row = wording(events.MessageDecoded("SENDING", 0, (1,), 84))
    assert row.name == "message-decoded"
    assert row.doc == "docs/reference/events.md#message-decoded"


def test_literal_text_forgives_blanks_around_marks() -> None:
    assert loose("a :  b = c, IPsec\n  d.") == r"a ?: ?b ?= ?c ?, ?IP[Ss]ec d\."
