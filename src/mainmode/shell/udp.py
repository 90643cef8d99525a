"""The sockets of one interface: IKE on UDP 500 and 4500, ESP as IP protocol 50. Knows no message and no SA.

Every socket is bound to the interface's device as well as to its address, so that what leaves here is routed as if
the tunnel's own routes were not there: a crypto access-list may say `any`, and its peers are in that, too.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address
from struct import Struct
from typing import Final, NamedTuple

from mainmode.blame import ConfigError
from mainmode.ike.sa import IKE_PORT, NAT_T_PORT, Endpoint
from mainmode.ipsec.pathmtu import Report
from mainmode.shell.errors import queue_errors, reports
from mainmode.span import Span

ESP: Final = 50
"""IP protocol number (RFC 4303)."""

LARGEST: Final = 65535

_IP_MTU_DISCOVER: Final = 10
_IP_RECVTOS: Final = 13
_WITH_DF: Final = 3
_WITHOUT_DF: Final = 5
"""`linux/in.h`: IP_PMTUDISC_PROBE and IP_PMTUDISC_OMIT, which the socket module does not have. With both the kernel
goes by the device's MTU alone: what an ICMP message has put into its routes, true or forged, changes no packet."""

BUFFER: Final = 4 * 1024 * 1024
"""Octets; a burst of a fast sender must survive one turn of the event loop. Without CAP_NET_ADMIN the kernel cuts it to
its own maximum."""
IKE_BUFFER: Final = 256 * 1024
"""Octets for what waits at UDP 500: some 700 messages. Were it more than the half-open negotiations that are kept
(`gateway/satable.py`), then in a flood each true one would be gone before its next message has its turn."""
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
"""`asm-generic/socket.h`; the socket module does not have them."""

_UDP_SEGMENT, _UDP_GRO = 103, 104
"""`linux/udp.h`, since Linux 4.18 and 5.0: many datagrams of one length in one call."""
_LENGTH: Final = Struct("=H")
_GRO_LENGTH: Final = Struct("=i")
_ANCILLARY: Final = socket.CMSG_SPACE(1) + socket.CMSG_SPACE(_GRO_LENGTH.size)
"""Room for the TOS octet and for the length of each datagram."""
_AT_ONCE: Final = 64
"""Datagrams in one call (UDP_MAX_SEGMENTS of the kernels that have fewest)."""
_OCTETS_AT_ONCE: Final = 65535 - 20 - 8


class Arrival(NamedTuple):
    """What one socket received at once from one source."""

    payloads: Sequence[bytes]
    """Of UDP or of IP protocol 50. None of them: nothing came but an error, and there may be more."""
    source: Endpoint
    to: Endpoint
    """Port 0: it came as IP protocol 50."""
    tos: int = 0
    """That octet of the IP header: DSCP and ECN."""


# Parsing and printing an address costs as much as encrypting a short packet, and peers are few.
@lru_cache(4096)
def _endpoint(name: tuple[str, int]) -> Endpoint:
    return Endpoint(IPv4Address(name[0]), name[1])


@lru_cache(4096)
def _name(endpoint: Endpoint) -> tuple[str, int]:
    return str(endpoint.address), endpoint.port


