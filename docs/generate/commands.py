"""`reference/commands.md`: every configuration command and what is done about it. Knows the table of commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from docs.generate.markdown import code, codes, table
from docs.generate.markdown import page as whole
from mainmode.config.commands import COMMANDS, GLOBAL, SWALLOW
from mainmode.config.grammar import Command
from mainmode.config.model import Support

INTRODUCTION = """\
The whole configuration of an ASA is read, in the syntax before 8.4 and since. What has to do with LAN-to-LAN tunnels is acted on; of the rest it is known that it is
no mistake. `mainmode check` says for each line of a configuration which it is.

| state | means |
|---|---|
| done | as on an ASA |
| understood with limits | read, and acted on as far as the sentence beside it says |
| known, not implemented | read; a tunnel that needs it will not come up, and `check` says so |
| known and ignored | has no bearing on tunnels; what stands indented under it is passed over |
| unrecognised | no command of an ASA that is known here; `check` names the line |

In the notation `<name:word>` is one word, `<n:1-100>` a number, `a|b` a choice, `[ ]` may be left out, `{ }+` may come in any order, `...` is one or more."""

TITLES = {
    GLOBAL: "Configuration mode",
    "interface": "interface",
    "object network": "object network",
    "object service": "object service",
    "object-group": "object-group",
    "policy": "crypto ikev1 policy, crypto isakmp policy",
    "tunnel-group general": "tunnel-group … general-attributes",
    "tunnel-group ipsec": "tunnel-group … ipsec-attributes",
    "group-policy": "group-policy … attributes",
}

ANYTHING = " [ <text> ]"
"""A command that may go on in any way is passed over whole."""


def is_word(command: Command) -> bool:
    """Whether it is ignored whatever follows its first words: such are listed, not tabled."""
    return command.support is Support.IGNORED and command.syntax.endswith(ANYTHING)


def page() -> str:
    counts = Counter(command.support for command in COMMANDS)
    counted = ", ".join(f"{counts[state]} {state.value}" for state in reversed(Support) if counts[state])
    blocks = [INTRODUCTION, f"The table has {len(COMMANDS)} entries: {counted}."]
    for mode in dict.fromkeys(command.mode for command in COMMANDS):
        commands = [command for command in COMMANDS if command.mode == mode]
        blocks.append(f"## {TITLES.get(mode, mode)}")
        if rows := list(_rows(command for command in commands if not is_word(command))):
            blocks.append(table(("command", "state", "what it is"), rows))
        if words := [command.syntax.removesuffix(ANYTHING) for command in commands if is_word(command)]:
            blocks.append(f"Known and ignored, whatever follows: {codes(sorted(set(words)))}.")
    return whole("Configuration commands", *blocks)


def _rows(commands: Iterable[Command]) -> Iterable[tuple[str, str, str]]:
    for command in commands:
        doc = command.doc
        if command.foreign:
            doc += " Not an ASA's command: what is wrong near it is taken for the router's."
        elif command.enters == SWALLOW and command.support is not Support.IGNORED:
            doc += " What stands indented under it is passed over."
        yield code(command.syntax), command.support.value, doc
