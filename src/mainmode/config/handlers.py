"""What each command does to the configuration being read. Knows no text and no mistakes; `commands` has the table.

A handler takes the draft and the matched line. Many commands do the same with other fields, so most handlers here are
made by a function; those that come in pairs are (what the command does, what `no` before it does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

from mainmode.config.draft import Draft, DraftGroup, DraftLine, DraftMap, DraftNat, Endpoint, Ref, inserted
from mainmode.config.grammar import Handler, Match
from mainmode.config.model import (
    ANY,
    DEFAULT_GROUP_POLICY,
    DEFAULT_L2L_GROUP,
    DEFAULT_POLICY,
    Config,
    CryptoMapEntry,
    GroupPolicy,
    IkePolicy,
    Interface,
    NatRule,
    NetworkObject,
    Route,
    Service,
    ServiceObject,
    TransformSet,
    TunnelGroup,
)
from mainmode.language import Text, same
from mainmode.secret import Secret

SHORT_KEY: Final = 12
"""Characters. Main mode does not protect a weak key from an active attacker (ATTACKS: offline search from MM5)."""


BUILT_IN_GROUPS: Final = {"DefaultRAGroup": "remote-access", "DefaultWEBVPNGroup": "webvpn"}
"""Tunnel-groups that every ASA has besides DefaultL2LGroup, and their types: no command need create them."""


def ip_network(address: IPv4Address, prefix: int) -> IPv4Network:
    """The network of an address; its host bits do not matter."""
    return IPv4Network((int(address), prefix), strict=False)


# --- the box ------------------------------------------------------------------------------------------------------


def hostname(draft: Draft, m: Match) -> None:
    draft.put("hostname", m.span, hostname=m["hostname"])


def version(draft: Draft, m: Match) -> None:
    draft.put("version", m.span, version=m["version"].split()[0])


def setting(name: str, field: str, value: Callable[[Match], Any]) -> Handler:
    """A command that sets one field of the configuration."""

    def apply(draft: Draft, m: Match) -> None:
        draft.put(name, m.span, **{field: value(m)})

    return apply


def unsetting(name: str, *fields: str) -> Handler:
    """A command that gives fields their defaults back."""

    def apply(draft: Draft, m: Match) -> None:
        draft.drop(name, *fields)

    return apply


def per_interface(field: str, value: str) -> Handler:
    def apply(draft: Draft, m: Match) -> None:
        draft.settings.setdefault(field, {})[m["ifname"]] = m[value]

    return apply


def not_per_interface(field: str) -> Handler:
    def apply(draft: Draft, m: Match) -> None:
        draft.settings.get(field, {}).pop(m["ifname"], None)

    return apply


def address_name(draft: Draft, m: Match) -> None:
    """Nothing to do: the reader collects all `name` commands before it begins."""


# --- interfaces ---------------------------------------------------------------------------------------------------


def interface(draft: Draft, m: Match) -> None:
    hardware = m["hardware"]
    draft.interfaces.setdefault(hardware, Interface(hardware, span=m.span))
    draft.subject = hardware


def on_interface(setting: str, change: Callable[[Interface, Match], dict[str, Any]]) -> Handler:
    def apply(draft: Draft, m: Match) -> None:
        found = draft.interfaces[draft.subject]
        draft.interfaces[draft.subject] = replace(found, **change(found, m), spans={**found.spans, setting: m.span})

    return apply


def named(found: Interface, m: Match) -> dict[str, Any]:
    if "security-level" in found.spans:
        return {"name": m["ifname"]}
    return {"name": m["ifname"], "security_level": 100 if m["ifname"] == "inside" else 0}


def given_address(found: Interface, m: Match) -> dict[str, Any]:
    return {"address": None, "network": None, "standby": None, "setroute": "setroute" in m}


def ip_address(draft: Draft, m: Match) -> None:
    address, prefix = m["address"], m["mask"]
    if isinstance(address, Ref):
        return
    from_standby = m.get("standby-address")
    standby = None if isinstance(from_standby, Ref) else from_standby
    network = ip_network(address, prefix)
    found = draft.interfaces[draft.subject]
    draft.interfaces[draft.subject] = replace(
        found,
        address=address,
        network=network,
        standby=standby,
        setroute=False,
        spans={**found.spans, "ip address": m.span},
    )


# --- objects ------------------------------------------------------------------------------------------------------


def object_network(draft: Draft, m: Match) -> None:
    if not isinstance(draft.objects.get(m["name"]), NetworkObject):
        draft.objects[m["name"]] = NetworkObject(m["name"], span=m.span)
    draft.subject = m["name"]


def object_service(draft: Draft, m: Match) -> None:
    draft.objects[m["name"]] = ServiceObject(m["name"], span=m.span)
    draft.subject = m["name"]


def forget_object(draft: Draft, m: Match) -> None:
    draft.objects.pop(m["name"], None)
    draft.nat = [nat for nat in draft.nat if nat.rule.object != m["name"]]


def object_addresses(value: str) -> Handler:
    def apply(draft: Draft, m: Match) -> None:
        found, addresses = draft.objects[draft.subject], m[value]
        if isinstance(found, NetworkObject) and not isinstance(addresses, Ref):
            if value == "address":
                addresses = ip_network(addresses, 32)
            draft.objects[draft.subject] = NetworkObject(found.name, addresses, None, found.span)

    return apply


def object_fqdn(draft: Draft, m: Match) -> None:
    found = draft.objects[draft.subject]
    draft.objects[draft.subject] = NetworkObject(found.name, None, m["fqdn"], found.span)
    message = Text(
        f"object {found.name} is a host name: no address is known for it by reading",
        f"object {found.name} はホスト名です。アドレスが設定からは分かりません",
    )
    draft.warn("fqdn", message, m.span)


def services(m: Match) -> tuple[Service, ...]:
    """What `service tcp source … destination …` and `service-object …` mean."""
    protocol = m.get("protocol", 1)
    if isinstance(protocol, Ref):
        return ()
    protocols = {"tcp": (6,), "udp": (17,), "tcp-udp": (6, 17), "sctp": (132,)}.get(protocol, (protocol,))
    made = [Service(number, None, None, m.get("icmp-type"), m.get("icmp-code")) for number in protocols]
    for name, attribute in (("source-ports", "source_ports"), ("destination-ports", "destination_ports")):
        if name in m:
            made = [replace(one, **{attribute: chosen}) for one in made for chosen in m[name]]
    return tuple(made)


def object_is_service(draft: Draft, m: Match) -> None:
    found = draft.objects[draft.subject]
    draft.objects[draft.subject] = ServiceObject(found.name, services(m), found.span)


def object_group(draft: Draft, m: Match) -> None:
    name, kind = m["name"], m["kind"]
    protocols = {"tcp": (6,), "udp": (17,), "tcp-udp": (6, 17)}.get(m.get("protocol", ""), ())
    known = draft.groups.get(name)
    if known is None or known.kind != kind:
        if known is not None:
            message = Text(
                f"object-group {name} was a group of another kind before",
                f"object-group {name} は前には別の種類のグループでした",
            )
            draft.warn("object-group-again", message, m.span)
        draft.groups[name] = DraftGroup(kind, protocols, m.span)
    draft.subject = name


def forget_group(draft: Draft, m: Match) -> None:
    draft.groups.pop(m["name"], None)


def member(build: Callable[[DraftGroup, Match], Iterable[Any]]) -> tuple[Handler, Handler]:
    """Adding a member to an object-group, and taking it out again."""

    def apply(draft: Draft, m: Match) -> None:
        group = draft.groups[draft.subject]
        group.members += [(one, m.span) for one in build(group, m)]

    def remove(draft: Draft, m: Match) -> None:
        group = draft.groups[draft.subject]
        gone = list(build(group, m))
        group.members = [(one, span) for one, span in group.members if one not in gone]

    return apply, remove


def host_member(group: DraftGroup, m: Match) -> Iterable[Any]:
    address = m["address"]
    return (address if isinstance(address, Ref) else ip_network(address, 32),)


def object_member(group: DraftGroup, m: Match) -> Iterable[Any]:
    return (Ref("object", m["object"]),)


def group_member(group: DraftGroup, m: Match) -> Iterable[Any]:
    return (Ref("object-group", m["group"]),)


def service_members(group: DraftGroup, m: Match) -> Iterable[Any]:
    return services(m)


def port_members(group: DraftGroup, m: Match) -> Iterable[Any]:
    return [Service(protocol, None, ports) for protocol in group.protocols for ports in m["ports"]]


def icmp_members(group: DraftGroup, m: Match) -> Iterable[Any]:
    found = m["icmp-type"]
    return (found if isinstance(found, Ref) else Service(1, None, None, found),)


# --- access-lists, NAT, routes ------------------------------------------------------------------------------------


def access_list(draft: Draft, m: Match) -> None:
    name, words = m["name"], list(m.line.words)
    if m["source"] is None or m["destination"] is None:
        message = Text(
            f"access-list {name}: a line for IPv6 is left out", f"access-list {name}: IPv6 の行は使われません"
        )
        draft.warn("ipv6", message, m.span)
        return
    if "line" in m:
        at = m.places["line"]
        del words[at : at + 2]
    if "extended" not in m:
        words.insert(2, "extended")
    line = DraftLine(
        " ".join(words),
        m["action"] == "permit",
        1 if "icmp" in m else m["protocol"],
        m["source"],
        m.get("source-ports"),
        m["destination"],
        m.get("destination-ports"),
        m.get("icmp-type"),
        m.get("icmp-code"),
        "inactive" not in m,
        m.span,
    )
    inserted(draft.access_lists.setdefault(name, []), line, m.get("number"))


def no_access_list(draft: Draft, m: Match) -> None:
    """`no access-list A extended …` takes out the line that says so, `no access-list A` all of them."""
    name = m["name"]
    kept = draft.access_lists.pop(name, [])
    if "source" in m:
        access_list(draft, m)
        text = [line.text for line in draft.access_lists.pop(name, [])]
        left = [line for line in kept if line.text not in text]
        if len(left) == len(kept):
            message = Text(f"access-list {name} has no such line", f"access-list {name} にその行はありません")
            draft.warn("nothing-removed", message, m.span)
        if left:
            draft.access_lists[name] = left


def standard_access_list(draft: Draft, m: Match) -> None:
    """A standard list names destinations only."""
    destination: Endpoint = ANY
    if "network" in m:
        destination = m["network"]
    elif "address" in m:
        address = m["address"]
        destination = address if isinstance(address, Ref) else ip_network(address, 32)
    line = DraftLine(
        " ".join(m.line.words), m["action"] == "permit", 0, ANY, None, destination, None, None, None, True, m.span
    )
    draft.access_lists.setdefault(m["name"], []).append(line)


def access_group(draft: Draft, m: Match) -> None:
    place = "global" if "global" in m else f"{m['ifname']} {m['direction']}"
    draft.access_groups[place] = (m["name"], m.span)


def no_access_group(draft: Draft, m: Match) -> None:
    draft.access_groups = {place: found for place, found in draft.access_groups.items() if found[0] != m["name"]}


def route(draft: Draft, m: Match) -> None:
    network, gateway = m["network"], m["gateway"]
    if not isinstance(network, Ref) and not isinstance(gateway, Ref):
        draft.routes.append(Route(m["ifname"], network, gateway, m.get("metric", 1), "tunneled" in m, m.span))


def no_route(draft: Draft, m: Match) -> None:
    draft.routes = [one for one in draft.routes if (one.interface, one.network) != (m["ifname"], m["network"])]


def _nat_name(word: str) -> Endpoint | None:
    """An object, a group, `any`, or None for `interface`, the mapped interface's own address."""
    if word in ("any", "any4"):
        return ANY
    return None if word == "interface" else Ref("object or object-group", word)


