"""The vendor ids: their bytes recomputed from what they are the MD5 of, and who is recognised by them."""

from __future__ import annotations

from hashlib import md5

import pytest

from mainmode.wire import SENT, VENDORS, fragmentation_modes, recognise

# The preimages (FACTS §1.5), octets kept of the hash, and what follows them.
MADE_OF = {
    "90cb80913ebb696e086381b5ec427b1f": (b"draft-ietf-ipsec-nat-t-ike-02\n", 16, ""),
    "cd60464335df21f87cfdb2fc68b6a448": (b"draft-ietf-ipsec-nat-t-ike-02", 16, ""),
    "7d9419a65310ca6f2c179d9215529d56": (b"draft-ietf-ipsec-nat-t-ike-03", 16, ""),
    "439b59f8ba676c4c7737ae22eab8f582": (b"draft-ietf-ipsec-nat-t-ike-07", 16, ""),
    "4a131c81070358455c5728f20e95452f": (b"RFC 3947", 16, ""),
    "4048b7d56ebce88525e7de7f00d6c2d3c0000000": (b"FRAGMENTATION", 16, "c0000000"),
    "12f5f28c457168a9702d9fe274cc0100": (b"CISCO-UNITY", 14, "0100"),
    "09002689dfd6b712": (b"draft-ietf-ipsra-isakmp-xauth-06.txt", 8, ""),
    "afcad71368a1f1c96b8696fc77570100": (b"CISCO-DEAD-PEER-DETECTION", 14, "0100"),
    "1f07f70eaa6514d3b0fa96542a500100": (b"ALTIGA GATEWAY", 14, "0100"),
    "f6f7efc7f5aeb8cb158cb9d094ba69e7": (b"ALTIGA NETWORKS", 16, ""),
}


def test_every_vendor_id_is_the_hash_it_is_said_to_be() -> None:
    for octets, (preimage, kept, rest) in MADE_OF.items():
        assert md5(preimage).digest()[:kept] + bytes.fromhex(rest) == bytes.fromhex(octets)
    assert [vendor.data.hex() for vendor in VENDORS] == list(MADE_OF)


def test_every_vendor_id_is_recognised_as_itself_and_not_by_a_part_or_a_change_of_it() -> None:
    for vendor in VENDORS:
        assert recognise(vendor.data) is vendor
        stem = len(vendor.data) if vendor.stem is None else vendor.stem
        assert recognise(vendor.data[: stem - 1]) is None
        assert recognise(bytes((vendor.data[0] ^ 1,)) + vendor.data[1:]) is None
        assert recognise(vendor.data[: stem - 1] + bytes((vendor.data[stem - 1] ^ 1,)) + vendor.data[stem:]) is None
        if vendor.stem is None:
            assert recognise(vendor.data + b"\0") is None


@pytest.mark.parametrize(
    ("octets", "received"),
    [
        # The seven lines of the document's debugs, and what other boxes send for the same.
        ("90cb80913ebb696e086381b5ec427b1f", "NAT-Traversal ver 02"),
        ("cd60464335df21f87cfdb2fc68b6a448", "NAT-Traversal ver 02"),
        ("7d9419a65310ca6f2c179d9215529d56", "NAT-Traversal ver 03"),
        ("4a131c81070358455c5728f20e95452f", "NAT-Traversal RFC"),
        ("12f5f28c457168a9702d9fe274cc0100", "Cisco Unity client"),
        ("09002689dfd6b712", "xauth V6"),
        ("afcad71368a1f1c96b8696fc77570100", "DPD"),
        ("4048b7d56ebce88525e7de7f00d6c2d3c0000000", "Fragmentation"),
        ("4048b7d56ebce88525e7de7f00d6c2d380000000", "Fragmentation"),  # vpnc
        ("4048b7d56ebce88525e7de7f00d6c2d3", "Fragmentation"),  # Windows
        ("1f07f70eaa6514d3b0fa96542a500100", "Altiga/Cisco VPN3000/Cisco ASA GW"),
        ("1f07f70eaa6514d3b0fa96542a500407", "Altiga/Cisco VPN3000/Cisco ASA GW"),  # VPN 3000 concentrator 4.7
        ("439b59f8ba676c4c7737ae22eab8f582", None),  # the document logs no more than "processing VID payload"
    ],
)
def test_a_vendor_id_is_called_what_an_asa_calls_it(octets: str, received: str | None) -> None:
    vendor = recognise(bytes.fromhex(octets))
    assert vendor is not None
    assert vendor.received == received


@pytest.mark.parametrize(
    "octets", ["", "00" * 16, "3e984048101e66cc659fd002b0ed3655", "3ac5957214a85b93db6a509869fdb333"]
)
def test_an_unknown_vendor_id_is_nobodys_and_so_is_that_of_an_ios_box(octets: str) -> None:
    assert recognise(bytes.fromhex(octets)) is None


def test_of_two_forms_of_draft_02_the_common_one_is_sent() -> None:
    assert SENT["NAT-Traversal ver 02"].data.hex() == "90cb80913ebb696e086381b5ec427b1f"
    assert set(SENT) == {vendor.name for vendor in VENDORS}


def test_the_fragmentation_word_says_in_which_modes() -> None:
    stem = md5(b"FRAGMENTATION").digest()
    assert fragmentation_modes(stem + bytes.fromhex("c0000000")) == (True, True)
    assert fragmentation_modes(stem + bytes.fromhex("80000000")) == (True, False)
    assert fragmentation_modes(stem) is None
