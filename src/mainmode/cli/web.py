"""`mainmode web`: the page for whoever has a debug to explain and no command line. Knows options and the extra."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from mainmode.cli.common import WELL, Unusable, checked_by, language, locale

if TYPE_CHECKING:
    from mainmode.cli.common import Commands

PORT: Final = 8500

WORKER: Final = (sys.executable, "-B", "-P", "-m", "mainmode.cli.worker")
"""Leaves no compiled modules behind, and imports nothing from where it was started."""

_MAX_PORT: Final = 65535


def _web(options: argparse.Namespace) -> int:
    try:
        from mainmode.shell.web.server import Options, serve
    except ModuleNotFoundError as missing:
        part = str(missing.name).partition(".")[0]
        raise Unusable(
            f"mainmode web: {part} is not installed; pip install 'mainmode[web]' installs what the page needs"
        ) from None
    from mainmode.shell.web.guard import is_loopback

    host, port = options.listen
    if not is_loopback(host):
        print(
            f"mainmode web: {host} is reached over the network, without encryption and without a login", file=sys.stderr
        )
    try:
        serve(Options(host, port, WORKER, options.lang, locale()), _ready)
    except OSError as refused:
        raise Unusable(f"mainmode web: cannot listen on {host} port {port}: {refused.strerror}") from None
    return WELL


def _ready(address: str) -> None:
    print(address, flush=True)
    print(
        "mainmode web: nothing that is pasted there is stored or sent on; Ctrl-C ends it", file=sys.stderr, flush=True
    )


def _endpoint(text: str) -> tuple[str, int]:
    """`127.0.0.1:8500`, `[::1]:8500`, `127.0.0.1`, `:8500`."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(PORT)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r} is not ADDRESS:PORT; an IPv6 address stands in brackets")
    if not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
        raise ValueError(f"{port!r} is no port")
    return host or "127.0.0.1", int(port)


def add(commands: Commands) -> None:
    web = commands.add_parser(
        "web",
        help="a local page where logs are pasted and explained",
        description="Serve a page where a debug and configurations are pasted or dropped and the report appears, until "
        "SIGTERM or Ctrl-C. It listens on this machine alone unless told otherwise, and prints its address. Nothing is "
        "stored and nothing is sent on.",
    )
    web.add_argument(
        "--listen",
        type=checked_by(_endpoint),
        default=("127.0.0.1", PORT),
        metavar="ADDRESS:PORT",
        help=f"default: 127.0.0.1:{PORT}; port 0 takes one that is free",
    )
    web.add_argument(
        "--lang",
        type=checked_by(language),
        metavar="en|ja",
        help="language of the page (default: what the browser asks for, else the locale's)",
    )
    web.set_defaults(command=_web)
