"""Two configurations held against each other, and each against what it needs. Knows configuration values; no events.

What is found here is found without any log: `check` reports it as it is, the rules use it to turn "likely" into
"certain" and to say which commands mend it. A site that is not known is simply not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Final

from mainmode.config.model import (
    DEFAULT_L2L_GROUP,
    Ace,
    Addresses,
    AddressRange,
    Config,
    CryptoMap,
    CryptoMapEntry,
    IkePolicy,
    Interface,
    NatRule,
    Route,
    Service,
    TransformSet,
    TunnelGroup,
)
from mainmode.explain import syntax
from mainmode.explain.diagnosis import Fix, Site
from mainmode.language import Text
from mainmode.secret import Secret
from mainmode.span import Span

OTHER: Final[dict[Site, Site]] = {"a": "b", "b": "a"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps the tunnel down, or, for `lifetime-adjusted`, only looks as if it did."""

    rule: str
    site: Site | None
    """Where it is wrong; None when the two merely disagree."""
    what: Text
    spans: tuple[Span, ...] = ()
    fixes: tuple[Fix, ...] = ()
    """Each mends it alone."""
    initiators: frozenset[Site] = frozenset({"a", "b"})
    """Whose attempts fail on it."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of the tunnel: what a configuration says about it."""

    site: Site
    config: Config
    outer: Interface | None
    """The interface towards the peer."""
    map: CryptoMap | None
    entry: CryptoMapEntry | None
    """The entry for the peer: a static one if there is one, else the dynamic map's."""
    peer: IPv4Address | None
    """The other end, as it is known to be; else as this configuration has it."""

    @property
    def name(self) -> str:
        return self.config.hostname

    @property
    def address(self) -> IPv4Address | None:
        return self.outer.address if self.outer else None

    @property
    def aces(self) -> tuple[Ace, ...]:
        """The crypto ACL of the entry, inactive lines left out."""
        access_list = self.config.access_lists.get(self.entry.access_list or "") if self.entry else None
        return tuple(ace for ace in access_list.aces if ace.active) if access_list else ()

    @property
    def sets(self) -> tuple[TransformSet, ...]:
        names = self.entry.transform_sets if self.entry else ()
        return tuple(self.config.transform_sets[name] for name in names if name in self.config.transform_sets)

    @property
    def group(self) -> TunnelGroup | None:
        """The tunnel-group that main mode lands on: the peer's address, else DefaultL2LGroup if that has a key."""
        named = self.config.tunnel_groups.get(str(self.peer))
        if named is not None:
            return named
        default = self.config.tunnel_groups.get(DEFAULT_L2L_GROUP)
        return default if default is not None and _has_key(default) else None

    @property
    def key(self) -> Secret | None:
        return self.group.pre_shared_key if self.group else None


def _has_key(group: TunnelGroup) -> bool:
    return group.pre_shared_key is not None or group.key_masked


# --- which entry is for whom --------------------------------------------------------------------------------------


def end_of(config: Config, site: Site, peer: IPv4Address | None = None) -> End:
    """This site's end of the tunnel with a peer; without one, of its first static entry."""
    maps = sorted(config.crypto_maps.values(), key=lambda crypto_map: not crypto_map.interfaces)
    static = [(found, entry) for found in maps for entry in found.entries if entry.dynamic is None]
    chosen = next(((found, entry) for found, entry in static if peer in entry.peers), None)
    if chosen is None:
        chosen = next(iter(static), None) if peer is None or len(static) == 1 else None
    if chosen is None:
        chosen = next(_dynamic_entries(config, maps), None) or next(iter(static), None)
    crypto_map, entry = chosen or (next(iter(maps), None), None)
    if peer is None and entry is not None and entry.peers:
        peer = entry.peers[0]
    return End(site, config, _outer(config, crypto_map, peer), crypto_map, entry, peer)


def _dynamic_entries(config: Config, maps: Iterable[CryptoMap]) -> Iterator[tuple[CryptoMap, CryptoMapEntry]]:
    for crypto_map in maps:
        for entry in crypto_map.entries:
            dynamic = config.dynamic_maps.get(entry.dynamic or "")
            for candidate in dynamic.entries if dynamic else ():
                yield crypto_map, candidate


