"""Which configuration lines a debug line comes from. Knows configurations and kinds of origin; no text of any dialect.

The table of wordings says for each line what kind of command it stems from (`access-list`, `policy group`, …). Here a
kind becomes the lines of one box's configuration: those of the crypto map entry, access-list line, policy and
tunnel-group that the negotiation is about.

What is not configured has the ASA's default and no line of its own. Such an origin is the nearest line that is there,
`_NEAREST`: keepalives are a tunnel-group's, NAT traversal goes with IKE on an interface, lifetimes with the policy or
the crypto map entry. So every debug line has an origin as soon as IKE is configured at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from mainmode import events as ev
from mainmode.config.model import (
    DEFAULT_L2L_GROUP,
    Ace,
    Addresses,
    Config,
    CryptoMap,
    CryptoMapEntry,
    IkePolicy,
    PortRange,
    TunnelGroup,
)
from mainmode.events import Entry, Event, ProxyId
from mainmode.explain.ladder import Ladder, Negotiation
from mainmode.span import Span
from mainmode.words import Origin, wording

ACCESS_LIST_LINES: Final = 8
"""How many lines of an access-list are an origin when it is not known which one was meant."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a line is about, as far as it is known."""

    stage: str = ""
    """`MM1`…`QM3`, as the ladder has it."""
    peer: IPv4Address | None = None
    group: TunnelGroup | None = None
    policies: tuple[IkePolicy, ...] = ()
    """The one that was agreed; all of them while none is."""
    map: CryptoMap | None = None
    entry: CryptoMapEntry | None = None
    settings: CryptoMapEntry | None = None
    """Where transform sets and lifetimes stand: in the dynamic map's entry, if the entry only names such a map."""
    line: Span | None = None
    """The line of the crypto access-list that the SA is for."""

    @property
    def interface(self) -> str | None:
        return self.map.interface if self.map is not None else None


def trace(ladder: Ladder, entries: Sequence[Entry], config: Config) -> tuple[tuple[Span, ...], ...]:
    """For each entry the lines of this configuration that it comes from, the most telling first."""
    known: dict[tuple[int | None, int | None], Context] = {}
    found = []
    for index, (entry, place) in enumerate(zip(entries, ladder.places, strict=True)):
        key = (place.negotiation, place.message_id)
        if key not in known:
            known[key] = context(ladder.negotiation_of(index), place.message_id, entries, config)
        found.append(of(entry, config, replace(known[key], stage=place.stage)))
    return tuple(found)


def of(entry: Entry, config: Config, context: Context) -> tuple[Span, ...]:
    """The lines of this configuration that one entry comes from, the most telling first."""
    event = entry.event
    context = _narrowed(event, config, context)
    spans: dict[Span, None] = {}
    for kind in kinds(event, context.stage):
        spans.update(dict.fromkeys(_lines(kind, event, config, context)))
    return tuple(spans)


def template(entry: Entry, stage: str = "") -> str:
    """The command that an entry comes from where no configuration is at hand, as one would type it."""
    event = entry.event
    peer = getattr(event, "remote_peer", None) or entry.peer
    known = {
        "map": getattr(event, "map", None) or "<map>",
        "sequence": getattr(event, "sequence", None) or "<sequence>",
        "access_list": getattr(event, "access_list", None) or "<access-list>",
        "interface": getattr(event, "interface", None) or "<interface>",
        "peer": peer or "<peer>",
        "group": getattr(event, "name", None) if isinstance(event, ev.TunnelGroupLanded) else entry.group or "<peer>",
    }
    return _COMMANDS[kinds(event, stage)[0]].format_map(known)


