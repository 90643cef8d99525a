"""The main modes of a gateway: whose message it is, repetition, refusal, giving up, and what phase 1 was wanted for."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Address
from typing import Final

from mainmode import steps
from mainmode.blame import Malformed, Refused
from mainmode.config.model import Config
from mainmode.events import (
    KeyAcquireDequeued,
    MessageDecoded,
    NegotiationLimitReached,
    NegotiationStarted,
    NoCryptoMapOnInterface,
    RekeyCollision,
    ResponderCookieMissing,
    SaPayloadMissing,
    SessionInProgress,
    TunnelGroupMissing,
    UnknownSaPacket,
)
from mainmode.gateway.box import Box, Out, address, cancel, hush
from mainmode.gateway.endings import Endings
from mainmode.gateway.quick import QuickSide
from mainmode.gateway.satable import NO_COOKIE
from mainmode.gateway.whereabouts import sa_of
from mainmode.ike.cryptomap import Match
from mainmode.ike.phase1 import MainMode, nonsense
from mainmode.ike.sa import IKE_PORT, NAT_T_PORT, Endpoint, IkeSa, Opened, fingerprint
from mainmode.wire import FLAG_ENCRYPTED, Message

HALF_OPEN_SECONDS: Final = 30.0
"""How long a negotiation with a peer that is not configured is kept. Nothing is repeated to it meanwhile."""


class MainSide:
    def __init__(self, box: Box, endings: Endings, quick: QuickSide) -> None:
        self._box = box
        self._endings = endings
        self._quick = quick
        self._main = MainMode(box.config, box.persona, box.entropy)

    # -- what comes in ----------------------------------------------------------------------------------------------

    def reconfigure(self, config: Config) -> None:
        """Negotiate by this configuration from now on."""
        self._main.config = config

    def receive(self, message: Message, datagram: bytes, source: Endpoint, local: Endpoint, out: Out) -> IkeSa | None:
        """A main mode message; the SA that is complete by it, if one is."""
        box, header = self._box, message.header
        if header.message_id:
            raise Malformed("main mode has no message id")  # RFC 2408 §3.1; no proof covers the header
        mark = fingerprint(datagram)
        if header.responder_cookie == NO_COOKIE:
            if box.sas.is_ours(header.initiator_cookie):
                box.say_hostile(ResponderCookieMissing(), out)
                return None
            known = box.sas.opened_by(source, header.initiator_cookie)
            if known is None:
                self._open(message, mark, source, local, out)
                self._hush(source, out)
            elif known.last_received == mark:
                self._repeat(known, out)
            return None
        sa = sa_of(box, header, source, local)
        if sa is None:
            box.counters["no matching SA"] += 1
            encrypted = header.flags & FLAG_ENCRYPTED
            box.say_hostile(UnknownSaPacket() if encrypted else SaPayloadMissing(header.next_payload), out)
            return None
        out.group = sa.group
        if mark == sa.last_received:
            self._repeat(sa, out)
            return None
        step = steps.BY_STATE.get((sa.role, sa.state))
        if step is None or sa.active:
            box.counters["main mode is over"] += 1
            return None
        if bool(header.flags & FLAG_ENCRYPTED) != step.encrypted:
            box.counters["unexpected message"] += 1
            return None
        if not step.encrypted and source != sa.remote:
            box.counters["another address"] += 1
            return None
        self._step(sa, step, message, mark, source, local, out)
        if sa.role == "responder" and not sa.active:
            self._hush(source, out)
        return sa if sa.active_at is not None else None

    def _step(
        self, sa: IkeSa, step: steps.Step, message: Message, mark: bytes, source: Endpoint, local: Endpoint, out: Out
    ) -> None:
        """The message that the SA waits for. It moves the SA on, or leaves it as it was."""
        try:
            opened = self._main.open(sa, message, out) if step.encrypted else None
            numbers = opened.numbers if opened else tuple(payload.number for payload in message.payloads)
            fault = steps.fault(step, numbers)
            if fault is not None and opened is None:
                raise Malformed(fault)
            if fault is not None:
                raise nonsense(fault)
            length = opened.length if opened else message.header.length
            out.say(MessageDecoded("RECEIVED", 0, numbers, length))
            if opened is None:
                self._read_clear(sa, step, message, out)
            else:
                self._read_proof(sa, step, opened, source, local, out)
        except Refused as refusal:
            self._refuse(sa, refusal, out)
            return
        sa.last_received = mark
        if step.message == "MM3":
            self._make_room(self._box.sas.answered(sa), out)
        if step.next_state == "MM_ACTIVE":
            sa.resend = None
        if step.answer is None:
            sa.last_answer = None
        if not sa.active:
            sa.state = step.next_state
        self._arm(sa, out)

    def _hush(self, source: Endpoint, out: Out) -> None:
        """What was done for an address that is not configured is told so many times a second and no more.

        Such a message takes a dozen lines, and anybody can send a thousand, under a configured address too: no true
        peer has more than a few negotiations with us at once.
        """
        suspect = not self._box.is_configured(source.address) or self._box.sas.crowded(source.address)
        if suspect and not self._box.may_say_hostile(out):
            hush(out)

    def _read_clear(self, sa: IkeSa, step: steps.Step, message: Message, out: Out) -> None:
        if step.message == "MM2":
            self._main.read_mm2(sa, message, out)
        elif step.message == "MM3":
            self._main.read_mm3(sa, message, out)
        else:
            self._main.read_mm4(sa, message, out)

    def _read_proof(
        self, sa: IkeSa, step: steps.Step, opened: Opened, source: Endpoint, local: Endpoint, out: Out
    ) -> None:
        """MM5 or MM6. From another port it may come only when there is a NAT and both ends are on UDP 4500 by now."""
        before = sa.remote, sa.local
        if source != sa.remote:
            if not (sa.behind_nat and local.port == NAT_T_PORT):
                raise Malformed("another source port without a NAT")
            sa.remote, sa.local = source, local  # MM6 answers to where MM5 came from, if it verifies
        try:
            if step.message == "MM5":
                self._main.read_mm5(sa, opened, out)
                self._box.sas.proved(sa, before[0])
            else:
                self._main.read_mm6(sa, opened, out)
                self._go_on(sa, out)
        except (Refused, Malformed):
            sa.remote, sa.local = before
            raise

    def _go_on(self, sa: IkeSa, out: Out) -> None:
        """Phase 1 is complete at the initiator: what it was wanted for begins."""
        wanted = self._wanted(sa)
        first = self._quick.begin(sa, wanted[0], out) if wanted else None
        self._main.complete(sa, out)
        if first is not None:
            self._quick.send(sa, first, out)
        if len(wanted) > 1:
            out.say(KeyAcquireDequeued())
        for match in wanted[1:]:
            self._quick.send(sa, self._quick.begin(sa, match, out), out)

    def take_over(self, sa: IkeSa, out: Out) -> None:
        """The peer's own main mode completed while ours with it is still under way: one of them is enough.

        The one with the higher initiator cookie goes on; whoever began the other gives it up. Both ends know both
        cookies. Only now, because only now is the peer's attempt known to be the peer's.
        """
        if sa.role == "initiator":
            return
        for own in self._box.sas.with_peer(sa.remote.address):
            if own.role == "initiator" and not own.active and own.initiator_cookie < sa.initiator_cookie:
                wanted = self._wanted(sa)
                out.say(RekeyCollision() if own.replaces is not None else SessionInProgress(sa.remote.address))
                self._endings.forget(own, out)
                for match in wanted:
                    self._quick.send(sa, self._quick.begin(sa, match, out), out)

    def _wanted(self, sa: IkeSa) -> list[Match]:
        """What phase 1 with this peer was wanted for, without what the peer has brought up meanwhile."""
        return [
            match
            for match in self._box.waiting.pop(sa.remote.address, [])
            if (match.local, match.remote) not in self._box.traffic and not self._quick.is_under_way(sa, match)
        ]

    def _open(self, message: Message, mark: bytes, source: Endpoint, local: Endpoint, out: Out) -> None:
        """MM1 from somebody: a new SA, half-open."""
        box = self._box
        interface = box.config.interface_at(local.address)
        if interface is None or interface.name is None or interface.name not in box.config.ike_enabled:
            box.counters["IKE not enabled"] += 1
            return
        stranger = not box.has_key(source.address)
        if stranger and box.sas.too_many_strangers():
            box.say_hostile(NegotiationLimitReached(), out)
            return
        step = steps.BY_MESSAGE["MM1"]
        header = message.header
        numbers = tuple(payload.number for payload in message.payloads)
        fault = steps.fault(step, numbers)
        if header.flags & FLAG_ENCRYPTED or fault is not None:
            raise Malformed(fault or "MM1 is not encrypted")
        if header.initiator_cookie == NO_COOKIE:
            raise Malformed("no initiator cookie")
        if box.config.crypto_map_on(interface.name) is None:
            box.say_hostile(NoCryptoMapOnInterface(), out)
            return
        cookie = box.entropy(8)
        sa = IkeSa(
            "responder",
            box.persona,
            local,
            source,
            interface.name,
            header.initiator_cookie,
            cookie,
            step.state,
            out.now,
            box.struct(),
        )
        out.say(MessageDecoded("RECEIVED", 0, numbers, header.length))
        try:
            self._main.read_mm1(sa, message, out)
        except Refused as refusal:
            # This SA never was: no state, one answer that is no longer than the question.
            self._refuse(sa, refusal, out)
            return
        self._make_room(box.sas.crowded_out(), out)
        box.sas.add(sa, stranger=stranger)
        sa.last_received = mark
        sa.state = step.next_state
        self._arm(sa, out)

    def _make_room(self, crowded_out: IkeSa | None, out: Out) -> None:
        if crowded_out is not None:
            self._box.say_hostile(NegotiationLimitReached(), out)
            self._endings.forget(crowded_out, out)

    def _refuse(self, sa: IkeSa, refusal: Refused, out: Out) -> None:
        """A message of main mode that is not acceptable. Nothing is proved yet, so the SA waits on for a better one.

        Except when there is no pre-shared key for the peer: then there is nothing to wait for.
        """
        self._box.counters["refused"] += 1
        no_key = any(isinstance(event, TunnelGroupMissing) for event in refusal.events)
        if no_key:
            out.group = str(sa.remote.address)  # the group that would have been it
        allowed = self._box.may_say_hostile(out)
        if allowed:
            for event in refusal.events:
                out.say(event)
        if no_key:
            self._endings.abort(sa, out)
        elif refusal.notify is not None and allowed:
            self._box.informational.send_clear_notify(sa, refusal.notify, out)

    def _repeat(self, sa: IkeSa, out: Out) -> None:
        out.group = sa.group
        answer = sa.last_answer
        if sa.state == "MM_WAIT_MSG3" and not self._box.is_configured(sa.remote.address):
            answer = None  # MM2 is repeated to peers we know, not to any address that is put into a datagram
        self._box.answer_again(sa, None, answer, out)

    # -- our own ----------------------------------------------------------------------------------------------------

    def initiate(self, match: Match, peer: IPv4Address, came_in_by: str, interface: str, out: Out) -> None:
        """A new phase 1 with this peer, for the sake of these SAs."""
        match_addresses = match.local.address, match.remote.address
        out.say(NegotiationStarted("New Phase 1", came_in_by, peer, *match_addresses, match.map))
        self._box.waiting[peer] = [match]
        self._begin(peer, interface, None, out)

    def renew(self, old: IkeSa, out: Out) -> None:
        """A new phase 1 that takes the place of an old one."""
        peer = old.remote.address
        out.say(NegotiationStarted("Rekeying Phase 1", old.interface, peer, None, None, None))
        self._begin(peer, old.interface, old, out)

    def _begin(self, peer: IPv4Address, interface: str, replaces: IkeSa | None, out: Out) -> None:
        found = self._box.config.interface_named(interface)
        if found is None or found.address is None:
            raise RuntimeError(f"no address on {interface}")  # the caller has looked
        local, remote = Endpoint(found.address, IKE_PORT), Endpoint(peer, IKE_PORT)
        cookie = self._box.entropy(8)
        struct = self._box.struct()
        sa = IkeSa(
            "initiator", self._box.persona, local, remote, interface, cookie, NO_COOKIE, "MM_START", out.now, struct
        )
        sa.replaces = replaces
        self._box.sas.add(sa)
        out.group = None
        self._main.begin(sa, out)
        self._arm(sa, out)

    def _arm(self, sa: IkeSa, out: Out) -> None:
        """Set the alarm for the next repetition of the SA's last message, or for giving up."""
        cancel(sa.alarm)
        sa.alarm = None
        if sa.active or sa not in self._box.sas:
            return
        if sa.resend is not None and self._repeats(sa):
            sa.alarm = self._box.alarms.set(out.now + self._box.delay(sa.resend), partial(self._due, sa))
        else:
            sa.alarm = self._box.alarms.set(out.now + HALF_OPEN_SECONDS, partial(self._give_up_quietly, sa))

    def _repeats(self, sa: IkeSa) -> bool:
        """Whether our last message is sent again while nothing comes.

        Not MM2 to an address under whose name more negotiations begin than a true peer has: whoever sends those in its
        name gets it three messages for one. The peer itself repeats MM1, and is answered.
        """
        if sa.role == "initiator":
            return True
        address = sa.remote.address
        crowd = sa.state == "MM_WAIT_MSG3" and self._box.sas.crowded(address)
        return self._box.is_configured(address) and not crowd

    def _due(self, sa: IkeSa, out: Out) -> None:
        address(sa, out)
        if sa.resend is None:
            return
        if not self._repeats(sa):
            self._arm(sa, out)
            return
        if not self._box.exhausted(sa.resend):
            sa.resend.times += 1
            self._box.resend(sa, sa.resend, out)
            self._arm(sa, out)
            return
        wanted = self._box.waiting.pop(sa.remote.address, []) if sa.role == "initiator" else []
        self._endings.time_out(sa, out)
        self._try_next_peer(sa, wanted, out)

    def _try_next_peer(self, sa: IkeSa, wanted: list[Match], out: Out) -> None:
        """`set peer A B`: when A does not answer, B is asked."""
        peer = sa.remote.address
        for match in wanted:
            peers = match.entry.peers
            following = peers[peers.index(peer) + 1 :] if peer in peers else ()
            if not following:
                continue
            out.peer, out.group = following[0], None
            standing = self._box.sas.towards(following[0])
            if standing is None:
                self.initiate(match, following[0], sa.interface, sa.interface, out)
            elif standing.active:
                self._quick.send(standing, self._quick.begin(standing, match, out), out)
            else:
                self._box.waiting.setdefault(following[0], []).append(match)

    def _give_up_quietly(self, sa: IkeSa, out: Out) -> None:
        self._endings.forget(sa, out)