def _outer(config: Config, crypto_map: CryptoMap | None, peer: IPv4Address | None) -> Interface | None:
    """The interface towards the peer: by its network or a route, else the crypto map's, else where IKE is answered."""
    way = towards(config, peer) if peer is not None else None
    names = [way[0] if way else None, crypto_map.interface if crypto_map else None, *config.ike_enabled]
    found = (config.interface_named(name) for name in names if name is not None)
    return next((interface for interface in found if interface and interface.address), None)


def ends_of(a: Config, b: Config) -> tuple[End, End]:
    """Both ends of the tunnel between two sites, found by their addresses.

    An end's `peer` is the address the other really has: `set peer` may say something else, and that is then a problem.
    """
    address_a, address_b = _address_seen(a, b), _address_seen(b, a)
    end_a, end_b = end_of(a, "a", address_b), end_of(b, "b", address_a)
    return replace(end_a, peer=address_b), replace(end_b, peer=address_a)


def _address_seen(config: Config, by: Config) -> IPv4Address | None:
    """The address of one site that the other has as its peer; where it has another, the one they could meet at."""
    named = {peer for crypto_map in by.crypto_maps.values() for entry in crypto_map.entries for peer in entry.peers}
    own = [interface for interface in config.interfaces if interface.name and interface.address]
    neighbours = [interface.network for interface in by.interfaces if interface.network]
    ranked = (
        [one for one in own if one.address in named],
        [one for one in own if one.name and config.crypto_map_on(one.name)],
        [one for one in own if one.name in config.ike_enabled],
        [one for one in own if one.network in neighbours],
        [one for one in own if one.security_level == 0],
    )
    return next((one.address for candidates in ranked for one in candidates), None)


def towards(config: Config, address: IPv4Address) -> tuple[str, Route | None] | None:
    """The interface towards an address, and the route that says so (None: connected). None if nothing leads there."""
    best: tuple[int, int, str, Route | None] | None = None
    for interface in config.interfaces:
        if interface.name and interface.network and not interface.shutdown and address in interface.network:
            best = max(best or (-1, 0, "", None), (interface.network.prefixlen, 1, interface.name, None), key=_rank)
    for route in config.routes:
        if address in route.network and not route.tunneled:
            best = max(best or (-1, 0, "", None), (route.network.prefixlen, 0, route.interface, route), key=_rank)
    return (best[2], best[3]) if best else None


def _rank(way: tuple[int, int, str, Route | None]) -> tuple[int, int]:
    return way[0], way[1]


# --- one configuration --------------------------------------------------------------------------------------------


def problems_of(end: End, far: End | None = None) -> list[Problem]:
    """What keeps this end from working, whatever the other is like. `far` is only asked for what a mend should say."""
    return [
        *_no_map(end),
        *_no_ike(end),
        *_incomplete(end, far),
        *_no_group(end, far),
        *_routing(end),
        *_nat(end),
        *_order(end),
        *_connection_type(end),
    ]


def _no_map(end: End) -> Iterator[Problem]:
    outer = end.outer
    if outer is None or outer.name is None or (end.map is not None and outer.name in end.map.interfaces):
        return
    bound = end.config.crypto_map_on(outer.name)
    if bound is not None and end.map is not None and bound.name != end.map.name:
        return  # the map that is bound is another one, and what it lacks is said of the entry
    name = end.map.name if end.map else "<map>"
    where = f" ({', '.join(end.map.interfaces)})" if end.map and end.map.interfaces else ""
    spans = tuple(end.map.interface_spans.values()) if end.map else ()
    spans = spans or ((end.entry.span,) if end.entry and end.entry.span else ())
    unbind = tuple(f"no crypto map {name} interface {one}" for one in end.map.interfaces) if end.map else ()
    yield Problem(
        "no-crypto-map-on-interface",
        end.site,
        Text(
            f"{end.name}: crypto map {name} is not bound to interface {outer.name}{where}",
            f"{end.name}: crypto map {name} がインターフェイス {outer.name} に適用されていません{where}",
        ),
        spans,
        (Fix(end.site, (*unbind, *syntax.bind(name, outer.name))),),
    )


def _no_ike(end: End) -> Iterator[Problem]:
    outer = end.outer
    if outer is None or outer.name is None:
        return
    if outer.name not in end.config.ike_enabled:
        commands = syntax.enable(end.config, outer.name)
        yield Problem(
            "ike-not-enabled",
            end.site,
            Text(
                f"{end.name}: IKEv1 is not enabled on interface {outer.name}",
                f"{end.name}: インターフェイス {outer.name} で IKEv1 が有効になっていません",
            ),
            (outer.span,) if outer.span else (),
            (Fix(end.site, commands),),
        )


