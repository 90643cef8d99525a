"""One long TCP or UDP packet to several that fit the path, as a network card does it. Knows no SA and no device.

A kernel hands over up to 64 kB of a TCP stream as one packet that names the size of its segments: generic segmentation
offload. What goes through the tunnel is the packets that the host would have sent without that, octet for octet.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from mainmode.ipsec.selectors import TCP, UDP

FIN, PSH, ACK, CWR = 0x01, 0x08, 0x10, 0x80
"""TCP flags (RFC 9293 §3.1, RFC 3168 §6.1)."""

TCP_CHECKSUM, UDP_CHECKSUM = 16, 6
"""Where the checksum stands, octets into the protocol's header."""

_PIECE: Final = 704
"""Octets. Python's remainder of a long number costs more than adding up two halves first; even, so that words align."""

_IP: Final = Struct(">2sHH4sH")
"""Version to TOS | total length | identification | flags to protocol | checksum."""
_TCP: Final = Struct(">IIBB2sH")
"""Sequence number | acknowledgment | data offset | flags | window | checksum."""
_PORTS: Final = 4


def remainder(data: bytes) -> int:
    """The sum of the 16-bit words modulo 65535; a last odd octet is the high half of a word (RFC 1071).

    65536 leaves a remainder of 1, so it is that of the whole number. Data with its right checksum in it leaves 0.
    """
    if len(data) & 1:
        data += b"\0"
    if len(data) > _PIECE:
        return (int.from_bytes(data[:-_PIECE]) + int.from_bytes(data[-_PIECE:])) % 0xFFFF
    return int.from_bytes(data) % 0xFFFF


def completed(packet: bytes, start: int, offset: int) -> bytes:
    """`packet` with the checksum that its host left to the network card: of what begins at `start`, to `offset` there.

    What stands there is the sum of the pseudo-header. A sum that comes to zero is sent as its complement, because zero
    says in UDP that there is none (RFC 768); TCP takes both.
    """
    at = start + offset
    total = -remainder(packet[start:]) % 0xFFFF or 0xFFFF
    return b"%b%b%b" % (packet[:at], total.to_bytes(2), packet[at + 2 :])


def segmented(packet: bytes, size: int) -> list[bytes]:
    """`packet` as several with `size` octets of payload each, the last with what is left, all checksums right.

    `packet` is the kernel's, so its headers are sound: IPv4, no fragment, TCP or UDP, a payload. `size` is not 0.
    """
    start = (packet[0] & 15) * 4
    return _tcp(packet, start, size) if packet[9] == TCP else _udp(packet, start, size)


def _tcp(packet: bytes, start: int, size: int) -> list[bytes]:
    ports = start + _PORTS
    sequence, acknowledged, offset, flags, window, _ = _TCP.unpack_from(packet, ports)
    head = start + (offset >> 4) * 4
    begin, _, number, middle, _ = _IP.unpack_from(packet)
    ends = packet[12:ports]
    rest = packet[ports + _TCP.size : head]
    ip_sum = remainder(begin + middle + packet[12:start])
    # Protocol and both addresses of the pseudo-header, then what all segments have in common.
    tcp_sum = TCP + remainder(packet[12:20] + packet[start:ports] + window + rest) + acknowledged + (offset << 8)
    segments = []
    for at in range(head, len(packet), size):
        payload = packet[at : at + size]
        length = head + len(payload)
        its = flags if at + size >= len(packet) else flags & ~(FIN | PSH)
        total = -(tcp_sum + sequence + its + length - start + remainder(payload)) % 0xFFFF
        segments.append(
            b"".join(
                (
                    _IP.pack(begin, length, number, middle, -(ip_sum + length + number) % 0xFFFF),
                    ends,
                    _TCP.pack(sequence, acknowledged, offset, its, window, total),
                    rest,
                    payload,
                )
            )
        )
        flags &= ~CWR
        number = number + 1 & 0xFFFF
        sequence = sequence + size & 0xFFFFFFFF
    return segments


def _udp(packet: bytes, start: int, size: int) -> list[bytes]:
    head = start + _PORTS + 4
    begin, _, number, middle, _ = _IP.unpack_from(packet)
    ends = packet[12 : start + _PORTS]
    ip_sum = remainder(begin + middle + packet[12:start])
    udp_sum = UDP + remainder(packet[12:20] + packet[start : start + _PORTS])
    segments = []
    for at in range(head, len(packet), size):
        payload = packet[at : at + size]
        length = head + len(payload)
        # The length stands in the pseudo-header and in the header.
        total = -(udp_sum + 2 * (length - start) + remainder(payload)) % 0xFFFF or 0xFFFF
        own = (length - start << 16 | total).to_bytes(4)
        ip = _IP.pack(begin, length, number, middle, -(ip_sum + length + number) % 0xFFFF)
        segments.append(b"".join((ip, ends, own, payload)))
        number = number + 1 & 0xFFFF
    return segments
