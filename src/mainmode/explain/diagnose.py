"""Logs and configurations in, diagnoses out. Knows how to put cases together and which findings stand; no single fault.

Which log is whose, and which configuration is whose, is found out by addresses: a box's own address is in its peer's
configuration, its peer's in its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Final

from mainmode import events as ev
from mainmode.config.model import Config
from mainmode.events import Entry
from mainmode.explain import ladder
from mainmode.explain.case import PARTNER, Case, Log, Shown, View
from mainmode.explain.compare import ORDER, OTHER, End, Problem, all_problems, end_of, ends_of, problems_of
from mainmode.explain.diagnosis import Certainty, Diagnosis, Evidence, Fix, Site
from mainmode.explain.ladder import Ladder
from mainmode.explain.paste import YEARLESS
from mainmode.explain.rules import RULES, Finding, Rule
from mainmode.explain.rules.parts import FAILS_AT, peer_of
from mainmode.language import Text

RANK: Final[dict[Certainty, int]] = {"certain": 0, "likely": 1, "possible": 2}
SITES: Final[tuple[Site, Site]] = ("a", "b")

MAX_COMPARED: Final = 200
"""Negotiations up to which those without ids are compared each with each."""

CERTAIN: Final = 3
"""How alike two views of a negotiation are that both call it by the same number."""

CLOCKS_APART: Final = 26 * 3600.0
"""Seconds by which the clocks of two boxes differ at most: the zones of the earth span as much."""

MAX_ALTERNATIVES: Final = 3
"""Diagnoses of one negotiation besides the first: what is merely possible is endless."""


def diagnose(
    entries: Sequence[Sequence[Entry]],
    configs: Sequence[Config] = (),
    *,
    ladders: Sequence[Ladder] = (),
    shown: Sequence[Shown] = (),
) -> list[Diagnosis]:
    """What is wrong, most likely first; at most one diagnosis per root cause. Never raises on any entries.

    `entries` holds what each box said, one sequence per log; `ladders` their ladders, where the caller has them.
    Of more than two configurations each negotiation has the two that its addresses name.
    """
    logs = []
    count = 0
    for source, said in enumerate(entries):
        built = ladders[source] if ladders else ladder.build(said)
        logs.append(Log(source, said, built, count))
        count += len(built.negotiations)
    found: list[_Judged] = []
    for case in cases(logs, configs, shown):
        found += _judged(case)
    return _merged(found)


def owners(
    entries: Sequence[Sequence[Entry]], ladders: Sequence[Ladder], configs: Sequence[Config]
) -> list[Config | None]:
    """The configuration of the box that said each log; None where none fits."""
    logs = [Log(source, said, built) for source, (said, built) in enumerate(zip(entries, ladders, strict=True))]
    found = _owners(logs, configs)
    return [configs[found[log.source]] if log.source in found else None for log in logs]


# --- cases --------------------------------------------------------------------------------------------------------


def cases(logs: Sequence[Log], configs: Sequence[Config], shown: Sequence[Shown] = ()) -> list[Case]:
    """Each negotiation once, with both views of it where both ends were heard; and the lines that belong to none."""
    whose = _owners(logs, configs)
    views = [view for log in logs for view in _views(log)]
    known: dict[tuple[int, ...], tuple[dict[Site, End], tuple[Problem, ...]]] = {}

    def case(seen: tuple[View, ...], shows: Sequence[Shown] = ()) -> Case:
        return _case(seen, configs, whose, shows, known)

    made: list[Case] = []
    taken: set[int] = set()
    partners = _Partners(views, configs)
    for number, view in enumerate(views):
        if number in taken or view.number is None:
            continue
        partner = partners.of(number, taken)
        if partner is not None:
            taken.add(partner)
        made.append(case((view,) if partner is None else (view, views[partner])))
    made += [case((view,)) for view in views if view.number is None and view.lines]
    made += [case((), (one,)) for one in shown]
    if not made and configs:
        made.append(case(()))
    return made


def _views(log: Log) -> Iterator[View]:
    for number, negotiation in enumerate(log.ladder.negotiations):
        yield View(log, number, negotiation.lines)
    homeless = [index for index, place in enumerate(log.ladder.places) if place.negotiation is None]
    if homeless:
        yield View(log, None, homeless)


class _Partners:
    """Finds the same negotiation as the other box told it: by message ids and SPIs, else by role, in small logs."""

    def __init__(self, views: Sequence[View], configs: Sequence[Config]) -> None:
        self._views = views
        self._peers: dict[int, set[IPv4Address]] = {}
        """By log: who it speaks with, each of which is another box."""
        for view in views:
            if view.peer is not None:
                self._peers.setdefault(view.log.source, set()).add(view.peer)
        self._configured = [_peers(config) for config in configs]
        self._by_name: dict[tuple[str, int], list[int]] = {}
        for number, view in enumerate(views):
            for name in _names(view):
                self._by_name.setdefault(name, []).append(number)

    def of(self, number: int, taken: set[int]) -> int | None:
        view = self._views[number]
        named = {other for name in _names(view) for other in self._by_name[name]}
        candidates = {other for other in named if self._views[other].log is not view.log}
        if not candidates and len(self._views) <= MAX_COMPARED:
            candidates = set(range(number + 1, len(self._views)))
        best: tuple[int, int] | None = None
        for other in sorted(candidates):
            candidate = self._views[other]
            if other <= number or other in taken or candidate.log is view.log:
                continue
            score = _likeness(view, candidate)
            if score < CERTAIN and self._one_box(view, candidate):
                continue
            if score and (best is None or score > best[0]):
                best = score, other
        return best[1] if best else None

    def _one_box(self, one: View, other: View) -> bool:
        """Whether something says that two logs are of the same box, or of different days."""
        if one.peer in self._peers.get(other.log.source, ()) or other.peer in self._peers.get(one.log.source, ()):
            return True
        if any(one.peer in peers and other.peer in peers for peers in self._configured):
            return True
        ours, theirs = _times(one), _times(other)
        if not ours or not theirs or (ours[0] < YEARLESS) != (theirs[0] < YEARLESS):
            return False
        return ours[0] - theirs[1] > CLOCKS_APART or theirs[0] - ours[1] > CLOCKS_APART


def _times(view: View) -> tuple[float, float] | None:
    """The first and the last time in the lines."""
    ats = [at for index in view.lines if (at := view.log.entries[index].at) is not None]
    return (min(ats), max(ats)) if ats else None


def _peers(config: Config) -> set[IPv4Address]:
    return {peer for one in config.crypto_maps.values() for entry in one.entries for peer in entry.peers}


def _names(view: View) -> set[tuple[str, int]]:
    """What both boxes call a negotiation by: message ids, and each SPI."""
    quick = view.negotiation.phase2 if view.negotiation else ()
    ids = {("message id", q.message_id) for q in quick if q.message_id}
    return ids | {("SPI", spi) for q in quick for spi in (q.inbound_spi, q.outbound_spi) if spi}


def _likeness(one: View, other: View) -> int:
    """How sure it is that two boxes speak of the same negotiation: `CERTAIN` by what they call it; 0: they do not."""
    here, there = one.negotiation, other.negotiation
    if here is None or there is None or (one.role is not None and one.role == other.role):
        return 0
    ids = {q.message_id for q in here.phase2 if q.message_id} & {q.message_id for q in there.phase2 if q.message_id}
    spis = {q.inbound_spi for q in here.phase2 if q.inbound_spi} & {q.outbound_spi for q in there.phase2}
    if ids or spis:
        return CERTAIN
    both_ids = any(q.message_id for q in here.phase2) and any(q.message_id for q in there.phase2)
    if both_ids or one.peer == other.peer or one.role is None or other.role != PARTNER[one.role]:
        return 0
    for sender, receiver in ((one, other), (other, one)):
        for name in ("MM1", "MM2", "MM3", "MM4"):
            sent, received = sender.sent(name), receiver.received(name)
            if sent and received and (sent.payloads, sent.length) != (received.payloads, received.length):
                return 0
    return 1


def _owners(logs: Sequence[Log], configs: Sequence[Config]) -> dict[int, int]:
    """Which configuration is whose: log → index in `configs`."""
    if not logs or not configs:
        return {}
    ranked = sorted(
        (
            (_belongs(log, config), -number, -index)
            for number, log in enumerate(logs)
            for index, config in enumerate(configs)
        ),
        reverse=True,
    )
    best: dict[int, int] = {}
    for score, number, index in ranked:
        if score > 0 and -number not in best and -index not in best.values():
            best[-number] = -index
    if not best and len(logs) == len(configs):
        return dict(enumerate(range(len(configs))))  # nothing to go by but the order they were given in
    # A log that says nothing at all has the configuration that is left, if one is.
    left = [index for index in range(len(configs)) if index not in best.values()]
    for log in range(len(logs)):
        if log not in best and left and len(logs) == len(configs):
            best[log] = left.pop(0)
    return best


def _belongs(log: Log, config: Config) -> int:
    """How much speaks for this configuration being the one of the box that said this."""
    own = {interface.address for interface in config.interfaces if interface.address}
    peers = _peers(config)
    score = 0
    for negotiation in log.ladder.negotiations:
        if negotiation.peer in own:
            return 0
        score += 2 * (negotiation.peer in peers) + (str(negotiation.peer) in config.tunnel_groups)
        neighbours = [interface.network for interface in config.interfaces if interface.network]
        score += any(negotiation.peer in network for network in neighbours if negotiation.peer is not None)
    for entry in log.entries[:400]:
        event = entry.event
        if isinstance(event, ev.CryptoMapMatched | ev.CryptoMapSkipped | ev.StaticMapChecking):
            score += event.map in config.crypto_maps
        if isinstance(event, ev.CryptoMapLookup):
            near = (one for one in config.interfaces if one.network and event.source in one.network)
            score += 2 * any(config.crypto_map_on(one.name or "") is None for one in near)
        if isinstance(event, ev.PacketReceived):
            score += 2 * (event.local in own)
    return score


def _case(
    views: tuple[View, ...],
    configs: Sequence[Config],
    whose: Mapping[int, int],
    shown: Sequence[Shown],
    known: dict[tuple[int, ...], tuple[dict[Site, End], tuple[Problem, ...]]],
) -> Case:
    """`known` keeps what two configurations have to say: a long log asks for the same two again and again."""
    pair = _two(views, configs, whose)
    sites = _sites(views, pair, whose)
    if len(pair) == 2 and pair not in known:
        end_a, end_b = ends_of(configs[pair[0]], configs[pair[1]])
        known[pair] = {"a": end_a, "b": end_b}, tuple(all_problems(end_a, end_b))
    if len(pair) == 2:
        return Case(views, sites, *known[pair], tuple(shown))
    if not pair:
        return Case(views, sites, shown=tuple(shown))
    site = sites[0] if sites and whose else "a"
    peer = views[0].peer if views and site == sites[0] else None
    end = end_of(configs[pair[0]], site, peer)
    return Case(views, sites, {site: end}, tuple(problems_of(end)), tuple(shown))


def _two(views: tuple[View, ...], configs: Sequence[Config], whose: Mapping[int, int]) -> tuple[int, ...]:
    """Of many configurations the two of this negotiation: the log's own, and the one that has the peer's address."""
    if len(configs) <= 2 or not views:
        return tuple(range(min(len(configs), 2)))
    near = whose.get(views[0].log.source)
    peer = views[0].peer
    far = next((i for i, one in enumerate(configs) if i != near and peer and one.interface_at(peer)), None)
    return tuple(sorted(one for one in (near, far) if one is not None))


def _sites(views: tuple[View, ...], pair: tuple[int, ...], whose: Mapping[int, int]) -> tuple[Site, ...]:
    """Named after the configuration, else after the log."""
    sites: list[Site] = []
    for view in views:
        number = whose.get(view.log.source, view.log.source)
        sites.append(SITES[pair.index(number) if number in pair else min(number, 1)])
    if len(sites) == 2 and sites[0] == sites[1]:
        sites[1] = OTHER[sites[0]]
    return tuple(sites)


# --- which findings stand -----------------------------------------------------------------------------------------


_Judged = tuple[Rule, Finding, Case]


def _fails(rule: Rule, finding: Finding) -> bool:
    """Whether a finding says that something failed, rather than that something happened."""
    return rule.failure and not finding.note


def _judged(case: Case) -> list[_Judged]:
    """The findings of one case: the best, and what remains possible beside it."""
    found = []
    for rule in RULES.values():
        if case.established and not rule.even_if_up:
            continue
        finding = rule.judge(case)
        if finding is not None:
            found.append((rule, finding, case))
    notes = [one for one in found if not _fails(*one[:2])]
    failures = sorted((one for one in found if _fails(*one[:2])), key=lambda one: RANK[one[1].certainty])
    if failures:
        best = failures[0]
        # What is certain leaves no room for guesses, and what is likely none for what is just as likely otherwise.
        kept = [
            one
            for one in failures[1:]
            if RANK[one[1].certainty] == RANK["certain"]
            or (best[1].certainty != "certain" and RANK[one[1].certainty] >= RANK["likely"])
        ]
        failures = [best, *kept[:MAX_ALTERNATIVES]]
        failures = [failures[0], *(_demoted(one) for one in failures[1:])]
    return [*failures, *_next(case, failures)] or notes


def _next(case: Case, failures: Sequence[_Judged]) -> Iterator[_Judged]:
    """What the configurations say will go wrong further on, once the cause is mended."""
    if not case.both_configured or not failures or failures[0][1].certainty != "certain":
        return
    named = {rule.name for rule, _, _ in failures}
    first = failures[0][0].name
    initiator = case.site("initiator")
    for problem in case.problems:
        rule = RULES.get(problem.rule)
        stages = FAILS_AT.get(problem.rule, frozenset())
        if rule is None or not rule.failure or problem.rule in named or stages & case.passed:
            continue
        if ORDER.index(problem.rule) <= ORDER.index(first) if first in ORDER else True:
            continue
        if initiator is not None and initiator not in problem.initiators:
            continue
        sentences = (Text(f"{problem.what.en}.", f"{problem.what.ja}。"), _FURTHER_ON)
        finding = Finding(
            "certain", min(stages), sentences, spans=problem.spans, fixes=problem.fixes, values=_NO_DETAIL
        )
        yield rule, finding, case


_FURTHER_ON: Final = Text(
    "The negotiation did not come so far; it would fail there next.",
    "ネゴシエーションはここまで進んでいませんが、次はここで失敗します。",
)
_NO_DETAIL: Final = {"detail": "…"}


def _demoted(one: _Judged) -> _Judged:
    """Of two that are likely only the first is; the others are possible."""
    rule, finding, case = one
    return (rule, replace(finding, certainty="possible"), case) if finding.certainty == "likely" else one


@dataclass(slots=True)
class _Group:
    """The same root cause in several negotiations."""

    rule: Rule
    finding: Finding
    case: Case
    times: int = 1


def _merged(found: Sequence[_Judged]) -> list[Diagnosis]:
    groups: dict[tuple[str, object], _Group] = {}
    for rule, finding, case in found:
        key = rule.name, peer_of(case)
        known = groups.get(key)
        if known is None:
            groups[key] = _Group(rule, finding, case)
            continue
        known.times += 1
        if RANK[finding.certainty] < RANK[known.finding.certainty]:
            known.finding, known.case = finding, case
    ordered = sorted(groups.values(), key=lambda one: (not _fails(one.rule, one.finding), RANK[one.finding.certainty]))
    return [_diagnosis(one) for one in ordered]


def _diagnosis(group: _Group) -> Diagnosis:
    rule, finding, case = group.rule, group.finding, group.case
    peer = peer_of(case)
    peer = peer or next((end.peer for end in case.ends.values() if end.peer), None)
    values = {"message": finding.stage, **finding.values}
    headline = Text(
        rule.headline.en.format(**{"peer": peer or "the peer", **values}),
        rule.headline.ja.format(**{"peer": peer or "ピア", **values}),
    )
    because = Text(" ".join(one.en for one in finding.because), "".join(one.ja for one in finding.because))
    view = case.views[0] if case.views else None
    number = None if view is None or view.number is None else view.log.first_negotiation + view.number
    # A message that is repeated every eight seconds is shown once.
    told = [*(v.log.evidence(i) for v, i in finding.lines), *(_shown(one) for one in finding.shown)]
    evidence = {(one.source, one.text): one for one in reversed(told)}
    return Diagnosis(
        rule.name,
        finding.certainty,
        number,
        finding.stage,
        headline,
        because,
        tuple(sorted(evidence.values(), key=lambda one: (one.source, one.line, one.entry or 0))),
        finding.spans,
        tuple(name for name in _ruled_out(case) if name != rule.name),
        _usable(finding.fixes),
        finding.next,
        group.times,
        _fails(rule, finding),
    )


def _shown(shown: Shown) -> Evidence:
    return Evidence(shown.source, shown.line, shown.text, None)


def _usable(fixes: Sequence[Fix]) -> tuple[Fix, ...]:
    return tuple(fix for fix in fixes if fix.commands)


_AFTER: Final[dict[str, tuple[str, ...]]] = {
    "MM1": ("no-interesting-traffic", "nat-exemption-missing"),
    "MM2": ("peer-silent", "policy-mismatch", "ike-not-enabled", "no-crypto-map-on-interface"),
    "MM4": ("no-tunnel-group", "mode-mismatch"),
    "MM6": ("pre-shared-key-mismatch", "identity-mismatch", "nat-traversal-blocked"),
    "QM2": ("proxy-identity-mismatch", "transform-set-mismatch", "pfs-mismatch"),
}
"""What can no longer be the cause once this message has been received."""


def _ruled_out(case: Case) -> Iterator[str]:
    """What the messages that passed, and equal configurations, leave no room for."""
    for message, rules in _AFTER.items():
        reached = message in case.passed or (message == "MM1" and any(view.rungs for view in case.views))
        if reached:
            yield from rules
    passed_acl = any(view.has(ev.StaticMapMatched, ev.Phase2ProposalsUnacceptable) for view in case.views)
    if passed_acl and "QM2" not in case.passed:
        yield "proxy-identity-mismatch"
    if not case.both_configured or not any(view.rungs for view in case.views):
        return
    wrong = {problem.rule for problem in case.problems}
    for name, message in (("policy-mismatch", "MM2"), ("proxy-identity-mismatch", "QM2"),
                          ("transform-set-mismatch", "QM2"), ("pfs-mismatch", "QM2")):  # fmt: skip
        if name not in wrong and message not in case.passed:
            yield name
