"""Pages the report's tests look at: runs of the lab, the source document's debugs. Makes them; expects nothing."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser

from mainmode.config.reader import read as read_config
from mainmode.explain import ladder, origins
from mainmode.explain.diagnose import diagnose
from mainmode.explain.diagnosis import Diagnosis
from mainmode.explain.report import html, text
from mainmode.lab.run import LabResult
from mainmode.language import Lang
from mainmode.words import speak
from tests.explain.logs import document, lab, sides, site
from tests.paths import REPO

KEY = "aVerySecretKey"
PSK = (("cisco", KEY),)


def listing(name: str, *changes: tuple[str, str]) -> html.Listing:
    written = (REPO / "examples" / "two-sites" / f"site-{name}.cfg").read_text()
    for old, new in changes:
        assert old in written
        written = written.replace(old, new)
    return html.Listing.of(read_config(written, f"site-{name}.cfg"), written)


@cache
def run(*faults: str, changes: tuple[tuple[str, str], ...] = ()) -> LabResult:
    """A run between the two sites; `changes` break site b."""
    return lab(site("a"), site("b", *changes), *faults)


def diagnosed(result: LabResult) -> list[Diagnosis]:
    return diagnose([one.entries for one in result.sites], [one.config for one in result.sites])


def lab_page(*faults: str, changes: tuple[tuple[str, str], ...] = (), lang: Lang = "en") -> str:
    result = run(*faults, changes=changes)
    a, b = sides(result)
    verdict = text.verdict(a, b, result.delivered, result.seconds, established=result.established, lang=lang)
    return html.lab(
        a,
        b,
        verdict,
        established=result.established,
        diagnoses=diagnosed(result),
        listings=[listing("a"), listing("b", *changes)],
        lang=lang,
    )


def document_side(run_of: str) -> text.Side:
    entries = document(run_of)
    laid = ladder.build(entries)
    return text.Side("ciscoasa", entries, [speak(e) for e in entries], laid, origins.trace(laid, entries, site("a")))


def document_page(*runs: str, lang: Lang = "en") -> str:
    heard = [document_side(one) for one in runs]
    return html.explain(heard, diagnose([side.entries for side in heard]), listings=[listing("a")], lang=lang)


class Parsed(HTMLParser):
    """What a page is made of: tags, attributes, anchors, links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "action", "xlink:href"):
                self.links.append(value or "")
