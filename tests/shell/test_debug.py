"""Which entries are printed at which level, and in which form."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from mainmode.events import Entry, EspReplayed, HostSaUpdated, MessageDecoded, PayloadProcessed, PeerLost
from mainmode.exec.debugging import Debugging
from mainmode.shell.debug import lines as printed_lines

PEER = IPv4Address("10.0.0.2")


@pytest.mark.parametrize(
    ("text", "levels"),
    [("", (0, 0)), ("ikev1=127,ipsec=127", (127, 127)), ("ipsec=255", (0, 255)), ("ikev1", (1, 0))],
)
def test_levels_are_read(text: str, levels: tuple[int, int]) -> None:
    assert Debugging.parse(text) == Debugging(*levels)


@pytest.mark.parametrize("text", ["ike=1", "ikev1=0", "ikev1=256", "ikev1=x", "ikev1=-1", "127"])
def test_what_is_no_level_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not ikev1=LEVEL or ipsec=LEVEL"):
        Debugging.parse(text)


@pytest.mark.parametrize(
    ("event", "debug", "printed"),
    [
        (MessageDecoded("SENDING", 0, (1,), 100), Debugging(ikev1=1), "[IKEv1]: IP = 10.0.0.2, IKE_DECODE SENDING"),
        (MessageDecoded("SENDING", 0, (1,), 100), Debugging(ipsec=255), None),
        (PayloadProcessed("hash"), Debugging(ikev1=127), "[IKEv1 DEBUG]: IP = 10.0.0.2, processing hash payload"),
        (PayloadProcessed("hash"), Debugging(ikev1=1), None),
        (HostSaUpdated("inbound", 256), Debugging(ipsec=1), "IPSEC: Completed host IBSA update, SPI 0x00000100"),
        (HostSaUpdated("inbound", 256), Debugging(ikev1=255), None),
        (PeerLost("DPD"), Debugging(ikev1=1), "[IKEv1]: IP = 10.0.0.2, IKE lost contact with remote peer"),
        (PeerLost("DPD"), Debugging(), ": %ASA-3-713123: IP = 10.0.0.2, IKE lost contact with remote peer"),
        (
            EspReplayed(256, 1, PEER, "10.0.0.2", IPv4Address("10.0.0.1")),
            Debugging(),
            ": %ASA-4-402119: IPSEC: Received an ESP packet (SPI= 0x00000100",
        ),
    ],
)
def test_an_entry_is_printed_for_whom_it_is_meant(event: object, debug: Debugging, printed: str | None) -> None:
    lines = printed_lines(debug, Entry(event, PEER, None, 0.0))  # type: ignore[arg-type]
    assert (lines is None) == (printed is None)
    assert printed is None or printed in (lines or "")
