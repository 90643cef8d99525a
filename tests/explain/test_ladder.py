"""The ladder of the document's runs, of runs in the lab, of logs that are cut, mixed or thin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode import events as ev
from mainmode import steps
from mainmode.events import Entry
from mainmode.explain import ladder
from mainmode.words import read
from tests import golden
from tests.explain.logs import GOLDEN, PEER, document, lab, site
from tests.paths import SHARED, require

ALL = ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
SENT = {"initiator": {"MM1", "MM3", "MM5", "QM1", "QM3"}, "responder": {"MM2", "MM4", "MM6", "QM2"}}


def only(entries: Sequence[Entry]) -> ladder.Negotiation:
    (found,) = ladder.build(entries).negotiations
    return found


def names(found: ladder.Negotiation) -> list[str]:
    return [rung.name for rung in found.messages]


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_a_run_of_the_document_is_one_negotiation_of_nine_messages(role: str) -> None:
    found = only(document(role))
    assert (found.peer, found.group, found.role, found.outcome) == (PEER, "10.0.0.2", role, "established")
    assert (found.reached, found.expected) == ("QM3", None)
    assert found.phase1 == ladder.Phase1("established", "MM_ACTIVE")
    assert names(found) == ALL
    assert {rung.name for rung in found.messages if rung.direction == "sent"} == SENT[role]


def test_the_quick_mode_of_the_document_has_its_traffic_and_its_spis() -> None:
    (quick,) = only(document("initiator")).phase2
    assert (quick.message_id, quick.role, quick.outcome) == (0x7B80C2B0, "initiator", "established")
    assert quick.local == ev.ProxyId(IPv4Address("192.168.1.0"), IPv4Address("255.255.255.0"), 1)
    assert quick.remote == ev.ProxyId(IPv4Address("192.168.2.0"), IPv4Address("255.255.255.0"), 1)
    assert (quick.inbound_spi, quick.outbound_spi) == (0xFD2D851F, 0xDDE50931)


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_every_line_of_the_document_stands_at_its_message(role: str) -> None:
    entries = document(role)
    laid = ladder.build(entries)
    assert all(place.negotiation == 0 and place.stage in ALL for place in laid.places)
    listing = [f"{place.stage} {type(e.event).__name__}" for place, e in zip(laid.places, entries, strict=True)]
    golden.compare("\n".join(listing) + "\n", GOLDEN / f"{role}.stages.txt")


@pytest.mark.parametrize("roles", [("initiator", "responder"), ("responder", "initiator")])
def test_the_documents_two_runs_in_one_paste_are_two_negotiations(roles: tuple[str, str]) -> None:
    first, second = document(roles[0]), document(roles[1])
    laid = ladder.build([*first, *second])
    assert len(laid.negotiations) == 2
    assert laid.places[: len(first)] == ladder.build(first).places
    alone = ladder.build(second)
    assert [(place.stage, place.message_id) for place in laid.places[len(first) :]] == [
        (place.stage, place.message_id) for place in alone.places
    ]
    assert [rung.name for rung in laid.negotiations[1].messages] == ALL
    assert laid.negotiations[1].phase2 == alone.negotiations[0].phase2


def test_a_run_pasted_twice_is_two_negotiations() -> None:
    laid = ladder.build([*document("initiator"), *document("initiator")])
    assert [(names(found), found.outcome) for found in laid.negotiations] == [(ALL, "established")] * 2


@given(st.lists(st.booleans(), min_size=245, max_size=245))
def test_two_peers_mixed_line_by_line_come_apart_again(turns: list[bool]) -> None:
    other = IPv4Address("198.51.100.7")
    mine = [entry for entry in document("initiator") if not isinstance(entry.event, ladder._FORWARD)]
    theirs = [replace(entry, peer=other) if entry.peer else entry for entry in document("responder")]
    waiting = {True: list(mine), False: list(theirs)}
    mixed = []
    for turn in turns:
        queue = waiting[turn] or waiting[not turn]
        if queue:
            mixed.append(queue.pop(0))
    mixed += waiting[True] + waiting[False]
    laid = ladder.build(mixed)
    assert {found.peer: (found.role, names(found), found.outcome) for found in laid.negotiations} == {
        PEER: ("initiator", ALL, "established"),
        other: ("responder", ALL, "established"),
    }
    # What names no peer names an SPI, and goes where that belongs.
    assert {found.peer: len(found.lines) for found in laid.negotiations} == {PEER: len(mine), other: len(theirs)}


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_a_log_cut_short_gets_as_far_as_it_says(role: str) -> None:
    entries = document(role)
    for end in range(1, len(entries)):
        laid = ladder.build(entries[:end])
        for found in laid.negotiations:
            assert names(found) == ALL[: len(found.messages)]
            if end < len(entries) - 30:
                assert found.outcome == "incomplete"
            if found.expected is not None and found.messages:
                assert found.expected[0] == ALL[ALL.index(found.messages[-1].name) + 1]


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_a_log_without_its_beginning_still_names_what_is_left(role: str) -> None:
    entries = document(role)
    whole = only(entries)
    for begin in range(1, len(entries) - 1):
        found = only(entries[begin:])
        left = [rung.name for rung in whole.messages if rung.entry >= begin]
        assert names(found) == left
        assert found.outcome == "established"


def test_a_repeated_message_is_one_rung_with_its_repetitions() -> None:
    result = lab(None, None, "drop:MM1:2")
    at_a, at_b = (only(one.entries) for one in result.sites)
    assert names(at_a) == names(at_b) == ALL
    repeated = at_a.messages[0]
    assert [result.sites[0].entries[index].at for index in repeated.retransmissions] == [8.0, 16.0]
    assert at_b.messages[0].retransmissions == ()


def test_the_peers_repetition_is_counted_at_the_message_it_repeats() -> None:
    result = lab(None, None, "drop:MM4")
    at_b = only(result.sites[1].entries)
    assert names(at_b) == ALL
    assert len(at_b.messages[2].retransmissions) == 1


@pytest.mark.parametrize(
    ("fault", "initiator", "responder"),
    [
        ("drop:MM1:all", ("MM1", ("MM2", "received"), "MM_WAIT_MSG2"), None),
        ("drop:MM2:all", ("MM1", ("MM2", "received"), "MM_WAIT_MSG2"), ("MM2", ("MM3", "received"), "MM_WAIT_MSG3")),
        ("drop:MM3:all", ("MM3", ("MM4", "received"), "MM_WAIT_MSG4"), ("MM2", ("MM3", "received"), "MM_WAIT_MSG3")),
        ("drop:MM4:all", ("MM3", ("MM4", "received"), "MM_WAIT_MSG4"), ("MM4", ("MM5", "received"), "MM_WAIT_MSG5")),
        ("drop:MM5:all", ("MM5", ("MM6", "received"), "MM_WAIT_MSG6"), ("MM4", ("MM5", "received"), "MM_WAIT_MSG5")),
    ],
)
def test_a_lost_message_leaves_each_side_in_its_state(
    fault: str,
    initiator: tuple[str, tuple[str, str], str],
    responder: tuple[str, tuple[str, str], str] | None,
) -> None:
    result = lab(None, None, fault)
    for one, expected in zip(result.sites, (initiator, responder), strict=True):
        laid = ladder.build(one.entries)
        if expected is None:
            assert not laid.negotiations
            continue
        (found,) = laid.negotiations
        assert (found.reached, found.expected, found.phase1.state) == expected
        assert (found.outcome, found.phase1.outcome) == ("failed", "failed")
        assert found.phase2 == ()


def test_a_refused_quick_mode_fails_under_a_phase_1_that_stands() -> None:
    result = lab(None, site("b", ("esp-aes ", "esp-3des ")))
    for one in result.sites:
        found = ladder.build(one.entries).negotiations[0]
        assert (found.outcome, found.phase1.outcome) == ("failed", "established")
        assert [quick.outcome for quick in found.phase2] == ["failed"]
        assert found.reached == "QM1"


def test_a_refused_proposal_fails_at_the_first_message() -> None:
    result = lab(None, site("b", (" encryption 3des", " encryption aes")))
    at_b = ladder.build(result.sites[1].entries).negotiations[0]
    assert (at_b.role, at_b.outcome, at_b.reached, at_b.expected) == ("responder", "failed", "MM1", ("MM2", "sent"))


def test_what_is_encrypted_with_other_keys_fails_at_message_five() -> None:
    result = lab(None, site("b", ("pre-shared-key cisco", "pre-shared-key other")))
    at_a, at_b = (ladder.build(one.entries).negotiations[0] for one in result.sites)
    assert (at_a.reached, at_a.phase1.state, at_a.outcome) == ("MM5", "MM_WAIT_MSG6", "failed")
    assert (at_b.phase1.state, at_b.outcome) == ("MM_WAIT_MSG5", "failed")


def test_a_syslog_without_decodes_still_has_a_role_a_stage_and_an_outcome() -> None:
    require(SHARED.is_dir(), "real logs lie in the shared material")
    lines = (SHARED / "corpus" / "004-aws-initiates-proxyid-0000.log").read_text().splitlines()
    entries = [entry for line in lines if (entry := read(line))]
    laid = ladder.build(entries)
    (found,) = laid.negotiations
    assert (found.role, found.outcome, found.reached, found.messages) == ("responder", "failed", "QM1", ())
    assert found.phase1.outcome == "established"
    (quick,) = found.phase2
    assert (quick.message_id, quick.outcome) == (0x2C44BAEC, "failed")
    assert quick.local == ev.ProxyId(IPv4Address("0.0.0.0"), IPv4Address("0.0.0.0"))
    assert [place.stage for place in laid.places][:3] == ["MM6", "QM1", "QM1"]


def at(event: ev.Event, seconds: float, peer: IPv4Address = PEER) -> Entry:
    return Entry(event, peer, str(peer), seconds)


def message(direction: str, *payloads: int, message_id: int = 0, length: int = 100) -> ev.MessageDecoded:
    return ev.MessageDecoded(direction, message_id, payloads, length)  # type: ignore[arg-type]


def test_two_quick_modes_under_one_phase_1_keep_their_lines_apart() -> None:
    proxy = [ev.ProxyId(IPv4Address(f"192.168.{n}.0"), IPv4Address("255.255.255.0"), 1) for n in range(4)]
    entries = [
        at(ev.Phase1Completed(), 0),
        at(ev.QuickModeStarting("initiator", 1), 0),
        at(ev.ProxyIdsTransmitted("initiator", proxy[0], proxy[1]), 0),
        at(message("SENDING", 8, 1, 10, 5, 5, message_id=1), 0),
        at(ev.QuickModeStarting("initiator", 2), 0),
        at(ev.ProxyIdsTransmitted("initiator", proxy[0], proxy[2]), 0),
        at(message("SENDING", 8, 1, 10, 5, 5, message_id=2), 0),
        at(message("RECEIVED", 8, 1, 10, 5, 5, message_id=2), 1),
        at(ev.IpsecSasLoading(), 1),
        at(message("SENDING", 8, message_id=2), 1),
        at(ev.Phase2Completed(2), 1),
        at(message("RESENDING", 8, 1, 10, 5, 5, message_id=1), 8),
    ]
    laid = ladder.build(entries)
    (found,) = laid.negotiations
    assert [(quick.message_id, quick.outcome, quick.remote) for quick in found.phase2] == [
        (1, "incomplete", proxy[1]),
        (2, "established", proxy[2]),
    ]
    assert names(found) == ["QM1", "QM1", "QM2", "QM3"]
    assert found.messages[0].retransmissions == (11,)
    assert [place.message_id for place in laid.places[8:11]] == [2, 2, 2]
    assert found.expected == ("QM2", "received")


def test_a_renewed_phase_1_is_a_negotiation_of_its_own_and_the_old_one_goes_on_meanwhile() -> None:
    dpd = message("SENDING", 8, 11, message_id=0xD0D, length=84)
    entries = [
        *document("initiator"),
        at(ev.NegotiationStarted("Rekeying Phase 1", "outside", PEER, None, None, None), 900),
        at(message("SENDING", 1, 13), 900),
        at(ev.KeepaliveSent("R-U-THERE", 7), 901),
        at(dpd, 901),
        at(message("RECEIVED", 1, 13), 902),
    ]
    laid = ladder.build(entries)
    assert [names(found)[-2:] for found in laid.negotiations] == [["QM3", "INFO"], ["MM1", "MM2"]]
    assert laid.negotiations[0].messages[-1].note == "DPD R-U-THERE"
    assert laid.negotiations[1].outcome == "incomplete"


def test_both_ends_beginning_at_once_are_two_negotiations() -> None:
    entries = [
        at(ev.NegotiationStarted("New Phase 1", "inside", PEER, None, None, "MAP"), 0),
        at(ev.PayloadBuilt("ISAKMP SA"), 0),
        at(message("SENDING", 1, 13), 0),
        at(message("RECEIVED", 1, 13, length=168), 0),  # the peer's own first message
        at(ev.PayloadProcessed("SA"), 0),
        at(ev.PayloadProcessed("IKE SA"), 0),
        at(ev.PayloadBuilt("ISAKMP SA"), 0),
        at(message("SENDING", 1, 13, length=128), 0),
        at(message("RECEIVED", 1, 13, length=128), 0),  # the answer to ours
        at(ev.PayloadProcessed("SA"), 0),
        at(message("SENDING", 4, 10), 0),
        at(message("RECEIVED", 4, 10, length=200), 0),
        at(message("RECEIVED", 4, 10, length=201), 0),
    ]
    laid = ladder.build(entries)
    assert [(found.role, names(found)) for found in laid.negotiations] == [
        ("initiator", ["MM1", "MM2", "MM3", "MM4"]),
        ("responder", ["MM1", "MM2", "MM3"]),
    ]
    assert [place.stage for place in laid.places[4:7]] == ["MM1", "MM1", "MM2"]


def test_aggressive_mode_is_told_from_main_mode() -> None:
    entries = [at(message("RECEIVED", 1, 4, 10, 5, 13), 0), at(ev.PayloadProcessed("SA"), 0)]
    found = only(entries)
    assert (names(found), found.role, found.reached) == (["AM1"], "responder", "AM1")


def test_a_lookup_that_finds_no_entry_belongs_to_no_peer() -> None:
    lookup = ev.CryptoMapLookup(1, IPv4Address("10.1.1.1"), 1, IPv4Address("10.2.2.2"), 1)
    laid = ladder.build([Entry(lookup), Entry(ev.CryptoMapNotMatched())])
    assert laid == ladder.Ladder((), (ladder.Place(), ladder.Place()))


POOL = st.deferred(lambda: st.sampled_from([*document("initiator"), *document("responder")]))
PEERS = st.sampled_from([None, PEER, IPv4Address("198.51.100.7")])


@given(st.lists(st.tuples(POOL, PEERS, st.none() | st.floats(0, 1e6)), max_size=60))
def test_any_lines_in_any_order_make_a_ladder_in_which_each_has_one_place(
    drawn: list[tuple[Entry, IPv4Address | None, float | None]],
) -> None:
    entries = [replace(entry, peer=peer, at=seconds) for entry, peer, seconds in drawn]
    laid = ladder.build(entries)
    assert len(laid.places) == len(entries)
    for number, found in enumerate(laid.negotiations):
        assert list(found.lines) == [i for i, place in enumerate(laid.places) if place.negotiation == number]
        assert found.reached is None or found.reached in steps.MESSAGES or found.reached.startswith("AM")
        told = [index for rung in found.messages for index in (rung.entry, *rung.retransmissions)]
        assert len(told) == len(set(told))
    decoded = {i for i, entry in enumerate(entries) if isinstance(entry.event, ev.MessageDecoded)}
    rungs = {
        index for found in laid.negotiations for rung in found.messages for index in (rung.entry, *rung.retransmissions)
    }
    owned = {index for found in laid.negotiations for index in found.lines}
    assert decoded & owned <= rungs
