"""strongSwan's charon as the peer, one process in a namespace. Knows its configuration files and its control program.

Its packets pass through its own kernel-libipsec plugin, because not every kernel has ESP. The plugin must stand before
kernel-netlink, or the SAs go to the kernel. Release 5.9.8 then always uses UDP 4500 (it sends a false NAT-D hash, so
both ends see a NAT); 6.0 can send real ESP.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.paths import REPO, require
from tests.peers.world import SOON, World, require_programs, until

CHARON = "/usr/lib/ipsec/charon"
SWANCTL = "/usr/sbin/swanctl"

_DAEMON = """
charon {{
  load = random nonce aes sha1 sha2 md5 hmac kdf openssl gmp kernel-libipsec kernel-netlink socket-default vici
  install_routes = yes
  retransmit_timeout = 1.0
  retransmit_base = 1.5
  retransmit_tries = {tries}
  filelog {{
    log {{
      path = {directory}/charon.log
      flush_line = yes
      default = 1
    }}
  }}
  plugins {{
    vici {{
      socket = unix://{directory}/vici
    }}
    kernel-libipsec {{
      raw_esp = {raw_esp}
    }}
    openssl {{
      load_legacy = yes
    }}
  }}
  {settings}
}}
"""

_CONNECTION = """
connections {{
  site {{
    version = 1
    aggressive = no
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    rekey_time = {ike_rekey}s
    over_time = {over}s
    rand_time = 0s
    dpd_delay = {dpd}s
    fragmentation = {fragmentation}
    local {{
      auth = psk
      id = {local_id}
    }}
    remote {{
      auth = psk
      id = {remote_id}
    }}
    children {{
      {children}
    }}
  }}
}}
secrets {{
  ike-site {{
    secret = "{psk}"
  }}
}}
"""


_CHILD = """
      {name} {{
        mode = tunnel
        local_ts = {local_ts}
        remote_ts = {remote_ts}
        esp_proposals = {esp}
        life_time = {esp_life}s
        rekey_time = {esp_rekey}s
        rand_time = 0s
        dpd_action = {dpd_action}
        start_action = {start_action}
      }}
