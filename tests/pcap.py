"""Reads captures for tests: pcap and pcapng of either byte order, Ethernet and BSD loopback, IPv4 and IPv6.

Sizes are taken as they come: a hostile packet whose IP or UDP length promises more than was captured is cut where the
capture ends, because that is what a socket would be spared and a parser should survive.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

UDP, ESP = 17, 50


class Packet(NamedTuple):
    """One IP packet: `content` is what follows the IP header, or the UDP header if it is UDP (else the ports are 0)."""

    protocol: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    content: bytes


def frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """(link type, frame) of each captured frame."""
    data = path.read_bytes()
    order = "<" if data[0] in (0xD4, 0x4D) or data[8] == 0x4D else ">"
    if data[:4] == b"\n\r\r\n":
        links, offset = [], 0
        while offset < len(data):
            kind, length = struct.unpack_from(order + "II", data, offset)
            if kind == 1:  # interface description
                links.append(struct.unpack_from(order + "H", data, offset + 8)[0])
            elif kind == 6:  # enhanced packet
                interface, size = struct.unpack_from(order + "I8xI", data, offset + 8)
                yield links[interface], data[offset + 28 : offset + 28 + size]
            offset += length
        return
    link, offset = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF, 24
    while offset < len(data):
        size = struct.unpack_from(order + "I", data, offset + 8)[0]
        yield link, data[offset + 16 : offset + 16 + size]
        offset += 16 + size


def packets(path: Path) -> Iterator[Packet]:
    """Each IP packet; frames of anything else are passed over."""
    for link, frame in frames(path):
        packet = frame[{0: 4, 1: 14}[link] :]
        if packet[0] >> 4 == 4:
            start, protocol, addresses = (packet[0] & 15) * 4, packet[9], (packet[12:16], packet[16:20])
        elif packet[0] >> 4 == 6:
            start, protocol, addresses = 40, packet[6], (packet[8:24], packet[24:40])
        else:
            continue
        source, destination = (str(ip_address(address)) for address in addresses)
        ports = (0, 0)
        if protocol == UDP:
            ports = struct.unpack_from("!HH", packet, start)
            end = start + struct.unpack_from("!H", packet, start + 4)[0]
            packet, start = packet[:end], start + 8
        yield Packet(protocol, source, ports[0], destination, ports[1], packet[start:])


def isakmp(path: Path) -> list[bytes]:
    """The ISAKMP messages on UDP 500 and, without their non-ESP marker, on UDP 4500: in order, hostile ones too."""
    found = []
    for packet in packets(path):
        ports = {packet.source_port, packet.destination_port}
        if 500 in ports:
            found.append(packet.content)
        elif 4500 in ports and packet.content.startswith(bytes(4)):
            found.append(packet.content[4:])
    return found
