"""The mirror: break a pair by name, print what each side says, explain the print, expect the name, try the mend.

What the explainer gets is text: the debug lines as an ASA prints them, read back with `words.read`. So what is tried
here is the whole way, gateway to words to ladder to rules, and back through the lab with the mended configurations.
"""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from mainmode.config.model import Config
from mainmode.config.reader import read as read_config
from mainmode.events import Entry
from mainmode.explain import fixes
from mainmode.explain.diagnose import diagnose
from mainmode.explain.diagnosis import Diagnosis
from mainmode.lab.faults import Fault
from mainmode.lab.run import LabResult, run
from mainmode.words import read, speak
from tests.mirror.mutations import MUTATIONS, NOTHING, WIRE_FAULTS, Mutation, Site, WireFault
from tests.paths import REPO

SITES = REPO / "examples" / "two-sites"
INITIATORS: tuple[Site, ...] = ("a", "b")


@cache
def original(site: Site) -> str:
    return Path(SITES / f"site-{site}.cfg").read_text()


def mutated(mutation: Mutation, site: Site) -> str:
    text = original(site)
    for old, new in mutation.a if site == "a" else mutation.b:
        assert old in text, f"{mutation.name}: {old!r} is not in site-{site}.cfg"
        text = text.replace(old, new)
    return text


def configuration(text: str, name: str) -> Config:
    reading = read_config(text, name)
    assert not reading.errors, [str(error) for error in reading.errors]
    return reading.config


def printed_and_read(entries: tuple[Entry, ...]) -> list[Entry]:
    """What is left of entries once they are text: neither times nor anything that no line shows."""
    heard = []
    for entry in entries:
        line = speak(entry)
        back = read(line)
        assert back is not None, line
        heard.append(back)
    return heard


def first(diagnoses: list[Diagnosis]) -> str:
    return next((one.rule for one in diagnoses if one.failure), NOTHING)


def tried(text_a: str, text_b: str, initiator: Site) -> LabResult:
    return run(configuration(text_a, "a.cfg"), configuration(text_b, "b.cfg"), initiator=initiator)


def comes_up(text_a: str, text_b: str) -> bool:
    """A mend is one only if the tunnel then comes up from both ends, and carries packets both ways."""
    results = [tried(text_a, text_b, initiator) for initiator in INITIATORS]
    return all(result.established and all(result.delivered.values()) for result in results)


@pytest.mark.parametrize("initiator", INITIATORS)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_broken_pair_is_explained_from_every_viewpoint_and_mended(mutation: Mutation, initiator: Site) -> None:
    texts: dict[Site, str] = {"a": mutated(mutation, "a"), "b": mutated(mutation, "b")}
    result = tried(texts["a"], texts["b"], initiator)
    said = [printed_and_read(site.entries) for site in result.sites]
    begins, answers = said if initiator == "a" else said[::-1]
    configs = [configuration(texts["a"], "a.cfg"), configuration(texts["b"], "b.cfg")]
    assert result.established == (initiator not in mutation.fails)
    views = {
        "initiator": (first(diagnose([begins])), mutation.initiator),
        "responder": (first(diagnose([answers])), mutation.responder),
        "both": (first(diagnose(said)), mutation.both),
    }
    if result.established:
        assert {rule for rule, _ in views.values()} <= mutation.up
        assert first(diagnose(said, configs)) in mutation.up
        return
    for name, (rule, acceptable) in views.items():
        assert rule in (acceptable or {mutation.rule}), f"the {name}'s log alone gives {rule}"

    explained = diagnose(said, configs)
    assert first(explained) in (mutation.configured or {mutation.rule})
    assert explained[0].certainty == "certain"
    assert explained[0].config, "no configuration line is named"
    mended = fixes.verified(explained, texts, comes_up)
    assert mended[0].fixes[0].verified is True, [fix.commands for fix in mended[0].fixes]


@pytest.mark.parametrize("initiator", INITIATORS)
@pytest.mark.parametrize("fault", WIRE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_on_the_wire_is_explained_from_every_viewpoint(fault: WireFault, initiator: Site) -> None:
    configs = [configuration(original("a"), "a.cfg"), configuration(original("b"), "b.cfg")]
    result = run(configs[0], configs[1], initiator=initiator, faults=[Fault.parse(text) for text in fault.faults])
    assert result.established != fault.fails
    said = [printed_and_read(site.entries) for site in result.sites]
    begins, answers = said if initiator == "a" else said[::-1]
    assert first(diagnose([begins])) in fault.initiator
    assert first(diagnose([answers])) in fault.responder
    assert first(diagnose(said)) in fault.both
    assert first(diagnose(said, configs)) in fault.both


@pytest.mark.parametrize("hidden", INITIATORS)
def test_a_nat_through_which_udp_4500_does_not_pass_is_named_by_both_ends(hidden: Site) -> None:
    """The site behind the NAT begins; the other knows it by the NAT's address."""
    seen_as = "10.0.0.77"
    own = {"a": "10.0.0.1", "b": "10.0.0.2"}[hidden]
    texts: dict[Site, str] = {"a": original("a"), "b": original("b")}
    far: Site = "b" if hidden == "a" else "a"
    lines = [
        line.replace(own, seen_as) if line.startswith(("crypto", "tunnel")) else line
        for line in texts[far].splitlines()
    ]
    texts[far] = "\n".join(lines)
    configs = [configuration(texts["a"], "a.cfg"), configuration(texts["b"], "b.cfg")]
    for faults, expected in ((["drop:udp4500:all"], "nat-traversal-blocked"), ([], NOTHING)):
        result = run(
            configs[0],
            configs[1],
            initiator=hidden,
            nat={hidden: IPv4Address(seen_as)},
            faults=[Fault.parse(fault) for fault in faults],
        )
        assert result.established == (expected == NOTHING)
        said = [printed_and_read(site.entries) for site in result.sites]
        for logs in ([said[0]], [said[1]], said):
            assert first(diagnose(logs)) == expected
        assert first(diagnose(said, configs)) == expected


def test_the_mirror_is_large_enough() -> None:
    assert len(MUTATIONS) >= 60
    assert len(WIRE_FAULTS) >= 20
