"""The rules in the order in which a negotiation can meet them. Each module enters its own into the table."""

from __future__ import annotations

from typing import Final, get_args

from mainmode.explain.rules import afterwards, before, phase1, phase2, table
from mainmode.explain.rules.table import SECTIONS, Finding, Phase, Rule, page, section

_PHASES: Final = get_args(Phase)

RULES: Final[dict[str, Rule]] = {
    rule.name: rule for phase in _PHASES for rule in table.RULES.values() if rule.phase == phase
}

__all__ = ["RULES", "SECTIONS", "Finding", "Rule", "afterwards", "before", "page", "phase1", "phase2", "section"]