def twice_nat(draft: Draft, m: Match) -> None:
    real_interface, mapped_interface = m.get("interfaces", ("any", "any"))
    rule = NatRule(
        3 if "after-auto" in m else 1,
        m.get("kind", "dynamic"),
        real_interface,
        mapped_interface,
        to_interface=m.get("mapped") == "interface",
        unidirectional="unidirectional" in m,
        no_proxy_arp="no-proxy-arp" in m,
        route_lookup="route-lookup" in m,
        active="inactive" not in m,
        text=" ".join(m.line.words),
        span=m.span,
    )
    nat = DraftNat(rule, _nat_name(m["real"]), _nat_name(m["mapped"] if "mapped" in m else m["pool"]))
    if "destination" in m:
        # For the destination the mapped object stands first: the packet arrives with it.
        nat.mapped_destination = _nat_name(m["mapped-destination"])
        nat.real_destination = _nat_name(m["real-destination"])
    if "service" in m:
        nat.real_service, nat.mapped_service = Ref("object", m["real-service"]), Ref("object", m["mapped-service"])
    same_section = [index for index, one in enumerate(draft.nat) if one.rule.section == rule.section]
    number = m.get("line")
    if number is not None and number <= len(same_section):
        draft.nat.insert(same_section[number - 1], nat)
    else:
        draft.nat.append(nat)


