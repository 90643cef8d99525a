"""Layouts octet by octet: rows (object, hex) used in both directions, then rows of what is wrong and why."""

from __future__ import annotations

import pytest

from mainmode.blame import Malformed
from mainmode.wire import (
    FLAG_ENCRYPTED,
    HEADER_SIZE,
    Attribute,
    Delete,
    Fragment,
    Hash,
    Header,
    Identification,
    IosKeepalive,
    KeyExchange,
    NatDiscovery,
    NatOriginalAddress,
    Nonce,
    Notify,
    Opaque,
    Payload,
    PayloadType,
    Proposal,
    SecurityAssociation,
    Transform,
    VendorId,
    decode,
    decode_attributes,
    decode_payloads,
    encode,
    encode_attributes,
    encode_body,
    encode_header,
    encode_payloads,
)
from mainmode.words.names import payload_name

# Every payload alone, written out by hand from RFC 2408 §3 unless another source stands above it.
ROWS: list[tuple[Payload, str]] = [
    (
        SecurityAssociation(
            (
                Proposal(
                    1,
                    1,
                    b"",
                    (
                        Transform(
                            1,
                            1,
                            (
                                Attribute(1, 5),
                                Attribute(2, 2),
                                Attribute(3, 1),
                                Attribute(4, 2),
                                Attribute(11, 1),
                                Attribute(12, 86400, basic=False),
                            ),
                        ),
                    ),
                ),
            )
        ),
        "00 00 0038 00000001 00000001  00 00 002c 01 01 00 01  00 00 0024 01 01 0000"
        "80010005 80020002 80030001 80040002 800b0001 000c0004 00015180",
    ),
    # strongSwan 5.9.8, the SAi_b in the HASH_I data of strongswan-keylog/3des-sha1-g2_esp-aes128-sha1.json
    (
        SecurityAssociation(
            (
                Proposal(
                    0,
                    1,
                    b"",
                    (
                        Transform(
                            1,
                            1,
                            tuple(Attribute(t, v) for t, v in ((1, 5), (2, 2), (4, 2), (3, 1), (11, 1), (12, 15840))),
                        ),
                    ),
                ),
            )
        ),
        "00000034 0000000100000001 0000002800010001 0000002001010000 800100058002000280040002 80030001800b0001800c3de0",
    ),
    (
        SecurityAssociation(
            (
                Proposal(1, 3, b"\xfd\x2d\x85\x1f", (Transform(1, 3, (Attribute(4, 1),)), Transform(2, 2, ()))),
                Proposal(2, 2, b"\0\0\1\2", (Transform(1, 2, (Attribute(5, 1),)),)),
            )
        ),
        "00 00 0044 00000001 00000001"
        "02 00 0020 01 03 04 02 fd2d851f  03 00 000c 01 03 0000 80040001  00 00 0008 02 02 0000"
        "00 00 0018 02 02 04 01 00000102  00 00 000c 01 02 0000 80050001",
    ),
    (KeyExchange(bytes(range(8))), "00 00 000c 0001020304050607"),
    (Identification(1, 17, 500, bytes((10, 0, 0, 2))), "00 00 000c 01 11 01f4 0a000002"),
    (
        Identification(4, 1, 0, bytes((192, 168, 1, 0, 255, 255, 255, 0))),
        "00 00 0010 04 01 0000 c0a80100 ffffff00",
    ),
    (Identification(11, 0, 0, b"key"), "00 00 000b 0b 00 0000 6b6579"),
    (Identification(200, 0, 0, b""), "00 00 0008 c8 00 0000"),
    (Hash(b""), "00 00 0004"),
    (Hash(b"\xaa" * 20), "00 00 0018" + "aa" * 20),
    (Nonce(b"\xbb" * 20), "00 00 0018" + "bb" * 20),
    (VendorId(bytes.fromhex("09002689dfd6b712")), "00 00 000c 09002689dfd6b712"),
    # The document, QM2: "Responder Lifetime decode follows" shows SPI and attributes.
    (
        Notify(3, b"\xdd\xe5\x09\x31", 24576, bytes.fromhex("800100010002000400000e10")),
        "00 00 001c 00000001 03 04 6000 DDE50931 80010001 00020004 00000E10",
    ),
    (Notify(1, b"", 14, b"", doi=0), "00 00 000c 00000000 01 00 000e"),
    # RFC 3706 §5.3
    (
        Notify(1, b"iiiiiiiirrrrrrrr", 36136, b"\0\0\0\x2a"),
        "00 00 0020 00000001 01 10 8d28 6969696969696969 7272727272727272 0000002a",
    ),
    (Delete(3, 4, (b"\1\2\3\4", b"\5\6\7\x08")), "00 00 0014 00000001 03 04 0002 01020304 05060708"),
    (Delete(1, 16, (b"iiiiiiiirrrrrrrr",)), "00 00 001c 00000001 01 10 0001 6969696969696969 7272727272727272"),
    (Delete(3, 4, ()), "00 00 000c 00000001 03 04 0000"),
    (Delete(1, 0, ()), "00 00 000c 00000001 01 00 0000"),
    # RFC 3947 §3.2 and §5.2, and the numbers of the drafts before it
    (NatDiscovery(b"\xcc" * 16), "00 00 0014" + "cc" * 16),
    (NatDiscovery(b"\xcc" * 16, 130), "00 00 0014" + "cc" * 16),
    (NatOriginalAddress(1, bytes((10, 0, 0, 1))), "00 00 000c 01 000000 0a000001"),
    (NatOriginalAddress(5, bytes(15) + b"\1", 131), "00 00 0018 05 000000" + "00" * 15 + "01"),
    # Cisco's own: FACTS §1.3
    (IosKeepalive(bytes.fromhex("80017fff80027fff")), "00 00 000c 80017fff80027fff"),
    (Fragment(1, 2, False, b"part"), "00 00 000c 0001 02 00 70617274"),
    (Fragment(1, 255, True, b"x"), "00 00 0009 0001 ff 01 78"),
    (Opaque(PayloadType.CERT_REQ, b"\4"), "00 00 0005 04"),
    (Opaque(15, b"draft 04 to 08"), "00 00 0012" + b"draft 04 to 08".hex()),
    (Opaque(255, b""), "00 00 0004"),
]


