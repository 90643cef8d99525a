"""A hub with many peers and its spokes, as ASA configurations. Knows text and addresses; measures nothing."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from mainmode.config.model import Config
from mainmode.config.reader import read

Kind = Literal["static", "dynamic"]

HUB = IPv4Address("10.0.0.1")
HUB_NETWORK = IPv4Network("192.168.0.0/24")
HUB_HOST = HUB_NETWORK[2]

_COMMON = """\
crypto ipsec ikev1 transform-set AES esp-aes esp-sha-hmac
crypto ikev1 enable outside
crypto ikev1 policy 10
 authentication pre-share
 encryption 3des
 hash sha
 group {group}
 lifetime 86400
"""

_DYNAMIC = "crypto dynamic-map ANY 10 set ikev1 transform-set AES\ncrypto map MAP 10 ipsec-isakmp dynamic ANY\n"
_BOUND = "crypto map MAP interface outside\n"


def spoke_address(number: int) -> IPv4Address:
    return IPv4Address("10.1.0.0") + number


def spoke_network(number: int) -> IPv4Network:
    return IPv4Network((int(IPv4Address("172.16.0.0")) + (number << 8), 24))


def hub(count: int, kind: Kind) -> Config:
    """The hub: a crypto map entry per spoke, or one entry with a dynamic map for all of them."""
    lines = [_interfaces("hub", HUB, HUB_NETWORK), _COMMON.format(group=2)]
    for number in range(count if kind == "static" else 0):
        lines.append(_peer(number + 1, spoke_address(number), HUB_NETWORK, spoke_network(number)))
    if kind == "dynamic":
        lines.append(_DYNAMIC)
        lines += [_tunnel_group(spoke_address(number)) for number in range(count)]
    return _config([*lines, _BOUND])


def hub_for_anybody(group: int) -> str:
    """The hub as text: one dynamic map and one key for whoever comes. `group`: of main mode."""
    key = "tunnel-group DefaultL2LGroup ipsec-attributes\n ikev1 pre-shared-key cisco\n isakmp keepalive disable\n"
    parts = [_interfaces("hub", HUB, HUB_NETWORK), _COMMON.format(group=group), _DYNAMIC, key, _BOUND]
    return "".join(parts)


def spoke(number: int, group: int = 2) -> Config:
    """One of the hub's peers. `group`: of main mode."""
    peer = _peer(1, HUB, spoke_network(number), HUB_NETWORK)
    interfaces = _interfaces(f"spoke-{number}", spoke_address(number), spoke_network(number))
    return _config([interfaces, _COMMON.format(group=group), peer, _BOUND])


def _interfaces(name: str, address: IPv4Address, inside: IPv4Network) -> str:
    return f"""\
hostname {name}
interface GigabitEthernet0/0
 nameif inside
 security-level 100
 ip address {inside[1]} {inside.netmask}
interface GigabitEthernet0/1
 nameif outside
 security-level 0
 ip address {address} 255.0.0.0
route outside 0.0.0.0 0.0.0.0 10.255.255.254
"""


def _peer(sequence: int, peer: IPv4Address, local: IPv4Network, remote: IPv4Network) -> str:
    networks = f"{local.network_address} {local.netmask} {remote.network_address} {remote.netmask}"
    return f"""\
access-list VPN{sequence} extended permit ip {networks}
crypto map MAP {sequence} match address VPN{sequence}
crypto map MAP {sequence} set peer {peer}
crypto map MAP {sequence} set ikev1 transform-set AES
{_tunnel_group(peer)}"""


def _tunnel_group(peer: IPv4Address) -> str:
    return f"tunnel-group {peer} type ipsec-l2l\ntunnel-group {peer} ipsec-attributes\n ikev1 pre-shared-key cisco\n"


def _config(parts: list[str]) -> Config:
    reading = read("".join(parts), "bench")
    if reading.errors:
        raise SystemExit("\n".join(map(str, reading.errors)))
    return reading.config
