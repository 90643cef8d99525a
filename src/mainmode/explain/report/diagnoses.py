"""Diagnoses as text in the manner of a compiler, and as the objects of schema 1. Knows values; judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mainmode.explain.diagnosis import Diagnosis, Evidence, Fix, Lang
from mainmode.explain.report.json import Object, config_lines

EVIDENCE_SHOWN: Final = 6
"""Lines of evidence in the text form; the JSON form has all."""

COLUMNS_SHOWN: Final = 160
"""Of a line of evidence: payload lists are long, and what tells stands at the front."""

_LABELS: Final[dict[Lang, dict[str, str]]] = {
    "en": {
        "error": "error",
        "note": "note",
        "certain": "certain",
        "likely": "likely",
        "possible": "possible",
        "at": "at {stage}",
        "times": "{times} negotiations",
        "because": "why",
        "config": "configured",
        "ruled_out": "ruled out",
        "fix": "mend on site {site}",
        "verified": "tried in the lab: the tunnel comes up",
        "failed": "tried in the lab: not enough by itself",
        "next": "next",
    },
    "ja": {
        "error": "エラー",
        "note": "注記",
        "certain": "確実",
        "likely": "おそらく",
        "possible": "可能性あり",
        "at": "{stage}",
        "times": "{times} 回のネゴシエーション",
        "because": "理由",
        "config": "設定",
        "ruled_out": "除外",
        "fix": "サイト {site} での修正",
        "verified": "ラボで確認済み: トンネルが確立する",
        "failed": "ラボで確認済み: これだけでは不十分",
        "next": "次に",
    },
}


def as_text(diagnosis: Diagnosis, sources: Sequence[str], lang: Lang = "en") -> str:
    """One diagnosis as a block: rule, headline, the lines that show it, what follows. `sources` names the logs."""
    say = _LABELS[lang]
    circumstances = [say[diagnosis.certainty]]
    if diagnosis.stage:
        circumstances.append(say["at"].format(stage=diagnosis.stage))
    if diagnosis.times > 1:
        circumstances.append(say["times"].format(times=diagnosis.times))
    kind = say["error" if diagnosis.failure else "note"]
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
        lines.append(f"{margin}{say['because']}: {explanation}")
    lines += [f"{margin}{say['config']}: {span.file}:{span.line}: {span.text.strip()}" for span in diagnosis.config]
    if diagnosis.ruled_out:
        lines.append(f"{margin}{say['ruled_out']}: {', '.join(diagnosis.ruled_out)}")
    for fix in diagnosis.fixes:
        lines.append(f"{margin}{_mend(fix, say)}:")
        lines += [f"{' ' * width}      {command}" for command in fix.commands]
    lines += [f"{margin}{say['next']}: {text.to(lang)}" for text in diagnosis.next]
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


def _mend(fix: Fix, say: dict[str, str]) -> str:
    label = say["fix"].format(site=fix.site)
    if fix.verified is None:
        return label
    return f"{label} ({say['verified' if fix.verified else 'failed']})"
