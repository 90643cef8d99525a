"""A paste that is cut short: whatever is left of it, nothing raises, and no cause is certain that is not the cause."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain, zip_longest

import pytest

from mainmode.explain import ladder, paste, shown
from mainmode.explain.diagnose import diagnose
from mainmode.explain.diagnosis import Diagnosis
from mainmode.words import Dialect, speak
from tests.explain.logs import document, lab, site
from tests.explain.test_paste import DAMAGES, TIME, plain
from tests.paths import SHARED

CUTS = 8
"""Places at which a paste is cut for its end and middle, and a damaged one for its beginning; one that is undamaged is
cut for its beginning at every line."""

OTHER_PEER = "203.0.113.9"

BROKEN: dict[str, tuple[str, tuple[str, str]]] = {
    "policy": ("b", (" group 2\n", " group 5\n")),
    "key": ("b", (" ikev1 pre-shared-key cisco\n", " ikev1 pre-shared-key other\n")),
    "tunnel-group": ("b", ("tunnel-group 10.0.0.1 ", "tunnel-group 10.0.0.11 ")),
    "access-list": ("b", ("192.168.1.0 255.255.255.0", "192.168.1.0 255.255.255.128")),
    "transform-set": ("b", ("esp-aes esp-sha-hmac", "esp-aes-256 esp-sha-hmac")),
    "crypto map": ("b", ("crypto map MAP interface outside\n", "")),
}
"""What is changed at which site."""

LOGS = [
    *(("document", run) for run in ("initiator", "responder") if SHARED.is_dir()),
    *((name, side) for name in BROKEN for side in "ab"),
]


@cache
def said(name: str, side: str, dialect: Dialect) -> tuple[str, ...]:
    """The statements of one side of a run."""
    if name == "document":
        return tuple(speak(entry, dialect) for entry in document(side))
    changed, edit = BROKEN[name]
    sites = {one: site(one, edit) if one == changed else site(one) for one in "ab"}
    result = lab(sites["a"], sites["b"])
    assert not result.established
    return tuple(speak(entry, dialect) for entry in result.sites["ab".index(side)].entries)


def syslog(lines: Sequence[str]) -> str:
    return plain([f"<167>{TIME.format(number // 10)} fw1 : {line}" for number, line in enumerate(lines)])


def in_a_session(lines: Sequence[str]) -> str:
    between = ("ciscoasa# show clock", "<--- More --->", "ciscoasa#", "08:13:22.119 UTC Tue Jul 4 2023")
    return plain([text for number, line in enumerate(lines) for text in (line, between[number % len(between)])])


def two_peers(lines: Sequence[str]) -> str:
    """A second negotiation between its lines: the document's, with another peer; it comes up."""
    other = [re.sub(r"10\.0\.0\.\d+", OTHER_PEER, speak(entry)) for entry in lab().sites[0].entries]
    return plain([one for pair in zip_longest(lines, other) for one in pair if one is not None])


SHAPES: dict[str, tuple[Dialect, Callable[[list[str]], str]]] = {
    "none": (Dialect.COLON, plain),
    "9.x": (Dialect.NINE, plain),
    "syslog": (Dialect.SYSLOG, syslog),
    "wrapped at 72": (Dialect.COLON, DAMAGES["wrapped at 72"]),
    "HTML": (Dialect.COLON, DAMAGES["HTML"]),
    "CRLF and BOM": (Dialect.COLON, lambda lines: "\ufeff" + DAMAGES["CRLF"](lines)),
    "times": (Dialect.COLON, DAMAGES["times"]),
    "a session": (Dialect.COLON, in_a_session),
    "Markdown quotation": (Dialect.NINE, DAMAGES["Markdown quotation"]),
    "two peers": (Dialect.COLON, two_peers),
}


def causes(text: str) -> list[Diagnosis]:
    source = paste.read_source(paste.decoded([text.encode()]), "pasted")
    laid = ladder.build(source.entries)
    found = diagnose([source.entries], ladders=[laid], shown=shown.read(source.shown))
    return [one for one in found if one.failure]


def cuts(text: str, shape: str, seed: str) -> Iterator[str]:
    """Beginnings, ends and middles of a paste, at lines."""
    lines = text.splitlines(keepends=True)
    places = range(1, len(lines))
    chance = random.Random(f"{shape} {seed}")
    chosen = chance.sample(places, min(CUTS, len(places)))
    for place in places if shape == "none" else chosen:
        yield "".join(lines[:place])
    for place in chosen:
        yield "".join(lines[place:])
        other = chance.choice(places)
        yield "".join(lines[min(place, other) : max(place, other)])


@pytest.mark.parametrize(("name", "side"), LOGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_cut_paste_names_no_wrong_cause_for_certain(shape: str, name: str, side: str) -> None:
    dialect, damage = SHAPES[shape]
    whole = {one.rule for one in causes(plain(list(said(name, side, Dialect.COLON))))}
    text = damage(list(said(name, side, dialect)))
    wrong = {
        one.rule: cut
        for cut in chain([text], cuts(text, shape, f"{name} {side}"))
        for one in causes(cut)
        if one.certainty == "certain" and one.rule not in whole
    }
    assert not wrong, {rule: (len(cut.splitlines()), cut[:200], cut[-400:]) for rule, cut in wrong.items()}


def test_a_whole_paste_of_each_broken_pair_is_explained() -> None:
    for name in BROKEN:
        assert any(causes(plain(list(said(name, side, Dialect.COLON)))) for side in "ab"), name
