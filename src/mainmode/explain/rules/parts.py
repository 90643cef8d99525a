"""What several rules need: evidence by class of event, what the configurations add, sentences used more than once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from typing import Final

from mainmode.config.model import Config
from mainmode.events import Event
from mainmode.explain.case import Case, IkeShown, Shown, View
from mainmode.explain.compare import Problem
from mainmode.explain.diagnosis import Certainty, Fix, Site
from mainmode.explain.rules.table import Finding
from mainmode.language import Text
from mainmode.span import Span

Marks = tuple[tuple[View, int], ...]

AT_ONCE: Final = 2.0
"""Seconds in which a peer that has read a message acts on it; a quick mode without an answer takes half a minute."""

MAX_MARKS: Final = 6
"""Lines of evidence in one diagnosis. A log of a night repeats itself."""

FAILS_AT: Final[dict[str, frozenset[str]]] = {
    "ike-not-enabled": frozenset({"MM1"}),
    "no-crypto-map-on-interface": frozenset({"MM1"}),
    "peer-address-mismatch": frozenset({"MM1", "QM1"}),
    "mode-mismatch": frozenset({"MM1", "AM1"}),
    "policy-mismatch": frozenset({"MM1"}),
    "no-tunnel-group": frozenset({"MM3"}),
    "pre-shared-key-mismatch": frozenset({"MM5"}),
    "connection-type-mismatch": frozenset({"QM1"}),
    "crypto-map-incomplete": frozenset({"QM1"}),
    "crypto-map-order": frozenset({"MM1", "QM1"}),
    "proxy-identity-mismatch": frozenset({"QM1"}),
    "transform-set-mismatch": frozenset({"QM1"}),
    "encapsulation-mismatch": frozenset({"QM1"}),
    "pfs-mismatch": frozenset({"QM1"}),
}
"""The message on which the responder fails, where the two configurations disagree like that."""

AT_INITIATOR: Final = frozenset({
    "no-interesting-traffic", "nat-exemption-missing", "no-crypto-map-on-interface", "crypto-map-incomplete",
    "ike-not-enabled", "no-tunnel-group", "connection-type-mismatch", "crypto-map-order", "peer-address-mismatch",
})  # fmt: skip
"""What keeps an initiator from sending MM1 at all, if it is wrong there."""


def seen(case: Case, *classes: type[Event]) -> Marks:
    return tuple((view, index) for view, index, _ in case.events(*classes))


def marks(view: View | None, indexes: Iterable[int]) -> Marks:
    return tuple((view, index) for index in indexes) if view is not None else ()


def about_mm6(view: View, index: int) -> bool:
    """Whether what the initiator says in this line comes after our MM6 and before any quick mode."""
    before = {rung.name for rung in view.rungs if rung.entry < index}
    return view.role == "responder" and "MM6" in before and not any(name.startswith("QM") for name in before)


def pending(case: Case) -> frozenset[str]:
    """The messages at which the negotiation may have come to a stand: sent and unanswered, or awaited."""
    found: set[str] = set()
    for view in case.views:
        last = view.last_sent
        if view.awaited is not None:
            found.add(view.awaited)
            if last is not None and last.name not in case.passed:
                found.add(last.name)
        received = [rung.name for rung in view.rungs if rung.direction == "received"]
        if last is None and received:
            found.add(received[-1])
        found |= {rung.name for rung in view.rungs if rung.direction == "received" and rung.name == "QM1"}
    for one in case.shown:
        if isinstance(one, IkeShown) and one.state.startswith("MM_WAIT_MSG"):
            found.add(f"MM{one.state[-1]}")
    return frozenset(found)


def started(case: Case) -> bool:
    """Whether any message was sent or received."""
    return any(view.rungs for view in case.views) or any(isinstance(one, IkeShown) for one in case.shown)


def configured(case: Case, *rules: str) -> Problem | None:
    """What the configurations say about these rules, if it fits where the negotiation stands."""
    problem = case.problem(*rules)
    if problem is None or case.established:
        return None
    if started(case):
        return problem if FAILS_AT.get(problem.rule, frozenset()) & _reach(case) else None
    at_fault = case.site("initiator")
    own = problem.rule in AT_INITIATOR and (at_fault is None or problem.site in (at_fault, None))
    # Without any line there is no telling how far it would come: then whatever is wrong is wrong.
    return problem if own or not any(view.lines for view in case.views) else None


def _reach(case: Case) -> frozenset[str]:
    """`pending`, and the message before: a message that is awaited does not come because the one before it failed."""
    order = ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
    found = set(pending(case))
    for name in tuple(found):
        if name in ("MM2", "MM4", "MM6", "QM2", "QM3"):
            found.add(order[order.index(name) - 1])
    return frozenset(found | ({"AM1"} if any(r.name == "AM1" for v in case.views for r in v.rungs) else set()))


def finding(
    certainty: Certainty,
    stage: str,
    because: Sequence[Text],
    lines: Marks = (),
    *,
    problem: Problem | None = None,
    spans: Iterable[Span | None] = (),
    fixes: Sequence[Fix] = (),
    next: Sequence[Text] = (),
    shown: Sequence[Shown] = (),
    **values: object,
) -> Finding:
    """A finding; what the configurations say is added, and their fixes come instead of templates."""
    places = [*(problem.spans if problem else ()), *(span for span in spans if span is not None)]
    sentences = list(because)
    if problem is not None:
        what = problem.what
        sentences.append(Text(f"In the configuration: {what.en}.", f"設定を見ると: {what.ja}。"))
    return Finding(
        certainty,
        stage,
        tuple(sentences),
        shortened(lines),
        values,
        tuple(dict.fromkeys(places)),
        problem.fixes if problem and problem.fixes else tuple(fixes),
        tuple(next),
        tuple(shown),
    )


def peer_of(case: Case) -> IPv4Address | None:
    """The other gateway, as the first log or a `show` has it."""
    told = (*(view.peer for view in case.views), *(one.peer for one in case.shown))
    return next((peer for peer in told if peer is not None), None)


def shortened(lines: Marks) -> Marks:
    return lines if len(lines) <= MAX_MARKS else (*lines[: MAX_MARKS - 1], lines[-1])


def template(site: Site | None, *commands: str) -> tuple[Fix, ...]:
    """A fix with words in `<>` for the reader to fill in."""
    return (Fix(site, commands),) if site is not None else ()


def words_for(config: Config | None, new: str, old: str) -> str:
    """A command in the configuration's dialect, or both when there is no configuration to tell."""
    if config is None:
        return new
    return old if config.syntax == "isakmp" else new


def debug_at_peer(case: Case) -> Text:
    peer = peer_of(case)
    who = str(peer) if peer else "the peer"
    return Text(
        f"on {who}: `debug crypto ikev1 127` (before 8.4 `debug crypto isakmp 127`) while this side tries again",
        f"{peer or '対向'} で: こちらが再試行する間に `debug crypto ikev1 127`(8.4 より前は `debug crypto isakmp 127`)",
    )


def capture(case: Case, port: int = 500) -> Text:
    peer = peer_of(case)
    return Text(
        f"`capture IKE interface outside match udp any host {peer or '<peer>'} eq {port}` here, the mirror image there",
        f"こちらで `capture IKE interface outside match udp any host {peer or '<peer>'} eq {port}`、対向でも同様に",
    )