def _incomplete(end: End, far: End | None) -> Iterator[Problem]:
    entry = end.entry
    if entry is None or end.map is None:
        return
    dynamic = entry.map not in end.config.crypto_maps
    head = syntax.entry_head(end.config, entry)
    missing: list[str] = []
    commands: list[str] = []
    if not dynamic and not end.aces:
        missing.append("match address")
        commands += _access_list_again(end, far, head)
    if not dynamic and not entry.peers:
        missing.append("set peer")
        commands.append(f"{head} set peer {end.peer or '<peer>'}")
    if not end.sets:
        missing.append("set transform-set")
        commands += _transform_set_again(end, far)
    if not missing:
        return
    yield Problem(
        "crypto-map-incomplete",
        end.site,
        Text(
            f"{end.name}: {head} lacks a usable {', '.join(missing)}",
            f"{end.name}: {head} に有効な {', '.join(missing)} がありません",
        ),
        (entry.span,) if entry.span else (),
        (Fix(end.site, tuple(commands)),),
    )


def _access_list_again(end: End, far: End | None, head: str) -> list[str]:
    """An access-list for the entry: the one that is there and unused, else the mirror image of the far end's."""
    mirrored = [mirror(ace) for ace in far.aces if ace.permit] if far else []
    wanted = end.entry.access_list if end.entry else None
    for name, access_list in end.config.access_lists.items():
        if wanted is None and mirrored and any(ace in mirrored_as(name, mirrored) for ace in access_list.aces):
            return [f"{head} match address {name}"]
    name = wanted or "VPN"
    lines = syntax.access_list(name, mirrored) or (f"access-list {name} extended permit ip <local> <remote>",)
    return [*lines, f"{head} match address {name}"]


def mirrored_as(name: str, aces: Iterable[Ace]) -> list[Ace]:
    return [replace(ace, access_list=name) for ace in aces]


def _transform_set_again(end: End, far: End | None) -> list[str]:
    if end.entry is None:
        return []
    wanted = far.sets if far else ()
    same = [one.name for one in end.config.transform_sets.values() if any(_agree(one, other) for other in wanted)]
    if same or (not wanted and end.config.transform_sets):
        name = same[0] if same else next(iter(end.config.transform_sets))
        return [syntax.use_transform_sets(end.config, end.entry, [name])]
    if not wanted:
        return [syntax.use_transform_sets(end.config, end.entry, ["<name>"])]
    name = next(iter(end.entry.transform_sets), wanted[0].name)
    return [
        *syntax.transform_set(end.config, wanted[0], name),
        syntax.use_transform_sets(end.config, end.entry, [name]),
    ]


def _no_group(end: End, far: End | None) -> Iterator[Problem]:
    peer = end.peer
    if peer is None:
        return
    named = end.config.tunnel_groups.get(str(peer))
    if (named is None and end.group is not None) or (named is not None and _has_key(named)):
        return
    if named is not None and named.trust_point is not None:
        return
    shown = "*****" if far is not None and far.key is not None else "<key>"
    if named is None:
        what = Text(
            f"{end.name}: there is no tunnel-group {peer}, and DefaultL2LGroup has no pre-shared key",
            f"{end.name}: tunnel-group {peer} がなく、DefaultL2LGroup にも事前共有キーがありません",
        )
        commands = syntax.tunnel_group(end.config, peer, shown)
    else:
        what = Text(
            f"{end.name}: tunnel-group {peer} has no pre-shared key",
            f"{end.name}: tunnel-group {peer} に事前共有キーがありません",
        )
        commands = syntax.key(end.config, peer, shown)
    # A group that nothing else would ever use is most likely the one that was meant.
    stray = [
        group
        for group in end.config.tunnel_groups.values()
        if group.span and _has_key(group) and not _is_peer(end.config, group.name)
    ]
    asked = end.entry.spans.get("set peer") if end.entry else None
    spans = tuple(span for span in (named.span if named else asked, *(group.span for group in stray[:1])) if span)
    yield Problem("no-tunnel-group", end.site, what, spans, (Fix(end.site, commands, None, far.key if far else None),))


def _is_peer(config: Config, name: str) -> bool:
    entries = (entry for crypto_map in config.crypto_maps.values() for entry in crypto_map.entries)
    return any(name in map(str, entry.peers) for entry in entries)


