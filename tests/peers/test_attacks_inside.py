"""A gateway attacked from inside: by operators at its control socket, by hosts behind it, by signals.

One tunnel for all of them. It carries traffic all the while, and is the same at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.attacker import FAR_HOST, HOST, UDP, Vitals, inside, ipv4, survives
from tests.peers.operators import LOG, Chatter, connected, traffic, typed, unharmed
from tests.peers.ours import Ours, configuration
from tests.peers.world import SOON, World, require_programs, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

NOBODY = 65534


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the gateways' control sockets are."""
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("run")
        patch.setenv("MAINMODE_RUN", str(directory))
        yield directory


@pytest.fixture(scope="module")
def tunnel(world: World, run: Path) -> Ours:
    """The gateway under attack, its tunnel with another of ours up, and one that never comes up to a peer that is not
    there."""
    Ours(world, configuration("b"), "gb")
    dead = (
        "access-list DEAD extended permit tcp 192.168.1.0 255.255.255.0 172.16.0.0 255.255.0.0",
        "access-list DEAD extended permit ip 192.168.1.0 255.255.255.0 172.17.0.0 255.255.0.0",
        "crypto map MAP 20 match address DEAD",
        "crypto map MAP 20 set peer 10.0.0.99",
        "crypto map MAP 20 set ikev1 transform-set SET0",
        "tunnel-group 10.0.0.99 type ipsec-l2l",
        "tunnel-group 10.0.0.99 ipsec-attributes",
        " ikev1 pre-shared-key nobody",
    )
    made = Ours(world, configuration("a", more=dead), "ga", "--name", "site-a")
    assert world.ping("ha", FAR_HOST)
    return made


@pytest.fixture
def control(tunnel: Ours, run: Path) -> Path:
    return run / "site-a" / "control"


# --- operators ----------------------------------------------------------------------------------------------------


def test_another_user_has_no_way_to_the_control_socket(tunnel: Ours, control: Path, run: Path) -> None:
    require_programs("setpriv")
    for parent in (run, *run.parents):  # only the last step is to be in the way
        if not os.stat(parent).st_mode & 0o001:
            parent.chmod(0o711)
    script = f"import socket; socket.socket(socket.AF_UNIX).connect({str(control)!r})"
    done = subprocess.run(
        ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "/usr/bin/python3", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in done.stderr, done.stderr


def test_operators_who_misbehave_cost_the_tunnel_nothing(world: World, tunnel: Ours, control: Path) -> None:
    def attack() -> None:
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(connected(control)) for _ in range(200)]
            for client in crowd[:8]:
                client.send(b'{"monitor": true}\n')  # and never reads
            for client in crowd[8:12]:
                with contextlib.suppress(OSError):
                    client.sendall(b"x" * 10_000_000)
            for client in crowd[12:16]:
                client.send(b'{"command": "show')  # and goes no further
            refused = json.loads(crowd[100].makefile().readline())
            assert refused["status"] == 2 and "operators are connected already" in refused["text"]
        # Those that have gone make room.
        until(lambda: typed("show", "ip").returncode == 0, SOON, "room for an operator")

    survives(world, tunnel, attack, log=LOG, memory=12 << 20)


def test_an_operator_who_never_reads_holds_a_bounded_part_of_the_debug(
    world: World, tunnel: Ours, control: Path
) -> None:
    vitals = Vitals(tunnel)
    descriptors, before = vitals.descriptors, vitals.memory
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(control)) for _ in range(4)]
        for client in clients:
            client.send(b'{"monitor": true}\n')
        chatter = stack.enter_context(contextlib.closing(Chatter(control)))
        while vitals.log < 2_500_000:
            chatter.talk(50)
        assert vitals.memory - before < 4 * (1 << 20) + (12 << 20)
        # A bad request ends the connection; that its owner does not read must not keep it.
        for client in clients:
            client.send(b"no request\n")
        until(lambda: vitals.descriptors <= descriptors + 1, SOON, "an end of those who do not read")
    until(lambda: world.ping("ha", FAR_HOST, wait=1), SOON, "the tunnel")
    unharmed(world, tunnel)


