"""Mistakes in a configuration, and how they are shown: place, excerpt, caret, what was expected, the repaired text.

Knows no grammar; plain text, no colours: whoever has a terminal may paint the lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from mainmode.blame import ConfigError
from mainmode.span import Span

Verdict = Literal["invalid", "incomplete", "ambiguous"]

_ANSWERS: Final[dict[Verdict, str]] = {
    "invalid": "ERROR: % Invalid input detected at '^' marker.",
    "incomplete": "ERROR: % Incomplete command",
    "ambiguous": 'ERROR: % Ambiguous command:  "{word}"',
}
"""What an ASA says (FACTS §6.3)."""


class Slip(ConfigError):
    """A mistake in the text of a configuration. Collected, not raised: a file has all of its mistakes told at once."""

    def __init__(
        self, span: Span, message: str, *, expected: str = "", repair: str = "", verdict: Verdict = "invalid"
    ) -> None:
        super().__init__(span, message, expected=expected, repair=repair)
        self.verdict = verdict
        """Which of its three answers an ASA would give."""

    def asa_answer(self, prompt: str = "ciscoasa(config)# ") -> str:
        """What the ASA itself prints under the line: a caret, counted from behind the prompt, and one sentence."""
        answer = _ANSWERS[self.verdict].format(word=self.span.text[self.span.column - 1 : self.span.end_column - 1])
        if self.verdict != "invalid":
            return answer
        indent = len(self.span.text) - len(self.span.text.lstrip())
        return " " * (len(prompt) + self.span.column - 1 - indent) + "^\n" + answer


def render(error: ConfigError) -> str:
    """One error as a block of lines, without a line end after the last. What is missing altogether has no excerpt."""
    span = error.span
    gutter = " " * len(str(span.line))
    caret = " " * max(0, span.column - 1) + "^" * max(1, span.end_column - span.column)
    lines = [str(error)]
    if span.text:
        lines += [f"{gutter} |", f"{span.line} | {_plain(span.text)}", f"{gutter} | {caret}"]
    if error.expected:
        lines.append(f"{gutter} = expected: {error.expected}")
    if error.repair:
        lines += [f"{gutter} = repair:", *(f"{gutter}     {line}" for line in error.repair.split("\n"))]
    return "\n".join(lines)


def render_all(errors: Iterable[ConfigError]) -> str:
    """All of a file's errors, an empty line between them."""
    return "\n\n".join(render(error) for error in errors)


def _plain(text: str) -> str:
    """The caret is counted in characters, so a tab must be one wide; what would move the cursor must not."""
    return "".join(character if character.isprintable() else " " for character in text)
