"""The HTML form: one page that needs nothing but itself. Knows how things look, finds nothing out.

Everything that is shown was pasted by somebody, or sent by a peer: it is text and never markup. The template escapes
all of it, characters that could hide or reorder what a reader sees are written as escapes, and the page's own policy
forbids whatever slipped through: nothing is loaded, no script runs, and no style but the page's own applies.

The ladder stands in three columns, as the tech note draws it: what the initiator said, the message and the
configuration it comes from, what the responder said.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from markupsafe import Markup

from mainmode import __version__
from mainmode.config.finding import Finding
from mainmode.config.source import masked
from mainmode.explain.diagnosis import Diagnosis, Fix, Lang
from mainmode.explain.paste import Source
from mainmode.explain.report.alone import environment, policy, style
from mainmode.explain.report.columns import Columns, printed
from mainmode.explain.report.escape import prose
from mainmode.explain.report.page import Link, Listing
from mainmode.explain.report.sections import sections
from mainmode.explain.report.strings import words
from mainmode.explain.report.text import ORIGINS, Side

__all__ = ["Listing", "check", "explain", "lab"]

OVERVIEW: Final = 40
"""Rows of the small ladder above a negotiation."""

ROW: Final = 38
"""Height of such a row, in pixels."""


def lab(
    a: Side,
    b: Side,
    verdict: str,
    *,
    established: bool,
    diagnoses: Sequence[Diagnosis] = (),
    listings: Sequence[Listing] = (),
    lang: Lang = "en",
) -> str:
    """What `mainmode lab --format html` writes. `listings` are both sites' configurations, a's first."""
    title = words(lang)("title.lab", a=a.name, b=b.name)
    page = _Page(lang, (a, b), diagnoses, listings, names=(a.name, b.name), one_clock=True)
    return page.render("ladder.html", title=title, verdict=verdict, established=established)


def explain(
    sides: Sequence[Side],
    diagnoses: Sequence[Diagnosis],
    *,
    listings: Sequence[Listing] = (),
    sources: Sequence[Source] = (),
    lang: Lang = "en",
    back: str = "",
) -> str:
    """What `mainmode explain --format html` writes. `sides` and `sources` are the logs, in their order.

    `back` is the address of the form that it was asked for in, if it was.
    """
    names = tuple(PurePath(listing.file).name for listing in listings) or tuple(side.name for side in sides)
    page = _Page(lang, sides, diagnoses, listings, sources, names)
    established = not any(diagnosis.failure for diagnosis in diagnoses) and page.established
    return page.render("ladder.html", title=page.say("title.explain"), verdict="", established=established, back=back)


def check(
    listings: Sequence[Listing],
    findings: Sequence[Sequence[Finding]],
    *,
    diagnoses: Sequence[Diagnosis] = (),
    sides: Sequence[Side] = (),
    lang: Lang = "en",
) -> str:
    """What `mainmode check --format html` writes: each configuration with its findings, and those of the pair."""
    names = tuple(PurePath(listing.file).name for listing in listings)
    page = _Page(lang, sides, diagnoses, listings, names=names, one_clock=True)
    found = [(finding, page.columns.config_link(finding.span)) for one in findings for finding in one]
    well = not any(finding.severity == "problem" for finding, _ in found)
    well = well and not any(diagnosis.failure for diagnosis in diagnoses)
    title = page.say("title.check", files=", ".join(names))
    return page.render("ladder.html", title=title, verdict="", established=well, findings=found, checked=True)


class _Page:
    """Gathers what the template shows, and which anchors there are."""

    def __init__(
        self,
        lang: Lang,
        sides: Sequence[Side],
        diagnoses: Sequence[Diagnosis],
        listings: Sequence[Listing],
        sources: Sequence[Source] = (),
        names: Sequence[str] = (),
        *,
        one_clock: bool = False,
    ) -> None:
        self.lang = lang
        self.say = words(lang)
        self.sides = sides
        self.diagnoses = diagnoses
        self.listings = listings
        self.sources = sources
        self.names = names
        self.columns = Columns(sides, listings, diagnoses, one_clock=one_clock)
        self.sections, self._numbers = sections(self.columns, diagnoses, self.say)
        self.homeless = [self.columns.homeless(number) for number in range(len(sides))]

    def render(self, template: str, **values: object) -> str:
        values = {
            "findings": (),
            "checked": False,
            "back": "",
            **values,
            "page": self,
            "lang": self.lang,
            "say": self.say,
            "prose": prose,
            "style": Markup(style()),  # noqa: S704 - our own file
            "policy": policy(),
            "backlinks": self.columns.backlinks(),
            "version": __version__,
            "overview_rows": OVERVIEW,
            "row_height": ROW,
            "origins_shown": ORIGINS,
        }
        return environment().get_template(template).render(values).lstrip()

    @property
    def established(self) -> bool:
        return bool(self.sections) and all(section.outcome == "established" for section in self.sections)

    # -- links --

    def evidence_links(self, diagnosis: Diagnosis) -> list[Link]:
        links = []
        for one in diagnosis.evidence:
            known = one.source < len(self.sides)
            href, said = "", one.text
            if one.entry is not None and known:
                href = f"#{self.columns.anchors[one.source][one.entry]}"
                said = printed(self.sides[one.source], one.entry).partition("\n")[0]  # whole, where it was wrapped
            elif one.entry is None and one.source < len(self.sources):
                href = f"#S{one.source}-{one.line}"  # in a `show`
            label = self.say("line", line=one.line or (one.entry or 0) + 1)
            if known and len(self.sides) > 1:
                label = f"{self.sides[one.source].name}, {label}"
            links.append(Link(href, label, said))
        return links

    def section_link(self, diagnosis: Diagnosis) -> str:
        """Where the negotiation of a diagnosis stands."""
        place = self._numbers.get(diagnosis.negotiation) if diagnosis.negotiation is not None else None
        return "" if place is None else f"#n{place}"

    masked = staticmethod(masked)

    def site(self, fix: Fix) -> str:
        number = 0 if fix.site == "a" else 1
        return self.names[number] if number < len(self.names) else fix.site
