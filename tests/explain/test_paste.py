"""Pastes: the source document as it was printed, real logs, and a good log damaged in every way there is a name for."""

from __future__ import annotations

import html
import json
import textwrap
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mainmode import events as ev
from mainmode.events import Entry
from mainmode.explain import ladder, origins, paste
from mainmode.words import Dialect, read, speak
from tests import golden
from tests.explain.logs import GOLDEN, document, lab, site
from tests.paths import SHARED, require


def source(text: str | bytes, path: str = "pasted") -> paste.Source:
    data = text.encode() if isinstance(text, str) else text
    return paste.read_source(paste.decoded([data]), path)


def shared(path: str) -> bytes:
    require(SHARED.is_dir(), "the source document and the real logs lie in the shared material")
    return (SHARED / path).read_bytes()


# --- the source document as it was printed --------------------------------------------------------------------------


def test_of_the_printed_document_every_statement_is_read() -> None:
    found = source(shared("seed/tech-note.ja.txt"))
    assert (found.statements, found.recognised, found.unread) == (245, 245, ())
    assert found.dialect == "mixed"  # it has `show` outputs too


TORN = """\
IPSECNew embryonic SA created @ 0x53FC3698,
SCB:0x53F910F0,
[Direction]
SPI:0xDDE50931
Session ID:0x00006000
VPIF num:0x00000003
Tunnel type:l2l
:esp
Lifetime240
IPSECCompleted host {sa} update, SPI {spi}
"""


@pytest.mark.parametrize(("sa", "direction"), [("OBSA", "outbound"), ("IBSA", "inbound")])
def test_a_record_without_its_direction_has_it_from_the_line_behind_it(sa: str, direction: str) -> None:
    found = source(TORN.format(sa=sa, spi="0xDDE50931"))
    event = found.entries[0].event
    assert isinstance(event, ev.EmbryonicSaCreated)
    assert (event.direction, event.spi) == (direction, 0xDDE50931)
    assert found.unread == ()


def test_a_record_without_its_direction_is_not_guessed_at() -> None:
    for torn in (TORN.format(sa="OBSA", spi="0xDDE50932"), TORN.rpartition("IPSEC")[0]):
        found = source(torn)
        assert [line for line, _ in found.unread] == [1]
        assert not any(isinstance(entry.event, ev.EmbryonicSaCreated) for entry in found.entries)


def test_the_printed_document_says_what_its_cleaned_runs_say() -> None:
    found = source(shared("seed/tech-note.ja.txt"))
    cleaned = Counter(entry.event for entry in chain(document("initiator"), document("responder")))
    printed = Counter(entry.event for entry in found.entries)
    assert printed == cleaned


def test_the_printed_document_is_two_negotiations_both_established() -> None:
    found = source(shared("seed/tech-note.ja.txt"))
    laid = ladder.build(found.entries)
    assert [(n.role, n.outcome, n.reached) for n in laid.negotiations] == [
        ("initiator", "established", "QM3"),
        ("responder", "established", "QM3"),
    ]
    for negotiation, run in zip(laid.negotiations, ("initiator", "responder"), strict=True):
        (cleaned,) = ladder.build(document(run)).negotiations
        assert [(r.name, r.direction, r.length) for r in negotiation.messages] == [
            (r.name, r.direction, r.length) for r in cleaned.messages
        ]
        assert negotiation.phase2 == cleaned.phase2
    assert all(place.stage for place in laid.places)
    assert all(origins.trace(laid, found.entries, site("a")))


def test_what_stands_around_the_printed_debugs_is_listed_and_shows_no_key() -> None:
    found = source(shared("seed/tech-note.ja.txt"))
    remarks = [text for _, text in found.remarks]
    assert "DPD has been negotiated and Phase 1 is now complete." in remarks
    assert "pre-shared-key *****" in remarks
    assert "cisco" not in {word for text in remarks for word in text.split()}
    assert any("#pkts encaps: 4" in text for _, text in found.shown)


# --- real logs ------------------------------------------------------------------------------------------------------


