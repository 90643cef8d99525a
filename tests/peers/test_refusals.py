"""What a host cannot be is said at once, with the line of the configuration that asks for it, and exit code 2."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mainmode.shell.run import PAUSE
from tests.peers.ours import Ours, configuration
from tests.peers.world import SOON, World, require_programs, until

pytestmark = [pytest.mark.namespaces]

MAINMODE = str(Path(sys.executable).parent / "mainmode")


def refused(world: World, text: str, *options: str, before: tuple[str, ...] = (), mode: int = 0o600) -> str:
    """What `mainmode run` says on stderr in the namespace of gateway a, before it ends with 2."""
    file = world.directory / "refused.cfg"
    file.write_text(text)
    file.chmod(mode)
    done = world.run("ga", *before, MAINMODE, "run", str(file), *options, timeout=SOON)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.replace(str(world.directory) + "/", "")


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_an_address_that_is_not_here(world: World) -> None:
    text = configuration().replace("ip address 10.0.0.1", "ip address 10.0.0.77")
    said = refused(world, text)
    place = f"refused.cfg:{line_of(text, ' ip address 10.0.0.77')}:"
    assert place in said and "10.0.0.77 is not an address of this host" in said
    assert "= expected: 10.0.0.1 (outside), 192.168.1.1 (inside)" in said


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("outsde=outside", "--interface outsde=outside: IKE is not enabled on outsde"),
        ("inside=inside", "--interface inside=inside: IKE is not enabled on inside"),
        ("outside=eth99", "--interface outside=eth99: this host has no device eth99"),
    ],
)
def test_an_interface_option_that_would_do_nothing(world: World, option: str, sentence: str) -> None:
    text = configuration()
    said = refused(world, text, "--interface", option)
    assert f"refused.cfg:{line_of(text, 'crypto ikev1 enable outside')}:1: {sentence}\n" in said


def test_an_address_that_is_on_another_device(world: World) -> None:
    assert "10.0.0.1 is on outside, not on inside" in refused(world, configuration(), "--interface", "outside=inside")


def test_a_port_that_is_taken(world: World) -> None:
    text = configuration()
    first = Ours(world, text)
    said = refused(world, text)
    first.stop()
    assert f"refused.cfg:{line_of(text, 'crypto ikev1 enable outside')}:" in said
    assert "UDP port 500 of 10.0.0.1 is taken: another IKE daemon runs on this host" in said


@pytest.mark.parametrize(
    ("missing", "place", "sentence"),
    [
        ("net_raw", "crypto ikev1 enable outside", "CAP_NET_RAW"),
        ("net_bind_service", "crypto ikev1 enable outside", "UDP port 500 of 10.0.0.1 needs CAP_NET_BIND_SERVICE"),
        ("net_admin", "crypto map MAP interface outside", "the data plane needs CAP_NET_ADMIN"),
    ],
)
def test_a_capability_that_is_missing(world: World, missing: str, place: str, sentence: str) -> None:
    require_programs("setpriv")
    text = configuration()
    without = f"-{missing}"
    said = refused(world, text, before=("setpriv", "--bounding-set", without, "--inh-caps", without))
    assert f"refused.cfg:{line_of(text, place)}:" in said and sentence in said


def test_a_host_without_tun_devices(world: World) -> None:
    text = configuration()
    script = 'mount -t tmpfs tmpfs /dev && exec "$@"'
    said = refused(world, text, before=("unshare", "--mount", "sh", "-c", script, "sh"))
    assert f"refused.cfg:{line_of(text, 'crypto map MAP interface outside')}:" in said
    assert "the data plane needs /dev/net/tun" in said


def test_a_tun_device_that_may_not_be_opened(world: World) -> None:
    require_programs("setpriv")
    text = configuration()
    device = "mount -t tmpfs tmpfs /dev/net && mknod -m 600 /dev/net/tun c 10 200 && chown nobody /dev/net/tun"
    without = "-dac_override"  # so that a mode counts for root too
    before = ("unshare", "--mount", "sh", "-c", f'{device} && exec "$@"', "sh", "setpriv", "--bounding-set", without)
    said = refused(world, text, before=(*before, "--inh-caps", without))
    assert f"refused.cfg:{line_of(text, 'crypto map MAP interface outside')}:" in said
    assert "the data plane needs /dev/net/tun, which may not be opened here: Permission denied" in said


def test_a_key_that_everybody_can_read(world: World) -> None:
    text = configuration()
    said = refused(world, text, mode=0o644)
    assert f"refused.cfg:{line_of(text, ' ikev1 pre-shared-key')}:" in said
    assert "everybody on this host can read this key: chmod o-rwx" in said
    assert "cisco" not in said


def test_a_key_that_is_masked(world: World) -> None:
    assert "this key is masked" in refused(world, configuration(psk="*****"))


def test_a_network_that_is_routed_elsewhere(world: World) -> None:
    text = configuration()
    world.must("ga", "ip", "route", "add", "192.168.2.0/24", "via", "10.0.0.2")
    said = refused(world, text)
    world.must("ga", "ip", "route", "del", "192.168.2.0/24")
    assert f"refused.cfg:{line_of(text, 'access-list VPN')}:" in said
    assert "192.168.2.0/24 is routed by this host already" in said


def test_an_inside_address_that_is_not_here_is_no_hindrance(fresh: World) -> None:
    # Only where IKE is enabled must the address be this host's; its own packets then take another.
    a = configuration().replace("ip address 192.168.1.1 ", "ip address 192.168.1.77 ")
    assert a != configuration()
    Ours(fresh, a)
    Ours(fresh, configuration("b"), "gb")
    assert fresh.ping("ha", "192.168.2.1", 3) == 3


def test_a_configuration_without_ike(world: World) -> None:
    text = configuration().replace("crypto ikev1 enable outside\n", "")
    place = f"refused.cfg:{line_of(text, 'crypto map MAP interface')}:1: "
    assert f"{place}no interface has IKE enabled: crypto ikev1 enable outside\n" in refused(world, text)


@pytest.mark.parametrize("beginning", ["crypto map MAP interface", "crypto map"])
def test_a_configuration_without_a_crypto_map_where_ike_is(world: World, beginning: str) -> None:
    text = "".join(line for line in configuration().splitlines(keepends=True) if not line.startswith(beginning))
    said = refused(world, text)
    place = f"refused.cfg:{line_of(text, 'crypto ikev1 enable outside')}:1: "
    assert f"{place}no crypto map is bound where IKE is enabled: crypto map MAP interface outside\n" in said


def test_an_address_that_the_configuration_does_not_tell(fresh: World) -> None:
    text = configuration(more=("route inside 172.20.0.0 255.255.0.0 192.168.1.2",))
    text = text.replace("ip address 10.0.0.1 255.255.255.0", "ip address dhcp setroute")
    said = refused(fresh, text)
    assert (
        f"refused.cfg:{line_of(text, ' ip address dhcp')}:2: interface outside has no address: give --interface" in said
    )
    Ours(fresh, text, "ga", "--interface", "outside=outside")
    Ours(fresh, configuration("b"), "gb")
    assert fresh.ping("ha", "192.168.2.1", 3) == 3


@pytest.mark.parametrize("option", [(), ("--interface", "outside=outside")], ids=["configured", "the device's"])
def test_an_address_that_comes_later_is_waited_for_if_that_is_wanted(fresh: World, option: tuple[str, ...]) -> None:
    text = configuration()
    if option:
        text = text.replace("ip address 10.0.0.1 255.255.255.0", "ip address dhcp setroute")
    file = fresh.directory / "waits.cfg"
    file.write_text(text)
    file.chmod(0o600)
    log = fresh.directory / "waits.log"
    fresh.must("ga", "ip", "address", "del", "10.0.0.1/24", "dev", "outside")
    try:
        gateway = fresh.start("ga", MAINMODE, "run", "--wait", str(file), *option, log=log)
        until(lambda: ": waiting for it\n" in log.read_text(), 20, "that it waits")
        gateway.send_signal(signal.SIGHUP)  # it has no effect, and is no reason to end
        until(lambda: f"{file} is not read again before the gateway is up\n" in log.read_text(), 20, "a word about it")
        time.sleep(2.5 * PAUSE)  # it looks again, and again
    finally:
        fresh.must("ga", "ip", "address", "add", "10.0.0.1/24", "dev", "outside")
    until(lambda: "is up on outside" in log.read_text(), 20, "the start")
    assert log.read_text().count("waiting for it") == 1


def test_whoever_supervises_it_hears_the_first_line_of_a_refusal(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        said = refused(world, configuration(psk="*****"))
        heard = listener.recv(1000).decode().replace(f"{world.directory}/", "")
    assert heard == f"STATUS={said.partition(chr(10))[0]}\n"


def test_an_interface_that_is_not_in_the_configuration(world: World) -> None:
    said = refused(world, configuration().replace("enable outside", "enable outsid"))
    assert "there is no interface outsid\n" in said
    assert "= expected: inside, outside" in said


def test_a_name_that_is_none_is_no_matter_of_the_configuration(world: World) -> None:
    assert refused(world, configuration(), "--name", "a/b").startswith(
        "mainmode run: argument --name: 'a/b' is no name"
    )


@pytest.mark.parametrize(
    ("option", "what", "sentence"),
    [
        ("--keylog", "file", "file: Not a directory"),
        ("--keylog", "file/keys", "file/keys: Not a directory"),
        ("--pcap", "nowhere/x.pcap", "nowhere/x.pcap: No such file or directory"),
        ("--pcap", "link", "link: is a symbolic link, which nothing is written through"),
    ],
)
def test_a_place_where_nothing_can_be_written(world: World, option: str, what: str, sentence: str) -> None:
    world.directory.joinpath("file").touch()
    link = world.directory / "link"
    link.unlink(missing_ok=True)
    link.symlink_to("elsewhere")
    assert refused(world, configuration(), option, str(world.directory / what)) == f"{sentence}\n"


def test_keys_that_could_not_be_written_are_found_out_at_the_start(world: World) -> None:
    require_programs("mount", "unshare")
    keys = world.directory / "read-only"
    keys.mkdir()
    mounted = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o ro tmpfs {keys} && exec "$@"', "sh")
    said = refused(world, configuration(), "--keylog", str(keys), before=mounted)
    assert said.endswith("Read-only file system\n") and said.startswith("read-only/")


def test_what_keeps_a_tunnel_from_being_one_is_said_at_the_start_and_when_it_is_read_again(fresh: World) -> None:
    text = configuration(entry=("set pfs group2",))
    whole = text.replace("crypto map MAP 10 set peer 10.0.0.2\n", "")
    gateway = Ours(fresh, whole)
    problem = "problem: crypto map MAP 10 is incomplete and is passed over: no peer [crypto-map-incomplete]"
    place = f"site.cfg:{line_of(whole, 'crypto map MAP 10')}:1"
    assert f"{place}: {problem}" in gateway.said()
    gateway.config.write_text(text)
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "is read again" in gateway.said(), SOON, "the configuration")
    gateway.config.write_text(text.replace("esp-aes esp-sha-hmac", "esp-aes esp-shah"))
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "is not taken: the gateway goes by what it has read before" in gateway.said(), SOON, "a refusal")
    assert gateway.said().count(problem) == 1
    # A file that everybody can read by now is refused as it would be at the start.
    gateway.config.write_text(text)
    gateway.config.chmod(0o644)
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "everybody on this host can read this key" in gateway.said(), SOON, "the refusal of an open file")
    assert gateway.said().count("is read again") == 1


@pytest.mark.parametrize("start", [Ours.stop, Ours.kill], ids=["SIGTERM", "SIGKILL"])
def test_nothing_is_left_behind(world: World, start: Callable[[Ours], None]) -> None:
    before = world.must("ga", "ip", "-o", "address") + world.must("ga", "ip", "route")
    gateway = Ours(world, configuration())
    assert "mm0" in world.must("ga", "ip", "route")
    start(gateway)
    assert world.must("ga", "ip", "-o", "address") + world.must("ga", "ip", "route") == before


def test_it_runs_without_root_with_three_capabilities_and_keeps_its_memory_private(world: World) -> None:
    require_programs("setpriv", "unshare")
    nobody = "65534"
    three = "+net_admin,+net_raw,+net_bind_service"
    place = "/mnt"  # the directories of a test are root's
    mounts = f"mount --bind {world.directory}/ours-ga {place} && mount -t tmpfs tmpfs /dev/net"
    device = f"{mounts} && mknod -m 666 /dev/net/tun c 10 200"  # for everybody, as is usual
    gateway = Ours(
        world,
        configuration(),
        before=(
            *("unshare", "--mount", "sh", "-c", f'{device} && exec "$@"', "sh"),
            *("setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups"),
            *("--bounding-set", f"-all,{three}", "--inh-caps", f"-all,{three}", "--ambient-caps", f"-all,{three}"),
        ),
        owner=int(nobody),
        seen_at=place,
    )
    process = Path(f"/proc/{gateway.process.pid}")
    status = process.joinpath("status").read_text()
    assert f"Uid:\t{nobody}" in status
    assert "CapEff:\t0000000000003400" in status  # CAP_NET_BIND_SERVICE 10, CAP_NET_ADMIN 12, CAP_NET_RAW 13
    assert "Max core file size        0                    0 " in process.joinpath("limits").read_text()
    # What may not be dumped belongs to root, whoever runs it: no other process of this user may look (proc(5)).
    assert process.joinpath("environ").stat().st_uid == 0
    gateway.stop()
