"""ESP packets: published ones, our own, and everything an attacker can do to one."""

from __future__ import annotations

import hmac
import json
import struct
from dataclasses import asdict, replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.blame import Refused
from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, Auth, Cipher
from mainmode.ipsec.dataplane import Dropped
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.esp import LAST_SEQUENCE, Decryptor, Encryptor
from mainmode.ipsec.sa import IpsecSa
from mainmode.secret import Secret
from tests.ipsec.sas import AES, SHA, SITE_A, SPI, Entropy, packet, pair, selectors
from tests.keys.vectors import vector
from tests.pcap import packets

ALL = [(cipher, auth) for cipher in ESP_CIPHERS.values() for auth in ESP_AUTHS.values()]
PING = packet()
each_transform = pytest.mark.parametrize(("cipher", "auth"), ALL, ids=lambda row: row.name)


def forge(sa: IpsecSa, plain: bytes, sequence: int = 1, iv: bytes | None = None) -> bytes:
    """ESP around a plaintext with its trailer: what a peer with the right keys can send. Not the code under test."""
    iv = bytes(range(sa.cipher.iv_length)) if iv is None else iv
    body = struct.pack(">II", sa.spi, sequence) + iv + sa.cipher.encrypt(sa.encryption_key.reveal(), iv, plain)
    if not sa.auth:
        return body
    return body + hmac.digest(sa.authentication_key.reveal(), body, sa.auth.algorithm)[: sa.auth.icv_length]


def padded(inner: bytes, block: int = 16, next_header: int = 4) -> bytes:
    pad = -(len(inner) + 2) % block
    return inner + bytes(range(1, pad + 1)) + bytes((pad, next_header))


def open_one(sa: IpsecSa, esp: bytes) -> bytes | Drop:
    result = Decryptor(sa).open(esp, SITE_A, 1.0)
    return result.why if isinstance(result, Dropped) else result


# --- published packets ----------------------------------------------------------------------------------------------


def test_rfc_3602_case_5_decrypts() -> None:
    # RFC 3602 §4 case 5: a transport mode packet without integrity, so the cipher alone.
    case = json.loads(vector("rfc/rfc3602-case5.json").read_text())
    key, iv, plain, coded = (
        bytes.fromhex(case[name]) for name in ("key", "iv", "plaintext_with_trailer", "ciphertext")
    )
    assert AES.encrypt(key, iv, plain) == coded
    assert AES.decrypt(key, iv, coded) == plain


def secrets() -> dict[int, Secret]:
    """SPI to key, from tcpdump's esp-secrets.txt."""
    lines = vector("tcpdump/esp-secrets.txt").read_text().splitlines()
    rows = [line.replace("@", " ").replace(":0x", " ").split() for line in lines if line.startswith("0x")]
    return {int(spi, 16): Secret(bytes.fromhex(key)) for spi, _, _, key in rows}


# The key of the tests esp1 and espudp1, from the command lines in tcpdump's tests/TESTLIST.
SUNRISE = {0x12345678: Secret(bytes.fromhex("4043434545464649494a4a4c4c4f4f515152525454575758"))}


@pytest.mark.parametrize("capture", ["02-sunrise-sunset-esp", "08-sunrise-sunset-esp2", "espudp1"])
def test_captures_of_tcpdump_open_as_tcpdump_prints_them(capture: str) -> None:
    # tcpdump's tests esp1, esp2 (ESP within ESP, keys in a file) and espudp1: 3DES with a 96-bit HMAC whose key is not
    # published, so the ICV is cut off and the SA has none.
    keys, layers = (secrets(), 2) if capture.startswith("08") else (SUNRISE, 1)
    anything = selectors("0.0.0.0/0", "0.0.0.0/0", 0)
    decryptors: dict[int, Decryptor] = {}
    echoes = []
    for captured in packets(vector(f"tcpdump/{capture}.pcap")):
        inner: bytes | Dropped = bytes(20) + captured.content
        for _ in range(layers):
            assert isinstance(inner, bytes)
            esp = inner[20:]
            spi = int.from_bytes(esp[:4])
            if spi not in decryptors:
                _, sa = pair(ESP_CIPHERS[3, 0], None, anything, spi, encryption_key=keys[spi])
                decryptors[spi] = Decryptor(sa)
            inner = decryptors[spi].open(esp[:-12], SITE_A, 0.0)
        assert isinstance(inner, bytes)
        assert inner[12:20] == IPv4Address("192.0.2.1").packed + IPv4Address("192.0.1.1").packed
        echoes.append((inner[20], *struct.unpack(">HH", inner[24:28])))
    assert echoes == [(8, 28416, 1280 + 256 * n) for n in range(8)]


# --- our own --------------------------------------------------------------------------------------------------------


