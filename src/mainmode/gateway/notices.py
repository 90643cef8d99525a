"""What follows from informational messages: deletes, dead peer detection, refusals, INITIAL-CONTACT, INVALID-SPI."""

from __future__ import annotations

from typing import Final

from mainmode.blame import Malformed
from mainmode.events import (
    ClearNotifyDropped,
    ConnectionTerminated,
    InformationalFailed,
    InvalidSpiReceived,
    KeepaliveOutOfSequence,
    KeepaliveReceived,
    MessageDecoded,
    NotifyReceived,
    PayloadProcessed,
    RefusalUnreadable,
    UnknownSaPacket,
)
from mainmode.gateway.acquire import Acquire
from mainmode.gateway.box import Box, Out, hush
from mainmode.gateway.endings import Endings
from mainmode.gateway.quick import QuickSide
from mainmode.gateway.whereabouts import adopt, heard, sa_of
from mainmode.ike.informational import NOTIFY_TEXTS, notify_name
from mainmode.ike.offers import PROTO_ESP, PROTO_ISAKMP
from mainmode.ike.sa import Endpoint, IkeSa, Tunnel
from mainmode.wire import FLAG_ENCRYPTED, Delete, Message, Notify, NotifyType

ANEW_SECONDS: Final = 30.0
"""A phase 1 that the peer ends alone is begun anew if it has stood so long: one that it never keeps is not its wish."""

MAX_SPENT: Final = 1024
"""Informational message ids that are remembered per SA: deletes and the like, of which an SA sees some hundreds in its
life. Keepalives, which are thousands a day, have numbers of their own by which a copy is known."""


