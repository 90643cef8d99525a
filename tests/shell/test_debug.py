"""Which entries are printed at which level, and in which form."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from mainmode.events import Entry, EspReplayed, HostSaUpdated, MessageDecoded, PayloadProcessed, PeerLost
from mainmode.shell.debug import Debug

PEER = IPv4Address("10.0.0.2")


@pytest.mark.parametrize(
    ("text", "levels"),
    [("", (0, 0)), ("ikev1=127,ipsec=127", (127, 127)), ("ipsec=255", (0, 255)), ("ikev1", (1, 0))],
)
def test_levels_are_read(text: str, levels: tuple[int, int]) -> None:
    assert Debug.parse(text) == Debug(*levels)


@pytest.mark.parametrize("text", ["ike=1", "ikev1=0", "ikev1=256", "ikev1=x", "ikev1=-1", "127"])
def test_what_is_no_level_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not ikev1=LEVEL or ipsec=LEVEL"):
        Debug.parse(text)


@pytest.mark.parametrize(
    ("event", "debug", "printed"),
    [
        (MessageDecoded("SENDING", 0, (1,), 100), Debug(ikev1=1), "[IKEv1]: IP = 10.0.0.2, IKE_DECODE SENDING"),
        (MessageDecoded("SENDING", 0, (1,), 100), Debug(ipsec=255), None),
        (PayloadProcessed("hash"), Debug(ikev1=127), "[IKEv1 DEBUG]: IP = 10.0.0.2, processing hash payload"),
        (PayloadProcessed("hash"), Debug(ikev1=1), None),
        (HostSaUpdated("inbound", 256), Debug(ipsec=1), "IPSEC: Completed host IBSA update, SPI 0x00000100"),
        (HostSaUpdated("inbound", 256), Debug(ikev1=255), None),
        (PeerLost("DPD"), Debug(ikev1=1), "[IKEv1]: IP = 10.0.0.2, IKE lost contact with remote peer"),
        (PeerLost("DPD"), Debug(), ": %ASA-3-713123: IP = 10.0.0.2, IKE lost contact with remote peer"),
        (
            EspReplayed(256, 1, PEER, "10.0.0.2", IPv4Address("10.0.0.1")),
            Debug(),
            ": %ASA-4-402119: IPSEC: Received an ESP packet (SPI= 0x00000100",
        ),
    ],
)
def test_an_entry_is_printed_for_whom_it_is_meant(event: object, debug: Debug, printed: str | None) -> None:
    lines = debug.lines(Entry(event, PEER, None, 0.0))  # type: ignore[arg-type]
    assert (lines is None) == (printed is None)
    assert printed is None or printed in (lines or "")
