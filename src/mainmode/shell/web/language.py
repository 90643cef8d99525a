"""Which language a browser asks for. Knows the header, no page."""

from __future__ import annotations

import re
from typing import Final

from mainmode.explain.report.strings import LANGUAGES
from mainmode.language import Lang

_RANGE: Final = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8}){0,4}\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*"
)
"""A language range with its weight (RFC 9110 §12.5.4)."""

_MAX_RANGES: Final = 32
"""Of the header's; browsers send a handful."""


def chosen(name: str | None) -> Lang | None:
    """The language of that name, if we have it."""
    return next((lang for lang in LANGUAGES if lang == name), None)


def preferred(accepted: str, default: Lang) -> Lang:
    """The language of ours that an Accept-Language header likes best."""
    weights: dict[Lang, float] = {}
    for part in accepted.split(",")[:_MAX_RANGES]:
        found = _RANGE.fullmatch(part)
        lang = chosen(found[1].lower()) if found else None
        if found and lang is not None:
            weights[lang] = max(weights.get(lang, 0.0), float(found[2] or 1))
    liked = {lang: weight for lang, weight in weights.items() if weight > 0}
    return max(liked, key=lambda lang: liked[lang]) if liked else default
