"""Informational messages: notifications, deletes and dead peer detection (RFC 2409 §5.7, RFC 3706). Changes no SA.

Builds them and verifies them; what follows from one is for the gateway. What is not encrypted, or does not verify, is
never more than a line in the debug (RFC 2408 §5.13 would have it otherwise; see `docs/decisions`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mainmode import steps
from mainmode.blame import Malformed, Refused
from mainmode.events import (
    DeleteSending,
    HashMismatch,
    KeepaliveSent,
    MessageDecoded,
    NotifyBuilt,
    NotifySending,
    PayloadBuilt,
    PayloadProcessed,
)
from mainmode.ike import keys
from mainmode.ike.offers import PROTO_ESP, PROTO_ISAKMP
from mainmode.ike.phase1 import Entropy, Out
from mainmode.ike.phase2 import prepend_hash
from mainmode.ike.sa import IkeSa, Opened
from mainmode.wire import Delete, Hash, Message, Notify, NotifyType, Payload, encode_payloads

NOTIFY_TEXTS: Final = {
    4: "Invalid cookie",
    7: "Invalid exchange type",
    11: "Invalid SPI",
    14: "No proposal chosen",
    16: "Payload malformed",
    17: "Invalid key info",
    18: "Invalid ID info",
    23: "Invalid hash info",
    24: "Authentication failed",
}
"""How an ASA names an error notify; FACTS §4.3 has 14, 18 and 23, the others follow their pattern."""


def notify_name(number: int) -> str:
    """`NO_PROPOSAL_CHOSEN`, as the debug has it for a notify in the clear."""
    try:
        return NotifyType(number).name
    except ValueError:
        return f"UNKNOWN ({number})"


class Informational:
    """Builds and verifies informational messages for one gateway."""

    def __init__(self, entropy: Entropy) -> None:
        self.entropy = entropy

    def send_notify(self, sa: IkeSa, notify: Notify, about: int, out: Out) -> None:
        """An encrypted notification about the quick mode with message id `about`."""
        out.say(NotifySending())
        out.say(PayloadBuilt("blank hash"))
        out.say(NotifyBuilt(about))
        self._send(sa, notify, out)

    def send_clear_notify(self, sa: IkeSa, number: int, out: Out) -> None:
        """A notification before there are keys. Never longer than what it answers: 56 octets."""
        out.say(NotifySending())
        cookies = sa.initiator_cookie + sa.responder_cookie
        sent = sa.clear(steps.INFORMATIONAL, (Notify(PROTO_ISAKMP, cookies, number),), message_id(self.entropy))
        out.say(MessageDecoded("SENDING", sent.message_id, sent.payloads, sent.length))
        sa.transmit(sent.datagram, out)

    def send_delete_ike(self, sa: IkeSa, out: Out) -> None:
        """Tell the peer that the IKE SA is gone."""
        out.say(DeleteSending())
        out.say(PayloadBuilt("blank hash"))
        out.say(PayloadBuilt("IKE delete"))
        self._send(sa, Delete(PROTO_ISAKMP, 16, (sa.initiator_cookie + sa.responder_cookie,)), out)

    def send_delete_ipsec(self, sa: IkeSa, spis: Sequence[int], out: Out) -> None:
        """Tell the peer that our inbound SAs with these SPIs are gone."""
        out.say(DeleteSending())
        out.say(PayloadBuilt("blank hash"))
        out.say(PayloadBuilt("IPSec delete"))
        self._send(sa, Delete(PROTO_ESP, 4, tuple(spi.to_bytes(4) for spi in spis)), out)

    def send_keepalive(self, sa: IkeSa, number: int, sequence: int, out: Out) -> None:
        """R-U-THERE or R-U-THERE-ACK (RFC 3706 §5.3)."""
        out.say(KeepaliveSent("R-U-THERE" if number == NotifyType.R_U_THERE else "R-U-THERE-ACK", sequence))
        out.say(PayloadBuilt("blank hash"))
        cookies = sa.initiator_cookie + sa.responder_cookie
        self._send(sa, Notify(PROTO_ISAKMP, cookies, number, sequence.to_bytes(4)), out)

    def _send(self, sa: IkeSa, payload: Payload, out: Out) -> None:
        if sa.skeyid_a is None:
            raise RuntimeError("no keys yet")
        identifier = message_id(self.entropy)
        first, rest = encode_payloads((payload,))
        digest = keys.hash_1(sa.hash, sa.skeyid_a, identifier, rest)
        out.say(PayloadBuilt("qm hash"))
        sent, _ = sa.seal(
            steps.INFORMATIONAL,
            steps.HASH,
            prepend_hash(digest, first, rest),
            (steps.HASH, payload.number),
            sa.exchange_iv(identifier),
            identifier,
        )
        out.say(MessageDecoded("SENDING", identifier, sent.payloads, sent.length))
        sa.transmit(sent.datagram, out)

    def open(self, sa: IkeSa, message: Message, out: Out) -> Opened:
        """Decrypt and verify. `Malformed` or `Refused` (without a NOTIFY: nobody has proved anything) otherwise."""
        identifier = message.header.message_id
        try:
            opened = _verified(sa, message, sa.exchange_iv)
        except (Malformed, Refused) as blame:
            if sa.tunnels:
                raise  # a peer that refuses phase 1 has none
            try:
                opened = _verified(sa, message, sa.unchained_iv)
            except (Malformed, Refused):
                raise blame from None
        out.say(MessageDecoded("RECEIVED", identifier, opened.numbers, opened.length))
        out.say(PayloadProcessed("hash"))
        return opened


def _verified(sa: IkeSa, message: Message, first_iv: Callable[[int], bytes]) -> Opened:
    """Decrypt with this IV of its exchange, and compare HASH(1). Before a suite is agreed there is no IV either."""
    if sa.skeyid_a is None:
        raise Malformed("an informational message before there are keys")
    opened = sa.unseal(message, first_iv(message.header.message_id))
    hashes = [payload for payload in opened.payloads if isinstance(payload, Hash)]
    if len(hashes) != 1 or opened.payloads[0] is not hashes[0] or len(opened.payloads) < 2:
        raise Malformed("an informational message is HASH and what it covers")
    expected = keys.hash_1(sa.hash, sa.skeyid_a, message.header.message_id, opened.after_hash())
    if not keys.equal(expected, hashes[0].data):
        raise Refused("the hash of an informational message does not verify", None, (HashMismatch(),))
    return opened


def message_id(entropy: Entropy) -> int:
    """A message id: random, not zero (RFC 2408 §3.1)."""
    while True:
        number = int.from_bytes(entropy(4))
        if number:
            return number
