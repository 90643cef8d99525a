"""ESP in tunnel mode, one SA at a time (RFC 4303): packets to ESP and back. Knows no other SA and no socket.

    SPI 4 | sequence number 4 | IV | ciphertext of [ packet | padding 1, 2, 3… | pad length 1 | next header 1 ] | ICV

Ciphers and HMACs are keyed once per SA, at its first packet, and then carried on, because keying a CBC context costs
more than running an ordinary packet through it. Carried on, CBC takes the last block of the packet before for its IV.
So the sender puts a random block before the plaintext: what it is encrypted to is unpredictable, and serves as the IV
that is sent. The receiver decrypts the IV as one more block and throws that away.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final

from cryptography.hazmat.primitives.ciphers import CipherContext

from mainmode.ike.keys import equal
from mainmode.ipsec.dataplane import Dropped
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.ecn import MASK, decapsulated
from mainmode.ipsec.pathmtu import PathMtu
from mainmode.ipsec.replay import ReplayWindow
from mainmode.ipsec.sa import ESP_HEADER, ESP_TRAILER, Counters, IpsecSa
from mainmode.ipsec.selectors import Packet, read_packet

LAST_SEQUENCE: Final = 0xFFFFFFFF
IPV4: Final = 4
"""Next header of an IPv4 packet in tunnel mode."""
NO_NEXT_HEADER: Final = 59
"""Next header of a dummy packet (RFC 4303 §2.6)."""

_PADDING: Final = bytes(range(1, 256))
_TRAILERS: Final = tuple(_PADDING[:n] + bytes((n, IPV4)) for n in range(16))
"""What follows a packet, by pad length; the longest block is 16 (RFC 4303 §2.4)."""
_HEADER: Final = struct.Struct(">II")


class Encryptor:
    """The sending end of an SA."""

    __slots__ = ("_cbc", "_entropy", "_mac", "counters", "path", "sa", "sequence")

    def __init__(self, sa: IpsecSa, entropy: Callable[[int], bytes]) -> None:
        """`entropy(n)` gives n unpredictable octets."""
        self.sa = sa
        self.counters = Counters()
        self.path = PathMtu(sa)
        self.sequence = 0
        """Of the last packet; the first one is 1 (RFC 4303 §2.2)."""
        self._entropy = entropy
        self._cbc: CipherContext | None = None
        self._mac: hmac.HMAC | None = None

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
        if not self.sequence:
            self._mac = _keyed_hmac(sa)
            if sa.cipher.iv_length:
                self._cbc = sa.cipher.encryptor(sa.encryption_key.reveal(), bytes(sa.cipher.iv_length))
        self.sequence += 1
        body = packet + _TRAILERS[-(len(packet) + ESP_TRAILER) % sa.cipher.block_size]
        if self._cbc:
            body = self._cbc.update(self._entropy(sa.cipher.iv_length) + body)
        esp = _HEADER.pack(sa.spi, self.sequence) + body
        counters.encaps += 1
        counters.encrypt += 1
        counters.digest += 1
        counters.not_compressed += 1
        counters.octets += len(packet)
        counters.last_used = now
        return esp + _icv(sa, self._mac, esp) if self._mac else esp


class Decryptor:
    """The receiving end of an SA."""

    __slots__ = ("_cbc", "_keyed", "_mac", "_shortest", "counters", "sa", "window")

    def __init__(self, sa: IpsecSa) -> None:
        self.sa = sa
        self.counters = Counters()
        # Without integrity anybody can move the window, so there is none (RFC 4303 §3.4.3).
        self.window = ReplayWindow(sa.replay_window if sa.auth else 0)
        self._shortest = (
            ESP_HEADER + sa.cipher.iv_length + sa.cipher.block_size + (sa.auth.icv_length if sa.auth else 0)
        )
        self._keyed = False
        self._cbc: CipherContext | None = None
        self._mac: hmac.HMAC | None = None

    def open(self, esp: bytes, source: IPv4Address, now: float, tos: int = 0) -> bytes | Dropped:
        """The IPv4 packet inside, without padding. Cheap checks first; nothing moves before the ICV is verified.

        `esp`: from the SPI on, which is this SA's. `source`: the outer source address, for the record. `tos`: that
        octet of the outer header, whose congestion marks go inside.
        """
        sa, counters = self.sa, self.counters
        sequence = int.from_bytes(esp[4:8])

        def dropped(why: Drop, inner: Packet | None = None) -> Dropped:
            if why.counter:
                setattr(counters, why.counter, getattr(counters, why.counter) + 1)
            if why is not Drop.DUMMY:
                counters.recv_errors += 1
            return Dropped(why, sa, source, sa.spi, sequence, inner)

        if len(esp) < self._shortest or (len(esp) - self._shortest) % sa.cipher.block_size:
            return dropped(Drop.ESP_LENGTH)
        if not self.window.check(sequence):
            return dropped(Drop.REPLAYED)
        if _data_exhausted(sa, counters):
            return dropped(Drop.DATA_EXHAUSTED)
        if not self._keyed:
            self._key()
        end = len(esp)
        if self._mac and sa.auth:
            end -= sa.auth.icv_length
            if not equal(_icv(sa, self._mac, esp[:end]), esp[end:]):
                return dropped(Drop.AUTHENTICATION)
        self.window.mark(sequence)
        counters.decaps += 1

        plain = esp[ESP_HEADER:end]
        if self._cbc:
            plain = self._cbc.update(plain)[sa.cipher.iv_length :]
        pad_length, next_header = plain[-2:]
        inner_end = len(plain) - ESP_TRAILER - pad_length
        if inner_end < 0 or plain[inner_end:-ESP_TRAILER] != _PADDING[:pad_length]:
            return dropped(Drop.PADDING)
        if next_header == NO_NEXT_HEADER:
            return dropped(Drop.DUMMY)
        if next_header != IPV4:
            return dropped(Drop.NEXT_HEADER)
        inner = read_packet(plain[:inner_end])
        if isinstance(inner, Drop):
            return dropped(inner)
        if inner.is_illegal_fragment:
            return dropped(Drop.FRAGMENT, inner)
        if not sa.selectors.inbound(inner):
            return dropped(Drop.SELECTORS, inner)
        packet: bytes | None = plain[: inner.length]
        if tos & MASK:
            packet = decapsulated(plain[: inner.length], tos)
        if packet is None:
            return dropped(Drop.CONGESTION, inner)
        if inner.more_fragments or inner.fragment_offset:
            counters.decapsulated_frgs_needing_reassembly += 1

        counters.decrypt += 1
        counters.verify += 1
        counters.octets += inner.length
        counters.last_used = now
        return packet

    def _key(self) -> None:
        sa = self.sa
        self._mac = _keyed_hmac(sa)
        if sa.cipher.iv_length:
            self._cbc = sa.cipher.decryptor(sa.encryption_key.reveal(), bytes(sa.cipher.iv_length))
        self._keyed = True


def _data_exhausted(sa: IpsecSa, counters: Counters) -> bool:
    return sa.lifetime_kilobytes is not None and counters.octets >= sa.lifetime_kilobytes * 1024


def _keyed_hmac(sa: IpsecSa) -> hmac.HMAC | None:
    return hmac.new(sa.authentication_key.reveal(), digestmod=sa.auth.algorithm) if sa.auth else None


def _icv(sa: IpsecSa, keyed: hmac.HMAC, esp: bytes) -> bytes:
    mac = keyed.copy()
    mac.update(esp)
    return mac.digest()[: sa.auth.icv_length if sa.auth else 0]
