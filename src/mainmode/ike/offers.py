"""What is offered and what is accepted: policies and transform sets as proposals, and proposals against them.

Knows configuration values and SA payloads; no state, no keys. Values are compared, never bytes, because a peer may
write a number in another width (RFC 2409 appendix A). The responder answers with the very transform it was offered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mainmode.blame import Refused
from mainmode.config.model import IkePolicy, TransformSet
from mainmode.events import (
    AhUnsupported,
    AttributeMismatch,
    Event,
    OakleyGroupUnsupported,
    ProtocolUnknown,
    SpiSizeInvalid,
)
from mainmode.ike.algorithms import (
    ESP_AUTHS,
    ESP_CIPHERS,
    HASHES,
    IKE_CIPHERS,
    Auth,
    Cipher,
    Hash,
    find_cipher,
)
from mainmode.ike.dh import GROUPS, Group
from mainmode.wire import Attribute, NotifyType, Proposal, SecurityAssociation, Transform

PROTO_ISAKMP: Final = 1
PROTO_AH: Final = 2
PROTO_ESP: Final = 3
KEY_IKE: Final = 1
PRE_SHARED_KEY: Final = 1

ENCRYPTION, HASH, AUTHENTICATION, GROUP, LIFE_TYPE, LIFE_DURATION, KEY_LENGTH = 1, 2, 3, 4, 11, 12, 14
"""Phase 1 attribute types (RFC 2409 appendix A)."""

P2_LIFE_TYPE, P2_LIFE_DURATION, P2_GROUP, P2_ENCAPSULATION, P2_AUTHENTICATION, P2_KEY_LENGTH = 1, 2, 3, 4, 5, 6
"""Phase 2 attribute types (RFC 2407 §4.5)."""

SECONDS: Final = 1
KILOBYTES: Final = 2

TUNNEL, TRANSPORT, UDP_TUNNEL, UDP_TUNNEL_DRAFT = 1, 2, 3, 61443
"""Encapsulation modes (RFC 2407 §4.5; RFC 3947 §5.1 and its drafts)."""

DEFAULT_PHASE2_SECONDS: Final = 28800
"""What an absent lifetime means (RFC 2407 §4.5)."""

MAX_MISMATCHES_TOLD: Final = 12
"""Lines about one refused offer: a hundred hostile transforms must not write a hundred lines times the policies."""

_CIPHER_BY_NAME: Final = {cipher.name: cipher for cipher in IKE_CIPHERS.values()}
_HASH_BY_NAME: Final = {row.name: row for row in HASHES.values()}
_ESP_CIPHER_BY_NAME: Final = {cipher.name: cipher for cipher in ESP_CIPHERS.values()}
_ESP_AUTH_BY_NAME: Final = {auth.name: auth for auth in ESP_AUTHS.values()}

_ENCRYPTION_NAMES: Final = {1: "DES-CBC", 5: "3DES-CBC", 7: "AES-CBC"}
_HASH_NAMES: Final = {1: "MD5", 2: "SHA"}
_AUTHENTICATION_NAMES: Final = {1: "Preshared Key", 3: "RSA signature", 65001: "XAUTH Preshared Key"}
_MODE_NAMES: Final = {
    1: "Tunnel",
    2: "Transport",
    3: "UDP Tunnel(NAT-T)",
    4: "UDP Transport(NAT-T)",
    61443: "UDP Tunnel(NAT-T)",
    61444: "UDP Transport(NAT-T)",
}
_ESP_AUTH_NAMES: Final = {1: "HMAC-MD5", 2: "HMAC-SHA"}


@dataclass(frozen=True, slots=True)
class Phase1Suite:
    """What phase 1 agreed on."""

    cipher: Cipher
    hash: Hash
    group: Group
    lifetime: int | None
    """Seconds; None: no lifetime at all."""


@dataclass(frozen=True, slots=True)
class Phase2Suite:
    """What phase 2 agreed on."""

    cipher: Cipher
    auth: Auth | None
    pfs: Group | None
    lifetime_seconds: int
    lifetime_kilobytes: int | None
    udp: bool
    """ESP in UDP, because a NAT was found."""


# --- phase 1 ------------------------------------------------------------------------------------------------------


def phase1_offer(policies: Sequence[IkePolicy]) -> SecurityAssociation:
    """All policies as transforms of one proposal, in priority order (FACTS §1.6: with three, MM1 has 248 octets)."""
    transforms = tuple(
        Transform(number, KEY_IKE, _phase1_attributes(policy))
        for number, policy in enumerate(policies, start=1)
        if policy.authentication == "pre-share"
    )
    return SecurityAssociation((Proposal(1, PROTO_ISAKMP, b"", transforms),))


def _phase1_attributes(policy: IkePolicy) -> tuple[Attribute, ...]:
    cipher = _CIPHER_BY_NAME[policy.encryption]
    attributes = [
        Attribute.of(GROUP, policy.group),
        Attribute.of(ENCRYPTION, cipher.number),
        Attribute.of(HASH, _HASH_BY_NAME[policy.hash].number),
        Attribute.of(AUTHENTICATION, PRE_SHARED_KEY),
    ]
    if policy.lifetime is not None:
        attributes += [Attribute.of(LIFE_TYPE, SECONDS), Attribute.of(LIFE_DURATION, policy.lifetime)]
    if cipher.key_bits:
        attributes.append(Attribute.of(KEY_LENGTH, cipher.key_bits))
    return tuple(attributes)


@dataclass(frozen=True, slots=True)
class Phase1Choice:
    """The responder's choice out of an offer."""

    suite: Phase1Suite
    transform: Transform
    proposal: int
    entry: int
    """Index of the policy among ours, from 0."""

    def answer(self) -> SecurityAssociation:
        """The SA of MM2: a copy of the one transform that was chosen (RFC 2409 §5: not modified)."""
        return SecurityAssociation((Proposal(self.proposal, PROTO_ISAKMP, b"", (self.transform,)),))