def _routing(end: End) -> Iterator[Problem]:
    """The far networks must be reached through the crypto map's interface, or no packet ever meets the crypto map."""
    outer, entry = end.outer, end.entry
    if outer is None or entry is None or not end.config.routes:
        return
    for ace in end.aces:
        if not ace.permit or isinstance(ace.destination, AddressRange) or ace.destination.prefixlen == 0:
            continue
        way = towards(end.config, ace.destination.network_address + (ace.destination.num_addresses > 1))
        if way is not None and way[0] == outer.name:
            continue
        if way is None and entry.reverse_route:
            continue
        through = (
            Text(f"leads through interface {way[0]}", f"インターフェイス {way[0]} を経由します")
            if way
            else Text("is missing", "がありません")
        )
        gateway = next((route.gateway for route in end.config.routes if route.interface == outer.name), end.peer)
        network = ace.destination
        add = f"route {outer.name} {network.network_address} {network.netmask} {gateway or '<gateway>'} 1"
        remove = _route_line(way[1]) if way and way[1] and way[1].network == network else ()
        yield Problem(
            "no-interesting-traffic",
            end.site,
            Text(
                f"{end.name}: the route to {network} {through.en}, so its traffic never meets the crypto map",
                f"{end.name}: {network} への経路{'は' if way else ''}{through.ja}。暗号マップに到達しません",
            ),
            tuple(span for span in (way[1].span if way and way[1] else None, ace.span) if span),
            (Fix(end.site, (*remove, add)),),
            frozenset({end.site}),
        )
        return


def _route_line(route: Route) -> tuple[str, ...]:
    network = route.network
    return (f"no route {route.interface} {network.network_address} {network.netmask} {route.gateway} {route.metric}",)


def _nat(end: End) -> Iterator[Problem]:
    """NAT comes before the crypto map: what it changes no longer fits the crypto ACL."""
    outer = end.outer
    if outer is None or outer.name is None:
        return
    for ace in end.aces:
        if not ace.permit:
            continue
        inner = _arrives_by(end.config, ace.source)
        rules = [rule for rule in end.config.nat_rules if _nat_applies(rule, inner, outer.name, ace)]
        if not rules or rules[0].identity:
            continue
        if _still_selected(rules[0], end.aces):
            continue  # the crypto ACL is written for the translated addresses
        shadowed = next((rule for rule in rules if rule.identity), None)
        before = (
            Text(f" before the exemption {shadowed.text} is reached", f"(免除ルール {shadowed.text} より前)")
            if shadowed
            else Text("; there is no exemption", "。NAT 免除がありません")
        )
        yield Problem(
            "nat-exemption-missing",
            end.site,
            Text(
                f"{end.name}: `{rules[0].text}` translates traffic of the crypto ACL{before.en}",
                f"{end.name}: `{rules[0].text}` が暗号 ACL のトラフィックを変換します{before.ja}",
            ),
            tuple(rule.span for rule in (rules[0], shadowed) if rule is not None and rule.span),
            (Fix(end.site, _exemption(inner or "inside", outer.name, ace, shadowed)),),
            frozenset({end.site}),
        )
        return


def _exemption(inner: str, outer: str, ace: Ace, shadowed: NatRule | None) -> tuple[str, ...]:
    if shadowed is not None and shadowed.text.startswith("nat ("):
        head, _, rest = shadowed.text.partition(") ")
        words = rest.split()
        rest = " ".join(words[1:] if words[0].isdigit() else words)
        return (f"no {shadowed.text}", f"{head}) 1 {rest}")
    lines: list[str] = []
    names = []
    for name, addresses in (("VPN-LOCAL", ace.source), ("VPN-REMOTE", ace.destination)):
        names.append(name)
        lines += [f"object network {name}", f" {_object_body(addresses)}"]
    local, remote = names
    exempt = f"nat ({inner},{outer}) 1 source static {local} {local} destination static {remote} {remote}"
    return (*lines, f"{exempt} no-proxy-arp route-lookup")


def _object_body(addresses: Addresses) -> str:
    if isinstance(addresses, AddressRange):
        return f"range {addresses.first} {addresses.last}"
    if addresses.prefixlen == 32:
        return f"host {addresses.network_address}"
    return f"subnet {addresses.network_address} {addresses.netmask}"


