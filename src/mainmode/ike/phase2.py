"""Quick mode, QM1 to QM3 (RFC 2409 §5.5), both roles. Knows proposals, proxy identities and keys; installs nothing.

What it agrees is an `Agreement`; the SPIs come from, and the SAs go to, a `KeyEngine`, which is what an ASA calls the
part of the box that holds IPsec SAs. As in main mode everything is said in the order in which an ASA says it.

A message changes nothing until its HASH is verified: the IV of the exchange moves with `QuickMode.accept`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final, Literal, Protocol, TypeVar

from mainmode import steps
from mainmode.blame import Malformed, Refused
from mainmode.config.model import Config, TransformSet
from mainmode.events import (
    AddressIdReceived,
    DuplicateSaFound,
    EncryptRuleFound,
    HashMismatch,
    HexDumped,
    IdTypeUnsupported,
    InitialContactSent,
    InvalidProxyRange,
    IpsecSasLoading,
    KeyAdded,
    KeyUpdated,
    MessageDecoded,
    NegotiationCompleted,
    NonceLengthInvalid,
    OldSaNotFound,
    OriginateOnly,
    PayloadBuilt,
    PayloadError,
    PayloadProcessed,
    Phase2Completed,
    Phase2ProposalAccepted,
    Phase2ProposalsUnacceptable,
    Phase2RekeyTimer,
    ProxyId,
    ProxyIdBuilt,
    ProxyIdReceived,
    ProxyIdsTransmitted,
    QuickModeConstructed,
    QuickModeKeyGenerated,
    QuickModeSent,
    RangeIdReceived,
    RekeyIntervalForced,
    RekeyIntervalOverridden,
    ResponderLifetimeDecoding,
    SaFromOtherPeer,
    SpiObtained,
    SpiRequested,
    SubnetIdReceived,
)
from mainmode.ike import dh, keys
from mainmode.ike.cryptomap import Match, ProposalWalk
from mainmode.ike.offers import (
    KILOBYTES,
    PROTO_ESP,
    PROTO_ISAKMP,
    SECONDS,
    TUNNEL,
    UDP_TUNNEL,
    UDP_TUNNEL_DRAFT,
    Phase2Choice,
    Phase2Suite,
    accept_phase2,
    choose_phase2,
    lifetimes,
    phase2_offer,
)
from mainmode.ike.persona import Persona
from mainmode.ike.phase1 import NONCE_SIZE, Entropy, Out
from mainmode.ike.sa import Agreement, IkeSa, Opened, QuickMode
from mainmode.secret import Secret
from mainmode.wire import (
    Attribute,
    Hash,
    Identification,
    IdType,
    KeyExchange,
    Nonce,
    Notify,
    NotifyType,
    Payload,
    SecurityAssociation,
    decode_attributes,
    encode_attributes,
    encode_payloads,
)

REKEY_AT: Final = 0.85
"""Part of the lifetime after which the IPsec SAs are renewed (document: 3060 of 3600 seconds, both runs)."""

HOST_MASK: Final = IPv4Address(0xFFFFFFFF)

Standing = Callable[[ProxyId, ProxyId], IkeSa | None]


class KeyEngine(Protocol):
    """Where SPIs come from and SAs go to."""

    def reserve(self, sa: IkeSa, out: Out) -> int:
        """A fresh inbound SPI; the SA behind it is embryonic."""

    def listen(self, sa: IkeSa, agreement: Agreement, out: Out) -> None:
        """Take packets on the inbound SA, the first thing that is done with an agreement. `Refused` if it cannot be.

        The responder does it before QM2, hence before the initiator can have any reason to send.
        """

    def load_outbound(self, sa: IkeSa, agreement: Agreement, out: Out) -> None: ...

    def load_inbound(self, sa: IkeSa, agreement: Agreement, out: Out) -> None:
        """Complete the inbound SA; from here on both are in use."""

    def encrypt_rule(self, match: Match) -> tuple[int, int]:
        """Where the box keeps the entry's rules: numbers that a debug line names (cs_id, rule)."""


