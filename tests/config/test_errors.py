"""Rows of text and the mistakes found in it: line and column, what was expected, the repaired text."""

from __future__ import annotations

import pytest

from mainmode.config.errors import Slip, render, render_all
from mainmode.config.model import Support
from mainmode.config.reader import Reading, read
from tests.paths import SHARED, require


def mistakes(text: str) -> list[Slip]:
    errors = read(text, "a.cfg").errors
    assert all(isinstance(error, Slip) for error in errors)
    return [error for error in errors if isinstance(error, Slip)]


def only(text: str) -> Slip:
    found = mistakes(text)
    assert len(found) == 1, render_all(found)
    return found[0]


# --- the document, as printed -------------------------------------------------------------------------------------


def as_printed() -> Reading:
    path = SHARED / "seed" / "as-printed.cfg"
    require(path.is_file(), "the document's configuration lies beside the checkout")
    return read(path.read_text(), path.name)


def test_the_document_as_printed_has_exactly_its_three_slips() -> None:
    errors = as_printed().errors
    assert [(str(error), error.span.last_line) for error in errors] == [
        ("as-printed.cfg:20:36: two commands run together", 0),
        (
            "as-printed.cfg:21:22: the mask 255.255.255 is cut short: a mask has four octets;"
            " line 17 has 192.168.2.0 with 255.255.255.0",
            0,
        ),
        ("as-printed.cfg:22:80: incomplete command: it goes on in line 23", 23),
    ]


def test_each_slip_of_the_document_comes_with_its_repair() -> None:
    assert [error.repair for error in as_printed().errors] == [
        "  subnet 192.168.1.0 255.255.255.0\nobject network FOREIGN_NETWORK",
        "  subnet 192.168.2.0 255.255.255.0",
        "nat (inside,outside) source static INSIDE-RANGE INSIDE-RANGE destination static"
        " FOREIGN_NETWORK FOREIGN_NETWORK no-proxy-arp route-lookup",
    ]


def test_the_document_with_the_repairs_put_in_is_read_without_a_mistake() -> None:
    reading = as_printed()
    lines = [span.text for span in reading.config.lines]
    for error in reversed(reading.errors):
        lines[error.span.line - 1 : max(error.span.line, error.span.last_line)] = error.repair.split("\n")
    repaired = read("\n".join(lines), "repaired.cfg")
    assert repaired.errors == ()
    assert repaired.config.nat_rules[0].identity
    # Reading goes on behind a mistake as if it had been repaired.
    assert repaired.config.objects == reading.config.objects
    assert repaired.config.nat_rules == reading.config.nat_rules


# --- words that do not fit ----------------------------------------------------------------------------------------

WORD_ROWS = [
    # text, line, column, end column, part of what was expected
    ("crypto isakmp policy ten", 1, 22, 25, "<1-65535>"),
    ("crypto isakmp policy 65536", 1, 22, 27, "<1-65535>"),
    ("crypto isakmp policy 0", 1, 22, 23, "<1-65535>"),
    ("crypto isakmp policy 10\n encryption aes-512", 2, 13, 20, "aes-256"),
    ("crypto isakmp policy 10\n lifetime 119", 2, 11, 14, "<120-2147483647>"),
    ("crypto map M 10 set peer 10.0.0.256", 1, 26, 36, "A.B.C.D"),
    ("crypto map M 10 set peer 10.0.0", 1, 26, 32, "A.B.C.D"),
    ("crypto map M 10 match adress", 1, 23, 29, "address"),
    ("crypto map M 10 wibble", 1, 17, 23, "set"),
    ("crypto ipsec transform-set T esp-rot13 esp-sha-hmac", 1, 30, 39, "esp-3des"),
    ("crypto ipsec transform-set T esp-aes 256 esp-sha-hmac", 1, 38, 41, "esp-sha-hmac"),
    ("route outside 10.0.0.0 255.0.255.0 10.0.0.1", 1, 24, 35, "A.B.C.D (netmask)"),
    ("access-list A permit ip host 10.0.0.1 255.255.255.255 any", 1, 55, 58, "A.B.C.D (netmask)"),
    ("access-list A extended permit tcp any any eq 70000", 1, 46, 51, "a port"),
    ("interface GigabitEthernet0/0\n security-level 101", 2, 17, 20, "<0-100>"),
    ("tunnel-group G type ipsec-l2l\ntunnel-group G ipsec-attributes\n pre-shared-key a b", 3, 19, 20, "end of line"),
    ("object network O\n range 10.0.0.9 10.0.0.1", 2, 17, 25, "A.B.C.D"),
]


@pytest.mark.parametrize(("text", "line", "column", "end", "expected"), WORD_ROWS)
def test_the_first_word_that_does_not_fit_is_pointed_at(
    text: str, line: int, column: int, end: int, expected: str
) -> None:
    slip = only(text)
    assert (slip.span.line, slip.span.column, slip.span.end_column) == (line, column, end)
    assert expected in slip.expected
    assert slip.verdict == "invalid"


