"""The vendor ids of the field, one row each: whose they are and what an ASA calls them. Knows not when to send which.

The vendor id of an IOS box is missing on purpose: it is another one in every session, and how it is derived is not
public, so it cannot be told from an unknown one by its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor id. Which bytes they are the MD5 of stands above each row of `VENDORS`."""

    name: str
    received: str | None
    """The `…` of `Received … VID`; None where an ASA says no more than `processing VID payload`."""
    built: str | None
    """The `…` of `constructing … payload`; None for those an ASA does not send."""
    data: bytes
    """As it is sent."""
    stem: int | None = None
    """Leading octets that identify it, where a version or capabilities follow; None: all of `data`, and no more."""


VENDORS: tuple[Vendor, ...] = (
    # MD5("draft-ietf-ipsec-nat-t-ike-02\n"). The newline was an accident that became the common form.
    Vendor(
        "NAT-Traversal ver 02",
        "NAT-Traversal ver 02",
        "NAT-Traversal VID ver 02",
        bytes.fromhex("90cb80913ebb696e086381b5ec427b1f"),
    ),
    # MD5("draft-ietf-ipsec-nat-t-ike-02"): the same draft as its authors meant it.
    Vendor(
        "NAT-Traversal ver 02",
        "NAT-Traversal ver 02",
        None,
        bytes.fromhex("cd60464335df21f87cfdb2fc68b6a448"),
    ),
    # MD5("draft-ietf-ipsec-nat-t-ike-03")
    Vendor(
        "NAT-Traversal ver 03",
        "NAT-Traversal ver 03",
        "NAT-Traversal VID ver 03",
        bytes.fromhex("7d9419a65310ca6f2c179d9215529d56"),
    ),
    # MD5("draft-ietf-ipsec-nat-t-ike-07"): an IOS box offers it, an ASA passes over it.
    Vendor(
        "draft-ietf-ipsec-nat-t-ike-07",
        None,
        None,
        bytes.fromhex("439b59f8ba676c4c7737ae22eab8f582"),
    ),
    # MD5("RFC 3947")
    Vendor(
        "NAT-Traversal RFC",
        "NAT-Traversal RFC",
        "NAT-Traversal VID ver RFC",
        bytes.fromhex("4a131c81070358455c5728f20e95452f"),
    ),
    # MD5("FRAGMENTATION") and four octets of capabilities, which Windows leaves away.
    Vendor(
        "fragmentation",
        "Fragmentation",
        "Fragmentation VID + extended capabilities",
        bytes.fromhex("4048b7d56ebce88525e7de7f00d6c2d3c0000000"),
        stem=16,
    ),
    # MD5("CISCO-UNITY"), the last two octets replaced by version 1.0.
    Vendor(
        "unity",
        "Cisco Unity client",
        "Cisco Unity VID",
        bytes.fromhex("12f5f28c457168a9702d9fe274cc0100"),
        stem=14,
    ),
    # MD5("draft-ietf-ipsra-isakmp-xauth-06.txt"), the first eight octets.
    Vendor("xauth", "xauth V6", "xauth V6 VID", bytes.fromhex("09002689dfd6b712")),
    # MD5("CISCO-DEAD-PEER-DETECTION"), the last two octets replaced by version 1.0 (RFC 3706 §5.1).
    Vendor(
        "dpd",
        "DPD",
        "dpd vid",
        bytes.fromhex("afcad71368a1f1c96b8696fc77570100"),
        stem=14,
    ),
    # MD5("ALTIGA GATEWAY"), the last two octets replaced by a version; ASA and PIX 7 say 1.0.
    Vendor(
        "altiga",
        "Altiga/Cisco VPN3000/Cisco ASA GW",
        "VID",
        bytes.fromhex("1f07f70eaa6514d3b0fa96542a500100"),
        stem=14,
    ),
    # MD5("ALTIGA NETWORKS"): the client of the same house.
    Vendor("altiga-client", None, None, bytes.fromhex("f6f7efc7f5aeb8cb158cb9d094ba69e7")),
)

_EXACT = {vendor.data: vendor for vendor in VENDORS}
_STEMS = tuple((vendor.data[: vendor.stem], vendor) for vendor in VENDORS if vendor.stem is not None)

SENT: dict[str, Vendor] = {vendor.name: vendor for vendor in reversed(VENDORS)}
"""By name: the form that is sent, where a name has two."""


def recognise(data: bytes) -> Vendor | None:
    """Whose vendor id this is, given the content of a VENDOR payload; None for one that nobody here knows."""
    exact = _EXACT.get(data)
    if exact is not None:
        return exact
    for stem, vendor in _STEMS:
        if data.startswith(stem):
            return vendor
    return None


def fragmentation_modes(data: bytes) -> tuple[bool, bool] | None:
    """Main mode and aggressive mode: in which the sender of this fragmentation vendor id takes fragments.

    None where it does not say. The two high bits are read as an ASA prints them; racoon takes the first for both
    modes and the second for every other exchange.
    """
    if len(data) < 20:
        return None
    return bool(data[16] & 0x80), bool(data[16] & 0x40)