def choose_phase1(offer: SecurityAssociation, policies: Sequence[IkePolicy]) -> Phase1Choice:
    """Our best policy that equals an offered transform; raises `Refused` with NO-PROPOSAL-CHOSEN and the differences.

    The lower of both lifetimes will be used, whoever named it.
    """
    mismatches: list[Event] = []
    proposals = [proposal for proposal in offer.proposals if proposal.protocol == PROTO_ISAKMP]
    for entry, policy in enumerate(policies):
        if policy.authentication != "pre-share":
            continue
        for proposal in proposals:
            for transform in proposal.transforms:
                difference = _phase1_difference(transform, policy)
                if difference is None:
                    return Phase1Choice(_phase1_suite(transform, policy), transform, proposal.number, entry)
                if len(mismatches) < MAX_MISMATCHES_TOLD and difference not in mismatches:
                    mismatches.append(difference)
    raise Refused("no phase 1 transform equals a policy", NotifyType.NO_PROPOSAL_CHOSEN, tuple(mismatches))


def accept_phase1(answer: SecurityAssociation, policies: Sequence[IkePolicy]) -> Phase1Suite:
    """The suite the responder chose; `Refused` unless it is one transform, and equal to one of our policies."""
    if len(answer.proposals) != 1 or len(answer.proposals[0].transforms) != 1:
        raise Refused("the answer must hold exactly one transform", NotifyType.BAD_PROPOSAL_SYNTAX)
    return choose_phase1(answer, policies).suite


def _phase1_difference(transform: Transform, policy: IkePolicy) -> AttributeMismatch | OakleyGroupUnsupported | None:
    """The first attribute in which an offered transform differs from a policy, None if it does not."""

    def differs(attribute: str, received: str, configured: str) -> AttributeMismatch:
        return AttributeMismatch(1, attribute, received, configured)

    cipher = _CIPHER_BY_NAME[policy.encryption]
    encryption, bits = transform.value(ENCRYPTION), transform.value(KEY_LENGTH)
    if find_cipher(IKE_CIPHERS, encryption or 0, bits) is not cipher:
        return differs(
            "Encryption Alg", _encryption_name(encryption, bits), _encryption_name(cipher.number, cipher.key_bits)
        )
    hash_ = transform.value(HASH)
    if hash_ != _HASH_BY_NAME[policy.hash].number:
        return differs("Hash Alg", _name(_HASH_NAMES, hash_), _HASH_NAMES[_HASH_BY_NAME[policy.hash].number])
    group = transform.value(GROUP)
    if group != policy.group:
        return differs("Group Description", f"Group {group}", f"Group {policy.group}")
    authentication = transform.value(AUTHENTICATION)
    if authentication != PRE_SHARED_KEY:
        return differs("Auth Method", _name(_AUTHENTICATION_NAMES, authentication), _AUTHENTICATION_NAMES[1])
    if transform.id != KEY_IKE:
        return differs("Transform ID", str(transform.id), str(KEY_IKE))
    return None


