"""The HTML form: one page that needs nothing but itself. Knows how things look, finds nothing out.

Everything that is shown was pasted by somebody, or sent by a peer: it is text and never markup. The template escapes
all of it, characters that could hide or reorder what a reader sees are written as escapes, and the page's own policy
forbids whatever slipped through: nothing is loaded, no script runs, and no style but the page's own applies.

The ladder stands in three columns, as the tech note draws it: what the initiator said, the message and the
configuration it comes from, what the responder said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from markupsafe import Markup

from mainmode import __version__
from mainmode.config.finding import Finding
from mainmode.config.source import masked
from mainmode.explain.diagnosis import Diagnosis, Fix
from mainmode.explain.paste import Source
from mainmode.explain.report.alone import environment, policy, style
from mainmode.explain.report.columns import Columns, printed
from mainmode.explain.report.escape import prose
from mainmode.explain.report.page import Link, Listing, Quote
from mainmode.explain.report.sections import sections
from mainmode.explain.report.strings import words
from mainmode.explain.report.text import ORIGINS, Side
from mainmode.language import Lang
from mainmode.span import Span

__all__ = ["Listing", "check", "explain", "lab"]

CONFIG_SHOWN: Final = 20
"""Configuration lines quoted for one diagnosis."""


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
    page = _Page(lang, (a, b), diagnoses, listings, names=(a.name, b.name), one_clock=True)
    title = page.say("title.lab", a=a.name, b=b.name)
    headline = page.cause
    said = (headline, verdict) if headline else (verdict, "")
    return page.render(title, *said, established=established)


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
    page = _Page(lang, sides, diagnoses, listings, sources, _names(listings) or [side.name for side in sides])
    established = not any(diagnosis.failure for diagnosis in diagnoses) and page.established
    if established:
        otherwise = page.say("tunnel.up")
    elif page.sections:
        otherwise = page.say("no.cause")
    else:
        otherwise = diagnoses[0].headline.to(lang) if diagnoses else page.say("nothing.heard")
    return page.render(page.say("title.explain"), page.cause or otherwise, established=established, back=back)


def check(
    listings: Sequence[Listing],
    findings: Sequence[Sequence[Finding]],
    *,
    diagnoses: Sequence[Diagnosis] = (),
    sides: Sequence[Side] = (),
    lang: Lang = "en",
) -> str:
    """What `mainmode check --format html` writes: each configuration with its findings, and those of the pair."""
    page = _Page(lang, sides, diagnoses, listings, names=_names(listings), one_clock=True)
    found = [(finding, page.columns.config_link(finding.span)) for one in findings for finding in one]
    problems = sum(finding.severity == "problem" for finding, _ in found)
    well = not problems and not any(diagnosis.failure for diagnosis in diagnoses)
    if problems:
        otherwise = page.say("problems", count=problems)
    elif page.established:
        otherwise = page.say("tried.up")
    else:
        otherwise = page.say("only.warnings" if found else "nothing.wrong", count=len(found))
    return page.render(page.say("title.check"), page.cause or otherwise, established=well, findings=found, checked=True)


def _names(listings: Sequence[Listing]) -> list[str]:
    """What each site is called: as its configuration has it, and its file where that is called otherwise."""
    files = [PurePath(listing.file) for listing in listings]
    return [
        file.name if not listing.hostname else listing.hostname if file.stem == listing.hostname
        else f"{listing.hostname} ({file.name})"
        for listing, file in zip(listings, files, strict=True)
    ]  # fmt: skip


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

    def render(self, title: str, headline: str, lede: str = "", *, established: bool, **values: object) -> str:
        values = {
            "findings": (),
            "checked": False,
            "back": "",
            **values,
            "title": title,
            "headline": headline,
            "lede": lede,
            "established": established,
            "page": self,
            "lang": self.lang,
            "say": self.say,
            "prose": prose,
            "style": Markup(style()),  # noqa: S704 - our own file
            "policy": policy(),
            "backlinks": self.columns.backlinks(),
            "version": __version__,
            "origins_shown": ORIGINS,
        }
        return environment().get_template("ladder.html").render(values).lstrip()

    @property
    def inputs(self) -> list[str]:
        """What was handed in, by the names of the files."""
        paths = [source.path for source in self.sources] or [side.name for side in self.sides if not self.listings]
        return list(dict.fromkeys(PurePath(path).name for path in (*paths, *(one.file for one in self.listings))))

    @property
    def cause(self) -> str:
        """The headline of the first failure that was diagnosed."""
        return next((one.headline.to(self.lang) for one in self.diagnoses if one.failure), "")

    @property
    def established(self) -> bool:
        return bool(self.sections) and all(section.outcome == "established" for section in self.sections)

    # -- links --

    def evidence(self, diagnosis: Diagnosis) -> list[Quote]:
        """The lines a diagnosis rests on, each log's together."""
        quoted: dict[str, list[Link]] = {}
        for one in diagnosis.evidence:
            known = one.source < len(self.sides)
            href, said = "", one.text
            if one.entry is not None and known:
                href = f"#{self.columns.anchors[one.source][one.entry]}"
                said = printed(self.sides[one.source], one.entry).partition("\n")[0]  # whole, where it was wrapped
            elif one.entry is None and one.source < len(self.sources):
                href = f"#S{one.source}-{one.line}"  # in a `show`
            name = self.sides[one.source].name if known else self.say("evidence")
            quoted.setdefault(name, []).append(Link(href, str(one.line or (one.entry or 0) + 1), said))
        return [Quote(name, links) for name, links in quoted.items()]

    def configured(self, spans: Sequence[Span]) -> list[Quote]:
        """The configuration lines of a diagnosis, each file's together and in its order."""
        quoted: dict[str, dict[int, Link]] = {}
        for span in spans[:CONFIG_SHOWN]:
            link = self.columns.config_link(span)
            if link is not None:
                quoted.setdefault(PurePath(span.file).name, {})[span.line] = replace(link, label=str(span.line))
        return [Quote(name, [found[line] for line in sorted(found)]) for name, found in quoted.items()]

    def section_link(self, diagnosis: Diagnosis) -> str:
        """Where the negotiation of a diagnosis stands."""
        place = self._numbers.get(diagnosis.negotiation) if diagnosis.negotiation is not None else None
        return "" if place is None else f"#n{place}"

    masked = staticmethod(masked)

    def site(self, fix: Fix) -> str:
        number = 0 if fix.site == "a" else 1
        return self.names[number] if number < len(self.names) else fix.site
