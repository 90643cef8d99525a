"""`mainmode lab`: two sites on a virtual network. Knows how to ask the lab and what to print of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mainmode.cli.common import (
    FAILED,
    WELL,
    Unusable,
    add_output,
    as_json,
    checked_by,
    emit,
    listings,
    read_configuration,
    read_text,
    terminal,
    write,
    write_private,
)

if TYPE_CHECKING:
    from mainmode.cli.common import Commands
    from mainmode.config.model import Config
    from mainmode.explain.diagnosis import Diagnosis
    from mainmode.explain.report.text import Side
    from mainmode.lab.run import LabResult
    from mainmode.language import Lang

# Typed again rather than taken from the lab: `--help` loads no engine. A test compares the two.
FAULT_HELP: Final = """\
faults, as ACTION:WHAT[:COUNT]:
  ACTION  drop       the packet is lost
          duplicate  the packet arrives twice
          delay      the packet arrives 10 seconds late, after its sender has repeated it
          reorder    the packet arrives after the one that was sent after it
          corrupt    one bit in the middle of the packet is wrong, and no checksum tells
  WHAT    MM1 to MM6, QM1 to QM3, info, esp, udp4500, any
  COUNT   how often (default 1), or all

exit codes: 0 the tunnel is up and carries, 1 it does not, 2 the input cannot be used"""


def _lab(options: argparse.Namespace) -> int:
    from mainmode.cli.trial import heard
    from mainmode.ike.persona import PERSONAS
    from mainmode.lab.keylog import KeyLog
    from mainmode.lab.pcap import capture
    from mainmode.lab.run import run

    a, b = _configurations(options.a, options.b)
    keys = KeyLog() if options.keylog is not None else None
    try:
        result = run(
            a,
            b,
            trigger=options.trigger,
            initiator=options.initiator,
            personas=(PERSONAS[options.persona_a], PERSONAS[options.persona_b]),
            faults=options.fault,
            nat=dict(options.nat),
            seconds=options.seconds,
            seed=options.seed,
            watch=keys.watch if keys is not None else None,
        )
    except ValueError as error:
        raise Unusable(f"mainmode lab: {error}") from None
    if options.pcap is not None:
        write(options.pcap, capture(result.wire))
    if keys is not None:
        write_private(options.keylog, keys.files())
    a_side, b_side = (heard(site) for site in result.sites)
    sides = a_side, b_side
    diagnoses = _diagnoses(result, sides, options)
    if options.format == "json":
        text = _lab_json(result, sides, diagnoses, options.lang)
    elif options.format == "html":
        text = _lab_html(result, sides, diagnoses, options)
    else:
        text = _lab_text(result, sides, diagnoses, options)
    emit(text, options.output)
    return WELL if result.well else FAILED


def _configurations(*paths: Path) -> list[Config]:
    """Both sites' configurations, or all mistakes of both. Masked keys are filled in, and that is said."""
    from mainmode.config.errors import render_all
    from mainmode.lab.masked import unmasked

    readings = [read_configuration(path) for path in paths]
    mistakes = [error for reading in readings for error in reading.errors]
    if mistakes:
        raise Unusable(render_all(mistakes))
    for reading in readings:
        for missing in reading.undefined:
            print(
                f"{missing.span}: warning: {missing.usage}: there is no {missing.kind} {missing.name}", file=sys.stderr
            )
    first, second = (reading.config for reading in readings)
    configs = []
    for config, far in ((first, second), (second, first)):
        filled, places = unmasked(config, far)
        for place in places:
            print(f"{place}: note: this key is masked; the lab takes it to be the far site's", file=sys.stderr)
        configs.append(filled)
    return configs


def _diagnoses(result: LabResult, sides: tuple[Side, Side], options: argparse.Namespace) -> list[Diagnosis]:
    """What both debugs and both configurations say is wrong; every mend is tried, without the faults of the wire."""
    from mainmode.cli.trial import comes_up
    from mainmode.explain.diagnose import diagnose
    from mainmode.explain.fixes import verified

    ladders = [side.ladder for side in sides]
    found = diagnose([side.entries for side in sides], [site.config for site in result.sites], ladders=ladders)
    if not any(one.failure for one in found):
        return found
    texts = [read_text(path) for path in (options.a, options.b)]
    return verified(found, {"a": texts[0], "b": texts[1]}, comes_up)


def _lab_text(
    result: LabResult, sides: tuple[Side, Side], diagnoses: Sequence[Diagnosis], options: argparse.Namespace
) -> str:
    from mainmode.explain.report import text
    from mainmode.explain.report.diagnoses import as_text

    width, colour = terminal() if options.output is None else (None, False)
    verdict = text.verdict(*sides, result.delivered, result.seconds, established=result.established, lang=options.lang)
    names = [site.hostname for site in result.sites]
    blocks = [as_text(one, names, options.lang) for one in diagnoses]
    return text.lab(
        *sides,
        verdict,
        established=result.established,
        width=width,
        colour=colour,
        annotate=options.annotate,
        diagnoses=blocks,
        lang=options.lang,
    )


