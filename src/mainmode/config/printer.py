"""`Config` to ASA text: what `show running-config` prints of the IKE and IPsec part, blanks included.

Knows the order and the wording of the lines (FACTS §3.2, §5.4); no commands, no abbreviations. Keys print as `*****`,
except where `more system:running-config` is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mainmode.config.model import (
    DEFAULT_GROUP_POLICY,
    DEFAULT_L2L_GROUP,
    Config,
    CryptoMap,
    CryptoMapEntry,
    IkePolicy,
    TransformSet,
    TunnelGroup,
)
from mainmode.secret import MASK


def running_config(config: Config, part: str, *, all: bool = False) -> str | None:
    """The output of `show running-config [all] PART`; None if that part cannot be printed.

    Parts: `crypto`, `crypto isakmp`, `crypto ikev1`, `crypto ipsec`, `crypto map`, `crypto dynamic-map`,
    `tunnel-group`, and `ipsec`, `isakmp` as short forms. With `all`, the defaults are printed too.
    """
    lines = PARTS.get(part)
    return None if lines is None else _text(lines(config, all))


def with_keys(config: Config) -> str:
    """The IKE and IPsec part as `more system:running-config` prints it: pre-shared keys in clear. It reads back."""
    return _text(_crypto(config, False)) + _text(_tunnel_groups(config, False, keys=True))


def _text(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# --- crypto -------------------------------------------------------------------------------------------------------


def _crypto(config: Config, all: bool) -> Iterator[str]:
    yield from _ipsec(config, all)
    if config.syntax == "ikev1" or config.pmtu_aging is not None:  # 9.x prints the default (FACTS §6.1)
        aging = "infinite" if config.pmtu_aging is None else config.pmtu_aging
        yield f"crypto ipsec security-association pmtu-aging {aging}"
    yield from _dynamic_maps(config, all)
    yield from _maps(config, all)
    yield from _isakmp(config, all)


def _isakmp(config: Config, all: bool) -> Iterator[str]:
    """Identity and switches of ISAKMP stand around the policies; `show running-config crypto ikev1` leaves them out."""
    identity = f" {config.identity_value}" if config.identity_value else ""
    if not all and config.identity != "auto":
        yield f"crypto isakmp identity {config.identity}{identity} "
    yield from _ikev1(config, all)
    if all:
        yield f"crypto isakmp identity {config.identity}{identity}"
    if config.nat_traversal is None:
        yield "no crypto isakmp nat-traversal"
    elif all or config.nat_traversal != 20:
        yield f"crypto isakmp nat-traversal {config.nat_traversal}"
    if config.disconnect_notify:
        yield "crypto isakmp disconnect-notify"
    elif all:
        yield "no crypto isakmp disconnect-notify"
    if all:
        yield "no crypto isakmp reload-wait"


def _ikev1(config: Config, all: bool) -> Iterator[str]:
    for interface in config.ike_enabled:
        yield f"crypto {config.syntax} enable {interface}"
    if not config.aggressive_mode:
        yield f"crypto {config.syntax} am-disable"
    for policy in config.ike_policies:
        yield f"crypto {config.syntax} policy {policy.priority}"
        yield from _policy(policy)


def _policy(policy: IkePolicy) -> Iterator[str]:
    yield f" authentication {policy.authentication}"
    yield f" encryption {policy.encryption}"
    yield f" hash {policy.hash}"
    yield f" group {policy.group}"
    yield f" lifetime {'none' if policy.lifetime is None else policy.lifetime}"


def _ipsec(config: Config, all: bool) -> Iterator[str]:
    for found in config.transform_sets.values():
        yield from _transform_set(found, config.syntax)
    kilobytes = "unlimited" if config.lifetime_kilobytes is None else config.lifetime_kilobytes
    default = Config()
    prefix = "crypto ipsec security-association"
    if all or config.lifetime_seconds != default.lifetime_seconds:
        yield f"{prefix} lifetime seconds {config.lifetime_seconds}"
    if all or config.lifetime_kilobytes != default.lifetime_kilobytes:
        yield f"{prefix} lifetime kilobytes {kilobytes}"
    if config.replay_window == 0:
        yield f"{prefix} replay disable"
    elif all or config.replay_window != default.replay_window:
        yield f"{prefix} replay window-size {config.replay_window}"
    for interface, treatment in config.fragmentation.items():
        yield f"crypto ipsec fragmentation {treatment} {interface}"
    for interface, treatment in config.df_bit.items():
        yield f"crypto ipsec df-bit {treatment} {interface}"


def _transform_set(found: TransformSet, syntax: str) -> Iterator[str]:
    head = f"crypto ipsec {'ikev1 ' if syntax == 'ikev1' else ''}transform-set {found.name}"
    yield f"{head} {found.encryption} {found.authentication} "
    if found.mode == "transport":
        yield f"{head} mode transport"


def _maps(config: Config, all: bool) -> Iterator[str]:
    for crypto_map in config.crypto_maps.values():
        yield from _entries(config, crypto_map, "crypto map", all)
        for interface in crypto_map.interfaces:
            yield f"crypto map {crypto_map.name} interface {interface}"


def _dynamic_maps(config: Config, all: bool) -> Iterator[str]:
    for dynamic_map in config.dynamic_maps.values():
        yield from _entries(config, dynamic_map, "crypto dynamic-map", all)


def _entries(config: Config, crypto_map: CryptoMap, keyword: str, all: bool) -> Iterator[str]:
    for entry in crypto_map.entries:
        head = f"{keyword} {entry.map} {entry.sequence}"
        if entry.dynamic is not None:
            yield f"{head} ipsec-isakmp dynamic {entry.dynamic}"
            continue
        for setting in _settings(config, entry, all):
            yield f"{head} {setting}"
        if all:
            yield f"no {head} set tfc-packets"


def _settings(config: Config, entry: CryptoMapEntry, all: bool) -> Iterator[str]:
    """In the ASA's order. The last five are placed by knowledge of real ones only; no source shows them all at once."""
    new = config.syntax == "ikev1"
    ikev1 = "ikev1 " if new else ""
    if entry.access_list is not None:
        yield f"match address {entry.access_list}"
    if entry.pfs is not None:
        # The default group is not shown (FACTS §3.4).
        yield "set pfs " if entry.pfs == config.default_pfs_group else f"set pfs group{entry.pfs}"
    if all or entry.connection_type != "bidirectional":
        yield f"set connection-type {entry.connection_type}"
    if entry.peer_names:
        yield f"set peer {' '.join(entry.peer_names)} "
    if all or entry.phase1_mode != "main":
        group = "" if entry.phase1_group is None else f" group{entry.phase1_group}"
        yield f"set {ikev1}phase1-mode {entry.phase1_mode}{group}"
    if entry.transform_sets:
        yield f"set {ikev1}transform-set {' '.join(entry.transform_sets)}"
    if entry.ikev2_proposals:
        yield f"set ikev2 ipsec-proposal {' '.join(entry.ikev2_proposals)}"
    if all and new:
        yield "set ikev2 mode tunnel"
    seconds = "" if entry.lifetime_seconds is None else f" seconds {entry.lifetime_seconds}"
    kilobytes = "" if entry.lifetime_kilobytes is None else f" kilobytes {entry.lifetime_kilobytes}"
    if seconds or kilobytes:
        yield f"set security-association lifetime{seconds}{kilobytes}"
    if entry.nat_t_disable:
        yield "set nat-t-disable"
    if entry.reverse_route:
        yield "set reverse-route"
    if entry.trust_point is not None:
        yield f"set trustpoint {entry.trust_point}"


