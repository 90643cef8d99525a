"""A data plane in this process: bytes in, bytes out, for the lab and for userspace. Knows no wire and no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address
from itertools import groupby
from typing import Final

from mainmode.blame import Refused
from mainmode.events import PathMtuUnchanged, PathMtuUpdated
from mainmode.ipsec.dataplane import (
    Alone,
    CutUp,
    Delivered,
    DeliveredRun,
    Dropped,
    NoSa,
    PacketPlane,
    Protected,
    ProtectedRun,
)
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.esp import Decryptor, Encryptor
from mainmode.ipsec.fragmentation import fragments
from mainmode.ipsec.icmp import too_big
from mainmode.ipsec.pathmtu import DONT_FRAGMENT, PathMtu, Report
from mainmode.ipsec.sa import INVALID_SPI, Counters, IpsecSa
from mainmode.ipsec.selectors import Flow, Packet, SelectorIndex, flow_of, read_packet

FLOWS: Final = 4096
"""Flows whose SA is remembered; then it begins anew. A gateway of a large site sees a few thousand connections at once,
and each takes some 200 octets."""


class MemoryPlane(PacketPlane):
    """What arrives is found by its SPI, what leaves by its addresses, protocol and ports."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        """`entropy(n)` gives n unpredictable octets, for IVs."""
        self._entropy = entropy
        self._inbound: dict[int, Decryptor] = {}
        self._outbound: dict[tuple[IPv4Address, int], Encryptor] = {}
        self._index: SelectorIndex[Encryptor] = SelectorIndex()
        self._worn: list[IpsecSa] = []
        self._flows: dict[Flow, Encryptor] = {}
        """What `_index` has found, until another SA might have the packet."""
        self._before = Counters(), Counters()
        """What was received and sent by SAs that are gone, or before their counters were cleared."""

    def install(self, sa: IpsecSa) -> None:
        if sa.direction == "inbound":
            if sa.spi in self._inbound:
                raise ValueError(f"inbound SPI 0x{sa.spi:08x} is in use")
            self._inbound[sa.spi] = Decryptor(sa, self._worn)
            return
        if sa.id in self._outbound:
            raise Refused(f"SPI 0x{sa.spi:08x} a second time from {sa.remote}", INVALID_SPI)
        encryptor = Encryptor(sa, self._entropy, self._worn)
        self._outbound[sa.id] = encryptor
        self._index.add(sa.selectors, sa.sequence, encryptor)
        self._flows.clear()

    def move(self, before: IpsecSa, after: IpsecSa) -> None:
        if after.direction == "inbound":
            if decryptor := self._inbound.get(before.spi):
                decryptor.sa = after
        elif encryptor := self._outbound.pop(before.id, None):
            encryptor.move(after)
            self._outbound[after.id] = encryptor

    def remove(self, sa: IpsecSa) -> None:
        with suppress(KeyError):
            self._total_of(sa).add(self._end(sa).counters)
        if sa.direction == "inbound":
            self._inbound.pop(sa.spi, None)
        elif encryptor := self._outbound.pop(sa.id, None):
            self._index.remove(sa.selectors, encryptor)
            self._flows.clear()

    def counters(self, sa: IpsecSa) -> Counters:
        return self._end(sa).counters

    def clear_counters(self, sa: IpsecSa) -> None:
        with suppress(KeyError):
            self._total_of(sa).add(self._end(sa).counters.clear())

    def totals(self) -> tuple[Counters, Counters]:
        received, sent = (replace(total) for total in self._before)
        for decryptor in self._inbound.values():
            received.add(decryptor.counters)
        for encryptor in self._outbound.values():
            sent.add(encryptor.counters)
        return received, sent

    def worn(self) -> list[IpsecSa]:
        worn = list(self._worn)
        self._worn.clear()
        return worn

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
        flow = flow_of(packet)
        if flow is not None:
            if len(self._flows) >= FLOWS:
                self._flows.clear()
            self._flows[flow] = encryptor
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
        decryptor = self._inbound.get(int.from_bytes(esp[:4]))
        if decryptor is None:
            return _unknown(esp, source)
        opened = decryptor.open(esp, source, now, tos)
        return opened if isinstance(opened, Dropped) else Delivered(opened, decryptor.sa)

    def outbound_all(self, packets: Sequence[bytes], now: float) -> list[ProtectedRun | Alone]:
        results: list[ProtectedRun | Alone] = []
        run: list[bytes] = []
        sender: Encryptor | None = None
        header = -1
        for packet in packets:
            flow = flow_of(packet)
            encryptor = self._flows.get(flow) if flow else None
            if encryptor is not None and len(packet) > encryptor.path.room:
                encryptor = None
            # What the outer header takes from the inner one.
            its = packet[1] << 8 | packet[6] & DONT_FRAGMENT if encryptor is not None else -1
            if encryptor is not sender or its != header:
                results += self._run(sender, run, now)
                sender, header, run = encryptor, its, []
            if encryptor is None:
                results.append(Alone(packet, self.outbound(packet, now)))
            else:
                run.append(packet)
        return results + self._run(sender, run, now)

    def _run(self, sender: Encryptor | None, packets: Sequence[bytes], now: float) -> list[ProtectedRun | Alone]:
        """What becomes of packets that all belong to one SA."""
        if sender is None:
            return []
        datagrams = sender.protect_all(packets, now)
        if datagrams is None:
            return [Alone(packet, self.outbound(packet, now)) for packet in packets]
        return [ProtectedRun(datagrams, sender.sa, packets[0][1], sender.path.outer_df(packets[0]))]

    def inbound_all(
        self, esps: Sequence[bytes], source: IPv4Address, now: float, tos: int = 0
    ) -> list[DeliveredRun | Dropped]:
        results: list[DeliveredRun | Dropped] = []
        for spi, run in groupby(esps, lambda esp: esp[:4]):
            decryptor = self._inbound.get(int.from_bytes(spi))
            if decryptor is None:
                results += (_unknown(esp, source) for esp in run)
                continue
            packets: list[bytes] = []
            for opened in decryptor.open_all(list(run), source, now, tos):
                if isinstance(opened, Dropped):
                    results.append(opened)
                else:
                    packets.append(opened)
            if packets:
                results.append(DeliveredRun(packets, decryptor.sa))
        return results

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

    def _total_of(self, sa: IpsecSa) -> Counters:
        return self._before[sa.direction == "outbound"]

    def _end(self, sa: IpsecSa) -> Encryptor | Decryptor:
        return self._inbound[sa.spi] if sa.direction == "inbound" else self._outbound[sa.id]


def _unknown(esp: bytes, source: IPv4Address) -> Dropped:
    return Dropped(Drop.UNKNOWN_SPI, None, source, int.from_bytes(esp[:4]), int.from_bytes(esp[4:8]))
