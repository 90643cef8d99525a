"""How the words of a line are matched against the notation of a command. Knows no command and no meaning.

The notation is the one a command reference uses:

    word            a keyword; any unambiguous beginning of it will do
    <name>          a value of the kind of that name, see `values`
    <name:kind>     the same under another name
    <name:1-65535>  a number in a range
    <name:a|b|c>    one of these keywords, <name:=a> this one
    <name>...       one or more
    <text>          all the rest of the line, if nothing else fits
    [ x ]           x or nothing
    { x | y }*      any of these, in any order, as often as they come; with + instead of *, at least one

All commands of a mode are merged into one tree of words. Walking down it costs the same however many commands there
are; it knows when an abbreviation fits two words; and where a line stops fitting, the tree tells what would have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mainmode.config.draft import Draft
from mainmode.config.model import Support
from mainmode.config.source import Line
from mainmode.config.values import KINDS, Mismatch, Names, Parse, parse_number
from mainmode.span import Span

MAX_LIST: Final = 64
"""Words in one list. An ASA takes 11 transform sets or 10 peers; more than this many is a run-on line."""


class Missing(Exception):
    """A value that a `no` needs to know what to take away, and that is not on the line."""


# --- commands as a tree -------------------------------------------------------------------------------------------

Handler = Callable[[Draft, "Match"], None]


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """One entry of the table of commands."""

    mode: str
    """In which submode it is a command; `global` for none."""
    syntax: str
    support: Support
    doc: str
    """One sentence for the reference: what it does here, or why nothing."""
    apply: Handler | None = None
    remove: Handler | None = None
    """What `no` before it does; without one, `no` is known and not implemented. A notation that begins with `no` is
    of a command that has no other form."""
    enters: str | None = None
    """The submode it opens. `ignored` swallows the lines indented under it."""
    inline: bool = False
    """The submode's commands may follow on the same line (`isakmp policy 10 hash sha`)."""
    foreign: bool = False
    """Not an ASA's command but a router's: mistakes near it are no mistakes."""


class Node:
    """A place in the tree: what may come next. `command` is set where a line may end."""

    __slots__ = ("command", "keywords", "removes", "text", "values")

    def __init__(self) -> None:
        self.keywords: dict[str, Node] = {}
        self.values: list[tuple[Value, Node]] = []
        self.text: tuple[Value, Node] | None = None
        """All the rest of the line, if nothing else fits."""
        self.command: Command | None = None
        self.removes: Command | None = None
        """The command a line means that begins with `no` and ends here, its values left out."""

    def expected(self) -> list[str]:
        words = [*self.keywords, *(value.notation for value, _ in self.values)]
        words += [] if self.text is None else [self.text[0].notation]
        return [*words, "end of line"] if self.command is not None else words


@dataclass(frozen=True, slots=True)
class Value:
    name: str
    notation: str
    parse: Parse
    many: bool = False
    text: bool = False

    def take(self, words: Sequence[str], index: int, names: Names) -> tuple[Any, int]:
        value, behind = self.parse(words, index, names)
        if not self.many:
            return value, behind
        values = [value]
        while behind < len(words):
            if len(values) == MAX_LIST:
                raise Mismatch(behind, "end of line", f"more than {MAX_LIST} names in one list")
            value, behind = self.parse(words, behind, names)
            values.append(value)
        return values, behind


