"""The state of one IKE SA and of the quick modes under it, and how its messages are sealed and opened.

Knows keys and IV chains; no policy, no configuration, no timers. The rule of this file: a message that does not
verify leaves no trace here. So the IV moves only when `commit` is called, after the HASH was compared.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv4Address
from math import inf
from typing import Any, Final, NamedTuple

from mainmode.alarms import Alarm
from mainmode.blame import Malformed
from mainmode.events import Role
from mainmode.ike.algorithms import Cipher, Hash
from mainmode.ike.cryptomap import Match
from mainmode.ike.dh import KeyPair
from mainmode.ike.fragments import Pieces, breaks, broken
from mainmode.ike.keys import Phase1Keys, cipher_key, phase2_iv
from mainmode.ike.offers import Phase1Suite, Phase2Suite
from mainmode.ike.persona import Persona
from mainmode.secret import Secret
from mainmode.transcript import Transcript
from mainmode.wire import FLAG_ENCRYPTED, Header, Message, Payload, decode_payloads, encode_header, encode_payloads

IKE_PORT: Final = 500
NAT_T_PORT: Final = 4500
NON_ESP_MARKER: Final = b"\0\0\0\0"
"""Stands before an IKE message on UDP 4500, where an ESP packet has its SPI (RFC 3948 §2.2)."""

HEADER_SIZE: Final = 28


class Endpoint(NamedTuple):
    """An address and a UDP port."""

    address: IPv4Address
    port: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send this datagram (on UDP 4500 with its non-ESP marker) from this endpoint to that one."""

    datagram: bytes
    source: Endpoint
    to: Endpoint


def fingerprint(datagram: bytes) -> bytes:
    """Sixteen octets by which an exact repetition of a datagram is known."""
    return blake2b(datagram, digest_size=16).digest()


@dataclass(slots=True)
class Handshake:
    """What only main mode itself needs; dropped when phase 1 is complete."""

    sa_body: bytes = b""
    """SAi_b: the body of MM1's SA payload as it went over the wire."""
    our_key: KeyPair | None = None
    our_nonce: bytes = b""
    peer_public: bytes = b""
    peer_nonce: bytes = b""
    keys: Phase1Keys | None = None
    nat_payload: int = 0
    """20 or 130: the number of NAT-D payloads; 0 without NAT traversal."""
    peer_is_ios: bool = False
    """The peer presented an IOS vendor id that verifies, so it knows Cisco's keepalive payload."""


@dataclass(slots=True)
class Resend:
    """The last message of an exchange, and how often it was sent again."""

    datagram: bytes
    payloads: tuple[int, ...]
    length: int
    """What the debug prints for it: without padding."""
    message_id: int = 0
    times: int = 0