@each_transform
def test_packets_of_every_size_come_out_as_they_went_in(cipher: Cipher, auth: Auth) -> None:
    outbound, inbound = pair(cipher, auth)
    encryptor, decryptor = Encryptor(outbound, Entropy()), Decryptor(inbound)
    for size in [*range(40), 64, 1372, 1480, 65515]:
        inner = packet(body=bytes(n & 255 for n in range(size)))
        esp = encryptor.protect(inner, 0.0)
        assert isinstance(esp, bytes)
        assert decryptor.open(esp, SITE_A, 0.0) == inner


@each_transform
def test_what_is_sent_is_what_the_rfc_says(cipher: Cipher, auth: Auth) -> None:
    # Against an independent construction from the IV that was sent; the second packet too, because the sender's CBC
    # context goes on from the first.
    outbound, _ = pair(cipher, auth)
    encryptor = Encryptor(outbound, Entropy())
    for sequence in (1, 2, 3):
        esp = encryptor.protect(PING, 0.0)
        assert isinstance(esp, bytes)
        iv = esp[8 : 8 + cipher.iv_length]
        assert esp == forge(outbound, padded(PING, cipher.block_size), sequence, iv)
        worst, _ = outbound.overhead
        assert len(PING) < len(esp) <= len(PING) + worst - 20


def test_the_receiver_needs_no_packet_but_the_one_it_opens() -> None:
    # Its CBC context goes on too, from whatever it saw last: lost, forged and late packets must not matter.
    outbound, inbound = pair()
    encryptor, decryptor = Encryptor(outbound, Entropy()), Decryptor(inbound)
    sent = [encryptor.protect(packet(body=bytes([n]) * 60), 0.0) for n in range(8)]
    for n in (3, 1, 7, 0, 2):
        esp = sent[n]
        assert isinstance(esp, bytes)
        assert isinstance(decryptor.open(esp[:-1] + bytes([esp[-1] ^ 1]), SITE_A, 0.0), Dropped)
        assert decryptor.open(esp, SITE_A, 0.0) == packet(body=bytes([n]) * 60)


@pytest.mark.parametrize("cipher", [row for row in ESP_CIPHERS.values() if row.iv_length], ids=lambda row: row.name)
def test_no_iv_is_sent_twice_nor_is_the_last_block_of_the_packet_before(cipher: Cipher) -> None:
    # CBC with a predictable IV gives the plaintext away to one who can choose some of it (RFC 3602 §3).
    encryptor = Encryptor(pair(cipher)[0], Entropy())
    sent = [encryptor.protect(PING, 0.0) for _ in range(100)]
    assert all(isinstance(esp, bytes) for esp in sent)
    ivs = [bytes(esp)[8 : 8 + cipher.iv_length] for esp in sent if isinstance(esp, bytes)]
    lasts = [esp[-12 - cipher.block_size : -12] for esp in sent if isinstance(esp, bytes)]
    assert len(set(ivs)) == 100
    assert not set(ivs) & set(lasts)


@pytest.mark.parametrize("cipher", [row for row in ESP_CIPHERS.values() if row.iv_length], ids=lambda row: row.name)
def test_the_iv_comes_from_the_entropy_that_was_handed_in(cipher: Cipher) -> None:
    outbound, _ = pair(cipher)

    def sent(seed: str) -> list[bytes | Drop]:
        encryptor = Encryptor(outbound, Entropy(seed))
        return [encryptor.protect(PING, 0.0) for _ in range(5)]

    assert sent("1") == sent("1")
    assert not set(sent("1")) & set(sent("2"))


@given(st.binary(max_size=200))
def test_any_body_survives(body: bytes) -> None:
    outbound, inbound = pair()
    esp = Encryptor(outbound, Entropy()).protect(packet(body=body), 0.0)
    assert isinstance(esp, bytes)
    assert open_one(inbound, esp) == packet(body=body)


def test_traffic_flow_padding_is_cut_off() -> None:
    # RFC 4303 §2.7: a packet may be followed by padding within the ESP payload; its own length says where it ends.
    _, inbound = pair()
    assert open_one(inbound, forge(inbound, padded(PING + bytes(300)))) == PING


# --- attacks --------------------------------------------------------------------------------------------------------


@each_transform
def test_every_truncation_is_dropped(cipher: Cipher, auth: Auth) -> None:
    # CVE-2002-0666: a packet of no more than header, IV and ICV made receivers subtract beyond zero.
    outbound, inbound = pair(cipher, auth)
    esp = Encryptor(outbound, Entropy()).protect(PING, 0.0)
    assert isinstance(esp, bytes)
    decryptor = Decryptor(inbound)
    for length in range(len(esp)):
        assert isinstance(decryptor.open(esp[:length], SITE_A, 0.0), Dropped)
    assert decryptor.window.top == 0
    assert decryptor.counters.recv_errors == len(esp)
    assert decryptor.open(esp, SITE_A, 0.0) == PING


