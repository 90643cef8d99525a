"""`mainmode check`: what is wrong with a configuration, or between two, before anything is deployed."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
    from mainmode.explain.report.text import Side
    from mainmode.language import Lang


class Run(NamedTuple):
    """One run of the lab: what both boxes said, and which rules found their cause in it."""

    sides: Sequence[Side]
    rules: frozenset[str]


def _check(options: argparse.Namespace) -> int:
    from mainmode.config.check import check
    from mainmode.config.errors import render_all
    from mainmode.explain.report.diagnoses import as_object, as_text
    from mainmode.explain.report.escape import plain
    from mainmode.explain.report.json import SCHEMA
    from mainmode.explain.report.strings import words

    paths = [options.configuration, *([options.peer] if options.peer is not None else [])]
    readings = [read_configuration(path) for path in paths]
    mistakes = [error for found in readings for error in found.errors]
    if mistakes:
        raise Unusable(render_all(mistakes))
    findings = [check(found) + _for_target(found, options.target) for found in readings]
    diagnoses, runs = _tried(readings, paths) if options.peer is not None else ([], [])
    if options.format == "json":
        first, *others = (_as_object(*one, options.lang) for one in zip(readings, findings, strict=True))
        found = [as_object(one, options.lang) for one in diagnoses]
        text = as_json({"schema": SCHEMA, **first, "peer": others[0] if others else None, "diagnoses": found})
    elif options.format == "html":
        from mainmode.explain.report import html

        located, sides = _on_one_page(diagnoses, runs)
        text = html.check(listings(paths), findings, diagnoses=located, sides=sides, lang=options.lang)
    else:
        blocks = [_check_text(*one, options.lang).rstrip("\n") for one in zip(readings, findings, strict=True)]
        say = words(options.lang)
        debugs = [say("check.debug", host=found.config.hostname) for found in readings]
        blocks += [as_text(one, debugs, options.lang) for one in diagnoses]
        if options.peer is not None and not diagnoses:
            blocks.append(say("check.comes.up"))
        text = plain("\n\n".join(blocks)) + "\n"
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


def _tried(readings: Sequence[Reading], paths: Sequence[Path]) -> tuple[list[Diagnosis], list[Run]]:
    """What goes wrong between two configurations: every line of both crypto ACLs is tried in the lab, from its side.

    With it the runs that show it; if nothing goes wrong, the first one. A diagnosis counts sites and negotiations
    within its run.
    """
    from mainmode.cli.trial import comes_up, heard, outcomes
    from mainmode.explain.diagnose import diagnose
    from mainmode.explain.fixes import verified

    a, b = (found.config for found in readings)
    found: dict[str, Diagnosis] = {}
    runs: list[Run] = []
    well: list[Run] = []
    for number, result in enumerate(outcomes(a, b)):
        sides = [heard(site, number) for site in result.sites]
        if result.established:
            well = well or [Run(sides, frozenset())]
            continue
        told = diagnose([one.entries for one in sides], [a, b], ladders=[one.ladder for one in sides])
        new = {one.rule: one for one in reversed(told) if one.failure and one.rule not in found}
        if new:
            runs.append(Run(sides, frozenset(new)))
            found |= {one.rule: one for one in told if new.get(one.rule) is one}
    texts = [read_text(path) for path in paths]
    return verified(found.values(), {"a": texts[0], "b": texts[1]}, comes_up), runs or well


def _on_one_page(diagnoses: Sequence[Diagnosis], runs: Sequence[Run]) -> tuple[list[Diagnosis], list[Side]]:
    """All runs one behind the other, and the diagnoses as they are counted then."""
    sides: list[Side] = []
    located: dict[str, Diagnosis] = {}
    for run in runs:
        negotiations = sum(len(side.ladder.negotiations) for side in sides)
        for one in diagnoses:
            if one.rule in run.rules:
                evidence = tuple(replace(line, source=line.source + len(sides)) for line in one.evidence)
                number = None if one.negotiation is None else one.negotiation + negotiations
                located[one.rule] = replace(one, evidence=evidence, negotiation=number)
        sides += run.sides
    return [located[one.rule] for one in diagnoses], sides


def _check_text(reading: Reading, findings: Sequence[Finding], lang: Lang) -> str:
    """Each finding with its place, and a last line that counts."""
    from mainmode.blame import ConfigError
    from mainmode.config.errors import render
    from mainmode.explain.report.strings import words

    say = words(lang)
    blocks = []
    for finding in findings:
        said = f"{say(finding.severity)}: {finding.message.to(lang)} [{finding.code}]"
        if finding.span is not None:
            blocks.append(render(ConfigError(finding.span, said, repair=finding.hint.to(lang))))
        else:
            hint = "".join(f"\n      {line}" for line in finding.hint.to(lang).splitlines())
            blocks.append(f"{reading.config.file}: {said}{hint}")
    lines = [say(f"support.{state.name}", count=len(found)) for state, found in reading.by_support().items() if found]
    counted = _counted(findings, lang)
    blocks.append(say("check.counted", file=reading.config.file, found=counted, lines=say("comma").join(lines) or "0"))
    return "\n\n".join(blocks) + "\n"


def _counted(findings: Sequence[Finding], lang: Lang) -> str:
    """`1 problem, 2 warnings`, or `nothing wrong`."""
    from mainmode.explain.report.strings import words

    say = words(lang)
    counts = Counter(finding.severity for finding in findings)
    plural = "s" if lang == "en" else ""
    said = (say("check.count", count=count, what=say(name) + plural * (count > 1)) for name, count in counts.items())
    return say("comma").join(said) or say("check.nothing")


def _as_object(reading: Reading, findings: Sequence[Finding], lang: Lang) -> dict[str, Any]:
    return {
        "file": reading.config.file,
        "findings": [
            {
                "severity": finding.severity,
                "code": finding.code,
                "message": finding.message.to(lang),
                "line": finding.span.line if finding.span else None,
                "column": finding.span.column if finding.span else None,
                "text": finding.span.text if finding.span else None,
                "hint": finding.hint.to(lang),
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
