"""`reference/algorithms.md`: ciphers, hashes and groups. Knows the tables of algorithms, and which of them are weak."""

from __future__ import annotations

from docs.generate.markdown import code, table
from docs.generate.markdown import page as whole
from mainmode.explain.advise import DEPRECATED, REMOVED, WEAK_CIPHERS, WEAK_GROUPS, WEAK_HASHES
from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, HASHES, IKE_CIPHERS
from mainmode.ike.dh import GROUPS

LEGACY = f"legacy: ASA {'.'.join(map(str, DEPRECATED))} deprecates it, {'.'.join(map(str, REMOVED))} has it no more"
FOREIGN = "no algorithm of an ASA for IKEv1; other peers have it"

INTRODUCTION = """\
What can be negotiated, with its number on the wire. *Legacy* marks what is here because peers that need terminating have nothing else; `mainmode check --target 9.16`
finds it in a configuration and names what takes its place."""


def _remark(legacy: bool, asa: bool = True) -> str:
    return LEGACY if legacy else "" if asa else FOREIGN


def page() -> str:
    return whole(
        "Algorithms",
        INTRODUCTION,
        "## Phase 1: encryption",
        table(
            ("configured as", "number", "key length sent", "octets of key", "remark"),
            [
                (code(c.name), c.number, c.key_bits or "none", c.key_length, _remark(c.name in WEAK_CIPHERS))
                for c in IKE_CIPHERS.values()
            ],
        ),
        "## Phase 1: hash and prf",
        "No prf is ever negotiated: it is the HMAC of the hash (RFC 2409, section 4).",
        table(
            ("configured as", "number", "octets", "remark"),
            [(code(h.name), h.number, h.digest_size, _remark(h.name in WEAK_HASHES, h.asa)) for h in HASHES.values()],
        ),
        "## Diffie-Hellman groups",
        "For phase 1 (`group 2`) and for perfect forward secrecy (`set pfs group2`).",
        table(
            ("group", "bits of the prime", "bits of a private exponent", "remark"),
            [(g.number, g.size * 8, g.exponent_size * 8, _remark(g.number in WEAK_GROUPS)) for g in GROUPS.values()],
        ),
        "## Phase 2: encryption",
        table(
            ("configured as", "transform", "key length sent", "octets of key", "remark"),
            [
                (code(c.name), c.number, c.key_bits or "none", c.key_length, _remark(c.name in WEAK_CIPHERS) or _null(c.key_length))
                for c in ESP_CIPHERS.values()
            ],
        ),
        "## Phase 2: integrity",
        table(
            ("configured as", "number", "octets of key", "octets sent", "remark"),
            [
                (code(a.name), a.number, a.key_length, a.icv_length, _remark(a.name in WEAK_HASHES, a.asa))
                for a in ESP_AUTHS.values()
            ],
        ),
    )  # fmt: skip


def _null(key_length: int) -> str:
    return "" if key_length else "no encryption at all: packets can be read on the way"
