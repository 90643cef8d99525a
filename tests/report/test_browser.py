"""The page in a real browser with JavaScript off: links, arrows, widths, colours, nothing on the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from mainmode.cli import main
from mainmode.explain import ladder
from mainmode.explain.report import html, text
from mainmode.language import Lang
from tests.explain.logs import lab, sides
from tests.paths import REPO, SHARED, require
from tests.report.browser import CONTRASTS, HEADS, browser, complaints, show
from tests.report.pages import document_page, lab_page, run

BROKEN = (("cisco", "other"),)
PAGES = [((), ()), ((), BROKEN), (("drop:MM3:all",), ())]
LANGUAGES: tuple[Lang, ...] = ("en", "ja")


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with browser() as started:
        yield started


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_link_of_the_evidence_brings_its_line_into_view(driver: Chrome, tmp_path: Path, lang: Lang) -> None:
    show(driver, lab_page(changes=BROKEN, lang=lang), tmp_path)
    # Also with everything folded: the browser unfolds what a link leads into.
    driver.execute_script("document.querySelectorAll('details[open]').forEach(d => d.open = false)")
    links = driver.find_elements(By.CSS_SELECTOR, ".diagnosis .places a[href^='#L']")
    assert len(links) >= 2
    for link in links:
        said = link.find_element(By.XPATH, "following-sibling::code").text
        link.click()
        target = driver.find_element(By.CSS_SELECTOR, ":target")
        assert said.split("\n")[0] in target.text
        seen = (
            "const r = arguments[0].getBoundingClientRect(); return r.height > 0 && r.top >= 0 && r.top < innerHeight"
        )
        assert driver.execute_script(seen, target)
        driver.execute_script("scrollTo(0, 0)")


def written(folder: Path, *arguments: str) -> str:
    output = folder / "written.html"
    assert main([*arguments, "--format", "html", "--output", str(output)]) in (0, 1)
    return output.read_text(encoding="utf-8")


EXAMPLES = REPO / "examples"
COMMANDS = {
    "explain, one end": ["explain", "broken-tunnel/responder.log", "--config", "broken-tunnel/site-b.cfg"],
    "explain, both ends": ["explain", "broken-tunnel/initiator.log", "broken-tunnel/responder.log"],
    "check of a pair": ["check", "two-sites/site-a.cfg", "broken-tunnel/site-b.cfg"],
    "lab": ["lab", "two-sites/site-a.cfg", "broken-tunnel/site-b.cfg"],
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_line_of_the_evidence_is_a_link_that_lands_on_it(
    driver: Chrome, tmp_path: Path, command: str, lang: Lang
) -> None:
    arguments = [str(EXAMPLES / one) if "/" in one else one for one in COMMANDS[command]]
    complaints(driver)
    show(driver, written(tmp_path, *arguments, "--lang", lang), tmp_path, width=390)
    lines = driver.find_elements(By.CSS_SELECTOR, ".quote .places li")
    assert len(lines) >= 2
    for line in lines:
        links = line.find_elements(By.TAG_NAME, "a")
        assert links
        said = line.find_element(By.TAG_NAME, "code").text
        for link in links:
            link.click()
            target = driver.find_element(By.CSS_SELECTOR, ":target")
            assert said in target.text
            box = "const r = arguments[0].getBoundingClientRect(); return [r.height, r.top, r.bottom, innerHeight]"
            height, top, _, inner = driver.execute_script(box, target)
            assert height > 0
            assert 0 <= top < inner
            driver.execute_script("scrollTo(0, 0)")
    assert complaints(driver) == []
    assert driver.execute_script("return document.documentElement.lang") == lang


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_real_log_makes_a_page_that_fits_a_narrow_screen(driver: Chrome, tmp_path: Path, lang: Lang) -> None:
    require(SHARED.is_dir(), "the real logs lie in the shared material")
    logs = [file for end in ("log", "show") for file in sorted((SHARED / "corpus").glob(f"*.{end}"))]
    pages = 0
    complaints(driver)
    for log in logs:
        output = tmp_path / "written.html"
        if main(["explain", str(log), "--format", "html", "--output", str(output), "--lang", lang]) == 2:
            continue  # it has nothing of IKEv1, and that was said
        pages += 1
        show(driver, output.read_text(encoding="utf-8"), tmp_path, width=390)
        driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 390, log.name
        dead = (
            "[...document.querySelectorAll('a')].filter(a => !document.getElementById(a.getAttribute('href').slice(1)))"
        )
        assert driver.execute_script(f"return {dead}.length") == 0, log.name
    assert pages > 25
    assert complaints(driver) == []


@pytest.mark.parametrize("begins", ["a", "b"])
def test_arrows_point_from_sender_to_receiver(driver: Chrome, tmp_path: Path, begins: str) -> None:
    a, b = sides(lab() if begins == "a" else lab_from_b())
    show(driver, html.lab(a, b, "", established=True), tmp_path)
    ends = [end.text for end in driver.find_elements(By.CSS_SELECTOR, ".ends strong")]
    assert ends == (["site-a", "site-b"] if begins == "a" else ["site-b", "site-a"])
    initiator = a if begins == "a" else b
    expected = [
        [rung.name, *["right" if rung.direction == "sent" else "left"] * 2]
        for rung in initiator.ladder.negotiations[0].messages
        if rung.name != "INFO"
    ]
    assert len(expected) == 9
    assert [head for head in driver.execute_script(HEADS) if head[0] in {name for name, *_ in expected}] == expected


def lab_from_b() -> object:
    from mainmode.lab.run import run as run_lab
    from tests.explain.logs import site

    return run_lab(site("a"), site("b"), initiator="b")


@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_arrows_of_one_boxs_log_point_the_right_way(driver: Chrome, tmp_path: Path, role: str) -> None:
    show(driver, document_page(role), tmp_path)
    ends = [end.text for end in driver.find_elements(By.CSS_SELECTOR, ".ends strong")]
    assert ends == (["site-a", "10.0.0.2"] if role == "initiator" else ["10.0.0.2", "site-a"])
    heads = driver.execute_script(HEADS)
    names = ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
    ways = ["right", "left"] * 3 + ["right", "left", "right"]
    assert heads == [[name, way, way] for name, way in zip(names, ways, strict=True)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("faults", "changes"), PAGES)
@pytest.mark.parametrize("width", [390, 1400])
def test_a_page_is_never_wider_than_its_window(
    driver: Chrome,
    tmp_path: Path,
    faults: tuple[str, ...],
    changes: tuple[tuple[str, str], ...],
    lang: Lang,
    width: int,
) -> None:
    show(driver, lab_page(*faults, changes=changes, lang=lang), tmp_path, width=width)
    driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    inner, content = driver.execute_script("return [innerWidth, document.documentElement.scrollWidth]")
    assert inner == width
    assert content <= width
    # No text of the ladder is cut off at an edge either.
    beyond = """
    return [...document.querySelectorAll('svg.ladder text')].map(t => [t.textContent, t.getBoundingClientRect()])
      .filter(([, r]) => r.width && (r.left < 0 || r.right > innerWidth)).map(([text]) => text)
    """
    assert driver.execute_script(beyond) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("faults", "changes"), PAGES)
def test_every_text_stands_out_from_its_background(
    driver: Chrome, tmp_path: Path, faults: tuple[str, ...], changes: tuple[tuple[str, str], ...], dark: bool
) -> None:
    show(driver, lab_page(*faults, changes=changes), tmp_path, dark=dark)
    found = driver.execute_script(CONTRASTS)
    assert len(found) > 5
    assert {pair: ratio for pair, (ratio, _) in found.items() if ratio < 4.5} == {}
    paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(15, 20, 25)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_text_of_every_command_stands_out_in_japanese(
    driver: Chrome, tmp_path: Path, command: str, dark: bool
) -> None:
    arguments = [str(EXAMPLES / one) if "/" in one else one for one in COMMANDS[command]]
    show(driver, written(tmp_path, *arguments, "--lang", "ja"), tmp_path, dark=dark)
    driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = driver.execute_script(CONTRASTS)
    assert len(found) > 5
    assert {pair: ratio for pair, (ratio, _) in found.items() if ratio < 4.5} == {}
    # The letters that are Japanese come from a Japanese font, what is quoted is marked as English.
    assert driver.execute_script("return getComputedStyle(document.body).fontFamily").count("JP") == 2
    quoted = "return [...document.querySelectorAll('.said, .places, .mend, .cfg')].every(e => e.lang === 'en')"
    assert driver.execute_script(quoted)


def test_nothing_runs_and_nothing_is_complained_about(driver: Chrome, tmp_path: Path) -> None:
    complaints(driver)
    (entry, *_) = run().sites[0].entries
    hostile = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">\u202e"
    side = text.Side(hostile, [entry], [hostile], ladder.build([entry]))
    show(driver, html.explain([side], [], listings=[html.Listing("x.cfg", [hostile])]), tmp_path)
    assert hostile[:-1] in driver.find_element(By.CSS_SELECTOR, ".said, .cfg").get_attribute("textContent")
    assert driver.title.endswith(" — What the debug says")
    assert complaints(driver) == []
    show(driver, lab_page(changes=BROKEN), tmp_path)
    assert complaints(driver) == []


def test_a_style_that_is_not_the_pages_own_does_not_apply(driver: Chrome, tmp_path: Path) -> None:
    page = lab_page().replace("<main>", "<style>main{display:none}</style><script>document.title='run'</script><main>")
    show(driver, page, tmp_path)
    assert driver.find_element(By.TAG_NAME, "main").is_displayed()
    assert driver.title != "run"
    assert complaints(driver)


def test_print_unfolds_everything(driver: Chrome, tmp_path: Path) -> None:
    show(driver, lab_page("drop:MM3:all"), tmp_path)
    hidden = "return document.querySelector('details.info .rung').checkVisibility({contentVisibilityAuto: true})"
    assert driver.execute_script(hidden) is False
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    WebDriverWait(driver, 10).until(lambda driver: driver.execute_script(hidden))
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
