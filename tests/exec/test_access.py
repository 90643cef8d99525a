"""`show access-list`: laid out as real boxes lay it out, with hits that are really counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mainmode.config.model import Config
from mainmode.config.reader import read
from mainmode.exec import execute
from mainmode.lab.ip import question
from mainmode.span import Span
from tests.exec.worlds import Terminal
from tests.life.world import HOSTS, World
from tests.paths import require
from tests.peers.ours import configuration
from tests.show.tunnels import document, pinged

try:
    from ntc_templates.parse import parse_output
except ModuleNotFoundError:
    parse_output = None

MORE = (
    "object-group network FAR",
    " network-object 192.168.2.0 255.255.255.0",
    " network-object host 172.16.0.1",
    "access-list VPN remark what the other site has",
    "access-list VPN extended permit tcp 192.168.1.0 255.255.255.0 object-group FAR eq https",
    "access-list VPN extended permit udp any any eq domain inactive",
    "access-list VPN remark nothing else",
    "access-list IN extended permit ip any any",
)
LONG = (
    "object-group network A",
    *(f" network-object host 10.1.{number // 250}.{number % 250}" for number in range(1000)),
    "access-list IN extended permit ip object-group A object-group A",
)
TEXTS = [
    "access-list VPN; 4 elements; name hash: H",
    "access-list VPN line 1 extended permit icmp 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0 (hitcnt=0) H ",
    "access-list VPN line 2 remark what the other site has ",
    "access-list VPN line 3 extended permit tcp 192.168.1.0 255.255.255.0 object-group FAR eq https (hitcnt=0) H ",
    "  access-list VPN line 3 extended permit tcp 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0 eq https "
    "(hitcnt=0) H ",
    "  access-list VPN line 3 extended permit tcp 192.168.1.0 255.255.255.0 host 172.16.0.1 eq https (hitcnt=0) H ",
    "access-list VPN line 4 extended permit udp any any eq domain inactive (hitcnt=0) (inactive) H ",
    "access-list VPN line 5 remark nothing else ",
    "access-list IN; 1 elements; name hash: H",
    "access-list IN line 1 extended permit ip any any (hitcnt=0) H ",
]


def config() -> Config:
    reading = read(
        configuration(access_list=("icmp 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0",), more=MORE), "x"
    )
    assert not reading.errors
    return reading.config


def idle() -> Terminal:
    return Terminal(World({"a": config(), "b": document("b")}))


def without_hashes(text: str) -> list[str]:
    words = [line.split(" ") for line in text.splitlines()]
    return [" ".join("H" if word[:2] == "0x" and len(word) == 10 else word for word in line) for line in words]


def hits(terminal: Terminal) -> dict[str, int]:
    """By protocol of the document's access-list."""
    (shown,) = terminal.values("show access-list VPN")["access_lists"]
    elements: list[dict[str, Any]] = [element for line in shown["lines"] for element in line["elements"]]
    printed = terminal.printed("show access-list VPN").splitlines()[1:]
    assert [f"(hitcnt={element['hits']})" in line for element, line in zip(elements, printed, strict=True)] == [
        True
    ] * 2
    return {element["text"].split()[4]: element["hits"] for element in elements}


def test_lines_are_numbered_with_their_remarks_and_groups_are_resolved_below_them() -> None:
    terminal = idle()
    assert without_hashes(terminal.printed("show access-list")) == TEXTS
    assert without_hashes(terminal.printed("sh access-l IN")) == TEXTS[-2:]


def test_a_number_belongs_to_a_text_and_to_no_other() -> None:
    first, again = (idle().printed("show access-list") for _ in range(2))
    assert first == again
    numbers = [line.split()[-1] for line in first.splitlines() if "remark" not in line]
    assert len(set(numbers)) == len(numbers)


def test_an_access_list_that_is_not_there_is_said_to_be_so() -> None:
    reply = idle().type("show access-list OUT")
    assert (reply.text, reply.status) == ("ERROR: access-list <OUT> does not exist\n", 1)
    assert idle().printed("show access-list ?").split() == ["ACL", "<cr>", "VPN", "IN"]


