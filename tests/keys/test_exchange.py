"""One whole exchange of two strongSwan daemons, from the pre-shared key to the last ESP packet.

Source: the project's own captures with their key logs (two charons 5.9.8 in network namespaces, `ike=4 chd=4`). Only
the pre-shared key and the Diffie-Hellman secrets are taken from the log; the rest is computed here, from the wire, and
has to agree with both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Final

import pytest

from mainmode.events import ProxyId
from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, HASHES, IKE_CIPHERS, Auth, Cipher, Hash
from mainmode.ike.keys import (
    Phase1Keys,
    cipher_key,
    derive,
    equal,
    esp_keys,
    hash_1,
    hash_2,
    hash_3,
    hash_i,
    hash_r,
    nat_discovery,
    phase1_iv,
    phase2_iv,
)
from mainmode.ipsec.dataplane import Delivered
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.sa import IpsecSa
from mainmode.ipsec.selectors import TrafficSelector
from mainmode.secret import Secret
from tests.keys.vectors import vector
from tests.pcap import isakmp, packets

SA, KE, ID, HASH, NONCE, NAT_D = 1, 4, 5, 8, 10, 20
SITES: Final = {"initiator": IPv4Address("10.0.0.1"), "responder": IPv4Address("10.0.0.2")}


@dataclass(frozen=True)
class Suite:
    name: str
    cipher: Cipher
    hash: Hash
    esp_cipher: Cipher
    esp_auth: Auth


SUITES = [
    Suite("3des-sha1-g2_esp-aes128-sha1", IKE_CIPHERS[5, 0], HASHES[2], ESP_CIPHERS[12, 128], ESP_AUTHS[2]),
    Suite("aes128-sha1-g2_esp-3des-sha1", IKE_CIPHERS[7, 128], HASHES[2], ESP_CIPHERS[3, 0], ESP_AUTHS[2]),
    Suite("3des-md5-g5_esp-3des-md5", IKE_CIPHERS[5, 0], HASHES[1], ESP_CIPHERS[3, 0], ESP_AUTHS[1]),
    Suite(
        "aes256-sha256-g14_esp-aes256-sha256-pfs14", IKE_CIPHERS[7, 256], HASHES[4], ESP_CIPHERS[12, 256], ESP_AUTHS[5]
    ),
]


class Log:
    """The key log of one side: names with one or more values, in order."""

    def __init__(self, rows: list[list[str]]) -> None:
        self.rows = rows

    def all(self, name: str) -> list[bytes]:
        return [bytes.fromhex(value) for key, value in self.rows if key == name]

    def one(self, name: str) -> bytes:
        return self.all(name)[0]


def bodies(first: int, chain: bytes) -> tuple[dict[int, list[bytes]], list[bytes], int]:
    """Payload bodies by number, the payloads whole in order, and the octets they take: the rest is padding."""
    found: dict[int, list[bytes]] = {}
    whole, offset = [], 0
    while first:
        length = int.from_bytes(chain[offset + 2 : offset + 4])
        payload = chain[offset : offset + length]
        found.setdefault(first, []).append(payload[4:])
        whole.append(payload)
        first, offset = payload[0], offset + length
    return found, whole, offset


@dataclass
class Exchange:
    """The messages of a capture and what follows from them."""

    suite: Suite
    messages: list[bytes]
    log: Log
    psk: Secret
    keys: Phase1Keys = field(init=False)
    gxi: bytes = field(init=False)
    gxr: bytes = field(init=False)
    ka: bytes = field(init=False)

    def __post_init__(self) -> None:
        mm1, mm2, mm3, mm4 = self.messages[:4]
        self.cky_i, self.cky_r = mm2[:8], mm2[8:16]
        self.sai_b = bodies(mm1[16], mm1[28:])[0][SA][0]
        third, fourth = bodies(mm3[16], mm3[28:])[0], bodies(mm4[16], mm4[28:])[0]
        (self.gxi,), (self.gxr,) = third[KE], fourth[KE]
        (ni,), (nr,) = third[NONCE], fourth[NONCE]
        self.nat_d = third[NAT_D]
        g_xy = Secret(self.log.one("shared Diffie Hellman secret"))
        self.keys = derive(self.suite.hash, self.psk, ni, nr, g_xy, self.cky_i, self.cky_r)
        self.ka = cipher_key(self.suite.hash, self.keys.skeyid_e, self.suite.cipher.key_length).reveal()

    def open(self, index: int, iv: bytes) -> tuple[dict[int, list[bytes]], list[bytes]]:
        """The payloads of an encrypted message."""
        message = self.messages[index]
        assert message[19] & 1
        found, whole, length = bodies(message[16], plain := self.suite.cipher.decrypt(self.ka, iv, message[28:]))
        assert len(plain) - length <= self.suite.cipher.block_size  # charon adds a whole block to an aligned message
        assert not any(plain[length:])
        return found, whole

    def last_block(self, index: int) -> bytes:
        return self.messages[index][-self.suite.cipher.block_size :]

    def message_id(self, index: int) -> int:
        return int.from_bytes(self.messages[index][20:24])


def load(suite: Suite, side: str = "initiator") -> Exchange:
    data = json.loads(vector(f"strongswan-keylog/{suite.name}.json").read_text())
    messages = isakmp(vector(f"strongswan-keylog/{suite.name}.pcap"))
    assert len(messages) == 11  # MM1 to MM6, QM1 to QM3, two Deletes
    return Exchange(suite, messages, Log(data[side]), Secret(data["psk"].encode()))


each_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
each_side = pytest.mark.parametrize("side", SITES)


@each_side
@each_suite
def test_the_keys_agree_with_both_daemons(suite: Suite, side: str) -> None:
    exchange = load(suite, side)
    log, keys = exchange.log, exchange.keys
    assert keys.skeyid.reveal() == log.one("SKEYID")
    assert keys.skeyid_d.reveal() == log.one("SKEYID_d")
    assert keys.skeyid_a.reveal() == log.one("SKEYID_a")
    assert keys.skeyid_e.reveal() == log.one("SKEYID_e")
    assert exchange.ka == log.one("encryption key Ka")
    assert phase1_iv(suite.hash, exchange.gxi, exchange.gxr, suite.cipher.block_size) == log.one("initial IV")


@each_suite
def test_the_nat_discovery_hashes_agree(suite: Suite) -> None:
    exchange = load(suite)
    ours = []
    for chunk, digest in zip(exchange.log.all("natd_chunk"), exchange.log.all("natd_hash"), strict=True):
        address, port = IPv4Address(chunk[16:20]), int.from_bytes(chunk[20:22])
        if chunk[8:16] == exchange.cky_r:
            ours.append(nat_discovery(suite.hash, exchange.cky_i, exchange.cky_r, address, port))
            assert ours[-1] == digest
    assert exchange.nat_d[0] in ours  # the first one is the other end's address


@each_suite
def test_main_mode_decrypts_and_authenticates(suite: Suite) -> None:
    exchange = load(suite)
    block = suite.cipher.block_size
    mm5, _ = exchange.open(4, phase1_iv(suite.hash, exchange.gxi, exchange.gxr, block))
    mm6, _ = exchange.open(5, exchange.last_block(4))
    common = (exchange.gxi, exchange.gxr, exchange.cky_i, exchange.cky_r, exchange.sai_b)
    ours = hash_i(suite.hash, exchange.keys.skeyid, *common, mm5[ID][0])
    assert ours == exchange.log.one("HASH_I")
    assert equal(ours, mm5[HASH][0])
    theirs = hash_r(suite.hash, exchange.keys.skeyid, *common, mm6[ID][0])
    assert theirs == exchange.log.one("HASH_R")
    assert equal(theirs, mm6[HASH][0])
    assert [exchange.last_block(4), exchange.last_block(5)] == exchange.log.all("next IV for MID 0")


@dataclass
class QuickMode:
    """What the three messages of quick mode say."""

    exchange: Exchange

    def __post_init__(self) -> None:
        exchange, suite = self.exchange, self.exchange.suite
        self.id = exchange.message_id(6)
        self.first_iv = phase2_iv(suite.hash, exchange.last_block(5), self.id, suite.cipher.block_size)
        self.qm1, self.qm1_payloads = exchange.open(6, self.first_iv)
        self.qm2, self.qm2_payloads = exchange.open(7, exchange.last_block(6))
        self.qm3, _ = exchange.open(8, exchange.last_block(7))
        (self.ni_b,), (self.nr_b,) = self.qm1[NONCE], self.qm2[NONCE]

    def keys(self, spi: int) -> tuple[Secret, Secret]:
        suite, log = self.exchange.suite, self.exchange.log
        g_qm_xy = Secret(log.one("DH secret")) if KE in self.qm1 else None
        skeyid_d = self.exchange.keys.skeyid_d
        return esp_keys(suite.hash, skeyid_d, suite.esp_cipher, suite.esp_auth, spi, self.ni_b, self.nr_b, g_qm_xy)

    def spi(self, side: str) -> int:
        """That of the SA towards this side: in its proposal, after DOI, situation and the proposal's header."""
        payloads = self.qm1 if side == "initiator" else self.qm2
        return int.from_bytes(payloads[SA][0][16:20])