class QuickModes:
    """Builds and reads the three messages for one gateway."""

    def __init__(self, config: Config, persona: Persona, entropy: Entropy, engine: KeyEngine) -> None:
        self.config = config
        self.persona = persona
        self.entropy = entropy
        self.engine = engine
        self._walk = ProposalWalk(config)

    def reconfigure(self, config: Config) -> None:
        """Negotiate by this configuration from now on."""
        self.config = config
        self._walk = ProposalWalk(config)

    # -- QM1 --------------------------------------------------------------------------------------------------------

    def send_qm1(self, sa: IkeSa, quick: QuickMode, first_contact: bool, out: Out) -> None:
        """Ask for the SA pair that `quick.match` describes. `first_contact`: there is no other SA with this peer."""
        match = quick.wanted
        quick.inbound_spi = self.engine.reserve(sa, out)
        out.say(SpiObtained(quick.inbound_spi))
        out.say(QuickModeConstructed())
        seconds, kilobytes = self.config.lifetimes(match.settings)
        offer = phase2_offer(
            self._sets(match),
            quick.inbound_spi.to_bytes(4),
            seconds,
            kilobytes,
            match.settings.pfs,
            self._mode(sa, match),
        )
        quick.our_nonce = self.entropy(NONCE_SIZE)
        out.say(PayloadBuilt("blank hash"))
        out.say(PayloadBuilt("IPsec SA"))
        out.say(PayloadBuilt("IPsec nonce"))
        payloads: list[Payload] = [offer, Nonce(quick.our_nonce)]
        if match.settings.pfs is not None:
            out.say(PayloadBuilt("pfs ke"))
            quick.our_key = dh.generate(dh.GROUPS[match.settings.pfs], self.entropy)
            payloads.append(KeyExchange(quick.our_key.public))
        out.say(ProxyIdBuilt())
        out.say(ProxyIdsTransmitted("initiator", match.local, match.remote))
        payloads += [_identification(match.local), _identification(match.remote)]
        if first_contact and self.persona.initial_contact:
            out.say(InitialContactSent())
            cookies = sa.initiator_cookie + sa.responder_cookie
            payloads.append(Notify(PROTO_ISAKMP, cookies, NotifyType.INITIAL_CONTACT))
        self._send(sa, quick, 1, payloads, b"", out)
        quick.state = "QM_WAIT_MSG2"

    def read_qm1(self, sa: IkeSa, quick: QuickMode, opened: Opened, standing: Standing, out: Out) -> None:
        """QM1 at the responder, answered with QM2. `Refused` with the NOTIFY for what does not fit.

        `standing(local, remote)` is the IKE SA that has IPsec SAs for this traffic already, None if none has. Another
        peer's must be at another address, or have been met at another than it is at, and then nobody knows.
        """
        nonce = read_nonce(opened.payloads)
        quick.peer_nonce = nonce
        offer = _find(opened.payloads, SecurityAssociation)
        if offer is None:
            raise Malformed("no SA payload")
        out.say(PayloadProcessed("SA"))
        out.say(PayloadProcessed("nonce"))
        public = _find(opened.payloads, KeyExchange)
        if public is not None:
            out.say(PayloadProcessed("ke"))
        for identity, side in zip(_identities(opened.payloads), ("remote", "local"), strict=False):
            out.say(PayloadProcessed("ID"))
            proxy = _proxy(identity, side)
            _say_identity(proxy, out)
            out.say(ProxyIdReceived("remote" if side == "remote" else "local", proxy))
        remote, local = read_proxies(sa, opened.payloads)
        for payload in opened.payloads:
            if isinstance(payload, Notify):
                out.say(PayloadProcessed("notify"))
                quick.initial_contact |= payload.type == NotifyType.INITIAL_CONTACT
        other = standing(local, remote)
        if other is not None and (other.remote.address, other.met_at) != (sa.remote.address, sa.met_at):
            raise Refused("another peer has this traffic", NotifyType.INVALID_ID_INFORMATION, (SaFromOtherPeer(),))
        out.say(OldSaNotFound() if other is None else DuplicateSaFound(remote.address))
        quick.match = match = self._walk.find(sa.interface, sa.remote.address, local, remote, out)
        if match.settings.connection_type == "originate-only" and other is None and not sa.tunnels:
            raise Refused("originate-only", NotifyType.NO_PROPOSAL_CHOSEN, (OriginateOnly(),))
        out.say(PayloadProcessed("IPsec SA"))
        seconds, kilobytes = self.config.lifetimes(match.settings)
        try:
            choice = choose_phase2(
                offer, self._sets(match), seconds, kilobytes, match.settings.pfs, self._modes(sa, match)
            )
        except Refused as refusal:
            told = (*refusal.events, Phase2ProposalsUnacceptable())
            raise Refused(refusal.what, refusal.notify, told) from refusal
        out.say(Phase2ProposalAccepted(choice.proposal, choice.transform.number, match.sequence))
        if (choice.suite.pfs is None) != (public is None):
            raise Refused("KE and group description do not go together", NotifyType.INVALID_KEY_INFORMATION)
        if seconds < choice.offered_seconds:
            out.say(RekeyIntervalOverridden(choice.offered_seconds, seconds, "seconds"))
        if kilobytes is not None and kilobytes < (choice.offered_kilobytes or kilobytes + 1):
            out.say(RekeyIntervalOverridden(choice.offered_kilobytes or 0, kilobytes, "Kbs"))
        if choice.suite.pfs is not None and public is not None:
            quick.our_key = dh.generate(choice.suite.pfs, self.entropy)
            quick.secret = dh.shared_secret(choice.suite.pfs, quick.our_key, public.data)
        if other is not None and not quick.initial_contact:
            sa.continue_session(other)
        out.say(SpiRequested())
        quick.inbound_spi = self.engine.reserve(sa, out)
        out.say(SpiObtained(quick.inbound_spi))
        self._send_qm2(sa, quick, choice, seconds, kilobytes, out)

    # -- QM2 --------------------------------------------------------------------------------------------------------

    def _send_qm2(
        self, sa: IkeSa, quick: QuickMode, choice: Phase2Choice, seconds: int, kilobytes: int | None, out: Out
    ) -> None:
        match = quick.wanted
        quick.our_nonce = self.entropy(NONCE_SIZE)
        out.say(QuickModeConstructed())
        out.say(PayloadBuilt("blank hash"))
        out.say(PayloadBuilt("IPsec SA"))
        out.say(PayloadBuilt("IPsec nonce"))
        payloads: list[Payload] = [choice.answer(quick.inbound_spi.to_bytes(4)), Nonce(quick.our_nonce)]
        if quick.our_key is not None:
            out.say(PayloadBuilt("pfs ke"))
            payloads.append(KeyExchange(quick.our_key.public))
        out.say(ProxyIdBuilt())
        out.say(ProxyIdsTransmitted("responder", match.local, match.remote))
        payloads += [_identification(match.remote), _identification(match.local)]
        shorter = []
        if seconds < choice.offered_seconds:
            shorter += _life(SECONDS, seconds)
        if kilobytes is not None and choice.offered_kilobytes is not None and kilobytes < choice.offered_kilobytes:
            shorter += _life(KILOBYTES, kilobytes)
        if shorter:
            # The SPI is the sender's inbound one (RFC 2407 §4.6.3.1).
            data = encode_attributes(shorter)
            spi = quick.inbound_spi.to_bytes(4)
            payloads.append(Notify(PROTO_ESP, spi, NotifyType.RESPONDER_LIFETIME, data))
        # The initiator may send as soon as it has QM2, and its QM3 may be lost: nothing of that traffic should be.
        quick.agreement = self._agree(sa, quick, choice.suite, int.from_bytes(choice.spi))
        self.engine.listen(sa, quick.agreement, out)
        self._send(sa, quick, 2, payloads, quick.peer_nonce, out)
        quick.state = "QM_WAIT_MSG3"

    def read_qm2(self, sa: IkeSa, quick: QuickMode, opened: Opened, out: Out) -> Agreement:
        """QM2 at the initiator, answered with QM3: the SAs are up."""
        match = quick.wanted
        nonce = read_nonce(opened.payloads)
        answer = _find(opened.payloads, SecurityAssociation)
        if answer is None:
            raise Malformed("no SA payload")
        quick.peer_nonce = nonce
        out.say(PayloadProcessed("SA"))
        seconds, kilobytes = self.config.lifetimes(match.settings)
        mode = self._mode(sa, match)
        choice = accept_phase2(answer, self._sets(match), seconds, kilobytes, match.settings.pfs, mode)
        out.say(PayloadProcessed("nonce"))
        public = _find(opened.payloads, KeyExchange)
        if public is not None:
            out.say(PayloadProcessed("ke"))
        if (quick.our_key is None) != (public is None):
            raise Refused("KE and group description do not go together", NotifyType.INVALID_KEY_INFORMATION)
        if quick.our_key is not None and public is not None and choice.suite.pfs is not None:
            quick.secret = dh.shared_secret(choice.suite.pfs, quick.our_key, public.data)
        identities = _identities(opened.payloads)
        for identity in identities:
            out.say(PayloadProcessed("ID"))
            _say_identity(_proxy(identity), out)
        if identities and [_proxy(i) for i in identities] != [match.local, match.remote]:
            raise Refused("the peer changed the proxy identities", NotifyType.INVALID_ID_INFORMATION)
        suite = choice.suite
        for payload in opened.payloads:
            if isinstance(payload, Notify):
                out.say(PayloadProcessed("notify"))
                if payload.type == NotifyType.RESPONDER_LIFETIME:
                    suite = self._take_lifetime(suite, payload, out)
        agreement = self._agree(sa, quick, suite, int.from_bytes(choice.spi))
        self.engine.listen(sa, agreement, out)
        self._load_outbound(sa, agreement, out)
        self.engine.load_inbound(sa, agreement, out)
        digest = keys.hash_3(sa.hash, _skeyid_a(sa), quick.message_id, quick.our_nonce, quick.peer_nonce)
        out.say(QuickModeSent(3, quick.message_id))
        first, chain = encode_payloads((Hash(digest),))
        sent, quick.iv = sa.seal(steps.QUICK_MODE, first, chain, (steps.HASH,), quick.iv, quick.message_id)
        out.say(MessageDecoded("SENDING", quick.message_id, sent.payloads, sent.length + self.persona.qm3_excess))
        quick.last_answer = sent
        quick.resend = None
        sa.transmit(sent.datagram, out)
        out.say(KeyAdded(agreement.outbound_spi))
        self._finish(quick, agreement, out)
        return agreement

    def _take_lifetime(self, suite: Phase2Suite, notify: Notify, out: Out) -> Phase2Suite:
        """The responder's shorter lifetimes. Longer ones change nothing: nobody stretches ours."""
        peer, group = out.peer, out.group
        out.peer = out.group = None  # these two lines name nobody
        out.say(ResponderLifetimeDecoding())
        dumped = notify.spi + notify.data
        for start in range(0, len(dumped), 16):  # an ASA prints sixteen octets a line
            out.say(HexDumped(start, dumped[start : start + 16]))
        out.peer, out.group = peer, group
        told = lifetimes(decode_attributes(notify.data))
        seconds = told.get(SECONDS, suite.lifetime_seconds)
        kilobytes = told.get(KILOBYTES)
        if 0 < seconds < suite.lifetime_seconds:
            out.say(RekeyIntervalForced(suite.lifetime_seconds, seconds, "seconds"))
            suite = replace(suite, lifetime_seconds=seconds)
        if kilobytes and (suite.lifetime_kilobytes is None or kilobytes < suite.lifetime_kilobytes):
            out.say(RekeyIntervalForced(suite.lifetime_kilobytes or 0, kilobytes, "Kbs"))
            suite = replace(suite, lifetime_kilobytes=kilobytes)
        return suite

    # -- QM3 --------------------------------------------------------------------------------------------------------

    def read_qm3(self, sa: IkeSa, quick: QuickMode, out: Out) -> Agreement:
        """QM3 at the responder: the initiator has our QM2, the SAs are up."""
        agreement = quick.agreement
        if agreement is None:
            raise RuntimeError("QM3 before QM1")
        self._load_outbound(sa, agreement, out)
        out.say(KeyAdded(agreement.outbound_spi))
        self.engine.load_inbound(sa, agreement, out)
        # QM3 ends the exchange: were its copy answered with QM2, the initiator would repeat QM3, and so on for ever.
        quick.resend = quick.last_answer = None
        self._finish(quick, agreement, out)
        return agreement

    # -- common -----------------------------------------------------------------------------------------------------

    def verify(self, sa: IkeSa, quick: QuickMode, opened: Opened, message: str) -> None:
        """Compare the message's HASH, then let the IV move. `Refused` without a NOTIFY: its sender proved nothing."""
        received = opened.payloads[0].data if isinstance(opened.payloads[0], Hash) else b""
        skeyid_a = _skeyid_a(sa)
        rest = opened.after_hash()
        if message == "QM1":
            expected = keys.hash_1(sa.hash, skeyid_a, quick.message_id, rest)
        elif message == "QM2":
            expected = keys.hash_2(sa.hash, skeyid_a, quick.message_id, quick.our_nonce, rest)
        else:
            expected = keys.hash_3(sa.hash, skeyid_a, quick.message_id, quick.peer_nonce, quick.our_nonce)
        if not keys.equal(expected, received):
            raise Refused(f"the hash of {message} does not verify", None, (HashMismatch(),))
        quick.accept(opened)

    def _agree(self, sa: IkeSa, quick: QuickMode, suite: Phase2Suite, outbound_spi: int) -> Agreement:
        nonces = (quick.our_nonce, quick.peer_nonce)
        if quick.role == "responder":
            nonces = (quick.peer_nonce, quick.our_nonce)
        skeyid_d = _skeyid_d(sa)

        def pair(spi: int) -> tuple[Secret, Secret]:
            return keys.esp_keys(sa.hash, skeyid_d, suite.cipher, suite.auth, spi, *nonces, quick.secret)

        return Agreement(
            quick.wanted,
            suite,
            quick.inbound_spi,
            outbound_spi,
            pair(quick.inbound_spi),
            pair(outbound_spi),
            quick.role,
        )

    def _load_outbound(self, sa: IkeSa, agreement: Agreement, out: Out) -> None:
        match = agreement.match
        rule = EncryptRuleFound(match.map, match.sequence, match.access_list, *self.engine.encrypt_rule(match))
        out.say(IpsecSasLoading())
        out.say(QuickModeKeyGenerated())
        out.say(rule)
        out.say(QuickModeKeyGenerated())
        self.engine.load_outbound(sa, agreement, out)
        out.say(rule)
        out.say(NegotiationCompleted(sa.group or "", agreement.role, agreement.inbound_spi, agreement.outbound_spi))

    def _finish(self, quick: QuickMode, agreement: Agreement, out: Out) -> None:
        out.say(KeyUpdated(agreement.inbound_spi))
        out.say(Phase2RekeyTimer(int(agreement.suite.lifetime_seconds * REKEY_AT)))
        out.say(Phase2Completed(quick.message_id))
        quick.state = "QM_DONE"
        # What follows is only repetition of the last message; the rest need not stay in memory.
        quick.our_key = quick.secret = quick.agreement = quick.match = None
        quick.our_nonce = quick.peer_nonce = b""

    def _send(
        self, sa: IkeSa, quick: QuickMode, ordinal: Literal[1, 2], payloads: list[Payload], nonce: bytes, out: Out
    ) -> None:
        """QM1 or QM2: HASH(1) or HASH(2) goes before the payloads. `nonce` is Ni_b for HASH(2), nothing for HASH(1)."""
        first, rest = encode_payloads(payloads)
        if nonce:
            digest = keys.hash_2(sa.hash, _skeyid_a(sa), quick.message_id, nonce, rest)
        else:
            digest = keys.hash_1(sa.hash, _skeyid_a(sa), quick.message_id, rest)
        out.say(PayloadBuilt("qm hash"))
        out.say(QuickModeSent(ordinal, quick.message_id))
        numbers = (steps.HASH, *(payload.number for payload in payloads))
        chain = prepend_hash(digest, first, rest)
        sent, quick.iv = sa.seal(steps.QUICK_MODE, steps.HASH, chain, numbers, quick.iv, quick.message_id)
        out.say(MessageDecoded("SENDING", quick.message_id, sent.payloads, sent.length))
        quick.resend = quick.last_answer = sent
        sa.transmit(sent.datagram, out)

    def _sets(self, match: Match) -> list[TransformSet]:
        names = match.settings.transform_sets
        return [self.config.transform_sets[name] for name in names if name in self.config.transform_sets]

    def _mode(self, sa: IkeSa, match: Match) -> int:
        return self._modes(sa, match)[0]

    def _modes(self, sa: IkeSa, match: Match) -> tuple[int, ...]:
        """The encapsulations that fit: in UDP when a NAT was found, unless the entry says `set nat-t-disable`."""
        if not sa.behind_nat or match.settings.nat_t_disable:
            return (TUNNEL,)
        return (UDP_TUNNEL_DRAFT, UDP_TUNNEL) if sa.nat_t_draft else (UDP_TUNNEL, UDP_TUNNEL_DRAFT)


