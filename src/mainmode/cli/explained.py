"""What `explain` and the page of `web` have in common: logs and configurations in, a report out.

Knows how the explainer's parts go together, and that both configurations can be tried in the lab; no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mainmode.cli.common import Unusable, as_configuration, as_json, recognised

if TYPE_CHECKING:
    from mainmode.config.model import Config
    from mainmode.config.reader import Reading
    from mainmode.events import Entry
    from mainmode.explain.diagnosis import Diagnosis
    from mainmode.explain.ladder import Ladder
    from mainmode.explain.paste import Source
    from mainmode.explain.report.text import Side
    from mainmode.language import Lang

CHUNK: Final = 1 << 16

LADDERS_DRAWN: Final = 4
"""Ladders in the text form; a month of syslog has thousands, and the JSON form has them all."""

UNREAD_SHOWN: Final = 5


class Configuration(NamedTuple):
    """One box's, without mistakes."""

    reading: Reading
    text: str


def configurations(texts: Iterable[tuple[str, str]]) -> list[Configuration]:
    """Configurations by name and text. Unusable if one is none, or for all the mistakes in all of them."""
    from mainmode.config.errors import render_all

    given = [Configuration(as_configuration(text, name), text) for name, text in texts]
    mistakes = [error for one in given for error in one.reading.errors]
    if mistakes:
        raise Unusable(render_all(mistakes))
    return given


def read_log(start: bytes, chunks: Iterable[bytes], path: str) -> Source:
    """One log, in pieces of which `start` is the first. Unusable if there is nothing of a VPN in it, with what it
    seems to be instead."""
    from mainmode.explain.paste import PATIENCE, binary, decoded, read_source

    if not start.strip():
        raise Unusable(f"{path}: the file is empty; expected an ASA's debug, syslog or show output")
    if binary(start):
        raise Unusable(f"{path}: this is no text; expected an ASA's debug, syslog or show output")
    source = read_source(decoded(chunks), path)
    if not source.recognised and _is_configuration(start, path):
        raise Unusable(f"{path}: this is a configuration; give it with --config, and a log to explain")
    if not source.statements and not source.shown:
        looked_at = f"none of its first {source.lines} lines" if source.lines > PATIENCE else "no line of it"
        raise Unusable(f"{path}: {looked_at} is an ASA's IKE or IPsec debug, syslog or show output")
    return source


def _is_configuration(start: bytes, path: str) -> bool:
    from mainmode.config.reader import read

    reading = read(start.decode("utf-8-sig", errors="replace"), path)
    return recognised(reading) > len(reading.support) // 2


