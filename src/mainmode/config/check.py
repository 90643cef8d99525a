"""What is wrong with one configuration, as far as reading it can tell. Knows no packets, no peer's configuration.

Each finding has the name of the diagnosis it would end in, where DESIGN §4 has one, so that what is found before a
tunnel is tried and what is found in a debug afterwards go by the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from mainmode.config.finding import Finding, Severity
from mainmode.config.model import (
    DEFAULT_L2L_GROUP,
    Ace,
    Addresses,
    AddressRange,
    Config,
    CryptoMap,
    CryptoMapEntry,
    NatRule,
    Support,
    TunnelGroup,
)
from mainmode.config.reader import Reading
from mainmode.language import NOTHING, Text, same
from mainmode.span import Span

__all__ = ["CHECKS", "Finding", "check"]

MAX_SHOWN: Final = 3
"""Lines that one finding about many names."""

_SEVERITY: Final = {"problem": 0, "warning": 1, "note": 2}


def check(reading: Reading) -> tuple[Finding, ...]:
    """Everything there is to say about a configuration besides its errors; problems first, then by line."""
    config = reading.config
    found = [*reading.warnings, *_undefined(reading), *_not_read(reading)]
    for one in CHECKS:
        found += one(config)
    return tuple(sorted(found, key=lambda one: (_SEVERITY[one.severity], one.span.line if one.span else 0)))


# --- what the reader found ----------------------------------------------------------------------------------------


def _undefined(reading: Reading) -> Iterator[Finding]:
    for one in reading.undefined:
        # Parts of a configuration are pasted every day, without what they refer to.
        severity: Severity = "problem" if _defines_any(reading.config, one.kind) else "warning"
        message = Text(
            f"{one.usage}: there is no {one.kind} {one.name}", f"{one.usage}: {one.kind} {one.name} がありません"
        )
        close = _other_case(reading.config, one.kind, one.name)
        sensitive = Text(
            f"names are case-sensitive: there is {close}", f"名前の大文字と小文字は区別されます: {close} はあります"
        )
        hint = sensitive if close else NOTHING
        yield Finding(severity, "undefined", message, one.span, hint)


def _names(config: Config, kind: str) -> list[str]:
    return {
        "access-list": list(config.access_lists),
        "transform-set": list(config.transform_sets),
        "interface": [interface.name for interface in config.interfaces if interface.name],
        "dynamic-map": list(config.dynamic_maps),
        "object": list(config.objects),
        "object-group": list(config.object_groups),
        "group-policy": [name for name, policy in config.group_policies.items() if policy.span is not None],
    }.get(kind, [])


def _defines_any(config: Config, kind: str) -> bool:
    return bool(_names(config, kind))


def _other_case(config: Config, kind: str, name: str) -> str:
    return next((known for known in _names(config, kind) if known.lower() == name.lower()), "")


def _not_read(reading: Reading) -> Iterator[Finding]:
    lines = reading.by_support()
    kinds: tuple[tuple[Support, Severity, str], ...] = (
        (Support.UNRECOGNISED, "warning", "unrecognised"),
        (Support.NOT_IMPLEMENTED, "note", "not-implemented"),
    )
    for support, severity, code in kinds:
        found = lines[support]
        if found:
            plural = "s" if len(found) > 1 else ""
            shown = _enumerated([str(one.span.line) for one in found])
            message = Text(
                f"{len(found)} line{plural} {support.value}: line{plural} {shown.en}",
                f"{_STATES[support]}が {len(found)} 行あります: 行 {shown.ja}",
            )
            yield Finding(severity, code, message, found[0].span)


_STATES: Final = {Support.UNRECOGNISED: "認識できない行", Support.NOT_IMPLEMENTED: "既知だが未実装の行"}


def _enumerated(names: Sequence[str]) -> Text:
    more = len(names) - MAX_SHOWN
    first = ", ".join(names[:MAX_SHOWN])
    return Text(f"{first} and {more} more", f"{first} ほか {more} 件") if more > 0 else same(first)


# --- IKE ----------------------------------------------------------------------------------------------------------


def _policies(config: Config) -> Iterator[Finding]:
    if config.crypto_maps and not config.ike_policies:
        message = Text(
            "there is no ISAKMP policy: phase 1 has nothing to offer",
            "ISAKMP ポリシーがありません。フェーズ 1 で提案できるものがありません",
        )
        yield Finding("problem", "policy-mismatch", message, None, same(f"crypto {config.syntax} policy 10"))
    elif config.ike_policies and all(policy.authentication != "pre-share" for policy in config.ike_policies):
        first = config.ike_policies[0]
        message = Text(
            "no ISAKMP policy uses pre-shared keys, and certificates are not implemented",
            "事前共有キーを使う ISAKMP ポリシーがありません。証明書は未実装です",
        )
        yield Finding("problem", "policy-mismatch", message, first.spans.get("authentication", first.span))


def _bindings(config: Config) -> Iterator[Finding]:
    bound = {name for crypto_map in config.crypto_maps.values() for name in crypto_map.interfaces}
    for crypto_map in config.crypto_maps.values():
        if not crypto_map.interfaces and crypto_map.entries:
            yield Finding(
                "problem",
                "no-crypto-map-on-interface",
                Text(
                    f"crypto map {crypto_map.name} is bound to no interface",
                    f"crypto map {crypto_map.name} がどのインターフェイスにも適用されていません",
                ),
                crypto_map.entries[0].span,
                same(f"crypto map {crypto_map.name} interface outside"),
            )
        for name in crypto_map.interfaces:
            if name not in config.ike_enabled:
                yield Finding(
                    "problem",
                    "ike-not-enabled",
                    Text(
                        f"IKEv1 is not enabled on {name}, where crypto map {crypto_map.name} is",
                        f"crypto map {crypto_map.name} を適用した {name} で IKEv1 が有効になっていません",
                    ),
                    crypto_map.interface_spans[name],
                    same(f"crypto {config.syntax} enable {name}"),
                )
            interface = config.interface_named(name)
            if interface is not None and interface.address is None:
                message = Text(
                    f"interface {name} has no address that reading can know",
                    f"インターフェイス {name} のアドレスが設定からは分かりません",
                )
                yield Finding("warning", "interface-without-address", message, interface.span)
            elif interface is not None and interface.shutdown:
                message = Text(
                    f"interface {name}, where crypto map {crypto_map.name} is, is shut down",
                    f"crypto map {crypto_map.name} を適用したインターフェイス {name} が shutdown です",
                )
                yield Finding("problem", "interface-down", message, interface.spans.get("shutdown", interface.span))
    for name, span in config.ike_enabled.items():
        if config.crypto_maps and name not in bound:
            message = Text(
                f"IKEv1 is enabled on {name}, where no crypto map is: MM1 is dropped there",
                f"{name} では IKEv1 が有効ですが crypto map がないため、MM1 は破棄されます",
            )
            yield Finding("warning", "no-crypto-map-on-interface", message, span)


# --- crypto maps --------------------------------------------------------------------------------------------------


def _entries(config: Config) -> Iterator[tuple[CryptoMap, CryptoMapEntry]]:
    for crypto_map in config.crypto_maps.values():
        for entry in crypto_map.entries:
            yield crypto_map, entry


def _incomplete(config: Config) -> Iterator[Finding]:
    for _, entry in _entries(config):
        if entry.complete:
            continue
        where = f"crypto map {entry.map} {entry.sequence}"
        if entry.ikev2_proposals and not entry.transform_sets:
            message = Text(
                f"{where} is for IKEv2 only, which is not implemented", f"{where} は IKEv2 専用です(IKEv2 は未実装)"
            )
            yield Finding("warning", "crypto-map-incomplete", message, entry.span)
            continue
        missing: list[Text] = []
        hint: list[str] = []
        if entry.access_list is None:
            missing.append(Text("access-list", "アクセス リスト"))
            hint.append(f"{where} match address ACCESS-LIST")
        if not entry.peer_names:
            missing.append(Text("peer", "ピア"))
            hint.append(f"{where} set peer A.B.C.D")
        if not entry.transform_sets:
            missing.append(Text("transform set", "トランスフォーム セット"))
            ikev1 = "ikev1 " if config.syntax == "ikev1" else ""
            hint.append(f"{where} set {ikev1}transform-set NAME")
        if missing:
            message = Text(
                f"{where} is incomplete and is passed over: no {', no '.join(one.en for one in missing)}",
                f"{where} は不完全なため使われません({'、'.join(one.ja for one in missing)}がありません)",
            )
            yield Finding("problem", "crypto-map-incomplete", message, entry.span, same("\n".join(hint)))
    for dynamic_map in config.dynamic_maps.values():
        for entry in dynamic_map.entries:
            if not entry.transform_sets:
                where = f"crypto dynamic-map {entry.map} {entry.sequence}"
                message = Text(f"{where} has no transform set", f"{where} にトランスフォーム セットがありません")
                yield Finding("problem", "crypto-map-incomplete", message, entry.span)


def _order(config: Config) -> Iterator[Finding]:
    for crypto_map in config.crypto_maps.values():
        dynamic: CryptoMapEntry | None = None
        for entry in crypto_map.entries:
            if entry.dynamic is not None:
                dynamic = dynamic or entry
            elif dynamic is not None:
                yield Finding(
                    "problem",
                    "crypto-map-order",
                    Text(
                        f"crypto map {entry.map} {entry.sequence} stands behind dynamic entry {dynamic.sequence},"
                        " which takes its peer first",
                        f"crypto map {entry.map} {entry.sequence} がダイナミック エントリ {dynamic.sequence} より"
                        "後ろにあり、ピアの要求は先にそちらに一致します",
                    ),
                    entry.span,
                    same(
                        f"no crypto map {entry.map} {dynamic.sequence}\n"
                        f"crypto map {entry.map} 65535 ipsec-isakmp dynamic {dynamic.dynamic}"
                    ),
                )
        yield from _covered(config, crypto_map)


def _covered(config: Config, crypto_map: CryptoMap) -> Iterator[Finding]:
    """Access-list lines that an earlier entry's line takes all traffic of."""
    earlier: dict[tuple[int, int, int, int], tuple[CryptoMapEntry, Ace]] = {}
    lengths: set[tuple[int, int]] = set()
    for entry in crypto_map.entries:
        access_list = config.access_lists.get(entry.access_list or "")
        if access_list is None or not entry.complete:
            continue
        mine = [ace for ace in access_list.aces if ace.active]
        for ace in mine:
            cover = _cover(ace, earlier, lengths) if ace.permit else None
            if cover is not None:
                before, _ = cover
                message = Text(
                    f"{ace.text} is never reached in crypto map {entry.map} {entry.sequence}:"
                    f" entry {before.sequence} takes all of its traffic",
                    f"crypto map {entry.map} {entry.sequence} の {ace.text} には到達しません。"
                    f"そのトラフィックはすべてエントリ {before.sequence} に一致します",
                )
                yield Finding("warning", "crypto-map-order", message, ace.span)
        for ace in mine:
            plain = ace.source_ports is None and ace.destination_ports is None
            if (
                ace.permit
                and plain
                and isinstance(ace.source, IPv4Network)
                and isinstance(ace.destination, IPv4Network)
            ):
                earlier.setdefault(_key(ace.source, ace.destination), (entry, ace))
                lengths.add((ace.source.prefixlen, ace.destination.prefixlen))