def test_a_capture_is_full_some_time(world: World, tunnel: Ours, control: Path, run: Path) -> None:
    with contextlib.closing(Chatter(control)) as chatter:
        chatter.ask("capture IN interface inside")
        for number in range(20):
            chatter.ask(f"capture C{number} buffer 2048 interface inside")
        traffic(world, 800)
        traffic(world, 100, 100)
        until(lambda: "IN type raw-data interface inside [Buffer Full" in chatter.ask("show capture"), SOON, "the end")
        files = list((run / "site-a").glob("*.pcap"))
        assert len(files) == 16
        assert all(file.stat().st_size <= 512 * 1024 + 24 for file in files)
        assert "ERROR" in chatter.ask("capture ../x interface inside")
        for file in files:
            chatter.ask(f"no capture {file.stem}")
    unharmed(world, tunnel)


# --- hosts --------------------------------------------------------------------------------------------------------


def test_a_host_that_floods_what_no_tunnel_is_for(world: World, tunnel: Ours) -> None:
    raw = inside(world, "ha", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))

    def attack() -> None:
        for number in range(4000):
            # Permitted for TCP only: a new destination each time.
            unprotected = f"172.16.{number >> 8}.{number & 0xFF}"
            # A peer that never answers.
            silent = f"172.17.{number >> 8}.{number & 0xFF}"
            for to in (unprotected, silent):
                raw.sendto(ipv4(UDP, HOST, to, bytes(1000)), (to, 0))
            if number % 5 == 0:
                time.sleep(0.001)

    survives(world, tunnel, attack, log=LOG, lost=0.3)  # the device's queue is everybody's
    raw.close()
    assert tunnel.said().count("does not leave in clear (said once)") >= 10


def test_what_is_no_proper_packet_comes_out_of_the_tun_device(world: World, tunnel: Ours) -> None:
    """As from a host's broken driver, past all that the kernel would check."""
    good = ipv4(UDP, HOST, FAR_HOST, bytes(8) + b"hello")
    broken = [good[:end] for end in range(len(good))]
    broken += [ipv4(UDP, HOST, FAR_HOST, bytes(20), version_ihl=n) for n in range(256)]
    broken += [ipv4(UDP, HOST, FAR_HOST, bytes(20), length=n) for n in (0, 1, 19, 20, 41, 9999, 65535)]
    fragments = (1, 0x2000, 0x3FFF)
    broken += [ipv4(protocol, HOST, FAR_HOST, bytes(20), fragment=n) for protocol in (1, 6, 17) for n in fragments]
    broken += [ipv4(6, HOST, FAR_HOST, bytes(n), ttl=0) for n in range(25)]
    broken += [ipv4(6, HOST, FAR_HOST, bytes(12) + bytes((n << 4, 2)) + b"\x02" * 46) for n in range(16)]
    broken += [ipv4(UDP, HOST, to, bytes(20)) for to in ("255.255.255.255", "224.0.0.5", "0.0.0.0", "127.0.0.1")]
    broken += [b"\x60" + bytes(n) for n in (0, 1, 39, 60)]

    def attack() -> None:
        for packet in broken:
            with contextlib.suppress(OSError):  # the kernel itself refuses some
                link.sendto(packet, ("mm0", 0x0800))

    assert typed("capture", "BROKEN", "interface", "inside").returncode == 0
    with inside(world, "ga", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)) as link:
        survives(world, tunnel, attack, log=LOG)
    assert typed("no", "capture", "BROKEN").returncode == 0


# --- signals ------------------------------------------------------------------------------------------------------


def test_a_storm_of_sighup_is_read_once_a_second_and_the_tunnel_stays(world: World, tunnel: Ours) -> None:
    completed = tunnel.said().count("PHASE 1 COMPLETED")

    def attack() -> None:
        for _ in range(300):
            tunnel.process.send_signal(signal.SIGHUP)
            time.sleep(0.001)

    survives(world, tunnel, attack, log=LOG)
    until(lambda: tunnel.said().count("is read again") >= 2, SOON, "the last one")
    assert tunnel.said().count("is read again") < 20
    assert tunnel.said().count("PHASE 1 COMPLETED") == completed


def test_a_gateway_that_stood_still_for_twenty_seconds_goes_on_without_a_storm(world: World, tunnel: Ours) -> None:
    vitals = Vitals(tunnel)
    said = vitals.log
    tunnel.process.send_signal(signal.SIGSTOP)
    time.sleep(20)
    tunnel.process.send_signal(signal.SIGCONT)
    # The peer, which asks after ten seconds and then four times in eight, may just have missed us.
    until(lambda: world.ping("ha", FAR_HOST, wait=1), SOON, "the tunnel")
    until(vitals.rests, SOON, "the gateway rests")
    assert vitals.log - said < 30_000, tunnel.said()[said:]  # one negotiation is 20,000
    unharmed(world, tunnel)
