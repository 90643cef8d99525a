"""What a user types at a prompt, held against a table of commands. Knows words; not what any command does.

As on an ASA any unambiguous beginning of a keyword will do (`sh cry isa sa`), in any case. What fits no command is
answered in the ASA's own words, with a caret under the first word that does not fit, prompt counted (FACTS §6.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

Slots = Mapping[str, Callable[[str], Any]]
"""Words of a row that stand for a value, and how one is read (ValueError: it is none). The first that fits has it."""


class Row(Protocol):
    """A command: keywords and slots."""

    @property
    def words(self) -> tuple[str, ...]: ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a line is no command. `at`: index of the word that does not fit, None where words are missing."""

    at: int | None
    ambiguous: bool = False

    def answer(self, command: str, prompt: str) -> list[str]:
        """What an ASA says to it."""
        if self.at is None:
            return ["ERROR: % Incomplete command"]
        if self.ambiguous:
            return [f'ERROR: % Ambiguous command:  "{command.strip()}"']
        column = 0
        for word in command.split()[: self.at]:
            column = command.index(word, column) + len(word)
        column += len(command[column:]) - len(command[column:].lstrip())
        return [" " * (len(prompt) + column) + "^", "ERROR: % Invalid input detected at '^' marker."]


def find(rows: Iterable[R], typed: Sequence[str], slots: Slots) -> tuple[R, list[Any]] | Misfit:
    """The row that some words stand for, and these words: keywords in full, values as read. Or why there is none."""
    begun = _begun(rows, typed, slots)
    if isinstance(begun, Misfit):
        return begun
    left, words = begun
    complete = [row for row in left if len(row.words) == len(typed)]
    return (complete[0], words) if complete else Misfit(None)


END: Final = "<cr>"
"""Among what can follow: nothing."""


def following(rows: Iterable[Row], line: str, slots: Slots) -> list[str] | Misfit:
    """What can follow what is typed, in order: words and slots, END if it is complete.

    What has no blank behind it is the beginning of a word: then it is the keywords that begin so.
    """
    typed = line.split()
    cut = typed.pop().lower() if typed and not line[-1].isspace() else ""
    begun = _begun(rows, typed, slots)
    if isinstance(begun, Misfit):
        return begun
    at = len(typed)
    words = {row.words[at] for row in begun[0] if len(row.words) > at}
    if cut:
        words = {word for word in words - slots.keys() if word.startswith(cut)}
        return sorted(words) or Misfit(at)
    complete = any(len(row.words) == at for row in begun[0])
    return sorted(words - slots.keys()) + sorted(words & slots.keys()) + [END] * complete


def _begun(rows: Iterable[R], typed: Sequence[str], slots: Slots) -> tuple[list[R], list[Any]] | Misfit:
    """The rows that begin with some words, and these words. Or why there are none."""
    left = list(rows)
    words: list[Any] = []
    for at, word in enumerate(typed):
        expected = {row.words[at] for row in left if len(row.words) > at}
        keywords = expected - slots.keys()
        lower = word.lower()
        meant = [lower] if lower in keywords else [keyword for keyword in keywords if keyword.startswith(lower)]
        if len(meant) > 1:
            return Misfit(at, ambiguous=True)
        if meant:
            words.append(meant[0])
        else:
            for slot in (slot for slot in slots if slot in expected):
                try:
                    words.append(slots[slot](word))
                except ValueError:
                    continue
                meant = [slot]
                break
            else:
                return Misfit(at)
        left = [row for row in left if len(row.words) > at and row.words[at] == meant[0]]
    return left, words


def forms(notation: str) -> list[tuple[str, ...]]:
    """Every form of a command that is written as Cisco writes it: `[]` may be left out, of `{a | b}` one is meant."""
    symbols = iter(re.findall(r"[\[\]{}|]|[^\s\[\]{}|]+", notation))

    def until(end: str) -> list[tuple[str, ...]]:
        done: list[tuple[str, ...]] = []
        current: list[tuple[str, ...]] = [()]
        for symbol in symbols:
            if symbol == end:
                break
            if symbol == "|":
                done, current = done + current, [()]
                continue
            if symbol == "[":
                following = [(), *until("]")]
            elif symbol == "{":
                following = until("}")
            else:
                following = [(symbol,)]
            current = [(*before, *after) for before in current for after in following]
        return done + current

    return until("")