def no_twice_nat(draft: Draft, m: Match) -> None:
    before = len(draft.nat)
    text = " ".join(m.line.words)
    draft.nat = [nat for nat in draft.nat if nat.rule.text != text]
    if len(draft.nat) == before:
        draft.warn("nothing-removed", Text("there is no such nat rule", "その nat ルールはありません"), m.span)


def object_nat(draft: Draft, m: Match) -> None:
    real_interface, mapped_interface = m["interfaces"]
    word = m["pool"] if "pool" in m else m["mapped"]
    address = draft.address(word)
    mapped = _nat_name(word) if address is None else ip_network(address, 32)
    rule = NatRule(
        2,
        m.get("kind", "dynamic"),
        real_interface,
        mapped_interface,
        to_interface=mapped is None,
        no_proxy_arp="no-proxy-arp" in m,
        route_lookup="route-lookup" in m,
        object=draft.subject,
        text=" ".join(m.line.words),
        span=m.span,
    )
    forget_object_nat(draft, m)
    draft.nat.append(DraftNat(rule, Ref("object", draft.subject), mapped))


def forget_object_nat(draft: Draft, m: Match) -> None:
    draft.nat = [nat for nat in draft.nat if nat.rule.object != draft.subject]


def exemption(draft: Draft, m: Match) -> None:
    """`nat (inside) 0 access-list A`, of 8.2 and older: what the list permits is not translated."""
    rule = NatRule(
        0, "exempt", m["(interface)"], "any", access_list=m["name"], text=" ".join(m.line.words), span=m.span
    )
    draft.nat.append(DraftNat(rule))


