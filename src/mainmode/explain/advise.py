"""What a newer release will not take of a configuration, before the upgrade. Knows algorithms by name and releases.

9.13 began to refuse or to deprecate DES, 3DES, MD5 and the Diffie-Hellman groups below 14, and 9.15 has none of them
any more (FACTS §2). An entry that names one is then lost on reload, and the tunnel with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from mainmode.config.finding import Finding
from mainmode.config.model import Config, CryptoMapEntry
from mainmode.language import Text, same
from mainmode.span import Span

DEPRECATED: Final = (9, 13)
REMOVED: Final = (9, 15)

WEAK_CIPHERS: Final = frozenset({"des", "3des", "esp-des", "esp-3des"})
WEAK_HASHES: Final = frozenset({"md5", "esp-md5-hmac"})
WEAK_GROUPS: Final = frozenset({1, 2, 5})

_RELEASE: Final = re.compile(r"(\d+)\.(\d+)(?:\(\d+\)\d*)?$")


@dataclass(frozen=True, slots=True)
class _Use:
    """Where a configuration uses something that goes."""

    where: str
    what: str
    instead: str
    """The command that takes its place."""
    span: Span | None


def release(text: str) -> tuple[int, int]:
    """`9.16` or `9.16(2)` as numbers. ValueError, with a sentence for the user, if it is neither."""
    found = _RELEASE.match(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no release: 9.16 or 9.16(2)")
    return int(found[1]), int(found[2])


def for_release(config: Config, target: tuple[int, int]) -> tuple[Finding, ...]:
    """What `target` refuses (a problem) or warns of (a warning), and what it reads differently (a note)."""
    if target < DEPRECATED:
        return ()
    name = ".".join(map(str, target))
    severity: Literal["problem", "warning"] = "problem" if target >= REMOVED else "warning"
    verb = Text("does not have", "にはありません") if target >= REMOVED else Text("deprecates", "では非推奨です")
    found: list[Finding] = []
    for use in _uses(config):
        message = Text(f"{use.where}: {name} {verb.en} {use.what}", f"{use.where}: {use.what} は {name} {verb.ja}")
        found.append(Finding(severity, "algorithm-removed", message, use.span, same(use.instead)))
    for entry in _entries(config):
        span = entry.spans.get("set pfs")
        if span is not None and span.text.split()[-1] == "pfs":
            where = f"crypto map {entry.map} {entry.sequence}"
            message = Text(
                f"{where}: `set pfs` without a group is group 2, from 9.13 on group 14",
                f"{where}: グループを省いた `set pfs` はグループ 2 ですが、9.13 以降はグループ 14 です",
            )
            hint = Text("name the group on both sides: set pfs group14", "両側でグループを指定する: set pfs group14")
            found.append(Finding("note", "default-group-changed", message, span, hint))
    return tuple(found)


def _uses(config: Config) -> Iterator[_Use]:
    for policy in config.ike_policies:
        where = f"crypto {config.syntax} policy {policy.priority}"
        if policy.encryption in WEAK_CIPHERS:
            yield _Use(where, policy.encryption, " encryption aes-256", policy.spans.get("encryption") or policy.span)
        if policy.hash in WEAK_HASHES:
            yield _Use(where, policy.hash, " hash sha", policy.spans.get("hash") or policy.span)
        if policy.group in WEAK_GROUPS:
            yield _Use(where, f"group {policy.group}", " group 14", policy.spans.get("group") or policy.span)
    used = {name for entry in _entries(config) for name in entry.transform_sets}
    for one in config.transform_sets.values():
        if one.name not in used:
            continue
        for algorithm in (one.encryption, one.authentication):
            if algorithm in WEAK_CIPHERS | WEAK_HASHES:
                instead = f"crypto ipsec ikev1 transform-set {one.name} esp-aes-256 esp-sha-hmac"
                yield _Use(f"transform-set {one.name}", algorithm, instead, one.span)
    for entry in _entries(config):
        span = entry.spans.get("set pfs")
        bare = span is not None and span.text.split()[-1] == "pfs"
        if entry.pfs in WEAK_GROUPS and not bare:
            instead = f"crypto map {entry.map} {entry.sequence} set pfs group14"
            yield _Use(f"crypto map {entry.map} {entry.sequence}", f"set pfs group{entry.pfs}", instead, span)


def _entries(config: Config) -> Iterator[CryptoMapEntry]:
    for crypto_map in (*config.crypto_maps.values(), *config.dynamic_maps.values()):
        yield from crypto_map.entries