def read_proxies(sa: IkeSa, payloads: tuple[Payload, ...]) -> tuple[ProxyId, ProxyId]:
    """The initiator's identity, then the responder's. Without any they are the two gateways (RFC 2409 §5.5)."""
    identities = _identities(payloads)
    if not identities:
        return ProxyId(sa.remote.address, HOST_MASK), ProxyId(sa.local.address, HOST_MASK)
    return _proxy(identities[0], "remote"), _proxy(identities[1], "local")


def _identities(payloads: tuple[Payload, ...]) -> list[Identification]:
    return [payload for payload in payloads if isinstance(payload, Identification)]


def prepend_hash(digest: bytes, first: int, rest: bytes) -> bytes:
    """A chain of payloads with a HASH payload before it."""
    return bytes([first, 0]) + (len(digest) + 4).to_bytes(2) + digest + rest


def _life(unit: int, duration: int) -> list[Attribute]:
    # In four octets whatever its size, as IOS does it (document: 80010001 00020004 00000E10).
    return [Attribute.of(1, unit), Attribute(2, duration, basic=False, width=4)]


def _identification(proxy: ProxyId) -> Identification:
    """A proxy identity as a payload: an address, a subnet or a range (RFC 2407 §4.6.2)."""
    if proxy.last is not None:
        kind, data = IdType.IPV4_ADDR_RANGE, proxy.address.packed + proxy.last.packed
    elif proxy.mask == HOST_MASK:
        kind, data = IdType.IPV4_ADDR, proxy.address.packed
    else:
        kind, data = IdType.IPV4_ADDR_SUBNET, proxy.address.packed + proxy.mask.packed
    return Identification(kind, proxy.protocol, proxy.port, data)


