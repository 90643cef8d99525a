"""The command line: arguments in, text and an exit code out. Knows files and terminals; everything else is elsewhere.

Exit codes: 0 all is well, 1 a failure was found, 2 the input could not be used. Data goes to stdout, or to the file of
`--output`; everything else goes to stderr. What a command needs is imported when it runs: start-up time counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from mainmode import __version__

if TYPE_CHECKING:
    from mainmode.config.finding import Finding
    from mainmode.config.model import Config
    from mainmode.config.reader import Reading
    from mainmode.explain.report.text import Side
    from mainmode.lab.run import LabResult, SiteResult
    from mainmode.shell.debug import Debug

WELL: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2

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

PRIVATE_DIRECTORY: Final = 0o700
PRIVATE_FILE: Final = 0o600

T = TypeVar("T")


class Unusable(Exception):
    """The input cannot be used. `str()` is what stderr gets: one line per error, or a block with a caret."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. SystemExit from argparse for `--help` and for a line that is no command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Unicode gets `?`, not a traceback
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except Unusable as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:
        # The reader of stdout has gone (`| head`). What Python flushes on the way out must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WELL


# --- lab ----------------------------------------------------------------------------------------------------------


def _lab(options: argparse.Namespace) -> int:
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
        _write(options.pcap, capture(result.wire))
    if keys is not None:
        _write_private(options.keylog, keys.files())
    a_side, b_side = (_side(site) for site in result.sites)
    sides = a_side, b_side
    if options.format == "json":
        text = _lab_json(result, sides)
    else:
        text = _lab_text(result, sides, options)
    _emit(text, options.output)
    return WELL if result.well else FAILED


def _configurations(*paths: Path) -> list[Config]:
    """Both sites' configurations, or all mistakes of both. Masked keys are filled in, and that is said."""
    from mainmode.config.errors import render_all
    from mainmode.lab.masked import unmasked

    readings = [_reading(path) for path in paths]
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


def _side(site: SiteResult) -> Side:
    """One site's debug, laid out and traced to its configuration."""
    from mainmode.explain.ladder import build
    from mainmode.explain.origins import trace
    from mainmode.explain.report.text import Side
    from mainmode.words import Dialect, speak

    dialect = Dialect.NINE if (site.config.version or "").startswith("9") else Dialect.COLON
    ladder = build(site.entries)
    return Side(
        site.hostname,
        site.entries,
        [speak(entry, dialect) for entry in site.entries],
        ladder,
        trace(ladder, site.entries, site.config),
        {f"show {command}": printed for command, printed in site.show.items()},
    )


def _lab_text(result: LabResult, sides: tuple[Side, Side], options: argparse.Namespace) -> str:
    from mainmode.explain.report import text

    width, colour = _terminal() if options.output is None else (None, False)
    verdict = text.verdict(*sides, result.delivered, result.seconds, established=result.established)
    return text.lab(
        *sides, verdict, established=result.established, width=width, colour=colour, annotate=options.annotate
    )


def _lab_json(result: LabResult, sides: tuple[Side, Side]) -> str:
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
    return _json(
        {
            "schema": SCHEMA,
            "established": result.established,
            "delivered": dict(result.delivered),
            "seconds": result.seconds,
            "trigger": str(result.trigger),
            "sites": sites,
            "wire": messages,
            "explanation": {"schema": SCHEMA, "sources": sources, "negotiations": ladders, "diagnoses": []},
        }
    )


# --- check --------------------------------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    from mainmode.config.check import check
    from mainmode.config.errors import render_all

    if options.peer is not None:
        raise Unusable("mainmode check: checking a pair is not there yet; give one configuration")
    reading = _reading(options.configuration)
    if reading.errors:
        raise Unusable(render_all(reading.errors))
    findings = check(reading)
    text = _check_json(reading, findings) if options.format == "json" else _check_text(reading, findings)
    _emit(text, options.output)
    return FAILED if any(finding.severity == "problem" for finding in findings) else WELL


