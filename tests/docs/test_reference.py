"""The generated pages are in step with the tables: nothing of a table is missing, nothing is left over."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from docs.generate import REFERENCE, cli, faults, pages, schema
from docs.generate.commands import ANYTHING, is_word
from docs.generate.events import all_events
from docs.generate.execs import notations
from docs.generate.markdown import code
from mainmode.cli import main
from mainmode.config.commands import COMMANDS
from mainmode.exec.commands import COMMANDS as EXEC_COMMANDS
from mainmode.exec.ping import report
from mainmode.exec.running import Ping
from mainmode.explain.rules import RULES
from mainmode.ike.algorithms import ESP_AUTHS, ESP_CIPHERS, HASHES, IKE_CIPHERS
from mainmode.ike.dh import GROUPS
from mainmode.steps import STEPS
from mainmode.words import WORDINGS, read
from mainmode.words.ios import IosReader
from tests import golden
from tests.exec.test_commands import typed
from tests.exec.worlds import Terminal
from tests.paths import REPO
from tests.show.tunnels import pinged

DOCS = REPO / "docs"


@pytest.mark.parametrize("path", REFERENCE)
def test_a_page_of_the_reference_is_what_the_tables_give(path: str) -> None:
    golden.compare(REFERENCE[path](), DOCS / path)


@pytest.mark.parametrize("name", ["README", *RULES])
def test_a_page_of_a_fault_is_that_of_its_rule_in_both_languages(name: str) -> None:
    found = {path: content for path, content in faults.pages() if Path(path).stem == name}
    assert set(found) == {f"faults/{name}.md", f"faults/ja/{name}.md"}
    for path, content in found.items():
        golden.compare(content, DOCS / path)


@pytest.mark.parametrize(
    "path", sorted(DOCS.glob("faults/**/[a-z]*.md")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_the_example_of_a_fault_explained_gives_the_fault(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"^```text\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    log = tmp_path / "example.log"
    log.write_text(example, encoding="utf-8")
    main(["explain", str(log), "--lang", "ja" if path.parent.name == "ja" else "en"])
    assert re.match(r"[^\[]*\[([\w-]+)\]", capsys.readouterr().out)[1] == path.stem


def test_no_generated_page_is_left_of_a_row_that_went() -> None:
    there = [path for folder in ("faults", "reference") for path in (DOCS / folder).rglob("*.md")]
    assert {path.relative_to(DOCS).as_posix() for path in there} == {path for path, _ in pages()} | {
        "reference/README.md"
    }


@cache
def text(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")


def test_every_event_is_explained_under_its_own_name() -> None:
    for event in all_events():
        (row, *_) = (row for row in WORDINGS if row.event is event)
        _, found, rest = text("events").partition(f"\n### {row.name}\n")
        assert found, row.name
        assert len(rest.partition("\n#")[0].split()) > 5, row.name


def test_an_event_that_an_ios_says_too_is_marked() -> None:
    reader, found = IosReader(), set()
    for line in (
        "ISAKMP: (0): SA request profile is (NULL)",
        "ISAKMP: (0): sending packet to 10.0.0.2 my_port 500 peer_port 500 (I) MM_NO_STATE",
        "ISAKMP: (0): no offers accepted!",
    ):
        event = reader.read(line).event
        assert event is not None
        found.add(type(event))
    for event in all_events():
        (row, *_) = (row for row in WORDINGS if row.event is event)
        entry = text("events").partition(f"\n### {row.name}\n")[2].partition("\n### ")[0]
        assert ("an IOS router too" in entry) or event not in found


@pytest.mark.parametrize("row", WORDINGS, ids=lambda row: row.text[:60])
def test_every_wording_stands_under_its_event_with_its_number_and_its_origins(row: Any) -> None:
    _, _, rest = text("events").partition(f"\n### {row.name}\n")
    entry = rest.partition("\n### ")[0]
    said = row.template(capital_s=True).say(row.sample())
    assert " ".join(said.split()) in " ".join(entry.split())
    assert row.syslog_id is None or f"Syslog {row.syslog_id}, severity {row.severity} " in entry
    assert all(f"`{origin}`" in entry for origin in row.config)


def test_every_line_that_the_reference_shows_is_read_as_the_event_it_stands_under() -> None:
    # Pasted from there, it is understood: what is shown is no mere illustration.
    for entry in text("events").split("\n### ")[1:]:
        name = entry.partition("\n")[0]
        (event,) = {row.event for row in WORDINGS if row.name == name}
        for shown in re.findall(r"^```text\n(.*?)\n```$", entry, re.MULTILINE | re.DOTALL):
            for line in shown.splitlines():
                # Lines of their own, and those behind the name of a dialect; parts of a line have no tag.
                said = re.sub(r"^(?:8\.x, 9\.x|8\.x|9\.x|syslog) +", "", line)
                if said.startswith(("[", "%ASA")) and len(shown.splitlines()) <= 3:
                    found = read(said)
                    assert found is not None, said
                    assert type(found.event) is event, said


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.mode}: {command.syntax[:50]}")
def test_every_configuration_command_stands_there_with_its_support(command: Any) -> None:
    if is_word(command):
        lists = [
            line for line in text("commands").splitlines() if line.startswith("Known and ignored, whatever follows:")
        ]
        assert any(code(command.syntax.removesuffix(ANYTHING)) in line for line in lists)
    else:
        assert f"| {code(command.syntax)} | {command.support.value} | {command.doc}" in text("commands")


def test_every_exec_command_stands_there_with_a_sentence() -> None:
    for notation, doc in notations().items():
        assert code(notation) in text("exec")
        assert re.fullmatch(r"[A-Z].*\.", doc), notation


def test_every_message_cipher_hash_and_group_stands_there() -> None:
    for step in STEPS:
        assert f"\n## {step.message}\n" in text("steps")
    for table in (IKE_CIPHERS, HASHES, ESP_CIPHERS, ESP_AUTHS):
        for row in table.values():
            assert re.search(rf"^\| `{row.name}` \| {row.number} \|", text("algorithms"), re.MULTILINE)
    for group in GROUPS.values():
        assert re.search(rf"^\| {group.number} \| {group.size * 8} \|", text("algorithms"), re.MULTILINE)


def test_every_option_stands_there_as_its_command_takes_it() -> None:
    for name, parser in cli.commands().items():
        section = text("cli").partition(f"\n## mainmode {name}\n")[2].partition("\n## ")[0]
        for option in parser._option_string_actions:
            assert option in ("-h", "--help") or re.search(rf"^\| `{option}[ `…]", section, re.MULTILINE), (
                name,
                option,
            )


def test_the_reference_does_not_depend_on_the_locale_of_whoever_writes_it() -> None:
    script = "from docs.generate.cli import page; import sys; sys.stdout.write(page())"
    run = [sys.executable, "-c", script]
    written = {
        subprocess.run(
            run, cwd=REPO, env={"LC_ALL": locale, "PATH": "/usr/bin"}, capture_output=True, check=True
        ).stdout
        for locale in ("C.UTF-8", "ja_JP.UTF-8")
    }
    assert len(written) == 1


def test_every_variable_that_the_program_asks_for_is_told() -> None:
    asked = set()
    for path in (REPO / "src").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r"environ(?:\.get\(|\[)\"(\w+)\"", source))
        for names in re.findall(r"environ\.get\(name\) for name in \(([^)]*)\)", source):
            asked |= set(re.findall(r"\w+", names))
    assert asked == {name for names in cli.ENVIRONMENT for name in names.split(", ")}


# --- the JSON contract --------------------------------------------------------------------------------------------


def paths(value: Any, at: str = "", maps: tuple[str, ...] = schema.MAPS) -> set[str]:
    """The paths of the leaves of some JSON, as the reference writes them. What is empty or null counts as a leaf."""
    if isinstance(value, dict) and value and at not in maps:
        inner = ((f"{at}.{name}" if at else name, one) for name, one in value.items())
        return {path for name, one in inner for path in paths(one, name, maps)}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {path for one in value for path in paths(one, f"{at}[]", maps)}
    return {at}


TWO, BROKEN = "examples/two-sites", "examples/broken-tunnel"
PAIR = (f"{TWO}/site-a.cfg", f"{TWO}/site-b.cfg")
BROKEN_PAIR = (f"{TWO}/site-a.cfg", f"{BROKEN}/site-b.cfg")


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> set[str]:
    monkeypatch.chdir(REPO)
    assert main([*arguments, "--format", "json"]) in (0, 1)
    return paths(json.loads(capsys.readouterr().out))


def agree(found: set[str], fields: schema.Fields) -> None:
    """What is printed is documented, what is documented was printed."""
    parents = {path.rsplit(".", 1)[0] for path in fields}
    groups = {path.split("[]")[0] for path in fields} | parents | {path.removesuffix("[]") for path in parents}
    assert {path for path in found if path not in fields and path not in groups} == set()
    assert set(fields) - found == set()


def test_the_fields_of_explain_are_the_documented_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "a.log"
    cut = (REPO / BROKEN / "responder.log").read_text(
        encoding="utf-8"
    ) + "[IKEv1]: IP = 10.0.0.1, never seen anywhere\n"
    log.write_text(cut, encoding="utf-8")
    configs = ("--config", BROKEN_PAIR[0], "--config", BROKEN_PAIR[1])
    found = run(monkeypatch, capsys, "explain", str(log), *configs)
    assert main(["lab", *PAIR]) == 0
    log.write_text(capsys.readouterr().out, encoding="utf-8")
    agree(found | run(monkeypatch, capsys, "explain", str(log), "--config", PAIR[0]), schema.EXPLAIN)


def test_the_fields_of_lab_are_the_documented_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unread = {f"explanation.{path}" for path in schema.SOURCES if "unread" in path or "others" in path}
    found = run(monkeypatch, capsys, "lab", *PAIR) | run(monkeypatch, capsys, "lab", *BROKEN_PAIR)
    found |= run(monkeypatch, capsys, "lab", *PAIR, "--fault", "drop:MM4:all")
    agree(found | unread, schema.LAB)


def test_the_fields_of_check_are_the_documented_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agree(run(monkeypatch, capsys, "check", *BROKEN_PAIR), schema.CHECK)


def test_the_fields_of_exec_are_the_documented_ones() -> None:
    terminal = Terminal(pinged())
    terminal.type("capture C interface inside")
    terminal.captures["C"].packets.append((0.0, bytes.fromhex("4500001c000000004001f8b2c0a80102c0a80202")))
    found = paths(terminal.values("no such command")) | paths(terminal.values("capture D interface inside"))
    for command in EXEC_COMMANDS:
        if command.words[0] not in ("no", "clear", "ping", "vpn-sessiondb"):
            found |= paths(terminal.values(typed(command.words)))
    found |= paths(terminal.values("clear capture C"))
    found |= paths(terminal.values("vpn-sessiondb logoff all noconfirm")) | paths(terminal.values("show capture ?"))
    found |= paths(report(Ping(IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")), [0.1, None]).data)
    agree(found | {"schema"}, schema.EXEC)


def test_the_fields_of_rule_are_the_documented_ones(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, fields in (((), schema.RULES), (("peer-silent",), schema.RULE)):
        assert main(["rule", *arguments, "--format", "json"]) == 0
        agree(paths(json.loads(capsys.readouterr().out)), fields)


def test_a_field_that_is_not_documented_is_noticed() -> None:
    with pytest.raises(AssertionError):
        agree({"schema", "surprise"}, {"schema": "1"})
    with pytest.raises(AssertionError):
        agree({"schema"}, {"schema": "1", "sources[].path": "…"})
