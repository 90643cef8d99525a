"""Both configurations in the lab: whether a mend does what it promises. The explainer asks; only here is a lab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mainmode.config.model import Config
    from mainmode.explain.report.text import Side
    from mainmode.lab.run import LabResult, SiteResult
    from mainmode.lab.trigger import Trigger

Site = Literal["a", "b"]


def comes_up(text_a: str, text_b: str) -> bool:
    """Whether two configurations, as text, bring the tunnel up and carry packets, whoever of them may begin."""
    from mainmode.config.reader import read

    a, b = read(text_a, "a"), read(text_b, "b")
    if a.errors or b.errors:
        return False
    able = [site for site, config in (("a", a.config), ("b", b.config)) if _may_begin(config)]
    return bool(able) and all(_up(a.config, b.config, "a" if site == "a" else "b") for site in able)


def outcomes(a: Config, b: Config) -> Iterator[LabResult]:
    """Each line of each crypto access-list, tried from its side."""
    from mainmode.lab.masked import unmasked
    from mainmode.lab.run import run
    from mainmode.lab.trigger import choose, every

    (first, _), (second, _) = unmasked(a, b), unmasked(b, a)
    attempts: list[tuple[Site, Trigger]] = []
    for site, initiator, responder in (("a", first, second), ("b", second, first)):
        if _may_begin(initiator):
            usual = choose(initiator, responder)
            wanted = every(initiator, responder) or ([usual] if usual is not None else [])
            attempts += [("a" if site == "a" else "b", trigger) for trigger in wanted]
    for site, trigger in attempts:
        yield run(first, second, trigger=trigger, initiator=site)


def heard(site: SiteResult, run: int = 0) -> Side:
    """One site's debug in the lab, laid out and traced to its configuration; `run` is the number of the run."""
    from mainmode.explain.ladder import build
    from mainmode.explain.origins import trace
    from mainmode.explain.report.text import Side
    from mainmode.words import Dialect, speak

    dialect = Dialect.NINE if (site.config.version or "").startswith("9") else Dialect.COLON
    ladder = build(site.entries)
    return Side(
        site.hostname,
        site.entries,
        [speak(entry, dialect) for entry in site.entries],
        ladder,
        trace(ladder, site.entries, site.config),
        {f"show {command}": printed for command, printed in site.show.items()},
        run,
    )


def _up(a: Config, b: Config, initiator: Site) -> bool:
    from mainmode.lab.masked import unmasked
    from mainmode.lab.run import run

    (first, _), (second, _) = unmasked(a, b), unmasked(b, a)
    try:
        return run(first, second, initiator=initiator).well
    except ValueError:
        return False  # no packet between these two would go through a tunnel


def _may_begin(config: Config) -> bool:
    """Whether this side is meant to initiate: an entry with a peer that does not say answer-only."""
    return any(
        entry.complete and entry.dynamic is None and entry.connection_type != "answer-only"
        for crypto_map in config.crypto_maps.values()
        for entry in crypto_map.entries
    )
