"""Entries laid out as the ladder MM1…MM6, QM1…QM3. Knows events and the order of messages; no wording, no bytes.

Entries are put together by what they say, not by where they stand: by peer, by message id, by SPI. A peer's entries
fall into negotiations (one phase 1 with the quick modes under it), a negotiation's into messages, and every entry gets
a place: the message that was being built or processed when the box said it. What has nothing to say about itself (a
crypto map lookup names no peer) goes with its neighbour, and only there does position count.

A box handles one input at a time. So what it says while building belongs to the message it sends next, what it says
while processing to the message it received last; `_NEXT` and `_LAST` say which class is which, and an entry of neither
belongs where the one before it belongs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import AddressValueError, IPv4Address
from itertools import pairwise
from typing import Final, Literal

from mainmode import events as ev
from mainmode import steps
from mainmode.events import Entry, Event, ProxyId
from mainmode.words.names import payload_name

Outcome = Literal["established", "failed", "incomplete"]
Phase1Outcome = Literal["established", "failed", "incomplete", "not-seen"]
Role = Literal["initiator", "responder", "unknown"]
Direction = Literal["sent", "received"]

REPETITION_SECONDS: Final = 60.0
"""How long after a negotiation's last line the same first message again is its repetition, and not a new attempt.

An IOS repeats a message for 50 seconds, an ASA for 24 (FACTS §3.1)."""

KNOWN: Final = 16
"""Negotiations with one peer that a line may belong to."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A message that was sent or received. Entries are named by their index in what `build` was given."""

    name: str
    """`MM1`…`MM6`, `QM1`…`QM3`; `AM1`…`AM3` aggressive mode, `XAUTH` a transaction, `INFO` an informational message."""
    direction: Direction
    message_id: int
    """0 in phase 1."""
    length: int
    """In octets, as the box printed it."""
    payloads: tuple[str, ...]
    """In the ASA's names: `SA`, `VENDOR`."""
    entry: int
    at: float | None
    """Seconds, on the clock of the entries; None when the line had no time."""
    retransmissions: tuple[int, ...] = ()
    """The entries that say that it came or went again."""
    note: str = ""
    """What an informational message is about: `DPD R-U-THERE`, `delete`, `No proposal chosen (14)`."""


@dataclass(frozen=True, slots=True)
class Phase1:
    outcome: Phase1Outcome
    state: str
    """What `show crypto isakmp sa` would say now: `MM_WAIT_MSG4`, `MM_ACTIVE`; empty when nothing tells."""


@dataclass(frozen=True, slots=True)
class Phase2:
    """One quick mode, hence one pair of IPsec SAs."""

    message_id: int | None
    """None when the log never names it."""
    role: Role
    outcome: Outcome
    local: ProxyId | None
    """The traffic at this end; None when the log does not tell."""
    remote: ProxyId | None
    inbound_spi: int | None
    outbound_spi: int | None