class IkeSa:
    """One ISAKMP SA, from the first message to its deletion. Mutable: it is the state the messages change."""

    __slots__ = (
        "active_at",
        "alarm",
        "cipher_key",
        "created_at",
        "dpd_received",
        "dpd_sequence",
        "exchanges",
        "group",
        "handshake",
        "heard_at",
        "identity",
        "initiator_cookie",
        "interface",
        "invalid_spi_at",
        "iv",
        "keepalive",
        "keepalive_alarm",
        "keepalives_unanswered",
        "last_answer",
        "last_broken",
        "last_received",
        "life_alarm",
        "local",
        "local_behind_nat",
        "met_at",
        "nat_alarm",
        "nat_t_draft",
        "peer_fragments",
        "persona",
        "pieces",
        "pieces_sent",
        "put_off",
        "received_before",
        "remote",
        "remote_behind_nat",
        "repeated_at",
        "replaces",
        "resend",
        "responder_cookie",
        "retire_alarm",
        "role",
        "sent_before",
        "session",
        "session_began",
        "skeyid_a",
        "skeyid_d",
        "spent_ids",
        "spent_informational",
        "state",
        "struct",
        "suite",
        "tunnels",
    )

    def __init__(
        self,
        role: Role,
        persona: Persona,
        local: Endpoint,
        remote: Endpoint,
        interface: str,
        initiator_cookie: bytes,
        responder_cookie: bytes,
        state: str,
        now: float,
        struct: int,
    ) -> None:
        self.role: Role = role
        self.persona = persona
        self.local = local
        self.remote = remote
        self.interface = interface
        self.initiator_cookie = initiator_cookie
        self.responder_cookie = responder_cookie
        self.state = state
        self.created_at = now
        self.struct = struct
        """Where an ASA would keep it in memory: a number that debug lines name it by."""
        self.session = 0
        """The number of the session with the peer, one for all its tunnels: conn_id in `show`; 0 before it has one."""
        self.active_at: float | None = None
        self.session_began: float | None = None
        """When the session began, if that was under an SA that this one has replaced."""
        self.received_before = self.sent_before = 0
        """Octets of the session's tunnels that have ended and that no other has replaced."""
        self.handshake: Handshake | None = Handshake()
        self.suite: Phase1Suite | None = None
        self.group: str | None = None
        self.skeyid_d: Secret | None = None
        self.skeyid_a: Secret | None = None
        self.cipher_key: Secret | None = None
        self.iv = b""
        """The last ciphertext block of phase 1, with which the IVs of all later exchanges begin."""
        self.keepalive = "None"
        self.dpd_sequence = -1
        """The number of our last R-U-THERE; -1 before the first."""
        self.keepalives_unanswered = 0
        self.heard_at = now
        """When the peer last sent something authentic."""
        self.invalid_spi_at = -1e9
        """When the peer was last told that it sends to an SPI that is gone."""
        self.repeated_at = -inf
        """When an answer of main mode was last sent again."""
        self.identity = b""
        """Fingerprint of the identity the peer proved. With one address it tells peers behind the same NAT apart."""
        self.met_at = remote.address
        """Where the peer has last shown that it receives what we send: by main mode, or by a quick mode since."""
        self.replaces: IkeSa | None = None
        """The SA this one is negotiated to take the place of."""
        self.dpd_received = -1
        """The highest number of a R-U-THERE that was answered."""
        self.local_behind_nat = False
        self.remote_behind_nat = False
        self.nat_t_draft = False
        """NAT traversal follows a draft rather than RFC 3947: other payload numbers and encapsulation modes."""
        self.peer_fragments = False
        """The peer offered to take messages in pieces."""
        self.pieces = Pieces()
        """What has come of a message in pieces."""
        self.pieces_sent = 0
        self.last_broken = b""
        """The last message that was sent in pieces, and its number: sent again, it has the same one."""
        self.exchanges: dict[int, QuickMode] = {}
        """Quick modes under way or just finished, by message id."""
        self.spent_ids: set[int] = set()
        """Message ids that were used; none is used twice under one SA (RFC 2408 §3.1)."""
        self.put_off: dict[int, float] = {}
        """Quick modes of the peer that came in the way of one of ours, by message id, and when they first came."""
        self.spent_informational: deque[int] = deque()
        self.tunnels: list[Tunnel] = []
        self.last_received = b""
        """Fingerprint of the last main mode message that was accepted; repeated, it gets `last_answer` again."""
        self.last_answer: Resend | None = None
        self.resend: Resend | None = None
        """What is sent again until the next message comes."""
        self.alarm: Alarm | None = None
        self.life_alarm: Alarm | None = None
        self.retire_alarm: Alarm | None = None
        self.keepalive_alarm: Alarm | None = None
        self.nat_alarm: Alarm | None = None

    @property
    def active(self) -> bool:
        return self.state == "MM_ACTIVE"

    @property
    def our_cookie(self) -> bytes:
        return self.initiator_cookie if self.role == "initiator" else self.responder_cookie

    @property
    def peer(self) -> tuple[IPv4Address, bytes, IPv4Address]:
        """By what one peer is told from another: its address, its identity, and where it was met.

        The identity is not enough where all have one key, nor is the address of one who has moved: anybody can write
        that on a packet. What is sent to an address gets to who is there.
        """
        return self.remote.address, self.identity, self.met_at

    def continue_session(self, other: IkeSa) -> None:
        """What this SA does first is to renew what hangs on another one with the peer: it is the same session."""
        if not self.session:
            self.session, self.session_began = other.session, other.login_at

    def inherit(self, other: IkeSa) -> None:
        """Another SA with the peer ends: the session goes on under this one."""
        self.session = self.session or other.session
        self.session_began = min(self.login_at, other.login_at)
        self.received_before += other.received_before
        self.sent_before += other.sent_before
        other.received_before = other.sent_before = 0

    def begin_session(self, number: int, now: float) -> None:
        """The session with the peer is over, and this SA has a part in the next one. `number`: 0, before it has one."""
        self.session, self.session_began = number, now
        self.received_before = self.sent_before = 0

    @property
    def login_at(self) -> float:
        """When the session with the peer began: with the first of the SAs that have replaced each other."""
        if self.session_began is not None:
            return self.session_began
        return self.created_at if self.active_at is None else self.active_at

    @property
    def behind_nat(self) -> bool:
        return self.local_behind_nat or self.remote_behind_nat

    @property
    def hash(self) -> Hash:
        return self._suite.hash

    @property
    def cipher(self) -> Cipher:
        return self._suite.cipher

    @property
    def _suite(self) -> Phase1Suite:
        if self.suite is None:
            raise RuntimeError("no phase 1 suite is agreed yet")
        return self.suite

    def key(self, keys: Phase1Keys) -> None:
        """Take over the keys of phase 1."""
        self.skeyid_d, self.skeyid_a = keys.skeyid_d, keys.skeyid_a
        self.cipher_key = cipher_key(self.hash, keys.skeyid_e, self.cipher.key_length)

    def exchange_iv(self, message_id: int) -> bytes:
        """The first IV of the exchange with this message id."""
        return phase2_iv(self.hash, self.iv, message_id, self.cipher.block_size)

    def unchained_iv(self, message_id: int) -> bytes:
        """What libreswan has for it before phase 1 is complete at its end: it has not yet kept phase 1's last block.

        Its refusals of MM5 and MM6 are encrypted so (seen with 4.10).
        """
        return phase2_iv(self.hash, b"", message_id, self.cipher.block_size)

    def transmit(self, datagram: bytes, out: Transcript[Any]) -> None:
        """Send an ISAKMP message to the peer: whole, or in pieces if it is long and the peer takes them."""
        whole = not breaks(self.persona, self.peer_fragments, len(datagram))
        if not whole and self.last_broken != datagram:
            self.last_broken, self.pieces_sent = datagram, self.pieces_sent % 0xFFFF + 1
        marker = NON_ESP_MARKER if self.local.port == NAT_T_PORT else b""
        for one in [datagram] if whole else broken(datagram, self.pieces_sent):
            out.do(Send(marker + one, self.local, self.remote))

    def clear(self, exchange: int, payloads: tuple[Payload, ...], message_id: int = 0) -> Resend:
        """A message in the clear."""
        first, chain = encode_payloads(payloads)
        length = HEADER_SIZE + len(chain)
        header = Header(self.initiator_cookie, self.responder_cookie, first, exchange, 0, message_id, length)
        return Resend(encode_header(header) + chain, tuple(p.number for p in payloads), length, message_id)

    def seal(
        self, exchange: int, first: int, chain: bytes, numbers: tuple[int, ...], iv: bytes, message_id: int = 0
    ) -> tuple[Resend, bytes]:
        """An encrypted message and the IV of the next one, its last block.

        Padded with zeros to the block size, not at all when aligned; the header's length includes the padding
        (RFC 2409 appendix B).
        """
        cipher = self.cipher
        if self.cipher_key is None:
            raise RuntimeError("no keys yet")
        body = cipher.encrypt(self.cipher_key.reveal(), iv, chain + bytes(-len(chain) % cipher.block_size))
        header = Header(
            self.initiator_cookie,
            self.responder_cookie,
            first,
            exchange,
            FLAG_ENCRYPTED,
            message_id,
            HEADER_SIZE + len(body),
        )
        sent = Resend(encode_header(header) + body, numbers, HEADER_SIZE + len(chain), message_id)
        return sent, body[-cipher.block_size :]

    def unseal(self, message: Message, iv: bytes) -> Opened:
        """Decrypt a message. Changes nothing: the new IV is in the result. `Malformed` if nonsense comes out."""
        cipher = self.cipher
        if self.cipher_key is None:
            raise Malformed("an encrypted message before there are keys")
        if not message.body or len(message.body) % cipher.block_size:
            raise Malformed(f"{len(message.body)} octets are no whole number of cipher blocks")
        plain = cipher.decrypt(self.cipher_key.reveal(), iv, message.body)
        payloads, raw = decode_payloads(message.header.next_payload, plain, padded=True)
        return Opened(payloads, raw, message.body[-cipher.block_size :])


