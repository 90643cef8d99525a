"""`mainmode lab` as its users meet it: exit codes, streams, the JSON contract, files, and what is refused how."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mainmode.cli import main
from mainmode.cli.lab import FAULT_HELP
from mainmode.lab.faults import ACTIONS, TARGETS
from mainmode.steps import MESSAGES
from tests.paths import REPO, SHARED, require

EXAMPLES = REPO / "examples" / "two-sites"
A, B = str(EXAMPLES / "site-a.cfg"), str(EXAMPLES / "site-b.cfg")
MAINMODE = Path(sys.executable).parent / "mainmode"

Run = Any


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `mainmode lab` here; exit code, stdout, stderr."""

    def run(*arguments: str, sites: tuple[str, ...] = (A, B)) -> tuple[int, str, str]:
        try:
            code = main(["lab", *sites, *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def edited(tmp_path: Path, site: str, *changes: tuple[str, str]) -> str:
    """A site's configuration with something else in it."""
    text = Path(site).read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / Path(site).name
    path.write_text(text)
    return str(path)


# --- text ---------------------------------------------------------------------------------------------------------


def test_the_documents_sites_come_up_with_four_pings_each_way_counted(lab: Run) -> None:
    code, out, err = lab("--trigger", "icmp:192.168.1.2:192.168.2.1")
    assert (code, err) == (0, "")
    assert out.count("#pkts encaps: 4, #pkts encrypt: 4, #pkts digest: 4") == 2
    assert out.count("#pkts decaps: 4, #pkts decrypt: 4, #pkts verify: 4") == 2
    assert out.splitlines()[-1].startswith("The tunnel is up")
    assert "\x1b" not in out


def test_text_has_the_ladder_both_debugs_and_both_shows(lab: Run) -> None:
    _, out, _ = lab()
    ladder = out.splitlines()[2:12]
    assert [line.split()[1] for line in ladder if "|" in line] == list(MESSAGES)
    for site in ("site-a", "site-b"):
        assert f"debug of {site}" in out
        assert f"{site}# show crypto isakmp sa\n" in out
        assert f"{site}# show crypto ipsec sa\n" in out
    assert out.count("MM_ACTIVE") >= 2


def test_annotations_put_the_configuration_into_the_margin(lab: Run) -> None:
    _, plain, _ = lab()
    _, annotated, _ = lab("--annotate")
    assert "site-a.cfg:" not in plain
    assert "site-a.cfg:24: crypto map MAP 10 match address VPN" in annotated
    assert "site-b.cfg:" in annotated


def test_no_key_is_printed_whatever_is_asked_for(lab: Run, tmp_path: Path) -> None:
    secret = "Tr0ub4dor&3-and-more"
    a = edited(tmp_path, A, (" pre-shared-key cisco", f" pre-shared-key {secret}"))
    b = edited(tmp_path, B, ("pre-shared-key cisco", f"pre-shared-key {secret}"))
    for arguments in ([], ["--annotate"], ["--format", "json"]):
        code, out, err = lab(*arguments, sites=(a, b))
        assert code == 0
        assert secret not in out + err


def test_a_wide_terminal_gets_the_debugs_side_by_side_and_no_colour_if_it_wants_none() -> None:
    def on_a_terminal(columns: int, **environment: str) -> str:
        master, slave = pty.openpty()
        command = [str(MAINMODE), "lab", A, B]
        process = subprocess.Popen(
            command,
            stdout=slave,
            stderr=slave,
            stdin=slave,
            env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "50", **environment},
        )
        os.close(slave)
        output = b""
        while True:
            try:
                output += os.read(master, 65536)
            except OSError:  # EIO: the other end is closed
                break
        os.close(master)
        assert process.wait() == 0
        return output.decode()

    wide = on_a_terminal(220)
    assert any(line.count("debug of") == 2 for line in wide.splitlines())
    assert "\x1b[" in wide
    narrow = on_a_terminal(100, NO_COLOR="1")
    assert not any(line.count("debug of") == 2 for line in narrow.splitlines())
    assert "\x1b" not in narrow


# --- JSON ---------------------------------------------------------------------------------------------------------

SITE = {
    "name": str,
    "hostname": str,
    "role": str,
    "debug": [{"at": float, "text": str, "stage": str, "config": [{"file": str, "line": int, "text": str}]}],
    "show": {"crypto isakmp sa": str, "crypto ipsec sa": str},
}
NEGOTIATION = {
    "peer": str,
    "role": str,
    "source": int,
    "outcome": str,
    "reached": str,
    "phase1": {"outcome": str, "state": str},
    "phase2": [
        {
            "message_id": str,
            "outcome": str,
            "local": str,
            "remote": str,
            "protocol": int,
            "inbound_spi": str,
            "outbound_spi": str,
        }
    ],
    "messages": [{"name": str, "direction": str, "length": int, "payloads": [str], "line": int}],
    "lines": [{"line": int, "stage": str, "event": str, "config": [{"file": str, "line": int, "text": str}]}],
}
CONTRACT = {
    "schema": int,
    "established": bool,
    "delivered": {"a_to_b": int, "b_to_a": int},
    "seconds": float,
    "sites": [SITE],
    "explanation": {
        "schema": int,
        "sources": [
            {
                "path": str,
                "lines": int,
                "statements": int,
                "recognised": int,
                "dialect": str,
                "unread": [{"line": int, "text": str}],
            }
        ],
        "negotiations": [NEGOTIATION],
        "diagnoses": [{}],
    },
}
"""Schema 1, as it was promised: each of these is there and of this type. More may be there."""


def breaches(found: object, promised: object, where: str = "$") -> Iterator[str]:
    if isinstance(promised, dict):
        if not isinstance(found, dict):
            yield f"{where} is no object"
            return
        for name, inner in promised.items():
            if name in found:
                yield from breaches(found[name], inner, f"{where}.{name}")
            else:
                yield f"{where}.{name} is missing"
    elif isinstance(promised, list):
        if not isinstance(found, list):
            yield f"{where} is no list"
            return
        for number, one in enumerate(found):
            yield from breaches(one, promised[0], f"{where}[{number}]")
    elif not isinstance(found, promised) or (promised is int and isinstance(found, bool)):
        yield f"{where} is {found!r}, no {promised.__name__}"


def test_the_checker_of_the_contract_finds_what_is_broken() -> None:
    assert list(breaches({"a": 1, "b": [{"c": "x"}]}, {"a": int, "b": [{"c": str}]})) == []
    assert list(breaches({"b": [{}], "d": 1}, {"a": int, "b": [{"c": str}], "d": bool})) == [
        "$.a is missing",
        "$.b[0].c is missing",
        "$.d is 1, no bool",
    ]


def test_json_follows_the_contract(lab: Run) -> None:
    code, out, err = lab("--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(breaches(found, CONTRACT)) == []
    assert found["schema"] == found["explanation"]["schema"] == 1
    assert found["established"] is True
    assert found["delivered"] == {"a_to_b": 4, "b_to_a": 4}
    assert [(site["name"], site["hostname"], site["role"]) for site in found["sites"]] == [
        ("a", "site-a", "initiator"),
        ("b", "site-b", "responder"),
    ]
    for site, negotiation in zip(found["sites"], found["explanation"]["negotiations"], strict=True):
        assert [message["name"] for message in negotiation["messages"]] == list(MESSAGES)
        assert negotiation["outcome"] == "established"
        assert {line["stage"] for line in site["debug"]} <= {*MESSAGES, ""}
        assert all(line["config"] for line in site["debug"])


def test_records_keep_their_line_breaks_in_json(lab: Run) -> None:
    found = json.loads(lab("--format", "json")[1])
    record = next(line["text"] for line in found["sites"][0]["debug"] if "embryonic" in line["text"])
    assert record.count("\n") == 8
    assert "\n    Lifetime   : 240 seconds" in record


def test_a_failure_follows_the_contract_too(lab: Run) -> None:
    code, out, _ = lab("--format", "json", "--fault", "drop:MM4:all")
    found = json.loads(out)
    assert code == 1
    assert list(breaches(found, CONTRACT)) == []
    assert found["established"] is False
    assert [one["phase1"]["state"] for one in found["explanation"]["negotiations"]] == ["MM_WAIT_MSG4", "MM_WAIT_MSG5"]


# --- exit codes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["drop:MM1:all", "drop:MM2:all", "drop:MM5:all", "drop:QM1:all", "corrupt:MM3", "drop:esp:all", "drop:esp"]
)
def test_a_tunnel_that_does_not_come_up_or_does_not_carry_is_exit_code_1(lab: Run, fault: str) -> None:
    code, out, err = lab("--fault", fault)
    assert (code, err) == (1, "")
    assert out


@pytest.mark.parametrize("fault", ["drop:MM1", "duplicate:any:all", "delay:QM2", "reorder:esp:all", "corrupt:MM6"])
def test_a_tunnel_that_comes_up_in_spite_of_it_is_exit_code_0(lab: Run, fault: str) -> None:
    assert lab("--fault", fault)[0] == 0


def test_the_configuration_as_printed_is_refused_with_exactly_its_three_slips(lab: Run) -> None:
    printed = SHARED / "seed" / "as-printed.cfg"
    require(printed.is_file(), "the source document (shared/seed) is not there")
    code, out, err = lab(sites=(str(printed), B))
    assert (code, out) == (2, "")
    places = [line for line in err.splitlines() if line.startswith(str(printed))]
    assert [place[len(str(printed)) :].split(": ")[0] for place in places] == [":20:36", ":21:22", ":22:80"]
    assert err.count("^") >= 3
    for repair in (
        "object network FOREIGN_NETWORK",
        "subnet 192.168.2.0 255.255.255.0",
        "static FOREIGN_NETWORK FOREIGN_NETWORK no-proxy-arp route-lookup",
    ):
        assert repair in err


def test_the_mistakes_of_both_configurations_are_told_at_once(lab: Run, tmp_path: Path) -> None:
    a = edited(tmp_path, A, ("encryption 3des", "encryption 4des"))
    b = edited(tmp_path, B, ("set peer 10.0.0.1", "set peer 10.0.0.1.9"))
    code, out, err = lab(sites=(a, b))
    assert (code, out) == (2, "")
    assert f"{a}:32:13: " in err
    assert f"{b}:25:28: " in err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--fault", "lose:MM1"], "no action 'lose': drop, duplicate, delay, reorder, corrupt"),
        (["--trigger", "icmp:1.2.3.4"], "is not PROTO:SRC:DST"),
        (["--initiator", "c"], "invalid choice: 'c'"),
        (["--persona-a", "pix"], "invalid choice: 'pix'"),
        (["--format", "xml"], "'xml' is none of text, json"),
        (["--lang", "de"], "'de' is none of en, ja"),
        (["--nat", "c=1.2.3.4"], "is not a=ADDRESS or b=ADDRESS"),
        (["--nat", "a=1.2.3"], "'1.2.3' is no IPv4 address"),
        (["--for", "-1"], "not between 0"),
        (["--for", "soon"], "could not convert"),
        (["--seed", "x"], "invalid int value: 'x'"),
        (["--no-such-option"], "unrecognized arguments"),
    ],
)
def test_arguments_that_cannot_be_used_are_one_line_on_stderr_and_exit_code_2(
    lab: Run, arguments: list[str], complaint: str
) -> None:
    code, out, err = lab(*arguments)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_is_exit_code_2(lab: Run, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.cfg")
    assert lab(sites=(A, missing)) == (2, "", f"{missing}: No such file or directory\n")
    for option in ("--pcap", "--output"):
        target = str(tmp_path / "no-folder" / "file")
        code, out, err = lab(option, target)
        assert (code, out, err) == (2, "", f"{target}: No such file or directory\n")


def test_a_configuration_from_which_no_packet_can_be_chosen_is_exit_code_2(lab: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.cfg"
    empty.write_text("hostname nothing\n")
    code, out, err = lab(sites=(str(empty), B))
    assert (code, out) == (2, "")
    assert "--trigger" in err


def test_a_name_that_nothing_defines_is_warned_of_with_its_place(lab: Run, tmp_path: Path) -> None:
    a = edited(tmp_path, A, ("set transform-set TRANSFORM", "set transform-set TRANSFROM"))
    code, _, err = lab(sites=(a, B))
    assert code == 1
    assert err.startswith(f"{a}:26:")
    assert "there is no transform-set TRANSFROM" in err


# --- masked keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("masked", ["a", "b", "ab"])
def test_a_masked_key_is_taken_to_be_the_far_sites_and_that_is_said(lab: Run, tmp_path: Path, masked: str) -> None:
    sites = [
        edited(tmp_path, site, ("pre-shared-key cisco", "pre-shared-key *****")) if name in masked else site
        for name, site in (("a", A), ("b", B))
    ]
    code, _, err = lab(sites=tuple(sites))
    assert code == 0
    assert err.count("this key is masked") == len(masked)


# --- files --------------------------------------------------------------------------------------------------------


def test_output_goes_to_the_file_and_stdout_stays_empty(lab: Run, tmp_path: Path) -> None:
    _, expected, _ = lab()
    assert lab("--output", str(tmp_path / "lab.txt")) == (0, "", "")
    assert (tmp_path / "lab.txt").read_text() == expected


def test_the_key_log_is_for_its_owner_alone_even_where_it_was_not(lab: Run, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    before = os.umask(0)
    try:
        lab("--keylog", str(keys))
        assert stat.S_IMODE(keys.stat().st_mode) == 0o700
        for name in ("ikev1_decryption_table", "esp_sa"):
            assert stat.S_IMODE((keys / name).stat().st_mode) == 0o600
            (keys / name).chmod(0o644)
        lab("--keylog", str(keys))
        assert {stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()} == {0o600}
    finally:
        os.umask(before)


def test_the_key_log_does_not_follow_a_link_to_elsewhere(lab: Run, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "esp_sa").symlink_to(tmp_path / "elsewhere")
    code, _, err = lab("--keylog", str(tmp_path / "keys"))
    assert code == 2
    assert "esp_sa" in err
    assert not (tmp_path / "elsewhere").exists()


def test_no_key_is_written_unless_asked_for(lab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lab("--pcap", "lab.pcap")
    assert [path.name for path in tmp_path.iterdir()] == ["lab.pcap"]


# --- the program --------------------------------------------------------------------------------------------------


def test_two_runs_of_the_program_are_the_same_to_the_last_octet(tmp_path: Path) -> None:
    outputs = []
    for number in ("1", "2"):
        pcap = tmp_path / number
        command = [str(MAINMODE), "lab", A, B, "--seed", "7", "--format", "json", "--pcap", str(pcap)]
        # Two processes whose dictionaries of strings are in different orders.
        done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": number})
        outputs.append((done.stdout, pcap.read_bytes()))
    assert outputs[0] == outputs[1]


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([str(MAINMODE), "lab", A, B], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_loads_no_engine() -> None:
    code = (
        "import sys, mainmode.cli\n"
        "try:\n    mainmode.cli.main(['lab', '--help'])\n"
        "except SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name.startswith(('mainmode.', 'cryptography', 'rich', 'gmpy2')) "
        "and not name.startswith('mainmode.cli')], "
        "file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_help_has_every_fault_with_its_sentence() -> None:
    for name, action in ACTIONS.items():
        assert f"{name:<10} {action.help}" in FAULT_HELP
    assert TARGETS[9:] == ("info", "esp", "udp4500", "any")
    assert "MM1 to MM6, QM1 to QM3, info, esp, udp4500, any" in FAULT_HELP
