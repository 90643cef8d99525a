"""How the documentation is built, in English and Japanese. Knows Sphinx and where the pages are; says nothing itself.

Everything is readable where it lies, in the repository's web view, so what only Sphinx needs is added here: the tables
of contents of the folders whose front page is a README, and the Japanese page of a fault in place of the English one.
Nothing of a built page comes from another host.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from mainmode import __version__

HERE = Path(__file__).parent

project = "mainmode"
copyright = "the mainmode authors"
release = version = __version__
language = "en"

extensions = ["myst_parser"]
exclude_patterns = ["_build", "generate", "faults/ja"]
root_doc = "index"

# --- Markdown

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
"""A heading's anchor is what the repository's web view makes of it, so that one link serves both."""

suppress_warnings = ["misc.highlighting_failure"]
"""`console` blocks elide with `…`, which is no shell."""

# --- Japanese: the guide by catalogues, the faults by their own pages, the rest in English

locale_dirs = ["locale"]
gettext_compact = False
gettext_location = False
"""Line numbers would make a new catalogue of every edited paragraph."""

# --- pages

html_theme = "furo"
html_title = f"mainmode {release}"
html_static_path = ["_static"]
html_css_files = ["mainmode.css"]
templates_path = ["_templates"]
html_copy_source = False
html_show_sphinx = False
html_permalinks_icon = "#"
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}

CONTENTS = "\n\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"
"""Of a folder whose front page is its README."""


def _prepared(app: Sphinx, name: str, text: list[str]) -> None:
    """What Sphinx reads in place of a file. `text` is a list of one, to be changed."""
    japanese = HERE / "faults" / "ja" / f"{Path(name).name}.md"
    if app.config.language == "ja" and name.startswith("faults/") and japanese.is_file():
        text[0] = japanese.read_text(encoding="utf-8")
    if name.startswith("faults/"):
        # Here every page has its other language in the sidebar.
        text[0] = re.sub(r"^\[(?:日本語|English)\]\([^)]*\)\n\n", "", text[0], flags=re.MULTILINE)
    if name.endswith("/README"):
        text[0] += CONTENTS


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _prepared)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