class Notices:
    def __init__(self, box: Box, endings: Endings, quick: QuickSide, acquire: Acquire) -> None:
        self._box = box
        self._endings = endings
        self._quick = quick
        self._acquire = acquire

    def receive(self, message: Message, source: Endpoint, local: Endpoint, out: Out) -> None:
        sa = sa_of(self._box, message.header, source, local)
        encrypted = message.header.flags & FLAG_ENCRYPTED
        if sa is None:
            self._box.counters["no matching SA"] += 1
            if encrypted:
                self._box.say_hostile(UnknownSaPacket(), out)
            return
        out.group = sa.group
        if not encrypted:
            self._drop_clear(message, out)
            return
        if not sa.active:
            self._read_refusal(sa, message, out)
            return
        identifier = message.header.message_id
        if identifier in sa.spent_ids:
            self._box.counters["message id used before"] += 1
            return
        opened = self._box.informational.open(sa, message, out)
        keepalives = [p for p in opened.payloads if isinstance(p, Notify) and _is_keepalive(sa, p)]
        fresh = any(_is_fresh(sa, keepalive) for keepalive in keepalives)
        if fresh:
            heard(self._box, sa, source, local, out)
        if len(keepalives) < len(opened.payloads) - 1:
            self._spend(sa, identifier)
        elif not fresh and not self._box.may_say_hostile(out):
            hush(out)
            return
        for payload in opened.payloads:
            if isinstance(payload, Notify):
                self._read_notify(sa, payload, out)
            elif isinstance(payload, Delete):
                self._read_delete(sa, payload, out)

    def _drop_clear(self, message: Message, out: Out) -> None:
        """In the clear anybody can say anything: it is told to the user and changes nothing (RFC 2408 §5.13 aside)."""
        self._box.counters["informational in the clear"] += 1
        for payload in message.payloads[:4]:
            if isinstance(payload, Notify) and self._box.may_say_hostile(out):
                numbers = tuple(p.number for p in message.payloads)
                out.say(MessageDecoded("RECEIVED", message.header.message_id, numbers, message.header.length))
                out.say(ClearNotifyDropped(notify_name(payload.type)))
                out.say(InformationalFailed())
                return

    def _read_refusal(self, sa: IkeSa, message: Message, out: Out) -> None:
        """The responder has MM5 and does not like it. Its HASH needs the pre-shared key, so the reason is its own.

        It is said and changes nothing: main mode ends when nothing else comes. A responder with another key, and so
        with other keys, cannot be read; that it answers at all tells as much.
        """
        try:
            opened = self._box.informational.open(sa, message, out)
        except Malformed:
            if sa.state != "MM_WAIT_MSG6":
                raise
            self._box.counters["malformed"] += 1
            self._box.say_hostile(RefusalUnreadable(message.header.message_id), out)
            return
        for payload in opened.payloads:
            if isinstance(payload, Notify) and self._box.may_say_hostile(out):
                out.say(PayloadProcessed("notify"))
                out.say(NotifyReceived(NOTIFY_TEXTS.get(payload.type, notify_name(payload.type)), payload.type))

    def _spend(self, sa: IkeSa, identifier: int) -> None:
        sa.spent_informational.append(identifier)
        sa.spent_ids.add(identifier)
        if len(sa.spent_informational) > MAX_SPENT:
            sa.spent_ids.discard(sa.spent_informational.popleft())

    def _read_notify(self, sa: IkeSa, notify: Notify, out: Out) -> None:
        out.say(PayloadProcessed("notify"))
        number = notify.type
        if number in (NotifyType.R_U_THERE, NotifyType.R_U_THERE_ACK):
            self._read_keepalive(sa, notify, out)
        elif number == NotifyType.INITIAL_CONTACT:
            self._quick.initial_contact(sa, out)
        elif number == NotifyType.INVALID_SPI and len(notify.spi) == 4:
            self._lose_tunnel(sa, int.from_bytes(notify.spi), out)
        elif 0 < number < 8192:
            out.say(NotifyReceived(NOTIFY_TEXTS.get(number, notify_name(number)), number))
            self._refused(sa, notify, out)

    def _read_keepalive(self, sa: IkeSa, notify: Notify, out: Out) -> None:
        """R-U-THERE and its answer. A number that goes back is a repetition and is not answered (RFC 3706 §5.5)."""
        if not _is_keepalive(sa, notify):
            return
        sequence = int.from_bytes(notify.data)
        if notify.type == NotifyType.R_U_THERE:
            out.say(KeepaliveReceived("R-U-THERE", sequence))
            if sequence > sa.dpd_received:
                sa.dpd_received = sequence
                self._box.informational.send_keepalive(sa, NotifyType.R_U_THERE_ACK, sequence, out)
            return
        out.say(KeepaliveReceived("R-U-THERE-ACK", sequence))
        if sequence != sa.dpd_sequence:
            out.say(KeepaliveOutOfSequence(sequence, "R-U-THERE-ACK", sa.dpd_sequence))

    def _lose_tunnel(self, sa: IkeSa, spi: int, out: Out) -> None:
        """The peer, authentic, does not know the SPI we send to: that tunnel is of no use any more."""
        out.say(InvalidSpiReceived(spi))
        for other in self._box.sas.with_peer_of(sa):
            for tunnel in list(other.tunnels):
                if tunnel.outbound_spi == spi:
                    self._endings.drop_tunnel(tunnel, out)

    def _refused(self, sa: IkeSa, notify: Notify, out: Out) -> None:
        """The responder refuses: the quick mode it means is the one with that SPI, or the only one under way.

        The IKE SA stays: whether it has any purpose left is for the responder to say, with a delete.
        """
        open_ones = [q for q in sa.exchanges.values() if q.state == "QM_WAIT_MSG2"]
        by_spi = [q for q in open_ones if q.inbound_spi.to_bytes(4) == notify.spi]
        for quick in by_spi or (open_ones if len(open_ones) == 1 else []):
            self._endings.fail_quick_mode(sa, quick, out)

    def _read_delete(self, sa: IkeSa, delete: Delete, out: Out) -> None:
        out.say(PayloadProcessed("delete"))
        if delete.protocol == PROTO_ISAKMP:
            if sa.initiator_cookie + sa.responder_cookie in delete.spis:
                self._delete_ike(sa, out)
        elif delete.protocol == PROTO_ESP:
            for other in self._box.sas.with_peer_of(sa):
                for tunnel in list(other.tunnels):
                    if tunnel.outbound_spi.to_bytes(4) in delete.spis:
                        if not tunnel.replaced:
                            self._endings.terminated(tunnel, "Peer Terminate", out)
                        self._endings.drop_tunnel(tunnel, out)

    def _delete_ike(self, sa: IkeSa, out: Out) -> None:
        """The peer ended an IKE SA. Was it renewed, its tunnels live on under the new one; if not, they end with it.

        Who ends a session deletes its IPsec SAs first. libreswan keeps them when the time of phase 1 is over, and goes
        on sending into them: so those that are left at the end, and by which it has sent, are asked for anew.
        """
        heir = next((other for other in reversed(self._box.sas.with_peer_of(sa)) if other is not sa), None)
        if heir is not None:
            adopt(self._box, heir, sa, out)
            self._endings.forget(sa, out)
            return
        left = [tunnel.match for tunnel in sa.tunnels if not tunnel.replaced and self._has_sent(tunnel)]
        for tunnel in sa.tunnels:
            self._endings.terminated(tunnel, "Peer Terminate", out)
        if not sa.tunnels:
            out.say(ConnectionTerminated(sa.remote.address, "Peer Terminate", None, None))
        self._endings.forget(sa, out)
        self._endings.torn_down(sa, "User Requested", out)
        if sa.active_at is not None and out.now >= sa.active_at + ANEW_SECONDS:
            self._acquire.anew(left, sa.remote.address, sa.interface, out)

    def _has_sent(self, tunnel: Tunnel) -> bool:
        """Whether the peer has ever used these SAs. One that did not get our QM3 has none."""
        used = self._box.used(tunnel)
        return used is not None and used[0].last_used is not None


def _is_keepalive(sa: IkeSa, notify: Notify) -> bool:
    """Whether a notification is a R-U-THERE, or an answer to one, under this SA (RFC 3706 §5.3)."""
    return (
        notify.type in (NotifyType.R_U_THERE, NotifyType.R_U_THERE_ACK)
        and notify.spi == sa.initiator_cookie + sa.responder_cookie
        and len(notify.data) == 4
    )


def _is_fresh(sa: IkeSa, notify: Notify) -> bool:
    """Whether an authentic keepalive can be no copy of an old one: a number not seen before, or one just asked for.

    Other notifications may be copies: their message ids are not remembered for ever.
    """
    sequence = int.from_bytes(notify.data)
    if notify.type == NotifyType.R_U_THERE:
        return sequence > sa.dpd_received
    return (sa.dpd_sequence - sequence) & 0xFFFFFFFF < sa.keepalives_unanswered
