"""The page in a real browser, JavaScript off and on: paste, files, drop, widths, colours, nothing on the console."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from mainmode.language import Lang
from mainmode.shell.web.form import LIMIT
from mainmode.shell.web.strings import STRINGS
from tests.report.browser import CONTRASTS, browser, complaints, fit
from tests.web.server import PAIR, RESPONDER, SITE_A, SITE_B, Server, served

LANGUAGES: tuple[Lang, ...] = ("en", "ja")
HOSTILE = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">\u202egnp.exe"

LINE = "%ASA-6-302013: Built outbound TCP connection 1 for outside:198.51.100.7/443\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as started:
        yield started


@pytest.fixture(scope="module", params=[False, True], ids=["without scripts", "with scripts"])
def driver(request: pytest.FixtureRequest) -> Iterator[Chrome]:
    """One without scripts, and one with."""
    with browser(scripts=request.param) as started:
        yield started


@pytest.fixture(scope="module")
def scripted() -> Iterator[Chrome]:
    with browser(scripts=True) as started:
        yield started


def form(driver: Chrome, server: Server, lang: Lang = "en", *, example: bool = False) -> None:
    driver.get(f"{server.address}?lang={lang}{'&example=1' if example else ''}")


def paste(driver: Chrome, field: str, text: str) -> None:
    """As a paste does it: at once. Keys of every line would be another test."""
    area = driver.find_element(By.ID, field)
    driver.execute_script("arguments[0].value = arguments[1]", area, text)


def paste_much(driver: Chrome, field: str, start: str, octets: int) -> None:
    """So much that Chromium takes minutes to lay it out in a text field: it is sent from one that is not shown."""
    fill = """
    const [id, start, line, times] = arguments;
    const shown = document.getElementById(id);
    const sent = document.createElement('input');
    sent.type = 'hidden';
    sent.name = shown.name;
    sent.value = start + line.repeat(times);
    shown.replaceWith(sent);
    """
    driver.execute_script(fill, field, start, LINE, octets // len(LINE) + 1)


def press(driver: Chrome, answer: str = "page") -> None:
    button = driver.find_element(By.CSS_SELECTOR, f"button[value={answer}]")
    button.click()
    WebDriverWait(driver, 60).until(lambda driver: driver.current_url.endswith("/report"))


def rules(driver: Chrome) -> list[str]:
    return [found.text for found in driver.find_elements(By.CSS_SELECTOR, ".diagnosis p > code:first-of-type")]


def test_the_two_browsers_differ_in_scripts(server: Server) -> None:
    """A file that is dropped beside the fields is called off by the page's script alone."""
    called_off = []
    for scripts in (False, True):
        with browser(scripts=scripts) as driver:
            form(driver, server)
            called_off.append(not driver.execute_script(DROP, "h1", [["x.log", "x"]], "drop"))
    assert called_off == [False, True]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_paste_becomes_the_report_in_the_language_of_the_page(driver: Chrome, server: Server, lang: Lang) -> None:
    complaints(driver)
    form(driver, server, lang)
    for name, path in PAIR:
        paste(driver, name, path.read_text())
    press(driver)
    assert driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == lang
    assert driver.find_elements(By.CSS_SELECTOR, "svg.ladder")
    assert "policy-mismatch" in driver.find_element(By.CSS_SELECTOR, ".diagnosis").text
    assert driver.find_elements(By.CSS_SELECTOR, ".badge.good")
    assert complaints(driver) == []
    driver.find_element(By.CSS_SELECTOR, ".back a").click()
    assert driver.find_element(By.TAG_NAME, "h1").text == STRINGS["title"].to(lang)


