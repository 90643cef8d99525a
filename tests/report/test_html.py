"""The page as text: links that land, hostile input, keys, sections, size. No browser."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from ipaddress import IPv4Address
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from mainmode.config.check import check
from mainmode.config.reader import read as read_config
from mainmode.explain import ladder, origins
from mainmode.explain.diagnose import diagnose
from mainmode.explain.diagnosis import Diagnosis, Evidence, Fix
from mainmode.explain.paste import read_source
from mainmode.explain.report import html, text
from mainmode.explain.report.escape import visible
from mainmode.explain.report.strings import LANGUAGES, STRINGS
from mainmode.language import Lang, Text
from mainmode.words import speak
from tests.explain.logs import lab, site
from tests.paths import REPO
from tests.report.pages import KEY, PSK, Parsed, diagnosed, document_page, lab_page, listing, run

BROKEN = (("cisco", "other"),)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("faults", "changes"), [((), ()), ((), BROKEN), (("drop:MM3:all",), ()), (("drop:MM4",), ())])
def test_every_link_has_its_place_and_every_place_its_own_name(
    faults: tuple[str, ...], changes: tuple[tuple[str, str], ...], lang: Lang
) -> None:
    page = Parsed(lab_page(*faults, changes=changes, lang=lang))
    anchors = set(page.ids)
    assert len(anchors) == len(page.ids)
    inside = [link for link in page.links if link.startswith("#")]
    assert inside
    assert [link for link in inside if link[1:] not in anchors] == []
    assert [link for link in page.links if not link.startswith("#")] == ["data:,"]


def test_the_diagnosis_points_at_the_lines_it_rests_on() -> None:
    page = lab_page(changes=BROKEN)
    evidence = diagnosed(run(changes=BROKEN))[0].evidence
    assert evidence
    for one in evidence:
        assert one.entry is not None
        anchor = f"L{one.source}-{one.entry + 1}"
        assert f'href="#{anchor}"' in page
        assert re.search(rf'<li id="{anchor}" value="{one.entry + 1}" class="evidence">', page)


def test_configuration_and_debug_lines_point_at_each_other() -> None:
    page = lab_page()
    line = re.search(r'<li id="(L0-\d+)"[^<]*<span class="from"><a href="#(c0-\d+)"', page)
    assert line
    configured = re.search(rf'<li id="{line[2]}">.*', page)
    assert configured
    assert "#L0-" in configured[0]


def test_the_page_has_no_script_no_handler_and_a_policy_against_both() -> None:
    page = lab_page(changes=BROKEN)
    parsed = Parsed(page)
    assert not {"script", "iframe", "object", "embed", "form", "base", "img"} & set(parsed.tags)
    assert [name for name in parsed.attributes if name.startswith("on") or name == "style"] == []
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in policy[1]
    assert "unsafe" not in policy[1]


HOSTILE = (
    "</li><script>alert(1)</script><img src=x onerror=alert(2)> \x1b[31m\x00 \u202egnp.exe\u2066 \u200b &amp; {{7*7}}"
)


def test_what_is_pasted_stays_text_wherever_it_is_shown() -> None:
    (entry, *_) = run().sites[0].entries
    entries = [replace(entry, group=HOSTILE)]
    laid = ladder.build(entries)
    side = text.Side(HOSTILE, entries, [f"{HOSTILE}\n{HOSTILE}"], laid, (), {HOSTILE: HOSTILE})
    diagnosis = Diagnosis(
        HOSTILE,
        "certain",
        0,
        HOSTILE,
        Text(HOSTILE, HOSTILE),
        Text(f"`{HOSTILE}`", HOSTILE),
        (Evidence(0, 1, HOSTILE, 0),),
        fixes=(Fix("a", (HOSTILE,)),),
        next=(Text(HOSTILE, HOSTILE),),
        ruled_out=(HOSTILE,),
    )
    source = read_source([HOSTILE, f"[IKEv1]: {HOSTILE}"], HOSTILE)
    page = html.explain(
        [side], [diagnosis], listings=[html.Listing(HOSTILE, [HOSTILE], {1: HOSTILE})], sources=[source]
    )
    parsed = Parsed(page)
    assert not {"script", "img"} & set(parsed.tags)
    assert "onerror" not in parsed.attributes
    assert page.count("&lt;script&gt;") > 12
    assert "49" not in re.findall(r"\{\{7\*7\}\}|\b49\b", page)
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u202e\u2066]", page)
    assert r"\x1b[31m\x00 \u202egnp.exe\u2066 \u200b &amp;amp;" in page


@given(st.text())
def test_visible_text_hides_nothing_and_is_no_markup(pasted: str) -> None:
    shown = visible(pasted)
    assert isinstance(shown, Markup)
    assert not re.search(
        "[<>\"'\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown
    )
    shown.encode()


def test_keys_are_on_no_page() -> None:
    changes = PSK
    result = lab(site("a", *changes), site("b", *changes))
    assert result.established
    written = (REPO / "examples" / "two-sites" / "site-b.cfg").read_text().replace(*PSK[0])
    reading = read_config(written, "b.cfg")
    listings = [listing("a", *changes), html.Listing.of(reading, written)]
    assert KEY not in html.check(listings, [[], check(reading)])
    entries = result.sites[0].entries
    pasted = [f"{speak(entry)}\n ikev1 pre-shared-key {KEY}" for entry in entries]
    side = text.Side("a", entries, pasted, ladder.build(entries))
    source = read_source([f"[IKEv1]: nonsense pre-shared-key {KEY}"], "log")
    assert KEY not in html.explain([side], [], listings=listings, sources=[source])


def test_two_runs_of_one_box_are_two_sections_with_one_side_each() -> None:
    page = document_page("initiator", "responder")
    assert page.count('<details class="negotiation"') == 2
    assert "one-left" in page
    assert "one-right" in page
    assert 'class="rung  ' not in page  # a rung with both columns


def test_both_ends_of_one_negotiation_are_one_section() -> None:
    page = lab_page()
    assert page.count('<details class="negotiation"') == 1
    assert 'class="rung  message"' in page


def test_repetitions_and_keepalives_are_folded_and_what_never_came_is_grey() -> None:
    page = lab_page("drop:MM3:all")
    for name, times in (("MM2", 3), ("MM3", 6)):
        assert re.search(rf'<details class="info" id="n0-{name}-again"><summary[^>]*>again {times}×', page), name
    for name in ("MM4", "MM5", "MM6", "QM1", "QM2", "QM3"):
        assert re.search(rf'class="rung  ?missing" id="n0-{name}"', page), name
    assert re.search(r'class="rung  ?message stopped" id="n0-MM3"', page)
    assert "never reached" not in lab_page()


def test_what_is_said_again_about_a_message_that_nobody_could_read_is_folded() -> None:
    page = lab_page(changes=BROKEN)
    rung = page.partition('id="n0-MM5"')[2].partition('id="n0-MM5-again"')
    assert rung[0].count("had problems decrypting packet") == 1
    folded = rung[2].partition("</details>")[0]
    told = [entry for entry in run(changes=BROKEN).sites[1].entries if type(entry.event).__name__ == "DecryptionFailed"]
    assert folded.count("had problems decrypting packet") == len(told) - 1 > 3


def test_a_message_whose_repetition_arrived_is_not_lost_in_the_ladder() -> None:
    overview = lab_page("drop:MM4").partition('<div class="overview')[2].partition("</div>\n<div class")[0]
    assert "not seen at the other end" not in overview
    assert "again 2×" in overview
    assert "not seen at the other end" in lab_page("drop:MM4")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_says_in_which_language_it_is(lang: Lang) -> None:
    page = lab_page(changes=BROKEN, lang=lang)
    assert f'<html lang="{lang}">' in page
    assert STRINGS["diagnosis"].to(lang) in page
    assert ("診断" in page) == (lang == "ja")


def test_both_languages_say_the_same_things_about_the_same_values() -> None:
    for key, sentence in STRINGS.items():
        fields = [{name for _, name, _, _ in Formatter().parse(said) if name} for said in sentence]
        assert fields[0] == fields[1], key
        assert all(sentence), key


def test_a_check_links_its_findings_to_the_configuration() -> None:
    written = (REPO / "examples" / "two-sites" / "site-a.cfg").read_text().replace("set peer", "set nothing-else")
    written = "\n".join(line for line in written.splitlines() if "set nothing-else" not in line)
    reading = read_config(written, "a.cfg")
    findings = check(reading)
    assert any(finding.severity == "problem" and finding.span for finding in findings)
    page = html.check([html.Listing.of(reading, written)], [findings])
    for finding in findings:
        assert f"<code>{finding.code}</code>" in page
        if finding.span:
            assert f'href="#c0-{finding.span.line}"' in page
            assert f'id="c0-{finding.span.line}"' in page


def test_a_debug_of_200_000_lines_is_a_page_that_can_be_mailed() -> None:
    base = run(changes=BROKEN).sites[0].entries
    entries = []
    for number in range(200_000 // len(base) + 1):
        peer = IPv4Address("10.1.0.0") + number % 50
        later = 200.0 * number
        entries += [
            replace(entry, peer=peer if entry.peer else None, group=str(peer) if entry.group else None, at=later)
            for entry in base
        ]
    assert len(entries) >= 200_000
    started = time.process_time()
    laid = ladder.build(entries)
    spoken = [speak(entry) for entry in entries]
    side = text.Side("ciscoasa", entries, spoken, laid, origins.trace(laid, entries, site("a")))
    page = html.explain([side], diagnose([entries], ladders=[laid]), listings=[listing("a")])
    assert time.process_time() - started < 60
    assert 10_000_000 < len(page.encode()) < 25_000_000
    shown = page.count('<li id="L0-')
    omitted = sum(int(count) for count in re.findall(r"(\d+) lines are left out", page))
    assert shown + omitted == len(entries)