@each_transform
def test_the_shortest_packet_is_one_block_and_needs_its_icv(cipher: Cipher, auth: Auth) -> None:
    _, inbound = pair(cipher, auth)
    shortest = 8 + cipher.iv_length + cipher.block_size + auth.icv_length
    assert open_one(inbound, bytes(shortest - 1)) is Drop.ESP_LENGTH
    assert open_one(inbound, struct.pack(">II", SPI, 1) + bytes(shortest - 8)) is Drop.AUTHENTICATION
    # With the right keys the smallest is empty: a pad length and a next header, and no packet.
    empty = bytes(range(1, cipher.block_size - 1)) + bytes((cipher.block_size - 2, 4))
    assert open_one(inbound, forge(inbound, empty)) is Drop.IP_LENGTH


@given(st.data())
def test_a_packet_changed_anywhere_is_dropped_and_moves_nothing(data: st.DataObject) -> None:
    outbound, inbound = pair()
    esp = Encryptor(outbound, Entropy()).protect(PING, 0.0)
    assert isinstance(esp, bytes)
    place = data.draw(st.integers(0, len(esp) * 8 - 1))
    changed = bytearray(esp)
    changed[place // 8] ^= 1 << place % 8
    decryptor = Decryptor(inbound)
    result = decryptor.open(bytes(changed), SITE_A, 0.0)
    assert isinstance(result, Dropped)
    assert result.why in (Drop.AUTHENTICATION, Drop.REPLAYED)  # one bit makes the number 0
    assert (decryptor.window.top, decryptor.counters.decaps) == (0, 0)
    assert decryptor.open(esp, SITE_A, 0.0) == PING


@given(st.binary(max_size=200))
def test_any_octets_are_dropped(octets: bytes) -> None:
    _, inbound = pair()
    assert isinstance(Decryptor(inbound).open(octets, SITE_A, 0.0), Dropped)


def test_each_packet_is_taken_once() -> None:
    outbound, inbound = pair()
    encryptor, decryptor = Encryptor(outbound, Entropy()), Decryptor(inbound)
    sent = [encryptor.protect(PING, 0.0) for _ in range(70)]
    for esp in sent:
        assert isinstance(esp, bytes)
        assert decryptor.open(esp, SITE_A, 0.0) == PING
    for esp in sent:
        assert isinstance(esp, bytes)
        again = decryptor.open(esp, SITE_A, 0.0)
        assert isinstance(again, Dropped)
        assert again.why is Drop.REPLAYED
    assert decryptor.counters.replay_failed_rcv == 70


def test_a_forged_number_does_not_move_the_window() -> None:
    # Otherwise one packet with the highest number would shut everything else out.
    outbound, inbound = pair()
    decryptor = Decryptor(inbound)
    forged = struct.pack(">II", SPI, LAST_SEQUENCE) + bytes(16 + 96 + 12)
    result = decryptor.open(forged, SITE_A, 0.0)
    assert isinstance(result, Dropped)
    assert result.why is Drop.AUTHENTICATION
    esp = Encryptor(outbound, Entropy()).protect(PING, 0.0)
    assert isinstance(esp, bytes)
    assert decryptor.open(esp, SITE_A, 0.0) == PING


def test_number_zero_is_never_taken() -> None:
    for window in (64, 1024, 0):
        _, inbound = pair(replay_window=window)
        assert open_one(inbound, forge(inbound, padded(PING), sequence=0)) is Drop.REPLAYED


def test_after_the_last_number_there_is_no_first() -> None:
    _, inbound = pair()
    decryptor = Decryptor(inbound)
    assert decryptor.open(forge(inbound, padded(PING), LAST_SEQUENCE), SITE_A, 0.0) == PING
    for sequence in (0, 1, LAST_SEQUENCE):
        result = decryptor.open(forge(inbound, padded(PING), sequence), SITE_A, 0.0)
        assert isinstance(result, Dropped)
        assert result.why is Drop.REPLAYED


def test_the_sender_stops_at_the_last_number() -> None:
    encryptor = Encryptor(pair()[0], Entropy())
    assert isinstance(encryptor.protect(PING, 0.0), bytes)
    encryptor.sequence = LAST_SEQUENCE - 1
    last = encryptor.protect(PING, 0.0)
    assert isinstance(last, bytes)
    assert last[4:8] == b"\xff\xff\xff\xff"
    for _ in range(3):
        assert encryptor.protect(PING, 0.0) is Drop.SEQUENCE_EXHAUSTED
    assert encryptor.sequence == LAST_SEQUENCE
    assert encryptor.counters.replay_rollover_send == 3


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        (PING + b"\1\2\3\4\5\6\7\x08\x09\x0a" + bytes((255, 4)), Drop.PADDING),  # more padding than there is plaintext
        (PING + b"\1\2\3\4\5\6\7\x08\x09\x0a" + bytes((95, 4)), Drop.PADDING),
        (PING + b"\1\2\3\4\5\6\7\x08\x09\x0b" + bytes((10, 4)), Drop.PADDING),  # not 1, 2, 3… (RFC 4303 §2.4)
        (PING + bytes(10) + bytes((10, 4)), Drop.PADDING),
        (padded(PING, next_header=41), Drop.NEXT_HEADER),  # IPv6
        (padded(PING, next_header=1), Drop.NEXT_HEADER),  # transport mode
        (padded(PING, next_header=0), Drop.NEXT_HEADER),
        (padded(b"\x60" + PING[1:]), Drop.NOT_IPV4),
        (padded(b"\x4f" + PING[1:20]), Drop.IP_LENGTH),
        (padded(PING[:19]), Drop.IP_LENGTH),
        (padded(PING[:2] + b"\xff\xff" + PING[4:]), Drop.IP_LENGTH),
        (padded(packet(fragment=0x1FFF)), Drop.FRAGMENT),
        (padded(packet(source="192.168.7.7", destination="192.168.2.1")), Drop.SELECTORS),
        (padded(packet(source="192.168.1.2", destination="192.168.9.1")), Drop.SELECTORS),
        (padded(packet(source="192.168.2.1", destination="192.168.1.2")), Drop.SELECTORS),
        (padded(packet(protocol=6)), Drop.SELECTORS),
        (padded(b"", next_header=59), Drop.DUMMY),
    ],
    ids=lambda value: value.name if isinstance(value, Drop) else "",
)
def test_a_peer_with_the_right_keys_gets_nothing_else_through(plain: bytes, why: Drop) -> None:
    _, inbound = pair()
    decryptor = Decryptor(inbound)
    result = decryptor.open(forge(inbound, plain), SITE_A, 0.0)
    assert isinstance(result, Dropped)
    assert result.why is why
    moved = {name: count for name, count in asdict(decryptor.counters).items() if count}
    # It came from the peer, so it counts as decapsulated; a selector mismatch shows `#pkts decrypt: 0` on an ASA.
    assert moved == {"decaps": 1, why.counter: 1} | ({} if why is Drop.DUMMY else {"recv_errors": 1})


