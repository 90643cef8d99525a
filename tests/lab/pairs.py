"""The two sites of the source document as values, and what a test may want to be different about one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from mainmode.config.model import (
    DEFAULT_L2L_GROUP,
    AccessList,
    AccessListLine,
    Config,
    CryptoMap,
    CryptoMapEntry,
    IkePolicy,
    Interface,
    PortRange,
    Service,
    TransformSet,
    TunnelGroup,
)
from mainmode.config.vocabulary import protocol_name
from mainmode.secret import Secret
from mainmode.span import Span

OUTSIDE = {"a": IPv4Address("10.0.0.1"), "b": IPv4Address("10.0.0.2")}
INSIDE = {"a": IPv4Network("192.168.1.0/24"), "b": IPv4Network("192.168.2.0/24")}
FAR = {"a": "b", "b": "a"}
ICMP, TCP = 1, 6
HERE = Span("test", 1)


def line(
    source: IPv4Network, destination: IPv4Network, protocol: int = ICMP, permit: bool = True, port: int | None = None
) -> AccessListLine:
    """One line of the crypto access-list."""
    action = "permit" if permit else "deny"
    ports = PortRange(port, port) if port is not None else None
    text = f"access-list VPN extended {action} {protocol_name(protocol)} {source} {destination}"
    return AccessListLine(text, "VPN", permit, (Service(protocol, None, ports),), (source,), (destination,), True, HERE)


def document_lines(name: str) -> tuple[AccessListLine, ...]:
    """The document's: tcp, then icmp, between the two networks."""
    mine, theirs = INSIDE[name], INSIDE[FAR[name]]
    return line(mine, theirs, TCP), line(mine, theirs, ICMP)


def transform_set(
    encryption: str = "esp-aes", authentication: str = "esp-sha-hmac", name: str = "TRANSFORM"
) -> TransformSet:
    return TransformSet(name, encryption, authentication)


def entry(name: str, sequence: int = 10, **settings: object) -> CryptoMapEntry:
    """A crypto map entry towards the other site."""
    peer = OUTSIDE[FAR[name]]
    usual = CryptoMapEntry("MAP", sequence, "VPN", (peer,), (str(peer),), ("TRANSFORM",))
    return replace(usual, **settings)  # type: ignore[arg-type]


def site(
    name: str,
    *,
    psk: bytes | None = b"cisco",
    policies: Sequence[IkePolicy] = (IkePolicy(10),),
    sets: Sequence[TransformSet] = (transform_set(),),
    lines: Sequence[AccessListLine] | None = None,
    entries: Sequence[CryptoMapEntry] | None = None,
    default_group: bool = False,
    **settings: object,
) -> Config:
    """One site; `settings` are fields of `Config`. `default_group`: the key stands in DefaultL2LGroup."""
    peer = str(OUTSIDE[FAR[name]])
    key = Secret(psk) if psk is not None else None
    groups = {DEFAULT_L2L_GROUP: TunnelGroup(DEFAULT_L2L_GROUP, pre_shared_key=key if default_group else None)}
    if psk is not None and not default_group:
        groups[peer] = TunnelGroup(peer, pre_shared_key=key)
    inside, outside = INSIDE[name], OUTSIDE[name]
    usual = Config(
        hostname=f"site-{name}",
        interfaces=(
            Interface("GigabitEthernet0/0", "inside", inside[1], inside, 100),
            Interface("GigabitEthernet0/1", "outside", outside, IPv4Network("10.0.0.0/24"), 0),
        ),
        access_lists={"VPN": AccessList("VPN", tuple(document_lines(name) if lines is None else lines))},
        ike_policies=tuple(policies),
        transform_sets={one.name: one for one in sets},
        crypto_maps={"MAP": CryptoMap("MAP", tuple(entries or (entry(name),)), ("outside",))},
        tunnel_groups=groups,
        ike_enabled={"outside": HERE},
    )
    return replace(usual, **settings)  # type: ignore[arg-type]


def hub(*, reverse_route: bool = False, **settings: object) -> Config:
    """Site b as one that knows no peer: a dynamic map, and the key in DefaultL2LGroup."""
    dynamic = entry("b", 1, access_list=None, peers=(), peer_names=(), map="DYNAMIC", reverse_route=reverse_route)
    usual = site(
        "b",
        default_group=True,
        entries=[entry("b", 65535, dynamic="DYNAMIC", access_list=None, peers=(), transform_sets=())],
    )
    return replace(usual, dynamic_maps={"DYNAMIC": CryptoMap("DYNAMIC", (dynamic,))}, **settings)  # type: ignore[arg-type]