def _key(source: IPv4Network, destination: IPv4Network) -> tuple[int, int, int, int]:
    return int(source.network_address), source.prefixlen, int(destination.network_address), destination.prefixlen


def _cover(
    ace: Ace, earlier: dict[tuple[int, int, int, int], tuple[CryptoMapEntry, Ace]], lengths: set[tuple[int, int]]
) -> tuple[CryptoMapEntry, Ace] | None:
    if not isinstance(ace.source, IPv4Network) or not isinstance(ace.destination, IPv4Network):
        return None
    for source_length, destination_length in lengths:
        if source_length <= ace.source.prefixlen and destination_length <= ace.destination.prefixlen:
            source = ace.source.supernet(new_prefix=source_length)
            destination = ace.destination.supernet(new_prefix=destination_length)
            found = earlier.get(_key(source, destination))
            if found is not None and found[1].protocol in (0, ace.protocol):
                return found
    return None


def _crypto_access_lists(config: Config) -> Iterator[Finding]:
    for _, entry in _entries(config):
        access_list = config.access_lists.get(entry.access_list or "")
        if access_list is None:
            continue
        where = f"crypto map {entry.map} {entry.sequence}"
        span = entry.spans.get("match address", entry.span)
        if not any(line.permit and line.active for line in access_list.lines):
            message = Text(
                f"access-list {access_list.name} of {where} permits nothing: no traffic starts the tunnel",
                f"{where} の access-list {access_list.name} は何も許可していないため、"
                "トンネルを開始するトラフィックがありません",
            )
            yield Finding("problem", "no-interesting-traffic", message, span)
        elif any(" standard " in line.text for line in access_list.lines):
            message = Text(
                f"access-list {access_list.name} of {where} is a standard one; a crypto map needs an extended one",
                f"{where} の access-list {access_list.name} は標準アクセス リストです。"
                "crypto map には拡張アクセス リストが必要です",
            )
            yield Finding("problem", "no-interesting-traffic", message, span)


