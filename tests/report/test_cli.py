"""`--format html` on the command line: one file that opens by itself, in the language of the locale."""

from __future__ import annotations

from pathlib import Path

import pytest

from mainmode.cli import main
from tests.paths import REPO, SHARED, require
from tests.report.pages import Parsed

SITES = [str(REPO / "examples" / "two-sites" / f"site-{name}.cfg") for name in "ab"]


def broken(folder: Path) -> str:
    file = folder / "site-b.cfg"
    file.write_text(Path(SITES[1]).read_text().replace("cisco", "other"))
    return str(file)


def page(folder: Path, *arguments: str) -> tuple[int, str]:
    output = folder / "report.html"
    code = main([*arguments, "--format", "html", "--output", str(output)])
    written = output.read_text(encoding="utf-8")
    parsed = Parsed(written)
    anchors = set(parsed.ids)
    assert [link for link in parsed.links if link.startswith("#") and link[1:] not in anchors] == []
    assert {link for link in parsed.links if not link.startswith("#")} == {"data:,"}
    return code, written


def test_a_lab_run_as_a_page(tmp_path: Path) -> None:
    code, written = page(tmp_path, "lab", *SITES)
    assert code == 0
    assert "The tunnel is up" in written
    code, written = page(tmp_path, "lab", SITES[0], broken(tmp_path))
    assert code == 1
    assert "<code>pre-shared-key-mismatch</code>" in written
    assert "tried in the lab: the tunnel came up" in written


def test_a_check_as_a_page(tmp_path: Path) -> None:
    code, written = page(tmp_path, "check", SITES[0])
    assert code == 0
    assert "<code>short-key</code>" in written
    code, written = page(tmp_path, "check", SITES[0], broken(tmp_path))
    assert code == 1
    assert "<code>pre-shared-key-mismatch</code>" in written


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_locales(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], lang: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert f'<html lang="{lang}">' in page(tmp_path, "check", SITES[0])[1]
    assert '<html lang="ja">' in page(tmp_path, "check", SITES[0], "--lang", "ja")[1]


def test_the_source_document_as_a_page(tmp_path: Path) -> None:
    require(SHARED.is_dir(), "the source document lies in the shared material")
    document = str(SHARED / "seed" / "tech-note.ja.txt")
    code, written = page(tmp_path, "explain", document, "--config", SITES[0], "--lang", "ja")
    assert code == 0
    assert written.count('<details class="negotiation"') == 2
    for section in "01":
        for name in ("MM1", "MM2", "MM3", "MM4", "MM5", "MM6"):
            assert f'id="n{section}-{name}"' in written
    # A statement that the document has on two lines is whole.
    assert "dport=2816" in written