def old_dynamic(draft: Draft, m: Match) -> None:
    rule = NatRule(2, "dynamic", m["(interface)"], "any", to_interface=True, text=" ".join(m.line.words), span=m.span)
    draft.nat.append(DraftNat(rule, m.get("network")))


def old_static(draft: Draft, m: Match) -> None:
    real_interface, mapped_interface = m["interfaces"]
    real, mapped, prefix = m["real"], m["mapped"], m.get("mask", 32)
    if isinstance(real, Ref) or isinstance(mapped, Ref):
        return
    rule = NatRule(1, "static", real_interface, mapped_interface, text=" ".join(m.line.words), span=m.span)
    draft.nat.append(DraftNat(rule, ip_network(real, prefix), ip_network(mapped, prefix)))


# --- IKE ----------------------------------------------------------------------------------------------------------


def _family(draft: Draft, m: Match) -> None:
    """How the policies are written decides how they are printed."""
    draft.settings["syntax"] = "isakmp" if "isakmp" in m.args.values() else "ikev1"


def ike_policy(draft: Draft, m: Match) -> None:
    priority = m["priority"]
    draft.policies.setdefault(priority, IkePolicy(priority, span=m.span))
    draft.subject = priority
    _family(draft, m)


def no_ike_policy(draft: Draft, m: Match) -> None:
    draft.policies.pop(m["priority"], None)


def policy_value(name: str, convert: Callable[[Any], Any] = lambda value: value) -> tuple[Handler, Handler]:
    def apply(draft: Draft, m: Match) -> None:
        policy = draft.policies[draft.subject]
        draft.policies[draft.subject] = replace(
            policy, **{name: convert(m[name])}, spans={**policy.spans, name: m.span}
        )

    def remove(draft: Draft, m: Match) -> None:
        policy = draft.policies[draft.subject]
        default = getattr(IkePolicy(0), name)
        spans = {key: span for key, span in policy.spans.items() if key != name}
        draft.policies[draft.subject] = replace(policy, **{name: default}, spans=spans)

    return apply, remove