@pytest.mark.parametrize(("payload", "octets"), ROWS)
def test_a_payload_is_written_as_the_row_says(payload: Payload, octets: str) -> None:
    expected = bytes.fromhex(octets)
    assert encode_payloads([payload]) == (payload.number, expected)
    assert encode_body(payload) == expected[4:]


@pytest.mark.parametrize(("payload", "octets"), ROWS)
def test_a_payload_is_read_as_the_row_says(payload: Payload, octets: str) -> None:
    data = bytes.fromhex(octets)
    assert decode_payloads(payload.number, data) == ((payload,), (data,))


def test_all_rows_in_one_chain_are_read_back_in_order_with_the_octets_of_each() -> None:
    payloads = tuple(payload for payload, _ in ROWS)
    first, chain = encode_payloads(payloads)
    read, raw = decode_payloads(first, chain)
    assert read == payloads
    assert b"".join(raw) == chain
    assert [octets[4:] for octets in raw] == [bytes.fromhex(octets)[4:] for _, octets in ROWS]


ATTRIBUTES: list[tuple[Attribute, str]] = [
    (Attribute(1, 5), "80010005"),
    (Attribute(0x7FFF, 0xFFFF), "ffffffff"),
    (Attribute(12, 86400, basic=False), "000c0004 00015180"),
    (Attribute(12, 5, basic=False, width=1), "000c0001 05"),
    (Attribute(12, 28800, basic=False, width=2), "000c0002 7080"),
    (Attribute(12, 28800, basic=False, width=4), "000c0004 00007080"),
    (Attribute(12, 28800, basic=False, width=8), "000c0008 0000000000007080"),
    (Attribute(12, b"", basic=False), "000c0000"),
    (Attribute(12, b"nine long", basic=False), "000c0009" + b"nine long".hex()),
]


