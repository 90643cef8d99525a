"""What an IOS router's `debug crypto isakmp` says, as the events an ASA would mention. Reads only; prints nothing.

An IOS says less than an ASA: a message's state instead of its payloads, the peer only where a packet comes or goes, the
number of a quick mode only inside it. So reading takes memory (`IosReader`): lines are put down to the connection whose
number they carry, and a message gets the payloads that it must have (`mainmode.steps`), with length 0 for "not told".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Final, Literal

from mainmode import events as ev
from mainmode import steps
from mainmode.events import Event

_LINE: Final = re.compile(
    r"(?:\bISAKMP(?:-[A-Z]{1,10})? ?:? ?(?:\((?:\d{1,6}:)?(\d{1,6})\))? ?:? ?"
    r"|(?=%CRYPTO-\d-)|\bIPSEC(?=\(\w{1,40}\) ?:))(.*)"
)
"""The connection's number, 0 while there is none, and the text."""

_PAYLOADS: Final[dict[str, tuple[int, ...]]] = {
    "MM1": (steps.SA,),
    "MM2": (steps.SA,),
    "MM3": (steps.KE, steps.NONCE),
    "MM4": (steps.KE, steps.NONCE),
    "MM5": (steps.ID, steps.HASH),
    "MM6": (steps.ID, steps.HASH),
    "QM1": (steps.HASH, steps.SA, steps.NONCE),
    "QM2": (steps.HASH, steps.SA, steps.NONCE),
    "QM3": (steps.HASH,),
}

_SENT_IN: Final = {
    ("I", "MM_NO_STATE"): "MM1",
    ("I", "MM_SA_SETUP"): "MM3",
    ("I", "MM_KEY_EXCH"): "MM5",
    ("R", "MM_SA_SETUP"): "MM2",
}
_RECEIVED_IN: Final = {
    ("N", "NEW SA"): "MM1",
    ("I", "MM_NO_STATE"): "MM2",
    ("I", "MM_SA_SETUP"): "MM4",
    ("I", "MM_KEY_EXCH"): "MM6",
    ("R", "MM_SA_SETUP"): "MM3",
    ("R", "MM_KEY_EXCH"): "MM5",
}
"""The message by role and state, as in `sending packet to … (I) MM_NO_STATE`."""

_VENDORS: Final = {
    "NAT-T RFC 3947": "NAT-Traversal RFC",
    "NAT-T v3": "NAT-Traversal ver 03",
    "NAT-T v2": "NAT-Traversal ver 02",
    "Unity": "Cisco Unity client",
    "DPD": "DPD",
    "XAUTH": "xauth V6",
}

_ATTRIBUTES: Final = {
    "Encryption algorithm": "Encryption Alg",
    "Hash algorithm": "Hash Alg",
    "Diffie-Hellman group": "Group Description",
    "Authentication method": "Auth Method",
    "Preshared authentication": "Auth Method",
    "Proposed key length": "Key Length",
    "Keylength": "Key Length",
}

_NOTIFIES: Final = {
    "PROPOSAL_NOT_CHOSEN": ("No proposal chosen", 14),
    "NO_PROPOSAL_CHOSEN": ("No proposal chosen", 14),
    "INVALID_ID_INFO": ("Invalid ID info", 18),
    "AUTHENTICATION_FAILED": ("Authentication failed", 24),
}


@dataclass(slots=True)
class _Connection:
    """What has been said of one connection."""

    peer: IPv4Address | None = None
    proved: bool = False
    """MM5 has come in, so what a responder sends next is MM6."""
    complete: bool = False
    quick_mode: int = 0
    quick_role: Literal["initiator", "responder"] | None = None
    quick_sent: int = 0
    """Messages sent of this quick mode."""
    last_sent: ev.MessageDecoded | None = None


@dataclass(frozen=True, slots=True)
class IosLine:
    """What one line is."""

    event: Event | None
    """None for what an ASA would not mention."""
    peer: IPv4Address | None
    known: bool
    """Whether the line is one that an IOS is known to print."""


class IosReader:
    """Reads the lines of one log, in their order."""

    def __init__(self) -> None:
        self._connections: dict[str, _Connection] = {"0": _Connection()}

    def read(self, text: str) -> IosLine:
        """What one line is about. Never raises."""
        found = _LINE.search(text)
        if found is None:
            return IosLine(None, None, False)
        number, said = found[1] or "0", " ".join(found[2].split())
        connection = self._connections.get(number)
        if connection is None:
            # The connection has got its keys, and with them its number.
            connection = self._connections[number] = self._connections["0"]
            self._connections["0"] = _Connection(connection.peer)
        for pattern, event_of in _ROWS:
            match = pattern.match(said)
            if match is not None:
                try:
                    event = event_of(connection, match)
                except (AddressValueError, ValueError):
                    return IosLine(None, None, False)
                if len(self._connections) > _MAX_CONNECTIONS:
                    self._connections = {"0": connection}
                return IosLine(event, connection.peer, True)
        return IosLine(None, connection.peer, _CHATTER.match(said) is not None)


_MAX_CONNECTIONS: Final = 10_000