def _phase1_suite(transform: Transform, policy: IkePolicy) -> Phase1Suite:
    offered = _durations(transform, LIFE_TYPE, LIFE_DURATION).get(SECONDS)
    lifetimes = [seconds for seconds in (offered, policy.lifetime) if seconds is not None]
    return Phase1Suite(
        _CIPHER_BY_NAME[policy.encryption],
        _HASH_BY_NAME[policy.hash],
        GROUPS[policy.group],
        min(lifetimes, default=None),
    )


# --- phase 2 ------------------------------------------------------------------------------------------------------


def phase2_offer(
    sets: Sequence[TransformSet], spi: bytes, seconds: int, kilobytes: int | None, pfs: int | None, mode: int
) -> SecurityAssociation:
    """Every transform set as a proposal of its own, in the order of the crypto map entry, all with our inbound SPI.

    `mode` is the encapsulation attribute. With one AES set and no PFS the payload has 64 octets (FACTS §1.6).
    """
    proposals = []
    for number, transform_set in enumerate(sets, start=1):
        cipher = _ESP_CIPHER_BY_NAME[transform_set.encryption]
        auth = _ESP_AUTH_BY_NAME.get(transform_set.authentication)
        attributes = [Attribute.of(P2_LIFE_TYPE, SECONDS), Attribute.of(P2_LIFE_DURATION, seconds)]
        if kilobytes is not None:
            attributes += [Attribute.of(P2_LIFE_TYPE, KILOBYTES), Attribute.of(P2_LIFE_DURATION, kilobytes)]
        attributes.append(Attribute.of(P2_ENCAPSULATION, mode))
        if auth:
            attributes.append(Attribute.of(P2_AUTHENTICATION, auth.number))
        if cipher.key_bits:
            attributes.append(Attribute.of(P2_KEY_LENGTH, cipher.key_bits))
        if pfs is not None:
            attributes.append(Attribute.of(P2_GROUP, pfs))
        proposals.append(Proposal(number, PROTO_ESP, spi, (Transform(1, cipher.number, tuple(attributes)),)))
    return SecurityAssociation(tuple(proposals))


@dataclass(frozen=True, slots=True)
class Phase2Choice:
    """The responder's choice out of an offer."""

    suite: Phase2Suite
    transform: Transform
    proposal: int
    spi: bytes
    """The peer's inbound SPI."""
    offered_seconds: int
    offered_kilobytes: int | None
    transform_set: TransformSet

    def answer(self, spi: bytes) -> SecurityAssociation:
        """The SA of QM2: the chosen transform unmodified, with our SPI (RFC 2409 §5.5)."""
        return SecurityAssociation((Proposal(self.proposal, PROTO_ESP, spi, (self.transform,)),))


def choose_phase2(
    offer: SecurityAssociation,
    sets: Sequence[TransformSet],
    seconds: int,
    kilobytes: int | None,
    pfs: int | None,
    modes: Sequence[int],
) -> Phase2Choice:
    """Our first transform set that equals an offered ESP proposal; raises `Refused` with NO-PROPOSAL-CHOSEN.

    `pfs` is the group this side demands; without one any group the peer asks for is taken. `modes` are the
    encapsulations that fit what NAT detection found.
    """
    told: list[Event] = []

    def tell(event: Event) -> None:
        if len(told) < MAX_MISMATCHES_TOLD and event not in told:
            told.append(event)

    usable = [proposal for proposal in offer.proposals if _is_lone_esp(proposal, offer.proposals, tell)]
    for transform_set in sets:
        for proposal in usable:
            for transform in proposal.transforms:
                difference = _phase2_difference(transform, transform_set, pfs, modes)
                if difference is not None:
                    tell(difference)
                    continue
                durations = _durations(transform, P2_LIFE_TYPE, P2_LIFE_DURATION)
                offered_seconds = durations.get(SECONDS, DEFAULT_PHASE2_SECONDS)
                offered_kilobytes = durations.get(KILOBYTES)
                group = transform.value(P2_GROUP)
                suite = Phase2Suite(
                    _ESP_CIPHER_BY_NAME[transform_set.encryption],
                    _ESP_AUTH_BY_NAME.get(transform_set.authentication),
                    GROUPS[group] if group is not None else None,
                    min(offered_seconds, seconds),
                    min((k for k in (offered_kilobytes, kilobytes) if k is not None), default=None),
                    transform.value(P2_ENCAPSULATION) in (UDP_TUNNEL, UDP_TUNNEL_DRAFT),
                )
                return Phase2Choice(
                    suite, transform, proposal.number, proposal.spi, offered_seconds, offered_kilobytes, transform_set
                )
    raise Refused("no IPsec proposal equals a transform set", NotifyType.NO_PROPOSAL_CHOSEN, tuple(told))


