"""A configuration while it is being read: what the commands have said so far, names and groups not yet looked up.

Knows the values and what refers to what; no text, no grammar. `finish()` looks everything up, in whatever order it was
defined, and tells what was never defined at all.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final, Literal

from mainmode.config.finding import Finding, Undefined
from mainmode.config.model import (
    DEFAULT_GROUP_POLICY,
    DEFAULT_L2L_GROUP,
    DEFAULT_POLICY,
    AccessList,
    AccessListLine,
    Addresses,
    AddressRange,
    Config,
    CryptoMap,
    CryptoMapEntry,
    GroupPolicy,
    IkePolicy,
    Interface,
    NatRule,
    NetworkObject,
    ObjectGroup,
    Placed,
    PortRange,
    Route,
    Service,
    ServiceObject,
    TransformSet,
    TunnelGroup,
)
from mainmode.language import NOTHING, Text
from mainmode.span import Span

IKEV1_GROUPS: Final = (1, 2, 5, 14)
"""What `mainmode.ike.dh` computes; an ASA before 9.12 knows no others for IKEv1 but 7, which is an elliptic curve."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A name that stands for addresses, services or ports, to be looked up at the end."""

    kind: Literal["object", "object-group", "object or object-group", "interface", "name"]
    """`name`: an alias of an address that no `name` command defines."""
    name: str


Endpoint = Addresses | Ref
Protocol = int | Ref
Ports = tuple[PortRange, ...] | Ref | None


@dataclass(slots=True)
class DraftLine:
    """An access-list line as written."""

    text: str
    permit: bool
    protocol: Protocol
    source: Endpoint
    source_ports: Ports
    destination: Endpoint
    destination_ports: Ports
    icmp_type: int | Ref | None
    icmp_code: int | None
    active: bool
    span: Span


@dataclass(slots=True)
class DraftGroup:
    """An object-group as written: what it lists, and the groups it includes."""

    kind: Any
    protocols: tuple[int, ...]
    span: Span
    members: list[tuple[Any, Span]] = field(default_factory=list)
    """Endpoints in a network group; services, or names of services, in the others."""


@dataclass(slots=True)
class DraftNat:
    """A NAT rule as written: names where the rule will have addresses."""

    rule: NatRule
    real: Endpoint | None = None
    mapped: Endpoint | None = None
    real_destination: Endpoint | None = None
    mapped_destination: Endpoint | None = None
    real_service: Ref | None = None
    mapped_service: Ref | None = None


@dataclass(slots=True)
class DraftMap:
    entries: dict[int, CryptoMapEntry] = field(default_factory=dict)
    interfaces: dict[str, Span] = field(default_factory=dict)


