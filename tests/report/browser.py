"""Chromium without scripts and without network, for the report. Opens pages, measures, expects nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.paths import require

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)


@contextmanager
def browser(*, scripts: bool = False) -> Iterator[Chrome]:
    """Chromium with JavaScript switched off for pages, or on; what a test evaluates comes through the debugger."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    require(chromium and driver, "the report is looked at in Chromium (packages chromium, chromium-driver)")
    with TemporaryDirectory() as profile:
        options = ChromeOptions()
        options.binary_location = str(chromium)
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 1 if scripts else 2}
        )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        started = Chrome(options=options, service=Service(str(driver)))
        try:
            yield started
        finally:
            started.quit()


def show(driver: Chrome, page: str, folder: Path, *, width: int = 1400, dark: bool = False) -> None:
    """Open a page as a file, at a width in CSS pixels."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    fit(driver, width=width, dark=dark)
    driver.get(file.as_uri())


def fit(driver: Chrome, *, width: int = 1400, dark: bool = False) -> None:
    """Make the window so wide, in CSS pixels, and ask for light or dark colours."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def complaints(driver: Chrome) -> list[str]:
    """What the console says, since it was last asked."""
    return [entry["message"] for entry in driver.get_log("browser")]


HEADS = """
return [...document.querySelectorAll('.overview svg.ladder > a')].map(a => {
  const ladder = a.closest('svg').getBoundingClientRect();
  const head = a.querySelector('svg.head path').getBoundingClientRect();
  const tip = a.querySelector('svg.head path').getAttribute('d');
  return [a.querySelector('text:not(.at)').textContent.trim().split(' ')[0],
          (head.left + head.right) / 2 > (ladder.left + ladder.right) / 2 ? 'right' : 'left',
          tip.startsWith('M0 0L-') ? 'right' : tip.startsWith('M0 0L') ? 'left' : 'lost'];
})
"""
"""Each arrow of the ladder: its message, the end where its head is, and where the head points."""

CONTRASTS = """
const parse = c => c.match(/[\\d.]+/g).map(Number);
const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255;
  return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
const found = {};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || element.closest('title')) continue;
  const style = getComputedStyle(element);
  const ink = parse(element.closest('svg') ? style.fill : style.color);
  let behind = element;
  let paper = [0, 0, 0, 0];
  while (behind && paper[3] === 0) {
    paper = parse(getComputedStyle(behind).backgroundColor);
    if (paper.length === 3) paper.push(1);
    behind = behind.parentElement;
  }
  const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
  found[`${ink.slice(0, 3)} on ${paper.slice(0, 3)}`] = [(a + .05) / (b + .05), walker.currentNode.data.trim()];
}
return found;
"""
"""By pair of colours: the contrast of WCAG 2.2 (1.4.3), and some text that has it."""
