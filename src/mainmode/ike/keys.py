"""From a pre-shared key to keys, hashes and IVs: RFC 2409's formulas by the names it gives them. Knows no messages.

    prf   HMAC with the hash of phase 1            M-ID  the message id, 4 octets
    Ni_b  a nonce payload's body, likewise Nr_b    |     put together

Wherever a body is meant ("_b") it is the payload without its generic header.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from mainmode.ike.algorithms import Auth, Cipher, Hash
from mainmode.secret import Secret

ESP: Final = 3
"""Protocol id of ESP in proposals and KEYMAT (RFC 2407 §4.4.1)."""


@dataclass(frozen=True, slots=True)
class Phase1Keys:
    """What an IKE SA knows once the KE payloads are exchanged (RFC 2409 §5)."""

    skeyid: Secret
    skeyid_d: Secret
    """Of which the keys of the IPsec SAs are made."""
    skeyid_a: Secret
    """Of which the hashes of quick mode and informational messages are made."""
    skeyid_e: Secret
    """Of which the key that encrypts IKE messages is made."""


def skeyid(hash: Hash, psk: Secret, ni: bytes, nr: bytes) -> Secret:
    """SKEYID = prf(pre-shared-key, Ni_b | Nr_b) (RFC 2409 §5). The key's octets as typed, with nothing after them."""
    return Secret(hash.prf(psk.reveal(), ni + nr))


def derive(hash: Hash, psk: Secret, ni: bytes, nr: bytes, g_xy: Secret, cky_i: bytes, cky_r: bytes) -> Phase1Keys:
    """The four SKEYIDs (RFC 2409 §5). `g_xy` has the group's full size, leading zeros included.

    SKEYID_d = prf(SKEYID, g^xy | CKY-I | CKY-R | 0)
    SKEYID_a = prf(SKEYID, SKEYID_d | g^xy | CKY-I | CKY-R | 1)
    SKEYID_e = prf(SKEYID, SKEYID_a | g^xy | CKY-I | CKY-R | 2)
    """
    base = skeyid(hash, psk, ni, nr)
    key = base.reveal()
    common = g_xy.reveal() + cky_i + cky_r
    d = hash.prf(key, common + b"\0")
    a = hash.prf(key, d + common + b"\1")
    e = hash.prf(key, a + common + b"\2")
    return Phase1Keys(base, Secret(d), Secret(a), Secret(e))


def cipher_key(hash: Hash, skeyid_e: Secret, length: int) -> Secret:
    """Ka, the key that encrypts IKE messages, of `length` octets (RFC 2409 App. B).

    The beginning of SKEYID_e where that is long enough, else of K1 | K2 | …, K1 = prf(SKEYID_e, 0),
    Kn = prf(SKEYID_e, Kn-1).
    """
    key = skeyid_e.reveal()
    if len(key) < length:
        block = hash.prf(key, b"\0")
        stretched = block
        while len(stretched) < length:
            block = hash.prf(key, block)
            stretched += block
        key = stretched
    return Secret(key[:length])


def hash_i(
    hash: Hash, skeyid: Secret, gxi: bytes, gxr: bytes, cky_i: bytes, cky_r: bytes, sai_b: bytes, idii_b: bytes
) -> bytes:
    """HASH_I = prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b) (RFC 2409 §5).

    `gxi`, `gxr`: the KE bodies. `sai_b`: the body of MM1's SA, every transform of it, as it went over the wire.
    """
    return hash.prf(skeyid.reveal(), gxi + gxr + cky_i + cky_r + sai_b + idii_b)


def hash_r(
    hash: Hash, skeyid: Secret, gxi: bytes, gxr: bytes, cky_i: bytes, cky_r: bytes, sai_b: bytes, idir_b: bytes
) -> bytes:
    """HASH_R = prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I | SAi_b | IDir_b) (RFC 2409 §5). MM1's SA here too."""
    return hash.prf(skeyid.reveal(), gxr + gxi + cky_r + cky_i + sai_b + idir_b)