def test_hits_are_packets_and_go_on_whatever_becomes_of_the_tunnels() -> None:
    terminal = Terminal(pinged())
    assert hits(terminal) == {"tcp": 0, "icmp": 4}
    terminal.printed("clear crypto ipsec sa counters")
    assert hits(terminal) == {"tcp": 0, "icmp": 4}
    terminal.printed("clear crypto ipsec sa")
    terminal.world.pass_time(1.0)
    assert hits(terminal) == {"tcp": 0, "icmp": 4}
    terminal.world.bring_up()
    tcp = question(6, HOSTS["a"], HOSTS["b"], 49152, 80, 1)
    for _ in range(2):  # the first of them finds no tunnel, and the lab has nobody who waits
        terminal.world.network.host_sends(terminal.site, tcp)
        terminal.world.pass_time(1.0)
    terminal.world.ask("a")
    terminal.world.pass_time(1.0)
    assert hits(terminal) == {"tcp": 1, "icmp": 5}


def test_what_found_no_tunnel_has_hit_too() -> None:
    terminal = Terminal(pinged())
    element = "access-list VPN extended permit tcp 192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0"
    running = replace(terminal.running, matched={element: 7})
    text = execute("show access-list VPN", running).text
    assert f"{element.replace('VPN', 'VPN line 1')} (hitcnt=7) 0x" in text


def test_a_list_that_no_crypto_map_names_has_no_hits_to_tell_and_takes_no_time() -> None:
    lists = idle().values("show access-list")["access_lists"]
    assert (lists[1]["name"], lists[1]["lines"][0]["elements"]) == ("IN", [])
    assert [line["line"] for line in lists[0]["lines"]] == [1, 2, 3, 4, 5]
    reading = read(configuration(more=LONG), "x")
    terminal = Terminal(World({"a": reading.config, "b": document("b")}))
    assert without_hashes(terminal.printed("show access-list IN")) == [
        "access-list IN; 1000000 elements; name hash: H",
        "access-list IN line 1 extended permit ip object-group A object-group A (hitcnt=0) H ",
    ]
    (line,) = reading.config.access_lists["IN"].lines
    assert not line._aces, "a million elements were made"


class Walked(list[Span]):
    """The lines of a file, and how often they were gone through."""

    times = 0

    def __iter__(self) -> Iterator[Span]:
        self.times += 1
        return super().__iter__()


def test_the_file_is_gone_through_once_however_many_lists_there_are() -> None:
    # A hub of a thousand peers has as many lists and ten thousand lines: two seconds in which no packet moved.
    more = [f"access-list V{number} remark site {number}" for number in range(20)]
    more += [f"access-list V{number} extended permit ip any any" for number in range(20)]
    read_once = read(configuration(more=tuple(more)), "x").config
    lines = Walked(read_once.lines)
    hub = replace(read_once, lines=lines)  # type: ignore[arg-type]
    terminal = Terminal(World({"a": hub, "b": document("b")}))
    lines.times = 0
    printed = terminal.printed("show access-list")
    assert all(f"access-list V{number} line 1 remark site {number} \n" in printed for number in range(20))
    assert lines.times == 1


def test_an_independent_reader_reads_the_lines_as_they_are() -> None:
    require(parse_output is not None, "ntc-templates is not installed")
    terminal = Terminal(pinged())
    rows = parse_output(platform="cisco_asa", command="show access-list", data=terminal.printed("show access-list"))
    read = [(row["acl_name"], row["line_num"], row["action"], row["protocol"], row["hit_count"]) for row in rows]
    assert ("VPN", "2", "permit", "icmp", "4") in read
    grouped = parse_output(platform="cisco_asa", command="show access-list", data=idle().printed("show access-list"))
    assert [row["remark"] for row in grouped if row["remark"]] == ["what the other site has", "nothing else"]
    assert [row["entry_dst_host"] for row in grouped if row["entry_dst_host"]] == ["172.16.0.1"]
    assert [row["acl_tot_elem"] for row in grouped if row["acl_tot_elem"]] == ["4", "1"]
    assert [row["state"] for row in grouped if row["state"]] == ["inactive"]
