"""The rules, and which of their findings stand. Knows cases; each rule knows its own evidence."""

from __future__ import annotations

from mainmode.explain.rules import afterwards, before, phase1, phase2  # noqa: F401 - they enter themselves, in this order
from mainmode.explain.rules.table import RULES, SECTIONS, Finding, Rule, page, section

__all__ = ["RULES", "SECTIONS", "Finding", "Rule", "page", "section"]