@dataclass(frozen=True, slots=True)
class Negotiation:
    """One phase 1 with one peer, and the quick modes under it."""

    peer: IPv4Address | None
    group: str | None
    role: Role
    outcome: Outcome
    reached: str | None
    """The last message of main or quick mode that was seen, or that a later line shows to have passed."""
    expected: tuple[str, Direction] | None
    """What should have come next; None when nothing more has to come, or nothing tells."""
    phase1: Phase1
    phase2: tuple[Phase2, ...]
    messages: tuple[Rung, ...]
    lines: tuple[int, ...]
    """All entries that belong here."""

    @property
    def first_proxy(self) -> tuple[ProxyId, ProxyId] | None:
        """The traffic of the first quick mode whose two ends are known, ours first."""
        return next(((q.local, q.remote) for q in self.phase2 if q.local and q.remote), None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one entry belongs."""

    negotiation: int | None = None
    """Index in `Ladder.negotiations`; None for what belongs to no peer."""
    stage: str = ""
    """The message's name; empty when nothing tells."""
    message_id: int | None = None
    """The quick mode; None in phase 1."""


@dataclass(frozen=True, slots=True)
class Ladder:
    negotiations: tuple[Negotiation, ...]
    places: tuple[Place, ...]
    """One for each entry, in their order."""

    def negotiation_of(self, entry: int) -> Negotiation | None:
        number = self.places[entry].negotiation
        return None if number is None else self.negotiations[number]


def build(entries: Sequence[Entry]) -> Ladder:
    """The ladder of one box's entries, in the order in which the box said them."""
    sorter = _Sorter()
    sorter.sort(entries)
    places = [Place()] * len(entries)
    negotiations = []
    for number, draft in enumerate(sorter.drafts):
        negotiation, placed = _lay_out(draft, entries)
        negotiations.append(negotiation)
        for index, spot in placed.items():
            places[index] = Place(number, spot.stage, spot.message_id)
    return Ladder(tuple(negotiations), tuple(places))


# --- what the classes say about messages --------------------------------------------------------------------------

_NEXT: Final[frozenset[type[Event]]] = frozenset({
    ev.KeyAcquireReceived, ev.CryptoMapLookup, ev.CryptoMapMatched, ev.CryptoMapSkipped, ev.CryptoMapIncomplete,
    ev.CryptoMapNotMatched, ev.TunnelManagerDispatched, ev.Ikev2NotConfigured, ev.NegotiationStarted,
    ev.PayloadBuilt, ev.ProxyIdBuilt, ev.VendorIdSent, ev.IosVendorIdBuilt, ev.IosKeepaliveBuilt,
    ev.QuickModeBegun, ev.SpiRequested, ev.SpiObtained, ev.QuickModeConstructed, ev.FinalQuickModeConstructed,
    ev.ProxyIdsTransmitted, ev.InitialContactSent, ev.NotifyBuilt, ev.NotifySending, ev.DeleteSending,
    ev.DeleteReasonSending, ev.KeepaliveSent,
})  # fmt: skip
"""Said while the next message is being built."""

_LAST: Final[frozenset[type[Event]]] = frozenset({
    ev.PayloadProcessed, ev.ProposalAcceptable, ev.Phase1ProposalAccepted, ev.VendorIdReceived,
    ev.FragmentationOffered, ev.IosVendorIdProcessed, ev.NatDiscoveryMissing, ev.IosKeepaliveProcessed,
    ev.IosKeepaliveMonitored, ev.IosKeepaliveIgnored, ev.IosKeepaliveMalformed, ev.TransformChainBroken,
    ev.AddressIdReceived, ev.SubnetIdReceived, ev.RangeIdReceived, ev.NameIdReceived, ev.ProxyIdReceived,
    ev.OldSaNotFound, ev.DuplicateSaFound, ev.SaFromOtherPeer, ev.StaticMapChecking, ev.StaticMapMatched,
    ev.StaticMapMismatch, ev.StaticMapWithoutAcl, ev.StaticMapIncomplete, ev.CryptoMapPeerConfigured,
    ev.PeerMismatch, ev.CryptoMapEntryMissing, ev.CryptoMapPolicyNotFound, ev.Phase2ProposalAccepted,
    ev.ResponderLifetimeDecoding, ev.RekeyIntervalForced, ev.RekeyIntervalOverridden, ev.IpsecSasLoading,
    ev.QuickModeKeyGenerated, ev.EncryptRuleFound, ev.KeyAdded, ev.KeyUpdated,
    ev.Phase2RekeyTimer, ev.Phase1Completed, ev.KeepaliveAgreed, ev.KeepaliveUnsupported, ev.Phase1RekeyTimer,
    ev.Phase1ProposalsUnacceptable, ev.AttributeMismatch, ev.PayloadError, ev.DecryptedNonsense, ev.RefusalUnreadable,
    ev.DecryptionFailed, ev.HashMismatch, ev.ClearNotifyDropped, ev.NotifyReceived, ev.KeepaliveReceived,
    ev.Phase2ProposalsUnacceptable, ev.KeyAcquireQueued, ev.DuplicatePacket, ev.DuplicateFirstPacket, ev.FsmHistory,
})  # fmt: skip
"""Said about the last message, or about what it led to. Everything else goes with the entry before it."""

_FORWARD: Final = (
    ev.KeyAcquireReceived, ev.CryptoMapLookup, ev.CryptoMapMatched, ev.CryptoMapSkipped, ev.CryptoMapIncomplete,
    ev.TunnelManagerDispatched, ev.Ikev2NotConfigured, ev.ResponderLifetimeDecoding,
)  # fmt: skip
"""They name no peer, and the entry after them does."""

_BEGINNINGS: Final = (ev.NegotiationStarted, ev.KeyAcquireQueued, ev.DataDiscarded, ev.InitiatorPolicyMissing,
                      ev.PeerIsOurselves, ev.PeerAddressMissing, ev.GroupNotFound, ev.TunnelGroupMissing,
                      ev.HexDumped)  # fmt: skip
"""What can follow a lookup in the crypto map (or, the last, the heading of a dump)."""

_PHASE1_FAILURES: Final = (
    ev.Phase1ProposalsUnacceptable, ev.PeerTableRemovalFailed, ev.PeerTableEntryError, ev.EstablishmentTimedOut,
    ev.TunnelGroupMissing, ev.GroupNotFound, ev.NoGroupForPeer, ev.NoCryptoMapOnInterface, ev.DecryptedNonsense,
    ev.RefusalUnreadable, ev.DecryptionFailed, ev.HashMismatch, ev.ClearNotifyDropped, ev.NegotiationLimitReached,
    ev.XauthRequired, ev.AuthModeDiffers, ev.InitiatorPolicyMissing, ev.PeerIsOurselves, ev.PeerAddressMissing,
    ev.OutputInterfaceMissing, ev.InvalidIdPort, ev.InvalidIdProtocol, ev.IdTypeUnknown, ev.IdTypeUnsupported,
    ev.NonceLengthInvalid, ev.DhGroupInvalid, ev.OakleyGroupUnsupported, ev.PayloadMissing, ev.SaPayloadMissing,
    ev.IkeSaTerminating, ev.IkeSaTerminateReceived, ev.SessionTornDown, ev.SessionDisconnected,
    ev.ConnectionTerminated, ev.PeerLost,
)  # fmt: skip
"""With phase 1 not complete they say that it failed, unless a message that is new comes after them."""

_PHASE2_FAILURES: Final = (
    ev.QuickModeFailed, ev.CryptoMapEntryMissing, ev.CryptoMapPolicyNotFound, ev.Phase2ProposalsUnacceptable,
    ev.PeerMismatch, ev.SaFromOtherPeer, ev.OriginateOnly, ev.ProtocolsConflict, ev.TunnelLimitReached,
    ev.NotifyReceived, ev.NegotiationCollision, ev.InvalidProxyRange, ev.IdTypeUnsupported, ev.IpsecSaFailed,
    ev.CorrelatorRemovalFailed, ev.NothingToDelete, ev.SessionTornDown,
)  # fmt: skip
"""With a quick mode not complete they say that it failed."""

_ENDINGS: Final = (
    ev.PeerTableRemovalFailed, ev.PeerTableEntryError, ev.EstablishmentTimedOut, ev.SessionTornDown,
    ev.SessionDisconnected, ev.IkeSaTerminating, ev.IkeSaTerminateReceived, ev.PeerLost,
)  # fmt: skip
"""After them the next first message begins another negotiation."""

_WITHOUT_DECODE: Final[dict[type[Event], str]] = {
    ev.Phase1ProposalsUnacceptable: "MM1", ev.Phase1ProposalAccepted: "MM1", ev.NoCryptoMapOnInterface: "MM1",
    ev.ClearNotifyDropped: "INFO", ev.RefusalUnreadable: "INFO",
    ev.DecryptedNonsense: "MM5", ev.DecryptionFailed: "MM5",
    ev.KeysGenerated: "MM4", ev.NatDetected: "MM5", ev.Phase1Completed: "MM6", ev.KeepaliveAgreed: "MM6",
    ev.KeepaliveUnsupported: "MM6", ev.Phase1RekeyTimer: "MM6", ev.DefaultGroupPolicyRetrieved: "MM6",
    ev.QuickModeBegun: "QM1", ev.InitialContactSent: "QM1", ev.ProxyIdReceived: "QM1",
    ev.OldSaNotFound: "QM1", ev.DuplicateSaFound: "QM1", ev.SaFromOtherPeer: "QM1", ev.StaticMapChecking: "QM1",
    ev.StaticMapMatched: "QM1", ev.StaticMapMismatch: "QM1", ev.StaticMapWithoutAcl: "QM1",
    ev.StaticMapIncomplete: "QM1", ev.CryptoMapPeerConfigured: "QM1", ev.PeerMismatch: "QM1",
    ev.CryptoMapEntryMissing: "QM1", ev.CryptoMapPolicyNotFound: "QM1", ev.Phase2ProposalAccepted: "QM1",
    ev.Phase2ProposalsUnacceptable: "QM1", ev.RekeyIntervalForced: "QM2", ev.RekeyIntervalOverridden: "QM1",
    ev.NegotiationCompleted: "QM3", ev.KeyAdded: "QM3", ev.KeyUpdated: "QM3", ev.Phase2RekeyTimer: "QM3",
    ev.IpsecSaCreated: "QM3",
}  # fmt: skip
"""Where a line belongs when the log has no `IKE_DECODE` lines to go by: a syslog below level 7 has none."""

_RESPONDS: Final = (
    ev.Phase1ProposalAccepted, ev.Phase1ProposalsUnacceptable, ev.NoCryptoMapOnInterface, ev.SaPayloadMissing,
)  # fmt: skip
"""Only a responder of main mode says them."""

_RESPONDS_QM: Final = (
    ev.ProxyIdReceived, ev.StaticMapChecking, ev.StaticMapMatched, ev.StaticMapMismatch, ev.StaticMapWithoutAcl,
    ev.CryptoMapEntryMissing, ev.CryptoMapPolicyNotFound, ev.Phase2ProposalAccepted, ev.Phase2ProposalsUnacceptable,
    ev.RekeyIntervalOverridden, ev.SpiRequested, ev.OldSaNotFound,
)  # fmt: skip
"""Only a responder of quick mode says them."""


def _kind(message: ev.MessageDecoded) -> str:
    """Which sort of message its payloads make it: both messages of a pair have the same sort, and so do quick modes."""
    payloads = set(message.payloads)
    if message.message_id:
        if steps.SA in payloads or payloads == {steps.HASH}:
            return "QM"
        return "XAUTH" if _ATTRIBUTES in payloads else "INFO"
    if steps.SA in payloads:
        return "AM" if steps.KE in payloads else "SA"
    if steps.KE in payloads:
        return "KE"
    return "ID" if steps.ID in payloads or steps.HASH in payloads else "INFO"


_ATTRIBUTES: Final = 14
"""The payload of a transaction exchange: a peer that takes us for a remote access client."""

_PROCESSED: Final = {
    "SA": steps.SA, "IKE SA": steps.SA, "IPsec SA": steps.SA, "ke": steps.KE, "ISA_KE": steps.KE, "pfs ke": steps.KE,
    "nonce": steps.NONCE, "ID": steps.ID, "hash": steps.HASH, "VID": steps.VENDOR, "notify": steps.NOTIFY,
    "delete": steps.DELETE,
}  # fmt: skip
"""The payload's number by what an ASA calls it when it looks at it."""

_PAIRS: Final = {"SA": ("MM1", "MM2"), "KE": ("MM3", "MM4"), "ID": ("MM5", "MM6"), "AM": ("AM1", "AM2")}
"""By sort: the initiator's message, the responder's."""


def _direction(message: ev.MessageDecoded) -> Direction:
    return "received" if message.direction == "RECEIVED" else "sent"


def _same(one: ev.MessageDecoded, other: ev.MessageDecoded) -> bool:
    return (one.message_id, one.payloads, one.length) == (other.message_id, other.payloads, other.length)


def _mark(message: ev.MessageDecoded, direction: Direction) -> tuple[object, ...]:
    """What a message has in common with its repetition."""
    return direction, message.message_id, message.payloads, message.length


def _role(messages: Sequence[tuple[str, Direction]]) -> Role:
    """This end's role, by the order of main mode's messages: (sort, direction) each.

    An initiator sends first within a pair, and answers the second of a pair with the first of the next.
    """
    for (kind, direction), (next_kind, next_direction) in pairwise(messages):
        if direction != next_direction:
            return "initiator" if (direction == "sent") == (kind == next_kind) else "responder"
    return "unknown"


def _guess(messages: Sequence[tuple[str, Direction]]) -> Role:
    """The role when all messages went one way: the first one is taken for the first of its pair."""
    if not messages:
        return "unknown"
    return "initiator" if messages[0][1] == "sent" else "responder"


def _quick_role(event: Event) -> Role | None:
    """This end's role in a quick mode that an event begins."""
    if isinstance(event, ev.QuickModeStarting):
        return event.role
    if isinstance(event, ev.MessageDecoded) and _kind(event) == "QM":
        return "responder" if event.direction == "RECEIVED" else "initiator"
    return None


def _hints(entries: Sequence[Entry]) -> dict[int, Role]:
    """The role in which this end took each message of main mode that came in, where its next steps tell.

    Both ends may begin at once, or two runs be printed side by side: then a message does not tell by itself whose it
    is. A responder answers an SA payload with one, a KE payload with one, an identity with one.
    """
    found: dict[int, Role] = {}
    following: dict[IPv4Address | None, dict[str, Role]] = {}
    """By peer: what the lines up to the next message tell about a message of each sort."""
    for index in range(len(entries) - 1, -1, -1):
        entry = entries[index]
        event = entry.event
        told = following.setdefault(entry.peer, {})
        if isinstance(event, ev.MessageDecoded):
            if event.direction == "RECEIVED" and not event.message_id and _kind(event) in told:
                found[index] = told[_kind(event)]
            following[entry.peer] = {}
        elif isinstance(event, ev.PayloadBuilt):
            if event.payload == "ISAKMP SA":
                told["SA"] = "responder"
            elif event.payload == "ke":
                told |= {"SA": "initiator", "KE": "responder"}
            elif event.payload == "ID":
                told |= {"KE": "initiator", "ID": "responder"}
        elif isinstance(event, _RESPONDS) or event == ev.PayloadProcessed("IKE SA"):
            told["SA"] = "responder"
        elif isinstance(event, ev.KeysGenerated):
            told["KE"] = event.role
        elif isinstance(event, ev.QuickModeBegun):
            told["ID"] = "initiator"
    return found


def _spis(event: Event) -> Iterator[int]:
    """The SPIs that an event names."""
    if isinstance(event, ev.HexDumped):
        # The only dump an ASA prints of itself begins with the outbound SPI (`outb SPI[4]|attributes`).
        if event.offset == 0 and len(event.data) >= 4:
            yield int.from_bytes(event.data[:4])
        return
    for name in ("spi", "inbound_spi", "outbound_spi"):
        spi = getattr(event, name, 0)
        if spi:
            yield spi


def _peer(entry: Entry) -> IPv4Address | None:
    """The peer that an entry names, in its context or in its own words."""
    if entry.peer is not None:
        return entry.peer
    event = entry.event
    remote = getattr(event, "remote_peer", None)
    if isinstance(remote, IPv4Address):
        return remote
    if isinstance(event, ev.PacketReceived):
        return event.remote
    # A LAN-to-LAN peer's user is its tunnel-group, and that is its address.
    user = entry.group or getattr(event, "user", "") or entry.user
    try:
        return IPv4Address(user) if isinstance(user, str) else None
    except AddressValueError:
        return None


# --- entries to negotiations --------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Draft:
    """A negotiation while its entries come together."""

    peer: IPv4Address
    lines: list[int] = field(default_factory=list)
    messages: list[tuple[str, Direction, ev.MessageDecoded]] = field(default_factory=list)
    """Main mode's messages as (sort, direction, message), repetitions left out."""
    message_ids: set[int] = field(default_factory=set)
    told_role: Role = "unknown"
    """As a line says it in so many words."""
    complete: bool = False
    ended: bool = False
    last_at: float | None = None
    came: frozenset[int] = frozenset()
    """Payloads of the last message, if it came in."""
    hashed: bool = False
    """Whether the proof in it has been looked at."""
    negotiated: bool = False
    """Whether a quick mode was said to be complete, and none has begun since."""

    @property
    def role(self) -> Role:
        known = self.known_role
        return known if known != "unknown" else _guess(self.exchanged)

    @property
    def known_role(self) -> Role:
        """The role as far as it is no guess."""
        return self.told_role if self.told_role != "unknown" else _role(self.exchanged)

    @property
    def exchanged(self) -> list[tuple[str, Direction]]:
        return [(kind, direction) for kind, direction, _ in self.messages]

    def seen(self, kind: str, direction: Direction) -> ev.MessageDecoded | None:
        return next((m for k, d, m in reversed(self.messages) if (k, d) == (kind, direction)), None)

    @property
    def proved(self) -> bool:
        """Whether both proofs have passed: a box turns to phase 2 before it says that phase 1 is complete."""
        return self.seen("ID", "sent") is not None and self.seen("ID", "received") is not None

    def awaits(self, kind: str, direction: Direction) -> bool:
        """Whether this message would be the next one of main mode here."""
        if self.complete or self.ended or not self.messages:
            return False
        last, went, _ = self.messages[-1]
        first = "sent" if self.role == "initiator" else "received"
        if went == first:
            return (kind, direction) == (last, "received" if first == "sent" else "sent")
        return (kind, direction) == ({"SA": "KE", "KE": "ID"}.get(last), first)


class _Sorter:
    """Puts every entry into the negotiation it belongs to."""

    def __init__(self) -> None:
        self.drafts: list[_Draft] = []
        self._by_peer: dict[IPv4Address, deque[_Draft]] = {}
        """The last negotiations with each peer: what is said now is about one of them."""
        self._active: dict[IPv4Address, _Draft] = {}
        """The negotiation that was spoken of last."""
        self._by_spi: dict[int, _Draft] = {}
        self._hints: dict[int, Role] = {}
        self._building: dict[IPv4Address, list[tuple[int, _Draft]]] = {}

    def sort(self, entries: Sequence[Entry]) -> None:
        homeless: list[int] = []
        forward: list[int] = []
        self._hints = _hints(entries)
        for index, entry in enumerate(entries):
            peer = _peer(entry)
            if peer is None:
                (forward if isinstance(entry.event, _FORWARD) else homeless).append(index)
                continue
            draft = self._draft(peer, index, entry)
            if forward and isinstance(entry.event, _BEGINNINGS):
                draft.lines += forward
                forward.clear()
            self._add(draft, index, entry)
            for spi in _spis(entry.event):
                self._by_spi.setdefault(spi, draft)
            self._note_building(peer, draft, index, entries)
        self._house(entries, sorted(homeless + forward))
        for draft in self.drafts:
            draft.lines.sort()

    def _note_building(self, peer: IPv4Address, draft: _Draft, index: int, entries: Sequence[Entry]) -> None:
        """What is said while a message is built belongs to the negotiation whose message is sent then."""
        event = entries[index].event
        built = self._building.setdefault(peer, [])
        if type(event) in _NEXT and not isinstance(event, ev.NegotiationStarted):
            built.append((index, draft))
        elif isinstance(event, ev.MessageDecoded) and event.direction != "RESENDING":
            for before, taken_for in built if event.direction == "SENDING" else ():
                if taken_for is not draft:
                    taken_for.lines.remove(before)
                    draft.lines.append(before)
                    self._by_spi.update(dict.fromkeys(_spis(entries[before].event), draft))
            built.clear()

    def _house(self, entries: Sequence[Entry], homeless: list[int]) -> None:
        """Entries that name no peer: by their SPI; those without one beside their neighbour."""
        owner = {index: draft for draft in self.drafts for index in draft.lines}
        waiting = []
        for index in homeless:
            spis = _spis(entries[index].event)
            draft = next((self._by_spi[spi] for spi in spis if spi in self._by_spi), None)
            if draft is None:
                waiting.append(index)
                continue
            owner[index] = draft
            draft.lines.append(index)
        for index in waiting:
            event = entries[index].event
            if isinstance(event, ev.CryptoMapNotMatched):
                continue  # that packet is for no tunnel at all
            beside = owner.get(index + 1 if isinstance(event, _FORWARD) else index - 1)
            if beside is None and len(self.drafts) == 1 and not isinstance(event, _FORWARD):
                beside = self.drafts[0]
            if beside is not None:
                owner[index] = beside
                beside.lines.append(index)

    def _draft(self, peer: IPv4Address, index: int, entry: Entry) -> _Draft:
        """The negotiation with the peer that this entry belongs to; a new one if it begins one."""
        known = self._by_peer.get(peer)
        if not known:
            return self._new(peer)
        current = self._active[peer]
        event = entry.event
        if isinstance(event, ev.NegotiationStarted):
            over = current.messages or current.complete or current.ended
            return self._new(peer) if event.what.endswith("Phase 1") and over else current
        if isinstance(event, ev.MessageDecoded):
            return self._of_message(peer, known, current, entry, event, self._hints.get(index))
        if isinstance(event, ev.QuickModeStarting) and current.proved and current.role == event.role:
            return current
        if getattr(event, "message_id", 0) or isinstance(event, ev.KeepaliveSent | ev.KeepaliveReceived):
            return self._of_message_id(known, current, event)
        if isinstance(event, ev.Phase1Completed):
            # Not before the peer's proof has been looked at: until then it is another's.
            if current.complete or (steps.HASH in current.came and not current.hashed):
                proved = (draft for draft in reversed(known) if draft.proved and not draft.complete)
                other = next((draft for draft in proved if draft is not current), None)
                return other or (self._new(peer) if current.complete else current)
            return current
        if isinstance(event, ev.PayloadProcessed):
            return self._of_payload(known, current, event)
        return next((self._by_spi[spi] for spi in _spis(event) if spi in self._by_spi), current)

    def _of_message(
        self,
        peer: IPv4Address,
        known: deque[_Draft],
        current: _Draft,
        entry: Entry,
        message: ev.MessageDecoded,
        role: Role | None,
    ) -> _Draft:
        """`role` is this end's in the message's negotiation, where the lines after it tell."""
        kind, direction = _kind(message), _direction(message)
        if message.message_id:
            return self._of_message_id(known, current, message)
        if message.direction == "RESENDING":
            sent_here = (draft for draft in reversed(known) if any(_same(message, m) for _, _, m in draft.messages))
            return next(sent_here, current)
        # An answer belongs to what was spoken of last; a message that came in may belong to any.
        for draft in (current, *reversed(known)):
            if draft.awaits(kind, direction) and role in (None, draft.role):
                return draft
        if kind not in ("SA", "AM") or not (current.messages or current.complete or current.ended):
            return current
        before = current.seen(kind, direction)
        if current.complete or current.ended or before is None or role not in (None, current.role):
            return self._new(peer, role)
        soon = None in (current.last_at, entry.at) or (entry.at or 0) - (current.last_at or 0) < REPETITION_SECONDS
        return current if direction == "received" and _same(before, message) and soon else self._new(peer, role)

    @staticmethod
    def _of_payload(known: deque[_Draft], current: _Draft, event: ev.PayloadProcessed) -> _Draft:
        """The negotiation whose last message has the payload that is looked at, or that waits for a message."""
        number = _PROCESSED.get(event.payload)
        if number is None or number in current.came:
            return current
        others = [draft for draft in reversed(known) if draft is not current and not draft.ended]
        having = next((draft for draft in others if number in draft.came and draft.proved), None)
        if having is not None:
            return having
        waiting = (draft for draft in others if draft.message_ids and not (draft.came or draft.negotiated))
        return next(waiting, current) if current.negotiated else current

    def _of_message_id(self, known: deque[_Draft], current: _Draft, event: Event) -> _Draft:
        """The negotiation of an encrypted message, or of a line that names one; DPD names none."""
        message_id = getattr(event, "message_id", 0)
        for draft in reversed(known):
            if message_id and message_id in draft.message_ids:
                return draft
        role = _quick_role(event)
        if role is not None:
            # Who began phase 1 begins phase 2: that tells two runs apart that are printed side by side.
            for draft in reversed(known):
                if draft.proved and draft.role == role and not draft.message_ids:
                    return draft
        if current.messages and not current.complete and not current.proved:
            # Phase 1 is being renewed: what is encrypted meanwhile belongs to the one that is complete.
            return next((draft for draft in reversed(known) if draft.complete and not draft.ended), current)
        return current

    def _new(self, peer: IPv4Address, role: Role | None = None) -> _Draft:
        draft = _Draft(peer, told_role=role or "unknown")
        self.drafts.append(draft)
        self._by_peer.setdefault(peer, deque(maxlen=KNOWN)).append(draft)
        return draft

    def _add(self, draft: _Draft, index: int, entry: Entry) -> None:
        """An entry of this negotiation, and what it says about the whole."""
        event = entry.event
        draft.lines.append(index)
        self._active[draft.peer] = draft
        if entry.at is not None:
            draft.last_at = entry.at
        if isinstance(event, ev.MessageDecoded):
            kind, direction = _kind(event), _direction(event)
            draft.came = frozenset(event.payloads) if direction == "received" else frozenset()
            draft.hashed = False
            if kind == "QM":
                draft.message_ids.add(event.message_id)
                draft.complete = True
                draft.negotiated = False
            elif kind in _PAIRS and event.direction != "RESENDING":
                before = draft.seen(kind, direction)
                if before is None or not _same(before, event):
                    draft.messages.append((kind, direction, event))
        elif isinstance(event, ev.Phase1Completed):
            draft.complete = True
        elif isinstance(event, ev.PayloadProcessed):
            draft.hashed = draft.hashed or event.payload == "hash"
        elif isinstance(event, ev.Phase2Completed):
            draft.message_ids.add(event.message_id)
            draft.negotiated = True
        elif isinstance(event, ev.NegotiationStarted):
            if event.what.endswith("Phase 1"):
                draft.told_role = "initiator"
        elif isinstance(event, ev.KeysGenerated):
            draft.told_role = event.role
        elif isinstance(event, ev.FsmHistory) and event.exchange != "QM":
            draft.told_role = event.role
            draft.ended = True
        elif isinstance(event, _RESPONDS):
            if draft.told_role == "unknown":
                draft.told_role = "responder"
        elif isinstance(event, _ENDINGS):
            draft.ended = True
        else:
            message_id = getattr(event, "message_id", 0)
            if message_id and not isinstance(event, ev.DecryptedNonsense | ev.RefusalUnreadable | ev.NotifyBuilt):
                draft.message_ids.add(message_id)


# --- one negotiation ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Spot:
    """Where an entry belongs, to be filled in when its message is known."""

    stage: str = ""
    message_id: int | None = None


class _Layout:
    """Lays the entries of one negotiation out by messages."""

    def __init__(self, draft: _Draft, entries: Sequence[Entry]) -> None:
        self.draft = draft
        self.entries = entries
        self.role = draft.known_role
        self.rungs: list[Rung] = []
        self._positions: dict[tuple[object, ...], int] = {}
        """Where in `rungs` a message stands."""
        self.spots: dict[int, _Spot] = {}
        self.quick_roles: dict[int, Role] = {}
        """The role in each quick mode whose number is known."""
        self._to_send: list[int] = []
        """Entries about the next message that will be sent."""
        self._to_receive: list[int] = []
        self._last: Rung | None = None
        self._sending = False
        """Whether the entry before was about the next message."""
        self._unprinted: list[tuple[int, Rung | None]] = []
        """Entries about a message that came in and is not in the log yet, each with the last one that was."""
        self._unprinted_begun = False
        self._completed = False
        """Whether phase 1 was said to be complete."""
        for index in draft.lines:
            self._note_quick_role(entries[index].event)
        if self.role == "unknown":
            self.role = self._role_of_quick_modes()
        if self.role == "unknown":
            self.role = draft.role
        for index in draft.lines:
            self._place(index, entries[index])
        self._settle()

    # -- roles ------------------------------------------------------------------------------------------------------

    def _note_quick_role(self, event: Event) -> None:
        if isinstance(event, ev.QuickModeStarting):
            self.quick_roles[event.message_id] = event.role
        elif isinstance(event, ev.QuickModeSent):
            self.quick_roles.setdefault(event.message_id, "responder" if event.ordinal == 2 else "initiator")
        elif isinstance(event, ev.MessageDecoded) and _kind(event) == "QM":
            sent, final = event.direction != "RECEIVED", steps.SA not in event.payloads
            # Without the lines above: the first one seen is QM1, or QM3 when nothing else is left of it.
            self.quick_roles.setdefault(event.message_id, "initiator" if sent else "responder")
            if final:
                self.quick_roles[event.message_id] = "initiator" if sent else "responder"

    def _role_of_quick_modes(self) -> Role:
        """Who begins phase 1 nearly always begins phase 2: the role where nothing is left of phase 1 but its end."""
        for role in self.quick_roles.values():
            return role
        for index in self.draft.lines:
            event = self.entries[index].event
            if isinstance(event, ev.NegotiationCompleted):
                return event.role
            if isinstance(event, ev.FsmHistory):
                return event.role
            if isinstance(event, _RESPONDS_QM):
                return "responder"
            if isinstance(event, ev.NegotiationStarted | ev.RekeyIntervalForced):
                return "initiator"
        return "unknown"

    # -- entry by entry ---------------------------------------------------------------------------------------------

    def _place(self, index: int, entry: Entry) -> None:
        event = entry.event
        spot = self.spots[index] = _Spot(message_id=self._own_message_id(event))
        if isinstance(event, ev.MessageDecoded):
            self._message(index, entry, event)
            return
        if isinstance(event, ev.PacketReceived) or (
            isinstance(event, ev.QuickModeStarting) and event.role == "responder"
        ):
            self._to_receive.append(index)
            return
        if isinstance(event, ev.Phase1Completed):
            self._completed = True
        if isinstance(event, ev.QuickModeBegun | ev.QuickModeStarting) and self._ends_phase1:
            # Said while MM6 is being looked at, and printed among the lines about it; the document has it there.
            spot.message_id = None
            self._stand(index, self._last)
            return
        if self._about_unprinted(event):
            self._unprinted.append((index, self._last))
            return
        if isinstance(event, ev.KeyAcquireQueued | ev.DataDiscarded):
            # The lookups before it led to nothing new.
            for waiting in [i for i in self._to_send if isinstance(self.entries[i].event, _FORWARD)]:
                self._to_send.remove(waiting)
                self._stand(waiting, self._last)
        if isinstance(event, ev.DecryptedNonsense | ev.DecryptionFailed) and self._undeciphered(spot, event):
            return
        if isinstance(event, ev.DuplicatePacket | ev.DuplicateFirstPacket):
            self._peer_repeated(index)
        sending = self._about_next(event)
        self._sending = self._sending if sending is None else sending
        if self._sending:
            self._to_send.append(index)
            return
        last = self._last
        if spot.message_id is not None and (last is None or last.message_id != spot.message_id):
            last = next((rung for rung in reversed(self.rungs) if rung.message_id == spot.message_id), last)
        self._stand(index, last)

    @staticmethod
    def _about_next(event: Event) -> bool | None:
        if isinstance(event, ev.EmbryonicSaCreated):
            return event.direction == "inbound"  # its SPI goes into the next message; the outbound one came in the last
        if isinstance(event, ev.NegotiationCompleted):
            return event.role == "initiator"  # it confirms with QM3, and the document has the confirmed SAs there
        if isinstance(event, ev.QuickModeStarting | ev.QuickModeSent):
            return True
        if type(event) in _NEXT:
            return True
        return False if type(event) in _LAST or isinstance(event, ev.Phase2Completed | ev.QuickModeFailed) else None

    @staticmethod
    def _own_message_id(event: Event) -> int | None:
        if isinstance(event, ev.QuickModeStarting | ev.QuickModeSent | ev.Phase2Completed | ev.QuickModeFailed):
            return event.message_id
        return None

    def _stand(self, index: int, rung: Rung | None) -> None:
        spot = self.spots[index]
        if rung is not None:
            spot.stage = rung.name
            if rung.name.startswith("QM"):
                spot.message_id = rung.message_id

    @property
    def _ends_phase1(self) -> bool:
        """Whether the last message ended phase 1, and the line that says so has not come yet."""
        last = self._last
        return last is not None and (last.name, last.direction) == ("MM6", "received") and not self._completed

    def _about_unprinted(self, event: Event) -> bool:
        """Whether this is about a message that came in without its line: a paste may have that line further down."""
        if isinstance(event, ev.PayloadProcessed):
            last = self._last
            self._unprinted_begun = last is not None and last.direction == "sent" and last.name in steps.MESSAGES
        elif type(event) in _NEXT:
            self._unprinted_begun = False
        return self._unprinted_begun

    def _message(self, index: int, entry: Entry, message: ev.MessageDecoded) -> None:
        self._sending = False
        self._place_unprinted(_direction(message))
        direction = _direction(message)
        repeated = self._repeated(message, direction)
        if repeated is not None:
            self._again(repeated, index)
            return
        names = tuple(payload_name(number) for number in message.payloads)
        name = self._name(message, direction)
        rung = Rung(name, direction, message.message_id, message.length, names, index, entry.at)
        self._positions[_mark(message, direction)] = len(self.rungs)
        self.rungs.append(rung)
        self._last = rung
        self._stand(index, rung)
        waiting = self._to_send if direction == "sent" else self._to_receive
        for before in waiting:
            by_itself = _by_itself(self.entries[before].event)
            if rung.name.startswith("QM") and by_itself.startswith("MM"):
                self.spots[before].stage = by_itself  # of a phase 1 whose messages are not in the log
            else:
                self._stand(before, rung)
        waiting.clear()

    def _place_unprinted(self, direction: Direction | None) -> None:
        """Lines about a message whose own line had not come: to that message if it is here now, else to the last."""
        if direction == "received":
            self._to_receive += [index for index, _ in self._unprinted]
        else:
            for index, last in self._unprinted:
                self._stand(index, last)
        self._unprinted.clear()
        self._unprinted_begun = False

    def _repeated(self, message: ev.MessageDecoded, direction: Direction) -> Rung | None:
        """The message that this one repeats. In the clear nothing tells two informational messages apart."""
        if _kind(message) == "INFO" and not message.message_id:
            return None
        position = self._positions.get(_mark(message, direction))
        return None if position is None else self.rungs[position]

    def _again(self, rung: Rung, index: int) -> None:
        again = replace(rung, retransmissions=(*rung.retransmissions, index))
        first = self.entries[rung.entry].event
        if isinstance(first, ev.MessageDecoded):
            self.rungs[self._positions[_mark(first, rung.direction)]] = again
        if self._last is rung or rung.direction == "received":
            self._last = again
        self._stand(index, again)

    def _undeciphered(self, spot: _Spot, event: Event) -> bool:
        """A message of main mode that came and could not be decrypted is no rung, and yet it has its place."""
        expected = next_message(self.role, self.furthest_rung())
        if getattr(event, "message_id", 0) or expected not in (("MM5", "received"), ("MM6", "received")):
            return False
        spot.stage = expected[0]
        return True

    def _peer_repeated(self, index: int) -> None:
        """`Duplicate Phase 1 packet detected` is a repetition of the last message of main mode that came in."""
        received = next((rung for rung in reversed(self.rungs) if rung.direction == "received"
                         and rung.name != "INFO"), None)  # fmt: skip
        if received is not None and index - 1 not in received.retransmissions:
            self._again(received, index)

    def _name(self, message: ev.MessageDecoded, direction: Direction) -> str:
        kind = _kind(message)
        quick_role = self.quick_roles.get(message.message_id)
        if kind == "QM" or (kind == "INFO" and quick_role and message.message_id):
            ours = (direction == "sent") == (quick_role == "initiator")
            if steps.SA in message.payloads:
                return "QM1" if ours else "QM2"
            return "QM3" if ours else "INFO"
        if kind not in _PAIRS:
            return kind
        if kind == "ID" and any(rung.name.startswith("AM") for rung in self.rungs):
            return "AM3"
        return _PAIRS[kind][(direction == "sent") != (self.role == "initiator")]

    # -- what is left ------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Entries whose message is not in the log: it was never sent, or the log begins after it or lacks it."""
        self._place_unprinted(None)
        sent = next_message(self.role, self.furthest_rung())
        building = sent[0] if sent is not None and sent[1] == "sent" else ""
        for index in self._to_send:
            self.spots[index].stage = _by_itself(self.entries[index].event) or building
        processed = self._before_first()
        stage = ""
        for index in self.draft.lines:
            spot = self.spots[index]
            if not spot.stage:
                event = self.entries[index].event
                by_itself = _by_itself(event)
                spot.stage = by_itself or ("" if isinstance(event, ev.MessageDecoded) else stage or processed)
            stage = spot.stage
        self._number_quick_modes()
        self.rungs = [replace(rung, note=self._note(rung)) if rung.name == "INFO" else rung for rung in self.rungs]

    def _before_first(self) -> str:
        """The message before the first one in the log: a paste often begins in the middle of its processing."""
        first = next((rung.name for rung in self.rungs if rung.name in steps.MESSAGES), None)
        if first is None or first == "MM1":
            return ""
        return steps.MESSAGES[steps.MESSAGES.index(first) - 1]

    def furthest_rung(self) -> str | None:
        return _furthest(rung.name for rung in self.rungs)

    def _number_quick_modes(self) -> None:
        """Give phase 2 entries that stand under no message the number of the quick mode that is named after them."""
        unknown: list[int] = []
        number: int | None = None
        for index in self.draft.lines:
            spot = self.spots[index]
            if spot.message_id is not None:
                for before in unknown:
                    self.spots[before].message_id = spot.message_id
                unknown.clear()
                number = spot.message_id
                if isinstance(self.entries[index].event, ev.Phase2Completed | ev.QuickModeFailed):
                    number = None
            elif spot.stage.startswith("QM"):
                if number is not None:
                    spot.message_id = number
                else:
                    unknown.append(index)

    def _note(self, rung: Rung) -> str:
        position = bisect_left(self.draft.lines, rung.entry)
        for index in self.draft.lines[max(0, position - 4) : position + 6]:
            event = self.entries[index].event
            if isinstance(event, ev.KeepaliveSent if rung.direction == "sent" else ev.KeepaliveReceived):
                return f"DPD {event.kind}"
            if rung.direction == "received" and index > rung.entry:
                if isinstance(event, ev.NotifyReceived):
                    return f"{event.text} ({event.number})"
                if isinstance(event, ev.ClearNotifyDropped):
                    return event.notify
        return "delete" if "DELETE" in rung.payloads else ""


def _by_itself(event: Event) -> str:
    """The message that a line tells by itself to have come or gone, or to be on its way."""
    if isinstance(event, ev.NegotiationStarted):
        return "MM1" if event.what.endswith("Phase 1") else "QM1"
    if isinstance(event, ev.QuickModeStarting):
        return "QM1"
    if isinstance(event, ev.QuickModeSent):
        return f"QM{event.ordinal}"
    if isinstance(event, ev.Phase2Completed):
        return "QM3"
    return _WITHOUT_DECODE.get(type(event), "")


def _furthest(names: Iterable[str]) -> str | None:
    reached = {name for name in names if name in steps.MESSAGES}
    return max(reached, key=steps.MESSAGES.index, default=None)


def next_message(role: Role, reached: str | None) -> tuple[str, Direction] | None:
    """What should come after the message `reached`, seen from this end; None after QM3 or when the role is unknown."""
    if role == "unknown":
        return None
    following = "MM1"
    if reached is not None:
        position = steps.MESSAGES.index(reached) + 1
        if position == len(steps.MESSAGES):
            return None
        following = steps.MESSAGES[position]
    return following, "received" if steps.BY_MESSAGE[following].receiver == role else "sent"


def state_after(role: Role, rungs: Sequence[Rung], reached: str | None) -> str:
    """What `show crypto isakmp sa` says after these messages of phase 1; empty when nothing tells."""
    phase1 = [rung for rung in rungs if rung.name.startswith(("MM", "AM"))]
    if not phase1:
        step = steps.BY_MESSAGE.get(reached or "")
        return step.state if step is not None and step.receiver == role else ""
    last = phase1[-1]
    if last.name.startswith("AM"):
        return f"AM_WAIT_MSG{int(last.name[2:]) + 1}" if last.direction == "sent" else f"AM_WAIT_MSG{last.name[2:]}"
    if last.direction == "received":
        return steps.BY_MESSAGE[last.name].state  # it was not answered, so it moved nothing
    following = next_message(role, last.name)
    return steps.BY_MESSAGE[following[0]].state if following and following[1] == "received" else "MM_ACTIVE"


def _lay_out(draft: _Draft, entries: Sequence[Entry]) -> tuple[Negotiation, dict[int, _Spot]]:
    """The negotiation, and where each of its entries belongs."""
    layout = _Layout(draft, entries)
    listed = [entries[index] for index in draft.lines]
    reached = layout.furthest_rung()
    if reached is None:
        reached = _furthest(spot.stage for index, spot in layout.spots.items() if _tells(entries[index].event))
    quick_modes = _quick_modes(layout, entries)
    phase1 = _phase1(layout, listed, reached)
    outcome = _outcome(phase1, quick_modes, listed)
    open_quick_mode = next((q for q in quick_modes if q.outcome != "established"), None)
    if phase1.outcome != "established" and not quick_modes:
        expected = next_message(layout.role, reached if reached in _MAIN_MODE else None)
    elif not quick_modes:
        expected = next_message(layout.role, "MM6")
    elif open_quick_mode is not None:
        names = [rung.name for rung in layout.rungs if rung.message_id == open_quick_mode.message_id]
        expected = next_message(open_quick_mode.role, _furthest(names) or "MM6")
    else:
        expected = None
    return (
        Negotiation(
            draft.peer,
            next((entry.group for entry in reversed(listed) if entry.group), None),
            layout.role,
            outcome,
            reached or next((rung.name for rung in reversed(layout.rungs) if rung.name.startswith("AM")), None),
            expected,
            phase1,
            quick_modes,
            tuple(layout.rungs),
            tuple(draft.lines),
        ),
        layout.spots,
    )


_MAIN_MODE: Final = frozenset(name for name in steps.MESSAGES if name.startswith("MM"))


def _tells(event: Event) -> bool:
    """Whether a line shows by itself, without its message in the log, that the message passed."""
    return type(event) in _WITHOUT_DECODE or isinstance(event, ev.Phase2Completed)


def _phase1(layout: _Layout, entries: Sequence[Entry], reached: str | None) -> Phase1:
    outcome: Phase1Outcome = "not-seen"
    told = ""
    for entry in entries:
        event = entry.event
        if isinstance(event, ev.Phase1Completed):
            return Phase1("established", "MM_ACTIVE")
        if isinstance(event, ev.MessageDecoded):
            kind = _kind(event)
            if kind == "QM":
                return Phase1("established", "MM_ACTIVE")
            if kind in _PAIRS and event.direction != "RESENDING":
                outcome, told = "incomplete", ""
        elif isinstance(event, _PHASE1_FAILURES) or (isinstance(event, ev.FsmHistory) and event.exchange != "QM"):
            outcome = "failed"
            told = _told_state(event) or told
        elif outcome == "not-seen" and _by_itself(event).startswith("MM"):
            outcome = "incomplete"
    if outcome in ("not-seen", "failed") and layout.quick_roles:
        return Phase1("established", "MM_ACTIVE")
    return Phase1(outcome, told or state_after(layout.role, layout.rungs, reached))


def _told_state(event: Event) -> str:
    """The state in which a negotiation died, where the line names it."""
    if isinstance(event, ev.FsmHistory):
        return next((state for state, _ in event.history if "_WAIT_" in state), "")
    if isinstance(event, ev.EstablishmentTimedOut | ev.IkeSaTerminateReceived):
        return event.state
    return ""


def _quick_modes(layout: _Layout, entries: Sequence[Entry]) -> tuple[Phase2, ...]:
    """The quick modes in the order in which they began."""
    grouped: dict[int | None, list[Event]] = {}
    ending = -1
    last_line: dict[int | None, int] = {}
    for index in layout.draft.lines:
        spot, event = layout.spots[index], entries[index].event
        if spot.message_id is not None or (spot.stage.startswith("QM") and type(event) in _WITHOUT_DECODE):
            grouped.setdefault(spot.message_id, []).append(event)
            last_line[spot.message_id] = index
        if isinstance(event, _PHASE2_FAILURES):
            ending = index
    found = []
    for message_id, events in grouped.items():
        quick = _quick_mode(message_id, events, layout.quick_roles.get(message_id or 0, "unknown"))
        # The session's end, or a notification, names no quick mode: it ends those that are under way.
        if quick.outcome == "incomplete" and ending > last_line[message_id]:
            quick = replace(quick, outcome="failed")
        found.append(quick)
    return tuple(found)


def _quick_mode(message_id: int | None, events: Sequence[Event], role: Role) -> Phase2:
    outcome: Outcome = "incomplete"
    local = remote = None
    inbound = outbound = None
    for event in events:
        match event:
            case ev.Phase2Completed():
                outcome = "established"
            case ev.NegotiationCompleted():
                outcome, role = "established", event.role
                inbound, outbound = event.inbound_spi, event.outbound_spi
            case ev.ProxyIdsTransmitted() | ev.CryptoMapEntryMissing():
                local, remote = event.local, event.remote
            case ev.ProxyIdReceived(side="local"):
                local = event.proxy
            case ev.ProxyIdReceived(side="remote"):
                remote = event.proxy
            case ev.SpiObtained() | ev.KeyUpdated():
                inbound = event.spi
            case ev.KeyAdded():
                outbound = event.spi
        if isinstance(event, _RESPONDS_QM) and role == "unknown":
            role = "responder"
        if isinstance(event, _PHASE2_FAILURES) and outcome != "established":
            outcome = "failed"
    return Phase2(message_id, role, outcome, local, remote, inbound, outbound)


def _outcome(phase1: Phase1, quick_modes: Sequence[Phase2], entries: Sequence[Entry]) -> Outcome:
    """Established once a pair of IPsec SAs was agreed, whatever became of it; failed if the log says so."""
    outcomes = {quick.outcome for quick in quick_modes}
    if "established" in outcomes:
        return "established"
    if phase1.outcome == "failed" or "failed" in outcomes:
        return "failed"
    if phase1.outcome == "established" and any(isinstance(e.event, _PHASE2_FAILURES) for e in entries):
        return "failed"
    return "incomplete"
