"""A data plane in this process: bytes in, bytes out, for the lab and for userspace. Knows no wire and no clock."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from mainmode.blame import Refused
from mainmode.ipsec.dataplane import Delivered, Dropped, NoSa, PacketPlane, Protected
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.esp import Decryptor, Encryptor
from mainmode.ipsec.sa import INVALID_SPI, Counters, IpsecSa
from mainmode.ipsec.selectors import SelectorIndex, read_packet


class MemoryPlane(PacketPlane):
    """What arrives is found by its SPI, what leaves by its addresses, protocol and ports."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        """`entropy(n)` gives n unpredictable octets, for IVs."""
        self._entropy = entropy
        self._inbound: dict[int, Decryptor] = {}
        self._outbound: dict[tuple[IPv4Address, int], Encryptor] = {}
        self._index: SelectorIndex[Encryptor] = SelectorIndex()

    def install(self, sa: IpsecSa) -> None:
        if sa.direction == "inbound":
            if sa.spi in self._inbound:
                raise ValueError(f"inbound SPI 0x{sa.spi:08x} is in use")
            self._inbound[sa.spi] = Decryptor(sa)
            return
        if sa.id in self._outbound:
            raise Refused(f"SPI 0x{sa.spi:08x} a second time from {sa.remote}", INVALID_SPI)
        encryptor = Encryptor(sa, self._entropy)
        self._outbound[sa.id] = encryptor
        self._index.add(sa.selectors, sa.sequence, encryptor)

    def remove(self, sa: IpsecSa) -> None:
        if sa.direction == "inbound":
            self._inbound.pop(sa.spi, None)
        elif encryptor := self._outbound.pop(sa.id, None):
            self._index.remove(sa.selectors, encryptor)

    def counters(self, sa: IpsecSa) -> Counters:
        return self._end(sa).counters

    def bitmap(self, sa: IpsecSa) -> tuple[int, ...]:
        end = self._end(sa)
        # An outbound SA has no window; an ASA prints the one it would start with.
        return end.window.words if isinstance(end, Decryptor) else (0, 1)

    def outbound(self, packet: bytes, now: float) -> Protected | NoSa | Dropped:
        header = read_packet(packet)
        if isinstance(header, Drop):
            return Dropped(header, None)
        encryptor = self._index.find(header)
        if encryptor is None:
            return NoSa(header)
        # Padding of the link behind the packet is none of the peer's business.
        esp = encryptor.protect(packet[: header.length], now)
        if isinstance(esp, Drop):
            return Dropped(esp, encryptor.sa, inner=header)
        return Protected(esp, encryptor.sa)

    def inbound(self, esp: bytes, source: IPv4Address, now: float) -> Delivered | Dropped:
        spi, sequence = int.from_bytes(esp[:4]), int.from_bytes(esp[4:8])
        decryptor = self._inbound.get(spi)
        if decryptor is None:
            return Dropped(Drop.UNKNOWN_SPI, None, source, spi, sequence)
        opened = decryptor.open(esp, source, now)
        return opened if isinstance(opened, Dropped) else Delivered(opened, decryptor.sa)

    def _end(self, sa: IpsecSa) -> Encryptor | Decryptor:
        return self._inbound[sa.spi] if sa.direction == "inbound" else self._outbound[sa.id]
