"""Configuration text as lines of words: terminals, editors and web pages leave their marks on it. Knows no command.

Every line keeps its number and its columns. A key never gets into a `Span`: the text there has `*****` in its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from mainmode.secret import MASK
from mainmode.span import Span

MAX_WORDS: Final = 256
"""A line with more is nothing an ASA would print, and the reader's work on a line must have an end."""

_ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PAGER: Final = re.compile(r"^\s*<--- More --->\s*")
_PROMPT: Final = re.compile(r"^\s*[A-Za-z][\w.-]*(?:/[\w.-]+)*(\(config[\w-]*\))?[#>](?=\s|$)")
_REMARK: Final = re.compile(
    r"[!:#]|```|~~~|<--|<==|\^$|\[OK\]$|Cryptochecksum|(?:WARNING|ERROR|INFO|Type help or '\?')[: ]", re.IGNORECASE
)
"""Comments, headers of `more system:running-config`, fences of a web page, and what an ASA answers to a command."""

_KEY: Final = re.compile(
    r"""(?ix) (?<! crypto\s) (?<! [\w-] )
        (?: (?: [\w-]*keys? | passw(?:or)?d | secret | community ) (?: \s+ (?: \d+ \s+ md5 | [05678] | hex ) )?
          | (?: auth | priv ) \s+ (?: md5 | sha | des | 3des | aes ) (?: \s+ \d+ )? )
        \s+ (?! (?: address | generate | zeroize | chain ) \b ) (\S+)"""
)
"""Where a secret stands on a line, whether or not the line is understood. Better a word too many than one too few."""

_GLUED: Final = re.compile(r"(?i)(?<![\w-])(pre-shared-key)(?!s?(?:\s|$))\S+")
"""A key that is typed without the blank before it."""


def masked(text: str) -> str:
    """The line without its secrets."""
    # The three letters are in every word that announces a secret; most lines have none of them.
    if "ey" not in text and "ass" not in text and "omm" not in text and "ecret" not in text and "auth" not in text:
        return text
    text = _GLUED.sub(lambda found: found[1] + MASK, text)
    return _KEY.sub(lambda found: found[0][: found.start(1) - found.start()] + MASK, text)


class Line:
    """One line: what stands where. Made by the thousand: no dataclass, and nothing is computed before it is asked for.

    `words` are what is matched against the grammar. `offset` is the index of the first of them among the words of the
    text, which differs from 0 behind a prompt, behind `no`, and where two commands run together.
    """

    __slots__ = ("_is_cut", "_span", "_text", "exec", "file", "indent", "last", "number", "offset", "text", "words")

    def __init__(self, file: str, number: int, text: str) -> None:
        self.file = file
        self.number = number
        self.last = 0
        self.text = masked(text)
        """For people: keys are masked."""
        self._text = text
        self.words: Sequence[str] = text.split()
        self.indent = len(text) - len(text.lstrip())
        self.offset = 0
        self.exec = False
        """Typed at a prompt that takes no configuration."""
        self._span: Span | None = None
        self._is_cut = False
        if "#" in text or ">" in text:
            prompt = _PROMPT.match(text)
            if prompt is not None:
                self.offset = 1
                self.words = self.words[1:]
                # The prompt tells where the command belongs as indentation does elsewhere.
                self.indent = 0 if prompt[1] in (None, "(config)") else 1
                self.exec = prompt[1] is None

    @property
    def blank(self) -> bool:
        """Whether there is nothing here to be configured: no words, a comment, an answer of the ASA."""
        return not self.words or (not self.offset and _REMARK.match(self._text, self.indent) is not None)

    @property
    def span(self) -> Span:
        """All of the line's words."""
        if self._span is None:
            if self.offset or self.last or self._is_cut:
                self._span = self.part(0)
            else:  # the usual case, without looking for the words' places
                end = len(self._text.rstrip()) + 1
                self._span = Span(self.file, self.number, self.indent + 1, end, 0, self.text)
        return self._span

    def columns(self, index: int) -> tuple[int, int]:
        """First column of a word, and one past its last; for the word after the last, the end of the line."""
        if self.last:
            return self.indent + 1, len(self._text.rstrip()) + 1
        places = [found.span() for found in re.finditer(r"\S+", self._text)]
        index += self.offset
        if index < len(places):
            return places[index][0] + 1, places[index][1] + 1
        end = places[-1][1] + 1 if places else 1
        return end, end + 1

    def part(self, first: int, end: int | None = None) -> Span:
        """The words from `first` up to but without `end`, by default all the rest."""
        if self.last:
            return Span(self.file, self.number, self.indent + 1, len(self._text.rstrip()) + 1, self.last, self.text)
        count = len(self.words) if end is None else end
        column = self.columns(first)[0]
        end_column = self.columns(max(first, count - 1))[1]
        return Span(self.file, self.number, column, end_column, 0, self.text)

    def cut(self, first: int, end: int | None = None) -> Line:
        """The line as if only these words stood on it, where they stand."""
        other = Line.__new__(Line)
        other.file, other.number, other.last, other.text, other._text = (
            self.file,
            self.number,
            self.last,
            self.text,
            self._text,
        )
        other.words = self.words[first:end]
        other.indent, other.offset, other.exec, other._span = self.indent, self.offset + first, False, None
        other._is_cut = True
        return other

    def joined(self, following: Sequence[Line], glue: str) -> Line:
        """This line and what was wrapped off it, as one."""
        text = glue.join([self._text.rstrip(), *(line._text.strip() for line in following)])
        whole = Line(self.file, self.number, text)
        whole.last = following[-1].number
        return whole

    def hide(self, word: str) -> None:
        """Mask a word that turned out to be a secret."""
        self.text = " ".join(MASK if one == word else one for one in self.text.split(" "))
        self._span = None

    def with_word(self, index: int, word: str) -> Line:
        """The line with another word in the place of one."""
        start, end = self.columns(index)
        other = Line(self.file, self.number, self._text[: start - 1] + word + self._text[end - 1 :])
        other.last = self.last
        return other

    def pieces(self, indexes: Sequence[int]) -> list[str]:
        """The line for people, broken before each of these words."""
        starts = [1, *(self.columns(index)[0] for index in indexes), len(self._text) + 1]
        return [masked(self._text[start - 1 : end - 1].rstrip()) for start, end in pairwise(starts)]


def lines_of(text: str, file: str) -> list[Line]:
    """The lines of a text as a person saw them on the screen. Any text will do; there is always at least one line."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    raw = text.split("\n")
    if len(raw) > 1 and not raw[-1]:
        raw.pop()
    return [Line(file, number, _as_seen(line)) for number, line in enumerate(raw, start=1)]


def _as_seen(line: str) -> str:
    if "\r" in line:
        # The pager writes its prompt, returns, overwrites it with blanks, returns, and prints the next line.
        line = line.rstrip("\r").rpartition("\r")[2]
    if "\x08" in line:
        shown: list[str] = []
        for character in line:
            if character != "\x08":
                shown.append(character)
            elif shown:
                shown.pop()
        line = "".join(shown)
    if "More" in line:
        line = _PAGER.sub("", line)
    return line
