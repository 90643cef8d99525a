"""`mainmode check` as its users meet it: findings with their places, counts, exit codes, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mainmode.cli import main
from mainmode.config.model import Support
from tests.paths import REPO, SHARED, require

SITE_A = REPO / "examples" / "two-sites" / "site-a.cfg"

Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Check:
    """Check site a with something else in it; exit code, stdout, stderr."""

    def run(*arguments: str, before: str = "", after: str = "") -> tuple[int, str, str]:
        text = SITE_A.read_text()
        assert before in text
        path = tmp_path / "site-a.cfg"
        path.write_text(text.replace(before, after) if before else text)
        code = main(["check", str(path), *arguments])
        captured = capsys.readouterr()
        return code, captured.out.replace(f"{tmp_path}/", ""), captured.err.replace(f"{tmp_path}/", "")

    return run


def test_the_documents_site_has_no_problem_and_a_short_key(check: Check) -> None:
    code, out, err = check()
    assert (code, err) == (0, "")
    assert out.startswith("site-a.cfg:39:2: warning: the pre-shared key of tunnel-group 10.0.0.2 has 5 characters")
    assert out.splitlines()[-1] == "site-a.cfg: 1 warning. Lines: 2 understood with limits, 30 done."
    assert "cisco" not in out


def test_a_problem_is_exit_code_1_and_comes_first_with_its_line_and_what_mends_it(check: Check) -> None:
    code, out, _ = check(before="crypto isakmp enable outside\n", after="")
    assert code == 1
    assert out.startswith("site-a.cfg:28:")
    assert "problem: IKEv1 is not enabled on outside" in out.splitlines()[0]
    assert "28 | crypto map MAP interface outside" in out
    assert "crypto isakmp enable outside" in out


def test_what_is_missing_altogether_has_no_line(check: Check) -> None:
    text = SITE_A.read_text()
    start = text.index("crypto isakmp policy")
    code, out, _ = check(before=text[start : text.index("!", start)], after="")
    assert code == 1
    assert out.startswith("site-a.cfg: problem: there is no ISAKMP policy")


def test_a_configuration_that_cannot_be_read_is_exit_code_2_with_all_its_mistakes(check: Check) -> None:
    code, out, err = check(before="set peer 10.0.0.2", after="set peer 10.0.0.2.2\nhash sha3")
    assert (code, out) == (2, "")
    assert err.startswith("site-a.cfg:25:")


def test_json_has_findings_counts_and_what_was_done_with_each_line(check: Check) -> None:
    code, out, _ = check("--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["schema"] == 1
    assert [(one["severity"], one["code"], one["line"]) for one in found["findings"]] == [("warning", "short-key", 39)]
    assert found["support"] == {state.value: 0 for state in Support} | {"done": 30, "understood with limits": 2}
    assert len(found["lines"]) == 32
    assert found["lines"][0] == {"line": 1, "text": "hostname site-a", "support": "done", "note": ""}
    assert "cisco" not in out


def test_a_file_that_is_not_there_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "no-such.cfg"]) == 2
    assert capsys.readouterr().err == "no-such.cfg: No such file or directory\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_a_file_in_any_encoding_is_an_answer_and_no_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "site.cfg"
    path.write_text(SITE_A.read_text().replace("site-a", "süd"), encoding=encoding)
    assert main(["check", str(path)]) in (0, 1, 2)
    captured = capsys.readouterr()
    assert (captured.out + captured.err).strip()


def test_every_configuration_of_the_corpus_gets_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    corpus = sorted((SHARED / "corpus").glob("*.cfg"))
    require(corpus, "the real configurations (shared/corpus) are not there")
    for path in corpus:
        code = main(["check", str(path)])
        captured = capsys.readouterr()
        assert (captured.err != "") == (code == 2)
        assert (captured.out != "") == (code != 2)


def test_the_language_is_that_of_the_findings_too(check: Check) -> None:
    code, out, _ = check("--lang", "ja", before="crypto isakmp enable outside\n", after="")
    assert code == 1
    assert "問題: crypto map MAP を適用した outside で IKEv1 が有効になっていません [ike-not-enabled]" in out
    assert "問題 1 件" in out.splitlines()[-1]
    _, out, _ = check("--lang", "ja", "--format", "json", before="crypto isakmp enable outside\n", after="")
    assert "有効になっていません" in json.loads(out)["findings"][0]["message"]
