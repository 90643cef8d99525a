"""`mainmode exec`, `mainmode console`: an ASA's exec mode for a gateway that runs. Knows options and exit codes."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mainmode.cli.common import Unusable

if TYPE_CHECKING:
    from mainmode.cli.common import Commands


def _exec(options: argparse.Namespace) -> int:
    from mainmode.shell.console import Unreachable, ask

    line = " ".join(options.words)
    try:
        answer = ask(options.name, line, as_json=options.format == "json")
    except (Unreachable, ValueError) as nobody:
        raise Unusable(f"mainmode exec: {nobody}") from None
    sys.stdout.write(answer.under(line))
    return answer.status


def _console(options: argparse.Namespace) -> int:
    from mainmode.shell.console import Unreachable, console

    try:
        return console(options.name, sys.stdin, sys.stdout)
    except (Unreachable, ValueError) as nobody:
        raise Unusable(f"mainmode console: {nobody}") from None


def add(commands: Commands) -> None:
    one = commands.add_parser(
        "exec",
        help="one command for a running gateway, as typed at an ASA",
        description="One command for a gateway that runs on this host, as typed at an ASA: show, debug, clear, ping, "
        "packet-tracer, capture. Any unambiguous beginning of a word will do, ? behind one asks what can follow, and "
        "behind | stands which lines of a show are wanted: include, exclude, begin, grep. "
        "Exit code 1 if what it asked for failed (no answer to a ping), 2 if it is no command.",
    )
    one.add_argument("words", nargs="+", metavar="COMMAND", help='for example: "show crypto ipsec sa"')
    one.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    one.set_defaults(command=_exec)
    prompt = commands.add_parser(
        "console",
        help="a prompt at a running gateway",
        description="A prompt at a gateway that runs on this host; its debug lines come in between. "
        "The tab key completes a word, ? and Enter tells what can follow, exit leaves.",
    )
    prompt.set_defaults(command=_console)
    for parser in (one, prompt):
        parser.add_argument("--name", help="which gateway (default: the only one)")
