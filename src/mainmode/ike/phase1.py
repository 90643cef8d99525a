"""Main mode with pre-shared keys, MM1 to MM6 (RFC 2409 §5.4), both roles.

Each message has one function that builds it and one that reads it; which role does which follows from `steps`. Knows
messages and proofs; not where datagrams go, when they are repeated, nor which SA a message belongs to. Everything is
said in the order in which an ASA says it (the source document's two columns).

Nothing here trusts what has not been proved: until HASH_I or HASH_R was compared, what a message brings is kept in the
`Handshake` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, Final, TypeVar

from mainmode import steps
from mainmode.blame import Malformed, Refused
from mainmode.config.model import DEFAULT_L2L_GROUP, Config, TunnelGroup
from mainmode.events import (
    AddressIdReceived,
    DecryptedNonsense,
    DecryptionFailed,
    DefaultGroupUsed,
    FragmentationOffered,
    GroupNotFound,
    HashMismatch,
    IdTypeUnknown,
    InvalidIdPort,
    InvalidIdProtocol,
    IosKeepaliveBuilt,
    IosKeepaliveProcessed,
    IosVendorIdBuilt,
    IosVendorIdProcessed,
    IsakmpHashComputed,
    KeepaliveAgreed,
    KeysGenerated,
    MessageDecoded,
    NameIdReceived,
    NatDetected,
    NatDiscoveryHashed,
    NatDiscoveryMissing,
    NonceLengthInvalid,
    PayloadBuilt,
    PayloadError,
    PayloadProcessed,
    Phase1Completed,
    Phase1ProposalAccepted,
    Phase1ProposalsUnacceptable,
    Phase1RekeyTimer,
    ProposalAcceptable,
    TunnelGroupLanded,
    TunnelGroupMissing,
    VendorIdReceived,
    VendorIdSent,
)
from mainmode.ike import dh, iosvid, keys
from mainmode.ike.offers import accept_phase1, choose_phase1, phase1_offer
from mainmode.ike.persona import RFC3947, Persona
from mainmode.ike.sa import NAT_T_PORT, Handshake, IkeSa, Opened, Resend, fingerprint
from mainmode.secret import Secret
from mainmode.transcript import Transcript
from mainmode.wire import (
    Hash,
    Identification,
    IdType,
    IosKeepalive,
    KeyExchange,
    Message,
    NatDiscovery,
    Nonce,
    NotifyType,
    Payload,
    SecurityAssociation,
    VendorId,
    encode_payloads,
    fragmentation_modes,
    recognise,
)
from mainmode.wire.vendors import SENT

NONCE_SIZE: Final = 20
"""What an ASA sends (FACTS §1.3)."""

IOS_VERSION: Final = "1.0.0"
IOS_KEEPALIVE_SECONDS: Final = 32767
"""Both numbers of the keepalive payload an ASA sends (document, MM5)."""

REKEY_AT: Final = {"initiator": 0.95, "responder": 0.75}
"""Part of the lifetime after which phase 1 is renewed (document: 82080 and 64800 of 86400 seconds)."""

Entropy = Callable[[int], bytes]
Out = Transcript[Any]
"""The transcript of an input. Its actions are `Send`; the gateway's transcript has more kinds."""


