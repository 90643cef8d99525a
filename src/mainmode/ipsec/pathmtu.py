"""How long a packet may be in one tunnel, and who says so. Knows one outbound SA's numbers, no packets' contents.

RFC 4301 §8.2 has a path MTU per SA, and reports about it in ICMP, which nobody authenticates. What is believed is in
docs/decisions: only a report that quotes a packet which this SA has sent, with DF set, lowers it, and never below what
an ASA takes.

    inner packet      `crypto ipsec df-bit`   before-encryption            after-encryption
    fits              any                     encrypted whole              encrypted whole
    too long, no DF   any                     cut up, then encrypted       encrypted whole, the outer packet is cut up
    too long, DF      copy-df, set-df         dropped, its sender is told  dropped, its sender is told
    too long, DF      clear-df                DF cleared, cut up           encrypted whole, the outer packet is cut up

Sources: `crypto ipsec df-bit` and `crypto ipsec fragmentation` in the command reference ("set-df … may fragment the
packet if the original packet had the DF bit cleared"), the pre-fragmentation page of the ASDM guide ("the ASA clears
the DF bit, fragments the packets, and then encapsulates them"), RFC 4301 §8.1 and §8.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from mainmode.ipsec.sa import ESP_TRAILER, IpsecSa

LOWEST_PATH_MTU: Final = 256
"""Octets; and the step down where a router names no size. Both are an ASA's (syslog guide, 602103)."""

DONT_FRAGMENT: Final = 0x40
"""The DF bit in the seventh octet of an IPv4 header."""


@dataclass(frozen=True, slots=True)
class Report:
    """An ICMP `fragmentation needed` about a packet that left here in ESP. Nobody vouches for it."""

    router: IPv4Address
    """Who says so."""
    to: IPv4Address
    """Where the packet was going, by the header that is quoted."""
    quoted: bytes
    """As much as is quoted of it, from the SPI on."""
    suggested: int
    """Octets that the next hop takes; 0: the router does not say (RFC 792, before RFC 1191)."""


class PathMtu:
    """What one outbound SA knows of its path: how long an outer packet may be, and so how long an inner one.

    RFC 4301 §8.2 has it per SA. It starts as the interface's MTU; only `told` lowers it, and time lifts it again.
    """

    __slots__ = ("_block", "_df_bits", "_df_mask", "_fixed", "_until", "mtu", "policy", "room")

    def __init__(self, sa: IpsecSa) -> None:
        self.policy = policy = sa.outer
        self._fixed = sa.overhead[1] + (sa.auth.icv_length if sa.auth else 0)
        """Octets that are added to every packet, but for padding and trailer."""
        self._block = sa.cipher.block_size
        self._until: float | None = None
        # `copy-df` looks at the inner packet; with the others it makes no difference.
        self._df_mask = DONT_FRAGMENT if policy.df == "copy-df" else 0
        self._df_bits = DONT_FRAGMENT if policy.df == "set-df" else 0
        self.mtu = policy.mtu
        """Octets of an outer packet."""
        self.room = 0
        """Octets of the longest inner packet that fits; below 0 if nothing does."""
        self._set(policy.mtu)

    def outer_df(self, packet: bytes) -> bool:
        """The DF bit of the header around `packet`, which fits."""
        return bool(packet[6] & self._df_mask | self._df_bits)

    def refuses(self, packet: bytes) -> bool:
        """Whether `packet`, which does not fit, may not be fragmented, neither itself nor the one around it."""
        return bool(packet[6] & DONT_FRAGMENT) and self.policy.df != "clear-df"

    def told(self, suggested: int, now: float) -> tuple[int, int]:
        """A router on the way passes on no more than `suggested` octets; 0: it did not say. The MTU before and after.

        Never higher than it was, whoever says so, and never lower than an ASA lets it become.
        """
        before = self.current(now)
        wanted = suggested or before - LOWEST_PATH_MTU
        after = min(before, max(wanted, LOWEST_PATH_MTU))
        if after < before:
            self._set(after)
            self._until = now + self.policy.aging if self.policy.aging is not None else None
        return before, after

    def current(self, now: float) -> int:
        """The path MTU, after what time has done to it. `room` follows."""
        if self._until is not None and now >= self._until:
            self._until = None
            self._set(self.policy.mtu)
        return self.mtu

    def remaining(self, now: float) -> int:
        """Whole seconds until a learnt path MTU is forgotten; 0 if none is, or never."""
        return max(0, int(self._until - now)) if self._until is not None else 0

    def _set(self, mtu: int) -> None:
        self.mtu = mtu
        self.room = (mtu - self._fixed) // self._block * self._block - ESP_TRAILER
