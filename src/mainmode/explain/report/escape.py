"""Pasted text to be looked at: what a reader could not see is written out; as markup, escaped. Knows characters."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, marks that turn the writing direction, blanks without width, halves of characters: nobody sees them."""


def plain(text: str) -> str:
    """Text with what cannot be seen written out as `\\x1b`, `\\u202e`: a terminal would do what it says."""
    return _UNSEEN.sub(_written, text)


def visible(text: object) -> Markup:
    """Text as markup: escaped, and what cannot be seen written out as `\\x1b`, `\\u202e`."""
    if isinstance(text, Markup):
        return text
    return escape(plain(str(text)))


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_QUOTED: Final = re.compile(r"`([^`\n]+)`")


def prose(text: str) -> Markup:
    """A sentence of ours, with the commands in it set as such."""
    parts = _QUOTED.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(visible(part)) if number % 2 else visible(part)
        for number, part in enumerate(parts)
    )
