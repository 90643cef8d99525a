"""`mainmode explain`: from pasted logs to what went wrong. Knows files, and how the explainer's parts go together."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from mainmode.cli.common import (
    FAILED,
    WELL,
    Unusable,
    add_output,
    as_json,
    emit,
    listings,
    read_configuration,
    read_text,
    terminal,
)

if TYPE_CHECKING:
    from mainmode.cli.common import Commands
    from mainmode.config.model import Config
    from mainmode.events import Entry
    from mainmode.explain.diagnosis import Diagnosis
    from mainmode.explain.ladder import Ladder
    from mainmode.explain.paste import Source
    from mainmode.explain.report.text import Side

CHUNK: Final = 1 << 16

LADDERS_DRAWN: Final = 4
"""Ladders in the text form; a month of syslog has thousands, and the JSON form has them all."""

UNREAD_SHOWN: Final = 5

BAR_FROM: Final = 32 << 20
"""Octets: reading less is over before a bar is drawn."""


def _explain(options: argparse.Namespace) -> int:
    from mainmode.config.errors import render_all
    from mainmode.explain import shown
    from mainmode.explain.diagnose import diagnose, owners
    from mainmode.explain.fixes import verified
    from mainmode.explain.ladder import build

    readings = [read_configuration(path) for path in options.config]
    mistakes = [error for found in readings for error in found.errors]
    if mistakes:
        raise Unusable(render_all(mistakes))
    sources = [_source(path) for path in options.logs or ["-"]]
    entries = [source.entries for source in sources]
    ladders = [build(one) for one in entries]
    shows = [one for number, source in enumerate(sources) for one in shown.read(source.shown, number)]
    configs = [found.config for found in readings]
    diagnoses = diagnose(entries, configs, ladders=ladders, shown=shows)
    if len(readings) == 2:
        from mainmode.cli.trial import comes_up

        texts = [read_text(path) for path in options.config]
        diagnoses = verified(diagnoses, {"a": texts[0], "b": texts[1]}, comes_up)
    sides = [
        _side(source, found, config)
        for source, found, config in zip(sources, ladders, owners(entries, ladders, configs), strict=True)
    ]
    if options.format == "json":
        text = _as_json(sources, sides, diagnoses, options.lang)
    elif options.format == "html":
        from mainmode.explain.report import html

        text = html.explain(sides, diagnoses, listings=listings(options.config), sources=sources, lang=options.lang)
    else:
        text = _as_text(sources, sides, diagnoses, options)
    emit(text, options.output)
    failed = any(one.failure for one in diagnoses)
    return FAILED if failed or _ended_badly(sides) else WELL


def _ended_badly(sides: Sequence[Side]) -> bool:
    """Whether the last negotiation with some peer failed, or broke off, without a diagnosis to say why."""
    last = {found.peer: found.outcome for side in sides for found in side.ladder.negotiations}
    return any(outcome == "failed" for outcome in last.values())


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
    from mainmode.explain.paste import binary, decoded, read_source

    start = file.read(CHUNK)
    if not start.strip():
        raise Unusable(f"{path}: the file is empty; expected an ASA's debug, syslog or show output")
    if binary(start):
        raise Unusable(f"{path}: this is no text; expected an ASA's debug, syslog or show output")
    source = read_source(decoded(_watched(file, start, path)), path)
    if not source.recognised and _is_configuration(start, path):
        raise Unusable(f"{path}: this is a configuration; give it with --config, and a log to explain")
    if not source.statements and not source.shown:
        raise Unusable(f"{path}: no line of it is an ASA's IKE or IPsec debug, syslog or show output")
    return source


def _is_configuration(start: bytes, path: str) -> bool:
    from mainmode.cli.common import recognised
    from mainmode.config.reader import read

    reading = read(start.decode("utf-8-sig", errors="replace"), path)
    return recognised(reading) > len(reading.support) // 2


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


def _side(source: Source, ladder: Ladder, config: Config | None) -> Side:
    """One log laid out, and traced to the configuration of the box that said it."""
    from mainmode.explain.origins import trace
    from mainmode.explain.report.text import Side

    origins = trace(ladder, source.entries, config) if config is not None else ()
    spoken = [_as_printed(entry) for entry in source.entries]
    return Side(Path(source.path).name, source.entries, spoken, ladder, origins)


def _as_printed(entry: Entry) -> str:
    """The line as it was pasted; what was wrapped or is a record stands as the box prints it."""
    from mainmode.words import speak

    where = entry.where
    return where.text if where is not None and len(where.lines) == 1 else speak(entry)


def _as_text(
    sources: Sequence[Source], sides: Sequence[Side], diagnoses: Sequence[Diagnosis], options: argparse.Namespace
) -> str:
    """The diagnoses, most likely first; the ladders; what could not be read."""
    from mainmode.explain.report.diagnoses import as_text
    from mainmode.explain.report.text import picture, render

    width, colour = terminal() if options.output is None else (None, False)
    names = [source.path for source in sources]
    blocks = [as_text(diagnosis, names, options.lang) for diagnosis in diagnoses]
    for source, side in zip(sources, sides, strict=True):
        count = len(side.ladder.negotiations)
        if 0 < count <= LADDERS_DRAWN:
            blocks.append(render(picture(side, width=width), width=width, colour=colour).rstrip("\n"))
        dialect = source.dialect or "nothing"
        said = f"{source.path}: {source.lines} lines, {source.statements} statements ({dialect}), "
        said += f"{source.recognised} recognised, {count} negotiation{'s' * (count != 1)}"
        unread = [f"  {one.line}: not recognised: {one.text[:120]}" for one in source.unread[:UNREAD_SHOWN]]
        if source.unread_count > UNREAD_SHOWN:
            unread.append(f"  … and {source.unread_count - UNREAD_SHOWN} more (--format json lists them)")
        blocks.append("\n".join([said, *unread]))
    if not diagnoses:
        established = sum(n.outcome == "established" for side in sides for n in side.ladder.negotiations)
        blocks.append("Nothing is wrong: the tunnel came up." if established else "Nothing in it tells what is wrong.")
    return "\n\n".join(blocks) + "\n"


def _as_json(sources: Sequence[Source], sides: Sequence[Side], diagnoses: Sequence[Diagnosis], lang: str) -> str:
    from mainmode.explain.report.diagnoses import as_object
    from mainmode.explain.report.json import SCHEMA, negotiations

    return as_json(
        {
            "schema": SCHEMA,
            "sources": [
                {
                    "path": source.path,
                    "lines": source.lines,
                    "statements": source.statements,
                    "recognised": source.recognised,
                    "dialect": source.dialect,
                    "unread": [{"line": one.line, "text": one.text} for one in source.unread],
                    "unread_count": source.unread_count,
                    "others": source.others,
                }
                for source in sources
            ],
            "negotiations": [
                found
                for number, side in enumerate(sides)
                for found in negotiations(side.ladder, side.entries, side.origins, source=number)
            ],
            "diagnoses": [as_object(one, "ja" if lang == "ja" else "en") for one in diagnoses],
        }
    )


def add(commands: Commands) -> None:
    explain = commands.add_parser(
        "explain",
        help="say what went wrong in a debug, a syslog or a show output",
        description="Explain debugs, syslogs and show outputs of real boxes: what went wrong, where, and which "
        "commands mend it. One side is enough; both are better, with or without the configurations. With both "
        "configurations every mend is tried in the lab. Exit code 1 if a failure was found, 2 if the input cannot be "
        "used.",
    )
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
