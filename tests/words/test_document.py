"""The source document's two debugs, statement by statement: read, and printed again as they stand."""

from __future__ import annotations

import re

import pytest

from mainmode.words import read, speak
from tests.paths import SHARED, require

require(SHARED.is_dir(), "the source document lies in the shared material, which is not there")

STATEMENTS = [
    (f"{run}:{number}", line)
    for run in ("initiator", "responder")
    for number, line in enumerate((SHARED / f"seed/{run}.debug").read_text().splitlines(), 1)
]

SEVERAL_BLANKS = ("Automatic NAT Detection Status: ", "data in ID Payload: ")
"""Texts in which an ASA prints several blanks and the document, being a web page, kept one."""


def test_the_document_has_245_statements() -> None:
    assert len(STATEMENTS) == 245


@pytest.mark.parametrize("statement", [line for _, line in STATEMENTS], ids=[place for place, _ in STATEMENTS])
def test_a_statement_is_read_and_printed_again(statement: str) -> None:
    entry = read(statement)
    assert entry is not None
    spoken = speak(entry)
    if "\n" in spoken or any(text in statement for text in SEVERAL_BLANKS):
        # A record of several lines stands on one in the document, its labels not aligned.
        spoken = re.sub(r" :", ":", " ".join(spoken.split())).replace("payloads:", "payloads :")
    assert spoken == statement.rstrip()
    assert read(spoken) == entry