def _not_implemented(config: Config) -> Iterator[Finding]:
    for _, entry in _entries(config):
        if entry.phase1_mode == "aggressive":
            message = Text(
                f"crypto map {entry.map} {entry.sequence}: aggressive mode is not implemented, main mode is used",
                f"crypto map {entry.map} {entry.sequence}: アグレッシブ モードは未実装のため、メイン モードを使います",
            )
            yield Finding("warning", "mode-mismatch", message, entry.spans.get("set phase1-mode", entry.span))
        for name in entry.transform_sets:
            found = config.transform_sets.get(name)
            if found is not None and found.mode == "transport":
                message = Text(
                    f"transform-set {name}: transport mode is not implemented",
                    f"transform-set {name}: トランスポート モードは未実装です",
                )
                yield Finding("warning", "encapsulation-mismatch", message, found.span)


# --- peers and keys -----------------------------------------------------------------------------------------------


def _peers(config: Config) -> Iterator[Finding]:
    told: set[IPv4Address] = set()
    for _, entry in _entries(config):
        for peer, typed in zip(entry.peers, entry.peer_names, strict=False):
            if peer in told or not entry.transform_sets:
                continue
            told.add(peer)
            yield from _peer(config, entry, peer, typed)


def _peer(config: Config, entry: CryptoMapEntry, peer: IPv4Address, typed: str) -> Iterator[Finding]:
    """Main mode with keys looks for a tunnel-group named like the peer's address, then for DefaultL2LGroup's key."""
    span = entry.spans.get("set peer", entry.span)
    ikev1 = "ikev1 " if config.syntax == "ikev1" else ""
    key = [f"tunnel-group {peer} ipsec-attributes", f" {ikev1}pre-shared-key KEY"]
    group = config.tunnel_groups.get(str(peer))
    default = config.tunnel_groups[DEFAULT_L2L_GROUP]
    if group is None and _has_key(default):
        message = Text(
            f"there is no tunnel-group {peer}: this peer gets DefaultL2LGroup's key",
            f"tunnel-group {peer} がないため、このピアには DefaultL2LGroup のキーが使われます",
        )
        yield Finding("note", "no-tunnel-group", message, span)
    elif group is None:
        by_name = config.tunnel_groups.get(typed)
        message = Text(
            f"there is no tunnel-group {peer}, and DefaultL2LGroup has no key",
            f"tunnel-group {peer} がなく、DefaultL2LGroup にもキーがありません",
        )
        if by_name is not None and typed != str(peer):
            message = Text(
                f"{message.en}; tunnel-group {typed} is not looked for, because main mode with keys knows addresses"
                " only",
                f"{message.ja}。キーを使うメイン モードはアドレスしか知らないため、"
                f"tunnel-group {typed} は参照されません",
            )
        hint = same("\n".join([f"tunnel-group {peer} type ipsec-l2l", *key]))
        yield Finding("problem", "no-tunnel-group", message, by_name.span if by_name else span, hint)
    elif group.type != "ipsec-l2l":
        message = Text(
            f"tunnel-group {peer} is of type {group.type}: a crypto map's peer needs ipsec-l2l",
            f"tunnel-group {peer} のタイプが {group.type} です。crypto map のピアには ipsec-l2l が必要です",
        )
        yield Finding("problem", "no-tunnel-group", message, group.span, same(f"tunnel-group {peer} type ipsec-l2l"))
    elif not _has_key(group) and not _has_key(default):
        message = Text(f"tunnel-group {peer} has no pre-shared key", f"tunnel-group {peer} に事前共有キーがありません")
        yield Finding("problem", "pre-shared-key-missing", message, group.span, same("\n".join(key)))


