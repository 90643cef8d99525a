"""What happens to a debug on its way through terminals, mails and pages, and how it is undone. Knows no wording.

`clean` takes a line out of its wrapping: terminal codes, HTML, Markdown, the JSON of a log's export, typographer's
characters. `REPAIRS` mends statements that nothing could read as they stood; every row names the damage, and leaves
undamaged text as it is.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# --- a line out of its wrapping -----------------------------------------------------------------------------------

_TYPOGRAPHY: Final = str.maketrans({
    "\u00a0": " ", "\u202f": " ", "\u3000": " ", "\t": " ",
    "\u200b": "", "\u200e": "", "\u200f": "", "\ufeff": "", "\u00ad": "", "\0": "",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2033": '"',
    "\u2013": "--", "\u2014": "---", "\u2026": "...",
})  # fmt: skip
"""Blanks of all kinds, characters without width, and what word processors and blogs make of quotes, `--` and `...`."""

_TERMINAL: Final = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]"  # colours, cursor
    r"|<-{1,4} ?More ?-{1,4}>(?:[\s\x08]*\r[ \x08]*\r|[ \x08]*)"  # the pager, and the blanks that wipe it out
    r"|.\x08"
)
_TAGS: Final = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|font|h[1-6]|hr|i|li|ol|p|pre|s|samp|span|strong|table|tbody|td|th|thead|tr|tt"
    r"|u|ul)\b[^<>]{0,300}>|<!\[CDATA\[|\]\]>",
    re.IGNORECASE,
)
_LINE_TAGS: Final = re.compile(r"<(?:br|/p|/li|/div|/tr)\b[^<>]{0,100}>", re.IGNORECASE)
_QUOTED: Final = re.compile(r"(?:[>|] ?)+")
_BULLET: Final = re.compile(r"[-*] (?=[A-Z][a-z]{2} {1,2}\d|[\[%<*]|\d\d:)")
"""A list's mark before a statement. (A wrapped list of payloads goes on with `+ VENDOR (13)`.)"""
_ESCAPED: Final = re.compile(r"\\([\[\]()_*`#+.!<>&{}-])")
_SUSPICIOUS: Final = re.compile('[\x00-\x08\x0b-\x1f\u0080-\uffff<>&`*\\\\|\t"]|^\\s*[-+#]')
"""A line without any of these needs no cleaning: most of a log has none."""

_SECRET: Final = re.compile(r"(\bpre-shared-key(?: local| remote)?(?: [0-8](?= ))? +|\bisakmp key +(?:[0-8] +)?)\S+")
"""Configurations get into pastes, and what is listed must not show their keys."""

_SAID: Final = re.compile(r"%(?:ASA|PIX|FTD|FWSM|CRYPTO)-|\[IKEv1|\bISAKMP|\bIPSEC[:(]")
"""In which of an object's strings a box speaks."""

_INDENT: Final = 40
"""Characters before an object that begins in a pretty-printed list of them."""

LONGEST_LINE: Final = 65536
"""Characters of one line that are looked at; what is longer is no log."""


def clean(line: str) -> Iterator[str]:
    """The line as a box printed it. A page may have several on one of its own."""
    line = line[:LONGEST_LINE].rstrip("\r\n")
    if not _SUSPICIOUS.search(line):
        yield _masked(line)
        return
    line = _TERMINAL.sub("", line)
    message = _shipped(line) if "{" in line[:_INDENT] else None
    if message is not None:
        for part in message.splitlines():
            yield _masked(_unwrapped(part))
        return
    for part in re.split(r"\r+|\n", _LINE_TAGS.sub("\n", line) if "<" in line else line):
        yield _masked(_unwrapped(part))


def _shipped(line: str) -> str | None:
    """What the box said, where the line is a JSON object that a log shipper put around it; None for any other."""
    try:
        waiting: list[object] = [json.loads(line.strip().rstrip(","))]
    except (ValueError, RecursionError):
        return None
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, str) and _SAID.search(value):
            return value
    return None


def _masked(line: str) -> str:
    return _SECRET.sub(r"\1*****", line) if "key" in line else line


def _unwrapped(line: str) -> str:
    if "<" in line:
        line = _TAGS.sub("", line)
    if "&" in line:
        line = html.unescape(line)
    line = line.translate(_TYPOGRAPHY)
    if "\\" in line:
        line = _ESCAPED.sub(r"\1", line)
    stripped = line.lstrip()
    if stripped[:1] in (">", "|"):
        stripped = line = _QUOTED.sub("", stripped, count=1).lstrip()
    if stripped[:2] in ("- ", "* "):
        line = _BULLET.sub("", stripped, count=1)
    return line.replace("**", "").replace("`", "").strip(' "') if any(c in line for c in '*`"') else line


# --- statements -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Repair:
    damage: str
    """What happened to the text."""
    pattern: re.Pattern[str]
    replacement: str


def _repair(damage: str, pattern: str, replacement: str) -> Repair:
    return Repair(damage, re.compile(pattern), replacement)


REPAIRS: Final[tuple[Repair, ...]] = (
    _repair("a table's column of message names ran into the text", r"\s*\b[MQ]M[1-6]\b(?!\))", ""),
    _repair("arrows of a drawing", r"\s*(?:<?={4,}>?|<={3,}|={3,}>)", ""),
    _repair("letters doubled by optical recognition", r"\(m+sgid", "(msgid"),
    _repair("a colon lost after the tag of a record", r"\bIPSEC(?=[A-Z][a-z])", "IPSEC: "),
    _repair("the words before a number lost", r"NONE \(0\) ?(\d+)$", r"NONE (0) total length : \1"),
    _repair("a unit lost at a line's end", r"(rekey timer ?: ?\d+)$", r"\1 seconds."),
    _repair("a mark of the hex dump lost", r"SPI\[4\]attributes", "SPI[4]|attributes"),
    _repair("`processing ke` misread", r"processing ike payload", "processing ke payload"),
    _repair("a blank lost", r";rule=", "; rule="),
    # The labels that a translator took for words, in the records of `debug crypto ipsec` (FACTS §4.4).
    _repair("a label in brackets", r"\[Direction\] ?:?", "Direction: "),
    _repair("`l2l` misread", r"Tunnel type ?: ?(?:I2I|121|i2i|l21)\b", "Tunnel type: l2l"),
    _repair("a label lost", r"(Tunnel type ?: ?\w+) ?: ?esp", r"\1 Protocol: esp"),
    _repair("a colon and a unit lost", r"Lifetime ?:? ?(\d+)(?: seconds)?$", r"Lifetime: \1 seconds"),
    _repair("a unit lost", r"MTU ?: ?(\d+)(?! bytes)\b", r"MTU: \1 bytes"),
    _repair("a label lost", r"(VCID ?: ?0x[0-9A-Fa-f]+) (0x)", r"\1 Peer: \2"),
    _repair("a label lost", r"(Peer ?: ?0x[0-9A-Fa-f]+ SCB ?: ?0x[0-9A-Fa-f]+) (0x)", r"\1 Channel: \2"),
    _repair("a value lost", r"Op ?: ?(?=Dst|Protocol|: ?\d|$)", "Op: ignore "),
    _repair("a label lost", r"(Op: ignore) ?: ?(\d+)", r"\1 Protocol: \2"),
)
"""In this order. Tried on statements that do not read, never on others."""


def repaired(text: str) -> str:
    for repair in REPAIRS:
        text = repair.pattern.sub(repair.replacement, text)
    return " ".join(text.split())
