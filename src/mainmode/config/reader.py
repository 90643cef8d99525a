"""ASA text to `Config`. Knows how lines follow each other: submodes, mistakes and their repair; no command by name.

`read` takes any text and never raises. A line is one of these: a command (see `Support` for what is done about it), a
mistake, or not recognised at all, which is how prose between commands ends up. A mistake is only what is surely one:
a command whose first word is known and which then goes wrong. Reading goes on behind it, as if it had been repaired.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import pairwise
from typing import Final

from mainmode.blame import ConfigError
from mainmode.config.commands import ASA_ONLY, GLOBAL, SWALLOW, trees
from mainmode.config.draft import Draft
from mainmode.config.errors import Slip
from mainmode.config.finding import Finding, Undefined
from mainmode.config.grammar import Failure, Match, Missing, Walk
from mainmode.config.model import Config, Support
from mainmode.config.source import MAX_WORDS, Line, lines_of
from mainmode.config.values import MASK_NOTATION, is_mask
from mainmode.span import Span

MAX_WRAPPED: Final = 3
"""Lines that one command may have been broken into by a terminal, besides its first."""

MAX_EXPECTED: Final = 12
MAX_WORD: Final = 64
"""Alternatives, and characters of a word, that a message shows."""

PRE_SHARED_KEY: Final = "pre-shared-key"
"""The word before a key; whatever else is wrong with its line, no message repeats what follows."""

_SENTENCE: Final = re.compile(r"[a-z][.,;:!?](?:\s|$)")


@dataclass(frozen=True, slots=True)
class Treatment:
    """What was done with one line."""

    span: Span
    support: Support
    syntax: str = ""
    """The notation of the command it was taken for."""
    note: str = ""
    """Why it is not done in full, where it is not."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that came of reading one text."""

    config: Config
    errors: tuple[ConfigError, ...]
    warnings: tuple[Finding, ...]
    undefined: tuple[Undefined, ...]
    support: tuple[Treatment, ...]
    """One for each line that is neither blank, a comment nor an error, in order."""

    def by_support(self) -> Mapping[Support, tuple[Treatment, ...]]:
        """The lines of each state of support; every state is a key."""
        return {state: tuple(one for one in self.support if one.support is state) for state in Support}