def _check_text(reading: Reading, findings: Sequence[Finding]) -> str:
    """Each finding with its place, and a last line that counts."""
    from mainmode.blame import ConfigError
    from mainmode.config.errors import render

    blocks = []
    for finding in findings:
        said = f"{finding.severity}: {finding.message} [{finding.code}]"
        if finding.span is not None:
            blocks.append(render(ConfigError(finding.span, said, repair=finding.hint)))
        else:
            hint = "".join(f"\n      {line}" for line in finding.hint.splitlines())
            blocks.append(f"{reading.config.file}: {said}{hint}")
    lines = [f"{len(found)} {state.value}" for state, found in reading.by_support().items() if found]
    blocks.append(f"{reading.config.file}: {_counted(findings)}. Lines: {', '.join(lines) or 'none'}.")
    return "\n\n".join(blocks) + "\n"


def _counted(findings: Sequence[Finding]) -> str:
    """`1 problem, 2 warnings`, or `nothing wrong`."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items()) or "nothing wrong"


def _check_json(reading: Reading, findings: Sequence[Finding]) -> str:
    from mainmode.explain.report.json import SCHEMA

    return _json(
        {
            "schema": SCHEMA,
            "file": reading.config.file,
            "findings": [
                {
                    "severity": finding.severity,
                    "code": finding.code,
                    "message": finding.message,
                    "line": finding.span.line if finding.span else None,
                    "column": finding.span.column if finding.span else None,
                    "text": finding.span.text if finding.span else None,
                    "hint": finding.hint,
                }
                for finding in findings
            ],
            "support": {state.value: len(found) for state, found in reading.by_support().items()},
            "lines": [
                {
                    "line": treatment.span.line,
                    "text": treatment.span.text,
                    "support": treatment.support.value,
                    "note": treatment.note,
                }
                for treatment in reading.support
            ],
        }
    )


# --- run ----------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from mainmode.blame import ConfigError
    from mainmode.config.errors import render_all
    from mainmode.shell.debug import Debug
    from mainmode.shell.run import Options, run

    reading = _reading(options.configuration)
    if reading.errors:
        raise Unusable(render_all(reading.errors))
    wanted = Options(dict(options.interface), options.debug or Debug(), options.pcap, options.keylog)
    try:
        run(reading.config, options.configuration, wanted)
    except ConfigError as refused:
        raise Unusable(render_all([refused])) from None
    except OSError as refused:
        raise Unusable(f"{refused.filename or 'mainmode run'}: {refused.strerror}") from None
    return WELL


def _device(text: str) -> tuple[str, str]:
    name, _, device = text.partition("=")
    if not (name and device):
        raise ValueError(f"{text!r} is not NAME=DEVICE, like outside=eth1")
    return name, device


def _debug(text: str) -> Debug:
    from mainmode.shell.debug import Debug

    return Debug.parse(text)


# --- files and terminals ------------------------------------------------------------------------------------------


def _reading(path: Path) -> Reading:
    from mainmode.config.reader import read

    try:
        # Whatever encoding a description is in, the commands are ASCII.
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None
    return read(text, str(path))


def _emit(text: str, output: Path | None) -> None:
    if output is not None:
        _write(output, text.encode())
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None


def _write_private(directory: Path, files: Mapping[str, bytes]) -> None:
    """Files that nobody else may read, in a directory that is made for them if it is not there."""
    try:
        directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        for name, content in files.items():
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with open(os.open(directory / name, flags, PRIVATE_FILE), "wb") as file:
                os.fchmod(file.fileno(), PRIVATE_FILE)  # it may have been there before
                file.write(content)
    except OSError as error:
        raise Unusable(f"{error.filename or directory}: {error.strerror}") from None


def _terminal() -> tuple[int | None, bool]:
    """Columns and whether there are colours; None for what is no terminal, whose lines are not wrapped."""
    if not sys.stdout.isatty():
        return None, False
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return shutil.get_terminal_size().columns, colour


def _json(data: Any) -> str:
    import json

    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


# --- arguments ----------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and where to read on: a whole usage above it hides what was wrong."""
        self.exit(UNUSABLE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mainmode", description="Cisco ASA LAN-to-LAN tunnels (IKEv1 main mode): try them out, check them."
    )
    parser.add_argument("--version", action="version", version=f"mainmode {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_lab(commands)
    _add_check(commands)
    _add_run(commands)
    return parser


def _add_lab(commands: argparse._SubParsersAction[_Parser]) -> None:
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
        type=_checked(_trigger),
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
        type=_checked(_nat),
        action="append",
        default=[],
        metavar="SITE=ADDRESS",
        help="a translating router with this address before site a or b",
    )
    lab.add_argument(
        "--fault",
        type=_checked(_fault),
        action="append",
        default=[],
        metavar="ACTION:WHAT[:COUNT]",
        help="what goes wrong on the wire, see below; more than once for more than one",
    )
    lab.add_argument(
        "--for",
        dest="seconds",
        type=_checked(_seconds),
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
    _add_output(lab)
    lab.set_defaults(command=_lab)


def _add_check(commands: argparse._SubParsersAction[_Parser]) -> None:
    check = commands.add_parser(
        "check",
        help="say what is wrong with a configuration",
        description="Say what is wrong with a configuration, as far as reading it can tell. "
        "Exit code 1 if there is a problem, 2 if the configuration cannot be read.",
    )
    check.add_argument("configuration", type=Path, metavar="CFG", help="an ASA's configuration")
    check.add_argument("peer", type=Path, nargs="?", metavar="PEER.cfg", help="not there yet")
    _add_output(check)
    check.set_defaults(command=_check)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", type=_checked(_format), default="text", metavar="text|json", help="default: text")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the result there, not to stdout")
    parser.add_argument(
        "--lang", type=_checked(_lang), default="en", metavar="en", help="language of what is explained"
    )


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """For argparse: a ValueError's own sentence is what the user gets to read."""

    def checked(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


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


def _format(text: str) -> str:
    if text == "html":
        raise ValueError("html is not there yet; text and json are")
    return _one_of(text, ("text", "json"))


def _lang(text: str) -> str:
    if text == "ja":
        raise ValueError("ja is not there yet; en is")
    return _one_of(text, ("en",))


def _one_of(text: str, choices: Iterable[str]) -> str:
    if text not in choices:
        raise ValueError(f"{text!r} is none of {', '.join(choices)}")
    return text


def _add_run(commands: argparse._SubParsersAction[_Parser]) -> None:
    run = commands.add_parser(
        "run",
        help="be the gateway that a configuration describes, on this host",
        description="Be the gateway that a configuration describes, on this host, until SIGTERM or Ctrl-C. "
        "Needs root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE. Debug lines go to stdout.",
    )
    run.add_argument("configuration", type=Path, metavar="CFG", help="an ASA's configuration")
    run.add_argument(
        "--interface",
        type=_checked(_device),
        action="append",
        default=[],
        metavar="NAME=DEVICE",
        help="the Linux interface of an interface of the configuration (default: the one that has its address)",
    )
    run.add_argument(
        "--dataplane", choices=("auto", "userspace"), default="auto", help="where packets are encrypted (default: auto)"
    )
    run.add_argument(
        "--debug",
        type=_checked(_debug),
        metavar="ikev1=N,ipsec=N",
        help="debug crypto ikev1 and debug crypto ipsec at levels 1 to 255",
    )
    run.add_argument("--pcap", type=Path, metavar="FILE", help="write IKE and ESP as a capture")
    run.add_argument(
        "--keylog", type=Path, metavar="DIR", help="write the keys as Wireshark's tables: they give everything away"
    )
    run.set_defaults(command=_run)