def accept_phase2(
    answer: SecurityAssociation,
    sets: Sequence[TransformSet],
    seconds: int,
    kilobytes: int | None,
    pfs: int | None,
    mode: int,
) -> Phase2Choice:
    """The choice the responder made; `Refused` unless it is one transform and equal to what was offered."""
    if len(answer.proposals) != 1 or len(answer.proposals[0].transforms) != 1:
        raise Refused("the answer must hold exactly one transform", NotifyType.BAD_PROPOSAL_SYNTAX)
    choice = choose_phase2(answer, sets, seconds, kilobytes, pfs, (mode,))
    if pfs is None and choice.suite.pfs is not None:
        raise Refused("the answer asks for a PFS group that was not offered", NotifyType.NO_PROPOSAL_CHOSEN)
    return choice


def _is_lone_esp(proposal: Proposal, all_proposals: tuple[Proposal, ...], tell: Callable[[Event], None]) -> bool:
    """Whether a proposal is ESP alone; what it is otherwise is told. Same number twice means "both" (RFC 2408 §4.2)."""
    if proposal.protocol == PROTO_AH:
        tell(AhUnsupported())
    elif proposal.protocol != PROTO_ESP:
        tell(ProtocolUnknown(proposal.protocol))
    elif len(proposal.spi) != 4:
        tell(SpiSizeInvalid(len(proposal.spi)))
    else:
        alone = sum(other.number == proposal.number for other in all_proposals) == 1
        # SPIs 0 to 255 are reserved and must not be used (RFC 4303 §2.1).
        return alone and int.from_bytes(proposal.spi) > 255
    return False


def _phase2_difference(
    transform: Transform, wanted: TransformSet, pfs: int | None, modes: Sequence[int]
) -> AttributeMismatch | OakleyGroupUnsupported | None:
    def differs(attribute: str, received: str, configured: str) -> AttributeMismatch:
        return AttributeMismatch(2, attribute, received, configured)

    cipher = _ESP_CIPHER_BY_NAME[wanted.encryption]
    if find_cipher(ESP_CIPHERS, transform.id, transform.value(P2_KEY_LENGTH)) is not cipher:
        offered = find_cipher(ESP_CIPHERS, transform.id, transform.value(P2_KEY_LENGTH))
        return differs("Encryption Alg", offered.name if offered else f"transform {transform.id}", cipher.name)
    auth = _ESP_AUTH_BY_NAME.get(wanted.authentication)
    number = transform.value(P2_AUTHENTICATION)
    if number != (auth.number if auth else None):
        return differs(
            "HMAC Algorithm", _name(_ESP_AUTH_NAMES, number), _name(_ESP_AUTH_NAMES, auth.number if auth else None)
        )
    mode = transform.value(P2_ENCAPSULATION)
    if mode not in modes:
        return differs("Encapsulation Mode", _name(_MODE_NAMES, mode), _MODE_NAMES[modes[0]])
    group = transform.value(P2_GROUP)
    if pfs is not None and group != pfs:
        return differs("Group Description", "None" if group is None else f"Group {group}", f"Group {pfs}")
    if group is not None and group not in GROUPS:
        return OakleyGroupUnsupported(group)
    return None


def lifetimes(attributes: Sequence[Attribute]) -> dict[int, int]:
    """Life type → duration of a RESPONDER-LIFETIME notify's attributes (RFC 2407 §4.6.3.1)."""
    return _durations(Transform(0, 0, tuple(attributes)), P2_LIFE_TYPE, P2_LIFE_DURATION)


def _durations(transform: Transform, life_type: int, life_duration: int) -> dict[int, int]:
    """Life type → duration. A duration belongs to the type before it (RFC 2407 §4.5); one without is passed over."""
    durations: dict[int, int] = {}
    unit: int | None = None
    for attribute in transform.attributes:
        if not isinstance(attribute.value, int):
            continue
        if attribute.type == life_type:
            unit = attribute.value
        elif attribute.type == life_duration and unit is not None:
            durations.setdefault(unit, attribute.value)
            unit = None
    return durations


def _encryption_name(number: int | None, bits: int | None) -> str:
    name = _name(_ENCRYPTION_NAMES, number)
    return f"{name}-{bits}" if bits else name


def _name(names: dict[int, str], number: int | None) -> str:
    return "None" if number is None else names.get(number, str(number))
