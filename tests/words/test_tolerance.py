"""What pastes, mails and syslog servers do to a line, and that it is the same entry."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from mainmode import events as e
from mainmode.events import Entry
from mainmode.words import Dialect, read, speak, timestamp

PEER = IPv4Address("10.0.0.2")
DECODED = Entry(e.MessageDecoded("SENDING", 0, (1, 13), 128), PEER)
COMPLETED = Entry(e.Phase1Completed(), PEER, "G")
BUILT = Entry(e.PayloadBuilt("IPsec SA"), PEER, "G")


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        # blanks lost, doubled and broken
        (
            "[IKEv1]:IP = 10.0.0.2, IKE_DECODE SENDING Message (msgid=0) with payloads :HDR + SA (1) + VENDOR (13) "
            "+ NONE (0) total length :128",
            DECODED,
        ),
        (
            "[IKEv1]IP = 10.0.0.2, IKE_DECODE SENDING Message (msgid=0) with payloads : HDR + SA (1)\n"
            "   + VENDOR (13) + NONE (0) total\n  length : 128\n",
            DECODED,
        ),
        (
            "[IKEv1]: IP=10.0.0.2, IKE_DECODE SENDING Message (msgid = 0) with payloads: HDR+SA(1)+VENDOR(13)+NONE(0) "
            "total length: 128",
            DECODED,
        ),
        # `total length` lost, as the document's page lost it, and the end of the line cut off
        (
            "[IKEv1]: IP = 10.0.0.2, IKE_DECODE SENDING Message (msgid=0) with payloads : HDR + SA (1) + VENDOR (13) "
            "+ NONE (0) 128",
            DECODED,
        ),
        (
            "[IKEv1]: IP = 10.0.0.2, IKE_DECODE SENDING Message (msgid=0) with payloads : HDR + SA (1) + VENDOR (13)",
            Entry(e.MessageDecoded("SENDING", 0, (1, 13), 0), PEER),
        ),
        # spelling between releases
        ("[IKEv1 DEBUG]: Group = G, IP = 10.0.0.2, constructing IPSec SA payload", BUILT),
        ("[IKEv1 DEBUG]Group = G, IP = 10.0.0.2, constructing IPsec SA payload", BUILT),
        # fronts: cut off, with a time, of a syslog server, of another box
        ("Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED", COMPLETED),
        ("Group = G, PHASE 1 COMPLETED", Entry(e.Phase1Completed(), None, "G")),
        ("PHASE 1 COMPLETED", Entry(e.Phase1Completed())),
        ("%PIX-3-713119: Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED", COMPLETED),
        ("%FTD-vpn-5-713119: Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED", COMPLETED),
        ("172.16.0.3:514 : local7.notice %PIX-5-713119: Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED", COMPLETED),
        ("%ASA-7-711001: [IKEv1]: Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED", COMPLETED),
        (
            "%ASA-4-113019: Group = G, Username = u, IP = 10.0.0.2, Session disconnected. Session Type: LAN-to-LAN, "
            "Duration: 0h:00m:00s, Bytes xmt: 0, Bytes rcv: 0, Reason: Lost Service",
            Entry(e.SessionDisconnected("LAN-to-LAN", 0, 0, 0, "Lost Service"), PEER, "G", user="u"),
        ),
    ],
)
def test_a_damaged_line_is_the_same_entry(line: str, entry: Entry) -> None:
    assert read(line) == entry


@pytest.mark.parametrize(
    ("front", "at"),
    [
        ("Jan 01 00:00:10 [IKEv1]: ", 10.0),
        ("Nov  8 07:10:05 [IKEv1]", 26896205.0),
        ("Nov 08 2016 07:10:05: %ASA-5-713119: ", 1478589005.0),
        ("<165>Nov 08 2016 07:10:05: %ASA-5-713119: ", 1478589005.0),
        ("<164>Feb 13 2021 01:02:25 ASAGW : %ASA-5-713119: ", 1613178145.0),
        # a syslog server's own time, and the box's after it: the box's counts
        ("Jan 01 00:00:20 10.1.1.1 Jan 01 00:00:10: %ASA-5-713119: ", 10.0),
        ("Jan 01 00:00:10 ", 10.0),
        ("", None),
    ],
)
def test_the_time_before_a_line_is_its_time(front: str, at: float | None) -> None:
    assert read(front + "IP = 10.0.0.2, PHASE 1 COMPLETED") == Entry(e.Phase1Completed(), PEER, None, at)


def test_a_time_is_printed_only_where_it_is_asked_for() -> None:
    entry = Entry(e.Phase1Completed(), PEER, "G", 3605.25)
    assert speak(entry) == "[IKEv1]: Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED"
    assert speak(entry, clock=timestamp) == "Jan 01 01:00:05 [IKEv1]: Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED"
    assert speak(entry, Dialect.SYSLOG, timestamp) == (
        "Jan 01 01:00:05: %ASA-5-713119: Group = G, IP = 10.0.0.2, PHASE 1 COMPLETED"
    )
    assert speak(entry, clock=lambda at: f"{at:8.3f}").startswith("3605.250 [IKEv1]: ")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hostname# show crypto isakmp sa",
        "*Oct 25 18:53:16.485: ISAKMP: (0):beginning Main Mode exchange",
        "<166>Jan  5 08:52:36 10.22.8.216 %ASA-6-302014: Teardown TCP connection 212805836 for outside:10.2.8.6/5647",
        "I think PHASE 1 COMPLETED means it works",
        "[IKEv1]: IP = 999.0.0.2, PHASE 1 COMPLETED",
        "[IKEv1]: Output interface outside to peer 10.0.0.2 was not found",
        "IKE Peer address same as our interface address 10.0.0.256",
    ],
)
def test_what_an_asa_does_not_say_is_not_read(line: str) -> None:
    assert read(line) is None
