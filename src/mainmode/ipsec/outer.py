"""What an interface's configuration says about the packets that leave it in ESP. Knows no SA and no packet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mainmode.config.model import Config, DfBit

ETHERNET_MTU: Final = 1500
"""Octets; an interface's MTU where the configuration says nothing."""


@dataclass(frozen=True, slots=True)
class OuterPolicy:
    """What an interface's configuration says about the packets that leave it in ESP."""

    df: DfBit = "copy-df"
    before_encryption: bool = True
    """False: `crypto ipsec fragmentation after-encryption`."""
    mtu: int = ETHERNET_MTU
    """Of the interface, in octets: the `media mtu` of `show crypto ipsec sa`."""
    aging: float | None = None
    """Seconds after which a learnt path MTU is forgotten; None: never (`pmtu-aging infinite`)."""

    @classmethod
    def of(cls, config: Config, interface: str) -> OuterPolicy:
        return cls(
            config.df_bit.get(interface, "copy-df"),
            config.fragmentation.get(interface) != "after-encryption",
            config.mtu.get(interface, ETHERNET_MTU),
            config.pmtu_aging * 60.0 if config.pmtu_aging is not None else None,
        )


DEFAULT_POLICY: Final = OuterPolicy()
