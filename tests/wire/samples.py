"""The messages of the source document as payload objects: the same kinds in the same order, their contents made up."""

from __future__ import annotations

from mainmode.wire import (
    SENT,
    Attribute,
    Delete,
    Hash,
    Identification,
    IosKeepalive,
    KeyExchange,
    NatDiscovery,
    Nonce,
    Notify,
    Payload,
    Proposal,
    SecurityAssociation,
    Transform,
    VendorId,
    encode,
)

CKY_I = bytes.fromhex("799a4effc7f5f531")
CKY_R = bytes.fromhex("d23820aff6f237bb")
SHA, MD5 = 20, 16
OUTBOUND_SPI = bytes.fromhex("dde50931")


def phase1_transform(number: int = 1, *, cipher: int = 5, lifetime: int = 86400, key_length: int = 0) -> Transform:
    attributes = [Attribute.of(type, value) for type, value in ((1, cipher), (2, 2), (3, 1), (4, 2), (11, 1))]
    attributes.append(Attribute.of(12, lifetime))
    if key_length:
        attributes.append(Attribute.of(14, key_length))
    return Transform(number, 1, tuple(attributes))


def phase1_sa(*transforms: Transform) -> SecurityAssociation:
    return SecurityAssociation((Proposal(1, 1, b"", transforms or (phase1_transform(),)),))


def phase2_sa(*, key_length: int = 128, pfs: int = 0) -> SecurityAssociation:
    """esp-aes (or esp-3des without a key length) with esp-sha-hmac, tunnel mode, 28800 seconds, 4608000 kilobytes."""
    attributes = [
        Attribute.of(type, value) for type, value in ((1, 1), (2, 28800), (1, 2), (2, 4608000), (4, 1), (5, 2))
    ]
    if pfs:
        attributes.append(Attribute.of(3, pfs))
    if key_length:
        attributes.append(Attribute.of(6, key_length))
    transform = Transform(1, 12 if key_length else 3, tuple(attributes))
    return SecurityAssociation((Proposal(1, 3, bytes.fromhex("fd2d851f"), (transform,)),))


def vendors(*names: str) -> list[Payload]:
    """By name; `ios` is sixteen octets of any content (its making is not public)."""
    return [VendorId(bytes(range(16)) if name == "ios" else SENT[name].data) for name in names]


def nat_discovery(size: int = SHA) -> list[Payload]:
    return [NatDiscovery(b"\x11" * size), NatDiscovery(b"\x22" * size)]


RFC, DRAFT_07 = "NAT-Traversal RFC", "draft-ietf-ipsec-nat-t-ike-07"
DRAFT_03, DRAFT_02 = "NAT-Traversal ver 03", "NAT-Traversal ver 02"
ADDRESS_ID = Identification(1, 17, 500, bytes((10, 0, 0, 2)))
PROXY_IDS: list[Payload] = [
    Identification(4, 1, 0, bytes((192, 168, 1, 0, 255, 255, 255, 0))),
    Identification(4, 1, 0, bytes((192, 168, 2, 0, 255, 255, 255, 0))),
]
KE_NONCE: list[Payload] = [KeyExchange(b"\x33" * 128), Nonce(b"\x44" * 20)]
ASA_KINDS = vendors("unity", "xauth", "ios", "altiga")
INITIAL_CONTACT = Notify(1, CKY_I + CKY_R, 24578)
RESPONDER_LIFETIME = Notify(3, OUTBOUND_SPI, 24576, bytes.fromhex("80010001 00020004 00000e10"))
QM: list[Payload] = [Hash(b"\x55" * SHA), phase2_sa(), Nonce(b"\x66" * 20), *PROXY_IDS]

# The length is what `total length :` says in the document (seed/*.debug), before encryption padding.
DOCUMENT: list[tuple[str, int, list[Payload]]] = [
    ("MM1 sent", 168, [phase1_sa(), *vendors(DRAFT_02, DRAFT_03, RFC, "fragmentation")]),
    ("MM1 received", 164, [phase1_sa(), *vendors(RFC, DRAFT_07, DRAFT_03, DRAFT_02)]),
    ("MM2 sent", 128, [phase1_sa(), *vendors(DRAFT_02, "fragmentation")]),
    ("MM2 received", 104, [phase1_sa(), *vendors(RFC)]),
    ("MM3 sent", 304, [*KE_NONCE, *ASA_KINDS, *nat_discovery()]),
    ("MM3 received", 284, [*KE_NONCE, *vendors("dpd", "ios", "xauth"), *nat_discovery()]),
    ("MM4 received", 304, [*KE_NONCE, *vendors("unity", "dpd", "ios", "xauth"), *nat_discovery()]),
    ("MM5 sent", 96, [ADDRESS_ID, Hash(b"\x55" * SHA), IosKeepalive(bytes(8)), *vendors("dpd")]),
    ("MM5 received", 64, [ADDRESS_ID, Hash(b"\x55" * SHA)]),
    ("QM1 sent", 200, [*QM, INITIAL_CONTACT]),
    ("QM1 received", 172, QM),
    ("QM2 received", 200, [*QM, RESPONDER_LIFETIME]),
    ("QM3 received", 52, [Hash(b"\x55" * SHA)]),
]

# What other debugs than the document's say: 8.0(4) without NAT-T, FTD, three policies, MD5, informationals.
OTHERS: list[tuple[str, int, list[Payload]]] = [
    ("MM3 without NAT-D", 256, [*KE_NONCE, *ASA_KINDS]),
    ("MM1 with an AES key length", 172, [
        phase1_sa(phase1_transform(cipher=7, key_length=256)), *vendors(DRAFT_02, DRAFT_03, RFC, "fragmentation"),
    ]),
    ("MM1 with three policies", 248, [
        phase1_sa(phase1_transform(), *(phase1_transform(n, cipher=7, key_length=256) for n in (2, 3))),
        *vendors(DRAFT_02, DRAFT_03, RFC, "fragmentation"),
    ]),
    ("QM3 with MD5", 48, [Hash(b"\x55" * MD5)]),
    ("R-U-THERE with SHA", 84, [Hash(b"\x55" * SHA), Notify(1, CKY_I + CKY_R, 36136, bytes(4))]),
    ("R-U-THERE with MD5", 80, [Hash(b"\x55" * MD5), Notify(1, CKY_I + CKY_R, 36136, bytes(4))]),
    ("DELETE of the IKE SA with SHA", 80, [Hash(b"\x55" * SHA), Delete(1, 16, (CKY_I + CKY_R,))]),
    ("DELETE of the IKE SA with MD5", 76, [Hash(b"\x55" * MD5), Delete(1, 16, (CKY_I + CKY_R,))]),
    ("DELETE of an ESP SPI with SHA", 68, [Hash(b"\x55" * SHA), Delete(3, 4, (OUTBOUND_SPI,))]),
    ("DELETE of an ESP SPI with MD5", 64, [Hash(b"\x55" * MD5), Delete(3, 4, (OUTBOUND_SPI,))]),
]  # fmt: skip

MESSAGES = DOCUMENT + OTHERS


def message(payloads: list[Payload]) -> bytes:
    return encode(CKY_I, CKY_R, 2, payloads)
