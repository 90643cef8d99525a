"""What nobody in their right mind would paste, through the command line, for all three commands that write a page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mainmode.cli import main
from mainmode.explain.paste import PATIENCE
from mainmode.words import speak
from tests.paths import REPO
from tests.report.browser import browser, complaints
from tests.report.pages import Parsed, run

SITES = {name: REPO / "examples" / "two-sites" / f"site-{name}.cfg" for name in "ab"}
MEGABYTE = 1_000_000

MARKUP = "</li></pre></style><script>document.title='run'</script><img src=x onerror=alert(1)>{{7*7}}"
UNSEEN = "\x1b[31m\x07\u202egnp.exe\u2066\u200b\u2028\ufeff\u061c\U000e0041"
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
SAID = "[IKEv1]: Group = 10.0.0.2, IP = 10.0.0.2, "


def page(folder: Path, *arguments: str) -> str:
    output = folder / "report.html"
    assert main([*arguments, "--lang", "en", "--format", "html", "--output", str(output)]) in (0, 1)
    return output.read_text(encoding="utf-8")


def unharmed(written: str) -> None:
    """Nothing in it runs, nothing hides, nothing leads anywhere else."""
    parsed = Parsed(written)
    assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & set(parsed.tags)
    assert [name for name in parsed.attributes if name.startswith("on") or name == "style"] == []
    assert [link for link in parsed.links if not link.startswith("#")] == ["data:,"]
    assert HIDDEN.search(written) is None


def configured(folder: Path, name: str, said: str) -> str:
    """A site whose description, names and comments say it."""
    plain = "".join(said.split())
    text = SITES[name].read_text().replace("nameif outside", f"nameif outside\n description {said}")
    text = text.replace("hostname site-", f"! {said}\nhostname {plain[:20]}-").replace("TRANSFORM", plain[:30])
    assert text.count(plain[:20]) >= 3
    file = folder / f"{name}.cfg"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("said", [MARKUP, UNSEEN, f"{UNSEEN}{MARKUP}", "\u05d0\u05d1 \u0627\u0644 <b>"])
def test_what_a_configuration_says_stays_text_in_lab_and_check(tmp_path: Path, said: str) -> None:
    sites = [configured(tmp_path, name, said) for name in "ab"]
    for arguments in (["lab", *sites], ["check", sites[0]], ["check", *sites]):
        written = page(tmp_path, *arguments)
        unharmed(written)
        assert "<b>" not in written


@pytest.mark.parametrize("said", [MARKUP, UNSEEN, f"{UNSEEN}{MARKUP}", "\u05d0\u05d1 \u0627\u0644 <b>"])
def test_what_a_log_says_stays_text_in_explain(tmp_path: Path, said: str) -> None:
    log = tmp_path / f"{said[:8].replace('/', '')}.log"
    lines = [speak(entry) for entry in run().sites[0].entries]
    lines[10:10] = [
        f"{SAID}{said}",
        said,
        f"{said} {SAID}{said}",
        f"IPSEC: {said}",
        f"%ASA-3-713902: IP = 10.0.0.2, {said}",
    ]
    log.write_text("\n".join(lines), encoding="utf-8")
    written = page(tmp_path, "explain", str(log), "--config", configured(tmp_path, "a", said))
    unharmed(written)
    assert "established" in written


def many(line: str, size: int) -> Iterable[str]:
    for number in range(size // len(line)):
        yield f"{line}{number}\n"


def without_end(line: str, size: int) -> Iterable[str]:
    for _ in range(size // len(line)):
        yield line


@pytest.mark.parametrize(
    ("text", "line", "megabytes"),
    [
        (many, "It was a dark and stormy <script>night</script>, and the tunnel was down. ", 50),
        (many, f"{SAID}the moon is <script>in the seventh house</script> ", 50),
        (without_end, "A<script>alert(1)</script>", 50),
        (without_end, f"{SAID}<script>", 10),
        (without_end, "IPSEC: New embryonic SA created @ 0x1, [Direction] ", 10),
    ],
    ids=["prose", "statements nobody knows", "one line", "one line of statements", "one line of torn records"],
)
def test_megabytes_of_anything_are_shown_as_text_or_refused_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: Callable[[str, int], Iterable[str]],
    line: str,
    megabytes: int,
) -> None:
    log, output = tmp_path / "large.log", tmp_path / "report.html"
    with log.open("w") as file:
        file.writelines(text(line, megabytes * MEGABYTE))
    assert log.stat().st_size > 0.9 * megabytes * MEGABYTE
    started = time.process_time()
    code = main(["explain", str(log), "--lang", "en", "--format", "html", "--output", str(output)])
    assert time.process_time() - started < 2.5 * megabytes
    said = capsys.readouterr().err
    if code == 2:
        assert len(said.splitlines()) == 1
        assert "<script>" not in said
        assert not output.exists()
    else:
        assert output.stat().st_size < 25_000_000
        unharmed(output.read_text(encoding="utf-8"))


def test_a_text_that_is_no_log_is_read_only_so_far(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "prose.txt"
    log.write_text("It was a dark and stormy night.\n" * (PATIENCE + 10_000) + f"{SAID}PHASE 1 COMPLETED\n")
    assert main(["explain", str(log)]) == 2
    assert f"none of its first {PATIENCE + 1} lines is an ASA's" in capsys.readouterr().err
    log.write_text("It was a dark and stormy night.\n" * 1000 + f"{SAID}PHASE 1 COMPLETED\n")
    assert main(["explain", str(log)]) == 0
    log.write_text("%ASA-6-302013: Built inbound TCP connection\n" + log.read_text() * 3)
    assert main(["explain", str(log)]) == 0


def test_a_debug_of_200_000_lines_is_a_page_in_a_minute(tmp_path: Path) -> None:
    lines = [line for entry in run(changes=(("cisco", "other"),)).sites[0].entries for line in speak(entry).split("\n")]
    log = tmp_path / "large.log"
    with log.open("w") as file:
        for number in range(200_000 // len(lines) + 1):
            file.writelines(f"{line}\n".replace("10.0.0.2", f"10.1.{number % 50}.9") for line in lines)
    started = time.process_time()
    written = page(tmp_path, "explain", str(log), "--config", str(SITES["a"]))
    assert time.process_time() - started < 60
    assert 10_000_000 < len(written.encode()) < 25_000_000
    assert written.count("<details") > 20 * written.count("<details open") > 0
    opened = re.findall(r'<details class="negotiation" id="n\d+" open>', written)
    assert 0 < len(opened) <= 3
    with browser() as driver:
        driver.get((tmp_path / "report.html").as_uri())
        assert driver.execute_script("return document.readyState") == "complete"
        assert driver.execute_script("return document.querySelectorAll('.said li').length") > 50_000
        shown = "return [...document.querySelectorAll('.negotiation')].filter(d => d.open).length"
        assert driver.execute_script(shown) == len(opened)
        assert complaints(driver) == []