def kinds(event: Event, stage: str = "") -> tuple[Origin, ...]:
    """The kinds of configuration line an event comes from; in quick mode an `SA` or `ID` payload has other ones."""
    in_quick_mode = stage.startswith("QM")
    if isinstance(event, ev.MessageDecoded) and in_quick_mode:
        return ("crypto map", "set peer")
    found = wording(event).config
    if in_quick_mode:
        found = tuple(_IN_QUICK_MODE.get(kind, kind) for kind in found)
    elif stage.startswith("MM"):
        found = tuple(kind for kind in found if kind != "access-list" or "identity" not in found)
    return tuple(dict.fromkeys(found)) or (("crypto map",) if in_quick_mode else ("isakmp enable",))


_IN_QUICK_MODE: Final[dict[Origin, Origin]] = {
    "policy": "transform-set",
    "policy group": "pfs",
    "policy lifetime": "sa lifetime",
    "identity": "access-list",
    "isakmp enable": "crypto map",
}
"""The same words (`processing SA payload`, `processing ID payload`) are about these in quick mode."""


# --- what a negotiation is about ----------------------------------------------------------------------------------


def context(
    negotiation: Negotiation | None, message_id: int | None, entries: Sequence[Entry], config: Config
) -> Context:
    """What the lines of a negotiation, or of one quick mode of it, are about in this configuration."""
    policies = config.ike_policies
    if negotiation is None:
        return Context(policies=policies)
    events = [entries[index].event for index in negotiation.lines]
    crypto_map, entry = _entry(config, negotiation.peer, events)
    settings = entry
    if entry is not None and entry.dynamic is not None:
        dynamic = config.dynamic_maps.get(entry.dynamic)
        settings = dynamic.entries[0] if dynamic is not None and dynamic.entries else entry
    group = config.tunnel_groups.get(str(negotiation.peer)) or config.tunnel_groups.get(negotiation.group or "")
    found = Context(
        peer=negotiation.peer,
        group=group or config.tunnel_groups.get(DEFAULT_L2L_GROUP),
        policies=_policies(config, events),
        map=crypto_map,
        entry=entry,
        settings=settings,
    )
    return replace(found, line=_access_list_line(config, found, negotiation, message_id, events))


def _entry(
    config: Config, peer: IPv4Address | None, events: Iterable[Event]
) -> tuple[CryptoMap | None, CryptoMapEntry | None]:
    """The crypto map entry: the one a line names, else the peer's, else a dynamic one."""
    for event in events:
        if isinstance(event, ev.StaticMapMatched | ev.EncryptRuleFound | ev.CryptoMapMatched):
            crypto_map = config.crypto_maps.get(event.map)
            for entry in crypto_map.entries if crypto_map else ():
                if entry.sequence == event.sequence:
                    return crypto_map, entry
    entries = [(found, entry) for found in config.crypto_maps.values() for entry in found.entries]
    for found, entry in entries:
        if peer in entry.peers:
            return found, entry
    for found, entry in entries:
        if entry.dynamic is not None:
            return found, entry
    return next(iter(config.crypto_maps.values()), None), None


def _policies(config: Config, events: Iterable[Event]) -> tuple[IkePolicy, ...]:
    """The agreed policy. The debug names it by its place in the box's list, which begins with the default policy.

    (The document's only policy is `IKE entry # 2`.)
    """
    for event in events:
        if isinstance(event, ev.Phase1ProposalAccepted) and 0 <= event.entry - 2 < len(config.ike_policies):
            return (config.ike_policies[event.entry - 2],)
    return config.ike_policies


def _access_list_line(
    config: Config, context: Context, negotiation: Negotiation, message_id: int | None, events: Sequence[Event]
) -> Span | None:
    access_list = config.access_lists.get((context.settings.access_list or "") if context.settings else "")
    if access_list is None:
        return None
    proxies = [
        (quick.local, quick.remote)
        for quick in sorted(negotiation.phase2, key=lambda quick: quick.message_id != message_id)
        if quick.local is not None and quick.remote is not None
    ]
    # A quick mode has its own line; phase 1 was begun for the first one's sake.
    for local, remote in proxies[:1]:
        return next((ace.span for ace in access_list.aces if asks_for(ace, local, remote)), None)
    for event in events:
        if isinstance(event, ev.CryptoMapLookup):
            packet = (event.protocol, event.source, event.source_port, event.destination, event.destination_port)
            return next((ace.span for ace in access_list.aces if ace.matches(*packet)), None)
    return None


