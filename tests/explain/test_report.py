"""How the ladder and the debugs look, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from rich.cells import cell_len

from mainmode.events import ProxyId
from mainmode.explain import ladder, paste
from mainmode.explain.report import json as report_json
from mainmode.explain.report import text
from tests import golden
from tests.explain.logs import GOLDEN, document, lab, sides


def printed(*faults: str, width: int | None = 100, annotate: bool = False) -> str:
    result = lab(None, None, *faults)
    a, b = sides(result)
    a = replace(a, shows={"show crypto isakmp sa": "IKEv1 SAs:\n\n   Active SA: 1\n"})
    ending = text.verdict(a, b, result.delivered, result.seconds, established=result.established)
    return text.lab(a, b, ending, established=result.established, width=width, annotate=annotate)


@pytest.mark.parametrize(
    ("name", "width", "annotate"),
    [("wide", 170, False), ("annotated", 150, True)],
)
def test_a_lab_run_as_text(name: str, width: int | None, annotate: bool) -> None:
    golden.compare(printed(width=width, annotate=annotate), GOLDEN / f"lab.{name}.txt")


@pytest.mark.parametrize("faults", [("drop:MM4",), ("drop:MM3:all",), ("duplicate:MM1", "delay:MM3", "corrupt:MM5")])
def test_lost_and_repeated_messages_in_the_picture(faults: tuple[str, ...]) -> None:
    a, b = sides(lab(None, None, *faults))
    shown = text.render(text.picture(a, b, width=90), width=90, colour=False)
    golden.compare(shown, GOLDEN / f"picture.{'.'.join(faults).replace(':', '-')}.txt")


def test_the_ladder_in_japanese_is_as_straight_as_in_english() -> None:
    a, b = sides(lab(None, None, "drop:MM4"))
    lines = text.render(text.picture(a, b, width=90, lang="ja"), width=90, colour=False).splitlines()
    golden.compare("\n".join(lines) + "\n", GOLDEN / "picture.ja.txt")
    drawn = [line for line in lines if line.endswith("|")]
    assert any("再送" in line for line in drawn)
    assert {cell_len(line) for line in drawn} == {90}


def test_one_boxs_log_makes_a_picture_too() -> None:
    entries = document("initiator")
    side = text.Side("site-a", entries, [], ladder.build(entries))
    golden.compare(text.render(text.picture(side), width=None, colour=False), GOLDEN / "picture.document.txt")


@pytest.mark.parametrize("width", [80, 100, 146, 147, 160, 200, 300])
@pytest.mark.parametrize("annotate", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, annotate: bool) -> None:
    a, b = sides(lab())
    lines = [*text.picture(a, b, width=width), *text.debugs([a, b], width=width, annotate=annotate)]
    assert max(cell_len(line.plain.rstrip()) for line in lines) <= width


def test_every_debug_line_is_there_whole_when_the_output_is_a_file() -> None:
    a, b = sides(lab())
    shown = "\n".join(line.plain for line in text.debugs([a, b], width=None))
    for side in (a, b):
        for spoken in side.spoken:
            for line in spoken.split("\n"):
                assert line in shown


def test_colour_is_asked_for_or_is_not_there() -> None:
    a, b = sides(lab())
    coloured = text.lab(a, b, "done", established=True, width=100, colour=True)
    plain = text.lab(a, b, "done", established=True, width=100, colour=False)
    assert "\x1b[" in coloured
    assert "\x1b" not in plain


def test_the_json_of_a_run_has_the_contracts_fields() -> None:
    (a, _) = sides(lab())
    (found,) = report_json.negotiations(a.ladder, a.entries, a.origins)
    assert json.loads(json.dumps(found)) == found
    assert {"peer", "role", "source", "outcome", "reached", "phase1", "phase2", "messages", "lines"} <= found.keys()
    assert (found["peer"], found["role"], found["outcome"], found["reached"]) == (
        "10.0.0.2",
        "initiator",
        "established",
        "QM3",
    )
    assert found["phase1"] == {"outcome": "established", "state": "MM_ACTIVE"}
    (quick,) = found["phase2"]
    assert (quick["outcome"], quick["local"], quick["remote"], quick["protocol"]) == (
        "established",
        "192.168.1.0/24",
        "192.168.2.0/24",
        1,
    )
    assert len(quick["message_id"]) == len(quick["inbound_spi"]) == len(quick["outbound_spi"]) == 8
    first = found["messages"][0]
    assert (first["name"], first["direction"], first["length"]) == ("MM1", "sent", 168)
    assert first["payloads"] == ["SA", "VENDOR", "VENDOR", "VENDOR", "VENDOR"]
    assert len(found["lines"]) == len(a.entries)
    assert {line["event"] for line in found["lines"]} >= {"MessageDecoded", "Phase2Completed"}
    for line in found["lines"]:
        assert line["stage"]
        assert line["config"]
        assert all(origin.keys() == {"file", "line", "text"} for origin in line["config"])
    assert "cisco" not in json.dumps([line["config"] for line in found["lines"]])


@pytest.mark.parametrize(
    ("proxy", "written"),
    [
        (("192.168.1.0", "255.255.255.0", None), "192.168.1.0/24"),
        (("0.0.0.0", "0.0.0.0", None), "0.0.0.0/0"),
        (("10.0.0.1", "255.255.255.255", None), "10.0.0.1/32"),
        (("10.0.0.1", "255.255.255.255", "10.0.0.9"), "10.0.0.1-10.0.0.9"),
        (("10.0.0.0", "255.0.255.0", None), "10.0.0.0/255.0.255.0"),
    ],
)
def test_a_proxy_identity_as_it_is_written(proxy: tuple[str, str, str | None], written: str) -> None:
    address, mask, last = proxy
    end = IPv4Address(last) if last else None
    assert report_json.written(ProxyId(IPv4Address(address), IPv4Address(mask), last=end)) == written


def test_a_log_with_the_time_of_day_has_it_in_the_picture() -> None:
    line = (
        "Oct 15 {} [IKEv1]IP = 10.0.0.2, IKE_DECODE {} Message (msgid=0) with payloads : HDR + SA (1) + NONE (0)"
        " total length : 100"
    )
    said = [line.format("00:43:40", "SENDING"), line.format("00:43:48", "RESENDING")]
    entries = paste.read_source(said, "a.log").entries
    picture = text.picture(text.Side("here", entries, [], ladder.build(entries)))
    assert [row.plain[:13] for row in picture[-2:]] == ["00:43:40  MM1", "00:43:48  MM1"]
