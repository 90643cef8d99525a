"""What every page of ours shares: templates that escape, one style, and the policy that allows nothing else.

Knows files and digests, no page.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mainmode.explain.report.escape import visible

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def environment(folder: Path = TEMPLATES) -> Environment:
    """The templates of a folder."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        finalize=visible,  # whatever a template prints: none has to remember it
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def style() -> str:
    """The report's style sheet."""
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")


def hashed(inline: str) -> str:
    """What a policy calls a style or a script that stands in the page (Content Security Policy 3 §8.4)."""
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


@cache
def policy() -> str:
    """The report's: nothing is loaded, no script runs, no form is sent, and no style but its own applies."""
    return f"default-src 'none'; style-src {hashed(style())}; img-src data:; base-uri 'none'; form-action 'none'"