class Opened(NamedTuple):
    """A decrypted message. What it says is not yet verified."""

    payloads: tuple[Payload, ...]
    raw: tuple[bytes, ...]
    next_iv: bytes

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(payload.number for payload in self.payloads)

    @property
    def length(self) -> int:
        """What the debug prints: header and payloads, without padding."""
        return HEADER_SIZE + sum(map(len, self.raw))

    def after_hash(self) -> bytes:
        """Everything behind the HASH payload, generic headers included: what HASH(1) and HASH(2) cover."""
        return b"".join(self.raw[1:])


@dataclass(frozen=True, slots=True)
class Agreement:
    """A pair of IPsec SAs as quick mode agreed it."""

    match: Match
    suite: Phase2Suite
    inbound_spi: int
    outbound_spi: int
    inbound_keys: tuple[Secret, Secret]
    """Encryption key, authentication key."""
    outbound_keys: tuple[Secret, Secret]
    role: Role


@dataclass(slots=True)
class Tunnel:
    """A pair of IPsec SAs that is up, without its keys: those are in the data plane and nowhere else."""

    sa: IkeSa
    """The IKE SA it hangs on: the one it was made under, or the one that replaced that."""
    match: Match
    suite: Phase2Suite
    inbound_spi: int
    outbound_spi: int
    role: Role
    session: int
    """The Session ID of the debug, the conn_id of `show crypto ipsec sa`."""
    started_at: float
    renew_at: float = inf
    """When new SAs are asked for in its place, for the first time or once more."""
    asked_at: float = -inf
    """When they were asked for last."""
    replaced: bool = False
    """Newer SAs are in use for its traffic; it only receives what is still under way."""
    alarm: Alarm | None = None


@dataclass(slots=True)
class QuickMode:
    """One quick mode under an IKE SA. Mutable, and dropped some time after it is done."""

    role: Role
    message_id: int
    state: str
    struct: int
    """Where an ASA would keep it in memory: a number that debug lines name it by."""
    iv: bytes
    match: Match | None = None
    inbound_spi: int = 0
    our_nonce: bytes = b""
    peer_nonce: bytes = b""
    our_key: KeyPair | None = None
    agreement: Agreement | None = None
    """At the responder, from QM2 on."""
    secret: Secret | None = None
    initial_contact: bool = False
    """The peer's QM1 carried INITIAL-CONTACT."""
    peer_moved: bool = False
    """The peer has moved since our first message: who answers need not have got it where the peer is now."""
    last_received: bytes = b""
    last_answer: Resend | None = None
    repeated_at: float = -inf
    """When that was last sent again."""
    resend: Resend | None = None
    alarm: Alarm | None = None

    def accept(self, opened: Opened) -> None:
        """The message verified: the IV moves on."""
        self.iv = opened.next_iv

    @property
    def wanted(self) -> Match:
        if self.match is None:
            raise RuntimeError("no crypto map entry is chosen yet")
        return self.match
