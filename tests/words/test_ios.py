"""What an IOS router says, read as the events an ASA would mention."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode import events as ev
from mainmode.explain import ladder, paste
from mainmode.words.ios import IosReader
from tests.paths import SHARED, require

PEER = IPv4Address("203.0.113.1")


def told(*lines: str) -> list[ev.Event]:
    reader = IosReader()
    found = [reader.read(line) for line in lines]
    assert all(line.known for line in found)
    return [line.event for line in found if line.event is not None]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("ISAKMP: (0):No pre-shared key with 203.0.113.1!", ev.NoGroupForPeer("203.0.113.1", PEER)),
        ("ISAKMP:(0):no offers accepted!", ev.Phase1ProposalsUnacceptable()),
        ("ISAKMP (0:2): vendor ID is NAT-T v3", ev.VendorIdReceived("NAT-Traversal ver 03")),
        ("ISAKMP:(0): Hash algorithm offered does not match policy!", ev.AttributeMismatch(1, "Hash Alg", "", "")),
        ("ISAKMP:(1001): phase 2 SA policy not acceptable! (local 1.1.1.1)", ev.Phase2ProposalsUnacceptable()),
        ("ISAKMP:(1001):No NAT Found for self or peer", ev.NatDetected(False, False)),
        ("ISAKMP: reserved not zero on ID payload!", ev.DecryptedNonsense(0)),
        ("ISAKMP (0): beginning Quick Mode exchange, M-ID of -2", ev.QuickModeStarting("initiator", 0xFFFFFFFE)),
        (
            "%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=61.128.1.1, prot=50, "
            "spi=0x3EA71AED(1051138797), srcaddr=103.1.1.1, input interface=Ethernet0",
            ev.EspSpiUnknown(0x3EA71AED, 0, IPv4Address("103.1.1.1"), IPv4Address("61.128.1.1")),
        ),
    ],
)
def test_a_line_that_means_something_by_itself(line: str, event: ev.Event) -> None:
    assert told(line) == [event]


def test_a_message_is_known_by_the_state_it_is_sent_in() -> None:
    sent = "ISAKMP: (1001):sending packet to 203.0.113.1 my_port 500 peer_port 500 (R) MM_KEY_EXCH"
    received = "ISAKMP: (1001):received packet from 203.0.113.1 dport 500 sport 500 Global (R) MM_KEY_EXCH"
    assert told(sent, received, sent) == [
        ev.MessageDecoded("SENDING", 0, (4, 10), 0),
        ev.MessageDecoded("RECEIVED", 0, (5, 8), 0),
        ev.MessageDecoded("SENDING", 0, (5, 8), 0),
    ]


def test_lines_of_one_connection_have_the_peer_its_packets_had() -> None:
    reader = IosReader()
    assert not reader.read("nothing of the kind").known
    reader.read("ISAKMP-PAK: (0):received packet from 203.0.113.1 dport 500 sport 500 Global (N) NEW SA")
    assert reader.read("ISAKMP: (0):processing SA payload. message ID = 0").peer == PEER
    assert reader.read("ISAKMP: (1001):processing vendor id payload").peer == PEER


def test_a_repetition_repeats_the_last_message() -> None:
    assert told(
        "ISAKMP:(0): sending packet to 203.0.113.1 my_port 500 peer_port 500 (I) MM_NO_STATE",
        "ISAKMP:(0): retransmitting phase 1 MM_NO_STATE...",
        'ISAKMP:(0):deleting SA reason "Death by retransmission P1" state (I) MM_NO_STATE (peer 203.0.113.1)',
    ) == [
        ev.MessageDecoded("SENDING", 0, (1,), 0),
        ev.MessageDecoded("RESENDING", 0, (1,), 0),
        ev.EstablishmentTimedOut("MM_NO_STATE"),
    ]


@pytest.mark.parametrize(
    ("name", "role", "messages"),
    [
        ("064-lab2025-ios-success-no-return-route.log", "initiator", 9),
        ("068-ios-natt-hq-responder.log", "responder", 8),  # the paste has not got the third of quick mode
        ("069-ios-natt-sitea-initiator.log", "initiator", 9),
        ("070-ios-zh-markdown-mangled-initiator-pfs.log", "initiator", 9),
    ],
)
def test_a_real_log_is_a_ladder(name: str, role: str, messages: int) -> None:
    require(SHARED.is_dir(), "real logs lie in the shared material")
    with (SHARED / "corpus" / name).open("rb") as file:
        found = paste.read_source(paste.decoded(file), name)
    assert (found.recognised, found.dialect) == (found.statements, "ios-debug")
    (negotiation,) = ladder.build(found.entries).negotiations
    assert (negotiation.role, negotiation.outcome) == (role, "established")
    shown = [rung.name for rung in negotiation.messages if rung.name != "INFO"]
    assert shown == ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"][:messages]


@given(st.lists(st.text(max_size=60) | st.from_regex(r"ISAKMP: \(\d{1,3}\):.{0,40}"), max_size=10))
def test_no_line_raises(lines: list[str]) -> None:
    reader = IosReader()
    for line in lines:
        reader.read(line)