REPAIR_ROWS = [
    ("crypto map M 10 set pears 10.0.0.2", "crypto map M 10 set peer 10.0.0.2"),
    ("acess-list A permit ip any any", "access-list A permit ip any any"),
    ("crpyto map M interface outside", "crypto map M interface outside"),
    ("access-list A permit tpc any any", "access-list A permit tcp any any"),
    ("access-list A permit ip hots 10.0.0.1 any", "access-list A permit ip host 10.0.0.1 any"),
    ("access-list A permit tcp any any eq htpps", "access-list A permit tcp any any eq https"),
    ("access-list A permit ip 10.0.0.0 0.0.0.255 any", "access-list A permit ip 10.0.0.0 255.255.255.0 any"),
    ("object network O\n subnet 10.0.0.7 255.255.255.0", " subnet 10.0.0.0 255.255.255.0"),
    ("object network O\n subnet 10.0.0.0 255.255.", " subnet 10.0.0.0 255.255.0.0"),
    ("crypto isakmp policy 10\n authentication pre-shared", " authentication pre-share"),
]


@pytest.mark.parametrize(("text", "repair"), REPAIR_ROWS)
def test_what_was_probably_meant_is_offered_as_a_repair_and_read_as_if_it_stood_there(text: str, repair: str) -> None:
    assert only(text).repair == repair
    *before, _ = text.split("\n")
    assert read(text, "a").config == read("\n".join([*before, repair]), "a").config


def test_a_guess_is_called_a_guess() -> None:
    slip = only("object network O\n subnet 10.0.0.0 255.255.255")
    assert (slip.repair, "a guess" in slip.message) == (" subnet 10.0.0.0 255.255.255.0", True)


def test_a_word_that_could_be_anything_gets_no_repair() -> None:
    assert only("crypto map M 10 set peer 10.0.0.256").repair == ""


INCOMPLETE_ROWS = [
    ("crypto map M 10 set peer", 1, 25, "A.B.C.D"),
    ("crypto isakmp policy", 1, 21, "<1-65535>"),
    ("access-list A permit ip any   ", 1, 28, "any"),
    ("no crypto isakmp policy", 1, 24, "<1-65535>"),
    ("crypto map", 1, 11, "a name"),
]


@pytest.mark.parametrize(("text", "line", "column", "expected"), INCOMPLETE_ROWS)
def test_a_command_that_ends_too_soon_is_pointed_at_behind_its_end(
    text: str, line: int, column: int, expected: str
) -> None:
    slip = only(text)
    assert (slip.span.line, slip.span.column, slip.verdict) == (line, column, "incomplete")
    assert expected in slip.expected


def test_an_abbreviation_of_two_words_is_ambiguous() -> None:
    slip = only("crypto i policy 10")
    assert (slip.span.column, slip.verdict) == (8, "ambiguous")
    assert slip.expected.startswith("isakmp, ")


# --- commands run together, lines wrapped -------------------------------------------------------------------------

TOGETHER_ROWS = [
    ("hostname x crypto isakmp enable outside", 12, "hostname x\ncrypto isakmp enable outside"),
    ("hostname x no crypto isakmp nat-traversal", 12, "hostname x\nno crypto isakmp nat-traversal"),
    (
        "crypto isakmp enable outside crypto isakmp policy 10 hostname x",
        30,
        "crypto isakmp enable outside\ncrypto isakmp policy 10\nhostname x",
    ),
    (
        "crypto map M 10 set transform-set T crypto map M interface outside",
        37,
        "crypto map M 10 set transform-set T\ncrypto map M interface outside",
    ),
    (
        "no crypto isakmp nat-traversal crypto isakmp identity address",
        32,
        "no crypto isakmp nat-traversal\ncrypto isakmp identity address",
    ),
]


@pytest.mark.parametrize(("text", "column", "repair"), TOGETHER_ROWS)
def test_commands_on_one_line_are_told_apart_and_all_of_them_read(text: str, column: int, repair: str) -> None:
    slip = only(text)
    assert (slip.span.column, slip.repair) == (column, repair)
    assert "run together" in slip.message
    assert read(text, "a").config == read(repair, "a").config


def test_the_second_of_two_subcommands_keeps_the_indentation() -> None:
    slip = only("crypto isakmp policy 10\n  hash md5 group 5")
    assert slip.repair == "  hash md5\n  group 5"


WRAPPED_ROWS = [
    ("access-list A extended permit ip 10.0.0.0 255.255.255.0\n 10.1.0.0 255.255.255.0", " "),
    ("access-list A extended permit ip 10.0.0.0 255.2\n55.255.0 10.1.0.0 255.255.255.0", ""),
    ("crypto map M 10 set security-association\nlifetime\nseconds 3600", " "),
    ("nat (a,b) source static any any\nno-proxy-arp route-lookup", " "),
]