def _lab_html(
    result: LabResult, sides: tuple[Side, Side], diagnoses: Sequence[Diagnosis], options: argparse.Namespace
) -> str:
    from mainmode.explain.report import html, text

    established = result.established
    return html.lab(
        *sides,
        text.verdict(*sides, result.delivered, result.seconds, established=established, lang=options.lang),
        established=established,
        diagnoses=diagnoses,
        listings=listings([options.a, options.b]),
        lang=options.lang,
    )


def _lab_json(result: LabResult, sides: tuple[Side, Side], diagnoses: Sequence[Diagnosis], lang: Lang) -> str:
    from mainmode.explain.report.diagnoses import as_object
    from mainmode.explain.report.json import SCHEMA, config_lines, negotiations

    ladders = [
        negotiation
        for source, side in enumerate(sides)
        for negotiation in negotiations(side.ladder, side.entries, side.origins, source=source)
    ]
    sources = [
        {
            "path": site.config.file,
            "lines": len(side.entries),
            "statements": len(side.entries),
            "recognised": len(side.entries),
            "dialect": "asa-debug",
            "unread": [],
        }
        for site, side in zip(result.sites, sides, strict=True)
    ]
    sites = [
        {
            "name": site.name,
            "hostname": site.hostname,
            "role": site.role,
            "debug": [
                {
                    "at": None if entry.at is None else round(entry.at, 6),
                    "text": spoken,
                    "stage": place.stage,
                    "config": config_lines(spans),
                }
                for entry, spoken, place, spans in zip(
                    side.entries, side.spoken, side.ladder.places, side.origins, strict=True
                )
            ],
            "show": dict(site.show),
        }
        for site, side in zip(result.sites, sides, strict=True)
    ]
    messages = [
        {
            "at": round(transit.at, 6),
            "from": transit.sender,
            "name": transit.name,
            "length": len(transit.packet.payload),
            "fate": transit.fate,
        }
        for transit in result.wire
    ]
    found = [as_object(one, lang) for one in diagnoses]
    return as_json(
        {
            "schema": SCHEMA,
            "established": result.established,
            "delivered": dict(result.delivered),
            "seconds": result.seconds,
            "trigger": str(result.trigger),
            "sites": sites,
            "wire": messages,
            "explanation": {"schema": SCHEMA, "sources": sources, "negotiations": ladders, "diagnoses": found},
        }
    )


def add(commands: Commands) -> None:
    lab = commands.add_parser(
        "lab",
        help="bring two sites together on a virtual network",
        description="Bring two sites together on a virtual network: negotiate, carry four packets each way, "
        "print the ladder, both debugs, both `show`s and a verdict.",
        epilog=FAULT_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lab.add_argument("a", type=Path, metavar="A.cfg", help="configuration of site a")
    lab.add_argument("b", type=Path, metavar="B.cfg", help="configuration of site b")
    lab.add_argument(
        "--trigger",
        type=checked_by(_trigger),
        metavar="PROTO:SRC:DST[:PORT]",
        help="the packet that wants through (default: a ping between the first hosts that the crypto ACL permits)",
    )
    lab.add_argument("--initiator", choices=("a", "b"), help="the site it starts from (default: where its source is)")
    for name in ("a", "b"):
        lab.add_argument(
            f"--persona-{name}", choices=("asa", "ios"), default="asa", help=f"what kind of box site {name} is"
        )
    lab.add_argument(
        "--nat",
        type=checked_by(_nat),
        action="append",
        default=[],
        metavar="SITE=ADDRESS",
        help="a translating router with this address before site a or b",
    )
    lab.add_argument(
        "--fault",
        type=checked_by(_fault),
        action="append",
        default=[],
        metavar="ACTION:WHAT[:COUNT]",
        help="what goes wrong on the wire, see below; more than once for more than one",
    )
    lab.add_argument(
        "--for",
        dest="seconds",
        type=checked_by(_seconds),
        default=0.0,
        metavar="SECONDS",
        help="go on for so many virtual seconds",
    )
    lab.add_argument("--seed", type=int, default=0, metavar="N", help="another seed is another run (default: 0)")
    lab.add_argument("--annotate", action="store_true", help="configuration lines beside the debug lines")
    lab.add_argument("--pcap", type=Path, metavar="FILE", help="write the packets as a capture")
    lab.add_argument(
        "--keylog", type=Path, metavar="DIR", help="write the keys as Wireshark's tables: they give everything away"
    )
    add_output(lab)
    lab.set_defaults(command=_lab)


def _trigger(text: str) -> object:
    from mainmode.lab.trigger import Trigger

    return Trigger.parse(text)


def _fault(text: str) -> object:
    from mainmode.lab.faults import Fault

    return Fault.parse(text)


def _nat(text: str) -> tuple[str, IPv4Address]:
    site, _, address = text.partition("=")
    if site not in ("a", "b"):
        raise ValueError(f"{text!r} is not a=ADDRESS or b=ADDRESS")
    try:
        return site, IPv4Address(address)
    except AddressValueError:
        raise ValueError(f"{address!r} is no IPv4 address") from None


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 366 * 86400:
        raise ValueError(f"{text} is not between 0 and the seconds of a year")
    return seconds
