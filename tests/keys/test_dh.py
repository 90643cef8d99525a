"""The groups against their definition and published primes; the peer's value against every way it can be bad."""

from __future__ import annotations

from hashlib import shake_256
from itertools import count

import gmpy2  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.blame import Refused
from mainmode.ike.dh import GROUPS, Group, KeyPair, generate, shared_secret
from mainmode.secret import Secret
from tests.keys.vectors import records, vector

GROUP2 = GROUPS[2]
_draws = count()


def entropy(n: int) -> bytes:
    return shake_256(next(_draws).to_bytes(4)).digest(n)


# RFC 2409 §6.1, §6.2 and RFC 3526 §2, §3: 2^n - 2^(n-64) - 1 + 2^64 * ( [2^(n-130) pi] + c )
@pytest.mark.parametrize(
    ("number", "bits", "c"), [(1, 768, 149686), (2, 1024, 129093), (5, 1536, 741804), (14, 2048, 124476)]
)
def test_a_prime_is_what_its_formula_says(number: int, bits: int, c: int) -> None:
    with gmpy2.context(precision=bits + 64):
        digits_of_pi = int(gmpy2.floor(gmpy2.mul_2exp(gmpy2.const_pi(), bits - 130)))
    prime = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (digits_of_pi + c)
    assert GROUPS[number].prime == prime
    assert GROUPS[number].size * 8 == bits
    assert gmpy2.is_prime(prime)
    assert gmpy2.is_prime((prime - 1) // 2)


def test_groups_5_and_14_are_those_of_rfc_3526() -> None:
    published = [int(case["P"], 16) for case in records(vector("pyca/asymmetric__DH__rfc3526.txt"))]
    assert [GROUPS[5].prime, GROUPS[14].prime] == published[:2]


def test_a_shared_secret_agrees_with_published_ones() -> None:
    # Botan's dh.vec, as carried by cryptography_vectors; its groups are its own.
    cases = 0
    for case in records(vector("pyca/asymmetric__DH__vec.txt")):
        prime = int(case["P"])
        size = (prime.bit_length() + 7) // 8
        own = KeyPair(Secret(int(case["X"]).to_bytes(size)), b"")
        secret = shared_secret(Group(0, size, size, prime), own, int(case["Y"]).to_bytes(size))
        assert int.from_bytes(secret.reveal()) == int(case["K"], 16), case
        cases += 1
    assert cases == 5


def test_a_value_of_a_larger_group_is_refused() -> None:
    # cryptography_vectors, DH bad_exchange, first pair: Y2 > P1.
    case = next(records(vector("pyca/asymmetric__DH__bad_exchange.txt")))
    group = Group(0, 64, 64, int(case["P1"]))
    with pytest.raises(Refused, match="range"):
        shared_secret(group, KeyPair(Secret(int(case["X1"]).to_bytes(64)), b""), int(case["Y2"]).to_bytes(64))


@pytest.mark.parametrize("number", GROUPS)
def test_both_ends_get_the_same_secret_of_the_groups_size(number: int) -> None:
    group = GROUPS[number]
    ours, theirs = generate(group, entropy), generate(group, entropy)
    assert ours.public != theirs.public
    assert len(ours.public) == len(theirs.public) == group.size
    secret = shared_secret(group, ours, theirs.public)
    assert secret == shared_secret(group, theirs, ours.public)
    assert len(secret) == group.size


def test_public_values_and_secrets_keep_their_leading_zeros() -> None:
    # One in 256 begins with a zero octet; a peer that drops it derives other keys.
    short_public = short_secret = 0
    peer = generate(GROUP2, entropy)
    for _ in range(1500):
        pair = generate(GROUP2, entropy)
        secret = shared_secret(GROUP2, pair, peer.public)
        assert len(pair.public) == len(secret) == 128
        short_public += pair.public[0] == 0
        short_secret += secret.reveal()[0] == 0
    assert short_public
    assert short_secret


@pytest.mark.parametrize("number", GROUPS)
def test_a_value_out_of_range_is_refused(number: int) -> None:
    # 0, 1 and p-1 fix the secret, whatever the exponent; p and above are no values of the group.
    group = GROUPS[number]
    pair = generate(group, entropy)
    for value in (0, 1, group.prime - 1, group.prime, group.prime + 1, (1 << 8 * group.size) - 1):
        with pytest.raises(Refused) as refused:
            shared_secret(group, pair, value.to_bytes(group.size))
        assert refused.value.notify == 17  # INVALID-KEY-INFORMATION
    for value in (2, group.prime - 2):
        assert len(shared_secret(group, pair, value.to_bytes(group.size))) == group.size


@pytest.mark.parametrize("length", [0, 1, 96, 127, 129, 192, 256, 65535])
def test_a_value_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Refused) as refused:
        shared_secret(GROUP2, generate(GROUP2, entropy), b"\5" * length)
    assert refused.value.notify == 17


def test_a_bad_value_is_refused_before_any_exponentiation(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = generate(GROUP2, entropy)

    def powmod_sec(*numbers: int) -> int:
        raise AssertionError(numbers)

    monkeypatch.setattr(gmpy2, "powmod_sec", powmod_sec)
    for value in (b"", bytes(128), bytes(127) + b"\1", GROUP2.prime.to_bytes(128)):
        with pytest.raises(Refused):
            shared_secret(GROUP2, pair, value)


@given(st.binary(max_size=300))
def test_any_octets_are_a_value_or_refused(octets: bytes) -> None:
    pair = KeyPair(Secret(bytes([128]) + bytes(31)), b"")
    try:
        secret = shared_secret(GROUPS[1], pair, octets)
    except Refused:
        return
    assert len(octets) == len(secret) == 96


@pytest.mark.parametrize("octet", [b"\0", b"\xff"])
def test_poor_entropy_makes_no_trivial_exponent(octet: bytes) -> None:
    pair = generate(GROUP2, lambda n: octet * n)
    assert len(pair.private) == 32
    assert 1 < int.from_bytes(pair.public) < GROUP2.prime - 1
    assert pair.private.reveal()[0] & 0x80


def test_a_key_pair_does_not_print_its_exponent() -> None:
    pair = generate(GROUP2, entropy)
    assert pair.private.reveal().hex() not in repr(pair)
    assert str(int.from_bytes(pair.private.reveal())) not in repr(pair)
    assert "*****" in repr(pair)
