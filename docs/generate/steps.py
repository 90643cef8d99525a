"""`reference/steps.md`: the nine messages of main mode and quick mode. Knows the table of steps."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generate.markdown import block, code, codes, table
from docs.generate.markdown import page as whole
from mainmode.steps import QUICK_MODE, STEPS, Step
from mainmode.words import payload_name

INTRODUCTION = """\
Three pairs of main mode messages bring up phase 1, three quick mode messages each pair of IPsec SAs. Here each stands at its receiver: in which state it is taken
(the words of `show crypto isakmp sa`), what must be in it, and what the receiver does then. The pictures are the RFC's: `*` is encrypted, `[ ]` optional, `-->` from
the initiator."""


def page() -> str:
    picture = "\n".join(f"{step.message}   {step.picture}" for step in STEPS)
    overview = table(
        ("message", "goes to the", "in state", "which answers", "and is then in"),
        [
            (f"[{step.message}](#{step.message.lower()})", step.receiver, code(step.state), step.answer or "nothing", code(step.next_state))
            for step in STEPS
        ],
    )  # fmt: skip
    return whole("The nine messages", INTRODUCTION, block(picture), overview, *map(_step, STEPS))


def _step(step: Step) -> str:
    exchange = f"{'Quick' if step.exchange == QUICK_MODE else 'Main'} mode (exchange type {step.exchange})"
    rows = [
        ("exactly once", _payloads(step.once)),
        ("besides, as often as they come", _payloads(step.optional - step.single)),
        ("besides, at most once", _payloads(step.single)),
    ]
    encrypted = "encrypted" if step.encrypted else "in the clear"
    return f"## {step.message}\n\n{exchange}, {encrypted}: `{step.picture.strip()}`\n\n" + table(
        ("how often", "payloads"), [row for row in rows if row[1]]
    )


def _payloads(numbers: Iterable[int]) -> str:
    return codes(f"{payload_name(number)} ({number})" for number in sorted(numbers))