def asks_for(ace: Ace, local: ProxyId, remote: ProxyId) -> bool:
    """Whether an element of a crypto access-list is for exactly these proxy identities, ours first."""
    return (
        ace.active
        and ace.protocol == local.protocol
        and _is_end(ace.source, ace.source_ports, local)
        and _is_end(ace.destination, ace.destination_ports, remote)
    )


def _is_end(addresses: Addresses, ports: PortRange | None, proxy: ProxyId) -> bool:
    port = ports.first if ports is not None and ports.first == ports.last else 0
    if isinstance(addresses, IPv4Network):
        same = (addresses.network_address, addresses.netmask, None) == (proxy.address, proxy.mask, proxy.last)
    else:
        same = (addresses.first, addresses.last) == (proxy.address, proxy.last)
    return same and port == proxy.port


def _narrowed(event: Event, config: Config, context: Context) -> Context:
    """A line that names an entry is about that one, whichever the negotiation settled on."""
    name, sequence = getattr(event, "map", None), getattr(event, "sequence", None)
    if isinstance(event, ev.Phase2ProposalAccepted) or not isinstance(name, str):
        return context
    crypto_map = config.crypto_maps.get(name)
    if crypto_map is None:
        return context
    entry = next((found for found in crypto_map.entries if found.sequence == sequence), None)
    if entry is None or entry is context.entry:
        return replace(context, map=crypto_map)
    return replace(context, map=crypto_map, entry=entry, settings=entry, line=None)


# --- from kinds to lines ------------------------------------------------------------------------------------------


def _lines(kind: Origin, event: Event, config: Config, context: Context) -> Iterator[Span]:
    """The lines of one kind, or of the nearest kind that there is."""
    for candidate in (kind, *_NEAREST[kind]):
        found = [span for span in _RESOLVERS[candidate](config, context) if span is not None]
        if candidate == "policy" and isinstance(event, ev.AttributeMismatch) and event.attribute in _ATTRIBUTES:
            name = _ATTRIBUTES[event.attribute]
            found = [span for policy in context.policies if (span := policy.spans.get(name, policy.span))]
        if found:
            yield from found
            return


_ATTRIBUTES: Final = {
    "Encryption Alg": "encryption",
    "Hash Alg": "hash",
    "Group Description": "group",
    "Auth Method": "authentication",
}
"""The subcommand of a policy by the attribute's name in a mismatch."""

Spans = Iterable[Span | None]


def _of_config(*settings: str) -> Callable[[Config, Context], Spans]:
    return lambda config, context: [config.spans.get(setting) for setting in settings]


def _of_entry(*settings: str) -> Callable[[Config, Context], Spans]:
    """Lines of the crypto map entry, or of the dynamic map's entry behind it."""

    def lines(config: Config, context: Context) -> Spans:
        return [found.spans.get(setting) for found in _entries(context) for setting in settings]

    return lines


def _of_group(*settings: str) -> Callable[[Config, Context], Spans]:
    return lambda config, context: [context.group.spans.get(setting) for setting in settings] if context.group else []


def _of_policies(setting: str) -> Callable[[Config, Context], Spans]:
    return lambda config, context: [policy.spans.get(setting) for policy in context.policies]


def _entries(context: Context) -> list[CryptoMapEntry]:
    if context.entry is None or context.settings is None:
        return []
    return [context.entry] if context.settings is context.entry else [context.settings, context.entry]


def _access_list(config: Config, context: Context) -> Spans:
    if context.line is not None:
        return [context.line]
    name = context.settings.access_list if context.settings else None
    access_list = config.access_lists.get(name or "")
    return [line.span for line in access_list.lines[:ACCESS_LIST_LINES]] if access_list else []


def _crypto_map(config: Config, context: Context) -> Spans:
    return [entry.span for entry in _entries(context)]


