"""Explicit congestion notification through a tunnel (RFC 6040). Knows the TOS octets of two IPv4 headers, no SA.

Going in, the outer header takes the inner one's bits as they are (normal mode, §4.1), which needs no code of its own:
the whole TOS octet is copied. Coming out, what a router on the way marked in the outer header goes into the inner one:

    inner \\ outer   Not-ECT   ECT(0)    ECT(1)    CE
    Not-ECT          Not-ECT   Not-ECT   Not-ECT   dropped
    ECT(0)           ECT(0)    ECT(0)    ECT(1)    CE
    ECT(1)           ECT(1)    ECT(1)    ECT(1)    CE
    CE               CE        CE        CE        CE
"""

from __future__ import annotations

from typing import Final

from mainmode.ipsec.checksum import adjusted

NOT_ECT, ECT_1, ECT_0, CE = range(4)
"""The two lowest bits of the TOS octet (RFC 3168 §5)."""

MASK: Final = 3

_LEAVES: Final = (
    # By the inner bits: Not-ECT, ECT(1), ECT(0), CE.
    (NOT_ECT, ECT_1, ECT_0, CE),  # outer Not-ECT
    (NOT_ECT, ECT_1, ECT_1, CE),  # outer ECT(1)
    (NOT_ECT, ECT_1, ECT_0, CE),  # outer ECT(0)
    (None, CE, CE, CE),  # outer CE
)


def decapsulated(packet: bytes, outer: int) -> bytes | None:
    """An IPv4 packet as it leaves the tunnel, `outer` being the TOS octet of the header that was around it.

    None: it must be dropped. Its sender does not know of congestion marks, so loss is all that it would notice.
    """
    inner = packet[1] & MASK
    after = _LEAVES[outer & MASK][inner]
    if after is None:
        return None
    if after == inner:
        return packet
    tos = packet[1] & ~MASK | after
    total = adjusted(int.from_bytes(packet[10:12]), packet[0] << 8 | packet[1], packet[0] << 8 | tos)
    return b"%c%c%b%b%b" % (packet[0], tos, packet[2:10], total.to_bytes(2), packet[12:])
