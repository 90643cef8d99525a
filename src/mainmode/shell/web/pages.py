"""The form, and the page that says why there is no report. Knows how they look and what a browser may do with them.

Both are made like the report: one style, nothing loaded from anywhere. The form alone has a script, which only makes it
handier; its digest is in the page's policy, and no other script runs.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

from mainmode import __version__
from mainmode.explain.report.alone import environment, hashed, style
from mainmode.explain.report.alone import policy as report_policy
from mainmode.explain.report.escape import prose
from mainmode.explain.report.strings import LANGUAGES
from mainmode.language import Lang
from mainmode.shell.web.form import LIMIT, SIDES
from mainmode.shell.web.strings import LANGUAGE_NAMES, words

_HERE: Final = Path(__file__).parent
TEMPLATES: Final = _HERE / "templates"

_FRAMES: Final = "frame-ancestors 'none'"

REPORT_POLICY: Final = f"{report_policy()}; {_FRAMES}"
"""For the report: what its page says about itself, and that no other page shows it."""

BARE_POLICY: Final = f"default-src 'none'; {_FRAMES}"
"""For what is no page."""


@cache
def _style() -> str:
    return style() + (TEMPLATES / "web.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    return (TEMPLATES / "web.js").read_text(encoding="utf-8")


@cache
def form_policy() -> str:
    """For the form: its own style and script, and it is sent nowhere but here."""
    return (
        f"default-src 'none'; style-src {hashed(_style())}; script-src {hashed(_script())}; img-src data:; "
        f"base-uri 'none'; form-action 'self'; {_FRAMES}"
    )


@cache
def notice_policy() -> str:
    """For the page with a reason."""
    allowed = f"default-src 'none'; style-src {hashed(_style())}; img-src data:"
    return f"{allowed}; base-uri 'none'; form-action 'none'; {_FRAMES}"


def form(lang: Lang, token: str, *, seconds: int, in_clear: bool, example: bool = False) -> str:
    """The form. An explanation may take so many seconds; `in_clear` says that the page may be reached over a network;
    `example` fills it in."""
    given = _example() if example else {}
    return _render(
        "form.html",
        lang,
        token=token,
        seconds=seconds,
        in_clear=in_clear,
        given=given,
        limit=LIMIT,
        sides=SIDES,
        script=Markup(_script()),  # noqa: S704 - our own file
    )


def notice(lang: Lang, reason: str, *, own_words: bool) -> str:
    """Why there is no report. `own_words` are the page's, in its language; others are what the command line says."""
    return _render("notice.html", lang, reason=reason, own_words=own_words)


def home(lang: Lang) -> str:
    """Where the form is."""
    return f"/?lang={lang}"


def _render(template: str, lang: Lang, **values: object) -> str:
    shared = {
        "lang": lang,
        "say": words(lang),
        "prose": prose,
        "style": Markup(_style()),  # noqa: S704 - our own file
        "version": __version__,
        "languages": [(one, LANGUAGE_NAMES[one], home(one)) for one in LANGUAGES],
        "home": home(lang),
    }
    return environment(TEMPLATES).get_template(template).render(shared | values).lstrip()


@cache
def _example() -> dict[str, str]:
    """The broken pair of `examples/`, by field."""
    folder = _HERE / "example"
    return {
        f"{field}-{side}": (folder / f"{side}.{suffix}").read_text(encoding="utf-8")
        for side in SIDES
        for field, suffix in (("log", "log"), ("config", "cfg"))
    }
