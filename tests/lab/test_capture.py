"""The capture and the key log of a lab run, read by somebody else: tshark opens every packet."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mainmode.config.model import IkePolicy
from mainmode.lab.faults import Fault
from mainmode.lab.keylog import KeyLog
from mainmode.lab.pcap import capture
from mainmode.lab.run import LabResult, run
from mainmode.steps import MESSAGES
from tests.lab.pairs import entry, site, transform_set
from tests.paths import require

PAYLOADS = {
    "MM1": "1,2,3,13,13,13,13",
    "MM2": "1,2,3,13,13",
    "MM3": "4,10,13,13,13,13,130,130",
    "MM4": "4,10,13,13,13,13,130,130",
    "MM5": "5,8,128,13",
    "MM6": "5,8,128,13",
    "QM1": "8,1,2,3,10,5,5,11",
    "QM2": "8,1,2,3,10,5,5",
    "QM3": "8",
}
"""What each message carries between two ASAs, in order; 2 and 3 are the proposal and the transform inside an SA."""

Tshark = Callable[..., list[list[str]]]


@pytest.fixture
def tshark(tmp_path: Path) -> Tshark:
    """Run tshark over a lab's capture with its key log; the fields asked for, a row for each packet."""
    require(shutil.which("tshark"), "tshark is not installed")

    def look(result: LabResult, keys: KeyLog, *fields: str) -> list[list[str]]:
        profile = tmp_path / "profile"
        profile.mkdir(exist_ok=True)
        for name, content in keys.files().items():
            (profile / name).write_bytes(content)
        (tmp_path / "lab.pcap").write_bytes(capture(result.wire))
        command = ["tshark", "-r", str(tmp_path / "lab.pcap"), "-T", "fields", "-E", "separator=|"]
        for option in ("esp.enable_encryption_decode:TRUE", "esp.enable_authentication_check:TRUE"):
            command += ["-o", option]
        for option in ("ip.check_checksum:TRUE", "udp.check_checksum:TRUE"):
            command += ["-o", option]
        for field in fields:
            command += ["-e", field]
        environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(profile), "HOME": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        return [line.split("|") for line in done.stdout.splitlines()]

    return look


def logged(*sites: object, **settings: object) -> tuple[LabResult, KeyLog]:
    keys = KeyLog()
    result = run(*(sites or (site("a"), site("b"))), watch=keys.watch, **settings)  # type: ignore[arg-type]
    assert result.established
    return result, keys


def test_tshark_opens_every_message_and_finds_none_malformed(tshark: Tshark) -> None:
    result, keys = logged()
    rows = tshark(result, keys, "isakmp.typepayload", "_ws.malformed", "_ws.expert.severity", "isakmp.enc.decrypted")
    assert len(rows) == len(result.wire)
    for name, (payloads, malformed, severity, _) in zip(MESSAGES, rows, strict=False):
        assert payloads == PAYLOADS[name]
        assert malformed == ""
        assert severity == ""


def test_the_identities_and_proposals_tshark_reads_are_those_of_the_two_sites(tshark: Tshark) -> None:
    result, keys = logged()
    rows = tshark(
        result, keys, "isakmp.id.data.ipv4_addr", "isakmp.id.data.ipv4_subnet", "isakmp.ipsec.attr.life_duration"
    )
    assert rows[4][0] == "10.0.0.1"
    assert rows[5][0] == "10.0.0.2"
    assert rows[6] == ["192.168.1.0,192.168.2.0", "255.255.255.0,255.255.255.0", "28800,4608000"]


def test_tshark_opens_the_data_and_its_icvs_are_good(tshark: Tshark) -> None:
    result, keys = logged()
    rows = tshark(result, keys, "icmp.type", "esp.icv_good", "ip.src", "icmp.checksum.status")
    data = [row for row, transit in zip(rows, result.wire, strict=True) if transit.name == "esp"]
    assert [row[0] for row in data] == ["8", "0"] * 4
    assert all(row[1] in ("1", "True") for row in data)
    assert data[0][2].split(",") == ["10.0.0.1", "192.168.1.2"]
    assert {row[3] for row in data} == {"1"}


