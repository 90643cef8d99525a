"""Packets by the dozen: whatever is done to several at once is what would be done to one after the other."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mainmode.ipsec.dataplane import CutUp, Delivered, DeliveredRun, Dropped, NoSa, Protected, ProtectedRun
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.esp import LAST_SEQUENCE
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.sa import IpsecSa
from tests.ipsec.sas import SITE_A, SPI, Entropy, packet, pair, selectors

UDP = 17


class Stream:
    """Entropy that is the same however it is asked for: octet after octet."""

    def __init__(self) -> None:
        self._entropy = Entropy()
        self._left = b""

    def __call__(self, n: int) -> bytes:
        while len(self._left) < n:
            self._left += self._entropy(64)
        taken, self._left = self._left[:n], self._left[n:]
        return taken


def datagram(port: int, size: int, *, host: int = 1, tos: int = 0, df: bool = False, fragment: int = 0) -> bytes:
    body = port.to_bytes(2) + (53).to_bytes(2) + (8 + size).to_bytes(2) + bytes(2) + bytes(size)
    made = bytearray(packet(destination=f"192.168.2.{host}", protocol=UDP, body=body, fragment=fragment | df << 14))
    made[1] = tos
    return bytes(made)


def two_sas(**more: object) -> list[tuple[IpsecSa, IpsecSa]]:
    """UDP from port 1000 has an SA of its own; everything else to 192.168.2.0/24 the other."""
    return [
        pair(traffic=selectors(protocol=0), **more),
        pair(traffic=selectors(protocol=UDP, ports=(1000, 0)), spi=SPI + 1, **more),
    ]


def planes(pairs: list[tuple[IpsecSa, IpsecSa]]) -> tuple[MemoryPlane, MemoryPlane]:
    a, b = MemoryPlane(Stream()), MemoryPlane(Stream())
    for outbound, inbound in pairs:
        a.install(outbound)
        b.install(inbound)
    return a, b


Outcome = Protected | CutUp | NoSa | Dropped


def one_by_one(results: list[ProtectedRun | object]) -> list[object]:
    """Runs as `outbound` would have given them."""
    apart: list[object] = []
    for result in results:
        if isinstance(result, ProtectedRun):
            apart += [Protected(datagram, result.sa, result.tos, result.df) for datagram in result.datagrams]
        else:
            apart.append(result.done)  # type: ignore[attr-defined]
    return apart


packets_out = st.lists(
    st.one_of(
        st.builds(
            datagram,
            st.sampled_from([1000, 1001]),
            st.sampled_from([0, 64, 64, 1300, 1460]),
            host=st.sampled_from([1, 1, 2]),
            tos=st.sampled_from([0, 0, 0xB8, 3]),
            df=st.booleans(),
            fragment=st.sampled_from([0, 0, 0, 0x2000]),
        ),
        st.just(packet()),
        st.just(packet(destination="10.9.9.9")),
        st.just(b"\x60" + bytes(40)),
        st.just(datagram(1000, 20) + b"link padding"),
    ),
    max_size=30,
)


@given(packets_out, st.integers(0, 5), st.sampled_from([None, 1, 4]))
def test_packets_out_at_once_are_packets_out_one_after_the_other(
    packets: list[bytes], left: int, kilobytes: int | None
) -> None:
    pairs = two_sas(lifetime_kilobytes=kilobytes)
    (one, _), (several, _) = planes(pairs), planes(pairs)
    for plane in (one, several):
        for encryptor in plane._outbound.values():
            plane.outbound(datagram(1000, 64), 0.0)
            plane.outbound(datagram(1001, 64), 0.0)
            if left:
                encryptor.sequence = LAST_SEQUENCE - left
    expected = [one.outbound(data, 1.0) for data in packets]
    assert one_by_one(several.outbound_all(packets, 1.0)) == expected
    for outbound, _ in pairs:
        assert several.counters(outbound) == one.counters(outbound)


@given(st.data())
def test_packets_in_at_once_are_packets_in_one_after_the_other(data: st.DataObject) -> None:
    kilobytes = data.draw(st.sampled_from([None, 1, 4]))
    pairs = two_sas(lifetime_kilobytes=kilobytes)
    sender, one = planes([(replace(out, lifetime_kilobytes=None), into) for out, into in pairs])
    _, several = planes(pairs)
    esps = []
    for sent in data.draw(packets_out):
        done = sender.outbound(sent, 0.0)
        pieces = done.pieces if isinstance(done, CutUp) else (done,) if isinstance(done, Protected) else ()
        esps += [piece.datagram for piece in pieces]
    # What can happen to them on the way: again, in another order, damaged, cut off; and what belongs to no SA.
    if esps:
        esps += data.draw(st.lists(st.sampled_from(esps), max_size=5))
        esps = data.draw(st.permutations(esps))
        for at in data.draw(st.lists(st.integers(0, len(esps) - 1), max_size=3, unique=True)):
            damaged = bytearray(esps[at])
            damaged[data.draw(st.integers(8, len(damaged) - 1))] ^= 1
            esps[at] = bytes(damaged)[: data.draw(st.sampled_from([9999, 9999, 60, 41, 8]))]
        esps += data.draw(st.lists(st.just(bytes(4) + esps[0][4:]), max_size=2))
    tos = data.draw(st.sampled_from([0, 1, 3]))
    expected = [one.inbound(esp, SITE_A, 1.0, tos) for esp in esps]
    results = several.inbound_all(esps, SITE_A, 1.0, tos)
    for _, inbound in pairs:
        assert several.counters(inbound) == one.counters(inbound)
        assert several.bitmap(inbound) == one.bitmap(inbound)
        delivered = [
            packet for run in results if isinstance(run, DeliveredRun) for packet in run.packets if run.sa is inbound
        ]
        assert delivered == [done.packet for done in expected if isinstance(done, Delivered) and done.sa is inbound]
    drops = [done for done in results if isinstance(done, Dropped)]
    assert sorted(map(str, drops)) == sorted(str(done) for done in expected if isinstance(done, Dropped))


def test_packets_of_one_flow_and_one_header_are_one_run() -> None:
    sender, _ = planes(two_sas())
    sent = [datagram(1000, 64) for _ in range(20)]
    results = sender.outbound_all(sent, 0.0)
    # The first one finds out where the flow belongs.
    assert [len(run.datagrams) if isinstance(run, ProtectedRun) else 1 for run in results] == [1, 19]


def test_another_sa_for_a_flow_has_its_next_packet() -> None:
    sender, _ = planes([pair(traffic=selectors(protocol=0))])
    sender.outbound_all([datagram(1000, 64)] * 3, 0.0)
    narrower, _ = pair(traffic=selectors(protocol=UDP, ports=(1000, 0)), spi=SPI + 1)
    sender.install(narrower)
    (first, *_) = one_by_one(sender.outbound_all([datagram(1000, 64)] * 3, 0.0))
    assert isinstance(first, Protected)
    assert first.sa is narrower
    sender.remove(narrower)
    (first, *_) = one_by_one(sender.outbound_all([datagram(1000, 64)] * 3, 0.0))
    assert isinstance(first, Protected)
    assert first.sa is not narrower


def test_a_flow_that_was_let_in_does_not_let_in_another() -> None:
    sender, _ = planes([pair(traffic=selectors(protocol=0))])
    _, receiver = planes([pair(traffic=selectors("192.168.1.0/24", "192.168.2.0/31", UDP))])
    runs = sender.outbound_all([datagram(1000, 64), datagram(1000, 64), datagram(1000, 64, host=7)], 0.0)
    esps = [done.datagram for done in one_by_one(runs) if isinstance(done, Protected)]
    results = receiver.inbound_all(esps, SITE_A, 0.0)
    assert [done.why for done in results if isinstance(done, Dropped)] == [Drop.SELECTORS]
    assert [len(run.packets) for run in results if isinstance(run, DeliveredRun)] == [2]
