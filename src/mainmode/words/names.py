"""Names an ASA gives to payload numbers. Knows the words, and nothing of what the payloads carry."""

from __future__ import annotations

PAYLOAD_NAMES: dict[int, str] = {
    0: "NONE",
    1: "SA",
    2: "PROPOSAL",
    3: "TRANSFORM",
    4: "KE",
    5: "ID",
    6: "CERT",
    7: "CERT_REQ",
    8: "HASH",
    9: "SIG",
    10: "NONCE",
    11: "NOTIFY",
    12: "DELETE",
    13: "VENDOR",
    14: "ATTR",
    20: "NAT-D",
    21: "NAT-OA",
    128: "IOS KEEPALIVE",
    # The numbers of draft-ietf-ipsec-nat-t-ike-00 to -03 carry the same names as those of RFC 3947.
    130: "NAT-D",
    131: "NAT-OA",
    132: "FRAGMENT",
}
"""RFC 2408 §3.1, RFC 3947 §3.2 and §5.2, Cisco's from 128; in the spelling of `… with payloads : HDR + SA (1) + …`."""


def payload_name(number: int) -> str:
    """The word before the number in `HDR + SA (1) + …`.

    What an ASA prints for a number it does not know has not been seen anywhere; `UNKNOWN` is ours.
    """
    return PAYLOAD_NAMES.get(number, "UNKNOWN")