_Row = Callable[[_Connection, re.Match[str]], Event | None]


def _message(
    connection: _Connection, direction: Literal["SENDING", "RECEIVED"], name: str, message_id: int = 0
) -> ev.MessageDecoded:
    message = ev.MessageDecoded(direction, message_id, _PAYLOADS[name], 0)
    if direction == "SENDING":
        connection.last_sent = message
    return message


def _sending(connection: _Connection, m: re.Match[str]) -> Event | None:
    connection.peer = IPv4Address(m["peer"])
    name = _SENT_IN.get((m["role"], m["state"]))
    if (m["role"], m["state"]) == ("R", "MM_KEY_EXCH"):
        name = "MM6" if connection.proved else "MM4"
    if name is not None:
        return _message(connection, "SENDING", name)
    if m["state"] == "QM_IDLE" and connection.quick_role is not None:
        connection.quick_sent += 1
        sent = {("initiator", 1): "QM1", ("initiator", 2): "QM3", ("responder", 1): "QM2"}
        name = sent.get((connection.quick_role, connection.quick_sent))
        if name is not None:
            return _message(connection, "SENDING", name, connection.quick_mode)
    return None


def _received(connection: _Connection, m: re.Match[str]) -> Event | None:
    connection.peer = IPv4Address(m["peer"])
    name = _RECEIVED_IN.get((m["role"], m["state"]))
    if name is None:
        return None  # of phase 2 it is not told yet of which quick mode
    if name == "MM1":
        connection.proved = connection.complete = False
        connection.quick_role = None
    if name == "MM5":
        connection.proved = True
    return _message(connection, "RECEIVED", name)


def _begins(connection: _Connection, m: re.Match[str]) -> Event | None:
    connection.proved = connection.complete = False
    if connection.peer is None:
        return None
    return ev.NegotiationStarted("New Phase 1", "", connection.peer, None, None, None)


def _quick_mode_begins(connection: _Connection, m: re.Match[str]) -> Event:
    connection.quick_mode = int(m["id"]) & 0xFFFFFFFF
    connection.quick_role, connection.quick_sent = "initiator", 0
    return ev.QuickModeStarting("initiator", connection.quick_mode)


def _processing(connection: _Connection, m: re.Match[str]) -> Event | None:
    payload, message_id = m["payload"], int(m["id"] or 0) & 0xFFFFFFFF
    if message_id and payload == "SA":
        if message_id != connection.quick_mode:
            connection.quick_mode, connection.quick_role, connection.quick_sent = message_id, "responder", 0
        return _message(connection, "RECEIVED", "QM2" if connection.quick_role == "initiator" else "QM1", message_id)
    if message_id and payload == "DELETE":
        return ev.MessageDecoded("RECEIVED", message_id, (steps.HASH, steps.DELETE), 0)
    names = {"KE": "ke", "NONCE": "nonce", "HASH": "hash", "NOTIFY": "notify", "DELETE": "delete", "vendor id": "VID"}
    return ev.PayloadProcessed(names.get(payload, payload))


def _notify(connection: _Connection, m: re.Match[str]) -> Event:
    known = _NOTIFIES.get(m["name"])
    return ev.NotifyReceived(*known) if known is not None else ev.PayloadProcessed("notify")


def _new_state(connection: _Connection, m: re.Match[str]) -> Event | None:
    if m["new"] == "IKE_P1_COMPLETE" and not connection.complete:
        connection.complete = True
        return ev.Phase1Completed()
    if m["new"] == "IKE_QM_PHASE2_COMPLETE" and m["old"] != m["new"]:
        return ev.Phase2Completed(connection.quick_mode)
    return None


def _node(connection: _Connection, m: re.Match[str]) -> None:
    connection.quick_mode = int(m["id"]) & 0xFFFFFFFF


def _again(connection: _Connection, m: re.Match[str]) -> Event | None:
    last = connection.last_sent
    return None if last is None else ev.MessageDecoded("RESENDING", last.message_id, last.payloads, last.length)


def _about_peer(connection: _Connection, m: re.Match[str]) -> None:
    connection.peer = IPv4Address(m["peer"])


def _no_key(connection: _Connection, m: re.Match[str]) -> Event:
    connection.peer = IPv4Address(m["peer"])
    return ev.NoGroupForPeer(m["peer"], connection.peer)


def _unknown_spi(connection: _Connection, m: re.Match[str]) -> Event:
    return ev.EspSpiUnknown(int(m["spi"], 16), 0, IPv4Address(m["source"]), IPv4Address(m["to"]))


def _acceptable(connection: _Connection, m: re.Match[str]) -> Event | None:
    return None if connection.complete else ev.ProposalAcceptable()


def _always(event: Event | None) -> _Row:
    return lambda connection, m: event


_IP: Final = r"\d{1,3}(?:\.\d{1,3}){3}"

