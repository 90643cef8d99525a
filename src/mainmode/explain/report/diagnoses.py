"""Diagnoses as text in the manner of a compiler, and as the objects of schema 1. Knows values; judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mainmode.explain.diagnosis import Diagnosis, Evidence, Fix
from mainmode.explain.report.json import Object, config_lines
from mainmode.explain.report.strings import words
from mainmode.language import Lang

EVIDENCE_SHOWN: Final = 6
"""Lines of evidence in the text form; the JSON form has all."""

COLUMNS_SHOWN: Final = 160
"""Of a line of evidence: payload lists are long, and what tells stands at the front."""


def as_text(diagnosis: Diagnosis, sources: Sequence[str], lang: Lang = "en") -> str:
    """One diagnosis as a block: rule, headline, the lines that show it, what follows. `sources` names the logs."""
    say = words(lang)
    circumstances = [say(diagnosis.certainty)]
    if diagnosis.stage:
        circumstances.append(say("text.stage", stage=diagnosis.stage))
    if diagnosis.times > 1:
        circumstances.append(say("text.times", count=diagnosis.times))
    kind = say("text.error" if diagnosis.failure else "text.note")
    lines = [f"{kind}[{diagnosis.rule}]: {diagnosis.headline.to(lang)} ({', '.join(circumstances)})"]
    shown = diagnosis.evidence[:EVIDENCE_SHOWN]
    width = max((len(str(_line(one))) for one in shown), default=1)
    source = None
    for one in shown:
        if one.source != source:
            lines.append(f"{' ' * width}--> {sources[one.source]}:{_line(one)}")
            source = one.source
        first = one.text.splitlines()[0] if one.text else ""
        first = first if len(first) <= COLUMNS_SHOWN else first[: COLUMNS_SHOWN - 1] + "…"
        lines.append(f"{_line(one):>{width}} | {first}")
        lines.append(f"{' ' * width} | {'^' * len(first)}")
    margin = " " * width + " = "
    if explanation := diagnosis.explanation.to(lang):
        lines.append(f"{margin}{say('text.because')}: {explanation}")
    lines += [
        f"{margin}{say('text.config')}: {span.file}:{span.line}: {span.text.strip()}" for span in diagnosis.config
    ]
    if diagnosis.ruled_out:
        lines.append(f"{margin}{say('text.ruled.out')}: {', '.join(diagnosis.ruled_out)}")
    for fix in diagnosis.fixes:
        lines.append(f"{margin}{_mend(fix, say)}:")
        lines += [f"{' ' * width}      {command}" for command in fix.commands]
    lines += [f"{margin}{say('text.next')}: {text.to(lang)}" for text in diagnosis.next]
    return "\n".join(lines)


def as_object(diagnosis: Diagnosis, lang: Lang = "en") -> Object:
    """`diagnoses[]` of schema 1. A live entry's line is its ordinal in its side's debug, from 1."""
    return {
        "rule": diagnosis.rule,
        "certainty": diagnosis.certainty,
        "failure": diagnosis.failure,
        "negotiation": diagnosis.negotiation,
        "stage": diagnosis.stage,
        "headline": diagnosis.headline.to(lang),
        "explanation": diagnosis.explanation.to(lang),
        "evidence": [{"source": one.source, "line": _line(one), "text": one.text} for one in diagnosis.evidence],
        "config": config_lines(diagnosis.config),
        "ruled_out": list(diagnosis.ruled_out),
        "fixes": [
            {"site": fix.site, "commands": list(fix.commands), "verified": fix.verified} for fix in diagnosis.fixes
        ],
        "next": [text.to(lang) for text in diagnosis.next],
        "times": diagnosis.times,
    }


def _line(one: Evidence) -> int:
    return one.line or (one.entry or 0) + 1


def _mend(fix: Fix, say: Callable[..., str]) -> str:
    label = say("text.fix", site=fix.site)
    if fix.verified is None:
        return label
    return f"{label} ({say('text.verified' if fix.verified else 'text.not.verified')})"
