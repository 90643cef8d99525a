"""`show … | include PATTERN`: which lines of an output are wanted. Knows lines and patterns, no commands.

As on an ASA: `include` and `grep` keep what fits, `exclude` and `grep -v` what does not, `begin` all from the first
line that fits. A pattern is searched for in each line, in its case: `.`, `[a-z]`, `*`, `+`, `?`, `^`, `$`, `|` and
`\\` have their usual meaning. There are no groups, and no pattern takes long: who may ask may not stop the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

KINDS: Final = ("include", "exclude", "begin", "grep")

_SIGN: Final = re.compile(r"(\\.|\[\^?\]?[^\]]*\]|.)([*+?]?)")


LONGEST: Final = 100
"""Characters of a pattern."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One character of a pattern, and how often it may come."""

    fits: Callable[[str], object]
    absent: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Branch:
    """What stands between two `|`, where more than one thing is repeated.

    A regular expression would try every way to divide a line among them; here all ways are followed at once.
    """

    pieces: tuple[_Piece, ...]
    from_start: bool
    to_end: bool

    def found(self, line: str) -> bool:
        last = len(self.pieces)
        here: set[int] = set()
        for at in range(len(line) + 1):
            if at == 0 or not self.from_start:
                here.add(0)
            for piece in range(last):
                if piece in here and self.pieces[piece].absent:
                    here.add(piece + 1)
            if last in here and (not self.to_end or at == len(line)):
                return True
            if at < len(line):
                fitting = {piece for piece in here if piece < last and self.pieces[piece].fits(line[at])}
                here = {piece + 1 for piece in fitting} | {piece for piece in fitting if self.pieces[piece].repeated}
        return False


def _branch(text: str) -> Callable[[str], object]:
    """Whether a line has it."""
    from_start, to_end = text.startswith("^"), text.endswith("$") and not text.endswith("\\$")
    signs = _SIGN.findall(text[from_start : len(text) - to_end])
    ones = [(_one(sign), times) for sign, times in signs]
    if all(not times or (one, times) == _ANYTHING for one, times in ones):
        return _in_order(ones, from_start=from_start, to_end=to_end)
    if sum(bool(times) for _, times in ones) <= 1:
        body = "".join(one + times for one, times in ones)
        return re.compile(f"{'^' if from_start else ''}{body}{'$' if to_end else ''}").search
    pieces = (_Piece(re.compile(one).fullmatch, times in ("*", "?"), times in ("*", "+")) for one, times in ones)
    return _Branch(tuple(pieces), from_start, to_end).found


_ANYTHING: Final = (".", "*")


def _in_order(ones: list[tuple[str, str]], *, from_start: bool, to_end: bool) -> Callable[[str], object]:
    """What most patterns are: parts of a fixed length, `.*` between them. Each is looked for behind the one before."""
    parts = [""]
    for one in ones:
        if one == _ANYTHING:
            parts.append("")
        else:
            parts[-1] += one[0]
    parts[0] = "^" * from_start + parts[0]
    parts[-1] += "$" * to_end
    compiled = [re.compile(part) for part in parts]

    def found(line: str) -> bool:
        at = 0
        for part in compiled:
            match = part.search(line, at)
            if match is None:
                return False
            at = match.end()
        return True

    return found


def _one(sign: str) -> str:
    """A single character as a regular expression: any, one of a set, or itself."""
    if sign == ".":
        return sign
    if len(sign) > 1 and sign[0] == "[":
        return "[" + sign[1:].replace("[", r"\[")
    return re.escape(sign.removeprefix("\\") or sign)


def _branches(pattern: str) -> tuple[Callable[[str], object], ...]:
    """ValueError if it is no pattern."""
    if len(pattern) > LONGEST:
        raise ValueError(f"a pattern of more than {LONGEST} characters")
    parts = [""]
    for sign, times in _SIGN.findall(pattern):
        if sign == "|":
            parts.append("")
        else:
            parts[-1] += sign + times
    try:
        return tuple(_branch(part) for part in parts)
    except re.error as wrong:
        raise ValueError(str(wrong)) from None


@dataclass(frozen=True, slots=True)
class Filter:
    """What stands behind the bar."""

    kind: str
    branches: tuple[Callable[[str], object], ...]
    inverted: bool = False

    @classmethod
    def parse(cls, text: str) -> Filter:
        """`include PATTERN`; the first word may be cut short. ValueError: it is none, IndexError: words are missing."""
        words = text.split(None, 1)
        kinds = [kind for kind in KINDS if kind.startswith(words[0].lower())]
        if len(kinds) != 1:
            raise ValueError(words[0])
        pattern = words[1].rstrip()
        inverted = kinds[0] == "exclude"
        if kinds[0] == "grep" and pattern.split(None, 1)[0] == "-v":
            inverted, pattern = True, pattern.split(None, 1)[1]
        return cls(kinds[0], _branches(pattern), inverted)

    def fits(self, line: str) -> bool:
        return any(branch(line) for branch in self.branches)

    def of(self, lines: Sequence[str]) -> Iterator[str]:
        """The lines that are wanted."""
        if self.kind == "begin":
            first = next((number for number, line in enumerate(lines) if self.fits(line)), len(lines))
            yield from lines[first:]
            return
        yield from (line for line in lines if self.fits(line) is not self.inverted)
