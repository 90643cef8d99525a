"""The page's parts without a server: whose requests are heard, forms in pieces, languages, words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from itertools import pairwise
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.explain.report.strings import LANGUAGES
from mainmode.language import Lang
from mainmode.shell.web import form as form_module
from mainmode.shell.web.exchange import Answer, Asked, Document, pack, pack_answer, unpack, unpack_answer
from mainmode.shell.web.form import MAX_PARTS, FormReader, asked
from mainmode.shell.web.guard import Guard, is_loopback
from mainmode.shell.web.language import preferred
from mainmode.shell.web.refusal import Refusal
from mainmode.shell.web.strings import STRINGS
from tests.web.server import FORM, Part, encoded, pasted, uploaded


def guard(listen: str = "127.0.0.1") -> Guard:
    return Guard.of(listen, os.urandom)


# --- whose requests are heard -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listen", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8500"),
        ("127.0.0.1", "localhost:8500"),
        ("127.0.0.1", "LOCALHOST"),
        ("127.0.0.1", "localhost:9000"),  # through an SSH tunnel
        ("::1", "[::1]:8500"),
        ("::1", "[0:0:0:0:0:0:0:1]:8500"),
        ("127.0.0.2", "127.0.0.2:8500"),
        ("jump.example", "jump.example:8500"),
        ("0.0.0.0", "192.0.2.7:8500"),
        ("::", "[2001:db8::7]:8500"),
    ],
)
def test_a_name_of_ours_is_heard(listen: str, host: str) -> None:
    guard(listen).check_host({"host": host})


@pytest.mark.parametrize(
    ("listen", "host"),
    [
        ("127.0.0.1", "evil.example:8500"),
        ("127.0.0.1", "localhost.evil.example"),
        ("127.0.0.1", "127.0.0.1.evil.example"),
        ("127.0.0.1", "127.0.0.1@evil.example"),
        ("127.0.0.1", "127.0.0.1, evil.example"),
        ("127.0.0.1", "192.0.2.7:8500"),
        ("127.0.0.1", "127.1"),
        ("127.0.0.1", "[::1"),
        ("127.0.0.1", "[evil]:8500"),
        ("127.0.0.1", ""),
        ("0.0.0.0", "evil.example:8500"),
    ],
)
def test_another_name_is_refused(listen: str, host: str) -> None:
    with pytest.raises(Refusal) as refused:
        guard(listen).check_host({"host": host})
    assert refused.value.status == 421
    with pytest.raises(Refusal):
        guard(listen).check_host({})


OWN = "http://127.0.0.1:8500"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OWN, "sec-fetch-site": "same-origin"},
        {"origin": OWN},
        {"sec-fetch-site": "same-origin"},
        {},
    ],
)
def test_a_form_of_our_own_page_is_heard(headers: Mapping[str, str]) -> None:
    guard().check_origin({"host": "127.0.0.1:8500", **headers})


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": OWN, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},  # another port of this machine
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://localhost:8500"},
        {"origin": "https://127.0.0.1:8500"},
        {"origin": "null"},
        {"origin": ""},
    ],
)
def test_a_form_of_another_page_is_refused(headers: Mapping[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        guard().check_origin({"host": "127.0.0.1:8500", **headers})
    assert refused.value.status == 403


def test_a_token_holds_for_one_server_and_is_not_printed() -> None:
    one, other = guard(), guard()
    one.check_token(one.token.reveal())
    for wrong in (other.token.reveal(), one.token.reveal()[:-1], b""):
        with pytest.raises(Refusal):
            one.check_token(wrong)
    assert one.token.reveal().decode() not in repr(one)
    assert len(one.token) == 64


@pytest.mark.parametrize(
    ("listen", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
    ],
)
def test_only_what_this_machine_alone_reaches_is_local(listen: str, local: bool) -> None:
    assert is_loopback(listen) is local


# --- forms --------------------------------------------------------------------------------------------------------


def read_whole(body: bytes, *cuts: int) -> list[Part]:
    reader = FormReader(FORM)
    edges = [0, *sorted({cut % (len(body) + 1) for cut in cuts}), len(body)]
    for start, end in pairwise(edges):
        reader.feed(body[start:end])
    return [(part.name, part.file, bytes(part.content)) for part in reader.finish()]


NAMES = st.text(st.characters(exclude_categories=["C"], exclude_characters='"\\;'), min_size=1, max_size=12)
PARTS = st.lists(st.tuples(NAMES, st.none() | NAMES, st.binary(max_size=200)), max_size=8)


@given(PARTS, st.lists(st.integers(0, 5000), max_size=12))
def test_a_form_is_the_same_in_whatever_pieces_it_arrives(parts: list[Part], cuts: list[int]) -> None:
    boundary = FORM.partition("=")[2].encode()
    parts = [part for part in parts if boundary not in part[2]]
    assert read_whole(encoded(parts), *cuts) == parts


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: encoded([("a", None, b"x")])[:-9] + tail))
def test_a_form_of_any_octets_is_read_or_refused(body: bytes) -> None:
    with suppress(Refusal):
        read_whole(body)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; boundary=x"],
)
def test_what_is_no_form_with_files_is_refused(content_type: str) -> None:
    with pytest.raises(Refusal) as refused:
        FormReader(content_type)
    assert refused.value.status == 415


def test_a_form_ends_at_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal) as refused:
        read_whole(encoded([(f"field{number}", None, b"") for number in range(MAX_PARTS + 1)]))
    assert (refused.value.status, refused.value.values) == (413, {"count": MAX_PARTS})
    with pytest.raises(Refusal) as refused:
        read_whole(encoded([("a" * 100_000, None, b"")]))
    assert refused.value.status == 400
    monkeypatch.setattr(form_module, "LIMIT", 1 << 20)
    read_whole(encoded([("log-a", None, bytes((1 << 20) - 200))]))
    with pytest.raises(Refusal) as refused:
        read_whole(encoded([("log-a", None, bytes(1 << 20))]))
    assert (refused.value.status, refused.value.values) == (413, {"limit": 1})


def documents(*parts: Part) -> list[tuple[str, str, bytes]]:
    reader = FormReader(FORM)
    reader.feed(encoded(parts))
    return [(one.kind, one.name, one.content) for one in asked(reader.finish(), "en", "/").documents]


def test_pastes_and_files_of_both_sides_become_documents_with_a_name_each() -> None:
    assert documents(
        pasted("config-b", "two"),
        uploaded("log-a", "asa.log", b"1\r\n"),
        uploaded("log-b", "C:\\logs\\asa.log", b"2"),
        uploaded("log-b", "../../etc/asa.log", b"3"),
        uploaded("config-a", "\u202e\x07.cfg", b"one"),
        pasted("log-a", "pasted\r\nlines\r\n"),
        pasted("log-b", " \r\n"),  # nothing was pasted
        uploaded("config-b", "", b""),  # nothing was chosen
    ) == [
        ("log", "asa.log", b"1\r\n"),
        ("log", "a.log", b"pasted\nlines\n"),
        ("log", "2-asa.log", b"2"),
        ("log", "3-asa.log", b"3"),
        ("configuration", "\ufffd\ufffd.cfg", b"one"),
        ("configuration", "b.cfg", b"two"),
    ]


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ([], "refused.empty"),
        ([pasted("config-a", "hostname a"), pasted("log-a", "\r\n")], "refused.empty"),
        ([pasted("log-a", "x"), pasted("config-a", "y"), uploaded("config-a", "y.cfg", b"y")], "refused.twice"),
    ],
)
def test_a_form_without_a_log_or_with_a_configuration_twice_is_refused(parts: list[Part], key: str) -> None:
    with pytest.raises(Refusal) as refused:
        documents(*parts)
    assert (refused.value.status, refused.value.key) == (422, key)


DOCUMENTS = st.builds(Document, st.sampled_from(["log", "configuration"]), st.text(max_size=9), st.binary())
ASKED = st.builds(
    Asked,
    st.lists(DOCUMENTS, max_size=5).map(tuple),
    st.sampled_from(["page", "file", "text"]),
    st.sampled_from(LANGUAGES),
    st.text(max_size=9),
)


@given(ASKED, st.integers(1, 1000))
def test_what_is_asked_for_comes_through_a_pipe_whole_or_not_at_all(wanted: Asked, lost: int) -> None:
    octets = b"".join(pack(wanted))
    assert unpack(BytesIO(octets)) == wanted
    with pytest.raises(ValueError):
        unpack(BytesIO(octets[: -min(lost, len(octets))]))


ANSWERS = st.builds(
    Answer, st.integers(200, 599), st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=9)
)


@given(ANSWERS)
def test_an_answer_comes_through_a_pipe(answer: Answer) -> None:
    assert unpack_answer(pack_answer(answer)) == answer


# --- languages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("", "en"),
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en-US;q=0.8,en;q=0.7", "ja"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("de-DE,de;q=0.9,ja;q=0.5,en;q=0.1", "ja"),
        ("fr, de", "en"),
        ("ja;q=0", "en"),
        ("ja;q=0.1, en ; q=1.000", "en"),
        ("ja;q=nonsense", "en"),
        (",;,ja", "ja"),
        ("*", "en"),
    ],
)
def test_the_language_is_what_the_browser_likes_best(accepted: str, lang: Lang) -> None:
    assert preferred(accepted, "en") == lang


@given(st.text())
def test_a_header_of_any_text_gives_a_language(accepted: str) -> None:
    assert preferred(accepted, "ja") in LANGUAGES


def test_every_sentence_is_there_in_both_languages_and_speaks_of_the_same_things() -> None:
    for key, sentence in STRINGS.items():
        said = {lang: {name for _, name, _, _ in Formatter().parse(sentence.to(lang)) if name} for lang in LANGUAGES}
        assert said["en"] == said["ja"], key
        assert sentence.to("en") != sentence.to("ja"), key
