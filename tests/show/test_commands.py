"""What a user may type: beginnings of words, and what an ASA answers to what is no command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.show import show
from mainmode.show.commands import ADDRESS, COMMANDS, Command
from tests.life.world import World
from tests.show.tunnels import pinged, shown

UP = pinged()
IDLE = World()
"""Its site a is called `site-a`, so its prompt has eight characters: `site-a# `."""


def typed(command: Command) -> str:
    return " ".join(command.words).replace(ADDRESS, "10.0.0.2")


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("sh cry isa sa", "show crypto isakmp sa"),
        ("sh cry is sa", "show crypto isakmp sa"),
        ("SH CRYPTO IKEv1 SA DET", "show crypto ikev1 sa detail"),
        ("sh cry ipse sa peer 10.0.0.2", "show crypto ipsec sa peer 10.0.0.2"),
        ("  show\tcrypto  ips   s d ", "show crypto ipsec sa detail"),
        ("sh ips sa", "show crypto ipsec sa"),
        ("sh ip", "show ip address"),
        ("sh vpn d l", "show vpn-sessiondb detail l2l"),
        ("sh run cry m", "show running-config crypto map"),
        ("sh run all tun", "show running-config all tunnel-group"),
    ],
)
def test_any_unambiguous_beginning_of_a_word_will_do(short: str, full: str) -> None:
    assert shown(UP, "a", short) == shown(UP, "a", full)
    assert "ERROR" not in shown(UP, "a", full)


@pytest.mark.parametrize(
    ("command", "caret_under"),
    [
        ("frob", "frob"),
        ("show frob", "frob"),
        ("show  crypto frob sa", "frob"),
        ("show crypto ipsec sa peer 10.0.0", "10.0.0"),
        ("show crypto ipsec sa 10.0.0.2", "10.0.0.2"),
        ("show crypto isakmp sa detail more", "more"),
        ("show shows", "shows"),
        ("  show crypto isakmp sap", "sap"),
    ],
)
def test_a_caret_stands_under_the_first_word_that_does_not_fit_prompt_counted(command: str, caret_under: str) -> None:
    caret, error = shown(IDLE, "a", command).splitlines()
    screen = f"site-a# {command}"
    assert screen[caret.index("^") :].split()[0] == caret_under
    assert caret.strip() == "^"
    assert error == "ERROR: % Invalid input detected at '^' marker."


@pytest.mark.parametrize("command", ["", "show", "show crypto", "show crypto ipsec sa peer", "sh run all"])
def test_what_needs_more_words_is_incomplete(command: str) -> None:
    assert shown(IDLE, "a", command) == "ERROR: % Incomplete command\n"


def test_a_beginning_of_two_words_is_ambiguous() -> None:
    assert shown(IDLE, "a", "sh cry i sa") == 'ERROR: % Ambiguous command:  "sh cry i sa"\n'
    # `ip` is a word of its own, though `ipsec` begins with it.
    assert shown(IDLE, "a", "show ip").startswith("System IP Addresses:\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_every_command_prints_something_whether_there_are_sas_or_not(command: Command) -> None:
    for world in (UP, IDLE):
        for release in ("8.3", "9"):
            output = shown(world, "a", typed(command), release)  # type: ignore[arg-type]
            assert "ERROR" not in output
            assert output.endswith("\n") or "running-config" in command.words
            assert "cisco" not in output, "the pre-shared key"


def test_no_two_commands_have_the_same_words() -> None:
    assert len({command.words for command in COMMANDS}) == len(COMMANDS)


WORDS = st.sampled_from(sorted({word for command in COMMANDS for word in command.words}))
PIECES = st.one_of(WORDS, WORDS.flatmap(lambda word: st.integers(1, len(word)).map(lambda n: word[:n])), st.text())


@given(st.lists(PIECES).map(" ".join))
def test_whatever_is_typed_there_is_an_answer(command: str) -> None:
    site = UP.sites["a"]
    before = [sa.state for sa in site.gateway.ike_sas], site.gateway.wake_at
    assert isinstance(show(site.gateway, site.plane, command, UP.network.now), str)
    assert before == ([sa.state for sa in site.gateway.ike_sas], site.gateway.wake_at)