@pytest.mark.parametrize(("attribute", "octets"), ATTRIBUTES)
def test_an_attribute_keeps_the_encoding_it_came_in(attribute: Attribute, octets: str) -> None:
    data = bytes.fromhex(octets)
    assert decode_attributes(data) == (attribute,)
    assert encode_attributes([attribute]) == data


@pytest.mark.parametrize("octets", ["800c7080", "000c00027080", "000c000400007080", "000c00080000000000007080"])
def test_a_transform_tells_the_same_value_however_it_was_encoded(octets: str) -> None:
    assert Transform(1, 1, decode_attributes(bytes.fromhex(octets))).value(12) == 28800


def test_a_transform_has_no_value_for_what_is_absent_or_is_no_number() -> None:
    transform = Transform(1, 1, (Attribute(12, b"nine long", basic=False), Attribute(1, 5), Attribute(1, 7)))
    assert transform.value(2) is None
    assert transform.value(12) is None
    assert transform.value(1) == 5


def test_a_number_is_basic_as_long_as_it_fits_sixteen_bits() -> None:
    assert (
        encode_attributes([Attribute.of(12, 65535), Attribute.of(12, 65536)]).hex() == "800cffff" + "000c000400010000"
    )


def test_the_responder_lifetime_of_the_document_says_3600_seconds() -> None:
    attributes = decode_attributes(bytes.fromhex("80010001 00020004 00000E10"))
    assert [(attribute.type, attribute.value) for attribute in attributes] == [(1, 1), (2, 3600)]


# -- the message header ----------------------------------------------------------------------------------------------

COOKIES = "0102030405060708 1112131415161718"


def test_a_message_in_the_clear_is_its_header_and_its_chain() -> None:
    data = bytes.fromhex(COOKIES + "0a 10 02 00 00000000 0000002d  0d 00 000c 6e6f6e63656e6f6e  00 00 0005 76")
    written = encode(data[:8], data[8:16], 2, [Nonce(b"noncenon"), VendorId(b"v")])
    assert written == data
    message = decode(data)
    assert message.header == Header(data[:8], data[8:16], 10, 2, 0, 0, 45)
    assert message.payloads == (Nonce(b"noncenon"), VendorId(b"v"))
    assert message.raw == (data[28:40], data[40:])
    assert message.body == data[28:]


def test_an_encrypted_message_keeps_its_ciphertext_and_shows_no_payloads() -> None:
    data = bytes.fromhex(COOKIES + "08 10 20 01 7b80c2b0 00000024 ffffffffffffffff")
    message = decode(data)
    assert message.header == Header(data[:8], data[8:16], 8, 32, FLAG_ENCRYPTED, 0x7B80C2B0, 36)
    assert (message.payloads, message.raw, message.body) == ((), (), b"\xff" * 8)
    assert encode_header(message.header) + message.body == data


def test_exchange_types_and_flags_that_nobody_knows_survive() -> None:
    header = Header(bytes(8), bytes(8), 0, 240, 0xFE, 0xFFFFFFFF, 28)
    assert decode(encode_header(header)).header == header


def test_reserved_octets_are_ignored() -> None:
    assert decode_payloads(4, bytes.fromhex("00 ff 0005 01"))[0] == (KeyExchange(b"\1"),)
    assert decode_payloads(21, bytes.fromhex("00 00 000c 01 ffffff 0a000001"))[0] == (
        NatOriginalAddress(1, b"\n\0\0\1"),
    )
    assert decode_payloads(132, bytes.fromhex("00 00 0009 0001 01 ff 78"))[0] == (Fragment(1, 1, True, b"x"),)


def test_a_last_transform_that_announces_another_is_accepted_as_an_asa_does() -> None:
    # corpus/019: "%ASA-6-713905: INFO: IKE Transform #8 next payload is 3 (should be 0)."
    proper = encode_payloads([SecurityAssociation((Proposal(1, 1, b"", (Transform(8, 1, ()),)),))])[1]
    sloppy = proper[:20] + b"\3" + proper[21:]
    assert decode_payloads(1, sloppy)[0] == decode_payloads(1, proper)[0]


