"""RFC 2409's formulas against published vectors."""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv4Address

import pytest

from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, HASHES
from mainmode.ike.keys import cipher_key, derive, equal, esp_keys, keymat, nat_discovery
from mainmode.secret import Secret
from tests.keys.vectors import records, vector

MD5, SHA = HASHES[1], HASHES[2]
CAVS_HASHES = {"SHA-1": SHA, "SHA-256": HASHES[4], "SHA-384": HASHES[5], "SHA-512": HASHES[6]}


def test_the_skeyids_agree_with_nist() -> None:
    # NIST CAVS 17.3 "IKE v1 Pre-shared Key Authentication" (ikev1_psk.fax, as shipped in NSS): 1,700 cases over four
    # hashes, g^xy of 256 to 8192 bits, nonces of 64 to 2048 bits, keys of 8 to 224 bits.
    cases = dict.fromkeys(CAVS_HASHES, 0)
    for case in records(vector("nss-cavp/ikev1_psk.fax")):
        (name,) = CAVS_HASHES.keys() & case.keys()
        octets = {key: bytes.fromhex(case[key]) for key in ("pre-shared-key", "Ni", "Nr", "g^xy", "CKY_I", "CKY_R")}
        psk, ni, nr, g_xy, cky_i, cky_r = octets.values()
        keys = derive(CAVS_HASHES[name], Secret(psk), ni, nr, Secret(g_xy), cky_i, cky_r)
        derived = [key.reveal().hex() for key in (keys.skeyid, keys.skeyid_d, keys.skeyid_a, keys.skeyid_e)]
        assert derived == [case[key] for key in ("SKEYID", "SKEYID_d", "SKEYID_a", "SKEYID_e")], case
        cases[name] += 1
    assert sum(cases.values()) == 1700
    assert min(cases.values()) > 0


def prf(digest: str, key: bytes, *parts: bytes) -> bytes:
    """Not the code under test: straight from the standard library."""
    return hmac.new(key, b"".join(parts), digest).digest()


@pytest.mark.parametrize("length", [8, 16, 20])
def test_a_short_cipher_key_is_the_beginning_of_skeyid_e(length: int) -> None:
    assert cipher_key(SHA, Secret(bytes(range(20))), length).reveal() == bytes(range(length))


def test_a_long_cipher_key_is_stretched_from_nothing_but_a_zero() -> None:
    # RFC 2409 appendix B: Ka = K1 | K2 | K3, K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1), K3 = prf(SKEYID_e, K2).
    e = bytes(range(16))
    k1 = prf("md5", e, b"\0")
    k2 = prf("md5", e, k1)
    k3 = prf("md5", e, k2)
    assert cipher_key(MD5, Secret(e), 16).reveal() == e  # long enough as it is
    assert cipher_key(MD5, Secret(e), 24).reveal() == (k1 + k2)[:24]
    assert cipher_key(MD5, Secret(e), 48).reveal() == k1 + k2 + k3


@pytest.mark.parametrize("g_qm_xy", [None, Secret(b"\0" + bytes(range(127)))])
def test_keymat_is_chained_until_it_suffices(g_qm_xy: Secret | None) -> None:
    # RFC 2409 §5.5, both forms, without and with perfect forward secrecy.
    d, spi, ni, nr = bytes(range(20)), bytes.fromhex("dde50931"), b"i" * 20, b"r" * 20
    seed = (g_qm_xy.reveal() if g_qm_xy else b"") + b"\3" + spi + ni + nr
    k1 = prf("sha1", d, seed)
    k2 = prf("sha1", d, k1, seed)
    k3 = prf("sha1", d, k2, seed)
    for length in (20, 28, 44, 60):
        assert keymat(SHA, Secret(d), 3, spi, ni, nr, length, g_qm_xy).reveal() == (k1 + k2 + k3)[:length]


@pytest.mark.parametrize("auth", [*ESP_AUTHS.values(), None])
def test_keymat_gives_the_encryption_key_first(auth: object) -> None:
    row = next((auth_row for auth_row in ESP_AUTHS.values() if auth_row is auth), None)
    for cipher in ESP_CIPHERS.values():
        length = cipher.key_length + (row.key_length if row else 0)
        material = keymat(SHA, Secret(b"d"), 3, bytes.fromhex("dde50931"), b"ni", b"nr", length).reveal()
        encryption, authentication = esp_keys(SHA, Secret(b"d"), cipher, row, 0xDDE50931, b"ni", b"nr")
        assert encryption.reveal() + authentication.reveal() == material
        assert len(encryption) == cipher.key_length


def test_nat_discovery_hashes_cookies_address_and_port() -> None:
    cookies = bytes(range(16))
    expected = hashlib.sha1(cookies + bytes([10, 0, 0, 2]) + b"\x11\x94").digest()
    assert nat_discovery(SHA, cookies[:8], cookies[8:], IPv4Address("10.0.0.2"), 4500) == expected


def test_digests_of_different_length_are_never_equal() -> None:
    digest = bytes(range(20))
    assert equal(digest, bytes(range(20)))
    assert not equal(digest, digest[:-1] + b"\0")
    for length in range(20):
        assert not equal(digest, digest[:length])
        assert not equal(digest[:length], digest)
    assert not equal(digest, digest + b"\0")


def test_keys_do_not_print() -> None:
    keys = derive(SHA, Secret(b"cisco"), b"ni", b"nr", Secret(b"g"), bytes(8), bytes(8))
    assert repr(keys) == "Phase1Keys(skeyid=*****, skeyid_d=*****, skeyid_a=*****, skeyid_e=*****)"
