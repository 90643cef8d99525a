"""What the rules' pages quote is what is said: examples are excerpts of runs of the lab, quotations are wordings."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Address

import pytest

from mainmode import events as ev
from mainmode.events import Entry
from mainmode.explain.rules import RULES, SECTIONS, page, section
from mainmode.lab.faults import Fault
from mainmode.lab.run import run
from mainmode.language import Lang
from mainmode.words import WORDINGS, read, speak
from tests.mirror.mutations import BIND, MUTATIONS, Edit, Site
from tests.mirror.test_mirror import configuration, mutated, original

LANGUAGES: tuple[Lang, ...] = ("en", "ja")
NAMES = sorted(RULES)
NAT = IPv4Address("203.0.113.1")
BEHIND_NAT: Edit = ("10.0.0.1", str(NAT))
"""How site b knows a site a that is behind a router."""


@dataclass(frozen=True)
class Excerpt:
    """The run whose log a page shows a part of, and whose log it is."""

    log: Site
    mutation: str = ""
    faults: tuple[str, ...] = ()
    b: tuple[Edit, ...] = ()
    nat: bool = False
    outside: str = "10.0.0."
    """The network between the sites; a public one where that is the point."""
    seconds: float = 0


EXCERPTS = {
    "nat-exemption-missing": Excerpt("a", "nat-exemption-missing-a", outside="203.0.113."),
    "no-crypto-map-on-interface": Excerpt("b", "map-not-bound-b"),
    "ike-not-enabled": Excerpt("a", "ike-not-enabled-a"),
    "crypto-map-incomplete": Excerpt("b", "no-match-address-b"),
    "pre-shared-key-missing": Excerpt("a", "tunnel-group-missing-a"),
    "policy-mismatch": Excerpt("b", "policy-hash-md5-b"),
    "no-tunnel-group": Excerpt("b", "tunnel-group-missing-b"),
    "pre-shared-key-mismatch": Excerpt("b", "key-other-b"),
    "nat-traversal-blocked": Excerpt("a", faults=("drop:udp4500:all",), b=(BEHIND_NAT,), nat=True),
    "responses-lost": Excerpt("b", faults=("drop:MM2:all",)),
    "peer-silent": Excerpt("a", faults=("drop:MM1:all",)),
    "crypto-map-order": Excerpt("b", "dynamic-with-pfs-before-static-b"),
    "peer-address-mismatch": Excerpt("b", "peer-wrong-b"),
    "connection-type-mismatch": Excerpt("b", "originate-only-b"),
    "proxy-identity-mismatch": Excerpt("b", "acl-wider-b"),
    "pfs-mismatch": Excerpt("b", "pfs-only-at-b"),
    "encapsulation-mismatch": Excerpt(
        "b", b=(BEHIND_NAT, (BIND, "crypto map MAP 10 set nat-t-disable\n" + BIND)), nat=True
    ),
    "transform-set-mismatch": Excerpt("b", "transform-set-3des-b"),
    "peer-lost": Excerpt("a", faults=("drop:info:all",), seconds=100),
    "malformed-message": Excerpt("b", faults=("corrupt:QM1:all",)),
    "replayed-packets": Excerpt("b", faults=("duplicate:esp:all",)),
    "lifetime-adjusted": Excerpt("a", "lifetime-differs"),
}
"""The other rules are about what our gateway does not do, or does only after long, or about `show` outputs."""


def example(name: str) -> list[str]:
    block = section(name, "en", SECTIONS["en"][-1])
    return block.removeprefix("```text\n").removesuffix("\n```").splitlines()


def said(excerpt: Excerpt) -> list[str]:
    texts: dict[Site, str] = {"a": original("a"), "b": original("b")}
    if excerpt.mutation:
        (mutation,) = (one for one in MUTATIONS if one.name == excerpt.mutation)
        texts = {"a": mutated(mutation, "a"), "b": mutated(mutation, "b")}
    for old, new in excerpt.b:
        assert old in texts["b"]
        texts["b"] = texts["b"].replace(old, new)
    a, b = (configuration(texts[site].replace("10.0.0.", excerpt.outside), f"{site}.cfg") for site in ("a", "b"))
    result = run(
        a,
        b,
        initiator="a",
        faults=[Fault.parse(fault) for fault in excerpt.faults],
        nat={"a": NAT} if excerpt.nat else {},
        seconds=excerpt.seconds,
    )
    return [speak(entry) for entry in result.sites["ab".index(excerpt.log)].entries]


def without_chance(line: str) -> str:
    """A line with its message ids, SPIs and the like blanked: they are drawn, and another draw is no other line."""
    return re.sub(r"(msgid=|mess id 0x|struct &0x|SPI= 0x|seq number 0x)[0-9a-fA-F]+", r"\1#", line)


@pytest.mark.parametrize("name", EXCERPTS)
def test_an_example_is_an_excerpt_of_a_run_of_the_lab(name: str) -> None:
    lines = iter([without_chance(line) for line in said(EXCERPTS[name])])
    for line in example(name):
        assert without_chance(line) in lines, "not said, or not in this order"


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(EXCERPTS) - {"one-way-traffic"}))
def test_an_example_that_no_run_gives_has_the_wordings_of_an_asa(name: str) -> None:
    for line in example(name):
        entry = read(line)
        assert entry is not None
        # An 8.x says IPsec where a 9.x says IPSec.
        assert speak(entry).replace("IPsec", "IPSec") == line.replace("IPsec", "IPSec")


def quoted(name: str, lang: Lang) -> set[str]:
    """What stands between backticks before the example."""
    text = page(name, lang).partition(f"\n## {SECTIONS[lang][-1]}\n")[0]
    return {" ".join(quote.split()) for quote in re.findall(r"`([^`]+)`", text)}


@pytest.mark.parametrize("name", NAMES)
def test_lines_and_commands_are_the_same_in_both_languages(name: str) -> None:
    assert quoted(name, "en") == quoted(name, "ja")


DISCONNECTED = ev.SessionDisconnected("LAN-to-LAN", 60, 400, 400, "User Requested")
OTHERWISE = (
    *(replace(DISCONNECTED, reason=reason) for reason in ("Lost Service", "Idle Timeout", "Peer Terminate")),
    ev.SessionTornDown("Administrator Reset"),
    ev.IdTypeUnknown(1, 11),
    ev.NotifyReceived("Authentication failed", 24),
)
"""Events with other values than the samples of their wordings have."""


@cache
def sayable() -> tuple[str, ...]:
    """Lines that an ASA can say: a sample of each wording, the examples, and the failures of two runs."""
    lines = [row.template().say(row.sample()) for row in WORDINGS]
    lines += [speak(Entry(event)) for event in OTHERWISE]
    lines += [line for name in NAMES for line in example(name)]
    for mutation in ("transform-set-3des-b", "acl-wider-b"):
        lines += said(Excerpt("a", mutation)) + said(Excerpt("b", mutation))
    return tuple(_plain(line) for line in lines)


def _plain(text: str) -> str:
    return " ".join(text.replace("IPsec", "IPSec").split())


COMMANDS = ("show ", "set ", "#")


def quotes(name: str) -> list[str]:
    """The sentences of a debug that a page quotes; neither commands and counters nor single words, which are states."""
    text = section(name, "en", SECTIONS["en"][1]).replace("\n", " ")
    return [quote for quote in re.findall(r"`([^`]+)`", text) if " " in quote and not quote.startswith(COMMANDS)]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_quotes_from_a_debug_is_what_an_asa_says(name: str) -> None:
    for quote in quotes(name):
        pattern = re.compile(".*".join(re.escape(_plain(piece)) for piece in quote.split("…")))
        assert any(pattern.search(line) for line in sayable()), quote