def _nat_applies(rule: NatRule, inner: str | None, outer: str, ace: Ace) -> bool:
    return (
        rule.active
        and rule.real_interface in ("any", inner)
        and rule.mapped_interface in ("any", outer)
        and (not rule.real or any(overlap(addresses, ace.source) for addresses in rule.real))
        and (not rule.mapped_destination or any(overlap(one, ace.destination) for one in rule.mapped_destination))
        and (not rule.real_service or any(_may_carry(service, ace) for service in rule.real_service))
    )


def _may_carry(service: Service, ace: Ace) -> bool:
    return 0 in (service.protocol, ace.protocol) or service.protocol == ace.protocol


def _still_selected(rule: NatRule, aces: Sequence[Ace]) -> bool:
    mapped = rule.mapped
    return bool(mapped) and any(ace.permit and overlap(one, ace.source) for ace in aces for one in mapped)


def _arrives_by(config: Config, addresses: Addresses) -> str | None:
    address = addresses.first if isinstance(addresses, AddressRange) else addresses.network_address
    way = towards(config, address)
    return way[0] if way else None


def overlap(one: Addresses, other: Addresses) -> bool:
    low, high = bounds(one)
    other_low, other_high = bounds(other)
    return low <= other_high and other_low <= high


def bounds(addresses: Addresses) -> tuple[int, int]:
    """First and last address as numbers."""
    if isinstance(addresses, AddressRange):
        return int(addresses.first), int(addresses.last)
    return int(addresses.network_address), int(addresses.broadcast_address)


def _order(end: End) -> Iterator[Problem]:
    """An entry before ours that takes our traffic first: a dynamic one inbound, another peer's outbound."""
    entry, crypto_map = end.entry, end.map
    if entry is None or crypto_map is None or entry.map != crypto_map.name:
        return
    for earlier in crypto_map.entries:
        if earlier.sequence >= entry.sequence:
            return
        if earlier.dynamic is not None:
            last = max(65535, *(one.sequence for one in crypto_map.entries))
            commands: tuple[str, ...] = (
                f"no crypto map {earlier.map} {earlier.sequence} ipsec-isakmp dynamic {earlier.dynamic}",
                f"crypto map {earlier.map} {last} ipsec-isakmp dynamic {earlier.dynamic}",
            )
            what = Text(
                f"{end.name}: dynamic entry {earlier.map} {earlier.sequence} stands before static entry"
                f" {entry.sequence} and is hit first",
                f"{end.name}: ダイナミック エントリ {earlier.map} {earlier.sequence} が"
                f"スタティック エントリ {entry.sequence} より前にあり、先に一致します",
            )
            initiators = frozenset({OTHER[end.site]})
        elif earlier.complete and end.peer not in earlier.peers and _takes_first(end, earlier):
            free = _free_sequence(crypto_map, earlier.sequence)
            commands = _moved(end.config, entry, free)
            what = Text(
                f"{end.name}: entry {earlier.map} {earlier.sequence}, for another peer, selects traffic"
                f" of entry {entry.sequence} first",
                f"{end.name}: 別のピア用のエントリ {earlier.map} {earlier.sequence} が"
                f"エントリ {entry.sequence} のトラフィックに先に一致します",
            )
            initiators = frozenset({"a", "b"})
        else:
            continue
        spans = tuple(
            span
            for one in (earlier, entry)
            for span in [one.spans.get("dynamic") or one.spans.get("match address") or one.span]
            if span
        )
        yield Problem("crypto-map-order", end.site, what, spans, (Fix(end.site, commands),), initiators)
        return


def _takes_first(end: End, earlier: CryptoMapEntry) -> bool:
    access_list = end.config.access_lists.get(earlier.access_list or "")
    theirs = [ace for ace in access_list.aces if ace.active and ace.permit] if access_list else []
    return any(
        0 in (ace.protocol, mine.protocol, ace.protocol - mine.protocol)
        and overlap(ace.source, mine.source)
        and overlap(ace.destination, mine.destination)
        for ace in theirs
        for mine in end.aces
        if mine.permit
    )


def _free_sequence(crypto_map: CryptoMap, before: int) -> int:
    taken = {entry.sequence for entry in crypto_map.entries}
    return next((number for number in range(before - 1, 0, -1) if number not in taken), 0)


def _moved(config: Config, entry: CryptoMapEntry, sequence: int) -> tuple[str, ...]:
    """The entry under another sequence number; what it says is taken from its lines."""
    if not sequence:
        return (f"no crypto map {entry.map} {entry.sequence}", f"crypto map {entry.map} <lower number> …")
    old, new = f"crypto map {entry.map} {entry.sequence} ", f"crypto map {entry.map} {sequence} "
    lines = dict.fromkeys(span.text.strip() for span in config.lines if span.text.strip().startswith(old))
    return (*(f"no {line}" for line in lines), *(line.replace(old, new, 1) for line in lines))


