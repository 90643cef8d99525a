"""What an ASA configuration says, as values. Knows no text and no grammar, no packets, no negotiation.

Equality is about what is configured: where it stands (`span`, `spans`, `lines`) is never compared, so a configuration
that was printed and read again equals the first. A `spans` mapping goes from a setting to the line that made it; what
is missing there is a default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Literal

from mainmode.config.vocabulary import icmp_name, port_name, protocol_name
from mainmode.secret import Secret
from mainmode.span import Span

DEFAULT_L2L_GROUP: Final = "DefaultL2LGroup"
DEFAULT_GROUP_POLICY: Final = "DfltGrpPolicy"

ICMP, TCP, UDP = 1, 6, 17

ANY: Final = IPv4Network("0.0.0.0/0")


class Placed(dict[str, Span]):
    """Names, and the places that have them. Two are equal if the names are."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self.keys() == other.keys()

    __hash__ = None


class Support(Enum):
    """What is done with a configuration line."""

    UNRECOGNISED = "unrecognised"
    IGNORED = "known and ignored"
    NOT_IMPLEMENTED = "known, not implemented"
    LIMITED = "understood with limits"
    DONE = "done"


# --- addresses, ports, access-lists -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddressRange:
    """From `first` to `last`, both included: `range A B` in an object."""

    first: IPv4Address
    last: IPv4Address

    def __contains__(self, address: IPv4Address) -> bool:
        return self.first <= address <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


Addresses = IPv4Network | AddressRange

DfBit = Literal["copy-df", "set-df", "clear-df"]
"""What becomes of the don't-fragment bit on the way into a tunnel."""


def written(addresses: Addresses) -> str:
    """Addresses as an access-list line has them: `any`, `host A`, `A M`, `range A B`."""
    if isinstance(addresses, AddressRange):
        return f"range {addresses.first} {addresses.last}"
    if addresses.prefixlen == 0:
        return "any"
    if addresses.prefixlen == 32:
        return f"host {addresses.network_address}"
    return f"{addresses.network_address} {addresses.netmask}"


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from `first` to `last`, both included. `neq P` is two of them."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        """As an access-list line has it, with numbers for the ports."""
        if self.first == self.last:
            return f"eq {self.first}"
        if self.last == 65535:
            return f"gt {self.first - 1}"
        if self.first == 0:
            return f"lt {self.last + 1}"
        return f"range {self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Service:
    """What a packet carries: an IP protocol (0: any) and, where the protocol has them, ports or an ICMP type."""

    protocol: int
    source_ports: PortRange | None = None
    destination_ports: PortRange | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None


@dataclass(frozen=True, slots=True)
class Ace:
    """One element of an access-list: no names left in it, no groups. In a crypto ACL each permit is one SA pair."""

    access_list: str
    permit: bool
    protocol: int
    """IP protocol number; 0 stands for `ip`, any protocol."""
    source: Addresses
    source_ports: PortRange | None
    destination: Addresses
    destination_ports: PortRange | None
    icmp_type: int | None = None
    icmp_code: int | None = None
    active: bool = True
    """False on a line that ends in `inactive`: it is there and does nothing."""
    span: Span | None = field(default=None, compare=False)

    def matches(
        self, protocol: int, source: IPv4Address, source_port: int, destination: IPv4Address, destination_port: int
    ) -> bool:
        """Whether a packet's 5-tuple is meant by this element, permitted or denied. An inactive one means nothing.

        An ICMP type is not in a 5-tuple and not compared: a security association cannot select by it either.
        """
        return (
            self.active
            and self.protocol in (0, protocol)
            and source in self.source
            and destination in self.destination
            and (self.source_ports is None or source_port in self.source_ports)
            and (self.destination_ports is None or destination_port in self.destination_ports)
        )

    def mirrors(self, other: Ace) -> bool:
        """Whether `other` is the same element seen from the far end: the two sides' crypto ACLs must be such images."""
        return (
            self.protocol == other.protocol
            and self.source == other.destination
            and self.destination == other.source
            and self.source_ports == other.destination_ports
            and self.destination_ports == other.source_ports
        )

    @property
    def text(self) -> str:
        """This element as `show access-list` and `show crypto ipsec sa` print it, groups and names resolved."""
        words = ["access-list", self.access_list, "extended", "permit" if self.permit else "deny"]
        words.append(protocol_name(self.protocol))
        for addresses, ports in ((self.source, self.source_ports), (self.destination, self.destination_ports)):
            words.append(written(addresses))
            if ports is not None and ports.first == ports.last:
                words += ["eq", port_name(ports.first, self.protocol)]
            elif ports is not None:
                words.append(str(ports))
        if self.icmp_type is not None:
            words.append(icmp_name(self.icmp_type))
            words += [] if self.icmp_code is None else [str(self.icmp_code)]
        return " ".join(words if self.active else [*words, "inactive"])


