"""The command line: arguments in, text and an exit code out. Knows files and terminals; everything else is elsewhere.

Exit codes: 0 all is well, 1 a failure was found, 2 the input could not be used. Data goes to stdout, or to the file of
`--output`; everything else goes to stderr. What a command needs is imported when it runs: start-up time counts.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from mainmode import __version__
from mainmode.cli import check, explain, lab, operate, rule, run, web
from mainmode.cli.common import UNUSABLE, WELL, Parser, Unusable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. SystemExit from argparse for `--help` and for a line that is no command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Unicode gets `?`, not a traceback
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except Unusable as error:
        from mainmode.explain.report.escape import plain

        print(plain(str(error)), file=sys.stderr)  # it may cite a line of a hostile file
        return UNUSABLE
    except KeyboardInterrupt:
        # Whoever started it is to see that it was Ctrl-C, and not that it failed: a script ends with it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
        raise
    except BrokenPipeError:
        # The reader of stdout has gone (`| head`). What Python flushes on the way out must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WELL


def _parser() -> Parser:
    parser = Parser(
        prog="mainmode",
        description="Cisco ASA LAN-to-LAN tunnels (IKEv1 main mode): explain their debug, try them out, be one.",
    )
    parser.add_argument("--version", action="version", version=f"mainmode {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (explain, check, lab, run, operate, rule, web):
        module.add(commands)
    return parser