class MainMode:
    """Builds and reads the six messages for one gateway: its configuration, its persona, its source of chance."""

    def __init__(self, config: Config, persona: Persona, entropy: Entropy) -> None:
        self.config = config
        self.persona = persona
        self.entropy = entropy

    # -- MM1 and MM2: which algorithms ------------------------------------------------------------------------------

    def begin(self, sa: IkeSa, out: Out) -> None:
        """Send MM1."""
        out.say(PayloadBuilt("ISAKMP SA"))
        offer = phase1_offer(self.config.ike_policies)
        vendors = list(self.persona.nat_t_offer) if self.config.nat_traversal is not None else []
        sent = sa.clear(steps.MAIN_MODE, (offer, *self._mm1_vendors(vendors, out)))
        _handshake(sa).sa_body = _sa_body(sent.datagram)
        self._send(sa, sent, out)
        sa.state = "MM_WAIT_MSG2"

    def read_mm1(self, sa: IkeSa, message: Message, out: Out) -> None:
        """MM1 at the responder, answered with MM2. `Refused` if no policy matches; the SA is then worth nothing."""
        handshake = _handshake(sa)
        offer = _first(message.payloads, SecurityAssociation)
        out.say(PayloadProcessed("SA"))
        out.say(ProposalAcceptable())
        offered = self._read_vendors(sa, message.payloads, out)
        out.say(PayloadProcessed("IKE SA"))
        try:
            choice = choose_phase1(offer, self.config.ike_policies)
        except Refused as refusal:
            told = (*refusal.events, Phase1ProposalsUnacceptable(), PayloadError(steps.SA))
            raise Refused(refusal.what, refusal.notify, told) from refusal
        # The document's policy 10, the only one configured, is entry 2: the list has the default policy before it.
        out.say(Phase1ProposalAccepted(choice.proposal, choice.transform.number, choice.entry + 2))
        sa.suite = choice.suite
        handshake.sa_body = message.raw[0][4:]
        answer = next((name for name in self.persona.nat_t_answer if name in offered), None)
        if answer is None or self.config.nat_traversal is None:
            vendors = []
        else:
            vendors = [answer]
            self._agree_nat_traversal(sa, answer)
        out.say(PayloadBuilt("ISAKMP SA"))
        sent = sa.clear(steps.MAIN_MODE, (choice.answer(), *self._mm1_vendors(vendors, out)))
        self._send(sa, sent, out)

    def read_mm2(self, sa: IkeSa, message: Message, out: Out) -> None:
        """MM2 at the initiator, answered with MM3."""
        out.say(PayloadProcessed("SA"))
        suite = accept_phase1(_first(message.payloads, SecurityAssociation), self.config.ike_policies)
        out.say(ProposalAcceptable())
        answered = self._read_vendors(sa, message.payloads, out)
        sa.suite = suite
        sa.responder_cookie = message.header.responder_cookie
        offered = self.persona.nat_t_offer if self.config.nat_traversal is not None else ()
        agreed = next((name for name in self.persona.nat_t_answer if name in answered and name in offered), None)
        if agreed is not None:
            self._agree_nat_traversal(sa, agreed)
        self._send_key_exchange(sa, out)

    def _mm1_vendors(self, nat_traversal: list[str], out: Out) -> list[VendorId]:
        names = [*nat_traversal, "fragmentation"] if self.persona.fragmentation else nat_traversal
        payloads = []
        for name in names:
            vendor = SENT[name]
            out.say(PayloadBuilt(vendor.built or "VID"))
            payloads.append(VendorId(vendor.data))
        return payloads

    def _agree_nat_traversal(self, sa: IkeSa, vendor: str) -> None:
        # 20 if RFC 3947 was agreed, the drafts' private-use number if one of them was (FACTS §1.5).
        sa.nat_t_draft = vendor != RFC3947
        _handshake(sa).nat_payload = steps.NAT_D_DRAFT if sa.nat_t_draft else steps.NAT_D

    # -- MM3 and MM4: the keys --------------------------------------------------------------------------------------

    def read_mm3(self, sa: IkeSa, message: Message, out: Out) -> None:
        """MM3 at the responder, answered with MM4. The first Diffie-Hellman here: the peer has our cookie by now."""
        self._read_key_exchange(sa, message, out)
        # Who has no pre-shared key costs no exponentiation.
        psk = self._tunnel_group_key(sa)
        handshake = _handshake(sa)
        secret = self._exchange_secret(sa, handshake)
        sent = self._build_key_exchange(sa, out)
        self._land(sa, out)
        self._generate_keys(sa, handshake, psk, secret, out)
        self._send(sa, sent, out)

    def read_mm4(self, sa: IkeSa, message: Message, out: Out) -> None:
        """MM4 at the initiator, answered with MM5."""
        self._read_key_exchange(sa, message, out)
        psk = self._tunnel_group_key(sa)
        handshake = _handshake(sa)
        secret = self._exchange_secret(sa, handshake)
        self._land(sa, out)
        self._generate_keys(sa, handshake, psk, secret, out)
        if sa.behind_nat:
            sa.local = sa.local._replace(port=NAT_T_PORT)
            sa.remote = sa.remote._replace(port=NAT_T_PORT)
        self._send_authentication(sa, out)
        if handshake.nat_payload:
            out.say(NatDetected(sa.remote_behind_nat, sa.local_behind_nat))

    def _send_key_exchange(self, sa: IkeSa, out: Out) -> None:
        handshake = _handshake(sa)
        handshake.our_key = dh.generate(_suite_group(sa), self.entropy)
        self._send(sa, self._build_key_exchange(sa, out), out)

    def _build_key_exchange(self, sa: IkeSa, out: Out) -> Resend:
        handshake = _handshake(sa)
        if handshake.our_key is None:
            raise RuntimeError("no key pair")
        out.say(PayloadBuilt("ke"))
        out.say(PayloadBuilt("nonce"))
        handshake.our_nonce = self.entropy(NONCE_SIZE)
        payloads: list[Payload] = [KeyExchange(handshake.our_key.public), Nonce(handshake.our_nonce)]
        initiating = sa.role == "initiator"
        for kind in self.persona.kinds_as_initiator if initiating else self.persona.kinds_as_responder:
            payloads.append(VendorId(self._vendor_data(sa, kind, out)))
        if handshake.nat_payload:
            # The first is the far end, as we see it, the second our own (RFC 3947 §3.2).
            for end in (sa.remote, sa.local):
                out.say(PayloadBuilt("NAT-Discovery"))
                out.say(NatDiscoveryHashed())
                digest = keys.nat_discovery(sa.hash, sa.initiator_cookie, sa.responder_cookie, *end)
                payloads.append(NatDiscovery(digest, handshake.nat_payload))
        return sa.clear(steps.MAIN_MODE, tuple(payloads))

    def _vendor_data(self, sa: IkeSa, kind: str, out: Out) -> bytes:
        if kind == "ios":
            initiating = sa.role == "initiator"
            said = iosvid.IosVendorId(
                IOS_VERSION,
                self.persona.ios_capabilities_as_initiator
                if initiating
                else self.persona.ios_capabilities_as_responder,
            )
            out.say(VendorIdSent("IOS"))
            out.say(IosVendorIdBuilt(said.version, said.capabilities))
            return iosvid.build(said, sa.initiator_cookie, sa.responder_cookie)
        vendor = SENT[kind]
        out.say(PayloadBuilt(vendor.built or "VID"))
        if kind == "altiga":
            out.say(VendorIdSent(vendor.received or ""))
        return vendor.data

    def _read_key_exchange(self, sa: IkeSa, message: Message, out: Out) -> None:
        handshake = _handshake(sa)
        out.say(PayloadProcessed("ke"))
        out.say(PayloadProcessed("ISA_KE"))
        public = _first(message.payloads, KeyExchange).data
        out.say(PayloadProcessed("nonce"))
        nonce = _first(message.payloads, Nonce).data
        if not 8 <= len(nonce) <= 256:
            raise Refused(
                "a nonce has 8 to 256 octets (RFC 2409 §5)",
                NotifyType.PAYLOAD_MALFORMED,
                (NonceLengthInvalid(len(nonce)),),
            )
        self._read_vendors(sa, message.payloads, out)
        handshake.peer_public, handshake.peer_nonce = public, nonce
        if handshake.nat_payload:
            self._discover_nat(sa, handshake, message.payloads, out)

    def _discover_nat(self, sa: IkeSa, handshake: Handshake, payloads: tuple[Payload, ...], out: Out) -> None:
        discovered = []
        for payload in payloads:
            if isinstance(payload, NatDiscovery):
                out.say(PayloadProcessed("NAT-Discovery"))
                out.say(NatDiscoveryHashed())
                discovered.append(payload.data)
        if len(discovered) < 2:
            out.say(NatDiscoveryMissing())
            handshake.nat_payload = 0
            return
        ours = keys.nat_discovery(sa.hash, sa.initiator_cookie, sa.responder_cookie, *sa.local)
        theirs = keys.nat_discovery(sa.hash, sa.initiator_cookie, sa.responder_cookie, *sa.remote)
        sa.local_behind_nat = discovered[0] != ours
        sa.remote_behind_nat = theirs not in discovered[1:]

    def _exchange_secret(self, sa: IkeSa, handshake: Handshake) -> Secret:
        if handshake.our_key is None:
            handshake.our_key = dh.generate(_suite_group(sa), self.entropy)
        return dh.shared_secret(_suite_group(sa), handshake.our_key, handshake.peer_public)

    def _tunnel_group_key(self, sa: IkeSa) -> Secret:
        """The pre-shared key for the peer's address. In main mode the identity comes too late to choose by it."""
        name = str(sa.remote.address)
        group = self.config.tunnel_groups.get(name)
        if group is not None and group.pre_shared_key is not None:
            return group.pre_shared_key
        default = self.config.tunnel_groups.get(DEFAULT_L2L_GROUP)
        if group is None and default is not None and default.pre_shared_key is not None:
            return default.pre_shared_key
        missing = (GroupNotFound(name),) if group is None else ()
        raise Refused(f"no pre-shared key for {name}", None, (*missing, TunnelGroupMissing()))

    def _land(self, sa: IkeSa, out: Out) -> None:
        name = str(sa.remote.address)
        if name not in self.config.tunnel_groups:
            out.say(DefaultGroupUsed(name))
            name = DEFAULT_L2L_GROUP
        out.say(TunnelGroupLanded(name))
        sa.group = out.group = name

    def _generate_keys(self, sa: IkeSa, handshake: Handshake, psk: Secret, secret: Secret, out: Out) -> None:
        out.say(KeysGenerated(sa.role))
        if handshake.our_key is None:
            raise RuntimeError("no key pair")
        public_i, public_r = handshake.our_key.public, handshake.peer_public
        nonce_i, nonce_r = handshake.our_nonce, handshake.peer_nonce
        if sa.role == "responder":
            public_i, public_r, nonce_i, nonce_r = public_r, public_i, nonce_r, nonce_i
        derived = keys.derive(sa.hash, psk, nonce_i, nonce_r, secret, sa.initiator_cookie, sa.responder_cookie)
        handshake.keys = derived
        sa.key(derived)
        sa.iv = keys.phase1_iv(sa.hash, public_i, public_r, sa.cipher.block_size)

    # -- MM5 and MM6: the proof -------------------------------------------------------------------------------------

    def open(self, sa: IkeSa, message: Message, out: Out) -> Opened:
        """Decrypt MM5 or MM6. Nonsense means that the pre-shared keys differ: `Refused` with PAYLOAD-MALFORMED."""
        try:
            return sa.unseal(message, sa.iv)
        except Malformed as error:
            raise nonsense(str(error)) from error

    def read_mm5(self, sa: IkeSa, opened: Opened, out: Out) -> None:
        """MM5 at the responder, answered with MM6: phase 1 is complete."""
        handshake = _handshake(sa)
        self._check_proof(sa, opened, "initiator", out)
        self._read_authentication_extras(sa, opened, out)
        if handshake.nat_payload:
            out.say(NatDetected(sa.remote_behind_nat, sa.local_behind_nat))
        out.say(TunnelGroupLanded(sa.group or ""))
        self._send_authentication(sa, out)
        self.complete(sa, out)

    def read_mm6(self, sa: IkeSa, opened: Opened, out: Out) -> None:
        """MM6 at the initiator. Phase 1 is complete; the caller goes on to quick mode and then calls `complete`."""
        self._check_proof(sa, opened, "responder", out)
        self._read_authentication_extras(sa, opened, out)
        out.say(TunnelGroupLanded(sa.group or ""))

    def complete(self, sa: IkeSa, out: Out) -> None:
        """Both ends proved the pre-shared key."""
        sa.state = "MM_ACTIVE"
        sa.active_at = out.now
        sa.handshake = None
        out.say(Phase1Completed())
        out.say(KeepaliveAgreed(sa.keepalive))
        if sa.suite is not None and sa.suite.lifetime is not None:
            out.say(Phase1RekeyTimer(int(sa.suite.lifetime * REKEY_AT[sa.role])))

    def _send_authentication(self, sa: IkeSa, out: Out) -> None:
        handshake = _handshake(sa)
        out.say(PayloadBuilt("ID"))
        # 17 and 500 (RFC 2407 §4.6.2 allows them, or zeros; what an ASA sends is not known).
        identity = Identification(IdType.IPV4_ADDR, 17, 500, sa.local.address.packed)
        out.say(PayloadBuilt("hash"))
        digest = _proof(sa, handshake, sa.role, identity.body)
        out.say(IsakmpHashComputed())
        payloads: list[Payload] = [identity, Hash(digest)]
        if self.persona.ios_keepalive and handshake.peer_is_ios:
            out.say(IosKeepaliveBuilt(IOS_KEEPALIVE_SECONDS, IOS_KEEPALIVE_SECONDS))
            # Eight octets; how they hold the two numbers is not public (FACTS §1.3), so two 32-bit ones.
            payloads.append(IosKeepalive(IOS_KEEPALIVE_SECONDS.to_bytes(4) * 2))
        if self.persona.dpd_in_authentication:
            out.say(PayloadBuilt("dpd vid"))
            payloads.append(VendorId(SENT["dpd"].data))
        first, chain = encode_payloads(payloads)
        sent, sa.iv = sa.seal(steps.MAIN_MODE, first, chain, tuple(p.number for p in payloads), sa.iv)
        self._send(sa, sent, out)

    def _check_proof(self, sa: IkeSa, opened: Opened, prover: str, out: Out) -> None:
        """Compare HASH_I or HASH_R. Only then does the SA move on: the IV follows the message."""
        identity = _first(opened.payloads, Identification)
        out.say(PayloadProcessed("ID"))
        self._read_identity(identity, out)
        out.say(PayloadProcessed("hash"))
        out.say(IsakmpHashComputed())
        expected = _proof(sa, _handshake(sa), prover, identity.body)
        if not keys.equal(expected, _first(opened.payloads, Hash).data):
            raise Refused("the hash does not verify", NotifyType.INVALID_HASH_INFORMATION, (HashMismatch(),))
        sa.iv = opened.next_iv
        sa.identity = fingerprint(identity.body)

    def _read_identity(self, identity: Identification, out: Out) -> None:
        # 0 and 0, or 17 and 500 (RFC 2407 §4.6.2); an ASA takes each of the four values alone.
        if identity.port not in (0, 500):
            raise Refused("identity port", NotifyType.INVALID_ID_INFORMATION, (InvalidIdPort(identity.port),))
        if identity.protocol not in (0, 17):
            raise Refused(
                "identity protocol", NotifyType.INVALID_ID_INFORMATION, (InvalidIdProtocol(identity.protocol),)
            )
        if identity.type == IdType.IPV4_ADDR:
            out.say(AddressIdReceived(_address(identity.data)))
        elif identity.type in (IdType.FQDN, IdType.USER_FQDN, IdType.KEY_ID):
            out.say(NameIdReceived(f"ID_{IdType(identity.type).name}", len(identity.data)))
        else:
            raise Refused("identity type", NotifyType.INVALID_ID_INFORMATION, (IdTypeUnknown(1, identity.type),))

    def _read_authentication_extras(self, sa: IkeSa, opened: Opened, out: Out) -> None:
        for payload in opened.payloads:
            if isinstance(payload, IosKeepalive):
                numbers = int.from_bytes(payload.data[:4]), int.from_bytes(payload.data[4:8])
                out.say(IosKeepaliveProcessed(*numbers))
            elif payload.number == steps.NOTIFY:
                out.say(PayloadProcessed("notify"))
        self._read_vendors(sa, opened.payloads, out)

    # -- common -----------------------------------------------------------------------------------------------------

    def _read_vendors(self, sa: IkeSa, payloads: tuple[Payload, ...], out: Out) -> set[str]:
        """Say what each vendor id means; returns the names of the known ones."""
        names = set()
        for payload in payloads:
            if not isinstance(payload, VendorId):
                continue
            out.say(PayloadProcessed("VID"))
            vendor = recognise(payload.data)
            if vendor is None:
                self._read_ios_vendor(sa, payload.data, out)
                continue
            names.add(vendor.name)
            if vendor.received is not None:
                out.say(VendorIdReceived(vendor.received))
            if vendor.name == "fragmentation":
                sa.peer_fragments = True
                modes = fragmentation_modes(payload.data)
                if modes is not None:
                    out.say(FragmentationOffered(*modes))
            elif vendor.name == "dpd":
                group = tunnel_group(self.config, sa)
                if group is None or not group.keepalive_disabled:
                    sa.keepalive = "DPD"
        return names

    def _read_ios_vendor(self, sa: IkeSa, data: bytes, out: Out) -> None:
        said = iosvid.read(data, sa.initiator_cookie, sa.responder_cookie)
        if said is not None and sa.handshake is not None:
            sa.handshake.peer_is_ios = True
            out.say(IosVendorIdProcessed(said.version, said.capabilities))

    def _send(self, sa: IkeSa, sent: Resend, out: Out) -> None:
        out.say(MessageDecoded("SENDING", 0, sent.payloads, sent.length))
        sa.resend = sa.last_answer = sent
        sa.transmit(sent.datagram, out)