# --- tunnel-groups ------------------------------------------------------------------------------------------------


def _tunnel_groups(config: Config, all: bool, *, keys: bool = False) -> Iterator[str]:
    default = TunnelGroup("")
    for group in config.tunnel_groups.values():
        head = f"tunnel-group {group.name}"
        general = [f" default-group-policy {group.default_group_policy}"]
        if not all and group.default_group_policy == DEFAULT_GROUP_POLICY:
            general.clear()
        ipsec = list(_ipsec_attributes(config, group, default, all, keys))
        if all or group.name != DEFAULT_L2L_GROUP:
            yield f"{head} type {group.type}"
        for attributes, lines in (("general", general), ("ipsec", ipsec)):
            if lines:
                yield f"{head} {attributes}-attributes"
                yield from lines


def _ipsec_attributes(config: Config, group: TunnelGroup, default: TunnelGroup, all: bool, keys: bool) -> Iterator[str]:
    ikev1 = "ikev1 " if config.syntax == "ikev1" else ""
    if group.pre_shared_key is not None and keys:
        yield f" {ikev1}pre-shared-key {group.pre_shared_key.reveal().decode(errors='replace')}"
    elif group.pre_shared_key is not None or group.key_masked:
        yield f" {ikev1}pre-shared-key {MASK}"
    elif all:
        yield f" no {ikev1}pre-shared-key"
    if all or group.peer_id_validate != default.peer_id_validate:
        yield f" peer-id-validate {group.peer_id_validate}"
    if all:
        yield " no chain"
    if group.trust_point is not None:
        yield f" {ikev1}trust-point {group.trust_point}"
    elif all:
        yield f" no {ikev1}trust-point"
    changed = (group.keepalive_threshold, group.keepalive_retry) != (
        default.keepalive_threshold,
        default.keepalive_retry,
    )
    if group.keepalive_disabled:
        yield " isakmp keepalive disable"
    elif all or changed:
        yield f" isakmp keepalive threshold {group.keepalive_threshold} retry {group.keepalive_retry}"


Part = Callable[[Config, bool], Iterator[str]]

PARTS: Final[Mapping[str, Part]] = {
    "crypto": _crypto,
    "crypto isakmp": _isakmp,
    "isakmp": _isakmp,
    "crypto ikev1": _ikev1,
    "crypto ipsec": _ipsec,
    "ipsec": _ipsec,
    "crypto map": _maps,
    "crypto dynamic-map": _dynamic_maps,
    "tunnel-group": _tunnel_groups,
}