def phase1_iv(hash: Hash, gxi: bytes, gxr: bytes, block: int) -> bytes:
    """The IV of MM5, `block` octets of hash(g^xi | g^xr); MM6's is MM5's last ciphertext block (RFC 2409 App. B)."""
    return hash.digest(gxi + gxr)[:block]


def phase2_iv(hash: Hash, last_block: bytes, message_id: int, block: int) -> bytes:
    """The IV of the first message with this id: `block` octets of hash(last_block | M-ID) (RFC 2409 App. B).

    `last_block`: the last ciphertext block of phase 1. Quick mode and informational messages alike.
    """
    return hash.digest(last_block + message_id.to_bytes(4))[:block]


def hash_1(hash: Hash, skeyid_a: Secret, message_id: int, rest: bytes) -> bytes:
    """HASH(1) = prf(SKEYID_a, M-ID | rest) of QM1 and of informational messages (RFC 2409 §5.5, §5.7).

    `rest`: every payload after HASH, with its generic header, without the padding.
    """
    return hash.prf(skeyid_a.reveal(), message_id.to_bytes(4) + rest)


def hash_2(hash: Hash, skeyid_a: Secret, message_id: int, ni_b: bytes, rest: bytes) -> bytes:
    """HASH(2) = prf(SKEYID_a, M-ID | Ni_b | rest) of QM2 (RFC 2409 §5.5); `rest` as in `hash_1`."""
    return hash.prf(skeyid_a.reveal(), message_id.to_bytes(4) + ni_b + rest)


def hash_3(hash: Hash, skeyid_a: Secret, message_id: int, ni_b: bytes, nr_b: bytes) -> bytes:
    """HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b) of QM3 (RFC 2409 §5.5)."""
    return hash.prf(skeyid_a.reveal(), b"\0" + message_id.to_bytes(4) + ni_b + nr_b)


def keymat(
    hash: Hash,
    skeyid_d: Secret,
    protocol: int,
    spi: bytes,
    ni_b: bytes,
    nr_b: bytes,
    length: int,
    g_qm_xy: Secret | None = None,
) -> Secret:
    """KEYMAT = K1 | K2 | …, `length` octets for the SA with this SPI, chosen by its receiver (RFC 2409 §5.5).

    K1 = prf(SKEYID_d, [g(qm)^xy |] protocol | SPI | Ni_b | Nr_b), Kn = prf(SKEYID_d, Kn-1 | the same again).
    `g_qm_xy`: quick mode's own Diffie-Hellman secret when there is perfect forward secrecy.
    """
    key = skeyid_d.reveal()
    seed = (g_qm_xy.reveal() if g_qm_xy else b"") + bytes([protocol]) + spi + ni_b + nr_b
    block = hash.prf(key, seed)
    material = block
    while len(material) < length:
        block = hash.prf(key, block + seed)
        material += block
    return Secret(material[:length])


def esp_keys(
    hash: Hash,
    skeyid_d: Secret,
    cipher: Cipher,
    auth: Auth | None,
    spi: int,
    ni_b: bytes,
    nr_b: bytes,
    g_qm_xy: Secret | None = None,
) -> tuple[Secret, Secret]:
    """One ESP SA's encryption key and authentication key, cut from its KEYMAT in that order (RFC 2409 §5.5)."""
    length = cipher.key_length + (auth.key_length if auth else 0)
    material = keymat(hash, skeyid_d, ESP, spi.to_bytes(4), ni_b, nr_b, length, g_qm_xy).reveal()
    return Secret(material[: cipher.key_length]), Secret(material[cipher.key_length :])


def nat_discovery(hash: Hash, cky_i: bytes, cky_r: bytes, address: IPv4Address, port: int) -> bytes:
    """The body of a NAT-D payload: hash(CKY-I | CKY-R | IP | Port) (RFC 3947 §3.2)."""
    return hash.digest(cky_i + cky_r + address.packed + port.to_bytes(2))


def equal(a: bytes, b: bytes) -> bool:
    """Whether two digests are the same, in time that does not depend on where they differ. A shorter one never is."""
    return len(a) == len(b) and hmac.compare_digest(a, b)
