"""strongSwan at the other site, releases 5.9 and 6.0: every algorithm, both roles, traffic through the tunnel.

5.9's kernel-libipsec plugin always asks for ESP in UDP, so with it all of this runs over port 4500; 6.0 (unpacked by
`.ci/strongswan-6`) carries real ESP in user space, and IKE stays on port 500, as between two ASAs. Ours offers
everything at once and strongSwan picks, or the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.charon import RELEASES, Charon, Wishes, peer
from tests.peers.ours import Ours, configuration
from tests.peers.page import Ran
from tests.peers.world import OTHER_NETWORKS, SOON, World, settled, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

CIPHERS = {"des": "des", "3des": "3des", "aes": "aes128", "aes-256": "aes256"}
HASHES = {"md5": "md5", "sha": "sha1"}
GROUPS = {1: "modp768", 2: "modp1024", 5: "modp1536", 14: "modp2048"}
ESP_CIPHERS = {"esp-des": "des", "esp-3des": "3des", "esp-aes": "aes128", "esp-aes-256": "aes256"}
ESP_HASHES = {"esp-md5-hmac": "md5", "esp-sha-hmac": "sha1"}

POLICIES = tuple((cipher, digest, group) for cipher in CIPHERS for digest in HASHES for group in GROUPS)
SETS = tuple((cipher, digest) for cipher in ESP_CIPHERS for digest in ESP_HASHES)

NETWORK_OF = {None: "192.168.2.0/24", **dict(zip(GROUPS, OTHER_NETWORKS, strict=False))}
"""One crypto map entry for each PFS group, and for none: told apart by the network behind the peer."""

CHECKS = {"esp-md5-hmac": "HMAC_MD5_96", "esp-sha-hmac": "HMAC_SHA1_96"}
NAMES = {"des": "DES_CBC", "3des": "3DES_CBC", "aes128": "AES_CBC-128", "aes256": "AES_CBC-256"}


*_, NARROW = OTHER_NETWORKS
"""Behind the peer; only ICMP and TCP are for the tunnel, each for its own: the two lines of the source document."""


def everything() -> str:
    """A configuration that can all of it."""
    names = " ".join(f"SET{number}" for number, _ in enumerate(SETS))
    own, narrow = (f"{network.removesuffix('/24')} 255.255.255.0" for network in ("192.168.1.0/24", NARROW))
    more = [
        *(f"access-list NARROW extended permit {protocol} {own} {narrow}" for protocol in ("tcp", "icmp")),
        "crypto map MAP 15 match address NARROW",
        "crypto map MAP 15 set peer 10.0.0.2",
        f"crypto map MAP 15 set ikev1 transform-set {names}",
    ]
    for sequence, group in enumerate(GROUPS, 20):
        network = NETWORK_OF[group].removesuffix("/24")
        more += [
            f"access-list PFS{group} extended permit ip 192.168.1.0 255.255.255.0 {network} 255.255.255.0",
            f"crypto map MAP {sequence} match address PFS{group}",
            f"crypto map MAP {sequence} set peer 10.0.0.2",
            f"crypto map MAP {sequence} set ikev1 transform-set {names}",
            f"crypto map MAP {sequence} set pfs group{group}",
        ]
    return configuration(policies=POLICIES, transform_sets=SETS, more=tuple(more))


@pytest.fixture(scope="module")
def ours(world: World) -> Iterator[Ours]:
    gateway = Ours(world, everything())
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module", params=RELEASES)
def charon(world: World, request: pytest.FixtureRequest) -> Iterator[Charon]:
    other = peer(world, request.param)
    yield other
    other.stop()


both_roles = pytest.mark.parametrize("role", ["initiator", "responder"])


def up(world: World, charon: Charon, wishes: Wishes, role: str) -> str:
    """Bring the tunnel up from our side or from theirs, and ping through it both ways; what charon says of its SAs.

    The first ping is the one that starts the negotiation, and it must come back. (What follows while it goes on is
    dropped, as by an ASA.)
    """
    charon.load(wishes)
    target = host_in(wishes.local_ts)
    if role == "responder":
        assert charon.initiate(), charon.said()[-3000:]
    assert world.ping("ha", target, wait=10) == 1, charon.said()[-3000:]
    assert world.ping("ha", target) == 1
    assert world.ping("hb", "192.168.1.2", 2, source=target) == 2
    sas = charon.sas()
    if charon.raw_esp:
        assert "INSTALLED, TUNNEL, ESP:" in sas and "10.0.0.1[500]" in sas
    else:
        assert "INSTALLED, TUNNEL-in-UDP, ESP:" in sas and "10.0.0.1[4500]" in sas
    charon.terminate()
    return sas


def host_in(selector: str) -> str:
    """The host of a network behind the peer."""
    return selector.split("/")[0].removesuffix("0") + "1"


@both_roles
@pytest.mark.parametrize(("cipher", "digest", "group"), POLICIES)
def test_main_mode_with_every_algorithm(
    world: World, ours: Ours, charon: Charon, ran: Ran, cipher: str, digest: str, group: int, role: str
) -> None:
    ike = f"{CIPHERS[cipher]}-{HASHES[digest]}-{GROUPS[group]}"
    sas = up(world, charon, Wishes(ike=ike), role)
    hash_name = f"HMAC_{HASHES[digest].upper()}_96"
    assert f"{NAMES[CIPHERS[cipher]]}/{hash_name}/" in sas
    assert f"MODP_{GROUPS[group].removeprefix('modp')}" in sas
    ran("Phase 1", charon.column(role), f"{cipher} {digest}", str(group))


@both_roles
@pytest.mark.parametrize(("cipher", "digest"), SETS)
def test_esp_with_every_algorithm(
    world: World, ours: Ours, charon: Charon, ran: Ran, cipher: str, digest: str, role: str
) -> None:
    sas = up(world, charon, Wishes(ike="aes128-sha1-modp1024", esp=f"{ESP_CIPHERS[cipher]}-{ESP_HASHES[digest]}"), role)
    assert f"ESP:{NAMES[ESP_CIPHERS[cipher]]}/{CHECKS[digest]}" in sas
    ran("Phase 2", charon.column(role), f"{cipher} {digest}")


@both_roles
@pytest.mark.parametrize("group", NETWORK_OF)
def test_perfect_forward_secrecy_in_every_group(
    world: World, ours: Ours, charon: Charon, ran: Ran, group: int | None, role: str
) -> None:
    name = f"-{GROUPS[group]}" if group else ""
    wishes = Wishes(ike="aes128-sha1-modp1024", esp=f"aes128-sha1{name}", local_ts=NETWORK_OF[group])
    sas = up(world, charon, wishes, role)
    assert f"ESP:AES_CBC-128/HMAC_SHA1_96{name.upper().replace('-MODP', '/MODP_')}\n" in sas
    ran("Perfect forward secrecy", charon.column(role), f"group {group}" if group else "off")


@both_roles
def test_subnets_of_all_protocols(world: World, ours: Ours, charon: Charon, ran: Ran, role: str) -> None:
    charon.load(Wishes())
    if role == "responder":
        assert charon.initiate()
    assert world.ping("ha", "192.168.2.1") == 1
    assert world.ping("hb", "192.168.1.2", 2) == 2
    world.transfer("ha", "hb", "192.168.2.1", 100_000)
    world.transfer("hb", "ha", "192.168.1.2", 100_000)
    assert "local  192.168.2.0/24\n" in charon.sas()
    charon.terminate()
    ran("Selectors", charon.column(role), "ip of the two networks", "ping and TCP")


@both_roles
def test_icmp_only(world: World, ours: Ours, charon: Charon, ran: Ran, role: str) -> None:
    sas = up(world, charon, Wishes(local_ts=f"{NARROW}[icmp]", remote_ts="192.168.1.0/24[icmp]"), role)
    assert f"local  {NARROW}[icmp]\n" in sas
    ran("Selectors", charon.column(role), "icmp of the two networks", "ping")


@both_roles
def test_tcp_only(world: World, ours: Ours, charon: Charon, ran: Ran, role: str) -> None:
    charon.load(Wishes(local_ts=f"{NARROW}[tcp]", remote_ts="192.168.1.0/24[tcp]"))
    if role == "responder":
        assert charon.initiate()
    world.transfer("ha", "hb", host_in(NARROW), 10_000_000)
    world.transfer("hb", "ha", "192.168.1.2", 10_000_000, source=host_in(NARROW))
    assert f"local  {NARROW}[tcp]\n" in charon.sas()
    charon.terminate()
    ran("Selectors", charon.column(role), "tcp of the two networks", "10 MB of TCP")


@both_roles
@pytest.mark.parametrize("cipher", ["esp-aes", "esp-aes-256", "esp-3des"])
def test_ten_megabytes_of_tcp_arrive_as_they_were_sent_both_ways(
    world: World, ours: Ours, charon: Charon, ran: Ran, cipher: str, role: str
) -> None:
    charon.load(Wishes(esp=f"{ESP_CIPHERS[cipher]}-sha1"))
    if role == "responder":
        assert charon.initiate()
    world.transfer("ha", "hb", "192.168.2.1", 10_000_000)
    world.transfer("hb", "ha", "192.168.1.2", 10_000_000)
    charon.terminate()
    ran("TCP", charon.column(role), f"{cipher} esp-sha-hmac")


def test_packets_of_all_lengths_pass(world: World, ours: Ours, charon: Charon, ran: Ran) -> None:
    charon.load(Wishes())
    for size in (0, 1, 2, 15, 16, 1372, 1373, 1400, 1472, 4000, 20000):
        assert world.ping("ha", "192.168.2.1", size=size) == 1, size
        assert world.ping("hb", "192.168.1.2", size=size) == 1, size
    charon.terminate()
    ran("Packets", charon.column())


def test_who_forbids_fragments_is_told_what_fits(world: World, ours: Ours, charon: Charon, ran: Ran) -> None:
    charon.load(Wishes())
    assert world.ping("ha", "192.168.2.1") == 1
    world.must("ha", "ip", "route", "flush", "cache")  # the host remembers what it was told before
    long = world.run("ha", "ping", "-c1", "-W1", "-Mdo", "-s1440", "192.168.2.1").stdout
    # 1500 - IP 20 - ESP 8 - IV 16 - ICV 12 leaves 90 blocks of 16, the trailer takes 2 octets of it; UDP takes 8 octets
    # more, which leaves 89 blocks.
    fits = 1438 if charon.raw_esp else 1422
    assert "From 192.168.1.1 " in long and f"(mtu = {fits})" in long
    assert " 1 received" in world.run("ha", "ping", "-c1", "-W1", "-Mdo", f"-s{fits - 28}", "192.168.2.1").stdout
    charon.terminate()
    ran("Packets", charon.column())


def test_what_the_access_list_does_not_name_does_not_leave_in_clear(
    world: World, ours: Ours, charon: Charon, ran: Ran
) -> None:
    charon.load(Wishes(local_ts=f"{NARROW}[icmp]", remote_ts="192.168.1.0/24[icmp]"))
    target = host_in(NARROW)
    # Dropped packets are said once for each pair of hosts.
    refused = target.removesuffix("1") + ("60" if charon.raw_esp else "59")
    log = world.directory / "clear.log"
    watcher = world.start("gb", "tcpdump", "-lni", "outside", "--immediate-mode", "udp port 7001", log=log)
    until(lambda: "listening on" in log.read_text(), SOON, "tcpdump")
    dropped = f"192.168.1.2 to {refused}, IP protocol 17: no crypto access-list permits it"
    assert world.ping("ha", target) == 1
    world.run("ha", "bash", "-c", f"echo secret >/dev/udp/{refused}/7001")
    assert world.ping("ha", target) == 1
    until(lambda: dropped in ours.said(), SOON, "that it was dropped")
    world.run("ga", "bash", "-c", "echo seen >/dev/udp/10.0.0.2/7001")  # what leaves in clear would be seen
    settled(watcher)
    world.stop(watcher)
    assert "1 packet captured" in log.read_text() and "10.0.0.1." in log.read_text()
    assert ours.said().count(dropped) == 1
    charon.terminate()
    ran("Packets", charon.column())
