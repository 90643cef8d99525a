"""Why a packet is dropped, one row per reason. Knows the counter each one moves, not how it is found out."""

from __future__ import annotations

from enum import Enum


class Drop(Enum):
    """A reason, and the field of `Counters` that counts it when it befalls a received packet ("" where none does)."""

    NOT_IPV4 = "invalid IP version", "invalid_ip_version_rcv"
    IP_LENGTH = "invalid IP length", "invalid_len_rcv"
    FRAGMENT = "illegal IP fragment", "bad_frag_offset_rcv"

    TOO_LONG = "longer than the tunnel's MTU, and DF is set", ""  # its sender is told; counted with that
    NO_ROOM = "MTU too small for any fragment", ""  # counted where it is found
    SEQUENCE_EXHAUSTED = "sequence number rollover", ""
    DATA_EXHAUSTED = "data lifetime exceeded", ""

    UNKNOWN_SPI = "invalid SPI", ""  # there is no SA whose counters could move
    ESP_LENGTH = "invalid length", "invalid_len_rcv"
    REPLAYED = "anti-replay check failed", "replay_failed_rcv"
    AUTHENTICATION = "authentication failed", "verify_failed"
    PADDING = "invalid padding", "invalid_pad_rcv"
    NEXT_HEADER = "invalid protocol", "invalid_prot_rcv"
    DUMMY = "dummy packet", "tfc_rcvd"  # traffic flow confidentiality: no error (RFC 4303 §2.6)
    CONGESTION = (
        "congestion experienced, and the packet's sender would not learn of it",
        "decaps_failed_rcv",
    )  # RFC 6040
    SELECTORS = "inner packet outside the proxy identities", "invalid_identity_rcv"

    def __init__(self, reason: str, counter: str) -> None:
        self.reason = reason
        """What stands in `… that was dropped by IPSec (<reason>).`"""
        self.counter = counter
