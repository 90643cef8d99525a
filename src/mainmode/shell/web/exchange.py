"""What the server asks of the process that explains, and what that answers, as octets. Knows no process.

request    {"answer": "page", "lang": "en", "back": "/", "documents": [{"kind": "log", "name": "a.log", "octets": 5}]}
           and after that line the documents, one behind the other
answer     {"status": 200, "key": ""}
           and after that line the text, in UTF-8
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal

from mainmode.language import Lang

Form = Literal["page", "file", "text"]
"""The report as a page to look at, as a file to keep, as text."""

FORMS: Final[tuple[Form, ...]] = ("page", "file", "text")

Kind = Literal["log", "configuration"]

FAILED: Final = 500
"""An answer's status when the explainer itself failed."""


@dataclass(frozen=True, slots=True)
class Document:
    """Something that was pasted, or a file."""

    kind: Kind
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    documents: tuple[Document, ...]
    form: Form
    lang: Lang
    back: str
    """Where the page leads back to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The report, or with a status that is not 200 the reason why there is none."""

    status: int
    text: str = field(repr=False)
    key: str = ""
    """The reason among the page's strings, where it is not the explainer's own sentence."""


def pack(asked: Asked) -> Iterator[bytes]:
    """The request in pieces: no second copy of what is large."""
    documents = [{"kind": one.kind, "name": one.name, "octets": len(one.content)} for one in asked.documents]
    head = {"answer": asked.form, "lang": asked.lang, "back": asked.back, "documents": documents}
    yield json.dumps(head).encode() + b"\n"
    for one in asked.documents:
        yield one.content


def unpack(stream: BinaryIO) -> Asked:
    """The request again. ValueError if it ends too soon."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise ValueError("the request ends in its first line")
    head = json.loads(line)
    documents = []
    for one in head["documents"]:
        content = stream.read(one["octets"])
        if len(content) < one["octets"]:
            raise ValueError("the request ends in a document")
        documents.append(Document(one["kind"], one["name"], content))
    return Asked(tuple(documents), head["answer"], head["lang"], head["back"])


def pack_answer(answer: Answer) -> bytes:
    head = json.dumps({"status": answer.status, "key": answer.key}).encode()
    return head + b"\n" + answer.text.encode("utf-8", "replace")


def unpack_answer(octets: bytes) -> Answer:
    """The answer again. ValueError if it is none: its process came to an early end."""
    head, _, text = octets.partition(b"\n")
    said = json.loads(head)
    return Answer(said["status"], text.decode(), said["key"])
