"""An IPsec SA as quick mode agreed it, and the counters of one. Knows no packets."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, fields, replace
from ipaddress import IPv4Address
from typing import Final

from mainmode.blame import Refused
from mainmode.events import Direction
from mainmode.ike.algorithms import Auth, Cipher
from mainmode.ipsec.outer import DEFAULT_POLICY, OuterPolicy
from mainmode.ipsec.selectors import TrafficSelector
from mainmode.secret import Secret
from mainmode.span import Span

ESP_HEADER: Final = 8
"""SPI and sequence number (RFC 4303 §2)."""
ESP_TRAILER: Final = 2
"""Pad length and next header."""
LOWEST_SPI: Final = 256
"""0 is never sent, 1 to 255 are reserved (RFC 4303 §2.1)."""

INVALID_SPI: Final = 11
NO_PROPOSAL_CHOSEN: Final = 14
"""NOTIFY message types (RFC 2408 §3.14.1)."""


def choose_spi(entropy: Callable[[int], bytes], taken: Container[int]) -> int:
    """An SPI for an inbound SA: unpredictable, none of `taken`, none of the reserved ones. `entropy(n)`: n octets."""
    while True:
        spi = int.from_bytes(entropy(4))
        if spi >= LOWEST_SPI and spi not in taken:
            return spi


@dataclass(frozen=True, slots=True, kw_only=True)
class IpsecSa:
    """One direction of an IPsec tunnel (ESP, tunnel mode).

    Raises Refused for a reserved SPI, and for ESP NULL without integrity (RFC 4303 §3.2).
    """

    direction: Direction
    spi: int
    """Chosen by the receiver, so only an inbound SA's is unique here; see `id`."""
    pair_spi: int
    """The SPI of the other direction."""
    local: IPv4Address
    remote: IPv4Address
    local_port: int = 0
    """UDP port at this end when ESP is carried in UDP (RFC 3948), else 0; likewise `remote_port`."""
    remote_port: int = 0
    selectors: TrafficSelector
    cipher: Cipher
    auth: Auth | None
    """None: `esp-none`, without integrity, and then without protection against replay (RFC 4303 §3.4.3)."""
    encryption_key: Secret
    authentication_key: Secret
    replay_window: int = 64
    """Packets; 0: `replay disable`."""
    lifetime_seconds: int
    lifetime_kilobytes: int | None
    """None: `kilobytes unlimited`."""
    soft_octets: int | None = None
    """After so many the lifetime in kilobytes is nearly over, and it is time to renew (RFC 4301 §4.4.2.1)."""
    installed_at: float
    """Seconds, of the clock that is handed in."""
    pfs_group: int | None = None
    tunnel_group: str
    crypto_map: str
    sequence: int
    """Of the crypto map entry; where selectors overlap, the lower one has the packet."""
    session_id: int
    """`Session ID` in the IPSEC records, `conn_id` in `show crypto ipsec sa`."""
    access_list: str
    """The matched line of the crypto access-list, as `show access-list` prints it; empty for a dynamic map's."""
    access_list_span: Span | None = None
    outer: OuterPolicy = DEFAULT_POLICY
    """What the interface it leaves by says of the headers around its packets."""

    def __post_init__(self) -> None:
        if self.spi < LOWEST_SPI or self.pair_spi < LOWEST_SPI:
            raise Refused("a reserved SPI", INVALID_SPI)
        if not self.auth and not self.cipher.key_length:
            raise Refused("neither encryption nor integrity", NO_PROPOSAL_CHOSEN)

    @property
    def id(self) -> tuple[IPv4Address, int]:
        """Destination and SPI: what tells an SA from every other (RFC 4301 §4.1), as two peers may choose one SPI."""
        return (self.local if self.direction == "inbound" else self.remote, self.spi)

    @property
    def in_udp(self) -> bool:
        return self.remote_port != 0

    @property
    def knows_copies(self) -> bool:
        """Whether what comes by it is authentic and no copy of what came before."""
        return self.auth is not None and self.replay_window > 0

    @property
    def overhead(self) -> tuple[int, int]:
        """Octets that encapsulation adds: at the worst padding, and before trailer and ICV.

        `ipsec overhead 74(44)` of esp-aes with an HMAC: IP 20 + ESP 8 + IV 16 = 44, + block 16 + trailer 2 + ICV 12.
        """
        fixed = 20 + ESP_HEADER + self.cipher.iv_length + (8 if self.in_udp else 0)
        icv = self.auth.icv_length if self.auth else 0
        return fixed + self.cipher.block_size + ESP_TRAILER + icv, fixed


