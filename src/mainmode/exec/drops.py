"""`show asp drop`: packets that were dropped on the way into a tunnel or out of one. Knows names, not why it was.

What is dropped by an SA is counted by it (`show crypto ipsec sa detail`); this is the rest. Reasons and layout are an
ASA's (FACTS §5.6); as there, what has not happened is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

REASONS: Final = (
    ("no crypto access-list", "Flow is denied by configured rule", "acl-drop"),
    ("no route", "No route to host", "no-route"),
    ("would be translated", "NAT failed", "nat-xlate-failed"),
    ("waiting too long", "IPSec tunnel is down", "ipsec-tun-down"),
    ("unknown SPI", "Invalid SPI", "np-sp-invalid-spi"),
    ("not IPv4", "Unsupported IP version", "unsupported-ip-version"),
    ("not taken by this host", "Dispatch queue tail drops", "dispatch-queue-limit"),
)
"""By what the data plane counts: the words of an ASA, and its name for it."""

WIDTH: Final = 62
"""Of a reason; its count ends in the eightieth column."""


def listed(dropped: Mapping[str, int]) -> Iterator[str]:
    """What is printed. Nothing is ever cleared, and flows there are none here."""
    yield from ("", "Frame drop:")
    for counter, words, name in REASONS:
        if dropped.get(counter):
            yield f"  {f'{words} ({name})':<{WIDTH}}{dropped[counter]:>16}"
    yield from ("", "Last clearing: Never", "", "Flow drop:", "", "Last clearing: Never")


def by_name(dropped: Mapping[str, int]) -> dict[str, int]:
    """The same counts by an ASA's names."""
    return {name: dropped.get(counter, 0) for counter, _, name in REASONS}
