"""The guide is there in Japanese, all of it, with the same commands and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from tests.docs.blocks import CODE, LINK
from tests.docs.test_build import DOCS, built_once

CATALOGUES = DOCS / "locale" / "ja" / "LC_MESSAGES"
NAMES = ["index", *(f"guide/{path.stem}" for path in sorted((DOCS / "guide").glob("*.md")))]
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def messages(path: Path) -> list[Message]:
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the English pages say now, as catalogues without translations."""
    return built_once(tmp_path_factory, "gettext", ("-b", "gettext", "pot")) / "pot"


@pytest.mark.parametrize("name", NAMES)
def test_a_catalogue_has_what_the_english_page_says_and_no_more(name: str, templates: Path) -> None:
    # If it has not: `make messages`, and translate what is new.
    english = [message.id for message in messages(templates / f"{name}.pot")]
    assert [message.id for message in messages(CATALOGUES / f"{name}.po")] == english


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_guide_is_untranslated_or_doubtful(name: str) -> None:
    for message in messages(CATALOGUES / f"{name}.po"):
        assert message.string, message.id
        assert not message.fuzzy, message.id
        # Names, numbers and commands are the same in both languages; a sentence is not.
        words = re.findall(r"[a-z]{3,}", CODE.sub("", LINK.sub("", str(message.id))))
        assert JAPANESE.search(str(message.string)) or len(words) < 2, message.id


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_links_are_the_same_in_both_languages(name: str) -> None:
    for message in messages(CATALOGUES / f"{name}.po"):
        english, japanese = str(message.id), str(message.string)
        assert sorted(CODE.findall(japanese)) == sorted(CODE.findall(english)), english
        assert sorted(LINK.findall(japanese)) == sorted(LINK.findall(english)), english


def test_there_is_no_catalogue_of_a_page_that_went() -> None:
    there = {path.relative_to(CATALOGUES).with_suffix("").as_posix() for path in CATALOGUES.rglob("*.po")}
    assert there - {"sphinx"} == set(NAMES)