"""


@dataclass(frozen=True)
class Wishes:
    """What a connection of the peer asks for and agrees to, in strongSwan's words."""

    ike: str = "3des-sha1-modp1024"
    esp: str = "aes128-sha1"
    local: str = "10.0.0.2"
    remote: str = "10.0.0.1"
    local_id: str = "10.0.0.2"
    remote_id: str = "10.0.0.1"
    local_ts: str = "192.168.2.0/24"
    remote_ts: str = "192.168.1.0/24"
    psk: str = "cisco"
    ike_rekey: int = 86400
    over: int = 0
    """Seconds from then to the end of phase 1. Without any it deletes the old IKE SA before it has a new one."""
    esp_life: int = 28800
    esp_rekey: int = 27000
    dpd: int = 0
    dpd_action: str = "clear"
    start_action: str = "none"
    fragmentation: str = "yes"
    more: tuple[tuple[str, str, str], ...] = ()
    """Children beside `net`, which is the first: name, local_ts, remote_ts."""

    def connection(self) -> str:
        """What swanctl loads."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        children = (("net", self.local_ts, self.remote_ts), *self.more)
        texts = [
            _CHILD.format(**{**fields, "name": name, "local_ts": local, "remote_ts": remote})
            for name, local, remote in children
        ]
        return _CONNECTION.format(**fields, children="".join(texts))


NEWER = REPO / ".strongswan-6"
"""Where `.ci/strongswan-6` unpacks release 6.0."""

RELEASES = ("5.9", "6.0")


def peer(world: World, release: str, space: str = "gb", *, tries: int = 3, settings: str = "") -> Charon:
    """A charon of this release: 5.9 with ESP in UDP, 6.0 with real ESP."""
    if release == "5.9":
        return Charon(world, space, tries=tries, settings=settings)
    require((NEWER / ".complete").exists(), "strongSwan 6.0 is not unpacked: run .ci/strongswan-6")
    return Charon(world, space, root=NEWER, raw_esp=True, tries=tries, settings=settings)


class Charon:
    """A running charon in `space`."""

    def __init__(
        self,
        world: World,
        space: str = "gb",
        *,
        root: Path | None = None,
        raw_esp: bool = False,
        tries: int = 3,
        settings: str = "",
    ) -> None:
        """`root`: a directory with another release unpacked in it. `tries`: how often it repeats before it gives up.
        `settings`: more of them for `charon { … }`."""
        require_programs(*([] if root else [CHARON, SWANCTL]))
        self._world = world
        self._root = root
        self.raw_esp = raw_esp
        self.space = space
        self.directory = world.directory / f"charon-{space}"
        self.directory.mkdir(exist_ok=True)
        self.log = self.directory / "charon.log"
        self.log.unlink(missing_ok=True)
        (self.directory / "vici").unlink(missing_ok=True)
        daemon = self.directory / "strongswan.conf"
        esp = "yes" if raw_esp else "no"
        daemon.write_text(_DAEMON.format(directory=self.directory, raw_esp=esp, tries=tries, settings=settings))
        self.process = world.start(
            space,
            *("sh", "-c", self._start_script(daemon)),
            log=self.directory / "stdout",
            environment={"STRONGSWAN_CONF": str(daemon)},
        )
        until(lambda: self._listens() or self.process.poll() is not None, SOON, "charon's socket")
        assert self.process.poll() is None, (self.directory / "stdout").read_text()

    def _start_script(self, daemon: Path) -> str:
        # `ip netns exec` gave us a mount namespace of our own: a fresh /run hides another charon's pid file.
        if self._root is None:
            return f"mount -t tmpfs tmpfs /run && exec {CHARON}"
        root, inside = self._root, f"{self._root}{self.directory}"
        top = f"{root}/{self.directory.parts[1]}"  # what we make there must not stay
        return " && ".join(
            (
                f"mkdir -p {top}",
                f"mount -t tmpfs tmpfs {top}",
                f"mkdir -p {inside}",
                f"mount --bind {self.directory} {inside}",
                f"mount --rbind /dev {root}/dev",
                f"mount -t proc proc {root}/proc",
                f"mount -t tmpfs tmpfs {root}/run",
                f"exec chroot {root} {CHARON}",
            )
        )

    def _listens(self) -> bool:
        # The socket is bound, and so a file, some time before it takes connections.
        with socket.socket(socket.AF_UNIX) as asking:
            return asking.connect_ex(str(self.directory / "vici")) == 0

    def load(self, wishes: Wishes) -> None:
        """Replace the connection."""
        file = self.directory / "swanctl.conf"
        file.write_text(wishes.connection())
        done = self.control("--load-all", "--clear", "--file", str(file))
        assert done.returncode == 0, done.stdout + done.stderr

    def initiate(self, child: str = "net", timeout: int = 10) -> bool:
        """Ask charon to bring the tunnel up; whether it did."""
        return self.control("--initiate", "--child", child, "--timeout", str(timeout)).returncode == 0

    def terminate(self) -> None:
        """Delete the IKE SA, if there is one, and wait for that."""
        self.control("--terminate", "--ike", "site", "--timeout", "5")

    def sas(self) -> str:
        return self.control("--list-sas").stdout

    def control(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [SWANCTL, *words, "--uri", f"unix://{self.directory}/vici"]
        if self._root is not None:
            command = ["nsenter", "-t", str(self.process.pid), "-m", "-n", "chroot", str(self._root), *command]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "SWANCTL_DIR": str(self.directory)},
        )

    def column(self, role: str = "") -> str:
        """Of docs/peers.md: which release it says it is, and our role."""
        found = re.search(r"strongSwan (\d+\.\d+\.\d+)", self.said())
        assert found
        return f"{found[1]} {role}".strip()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        self._world.stop(self.process)
