"""How pages look, held against screenshots that somebody has looked at (`goldens/`), and the pictures of the README.

`make golden` takes them anew: look at them before you commit. What may differ is said at `PAGE` and `LADDER`, and below
it is proved that a ladder which is broken differs by more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from PIL import Image
from selenium.webdriver import Chrome

from mainmode.cli import main
from mainmode.words import speak
from tests import golden
from tests.explain.logs import lab, site
from tests.paths import REPO, SHARED, require
from tests.report import looks
from tests.report.browser import browser, show

GOLDENS = Path(__file__).parent / "goldens"
PICTURES = REPO / "docs" / "pictures"
EXAMPLES = REPO / "examples"

PAGE: Final = 0.10
"""Of a page's cells so many may differ: letters of another build of a font, a line that breaks elsewhere."""

LADDER: Final = 0.04
"""Of the ladder's: there a font has less to say. Nine arrows are a fifth of its cells."""


@dataclass(frozen=True)
class Look:
    """A page, and how it is looked at."""

    name: str
    page: Callable[[str], str]
    lang: str = "en"
    dark: bool = False
    width: int = 1280
    height: int = 1500

    @property
    def file(self) -> Path:
        size = "" if self.width == Look.width else f".{self.width}"
        return GOLDENS / f"{self.name}.{self.lang}{'.dark' if self.dark else ''}{size}.png"


@cache
def written(*arguments: str, lang: str) -> str:
    """What a command of ours writes as HTML."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "report.html"
        main([*arguments, "--lang", lang, "--format", "html", "--output", str(output)])
        return output.read_text(encoding="utf-8")


def configuration(name: str, folder: str = "", *edits: tuple[str, str]) -> str:
    """A site's configuration, changed in a folder if there are changes."""
    file = EXAMPLES / "two-sites" / f"site-{name}.cfg"
    if not edits:
        return str(file)
    text = file.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    changed = Path(folder) / file.name
    changed.write_text(text)
    return str(changed)


def of_the_document(run: str) -> Callable[[str], str]:
    def page(lang: str) -> str:
        require(SHARED.is_dir(), "the source document's debugs lie in the shared material")
        debug = str(SHARED / "seed" / f"{run}.debug")
        return written("explain", debug, "--config", configuration("a"), lang=lang)

    return page


def of_the_lab(*edits: tuple[str, str]) -> Callable[[str], str]:
    def page(lang: str) -> str:
        with TemporaryDirectory() as folder:
            return written("lab", configuration("a"), configuration("b", folder, *edits), lang=lang)

    return page


def of_a_silent_peer(lang: str) -> str:
    """What site a alone says when nothing comes back, explained with its configuration."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "site-a.log"
        said = lab(site("a"), site("b"), "drop:any:all").sites[0].entries
        log.write_text("".join(f"{speak(entry)}\n" for entry in said))
        return written("explain", str(log), "--config", configuration("a"), lang=lang)


def of_a_broken_tunnel(lang: str) -> str:
    """The page of the README's first example."""
    log, broken = (str(EXAMPLES / "broken-tunnel" / name) for name in ("responder.log", "site-b.cfg"))
    return written("explain", log, "--config", configuration("a"), "--config", broken, lang=lang)


OTHER_KEY = ("pre-shared-key cisco", "pre-shared-key other")
OTHER_NETWORK = (
    "access-list VPN extended permit icmp 192.168.2.0 255.255.255.0 192.168.1.0 255.255.255.0",
    "access-list VPN extended permit icmp 192.168.3.0 255.255.255.0 192.168.1.0 255.255.255.0",
)

LOOKS = [
    Look("initiator", of_the_document("initiator")),
    Look("responder", of_the_document("responder")),
    Look("responder", of_the_document("responder"), lang="ja"),
    Look("pre-shared-key-mismatch", of_the_lab(OTHER_KEY)),
    Look("pre-shared-key-mismatch", of_the_lab(OTHER_KEY), dark=True),
    Look("pre-shared-key-mismatch", of_the_lab(OTHER_KEY), width=390, height=2400),
    Look("proxy-identity-mismatch", of_the_lab(OTHER_NETWORK)),
    Look("peer-silent", of_a_silent_peer),
    Look("peer-silent", of_a_silent_peer, lang="ja", dark=True),
]


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with browser() as started:
        yield started


def opened(driver: Chrome, look: Look, folder: Path) -> None:
    driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    show(driver, look.page(look.lang), folder, width=look.width, dark=look.dark)


