"""The documentation is built as `make docs` does it: a warning is an error, every link leads somewhere, nothing of a
page comes from another host."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.paths import REPO, require

DOCS = REPO / "docs"
BUILDER = Path(sys.executable).parent / "sphinx-build"
LANGUAGES = ("en", "ja")
OPTIONS = ("-W", "--keep-going", "-n", "-q")
"""As in the Makefile."""


def sphinx(*arguments: object) -> subprocess.CompletedProcess[str]:
    require(BUILDER.exists(), "Sphinx is not installed (the extra `docs`)")
    return subprocess.run([BUILDER, *map(str, arguments)], capture_output=True, text=True, check=False)


def built_once(factory: pytest.TempPathFactory, name: str, *builds: tuple[object, ...]) -> Path:
    """A folder of the whole run that some builds go into: the first worker that needs it makes it, the others wait."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            for options in builds:
                built = sphinx(*OPTIONS, *options[:-1], DOCS, folder / str(options[-1]))
                assert built.returncode == 0, built.stderr
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both languages, side by side as they are published."""
    builds = (("-b", "html", "-D", f"language={language}", language) for language in LANGUAGES)
    return built_once(tmp_path_factory, "site", *builds)


def test_make_builds_as_the_tests_do() -> None:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    assert f"sphinx-build {' '.join(OPTIONS)}\n" in makefile


class Page(HTMLParser):
    """What a page links to, loads and can be linked at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()
        self.text: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value for name, value in attributes if value is not None}
        self.anchors |= {named[name] for name in ("id", "name") if name in named}
        if tag == "a" and "href" in named:
            self.links.add(named["href"])
        elif tag in ("link", "script", "img", "iframe"):
            self.loaded |= {named[name] for name in ("href", "src") if name in named}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def parsed(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_page_is_there_in_both_languages(site: Path) -> None:
    sources = {path.relative_to(DOCS) for path in DOCS.rglob("*.md")}
    expected = {
        path.with_suffix(".html")
        for path in sources
        if path.parts[:2] != ("faults", "ja") and path.parts[0] != "_build"
    }
    for language in LANGUAGES:
        built = {path.relative_to(site / language) for path in (site / language).rglob("*.html")}
        assert built - expected == {Path("genindex.html"), Path("search.html")}
        assert expected <= built


def test_every_link_of_the_site_leads_to_a_place_that_is_there(site: Path, parsed: dict[Path, Page]) -> None:
    broken = []
    for path, page in parsed.items():
        for link in page.links | page.loaded:
            parts = urlsplit(link)
            if parts.scheme or link == "#":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or (
                parts.fragment and target in parsed and unquote(parts.fragment) not in parsed[target].anchors
            ):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_nothing_of_a_page_comes_from_another_host(parsed: dict[Path, Page]) -> None:
    assert {url for page in parsed.values() for url in page.loaded if urlsplit(url).netloc} == set()


def test_faults_are_in_the_language_of_the_site(site: Path, parsed: dict[Path, Page]) -> None:
    for path in (site / "en" / "faults").glob("*.html"):
        english = "".join(parsed[path].text).replace("日本語", "")
        japanese = "".join(parsed[site / "ja" / "faults" / path.name].text)
        assert not any("\u3040" <= letter <= "\u30ff" for letter in english), path.name
        assert sum("\u3040" <= letter <= "\u30ff" for letter in japanese) > 100, path.name


def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path) -> None:
    # `-b dummy` reads and resolves everything and writes nothing.
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("_build", "reference", "locale"))
    index = tmp_path / "docs" / "index.md"
    index.write_text("# A\n\n[there](guide/nowhere.md) [and there](faults/README.md#nowhere)\n", encoding="utf-8")
    built = sphinx(*OPTIONS, "-b", "dummy", tmp_path / "docs", tmp_path / "out")
    assert built.returncode != 0
    assert "'guide/nowhere.md'" in built.stderr
    assert "'nowhere'" in built.stderr


def test_the_guide_is_in_the_language_of_the_site(site: Path, parsed: dict[Path, Page]) -> None:
    for path in [site / "en" / "index.html", *(site / "en" / "guide").glob("*.html")]:
        english, japanese = parsed[path], parsed[site / "ja" / path.relative_to(site / "en")]
        kana = [sum("\u3040" <= letter <= "\u30ff" for letter in "".join(page.text)) for page in (english, japanese)]
        assert kana[0] < 10 < 200 < kana[1], path.name
        # Marks that found no partner would stand there as they are.
        said = "".join(japanese.text).replace("*****", "")  # which is a masked key
        assert "**" not in said and "](" not in said, path.name
