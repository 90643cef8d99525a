"""`mainmode explain`, `rule` and `check` of a pair, as users call them: exit codes, both formats, both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mainmode.cli import main
from mainmode.explain.rules import RULES
from tests.paths import REPO, SHARED, require

SITE_A = REPO / "examples" / "two-sites" / "site-a.cfg"
SITE_B = REPO / "examples" / "two-sites" / "site-b.cfg"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Site b with another Diffie-Hellman group."""
    path = tmp_path / "site-b.cfg"
    path.write_text(SITE_B.read_text().replace(" group 2\n", " group 5\n"))
    return path


@pytest.fixture
def logs(broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, Path]:
    """What both sides of the broken pair print."""
    assert main(["lab", str(SITE_A), str(broken), "--format", "json"]) == 1
    sites = json.loads(capsys.readouterr().out)["sites"]
    paths = tmp_path / "a.log", tmp_path / "b.log"
    for path, site in zip(paths, sites, strict=True):
        path.write_text("\n".join(line["text"] for line in site["debug"]) + "\n")
    return paths


def explained(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    main(["explain", *map(str, arguments), "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_both_runs_of_the_document_are_well_and_every_line_has_its_configuration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    require(SHARED.is_dir(), "the shared material is not beside the checkout")
    for run, statements in (("initiator", 121), ("responder", 124)):
        log = SHARED / "seed" / f"{run}.debug"
        assert main(["explain", str(log), "--config", str(SHARED / "seed" / "site-a.cfg"), "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["sources"][0]["recognised"] == statements
        [negotiation] = found["negotiations"]
        assert (negotiation["role"], negotiation["outcome"], negotiation["reached"]) == (run, "established", "QM3")
        assert all(line["config"] for line in negotiation["lines"])


def test_the_printed_page_comes_apart_into_its_two_runs(capsys: pytest.CaptureFixture[str]) -> None:
    require(SHARED.is_dir(), "the shared material is not beside the checkout")
    note = SHARED / "seed" / "tech-note.ja.txt"
    assert main(["explain", str(note), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(n["role"], n["outcome"]) for n in found["negotiations"]] == [
        ("initiator", "established"),
        ("responder", "established"),
    ]
    assert not [one for one in found["diagnoses"] if one["failure"]]


@pytest.mark.parametrize("sides", [(0,), (1,), (0, 1)], ids=["initiator", "responder", "both"])
def test_a_broken_pair_is_named_from_every_viewpoint_and_its_mend_is_proved(
    logs: tuple[Path, Path], broken: Path, sides: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    found = explained(capsys, *(logs[side] for side in sides), "--config", SITE_A, "--config", broken)
    first = found["diagnoses"][0]  # type: ignore[index]
    assert first["rule"] == "policy-mismatch"
    assert first["fixes"][0]["verified"] is True
    assert {Path(line["file"]).name for line in first["config"]} == {"site-a.cfg", "site-b.cfg"}


def test_each_log_can_stand_before_its_configuration(
    logs: tuple[Path, Path], broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    together = explained(capsys, *logs, "--config", SITE_A, "--config", broken)
    apart = explained(capsys, logs[0], "--config", SITE_A, logs[1], "--config", broken)
    assert apart == together
    with pytest.raises(SystemExit) as refused:
        main(["explain", str(logs[0]), "--config", str(SITE_A), "--frobnicate", str(logs[1])])
    assert refused.value.code == 2
    assert "unrecognized arguments: --frobnicate" in capsys.readouterr().err


def test_the_text_form_shows_the_lines_it_goes_by_and_nothing_of_the_key(
    logs: tuple[Path, Path], broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *map(str, logs), "--config", str(SITE_A), "--config", str(broken)]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("error[policy-mismatch]: ")
    assert f"--> {logs[1]}:" in printed
    assert "Mismatched attribute types for class Group Description" in printed
    assert "(tried in the lab: the tunnel comes up)" in printed
    assert "cisco" not in printed.lower().replace("cisco unity", "").replace("cisco vpn3000", "").replace(
        "cisco asa gw", ""
    )


def test_japanese_translates_the_explanation_and_not_the_debug(
    logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(logs[1]), "--lang", "ja"]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("エラー[policy-mismatch]: ")
    assert "All SA proposals found unacceptable" in printed


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (bytes(range(256)) * 8, "this is no text"),
        (b"nothing of the kind\n", "no line of it is an ASA's"),
        (SITE_A.read_bytes(), "this is a configuration; give it with --config"),
    ],
)
def test_what_is_no_log_is_told_in_one_line(
    content: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(content)
    assert main(["explain", str(path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{path}: {said}")


def test_no_terminal_does_what_a_log_tells_it_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "[IKEv1]: Group = \u202egnp.exe, IP = 10.0.0.1, \x1b]0;another title\x07 nonsense\n"
    log = tmp_path / "x\x1b[31m.log"
    log.write_text(f"[IKEv1]: Group = \u202egnp, IP = 10.0.0.1, All SA proposals found unacceptable\n{said}")
    config = tmp_path / "x\x1b[31m.cfg"
    config.write_text("crypto map \x1b]0;another title\x07\n")
    assert main(["explain", str(log)]) == 1
    assert main(["explain", str(log), "--config", str(config)]) == 2
    assert main(["check", str(config)]) == 2
    printed, complaints = capsys.readouterr()
    for shown in (printed, complaints):
        assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown) is None
    assert "\\u202egnp" in printed
    assert "\\x1b[31m.cfg:1" in complaints


def test_what_cannot_be_opened_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path, tmp_path / "missing.log"):
        assert main(["explain", str(path)]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"{path}: ")


def test_a_log_given_as_a_configuration_is_told_in_one_line(
    logs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["explain", str(logs[0]), "--config", str(logs[1])], ["check", str(logs[1])]):
        assert main(arguments) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"{logs[1]}: no line of it is a command of an ASA; it looks like a log")


def test_a_pair_is_checked_in_the_lab_from_both_ends(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(SITE_A), str(SITE_B)]) == 0
    assert "the tunnel comes up" in capsys.readouterr().out
    assert main(["check", str(SITE_A), str(broken), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["rule"] for one in found["diagnoses"] if one["failure"]] == ["policy-mismatch"]
    assert found["diagnoses"][0]["fixes"][0]["verified"] is True


def test_a_pair_is_tried_with_every_line_of_its_access_lists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The icmp lines mirror each other, the tcp lines do not: a ping alone would not find that.
    path = tmp_path / "site-b.cfg"
    path.write_text(SITE_B.read_text().replace("permit tcp 192.168.2.0", "permit tcp 192.168.20.0"))
    assert main(["check", str(SITE_A), str(path), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["diagnoses"][0]["rule"] == "proxy-identity-mismatch"


def test_a_newer_release_refuses_what_an_older_one_took(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(SITE_A), "--target", "9.12"]) == 0
    capsys.readouterr()
    assert main(["check", str(SITE_A), "--target", "9.16", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    refused = {(one["line"], one["severity"]) for one in found if one["code"] == "algorithm-removed"}
    assert refused == {(32, "problem"), (34, "problem")}  # encryption 3des, group 2


def test_the_lab_explains_why_there_is_no_tunnel(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", str(SITE_A), str(broken), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["explanation"]["diagnoses"]
    assert found[0]["rule"] == "policy-mismatch"
    assert found[0]["fixes"][0]["verified"] is True
    assert main(["lab", str(SITE_A), str(SITE_B), "--format", "json"]) == 0
    assert not [one for one in json.loads(capsys.readouterr().out)["explanation"]["diagnoses"] if one["failure"]]


def test_rules_are_listed_and_an_unknown_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in listed} == set(RULES)
    assert main(["rule", "no-such-rule"]) == 2
    assert "no-such-rule" in capsys.readouterr().err


ENGLISH = re.compile(
    r"\b(lines|statements|recognised|negotiations?|again|quick mode|initiator|responder|established|failed|debug of|"
    r"wrong|tunnel|packets|nothing)\b"
)


def test_what_the_program_itself_says_in_japanese_is_japanese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["lab", str(SITE_A), str(SITE_B), "--format", "json"])
    debug = [line["text"] for line in json.loads(capsys.readouterr().out)["sites"][0]["debug"]]
    up, unread, lab = tmp_path / "up.log", tmp_path / "unread.log", tmp_path / "lab.txt"
    up.write_text("\n".join(line for line in debug if "Responder forcing change" not in line) + "\n")
    unread.write_text("\n".join([debug[0], *(f"[IKEv1]: IP = 10.0.0.2, {'x' * n} no such line" for n in range(1, 9))]))
    assert main(["explain", str(up), "--lang", "ja"]) == 0
    main(["explain", str(unread), "--lang", "ja"])
    assert main(["lab", str(SITE_A), str(SITE_B), "--lang", "ja", "--output", str(lab)]) == 0
    said = (capsys.readouterr().out + lab.read_text()).replace(str(tmp_path), "")
    # Debug lines, shows and commands are an ASA's in every language, and rules have one name.
    own = [line for line in said.splitlines() if re.search("[ぁ-んァ-ヶ一-龠]", line) and "除外" not in line]
    assert len(own) >= 12
    assert not [line for line in own if ENGLISH.search(line)]
    for sentence in ("問題はありません", "ほか 3 件", "確立しました", "のデバッグ", "クイック モード"):
        assert sentence in said