@dataclass(slots=True)
class Counters:
    """What one SA has done, by the names of `show crypto ipsec sa detail`.

    Of a pair, the inbound SA counts what is received and the outbound SA what is sent; a display adds the two.
    """

    encaps: int = 0
    encrypt: int = 0
    digest: int = 0
    decaps: int = 0
    """Packets that came from the peer, verified; `decrypt` and `verify` only those that were also passed on."""
    decrypt: int = 0
    verify: int = 0
    compressed: int = 0
    decompressed: int = 0
    not_compressed: int = 0
    comp_failed: int = 0
    decomp_failed: int = 0
    pre_frag_successes: int = 0
    """Packets that were cut up before encryption; `fragments_created` counts the pieces."""
    pre_frag_failures: int = 0
    """Packets that would have had to be, and forbid it."""
    fragments_created: int = 0
    pmtus_sent: int = 0
    """Hosts that were told what fits; `pmtus_rcvd` counts the routers that told us."""
    pmtus_rcvd: int = 0
    decapsulated_frgs_needing_reassembly: int = 0
    """Fragments that came out of the tunnel."""
    tfc_rcvd: int = 0
    tfc_sent: int = 0
    valid_icmp_errors_rcvd: int = 0
    invalid_icmp_errors_rcvd: int = 0
    send_errors: int = 0
    recv_errors: int = 0
    # What `detail` prints in place of the last two.
    no_sa_send: int = 0
    invalid_sa_rcv: int = 0
    encaps_failed_send: int = 0
    decaps_failed_rcv: int = 0
    invalid_prot_rcv: int = 0
    verify_failed: int = 0
    invalid_identity_rcv: int = 0
    invalid_len_rcv: int = 0
    invalid_pad_rcv: int = 0
    invalid_ip_version_rcv: int = 0
    replay_rollover_send: int = 0
    replay_rollover_rcv: int = 0
    replay_failed_rcv: int = 0
    min_mtu_frag_failed_send: int = 0
    """The MTU leaves no room for any fragment."""
    bad_frag_offset_rcv: int = 0
    internal_err_send: int = 0
    internal_err_rcv: int = 0
    # What lifetimes and `show vpn-sessiondb` go by.
    octets: int = 0
    """Of inner packets, headers included: what a lifetime in kilobytes counts (1,024 octets each)."""
    packets_before: int = 0
    """Packets sent or passed on before these counters were cleared."""
    last_used: float | None = None
    """When the last packet passed, seconds of the clock that is handed in; for the idle timeout."""

    def add(self, other: Counters) -> None:
        """Count what another SA has done as well."""
        for name in (*COUNTED, "packets_before"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.last_used is not None:
            self.last_used = max(other.last_used, self.last_used or other.last_used)

    @property
    def session_packets(self) -> int:
        """Packets of one direction that a session has sent or received: clearing is none of its business."""
        return self.packets_before + self.encaps + self.decrypt

    def clear(self) -> Counters:
        """Count from zero again what `show crypto ipsec sa` counts. Lifetimes, timeouts and sessions go on.

        Returns what was counted so far and will not be found here again.
        """
        cleared = replace(self, octets=0, packets_before=0)
        self.packets_before = self.session_packets
        for name in COUNTED:
            if name != "octets":
                setattr(self, name, 0)
        return cleared


COUNTED: Final = tuple(field.name for field in fields(Counters) if field.name not in ("packets_before", "last_used"))
"""The names of what is counted and shown."""