def _has_key(group: TunnelGroup) -> bool:
    return group.pre_shared_key is not None or group.key_masked


def _tunnel_groups(config: Config) -> Iterator[Finding]:
    masked = [group for group in config.tunnel_groups.values() if group.key_masked]
    if masked:
        names = _enumerated([group.name for group in masked])
        message = Text(
            f"the pre-shared key of tunnel-group {names.en} is masked: it was not printed",
            f"tunnel-group {names.ja} の事前共有キーが伏せられています(表示されていません)",
        )
        hint = Text(
            "`more system:running-config` prints keys in clear",
            "`more system:running-config` ではキーがそのまま表示されます",
        )
        yield Finding("note", "key-masked", message, masked[0].spans.get("pre-shared-key", masked[0].span), hint)
    for group in config.tunnel_groups.values():
        if group.type != "ipsec-l2l":
            continue
        if group.span is not None and group.name != DEFAULT_L2L_GROUP and not _is_address(group.name):
            message = Text(
                f"tunnel-group {group.name} is not named after an address: main mode with pre-shared keys never"
                " lands on it",
                f"tunnel-group {group.name} の名前がアドレスではないため、事前共有キーのメイン モードでは選ばれません",
            )
            yield Finding("warning", "no-tunnel-group", message, group.span)
        protocols = config.group_policy(group).vpn_tunnel_protocol or ()
        if (_has_key(group) or group.span is not None) and not {"ikev1", "ipsec"} & set(protocols):
            policy = config.group_policies.get(group.default_group_policy)
            span = policy.spans.get("vpn-tunnel-protocol") if policy else None
            message = Text(
                f"group-policy {group.default_group_policy} of tunnel-group {group.name} does not allow IKEv1",
                f"tunnel-group {group.name} の group-policy {group.default_group_policy} が IKEv1 を許可していません",
            )
            hint = same(" vpn-tunnel-protocol ikev1")
            yield Finding("problem", "tunnel-protocol", message, span or group.span, hint)


