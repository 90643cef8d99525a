"""Commands typed into a configuration, and whether the tunnel then comes up. Knows texts; the lab is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from mainmode.explain.diagnosis import Diagnosis, Fix, Site
from mainmode.secret import MASK

Trial = Callable[[str, str], bool]
"""Texts of the configurations a and b → whether the tunnel comes up and carries packets. The caller has a lab."""


def apply(text: str, fix: Fix) -> str:
    """The configuration with the commands typed after it, as in configuration mode. The text may now hold a key."""
    lines = list(fix.commands)
    if fix.key is not None:
        key = fix.key.reveal().decode("utf-8", "surrogateescape")
        lines = [line.replace(MASK, key) if line.endswith(MASK) else line for line in lines]
    return "\n".join([text.rstrip("\n"), "!", *lines, ""])


def verify(fix: Fix, texts: Mapping[Site, str], trial: Trial) -> Fix:
    """The fix, marked: True only if the pair comes up with it. Left as it is where it cannot be tried."""
    if fix.site not in texts or len(texts) != 2 or not fix.concrete:
        return fix
    if any(line.endswith(MASK) for line in fix.commands) and fix.key is None:
        return fix
    mended = {**texts, fix.site: apply(texts[fix.site], fix)}
    return replace(fix, verified=trial(mended["a"], mended["b"]))


def verified(diagnoses: Iterable[Diagnosis], texts: Mapping[Site, str], trial: Trial) -> list[Diagnosis]:
    """All fixes tried; those that bring the tunnel up come first in their diagnosis.

    Where several things are wrong at once no fix alone may do: then the first fixes of the certain ones are tried
    together, and marked if the tunnel comes up with all of them.
    """
    tried = []
    for diagnosis in diagnoses:
        fixes = [verify(fix, texts, trial) for fix in diagnosis.fixes]
        fixes.sort(key=lambda fix: fix.verified is not True)
        tried.append(replace(diagnosis, fixes=tuple(fixes)))
    certain = [one for one in tried if one.failure and one.certainty == "certain" and one.fixes]
    if len(certain) < 2 or any(fix.verified for one in tried for fix in one.fixes):
        return tried
    together = dict(texts)
    for diagnosis in certain:
        fix = diagnosis.fixes[0]
        if not fix.concrete or fix.site not in together:
            return tried
        together[fix.site] = apply(together[fix.site], fix)
    if len(together) != 2 or not trial(together["a"], together["b"]):
        return tried
    needed = {one.rule for one in certain}
    return [
        replace(one, fixes=(replace(one.fixes[0], verified=True), *one.fixes[1:])) if one.rule in needed else one
        for one in tried
    ]
