"""`mainmode explain`: from pasted logs to what went wrong. Knows files, terminals and options."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from mainmode.cli.common import FAILED, WELL, Unusable, add_output, emit, read_text, terminal
from mainmode.cli.explained import CHUNK, configurations, explained, read_log

if TYPE_CHECKING:
    from mainmode.cli.common import Commands
    from mainmode.explain.paste import Source

BAR_FROM: Final = 32 << 20
"""Octets: reading less is over before a bar is drawn."""


def _explain(options: argparse.Namespace) -> int:
    given = configurations((str(path), read_text(path)) for path in options.config)
    found = explained([_source(path) for path in options.logs or ["-"]], given)
    if options.format == "json":
        text = found.as_json(options.lang)
    elif options.format == "html":
        text = found.as_html(options.lang)
    else:
        width, colour = terminal() if options.output is None else (None, False)
        text = found.as_text(options.lang, width=width, colour=colour)
    emit(text, options.output)
    return FAILED if found.failed else WELL


def _source(path: str) -> Source:
    """One log. Unusable if there is nothing of a VPN in it, with what it seems to be instead."""
    try:
        if path == "-":
            return _read(sys.stdin.buffer, "<stdin>")
        with Path(path).open("rb") as file:
            return _read(file, path)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None


def _read(file: BinaryIO, path: str) -> Source:
    start = file.read(CHUNK)
    return read_log(start, _watched(file, start, path), path)


def _watched(file: BinaryIO, start: bytes, path: str) -> Iterator[bytes]:
    """The file in pieces; on a terminal, with a bar for a file that takes a while."""
    size = os.fstat(file.fileno()).st_size if path != "<stdin>" else 0
    if size < BAR_FROM or not sys.stderr.isatty():
        yield start
        while chunk := file.read(CHUNK):
            yield chunk
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(Path(path).name, total=size)
        chunk = start
        while chunk:
            yield chunk
            progress.advance(task, len(chunk))
            chunk = file.read(CHUNK)


def add(commands: Commands) -> None:
    explain = commands.add_parser(
        "explain",
        help="say what went wrong in a debug, a syslog or a show output",
        description="Explain debugs, syslogs and show outputs of real boxes: what went wrong, where, and which "
        "commands mend it. One side is enough; both are better, with or without the configurations. With both "
        "configurations every mend is tried in the lab. Exit code 1 if a failure was found, 2 if the input cannot be "
        "used.",
    )
    explain.several = "logs"
    explain.add_argument("logs", nargs="*", metavar="LOG", help="a file, or - for stdin (default)")
    explain.add_argument(
        "--config",
        type=Path,
        action="append",
        default=[],
        metavar="CFG",
        help="a configuration; which box it is of is found out by addresses",
    )
    add_output(explain)
    explain.set_defaults(command=_explain)