def test_what_is_typed_with_keys_alone_becomes_the_report(driver: Chrome, server: Server) -> None:
    form(driver, server)
    lines = RESPONDER.read_text().splitlines()
    ends = next(number for number, line in enumerate(lines) if "All SA proposals found unacceptable" in line)
    driver.find_element(By.ID, "log-a").send_keys("\n".join(lines[: ends + 1]))
    button = driver.find_element(By.CSS_SELECTOR, "button[value=page]")
    for _ in range(12):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        if driver.switch_to.active_element == button:
            break
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert driver.execute_script(outline) == "solid"
    ActionChains(driver).send_keys(Keys.ENTER).perform()
    WebDriverWait(driver, 60).until(lambda driver: driver.current_url.endswith("/report"))
    assert "policy-mismatch" in driver.find_element(By.CSS_SELECTOR, ".diagnosis").text


def test_files_become_the_report(driver: Chrome, server: Server) -> None:
    complaints(driver)
    form(driver, server)
    for name, path in PAIR:
        driver.find_element(By.ID, f"{name}-file").send_keys(str(path))
    press(driver)
    said = driver.find_element(By.TAG_NAME, "main").text
    assert all(path.name in said for _, path in PAIR)
    assert driver.find_elements(By.CSS_SELECTOR, ".badge.good")
    assert complaints(driver) == []


def test_the_example_and_the_other_forms_of_the_report(driver: Chrome, server: Server, tmp_path: Path) -> None:
    form(driver, server)
    driver.find_element(By.LINK_TEXT, STRINGS["example"].to("en")).click()
    Select(driver.find_element(By.ID, "lang")).select_by_value("ja")
    press(driver, "text")
    assert "エラー[policy-mismatch]" in driver.find_element(By.TAG_NAME, "body").text
    driver.back()
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    driver.find_element(By.CSS_SELECTOR, "button[value=file]").click()
    kept = tmp_path / "mainmode-report.html"
    WebDriverWait(driver, 60).until(lambda _: kept.exists() and kept.stat().st_size)
    complaints(driver)
    driver.get(kept.as_uri())
    assert "policy-mismatch" in driver.find_element(By.CSS_SELECTOR, ".diagnosis").text
    assert complaints(driver) == []


def test_a_hostile_paste_is_shown_as_text_and_nothing_runs(driver: Chrome, server: Server, tmp_path: Path) -> None:
    complaints(driver)
    log = tmp_path / "<img src=x onerror=alert(1)>.log"
    log.write_text(f"{RESPONDER.read_text()}\n[IKEv1]: Group = {HOSTILE}, IP = 10.0.0.1, nonsense \x07\x1b[31m\n")
    form(driver, server)
    driver.find_element(By.ID, "log-a-file").send_keys(str(log))
    paste(driver, "config-b", f"! {HOSTILE}\n{SITE_B.read_text()}")
    press(driver)
    assert driver.title.endswith("What the debug says")
    text = driver.find_element(By.TAG_NAME, "main").get_attribute("textContent")
    assert "<script>document.title='run'</script><img src=x" in text
    assert "\\u202egnp.exe" in text
    assert log.name in text
    assert driver.find_elements(By.CSS_SELECTOR, "img, script, iframe") == []
    assert complaints(driver) == []


def test_what_cannot_be_used_is_said_and_the_way_back_leads_to_what_was_pasted(driver: Chrome, server: Server) -> None:
    form(driver, server)
    paste(driver, "log-a", HOSTILE)
    complaints(driver)
    press(driver)
    assert driver.title == STRINGS["notice"].to("en")
    assert "a.log: no line of it" in driver.find_element(By.CSS_SELECTOR, "[role=alert]").text
    # The browser's own remark about an answer that is no success.
    assert [said for said in complaints(driver) if "the server responded with a status of 422" not in said] == []
    driver.back()
    assert driver.find_element(By.ID, "log-a").get_property("value") == HOSTILE


def test_a_page_of_somebody_else_cannot_send_the_form(driver: Chrome, server: Server, tmp_path: Path) -> None:
    theirs = tmp_path / "evil.html"
    theirs.write_text(
        f'<form method="post" action="{server.address}report" enctype="multipart/form-data">'
        f'<input name="token" value="{server.token}"><textarea name="log-a">{RESPONDER.read_text()}</textarea>'
        "<button>send</button></form>"
    )
    driver.get(theirs.as_uri())
    driver.find_element(By.TAG_NAME, "button").click()
    WebDriverWait(driver, 60).until(lambda driver: driver.current_url.endswith("/report"))
    assert driver.find_element(By.CSS_SELECTOR, "[role=alert]").text == STRINGS["refused.origin"].to("en")


