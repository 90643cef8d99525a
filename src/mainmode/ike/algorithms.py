"""Ciphers, hashes and ESP algorithms: knows their numbers, names, sizes and how to run them, not who may use them.

Every algorithm is one visible row of one table, keyed by the numbers it has on the wire:

    IKE_CIPHERS   (Encryption Algorithm, Key Length)   RFC 2409 App. A, RFC 3602 §5.2
    HASHES        Hash Algorithm                       RFC 2409 App. A
    ESP_CIPHERS   (ESP transform id, Key Length)       RFC 2407 §4.4.4, RFC 3602 §5.2
    ESP_AUTHS     Authentication Algorithm             RFC 2407 §4.5

Key Length is in bits, and 0 for algorithms that have one length and send no such attribute. Rows with `asa=False` are
no algorithms of an ASA 9.3(2); other peers and published vectors use them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, CipherContext, modes
from cryptography.hazmat.primitives.ciphers import Cipher as _Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES


def _des(key: bytes) -> BlockCipherAlgorithm:
    # Single DES is 3DES with three equal keys: E(D(E(x))) = E(x). The library has no other.
    return TripleDES(key * 3)


@dataclass(frozen=True, slots=True)
class Cipher:
    """A block cipher in CBC mode, or no cipher at all (ESP NULL, RFC 2410)."""

    number: int
    """In its own table: the phase 1 Encryption Algorithm, or the ESP transform id."""
    key_bits: int
    """The Key Length attribute, in bits; 0 where none is sent."""
    name: str
    """As an ASA configuration and `show crypto` have it: `3des`, `aes-256`, `esp-3des`, `esp-aes-256`."""
    session_name: str
    """As `show vpn-sessiondb` has it: `3DES`, `AES256`."""
    key_length: int
    """Octets of key."""
    block_size: int
    """What a plaintext is padded to, in octets: one block, for NULL the 4 that ESP asks for (RFC 4303 §2.4)."""
    iv_length: int
    """Octets of IV: one block, none for NULL."""
    algorithm: Callable[[bytes], BlockCipherAlgorithm] | None = field(repr=False)

    def encryptor(self, key: bytes, iv: bytes) -> CipherContext:
        """A CBC context that goes on from its last block. ValueError for NULL, or a key or IV of another length."""
        return self._cbc(key, iv).encryptor()

    def decryptor(self, key: bytes, iv: bytes) -> CipherContext:
        """The other direction of `encryptor`."""
        return self._cbc(key, iv).decryptor()

    def encrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """Whole blocks in, as many octets out; padding is the caller's. ValueError for part of a block."""
        if not self.algorithm:
            return data
        context = self.encryptor(key, iv)
        return context.update(data) + context.finalize()

    def decrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """Whole blocks in, as many octets out, padding included. ValueError for part of a block."""
        if not self.algorithm:
            return data
        context = self.decryptor(key, iv)
        return context.update(data) + context.finalize()

    def _cbc(self, key: bytes, iv: bytes) -> _Cipher[modes.CBC]:
        # Checked here because 3DES would also take a key of 8 or 16 octets and repeat it.
        if not self.algorithm or len(key) != self.key_length:
            raise ValueError(f"{self.name} takes {self.key_length} octets of key")
        return _Cipher(self.algorithm(key), modes.CBC(iv))


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash of phase 1, and the prf made of it: no prf is ever negotiated, so it is HMAC (RFC 2409 §4)."""

    number: int
    name: str
    """As an ASA configuration has it: `md5`, `sha`. `show crypto isakmp sa detail` prints it in capitals."""
    session_name: str
    """As `show vpn-sessiondb` has it: `MD5`, `SHA1`."""
    algorithm: str
    """hashlib's name."""
    digest_size: int
    """Octets of a hash, a prf and a SKEYID."""
    asa: bool = True

    def digest(self, data: bytes) -> bytes:
        return hashlib.new(self.algorithm, data).digest()

    def prf(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, self.algorithm)


@dataclass(frozen=True, slots=True)
class Auth:
    """An integrity algorithm of ESP: an HMAC of which the first `icv_length` octets are sent."""

    number: int
    name: str
    """As an ASA configuration has it: `esp-sha-hmac`."""
    session_name: str
    algorithm: str
    """hashlib's name."""
    key_length: int
    icv_length: int
    asa: bool = True


IKE_CIPHERS: Final[Mapping[tuple[int, int], Cipher]] = {
    (row.number, row.key_bits): row
    for row in (
        #      number, Key Length, ASA's names, octets of key, block, IV
        Cipher(1, 0, "des", "DES", 8, 8, 8, _des),
        Cipher(5, 0, "3des", "3DES", 24, 8, 8, TripleDES),
        Cipher(7, 128, "aes", "AES128", 16, 16, 16, AES),
        Cipher(7, 192, "aes-192", "AES192", 24, 16, 16, AES),
        Cipher(7, 256, "aes-256", "AES256", 32, 16, 16, AES),
    )
}

HASHES: Final[Mapping[int, Hash]] = {
    row.number: row
    for row in (
        #    number, ASA's names, hashlib's, octets of digest
        Hash(1, "md5", "MD5", "md5", 16),
        Hash(2, "sha", "SHA1", "sha1", 20),
        Hash(4, "sha-256", "SHA256", "sha256", 32, asa=False),  # IANA, ipsec-registry
        Hash(5, "sha-384", "SHA384", "sha384", 48, asa=False),
        Hash(6, "sha-512", "SHA512", "sha512", 64, asa=False),
    )
}

ESP_CIPHERS: Final[Mapping[tuple[int, int], Cipher]] = {
    (row.number, row.key_bits): row
    for row in (
        #      transform id, Key Length, ASA's names, octets of key, block, IV
        Cipher(2, 0, "esp-des", "DES", 8, 8, 8, _des),
        Cipher(3, 0, "esp-3des", "3DES", 24, 8, 8, TripleDES),
        Cipher(11, 0, "esp-null", "none", 0, 4, 0, None),
        Cipher(12, 128, "esp-aes", "AES128", 16, 16, 16, AES),
        Cipher(12, 192, "esp-aes-192", "AES192", 24, 16, 16, AES),
        Cipher(12, 256, "esp-aes-256", "AES256", 32, 16, 16, AES),
    )
}

ESP_AUTHS: Final[Mapping[int, Auth]] = {
    row.number: row
    for row in (
        #    number, ASA's names, hashlib's, octets of key, of ICV
        Auth(1, "esp-md5-hmac", "MD5", "md5", 16, 12),  # RFC 2403 §2
        Auth(2, "esp-sha-hmac", "SHA1", "sha1", 20, 12),  # RFC 2404 §2
        Auth(5, "esp-sha-256-hmac", "SHA256", "sha256", 32, 16, asa=False),  # RFC 4868 §2
    )
}


def find_cipher(table: Mapping[tuple[int, int], Cipher], number: int, key_bits: int | None) -> Cipher | None:
    """The row for a transform's numbers, or None when there is no such cipher.

    `key_bits` is the Key Length attribute, None where it was absent: with AES that means 128, as some send it.
    """
    if key_bits is None:
        return table.get((number, 0)) or table.get((number, 128))
    # An explicit 0 names no key length; it must not find the rows for which the attribute is absent.
    return table.get((number, key_bits)) if key_bits else None
