"""ASA commands in a configuration's own dialect, old or new. Knows notation; not what is wrong nor why.

Everything is typed after an existing configuration, so a change is the new line, or `no` before the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address

from mainmode.config.model import Ace, Config, CryptoMapEntry, IkePolicy, TransformSet
from mainmode.secret import MASK


def enable(config: Config, interface: str) -> tuple[str, ...]:
    return (f"crypto {config.syntax} enable {interface}",)


def bind(map_name: str, interface: str) -> tuple[str, ...]:
    return (f"crypto map {map_name} interface {interface}",)


def policy(config: Config, wanted: IkePolicy, number: int) -> tuple[str, ...]:
    lifetime = "none" if wanted.lifetime is None else str(wanted.lifetime)
    return (
        f"crypto {config.syntax} policy {number}",
        f" authentication {wanted.authentication}",
        f" encryption {wanted.encryption}",
        f" hash {wanted.hash}",
        f" group {wanted.group}",
        f" lifetime {lifetime}",
    )


def key(config: Config, peer: object, shown: str = MASK) -> tuple[str, ...]:
    ikev1 = "ikev1 " if config.syntax == "ikev1" else ""
    return (f"tunnel-group {peer} ipsec-attributes", f" {ikev1}pre-shared-key {shown}")


def tunnel_group(config: Config, peer: object, shown: str = MASK) -> tuple[str, ...]:
    return (f"tunnel-group {peer} type ipsec-l2l", *key(config, peer, shown))


def transform_set(config: Config, wanted: TransformSet, name: str) -> tuple[str, ...]:
    ikev1 = "ikev1 " if config.syntax == "ikev1" else ""
    made = f"crypto ipsec {ikev1}transform-set {name} {wanted.encryption} {wanted.authentication}".rstrip()
    mode = (f"crypto ipsec {ikev1}transform-set {name} mode transport",) if wanted.mode == "transport" else ()
    return (made, *mode)


def use_transform_sets(config: Config, entry: CryptoMapEntry, names: Sequence[str]) -> str:
    ikev1 = "ikev1 " if config.syntax == "ikev1" else ""
    return f"{entry_head(config, entry)} set {ikev1}transform-set {' '.join(names)}"


def entry_head(config: Config, entry: CryptoMapEntry) -> str:
    """`crypto map MAP 10`; for an entry of a dynamic map `crypto dynamic-map DYN 10`."""
    dynamic = entry.map in config.dynamic_maps and entry.map not in config.crypto_maps
    return f"crypto {'dynamic-map' if dynamic else 'map'} {entry.map} {entry.sequence}"


def set_peer(config: Config, entry: CryptoMapEntry, peer: IPv4Address) -> tuple[str, ...]:
    """Towards this peer and no other: typing `set peer` again would only add one."""
    head = entry_head(config, entry)
    return (*(f"no {head} set peer {name}" for name in entry.peer_names), f"{head} set peer {peer}")


def pfs(config: Config, entry: CryptoMapEntry, group: int | None) -> tuple[str, ...]:
    head = entry_head(config, entry)
    return (f"{head} set pfs group{group}",) if group is not None else (f"no {head} set pfs",)


def access_list(name: str, aces: Iterable[Ace]) -> tuple[str, ...]:
    """Lines of the access-list `name`, one for each element."""
    lines = []
    for ace in aces:
        words = ace.text.split()
        words[1] = name
        lines.append(" ".join(words))
    return tuple(dict.fromkeys(lines))