def read(text: str, file: str) -> Reading:
    """Read a configuration: `show running-config`, `more system:running-config`, typed commands, a page with all of it.

    `file` is the name its places are given under. Never raises; what is wrong is in `errors`.
    """
    return _Reader(text, file).run()


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that is passed over: what is indented deeper than its first line."""

    indent: int
    support: Support
    note: str


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._lines = lines_of(text, file)
        self._draft = Draft(file, _address_names(self._lines))
        self._trees = trees()
        self._mode = GLOBAL
        self._block: _Block | None = None
        self._foreign = False
        """Behind a router's command: what goes wrong there is the router's own language."""
        self._errors: list[ConfigError] = []
        self._support: list[Treatment] = []

    def run(self) -> Reading:
        index = 0
        while index < len(self._lines):
            index += self._take(index)
        config, undefined, findings = self._draft.finish(tuple(self._line_spans()))
        return Reading(config, tuple(self._errors), findings, undefined, tuple(self._support))

    def _line_spans(self) -> Iterator[Span]:
        for line in self._lines:
            yield line.span if line.words else Span(self._file, line.number, text=line.text)

    # -- one line ---------------------------------------------------------------------------------------------------

    def _take(self, index: int) -> int:
        """Read the line at an index, with what was wrapped off it. The count of lines read."""
        line = self._lines[index]
        if line.blank:
            return 1
        if line.exec:
            self._mode, self._block = GLOBAL, None
            self._treat(line, Support.IGNORED, note="typed at a prompt that takes no configuration")
            return 1
        if self._block is not None:
            if line.indent > self._block.indent:
                self._treat(line, self._block.support, note=self._block.note)
                return 1
            self._block = None
        found = self._match(line)
        if isinstance(found, Failure):
            return self._wrong(index, found)
        wrapped = self._wrapped_off(index, found)
        if wrapped is not None:
            return self._mend_wrapped(line, wrapped)
        chain = self._run_on_list(found)
        if chain is not None:
            self._mend_run_together(line, chain)
        else:
            self._apply(found)
        return 1

    def _match(self, line: Line, mode: str | None = None) -> Match | Failure:
        """The line as a command of the submode, else of the global mode, as an ASA does it."""
        mode = mode or self._mode
        negated = len(line.words) > 1 and line.words[0].lower() == "no"
        if negated:
            line = line.cut(1)
        first = line.words[0]
        order = [GLOBAL] if mode == GLOBAL else [mode, GLOBAL]
        known = [self._knows(one, first) for one in order]
        if len(line.words) > MAX_WORDS or (first[0].isupper() and not any(known)):
            return Failure(line, 0)
        if known == [False, True]:
            order.reverse()
        failures = []
        for one in order:
            found = Walk(self._trees[one], line, self._draft, negated=negated).run()
            if isinstance(found, Match):
                return found
            failures.append(found)
        return max(failures, key=lambda failure: (failure.at, failure.prefix is not None))

    def _knows(self, mode: str, word: str) -> bool:
        return word.lower() in self._trees[mode].root.keywords

    def _apply(self, found: Match, *, treat: bool = True) -> None:
        """Do what a command does, and go where it leads."""
        command, line = found.command, found.line
        handler = command.remove if found.negated else command.apply
        support = command.support
        note = "" if support is Support.DONE else command.doc
        if "key" in found.places:
            self._hide(line, line.words[found.places["key"]])
        if found.negated and handler is None and command.apply is not None:
            support, note = Support.NOT_IMPLEMENTED, "`no` before this command is not implemented"
        if command.foreign:
            self._foreign = True
        elif self._foreign and command.syntax.startswith(ASA_ONLY):
            self._foreign = False
        self._mode = _mode_after(found)
        if command.enters == SWALLOW and not found.negated:
            self._block = _Block(line.indent, support, command.doc)
        try:
            if handler is not None:
                handler(self._draft, found)
        except Missing:
            if not found.negated:
                raise  # a handler asks for what its notation does not promise
            end = len(line.words)
            wanted = Walk(self._trees[command.mode], line, self._draft).run()
            expected = _alternatives(wanted.expected) if isinstance(wanted, Failure) else command.syntax
            span = line.part(end, end + 1)
            self._errors.append(Slip(span, "incomplete command", expected=expected, verdict="incomplete"))
            return
        if treat:
            self._support.append(Treatment(line.span, support, command.syntax, note))

    def _hide(self, line: Line, word: str) -> None:
        line.hide(word)
        for number in range(line.number, max(line.number, line.last) + 1):
            self._lines[number - 1].hide(word)

    def _treat(self, line: Line, support: Support, note: str = "") -> None:
        self._support.append(Treatment(line.span, support, "", note))

    # -- what is wrong ----------------------------------------------------------------------------------------------

    def _wrong(self, index: int, failure: Failure) -> int:
        """A line that is no command: a mistake that can be named, or not recognised. The count of lines read."""
        line = self._lines[index]
        if failure.at >= len(failure.line.words) - 1:
            wrapped = self._joined(index)
            if wrapped is not None:
                return self._mend_wrapped(line, wrapped)
        if failure.prefix is not None:
            first = failure.prefix
            chain = self._chain(failure.line.cut(first.behind), first)
            if chain is not None:
                if first.command.inline and chain[0][1].command.mode == first.command.enters:
                    # `isakmp policy 10 hash sha` is one command; the submode is not entered.
                    for one in (first, *(found for _, found in chain)):
                        self._apply(one)
                    self._mode = GLOBAL
                else:
                    self._mend_run_together(line, [(failure.line, first), *chain])
                return 1
        error = None if _is_prose(line) else self._error(failure)
        if error is None:
            self._treat(line, Support.UNRECOGNISED)
        elif self._foreign:
            self._treat(line, Support.NOT_IMPLEMENTED, "in a passage of a router's commands, and no ASA's")
        else:
            self._errors.append(error)
            self._recover(error, line)
        return 1

    def _error(self, failure: Failure) -> Slip | None:
        """What is wrong with a line, None if it is not certain that the line is meant as a command at all."""
        line, at = failure.line, failure.at
        first = line.words[0]
        if at <= 0:
            return self._misspelt(line)
        if first[0].isupper() or (at == 1 and not (self._knows(self._mode, first) or self._knows(GLOBAL, first))):
            return None
        slip = failure.slip
        expected = slip.expected if slip is not None else _alternatives(failure.expected)
        span = line.part(at, at + 1)
        if at >= len(line.words):
            return Slip(span, "incomplete command", expected=expected, verdict="incomplete")
        word = line.words[at]
        if at > 1 and line.words[at - 2].lower().startswith(PRE_SHARED_KEY):
            # Whoever writes a key of two words has written all of it here.
            for rest in line.words[at:]:
                self._hide(line, rest)
            message = "a pre-shared key is one word"
            return Slip(line.part(at, at + 1), message, expected=_alternatives(failure.expected))
        if word.lower().startswith(PRE_SHARED_KEY) and len(word) > len(PRE_SHARED_KEY):
            message = f"there is no blank behind {PRE_SHARED_KEY}"
            return Slip(line.part(at, at + 1), message, expected=_alternatives(failure.expected))
        if failure.ambiguous:
            meant = _alternatives(failure.ambiguous)
            return Slip(span, f"{word} is ambiguous", expected=meant, verdict="ambiguous")
        message = slip.message if slip is not None and slip.message else f"{_short(word)} does not fit here"
        better, why = ("", "") if slip is None else (slip.better, slip.why)
        if slip is not None and slip.expected == MASK_NOTATION:
            elsewhere = self._mask_elsewhere(line.words[at - 1], word, line.number)
            if elsewhere is not None:
                better, why = elsewhere
        if not better:
            better, why = self._close(line, at, failure.expected), ""
        repair = line.with_word(at, better).text if better else ""
        return Slip(span, f"{message}; {why}" if why else message, expected=expected, repair=repair)

    def _misspelt(self, line: Line) -> Slip | None:
        """A first word that is almost one of a command, before words that fit that command to the last."""
        if len(line.words) < 2 or not line.words[0].islower():
            return None
        known = [*self._trees[self._mode].root.keywords, *self._trees[GLOBAL].root.keywords]
        for word in _close_words(line.words[0], known, 0.75):
            other = line.with_word(0, word)
            found = self._match(other)
            if isinstance(found, Match) and found.command.support is not Support.IGNORED:
                message = f"there is no command {line.words[0]}"
                return Slip(line.part(0, 1), message, expected=word, repair=other.text)
        return None

    def _close(self, line: Line, at: int, expected: Sequence[str]) -> str:
        """The expected keyword a word was probably meant to be: spelt almost so, and the line then fits further."""
        for word in _close_words(line.words[at], [one for one in expected if " " not in one], 0.6):
            found = self._match(line.with_word(at, word))
            if isinstance(found, Match) or found.at > at:
                return word
        return ""

    def _mask_elsewhere(self, address: str, cut: str, here: int) -> tuple[str, str] | None:
        """The whole mask, if another line has the same address with one that begins like the one cut short."""
        for line in self._lines:
            if line.number != here and address in line.words:
                for word, mask in pairwise(line.words):
                    if word == address and mask.startswith(f"{cut.rstrip('.')}.") and is_mask(mask):
                        return mask, f"line {line.number} has {address} with {mask}"
        return None

    def _recover(self, error: Slip, line: Line) -> None:
        """Go on as if the mistake had been repaired, or pass over the block that a wrong line would have opened."""
        if error.repair:
            found = self._match(Line(line.file, line.number, error.repair))
            if isinstance(found, Match):
                self._apply(found, treat=False)
                return
        if self._mode == GLOBAL or line.indent == 0:
            note = f"line {line.number}, which opens this block, is wrong"
            self._block = _Block(line.indent, Support.UNRECOGNISED, note)

    # -- commands run together --------------------------------------------------------------------------------------

    def _chain(self, rest: Line, before: Match) -> list[_Piece] | None:
        """What stands behind a complete command, if all of it is commands too."""
        if rest.words[0].lower() != "no" and not any(
            self._knows(mode, rest.words[0]) for mode in (_mode_after(before), GLOBAL)
        ):
            return None
        found = self._match(rest, _mode_after(before))
        if isinstance(found, Match):
            trivial = len(rest.words) == 1 and found.command.support is Support.IGNORED
            return None if trivial else [(rest, found)]
        if found.prefix is None:
            return None
        tail = self._chain(found.line.cut(found.prefix.behind), found.prefix)
        return None if tail is None else [(rest, found.prefix), *tail]

    def _run_on_list(self, found: Match) -> list[_Piece] | None:
        """A list of names that has swallowed the next command: `set transform-set T crypto map M interface outside`."""
        for name, value in found.args.items():
            if isinstance(value, list) and len(value) > 2:
                for at in range(found.places[name] + 1, len(found.line.words) - 1):
                    if self._knows(GLOBAL, found.line.words[at]):
                        first = self._match(found.line.cut(0, at))
                        chain = self._chain(found.line.cut(at), found)
                        if isinstance(first, Match) and chain is not None and len(found.line.words) - at > 2:
                            return [(found.line, first), *chain]
        return None

    def _mend_run_together(self, line: Line, chain: Sequence[_Piece]) -> None:
        for _, found in chain:
            self._apply(found, treat=False)
        starts = [rest.offset - line.offset for rest, _ in chain[1:]]
        first, *others = line.pieces(starts)
        indent = " " * line.indent
        repair = [first]
        for text, (_, found) in zip(others, chain[1:], strict=True):
            repair.append(text if found.command.mode == GLOBAL else indent + text)
        span = line.part(starts[0], starts[1] if len(starts) > 1 else None)
        message = f"{('two', 'three')[len(starts) - 1] if len(starts) < 3 else 'several'} commands run together"
        self._errors.append(Slip(span, message, expected="end of line", repair="\n".join(repair)))

    # -- wrapped lines ----------------------------------------------------------------------------------------------

    def _joined(self, index: int) -> tuple[Line, Match] | None:
        """An incomplete line with those behind it that are nothing by themselves, if together they are a command."""
        following: list[Line] = []
        for line in self._lines[index + 1 : index + 1 + MAX_WRAPPED]:
            if line.blank or line.exec or isinstance(self._match(line), Match):
                break
            following.append(line)
            # A terminal breaks lines anywhere, so also within a word.
            for glue in (" ", ""):
                whole = self._lines[index].joined(following, glue)
                found = self._match(whole)
                if isinstance(found, Match):
                    return whole, found
        return None

    def _wrapped_off(self, index: int, found: Match) -> tuple[Line, Match] | None:
        """A complete command whose next line is more of it: it begins with a keyword of the same command."""
        if index + 1 == len(self._lines):
            return None
        line, following = self._lines[index], self._lines[index + 1]
        if not following.words or self._knows(_mode_after(found), following.words[0]):
            return None
        if self._knows(GLOBAL, following.words[0]) or following.blank or following.exec:
            return None
        whole = line.joined([following], " ")
        longer = self._match(whole)
        if not isinstance(longer, Match) or longer.command is not found.command:
            return None
        if found.behind not in longer.keyword_at or isinstance(self._match(following, _mode_after(found)), Match):
            return None
        return whole, longer

    def _mend_wrapped(self, line: Line, wrapped: tuple[Line, Match]) -> int:
        whole, found = wrapped
        self._apply(found, treat=False)
        end = line.columns(len(line.words))[0]
        span = Span(self._file, line.number, end, end + 1, whole.last, line.text)
        goes_on = f"line {whole.last}" if whole.last == line.number + 1 else f"lines {line.number + 1}-{whole.last}"
        message = f"incomplete command: it goes on in {goes_on}"
        self._errors.append(
            Slip(span, message, expected="the command on one line", repair=whole.text, verdict="incomplete")
        )
        return whole.last - line.number + 1


_Piece = tuple[Line, Match]
"""A command in a line of several: from its first word to the end of the line, and what it was matched as."""


def _mode_after(found: Match) -> str:
    """The mode that a command leads to, or stays in."""
    enters = found.command.enters
    return found.command.mode if enters in (None, SWALLOW) or found.negated else enters


def _close_words(word: str, words: Sequence[str], cutoff: float) -> list[str]:
    return difflib.get_close_matches(word.lower(), words, 3, cutoff) if len(word) <= MAX_WORD else []


def _is_prose(line: Line) -> bool:
    return len(line.words) > 3 and _SENTENCE.search(line.text) is not None


def _alternatives(words: Sequence[str]) -> str:
    shown = [*words[:MAX_EXPECTED], "…"] if len(words) > MAX_EXPECTED else words
    return ", ".join(shown)


def _short(word: str) -> str:
    return word if len(word) <= MAX_WORD else f"{word[:MAX_WORD]}…"


def _address_names(lines: Sequence[Line]) -> dict[str, IPv4Address]:
    """The aliases that `name` commands give to addresses, wherever they stand."""
    names = {}
    for line in lines:
        if len(line.words) > 2 and line.words[0] == "name":
            try:
                names[line.words[2]] = IPv4Address(line.words[1])
            except ValueError:
                continue  # no address; the line itself will be told as a mistake
    return names
