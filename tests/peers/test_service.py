"""The unit under a real systemd, installed as the guide says: what starts it, refuses it, ends it, starts it anew."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest

from tests.docs.blocks import FENCE
from tests.paths import REPO
from tests.peers.booted import Booted
from tests.peers.ours import Ours
from tests.peers.world import SOON, World, until

pytestmark = [pytest.mark.namespaces]

GUIDE = REPO / "docs" / "guide" / "gateway.md"
EXAMPLE = REPO / "examples" / "two-sites"
FAR_HOST = "192.168.2.1"
UNIT = "mainmode@site-a.service"
CONFIGURATION = "/etc/mainmode/site-a.cfg"
DROP_IN = f"/etc/systemd/system/{UNIT}.d"


def blocks(language: str, of: str) -> list[str]:
    """The guide's blocks of a language in which these words stand."""
    found = FENCE.finditer(GUIDE.read_text())
    return [block[2] for block in found if block[1] == language and of in block[2]]


class Installed:
    """The host of site a, on which the commands of the guide were typed."""

    def __init__(self, world: World, host: Booted) -> None:
        self.world = world
        self.host = host
        (commands,) = blocks("sh", "systemctl enable")
        shutil.copytree(REPO / "systemd", host.path("/opt/checkout/systemd"))
        shutil.copy(EXAMPLE / "site-a.cfg", host.path("/opt/checkout"))
        self.printed = host.must("bash", "-e", "-c", f"cd /opt/checkout\n{commands}")
        self.text = host.path(CONFIGURATION).read_text()
        self.then = {name: self.show(name) for name in ("ActiveState", "StatusText", "UnitFileState")}
        """What systemd said of the unit behind the last of these commands."""

    def show(self, name: str) -> str:
        return self.host.must("systemctl", "show", "--property", name, "--value", UNIT).strip()

    @property
    def main(self) -> str:
        """The gateway's process, as that host numbers it."""
        return self.show("MainPID")

    def said(self) -> str:
        """What this start of the unit left in the journal."""
        self.host.must("journalctl", "--sync")
        return self.host.must("journalctl", "--output=cat", f"_SYSTEMD_INVOCATION_ID={self.show('InvocationID')}")

    def systemctl(self, *words: str) -> None:
        self.host.must("systemctl", *words)

    def configured(self, *lines: str) -> None:
        """The unit is to run with these settings, as after `systemctl edit`."""
        self.host.path(DROP_IN).mkdir(exist_ok=True)
        self.host.write(f"{DROP_IN}/override.conf", "\n".join(["[Service]", *lines, ""]))
        self.systemctl("daemon-reload")

    def write(self, text: str) -> None:
        """Another text in the same file: its owner and mode stay."""
        self.host.path(CONFIGURATION).write_text(text)

    def exec(self, command: str) -> str:
        return self.host.must("mainmode", "exec", command)

    def until_started_anew(self) -> None:
        until(lambda: self.show("NRestarts") != "0" and self.show("ActiveState") == "active", SOON, "a new start")

    def restore(self) -> None:
        """As it was after the guide's commands, and not running."""
        self.host.run("systemctl", "stop", UNIT)
        shutil.rmtree(self.host.path(DROP_IN), ignore_errors=True)
        self.write(self.text)
        self.host.path(CONFIGURATION).chmod(0o400)
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed")


@pytest.fixture(scope="module")
def installed(world: World) -> Iterator[Installed]:
    host = Booted(world)
    try:
        yield Installed(world, host)
    finally:
        host.close()


@pytest.fixture
def service(installed: Installed, fresh: World) -> Iterator[Installed]:
    """The unit, stopped; nothing that a test changes is there for the next."""
    installed.restore()
    yield installed
    installed.restore()


@pytest.fixture
def tunnel(service: Installed) -> Iterator[Ours]:
    """The gateway of site b, with a tunnel to the unit that runs at site a."""
    far = Ours(service.world, (EXAMPLE / "site-b.cfg").read_text(), "gb")
    service.systemctl("start", UNIT)
    assert service.world.ping("ha", FAR_HOST)
    yield far
    far.stop()


def test_the_commands_of_the_guide_lead_to_a_gateway_that_answers(installed: Installed) -> None:
    # The last of them asks the gateway at once: `systemctl` came back when it was ready, and not before.
    assert installed.printed == "\nThere are no IKEv1 SAs\n"
    assert installed.then == {"ActiveState": "active", "StatusText": "site-a is up", "UnitFileState": "enabled"}


