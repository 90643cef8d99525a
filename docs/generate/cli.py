"""`reference/cli.md`: every command of the command line with its options. Knows how argparse keeps them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from docs.generate.markdown import block, code, table
from docs.generate.markdown import page as whole
from mainmode.cli import _parser
from mainmode.cli.common import FAILED, UNUSABLE, WELL

CODES = {
    WELL: "all is well: the tunnel is up, nothing is wrong, the command was carried out",
    FAILED: "a failure was found, and explained",
    UNUSABLE: "the input could not be used; stderr says why, one line per error with file, line and column",
}

ENVIRONMENT = {
    "NO_COLOR": "set and not empty: no colours, not even on a terminal",
    "TERM": "`dumb`: no colours",
    "LC_ALL, LC_MESSAGES, LANG": "the first that is set and begins with `ja` makes Japanese the language of explanations; `--lang` wins",
    "MAINMODE_RUN": "where running gateways have their control sockets, for `run`, `exec` and `console` (`/run/mainmode`)",
    "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID": "set by systemd: `run` tells it when it is ready and that it is alive",
}
"""What the program looks at; a test holds it against the source."""

INTRODUCTION = """\
Data goes to stdout, or to the file of `--output`; everything else goes to stderr. What is no terminal gets plain text without colours, in full width."""


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (one for one in _parser()._actions if isinstance(one, argparse._SubParsersAction))
    return dict(found.choices)


def page() -> str:
    helps = {one.dest: one.help for one in _subparsers()._choices_actions}
    blocks = [
        INTRODUCTION,
        table(
            ("command", "what it does"),
            [(f"[`mainmode {name}`](#mainmode-{name})", helps[name]) for name in commands()],
        ),
    ]
    for name, parser in commands().items():
        blocks += _command(name, parser)
    blocks += [
        "## Exit codes",
        table(("code", "means"), CODES.items()),
        "## Environment",
        table(
            ("variable", "does"),
            [(", ".join(map(code, names.split(", "))), does) for names, does in ENVIRONMENT.items()],
        ),
    ]
    return whole("Command line", *blocks)  # fmt: skip


def _subparsers() -> argparse._SubParsersAction:  # type: ignore[type-arg]
    (found,) = (one for one in _parser()._actions if isinstance(one, argparse._SubParsersAction))
    return found


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## mainmode {name}"
    yield parser.description or ""
    actions = [action for action in parser._actions if action.dest != "help"]
    yield table(("argument", "what it does"), [(_called(action), _help(action)) for action in actions])
    if parser.epilog:
        yield block(parser.epilog)


def _called(action: argparse.Action) -> str:
    metavar = str(action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper())
    if not action.option_strings:
        several = {"*": f"[{metavar}]…", "?": f"[{metavar}]", "+": f"{metavar}…"}
        return code(several.get(str(action.nargs), metavar))
    value = "" if action.nargs == 0 else f" {metavar}"
    again = "…" if isinstance(action, argparse._AppendAction) else ""
    return code(f"{action.option_strings[-1]}{value}{again}")


def _help(action: argparse.Action) -> str:
    # The language depends on whoever generates this; the sentence says that already.
    text = (action.help or "") % {"default": action.default}
    return re.sub(r"\s+", " ", text)