def _connection_type(end: End) -> Iterator[Problem]:
    entry = end.entry
    if entry is None or entry.connection_type == "bidirectional":
        return
    head = syntax.entry_head(end.config, entry)
    span = entry.spans.get("set connection-type")
    fails = end.site if entry.connection_type == "answer-only" else OTHER[end.site]
    yield Problem(
        "connection-type-mismatch",
        end.site,
        Text(
            f"{end.name}: {head} is {entry.connection_type}",
            f"{end.name}: {head} は {entry.connection_type} です",
        ),
        (span,) if span else (),
        (Fix(end.site, (f"{head} set connection-type bidirectional",)),),
        frozenset({fails}),
    )


# --- two configurations -------------------------------------------------------------------------------------------


def differences(a: End, b: End) -> list[Problem]:
    """What the two ends disagree about, in the order in which a negotiation meets it."""
    return [
        *_peers(a, b),
        *_peers(b, a),
        *_policies(a, b),
        *_keys(a, b),
        *_modes(a, b),
        *_proxies(a, b),
        *_transform_sets(a, b),
        *_pfs(a, b),
        *_lifetimes(a, b),
    ]


def _peers(end: End, far: End) -> Iterator[Problem]:
    entry = end.entry
    if entry is None or far.address is None or not entry.peers or far.address in entry.peers:
        return
    span = entry.spans.get("set peer")
    said = ", ".join(map(str, entry.peers))
    yield Problem(
        "peer-address-mismatch",
        end.site,
        Text(
            f"{end.name} has peer {said}; {far.name} is {far.address}",
            f"{end.name} のピアは {said} ですが、{far.name} のアドレスは {far.address} です",
        ),
        (span,) if span else (),
        (Fix(end.site, syntax.set_peer(end.config, entry, far.address)),),
    )


def _same_policy(one: IkePolicy, other: IkePolicy) -> bool:
    return (one.authentication, one.encryption, one.hash, one.group) == (
        other.authentication,
        other.encryption,
        other.hash,
        other.group,
    )


def _policies(a: End, b: End) -> Iterator[Problem]:
    ours, theirs = a.config.ike_policies, b.config.ike_policies
    if any(_same_policy(one, other) for one in ours for other in theirs):
        return
    said = "; ".join(f"{end.name}: {_policy_list(end.config)}" for end in (a, b))
    fixes = [_policy_fix(end, far) for end, far in ((b, a), (a, b)) if far.config.ike_policies]
    yield Problem(
        "policy-mismatch",
        None,
        Text(f"no phase 1 policy in common — {said}", f"共通のフェーズ 1 ポリシーがありません — {said}"),
        tuple(span for policy in (*ours, *theirs) for span in _policy_spans(policy, (*ours, *theirs))),
        tuple(fixes),
    )


def _policy_list(config: Config) -> str:
    return (
        ", ".join(
            f"{one.priority} {one.authentication}/{one.encryption}/{one.hash}/group {one.group}"
            for one in config.ike_policies
        )
        or "-"
    )


def _policy_spans(policy: IkePolicy, all_of_them: Sequence[IkePolicy]) -> list[Span]:
    """The lines of a policy in which it differs from some other; the policy's own line if they are defaults."""
    spans = []
    for name in ("authentication", "encryption", "hash", "group"):
        if any(getattr(policy, name) != getattr(other, name) for other in all_of_them):
            spans.append(policy.spans.get(name) or policy.span)
    return [span for span in spans if span is not None][:2]


def _policy_fix(end: End, far: End) -> Fix:
    """The far end's best policy added here, under a number that is free."""
    wanted = far.config.ike_policies[0]
    taken = {policy.priority for policy in end.config.ike_policies}
    number = wanted.priority
    while number in taken:
        number += 10
    return Fix(end.site, syntax.policy(end.config, wanted, number))


def _keys(a: End, b: End) -> Iterator[Problem]:
    if a.key is None or b.key is None or a.key == b.key:
        return
    spans = [end.group.spans.get("pre-shared-key") for end in (a, b) if end.group]
    fixes = []
    for end, far in ((b, a), (a, b)):
        name = end.group.name if end.group else end.peer
        fixes.append(Fix(end.site, syntax.key(end.config, name), None, far.key))
    yield Problem(
        "pre-shared-key-mismatch",
        None,
        Text(
            f"the pre-shared keys of {a.name} and {b.name} differ",
            f"{a.name} と {b.name} の事前共有キーが異なります",
        ),
        tuple(span for span in spans if span),
        tuple(fixes),
    )


