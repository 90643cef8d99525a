"""strongSwan 6.0 at the other site: real ESP (IP protocol 50) and IKE on port 500, as between two ASAs.

`.ci/strongswan-6` unpacks it; it carries ESP in user space, so the kernel needs none.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.paths import require
from tests.peers.charon import NEWER, Charon, Wishes
from tests.peers.ours import Ours, configuration
from tests.peers.world import World

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

ICMP, TCP = (f"{name} 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0" for name in ("icmp", "tcp"))
"""The two lines of the source document's access-list."""


@pytest.fixture(scope="module")
def charon(world: World) -> Iterator[Charon]:
    require((NEWER / ".complete").exists(), "strongSwan 6.0 is not unpacked: run .ci/strongswan-6")
    peer = Charon(world, root=NEWER, raw_esp=True)
    yield peer
    peer.stop()


@pytest.fixture(scope="module")
def ours(world: World) -> Iterator[Ours]:
    text = configuration(
        access_list=(TCP, ICMP),
        transform_sets=(("esp-aes", "esp-sha-hmac"), ("esp-3des", "esp-sha-hmac"), ("esp-aes-256", "esp-md5-hmac")),
    )
    gateway = Ours(world, text)
    yield gateway
    gateway.stop()


@pytest.mark.parametrize("esp", ["aes128-sha1", "3des-sha1", "aes256-md5"])
@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_icmp_passes_in_real_esp(world: World, ours: Ours, charon: Charon, esp: str, role: str) -> None:
    charon.load(Wishes(esp=esp, local_ts="192.168.2.0/24[icmp]", remote_ts="192.168.1.0/24[icmp]"))
    if role == "responder":
        assert charon.initiate(), charon.said()[-3000:]
    assert world.ping("ha", "192.168.2.1", 3) == 3
    assert world.ping("hb", "192.168.1.2", 3) == 3
    sas = charon.sas()
    assert "INSTALLED, TUNNEL, ESP:" in sas, "not ESP in UDP"
    assert "10.0.0.1[500]" in sas
    charon.terminate()


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_megabytes_of_tcp_pass_in_real_esp(world: World, ours: Ours, charon: Charon, role: str) -> None:
    charon.load(Wishes(local_ts="192.168.2.0/24[tcp]", remote_ts="192.168.1.0/24[tcp]"))
    if role == "responder":
        assert charon.initiate()
    world.transfer("ha", "hb", "192.168.2.1", 10_000_000)
    world.transfer("hb", "ha", "192.168.1.2", 10_000_000)
    charon.terminate()


def test_what_the_access_list_does_not_name_does_not_leave_in_clear(world: World, ours: Ours, charon: Charon) -> None:
    charon.load(Wishes(local_ts="192.168.2.0/24[icmp]", remote_ts="192.168.1.0/24[icmp]"))
    log = world.directory / "clear.log"
    watcher = world.start("gb", "tcpdump", "-lni", "outside", "udp port 7001", log=log)
    assert world.ping("ha", "192.168.2.1") == 1
    world.run("ha", "bash", "-c", "echo secret >/dev/udp/192.168.2.1/7001")
    assert world.ping("ha", "192.168.2.1") == 1
    world.stop(watcher)
    assert "0 packets captured" in log.read_text()
    assert ours.said().count("192.168.1.2 to 192.168.2.1, IP protocol 17: no crypto access-list permits it") == 1
    charon.terminate()