class Port:
    """One bound socket, at `local`; port 0 stands for IP protocol 50."""

    def __init__(self, local: Endpoint, device: str) -> None:
        """OSError if the address is not here, the port is taken, or a raw socket is not allowed."""
        self.local = local
        self._raw = local.port == 0
        if self._raw:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, ESP)
        else:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self.socket.setblocking(False)
            self._header: tuple[int, bool | None] = 0, None  # as the kernel makes it
            self._put(0, False)
            self.socket.setsockopt(socket.IPPROTO_IP, _IP_RECVTOS, not self._raw)
            queue_errors(self.socket)
            self._buffer(_SO_RCVBUFFORCE, socket.SO_RCVBUF, IKE_BUFFER if local.port == IKE_PORT else BUFFER)
            self._buffer(_SO_SNDBUFFORCE, socket.SO_SNDBUF, BUFFER)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
            self.socket.bind((str(local.address), local.port))
        except OSError:
            self.socket.close()
            raise
        # What is long and equal is ESP, and ESP in UDP is on this port only.
        many = local.port == NAT_T_PORT
        self._gso = many and self._can(_UDP_SEGMENT, 0)
        if many:
            self._can(_UDP_GRO, 1)
        self._received = bytearray(LARGEST)
        self._view = memoryview(self._received)

    def _put(self, tos: int, df: bool) -> None:
        """What the kernel writes into the headers of datagrams from now on."""
        if self._header[0] != tos:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        if self._header[1] is not df:
            self.socket.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _WITH_DF if df else _WITHOUT_DF)
        self._header = tos, df

    def _buffer(self, forced: int, asked: int, octets: int) -> None:
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, forced, octets)
        except PermissionError:
            self.socket.setsockopt(socket.SOL_SOCKET, asked, octets)

    def _can(self, option: int, value: int) -> bool:
        try:
            self.socket.setsockopt(socket.IPPROTO_UDP, option, value)
        except OSError:
            return False
        return True

    def receive(self) -> Arrival | None:
        """What came next; None while there is nothing."""
        try:
            if self._raw:
                # A raw socket delivers the IP header as well, so the quicker call will do.
                packet, source = self.socket.recvfrom(LARGEST)
                return Arrival((packet[(packet[0] & 0x0F) * 4 :],), _endpoint(source), self.local, packet[1])
            length, ancillary, _, source = self.socket.recvmsg_into((self._received,), _ANCILLARY)
        except BlockingIOError:
            return None
        except OSError:
            # What an ICMP message reported about an earlier datagram (`reports`); it says nothing about the next one.
            return Arrival((), self.local, self.local)
        data = self._view[:length]
        tos = 0
        each = length
        for level, kind, value in ancillary:
            if level == socket.IPPROTO_IP and kind == socket.IP_TOS:
                tos = value[0]
            elif level == socket.IPPROTO_UDP and kind == _UDP_GRO:
                each = _GRO_LENGTH.unpack(value)[0]
        if each >= length:
            return Arrival((bytes(data),), _endpoint(source), self.local, tos)
        # They came as one because all of them but the last are equally long.
        payloads = [bytes(data[at : at + each]) for at in range(0, length, each)]
        return Arrival(payloads, _endpoint(source), self.local, tos)

    def send(self, payload: bytes, to: Endpoint, tos: int = 0, df: bool = False) -> bool:
        """Send a datagram, its IP header with this TOS and DF. False if this host could not: then it is lost, as
        datagrams are."""
        if self._header != (tos, df):
            self._put(tos, df)
        for _ in range(2):
            try:
                self.socket.sendto(payload, _name(to))
            except BlockingIOError:
                return False
            except OSError as refused:
                # It may be for an earlier datagram's sake that it failed, and then it does not fail again. One that is
                # too long for the device, which has a smaller MTU than the configuration says, goes in fragments.
                if df and refused.errno == errno.EMSGSIZE:
                    self._put(tos, False)
                continue
            return True
        return False

    def reports(self) -> Iterator[Report]:
        """What ICMP has said about the length of datagrams that were sent here."""
        return reports(self.socket)

    def send_all(self, payloads: Sequence[bytes], to: Endpoint, tos: int, df: bool) -> None:
        """Send several, each as `send` would have it, in order."""
        if self._header != (tos, df):
            self._put(tos, df)
        at = 0
        while at < len(payloads):
            run = _alike(payloads, at) if self._gso else 1
            if run == 1 or not self._send_run(payloads[at : at + run], to):
                for payload in payloads[at : at + run]:
                    self.send(payload, to, tos, df)
            at += run

    def _send_run(self, payloads: Sequence[bytes], to: Endpoint) -> bool:
        """Datagrams of one length, and perhaps a shorter one, in one call. False if they cannot be sent like that."""
        each = _LENGTH.pack(len(payloads[0]))
        try:
            self.socket.sendmsg(payloads, [(socket.IPPROTO_UDP, _UDP_SEGMENT, each)], 0, _name(to))
        except BlockingIOError:
            return True  # no room for any of them: lost, not to be tried again
        except OSError as refused:
            # EIO: the device computes no checksums, and never will. EINVAL: too long for its MTU.
            self._gso = refused.errno != errno.EIO
            return False
        return True

    def close(self) -> None:
        self.socket.close()


def _alike(payloads: Sequence[bytes], at: int) -> int:
    """How many from there on can be sent in one call."""
    each = len(payloads[at])
    run = 1
    for payload in payloads[at + 1 : at + min(_AT_ONCE, max(1, _OCTETS_AT_ONCE // max(each, 1)))]:
        if len(payload) > each:
            break
        run += 1
        if len(payload) < each:
            break
    return run


def open_ports(address: IPv4Address, device: str, enabled: Span, nat_traversal: bool) -> list[Port]:
    """The sockets of an interface with IKE enabled. ConfigError at the line that enabled it, if one cannot be had."""
    ports: list[Port] = []
    try:
        for number in (IKE_PORT, NAT_T_PORT, 0) if nat_traversal else (IKE_PORT, 0):
            ports.append(Port(Endpoint(address, number), device))
    except OSError as refused:
        wanted = (IKE_PORT, NAT_T_PORT, 0)[len(ports)] if nat_traversal else (IKE_PORT, 0)[len(ports)]
        for port in ports:
            port.close()
        raise ConfigError(enabled, _reason(refused, wanted, address)) from None
    return ports


def _reason(refused: OSError, number: int, address: IPv4Address) -> str:
    what = f"UDP port {number} of {address}" if number else f"IP protocol {ESP} (ESP) on {address}"
    if refused.errno == errno.EADDRINUSE:
        return f"{what} is taken: another IKE daemon runs on this host"
    if refused.errno in (errno.EPERM, errno.EACCES):
        capability = "CAP_NET_RAW" if not number else "CAP_NET_BIND_SERVICE and CAP_NET_RAW"
        return f"{what} needs {capability}: run as root or give the process the capability"
    return f"{what} cannot be had: {refused.strerror}"
