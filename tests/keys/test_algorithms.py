"""The algorithms against published vectors, and the tables against the numbers and names of the field."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, HASHES, IKE_CIPHERS, Cipher, find_cipher
from mainmode.ike.keys import equal
from tests.keys.vectors import records, vector

AES = {bits: IKE_CIPHERS[7, bits] for bits in (128, 192, 256)}
TRIPLE_DES = IKE_CIPHERS[5, 0]


def test_des_is_des() -> None:
    # FIPS PUB 81, the example of the CBC mode (appendix C).
    cipher = IKE_CIPHERS[1, 0]
    key, iv = bytes.fromhex("0123456789abcdef"), bytes.fromhex("1234567890abcdef")
    ciphertext = bytes.fromhex("e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6")
    assert cipher.encrypt(key, iv, b"Now is the time for all ") == ciphertext
    assert cipher.decrypt(key, iv, ciphertext) == b"Now is the time for all "


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_aes_cbc_agrees_with_nist(bits: int) -> None:
    # NIST AESAVS, multi-block message tests for CBC, as carried by cryptography_vectors.
    cases = 0
    for case in records(vector(f"pyca/ciphers__AES__CBC__CBCMMT{bits}.rsp")):
        key, iv, plain, coded = (bytes.fromhex(case[name]) for name in ("KEY", "IV", "PLAINTEXT", "CIPHERTEXT"))
        assert AES[bits].encrypt(key, iv, plain) == coded, case
        assert AES[bits].decrypt(key, iv, coded) == plain, case
        cases += 1
    assert cases == 20


def test_3des_cbc_agrees_with_nist() -> None:
    # NIST TMOVS, multi-block message test for TCBC with three keys, as carried by cryptography_vectors.
    cases = 0
    for case in records(vector("pyca/ciphers__3DES__CBC__TCBCMMT3.rsp")):
        key = bytes.fromhex(case["KEY1"] + case["KEY2"] + case["KEY3"])
        iv, plain, coded = (bytes.fromhex(case[name]) for name in ("IV", "PLAINTEXT", "CIPHERTEXT"))
        assert TRIPLE_DES.encrypt(key, iv, plain) == coded, case
        assert TRIPLE_DES.decrypt(key, iv, coded) == plain, case
        cases += 1
    assert cases == 20


def test_aes_cbc_agrees_with_wycheproof() -> None:
    # C2SP/wycheproof testvectors_v1/aes_cbc_pkcs5_test.json: the valid cases, their PKCS #5 padding put on here.
    cases = 0
    for group in json.loads(vector("wycheproof/aes_cbc_pkcs5_test.json").read_text())["testGroups"]:
        for case in group["tests"]:
            if case["result"] != "valid":
                continue
            key, iv, message, coded = (bytes.fromhex(case[name]) for name in ("key", "iv", "msg", "ct"))
            pad = 16 - len(message) % 16
            assert AES[group["keySize"]].encrypt(key, iv, message + bytes([pad]) * pad) == coded, case
            cases += 1
    assert cases > 40


@pytest.mark.parametrize(
    ("number", "file"),
    [
        (1, "rfc-2202-md5"),  # RFC 2202 §2
        (2, "rfc-2202-sha1"),  # RFC 2202 §3
        (4, "rfc-4231-sha256"),  # RFC 4231 §4
        (5, "rfc-4231-sha384"),
        (6, "rfc-4231-sha512"),
    ],
)
def test_the_prf_is_hmac(number: int, file: str) -> None:
    cases = 0
    for case in records(vector(f"pyca/HMAC__{file}.txt")):
        digest = HASHES[number].prf(bytes.fromhex(case["Key"]), bytes.fromhex(case["Msg"]))
        assert digest.hex().startswith(case["MD"]), case
        cases += 1
    assert cases >= 6


@pytest.mark.parametrize(("number", "file"), [(2, "hmac_sha1_test"), (4, "hmac_sha256_test")])
def test_an_altered_or_cut_digest_is_never_equal(number: int, file: str) -> None:
    # C2SP/wycheproof testvectors_v1: tags with bits flipped, cut tags, tags of other lengths.
    verdicts = {"valid": 0, "invalid": 0}
    for group in json.loads(vector(f"wycheproof/{file}.json").read_text())["testGroups"]:
        for case in group["tests"]:
            digest = HASHES[number].prf(bytes.fromhex(case["key"]), bytes.fromhex(case["msg"]))
            tag = bytes.fromhex(case["tag"])
            cut = digest[: group["tagSize"] // 8]
            assert equal(cut, tag) == (case["result"] == "valid"), case
            # A receiver that compared only as far as the sender's tag goes would take these.
            assert not any(equal(digest, digest[:length]) for length in range(len(digest)))
            verdicts[case["result"]] += 1
    assert min(verdicts.values()) > 40


def test_every_cipher_undoes_itself() -> None:
    for cipher in [*IKE_CIPHERS.values(), *ESP_CIPHERS.values()]:
        key, iv, data = bytes(range(cipher.key_length)), bytes(range(cipher.iv_length)), bytes(range(48))
        coded = cipher.encrypt(key, iv, data)
        assert cipher.decrypt(key, iv, coded) == data
        assert (coded == data) == (cipher.name == "esp-null")


def test_a_key_of_another_length_is_refused() -> None:
    # The library would stretch 8 or 16 octets to a 3DES key of its own accord.
    for cipher in [*IKE_CIPHERS.values(), *ESP_CIPHERS.values()]:
        if cipher.name == "esp-null":
            continue
        for length in {0, 8, 16, 24, 32} - {cipher.key_length}:
            with pytest.raises(ValueError, match="octets of key"):
                cipher.encrypt(bytes(length), bytes(cipher.iv_length), bytes(16))


def test_part_of_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="block"):
        TRIPLE_DES.decrypt(bytes(range(24)), bytes(8), bytes(12))


@pytest.mark.parametrize(
    ("table", "number", "bits", "name"),
    [
        (IKE_CIPHERS, 1, None, "des"),
        (IKE_CIPHERS, 5, None, "3des"),
        (IKE_CIPHERS, 7, 128, "aes"),
        (IKE_CIPHERS, 7, None, "aes"),  # some send no Key Length for AES-128
        (IKE_CIPHERS, 7, 192, "aes-192"),
        (IKE_CIPHERS, 7, 256, "aes-256"),
        (ESP_CIPHERS, 2, None, "esp-des"),
        (ESP_CIPHERS, 3, None, "esp-3des"),
        (ESP_CIPHERS, 11, None, "esp-null"),
        (ESP_CIPHERS, 12, None, "esp-aes"),
        (ESP_CIPHERS, 12, 256, "esp-aes-256"),
        (IKE_CIPHERS, 5, 192, None),  # 3DES has no Key Length attribute
        (IKE_CIPHERS, 7, 0, None),
        (IKE_CIPHERS, 7, 129, None),
        (IKE_CIPHERS, 3, None, None),  # Blowfish
        (ESP_CIPHERS, 1, None, None),  # DES_IV64
        (ESP_CIPHERS, 11, 128, None),
    ],
)
def test_a_cipher_is_found_by_the_numbers_of_its_transform(
    table: Mapping[tuple[int, int], Cipher], number: int, bits: int | None, name: str | None
) -> None:
    found = find_cipher(table, number, bits)
    assert (found.name if found else None) == name


def test_what_an_asa_offers_is_exactly_its_configuration_language() -> None:
    # FACTS §2, "What an ASA 9.3(2) takes in IKEv1".
    assert [row.name for row in IKE_CIPHERS.values()] == ["des", "3des", "aes", "aes-192", "aes-256"]
    assert [row.name for row in HASHES.values() if row.asa] == ["md5", "sha"]
    assert {row.name for row in ESP_CIPHERS.values()} == {
        "esp-des",
        "esp-3des",
        "esp-null",
        "esp-aes",
        "esp-aes-192",
        "esp-aes-256",
    }
    assert [row.name for row in ESP_AUTHS.values() if row.asa] == ["esp-md5-hmac", "esp-sha-hmac"]