@dataclass(frozen=True, slots=True)
class AccessListLine:
    """One line of an access-list. The elements it stands for are made on first use, because a line of an interface's
    list can stand for thousands that nothing here ever asks for."""

    text: str
    """The line as `show running-config access-list` prints it: one blank between words, `line N` left out."""
    access_list: str
    permit: bool
    services: tuple[Service, ...]
    sources: tuple[Addresses, ...]
    destinations: tuple[Addresses, ...]
    active: bool = True
    span: Span | None = field(default=None, compare=False)
    _aces: list[tuple[Ace, ...]] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def aces(self) -> tuple[Ace, ...]:
        """One element per combination of what the line's groups and objects hold, in the ASA's order."""
        if not self._aces:
            self._aces.append(tuple(self._expanded()))
        return self._aces[0]

    def _expanded(self) -> Iterator[Ace]:
        for service in self.services:
            for source in self.sources:
                for destination in self.destinations:
                    yield Ace(
                        self.access_list,
                        self.permit,
                        service.protocol,
                        source,
                        service.source_ports,
                        destination,
                        service.destination_ports,
                        service.icmp_type,
                        service.icmp_code,
                        self.active,
                        self.span,
                    )


@dataclass(frozen=True, slots=True)
class AccessList:
    """An extended access-list, first match wins. Remarks are not among its lines."""

    name: str
    lines: tuple[AccessListLine, ...]

    @property
    def aces(self) -> tuple[Ace, ...]:
        return tuple(ace for line in self.lines for ace in line.aces)


# --- interfaces, objects, NAT, routes -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interface:
    """One `interface` block. Only one with a `nameif` takes part in anything."""

    hardware: str
    name: str | None = None
    address: IPv4Address | None = None
    network: IPv4Network | None = None
    security_level: int = 0
    shutdown: bool = False
    standby: IPv4Address | None = None
    setroute: bool = False
    """`ip address dhcp setroute`: who gives it an address gives it a default route as well."""
    span: Span | None = field(default=None, compare=False)
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class NetworkObject:
    """`object network`: a host, a subnet or a range; an `fqdn` has no addresses that reading could know."""

    name: str
    addresses: Addresses | None = None
    fqdn: str | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ServiceObject:
    """`object service`. `neq` makes two services of one line, hence the tuple."""

    name: str
    services: tuple[Service, ...] = ()
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ObjectGroup:
    """An `object-group` with what its members come to, the groups inside it included."""

    name: str
    kind: Literal["network", "service", "protocol", "icmp-type", "user", "security"]
    protocols: tuple[int, ...] = ()
    """Of a typed service group (`tcp`, `udp`, `tcp-udp`): the protocols its ports belong to."""
    addresses: tuple[Addresses, ...] = ()
    services: tuple[Service, ...] = ()
    """Services, protocols, ICMP types; in a typed service group the port-objects, as destination ports."""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NatRule:
    """One NAT rule, for a connection from `real_interface` to `mapped_interface`; most work in the other direction too.

    Rules stand in the order in which an ASA tries them: by `section`, then as in `Config.nat_rules`.
    """

    section: int
    """0 exemption by access-list (8.2 and older), 1 twice NAT, 2 object NAT, 3 twice NAT `after-auto`."""
    kind: Literal["static", "dynamic", "exempt"]
    real_interface: str
    mapped_interface: str
    """`any` is possible for both."""
    real: tuple[Addresses, ...] = ()
    mapped: tuple[Addresses, ...] = ()
    """Empty when the mapped address is the mapped interface's own."""
    real_destination: tuple[Addresses, ...] = ()
    mapped_destination: tuple[Addresses, ...] = ()
    """Both empty: whatever the destination is, and it stays."""
    real_service: tuple[Service, ...] = ()
    mapped_service: tuple[Service, ...] = ()
    """Both empty: whatever the service is, and it stays."""
    to_interface: bool = False
    unidirectional: bool = False
    no_proxy_arp: bool = False
    route_lookup: bool = False
    active: bool = True
    object: str | None = None
    """Object NAT: the name of the object it stands in."""
    access_list: str | None = None
    """Exemption and policy NAT of 8.2 and older: what is meant by it."""
    text: str = field(default="", compare=False)
    span: Span | None = field(default=None, compare=False)

    @property
    def identity(self) -> bool:
        """Whether it leaves both addresses as they are, so that the crypto ACL sees the real ones."""
        if self.kind == "exempt":
            return True
        return not self.to_interface and self.real == self.mapped and self.real_destination == self.mapped_destination


