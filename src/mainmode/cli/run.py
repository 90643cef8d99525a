"""`mainmode run`: be the gateway, on this host. Knows the options and how a refusal is said."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mainmode.cli.common import FAILED, WELL, Unusable, checked_by, read_configuration

if TYPE_CHECKING:
    from mainmode.cli.common import Commands
    from mainmode.exec.debugging import Debugging


def _run(options: argparse.Namespace) -> int:
    from mainmode.shell.notify import status

    try:
        return _gateway(options)
    except Unusable as refused:
        status(str(refused))
        raise


def _gateway(options: argparse.Namespace) -> int:
    from mainmode.blame import ConfigError
    from mainmode.config.errors import render_all
    from mainmode.exec.debugging import Debugging
    from mainmode.shell.notify import status
    from mainmode.shell.run import Lost, Options, run

    found = read_configuration(options.configuration)
    if found.errors:
        raise Unusable(render_all(found.errors))
    debugging = options.debug or Debugging()
    wanted = Options(
        dict(options.interface),
        debugging,
        options.name,
        pcap=options.pcap,
        keylog=options.keylog,
        wait=options.wait,
    )
    try:
        run(found, options.configuration, wanted)
    except ConfigError as refused:
        raise Unusable(render_all([refused])) from None
    except Lost as gone:
        said = f"{gone.filename}: {gone.strerror}"
        status(said)
        print(said, file=sys.stderr)
        return FAILED
    except OSError as refused:
        raise Unusable(f"{refused.filename or 'mainmode run'}: {refused.strerror or refused}") from None
    return WELL


def _device(text: str) -> tuple[str, str]:
    name, _, device = text.partition("=")
    if not (name and device):
        raise ValueError(f"{text!r} is not NAME=DEVICE, like outside=eth1")
    return name, device


def _name(text: str) -> str:
    from mainmode.shell.meeting import directory

    directory(text)
    return text


def _debug(text: str) -> Debugging:
    from mainmode.exec.debugging import Debugging

    return Debugging.parse(text)


def add(commands: Commands) -> None:
    run = commands.add_parser(
        "run",
        help="be the gateway that a configuration describes, on this host",
        description="Be the gateway that a configuration describes, on this host, until SIGTERM or Ctrl-C. "
        "Needs root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE. Debug lines go to stdout. "
        "Exit code 2 if this host cannot be that gateway, 1 if it could and its TUN device was taken away.",
    )
    run.add_argument("configuration", type=Path, metavar="CFG", help="an ASA's configuration")
    run.add_argument(
        "--name",
        type=checked_by(_name),
        help="by which mainmode exec finds it (default: the configuration's file name)",
    )
    run.add_argument(
        "--interface",
        type=checked_by(_device),
        action="append",
        default=[],
        metavar="NAME=DEVICE",
        help="the Linux interface of an interface of the configuration (default: the one that has its address)",
    )
    run.add_argument(
        "--wait",
        action="store_true",
        help="wait for an address or a device that this host does not have yet, and do not refuse",
    )
    run.add_argument(
        "--dataplane", choices=("auto", "userspace"), default="auto", help="where packets are encrypted (default: auto)"
    )
    run.add_argument(
        "--debug",
        type=checked_by(_debug),
        metavar="ikev1=N,ipsec=N",
        help="debug crypto ikev1 and debug crypto ipsec at levels 1 to 255",
    )
    run.add_argument("--pcap", type=Path, metavar="FILE", help="write IKE and ESP as a capture")
    run.add_argument(
        "--keylog", type=Path, metavar="DIR", help="write the keys as Wireshark's tables: they give everything away"
    )
    run.set_defaults(command=_run)