@pytest.mark.parametrize("padding", ["", "00", "00" * 7, "a5" * 15, "0f" * 16])
def test_padding_of_up_to_one_block_may_follow_decrypted_payloads(padding: str) -> None:
    body = bytes.fromhex("00 00 0008 61626364")
    assert decode_payloads(8, body + bytes.fromhex(padding), padded=True) == ((Hash(b"abcd"),), (body,))


def test_padding_is_allowed_only_where_there_was_encryption_and_only_one_block() -> None:
    body = bytes.fromhex("00 00 0008 61626364")
    for trailing, padded in ((1, False), (16, False), (17, True)):
        with pytest.raises(Malformed, match="after the last payload"):
            decode_payloads(8, body + bytes(trailing), padded=padded)


def test_a_message_in_the_clear_may_be_filled_up_to_a_multiple_of_four_octets() -> None:
    # "OE-Libreswan-4.10" is the vendor id that libreswan sends with `send-vendorid=yes`, the last payload here.
    name = VendorId(b"OE-Libreswan-4.10")
    first, chain = encode_payloads((name,))
    for trailing in range(9):
        length = HEADER_SIZE + len(chain) + trailing
        header = Header(b"12345678", bytes(8), first, 2, 0, 0, length)
        datagram = encode_header(header) + chain + bytes(trailing)
        if trailing in (0, 3):
            assert decode(datagram).payloads == (name,)
            assert decode(datagram).raw == (chain,)
            if trailing:
                with pytest.raises(Malformed, match="more than zeros"):
                    decode(datagram[:-1] + b"\1")
        else:
            with pytest.raises(Malformed, match="after the last payload"):
                decode(datagram)


# -- what is wrong ---------------------------------------------------------------------------------------------------

_SA = "00000001 00000001"
_PROPOSAL = "01 01 00 01"
_TRANSFORM = "01 01 0000"