def keys_comparable(a: End, b: End) -> bool:
    """Whether both keys stand in the configurations; `*****` cannot be compared."""
    return a.key is not None and b.key is not None


def _modes(a: End, b: End) -> Iterator[Problem]:
    for end, far in ((a, b), (b, a)):
        if end.entry and end.entry.phase1_mode == "aggressive" and not far.config.aggressive_mode:
            head = syntax.entry_head(end.config, end.entry)
            span = end.entry.spans.get("set phase1-mode") or end.entry.span
            ikev1 = "ikev1 " if end.config.syntax == "ikev1" else ""
            yield Problem(
                "mode-mismatch",
                end.site,
                Text(
                    f"{end.name} asks for aggressive mode, which {far.name} refuses",
                    f"{end.name} はアグレッシブ モードを要求しますが、{far.name} は拒否します",
                ),
                (span,) if span else (),
                (Fix(end.site, (f"{head} set {ikev1}phase1-mode main",)),),
                frozenset({end.site}),
            )


# -- access-lists --


def mirror(ace: Ace) -> Ace:
    """The element as the far end must have it."""
    return replace(
        ace,
        source=ace.destination,
        destination=ace.source,
        source_ports=ace.destination_ports,
        destination_ports=ace.source_ports,
    )


def unmirrored(end: End, far: End) -> list[Ace]:
    """The permit elements that have no mirror image at the far end. None are, where the far end takes any proxies."""
    if far.entry is not None and far.entry.access_list is None and far.entry.map in far.config.dynamic_maps:
        return []
    theirs = [ace for ace in far.aces if ace.permit]
    return [ace for ace in end.aces if ace.permit and not any(ace.mirrors(other) for other in theirs)]


def _proxies(a: End, b: End) -> Iterator[Problem]:
    if not a.aces or not b.aces:
        return  # said of the entry that lacks them
    loose: dict[Site, list[Ace]] = {"a": unmirrored(a, b), "b": unmirrored(b, a)}
    if not loose["a"] and not loose["b"]:
        return
    shown = [f"{end.name}: {_selector(ace)}" for end in (a, b) for ace in loose[end.site][:2]]
    yield Problem(
        "proxy-identity-mismatch",
        None,
        Text(
            "the crypto ACLs are not mirror images — " + "; ".join(shown),
            "暗号 ACL が互いに鏡像になっていません — " + "; ".join(shown),
        ),
        tuple(dict.fromkeys(ace.span for end in (a, b) for ace in loose[end.site] if ace.span)),
        (_mirror_fix(b, a, loose), _mirror_fix(a, b, loose)),
        frozenset(site for site in ("a", "b") if loose[site]),
    )


def _selector(ace: Ace) -> str:
    return " ".join(ace.text.split()[3:])


def _mirror_fix(end: End, far: End, loose: Mapping[Site, Sequence[Ace]]) -> Fix:
    """This end's lines that have no counterpart go, the mirror images of the far end's come."""
    name = end.entry.access_list if end.entry and end.entry.access_list else "<acl>"
    access_list = end.config.access_lists.get(name)
    own = {id(ace) for ace in loose[end.site]}
    gone = [
        f"no {line.text}"
        for line in (access_list.lines if access_list else ())
        if line.permit and line.active and all(id(ace) in own for ace in line.aces)
    ]
    added = syntax.access_list(name, (mirror(ace) for ace in loose[far.site]))
    return Fix(end.site, (*gone, *added))


# -- phase 2 --


def _agree(one: TransformSet, other: TransformSet) -> bool:
    return (one.encryption, one.authentication) == (other.encryption, other.authentication)