def test_the_outer_checksums_are_right(tshark: Tshark) -> None:
    rows = tshark(*logged(), "ip.checksum.status", "udp.checksum.status")
    assert all(set(row[0].split(",")) == {"1"} for row in rows)
    assert {row[1] for row in rows[: len(MESSAGES)]} == {"1"}


@pytest.mark.parametrize("encryption", ["des", "3des", "aes", "aes-192", "aes-256"])
@pytest.mark.parametrize("hash", ["md5", "sha"])
def test_the_key_log_fits_every_phase_1_cipher(tshark: Tshark, encryption: str, hash: str) -> None:
    policies = [IkePolicy(10, encryption=encryption, hash=hash)]
    rows = tshark(*logged(site("a", policies=policies), site("b", policies=policies)), "isakmp.typepayload")
    assert [row[0] for row in rows[: len(MESSAGES)]] == [PAYLOADS[name] for name in MESSAGES]


@pytest.mark.parametrize("encryption", ["esp-des", "esp-3des", "esp-aes", "esp-aes-192", "esp-aes-256", "esp-null"])
@pytest.mark.parametrize("authentication", ["esp-md5-hmac", "esp-sha-hmac"])
def test_the_key_log_fits_every_transform_set(tshark: Tshark, encryption: str, authentication: str) -> None:
    sets = [transform_set(encryption, authentication)]
    result, keys = logged(site("a", sets=sets), site("b", sets=sets))
    rows = tshark(result, keys, "icmp.type")
    assert [row[0] for row in rows[len(MESSAGES) :]] == ["8", "0"] * 4


def test_pfs_is_in_the_capture(tshark: Tshark) -> None:
    rows = tshark(*logged(*(site(name, entries=[entry(name, pfs=2)]) for name in "ab")), "isakmp.typepayload")
    assert rows[6][0] == "8,1,2,3,10,4,5,5,11"


def test_deletes_are_opened_too(tshark: Tshark) -> None:
    keys = KeyLog()
    result = run(site("a"), site("b", sets=[transform_set("esp-3des")]), watch=keys.watch)
    rows = tshark(result, keys, "isakmp.typepayload", "isakmp.exchangetype", "_ws.malformed")
    told = [row[0] for row in rows if row[1] == "5"]
    assert told == ["8,11", "8,12"]
    assert {row[2] for row in rows} == {""}


def test_without_a_key_log_nothing_of_it_is_written_anywhere(tmp_path: Path) -> None:
    keys = KeyLog()
    run(site("a"), site("b"))
    assert set(keys.files().values()) == {b""}


def test_with_two_pre_shared_keys_the_key_log_has_the_initiators(tshark: Tshark) -> None:
    keys = KeyLog()
    result = run(site("a", psk=b"one"), site("b", psk=b"two"), watch=keys.watch)
    rows = tshark(result, keys, "isakmp.typepayload")
    assert rows[4][0] == PAYLOADS["MM5"]


def test_a_capture_has_every_packet_as_it_left_its_site(tmp_path: Path) -> None:
    result = run(site("a"), site("b"), faults=[Fault.parse("drop:MM2"), Fault.parse("corrupt:QM1")])
    (tmp_path / "lab.pcap").write_bytes(capture(result.wire))
    # tests/pcap.py knows Ethernet and loopback: skip the 24 octets of file header and read the records by hand.
    data, offset, found = capture(result.wire), 24, []
    assert data[:4] == bytes.fromhex("d4c3b2a1")
    assert int.from_bytes(data[20:24], "little") == 101
    while offset < len(data):
        seconds, microseconds, size, whole = (
            int.from_bytes(data[offset + 4 * at : offset + 4 * at + 4], "little") for at in range(4)
        )
        assert size == whole
        found.append((seconds + microseconds / 1e6, data[offset + 16 : offset + 16 + size]))
        offset += 16 + size
    assert [at for at, _ in found] == [pytest.approx(transit.at) for transit in result.wire]
    for (_, packet), transit in zip(found, result.wire, strict=True):
        assert packet.endswith(transit.packet.payload)
        assert packet[9] == transit.packet.protocol