# What it is, the number of the first payload, the chain, what the error says, its offset in the chain.
WRONG: list[tuple[str, int, str, str, int]] = [
    ("nothing where a payload was announced", 1, "", "no room", 0),
    ("half a generic header", 13, "00 00 00", "no room", 0),
    ("length 0 (isakmp-pointer-loop)", 13, "0d 00 0000", "of length 0", 2),
    ("length 1", 13, "0d 00 0001", "of length 1", 2),
    ("length 3", 13, "00 00 0003", "of length 3", 2),
    ("length beyond the end", 13, "00 00 0009 01020304", "of length 9, with 8 left", 2),
    ("length 65535", 13, "00 00 ffff", "of length 65535", 2),
    ("octets after the last payload", 13, "00 00 0004 00", "1 octets after", 4),
    ("octets where there is no payload at all", 0, "00", "1 octets after", 0),
    ("a second payload announced and absent", 13, "0d 00 0004", "no room for the VENDOR", 4),
    ("a proposal on its own", 2, "00 00 0008 01010000", r"PROPOSAL \(2\) outside", 0),
    ("a transform on its own", 3, "00 00 0008 01010000", r"TRANSFORM \(3\) outside", 0),
    ("SA without a situation", 1, "00 00 0008 00000001", "SA .* only 4", 4),
    ("SA without a proposal", 1, f"00 00 000c {_SA}", "no room for the PROPOSAL", 12),
    ("SA with half a proposal", 1, f"00 00 0012 {_SA} 00 00 0006 0101", "PROPOSAL .* only 2", 16),
    ("proposal longer than its SA", 1, f"00 00 0014 {_SA} 00 00 0009 {_PROPOSAL}", "of length 9, with 8 left", 14),
    ("proposal without transforms", 1, f"00 00 0014 {_SA} 00 00 0008 01 01 00 00", "with 0 transforms", 19),
    ("proposal lacking its transform", 1, f"00 00 0014 {_SA} 00 00 0008 {_PROPOSAL}", "no room for the TRANSFORM", 20),
    ("SPI beyond its proposal", 1, f"00 00 0016 {_SA} 00 00 000a 01 03 04 01 0102", "PROPOSAL .* only 6", 16),
    ("two transforms announced, one there", 1,
     f"00 00 001c {_SA} 00 00 0010 01 01 00 02 00 00 0008 {_TRANSFORM}", "1 transforms where 2", 28),
    ("one transform announced, two there", 1,
     f"00 00 0024 {_SA} 00 00 0018 {_PROPOSAL} 03 00 0008 {_TRANSFORM} 00 00 0008 {_TRANSFORM}", "8 octets after", 28),
    ("a transform followed by a proposal inside the proposal", 1,
     f"00 00 0024 {_SA} 00 00 0018 01 01 00 02 02 00 0008 {_TRANSFORM} 00 00 0008 {_TRANSFORM}", "1 transforms", 28),
    ("a proposal followed by a transform", 1,
     f"00 00 0024 {_SA} 03 00 0010 {_PROPOSAL} 00 00 0008 {_TRANSFORM} 00 00 0008 {_TRANSFORM}",
     r"TRANSFORM \(3\) among", 28),
    ("octets after the last proposal", 1,
     f"00 00 001d {_SA} 00 00 0010 {_PROPOSAL} 00 00 0008 {_TRANSFORM} 00", "1 octets after the last proposal", 28),
    ("transform too short for its number", 1,
     f"00 00 001a {_SA} 00 00 000e {_PROPOSAL} 00 00 0006 0101", "TRANSFORM .* only 2", 24),
    ("half an attribute", 1,
     f"00 00 001e {_SA} 00 00 0012 {_PROPOSAL} 00 00 000a {_TRANSFORM} 8001", "attribute of only 2", 28),
    ("attribute beyond its transform", 1,
     f"00 00 0020 {_SA} 00 00 0014 {_PROPOSAL} 00 00 000c {_TRANSFORM} 000c0001", "attribute 12 of length 1", 30),
    ("attribute beyond its transform, into the next payload", 1,
     f"0d 00 0020 {_SA} 00 00 0014 {_PROPOSAL} 00 00 000c {_TRANSFORM} 000c0004 00 00 0008 01020304",
     "attribute 12 of length 4", 30),
    ("identity without a port", 5, "00 00 0006 0100", "ID .* only 2", 4),
    ("IPv4 identity of three octets", 5, "00 00 000b 01 00 0000 0a0000", "type 1 with 3", 4),
    ("IPv4 subnet without its mask", 5, "00 00 000c 04 00 0000 0a000000", "type 4 with 4", 4),
    ("IPv6 subnet of nothing (ikev1_id_ipv6_addr_subnet)", 5, "00 00 0008 06 00 0000", "type 6 with 0", 4),
    ("notify without its type", 11, "00 00 000a 00000001 0100", "NOTIFY .* only 6", 4),
    ("notify whose SPI runs out", 11, "00 00 000d 00000001 01 10 000e 00", "NOTIFY .* only 9", 4),
    ("delete without a count", 12, "00 00 000a 00000001 0304", "DELETE .* only 6", 4),
    ("delete of more than is there", 12, "00 00 0010 00000001 03 04 0002 01020304", "2 SPIs of 4 octets in 4", 10),
    ("delete of less than is there", 12, "00 00 0014 00000001 03 04 0001 01020304 05060708", "1 SPIs of 4 .* in 8", 10),
    ("delete of 65535 SPIs of no octets", 12, "00 00 000c 00000001 03 00 ffff", "65535 SPIs of 0", 10),
    ("NAT-OA too short", 21, "00 00 0006 0100", "NAT-OA .* only 2", 4),
    ("NAT-OA of a name", 21, "00 00 000c 02 000000 61626364", "of type 2", 4),
    ("NAT-OA of half an address", 131, "00 00 000a 01 000000 0a00", "type 1 with 2", 4),
    ("fragment of 7 octets (CVE-2016-1287)", 132, "00 00 0007 000101", "FRAGMENT .* only 3", 4),
    ("fragment of nothing", 132, "00 00 0008 0001 01 01", "FRAGMENT .* only 4", 4),
    ("fragment number 0", 132, "00 00 0009 0001 00 01 78", "number 0", 6),
]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "octets", "says", "offset"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_wrong_is_refused_and_the_place_is_named(first: int, octets: str, says: str, offset: int) -> None:
    with pytest.raises(Malformed, match=says) as caught:
        decode_payloads(first, bytes.fromhex(octets))
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        ("", "0 octets are no"),
        ("00" * 27, "27 octets are no"),
        (COOKIES + "00 20 02 00 00000000 0000001c", "version 2.0"),
        (COOKIES + "00 00 02 00 00000000 0000001c", "version 0.0"),
        (COOKIES + "00 11 02 00 00000000 0000001c", "version 1.1"),
        (COOKIES + "00 10 02 00 00000000 0000001b", "length 27 in a datagram of 28"),
        (COOKIES + "00 10 02 00 00000000 0000001d", "length 29 in a datagram of 28"),
        (COOKIES + "00 10 02 00 00000000 ffffffff", "length 4294967295"),
        (COOKIES + "00 10 02 00 00000000 0000001d 00", "1 octets after"),
        (COOKIES + "0d 10 02 00 00000000 00000020 0d000000", "VENDOR .* of length 0.* at octet 30"),
    ],
)
def test_a_message_whose_header_is_wrong_is_refused(octets: str, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        decode(bytes.fromhex(octets))


# -- what we must not write ------------------------------------------------------------------------------------------

MISFITS: list[Payload] = [
    KeyExchange(bytes(65532)),
    Notify(1, bytes(256), 14),
    Notify(1, b"", 65536),
    Identification(256, 0, 0, b""),
    Identification(1, 0, -1, b""),
    Fragment(1, 256, False, b"x"),
    Opaque(256, b""),
    SecurityAssociation((Proposal(1, 1, bytes(256), (Transform(1, 1, ()),)),)),
    SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, ()),) * 256),)),
    SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, (Attribute(1, 65536),)),)),)),
    SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, (Attribute(0x8001, 5, basic=False),)),)),)),
    SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, (Attribute.of(12, 1 << 32),)),)),)),
    SecurityAssociation((Proposal(1, 1, b"", (Transform(1, 1, (Attribute(1, b"basic bytes"),)),)),)),
]