_ROWS: Final[tuple[tuple[re.Pattern[str], _Row], ...]] = tuple(
    (re.compile(pattern), row)
    for pattern, row in (
        (rf"sending packet to (?P<peer>{_IP}) .*\((?P<role>[IR])\) (?P<state>\w+)", _sending),
        (rf"received packet from (?P<peer>{_IP}) .*\((?P<role>[IRN])\) (?P<state>NEW SA|\w+)", _received),
        (r"SA request profile is", _always(ev.KeyAcquireReceived())),
        (r"beginning (?:Main|Aggressive) Mode exchange", _begins),
        (r"beginning Quick Mode exchange, M-ID of (?P<id>-?\d{1,10})", _quick_mode_begins),
        (r"processing NOTIFY (?P<name>\w+)", _notify),
        (
            r"processing (?P<payload>SA|KE|NONCE|ID|HASH|DELETE|vendor id) payload"
            r"(?:\. message ID = (?P<id>-?\d{1,10}))?",
            _processing,
        ),
        (r"Old State = (?P<old>\w+) New State = (?P<new>\w+)", _new_state),
        (r"Node (?P<id>-?\d{1,10}), Input", _node),
        (
            r"vendor ID is (?P<vendor>.*)",
            lambda _, m: ev.VendorIdReceived(_VENDORS[m["vendor"]]) if m["vendor"] in _VENDORS else None,
        ),
        (r"atts are acceptable", _acceptable),
        (
            rf"(?P<what>{'|'.join(_ATTRIBUTES)}) (?:offered )?(?:but )?does not match policy",
            lambda _, m: ev.AttributeMismatch(1, _ATTRIBUTES[m["what"]], "", ""),
        ),
        (r"no offers accepted!", _always(ev.Phase1ProposalsUnacceptable())),
        (r"phase 1 SA policy not acceptable!", _always(ev.PayloadError(steps.SA))),
        (r"phase 2 SA policy not acceptable!", _always(ev.Phase2ProposalsUnacceptable())),
        # 32: no crypto map entry for the proxy identities.
        (r"IPSec policy invalidated proposal with error 32", _always(ev.CryptoMapPolicyNotFound("", ""))),
        (rf"No pre-shared key with (?P<peer>{_IP})", _no_key),
        (rf"(?:Created a peer struct for|found peer pre-shared key matching) (?P<peer>{_IP})", _about_peer),
        (r"retransmitting phase [12]", _again),
        (
            r"phase (?P<phase>[12]) packet is a duplicate",
            lambda _, m: ev.DuplicatePacket(1 if m[1] == "1" else 2, True),
        ),
        (
            r"(?:peer_reap_list: )?deleting SA reason \"Death by retransmission P1\" state \([IRN]\) (?P<state>\w+)",
            lambda _, m: ev.EstablishmentTimedOut(m["state"]),
        ),
        (r"No NAT Found for self or peer", _always(ev.NatDetected(False, False))),
        (r"NAT found, both nodes inside NAT", _always(ev.NatDetected(True, True))),
        (r"My hash no match - ?this node inside NAT", _always(ev.NatDetected(False, True))),
        (r"reserved (?:field )?not zero on \w+ payload", _always(ev.DecryptedNonsense(0))),
        (rf"%CRYPTO-\d-IKMP_BAD_MESSAGE: IKE message from (?P<peer>{_IP})", lambda c, m: ev.DecryptedNonsense(0)),
        (
            rf"%CRYPTO-\d-RECVD_PKT_INV_SPI: .*destaddr=(?P<to>{_IP}), .*spi=0x(?P<spi>[0-9A-Fa-f]{{1,8}})\b.*"
            rf"srcaddr=(?P<source>{_IP})",
            _unknown_spi,
        ),
    )
)
"""What has a meaning for a negotiation; the first row that fits counts."""

_CHATTER: Final = re.compile(
    r"$|\W*(?:New peer|Locking|Unlocking|local port|set new node|insert sa|Find a dup|Can not start"
    r"|local pre|constructed|construct_|Input =|Sending an IKE|Scanning|Checking|encryption |key ?length|hash "
    r"|default group|auth |life |Acceptable atts|Fill atts|Returning Actual|Started lifetime|Basic life"
    r"|received payload|speaking to|vendor ID seems|SA is|pre-shared key auth|ID payload|address +:|protocol +:"
    r"|Total payload|peer matches|Trying to|SA authentication|SA has been|and inserted|QM (?:Initiator|Responder)"
    r"|transform|attributes|encaps is|SA life|authenticator|group is|deleting|purging|Enqueued|Success"
    r"|Received IPSec|peer does not|Deleting|Failed to find|His hash|Send initial|Process initial|Detected port"
    r"|Setting UDP|Found ADDRESS|Looking for|No Cert|Error while|ignoring request|received ke message|SKEYID"
    r"|Creating IPSec|inbound SA|outbound SA|has spi|has client|lifetime|No peer struct|incrementing|atts are not"
    r"|received initial|peer_reap|asking for|IPSec policy invalidated|\(\w+\) ?:"
    r"|%CRYPTO-\d-(?:IKMP_UNK_EXCHANGE|IKMP_MODE_FAILURE|IKMP_NO_SA|SESSION_STATUS|ISAKMP_ON_OFF))"
)
"""Known lines that an ASA has nothing like: memory, timers, the attributes of an offer one by one."""
