"""A wording's template: literal text with `{field:kind}` in it, used for printing and for reading. Knows no wording.

Printing keeps the template's blanks and line breaks as they stand. Reading forgives what pastes, mails and forums do
to them: it sees text whose white space is collapsed to single blanks, and takes a blank around `:`, `=` and `,` or
none. `IPsec` in a template reads `IPSec` too: the spelling changed between releases.

A pattern must stay linear on hostile text. White space is collapsed before a pattern sees it, no kind repeats a
repetition, and the reader refuses statements far longer than any box prints.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """How one sort of value looks."""

    pattern: str
    """What it looks like in text whose white space is collapsed. No capturing groups."""
    read: Callable[[str], Any]
    """Its value. Raises ValueError for a text that fits the pattern and means nothing (`999.0.0.1`)."""
    show: Callable[[Any], str]
    sample: Any
    """A value to show in the documentation."""
    fits: Callable[[Any], bool] | None = None
    """For a kind that takes only some values of its field: whether it takes this one."""


_FIELD = re.compile(r"\{(\w+):(\w+)\}")
_PIECES = re.compile(r"\s*[:=,]\s*|\s+|[^\s:=,]+")

IGNORED = "_"
"""The field name of something that is read and not kept."""


def loose(literal: str) -> str:
    """A regular expression for literal text, as forgiving as the module says."""
    out: list[str] = []
    for piece in _PIECES.findall(literal):
        mark = piece.strip()
        if not mark:
            out.append(" ")
        elif mark in ":=,":
            out.append(f" ?{mark} ?")
        else:
            out.append(re.escape(mark).replace("IPsec", "IP[Ss]ec"))
    return "".join(out)


def _getter(name: str, kind: Kind) -> Callable[[Any], Any]:
    return attrgetter(name) if name != IGNORED else lambda _: kind.sample


class Template:
    """A template for the objects of one dataclass. `fixed` are the fields that the text itself decides."""

    __slots__ = ("_arguments", "_compiled", "_format", "_literals", "_parts", "fields", "fixed", "of", "text")

    def __init__(self, of: type, text: str, kinds: Mapping[str, Kind], fixed: Mapping[str, Any] | None = None) -> None:
        self.of = of
        self.text = text
        self.fixed: dict[str, Any] = dict(fixed or {})
        pieces = _FIELD.split(text)
        self._literals: list[str] = pieces[::3]
        self.fields: list[tuple[str, Kind]] = [
            (name, kinds[kind]) for name, kind in zip(pieces[1::3], pieces[2::3], strict=True)
        ]
        self._format = "%s".join(literal.replace("%", "%%") for literal in self._literals)
        self._parts: list[tuple[Callable[[Any], Any], Callable[[Any], str]]] = [
            (_getter(name, kind), kind.show) for name, kind in self.fields
        ]
        self._arguments = self._order()
        self._compiled: re.Pattern[str] | None = None

    def _order(self) -> list[tuple[int, Any]]:
        """Where each field of the object comes from: (group number, how to read it) or (0, the value itself)."""
        group = {name: (number, kind.read) for number, (name, kind) in enumerate(self.fields, 1) if name != IGNORED}
        arguments: list[tuple[int, Any]] = []
        for field in dataclasses.fields(self.of):
            if field.name in self.fixed:
                arguments.append((0, self.fixed[field.name]))
            elif field.name in group:
                arguments.append(group.pop(field.name))
            elif field.default is not dataclasses.MISSING:
                arguments.append((0, field.default))
            else:
                raise ValueError(f"{self.of.__name__}.{field.name} is not in {self.text!r}")
        if group:
            raise ValueError(f"{self.of.__name__} has no {', '.join(group)}: {self.text!r}")
        return arguments

    def pattern(self, *, groups: bool = False) -> str:
        """The regular expression, with or without a capturing group around each field."""
        around = "({})" if groups else "(?:{})"
        pieces = [loose(self._literals[0])]
        for literal, (_, kind) in zip(self._literals[1:], self.fields, strict=True):
            pieces += (around.format(kind.pattern), loose(literal))
        return "".join(pieces)

    def takes(self, value: object) -> bool:
        """Whether this is how the value is worded: the fixed fields are equal and the kinds take the others."""
        return all(getattr(value, name) == fixed for name, fixed in self.fixed.items()) and all(
            kind.fits is None or kind.fits(getattr(value, name)) for name, kind in self.fields if name != IGNORED
        )

    def say(self, value: object) -> str:
        return self._format % tuple([show(get(value)) for get, show in self._parts])

    def read(self, text: str) -> Any:
        """The object whose wording the whole text is, or None. The text's white space is collapsed.

        Raises ValueError as `Kind.read` does.
        """
        # Compiled at first use: most runs of the program meet few of the wordings.
        if self._compiled is None:
            self._compiled = re.compile(self.pattern(groups=True))
        match = self._compiled.fullmatch(text)
        if match is None:
            return None
        return self.of(*[read(match[group]) if group else read for group, read in self._arguments])

    def literal_start(self) -> str:
        """The text before the first field."""
        return self._literals[0]


def nested(sample: Any, *templates: Template) -> Kind:
    """A kind for a whole object, worded by the first of the templates that takes it."""

    def read(text: str) -> Any:
        for template in templates:
            value = template.read(text)
            if value is not None:
                return value
        raise ValueError(text)

    def show(value: Any) -> str:
        return next((template for template in templates if template.takes(value)), templates[-1]).say(value)

    def fits(value: Any) -> bool:
        return any(template.takes(value) for template in templates)

    return Kind("|".join(template.pattern() for template in templates), read, show, sample, fits)