def _proxy(identity: Identification, side: str = "remote") -> ProxyId:
    """A payload as a proxy identity; `Refused` with INVALID-ID-INFORMATION for what cannot be one."""
    data = identity.data
    if identity.type == IdType.IPV4_ADDR:
        return ProxyId(IPv4Address(data), HOST_MASK, identity.protocol, identity.port)
    if identity.type == IdType.IPV4_ADDR_SUBNET:
        open_bits = ~int.from_bytes(data[4:]) & 0xFFFFFFFF
        if open_bits & (open_bits + 1):
            # No route leads there, and what reads 0.0.0.255 as a wildcard mask would take it for another network.
            raise Refused("a mask with holes", NotifyType.INVALID_ID_INFORMATION, (PayloadError(steps.ID),))
        return ProxyId(IPv4Address(data[:4]), IPv4Address(data[4:]), identity.protocol, identity.port)
    if identity.type == IdType.IPV4_ADDR_RANGE:
        first, last = IPv4Address(data[:4]), IPv4Address(data[4:])
        if first > last:
            told = InvalidProxyRange("remote" if side == "remote" else "local", first, last)
            raise Refused("a range that ends before it begins", NotifyType.INVALID_ID_INFORMATION, (told,))
        return ProxyId(first, HOST_MASK, identity.protocol, identity.port, last)
    raise Refused("identity type", NotifyType.INVALID_ID_INFORMATION, (IdTypeUnsupported(2, identity.type),))