@dataclass(frozen=True, slots=True)
class Route:
    interface: str
    network: IPv4Network
    gateway: IPv4Address
    metric: int = 1
    tunneled: bool = False
    span: Span | None = field(default=None, compare=False)


# --- IKE and IPsec ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IkePolicy:
    """`crypto isakmp policy N`, `crypto ikev1 policy N`; the lowest number is tried first."""

    priority: int
    authentication: str = "pre-share"
    encryption: str = "3des"
    hash: str = "sha"
    group: int = 2
    lifetime: int | None = 86400
    """Seconds; None for `lifetime none`."""
    span: Span | None = field(default=None, compare=False)
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)
    """By subcommand: `authentication`, `encryption`, `hash`, `group`, `lifetime`."""


@dataclass(frozen=True, slots=True)
class TransformSet:
    name: str
    encryption: str = ""
    """`esp-aes-256`; empty while only `mode transport` was said of it."""
    authentication: str = "esp-none"
    mode: Literal["tunnel", "transport"] = "tunnel"
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CryptoMapEntry:
    """One sequence number of a crypto map or of a dynamic map. None: not said here, the default or `Config`'s holds."""

    map: str
    sequence: int
    access_list: str | None = None
    peers: tuple[IPv4Address, ...] = ()
    peer_names: tuple[str, ...] = ()
    """The peers as typed: addresses, or names that `name` gives an address; one without is missing in `peers`."""
    transform_sets: tuple[str, ...] = ()
    ikev2_proposals: tuple[str, ...] = ()
    pfs: int | None = None
    """Diffie-Hellman group; None without `set pfs`."""
    lifetime_seconds: int | None = None
    lifetime_kilobytes: int | Literal["unlimited"] | None = None
    reverse_route: bool = False
    nat_t_disable: bool = False
    connection_type: Literal["bidirectional", "originate-only", "answer-only"] = "bidirectional"
    phase1_mode: Literal["main", "aggressive"] = "main"
    phase1_group: int | None = None
    """Aggressive mode's Diffie-Hellman group."""
    trust_point: str | None = None
    dynamic: str | None = None
    """The dynamic map that stands at this sequence number; nothing else is then said here."""
    span: Span | None = field(default=None, compare=False)
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)
    """By setting: `match address`, `set peer`, `set transform-set`, `set pfs`, `set reverse-route`, …, `dynamic`."""

    @property
    def complete(self) -> bool:
        """Whether it can be used. An ASA passes over an entry without an access-list, a peer or a transform set.

        (An entry of a dynamic map needs only a transform set.)
        """
        if self.dynamic is not None:
            return True
        return bool(self.access_list and self.peers and self.transform_sets)


@dataclass(frozen=True, slots=True)
class CryptoMap:
    """A crypto map, or a dynamic map, which has no interfaces."""

    name: str
    entries: tuple[CryptoMapEntry, ...] = ()
    """By sequence number."""
    interfaces: tuple[str, ...] = ()
    interface_spans: Mapping[str, Span] = field(default_factory=dict, compare=False)

    @property
    def interface(self) -> str | None:
        """The interface it is bound to; the first, should there be several."""
        return self.interfaces[0] if self.interfaces else None

    @property
    def interface_span(self) -> Span | None:
        return self.interface_spans.get(self.interfaces[0]) if self.interfaces else None


