"""What stands behind a bar: which lines of an output are wanted, and that no pattern stops the gateway."""

from __future__ import annotations

import contextlib
import re
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.exec.filters import LONGEST, Filter

LINES = [
    "IKEv1 SAs:",
    "1   IKE Peer: 10.0.0.2",
    "    Type    : L2L             Role    : initiator ",
    "    Rekey   : no              State   : MM_ACTIVE ",
    "      #pkts encaps: 4, #pkts encrypt: 4, #pkts digest: 4",
]


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("include Peer|State", [1, 3]),
        ("inc peer", []),
        ("i ^1 ", [1]),
        ("i ^1", [1]),
        ("i SAs:$", [0]),
        (r"include 10\.0\.0\.[0-9]", [1]),
        ("i encaps: [1-9].*digest", [4]),
        ("i #pkts.*caps.*digest", [4]),
        ("i en[^a-b]aps", [4]),
        ("i S[.*A]s", [0]),
        (r"i \.*2$", [1]),
        ("exclude :", []),
        ("e IKE", [2, 3, 4]),
        ("grep Role", [2]),
        ("grep -v Role", [0, 1, 3, 4]),
        ("begin Type", [2, 3, 4]),
        ("b nowhere", []),
        ("i (", []),
        ("i [", []),
        ("i *", []),
    ],
)
def test_a_filter_keeps_these_lines(wanted: str, kept: list[int]) -> None:
    assert list(Filter.parse(f" {wanted}").of(LINES)) == [LINES[number] for number in kept]


@pytest.mark.parametrize("wanted", ["", " ", "include", "grep -v", "begin "])
def test_a_filter_without_its_words_is_incomplete(wanted: str) -> None:
    with pytest.raises(IndexError):
        Filter.parse(wanted)


@pytest.mark.parametrize("wanted", ["section x", "includes x", "include [z-a]", "include " + "x" * (LONGEST + 1)])
def test_what_is_no_filter_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Filter.parse(wanted)


PIECES = st.lists(st.sampled_from(["a", "b", ".", "[ab]", "[^a]"]).flatmap(
    lambda one: st.sampled_from([one, f"{one}*", f"{one}+", f"{one}?"])
), min_size=1, max_size=6)  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=3), st.text("abc", max_size=8), st.booleans(), st.booleans())
def test_a_pattern_finds_what_a_regular_expression_finds(
    branches: list[list[str]], line: str, from_start: bool, to_end: bool
) -> None:
    pattern = "|".join("^" * from_start + "".join(pieces) + "$" * to_end for pieces in branches)
    assert bool(list(Filter.parse(f"i {pattern}").of([line]))) == bool(re.search(pattern, line))


@pytest.mark.parametrize("pattern", ["a?" * 25 + "a" * 25, "a*" * 49 + "b", ".*" * 49 + "b", ".+.+.+.+b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    began = thread_time()
    assert list(Filter.parse(f"i {pattern}").of(["a" * 24] * 20)) == []
    assert thread_time() - began < 2  # a backtracking search takes years


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_a_filter_or_none(wanted: str, line: str) -> None:
    with contextlib.suppress(ValueError, IndexError):
        Filter.parse(wanted).fits(line)
