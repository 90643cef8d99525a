"""The quick modes of a gateway: whose message it is, repetition, collision, refusal, the tunnel at the end."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Address
from math import inf
from typing import Final

from mainmode import steps
from mainmode.blame import Malformed, Refused
from mainmode.config.model import Config
from mainmode.events import (
    MessageDecoded,
    NegotiationCollision,
    NegotiationLimitReached,
    PayloadProcessed,
    ProxyId,
    QuickModeBegun,
    QuickModeStarting,
    UnknownSaPacket,
)
from mainmode.gateway.box import Box, Out, address, cancel, hush, under_way
from mainmode.gateway.endings import Endings
from mainmode.gateway.whereabouts import heard, sa_of
from mainmode.ike.cryptomap import Match
from mainmode.ike.informational import message_id
from mainmode.ike.offers import PROTO_ESP
from mainmode.ike.phase2 import QuickModes, read_nonce, read_proxies
from mainmode.ike.sa import Agreement, Endpoint, IkeSa, Opened, QuickMode, Tunnel, fingerprint
from mainmode.wire import FLAG_ENCRYPTED, Message, Notify, NotifyType, SecurityAssociation

MAX_EXCHANGES: Final = 64
"""Quick modes at once under one IKE SA."""

DONE_SECONDS: Final = 60.0
"""How long a quick mode that is done is remembered, to answer repetitions: longer than any peer repeats."""

PUT_OFF_SECONDS: Final = 60.0
"""How long a quick mode that came in the way of one of ours may come again: by then its peer has repeated it often."""

MAX_PUT_OFF: Final = 64

REFUSED_AGAIN_SECONDS: Final = 10.0
"""A session that is refused its quick mode so soon after the one before it ended is not ended at once, but then.
libreswan begins anew in the moment it hears of an end: thirty main modes a second, each with its Diffie-Hellman and its
hundred lines of debug. Where the delete does not come at once it repeats its QM1, and that is all."""

REASONS: Final[dict[int | None, str]] = {
    NotifyType.NO_PROPOSAL_CHOSEN: "Phase 2 Mismatch",
    NotifyType.INVALID_ID_INFORMATION: "crypto map policy not found",
}
"""What an ASA gives as the reason when it tears the session down after refusing a quick mode."""


class QuickSide:
    def __init__(self, box: Box, endings: Endings) -> None:
        self._box = box
        self._endings = endings
        self._quick = QuickModes(box.config, box.persona, box.entropy, box.engine)
        self._refused_at: dict[IPv4Address, float] = {}
        """When a session with a peer last ended because its quick mode was refused, in the last ten seconds."""

    def reconfigure(self, config: Config) -> None:
        """Negotiate by this configuration from now on."""
        self._quick.reconfigure(config)

    def receive(self, message: Message, datagram: bytes, source: Endpoint, local: Endpoint, out: Out) -> Tunnel | None:
        """A quick mode message; the tunnel that came up by it, if one did."""
        box = self._box
        sa = sa_of(box, message.header, source, local)
        if sa is None or not sa.active:
            box.counters["no matching SA"] += 1
            box.say_hostile(UnknownSaPacket(), out)
            return None
        out.group = sa.group
        identifier = message.header.message_id
        if not message.header.flags & FLAG_ENCRYPTED or not identifier:
            raise Malformed("quick mode is encrypted and numbered")
        mark = fingerprint(datagram)
        quick = sa.exchanges.get(identifier)
        if quick is None:
            if identifier in sa.spent_ids or out.now >= sa.put_off.get(identifier, out.now) + PUT_OFF_SECONDS:
                box.counters["message id used before"] += 1
                return None
            if len(sa.exchanges) >= MAX_EXCHANGES:
                box.say_hostile(NegotiationLimitReached(), out)
                return None
            quick = QuickMode("responder", identifier, "QM_START", box.struct(), sa.exchange_iv(identifier))
        elif quick.last_received == mark:
            box.answer_again(sa, quick, quick.last_answer, out)
            return None
        step = steps.BY_STATE.get((quick.role, quick.state))
        if step is None:
            box.counters["quick mode is over"] += 1
            return None
        opened = sa.unseal(message, quick.iv)
        fault = steps.fault(step, opened.numbers)
        if fault is not None:
            raise Malformed(fault)
        self._quick.verify(sa, quick, opened, step.message)
        # From here on the peer has proved itself, unless this is a copy of what was put off.
        if identifier not in sa.put_off:
            heard(box, sa, source, local, out)
        if step.message == "QM1":
            if self._collides(sa, opened, out):
                self._put_off(sa, identifier, out)
                return None
            sa.put_off.pop(identifier, None)
            sa.spent_ids.add(identifier)
            sa.exchanges[identifier] = quick
            out.say(QuickModeStarting("responder", identifier))
        quick.last_received = mark
        out.say(MessageDecoded("RECEIVED", identifier, opened.numbers, opened.length))
        out.say(PayloadProcessed("hash"))
        try:
            return self._read(sa, quick, step.message, opened, out)
        except (Refused, Malformed) as blame:
            self._refuse(sa, quick, opened, blame, out)
            return None

    def _read(self, sa: IkeSa, quick: QuickMode, message: str, opened: Opened, out: Out) -> Tunnel | None:
        if message == "QM1":
            self._quick.read_qm1(sa, quick, opened, self._standing, out)
            if quick.initial_contact:
                self.initial_contact(sa, out)
            self._arm(sa, quick, out)
            return None
        match = quick.wanted
        if message == "QM2":
            agreement = self._quick.read_qm2(sa, quick, opened, out)
        else:
            agreement = self._quick.read_qm3(sa, quick, out)
        if not quick.peer_moved:
            sa.met_at = sa.remote.address  # it has our nonce, which went there and nowhere else
        cancel(quick.alarm)
        quick.alarm = self._box.alarms.set(out.now + DONE_SECONDS, partial(self._done, sa, quick))
        return self._tunnel(sa, match, agreement, out)

    def _tunnel(self, sa: IkeSa, match: Match, agreement: Agreement, out: Out) -> Tunnel:
        tunnel = Tunnel(
            sa,
            match,
            agreement.suite,
            agreement.inbound_spi,
            agreement.outbound_spi,
            agreement.role,
            self._box.engine.session(agreement.inbound_spi),
            out.now,
        )
        sa.tunnels.append(tunnel)
        self._box.traffic.setdefault((match.local, match.remote), []).append(tunnel)
        return tunnel

    def _standing(self, local: ProxyId, remote: ProxyId) -> IkeSa | None:
        """The IKE SA that has IPsec SAs for this traffic already."""
        tunnels = self._box.traffic.get((local, remote))
        return tunnels[-1].sa if tunnels else None

    def _collides(self, sa: IkeSa, opened: Opened, out: Out) -> bool:
        """Both ends ask for the same SAs at once: the higher nonce has its way, the other quick mode gives way.

        Both ends know both nonces, so they come to the same end without another message; of addresses they have
        different views when there is a NAT between them.
        """
        try:
            nonce = read_nonce(opened.payloads)
            remote, local = read_proxies(sa, opened.payloads)
        except (Refused, Malformed):
            return False  # said, with its reason, when the message is read
        for other, quick in self._under_way(sa, local, remote):
            if quick.state != "QM_WAIT_MSG2":
                continue
            if quick.our_nonce > nonce:
                out.say(NegotiationCollision(sa.remote.address, _written(local), _written(remote)))
                return True
            self._endings.forget_quick_mode(other, quick, out)
        return False

    def _put_off(self, sa: IkeSa, identifier: int, out: Out) -> None:
        """This quick mode of the peer gives way to one of ours, for now.

        A peer that knows the rule has given it up by itself. One that does not (strongSwan) repeats it, and ends the
        IKE SA if it is never answered: so it is answered then, as a renewal.
        """
        if identifier in sa.put_off and not self._box.may_say_hostile(out):
            hush(out)
        sa.put_off.setdefault(identifier, out.now)
        if len(sa.put_off) > MAX_PUT_OFF:
            oldest = next(iter(sa.put_off))
            del sa.put_off[oldest]
            sa.spent_ids.add(oldest)

    def _under_way(self, sa: IkeSa, local: ProxyId, remote: ProxyId) -> list[tuple[IkeSa, QuickMode]]:
        """The quick modes with this peer for this traffic, whoever began them."""
        return [
            (other, quick)
            for other in self._box.sas.with_peer_of(sa)
            for quick in other.exchanges.values()
            if quick.match is not None and (quick.match.local, quick.match.remote) == (local, remote)
        ]

    def is_under_way(self, sa: IkeSa, match: Match) -> bool:
        """Whether these SAs are being negotiated with this peer already, whoever began."""
        return bool(self._under_way(sa, match.local, match.remote))

    def initial_contact(self, sa: IkeSa, out: Out) -> None:
        """The peer has no other SA with us (RFC 2407 §4.6.3.3): those we think it has are gone. Authentic by now.

        The same peer is the same address and identity: others behind the same NAT keep theirs.
        """
        self._endings.begun_anew(sa, out)

    def _refuse(self, sa: IkeSa, quick: QuickMode, opened: Opened, blame: Refused | Malformed, out: Out) -> None:
        """The peer is authentic and what it asks for is not acceptable: tell it, and end the quick mode.

        Without any tunnel the session has no purpose any more and is torn down, as an ASA does it; if that happens
        again and again, with some time between.
        """
        self._box.counters["refused"] += 1
        notify = blame.notify if isinstance(blame, Refused) else NotifyType.PAYLOAD_MALFORMED
        for event in blame.events if isinstance(blame, Refused) else ():
            out.say(event)
        if notify is not None:
            offer = next((p for p in opened.payloads if isinstance(p, SecurityAssociation)), None)
            spi = offer.proposals[0].spi if offer else b""
            self._box.informational.send_notify(sa, Notify(PROTO_ESP, spi, notify), quick.message_id, out)
        self._endings.fail_quick_mode(sa, quick, out)
        reason = REASONS.get(notify, "Phase 2 Error")
        due = self._refused_at.get(sa.remote.address, -inf) + REFUSED_AGAIN_SECONDS
        if out.now >= due:
            self._end_in_vain(sa, reason, out)
        elif sa.alarm is None:  # that of main mode, which is over
            sa.alarm = self._box.alarms.set(due, partial(self._end_in_vain, sa, reason))

    def _end_in_vain(self, sa: IkeSa, reason: str, out: Out) -> None:
        """An IKE SA under which a quick mode was refused ends, unless it has got another purpose."""
        address(sa, out)
        sa.alarm = None
        if sa.tunnels or any(under_way(other) for other in sa.exchanges.values()):
            return
        recent = out.now - REFUSED_AGAIN_SECONDS
        self._refused_at = {peer: at for peer, at in self._refused_at.items() if at > recent}
        self._refused_at[sa.remote.address] = out.now
        self._endings.tear_down(sa, reason, out)

    # -- our own ----------------------------------------------------------------------------------------------------

    def begin(self, sa: IkeSa, match: Match, out: Out) -> QuickMode:
        """A quick mode of our own: its message id is chosen, nothing is sent yet."""
        identifier = message_id(self._box.entropy)
        while identifier in sa.spent_ids:
            identifier = message_id(self._box.entropy)
        iv = sa.exchange_iv(identifier)
        quick = QuickMode("initiator", identifier, "QM_START", self._box.struct(), iv, match=match)
        sa.exchanges[identifier] = quick
        sa.spent_ids.add(identifier)
        out.say(QuickModeBegun())
        out.say(QuickModeStarting("initiator", identifier))
        return quick

    def send(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        """Send its QM1."""
        first_contact = not any(other.tunnels for other in self._box.sas.with_peer(sa.remote.address))
        standing = self._standing(quick.wanted.local, quick.wanted.remote)
        if standing is not None and standing.peer == sa.peer:
            sa.continue_session(standing)
        self._quick.send_qm1(sa, quick, first_contact, out)
        self._arm(sa, quick, out)

    def _arm(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        cancel(quick.alarm)
        if quick.resend is not None:
            at = out.now + self._box.delay(quick.resend)
            quick.alarm = self._box.alarms.set(at, partial(self._due, sa, quick))

    def _due(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        address(sa, out)
        if quick.resend is None:
            return
        if not self._box.exhausted(quick.resend):
            quick.resend.times += 1
            self._box.resend(sa, quick.resend, out)
            self._arm(sa, quick, out)
            return
        self._endings.fail_quick_mode(sa, quick, out)
        if not sa.tunnels:
            self._endings.tear_down(sa, "Lost Service", out)

    def _done(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        self._endings.forget_quick_mode(sa, quick, out)


def _written(proxy: ProxyId) -> str:
    return f"{proxy.address}/{proxy.mask}"