@dataclass(frozen=True, slots=True)
class TunnelGroup:
    """`tunnel-group NAME`. For main mode with pre-shared keys the name is the peer's address."""

    name: str
    type: str = "ipsec-l2l"
    pre_shared_key: Secret | None = None
    key_masked: bool = False
    """The configuration says `*****`: there is a key, and `show running-config` did not tell it."""
    keepalive_threshold: int = 10
    keepalive_retry: int = 2
    keepalive_disabled: bool = False
    default_group_policy: str = DEFAULT_GROUP_POLICY
    peer_id_validate: Literal["req", "cert", "nocheck"] = "req"
    trust_point: str | None = None
    span: Span | None = field(default=None, compare=False)
    """None for the groups that every ASA has."""
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)
    """By setting: `pre-shared-key`, `keepalive`, `default-group-policy`, `peer-id-validate`, `trust-point`."""


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """`group-policy NAME`. None: not said here, DfltGrpPolicy's value holds; there it is filled in."""

    name: str
    vpn_idle_timeout: int | Literal["none"] | None = None
    """Minutes."""
    vpn_session_timeout: int | Literal["none"] | None = None
    """Minutes."""
    vpn_filter: str | None = None
    vpn_tunnel_protocol: tuple[str, ...] | None = None
    span: Span | None = field(default=None, compare=False)
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)


DEFAULT_POLICY: Final = GroupPolicy(
    DEFAULT_GROUP_POLICY, 30, "none", None, ("ikev1", "ikev2", "l2tp-ipsec", "ssl-clientless")
)
"""DfltGrpPolicy as shipped (FACTS §3.1: 30 minutes, for LAN-to-LAN too)."""