def test_the_kilobytes_of_an_sa_end_in_both_directions() -> None:
    outbound, inbound = pair(lifetime_kilobytes=1)
    encryptor, decryptor = Encryptor(outbound, Entropy()), Decryptor(inbound)
    passed = 0
    while isinstance(esp := encryptor.protect(PING, 0.0), bytes):
        assert decryptor.open(esp, SITE_A, 0.0) == PING
        passed += 1
    assert esp is Drop.DATA_EXHAUSTED
    assert passed * len(PING) >= 1024 > (passed - 1) * len(PING)
    result = decryptor.open(forge(inbound, padded(PING), passed + 1), SITE_A, 0.0)
    assert isinstance(result, Dropped)
    assert result.why is Drop.DATA_EXHAUSTED


def test_without_integrity_there_is_no_window_but_everything_else_holds() -> None:
    # `esp-none`: RFC 4303 §3.4.3 forbids to rely on sequence numbers nobody vouches for.
    outbound, inbound = pair(auth=None)
    esp = Encryptor(outbound, Entropy()).protect(PING, 0.0)
    assert isinstance(esp, bytes)
    assert len(esp) == 8 + 16 + 96
    decryptor = Decryptor(inbound)
    assert decryptor.open(esp, SITE_A, 0.0) == decryptor.open(esp, SITE_A, 0.0) == PING
    for length in range(len(esp)):
        assert isinstance(decryptor.open(esp[:length], SITE_A, 0.0), Dropped)


def test_neither_encryption_nor_integrity_is_no_sa() -> None:
    with pytest.raises(Refused):
        pair(ESP_CIPHERS[11, 0], None)


@pytest.mark.parametrize("spi", [0, 1, 255])
def test_a_reserved_spi_is_refused(spi: int) -> None:
    # RFC 4303 §2.1; 0 in UDP would be taken for the non-ESP marker (RFC 3948 §2.2).
    outbound, _ = pair()
    with pytest.raises(Refused) as refused:
        replace(outbound, spi=spi)
    assert refused.value.notify == 11  # INVALID-SPI
    with pytest.raises(Refused):
        replace(outbound, pair_spi=spi)


def test_an_sa_does_not_print_its_keys() -> None:
    for sa in pair(AES, SHA):
        text = repr(sa) + repr(Decryptor(sa)) + repr(Encryptor(sa, Entropy()))
        for key in (sa.encryption_key, sa.authentication_key):
            assert key.reveal().hex() not in text
            assert repr(key.reveal()) not in text
        assert text.count("*****") == 2