def nonsense(what: str) -> Refused:
    """MM5 or MM6 decrypted to something that is none: the keys differ, hence the pre-shared keys."""
    return Refused(what, NotifyType.PAYLOAD_MALFORMED, (DecryptedNonsense(0), DecryptionFailed()))


def tunnel_group(config: Config, sa: IkeSa) -> TunnelGroup | None:
    """The tunnel-group that serves this SA: by the peer's address, else DefaultL2LGroup."""
    return config.tunnel_groups.get(sa.group or str(sa.remote.address)) or config.tunnel_groups.get(DEFAULT_L2L_GROUP)


def _proof(sa: IkeSa, handshake: Handshake, prover: str, identity: bytes) -> bytes:
    """HASH_I or HASH_R over the identity of the one who proves."""
    if handshake.keys is None or handshake.our_key is None:
        raise RuntimeError("no keys yet")
    public_i, public_r = handshake.our_key.public, handshake.peer_public
    if sa.role == "responder":
        public_i, public_r = public_r, public_i
    compute = keys.hash_i if prover == "initiator" else keys.hash_r
    return compute(
        sa.hash,
        handshake.keys.skeyid,
        public_i,
        public_r,
        sa.initiator_cookie,
        sa.responder_cookie,
        handshake.sa_body,
        identity,
    )


def _address(octets: bytes) -> IPv4Address:
    """Four octets as an address."""
    return IPv4Address(octets)


def _handshake(sa: IkeSa) -> Handshake:
    if sa.handshake is None:
        raise RuntimeError("main mode is over")
    return sa.handshake


def _suite_group(sa: IkeSa) -> dh.Group:
    if sa.suite is None:
        raise RuntimeError("no phase 1 suite is agreed yet")
    return sa.suite.group


P = TypeVar("P")


def _first(payloads: tuple[Payload, ...], kind: type[P]) -> P:
    """The payload of this kind; `steps.fault` has made sure that it is there."""
    for payload in payloads:
        if isinstance(payload, kind):
            return payload
    raise Malformed(f"no {kind.__name__} payload")


def _sa_body(datagram: bytes) -> bytes:
    """SAi_b out of our own MM1, whose first payload it is: behind the message header and the payload's own."""
    length = int.from_bytes(datagram[30:32])
    return datagram[32 : 28 + length]
