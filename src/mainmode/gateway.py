"""One ASA: its configuration, its SAs, its crypto map. Knows no socket, no clock and no dice: they are handed in.

Three things can happen to a gateway: a datagram arrives, a packet wants out, time passes. Each returns what came of
it, in order: entries to print and actions to carry out. Whatever a peer sends, nothing raises out of here; what is
wrong with a message is a `Malformed` or a `Refused`.

What has not been proved changes nothing (shared rules of this file):
- a message that does not verify moves no IV, no state and no address, and says at most a line, at a limited rate;
- notifications in the clear are lines in the debug and no more;
- until MM5 verifies, answers go only to the address that sent MM1, and none is longer than what it answers;
- who has no pre-shared key here costs no Diffie-Hellman, and nobody does before having answered our cookie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from ipaddress import IPv4Address
from typing import Final

from mainmode import steps
from mainmode.alarms import Alarm, Alarms
from mainmode.blame import Malformed, Refused
from mainmode.config.model import DEFAULT_L2L_GROUP, Config
from mainmode.engine import Engine, Install, Remove
from mainmode.events import (
    ClearNotifyDropped,
    ConnectionTerminated,
    CorrelatorRemovalFailed,
    DataDiscarded,
    DuplicatePacket,
    Entry,
    Event,
    FsmHistory,
    GroupNotFound,
    IkeSaDeleting,
    IkeSaTerminateReceived,
    IkeSaTerminating,
    InformationalFailed,
    InitiatorPolicyMissing,
    InvalidSpiReceived,
    KeepaliveReceived,
    KeyAcquireDequeued,
    KeyAcquireQueued,
    KeyAcquireReceived,
    MessageDecoded,
    NegotiationLimitReached,
    NegotiationStarted,
    NoCryptoMapOnInterface,
    NotifyReceived,
    PayloadProcessed,
    PeerIsOurselves,
    PeerTableEntryError,
    PeerTableRemovalFailed,
    QuickModeBegun,
    QuickModeFailed,
    QuickModeStarting,
    ResponderCookieMissing,
    RetransmitDispatched,
    RuntPacket,
    SaPayloadMissing,
    SessionTornDown,
    TunnelGroupMissing,
    UnknownSaPacket,
)
from mainmode.ike.cryptomap import Match, walk_outbound
from mainmode.ike.informational import NOTIFY_TEXTS, Informational, message_id, notify_name
from mainmode.ike.offers import PROTO_ESP, PROTO_ISAKMP
from mainmode.ike.persona import ASA, Persona
from mainmode.ike.phase1 import Entropy, MainMode
from mainmode.ike.phase2 import QuickModes
from mainmode.ike.sa import (
    IKE_PORT,
    NAT_T_PORT,
    NON_ESP_MARKER,
    Agreement,
    Endpoint,
    IkeSa,
    Opened,
    QuickMode,
    Resend,
    Send,
    Tunnel,
    fingerprint,
)
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.selectors import read_packet
from mainmode.path import way_out
from mainmode.satable import NO_COOKIE, SaTable
from mainmode.transcript import Transcript
from mainmode.wire import FLAG_ENCRYPTED, Delete, Message, Notify, NotifyType, SecurityAssociation, decode

Action = Send | Install | Remove
Out = Transcript[Action]

HALF_OPEN_SECONDS: Final = 30.0
"""How long such a negotiation with a peer that is not configured is kept. Nothing is repeated to it meanwhile."""

MAX_EXCHANGES: Final = 64
"""Quick modes at once under one IKE SA."""

DONE_QUICK_MODE_SECONDS: Final = 60.0
"""How long a quick mode that is done is remembered, to answer repetitions: longer than any peer repeats."""

MAX_SPENT_INFORMATIONAL: Final = 128

HOSTILE_LINES_PER_SECOND: Final = 10
"""Lines about messages that prove nothing: a flood of garbage must not become a flood of log."""

_REASONS: Final[dict[int | None, str]] = {
    NotifyType.NO_PROPOSAL_CHOSEN: "Phase 2 Mismatch",
    NotifyType.INVALID_ID_INFORMATION: "crypto map policy not found",
}
"""What an ASA gives as the reason when it tears the session down after refusing a quick mode."""


class Gateway:
    """One ASA with this configuration.

    `entropy(n)` gives n unpredictable octets. `persona` is what kind of box it says it is. Times are seconds on any
    clock that does not run backwards.
    """

    def __init__(self, config: Config, *, entropy: Entropy, persona: Persona = ASA) -> None:
        self.config = config
        self.persona = persona
        self.counters: Counter[str] = Counter()
        """Datagrams that were dropped, by reason."""
        self.engine = Engine(config, entropy)
        self._entropy = entropy
        self._main = MainMode(config, persona, entropy)
        self._quick = QuickModes(config, persona, entropy, self.engine)
        self._informational = Informational(entropy)
        self._alarms = Alarms()
        self._sas = SaTable()
        self._waiting: dict[IPv4Address, list[Match]] = {}
        """SA pairs that are wanted once phase 1 with the peer is complete."""
        self._structs = 0x4B5A5A0
        self._hostile_second = -1.0
        self._hostile_lines = 0

    # -- the three inputs -------------------------------------------------------------------------------------------

    def receive(
        self, datagram: bytes, source: Endpoint, now: float, to: Endpoint | None = None
    ) -> list[Entry | Action]:
        """A UDP datagram arrived from `source` at our endpoint `to` (by default: where IKE is enabled)."""
        out: Out = Transcript(now, source.address)
        local = to or self._endpoint_towards(source)
        if local is None:
            self.counters["no interface"] += 1
            return []
        try:
            self._receive(datagram, source, local, out)
        except Malformed:
            self.counters["malformed"] += 1
            self._say_hostile(RuntPacket(local.port), out)
        except Refused as refusal:
            self.counters["refused"] += 1
            for event in refusal.events:
                self._say_hostile(event, out)
        return out.items

    def outbound(self, packet: bytes, now: float) -> list[Entry | Action]:
        """An IPv4 packet wants out and there is no IPsec SA for it: find the tunnel it belongs to and ask for one."""
        out: Out = Transcript(now)
        header = read_packet(packet)
        if isinstance(header, Drop):
            self.counters["not an IPv4 packet"] += 1
            return []
        way = way_out(self.config, header)
        if way is None:
            self.counters["no route"] += 1
            return []
        walk: Out = Transcript(now)
        match = walk_outbound(self.config, way.interface, way.packet, walk)
        if match is not None:
            out.say(KeyAcquireReceived())
        out.items += walk.items
        if match is not None:
            self._acquire(match, way.came_in_by, way.interface, way.packet.destination, out)
        return out.items

    def tick(self, now: float) -> list[Entry | Action]:
        """Time has passed: whatever is due by `now` is done."""
        items: list[Entry | Action] = []
        while (action := self._alarms.due(now)) is not None:
            out: Out = Transcript(now)
            action(out)
            items += out.items
        return items

    @property
    def wake_at(self) -> float | None:
        """When `tick` is next needed; None while nothing is pending."""
        return self._alarms.wake_at

    # -- what there is ----------------------------------------------------------------------------------------------

    @property
    def ike_sas(self) -> Iterator[IkeSa]:
        """Every IKE SA, half-open ones included, in the order in which they began."""
        return iter(self._sas)

    @property
    def tunnels(self) -> Iterator[tuple[IkeSa, Tunnel]]:
        """Every pair of IPsec SAs with the IKE SA it was made under."""
        return ((sa, tunnel) for sa in self.ike_sas for tunnel in sa.tunnels)

    # -- datagrams --------------------------------------------------------------------------------------------------

    def _receive(self, datagram: bytes, source: Endpoint, local: Endpoint, out: Out) -> None:
        if local.port == NAT_T_PORT:
            if not datagram.startswith(NON_ESP_MARKER):
                self.counters["not IKE on UDP 4500"] += 1  # a NAT keepalive, or ESP that went astray
                return
            datagram = datagram[len(NON_ESP_MARKER) :]
        message = decode(datagram)
        exchange = message.header.exchange
        if exchange == steps.MAIN_MODE:
            self._receive_main_mode(message, datagram, source, local, out)
        elif exchange == steps.QUICK_MODE:
            self._receive_quick_mode(message, datagram, source, local, out)
        elif exchange == steps.INFORMATIONAL:
            self._receive_informational(message, source, local, out)
        else:
            # Aggressive mode would hand the hash of the pre-shared key to anybody who asks (`docs/decisions`).
            self.counters[f"exchange type {exchange}"] += 1

    def _receive_main_mode(
        self, message: Message, datagram: bytes, source: Endpoint, local: Endpoint, out: Out
    ) -> None:
        header = message.header
        mark = fingerprint(datagram)
        if header.responder_cookie == NO_COOKIE:
            if self._sas.is_ours(header.initiator_cookie):
                self._say_hostile(ResponderCookieMissing(), out)
                return
            known = self._sas.opened_by(source, header.initiator_cookie)
            if known is None:
                self._open_responder(message, mark, source, local, out)
            elif known.last_received == mark:
                self._repeat(known, out)
            return
        sa = self._sas.of(message.header, source)
        if sa is None:
            encrypted = header.flags & FLAG_ENCRYPTED
            self.counters["no matching SA"] += 1
            self._say_hostile(UnknownSaPacket() if encrypted else SaPayloadMissing(header.next_payload), out)
            return
        out.group = sa.group
        if mark == sa.last_received:
            self._repeat(sa, out)
            return
        step = steps.BY_STATE.get((sa.role, sa.state))
        if step is None or sa.active:
            self.counters["main mode is over"] += 1
            return
        if bool(header.flags & FLAG_ENCRYPTED) != step.encrypted:
            self.counters["unexpected message"] += 1
            return
        if not step.encrypted and source != sa.remote:
            self.counters["another address"] += 1
            return
        self._step_main_mode(sa, step, message, mark, source, local, out)

    def _step_main_mode(
        self, sa: IkeSa, step: steps.Step, message: Message, mark: bytes, source: Endpoint, local: Endpoint, out: Out
    ) -> None:
        """The message that the SA waits for. It moves the SA on, or leaves it as it was."""
        try:
            opened = self._main.open(sa, message, out) if step.encrypted else None
            numbers = opened.numbers if opened else tuple(payload.number for payload in message.payloads)
            fault = steps.fault(step, numbers)
            if fault is not None:
                raise Malformed(fault)
            length = opened.length if opened else message.header.length
            out.say(MessageDecoded("RECEIVED", 0, numbers, length))
            if opened is not None and source != sa.remote:
                self._check_float(sa, source, local)
            self._read_main_mode(sa, step, message, opened, source, local, out)
        except Refused as refusal:
            self._refuse_main_mode(sa, refusal, out)
            return
        sa.last_received = mark
        if step.answer is None or step.next_state == "MM_ACTIVE":
            sa.resend = None
        if step.answer is None:
            sa.last_answer = None
        if not sa.active:
            sa.state = step.next_state
        self._arm(sa, out)

    def _read_main_mode(
        self,
        sa: IkeSa,
        step: steps.Step,
        message: Message,
        opened: Opened | None,
        source: Endpoint,
        local: Endpoint,
        out: Out,
    ) -> None:
        if opened is None:
            {"MM2": self._main.read_mm2, "MM3": self._main.read_mm3, "MM4": self._main.read_mm4}[step.message](
                sa, message, out
            )
            return
        before = sa.remote, sa.local
        if step.message == "MM5":
            # MM6 answers to where MM5 came from, if it verifies: with a NAT both ends are on UDP 4500 by now.
            sa.remote, sa.local = source, local
            try:
                self._main.read_mm5(sa, opened, out)
            except Refused:
                sa.remote, sa.local = before
                raise
            self._sas.proved(sa, before[0])
            self._phase1_done(sa, out)
            return
        self._main.read_mm6(sa, opened, out)
        wanted = self._waiting.pop(sa.remote.address, [])
        first = self._new_quick_mode(sa, wanted[0], out) if wanted else None
        self._main.complete(sa, out)
        self._phase1_done(sa, out)
        if first is not None:
            self._send_qm1(sa, first, out)
        if len(wanted) > 1:
            out.say(KeyAcquireDequeued())
        for match in wanted[1:]:
            self._send_qm1(sa, self._new_quick_mode(sa, match, out), out)

    def _check_float(self, sa: IkeSa, source: Endpoint, local: Endpoint) -> None:
        """An encrypted main mode message from another port than before is one that moved because of a NAT."""
        if not (sa.behind_nat and local.port == NAT_T_PORT and source.address == sa.remote.address):
            raise Malformed("another source port without a NAT")

    def _open_responder(self, message: Message, mark: bytes, source: Endpoint, local: Endpoint, out: Out) -> None:
        """MM1 from somebody: a new SA, half-open."""
        interface = self.config.interface_at(local.address)
        if interface is None or interface.name is None or interface.name not in self.config.ike_enabled:
            self.counters["IKE not enabled"] += 1
            return
        step = steps.BY_MESSAGE["MM1"]
        numbers = tuple(payload.number for payload in message.payloads)
        fault = steps.fault(step, numbers)
        if message.header.flags & FLAG_ENCRYPTED or message.header.message_id or fault is not None:
            raise Malformed(fault or "MM1 is neither encrypted nor numbered")
        if message.header.initiator_cookie == NO_COOKIE:
            raise Malformed("no initiator cookie")
        if self.config.crypto_map_on(interface.name) is None:
            self._say_hostile(NoCryptoMapOnInterface(), out)
            return
        sa = IkeSa(
            "responder",
            self.persona,
            local,
            source,
            interface.name,
            message.header.initiator_cookie,
            self._entropy(8),
            step.state,
            out.now,
            self._struct(),
        )
        out.say(MessageDecoded("RECEIVED", 0, numbers, message.header.length))
        try:
            self._main.read_mm1(sa, message, out)
        except Refused as refusal:
            # This SA never was: no state, one answer that is no longer than the question.
            self._refuse_main_mode(sa, refusal, out)
            return
        crowded_out = self._sas.crowded_out()
        if crowded_out is not None:
            self._say_hostile(NegotiationLimitReached(), out)
            self._forget(crowded_out, out)
        self._sas.add(sa)
        sa.last_received = mark
        sa.state = step.next_state
        self._arm(sa, out)

    def _refuse_main_mode(self, sa: IkeSa, refusal: Refused, out: Out) -> None:
        """A message of main mode that is not acceptable. Nothing is proved yet, so the SA waits on for a better one.

        Except when there is no pre-shared key for the peer: then there is nothing to wait for.
        """
        self.counters["refused"] += 1
        no_key = any(isinstance(event, TunnelGroupMissing) for event in refusal.events)
        if no_key:
            out.group = str(sa.remote.address)  # the group that would have been it
        allowed = self._may_say_hostile(out)
        if allowed:
            for event in refusal.events:
                out.say(event)
        if no_key:
            self._abort(sa, out)
        elif refusal.notify is not None and allowed:
            self._informational.send_clear_notify(sa, refusal.notify, out)

    def _repeat(self, sa: IkeSa, out: Out) -> None:
        """The peer's last message came again, octet for octet: our answer to it is sent again, without new work."""
        out.group = sa.group
        answer = sa.last_answer
        if not sa.active and sa.state == "MM_WAIT_MSG3" and not self._is_configured(sa.remote.address):
            answer = None  # MM2 is repeated to peers we know, not to any address that is put into a datagram
        if not self._may_say_hostile(out):
            return
        out.say(DuplicatePacket(1, answer is not None))
        if answer is not None:
            out.say(RetransmitDispatched())
            self._resend(sa, answer, out)

    # -- quick mode -------------------------------------------------------------------------------------------------

    def _receive_quick_mode(
        self, message: Message, datagram: bytes, source: Endpoint, local: Endpoint, out: Out
    ) -> None:
        sa = self._sas.of(message.header, source)
        if sa is None or not sa.active:
            self.counters["no matching SA"] += 1
            self._say_hostile(UnknownSaPacket(), out)
            return
        out.group = sa.group
        identifier = message.header.message_id
        if not message.header.flags & FLAG_ENCRYPTED or not identifier:
            raise Malformed("quick mode is encrypted and numbered")
        mark = fingerprint(datagram)
        quick = sa.exchanges.get(identifier)
        if quick is None:
            if identifier in sa.spent_ids:
                self.counters["message id used before"] += 1
                return
            if len(sa.exchanges) >= MAX_EXCHANGES:
                self._say_hostile(NegotiationLimitReached(), out)
                return
            quick = QuickMode("responder", identifier, "QM_START", self._struct(), sa.exchange_iv(identifier))
        elif quick.last_received == mark:
            if self._may_say_hostile(out):
                out.say(DuplicatePacket(2, quick.last_answer is not None))
                if quick.last_answer is not None:
                    self._resend(sa, quick.last_answer, out)
            return
        step = steps.BY_STATE.get((quick.role, quick.state))
        if step is None:
            self.counters["quick mode is over"] += 1
            return
        opened = sa.unseal(message, quick.iv)
        fault = steps.fault(step, opened.numbers)
        if fault is not None:
            raise Malformed(fault)
        self._quick.verify(sa, quick, opened, step.message)
        # From here on the peer has proved itself.
        self._follow(sa, source, local)
        quick.last_received = mark
        if step.message == "QM1":
            out.say(QuickModeStarting("responder", identifier))
            sa.exchanges[identifier] = quick
            sa.spent_ids.add(identifier)
        out.say(MessageDecoded("RECEIVED", identifier, opened.numbers, opened.length))
        out.say(PayloadProcessed("hash"))
        try:
            self._read_quick_mode(sa, quick, step.message, opened, out)
        except (Refused, Malformed) as blame:
            self._refuse_quick_mode(sa, quick, opened, blame, out)

    def _read_quick_mode(self, sa: IkeSa, quick: QuickMode, message: str, opened: Opened, out: Out) -> None:
        if message == "QM1":
            self._quick.read_qm1(sa, quick, opened, out)
            if quick.initial_contact:
                self._initial_contact(sa, out)
            self._arm_quick(sa, quick, out)
            return
        match = quick.wanted
        if message == "QM2":
            agreement = self._quick.read_qm2(sa, quick, opened, out)
        else:
            agreement = self._quick.read_qm3(sa, quick, out)
        self._tunnel_up(sa, quick, match, agreement, out)

    def _tunnel_up(self, sa: IkeSa, quick: QuickMode, match: Match, agreement: Agreement, out: Out) -> None:
        session = self.engine.session(agreement.inbound_spi)
        tunnel = Tunnel(
            match,
            agreement.suite,
            agreement.inbound_spi,
            agreement.outbound_spi,
            agreement.role,
            session,
            out.now,
        )
        sa.tunnels.append(tunnel)
        tunnel.alarm = self._alarms.set(
            out.now + agreement.suite.lifetime_seconds, partial(self._expire_tunnel, sa, tunnel)
        )
        self._cancel(quick.alarm)
        quick.alarm = self._alarms.set(
            out.now + DONE_QUICK_MODE_SECONDS, partial(self._forget_quick_mode, sa, quick.message_id)
        )

    def _refuse_quick_mode(
        self, sa: IkeSa, quick: QuickMode, opened: Opened, blame: Refused | Malformed, out: Out
    ) -> None:
        """The peer is authentic and what it asks for is not acceptable: tell it, and end the quick mode.

        Without any tunnel the session has no purpose any more and is torn down, as an ASA does it.
        """
        self.counters["refused"] += 1
        notify = blame.notify if isinstance(blame, Refused) else NotifyType.PAYLOAD_MALFORMED
        for event in blame.events if isinstance(blame, Refused) else ():
            out.say(event)
        if notify is not None:
            offer = next((p for p in opened.payloads if isinstance(p, SecurityAssociation)), None)
            spi = offer.proposals[0].spi if offer else b""
            self._informational.send_notify(sa, Notify(PROTO_ESP, spi, notify), quick.message_id, out)
        self._fail_quick_mode(sa, quick, out)
        if not sa.tunnels and not any(other.state != "QM_DONE" for other in sa.exchanges.values()):
            self._tear_down(sa, _REASONS.get(notify, "Phase 2 Error"), out)

    def _fail_quick_mode(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        out.say(QuickModeFailed(quick.struct, quick.message_id))
        out.say(FsmHistory("QM", quick.role, quick.struct, _quick_history(quick)))
        self._forget_quick_mode(sa, quick.message_id, out)
        out.say(CorrelatorRemovalFailed())

    def _tear_down(self, sa: IkeSa, reason: str, out: Out) -> None:
        """End the whole session with the peer, and tell it."""
        out.say(IkeSaTerminateReceived(_half(sa), "MM_ACTIVE", 0x00000042, 1, len(sa.tunnels)))
        self._delete(sa, out)
        out.say(SessionTornDown(reason))

    def _initial_contact(self, sa: IkeSa, out: Out) -> None:
        """The peer has no other SA with us (RFC 2407 §4.6.3.3): those we think it has are gone. Authentic by now."""
        for other in self._sas.with_peer(sa.remote.address):
            if other is not sa and other.active:
                self._forget(other, out)

    def _new_quick_mode(self, sa: IkeSa, match: Match, out: Out) -> QuickMode:
        identifier = message_id(self._entropy)
        while identifier in sa.spent_ids:
            identifier = message_id(self._entropy)
        quick = QuickMode("initiator", identifier, "QM_START", self._struct(), sa.exchange_iv(identifier), match=match)
        sa.exchanges[identifier] = quick
        sa.spent_ids.add(identifier)
        out.say(QuickModeBegun())
        out.say(QuickModeStarting("initiator", identifier))
        return quick

    def _send_qm1(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        first_contact = not any(other.tunnels for other in self._sas.with_peer(sa.remote.address))
        self._quick.send_qm1(sa, quick, first_contact, out)
        self._arm_quick(sa, quick, out)

    # -- informational ----------------------------------------------------------------------------------------------

    def _receive_informational(self, message: Message, source: Endpoint, local: Endpoint, out: Out) -> None:
        sa = self._sas.of(message.header, source)
        encrypted = message.header.flags & FLAG_ENCRYPTED
        if sa is None:
            self.counters["no matching SA"] += 1
            if encrypted:
                self._say_hostile(UnknownSaPacket(), out)
            return
        out.group = sa.group
        if not encrypted:
            self._drop_clear_notify(message, out)
            return
        identifier = message.header.message_id
        if identifier in sa.spent_ids:
            self.counters["message id used before"] += 1
            return
        opened = self._informational.open(sa, message, out)
        self._follow(sa, source, local)
        self._spend_informational(sa, identifier)
        for payload in opened.payloads:
            if isinstance(payload, Notify):
                self._read_notify(sa, payload, out)
            elif isinstance(payload, Delete):
                self._read_delete(sa, payload, out)

    def _drop_clear_notify(self, message: Message, out: Out) -> None:
        """In the clear anybody can say anything: it is told to the user and changes nothing (RFC 2408 §5.13 aside)."""
        self.counters["informational in the clear"] += 1
        for payload in message.payloads[:4]:
            if isinstance(payload, Notify) and self._may_say_hostile(out):
                numbers = tuple(p.number for p in message.payloads)
                out.say(MessageDecoded("RECEIVED", message.header.message_id, numbers, message.header.length))
                out.say(ClearNotifyDropped(notify_name(payload.type)))
                out.say(InformationalFailed())
                return

    def _read_notify(self, sa: IkeSa, notify: Notify, out: Out) -> None:
        out.say(PayloadProcessed("notify"))
        number = notify.type
        cookies = sa.initiator_cookie + sa.responder_cookie
        if number in (NotifyType.R_U_THERE, NotifyType.R_U_THERE_ACK):
            # A number that goes back is a repetition and is not answered (RFC 3706 §5.5).
            if notify.spi != cookies or len(notify.data) != 4:
                return
            sequence = int.from_bytes(notify.data)
            asks = number == NotifyType.R_U_THERE
            out.say(KeepaliveReceived("R-U-THERE" if asks else "R-U-THERE-ACK", sequence))
            if asks and sequence > sa.dpd_received:
                sa.dpd_received = sequence
                self._informational.send_keepalive(sa, NotifyType.R_U_THERE_ACK, sequence, out)
        elif number == NotifyType.INITIAL_CONTACT:
            self._initial_contact(sa, out)
        elif number == NotifyType.INVALID_SPI and len(notify.spi) == 4:
            out.say(InvalidSpiReceived(int.from_bytes(notify.spi)))
        elif 0 < number < 8192:
            out.say(NotifyReceived(NOTIFY_TEXTS.get(number, notify_name(number)), number))
            self._quick_mode_refused(sa, notify, out)

    def _quick_mode_refused(self, sa: IkeSa, notify: Notify, out: Out) -> None:
        """The responder refuses: the quick mode it means is the one with that SPI, or the only one under way.

        The IKE SA stays: whether it has any purpose left is for the responder to say, with a delete.
        """
        open_ones = [q for q in sa.exchanges.values() if q.role == "initiator" and q.state == "QM_WAIT_MSG2"]
        by_spi = [q for q in open_ones if q.inbound_spi.to_bytes(4) == notify.spi]
        for quick in by_spi or (open_ones if len(open_ones) == 1 else []):
            self._fail_quick_mode(sa, quick, out)

    def _read_delete(self, sa: IkeSa, delete: Delete, out: Out) -> None:
        out.say(PayloadProcessed("delete"))
        if delete.protocol == PROTO_ISAKMP:
            if sa.initiator_cookie + sa.responder_cookie in delete.spis:
                self._peer_deleted(sa, out)
        elif delete.protocol == PROTO_ESP:
            for tunnel in list(sa.tunnels):
                if tunnel.outbound_spi.to_bytes(4) in delete.spis:
                    self._say_terminated(sa, tunnel, "Peer Terminate", out)
                    self._drop_tunnel(sa, tunnel, out)

    def _peer_deleted(self, sa: IkeSa, out: Out) -> None:
        for tunnel in sa.tunnels:
            self._say_terminated(sa, tunnel, "Peer Terminate", out)
        if not sa.tunnels:
            out.say(ConnectionTerminated(sa.remote.address, "Peer Terminate", None, None))
        self._forget(sa, out)
        out.say(SessionTornDown("User Requested"))

    def _say_terminated(self, sa: IkeSa, tunnel: Tunnel, reason: str, out: Out) -> None:
        remote, local = tunnel.match.remote.address, tunnel.match.local.address
        out.say(ConnectionTerminated(sa.remote.address, reason, remote, local))

    # -- a packet wants out -----------------------------------------------------------------------------------------

    def _acquire(self, match: Match, came_in_by: str, interface: str, destination: IPv4Address, out: Out) -> None:
        peer = match.entry.peers[0]
        out.peer = peer
        crypto_interface = self.config.interface_named(interface)
        if crypto_interface is None or crypto_interface.address is None:
            out.say(InitiatorPolicyMissing(interface, match.local.address, match.remote.address))
            return
        if peer == crypto_interface.address:
            out.say(PeerIsOurselves(peer))
            return
        if interface not in self.config.ike_enabled or not self.config.ike_policies:
            out.say(InitiatorPolicyMissing(interface, match.local.address, match.remote.address))
            return
        if not self._has_key(peer):
            out.say(GroupNotFound(str(peer)))
            out.say(TunnelGroupMissing())
            return
        sa = self._sas.towards(peer)
        if sa is not None and not sa.active:
            out.say(KeyAcquireQueued())
            waiting = self._waiting.setdefault(peer, [])
            if not any(_same(match, other) for other in waiting):
                waiting.append(match)
            return
        if sa is not None and any(
            q.match is not None and _same(match, q.match) for q in sa.exchanges.values() if q.state != "QM_DONE"
        ):
            out.say(DataDiscarded(destination))
            return
        out.say(
            NegotiationStarted(
                "New Phase 1" if sa is None else "New Phase 2",
                came_in_by,
                peer,
                match.local.address,
                match.remote.address,
                match.map,
            )
        )
        if sa is not None:
            out.group = sa.group
            self._send_qm1(sa, self._new_quick_mode(sa, match, out), out)
            return
        self._waiting[peer] = [match]
        sa = IkeSa(
            "initiator",
            self.persona,
            Endpoint(crypto_interface.address, IKE_PORT),
            Endpoint(peer, IKE_PORT),
            interface,
            self._entropy(8),
            NO_COOKIE,
            "MM_START",
            out.now,
            self._struct(),
        )
        self._sas.add(sa)
        self._main.begin(sa, out)
        self._arm(sa, out)

    # -- time -------------------------------------------------------------------------------------------------------

    def _arm(self, sa: IkeSa, out: Out) -> None:
        """Set the alarm for the next repetition of the SA's last message, or for giving up."""
        self._cancel(sa.alarm)
        sa.alarm = None
        if sa.active:
            return
        if sa.resend is not None and (sa.role == "initiator" or self._is_configured(sa.remote.address)):
            schedule = self.persona.retransmit_after
            times = sa.resend.times
            delay = schedule[times] if times < len(schedule) else self.persona.give_up_after
            sa.alarm = self._alarms.set(out.now + delay, partial(self._main_mode_due, sa))
        else:
            sa.alarm = self._alarms.set(out.now + HALF_OPEN_SECONDS, partial(self._give_up_quietly, sa))

    def _main_mode_due(self, sa: IkeSa, out: Out) -> None:
        out.peer, out.group = sa.remote.address, sa.group
        resend = sa.resend
        if resend is None:
            return
        if resend.times < len(self.persona.retransmit_after):
            resend.times += 1
            self._resend(sa, resend, out)
            self._arm(sa, out)
            return
        out.say(FsmHistory("MM", sa.role, sa.struct, _main_history(sa.state)))
        self._abort(sa, out)

    def _give_up_quietly(self, sa: IkeSa, out: Out) -> None:
        self._forget(sa, out)

    def _arm_quick(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        self._cancel(quick.alarm)
        if quick.resend is None:
            return
        schedule = self.persona.retransmit_after
        times = quick.resend.times
        delay = schedule[times] if times < len(schedule) else self.persona.give_up_after
        quick.alarm = self._alarms.set(out.now + delay, partial(self._quick_mode_due, sa, quick))

    def _quick_mode_due(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        out.peer, out.group = sa.remote.address, sa.group
        resend = quick.resend
        if resend is None:
            return
        if resend.times < len(self.persona.retransmit_after):
            resend.times += 1
            self._resend(sa, resend, out)
            self._arm_quick(sa, quick, out)
            return
        self._fail_quick_mode(sa, quick, out)
        if not sa.tunnels:
            self._tear_down(sa, "Lost Service", out)

    def _resend(self, sa: IkeSa, resend: Resend, out: Out) -> None:
        out.say(MessageDecoded("RESENDING", resend.message_id, resend.payloads, resend.length))
        out.do(sa.wrap(resend.datagram))

    def _phase1_done(self, sa: IkeSa, out: Out) -> None:
        if sa.suite is not None and sa.suite.lifetime is not None:
            sa.life_alarm = self._alarms.set(out.now + sa.suite.lifetime, partial(self._expire, sa))

    def _expire(self, sa: IkeSa, out: Out) -> None:
        """The lifetime of phase 1 is over and nothing has renewed it."""
        out.peer, out.group = sa.remote.address, sa.group
        self._delete(sa, out)

    def _expire_tunnel(self, sa: IkeSa, tunnel: Tunnel, out: Out) -> None:
        """The lifetime of a pair of IPsec SAs is over and nothing has renewed it."""
        out.peer, out.group = sa.remote.address, sa.group
        if sa.active:
            self._informational.send_delete_ipsec(sa, (tunnel.inbound_spi,), out)
        self._drop_tunnel(sa, tunnel, out)

    # -- endings ----------------------------------------------------------------------------------------------------

    def _abort(self, sa: IkeSa, out: Out) -> None:
        """Main mode ends without result."""
        out.say(IkeSaTerminating(_half(sa), 0x01000022, 0, 0))
        self._forget(sa, out)
        if sa.role == "initiator":
            self._waiting.pop(sa.remote.address, None)
        out.say(PeerTableRemovalFailed())
        out.say(PeerTableEntryError())

    def _delete(self, sa: IkeSa, out: Out) -> None:
        """End an IKE SA and its tunnels, and tell the peer."""
        out.say(IkeSaTerminating(_half(sa), 0x01000002, 0, len(sa.tunnels)))
        if sa.active:
            if sa.tunnels:
                self._informational.send_delete_ipsec(sa, [tunnel.inbound_spi for tunnel in sa.tunnels], out)
            self._informational.send_delete_ike(sa, out)
        self._forget(sa, out)

    def _drop_tunnel(self, sa: IkeSa, tunnel: Tunnel, out: Out) -> None:
        out.say(IkeSaDeleting(tunnel.match.remote.address, tunnel.match.local.address))
        self._cancel(tunnel.alarm)
        sa.tunnels.remove(tunnel)
        self.engine.drop(tunnel.inbound_spi, out)

    def _forget(self, sa: IkeSa, out: Out) -> None:
        """Free everything that hangs on an SA."""
        for tunnel in list(sa.tunnels):
            self._drop_tunnel(sa, tunnel, out)
        for identifier in list(sa.exchanges):
            self._forget_quick_mode(sa, identifier, out)
        for alarm in (sa.alarm, sa.life_alarm, sa.keepalive_alarm):
            self._cancel(alarm)
        self._sas.remove(sa)

    def _forget_quick_mode(self, sa: IkeSa, identifier: int, out: Out) -> None:
        quick = sa.exchanges.get(identifier)
        if quick is None:
            return
        del sa.exchanges[identifier]
        self._cancel(quick.alarm)
        if quick.state != "QM_DONE":
            self.engine.drop(quick.inbound_spi, out)

    # -- looking things up ------------------------------------------------------------------------------------------

    def _follow(self, sa: IkeSa, source: Endpoint, local: Endpoint) -> None:
        """An authentic message came from another port: the NAT before the peer has a new mapping (RFC 3947 §6)."""
        if sa.behind_nat and local.port == NAT_T_PORT and source != sa.remote:
            sa.remote, sa.local = source, local

    def _spend_informational(self, sa: IkeSa, identifier: int) -> None:
        # Bounded: keepalives alone are thousands a day. An old one that comes again proves nothing new, and says less.
        sa.spent_informational.append(identifier)
        sa.spent_ids.add(identifier)
        if len(sa.spent_informational) > MAX_SPENT_INFORMATIONAL:
            sa.spent_ids.discard(sa.spent_informational.popleft())

    def _has_key(self, peer: IPv4Address) -> bool:
        group = self.config.tunnel_groups.get(str(peer)) or self.config.tunnel_groups.get(DEFAULT_L2L_GROUP)
        return group is not None and group.pre_shared_key is not None

    def _is_configured(self, peer: IPv4Address) -> bool:
        return str(peer) in self.config.tunnel_groups

    def _endpoint_towards(self, source: Endpoint) -> Endpoint | None:
        """Our endpoint for a datagram whose destination is not told: IKE on the interface that has a crypto map."""
        port = IKE_PORT if source.port != NAT_T_PORT else NAT_T_PORT
        for name in self.config.ike_enabled:
            interface = self.config.interface_named(name)
            if interface is not None and interface.address is not None:
                return Endpoint(interface.address, port)
        return None

    def _struct(self) -> int:
        self._structs = (self._structs + 0x158) & 0xFFFFFFFF
        return self._structs

    def _cancel(self, alarm: Alarm | None) -> None:
        if alarm is not None:
            alarm.cancel()

    # -- hostile messages -------------------------------------------------------------------------------------------

    def _say_hostile(self, event: Event, out: Out) -> None:
        if self._may_say_hostile(out):
            out.say(event)

    def _may_say_hostile(self, out: Out) -> bool:
        """Whether one more line may be written about messages that prove nothing."""
        second = float(int(out.now))
        if second != self._hostile_second:
            self._hostile_second, self._hostile_lines = second, 0
        self._hostile_lines += 1
        if self._hostile_lines > HOSTILE_LINES_PER_SECOND:
            self.counters["lines not written"] += 1
            return False
        return True


def _same(one: Match, other: Match) -> bool:
    """Whether two matches want the same pair of SAs."""
    return (one.map, one.sequence, one.local, one.remote) == (other.map, other.sequence, other.local, other.remote)


def _half(sa: IkeSa) -> int:
    """The first half of our cookie, by which an ASA names an SA in its debug."""
    return int.from_bytes(sa.our_cookie[:4])


def _main_history(state: str) -> tuple[tuple[str, str], ...]:
    """The states of a main mode that nobody answered, newest first, as an ASA lists its last eight."""
    sending = f"MM_SND_MSG{int(state[-1]) - 1}" if state[-1].isdigit() else "MM_SND_MSG1"
    return (
        ("MM_DONE", "EV_ERROR"),
        (state, "EV_RETRY"),
        (state, "EV_TIMEOUT"),
        (state, "NullEvent"),
        (sending, "EV_SND_MSG"),
        (sending, "EV_START_TMR"),
        (sending, "EV_RESEND_MSG"),
        (state, "EV_RETRY"),
    )


def _quick_history(quick: QuickMode) -> tuple[tuple[str, str], ...]:
    """The states of a quick mode that failed, newest first."""
    if quick.state == "QM_START":
        build = "QM_BLD_MSG2"
        events = (
            "EV_NEGO_SA",
            "EV_IS_REKEY",
            "EV_CONFIRM_SA",
            "EV_PROC_MSG",
            "EV_HASH_OK",
            "NullEvent",
            "EV_COMP_HASH",
        )
        return (("QM_DONE", "EV_ERROR"), *((build, event) for event in events))
    waiting, sending = quick.state, "QM_SND_MSG1" if quick.role == "initiator" else "QM_SND_MSG2"
    return (
        ("QM_DONE", "EV_ERROR"),
        (waiting, "EV_TIMEOUT"),
        (waiting, "NullEvent"),
        (sending, "EV_SND_MSG"),
        (sending, "EV_START_TMR"),
        (sending, "EV_RESEND_MSG"),
        (waiting, "EV_TIMEOUT"),
        (waiting, "NullEvent"),
    )
