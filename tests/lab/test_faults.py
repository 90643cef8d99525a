"""What the lab's wire does to packets, and that the gateways live with it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainmode.events import DuplicatePacket, EspAuthenticationFailed, EspReplayed, MessageDecoded, RetransmitDispatched
from mainmode.ike.sa import Endpoint
from mainmode.lab.faults import ACTIONS, DELAY, ESP, TARGETS, UDP, Classifier, Fault, Packet
from mainmode.lab.run import LabResult, run
from mainmode.steps import MESSAGES
from tests.lab.pairs import OUTSIDE, site

A, B = Endpoint(OUTSIDE["a"], 500), Endpoint(OUTSIDE["b"], 500)
SITES = site("a"), site("b")
INITIATORS = [message for message in MESSAGES if message in ("MM1", "MM3", "MM5", "QM1", "QM3")]


def with_fault(*texts: str, seed: int = 0) -> LabResult:
    return run(*SITES, faults=[Fault.parse(text) for text in texts], seed=seed)


def all_delivered(result: LabResult) -> bool:
    return result.established and result.delivered == {"a_to_b": 4, "b_to_a": 4}


# --- the words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("what", TARGETS)
@pytest.mark.parametrize("count", ["", ":1", ":3", ":all"])
def test_every_fault_that_can_be_named_is_understood(action: str, what: str, count: str) -> None:
    fault = Fault.parse(f"{action}:{what}{count}")
    assert (fault.action, fault.what) == (action, what)
    assert fault.count == {"": 1, ":1": 1, ":3": 3, ":all": None}[count]
    assert Fault.parse(str(fault)) == fault


def test_case_does_not_matter_for_messages() -> None:
    assert Fault.parse("drop:mm1") == Fault.parse("drop:MM1")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no action ''"),
        ("lose:MM1", "no action 'lose'"),
        ("drop", "nothing is called ''"),
        ("drop:MM7", "nothing is called 'MM7'"),
        ("drop:MM1:0", "'0' is no count"),
        ("drop:MM1:-1", "'-1' is no count"),
        ("drop:MM1:many", "'many' is no count"),
        ("drop:MM1:1:2", "'1:2' is no count"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_would_be_one(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="^" + complaint):
        Fault.parse(text)


def test_every_action_has_its_sentence() -> None:
    assert set(ACTIONS) == {"drop", "duplicate", "delay", "reorder", "corrupt"}
    assert all(action.help for action in ACTIONS.values())


# --- which message it is ------------------------------------------------------------------------------------------


def test_each_message_is_known_from_outside_whoever_begins() -> None:
    for initiator in ("a", "b"):
        wire = run(*SITES, initiator=initiator).wire
        assert [transit.name for transit in wire] == [*MESSAGES, *["esp"] * 8]
        senders = {transit.name: transit.sender for transit in wire if transit.name != "esp"}
        assert {name for name, sender in senders.items() if sender == initiator} == set(INITIATORS)


def test_a_repeated_message_keeps_its_name() -> None:
    for message in MESSAGES:
        wire = with_fault(f"drop:{message}").wire
        again = [transit for transit in wire if transit.name == message]
        assert len(again) >= 2
        assert again[0].packet == again[1].packet


@given(st.binary(max_size=80), st.sampled_from([UDP, ESP]), st.sampled_from([500, 4500]))
@settings(max_examples=200)
def test_anything_can_be_on_the_wire(payload: bytes, protocol: int, port: int) -> None:
    packet = Packet(protocol, A._replace(port=port), B._replace(port=port), payload)
    assert Classifier().name(packet) in (*MESSAGES, "info", "esp", "other")


# --- what becomes of the negotiation ------------------------------------------------------------------------------


@pytest.mark.parametrize("message", MESSAGES)
def test_a_lost_message_costs_one_repetition(message: str) -> None:
    result = with_fault(f"drop:{message}")
    assert all_delivered(result)
    assert 8.0 < result.seconds < 9.0
    assert next(transit.fate for transit in result.wire if transit.name == message) == "dropped"


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_lost_three_times_still_arrives(message: str) -> None:
    assert all_delivered(with_fault(f"drop:{message}:3"))


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_never_arrives_ends_the_negotiation(message: str) -> None:
    result = with_fault(f"drop:{message}:all")
    # QM3 lost: the initiator has its SAs, and nobody answers through them.
    assert not result.established
    assert result.delivered["b_to_a"] == 0
    assert 32.0 <= result.seconds < 70.0


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_arrives_twice_is_answered_with_the_same_octets_or_not_at_all(message: str) -> None:
    result = with_fault(f"duplicate:{message}")
    assert all_delivered(result)
    assert len({transit.packet.payload for transit in result.wire if transit.name in MESSAGES}) == len(MESSAGES)
    receiver = result.sites[1 if message in INITIATORS else 0]
    assert any(isinstance(entry.event, DuplicatePacket) for entry in receiver.entries)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_arrives_late_is_overtaken_by_its_repetition(message: str) -> None:
    result = with_fault(f"delay:{message}")
    assert all_delivered(result)
    assert DELAY < result.seconds < DELAY + 9.0


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_out_of_order_does_no_harm(message: str) -> None:
    assert all_delivered(with_fault(f"reorder:{message}"))


@pytest.mark.parametrize("message", ["MM1", "MM2", "MM5", "MM6", "QM1", "QM2", "QM3"])
def test_a_message_that_is_wrong_on_arrival_is_mended_by_its_repetition(message: str) -> None:
    assert all_delivered(with_fault(f"corrupt:{message}"))


@pytest.mark.parametrize("message", ["MM3", "MM4"])
def test_a_public_value_that_is_wrong_on_arrival_looks_like_another_pre_shared_key(message: str) -> None:
    # Nothing in main mode proves MM3 or MM4 on arrival (RFC 2409 §5): the two ends have different keys and find out
    # at MM5. UDP's checksum is what keeps this from happening by chance.
    result = with_fault(f"corrupt:{message}")
    assert not result.established
    assert {transit.name for transit in result.wire} >= {"MM5"}
    assert "MM6" not in {transit.name for transit in result.wire}


def test_lost_data_is_missed_and_nothing_else() -> None:
    result = with_fault("drop:esp:2")
    assert result.established
    assert result.delivered == {"a_to_b": 2, "b_to_a": 2}


def test_data_that_arrives_twice_is_delivered_once() -> None:
    result = with_fault("duplicate:esp:all")
    assert all_delivered(result)
    replayed = [[entry for entry in one.entries if isinstance(entry.event, EspReplayed)] for one in result.sites]
    assert [len(entries) for entries in replayed] == [4, 4]


def test_data_out_of_order_is_inside_the_window() -> None:
    result = with_fault("reorder:esp")
    assert all_delivered(result)
    late = next(transit for transit in result.wire if transit.fate == "reordered")
    assert late.name == "esp"


def test_data_that_is_wrong_on_arrival_is_dropped() -> None:
    result = with_fault("corrupt:esp")
    assert result.delivered == {"a_to_b": 3, "b_to_a": 3}
    assert any(isinstance(entry.event, EspAuthenticationFailed) for entry in result.sites[1].entries)


@pytest.mark.parametrize("what", ["any", "info", "udp4500"])
def test_groups_of_packets_can_be_lost(what: str) -> None:
    result = with_fault(f"drop:{what}:all")
    # Between these two sites nothing but `any` is on the way in a good negotiation.
    assert result.established == (what != "any")


def test_faults_come_one_after_another() -> None:
    result = with_fault("drop:MM1", "drop:MM2", "drop:QM3", "duplicate:MM4")
    assert all_delivered(result)
    # MM1 lost: 8 s; MM2 lost: another 8 s until either side repeats; QM3 lost: 8 s.
    assert 24.0 <= result.seconds < 25.0


def test_repetitions_are_the_same_octets_and_are_said_as_such() -> None:
    result = with_fault("drop:MM2")
    repeated = [entry.event for entry in result.sites[0].entries if isinstance(entry.event, MessageDecoded)]
    assert [event.direction for event in repeated][:2] == ["SENDING", "RESENDING"]
    assert any(isinstance(entry.event, RetransmitDispatched) for entry in result.sites[1].entries)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(ACTIONS)), st.sampled_from(TARGETS), st.sampled_from(["1", "2", "5", "all"])),
        max_size=4,
    ),
    st.integers(0, 2**32),
)
@settings(max_examples=60)
def test_whatever_goes_wrong_the_lab_comes_to_rest_and_delivers_nothing_that_was_not_sent(
    faults: list[tuple[str, str, str]], seed: int
) -> None:
    result = with_fault(*(":".join(fault) for fault in faults), seed=seed)
    assert result.seconds < 300.0
    assert all(count <= 4 for count in result.delivered.values())
    assert result.established or result.delivered == {"a_to_b": 0, "b_to_a": 0}