def _crypto_map_interface(config: Config, context: Context) -> Spans:
    maps = [context.map] if context.map is not None else config.crypto_maps.values()
    return [span for crypto_map in maps for span in crypto_map.interface_spans.values()]


def _isakmp_enable(config: Config, context: Context) -> Spans:
    enabled = config.ike_enabled.get(context.interface or "")
    return config.ike_enabled.values() if enabled is None else [enabled]


def _transform_set(config: Config, context: Context) -> Spans:
    lines: list[Span | None] = []
    for entry in _entries(context):
        lines.append(entry.spans.get("set transform-set"))
        lines += [config.transform_sets[name].span for name in entry.transform_sets if name in config.transform_sets]
    return lines


def _sa_lifetime(config: Config, context: Context) -> Spans:
    own = [entry.spans.get("set lifetime") for entry in _entries(context)]
    return own if any(own) else _of_config("lifetime seconds", "lifetime kilobytes")(config, context)


def _tunnel_group(config: Config, context: Context) -> Spans:
    return [context.group.span] if context.group is not None else []


def _group_policy(config: Config, context: Context) -> Spans:
    if context.group is None:
        return []
    policy = config.group_policies.get(context.group.default_group_policy)
    return [context.group.spans.get("default-group-policy"), policy.span if policy else None]


def _route(config: Config, context: Context) -> Spans:
    peer = context.peer
    fitting = [route for route in config.routes if peer is not None and peer in route.network and not route.tunneled]
    return [max(fitting, key=lambda route: route.network.prefixlen).span] if fitting else []


_RESOLVERS: Final[dict[Origin, Callable[[Config, Context], Spans]]] = {
    "access-list": _access_list,
    "connection-type": _of_entry("set connection-type"),
    "crypto map": _crypto_map,
    "crypto map interface": _crypto_map_interface,
    "disconnect-notify": _of_config("disconnect-notify"),
    "encapsulation": _of_entry("set nat-t-disable"),
    "group-policy": _group_policy,
    "identity": _of_config("identity"),
    "isakmp enable": _isakmp_enable,
    "keepalive": _of_group("keepalive"),
    "match address": _of_entry("match address"),
    "nat-traversal": _of_config("nat-traversal"),
    "negotiation limit": _of_config("negotiation limit"),
    "pfs": _of_entry("set pfs"),
    "policy": lambda config, context: [policy.span for policy in context.policies],
    "policy group": _of_policies("group"),
    "policy lifetime": _of_policies("lifetime"),
    "pre-shared-key": _of_group("pre-shared-key"),
    "replay window": _of_config("replay"),
    "reverse-route": _of_entry("set reverse-route"),
    "route": _route,
    "sa lifetime": _sa_lifetime,
    "set peer": _of_entry("set peer"),
    "transform-set": _transform_set,
    "tunnel-group": _tunnel_group,
}

_NEAREST: Final[dict[Origin, tuple[Origin, ...]]] = {
    "access-list": ("match address", "crypto map", "crypto map interface", "isakmp enable"),
    "connection-type": ("set peer", "crypto map", "crypto map interface", "isakmp enable"),
    "crypto map": ("crypto map interface", "isakmp enable"),
    "crypto map interface": ("isakmp enable",),
    "disconnect-notify": ("isakmp enable", "crypto map interface"),
    "encapsulation": ("transform-set", "crypto map", "crypto map interface", "isakmp enable"),
    "group-policy": ("tunnel-group", "set peer", "crypto map interface", "isakmp enable"),
    "identity": ("isakmp enable", "crypto map interface"),
    "isakmp enable": ("crypto map interface",),
    "keepalive": ("tunnel-group", "set peer", "isakmp enable", "crypto map interface"),
    "match address": ("crypto map", "crypto map interface", "isakmp enable"),
    "nat-traversal": ("isakmp enable", "crypto map interface"),
    "negotiation limit": ("isakmp enable", "crypto map interface"),
    "pfs": ("transform-set", "crypto map", "crypto map interface", "isakmp enable"),
    "policy": ("isakmp enable", "crypto map interface"),
    "policy group": ("policy", "isakmp enable", "crypto map interface"),
    "policy lifetime": ("policy", "isakmp enable", "crypto map interface"),
    "pre-shared-key": ("tunnel-group", "set peer", "isakmp enable", "crypto map interface"),
    "replay window": ("transform-set", "crypto map", "crypto map interface", "isakmp enable"),
    "reverse-route": ("crypto map", "crypto map interface", "isakmp enable"),
    "route": ("set peer", "crypto map interface", "isakmp enable"),
    "sa lifetime": ("transform-set", "crypto map", "crypto map interface", "isakmp enable"),
    "set peer": ("crypto map", "tunnel-group", "crypto map interface", "isakmp enable"),
    "transform-set": ("crypto map", "crypto map interface", "isakmp enable"),
    "tunnel-group": ("set peer", "crypto map interface", "isakmp enable"),
}
"""Where to look, in this order, when a kind is not configured: what the default goes with."""