class Tree:
    """All commands of one mode."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self.root = Node()
        self.choices: dict[Command, dict[str, str]] = {}
        """For each command the keywords that are a value, and the value's name."""
        for command in commands:
            self._add(command)

    def _add(self, command: Command) -> None:
        choices: dict[str, str] = {}
        self.choices[command] = choices
        items = _parse_syntax(command.syntax)
        frontier = [self.root]
        if items[0] == "no":
            for item in items[1:]:
                frontier = list(dict.fromkeys(self._grow(frontier, item, choices)))
            for node in frontier:
                node.removes = command
            return
        # `no` may end a line from the last keyword on that every form of the command has.
        last_plain = max(index for index, item in enumerate(items) if isinstance(item, str))
        for index, item in enumerate(items):
            frontier = list(dict.fromkeys(self._grow(frontier, item, choices)))
            if index >= last_plain:
                for node in frontier:
                    node.removes = node.removes or command
        for node in frontier:
            if node.command is not None:
                raise ValueError(f"two commands end alike: {node.command.syntax!r} and {command.syntax!r}")
            node.command = command

    def _grow(self, frontier: list[Node], item: Item, choices: dict[str, str]) -> list[Node]:
        """The places reached from these by one more item of the notation."""
        if isinstance(item, str):
            return [node.keywords.setdefault(item, Node()) for node in frontier]
        if isinstance(item, Choice):
            choices.update((keyword, item.name) for keyword in item.keywords)
            return [node.keywords.setdefault(keyword, Node()) for node in frontier for keyword in item.keywords]
        if isinstance(item, Value):
            return [self._value(node, item) for node in frontier]
        reached: list[Node] = []
        for alternative in item.alternatives:
            ends = frontier
            for inner in alternative:
                ends = self._grow(ends, inner, choices)
            reached += ends
        if not item.repeats:
            return reached + frontier if item.optional else reached
        # Whatever was said, all of it may follow again: one more place, which leads back to itself.
        loop = Node()
        ends_of_loop: list[Node] = []
        for alternative in item.alternatives:
            ends = [loop]
            for inner in alternative:
                ends = self._grow(ends, inner, choices)
            ends_of_loop += ends
        reached += ends_of_loop
        for end in reached:
            self._merge(end, loop)
        return reached + frontier if item.optional else reached

    @staticmethod
    def _merge(node: Node, other: Node) -> None:
        for keyword, child in other.keywords.items():
            node.keywords.setdefault(keyword, child)
        known = {value for value, _ in node.values}
        node.values += [(value, child) for value, child in other.values if value not in known]
        node.text = node.text or other.text

    @staticmethod
    def _value(node: Node, value: Value) -> Node:
        if value.text:
            node.text = node.text or (value, Node())
            return node.text[1]
        for known, child in node.values:
            if known == value:
                return child
        child = Node()
        node.values.append((value, child))
        return child


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    alternatives: tuple[tuple[Item, ...], ...]
    optional: bool
    repeats: bool


Item = str | Choice | Value | Group

_RANGE: Final = re.compile(r"(\d+)-(\d+)$")


def _parse_syntax(syntax: str) -> list[Item]:
    words = syntax.split()

    def sequence(index: int, closing: str) -> tuple[list[list[Item]], int]:
        alternatives: list[list[Item]] = [[]]
        while index < len(words):
            word = words[index]
            if closing and word.startswith(closing):
                return alternatives, index
            if word == "|":
                alternatives.append([])
            elif word in "[{":
                inner, index = sequence(index + 1, "]" if word == "[" else "}")
                end = words[index]
                group = Group(tuple(map(tuple, inner)), word == "[" or end.endswith("*"), end[-1] in "*+")
                alternatives[-1].append(group)
            else:
                alternatives[-1].append(_parse_item(word))
            index += 1
        if closing:
            raise ValueError(f"{closing} is missing in {syntax!r}")
        return alternatives, index

    return sequence(0, "")[0][0]


def _parse_item(word: str) -> Item:
    if not word.startswith("<"):
        return word.lower()
    many = word.endswith("...")
    name, _, kind = word.removesuffix("...")[1:-1].partition(":")
    if "|" in kind or kind.startswith("="):
        return Choice(name, tuple(kind.removeprefix("=").split("|")))
    limits = _RANGE.match(kind)
    if limits is not None:
        low, high = int(limits[1]), int(limits[2])
        return Value(name, f"<{low}-{high}>", _number(low, high), many)
    found = KINDS[kind or name]
    return Value(name, found.notation, found.parse, many, (kind or name) == "text")


_numbers: dict[tuple[int, int], Parse] = {}


def _number(low: int, high: int) -> Parse:
    """One parser per range, so that equal values of two commands are equal and their branches merge."""
    return _numbers.setdefault((low, high), parse_number(low, high))


# --- matching -----------------------------------------------------------------------------------------------------


class Match:
    """A line that is a command: the command, and what stands for its values."""

    __slots__ = ("args", "behind", "command", "keyword_at", "line", "negated", "places")

    def __init__(
        self,
        line: Line,
        command: Command,
        args: dict[str, Any],
        places: dict[str, int],
        behind: int,
        keyword_at: frozenset[int],
        negated: bool,
    ) -> None:
        self.line = line
        self.command = command
        self.args = args
        self.places = places
        self.behind = behind
        """Index of the first word that is not part of it."""
        self.keyword_at = keyword_at
        """Indexes of the words that are keywords."""
        self.negated = negated

    def __getitem__(self, name: str) -> Any:
        """A value; `Missing` if the line left it out, as one that begins with `no` may."""
        try:
            return self.args[name]
        except KeyError:
            raise Missing(name) from None

    def __contains__(self, name: str) -> bool:
        return name in self.args

    def get(self, name: str, default: Any = None) -> Any:
        return self.args.get(name, default)

    @property
    def span(self) -> Span:
        """The words of the command, which are all of the line unless more stands behind it."""
        return self.line.span if self.behind == len(self.line.words) else self.line.part(0, self.behind)

    def place(self, name: str, offset: int = 0) -> Span:
        """Where a value stands."""
        index = self.places[name] + offset
        return self.line.part(index, index + 1)


