"""Long packets cut up and put together again: what goes through the tunnel is what was on the wire."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import assume, given
from hypothesis import strategies as st

from mainmode.ipsec.coalescing import MOST, Long, coalesced
from mainmode.ipsec.segmenting import ACK, CWR, FIN, PSH, completed, remainder, segmented
from mainmode.ipsec.selectors import TCP, UDP

SOURCE, DESTINATION = IPv4Address("192.168.1.2"), IPv4Address("192.168.2.1")


def summed(data: bytes) -> int:
    """The Internet checksum, word by word as RFC 1071 describes it. Not the code under test."""
    data += bytes(len(data) & 1)
    total = 0
    for at in range(0, len(data), 2):
        total += data[at] << 8 | data[at + 1]
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def filled(packet: bytes) -> bytes:
    """The packet with right checksums."""
    made = bytearray(packet)
    head = (made[0] & 15) * 4
    made[10:12] = bytes(2)
    made[10:12] = summed(bytes(made[:head])).to_bytes(2)
    at = head + (16 if made[9] == TCP else 6)
    made[at : at + 2] = bytes(2)
    pseudo = bytes(made[12:20]) + bytes((0, made[9])) + (len(made) - head).to_bytes(2)
    total = summed(pseudo + bytes(made[head:]))
    # A sum of zero is written as its complement in UDP (RFC 768).
    made[at : at + 2] = (total or (0xFFFF if made[9] == UDP else 0)).to_bytes(2)
    return bytes(made)


def ip(protocol: int, body: bytes, *, number: int = 1, tos: int = 0, ttl: int = 64, options: bytes = b"") -> bytes:
    head = 20 + len(options)
    fields = bytes((0x40 | head // 4, tos)) + (head + len(body)).to_bytes(2) + number.to_bytes(2) + b"\x40\0"
    return fields + bytes((ttl, protocol, 0, 0)) + SOURCE.packed + DESTINATION.packed + options + body


def tcp(
    payload: bytes,
    *,
    sequence: int = 1,
    number: int = 1,
    flags: int = ACK,
    window: int = 500,
    port: int = 1025,
    timestamp: int = 7,
    tos: int = 0,
    ip_options: bytes = b"",
) -> bytes:
    """A segment with a timestamp option, as most have."""
    options = b"\x01\x01\x08\x0a" + timestamp.to_bytes(4) + bytes(4)
    body = port.to_bytes(2) + (80).to_bytes(2) + sequence.to_bytes(4) + (99).to_bytes(4) + bytes((0x80, flags))
    body += window.to_bytes(2) + bytes(4) + options + payload
    return filled(ip(TCP, body, number=number, tos=tos, options=ip_options))


def udp(payload: bytes, *, number: int = 1, port: int = 1025) -> bytes:
    body = port.to_bytes(2) + (53).to_bytes(2) + (8 + len(payload)).to_bytes(2) + bytes(2) + payload
    return filled(ip(UDP, body, number=number))


def recut(longs: list[Long]) -> list[bytes]:
    """What the kernel makes of long packets."""
    return [piece for one in longs for piece in (segmented(one.packet, one.size) if one.size else [one.packet])]


@given(st.binary(max_size=3000))
def test_the_remainder_is_that_of_the_sum_of_words(data: bytes) -> None:
    assert remainder(data) % 0xFFFF == (summed(data) ^ 0xFFFF) % 0xFFFF


@given(
    payload=st.binary(min_size=1, max_size=3000),
    size=st.integers(1, 1400),
    sequence=st.integers(0, 0xFFFFFFFF),
    number=st.integers(0, 0xFFFF),
    flags=st.integers(0, 255),
    ip_options=st.sampled_from([b"", b"\x01\x01\x01\0", bytes(40)]),
)
def test_segments_are_what_the_host_would_have_sent(
    payload: bytes, size: int, sequence: int, number: int, flags: int, ip_options: bytes
) -> None:
    size = max(size, len(payload) // 40 + 1)
    long = tcp(payload, sequence=sequence, number=number, flags=flags, ip_options=ip_options)
    cuts = range(0, len(payload), size)
    expected = []
    for at in cuts:
        its = flags
        its &= 255 if at == 0 else ~CWR
        its &= 255 if at == cuts[-1] else ~(FIN | PSH)
        expected.append(
            tcp(
                payload[at : at + size],
                sequence=(sequence + at) & 0xFFFFFFFF,
                number=(number + at // size) & 0xFFFF,
                flags=its,
                ip_options=ip_options,
            )
        )
    assert segmented(long, size) == expected


@given(payload=st.binary(min_size=1, max_size=3000), size=st.integers(1, 1400), number=st.integers(0, 0xFFFF))
def test_datagrams_are_what_the_host_would_have_sent(payload: bytes, size: int, number: int) -> None:
    size = max(size, len(payload) // 40 + 1)
    cuts = range(0, len(payload), size)
    expected = [udp(payload[at : at + size], number=(number + at // size) & 0xFFFF) for at in cuts]
    assert segmented(udp(payload, number=number), size) == expected


@given(st.binary(max_size=200), st.booleans())
def test_a_checksum_left_to_the_network_card_is_completed(payload: bytes, is_udp: bool) -> None:
    right = udp(payload) if is_udp else tcp(payload)
    offset = 6 if is_udp else 16
    pseudo = right[12:20] + bytes((0, right[9])) + (len(right) - 20).to_bytes(2)
    left = right[: 20 + offset] + (summed(pseudo) ^ 0xFFFF).to_bytes(2) + right[22 + offset :]
    done = completed(left, 20, offset)
    # TCP may have the other zero.
    assert done == right or done[20 + offset : 22 + offset] == b"\xff\xff"
    assert summed(pseudo + done[20:]) == 0


# --- joined ---------------------------------------------------------------------------------------------------------


def stream(count: int, size: int = 100, last: int = 100, **more: int) -> list[bytes]:
    """Segments of one connection, one after the other."""
    sizes = [size] * (count - 1) + [last]
    return [
        tcp(bytes([n & 255]) * its, sequence=(0xFFFFFF00 + n * size) & 0xFFFFFFFF, number=(0xFFFE + n) & 0xFFFF, **more)
        for n, its in enumerate(sizes)
    ]


def test_segments_in_a_row_are_one_packet_that_comes_apart_as_they_were() -> None:
    # Sequence number and identification wrap on the way.
    sent = stream(30, last=33)
    (long,) = coalesced(sent, udp=False)
    assert (long.size, long.protocol, len(long.packet)) == (100, TCP, 52 + 2900 + 33)
    assert summed(long.packet[:20]) == 0
    assert recut([long]) == sent


def test_datagrams_in_a_row_are_one_packet_where_the_kernel_cuts_those() -> None:
    sent = [udp(bytes([n]) * 64, number=n) for n in range(20)] + [udp(b"last", number=20)]
    (long,) = coalesced(sent, udp=True)
    assert (long.size, long.protocol, len(long.packet)) == (64, UDP, 28 + 20 * 64 + 4)
    assert recut([long]) == sent
    assert coalesced(sent, udp=False) == [Long((packet,)) for packet in sent]


def test_no_more_are_joined_than_fit_into_one_packet() -> None:
    sent = stream(200, size=1388, last=1388)
    longs = coalesced(sent, udp=False)
    assert max(len(one.packet) for one in longs) <= 65535
    assert len(longs) == -(-200 // 47)
    assert max(len(one.parts) for one in coalesced(stream(200, size=1, last=1), udp=False)) == MOST + 1
    assert recut(longs) == sent


def test_the_segment_that_ends_a_push_ends_the_packet() -> None:
    sent = stream(3)
    sent[1] = tcp(b"\1" * 100, sequence=0xFFFFFF64, number=0xFFFF, flags=ACK | PSH)
    longs = coalesced(sent, udp=False)
    assert [len(one.parts) for one in longs] == [3, 1]
    assert recut(longs) == sent


def test_connections_side_by_side_are_joined_each_by_itself() -> None:
    one, other = stream(5), stream(5, port=1026)
    mixed = [packet for both in zip(one, other, strict=True) for packet in both]
    assert [recut([long]) for long in coalesced(mixed, udp=False)] == [one, other]


def test_nothing_overtakes_a_fragment() -> None:
    first, second = stream(2)
    fragment = bytearray(first)
    fragment[6] |= 0x20
    longs = coalesced([first, bytes(fragment), second], udp=False)
    assert [one.packet for one in longs] == [first, bytes(fragment), second]


def changed(packet: bytes, at: int, value: int) -> bytes:
    made = bytearray(packet)
    made[at] = value
    return filled(bytes(made))


@given(at=st.integers(0, 51), value=st.integers(0, 255))
def test_a_segment_that_differs_in_any_octet_of_its_headers_stays_alone(at: int, value: int) -> None:
    first, second = stream(2)
    third = changed(second, at, value)
    assume(third != second)
    assume(at != 33 or value != ACK | PSH)  # a push may end a packet
    longs = coalesced([first, third], udp=False)
    assert [one.packet for one in longs] == [first, third]


@given(at=st.integers(10, 151), bit=st.integers(0, 7), which=st.integers(0, 1))
def test_a_wrong_checksum_is_passed_on_as_it_is(at: int, bit: int, which: int) -> None:
    sent = stream(2)
    broken = bytearray(sent[which])
    broken[at] ^= 1 << bit
    sent[which] = bytes(broken)
    longs = coalesced(sent, udp=False)
    assert [one.packet for one in longs] == sent


def test_a_datagram_without_a_checksum_gets_none() -> None:
    bare = [packet[:26] + bytes(2) + packet[28:] for packet in (udp(b"one", number=1), udp(b"two", number=2))]
    assert coalesced(bare, udp=True) == [Long((packet,)) for packet in bare]


header_octets = st.tuples(
    st.sampled_from([ACK, ACK, ACK, ACK | PSH, FIN | ACK, 0x02]),
    st.integers(0, 2),
    st.sampled_from([1025, 1025, 1026]),
    st.sampled_from([0, 1, 40, 40, 40]),
    st.booleans(),
)


@given(st.lists(st.one_of(header_octets, st.binary(max_size=80)), max_size=40))
def test_whatever_comes_out_of_a_tunnel_reaches_the_hosts_as_it_was_and_in_its_order(
    made: list[tuple[int, int, int, int, bool] | bytes],
) -> None:
    sent = []
    sequences = {1025: 0, 1026: 0}
    numbers = {1025: 0, 1026: 0}
    for one in made:
        if isinstance(one, bytes):
            # What no right host sends: any octets behind a header that says what they are.
            sent.append(ip(one[0] if one else TCP, one))
            continue
        flags, skip, port, size, is_udp = one
        numbers[port] += 1 + skip // 2
        payload = bytes([numbers[port] & 255]) * size
        if is_udp:
            sent.append(udp(payload, number=numbers[port], port=port))
        else:
            sent.append(tcp(payload, sequence=sequences[port], number=numbers[port], flags=flags, port=port))
            sequences[port] += size
    received = recut(coalesced(sent, udp=True))
    assert sorted(received) == sorted(sent)

    def flow(packet: bytes) -> bytes:
        return packet[9:10] + packet[12:24]

    for one_flow in {flow(packet) for packet in sent}:
        assert [p for p in received if flow(p) == one_flow] == [p for p in sent if flow(p) == one_flow]