# --- the whole ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Config:
    """One ASA's configuration; what is not said has the ASA's default."""

    hostname: str = "ciscoasa"
    version: str | None = None
    """As the header of `show running-config` has it: `9.3(2)`."""
    syntax: Literal["isakmp", "ikev1"] = "ikev1"
    """How the policies are written: `crypto isakmp policy` (8.3 and older) or `crypto ikev1 policy`."""
    interfaces: tuple[Interface, ...] = ()
    objects: Mapping[str, NetworkObject | ServiceObject] = field(default_factory=dict)
    object_groups: Mapping[str, ObjectGroup] = field(default_factory=dict)
    access_lists: Mapping[str, AccessList] = field(default_factory=dict)
    nat_rules: tuple[NatRule, ...] = ()
    nat_control: bool = False
    """8.2 and older: traffic that no NAT rule fits is dropped."""
    routes: tuple[Route, ...] = ()
    ike_policies: tuple[IkePolicy, ...] = ()
    """By priority, the best first."""
    transform_sets: Mapping[str, TransformSet] = field(default_factory=dict)
    crypto_maps: Mapping[str, CryptoMap] = field(default_factory=dict)
    dynamic_maps: Mapping[str, CryptoMap] = field(default_factory=dict)
    tunnel_groups: Mapping[str, TunnelGroup] = field(
        default_factory=lambda: {DEFAULT_L2L_GROUP: TunnelGroup(DEFAULT_L2L_GROUP)}
    )
    group_policies: Mapping[str, GroupPolicy] = field(default_factory=lambda: {DEFAULT_GROUP_POLICY: DEFAULT_POLICY})
    ike_enabled: Mapping[str, Span] = field(default_factory=Placed)
    """The interfaces on which IKEv1 is answered, and the lines that say so."""
    identity: Literal["auto", "address", "hostname", "key-id"] = "auto"
    identity_value: str | None = None
    """The string of `key-id`."""
    nat_traversal: int | None = 20
    """Seconds between keepalives; None when NAT traversal is switched off. On by default from 8.0 on."""
    disconnect_notify: bool = False
    aggressive_mode: bool = True
    """False after `crypto ikev1 am-disable`."""
    lifetime_seconds: int = 28800
    lifetime_kilobytes: int | None = 4608000
    """None for `unlimited`."""
    replay_window: int = 64
    """Packets; 0 when replay detection is disabled."""
    df_bit: Mapping[str, DfBit] = field(default_factory=dict)
    """By interface: `copy-df`, `set-df`, `clear-df`; `copy-df` where nothing is said."""
    fragmentation: Mapping[str, str] = field(default_factory=dict)
    """By interface: `before-encryption`, `after-encryption`; the former where nothing is said."""
    pmtu_aging: int | None = None
    """Minutes after which a learnt path MTU is forgotten; None: `pmtu-aging infinite`."""
    mtu: Mapping[str, int] = field(default_factory=dict)
    """By interface; 1500 where nothing is said."""
    sysopt_permit_vpn: bool = True
    same_security_inter: bool = False
    same_security_intra: bool = False
    tcpmss: int = 1380
    """`sysopt connection tcpmss`; 0 leaves segments alone."""
    access_groups: Mapping[str, str] = field(default_factory=dict)
    """By interface and direction (`outside in`, `global`): the access-list that filters there."""
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)
    """By global setting: `identity`, `nat-traversal`, `lifetime seconds`, `replay`, `sysopt permit-vpn`, …"""
    file: str = field(default="", compare=False)
    lines: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    """Every line of the text, keys masked; line N is `lines[N - 1]`."""

    def __hash__(self) -> int:
        return id(self)

    @property
    def default_pfs_group(self) -> int:
        """What a bare `set pfs` means: group 2, from 9.13 on 14 (FACTS §2)."""
        numbers = (self.version or "").partition("(")[0].split(".")[:2]
        return 14 if tuple(int(part) for part in numbers if part.isdecimal()) >= (9, 13) else 2

    def interface_named(self, name: str) -> Interface | None:
        """The interface with this `nameif`."""
        return next((interface for interface in self.interfaces if interface.name == name), None)

    def interface_at(self, address: IPv4Address) -> Interface | None:
        """The interface that has this address itself."""
        return next((interface for interface in self.interfaces if interface.address == address), None)

    def interface_number(self, name: str) -> int:
        """The number an ASA gives the interface (`VPIF num`): counted from 1 over those with a name; 0 if unknown."""
        named = [interface.name for interface in self.interfaces if interface.name is not None]
        return named.index(name) + 1 if name in named else 0

    def crypto_map_on(self, interface: str) -> CryptoMap | None:
        """The crypto map bound to an interface; an interface has one at most."""
        return next((found for found in self.crypto_maps.values() if interface in found.interfaces), None)

    def names_peer(self, address: IPv4Address) -> bool:
        """Whether a tunnel-group is this address's, or a crypto map entry has it for a peer."""
        maps = [*self.crypto_maps.values(), *self.dynamic_maps.values()]
        return str(address) in self.tunnel_groups or any(
            address in entry.peers for one in maps for entry in one.entries
        )

    def lifetimes(self, entry: CryptoMapEntry) -> tuple[int, int | None]:
        """Seconds and kilobytes an entry asks for: its own, else the global ones. Kilobytes None: no limit."""
        seconds = self.lifetime_seconds if entry.lifetime_seconds is None else entry.lifetime_seconds
        if entry.lifetime_kilobytes == "unlimited":
            return seconds, None
        return seconds, self.lifetime_kilobytes if entry.lifetime_kilobytes is None else entry.lifetime_kilobytes

    def group_policy(self, group: TunnelGroup) -> GroupPolicy:
        """The group-policy of a tunnel-group with everything it inherits filled in."""
        default = self.group_policies[DEFAULT_GROUP_POLICY]
        policy = self.group_policies.get(group.default_group_policy, default)
        return replace(
            policy,
            vpn_idle_timeout=default.vpn_idle_timeout if policy.vpn_idle_timeout is None else policy.vpn_idle_timeout,
            vpn_session_timeout=default.vpn_session_timeout
            if policy.vpn_session_timeout is None
            else policy.vpn_session_timeout,
            vpn_filter=default.vpn_filter if policy.vpn_filter is None else policy.vpn_filter,
            vpn_tunnel_protocol=default.vpn_tunnel_protocol
            if policy.vpn_tunnel_protocol is None
            else policy.vpn_tunnel_protocol,
        )