def test_how_much_of_each_real_log_is_read() -> None:
    require(SHARED.is_dir(), "real logs lie in the shared material")
    report = []
    for path in sorted((SHARED / "corpus").glob("*.log")):
        found = source(path.read_bytes(), path.name)
        if found.dialect != "ios-debug":
            assert found.unread == ()
        others = ", ".join(f"{kind} {count}" for kind, count in sorted(found.others.items()))
        report.append(
            f"{path.name}: {found.lines} lines, {found.recognised} of {found.statements} statements, "
            f"{found.dialect}; {others}"
        )
    golden.compare("\n".join(report) + "\n", GOLDEN / "corpus.txt")


def test_the_log_of_a_blog_is_a_whole_ladder() -> None:
    for name in ("001-tunnelsup-success-initiator.log", "002-tunnelsup-success-initiator-html.log"):
        found = source(shared(f"corpus/{name}"))
        (negotiation,) = ladder.build(found.entries).negotiations
        assert [rung.name for rung in negotiation.messages] == [
            *("MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "INFO", "QM1", "QM2", "QM3")
        ]
        assert (negotiation.role, negotiation.outcome) == ("initiator", "established")


# --- one good log, damaged ----------------------------------------------------------------------------------------

Damage = Callable[[list[str]], str]
"""From the statements of a log, records with their line breaks, to a paste."""

TIME = "May 23 2010 13:15:{:02}"


def plain(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def soft_wrapped(width: int) -> Damage:
    def damage(lines: list[str]) -> str:
        return "\n".join(chain.from_iterable(_wrapped(line, width) for line in lines))

    return damage


def _wrapped(statement: str, width: int) -> Iterator[str]:
    for line in statement.split("\n"):
        yield from textwrap.wrap(line, width, break_on_hyphens=False) or [""]


def hard_wrapped(width: int) -> Damage:
    def damage(lines: list[str]) -> str:
        return "\n".join(
            line[start : start + width]
            for statement in lines
            for line in statement.split("\n")
            for start in range(0, len(line), width)
        )

    return damage


def on_every_line(change: Callable[[str], str]) -> Damage:
    return lambda lines: plain([change(line) for line in plain(lines).splitlines()])


def before_each(change: Callable[[int, str], str]) -> Damage:
    return lambda lines: plain([change(number, line) for number, line in enumerate(lines)])


def with_noise(lines: list[str]) -> str:
    noise = [
        "%ASA-6-302013: Built inbound TCP connection 4 for outside:10.1.1.1/4 (10.1.1.1/4) to inside:10.2.2.2/80",
        "ciscoasa# show clock",
        "ciscoasa(config)#",
        "",
        "<--- More --->",
        "! here it stops, I think",
        "Jan  5 08:52:35 switch7 %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up",
        "-----",
    ]
    return plain([line for number, line in enumerate(lines) for line in (line, noise[number % len(noise)])])


def in_html(lines: list[str]) -> str:
    inside = (html.escape(line).replace("PHASE", '<span style="color: #f00;">PHASE') for line in lines)
    return "<pre><code>\n" + "</span><br />\n".join(inside) + "</code></pre>"


def in_markdown(lines: list[str]) -> str:
    return "```\n" + plain([f"> {line}" for line in plain(lines).splitlines()]) + "```\n"


def escaped_in_markdown(lines: list[str]) -> str:
    return plain(lines).replace("[", "\\[").replace("]", "\\]").replace("_", "\\_").replace("#", "\\#")


def shipped(lines: list[str]) -> str:
    """A log shipper's export: one object a message, the message somewhere inside."""
    objects = (
        {"@timestamp": "2025-11-21T02:13:41Z", "_source": {"tags": ["fw"], "message": line}, "sort": [number, None]}
        for number, line in enumerate(lines)
    )
    return "[\n" + ",\n".join(f"  {json.dumps(one)}" for one in objects) + "\n]\n"


DAMAGES: dict[str, Damage] = {
    "none": plain,
    "wrapped at 64": soft_wrapped(64),
    "wrapped at 72": soft_wrapped(72),
    "wrapped at 80": soft_wrapped(80),
    "cut at 80": hard_wrapped(80),
    "CRLF": lambda lines: plain(lines).replace("\n", "\r\n"),
    "old Mac": lambda lines: plain(lines).replace("\n", "\r"),
    "BOM": lambda lines: "\ufeff" + plain(lines),
    "non-breaking blanks": lambda lines: plain(lines).replace(" ", "\u00a0"),
    "tabs": on_every_line(lambda line: "\t" + line),
    "every second line blank": lambda lines: plain(lines).replace("\n", "\n\n"),
    "trailing blanks": on_every_line(lambda line: line + "   "),
    "typographer": lambda lines: plain(lines).replace("--", "–").replace("...", "…"),
    "HTML": in_html,
    "HTML on one line": lambda lines: "<br>".join(html.escape(line).replace("\n", "<br>") for line in lines),
    "CDATA": lambda lines: "<![CDATA[" + plain(lines) + "]]>",
    "Markdown quotation": in_markdown,
    "Markdown escapes": escaped_in_markdown,
    "JSON": shipped,
    "a list": before_each(lambda _, line: f"- {line}"),
    "times": before_each(lambda number, line: f"{TIME.format(number // 10)} {line}"),
    "line numbers": before_each(lambda number, line: f"{number:4}: {line}"),
    "a prompt torn into it": before_each(lambda number, line: f"ciscoasa# {line}" if number % 7 == 3 else line),
    "colours": before_each(lambda number, line: f"\x1b[32m{line}\x1b[0m"),
    "message names beside it": before_each(lambda number, line: f"MM{number % 6 + 1} {line}"),
    "other things between": with_noise,
    "glued together": lambda lines: "".join(lines),
}

ASA9 = {"wrapped at 72", "cut at 80", "glued together", "HTML", "times"}
"""Damages that are tried on the form of 9.x too."""


def events(entries: tuple[Entry, ...]) -> list[ev.Event]:
    return [entry.event for entry in entries]


def spoken(entries: tuple[Entry, ...], dialect: Dialect) -> list[str]:
    return [speak(entry, dialect) for entry in entries]


@pytest.mark.parametrize(
    ("damage", "dialect"),
    [*((name, Dialect.COLON) for name in DAMAGES), *((name, Dialect.NINE) for name in sorted(ASA9))],
)
@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_log_says_what_the_whole_one_says(damage: str, dialect: Dialect, number: int) -> None:
    entries = lab().sites[number].entries
    found = source(DAMAGES[damage](spoken(entries, dialect)))
    assert events(found.entries) == events(entries)
    assert [entry.peer for entry in found.entries if entry.peer] == [
        entry.peer for line in spoken(entries, dialect) if (entry := read(line)) and entry.peer
    ]
    assert found.statements == found.recognised
    assert not found.unread


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_found_out(encoding: str) -> None:
    entries = lab().sites[0].entries
    found = source(plain(spoken(entries, Dialect.COLON)).encode(encoding))
    assert events(found.entries) == events(entries)


HEADERS = {
    "the box's own": "{at}: {line}",
    "priority": "<167>{at}: {line}",
    "priority, host": "<164>{at} ASAGW-1 : {line}",
    "host": "{at} dev01: {line}",
    "rsyslog": "{at} 192.168.1.1 {line}",
    "Kiwi": "172.16.200.253:514 : local7.debug {line}",
    "RFC 5424": "<166>1 2010-05-23T13:15:{second:02}.123Z fw1 - - - - {line}",
    "no time": "{line}",
}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("product", ["ASA", "PIX", "FTD"])
def test_syslog_with_any_header(header: str, product: str) -> None:
    entries = tuple(entry for entry in lab().sites[0].entries if "%ASA-" in speak(entry, Dialect.SYSLOG))
    lines = [
        HEADERS[header].format(
            at=TIME.format(number // 10),
            second=number // 10,
            line=speak(entry, Dialect.SYSLOG).replace("%ASA-", f"%{product}-"),
        )
        for number, entry in enumerate(entries)
    ]
    found = source(plain(lines))
    assert events(found.entries) == events(entries)
    assert found.dialect == "asa-syslog"
    if "at" in header or header in ("RFC 5424", "host", "rsyslog"):
        times = [entry.at for entry in found.entries]
        assert None not in times
        assert times == sorted(t for t in times if t is not None)
        assert times[-1] != times[0]


def test_what_is_logged_both_ways_is_said_once() -> None:
    entries = lab().sites[0].entries
    both = [(speak(entry, Dialect.SYSLOG), speak(entry, Dialect.COLON)) for entry in entries]
    # What has no syslog message is said in one way only.
    lines = [line for syslog, debug in both for line in (syslog, debug) if line is debug or "%ASA-" in syslog]
    found = source(plain(lines))
    assert events(found.entries) == events(entries)
    assert found.others["repeated"] > 50
    assert found.dialect == "mixed"


def test_a_line_the_box_says_twice_in_one_form_is_said_twice() -> None:
    line = "[IKEv1 DEBUG]: IP = 10.0.0.2, processing VID payload"
    assert len(source(plain([line, line])).entries) == 2


def timed(entries: tuple[Entry, ...]) -> list[str]:
    return [f"{TIME.format(number % 60)} {speak(entry)}" for number, entry in enumerate(entries[:60])]


def test_a_log_with_the_newest_line_first_is_turned_round() -> None:
    entries = tuple(entry for entry in lab().sites[0].entries if "\n" not in speak(entry))
    found = source(plain(timed(entries)[::-1]))
    assert events(found.entries) == events(entries[:60])


def test_lines_out_of_order_are_put_in_order_by_their_times() -> None:
    entries = lab().sites[0].entries
    lines = timed(entries)
    mixed = lines[20:40] + lines[:20] + lines[40:]
    assert events(source(plain(mixed)).entries) == events(entries[:60])


def test_lines_of_one_second_stay_in_the_order_of_the_paste() -> None:
    entries = lab().sites[0].entries
    lines = [f"May 23 13:15:25 {speak(entry)}" for entry in entries]
    assert events(source(plain(lines)).entries) == events(entries)


def test_new_years_eve_does_not_turn_a_log_round() -> None:
    lines = [
        "Dec 31 23:59:59 [IKEv1]: Group = 10.0.0.2, IP = 10.0.0.2, PHASE 1 COMPLETED",
        "Jan  1 00:00:01 [IKEv1]: Group = 10.0.0.2, IP = 10.0.0.2, PHASE 2 COMPLETED (msgid=7b80c2b0)",
    ]
    assert events(source(plain(lines)).entries) == [ev.Phase1Completed(), ev.Phase2Completed(0x7B80C2B0)]


def test_a_remark_behind_a_line_that_was_not_wrapped_is_no_part_of_it() -> None:
    lines = [
        "[IKEv1]: IP = 10.0.0.2, IKE_DECODE RECEIVED Message (msgid=0) with payloads : HDR + SA (1) + VENDOR (13) + "
        "NONE (0) total length : 104",
        "[IKEv1]: Group = 10.0.0.2, IP = 10.0.0.2, Session is being torn down. Reason: crypto map policy not found",
        "and here it goes wrong!",
    ]
    found = source(plain(lines))
    assert events(found.entries)[1] == ev.SessionTornDown("crypto map policy not found")
    assert found.remarks == ((3, "and here it goes wrong!"),)


def test_a_statement_without_a_wording_is_listed_with_its_line() -> None:
    found = source("hello\n[IKEv1]: IP = 10.0.0.2, something no ASA ever said\n")
    assert (found.statements, found.recognised, found.unread_count) == (1, 0, 1)
    assert found.unread == ((2, "[IKEv1]: IP = 10.0.0.2, something no ASA ever said"),)
    assert found.remarks == ((1, "hello"),)


def test_an_entry_knows_the_lines_it_stands_on() -> None:
    text = "x\n[IKEv1 DEBUG]: Group = 10.0.0.2, IP = 10.0.0.2, constructing\nblank hash\npayload\n"
    (entry,) = source(text, "a.log").entries
    assert entry.where is not None
    assert (entry.where.file, entry.where.line, entry.where.last_line) == ("a.log", 2, 4)
    assert entry.where.text == "[IKEv1 DEBUG]: Group = 10.0.0.2, IP = 10.0.0.2, constructing"


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("[IKEv1]: IP = 10.0.0.2, PHASE 1 COMPLETED", "asa-debug"),
        ("%ASA-5-713119: Group = 1.1.1.1, IP = 1.1.1.1, PHASE 1 COMPLETED", "asa-syslog"),
        ("*Oct 25 18:50:01.497: ISAKMP: (0):beginning Main Mode exchange", "ios-debug"),
        ("1   IKE Peer: 10.0.0.2\n    Type    : L2L             Role    : initiator", "show"),
        ("1   IKE Peer: 10.0.0.2\n[IKEv1]: IP = 10.0.0.2, PHASE 1 COMPLETED", "mixed"),
        ("nothing of the kind", None),
        ("", None),
    ],
)
def test_the_dialect_is_found_out(text: str, dialect: str | None) -> None:
    assert source(text).dialect == dialect


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"[IKEv1]: hello\r\n", False),
        ("日本語".encode(), False),
        ("[IKEv1]".encode("utf-16"), False),
        (b"\x7fELF\x02\x01\x01" + bytes(9), True),
        (bytes(range(256)) * 8, True),
    ],
)
def test_what_is_no_text_is_told_from_text(data: bytes, expected: bool) -> None:
    assert paste.binary(data) is expected