def test_a_page_of_somebody_else_cannot_show_the_form_in_itself(driver: Chrome, server: Server, tmp_path: Path) -> None:
    theirs = tmp_path / "frame.html"
    theirs.write_text(f'<iframe src="{server.address}"></iframe>')
    complaints(driver)
    driver.get(theirs.as_uri())
    driver.switch_to.frame(0)
    assert driver.find_elements(By.ID, "form") == []
    driver.switch_to.default_content()
    assert any("frame" in said.lower() for said in complaints(driver))


# --- how it looks -------------------------------------------------------------------------------------------------


def pages(driver: Chrome, server: Server, lang: Lang) -> Iterator[str]:
    """Each page in turn."""
    form(driver, server, lang)
    yield "form"
    form(driver, server, lang, example=True)
    yield "example"
    press(driver)
    yield "report"
    form(driver, server, lang)
    press(driver)
    yield "notice"
    form(driver, server, lang)
    paste(driver, "log-a", RESPONDER.read_text())
    paste(driver, "config-a", f"crypto map {'x' * 300} nonsense {'y' * 300}\n{SITE_A.read_text()}")
    press(driver)
    yield "mistake"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("width", [390, 1400])
def test_no_page_is_wider_than_its_window(driver: Chrome, server: Server, lang: Lang, width: int) -> None:
    fit(driver, width=width)
    seen = []
    for page in pages(driver, server, lang):
        seen.append(page)
        inner, content = driver.execute_script("return [innerWidth, document.documentElement.scrollWidth]")
        assert inner == width
        assert content <= width, page
    assert seen == ["form", "example", "report", "notice", "mistake"]
    fit(driver)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_background(driver: Chrome, server: Server, lang: Lang, dark: bool) -> None:
    fit(driver, dark=dark)
    for page in pages(driver, server, lang):
        found = driver.execute_script(CONTRASTS)
        assert len(found) >= 3, page
        assert {pair: ratio for pair, (ratio, _) in found.items() if ratio < 4.5} == {}, page
        paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(15, 20, 25)" if dark else "rgb(255, 255, 255)")
    fit(driver)


NAMES = """
return [...document.querySelectorAll('textarea, select, button, input:not([type=hidden])')]
  .map(e => [e.id || e.value, (e.labels && e.labels[0] || e).textContent.trim()]);
"""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_field_has_a_label_and_the_page_its_landmarks(driver: Chrome, server: Server, lang: Lang) -> None:
    complaints(driver)
    form(driver, server, lang)
    named = driver.execute_script(NAMES)
    assert len(named) == 12
    assert [name for name, label in named if not label] == []
    for landmark in ("header", "nav", "main", "form", "footer", "h1"):
        assert len(driver.find_elements(By.TAG_NAME, landmark)) == 1, landmark
    ids = driver.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert complaints(driver) == []


# --- with scripts -------------------------------------------------------------------------------------------------

DROP = """
const [selector, files, kind] = arguments;
const target = document.querySelector(selector);
const data = new DataTransfer();
for (const [name, content] of files) data.items.add(new File([content], name));
const event = new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
return target.dispatchEvent(event);
"""


