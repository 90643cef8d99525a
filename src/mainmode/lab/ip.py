"""IPv4 packets as hosts behind a site and captures have them: built, answered, given other addresses. Knows no SAs.

Every checksum is right: what the lab carries and what `--pcap` writes is what a capture of real hosts would hold.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Final

from mainmode.ipsec.checksum import checksum
from mainmode.ipsec.selectors import ICMP, TCP, UDP, Packet, read_packet

HEADER: Final = 20
TTL: Final = 64
ECHO_REPLY: Final = 0
ECHO_REQUEST: Final = 8
SYN: Final = 0x02
RST_ACK: Final = 0x14

_CHECKSUM_AT: Final = {ICMP: 2, TCP: 16, UDP: 6}
"""Where the protocol's own checksum stands, octets into its header."""

_ASKS: Final = b"ask"
_ANSWERS: Final = b"ans"


def ipv4(protocol: int, source: IPv4Address, destination: IPv4Address, body: bytes, identification: int = 0) -> bytes:
    """A packet; `body` is what follows the header, complete."""
    header = bytearray(HEADER)
    header[0] = 0x45
    header[2:4] = (HEADER + len(body)).to_bytes(2)
    header[4:6] = identification.to_bytes(2)
    header[8:10] = bytes((TTL, protocol))
    header[12:20] = source.packed + destination.packed
    header[10:12] = checksum(bytes(header)).to_bytes(2)
    return bytes(header) + body


def udp(source: IPv4Address, source_port: int, destination: IPv4Address, destination_port: int, data: bytes) -> bytes:
    """A UDP datagram in its IPv4 packet."""
    length = 8 + len(data)
    body = source_port.to_bytes(2) + destination_port.to_bytes(2) + length.to_bytes(2) + bytes(2) + data
    return ipv4(UDP, source, destination, _summed(UDP, source, destination, body))


def question(
    protocol: int, source: IPv4Address, destination: IPv4Address, identifier: int, port: int, number: int
) -> bytes:
    """What a host sends to see whether another is there: an echo request, a TCP SYN, a datagram.

    `identifier` is the echo identifier or source port, `port` the destination port; `number` counts the questions.
    """
    if protocol == ICMP:
        # 56 octets of data, as `ping` sends.
        data = bytes((number + at) & 0xFF for at in range(56))
        body = bytes((ECHO_REQUEST, 0, 0, 0)) + identifier.to_bytes(2) + number.to_bytes(2) + data
    elif protocol == TCP:
        body = identifier.to_bytes(2) + port.to_bytes(2) + number.to_bytes(4) + bytes(4)
        body += bytes((5 << 4, SYN)) + (8192).to_bytes(2) + bytes(4)
    elif protocol == UDP:
        data = _ASKS + bytes([number])
        body = identifier.to_bytes(2) + port.to_bytes(2) + (8 + len(data)).to_bytes(2) + bytes(2) + data
    else:
        body = _ASKS + bytes([number])
    return ipv4(protocol, source, destination, _summed(protocol, source, destination, body), number)


def answer(packet: bytes) -> bytes | None:
    """What the host that gets `packet` says to it; None to what is no question (else two hosts would never end)."""
    header = read_packet(packet)
    if not isinstance(header, Packet) or header.fragment_offset or header.more_fragments:
        return None
    body = bytearray(packet[header.header_length : header.length])
    if header.protocol == ICMP and len(body) >= 8 and body[0] == ECHO_REQUEST:
        body[0] = ECHO_REPLY
    elif header.protocol == TCP and len(body) >= HEADER and body[13] == SYN:
        # Nobody listens: reset, which is an answer as good as any.
        acknowledged = (int.from_bytes(body[4:8]) + 1) & 0xFFFFFFFF
        body[0:4] = body[2:4] + body[0:2]
        body[4:12] = bytes(4) + acknowledged.to_bytes(4)
        body[13] = RST_ACK
    elif header.protocol == UDP and body[8:].startswith(_ASKS):
        body[0:4] = body[2:4] + body[0:2]
        body[8:11] = _ANSWERS
    elif header.protocol not in _CHECKSUM_AT and body.startswith(_ASKS):
        body[0:3] = _ANSWERS
    else:
        return None
    source, destination = IPv4Address(header.destination), IPv4Address(header.source)
    number = int.from_bytes(packet[4:6])
    return ipv4(
        header.protocol, source, destination, _summed(header.protocol, source, destination, bytes(body)), number
    )


def readdressed(packet: bytes, source: IPv4Address, destination: IPv4Address) -> bytes:
    """The same packet with other addresses, as NAT leaves it."""
    header = read_packet(packet)
    if not isinstance(header, Packet) or packet[12:20] == source.packed + destination.packed:
        return packet
    body = packet[header.header_length : header.length]
    if not (header.fragment_offset or header.more_fragments):
        body = _summed(header.protocol, source, destination, body)
    head = bytearray(packet[: header.header_length])
    head[10:12] = bytes(2)
    head[12:20] = source.packed + destination.packed
    head[10:12] = checksum(bytes(head)).to_bytes(2)
    return bytes(head) + body


def _summed(protocol: int, source: IPv4Address, destination: IPv4Address, body: bytes) -> bytes:
    """The body with its protocol's checksum filled in; TCP's and UDP's cover the addresses too."""
    at = _CHECKSUM_AT.get(protocol)
    if at is None or len(body) < at + 2:
        return body
    cleared = body[:at] + bytes(2) + body[at + 2 :]
    pseudo = b""
    if protocol != ICMP:
        pseudo = source.packed + destination.packed + bytes((0, protocol)) + len(body).to_bytes(2)
    # A UDP checksum that comes to zero is sent as its complement: zero says that there is none (RFC 768).
    total = checksum(pseudo + cleared) or (0xFFFF if protocol == UDP else 0)
    return body[:at] + total.to_bytes(2) + body[at + 2 :]
