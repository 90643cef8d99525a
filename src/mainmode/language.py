"""The two languages that explanations come in. Debug lines and commands are translated nowhere."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Lang = Literal["en", "ja"]


class Text(NamedTuple):
    """The same sentence twice. Debug lines and commands in it are never translated."""

    en: str
    ja: str

    def to(self, lang: Lang) -> str:
        return self.ja if lang == "ja" else self.en

    def filled(self, **values: object) -> Text:
        return Text(self.en.format(**values), self.ja.format(**values))


NOTHING: Final = Text("", "")


def same(text: str) -> Text:
    """What reads alike in both: commands."""
    return Text(text, text)
