"""The layout of 9.x against outputs of real ASAs, line by line: indentation, words, blanks. Values come elsewhere.

Blanks at line ends did not survive in all of them; where they did they are compared.
"""

from __future__ import annotations

import re

import pytest

from mainmode.config.model import IkePolicy
from mainmode.lab.ip import question
from mainmode.show.sessions import duration
from tests.lab.pairs import TCP, entry, transform_set
from tests.life.world import HOSTS, World, pair
from tests.paths import SHARED, require
from tests.show.tunnels import pinged, shape, shown

CORPUS = SHARED / "corpus"
require(CORPUS.is_dir(), "the real outputs are not beside the checkout")

AES_256_MD5 = (transform_set("esp-aes-256", "esp-md5-hmac"),)


def stretch(file: str, first: str, count: int = 0, last: str = "") -> list[str]:
    """Lines of a real output, from one on: so many, or up to one."""
    lines = (CORPUS / file).read_text().splitlines()
    begin = lines.index(first)
    return lines[begin : begin + count] if count else lines[begin : lines.index(last, begin) + 1]


@pytest.fixture(scope="module")
def behind_nat() -> World:
    return pinged(configs=pair("b", sets=AES_256_MD5), nat="b")


def test_the_ike_sas_look_as_on_a_real_box() -> None:
    real = stretch("060-strongswan-ha-asa.show", "IKEv1 SAs:", last="There are no IKEv2 SAs")
    ours = shown(pinged(), "a", "show crypto isakmp sa").splitlines()
    assert [shape(line) for line in ours] == [shape(line) for line in real]


def test_the_counters_look_as_on_a_real_box() -> None:
    real = stretch("060-strongswan-ha-asa.show", "interface: outside", 18)
    ours = shown(pinged(), "a", "show crypto ipsec sa").splitlines()[:18]
    # Its access-list is one for all of IP, so protocol and name differ; the blank at the end of the line does not.
    assert [shape(line) for line in ours] == [shape(line) for line in real]


def test_a_tunnel_through_a_nat_looks_as_on_a_real_box(behind_nat: World) -> None:
    real = stretch("025-ntc-ipsec-sa.show", "interface: COLO", 48)
    ours = shown(behind_nat, "a", "show crypto ipsec sa").splitlines()
    assert [shape(line).rstrip() for line in ours] == [shape(line) for line in real]


def test_overheads_are_those_that_real_boxes_print(behind_nat: World) -> None:
    assert "ipsec overhead 82(52)," in shown(behind_nat, "a", "show crypto ipsec sa")
    for sets, overhead in ((AES_256_MD5, "74(44)"), ((transform_set("esp-3des"),), "58(36)")):
        world = pinged(configs=pair(sets=sets))
        assert f"ipsec overhead {overhead}," in shown(world, "b", "show crypto ipsec sa")
        assert f"ipsec overhead {overhead.partition('(')[0]}," in shown(world, "b", "show crypto ipsec sa", "8.3")


def test_perfect_forward_secrecy_stands_among_the_settings_as_on_a_real_box() -> None:
    real = stretch("061-aws-nag-asa.show", "         in use settings ={L2L, Tunnel, PFS Group 2, }", 1)
    world = pinged(configs={name: pair(entries=(entry(name, pfs=2),))[name] for name in "ab"})
    assert real[0] in shown(world, "a", "show crypto ipsec sa", "8.3").splitlines()


@pytest.fixture(scope="module")
def two_tunnels() -> World:
    """Two lines of the access-list are in use; algorithms and lifetimes are those of the real box."""
    settings = {
        "policies": (IkePolicy(10, encryption="aes", group=5, lifetime=28800),),
        "sets": (transform_set("esp-aes-256"),),
    }
    world = pinged(configs={name: pair(entries=(entry(name, pfs=5),), **settings)[name] for name in "ab"})
    world.network.host_sends(world.sites["a"], question(TCP, HOSTS["a"], HOSTS["b"], 49152, 80, 1))
    world.pass_time(1.0)
    return world


def test_tunnels_with_one_peer_share_their_connection_id_as_on_a_real_box(two_tunnels: World) -> None:
    for output in (
        (CORPUS / "058-cisco-community-checkpoint-supernet-2.show").read_text(),
        shown(two_tunnels, "a", "show crypto ipsec sa"),
    ):
        ids = re.findall(r"conn_id: (\d+)", output)
        assert len(ids) == 4
        assert len(set(ids)) == 1
        assert int(ids[0]) % 4096 == 0


def test_sessions_look_as_on_a_real_box(two_tunnels: World) -> None:
    """Labels stand where they stand there. It has lost the blanks at the beginning of its lines."""

    def columns(line: str) -> tuple[str, str]:
        line = line.removeprefix("  ")
        alone = line.startswith(("Login Time", "Duration", "Local Addr", "Remote Addr"))
        return line[:15], "" if alone else line[38:53]

    text = (CORPUS / "029-ntc-sessiondb-l2l-obj.show").read_text()
    ours = shown(two_tunnels, "a", "show vpn-sessiondb detail l2l")
    assert [columns(line) for line in ours.splitlines()] == [columns(line) for line in text.splitlines()]
    for line in (
        "Protocol     : IKEv1 IPsec",
        "Encryption   : IKEv1: (1)AES128  IPsec: (2)AES256",
        "Hashing      : IKEv1: (1)SHA1  IPsec: (2)SHA1",
        "Encryption   : AES256                 Hashing      : SHA1",
        "Encapsulation: Tunnel                 PFS Group    : 5",
        "D/H Group    : 5",
    ):
        assert line in text.splitlines()
        assert line in [line.strip() for line in ours.splitlines()]


@pytest.mark.parametrize(
    ("seconds", "printed"),
    [
        (61 * 86400 + 8 * 3600 + 3 * 60 + 16, "61d 8h:03m:16s"),  # 029
        (14 * 3600 + 24 * 60 + 35, "14h:24m:35s"),  # 027
        (0.9, "0h:00m:00s"),
    ],
)
def test_durations_are_written_as_on_real_boxes(seconds: float, printed: str) -> None:
    assert duration(seconds) == printed