@each_suite
def test_quick_mode_decrypts_and_authenticates(suite: Suite) -> None:
    exchange = load(suite)
    quick, a, log = QuickMode(exchange), exchange.keys.skeyid_a, exchange.log
    first = hash_1(suite.hash, a, quick.id, b"".join(quick.qm1_payloads[1:]))
    second = hash_2(suite.hash, a, quick.id, quick.ni_b, b"".join(quick.qm2_payloads[1:]))
    third = hash_3(suite.hash, a, quick.id, quick.ni_b, quick.nr_b)
    assert [first, second, third] == [quick.qm1[HASH][0], quick.qm2[HASH][0], quick.qm3[HASH][0]]
    assert [first, second, third] == [log.one("Hash(1)"), log.one("Hash(2)"), log.one("Hash(3)")]
    assert [quick.first_iv, *map(exchange.last_block, (6, 7, 8))] == log.all(f"next IV for MID {quick.id}")


@each_suite
def test_informational_messages_have_an_iv_and_a_hash_of_their_own(suite: Suite) -> None:
    exchange = load(suite)
    hashes = []
    for index in (9, 10):
        message_id = exchange.message_id(index)
        iv = phase2_iv(suite.hash, exchange.last_block(5), message_id, suite.cipher.block_size)
        assert iv == exchange.log.one(f"next IV for MID {message_id}")
        found, whole = exchange.open(index, iv)
        hashes.append(hash_1(suite.hash, exchange.keys.skeyid_a, message_id, b"".join(whole[1:])))
        assert equal(hashes[-1], found[HASH][0])
    assert hashes == exchange.log.all("Hash")


