"""The pages of the rules as they stand under `docs/faults/`, and the list of them. Knows the table of rules.

The text of a page is `mainmode.explain.rules`'; here it gets its headline and a way to the other language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from docs.generate.markdown import NOTE, table
from mainmode.explain.rules import RULES, Rule
from mainmode.language import Lang

HEADS: dict[Lang, str] = {
    "en": """\
# Faults

{note}

[日本語](ja/README.md)

What `mainmode explain`, `lab` and `check` can name, in the order in which a negotiation can meet it. `mainmode rule NAME` prints a page. A *failure* is why a tunnel does
not come up, or carries nothing; a *note* may stand beside a tunnel that is up.""",
    "ja": """\
# 障害の一覧

{note}

[English](../README.md)

`mainmode explain`、`lab`、`check` が名前を挙げることのできる障害を、ネゴシエーションで出会う順に並べています。`mainmode rule NAME --lang ja` で各ページを表示できます。
「障害」はトンネルが確立しない、または通信できない原因です。「参考」はトンネルが確立していても付くことがあります。""",
}
PHASES: dict[str, dict[Lang, str]] = {
    "before MM1": {"en": "Before MM1", "ja": "MM1 より前"},
    "phase 1": {"en": "Phase 1", "ja": "フェーズ 1"},
    "phase 2": {"en": "Phase 2", "ja": "フェーズ 2"},
    "afterwards": {"en": "Afterwards", "ja": "確立後"},
}
COLUMNS: dict[Lang, tuple[str, str, str]] = {"en": ("rule", "kind", "what is said"), "ja": ("ルール", "種類", "見出し")}
KINDS: dict[bool, dict[Lang, str]] = {True: {"en": "failure", "ja": "障害"}, False: {"en": "note", "ja": "参考"}}
BLANKS: dict[Lang, dict[str, str]] = {
    "en": {"peer": "the other gateway", "message": "a message", "detail": ""},
    "ja": {"peer": "対向装置", "message": "メッセージ", "detail": ""},
}


def headline(rule: Rule, lang: Lang) -> str:
    """What is said of the rule when nothing is known of the case."""
    text = rule.headline.to(lang)
    if lang == "ja":
        text = re.sub(r" ?({\w+}) ?", r"\1", text)  # the blanks are for the addresses that stand there
    return re.sub(r" ?\(\)", "", text.format_map(BLANKS[lang]))


def _page(rule: Rule, lang: Lang) -> str:
    title, _, rest = rule.page(lang).partition("\n")
    said = headline(rule, lang)
    # English sentences of the table begin small: they stand behind a colon.
    said = said[0].upper() + said[1:] + ("." if lang == "en" else "。")
    other = f"[日本語](ja/{rule.name}.md)" if lang == "en" else f"[English](../{rule.name}.md)"
    return f"{title}\n\n{NOTE}\n\n{other}\n\n**{said}**\n{rest}"


def listing(lang: Lang) -> str:
    lines = [HEADS[lang].format(note=NOTE)]
    for phase in dict.fromkeys(rule.phase for rule in RULES.values()):
        rows = [
            (f"[`{rule.name}`]({rule.name}.md)", KINDS[rule.failure][lang], headline(rule, lang))
            for rule in RULES.values()
            if rule.phase == phase
        ]
        lines += ["", f"## {PHASES[phase][lang]}", "", table(COLUMNS[lang], rows)]
    return "\n".join(lines) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    yield "faults/README.md", listing("en")
    yield "faults/ja/README.md", listing("ja")
    for rule in RULES.values():
        yield f"faults/{rule.name}.md", _page(rule, "en")
        yield f"faults/ja/{rule.name}.md", _page(rule, "ja")