class Draft:
    """Everything said so far. Handlers of commands write into it; `subject` is what a submode is about."""

    def __init__(self, file: str, names: Mapping[str, IPv4Address]) -> None:
        self.file = file
        self.names = dict(names)
        """`name A.B.C.D NAME`, of the whole text: a web page may show the definition last."""
        self.subject: Any = None
        self.settings: dict[str, Any] = {}
        """Fields of `Config` that a command sets directly."""
        self.spans: dict[str, Span] = {}
        self.interfaces: dict[str, Interface] = {}
        self.objects: dict[str, NetworkObject | ServiceObject] = {}
        self.groups: dict[str, DraftGroup] = {}
        self.access_lists: dict[str, list[DraftLine]] = {}
        self.nat: list[DraftNat] = []
        self.routes: list[Route] = []
        self.policies: dict[int, IkePolicy] = {}
        self.transform_sets: dict[str, TransformSet] = {}
        self.maps: dict[str, DraftMap] = {}
        self.dynamic_maps: dict[str, DraftMap] = {}
        self.tunnel_groups: dict[str, TunnelGroup] = {DEFAULT_L2L_GROUP: TunnelGroup(DEFAULT_L2L_GROUP)}
        self.group_policies: dict[str, GroupPolicy] = {DEFAULT_GROUP_POLICY: DEFAULT_POLICY}
        self.ike_enabled: dict[str, Span] = {}
        self.access_groups: dict[str, tuple[str, Span]] = {}
        self.findings: list[Finding] = []
        self.references: list[Undefined] = []
        self._undefined: list[Undefined] = []

    # -- for the handlers -------------------------------------------------------------------------------------------

    def is_service_group(self, name: str) -> bool:
        """Whether an object-group that stands between two addresses is the source's ports."""
        group = self.groups.get(name)
        return group is not None and group.kind == "service"

    def address(self, word: str) -> IPv4Address | None:
        """An address as typed, or the one a name stands for."""
        try:
            return self.names.get(word) or IPv4Address(word)
        except ValueError:
            return None

    def warn(self, code: str, message: Text, span: Span, hint: Text = NOTHING) -> None:
        self.findings.append(Finding("warning", code, message, span, hint))

    def put(self, setting: str, span: Span, **values: Any) -> None:
        """A global setting; `setting` is what it goes by in `Config.spans`."""
        self.settings.update(values)
        self.spans[setting] = span

    def drop(self, setting: str, *names: str) -> None:
        for name in names:
            self.settings.pop(name, None)
        self.spans.pop(setting, None)

    # -- the end ----------------------------------------------------------------------------------------------------

    def finish(self, lines: tuple[Span, ...]) -> tuple[Config, tuple[Undefined, ...], tuple[Finding, ...]]:
        """The configuration, the names it uses without defining them, and what the reader wants said."""
        groups = self._object_groups()
        access_lists = {name: self._access_list(name, groups) for name in self.access_lists}
        nat_rules = self._nat_rules(groups)
        config = Config(
            **self.settings,
            interfaces=tuple(self.interfaces.values()),
            objects=self.objects,
            object_groups=groups,
            access_lists=access_lists,
            nat_rules=nat_rules,
            routes=tuple(self.routes),
            ike_policies=tuple(self._usable_policies()),
            transform_sets={name: found for name, found in self.transform_sets.items() if found.encryption},
            crypto_maps={name: self._map(name, found) for name, found in self.maps.items()},
            dynamic_maps={name: self._map(name, found) for name, found in self.dynamic_maps.items()},
            tunnel_groups=self.tunnel_groups,
            group_policies=self.group_policies,
            ike_enabled=Placed(self.ike_enabled),
            access_groups={place: name for place, (name, _) in self.access_groups.items()},
            spans=self.spans,
            file=self.file,
            lines=lines,
        )
        self._references(config)
        undefined = sorted(dict.fromkeys(self._undefined), key=lambda one: (one.span.line, one.span.column))
        return config, tuple(undefined), tuple(self.findings)

    def _usable_policies(self) -> Iterator[IkePolicy]:
        for _, policy in sorted(self.policies.items()):
            if policy.group in IKEV1_GROUPS:
                yield policy
            elif policy.span is not None:
                self.warn(
                    "policy-left-out",
                    Text(
                        f"policy {policy.priority} is left out: Diffie-Hellman group {policy.group} is not implemented",
                        f"policy {policy.priority} は使われません: Diffie-Hellman グループ {policy.group} は未実装です",
                    ),
                    policy.spans.get("group", policy.span),
                )

    def _map(self, name: str, found: DraftMap) -> CryptoMap:
        entries = []
        for _, entry in sorted(found.entries.items()):
            if entry.pfs is not None and entry.pfs not in IKEV1_GROUPS and entry.span is not None:
                # Without it the entry would negotiate less than was asked for: better none at all.
                self.warn(
                    "entry-left-out",
                    Text(
                        f"crypto map {name} {entry.sequence} is left out: PFS in group {entry.pfs} is not implemented",
                        f"crypto map {name} {entry.sequence} は使われません: グループ {entry.pfs} の PFS は未実装です",
                    ),
                    entry.spans.get("set pfs", entry.span),
                )
            else:
                peers = tuple(address for one in entry.peer_names if (address := self.address(one)) is not None)
                entries.append(replace(entry, peers=peers))
        return CryptoMap(name, tuple(entries), tuple(found.interfaces), found.interfaces)

    # -- looking up -------------------------------------------------------------------------------------------------

    def _missing(self, kind: str, name: str, usage: str, span: Span | None) -> None:
        if span is not None:
            self._undefined.append(Undefined(kind, name, usage, narrowed(span, name)))

    def _object_groups(self) -> dict[str, ObjectGroup]:
        """All object-groups with their members opened up, those inside others first. A group in itself adds nothing."""
        opened: dict[str, ObjectGroup] = {}
        for outermost in self.groups:
            path = {outermost: None}  # a dictionary for its order and its quick `in`
            while path:
                name = next(reversed(path))
                inner = None if name in opened else self._first_unopened(name, opened, path)
                if inner is not None:
                    path[inner] = None
                    continue
                if name not in opened:
                    opened[name] = self._opened(name, opened)
                del path[name]
        return opened

    def _first_unopened(self, name: str, opened: Container[str], path: Container[str]) -> str | None:
        for member, _ in self.groups[name].members:
            if isinstance(member, Ref) and member.kind == "object-group" and member.name in self.groups:
                if member.name not in opened and member.name not in path:
                    return member.name
        return None

    def _opened(self, name: str, others: Mapping[str, ObjectGroup]) -> ObjectGroup:
        group = self.groups[name]
        members: dict[Any, None] = {}
        usage = f"object-group {group.kind} {name}"
        for member, span in group.members:
            if isinstance(member, Ref) and member.kind == "object-group":
                inner = others.get(member.name)
                if inner is not None:
                    members.update(dict.fromkeys(inner.addresses if group.kind == "network" else inner.services))
                elif member.name not in self.groups:
                    self._missing("object-group", member.name, usage, span)
            elif group.kind == "network":
                members.update(dict.fromkeys(self._addresses(member, {}, usage, span)))
            elif isinstance(member, Ref):
                members.update(dict.fromkeys(self._services_of(member, {}, usage, span)))
            else:
                members[member] = None
        if group.kind == "network":
            return ObjectGroup(name, "network", (), tuple(members), (), group.span)
        return ObjectGroup(name, group.kind, group.protocols, (), tuple(members), group.span)

    def _addresses(
        self, endpoint: Endpoint | None, groups: Mapping[str, ObjectGroup], usage: str, span: Span | None
    ) -> tuple[Addresses, ...]:
        """What an endpoint stands for. Empty for what reading cannot know: an undefined name, an `fqdn`, IPv6."""
        if endpoint is None:
            return ()
        if not isinstance(endpoint, Ref):
            return (endpoint,)
        if endpoint.kind == "object":
            found = self.objects.get(endpoint.name)
            if isinstance(found, NetworkObject):
                return () if found.addresses is None else (found.addresses,)
        elif endpoint.kind == "object-group":
            group = groups.get(endpoint.name)
            if group is not None:
                return group.addresses
        elif endpoint.kind == "interface":
            for interface in self.interfaces.values():
                if interface.name == endpoint.name:
                    return () if interface.address is None else (IPv4Network(interface.address),)
        elif endpoint.kind == "object or object-group":
            kind: Literal["object", "object-group"] = "object-group" if endpoint.name in groups else "object"
            return self._addresses(Ref(kind, endpoint.name), groups, usage, span)
        self._missing(endpoint.kind, endpoint.name, usage, span)
        return ()

    def _services_of(
        self, ref: Ref, groups: Mapping[str, ObjectGroup], usage: str, span: Span | None
    ) -> tuple[Service, ...]:
        if ref.kind == "object-group":
            group = groups.get(ref.name)
            if group is not None:
                return group.services
        else:
            found = self.objects.get(ref.name)
            if isinstance(found, ServiceObject):
                return found.services
        self._missing("object-group" if ref.kind == "object-group" else "object", ref.name, usage, span)
        return ()

    def _access_list(self, name: str, groups: Mapping[str, ObjectGroup]) -> AccessList:
        usage = f"access-list {name}"
        return AccessList(
            name,
            tuple(
                AccessListLine(
                    line.text,
                    name,
                    line.permit,
                    self._services(line, groups, usage),
                    (line.source,)
                    if not isinstance(line.source, Ref)
                    else self._addresses(line.source, groups, usage, line.span),
                    (line.destination,)
                    if not isinstance(line.destination, Ref)
                    else self._addresses(line.destination, groups, usage, line.span),
                    line.active,
                    line.span,
                )
                for line in self.access_lists[name]
            ),
        )

    def _services(self, line: DraftLine, groups: Mapping[str, ObjectGroup], usage: str) -> tuple[Service, ...]:
        if isinstance(line.protocol, Ref):
            base = self._services_of(line.protocol, groups, usage, line.span)
        elif line.source_ports is None and line.destination_ports is None and line.icmp_type is None:
            return (Service(line.protocol),)
        else:
            base = (Service(line.protocol),)
        if line.source_ports is not None:
            base = tuple(
                replace(service, source_ports=chosen)
                for service in base
                for chosen in self._ports(line.source_ports, service.protocol, groups, usage, line.span)
            )
        if line.destination_ports is not None:
            base = tuple(
                replace(service, destination_ports=chosen)
                for service in base
                for chosen in self._ports(line.destination_ports, service.protocol, groups, usage, line.span)
            )
        if isinstance(line.icmp_type, Ref):
            types = self._services_of(line.icmp_type, groups, usage, line.span)
            return tuple(replace(service, icmp_type=one.icmp_type) for service in base for one in types)
        if line.icmp_type is not None:
            return tuple(replace(service, icmp_type=line.icmp_type, icmp_code=line.icmp_code) for service in base)
        return base

    def _ports(
        self,
        ports: tuple[PortRange, ...] | Ref,
        protocol: int,
        groups: Mapping[str, ObjectGroup],
        usage: str,
        span: Span,
    ) -> Iterable[PortRange]:
        if not isinstance(ports, Ref):
            return ports
        services = self._services_of(ports, groups, usage, span)
        return [one.destination_ports for one in services if one.destination_ports and one.protocol == protocol]

    # -- NAT --------------------------------------------------------------------------------------------------------

    def _nat_rules(self, groups: Mapping[str, ObjectGroup]) -> tuple[NatRule, ...]:
        rules = []
        for nat in self.nat:
            rule, span = nat.rule, nat.rule.span
            usage = f"nat ({rule.real_interface},{rule.mapped_interface})"
            real = self._addresses(nat.real, groups, usage, span)
            rules.append(
                replace(
                    rule,
                    real=real,
                    mapped=real if nat.mapped == nat.real else self._addresses(nat.mapped, groups, usage, span),
                    real_destination=self._addresses(nat.real_destination, groups, usage, span),
                    mapped_destination=self._addresses(nat.mapped_destination, groups, usage, span),
                    real_service=self._services_of(nat.real_service, {}, usage, span) if nat.real_service else (),
                    mapped_service=self._services_of(nat.mapped_service, {}, usage, span) if nat.mapped_service else (),
                )
            )
            if rule.access_list is not None and rule.access_list not in self.access_lists:
                self._missing("access-list", rule.access_list, usage, span)
        return tuple(sorted(rules, key=_nat_order))

    # -- what refers to what ----------------------------------------------------------------------------------------

    def _references(self, config: Config) -> None:
        interfaces = {interface.name for interface in config.interfaces if interface.name}

        def wants(kind: str, name: str, defined: Iterable[str], usage: str, span: Span | None) -> None:
            if name not in defined:
                self._missing(kind, name, usage, span)

        for maps, keyword in ((config.crypto_maps, "crypto map"), (config.dynamic_maps, "crypto dynamic-map")):
            for crypto_map in maps.values():
                for name, span in crypto_map.interface_spans.items():
                    wants("interface", name, interfaces, f"{keyword} {crypto_map.name}", span)
                for entry in crypto_map.entries:
                    usage = f"{keyword} {entry.map} {entry.sequence}"
                    if entry.access_list is not None:
                        span_ = entry.spans.get("match address")
                        wants("access-list", entry.access_list, config.access_lists, usage, span_)
                    for name in entry.transform_sets:
                        wants("transform-set", name, config.transform_sets, usage, entry.spans.get("set transform-set"))
                    if entry.dynamic is not None:
                        wants("dynamic-map", entry.dynamic, config.dynamic_maps, usage, entry.spans.get("dynamic"))
                    for name in entry.peer_names:
                        if name[0].isalpha():
                            wants("name", name, self.names, usage, entry.spans.get("set peer"))
        for name, span in config.ike_enabled.items():
            wants("interface", name, interfaces, "crypto ikev1 enable", span)
        for group in config.tunnel_groups.values():
            policy, usage = group.default_group_policy, f"tunnel-group {group.name}"
            wants("group-policy", policy, config.group_policies, usage, group.spans.get("default-group-policy"))
        for found in config.group_policies.values():
            if found.vpn_filter is not None:
                usage = f"group-policy {found.name}"
                wants("access-list", found.vpn_filter, config.access_lists, usage, found.spans.get("vpn-filter"))
        for place, (name, span) in self.access_groups.items():
            wants("access-list", name, config.access_lists, f"access-group {name}", span)
            if place != "global":
                wants("interface", place.split()[0], interfaces, f"access-group {name}", span)
        for route in config.routes:
            wants("interface", route.interface, interfaces, "route", route.span)
        self._undefined += self.references


def _nat_order(rule: NatRule) -> tuple[int, ...]:
    """An ASA sorts object NAT itself: static first, then the fewest addresses, then the lowest; the rest stays put."""
    if rule.section != 2:
        return (rule.section,)
    first, size = (_extent(rule.real[0])) if rule.real else (0, 0)
    return (2, rule.kind == "dynamic", size, first)


def _extent(addresses: Addresses) -> tuple[int, int]:
    if isinstance(addresses, AddressRange):
        return int(addresses.first), int(addresses.last) - int(addresses.first) + 1
    return int(addresses.network_address), addresses.num_addresses


def narrowed(span: Span, word: str) -> Span:
    """The place of a word on the line of a span; the span itself where the line has no such word."""
    column = 0
    for piece in f" {span.text} ".split(" "):
        if piece == word:
            return replace(span, column=column, end_column=column + len(word), last_line=0)
        column += len(piece) + 1
    return span


def inserted(lines: list[DraftLine], line: DraftLine, number: int | None) -> None:
    """Put a line at its number, counted from 1, or at the end."""
    lines.insert(len(lines) if number is None else max(0, number - 1), line)
