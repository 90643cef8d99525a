"""A data plane in this process: bytes in, bytes out, for the lab and for userspace. Knows no wire and no clock."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from mainmode.blame import Refused
from mainmode.events import PathMtuUnchanged, PathMtuUpdated
from mainmode.ipsec.dataplane import CutUp, Delivered, Dropped, NoSa, PacketPlane, Protected
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.esp import Decryptor, Encryptor
from mainmode.ipsec.fragmentation import fragments
from mainmode.ipsec.icmp import too_big
from mainmode.ipsec.pathmtu import PathMtu, Report
from mainmode.ipsec.sa import INVALID_SPI, Counters, IpsecSa
from mainmode.ipsec.selectors import Packet, SelectorIndex, read_packet


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

    def outbound(self, packet: bytes, now: float) -> Protected | CutUp | NoSa | Dropped:
        header = read_packet(packet)
        if isinstance(header, Drop):
            return Dropped(header, None)
        encryptor = self._index.find(header)
        if encryptor is None:
            return NoSa(header)
        if header.length > encryptor.path.room:
            return self._too_long(encryptor, packet[: header.length], header, now)
        # Padding of the link behind the packet is none of the peer's business.
        esp = encryptor.protect(packet[: header.length], now)
        if isinstance(esp, Drop):
            return Dropped(esp, encryptor.sa, inner=header)
        return Protected(esp, encryptor.sa, packet[1], encryptor.path.outer_df(packet))

    def _too_long(self, encryptor: Encryptor, packet: bytes, header: Packet, now: float) -> Protected | CutUp | Dropped:
        """What becomes of a packet that does not fit: the table in `pathmtu`."""
        sa, path, counters = encryptor.sa, encryptor.path, encryptor.counters
        path.current(now)  # what was learnt may have been forgotten since
        if header.length > path.room and path.refuses(packet):
            answer = too_big(packet, header, max(path.room, 0))
            counters.pre_frag_failures += path.policy.before_encryption
            counters.pmtus_sent += bool(answer.message)
            return Dropped(Drop.TOO_LONG, sa, inner=header, too_big=answer)
        if header.length <= path.room or not path.policy.before_encryption:
            esp = encryptor.protect(packet, now)
            if isinstance(esp, Drop):
                return Dropped(esp, sa, inner=header)
            return Protected(esp, sa, packet[1], header.length <= path.room and path.outer_df(packet))
        pieces = None if header.is_illegal_fragment else fragments(packet, path.room)
        if pieces is None:
            counters.send_errors += 1
            counters.min_mtu_frag_failed_send += not header.is_illegal_fragment
            return Dropped(Drop.FRAGMENT if header.is_illegal_fragment else Drop.NO_ROOM, sa, inner=header)
        counters.pre_frag_successes += 1
        counters.fragments_created += len(pieces)
        out = []
        for piece in pieces:
            esp = encryptor.protect(piece, now)
            if isinstance(esp, Drop):
                return Dropped(esp, sa, inner=header)
            out.append(Protected(esp, sa, packet[1], path.outer_df(piece)))
        return CutUp(tuple(out))

    def inbound(self, esp: bytes, source: IPv4Address, now: float, tos: int = 0) -> Delivered | Dropped:
        spi, sequence = int.from_bytes(esp[:4]), int.from_bytes(esp[4:8])
        decryptor = self._inbound.get(spi)
        if decryptor is None:
            return Dropped(Drop.UNKNOWN_SPI, None, source, spi, sequence)
        opened = decryptor.open(esp, source, now, tos)
        return opened if isinstance(opened, Dropped) else Delivered(opened, decryptor.sa)

    def path_mtu_told(self, report: Report, now: float) -> PathMtuUpdated | PathMtuUnchanged | None:
        spi, sequence = int.from_bytes(report.quoted[:4]), int.from_bytes(report.quoted[4:8])
        encryptor = self._outbound.get((report.to, spi))
        if encryptor is None or not 0 < sequence <= encryptor.sequence or encryptor.path.policy.df == "clear-df":
            return None
        encryptor.counters.pmtus_rcvd += 1
        sa = encryptor.sa
        before, after = encryptor.path.told(report.suggested, now)
        where = sa.remote, sa.spi, sa.tunnel_group
        if after < before:
            return PathMtuUpdated(report.router, report.suggested, *where, before, after)
        return PathMtuUnchanged(report.router, report.suggested, before, *where)

    def path(self, sa: IpsecSa) -> PathMtu:
        return self._outbound[sa.id].path

    def _end(self, sa: IpsecSa) -> Encryptor | Decryptor:
        return self._inbound[sa.spi] if sa.direction == "inbound" else self._outbound[sa.id]