@dataclass(frozen=True, slots=True)
class Explained:
    """What came of it, and how it is written."""

    sources: Sequence[Source]
    sides: Sequence[Side]
    diagnoses: Sequence[Diagnosis]
    configurations: Sequence[Configuration]

    @property
    def failed(self) -> bool:
        """Whether something is wrong, be it known what or not."""
        return any(one.failure for one in self.diagnoses) or _ended_badly(self.sides)

    def as_html(self, lang: Lang, *, back: str = "") -> str:
        """The page; with `back`, it leads back to that address."""
        from mainmode.explain.report import html

        listings = [html.Listing.of(*one) for one in self.configurations]
        return html.explain(self.sides, self.diagnoses, listings=listings, sources=self.sources, lang=lang, back=back)

    def as_text(self, lang: Lang, *, width: int | None = None, colour: bool = False) -> str:
        """The diagnoses, most likely first; the ladders; what could not be read."""
        from mainmode.explain.report.diagnoses import as_text
        from mainmode.explain.report.escape import plain
        from mainmode.explain.report.strings import words
        from mainmode.explain.report.text import picture, render

        say = words(lang)
        names = [source.path for source in self.sources]
        blocks = [plain(as_text(diagnosis, names, lang)) for diagnosis in self.diagnoses]
        for source, side in zip(self.sources, self.sides, strict=True):
            count = len(side.ladder.negotiations)
            if 0 < count <= LADDERS_DRAWN:
                blocks.append(render(picture(side, width=width, lang=lang), width=width, colour=colour).rstrip("\n"))
            said = say(
                "text.said",
                path=source.path,
                lines=source.lines,
                statements=source.statements,
                dialect=source.dialect or say("text.dialect.none"),
                recognised=source.recognised,
                found=say("text.once") if count == 1 else say("text.times", count=count),
            )
            unread = [say("text.unread", line=one.line, text=one.text[:120]) for one in source.unread[:UNREAD_SHOWN]]
            if source.unread_count > UNREAD_SHOWN:
                unread.append(say("text.unread.more", count=source.unread_count - UNREAD_SHOWN))
            blocks.append(plain("\n".join([said, *unread])))
        if not self.diagnoses:
            established = sum(n.outcome == "established" for side in self.sides for n in side.ladder.negotiations)
            blocks.append(say("text.nothing.wrong" if established else "text.no.cause"))
        return "\n\n".join(blocks) + "\n"

    def as_json(self, lang: Lang) -> str:
        from mainmode.explain.report.diagnoses import as_object
        from mainmode.explain.report.json import SCHEMA, negotiations

        return as_json(
            {
                "schema": SCHEMA,
                "sources": [
                    {
                        "path": source.path,
                        "lines": source.lines,
                        "statements": source.statements,
                        "recognised": source.recognised,
                        "dialect": source.dialect,
                        "unread": [{"line": one.line, "text": one.text} for one in source.unread],
                        "unread_count": source.unread_count,
                        "others": source.others,
                    }
                    for source in self.sources
                ],
                "negotiations": [
                    found
                    for number, side in enumerate(self.sides)
                    for found in negotiations(side.ladder, side.entries, side.origins, source=number)
                ],
                "diagnoses": [as_object(one, lang) for one in self.diagnoses],
            }
        )


def explained(sources: Sequence[Source], given: Sequence[Configuration]) -> Explained:
    """What went wrong in these logs. With two configurations every mend is tried in the lab."""
    from mainmode.explain import shown
    from mainmode.explain.diagnose import diagnose, owners
    from mainmode.explain.fixes import verified
    from mainmode.explain.ladder import build

    entries = [source.entries for source in sources]
    ladders = [build(one) for one in entries]
    shows = [one for number, source in enumerate(sources) for one in shown.read(source.shown, number)]
    configs = [one.reading.config for one in given]
    diagnoses = diagnose(entries, configs, ladders=ladders, shown=shows)
    if len(given) == 2:
        from mainmode.cli.trial import comes_up

        diagnoses = verified(diagnoses, {"a": given[0].text, "b": given[1].text}, comes_up)
    sides = [
        _side(source, found, config)
        for source, found, config in zip(sources, ladders, owners(entries, ladders, configs), strict=True)
    ]
    return Explained(sources, sides, diagnoses, given)


def _ended_badly(sides: Sequence[Side]) -> bool:
    """Whether the last negotiation with some peer failed, or broke off, without a diagnosis to say why."""
    last = {found.peer: found.outcome for side in sides for found in side.ladder.negotiations}
    return any(outcome == "failed" for outcome in last.values())


def _side(source: Source, ladder: Ladder, config: Config | None) -> Side:
    """One log laid out, and traced to the configuration of the box that said it."""
    from mainmode.explain.origins import trace
    from mainmode.explain.report.escape import plain
    from mainmode.explain.report.text import Side

    origins = trace(ladder, source.entries, config) if config is not None else ()
    spoken = [_as_printed(entry) for entry in source.entries]
    return Side(plain(Path(source.path).name), source.entries, spoken, ladder, origins)


def _as_printed(entry: Entry) -> str:
    """The line as it was pasted; what was wrapped or is a record stands as the box prints it."""
    from mainmode.words import speak

    where = entry.where
    return where.text if where is not None and len(where.lines) == 1 else speak(entry)