def test_files_that_are_dropped_on_the_fields_become_the_report(scripted: Chrome, server: Server) -> None:
    complaints(scripted)
    form(scripted, server)
    for name, path in PAIR:
        file = [path.name, path.read_text()]
        # The browser's own answer to a file, which is to show it instead of the page, is called off.
        assert scripted.execute_script(DROP, f"#{name}", [file], "dragover") is False
        assert "over" in scripted.find_element(By.ID, name).find_element(By.XPATH, "..").get_attribute("class")
        assert scripted.execute_script(DROP, f"#{name}", [file], "drop") is False
    assert scripted.find_elements(By.CSS_SELECTOR, ".over") == []
    # Another log of the same side joins the first; another configuration takes the other's place.
    scripted.execute_script(DROP, "#log-a-file", [["more.log", RESPONDER.read_text()]], "drop")
    scripted.execute_script(DROP, "#config-a", [[SITE_A.name, SITE_A.read_text()], ["no.cfg", "x"]], "drop")
    names = "return [...document.querySelectorAll('input[type=file]')].map(e => [...e.files].map(f => f.name))"
    assert scripted.execute_script(names) == [
        ["initiator.log", "more.log"],
        ["site-a.cfg"],
        ["responder.log"],
        ["site-b.cfg"],
    ]
    press(scripted)
    assert "more.log" in scripted.find_element(By.TAG_NAME, "main").text
    assert "policy-mismatch" in scripted.find_element(By.CSS_SELECTOR, ".diagnosis").text
    assert complaints(scripted) == []


def test_a_file_that_misses_the_fields_does_not_replace_the_page(scripted: Chrome, server: Server) -> None:
    form(scripted, server)
    paste(scripted, "log-a", "what was pasted")
    assert scripted.execute_script(DROP, "h1", [["x.log", "x"]], "drop") is False
    status = scripted.find_element(By.ID, "status")
    assert status.text == STRINGS["missed"].to("en")
    assert scripted.find_element(By.ID, "log-a").get_property("value") == "what was pasted"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_too_large_is_told_before_it_is_sent(scripted: Chrome, server: Server, lang: Lang) -> None:
    form(scripted, server, lang)
    # Chromium takes minutes for so much text in a field; how the script counts does not depend on how much is allowed.
    scripted.execute_script("document.getElementById('form').dataset.limit = 100")
    for field, text in (("log-a", "x" * 60), ("config-b", "\u3042" * 14)):  # 60 and 42 octets
        paste(scripted, field, text)
    scripted.find_element(By.CSS_SELECTOR, "button[value=page]").click()
    status = scripted.find_element(By.ID, "status")
    assert status.text == STRINGS["too.large"].to(lang).format(limit=LIMIT >> 20)
    assert scripted.current_url != f"{server.address}report"


def test_fifty_megabytes_in_the_field_of_a_browser_without_scripts_are_answered(server: Server) -> None:
    with browser() as driver:
        form(driver, server)
        paste_much(driver, "log-a", RESPONDER.read_text(), 50_000_000)
        driver.find_element(By.CSS_SELECTOR, "button[value=page]").click()
        WebDriverWait(driver, 120).until(lambda driver: driver.current_url.endswith("/report"))
        assert "policy-mismatch" in driver.find_element(By.CSS_SELECTOR, ".diagnosis").text


def test_more_than_the_limit_from_a_browser_without_scripts_is_refused_in_a_line(server: Server) -> None:
    with browser() as driver:
        form(driver, server)
        paste_much(driver, "log-a", "", LIMIT)
        driver.find_element(By.CSS_SELECTOR, "button[value=page]").click()
        WebDriverWait(driver, 120).until(lambda driver: driver.current_url.endswith("/report"))
        alert = driver.find_element(By.CSS_SELECTOR, "[role=alert]")
        assert alert.text == STRINGS["refused.size"].to("en").format(limit=LIMIT >> 20).replace("`", "")


def test_the_script_is_the_only_one_that_runs(scripted: Chrome, server: Server) -> None:
    """The policy holds: a script that got into the page by whatever mistake is refused by the browser."""
    form(scripted, server)
    complaints(scripted)
    source = base64.b64encode(b"document.title = 'run'").decode()
    inject = """
    const inline = document.createElement('script');
    inline.textContent = "document.title = 'run'";
    document.body.append(inline);
    const outside = document.createElement('script');
    outside.src = 'data:text/javascript;base64,' + arguments[0];
    document.body.append(outside);
    document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="document.title=1">');
    """
    scripted.execute_script(inject, source)
    WebDriverWait(scripted, 30).until(lambda driver: len(complaints(driver)) >= 1)
    assert scripted.title == f"{STRINGS['title'].to('en')} – mainmode"
