"""Diffie-Hellman in the MODP groups of IKE: knows the groups and what a peer's value must be, not who asks for which.

The peer's value is checked before any arithmetic, and the exponentiation takes the same time whatever the exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import gmpy2  # type: ignore[import-untyped]

from mainmode.blame import Refused
from mainmode.secret import Secret

INVALID_KEY_INFORMATION: Final = 17
"""The NOTIFY for a public value that is none (RFC 2408 §3.14.1)."""


@dataclass(frozen=True, slots=True)
class Group:
    """A MODP group. Its prime is safe ((p - 1) / 2 is prime too), so 1 < y < p - 1 leaves no small subgroup."""

    number: int
    """The Group Description attribute."""
    size: int
    """Octets of the prime, of every public value and of the shared secret."""
    exponent_size: int
    """Octets of a private exponent, at least twice the strength RFC 3526 §8 gives the group."""
    prime: int = field(repr=False)
    generator: int = 2

    @property
    def name(self) -> str:
        """As `set pfs` has it: `group2`. A policy says `group 2`."""
        return f"group{self.number}"


# The primes are 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + c); a test computes them from that.
_MODP_768 = """
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a3620ffffffffffffffff"""
_MODP_1024 = """
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff"""
_MODP_1536 = """
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff"""
_MODP_2048 = """
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510
    15728e5a8aacaa68ffffffffffffffff"""

GROUPS: Final[Mapping[int, Group]] = {
    number: Group(number, bits // 8, exponent_size, int.from_bytes(bytes.fromhex(prime)))
    for number, bits, exponent_size, prime in (
        (1, 768, 32, _MODP_768),  # RFC 2409 §6.1
        (2, 1024, 32, _MODP_1024),  # RFC 2409 §6.2
        (5, 1536, 32, _MODP_1536),  # RFC 3526 §2
        (14, 2048, 40, _MODP_2048),  # RFC 3526 §3
    )
}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One end's half of an exchange, for one use."""

    private: Secret
    """The exponent, as octets."""
    public: bytes
    """g^x, left-padded with zeros to the group's size: the body of a KE payload (RFC 2409 §5)."""


def generate(group: Group, entropy: Callable[[int], bytes]) -> KeyPair:
    """A fresh key pair. `entropy(n)` gives n octets."""
    # The top bit is always set: every exponent is equally long, and none is 0 or 1.
    exponent = int.from_bytes(entropy(group.exponent_size)) | 1 << (8 * group.exponent_size - 1)
    public = gmpy2.powmod_sec(group.generator, exponent, group.prime)
    return KeyPair(Secret(exponent.to_bytes(group.exponent_size)), int(public).to_bytes(group.size))


def shared_secret(group: Group, keypair: KeyPair, peer_public: bytes) -> Secret:
    """g^xy, left-padded with zeros to the group's size (without them one exchange in 256 fails).

    Raises Refused (INVALID-KEY-INFORMATION) unless `peer_public` has the group's size and 1 < y < p - 1.
    """
    if len(peer_public) != group.size:
        raise Refused(f"a public value of {len(peer_public)} octets in {group.name}", INVALID_KEY_INFORMATION)
    y = int.from_bytes(peer_public)
    if not 1 < y < group.prime - 1:
        raise Refused(f"a public value outside the range of {group.name}", INVALID_KEY_INFORMATION)
    secret = gmpy2.powmod_sec(y, int.from_bytes(keypair.private.reveal()), group.prime)
    return Secret(int(secret).to_bytes(group.size))