def ike_enable(draft: Draft, m: Match) -> None:
    draft.ike_enabled[m["ifname"]] = m.span


def no_ike_enable(draft: Draft, m: Match) -> None:
    draft.ike_enabled.pop(m["ifname"], None)


def identity(draft: Draft, m: Match) -> None:
    draft.put("identity", m.span, identity=m["identity"], identity_value=m.get("key-id-string"))


# --- IPsec --------------------------------------------------------------------------------------------------------


def transform_set(draft: Draft, m: Match) -> None:
    known = draft.transform_sets.get(m["name"], TransformSet(m["name"]))
    draft.transform_sets[m["name"]] = replace(
        known, encryption=m["encryption"], authentication=m.get("authentication", "esp-none"), span=m.span
    )


def transform_mode(draft: Draft, m: Match) -> None:
    known = draft.transform_sets.get(m["name"], TransformSet(m["name"], span=m.span))
    draft.transform_sets[m["name"]] = replace(known, mode=m["mode"])


def no_transform_set(draft: Draft, m: Match) -> None:
    draft.transform_sets.pop(m["name"], None)


def global_lifetime(draft: Draft, m: Match) -> None:
    if "seconds" in m:
        draft.put("lifetime seconds", m.span, lifetime_seconds=m["seconds"])
    if "kilobytes" in m:
        amount = m["kilobytes"]
        draft.put("lifetime kilobytes", m.span, lifetime_kilobytes=None if amount == "unlimited" else amount)


def no_global_lifetime(draft: Draft, m: Match) -> None:
    for name in ("seconds", "kilobytes"):
        if name in m:
            draft.drop(f"lifetime {name}", f"lifetime_{name}")


# --- crypto maps --------------------------------------------------------------------------------------------------


def _maps(draft: Draft, m: Match) -> dict[str, DraftMap]:
    return draft.dynamic_maps if "dynamic-map" in m else draft.maps


def _entry(draft: Draft, m: Match) -> CryptoMapEntry:
    entries = _maps(draft, m).setdefault(m["map"], DraftMap()).entries
    return entries.setdefault(m["sequence"], CryptoMapEntry(m["map"], m["sequence"], span=m.span))


def _put(draft: Draft, m: Match, entry: CryptoMapEntry) -> None:
    _maps(draft, m)[m["map"]].entries[m["sequence"]] = entry


Change = Callable[[Draft, CryptoMapEntry, Match], dict[str, Any]]


def entry_setting(name: str, change: Change) -> tuple[Handler, Handler]:
    """What `crypto map M N …` sets, and the way back: the fields it touches get their defaults."""

    def apply(draft: Draft, m: Match) -> None:
        entry = _entry(draft, m)
        _put(draft, m, replace(entry, **change(draft, entry, m), spans={**entry.spans, name: m.span}))

    return apply, _removal(name)


ENTRY_FIELDS: Final = {
    "match address": ("access_list",),
    "set peer": ("peer_names",),
    "set transform-set": ("transform_sets",),
    "set ikev2 ipsec-proposal": ("ikev2_proposals",),
    "set pfs": ("pfs",),
    "set lifetime": ("lifetime_seconds", "lifetime_kilobytes"),
    "set reverse-route": ("reverse_route",),
    "set nat-t-disable": ("nat_t_disable",),
    "set connection-type": ("connection_type",),
    "set phase1-mode": ("phase1_mode", "phase1_group"),
    "set trustpoint": ("trust_point",),
    "dynamic": ("dynamic",),
}
"""The fields of an entry by the setting that gives them a value."""

_NEW_ENTRY: Final = CryptoMapEntry("", 0)


