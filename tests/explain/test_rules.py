"""The table of rules is the list of the contract, and every rule has its page: two languages, five sections, an example
that gives the rule when it is explained."""

from __future__ import annotations

import re

import pytest

from mainmode.explain import paste, shown
from mainmode.explain.compare import ORDER
from mainmode.explain.diagnose import diagnose
from mainmode.explain.rules import RULES, SECTIONS, page, section
from mainmode.explain.rules.parts import AT_INITIATOR, FAILS_AT
from mainmode.language import Lang

CONTRACT = {
    "before MM1": """no-interesting-traffic nat-exemption-missing no-crypto-map-on-interface ike-not-enabled
        crypto-map-incomplete pre-shared-key-missing""",
    "phase 1": """peer-silent responses-lost policy-mismatch no-tunnel-group pre-shared-key-mismatch identity-mismatch
        mode-mismatch nat-traversal-blocked fragments-lost certificate-rejected xauth-on-lan-to-lan""",
    "phase 2": """proxy-identity-mismatch transform-set-mismatch pfs-mismatch encapsulation-mismatch crypto-map-order
        peer-address-mismatch negotiation-collision connection-type-mismatch
        tunnel-protocol-not-allowed""",
    "afterwards": """peer-lost deleted-by-peer idle-timeout unknown-sa malformed-message outside-proxies
        replayed-packets one-way-traffic lifetime-adjusted""",
}
LANGUAGES: tuple[Lang, ...] = ("en", "ja")
NAMES = sorted(RULES)


def test_the_rules_are_those_of_the_contract() -> None:
    for phase, names in CONTRACT.items():
        assert {rule.name for rule in RULES.values() if rule.phase == phase} == set(names.split())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_has_its_five_sections_and_something_in_each(name: str, lang: Lang) -> None:
    text = page(name, lang)
    assert text.startswith(f"# {name}\n")
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS[lang]
    for heading in SECTIONS[lang]:
        assert len(section(name, lang, heading)) > 20
    japanese = len(re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]", text))
    assert (japanese > 100) == (lang == "ja")


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_page_gives_the_rule(name: str) -> None:
    examples = [section(name, lang, SECTIONS[lang][-1]) for lang in LANGUAGES]
    assert examples[0] == examples[1]
    lines = examples[0].removeprefix("```text\n").removesuffix("\n```").splitlines()
    source = paste.read_source(lines, f"{name}.md")
    assert source.unread_count == 0
    found = diagnose([source.entries] if source.entries else [], shown=shown.read(source.shown))
    assert [one.rule for one in found][:1] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_headline_needs_nothing_that_a_finding_may_lack(name: str) -> None:
    for text in RULES[name].headline:
        assert set(re.findall(r"{(\w+)}", text)) <= {"peer", "message", "detail"}


def test_the_lists_of_rules_name_only_rules() -> None:
    assert set(ORDER) | set(FAILS_AT) | AT_INITIATOR <= set(RULES)
