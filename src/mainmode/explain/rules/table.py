"""The table of rules: name, phase, headline, function. Knows no rule; `rules/*.py` enter themselves here.

A rule is one function from a `Case` to a `Finding`, or None. It says what it sees and how sure that makes it; which of
several findings stand in the end is decided in `rules/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Literal

from mainmode.explain.case import Case, Shown, View
from mainmode.explain.diagnosis import Certainty, Fix
from mainmode.language import Lang, Text
from mainmode.span import Span

Phase = Literal["before MM1", "phase 1", "phase 2", "afterwards"]

PAGES: Final = Path(__file__).parent / "pages"
SECTIONS: Final[dict[Lang, tuple[str, ...]]] = {
    "en": ("What happened", "In the debug", "Why", "What to check", "Example"),
    "ja": ("何が起きたか", "デバッグでの見え方", "原因", "確認すること", "例"),
}
"""The headings of every page, in this order."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in a case."""

    certainty: Certainty
    stage: str
    """The message it failed at, `MM5`; empty before the first."""
    because: tuple[Text, ...]
    """Sentences: what is seen, what it means."""
    lines: tuple[tuple[View, int], ...] = ()
    """The entries that show it."""
    values: Mapping[str, object] = field(default_factory=dict)
    """What fills the headline's braces, besides `peer`."""
    spans: tuple[Span, ...] = ()
    fixes: tuple[Fix, ...] = ()
    next: tuple[Text, ...] = ()
    shown: tuple[Shown, ...] = ()
    """Lines of `show` outputs that show it."""
    note: bool = False
    """It only mentions what happened, though the rule otherwise names a failure: the tunnel came up all the same."""


Judge = Callable[[Case], Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    phase: Phase
    headline: Text
    judge: Judge
    failure: bool = True
    """False for a note: it accuses nobody and stands beside an established tunnel."""
    even_if_up: bool = False
    """Whether it may speak of a tunnel that came up."""

    def page(self, lang: Lang) -> str:
        """The documentation, Markdown: see `SECTIONS`."""
        return page(self.name, lang)


RULES: Final[dict[str, Rule]] = {}
"""All rules by name, as they were entered; `mainmode.explain.rules` has them in order."""


def rule(
    name: str, phase: Phase, en: str, ja: str, *, failure: bool = True, even_if_up: bool = False
) -> Callable[[Judge], Judge]:
    """Enter a function into the table. `en` and `ja` are the headline; `{peer}` is the other gateway."""

    def enter(judge: Judge) -> Judge:
        if name in RULES:
            raise ValueError(f"two rules are called {name}")
        RULES[name] = Rule(name, phase, Text(en, ja), judge, failure, even_if_up)
        return judge

    return enter


@cache
def page(name: str, lang: Lang) -> str:
    return (PAGES / lang / f"{name}.md").read_text(encoding="utf-8")


def section(name: str, lang: Lang, heading: str) -> str:
    """One section of a rule's page, by its heading; empty if the page has none such."""
    _, _, rest = page(name, lang).partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0].strip()