def _removal(name: str) -> Handler:
    def remove(draft: Draft, m: Match) -> None:
        entry = _maps(draft, m).get(m["map"], DraftMap()).entries.get(m["sequence"])
        if entry is None:
            message = Text(
                f"crypto map {m['map']} has no entry {m['sequence']}",
                f"crypto map {m['map']} にエントリ {m['sequence']} はありません",
            )
            draft.warn("nothing-removed", message, m.span)
            return
        spans = {key: span for key, span in entry.spans.items() if key != name}
        changes: dict[str, Any] = {field: getattr(_NEW_ENTRY, field) for field in ENTRY_FIELDS[name]}
        if name == "set peer" and "peers" in m:
            changes = {"peer_names": tuple(one for one in entry.peer_names if one not in m["peers"])}
        _put(draft, m, replace(entry, **changes, spans=spans))

    return remove


def no_entry(draft: Draft, m: Match) -> None:
    """`no crypto map M 10`, `no crypto map M`."""
    found = _maps(draft, m).get(m["map"])
    if found is None:
        message = Text(f"there is no crypto map {m['map']}", f"crypto map {m['map']} はありません")
        draft.warn("nothing-removed", message, m.span)
    elif "sequence" in m:
        found.entries.pop(m["sequence"], None)
    else:
        del _maps(draft, m)[m["map"]]


def peers(draft: Draft, entry: CryptoMapEntry, m: Match) -> dict[str, Any]:
    # Another `set peer` adds a peer; it does not replace the first.
    return {"peer_names": tuple(dict.fromkeys((*entry.peer_names, *m["peers"])))}


def pfs(draft: Draft, entry: CryptoMapEntry, m: Match) -> dict[str, Any]:
    if "group" in m:
        return {"pfs": int(m["group"].removeprefix("group"))}
    return {"pfs": Config(version=draft.settings.get("version")).default_pfs_group}


def entry_lifetime(draft: Draft, entry: CryptoMapEntry, m: Match) -> dict[str, Any]:
    changes = {}
    if "seconds" in m:
        changes["lifetime_seconds"] = m["seconds"]
    if "kilobytes" in m:
        changes["lifetime_kilobytes"] = m["kilobytes"]
    return changes


def phase1_mode(draft: Draft, entry: CryptoMapEntry, m: Match) -> dict[str, Any]:
    group = int(m["group"].removeprefix("group")) if "group" in m else None
    return {"phase1_mode": m["mode"], "phase1_group": group}


def map_interface(draft: Draft, m: Match) -> None:
    # An interface has one crypto map: binding another takes the first away.
    for found in draft.maps.values():
        found.interfaces.pop(m["ifname"], None)
    draft.maps.setdefault(m["map"], DraftMap()).interfaces[m["ifname"]] = m.span


def no_map_interface(draft: Draft, m: Match) -> None:
    draft.maps.get(m["map"], DraftMap()).interfaces.pop(m["ifname"], None)


# --- tunnel-groups and group-policies -----------------------------------------------------------------------------


def tunnel_group(draft: Draft, m: Match) -> None:
    name, kind = m["name"], m["type"].lower().replace("_", "-")
    # `ipsec-ra` is the old word for remote-access.
    kind = {"ipsec-ra": "remote-access"}.get(kind, kind)
    known = draft.tunnel_groups.get(name)
    draft.tunnel_groups[name] = (
        replace(known, type=kind, span=m.span) if known else TunnelGroup(name, kind, span=m.span)
    )


def tunnel_group_attributes(draft: Draft, m: Match) -> None:
    name = m["name"]
    if name not in draft.tunnel_groups:
        draft.tunnel_groups[name] = TunnelGroup(name, BUILT_IN_GROUPS.get(name, "ipsec-l2l"), span=m.span)
        if name not in BUILT_IN_GROUPS:
            draft.warn(
                "tunnel-group-without-type",
                Text(
                    f"tunnel-group {name} has attributes before it has a type: taken as ipsec-l2l",
                    f"tunnel-group {name} はタイプより先に属性が設定されています。ipsec-l2l とみなします",
                ),
                m.span,
                same(f"tunnel-group {name} type ipsec-l2l"),
            )
    draft.subject = name


def no_tunnel_group(draft: Draft, m: Match) -> None:
    draft.tunnel_groups.pop(m["name"], None)
    draft.tunnel_groups.setdefault(DEFAULT_L2L_GROUP, TunnelGroup(DEFAULT_L2L_GROUP))