def test_systemd_finds_nothing_wrong_with_the_unit_where_it_is_installed(installed: Installed) -> None:
    assert installed.host.must("systemd-analyze", "verify", "--man=no", UNIT) == ""


def test_it_runs_as_its_user_with_three_capabilities_behind_a_filter(service: Installed) -> None:
    service.systemctl("start", UNIT)
    status = service.host.must("cat", f"/proc/{service.main}/status")
    user = service.host.must("id", "-u", "mainmode").strip()
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split() == [user] * 4
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert fields[kind] == "0000000000003400"  # CAP_NET_BIND_SERVICE 10, CAP_NET_ADMIN 12, CAP_NET_RAW 13
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"


def test_whoever_is_in_the_group_may_ask_it_and_not_read_the_keys(service: Installed) -> None:
    service.systemctl("start", UNIT)
    host = service.host
    for name, groups in (("alice", ("--groups", "mainmode")), ("mallory", ())):
        host.must("useradd", *groups, name)
    asked = ("mainmode", "exec", "--name", "site-a", "show ip")
    done = {
        name: host.run("setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", *asked)
        for name in ("alice", "mallory")
    }
    assert done["alice"].returncode == 0 and "outside" in done["alice"].stdout
    assert done["mallory"].returncode == 2
    assert done["mallory"].stderr.endswith("/run/mainmode/site-a/control: this is for root and the gateway's group\n")
    read = host.run("setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "cat", CONFIGURATION)
    assert read.returncode != 0 and "Permission denied" in read.stderr


def test_a_tunnel_comes_up_under_everything_that_the_unit_forbids(service: Installed, tunnel: Ours) -> None:
    assert service.world.ping("ha", FAR_HOST, 3) == 3
    assert "!!!!!" in service.exec(f"ping inside {FAR_HOST}")
    assert "MM_ACTIVE" in service.exec("show crypto isakmp sa")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("text", f"{CONFIGURATION}:23:46: esp-shah does not fit here"),
        ("mode", f"{CONFIGURATION}:39:2: everybody on this host can read this key: chmod o-rwx {CONFIGURATION}"),
        ("port", f"{CONFIGURATION}:29:1: UDP port 500 of 10.0.0.1 is taken: another IKE daemon runs on this host"),
        ("owner", f"{CONFIGURATION}: Permission denied"),
        (
            "device",
            f"{CONFIGURATION}:28:1: the data plane needs /dev/net/tun, which may not be opened here: "
            "Operation not permitted",
        ),
    ],
    ids=["text", "mode", "port", "owner", "device"],
)
def test_what_cannot_run_is_refused_once_and_the_status_says_why(service: Installed, wrong: str, sentence: str) -> None:
    path = service.host.path(CONFIGURATION)
    owner = path.stat().st_uid
    match wrong:
        case "text":
            service.write(service.text.replace("esp-sha-hmac", "esp-shah"))
        case "mode":
            path.chmod(0o444)
        case "port":
            Ours(service.world, service.text, "ga")
        case "owner":
            service.host.must("chown", "root", CONFIGURATION)
        case "device":
            service.configured("DeviceAllow=")
    try:
        started = service.host.run("systemctl", "start", UNIT)
    finally:
        service.host.must("chown", str(owner), CONFIGURATION)
    assert started.returncode == 1
    # It would be `activating` and `auto-restart` if systemd meant to try again.
    assert (service.show("ActiveState"), service.show("SubState")) == ("failed", "failed")
    assert service.show("ExecMainStatus") == "2"
    assert service.show("StatusText") == sentence
    assert sentence in service.said()


def test_an_address_that_comes_later_than_the_network_is_waited_for(service: Installed) -> None:
    service.world.must("ga", "ip", "address", "del", "10.0.0.1/24", "dev", "outside")
    try:
        service.systemctl("start", "--no-block", UNIT)
        waiting = "waiting: 10.0.0.1 is not an address of this host"
        until(lambda: service.show("StatusText") == waiting, SOON, "that it waits")
        assert service.show("ActiveState") == "activating"
    finally:
        service.world.must("ga", "ip", "address", "add", "10.0.0.1/24", "dev", "outside")
    until(lambda: service.show("ActiveState") == "active", SOON, "the start")
    assert service.show("StatusText") == "site-a is up"