# --- anything at all ----------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("[IKEv1 DEBUG]: ", "[IKEv1]", "%ASA-7-715047: ", "IPSEC: New ", "IP = 10.0.0.2, ", "Group = x, ", "\n", "\r"),
        *("processing SA payload", "IKE_DECODE SENDING Message (msgid=0) with payloads : HDR + ", "SA (1) + ", "MM1 "),
        *("NONE (0) total length : 1", "&lt;", "<br>", "> ", "\x00", "ISAKMP: (0):", "#pkts encaps: 4", " ", "…", "`"),
    ]
)


@given(st.lists(PIECES | st.text(max_size=12), max_size=40).map("".join))
@example("IPSEC: New \n" * 50)
def test_no_text_raises_and_no_line_is_lost(text: str) -> None:
    found = source(text)
    assert found.recognised + found.unread_count == found.statements
    assert found.recognised - found.others.get("repeated", 0) == len(found.entries)
    if text.strip():
        assert found.statements + len(found.shown) + sum(found.others.values()) > 0


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    source(data)
    paste.binary(data)


@given(st.integers(0, 60_000), st.sampled_from(sorted(DAMAGES)))
def test_a_paste_cut_anywhere_is_the_beginning_of_the_whole(cut: int, damage: str) -> None:
    entries = lab().sites[1].entries
    text = DAMAGES[damage](spoken(entries, Dialect.COLON))
    found = events(source(text[: cut % len(text)]).entries)
    # The last statement may be cut so that it still means something, or so that it means less.
    assert found[:-1] == events(entries)[: max(0, len(found) - 1)]
    ladder.build(source(text[: cut % len(text)]).entries)