def group_setting(name: str, change: Callable[[Match], dict[str, Any]]) -> tuple[Handler, Handler]:
    def apply(draft: Draft, m: Match) -> None:
        group = draft.tunnel_groups[draft.subject]
        draft.tunnel_groups[draft.subject] = replace(group, **change(m), spans={**group.spans, name: m.span})

    def remove(draft: Draft, m: Match) -> None:
        group = draft.tunnel_groups[draft.subject]
        defaults = {field: getattr(TunnelGroup(""), field) for field in TUNNEL_GROUP_FIELDS[name]}
        spans = {key: span for key, span in group.spans.items() if key != name}
        draft.tunnel_groups[draft.subject] = replace(group, **defaults, spans=spans)

    return apply, remove


TUNNEL_GROUP_FIELDS: Final = {
    "pre-shared-key": ("pre_shared_key", "key_masked"),
    "keepalive": ("keepalive_threshold", "keepalive_retry", "keepalive_disabled"),
    "default-group-policy": ("default_group_policy",),
    "peer-id-validate": ("peer_id_validate",),
    "trust-point": ("trust_point",),
}


def _pre_shared_key(m: Match) -> dict[str, Any]:
    return {"pre_shared_key": m["key"], "key_masked": m["key"] is None}


def pre_shared_key(draft: Draft, m: Match) -> None:
    group_setting("pre-shared-key", _pre_shared_key)[0](draft, m)
    key: Secret | None = m["key"]
    if key is not None and len(key) < SHORT_KEY:
        draft.warn(
            "short-key",
            Text(
                f"the pre-shared key of tunnel-group {draft.subject} has {len(key)} characters:"
                " whoever intercepts one negotiation can search for it",
                f"tunnel-group {draft.subject} の事前共有キーは {len(key)} 文字です。"
                "ネゴシエーションを一度傍受した者が総当たりで求められます",
            ),
            m.span,
            Text("use a random key of 20 characters or more", "20 文字以上のランダムなキーを使う"),
        )


def keepalive(m: Match) -> dict[str, Any]:
    if "disable" in m or "infinite" in m:
        return {"keepalive_disabled": True}
    changes: dict[str, Any] = {"keepalive_disabled": False}
    if "threshold" in m:
        changes["keepalive_threshold"] = m["threshold"]
    if "retry" in m:
        changes["keepalive_retry"] = m["retry"]
    return changes


def group_policy(draft: Draft, m: Match) -> None:
    draft.group_policies.setdefault(m["name"], GroupPolicy(m["name"], span=m.span))
    draft.subject = m["name"]


def no_group_policy(draft: Draft, m: Match) -> None:
    draft.group_policies.pop(m["name"], None)
    draft.group_policies.setdefault(DEFAULT_GROUP_POLICY, DEFAULT_POLICY)


def policy_setting(name: str, value: Callable[[Match], Any]) -> tuple[Handler, Handler]:
    attribute = name.replace("-", "_")

    def apply(draft: Draft, m: Match) -> None:
        policy = draft.group_policies[draft.subject]
        spans = {**policy.spans, name: m.span}
        draft.group_policies[draft.subject] = replace(policy, **{attribute: value(m)}, spans=spans)

    def remove(draft: Draft, m: Match) -> None:
        policy = draft.group_policies[draft.subject]
        default: Any = getattr(DEFAULT_POLICY, attribute) if draft.subject == DEFAULT_GROUP_POLICY else None
        spans = {key: span for key, span in policy.spans.items() if key != name}
        draft.group_policies[draft.subject] = replace(policy, **{attribute: default}, spans=spans)

    return apply, remove


# --- clear configure ----------------------------------------------------------------------------------------------


def clear_crypto_map(draft: Draft, m: Match) -> None:
    if "name" in m:
        draft.maps.pop(m["name"], None)
    else:
        draft.maps.clear()


def clear_tunnel_group(draft: Draft, m: Match) -> None:
    if "name" in m:
        no_tunnel_group(draft, m)
    else:
        draft.tunnel_groups = {DEFAULT_L2L_GROUP: TunnelGroup(DEFAULT_L2L_GROUP)}


def clear_access_list(draft: Draft, m: Match) -> None:
    if "name" in m:
        draft.access_lists.pop(m["name"], None)
    else:
        draft.access_lists.clear()