def test_a_host_that_never_gets_the_address_boots_all_the_same(service: Installed) -> None:
    service.configured("TimeoutStartSec=2s")
    service.world.must("ga", "ip", "address", "del", "10.0.0.1/24", "dev", "outside")
    try:
        assert service.host.run("systemctl", "start", UNIT).returncode == 1
        until(lambda: int(service.show("NRestarts")) > 0, SOON, "another try")
    finally:
        service.world.must("ga", "ip", "address", "add", "10.0.0.1/24", "dev", "outside")
    service.configured()  # two seconds may be too few for a start
    until(lambda: service.show("ActiveState") == "active", SOON, "the start")


def test_a_reload_keeps_the_tunnels_and_one_that_is_refused_changes_nothing(service: Installed, tunnel: Ours) -> None:
    main, ask = service.main, "show crypto ipsec sa | include outbound esp sas|spi"
    before = service.exec(ask)
    service.systemctl("reload", UNIT)
    until(lambda: f"{CONFIGURATION} is read again" in service.said(), SOON, "the configuration")
    service.write(service.text.replace("esp-sha-hmac", "esp-shah"))
    service.systemctl("reload", UNIT)
    why = f"site-a is up by what it has read before: {CONFIGURATION}:23:46: esp-shah does not fit here"
    until(lambda: service.show("StatusText") == why, SOON, "a refusal")
    service.write(service.text)
    service.systemctl("reload", UNIT)
    until(lambda: service.show("StatusText") == "site-a is up", SOON, "the configuration")
    assert (service.main, service.exec(ask)) == (main, before)
    assert service.world.ping("ha", FAR_HOST, 3) == 3


def test_a_stop_tells_the_peer_and_leaves_nothing(service: Installed, tunnel: Ours) -> None:
    service.exec("capture OUT interface outside")
    service.systemctl("stop", UNIT)
    until(lambda: "Reason: Peer Terminate" in tunnel.said(), SOON, "that the peer has heard of it")
    assert (service.show("Result"), service.show("StatusText")) == ("success", "")
    assert list(service.host.path("/run/mainmode").iterdir()) == []
    assert "mm0" not in service.world.must("ga", "ip", "route")


def test_one_that_was_killed_is_started_anew_and_its_captures_are_still_there(service: Installed, tunnel: Ours) -> None:
    service.exec("capture OUT interface outside")
    assert service.world.ping("ha", FAR_HOST, 3) == 3
    service.host.must("kill", "-KILL", service.main)
    service.until_started_anew()
    capture = service.host.path("/run/mainmode/site-a/OUT.pcap").stat()
    assert capture.st_size > 3 * 100 and capture.st_mode & 0o777 == 0o600
    assert service.world.ping("ha", FAR_HOST, 3) == 3


def test_one_that_lost_its_tun_device_is_started_anew(service: Installed, tunnel: Ours) -> None:
    service.world.must("ga", "ip", "link", "del", "mm0")
    service.until_started_anew()
    assert service.world.ping("ha", FAR_HOST, 3) == 3


def test_one_that_hangs_is_found_out_and_started_anew_and_no_other(service: Installed) -> None:
    service.configured("WatchdogSec=4s")
    service.systemctl("start", UNIT)
    main = service.main
    time.sleep(6)  # long enough to be found out if it were not fed
    assert (service.show("NRestarts"), service.main) == ("0", main)
    service.host.must("kill", "-STOP", main)
    service.until_started_anew()
    assert service.main != main


def test_options_captures_and_keys_have_their_place_in_the_unit(service: Installed, tunnel: Ours) -> None:
    # What the guide has one write with `systemctl edit`, with the device that this host has, and the keys too.
    (said,) = blocks("ini", "OPTIONS=")
    said = said.replace("outside=eth1", "outside=outside --keylog /var/log/mainmode/%i/keys")
    service.configured(*said.splitlines()[1:])
    service.systemctl("restart", UNIT)
    assert service.world.ping("ha", FAR_HOST, 3) == 3
    logs = service.host.path("/var/log/mainmode/site-a")
    files = {file.name: file.stat() for file in (logs / "all.pcap", *(logs / "keys").iterdir())}
    assert len(files) == 3 and all(one.st_size and one.st_mode & 0o777 == 0o600 for one in files.values())
    assert logs.stat().st_mode & 0o777 == 0o700