def _is_address(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return False
    return True


# --- what else stands in a packet's way ---------------------------------------------------------------------------


def _nat(config: Config) -> Iterator[Finding]:
    """NAT comes before the crypto ACL (FACTS §3.4): what a rule translates is not what the access-list means."""
    if not config.nat_rules:
        return
    told: set[tuple[str, str]] = set()
    for crypto_map, entry in _entries(config):
        access_list = config.access_lists.get(entry.access_list or "")
        if access_list is None or not entry.complete:
            continue
        for ace in access_list.aces:
            rule = _first_hit(config, ace, crypto_map.interfaces) if ace.permit and ace.active else None
            if rule is None or rule.identity or (ace.access_list, rule.text) in told:
                continue
            told.add((ace.access_list, rule.text))
            message = Text(
                f"traffic of {ace.text} is translated by `{rule.text}` before it gets to the crypto map,"
                " and then the access-list no longer means it",
                f"{ace.text} のトラフィックは crypto map に届く前に `{rule.text}` で変換され、"
                "アクセス リストに一致しなくなります",
            )
            hint = Text(
                "an identity rule for it, before that rule",
                "そのルールより前に、対象のアイデンティティ NAT ルールを置く",
            )
            yield Finding("warning", "nat-exemption-missing", message, rule.span, hint)


def _first_hit(config: Config, ace: Ace, interfaces: tuple[str, ...]) -> NatRule | None:
    for rule in config.nat_rules:
        if not rule.active or (rule.mapped_interface != "any" and rule.mapped_interface not in interfaces):
            continue
        if rule.access_list is not None:
            exempt = config.access_lists.get(rule.access_list)
            if exempt is not None and any(
                one.permit and _overlap(one.source, ace.source) and _overlap(one.destination, ace.destination)
                for one in exempt.aces
            ):
                return rule
            continue
        arriving = rule.mapped_destination or rule.real_destination
        hits_destination = not arriving or any(_overlap(one, ace.destination) for one in arriving)
        if hits_destination and any(_overlap(one, ace.source) for one in rule.real):
            return rule
    return None


def _extent(addresses: Addresses) -> tuple[int, int]:
    if isinstance(addresses, AddressRange):
        return int(addresses.first), int(addresses.last)
    return int(addresses.network_address), int(addresses.broadcast_address)


def _overlap(one: Addresses, other: Addresses) -> bool:
    first, last = _extent(one)
    other_first, other_last = _extent(other)
    return first <= other_last and other_first <= last


def _routes(config: Config) -> Iterator[Finding]:
    networks = [route.network for route in config.routes]
    networks += [interface.network for interface in config.interfaces if interface.network is not None]
    if not networks:
        return
    lost: dict[IPv4Address, CryptoMapEntry] = {}
    for crypto_map, entry in _entries(config):
        if crypto_map.interfaces:
            lost.update((peer, entry) for peer in entry.peers if not any(peer in network for network in networks))
    if lost:
        entry = next(iter(lost.values()))
        peers = _enumerated([str(peer) for peer in lost])
        message = Text(f"there is no route to peer {peers.en}", f"ピア {peers.ja} への経路がありません")
        hint = same("route INTERFACE 0.0.0.0 0.0.0.0 GATEWAY")
        yield Finding("warning", "peer-silent", message, entry.spans.get("set peer", entry.span), hint)


def _filters(config: Config) -> Iterator[Finding]:
    if not config.sysopt_permit_vpn:
        message = Text(
            "decrypted traffic has to pass the interface's access-list, which is not enforced here",
            "復号されたトラフィックはインターフェイスのアクセス リストを通る必要がありますが、ここでは適用されません",
        )
        span: Span | None = config.spans.get("sysopt permit-vpn")
        yield Finding("note", "sysopt", message, span)


SEGMENT_OVERHEAD: Final = 120
"""Octets between a segment's payload and an outer packet at the most: 20 of IP, 20 of TCP, and 80 that an ASA is said
to need around them. Hence its default: 1380 of 1500."""


def _segments(config: Config) -> Iterator[Finding]:
    for crypto_map in config.crypto_maps.values():
        for name in crypto_map.interfaces:
            mtu = config.mtu.get(name, 1500)
            if config.df_bit.get(name) == "clear-df" or 0 < config.tcpmss <= mtu - SEGMENT_OVERHEAD:
                continue
            size = config.tcpmss
            asked = Text(f"segments of {size} octets", f"{size} オクテットのセグメント")
            asked = asked if size else Text("segments of any length", "任意の長さのセグメント")
            message = Text(
                f"TCP is allowed {asked.en}, which may be too long for a tunnel over {name} (mtu {mtu}): they pass"
                " only if the hosts heed ICMP, and everything between them lets it through",
                f"TCP に{asked.ja}が許可されており、{name}(mtu {mtu})上のトンネルには長すぎる場合があります。"
                "ホストが ICMP に従い、途中の機器がそれを通す場合にだけ届きます",
            )
            hint = same(f"sysopt connection tcpmss {max(mtu - SEGMENT_OVERHEAD, 48)}")
            yield Finding("note", "tcpmss", message, config.spans.get("tcpmss", crypto_map.interface_span), hint)


CHECKS: Final[tuple[Callable[[Config], Iterator[Finding]], ...]] = (
    _policies,
    _bindings,
    _incomplete,
    _order,
    _crypto_access_lists,
    _not_implemented,
    _peers,
    _tunnel_groups,
    _nat,
    _routes,
    _filters,
    _segments,
)
