"""`mainmode check`: what is wrong with a configuration, or between two, before anything is deployed."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
)

if TYPE_CHECKING:
    from mainmode.cli.common import Commands
    from mainmode.config.finding import Finding
    from mainmode.config.reader import Reading
    from mainmode.explain.diagnosis import Diagnosis


def _check(options: argparse.Namespace) -> int:
    from mainmode.config.check import check
    from mainmode.config.errors import render_all
    from mainmode.explain.report.diagnoses import as_object, as_text
    from mainmode.explain.report.json import SCHEMA

    paths = [options.configuration, *([options.peer] if options.peer is not None else [])]
    readings = [read_configuration(path) for path in paths]
    mistakes = [error for found in readings for error in found.errors]
    if mistakes:
        raise Unusable(render_all(mistakes))
    findings = [check(found) + _for_target(found, options.target) for found in readings]
    diagnoses = _tried(readings, paths) if options.peer is not None else []
    if options.format == "json":
        first, *others = (_as_object(*one) for one in zip(readings, findings, strict=True))
        found = [as_object(one, options.lang) for one in diagnoses]
        text = as_json({"schema": SCHEMA, **first, "peer": others[0] if others else None, "diagnoses": found})
    elif options.format == "html":
        from mainmode.explain.report import html

        text = html.check(listings(paths), findings, diagnoses=diagnoses, lang=options.lang)
    else:
        blocks = [_check_text(*one).rstrip("\n") for one in zip(readings, findings, strict=True)]
        debugs = [f"debug of {found.config.hostname} in the lab" for found in readings]
        blocks += [as_text(one, debugs, options.lang) for one in diagnoses]
        if options.peer is not None and not diagnoses:
            blocks.append("Tried in the lab from both ends, for every line of the crypto ACLs: the tunnel comes up.")
        text = "\n\n".join(blocks) + "\n"
    emit(text, options.output)
    wrong = any(one.severity == "problem" for found in findings for one in found) or any(d.failure for d in diagnoses)
    return FAILED if wrong else WELL


def _for_target(reading: Reading, target: tuple[int, int] | None) -> tuple[Finding, ...]:
    """What the release that is meant to run will not take."""
    from mainmode.explain.advise import for_release

    return for_release(reading.config, target) if target is not None else ()


def _release(text: str) -> tuple[int, int]:
    from mainmode.explain.advise import release

    return release(text)


def _tried(readings: Sequence[Reading], paths: Sequence[Path]) -> list[Diagnosis]:
    """What goes wrong between two configurations: every line of both crypto ACLs is tried in the lab, from its side."""
    from mainmode.cli.trial import comes_up, outcomes
    from mainmode.explain.diagnose import diagnose
    from mainmode.explain.fixes import verified

    a, b = (found.config for found in readings)
    found: dict[str, Diagnosis] = {}
    for debugs in outcomes(a, b):
        for one in diagnose(debugs, [a, b]):
            if one.failure:
                found.setdefault(one.rule, one)
    texts = [read_text(path) for path in paths]
    return verified(found.values(), {"a": texts[0], "b": texts[1]}, comes_up)


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


def _as_object(reading: Reading, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
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


def add(commands: Commands) -> None:
    check = commands.add_parser(
        "check",
        help="say what is wrong with a configuration",
        description="Say what is wrong with a configuration, as far as reading it can tell; with the far end's, also "
        "what goes wrong between the two in the lab. Exit code 1 if there is a problem, 2 if one cannot be read.",
    )
    check.add_argument("configuration", type=Path, metavar="CFG", help="an ASA's configuration")
    check.add_argument(
        "peer", type=Path, nargs="?", metavar="PEER.cfg", help="the far end's: then both are tried together"
    )
    check.add_argument(
        "--target", type=checked_by(_release), metavar="RELEASE", help="also what this ASA release refuses, like 9.16"
    )
    add_output(check)
    check.set_defaults(command=_check)