def _say_identity(proxy: ProxyId, out: Out) -> None:
    if proxy.last is not None:
        out.say(RangeIdReceived(proxy.address, proxy.last))
    elif proxy.mask == HOST_MASK:
        out.say(AddressIdReceived(proxy.address))
    else:
        out.say(SubnetIdReceived(proxy.address, proxy.mask))


def read_nonce(payloads: tuple[Payload, ...]) -> bytes:
    """The nonce of a quick mode message; `Refused` if its length is not allowed."""
    nonce = _find(payloads, Nonce)
    if nonce is None:
        raise Malformed("no NONCE payload")
    if not 8 <= len(nonce.data) <= 256:
        told = (NonceLengthInvalid(len(nonce.data)), PayloadError(steps.NONCE))
        raise Refused("a nonce has 8 to 256 octets (RFC 2409 §5)", NotifyType.PAYLOAD_MALFORMED, told)
    return nonce.data


P = TypeVar("P")


def _find(payloads: tuple[Payload, ...], kind: type[P]) -> P | None:
    return next((payload for payload in payloads if isinstance(payload, kind)), None)


def _skeyid_a(sa: IkeSa) -> Secret:
    if sa.skeyid_a is None:
        raise RuntimeError("no keys yet")
    return sa.skeyid_a


def _skeyid_d(sa: IkeSa) -> Secret:
    if sa.skeyid_d is None:
        raise RuntimeError("no keys yet")
    return sa.skeyid_d
