"""ESP in tunnel mode, one SA at a time (RFC 4303): packets to ESP and back. Knows no other SA and no socket.

    SPI 4 | sequence number 4 | IV | ciphertext of [ packet | padding 1, 2, 3… | pad length 1 | next header 1 ] | ICV

Ciphers and HMACs are keyed once per SA, at its first packet, and then carried on, because keying a CBC context costs
more than running an ordinary packet through it. Carried on, CBC takes the last block of the packet before for its IV.
So the sender puts a random block before the plaintext: what it is encrypted to is unpredictable, and serves as the IV
that is sent. The receiver decrypts the IV as one more block and throws that away.

For the same reason several packets go through the cipher at once, as one stream: a call costs more than a short packet.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from math import inf
from typing import Final

from cryptography.hazmat.primitives.ciphers import CipherContext

from mainmode.ike.algorithms import Auth
from mainmode.ike.keys import equal
from mainmode.ipsec.dataplane import Dropped
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.ecn import MASK, decapsulated
from mainmode.ipsec.pathmtu import PathMtu
from mainmode.ipsec.replay import ReplayWindow
from mainmode.ipsec.sa import ESP_HEADER, ESP_TRAILER, Counters, IpsecSa
from mainmode.ipsec.selectors import Flow, Packet, flow_of, read_packet
from mainmode.secret import Secret

LAST_SEQUENCE: Final = 0xFFFFFFFF
IPV4: Final = 4
"""Next header of an IPv4 packet in tunnel mode."""
NO_NEXT_HEADER: Final = 59
"""Next header of a dummy packet (RFC 4303 §2.6)."""

_PADDING: Final = bytes(range(1, 256))
_TRAILERS: Final = tuple(_PADDING[:n] + bytes((n, IPV4)) for n in range(16))
"""What follows a packet, by pad length; the longest block is 16 (RFC 4303 §2.4)."""
_HEADER: Final = struct.Struct(">II")

FLOWS: Final = 256
"""Flows that an inbound SA remembers to have let in; then it begins anew. Each takes some 200 octets, and a hub has a
thousand SAs; to look again costs no more than the packet itself."""


class Encryptor:
    """The sending end of an SA."""

    __slots__ = ("_cbc", "_entropy", "_icv", "_soft", "_worn", "counters", "path", "sa", "sequence")

    def __init__(self, sa: IpsecSa, entropy: Callable[[int], bytes], worn: list[IpsecSa] | None = None) -> None:
        """`entropy(n)` gives n unpredictable octets. `worn`: it puts itself there once it is to be renewed."""
        self.sa = sa
        self.counters = Counters()
        self.path = PathMtu(sa)
        self.sequence = 0
        """Of the last packet; the first one is 1 (RFC 4303 §2.2)."""
        self._entropy = entropy
        self._worn = worn
        self._soft = inf if sa.soft_octets is None else sa.soft_octets
        self._cbc: CipherContext | None = None
        self._icv: Callable[[bytes], bytes] | None = None

    def move(self, sa: IpsecSa) -> None:
        """The same SA, with its peer elsewhere: another address is another path, of which nothing is known."""
        if sa.remote != self.sa.remote:
            self.path = PathMtu(sa)
        self.sa = sa

    def protect(self, packet: bytes, now: float) -> bytes | Drop:
        """`packet` (IPv4) in ESP, from the SPI on; or why not: sequence numbers or kilobytes are used up."""
        sa, counters = self.sa, self.counters
        if _data_exhausted(sa, counters):
            counters.send_errors += 1
            return Drop.DATA_EXHAUSTED
        if self.sequence == LAST_SEQUENCE:  # it must never start again (RFC 4303 §3.3.3)
            counters.send_errors += 1
            counters.replay_rollover_send += 1
            return Drop.SEQUENCE_EXHAUSTED
        return self._protected((packet,), now)[0]

    def protect_all(self, packets: Sequence[bytes], now: float) -> list[bytes] | None:
        """Several packets, in their order, as `protect` would have them, one by one.

        None: the SA is so near its end that one of them may be the first that has to stay, so ask for each.
        """
        total = sum(map(len, packets))
        if self.sequence + len(packets) > LAST_SEQUENCE or _data_exhausted(self.sa, self.counters, total):
            return None
        return self._protected(packets, now)

    def _protected(self, packets: Sequence[bytes], now: float) -> list[bytes]:
        sa, counters = self.sa, self.counters
        block, iv_length = sa.cipher.block_size, sa.cipher.iv_length
        if not self.sequence:
            self._icv = icv_of(sa.auth, sa.authentication_key) if sa.auth else None
            if iv_length:
                self._cbc = sa.cipher.encryptor(sa.encryption_key.reveal(), bytes(iv_length))
        parts: list[bytes] = []
        ends = []
        end = octets = 0
        random = self._entropy(iv_length * len(packets)) if self._cbc else b""
        for number, packet in enumerate(packets):
            length = len(packet)
            pad_length = -(length + ESP_TRAILER) % block
            parts += (random[number * iv_length : (number + 1) * iv_length], packet, _TRAILERS[pad_length])
            end += iv_length + length + ESP_TRAILER + pad_length
            ends.append(end)
            octets += length
        stream = b"".join(parts)
        if self._cbc:
            stream = self._cbc.update(stream)
        spi, sequence, icv = sa.spi, self.sequence, self._icv
        sent = []
        at = 0
        for end in ends:
            sequence += 1
            esp = _HEADER.pack(spi, sequence) + stream[at:end]
            sent.append(esp + icv(esp) if icv else esp)
            at = end
        self.sequence = sequence
        counters.encaps += len(sent)
        counters.encrypt += len(sent)
        counters.digest += len(sent)
        counters.not_compressed += len(sent)
        counters.octets += octets
        counters.last_used = now
        if counters.octets >= self._soft:
            self._soft = _said(self.sa, self._worn)
        return sent


class Decryptor:
    """The receiving end of an SA."""

    __slots__ = ("_cbc", "_flows", "_icv", "_keyed", "_shortest", "_soft", "_worn", "counters", "sa", "window")

    def __init__(self, sa: IpsecSa, worn: list[IpsecSa] | None = None) -> None:
        """`worn`: as of `Encryptor`."""
        self.sa = sa
        self._worn = worn
        self._soft = inf if sa.soft_octets is None else sa.soft_octets
        self.counters = Counters()
        # Without integrity anybody can move the window, so there is none (RFC 4303 §3.4.3).
        self.window = ReplayWindow(sa.replay_window if sa.auth else 0)
        self._shortest = (
            ESP_HEADER + sa.cipher.iv_length + sa.cipher.block_size + (sa.auth.icv_length if sa.auth else 0)
        )
        self._keyed = False
        self._cbc: CipherContext | None = None
        self._icv: Callable[[bytes], bytes] | None = None
        self._flows: set[Flow] = set()
        """Flows that this SA's selectors let in."""

    def open(self, esp: bytes, source: IPv4Address, now: float, tos: int = 0) -> bytes | Dropped:
        """The IPv4 packet inside, without padding. Cheap checks first; nothing moves before the ICV is verified.

        `esp`: from the SPI on, which is this SA's. `source`: the outer source address, for the record. `tos`: that
        octet of the outer header, whose congestion marks go inside.
        """
        return self.open_all((esp,), source, now, tos)[0]

    def open_all(self, esps: Sequence[bytes], source: IPv4Address, now: float, tos: int = 0) -> list[bytes | Dropped]:
        """Several from one source with one TOS octet, in their order, each as `open` would have it."""
        # What is inside is never longer than what is around it.
        if len(esps) > 1 and _data_exhausted(self.sa, self.counters, sum(map(len, esps))):
            return [self.open(esp, source, now, tos) for esp in esps]
        sa, counters, window = self.sa, self.counters, self.window
        block, shortest = sa.cipher.block_size, self._shortest
        exhausted = _data_exhausted(sa, counters)
        icv_length = sa.auth.icv_length if sa.auth else 0
        if not self._keyed:
            self._key()
        icv = self._icv
        opened: list[bytes | Dropped] = []
        verified: list[bytes] = []
        for esp in esps:
            sequence = int.from_bytes(esp[4:8])
            end = len(esp) - icv_length
            if len(esp) < shortest or (len(esp) - shortest) % block:
                opened.append(self._dropped(Drop.ESP_LENGTH, esp, source))
            elif not window.check(sequence):
                opened.append(self._dropped(Drop.REPLAYED, esp, source))
            elif exhausted:
                opened.append(self._dropped(Drop.DATA_EXHAUSTED, esp, source))
            elif icv and not equal(icv(esp[:end]), esp[end:]):
                opened.append(self._dropped(Drop.AUTHENTICATION, esp, source))
            else:
                window.mark(sequence)
                counters.decaps += 1
                verified.append(esp[ESP_HEADER:end])
                opened.append(esp)
        if verified:
            before = counters.decrypt
            stream = b"".join(verified)
            if self._cbc:
                stream = self._cbc.update(stream)
            at = 0
            for number, entry in enumerate(opened):
                if isinstance(entry, bytes):
                    end = at + len(entry) - ESP_HEADER - icv_length
                    opened[number] = self._inside(stream[at + sa.cipher.iv_length : end], entry, source, tos)
                    at = end
            if counters.decrypt != before:
                counters.last_used = now
            if counters.octets >= self._soft:
                self._soft = _said(self.sa, self._worn)
        return opened

    def _inside(self, plain: bytes, esp: bytes, source: IPv4Address, tos: int) -> bytes | Dropped:
        """The packet in what was decrypted, with padding and trailer, which came in `esp`."""
        counters = self.counters
        pad_length, next_header = plain[-2:]
        inner_end = len(plain) - ESP_TRAILER - pad_length
        if inner_end < 0 or plain[inner_end:-ESP_TRAILER] != _PADDING[:pad_length]:
            return self._dropped(Drop.PADDING, esp, source)
        if next_header == NO_NEXT_HEADER:
            return self._dropped(Drop.DUMMY, esp, source)
        if next_header != IPV4:
            return self._dropped(Drop.NEXT_HEADER, esp, source)
        packet = plain[:inner_end]
        fragments = 0
        flow = flow_of(packet)
        if flow is None or flow not in self._flows:
            inner = read_packet(packet)
            if isinstance(inner, Drop):
                return self._dropped(inner, esp, source)
            if inner.is_illegal_fragment:
                return self._dropped(Drop.FRAGMENT, esp, source, inner)
            if not self.sa.selectors.inbound(inner):
                return self._dropped(Drop.SELECTORS, esp, source, inner)
            if inner.more_fragments or inner.fragment_offset:
                fragments = 1
            packet = packet[: inner.length]
            if flow is not None:
                if len(self._flows) >= FLOWS:
                    self._flows.clear()
                self._flows.add(flow)
        if tos & MASK:
            marked = decapsulated(packet, tos)
            if marked is None:
                inside = read_packet(packet)
                return self._dropped(Drop.CONGESTION, esp, source, inside if isinstance(inside, Packet) else None)
            packet = marked
        counters.decapsulated_frgs_needing_reassembly += fragments
        counters.decrypt += 1
        counters.verify += 1
        counters.octets += len(packet)
        return packet

    def _dropped(self, why: Drop, esp: bytes, source: IPv4Address, inner: Packet | None = None) -> Dropped:
        counters = self.counters
        if why.counter:
            setattr(counters, why.counter, getattr(counters, why.counter) + 1)
        if why is not Drop.DUMMY:
            counters.recv_errors += 1
        return Dropped(why, self.sa, source, self.sa.spi, int.from_bytes(esp[4:8]), inner)

    def _key(self) -> None:
        sa = self.sa
        self._icv = icv_of(sa.auth, sa.authentication_key) if sa.auth else None
        if sa.cipher.iv_length:
            self._cbc = sa.cipher.decryptor(sa.encryption_key.reveal(), bytes(sa.cipher.iv_length))
        self._keyed = True


def _said(sa: IpsecSa, worn: list[IpsecSa] | None) -> float:
    """Say that an SA is to be renewed. Returns after how many octets that is to be said again."""
    if worn is not None:
        worn.append(sa)
    return inf


def _data_exhausted(sa: IpsecSa, counters: Counters, more: int = 0) -> bool:
    """Whether the lifetime in kilobytes is over, or would be after `more` octets."""
    return sa.lifetime_kilobytes is not None and counters.octets + more >= sa.lifetime_kilobytes * 1024


def icv_of(auth: Auth, key: Secret) -> Callable[[bytes], bytes]:
    """The ICV of a message under this key: an HMAC (RFC 2104), keyed once and cut to the length that ESP sends."""
    keyed, length = hmac.new(key.reveal(), digestmod=auth.algorithm).copy, auth.icv_length

    def icv(message: bytes) -> bytes:
        mac = keyed()
        mac.update(message)
        return mac.digest()[:length]

    return icv