def ladder_of(driver: Chrome) -> tuple[int, int, int, int]:
    """Where on the page the first ladder is: left, top, right, bottom."""
    rectangle = """
    const r = document.querySelector('.overview').getBoundingClientRect();
    return [r.left, r.top + scrollY, r.right, r.bottom + scrollY].map(Math.round);
    """
    left, top, right, bottom = driver.execute_script(rectangle)
    return left, top, right, bottom


def compared(driver: Chrome, file: Path, height: int) -> tuple[float, float]:
    """How much of the page and of its ladder differs from the golden."""
    if not file.exists():
        pytest.fail(f"{file.name} is not there yet: `make golden` takes it", pytrace=False)
    expected = Image.open(file)
    ladder = tuple(int(number) for number in expected.text["Comment"].split())  # type: ignore[attr-defined]
    expected = expected.convert("RGB")
    now = looks.screenshot(driver, "html", height)
    return (
        looks.differing(now, expected),
        looks.differing(now.crop(ladder_of(driver)), expected.crop(ladder)),
    )


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.file.stem)
def test_a_page_looks_as_it_did_when_somebody_looked_at_it(driver: Chrome, tmp_path: Path, look: Look) -> None:
    opened(driver, look, tmp_path)
    golden.compare(driver.execute_script(looks.GEOMETRY), look.file.with_suffix(".txt"))
    if golden.WRITING:
        note = " ".join(str(edge) for edge in ladder_of(driver))
        looks.write(looks.screenshot(driver, "html", look.height), look.file, note)
    page, ladder = compared(driver, look.file, look.height)
    assert page <= PAGE
    assert ladder <= LADDER


BREAKS = {
    "no shafts": "document.querySelectorAll('svg.ladder > a line').forEach(e => e.style.stroke = 'none')",
    "no arrows": "document.querySelectorAll('svg.ladder > a').forEach(e => e.style.visibility = 'hidden')",
    "no ladder": "document.querySelector('svg.ladder').remove()",
    "a narrow ladder": "document.querySelector('svg.ladder').style.width = '40%'",
    "no middle column": "document.querySelectorAll('.middle').forEach(e => e.remove())",
    "no style": "document.querySelector('style').remove()",
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_page_that_is_broken_does_not_pass_for_the_golden(driver: Chrome, tmp_path: Path, broken: str) -> None:
    look = next(one for one in LOOKS if one.name == "pre-shared-key-mismatch")
    opened(driver, look, tmp_path)
    driver.execute_script(BREAKS[broken])  # the debugger may what the page may not
    page, ladder = compared(driver, look.file, look.height)
    if broken == "no arrows":
        assert ladder > LADDER  # nothing has moved: the picture alone tells
    geometry = driver.execute_script(looks.GEOMETRY)
    assert page > PAGE or ladder > LADDER or geometry != look.file.with_suffix(".txt").read_text()


def test_a_head_at_the_wrong_end_is_another_geometry(driver: Chrome, tmp_path: Path) -> None:
    look = LOOKS[0]
    opened(driver, look, tmp_path)
    expected = look.file.with_suffix(".txt").read_text()
    assert driver.execute_script(looks.GEOMETRY) == expected
    driver.execute_script("document.querySelector('svg.ladder svg.head').setAttribute('x', '0%')")
    assert driver.execute_script(looks.GEOMETRY) != expected


@pytest.mark.parametrize("dark", [False, True])
def test_the_pictures_of_the_readme_show_the_broken_tunnels_page(driver: Chrome, tmp_path: Path, dark: bool) -> None:
    look = Look("ladder", of_a_broken_tunnel, dark=dark, width=1100)
    opened(driver, look, tmp_path)
    *_, bottom = ladder_of(driver)
    file = PICTURES / f"ladder{'-dark' if dark else ''}.png"
    if golden.WRITING:
        note = " ".join(str(edge) for edge in ladder_of(driver))
        looks.write(looks.screenshot(driver, "html", bottom + 12), file, note)
    page, ladder = compared(driver, file, bottom + 12)
    assert page <= PAGE
    assert ladder <= LADDER


def test_all_pictures_together_are_small() -> None:
    pictures = [*GOLDENS.glob("*.png"), *PICTURES.glob("ladder*.png")]
    assert len(pictures) == len(LOOKS) + 2
    assert sum(file.stat().st_size for file in pictures) < 2_000_000