_COMMANDS: Final[dict[Origin, str]] = {
    "access-list": "access-list {access_list} extended permit <protocol> <local> <remote>",
    "connection-type": "crypto map {map} {sequence} set connection-type bidirectional",
    "crypto map": "crypto map {map} {sequence} …",
    "crypto map interface": "crypto map {map} interface {interface}",
    "disconnect-notify": "crypto isakmp disconnect-notify",
    "encapsulation": "crypto map {map} {sequence} set nat-t-disable",
    "group-policy": "tunnel-group {group} general-attributes / default-group-policy <policy>",
    "identity": "crypto isakmp identity auto",
    "isakmp enable": "crypto ikev1 enable {interface}",
    "keepalive": "tunnel-group {group} ipsec-attributes / isakmp keepalive threshold 10 retry 2",
    "match address": "crypto map {map} {sequence} match address {access_list}",
    "nat-traversal": "crypto isakmp nat-traversal 20",
    "negotiation limit": "crypto ikev1 limit max-in-negotiation-sa <percent>",
    "pfs": "crypto map {map} {sequence} set pfs <group>",
    "policy": "crypto ikev1 policy <number>",
    "policy group": "crypto ikev1 policy <number> / group <group>",
    "policy lifetime": "crypto ikev1 policy <number> / lifetime <seconds>",
    "pre-shared-key": "tunnel-group {group} ipsec-attributes / ikev1 pre-shared-key <key>",
    "replay window": "crypto ipsec security-association replay window-size 64",
    "reverse-route": "crypto map {map} {sequence} set reverse-route",
    "route": "route {interface} <network> <mask> <gateway>",
    "sa lifetime": "crypto map {map} {sequence} set security-association lifetime seconds <seconds>",
    "set peer": "crypto map {map} {sequence} set peer {peer}",
    "transform-set": "crypto ipsec ikev1 transform-set <name> <encryption> <authentication>",
    "tunnel-group": "tunnel-group {group} type ipsec-l2l",
}
"""As typed on 8.4 and later; ` / ` goes down into the mode of the first command."""


# --- whose configuration ------------------------------------------------------------------------------------------


def choose(configs: Sequence[Config], ladder: Ladder) -> Config | None:
    """The configuration of the box that wrote the log: the one whose peers it speaks of. None if none fits."""
    peers = {negotiation.peer for negotiation in ladder.negotiations}

    def fit(config: Config) -> int:
        configured = {peer for found in config.crypto_maps.values() for entry in found.entries for peer in entry.peers}
        grouped = {peer for peer in peers if str(peer) in config.tunnel_groups}
        own = {interface.address for interface in config.interfaces}
        return 2 * len(peers & configured) + len(grouped) - 3 * len(peers & own)

    best = max(configs, key=fit, default=None)
    return best if best is not None and (fit(best) > 0 or (len(configs) == 1 and fit(best) == 0)) else None