@pytest.mark.parametrize(
    "text",
    [
        "[IKEv1]: " * 20_000,
        "[IKEv1]: IP = 1.1.1.1, constructing " + "x " * 200_000,
        "IPSEC: New embryonic SA created\n" + "SPI: 0x1\n" * 50_000,
        "[IKEv1]: IP = 1.1.1.1, constructing\nblank\n" * 500,
        "<" * 200_000,
        "&" * 200_000,
        "a\x08" * 100_000,
        " " * 300_000 + "x",
        "Group = x, \n" * 20_000,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_hostile_text_is_read_in_reasonable_time(text: str) -> None:
    source(text)  # the suite's own time limit would notice what is not linear


def test_memory_does_not_grow_with_what_is_not_about_vpns() -> None:
    noise = "Jan  5 08:52:35 10.22.8.216 %ASA-6-302021: Teardown ICMP connection for faddr 10.22.8.74/0 gaddr 1.1.1.1/0"
    prose = "some other program says something here, and says it again and again"

    def log() -> Iterator[str]:
        for number in range(20_000):
            yield noise if number % 2 else prose

    tracemalloc.start()
    found = paste.read_source(log(), "big")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000
    assert (found.lines, found.others["other messages"], found.others["remarks"]) == (20_000, 10_000, 10_000)
    assert len(found.remarks) == paste.MAX_LISTED


def test_several_sources_stay_apart() -> None:
    a, b = (paste.read_source(spoken(one.entries, Dialect.COLON), f"{one.name}.log") for one in lab().sites)
    both = paste.Paste((a, b))
    assert [len(entries) for entries in both.entries] == [len(a.entries), len(b.entries)]
    assert both.unread == 0
    assert replace(a.entries[0], where=None, at=None) == replace(lab().sites[0].entries[0], at=None)
