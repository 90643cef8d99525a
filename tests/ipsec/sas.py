"""SA pairs and packets for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import shake_256
from ipaddress import IPv4Address, IPv4Network

from mainmode.events import ProxyId
from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, Auth, Cipher
from mainmode.ipsec.sa import IpsecSa
from mainmode.ipsec.selectors import TrafficSelector
from mainmode.secret import Secret

SITE_A, SITE_B = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")
SPI = 0xDDE50931
AES, SHA = ESP_CIPHERS[12, 128], ESP_AUTHS[2]


class Entropy:
    """Octets that look random and are the same in every run."""

    def __init__(self, seed: str = "") -> None:
        self._blocks: Iterator[bytes] = (shake_256(f"{seed}/{n}".encode()).digest(64) for n in range(1 << 30))

    def __call__(self, n: int) -> bytes:
        return next(self._blocks)[:n]


def proxy(network: str, protocol: int = 0, port: int = 0) -> ProxyId:
    """A proxy identity from `192.168.1.0/24` or `10.0.0.1-10.0.0.9`."""
    first, _, last = network.partition("-")
    if last:
        return ProxyId(IPv4Address(first), IPv4Address("255.255.255.255"), protocol, port, IPv4Address(last))
    net = IPv4Network(network)
    return ProxyId(net.network_address, net.netmask, protocol, port)


def selectors(
    local: str = "192.168.1.0/24", remote: str = "192.168.2.0/24", protocol: int = 1, ports: tuple[int, int] = (0, 0)
) -> TrafficSelector:
    return TrafficSelector(proxy(local, protocol, ports[0]), proxy(remote, protocol, ports[1]))


def pair(
    cipher: Cipher = AES,
    auth: Auth | None = SHA,
    traffic: TrafficSelector | None = None,
    spi: int = SPI,
    **more: object,
) -> tuple[IpsecSa, IpsecSa]:
    """One direction of a tunnel seen from both ends: the outbound SA of site A, the inbound SA of site B."""
    traffic = traffic or selectors()
    fields: dict[str, object] = {
        "spi": spi,
        "pair_spi": 0xFD2D851F,
        "cipher": cipher,
        "auth": auth,
        "encryption_key": Secret(shake_256(b"encryption").digest(cipher.key_length)),
        "authentication_key": Secret(shake_256(b"authentication").digest(auth.key_length if auth else 0)),
        "lifetime_seconds": 3600,
        "lifetime_kilobytes": 4608000,
        "installed_at": 0.0,
        "crypto_map": "outside_map",
        "sequence": 10,
        "session_id": 0x4000,
        "access_list": "",
        "local": SITE_A,
        "remote": SITE_B,
        "tunnel_group": "10.0.0.2",
    } | more
    outbound = IpsecSa(direction="outbound", selectors=traffic, **fields)  # type: ignore[arg-type]
    fields |= {"local": outbound.remote, "remote": outbound.local, "tunnel_group": str(outbound.local)}
    mirrored = TrafficSelector(traffic.remote, traffic.local)
    return outbound, IpsecSa(direction="inbound", selectors=mirrored, **fields)  # type: ignore[arg-type]


def packet(
    source: str = "192.168.1.2",
    destination: str = "192.168.2.1",
    protocol: int = 1,
    body: bytes = b"\x08\0\0\0\x6f\0\0\5" + bytes(56),
    *,
    fragment: int = 0,
) -> bytes:
    """An IPv4 packet; by default an ICMP echo request of 84 octets. `fragment`: the flags and offset field."""
    header = (
        bytes([0x45, 0]) + (20 + len(body)).to_bytes(2) + bytes(2) + fragment.to_bytes(2) + bytes([64, protocol, 0, 0])
    )
    return header + IPv4Address(source).packed + IPv4Address(destination).packed + body