def _transform_sets(a: End, b: End) -> Iterator[Problem]:
    if not a.sets or not b.sets:
        return
    alike = [(one, other) for one in a.sets for other in b.sets if _agree(one, other)]
    if any(one.mode == other.mode for one, other in alike):
        return
    rule = "encapsulation-mismatch" if alike else "transform-set-mismatch"
    shown = "; ".join(
        f"{end.name}: "
        + ", ".join(
            f"{one.name} {one.encryption} {one.authentication}{' transport' if one.mode == 'transport' else ''}"
            for one in end.sets
        )
        for end in (a, b)
    )
    what = (
        Text(f"one end uses tunnel mode, the other transport mode — {shown}", f"モードが異なります — {shown}")
        if alike
        else Text(f"no transform set in common — {shown}", f"共通のトランスフォーム セットがありません — {shown}")
    )
    yield Problem(
        rule,
        None,
        what,
        tuple(one.span for end in (a, b) for one in end.sets if one.span),
        tuple(_transform_fix(end, far) for end, far in ((b, a), (a, b))),
    )


def _transform_fix(end: End, far: End) -> Fix:
    """The far end's first set, made here under a name that is free and put before our own."""
    wanted = far.sets[0]
    entry = end.entry
    if entry is None:
        return Fix(end.site, ())
    name = wanted.name
    known = end.config.transform_sets.get(name)
    made: tuple[str, ...] = ()
    if known is None or (known.encryption, known.authentication, known.mode) != (
        wanted.encryption,
        wanted.authentication,
        wanted.mode,
    ):
        while name in end.config.transform_sets:
            name += "-2"
        made = syntax.transform_set(end.config, wanted, name)
    names = [name, *(other for other in entry.transform_sets if other != name)]
    return Fix(end.site, (*made, syntax.use_transform_sets(end.config, entry, names)))


def _pfs(a: End, b: End) -> Iterator[Problem]:
    if a.entry is None or b.entry is None or a.entry.pfs == b.entry.pfs:
        return
    # A responder without `set pfs` takes whatever is asked; with it, only its own group (FACTS §3.4).
    groups: dict[Site, int | None] = {"a": a.entry.pfs, "b": b.entry.pfs}
    failing: frozenset[Site] = frozenset(site for site in groups if groups[OTHER[site]] is not None)
    shown = "; ".join(f"{end.name}: {_pfs_said(end)}" for end in (a, b))
    spans = [end.entry.spans.get("set pfs") or end.entry.span for end in (a, b) if end.entry]
    yield Problem(
        "pfs-mismatch",
        None,
        Text(f"perfect forward secrecy differs — {shown}", f"PFS の設定が異なります — {shown}"),
        tuple(span for span in spans if span),
        tuple(
            Fix(end.site, syntax.pfs(end.config, end.entry, groups[far.site]))
            for end, far in ((b, a), (a, b))
            if end.entry
        ),
        failing,
    )


def _pfs_said(end: End) -> str:
    return f"set pfs group{end.entry.pfs}" if end.entry and end.entry.pfs is not None else "no set pfs"


def _lifetimes(a: End, b: End) -> Iterator[Problem]:
    if a.entry is None or b.entry is None:
        return
    ours, theirs = a.config.lifetimes(a.entry), b.config.lifetimes(b.entry)
    if ours == theirs:
        return
    shown = "; ".join(f"{end.name}: {seconds} s" for end, (seconds, _) in ((a, ours), (b, theirs)))
    spans = [end.entry.spans.get("set security-association lifetime") for end in (a, b) if end.entry]
    yield Problem(
        "lifetime-adjusted",
        None,
        Text(
            f"the IPsec lifetimes differ ({shown}); the lower one is used, and that is no failure",
            f"IPsec のライフタイムが異なります({shown})。短い方が使われるだけで、障害ではありません",
        ),
        tuple(span for span in spans if span),
        (),
        frozenset(),
    )


def all_problems(a: End, b: End) -> list[Problem]:
    """Everything, in the order in which a negotiation would meet it. Notes come last."""
    found = [*problems_of(a, b), *problems_of(b, a), *differences(a, b)]
    return sorted(found, key=lambda problem: ORDER.index(problem.rule) if problem.rule in ORDER else len(ORDER))


ORDER: Final = (
    "no-interesting-traffic",
    "nat-exemption-missing",
    "no-crypto-map-on-interface",
    "crypto-map-incomplete",
    "ike-not-enabled",
    "pre-shared-key-missing",
    "connection-type-mismatch",
    "peer-address-mismatch",
    "mode-mismatch",
    "policy-mismatch",
    "no-tunnel-group",
    "pre-shared-key-mismatch",
    "crypto-map-order",
    "proxy-identity-mismatch",
    "transform-set-mismatch",
    "encapsulation-mismatch",
    "pfs-mismatch",
    "lifetime-adjusted",
)
"""Rules in the order in which a negotiation meets them."""
