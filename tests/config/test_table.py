"""The table of commands: documented, unambiguous, and every abbreviation of a keyword does what the keyword does."""

from __future__ import annotations

import re

import pytest

from mainmode.config.commands import COMMANDS, GLOBAL, SWALLOW, trees
from mainmode.config.draft import Draft
from mainmode.config.grammar import Failure, Match, Walk
from mainmode.config.model import Support
from mainmode.config.reader import read
from mainmode.config.source import Line
from mainmode.config.values import KINDS
from tests.config.test_whole import TEXT


def test_every_command_is_documented_in_a_sentence() -> None:
    assert [one.syntax for one in COMMANDS if not re.fullmatch(r"[A-Z0-9`].*\.", one.doc)] == []


def test_a_command_does_what_its_state_claims() -> None:
    idle = [one for one in COMMANDS if not (one.apply or one.remove or one.enters)]
    assert [one.syntax for one in idle if one.support is Support.DONE] == []
    assert [one.syntax for one in COMMANDS if one.support is Support.IGNORED and one.apply] == []
    assert {one.enters for one in COMMANDS} <= {None, SWALLOW, *trees()}


def test_every_mode_that_is_opened_has_commands_and_every_mode_with_commands_is_opened() -> None:
    opened = {command.enters for command in COMMANDS} - {None, SWALLOW}
    assert opened | {GLOBAL} == set(trees())


def test_every_kind_of_value_is_used() -> None:
    used = set()
    for command in COMMANDS:
        for name, kind in re.findall(r"<([^:>]+):?([^>]*)>", command.syntax):
            used.add(kind or name)
    assert set(KINDS) <= used


def test_all_five_states_but_the_unrecognised_have_commands() -> None:
    assert {command.support for command in COMMANDS} == set(Support) - {Support.UNRECOGNISED}


def lines_with_keywords() -> list[str]:
    """A line for each shape of tunnel command in the whole configuration."""
    shapes = {}
    for line in TEXT.split("\n"):
        if line.startswith(("crypto", "tunnel-group", "access-list VPN", "nat", "object", "route ")):
            shapes.setdefault(re.sub(r"[A-Z0-9]\S*", "X", line), line)
    return list(shapes.values())


@pytest.mark.parametrize("text", lines_with_keywords())
def test_a_keyword_cut_short_is_the_keyword_or_ambiguous_or_a_word_of_its_own(text: str) -> None:
    line = Line("a", 1, text)
    tree = trees()[GLOBAL]
    found = Walk(tree, line, Draft("a", {})).run()
    assert isinstance(found, Match)
    for index in found.keyword_at:
        word = line.words[index]
        for short in (word[:length] for length in range(1, len(word))):
            again = Walk(tree, line.with_word(index, short), Draft("a", {})).run()
            if isinstance(again, Failure):
                assert again.ambiguous or again.at > index, short
            elif again.args != found.args:
                # Exactly another keyword (esp-aes), or where a name may stand a name.
                assert short in again.args.values() or short in again.args, short


ABBREVIATIONS = [
    ("cry map M 10 mat addr A", "crypto map M 10 match address A"),
    ("cry isa pol 10\n auth pre\n enc 3d\n ha sh\n gr 2\n li 86400", "crypto isakmp policy 10"),
    ("cry ipsec ikev1 tr T esp-3 esp-s", "crypto ipsec ikev1 transform-set T esp-3des esp-sha-hmac"),
    ("tunnel-group 10.0.0.2 ty ipsec-l2l", "tunnel-group 10.0.0.2 type ipsec-l2l"),
    ("no cry isa nat", "no crypto isakmp nat-traversal"),
    (
        "int gi0/0\n name inside\n secu 50\n ip add 10.0.0.1 255.0.0.0",
        "interface gi0/0\n nameif inside\n security-level 50\n ip address 10.0.0.1 255.0.0.0",
    ),
    ("CRYPTO MAP M 10 SET PFS", "crypto map M 10 set pfs"),
]


@pytest.mark.parametrize(("short", "long"), ABBREVIATIONS)
def test_an_abbreviated_configuration_is_the_same_configuration(short: str, long: str) -> None:
    found = read(short, "a")
    assert found.errors == ()
    assert found.config == read(long, "a").config


def test_a_name_that_begins_like_a_keyword_is_a_name() -> None:
    # `access-list alert-interval` is a command too.
    assert list(read("access-list a permit ip any any", "x").config.access_lists) == ["a"]
    assert list(read("access-list alert permit ip any any", "x").config.access_lists) == ["alert"]
