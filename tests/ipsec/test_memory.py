"""The data plane in memory: two ends, many peers, and the lines an ASA prints about what was dropped."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mainmode.blame import Refused
from mainmode.events import (
    ClearPacketDropped,
    EspAuthenticationFailed,
    EspDropped,
    EspFragmentIllegal,
    EspReplayed,
    EspSpiUnknown,
    InnerPacketMismatch,
    PathMtuUpdated,
)
from mainmode.ike.algorithms import ESP_CIPHERS
from mainmode.ipsec.dataplane import Delivered, Dropped, NoSa, Protected
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.esp import LAST_SEQUENCE
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.pathmtu import Report
from mainmode.ipsec.sa import Counters, IpsecSa, choose_spi
from tests.ipsec.sas import AES, SHA, SITE_A, SITE_B, SPI, Entropy, packet, pair, selectors
from tests.ipsec.test_esp import forge, padded

PING = packet()


def plane(*sas: IpsecSa) -> MemoryPlane:
    made = MemoryPlane(Entropy())
    for sa in sas:
        made.install(sa)
    return made


def send(sender: MemoryPlane, data: bytes = PING, now: float = 0.0) -> Protected:
    result = sender.outbound(data, now)
    assert isinstance(result, Protected)
    return result


def drop(receiver: MemoryPlane, esp: bytes) -> Dropped:
    result = receiver.inbound(esp, SITE_A, 0.0)
    assert isinstance(result, Dropped)
    return result


def test_four_pings_count_as_in_the_document() -> None:
    # The document's `show crypto ipsec sa`: 4 encaps, 4 decaps, bitmaps 0x0000001F inbound and 0x00000001 outbound.
    outbound, inbound = pair()
    a, b = plane(outbound), plane(inbound)
    for n in range(4):
        protected = send(a, now=float(n))
        assert protected.sa is outbound
        assert b.inbound(protected.datagram, SITE_A, n + 0.5) == Delivered(PING, inbound)
    sent, received = a.counters(outbound), b.counters(inbound)
    assert sent == Counters(encaps=4, encrypt=4, digest=4, not_compressed=4, octets=336, last_used=3.0)
    assert received == Counters(decaps=4, decrypt=4, verify=4, octets=336, last_used=3.5)
    assert a.bitmap(outbound) == (0, 0x00000001)
    assert b.bitmap(inbound) == (0, 0x0000001F)


def test_a_packet_for_no_sa_says_so() -> None:
    a = plane(pair()[0])
    result = a.outbound(packet(destination="192.168.9.1"), 0.0)
    assert isinstance(result, NoSa)
    assert result.packet.destination == int(IPv4Address("192.168.9.1"))


def test_a_removed_sa_is_gone_with_its_counters() -> None:
    outbound, inbound = pair()
    a, b = plane(outbound), plane(inbound)
    protected = send(a)
    for end, sa in ((a, outbound), (b, inbound)):
        end.remove(sa)
        end.remove(sa)
        with pytest.raises(KeyError):
            end.counters(sa)
        with pytest.raises(KeyError):
            end.bitmap(sa)
    assert isinstance(a.outbound(PING, 0.0), NoSa)
    assert drop(b, protected.datagram).why is Drop.UNKNOWN_SPI


def test_after_a_rekey_the_new_sa_sends_and_both_receive() -> None:
    old_out, old_in = pair()
    new_out, new_in = pair(spi=0x10000001)
    a, b = plane(old_out, new_out), plane(old_in, new_in)
    assert send(a).sa is new_out
    a.remove(new_out)
    late = send(a)
    assert late.sa is old_out
    assert isinstance(b.inbound(late.datagram, SITE_A, 0.0), Delivered)
    a.remove(old_out)
    a.install(new_out)
    assert isinstance(b.inbound(send(a).datagram, SITE_A, 0.0), Delivered)


def test_two_peers_may_choose_one_spi() -> None:
    # A peer that knows another's SPI must not be able to take its traffic over.
    first, _ = pair()
    second, _ = pair(
        traffic=selectors(remote="192.168.3.0/24"), remote=IPv4Address("10.0.0.3"), tunnel_group="10.0.0.3"
    )
    hub = plane(first, second)
    assert send(hub).sa is first
    assert send(hub, packet(destination="192.168.3.1")).sa is second
    hub.remove(second)
    assert send(hub).sa is first


def test_an_spi_a_second_time_is_refused_or_our_own_fault() -> None:
    outbound, inbound = pair()
    both = plane(outbound, inbound)
    with pytest.raises(Refused) as refused:
        both.install(replace(outbound, sequence=20))
    assert refused.value.notify == 11  # INVALID-SPI
    with pytest.raises(ValueError, match="0xdde50931"):
        both.install(inbound)


def test_link_padding_stays_behind() -> None:
    outbound, inbound = pair()
    a, b = plane(outbound), plane(inbound)
    protected = send(a, PING + bytes(26))
    assert len(protected.datagram) == len(send(a).datagram)
    assert b.inbound(protected.datagram, SITE_A, 0.0) == Delivered(PING, inbound)


def test_a_thousand_peers_are_told_apart() -> None:
    hub, spokes = plane(), []
    for n in range(1000):
        network = f"10.{n // 250}.{n % 250}.0/24"
        peer = IPv4Address(f"172.16.{n // 250}.{n % 250 + 1}")
        outbound, inbound = pair(
            traffic=selectors(remote=network, protocol=0), spi=0x1000 + n, remote=peer, sequence=n + 1
        )
        hub.install(outbound)
        spokes.append((network.replace("0/24", "9"), outbound, inbound))
    for address, outbound, inbound in spokes:
        protected = send(hub, packet(destination=address))
        assert protected.sa is outbound
        assert isinstance(plane(inbound).inbound(protected.datagram, SITE_A, 0.0), Delivered)


def test_every_dropped_packet_has_its_line() -> None:
    outbound, inbound = pair()
    a, b = plane(outbound), plane(inbound)
    good = send(a).datagram
    where = (SPI, 1, SITE_A)

    unknown = drop(plane(), good)
    assert unknown.event(SITE_B) == EspSpiUnknown(*where, SITE_B)
    assert drop(b, good[:-1] + bytes([good[-1] ^ 1])).event(SITE_B) == EspAuthenticationFailed(
        *where, "10.0.0.1", SITE_B
    )
    assert drop(b, good[:40]).event(SITE_B) == EspDropped(*where, "10.0.0.1", SITE_B, "invalid length")
    b.inbound(good, SITE_A, 0.0)
    assert drop(b, good).event(SITE_B) == EspReplayed(*where, "10.0.0.1", SITE_B)

    fragment = drop(b, forge(inbound, padded(packet(fragment=0x1FFF)), 2))
    assert fragment.event(SITE_B) == EspFragmentIllegal(SPI, 2, SITE_A, "10.0.0.1", SITE_B, 84, 65528)
    assert drop(b, forge(inbound, padded(b"", next_header=59), 3)).event(SITE_B) is None
    assert drop(b, forge(inbound, padded(packet(source="192.168.7.7")), 4)).event(SITE_B) == InnerPacketMismatch(
        SPI,
        4,
        SITE_A,
        "10.0.0.1",
        SITE_B,
        inner_destination=IPv4Address("192.168.2.1"),
        inner_source=IPv4Address("192.168.7.7"),
        inner_protocol="icmp",
        local_proxy="192.168.2.0/255.255.255.0/icmp/0",
        remote_proxy="192.168.1.0/255.255.255.0/icmp/0",
    )
    assert drop(b, b"").event(SITE_B) == EspSpiUnknown(0, 0, SITE_A, SITE_B)


def test_a_packet_that_could_not_be_sent_has_its_line() -> None:
    outbound, _ = pair(lifetime_kilobytes=0)
    result = plane(outbound).outbound(PING, 0.0)
    assert isinstance(result, Dropped)
    source, destination = IPv4Address("192.168.1.2"), IPv4Address("192.168.2.1")
    assert result.event(SITE_A) == ClearPacketDropped(source, destination, "data lifetime exceeded")
    nonsense = plane().outbound(b"\x45", 0.0)
    assert isinstance(nonsense, Dropped)
    assert nonsense.event(SITE_A) is None


@pytest.mark.parametrize(
    ("cipher", "port", "overhead"),
    [
        ((12, 128), 0, (74, 44)),  # FACTS §5.2, recomputed
        ((3, 0), 0, (58, 36)),
        ((12, 256), 4500, (82, 52)),
    ],
)
def test_the_overhead_is_what_an_asa_prints(cipher: tuple[int, int], port: int, overhead: tuple[int, int]) -> None:
    outbound, _ = pair(ESP_CIPHERS[cipher], SHA, local_port=port, remote_port=port)
    assert outbound.overhead == overhead
    assert outbound.in_udp == bool(port)


def test_no_reserved_or_taken_spi_is_chosen() -> None:
    draws = iter([0, 1, 255, 0x1234, 256])
    assert choose_spi(lambda n: next(draws).to_bytes(n), {0x1234}) == 256


def test_the_sequence_of_an_sa_that_is_used_up_ends_its_traffic() -> None:
    outbound, _ = pair(AES)
    a = plane(outbound)
    send(a)
    a._outbound[outbound.id].sequence = LAST_SEQUENCE
    result = a.outbound(PING, 0.0)
    assert isinstance(result, Dropped)
    assert result.why is Drop.SEQUENCE_EXHAUSTED


def test_an_sa_whose_peer_has_moved_goes_on_where_it_was() -> None:
    outbound, inbound = pair(local_port=4500, remote_port=4500)
    a, b = plane(outbound), plane(inbound)
    b.inbound(send(a).datagram, SITE_A, 0.0)
    elsewhere = IPv4Address("203.0.113.8")
    moved = replace(outbound, remote=elsewhere, remote_port=20000), replace(inbound, remote_port=20001)
    a.move(outbound, moved[0])
    b.move(inbound, moved[1])
    second = send(a)
    assert second.sa is moved[0]
    assert b.inbound(second.datagram, SITE_A, 1.0) == Delivered(PING, moved[1])
    assert (a.counters(moved[0]).encaps, b.counters(moved[1]).decaps) == (2, 2)
    assert a.outbound_all([PING], 2.0) and send(a).datagram[:8] == SPI.to_bytes(4) + (4).to_bytes(4)
    a.move(moved[0], outbound)
    a.remove(outbound)
    assert isinstance(a.outbound(PING, 3.0), NoSa)
    a.move(outbound, moved[0])  # it is gone, and stays so
    assert isinstance(a.outbound(PING, 4.0), NoSa)


def test_that_an_sa_is_to_be_renewed_is_said_once_even_if_its_peer_moves_at_that_moment() -> None:
    outbound, _ = pair(local_port=4500, remote_port=4500, soft_octets=2 * len(PING))
    a = plane(outbound)
    send(a)
    assert a.worn() == []
    send(a)
    moved = replace(outbound, remote=IPv4Address("203.0.113.8"))
    a.move(outbound, moved)
    assert [sa.spi for sa in a.worn()] == [outbound.spi]
    send(a)
    assert a.worn() == []


def test_of_the_path_to_another_address_nothing_is_known() -> None:
    outbound, _ = pair(local_port=4500, remote_port=4500)
    a = plane(outbound)
    send(a)
    quoted = SPI.to_bytes(4) + (1).to_bytes(4)
    report = Report(IPv4Address("10.0.0.9"), SITE_B, quoted, 1300)
    assert isinstance(a.path_mtu_told(report, 0.0), PathMtuUpdated)
    port = replace(outbound, remote_port=20000)
    a.move(outbound, port)
    assert a.path(port).mtu == 1300
    elsewhere = replace(outbound, remote=IPv4Address("203.0.113.8"))
    a.move(port, elsewhere)
    assert a.path(elsewhere).mtu == 1500
    assert a.path_mtu_told(report, 0.0) is None, "about a path that is not used any more"
    there = replace(report, to=elsewhere.remote)
    assert isinstance(a.path_mtu_told(there, 0.0), PathMtuUpdated)
