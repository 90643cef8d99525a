"""`mainmode rule`: what a diagnosis means. Knows the table of rules and where their pages are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mainmode.cli.common import WELL, Unusable, add_output, as_json, emit

if TYPE_CHECKING:
    from mainmode.cli.common import Commands
    from mainmode.language import Lang


def _rule(options: argparse.Namespace) -> int:
    from mainmode.explain.rules import RULES

    lang: Lang = "ja" if options.lang == "ja" else "en"
    if options.name is None:
        listed = [(rule.name, rule.phase, rule.headline.to(lang)) for rule in RULES.values()]
        if options.format == "json":
            text = as_json([{"rule": name, "phase": phase, "headline": headline} for name, phase, headline in listed])
        else:
            width = max(len(name) for name, _, _ in listed)
            text = "".join(f"{name:<{width}}  {headline}\n" for name, _, headline in listed)
    elif options.name in RULES:
        page = RULES[options.name].page(lang)
        text = as_json({"rule": options.name, "page": page}) if options.format == "json" else page
    else:
        raise Unusable(f"mainmode rule: there is no rule {options.name}; `mainmode rule` lists them")
    emit(text, options.output)
    return WELL


def add(commands: Commands) -> None:
    rule = commands.add_parser(
        "rule",
        help="what a diagnosis means, with an example",
        description="What a diagnosis means: what happened, how it looks in the debug, why, and what to check. "
        "Without a name, all rules with a line each.",
    )
    rule.add_argument("name", nargs="?", metavar="NAME", help="a rule, like pre-shared-key-mismatch")
    add_output(rule)
    rule.set_defaults(command=_rule)
