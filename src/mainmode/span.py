"""Where something stands in a text: a configuration line, or a line of a pasted debug. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a named text. Lines and columns count from 1; `end_column` is one past the last character."""

    file: str
    line: int
    column: int = 1
    end_column: int = 1
    last_line: int = 0
    """The last line for something that runs over several; 0 means it stands on `line` alone."""
    text: str = ""
    """The whole first line, without its line end, for excerpts with a caret."""

    @property
    def lines(self) -> range:
        return range(self.line, max(self.line, self.last_line) + 1)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