@dataclass(slots=True)
class Failure:
    """Why no command fits: the first word that does not, and what would have."""

    line: Line
    """What was matched: the line without a `no` before it."""
    at: int
    expected: list[str] = field(default_factory=list)
    slip: Mismatch | None = None
    ambiguous: tuple[str, ...] = ()
    prefix: Match | None = None
    """The longest command that the line begins with, when only what follows it is wrong."""


class Walk:
    """One attempt to match one line."""

    __slots__ = ("_ambiguous", "_at", "_line", "_names", "_negated", "_nodes", "_path", "_prefix", "_slip", "_tree")

    def __init__(self, tree: Tree, line: Line, names: Names, *, negated: bool = False) -> None:
        self._tree = tree
        self._line = line
        self._names = names
        self._negated = negated
        self._path: list[tuple[str, Any, int]] = []
        """Name, value, index. A keyword has the empty name until the command is known."""
        self._at = -1
        self._nodes: list[Node] = []
        self._slip: Mismatch | None = None
        self._ambiguous: tuple[str, ...] = ()
        self._prefix: Match | None = None

    def run(self) -> Match | Failure:
        found = self._down(self._tree.root, 0)
        if found is not None:
            return found
        expected = list(dict.fromkeys(word for node in self._nodes for word in node.expected()))
        return Failure(self._line, self._at, expected, self._slip, self._ambiguous, self._prefix)

    def _down(self, node: Node, index: int) -> Match | None:
        words = self._line.words
        if index == len(words):
            command = node.command or (node.removes if self._negated else None)
            if command is not None:
                return self._match(command, index)
            self._fail(node, index)
            return None
        if node.command is not None and (self._prefix is None or index > self._prefix.behind):
            self._prefix = self._match(node.command, index)
        lower = words[index].lower()
        child = node.keywords.get(lower)
        if child is not None:
            found = self._through(child, "", lower, index, index + 1)
            if found is not None:
                return found
        found, taken, slip = self._take_values(node, index)
        if found is not None:
            return found
        # A name that happens to begin like a keyword is a name; free text is whatever nothing else is.
        if child is None and not taken:
            fitting = [keyword for keyword in node.keywords if keyword.startswith(lower)]
            if len(fitting) == 1:
                found = self._through(node.keywords[fitting[0]], "", fitting[0], index, index + 1)
                if found is not None:
                    return found
            elif fitting and node.text is None:
                self._fail(node, index)
                if index == self._at:
                    self._ambiguous = tuple(fitting)
                return None
        if node.text is not None:
            return self._through(node.text[1], node.text[0].name, " ".join(words[index:]), index, len(words))
        self._fail(node, index, slip)
        return None

    def _take_values(self, node: Node, index: int) -> tuple[Match | None, bool, Mismatch | None]:
        """The match with a value here, if there is one; whether any value took the word; why the best one did not."""
        slip = None
        taken = False
        for value, after in node.values:
            try:
                parsed, behind = value.take(self._line.words, index, self._names)
            except Mismatch as mismatch:
                if slip is None or mismatch.at > slip.at:
                    slip = mismatch
                continue
            taken = True
            found = self._through(after, value.name, parsed, index, behind)
            if found is not None:
                return found, True, None
        return None, taken, slip

    def _through(self, child: Node, name: str, value: Any, index: int, behind: int) -> Match | None:
        self._path.append((name, value, index))
        found = self._down(child, behind)
        self._path.pop()
        return found

    def _fail(self, node: Node, index: int, slip: Mismatch | None = None) -> None:
        """Remember the furthest place any attempt came to."""
        at = max(index, slip.at) if slip is not None else index
        if at > self._at:
            self._at, self._nodes, self._slip, self._ambiguous = at, [], None, ()
        if at == self._at:
            if index == at:
                self._nodes.append(node)
            if slip is not None and slip.at == at and (slip.message or slip.better or index < at):
                self._slip = self._slip or slip

    def _match(self, command: Command, behind: int) -> Match:
        choices = self._tree.choices[command]
        args: dict[str, Any] = {}
        places: dict[str, int] = {}
        keywords = []
        for name, value, index in self._path:
            if not name:
                keywords.append(index)
                name = choices.get(value, value)
            args[name] = value
            places[name] = index
        return Match(self._line, command, args, places, behind, frozenset(keywords), self._negated)