@pytest.mark.parametrize("payload", MISFITS, ids=lambda payload: type(payload).__name__)
def test_a_field_that_does_not_fit_its_place_is_a_value_error(payload: Payload) -> None:
    with pytest.raises(ValueError):
        encode_payloads([Hash(b""), payload])


def test_a_delete_whose_spis_have_another_size_cannot_be_built() -> None:
    with pytest.raises(ValueError):
        Delete(3, 4, (b"\1\2\3\4", b"\1\2\3"))


@pytest.mark.parametrize("cookie", [b"", bytes(7), bytes(9)])
def test_a_cookie_of_another_length_is_not_filled_up_in_silence(cookie: bytes) -> None:
    with pytest.raises(ValueError):
        encode(cookie, bytes(8), 2, [])
    with pytest.raises(ValueError):
        encode(bytes(8), cookie, 2, [])


def test_payload_names_are_the_words_of_ike_decode() -> None:
    # The document's payload lists, and "NAT-D" for both numberings.
    names = {0: "NONE", 1: "SA", 4: "KE", 5: "ID", 8: "HASH", 10: "NONCE", 11: "NOTIFY", 12: "DELETE", 13: "VENDOR"}
    names |= {20: "NAT-D", 130: "NAT-D", 21: "NAT-OA", 131: "NAT-OA", 128: "IOS KEEPALIVE"}
    assert {number: payload_name(number) for number in names} == names
    assert payload_name(77) == "UNKNOWN"