@pytest.mark.parametrize(("text", "glue"), WRAPPED_ROWS)
def test_a_command_a_terminal_has_wrapped_is_put_together_again(text: str, glue: str) -> None:
    slip = only(text)
    whole = glue.join(line.strip() for line in text.split("\n"))
    assert (slip.span.line, slip.span.last_line) == (1, text.count("\n") + 1)
    assert slip.repair == whole
    assert read(text, "a").config == read(whole, "a").config


def test_a_complete_line_takes_nothing_from_the_next() -> None:
    text = "nat (a,b) source static any any\nThe rule above\ncrypto map M 10 set transform-set T\nand so on"
    assert mistakes(text) == []


# --- what is no mistake -------------------------------------------------------------------------------------------

HARMLESS = [
    "In detail:",
    "The tunnel group is named after the peer.",
    "route the traffic of both offices through the tunnel, then test.",
    "- `crypto map` : glue",
    "> crypto map M 10",
    "crypto maps are bound to interfaces, one each.",
    "Show crypto settings:",
    "| crypto map | what |",
    "Access-list A permits",
    "in order to",
]


@pytest.mark.parametrize("line", HARMLESS)
def test_prose_is_not_recognised_and_no_mistake(line: str) -> None:
    found = read(line, "a")
    assert found.errors == ()
    assert [one.support for one in found.support] in ([], [Support.UNRECOGNISED], [Support.IGNORED])


def test_mistakes_of_a_routers_configuration_are_not_an_asas() -> None:
    text = "access-list 101 permit ip 10.0.0.0 0.0.0.255 any"
    assert len(mistakes(text)) == 1
    router = f"crypto isakmp key k address 1.1.1.1\n{text}\n"
    assert mistakes(router) == []
    assert len(mistakes(f"{router}tunnel-group 1.1.1.1 type ipsec-l2l\n{text}")) == 1


def test_a_block_whose_first_line_is_wrong_is_passed_over_and_the_rest_read() -> None:
    found = read("crypto isakmp policy ten\n encryption aes\n group 5\nhostname x", "a")
    assert len(found.errors) == 1
    assert found.config.hostname == "x"
    assert [one.support for one in found.support] == [Support.UNRECOGNISED, Support.UNRECOGNISED, Support.DONE]
    assert "line 1" in found.support[0].note


# --- how a mistake is shown ---------------------------------------------------------------------------------------


def test_a_mistake_is_shown_with_its_line_a_caret_and_the_repair() -> None:
    assert render(only("!\nobject network O\n\tsubnet 10.0.0.0 0.0.0.255")) == (
        "a.cfg:3:18: 0.0.0.255 is a wildcard mask, and an ASA takes netmasks; the same bits as a netmask\n"
        "  |\n"
        "3 |  subnet 10.0.0.0 0.0.0.255\n"
        "  |                  ^^^^^^^^^\n"
        "  = expected: A.B.C.D (netmask)\n"
        "  = repair:\n"
        "       subnet 10.0.0.0 255.255.255.0".replace("       subnet", "      \tsubnet")
    )


def test_the_asas_own_answer_points_at_the_same_word() -> None:
    slip = only(" crypto isakmp policy ten")
    typed = "ciscoasa(config)# crypto isakmp policy ten"
    caret, answer = slip.asa_answer().split("\n")
    assert typed.index("ten") == caret.index("^") == len(caret) - 1
    assert answer == "ERROR: % Invalid input detected at '^' marker."
    assert only("crypto map M 10 set peer").asa_answer() == "ERROR: % Incomplete command"
    assert only("crypto i policy 10").asa_answer() == 'ERROR: % Ambiguous command:  "i"'


def test_all_mistakes_of_a_file_come_at_once_in_order() -> None:
    text = "hostname x y\ncrypto map M 10 set peer\n\ncrypto isakmp policy 10\n hash sha512\n group 3\n"
    assert [slip.span.line for slip in mistakes(text)] == [1, 2, 5, 6]


@pytest.mark.parametrize(
    "line",
    [
        " pre-shared-key KEY another",
        " ikev1 pre-shared-key another KEY",
        " pre-shared-key KEY tunnel-group 10.0.0.3 type ipsec-l2l",
        " ikev1 pre-shared-key KEY crypto ikev1 enable outside",
        " pre-shared-keys KEY",
        " pre-shared-keyKEY",
        " ikev1 pre-shared-keyKEY",
        "crypto isakmp key KEY addres 10.0.0.1",
        " pre-shared-key\n KEY",
    ],
)
def test_no_mistake_shows_a_key(line: str) -> None:
    key = "ZuperZekret99"
    text = "tunnel-group 10.0.0.2 type ipsec-l2l\ntunnel-group 10.0.0.2 ipsec-attributes\n" + line.replace("KEY", key)
    found = read(text, "a.cfg")
    assert found.errors or found.support
    assert key not in render_all(found.errors)
    assert key not in repr(found)
    assert not any(key in span.text for span in found.config.lines)