@each_side
@each_suite
def test_keymat_agrees_with_both_daemons(suite: Suite, side: str) -> None:
    exchange = load(suite, side)
    quick = QuickMode(exchange)
    # charon calls a key by the side that encrypts with it; the SPI is chosen by the other.
    for sender, receiver in (("initiator", "responder"), ("responder", "initiator")):
        encryption, authentication = quick.keys(quick.spi(receiver))
        assert encryption.reveal() == exchange.log.one(f"encryption {sender} key")
        assert authentication.reveal() == exchange.log.one(f"integrity {sender} key")


def any_traffic() -> TrafficSelector:
    return TrafficSelector(ProxyId(IPv4Address(0), IPv4Address(0)), ProxyId(IPv4Address(0), IPv4Address(0)))


@each_suite
def test_every_esp_packet_is_verified_and_opened(suite: Suite) -> None:
    exchange = load(suite)
    quick = QuickMode(exchange)
    for receiver, sender in (("initiator", "responder"), ("responder", "initiator")):
        spi = quick.spi(receiver)
        encryption, authentication = quick.keys(spi)
        sa = IpsecSa(
            direction="inbound",
            spi=spi,
            pair_spi=quick.spi(sender),
            local=SITES[receiver],
            remote=SITES[sender],
            local_port=4500,
            remote_port=4500,
            selectors=any_traffic(),
            cipher=suite.esp_cipher,
            auth=suite.esp_auth,
            encryption_key=encryption,
            authentication_key=authentication,
            lifetime_seconds=3600,
            lifetime_kilobytes=None,
            installed_at=0.0,
            tunnel_group=str(SITES[sender]),
            crypto_map="map",
            sequence=10,
            session_id=0x4000,
            access_list="",
        )
        plane = MemoryPlane(bytes)
        plane.install(sa)
        opened = 0
        for packet in packets(vector(f"strongswan-keylog/{suite.name}.pcap")):
            if packet.source_port != 4500 or int.from_bytes(packet.content[:4]) != spi:
                continue
            result = plane.inbound(packet.content, IPv4Address(packet.source), 1.0)
            assert isinstance(result, Delivered)
            assert result.packet[9] == 1  # an ICMP echo
            assert len(result.packet) == 84
            opened += 1
        assert opened >= 3
        # Numbers 0 to n have been received: 0x0000001F after four packets.
        assert plane.bitmap(sa) == (0, (1 << opened + 1) - 1)
        assert plane.counters(sa).decrypt == opened
        assert plane.counters(sa).recv_errors == 0
