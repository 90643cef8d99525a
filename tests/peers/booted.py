"""A host whose first process is systemd, in namespaces of its own. Knows mounts and systemd's tools, no VPN software.

Its root is this machine's under a layer in memory, its network a namespace of a `World`. It sees no process of ours and
no device, and can change none of the kernel's settings. Its units are the few that a service needs before it: nothing
of what this machine would start at its boot is there. Everything is gone with its first process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from tests.paths import REPO, require
from tests.peers.world import SOON, World, require_programs, until

SYSTEMD: Final = "/usr/lib/systemd/systemd"

_UNITS: Final = (
    *("basic.target", "multi-user.target", "network.target", "network-online.target", "shutdown.target"),
    *("sockets.target", "sysinit.target", "systemd-journald.service", "systemd-journald.socket"),
    "systemd-journald-dev-log.socket",
)
"""Copies of systemd's own; what else its directories hold is not looked for."""

_UNIT_PATH: Final = "SYSTEMD_UNIT_PATH=/etc/systemd/system:/units"

_NEVER: Final = "-sys_module,-sys_time,-sys_rawio,-audit_control,-audit_read,-syslog,-wake_alarm"
"""What a container's first process has no business with (systemd-nspawn(1) leaves it the others)."""

_OUTSIDE: Final = r"""
set -eu
base=$1 group=$2
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root" "$base/groups"
mount -t cgroup2 cgroup2 "$base/groups"
mkdir "$base/groups/$group"
echo $$ > "$base/groups/$group/cgroup.procs"
umount "$base/groups"
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$base/root"
cd "$base/root"
shift 2
inside=$1
shift
while [ $# != 0 ]; do # directories of this machine, and where they are seen
    mkdir -p "./$2"
    mount --bind "$1" "./$2"
    mount -o remount,bind,ro "./$2"
    shift 2
done
exec unshare --cgroup --pid --fork --kill-child --uts --ipc sh -c "$inside"
"""
"""Makes the root file system; the working directory is then its root."""

_INSIDE: Final = rf"""
set -eu
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid tmpfs dev
mkdir dev/pts dev/shm dev/net
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mknod -m 666 dev/net/tun c 10 200
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
echo 6d61696e6d6f64656d61696e6d6f6465 > etc/machine-id
rm -rf etc/systemd/system var/log/journal
mkdir -p etc/systemd/system units/sysinit.target.wants
for unit in {" ".join(_UNITS)}; do cp "usr/lib/systemd/system/$unit" units; done
ln -s ../systemd-journald.service units/sysinit.target.wants
ln -s multi-user.target units/default.target
pivot_root . mnt
cd /
umount -l /mnt
echo booted > etc/hostname
exec env -i container=mainmode PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin {_UNIT_PATH} \
    setpriv --bounding-set {_NEVER} {SYSTEMD} --system --show-status=false
"""
"""The first process of the new namespaces, until it becomes systemd."""

_PROGRAM: Final = """#!/bin/sh
here=/opt/checkout
export LD_LIBRARY_PATH=$here/python/lib PYTHONPATH=$here/src:$here/packages PYTHONDONTWRITEBYTECODE=1
exec $here/python/bin/{} -c 'import sys; from mainmode.cli import main; sys.exit(main())' "$@"
"""
"""`mainmode` where every user of that host can run it: the checkout and its interpreter may lie where only root can."""


class Booted:
    """A host in namespace `space` of a world, whose `mainmode` is the one under test."""

    def __init__(self, world: World, space: str = "ga") -> None:
        require_programs("unshare", "nsenter", "setpriv", "mount", "pivot_root", SYSTEMD)
        known = Path("/proc/filesystems").read_text().split()
        for kind in ("overlay", "cgroup2"):
            require(kind in known, f"this kernel has no {kind}")
        base = world.directory / f"host-{space}"
        base.mkdir()
        self._group = world.name(space)
        self._first = 0
        seen = {
            sys.base_prefix: "opt/checkout/python",
            sysconfig.get_path("purelib"): "opt/checkout/packages",
            str(REPO / "src"): "opt/checkout/src",
        }
        shown = [part for pair in seen.items() for part in pair]
        words = ("unshare", "--mount", "sh", "-c", _OUTSIDE, "sh", str(base), self._group, _INSIDE, *shown)
        self.log = world.directory / f"host-{space}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                # Whatever ends these tests ends that host.
                ["setpriv", "--pdeathsig", "KILL", *world.command(space, *words)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            until(self._is_up, SOON, "systemd's start")
            self.write("/usr/local/bin/mainmode", _PROGRAM.format(Path(sys.executable).resolve().name), 0o755)
        except BaseException:
            self.close()
            raise

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        if not self._first:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            if not children or Path(f"/proc/{children[0]}/comm").read_text() != "systemd\n":
                return False
            self._first = int(children[0])
        return self.run("systemctl", "is-system-running").stdout == "running\n"

    def path(self, name: str) -> Path:
        """Where a file of that host is seen from here."""
        return Path(f"/proc/{self._first}/root{name}")

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        self.path(name).write_text(text)
        self.path(name).chmod(mode)

    def command(self, *words: str) -> list[str]:
        return ["nsenter", "--target", str(self._first), "--all", "env", "--unset=MAINMODE_RUN", _UNIT_PATH, *words]

    def run(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a program there, as root, and wait for it. Its failure is for the caller to see."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
        )

    def must(self, *words: str) -> str:
        """Run a program there that may not fail; its output."""
        done = self.run(*words)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def close(self) -> None:
        """With the first process of its namespace every other one ends, and with the last of them the mounts."""
        if self._first:
            os.kill(self._first, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait(SOON)
        group = f"/mnt/{self._group}"
        remove = f"mount -t cgroup2 cgroup2 /mnt; test ! -d {group} || find {group} -depth -type d -exec rmdir {{}} +"
        gone = ["unshare", "--mount", "sh", "-c", remove]
        until(lambda: not subprocess.run(gone, check=False, capture_output=True).returncode, SOON, "an empty cgroup")
