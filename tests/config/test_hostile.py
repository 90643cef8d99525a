"""Any text at all: reading it ends, raises nothing, keeps its places inside the text, and shows no key."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.config.check import check
from mainmode.config.commands import COMMANDS
from mainmode.config.errors import Slip, render_all
from mainmode.config.model import Support
from mainmode.config.printer import PARTS, running_config, with_keys
from mainmode.config.reader import Reading, read
from tests.config.test_whole import TEXT

LINES = [line for line in TEXT.split("\n") if line.strip()]
WORDS = sorted(
    {word for line in LINES for word in line.split()}
    | {word for command in COMMANDS for word in command.syntax.split() if word[0] not in "<[{|"}
    | {"0", "no", "any", "eq", "10.0.0.1", "255.255.255.0", "255.255.255", "1.2.3.256", "*****", "(a,b)"}
)

anything = st.text(max_size=400)
lines = st.sampled_from(LINES)
jumble = st.lists(st.sampled_from(WORDS), min_size=1, max_size=10).map(" ".join)


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    """A line of a real configuration with a word exchanged, left out or doubled, or cut short."""
    words = draw(lines).split(" ")
    at = draw(st.integers(0, len(words) - 1))
    how = draw(st.sampled_from(["exchange", "drop", "double", "cut", "no"]))
    if how == "exchange":
        words[at] = draw(st.sampled_from(WORDS) | st.text(max_size=8))
    elif how == "drop":
        del words[at]
    elif how == "double":
        words.insert(at, words[at])
    elif how == "cut":
        return " ".join(words)[: draw(st.integers(0, 40))]
    else:
        words.insert(0, "no")
    return " ".join(words)


texts = st.lists(lines | mutilated() | jumble | anything, max_size=25).map("\n".join)


def everything(text: str) -> Reading:
    """Read it, and do with it all that can be done."""
    found = read(text, "a.cfg")
    check(found)
    render_all(found.errors)
    for error in found.errors:
        assert isinstance(error, Slip)
        error.asa_answer()
    for part in PARTS:
        running_config(found.config, part, all=True)
    for access_list in found.config.access_lists.values():
        for line in access_list.lines:
            if len(line.sources) * len(line.destinations) * len(line.services) < 1000:
                [ace.text for ace in line.aces]
    return found


@given(anything)
def test_no_text_makes_the_reader_raise(text: str) -> None:
    everything(text)


@given(texts)
def test_no_mutilated_configuration_makes_the_reader_raise(text: str) -> None:
    everything(text)


@given(texts)
def test_every_place_is_inside_the_text(text: str) -> None:
    found = read(text, "a.cfg")
    count = len(found.config.lines)
    for error in found.errors:
        assert 1 <= error.span.line <= max(error.span.line, error.span.last_line) <= count
        assert 1 <= error.span.column < error.span.end_column
    for one in found.support:
        assert 1 <= one.span.line <= count
    for undefined in found.undefined:
        assert 1 <= undefined.span.column <= undefined.span.end_column


@given(texts)
def test_a_line_is_told_once_at_most_unless_it_is_several_commands(text: str) -> None:
    found = read(text, "a.cfg")
    erroneous = {line for error in found.errors for line in error.span.lines}
    told = [one.span.line for one in found.support]
    inline = {one.span.line for one in found.support if re.search(r"policy\s+\d+\s+\w", one.span.text)}
    assert not erroneous & set(told)
    assert len(told) == len(set(told)) or inline


@given(texts)
def test_what_was_read_can_be_printed_with_keys_and_read_without_a_mistake(text: str) -> None:
    config = read(text, "a.cfg").config
    again = read(with_keys(config), "b.cfg")
    # A list of transform sets that contains commands reads as commands run together, and rightly so.
    assert [error for error in again.errors if "run together" not in error.message] == []


KEY = "Zq9-never-shown"


@given(st.lists(lines | mutilated(), max_size=6), st.sampled_from([
    f" pre-shared-key {KEY}", f" ikev1 pre-shared-key {KEY}", f"crypto isakmp key {KEY} address 10.0.0.1",
    f"username u password {KEY}", f" key {KEY}", f"snmp-server community {KEY}", f"enable password {KEY} level 15",
]), st.lists(lines | mutilated(), max_size=6))  # fmt: skip
def test_a_key_is_never_shown_wherever_it_stands(before: list[str], line: str, after: list[str]) -> None:
    found = read("\n".join([*before, line, *after]), "a.cfg")
    shown = [render_all(found.errors), repr(found), *map(str, check(found)), *(one.text for one in found.config.lines)]
    assert not any(KEY in text for text in shown)


LONG = [
    ("a" * 100_000, "one word"),
    ("a " * 50_000, "words"),
    ("crypto map M 10 set transform-set " + "T " * 50_000, "a list"),
    ("nat (a,b) source static any any " + "dns " * 50_000, "options"),
    ("access-list A permit tcp any any eq " + "9" * 100_000, "a number"),
    ("crypto isakmp policy " + "9" * 100_000, "another number"),
    ("key-" * 25_000, "almost a key"),
    ("x\x08" * 50_000, "backspaces"),
    ("a" * 50_000 + "\x08" * 50_000, "late backspaces"),
    ("a" * 99_999 + "#", "a prompt"),
    ("\x1b[" * 50_000, "escapes"),
    ("255." * 25_000, "octets"),
    ("crypto map M 10 set peer\n" * 3000, "incomplete lines"),
    ("set\n" * 5000, "lines that could be the rest of others"),
    ("object-group network G\n group-object G\n" * 1000, "a group in itself"),
    (
        "\n".join(f"object-group network G{n}\n group-object G{n + 1}\n group-object G{n + 1}" for n in range(40)),
        "doubling",
    ),
    ("\n".join(f"object-group network G{n}\n group-object G{n + 1}" for n in range(2000)), "deep groups"),
]


@pytest.mark.parametrize("text", [text for text, _ in LONG], ids=[name for _, name in LONG])
def test_hostile_text_is_read_in_a_moment(text: str) -> None:
    start = process_time()
    everything(text)
    assert process_time() - start < 3


def test_a_line_of_too_many_words_is_not_recognised() -> None:
    found = read("crypto map M 10 set transform-set " + "T " * 1000, "a")
    assert [one.support for one in found.support] == [Support.UNRECOGNISED]
