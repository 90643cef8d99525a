"""CONTRIBUTING's recipes are followed to the letter in a copy of the source, and what they name is there.

"One row" is a promise: each recipe is carried out by the edits that it asks for and no other.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mainmode.explain.rules import SECTIONS
from tests.docs.blocks import CODE, FENCE, text_of
from tests.paths import REPO

TEXT = text_of(REPO / "CONTRIBUTING.md")
RECIPES = {part.partition("\n")[0]: part for part in TEXT.split("\n## ") if part.startswith("Teach it")}


class Copy:
    """The source and the generators of the documentation, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("src", "docs/generate", "examples"):
            shutil.copytree(REPO / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / "src" / "mainmode" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, script: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=self.folder,
            env={"PYTHONPATH": f"{self.folder / 'src'}:{self.folder}", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_a_debug_line_is_an_event_and_a_row(copy: Copy) -> None:
    copy.change(
        "events.py",
        "@dataclass(frozen=True, slots=True)\nclass CryptoMapLookup(Event):",
        '@dataclass(frozen=True, slots=True)\nclass PeerMoved(Event):\n    """The peer has another address now."""\n\n'
        "    before: IPv4Address\n\n\n@dataclass(frozen=True, slots=True)\nclass CryptoMapLookup(Event):",
    )
    copy.change(
        "words/asa.py",
        "\nWORDINGS: tuple",
        '\n_debug(e.PeerMoved, "Peer has moved here from {before:ip}", "713999-6", REAL, "set peer")\nWORDINGS: tuple',
    )
    said = copy.run(
        "from mainmode.words import Dialect, read, speak\n"
        "entry = read('[IKEv1 DEBUG]: Group = G, IP = 10.0.0.9, Peer has moved here from 10.0.0.2')\n"
        "for dialect in Dialect:\n    print(speak(entry, dialect)); assert read(speak(entry, dialect)) == entry\n"
        "from docs.generate import REFERENCE\nprint(REFERENCE['reference/events.md']())"
    )
    assert "\n[IKEv1 DEBUG]Group = G, IP = 10.0.0.9, Peer has moved here from 10.0.0.2\n" in said
    assert "\n%ASA-6-713999: Group = G, IP = 10.0.0.9, Peer has moved here from 10.0.0.2\n" in said
    assert "### peer-moved\n\nThe peer has another address now.\n\nIt says: `before` (address).\n" in said


def test_a_cipher_is_a_row_and_its_word(copy: Copy) -> None:
    assert 'Auth(5, "esp-sha-256-hmac", "SHA256", "sha256", 32, 16, asa=False)' in text_of(
        REPO / "src" / "mainmode" / "ike" / "algorithms.py"
    )
    copy.change("config/commands.py", '"esp-md5-hmac|esp-sha-hmac|esp-none"', '"esp-sha-hmac|esp-sha-256-hmac"')
    for site in (copy.folder / "examples" / "two-sites").glob("*.cfg"):
        site.write_text(text_of(site).replace("esp-sha-hmac", "esp-sha-256-hmac"), encoding="utf-8")
    said = copy.run(
        "from mainmode.cli import main\n"
        "assert main(['lab', 'examples/two-sites/site-a.cfg', 'examples/two-sites/site-b.cfg']) == 0"
    )
    assert "transform: esp-aes esp-sha-256-hmac" in said


def test_a_configuration_command_is_an_entry(copy: Copy) -> None:
    copy.change(
        "config/commands.py",
        'GLOBAL, "crypto ikev1 limit <text>", IGNORED, "Negotiations at a time: the limit here is fixed."',
        'GLOBAL, "crypto ikev1 limit max-in-negotiation-sa <n:1-100>", NOT_IMPLEMENTED, "A percentage."',
    )
    said = copy.run(
        "from mainmode.config.reader import read\n"
        "line = 'crypto ikev1 limit max-in-negotiation-sa '\n"
        "found = read(f'{line}50\\n{line}101\\n', 'a.cfg')\n"
        "print(found.support[0].support.value, found.support[0].note, [str(e.span.line) for e in found.errors])\n"
        "from docs.generate import REFERENCE\nprint(REFERENCE['reference/commands.md']())"
    )
    assert "known, not implemented A percentage. ['2']" in said
    assert "| `crypto ikev1 limit max-in-negotiation-sa <n:1-100>` | known, not implemented | A percentage. |" in said


def test_a_diagnosis_is_a_function_and_two_pages(copy: Copy) -> None:
    line = "[IKEv1]: Group = 10.0.0.2, IP = 10.0.0.2, Received non-routine Notify message: No SA (99)"
    with (copy.folder / "src/mainmode/explain/rules/phase2.py").open("a", encoding="utf-8") as file:
        file.write(
            '\n\n@rule("peer-out-of-memory", "phase 2", "the peer has no room", "ピアに空きがありません")\n'
            "def peer_out_of_memory(case: Case) -> Finding | None:\n"
            "    lines = tuple((v, i) for v, i, event in case.events(ev.NotifyReceived) if event.number == 99)\n"
            '    because = (Text("It says so.", "そう言っています。"),)\n'
            '    return Finding("certain", "QM1", because, lines) if lines else None\n'
        )
    for lang, headings in SECTIONS.items():
        body = "".join(f"\n## {heading}\n\n```text\n{line}\n```\n" for heading in headings)
        page = copy.folder / "src/mainmode/explain/rules/pages" / lang / "peer-out-of-memory.md"
        page.write_text(f"# peer-out-of-memory\n{body}", encoding="utf-8")
    said = copy.run(
        "import pathlib\nfrom mainmode.cli import main\n"
        f"pathlib.Path('a.log').write_text({line!r} + chr(10))\n"
        "assert main(['explain', 'a.log']) == 1\nassert main(['rule', 'peer-out-of-memory', '--lang', 'ja']) == 0\n"
        "from docs.generate import pages\nprint(sorted(path for path, _ in pages() if 'memory' in path))"
    )
    assert said.startswith("error[peer-out-of-memory]: the peer has no room (certain, at QM1)\n")
    assert "\n# peer-out-of-memory\n" in said
    assert said.endswith("['faults/ja/peer-out-of-memory.md', 'faults/peer-out-of-memory.md']\n")


def test_a_row_that_a_recipe_shows_is_a_row_of_the_table() -> None:
    (shown,) = (
        block[2] for block in FENCE.finditer(re.sub("^   ", "", TEXT, flags=re.MULTILINE)) if block[1] == "python"
    )
    rows = ast.parse(text_of(REPO / "src" / "mainmode" / "words" / "asa.py")).body
    (row,) = ast.parse(shown).body
    # The text may be put together of pieces there: what is compared is everything else.
    assert skeleton(row) in [skeleton(one) for one in rows]


def skeleton(row: ast.stmt) -> list[str]:
    call = row.value if isinstance(row, ast.Expr) else row
    if not isinstance(call, ast.Call):
        return []
    return [ast.unparse(one) for one in (call.func, call.args[0], *call.args[2:])]


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_recipe_names_is_in_the_files_that_it_names(name: str) -> None:
    codes = CODE.findall(FENCE.sub("", RECIPES[name]))
    there = [REPO / code for code in codes if "/" in code and (REPO / code).exists()]
    files = [file for path in there for file in (path.rglob("*.py") if path.is_dir() else [path])]
    known = "\n".join(text_of(file) for file in files if file.suffix == ".py")
    for code in codes:
        if re.fullmatch(r"_?[A-Za-z]\w*", code) and (code.startswith("_") or code != code.lower()):
            assert re.search(rf"\b{code}\b", known), f"{code} is in none of {files}"
        elif found := re.match(r"@?(\w+)[(=]", code):
            assert re.search(rf"\b{found[1]}\b", known) or found[1] in known, code
