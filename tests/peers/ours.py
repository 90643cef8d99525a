"""Our own gateway as a process in a namespace, and the configurations it is given. Knows the command line, no more."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.peers.world import SITES, SOON, World, settled, until

READY = "is up on"


def configuration(
    side: str = "a",
    *,
    access_list: tuple[str, ...] | None = None,
    policies: tuple[tuple[str, str, int], ...] = (("3des", "sha", 2),),
    transform_sets: tuple[tuple[str, str], ...] = (("esp-aes", "esp-sha-hmac"),),
    psk: str = "cisco",
    peer: str | None = None,
    address: str | None = None,
    lifetime: int = 86400,
    entry: tuple[str, ...] = (),
    more: tuple[str, ...] = (),
) -> str:
    """A site as an ASA would have it written: what differs from the usual is named."""
    other = "b" if side == "a" else "a"
    outside, inside, _ = SITES[side]
    own, far = (SITES[name][1].rpartition(".")[0] + ".0 255.255.255.0" for name in (side, other))
    peer = peer or SITES[other][0]
    names = [f"SET{number}" for number, _ in enumerate(transform_sets)]
    lines = [
        f"hostname site-{side}",
        "interface GigabitEthernet0/0",
        " nameif inside",
        " security-level 100",
        f" ip address {inside} 255.255.255.0",
        "interface GigabitEthernet0/1",
        " nameif outside",
        " security-level 0",
        f" ip address {address or outside} 255.255.255.0",
        *(f"access-list VPN extended permit {line}" for line in access_list or [f"ip {own} {far}"]),
        *(
            f"crypto ipsec ikev1 transform-set {name} {cipher} {auth}"
            for name, (cipher, auth) in zip(names, transform_sets, strict=True)
        ),
        "crypto map MAP 10 match address VPN",
        f"crypto map MAP 10 set peer {peer}",
        f"crypto map MAP 10 set ikev1 transform-set {' '.join(names)}",
        *(f"crypto map MAP 10 {line}" for line in entry),
        *more,
        "crypto map MAP interface outside",
        "crypto ikev1 enable outside",
    ]
    for number, (cipher, digest, group) in enumerate(policies, 1):
        lines += [
            f"crypto ikev1 policy {number}",
            " authentication pre-share",
            f" encryption {cipher}",
            f" hash {digest}",
            f" group {group}",
            f" lifetime {lifetime}",
        ]
    lines += [
        f"tunnel-group {peer} type ipsec-l2l",
        f"tunnel-group {peer} ipsec-attributes",
        f" ikev1 pre-shared-key {psk}",
    ]
    return "\n".join(lines) + "\n"


def of_any_peer(side: str = "b", *, more: tuple[str, ...] = ()) -> str:
    """A site as an ASA is configured for peers whose address it does not know: they begin, and bring their route."""
    text = configuration(side, more=more).partition("tunnel-group ")[0]
    lines = [line for line in text.splitlines() if not line.startswith("crypto map MAP 10 ")]
    lines += [
        "crypto dynamic-map ANY 10 match address VPN",
        "crypto dynamic-map ANY 10 set ikev1 transform-set SET0",
        "crypto dynamic-map ANY 10 set reverse-route",
        "crypto map MAP 65535 ipsec-isakmp dynamic ANY",
        "tunnel-group DefaultL2LGroup ipsec-attributes",
        " ikev1 pre-shared-key cisco",
    ]
    return "\n".join(lines) + "\n"


class Ours:
    """`mainmode run` in namespace `space`."""

    def __init__(
        self,
        world: World,
        text: str,
        space: str = "ga",
        *options: str,
        before: tuple[str, ...] = (),
        owner: int | None = None,
        seen_at: str | None = None,
    ) -> None:
        """`before`: a command that starts it with other rights than ours, `owner` the user who then reads the file,
        `seen_at` the directory where that command shows it."""
        self._world = world
        self.directory = world.directory / f"ours-{space}"
        self.directory.mkdir(exist_ok=True)
        self.config = self.directory / "site.cfg"
        self.config.write_text(text)
        self.config.chmod(0o600)
        if owner is not None:
            os.chown(self.config, owner, owner)
        self.log: Path = self.directory / "log"
        self.process = world.start(
            space,
            *before,
            *(str(Path(sys.executable).parent / "mainmode"), "run", f"{seen_at or self.directory}/site.cfg"),
            *("--debug", "ikev1=127,ipsec=127", *options),
            log=self.log,
        )
        until(lambda: READY in self.said() or self.process.poll() is not None, SOON, "our gateway's start")
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        """All that it has said about what has come to it until now: another thread of it does the writing."""
        settled(self.process)
        return self.log.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> None:
        self._world.stop(self.process, number)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)
