"""The form as it arrives, octet by octet, and what is asked for by it. Knows its fields and its limits, no connection.

The parts are kept in memory: a library's usual place for large ones is a temporary file, and nothing that is pasted
may come to lie in one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from mainmode.language import Lang
from mainmode.shell.web.exchange import FORMS, Asked, Document, Form, Kind
from mainmode.shell.web.language import chosen
from mainmode.shell.web.refusal import Refusal

LIMIT: Final = 64 << 20
"""Octets of one form: a day of debug in full, and still something that a browser can send from a text field. The
command line takes files of any size."""

MAX_PARTS: Final = 64
"""Fields and files of one form; more logs than that are no two ends of a tunnel."""

MAX_NAME: Final = 100
"""Characters of a file's name that are shown."""

SIDES: Final = ("a", "b")


@dataclass(slots=True)
class Part:
    """One field."""

    name: str
    file: str | None
    """What the file is called; None for what was typed or pasted."""
    content: bytearray = field(default_factory=bytearray, repr=False)


class FormReader:
    """Takes the body of one request in pieces. Each piece may be refused."""

    def __init__(self, content_type: str) -> None:
        """Refusal of what is no form with files in it."""
        kind, parameters = parse_options_header(content_type)
        boundary = parameters.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise Refusal(415, "refused.type")
        self.parts: list[Part] = []
        self._octets = 0
        self._ended = False
        self._header = b""
        self._value = b""
        self._disposition = b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise Refusal(400, "refused.form") from None

    def feed(self, octets: bytes) -> None:
        """The next piece of the body."""
        self._octets += len(octets)
        check_size(self._octets)
        try:
            self._parser.write(octets)
        except FormParserError:
            raise Refusal(400, "refused.form") from None

    def finish(self) -> list[Part]:
        """The fields, in their order. Refusal if the form is not whole."""
        if not self._ended:
            raise Refusal(400, "refused.form")
        return self.parts

    # -- what the parser finds --

    def _on_part_begin(self) -> None:
        if len(self.parts) == MAX_PARTS:
            raise Refusal(413, "refused.parts", count=MAX_PARTS)
        self._disposition = b""

    def _on_header_field(self, octets: bytes, start: int, end: int) -> None:
        self._header += octets[start:end]

    def _on_header_value(self, octets: bytes, start: int, end: int) -> None:
        self._value += octets[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        if b"name" not in parameters:
            raise Refusal(400, "refused.form")
        file = parameters.get(b"filename")
        self.parts.append(Part(_text(parameters[b"name"]), None if file is None else _text(file)))

    def _on_part_data(self, octets: bytes, start: int, end: int) -> None:
        self.parts[-1].content += octets[start:end]

    def _on_end(self) -> None:
        self._ended = True


def check_size(octets: int) -> None:
    """Refusal of a body of more than so many octets, counted or announced."""
    if octets > LIMIT:
        raise Refusal(413, "refused.size", limit=LIMIT >> 20)


def field_of(parts: list[Part], name: str) -> bytes:
    """The last value of a field; empty if it was not sent."""
    return next((bytes(part.content) for part in reversed(parts) if part.name == name and part.file is None), b"")


def language_of(parts: list[Part]) -> Lang | None:
    """The language that the report is wanted in."""
    return chosen(_text(field_of(parts, "lang")))


def asked(parts: list[Part], lang: Lang, back: str) -> Asked:
    """What is to be explained. Refusal if there is no log, or a configuration twice."""
    documents: list[Document] = []
    for side in SIDES:
        documents += _documents(parts, "log", f"log-{side}", f"{side}.log")
    if not documents:
        raise Refusal(422, "refused.empty")
    for side in SIDES:
        found = _documents(parts, "configuration", f"config-{side}", f"{side}.cfg")
        if len(found) > 1:
            raise Refusal(422, "refused.twice", side=side.upper())
        documents += found
    wanted = _text(field_of(parts, "answer"))
    form: Form = next((form for form in FORMS if form == wanted), "page")
    return Asked(tuple(_named_apart(documents)), form, lang, back)


def _documents(parts: list[Part], kind: Kind, field_name: str, pasted_name: str) -> list[Document]:
    """What stands in a text field, and the files beside it."""
    found = []
    for part in parts:
        if part.name == field_name and part.file is None and part.content.strip():
            # A browser sends every line's end as two characters, whatever was pasted (HTML, form submission).
            found.append(Document(kind, pasted_name, bytes(part.content).replace(b"\r\n", b"\n")))
        elif part.name == f"{field_name}-file" and part.file:
            found.append(Document(kind, _file_name(part.file), bytes(part.content)))
    return found


def _file_name(sent: str) -> str:
    """The last part of it, without what cannot be printed."""
    name = sent.replace("\\", "/").rpartition("/")[2]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name[:MAX_NAME]) or "file"


def _named_apart(documents: list[Document]) -> list[Document]:
    """Each with a name of its own: lines are cited by it."""
    taken: set[str] = set()
    apart = []
    for one in documents:
        name, number = one.name, 1
        while name in taken:
            number += 1
            name = f"{number}-{one.name}"
        taken.add(name)
        apart.append(Document(one.kind, name, one.content))
    return apart


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
