"""Real captures and hostile ones: every ISAKMP message in them is read as it is written here, or refused for cause."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from mainmode.blame import Malformed
from mainmode.wire import (
    Attribute,
    Hash,
    Identification,
    KeyExchange,
    Message,
    Nonce,
    SecurityAssociation,
    VendorId,
    decode,
    decode_payloads,
    encode,
    recognise,
)
from mainmode.words.names import payload_name
from tests.paths import SHARED, require
from tests.pcap import ESP, isakmp, packets

VECTORS = SHARED / "vectors"
TCPDUMP = VECTORS / "tcpdump"
KEYLOG = VECTORS / "strongswan-keylog"


def capture(path: Path) -> Path:
    require(path.exists(), f"no {path.name}")
    return path


def summary(datagram: bytes) -> str:
    """Length, exchange and payload numbers; or why not."""
    try:
        message = decode(datagram)
    except Malformed as error:
        return f"malformed: {error}"
    content = " ".join(str(int(payload.number)) for payload in message.payloads) or f"{len(message.body)} encrypted"
    return f"{message.header.length}, exchange {message.header.exchange}: {content}"


# tcpdump 39b50f766720 tests/. IOS 12.4 on both sides; libreswan behind NAT; and the files that once crashed a parser.
# Most of those lie in the header already, which stands for a good deal of hostile traffic.
READ_AS: dict[str, list[str]] = {
    "ISAKMP_sa_setup.pcap": [
        "148, exchange 2: 1 13 13 13",
        "108, exchange 2: 1 13",
        "272, exchange 2: 4 10 13 13 13 13 15 15",
        "272, exchange 2: 4 10 13 13 13 13 15 15",
        "108, exchange 2: 80 encrypted",
        "76, exchange 2: 48 encrypted",
        "220, exchange 32: 192 encrypted",
        "220, exchange 32: 192 encrypted",
        "60, exchange 32: 32 encrypted",
    ],
    "isakmp4500.pcap": [
        "292, exchange 2: 1 13 13 13 13 13 13",
        "136, exchange 2: 1 13 13 13",
        "284, exchange 2: 4 10 20 20",
        "284, exchange 2: 4 10 20 20",
        "324, exchange 2: 296 encrypted",
        "300, exchange 2: 272 encrypted",
        "428, exchange 32: 400 encrypted",
        "348, exchange 32: 320 encrypted",
        "52, exchange 32: 24 encrypted",
        "348, exchange 32: 320 encrypted",
        "52, exchange 32: 24 encrypted",
        "348, exchange 32: 320 encrypted",
        "52, exchange 32: 24 encrypted",
        "348, exchange 32: 320 encrypted",
        "76, exchange 5: 48 encrypted",
    ],
    "isakmp-identification-segfault.pcap": ["284, exchange 2: 5"],
    "isakmp-delete-segfault.pcap": ["malformed: ISAKMP version 11.14 at octet 17"],
    "isakmp-ikev1_n_print-oobr.pcap": ["malformed: ISAKMP version 2.12 at octet 17"] * 2,
    "isakmp-no-none-np.pcapng": ["malformed: length 84 in a datagram of 2186 octets at octet 24"],
    "isakmp-pointer-loop.pcap": ["malformed: length 0 in a datagram of 30 octets at octet 24"],
    "isakmp-various-oobr.pcap": ["malformed: length 2130706432 in a datagram of 33 octets at octet 24"],
    "isakmpv1-attr-oobr.pcap": ["malformed: length 4293885728 in a datagram of 45 octets at octet 24"],
    "ikev1_id_ipv6_addr_subnet-oobr.pcap": ["malformed: length 4278190080 in a datagram of 65 octets at octet 24"],
    # UDP-encapsulated packets without room for a marker: there is no ISAKMP message in them.
    "isakmp-3948-oobr-2.pcap": [],
    "isakmp-rfc3948-oobr.pcap": [],
}


@pytest.mark.parametrize("name", READ_AS)
def test_a_capture_is_read_as_documented(name: str) -> None:
    assert [summary(datagram) for datagram in isakmp(capture(TCPDUMP / name))] == READ_AS[name]


def test_no_isakmp_capture_is_left_out() -> None:
    require(TCPDUMP.exists(), "no captures of tcpdump")
    there = {path.name for path in TCPDUMP.iterdir() if path.suffix.startswith(".pcap")}
    assert {name for name in there if name.lower().startswith(("isakmp", "ikev1"))} == set(READ_AS)


def test_the_proposal_of_a_real_ios_box_is_read_in_full() -> None:
    # isakmp5-v.out, packet 1: "(type=enc value=aes)(type=keylen value=0080)(type=hash value=sha1) …".
    sa, *vendors = decode(isakmp(capture(TCPDUMP / "ISAKMP_sa_setup.pcap"))[0]).payloads
    assert isinstance(sa, SecurityAssociation)
    (proposal,) = sa.proposals
    (transform,) = proposal.transforms
    assert (proposal.number, proposal.protocol, transform.number, transform.id) == (1, 1, 1, 1)
    assert transform.attributes == (
        Attribute(1, 7),
        Attribute(14, 128),
        Attribute(2, 2),
        Attribute(4, 1),
        Attribute(3, 1),
        Attribute(11, 1),
        Attribute(12, 86400, basic=False),
    )
    names = [recognise(vendor.data) for vendor in vendors if isinstance(vendor, VendorId)]
    assert [name.name for name in names if name] == [
        "draft-ietf-ipsec-nat-t-ike-07",
        "NAT-Traversal ver 03",
        "NAT-Traversal ver 02",
    ]


@pytest.mark.parametrize("name", READ_AS)
def test_hostile_datagrams_are_survived_when_their_header_is_mended_too(name: str) -> None:
    for datagram in isakmp(capture(TCPDUMP / name)):
        mended = datagram[:17] + b"\x10" + datagram[18:19] + b"\0" + datagram[20:24] + len(datagram).to_bytes(4)
        start = time.process_time()
        for first in range(256):
            summary(mended[:16] + bytes((first,)) + mended[17:] + datagram[28:])
            try:
                decode_payloads(first, datagram[28:], padded=True)
            except Malformed:
                continue
        assert time.process_time() - start < 1


# -- two strongSwans that told their keys ----------------------------------------------------------------------------

SETS = {
    "3des-sha1-g2_esp-aes128-sha1": 128,
    "3des-md5-g5_esp-3des-md5": 192,
    "aes128-sha1-g2_esp-3des-sha1": 128,
    "aes256-sha256-g14_esp-aes256-sha256-pfs14": 256,
}
"""And the octets of a public value."""


def clear_messages(name: str) -> tuple[Message, ...]:
    return tuple(decode(datagram) for datagram in isakmp(capture(KEYLOG / f"{name}.pcap"))[:4])


@pytest.mark.parametrize("name", SETS)
def test_an_exchange_with_strongswan_is_read_and_written_again_octet_for_octet(name: str) -> None:
    datagrams = isakmp(capture(KEYLOG / f"{name}.pcap"))
    assert [decode(datagram).header.exchange for datagram in datagrams] == [2] * 6 + [32] * 3 + [5] * 2
    assert [payload.number for payload in decode(datagrams[0]).payloads] == [1, 13, 13, 13, 13, 13]
    for datagram in datagrams[:4]:
        message = decode(datagram)
        header = message.header
        written = encode(header.initiator_cookie, header.responder_cookie, header.exchange, message.payloads)
        assert written == datagram
    for message in clear_messages(name)[2:]:
        ke, n, *rest = message.payloads
        assert isinstance(ke, KeyExchange)
        assert isinstance(n, Nonce)
        assert (len(ke.data), len(n.data)) == (SETS[name], 32)
        assert [payload_name(payload.number) for payload in rest] == ["NAT-D", "NAT-D"]


@pytest.mark.parametrize("name", SETS)
def test_the_sa_body_is_the_one_strongswan_hashed(name: str) -> None:
    secrets = dict(json.loads(capture(KEYLOG / f"{name}.json").read_text())["initiator"])
    sa_body = clear_messages(name)[0].raw[0][4:]
    assert sa_body in bytes.fromhex(secrets["HASH_I data"])


@pytest.mark.parametrize("name", SETS)
def test_a_decrypted_mm5_is_an_identity_and_the_hash_strongswan_logged(name: str) -> None:
    secrets = dict(json.loads(capture(KEYLOG / f"{name}.json").read_text())["initiator"])
    key, iv = bytes.fromhex(secrets["encryption key Ka"]), bytes.fromhex(secrets["initial IV"])
    mm5 = decode(isakmp(capture(KEYLOG / f"{name}.pcap"))[4])
    assert (mm5.payloads, mm5.raw) == ((), ())
    decryptor = Cipher(TripleDES(key) if len(iv) == 8 else AES(key), CBC(iv)).decryptor()
    plain = decryptor.update(mm5.body) + decryptor.finalize()
    payloads, raw = decode_payloads(mm5.header.next_payload, plain, padded=True)
    assert payloads[0] == Identification(1, 0, 0, bytes((10, 0, 0, 1)))
    assert payloads[1] == Hash(bytes.fromhex(secrets["HASH_I"]))
    assert bytes.fromhex(secrets["HASH_I data"]).endswith(raw[0][4:])
    assert payloads[0].body == raw[0][4:]


def test_the_capture_reader_tells_esp_from_udp() -> None:
    found = list(packets(capture(TCPDUMP / "02-sunrise-sunset-esp.pcap")))
    assert [packet.protocol for packet in found] == [ESP] * 8
    assert {packet.content[:4].hex() for packet in found} == {"12345678"}
