"""The exec language: which lines are commands, what they print and change, at a gateway of the lab's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta, timezone
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.exec import execute
from mainmode.exec.commands import COMMANDS
from mainmode.exec.debugging import Debugging
from mainmode.lab.ip import question
from mainmode.show.typed import forms
from mainmode.words import Dialect
from tests.exec.worlds import Terminal, after_a_renewal
from tests.lab.pairs import hub, site
from tests.life.world import HOSTS, World
from tests.show.tunnels import document, pinged

UP = Terminal(pinged())
PEER = IPv4Address("10.0.0.2")

VALUES = {
    "A.B.C.D": "10.0.0.2",
    "MASK": "255.255.255.0",
    "<1-255>": "127",
    "<0-255>": "0",
    "<octets>": "100000",
    "<0-65535>": "77",
    "<1-100>": "3",
    "<36-9000>": "500",
    "<1-10>": "1",
    "<index>": "1",
    "<0-2147483647>": "0",
    "SPI": "0x32F752FF",
    "MAP": "MAP",
    "GROUP": "10.0.0.2",
    "WORD": "VPN",
    "ACL": "VPN",
    "PORT": "www",
    "TYPE": "echo",
    "PROTOCOL": "icmp",
    "IF": "inside",
    "CAPTURE": "C",
    "NAME": "C",
}


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(pinged())


def typed(words: tuple[str, ...]) -> str:
    return " ".join(VALUES.get(word, word) for word in words)


# --- the language -------------------------------------------------------------------------------------------------


def test_a_notation_stands_for_all_its_forms() -> None:
    assert forms("a [b] {c | d e}") == [
        *(("a", "c"), ("a", "d", "e")),
        *(("a", "b", "c"), ("a", "b", "d", "e")),
    ]
    assert forms("{a | [b] c}") == [("a",), ("c",), ("b", "c")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_every_form_of_every_command_is_understood_as_text_and_as_json(command: object) -> None:
    terminal = Terminal(UP.world)
    words = command.words  # type: ignore[attr-defined]
    if "CAPTURE" in words:
        terminal.type("capture C interface inside")
    # What would change the gateways that the tests share is understood here, and carried out elsewhere.
    if words[0] not in ("clear", "vpn-sessiondb"):
        reply = execute(typed(words), terminal.running)
        assert reply.status in (0, 1), reply.text
    if words[0] == "show":
        values = terminal.values(typed(words))
        assert values.pop("command").split()[0] == "show"
        assert values, "a show without a value"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("sh cry isa foo", [" " * 8 + "           ^", "ERROR: % Invalid input detected at '^' marker."]),
        ("c", ['ERROR: % Ambiguous command:  "c"']),
        ("debug crypto", ["ERROR: % Incomplete command"]),
        ("debug crypto ikev1 0", [" " * 8 + "                   ^", "ERROR: % Invalid input detected at '^' marker."]),
        (
            "debug crypto ikev1 256",
            [" " * 8 + "                   ^", "ERROR: % Invalid input detected at '^' marker."],
        ),
        ("ping nowhere 10.0.0.2", [" " * 8 + "     ^", "ERROR: % Invalid input detected at '^' marker."]),
        ("no capture C", [" " * 8 + "           ^", "ERROR: % Invalid input detected at '^' marker."]),
        ("capture ../x interface inside", [" " * 8 + "        ^", "ERROR: % Invalid input detected at '^' marker."]),
        ("reload", [" " * 8 + "^", "ERROR: % Invalid input detected at '^' marker."]),
    ],
)
def test_a_line_that_is_no_command_gets_the_answer_of_an_asa(line: str, answer: list[str]) -> None:
    reply = UP.type(line)
    assert (list(reply.lines), reply.status, reply.do) == (answer, 2, ())
    assert UP.values(line)["error"] == answer[-1]


@given(st.text() | st.lists(st.sampled_from(sorted({*VALUES.values(), *(w for c in COMMANDS for w in c.words)}))))
def test_whatever_is_typed_is_answered(line: str | list[str]) -> None:
    line = line if isinstance(line, str) else " ".join(line)
    if line.lower().split()[:1] not in (["clear"], ["packet-tracer"]):
        reply = execute(line, UP.running, as_json=True)
        assert not line.split() or json.loads(reply.text)["schema"] == 1


def test_an_empty_line_says_nothing() -> None:
    assert UP.type("  ").text == ""


def test_a_line_without_end_is_cut() -> None:
    assert UP.type("show " + "x" * 100_000).status == 2


# --- show ---------------------------------------------------------------------------------------------------------


def test_json_has_what_the_gateway_has() -> None:
    ((sa, tunnel),) = UP.site.gateway.tunnels
    inbound, outbound = UP.site.gateway.engine.pair(tunnel.inbound_spi)
    (ike,) = UP.values("sh cry isa sa")["ikev1_sas"]
    assert (ike["peer"], ike["state"], ike["role"]) == ("10.0.0.2", "MM_ACTIVE", "initiator")
    assert (ike["encryption"], ike["hash"], ike["dh_group"], ike["lifetime"]) == ("3des", "sha", 2, 86400)
    values = UP.values("sh cry ips sa peer 10.0.0.2")
    assert values["command"] == "show crypto ipsec sa peer 10.0.0.2"
    (row,) = values["ipsec_sas"]
    assert (row["local"], row["remote"]) == ("192.168.1.0/255.255.255.0/1/0", "192.168.2.0/255.255.255.0/1/0")
    assert (row["inbound"]["spi"], row["outbound"]["spi"]) == (f"{inbound.spi:08x}", f"{outbound.spi:08x}")
    assert (row["counters"]["encaps"], row["counters"]["decaps"]) == (4, 4)
    assert row["access_list"]["text"].startswith("access-list VPN extended permit icmp")
    assert UP.values("sh cry ips sa peer 10.0.0.3")["ipsec_sas"] == []
    assert ike["rekey"] is False
    (session,) = UP.values("sh vpn l")["sessions"]
    assert f"Index        : {session['index']} " in UP.printed("sh vpn l")
    assert session["ipsec_sas"] == [row]
    assert session["since"] == sa.active_at
    assert "interface" in UP.values("sh ip")["interfaces"][0]


@pytest.mark.parametrize("line", ["show running-config", "show running-config tunnel-group", "show crypto ipsec sa"])
def test_no_key_is_ever_shown(line: str) -> None:
    key = next(iter(document("a").tunnel_groups["10.0.0.2"].pre_shared_key.reveal().decode().split()))  # type: ignore[union-attr]
    assert key not in UP.printed(line)
    assert key not in json.dumps(UP.values(line))


def test_the_whole_configuration_is_shown_as_it_was_read() -> None:
    lines = UP.printed("sh run").splitlines()
    assert lines == [span.text for span in UP.site.gateway.config.lines]
    assert "crypto map MAP interface outside" in lines


# --- debug --------------------------------------------------------------------------------------------------------


def test_debug_is_switched_on_by_level_and_off_again(terminal: Terminal) -> None:
    assert terminal.printed("show debug") == ""
    terminal.type("debug crypto ikev1")
    terminal.type("deb cry ips 255")
    assert terminal.debugging == Debugging(1, 255)
    terminal.type("debug crypto ikev1 127")
    assert terminal.printed("sh deb") == (
        "debug crypto ikev1 enabled at level 127\ndebug crypto ipsec enabled at level 255\n"
    )
    terminal.type("no debug crypto ikev1")
    assert terminal.debugging == Debugging(0, 255)
    terminal.type("un all")
    assert terminal.debugging == Debugging()


@pytest.mark.parametrize("line", ["no debug crypto ikev1 127", "undebug crypto isakmp 7", "un cry ikev1 255"])
def test_a_debug_ends_whatever_level_is_named(terminal: Terminal, line: str) -> None:
    terminal.printed("debug crypto ikev1 127")
    terminal.printed("debug crypto ipsec 127")
    terminal.printed(line)
    assert terminal.debugging == Debugging(0, 127)


def test_debug_can_be_about_some_peers_alone(terminal: Terminal) -> None:
    for line in ("debug crypto ikev1 127", "debug crypto condition peer 10.0.0.2", "deb cry cond peer 10.0.0.3"):
        terminal.type(line)
    both = PEER, IPv4Address("10.0.0.3")
    assert terminal.debugging == Debugging(127, 0, both)
    assert "IKE peer IP address filters:\n10.0.0.2/32  10.0.0.3/32\n" in terminal.printed("show crypto debug-condition")
    # Undebugging leaves conditions, as on an ASA.
    terminal.type("undebug all")
    assert terminal.debugging == Debugging(0, 0, both)
    terminal.printed("no debug crypto condition peer 10.0.0.3")
    assert terminal.debugging == Debugging(0, 0, (PEER,))
    terminal.printed("undebug crypto condition peer 10.0.0.2")
    assert terminal.debugging == Debugging()
    terminal.printed("debug crypto condition peer 10.0.0.2")
    terminal.type("debug crypto condition reset")
    assert terminal.printed("show crypto debug-condition") == "Crypto conditional debug is turned OFF\n"


def test_a_condition_leaves_out_the_others_and_no_log_message() -> None:
    entries = UP.site.entries
    everybody, nobody = Debugging(255, 255), Debugging(255, 255, (IPv4Address("10.9.9.9"),))
    lines = [entry for entry in entries if everybody.dialect(entry)]
    about = Debugging(255, 255, (PEER,))
    logged = [entry for entry in entries if Debugging().dialect(entry)]
    assert len(lines) > 50 and len(logged) > 3
    assert [e for e in lines if about.dialect(e) is Dialect.COLON] == [e for e in lines if e.peer == PEER]
    # Who debugs one peer still hears of every tunnel what a log has of it.
    assert [e for e in lines if nobody.dialect(e)] == logged
    assert all(nobody.dialect(entry) is Dialect.SYSLOG for entry in logged)


@pytest.mark.parametrize("debugging", [Debugging(), Debugging(1, 0), Debugging(127, 0), Debugging(0, 255)])
def test_what_nobody_hears_is_exactly_what_is_not_printed(debugging: Debugging) -> None:
    for entry in UP.site.entries:
        if type(entry.event) in debugging.unheard:
            assert debugging.dialect(entry) is None
    loud = {type(entry.event) for entry in UP.site.entries if debugging.dialect(entry) is not None}
    assert not loud & debugging.unheard
    assert debugging.unheard


# --- clear --------------------------------------------------------------------------------------------------------


def test_clearing_ipsec_sas_leaves_the_ike_sa_and_tells_the_peer(terminal: Terminal) -> None:
    far = terminal.world.gateway("b")
    terminal.type("clear crypto ipsec sa peer 10.0.0.3")
    assert list(terminal.site.gateway.tunnels)
    terminal.type("clear crypto ipsec sa peer 10.0.0.2")
    terminal.world.pass_time(1.0)
    assert not list(terminal.site.gateway.tunnels) and not list(far.tunnels)
    assert len(list(terminal.site.gateway.ike_sas)) == len(list(far.ike_sas)) == 1


def other_pair(terminal: Terminal) -> None:
    """A second pair of SAs, for TCP."""
    question_of_tcp = question(6, HOSTS["a"], HOSTS["b"], 49152, 80, 1)
    terminal.world.network.host_sends(terminal.site, question_of_tcp)
    terminal.world.pass_time(1.0)
    assert len(list(terminal.site.gateway.tunnels)) == 2


def spis(terminal: Terminal) -> set[int]:
    return {tunnel.inbound_spi for _, tunnel in terminal.site.gateway.tunnels}


@pytest.mark.parametrize("line", ["clear crypto ipsec sa map MAP", "clear ipsec sa", "cle ips sa peer 10.0.0.2"])
def test_ipsec_sas_are_cleared_by_crypto_map_and_by_the_shorter_name(terminal: Terminal, line: str) -> None:
    other_pair(terminal)
    terminal.printed("clear crypto ipsec sa map OTHER")
    terminal.printed("clear ipsec sa peer 10.0.0.3")
    assert len(spis(terminal)) == 2
    terminal.printed(line)
    assert not spis(terminal)
    assert list(terminal.site.gateway.ike_sas)


def test_a_tunnel_of_a_dynamic_map_is_cleared_by_the_name_that_is_shown_of_it() -> None:
    world = World({"a": site("a"), "b": hub()})
    world.bring_up()
    terminal = Terminal(world, "b")
    assert "Crypto map tag: DYNAMIC" in terminal.printed("show crypto ipsec sa")
    terminal.printed("clear crypto ipsec sa map MAP")
    assert spis(terminal)
    terminal.printed("clear crypto ipsec sa map DYNAMIC")
    assert not spis(terminal)


@pytest.mark.parametrize("direction", [0, 1])
@pytest.mark.parametrize("form", ["0x{:08X}", "0x{:x}", "{}"])
def test_a_pair_is_cleared_by_the_destination_and_the_spi_of_either_sa(
    terminal: Terminal, form: str, direction: int
) -> None:
    other_pair(terminal)
    (_, first), (_, second) = terminal.site.gateway.tunnels
    sa = terminal.site.gateway.engine.pair(first.inbound_spi)[direction]
    to, elsewhere = ("10.0.0.1", "10.0.0.2") if direction == 0 else ("10.0.0.2", "10.0.0.1")
    terminal.printed(f"clear crypto ipsec sa entry {elsewhere} esp {form.format(sa.spi)}")
    assert len(spis(terminal)) == 2
    terminal.printed(f"clear crypto ipsec sa entry {to} esp {form.format(sa.spi)}")
    assert spis(terminal) == {second.inbound_spi}


@pytest.mark.parametrize("spi", ["0x", "0x123456789", "0xgg", "255", "4294967296", "-1", "50023DDC", "0x٣"])
def test_what_is_no_spi_clears_nothing(terminal: Terminal, spi: str) -> None:
    assert terminal.type(f"clear crypto ipsec sa entry 10.0.0.2 esp {spi}").status == 2
    assert spis(terminal)


def test_clearing_counters_begins_those_of_the_sas_anew_and_no_other(terminal: Terminal) -> None:
    def counts() -> tuple[int, int]:
        (row,) = terminal.values("show crypto ipsec sa")["ipsec_sas"]
        return row["counters"]["encaps"], row["counters"]["decaps"]

    timing = [line for line in terminal.printed("show crypto ipsec sa").splitlines() if "sa timing" in line]
    session = terminal.printed("show vpn-sessiondb detail l2l")
    assert counts() == (4, 4) and "Pkts Tx      : 4                      Pkts Rx      : 4" in session
    terminal.printed("clear crypto ipsec sa counters")
    assert counts() == (0, 0)
    shown = terminal.printed("show crypto ipsec sa")
    assert "#pkts encaps: 0, #pkts encrypt: 0, #pkts digest: 0" in shown
    assert "#pkts decaps: 0, #pkts decrypt: 0, #pkts verify: 0" in shown
    assert [line for line in shown.splitlines() if "sa timing" in line] == timing
    assert terminal.printed("show vpn-sessiondb detail l2l") == session
    terminal.world.ask("a")
    terminal.world.pass_time(0.1)
    assert counts() == (1, 1)
    assert "Pkts Tx      : 5                      Pkts Rx      : 5" in terminal.printed("show vpn-sessiondb detail l2l")
    terminal.printed("clear ipsec sa counters")
    terminal.printed("clear ipsec sa counters")
    assert "Pkts Tx      : 5                      Pkts Rx      : 5" in terminal.printed("show vpn-sessiondb detail l2l")


def test_clearing_counters_clears_what_was_counted_before_a_renewal_too() -> None:
    terminal = after_a_renewal()
    before = int(terminal.values("show crypto ipsec sa")["ipsec_sas"][-1]["counters"]["encaps"])
    assert before >= 39
    terminal.printed("clear crypto ipsec sa counters")
    assert all(row["counters"]["encaps"] == 0 for row in terminal.values("show crypto ipsec sa")["ipsec_sas"])
    assert f"Pkts Tx      : {before} " in terminal.printed("show vpn-sessiondb detail l2l")


@pytest.mark.parametrize("line", ["clear crypto isakmp sa", "cle cry ikev1 sa", "clear crypto ikev1 sa 10.0.0.2"])
def test_clearing_ike_sas_ends_everything(terminal: Terminal, line: str) -> None:
    terminal.type("clear crypto isakmp sa 10.0.0.3")
    assert list(terminal.site.gateway.ike_sas)
    terminal.type(line)
    terminal.world.pass_time(1.0)
    assert "There are no IKEv1 SAs" in terminal.printed("show crypto ikev1 sa")
    terminal.world.check_nothing_left()


# --- statistics ---------------------------------------------------------------------------------------------------


def test_statistics_are_of_what_went_in_and_out() -> None:
    terminal = Terminal(World({name: document(name) for name in "ab"}))
    terminal.world.ask("a")
    terminal.world.pass_time(1.0)
    for transit in terminal.world.network.wire:
        packet = transit.packet
        if transit.sender == "b" and packet.to.port:
            terminal.statistics.received(packet.payload, packet.to)
    ike = [t for t in terminal.world.network.wire if t.name[:2] in ("MM", "QM")]
    counted = terminal.values("show crypto protocol statistics ikev1")["ikev1"]
    assert counted["decapsulate_packet_requests"] == sum(t.sender == "b" for t in ike) == 4
    assert counted["decrypt_packet_requests"] == 2  # MM6 and QM2
    assert "   Decrypt packet requests: 2\n" in terminal.printed("sh cry prot stat ikev1")


def test_what_no_sa_counts_is_listed_by_reason_as_on_an_asa() -> None:
    assert "(" not in UP.printed("show asp drop"), "what has not happened is not listed"
    dropped = {"no crypto access-list": 3, "waiting too long": 12, "would be translated": 1}
    running = replace(UP.running, dropped=dropped)
    lines = execute("sh asp drop", running).lines
    assert "  Flow is denied by configured rule (acl-drop)".ljust(79) + "3" in lines
    assert all(len(line) == 80 for line in lines if "(" in line)
    counts = json.loads(execute("sh asp drop", running, as_json=True).text)["dropped"]
    assert {name: count for name, count in counts.items() if count} == {
        "acl-drop": 3,
        "ipsec-tun-down": 12,
        "nat-xlate-failed": 1,
    }


# --- help, filters, and what is asked in an outage ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("show cr?", ["crypto"]),
        ("sh cry isa ?", ["sa", "stats"]),
        ("show crypto isakmp sa ?", ["detail", "<cr>"]),
        ("show crypto ipsec sa peer ?", ["A.B.C.D"]),
        ("packet-tracer input ?", ["IF", "inside", "outside"]),
        ("ping in?", ["inside"]),
        ("undebug ?", ["all", "crypto"]),
    ],
)
def test_a_question_mark_tells_what_can_follow(line: str, words: list[str]) -> None:
    assert UP.printed(line).split() == words


def test_a_question_after_what_is_no_command_is_answered_with_a_caret() -> None:
    reply = UP.type("show frobnicate ?")
    assert reply.status == 2
    assert "ERROR: % Invalid input" in reply.text


def test_a_show_prints_only_the_lines_that_are_wanted() -> None:
    assert UP.printed("show crypto isakmp sa | include Peer").split() == ["1", "IKE", "Peer:", "10.0.0.2"]
    assert UP.printed("sh cry ips sa | i encaps").count("\n") == 1
    assert UP.printed("show run | begin tunnel-group").startswith("tunnel-group 10.0.0.2")
    assert UP.printed("show run | include nothing of it") == ""


@pytest.mark.parametrize(
    ("line", "under"),
    [
        ("show run | section x", "section"),
        ("debug crypto ikev1 | include x", "|"),
        ("clear crypto isakmp sa | i x", "|"),
    ],
)
def test_a_filter_that_is_none_gets_a_caret_and_nothing_is_done(line: str, under: str) -> None:
    reply = UP.type(line)
    assert (reply.status, list(reply.do)) == (2, [])
    assert reply.lines[0].index("^") == len("site-a# ") + line.index(under)
    assert UP.type("show run |").lines == ["ERROR: % Incomplete command"]
    assert UP.type("show run | i x", as_json=True).status == 2


def test_the_sas_of_one_crypto_map_and_of_one_peer_are_told_apart() -> None:
    assert UP.printed("show crypto ipsec sa map MAP").startswith("cryptomap: MAP\n    Crypto map tag: MAP, seq num: 10")
    assert UP.printed("show crypto ipsec sa entry").startswith("peer address: 10.0.0.2\n")
    assert UP.printed("show crypto ipsec sa identity") == UP.printed("show crypto ipsec sa")
    assert "There are no ipsec sas" in UP.printed("show crypto ipsec sa map OTHER")
    assert UP.values("show crypto ipsec sa map OTHER")["ipsec_sas"] == []
    assert len(UP.values("show crypto ipsec sa map MAP detail")["ipsec_sas"]) == 1
    for by in ("ipaddress 10.0.0.2", "name 10.0.0.2"):
        assert UP.printed(f"show vpn-sessiondb l2l filter {by}") == UP.printed("show vpn-sessiondb l2l")
    assert UP.values("show vpn-sessiondb detail l2l filter ipaddress 10.9.9.9")["sessions"] == []


def test_parts_of_the_configuration_are_printed_without_keys() -> None:
    assert UP.printed("show run access-list VPN").startswith("access-list VPN extended permit tcp")
    assert UP.printed("show run access-list OTHER") == ""
    assert UP.printed("show run nat").startswith("nat (inside,outside) source static")
    assert UP.printed("show run interface GigabitEthernet0/1").splitlines()[1] == " nameif outside"
    group = UP.printed("show run tunnel-group 10.0.0.2")
    assert "pre-shared-key *****" in group
    assert "cisco" not in group


def test_it_tells_the_time_and_how_long_it_is_up() -> None:
    assert UP.printed("show clock").endswith(" UTC Thu Jan 1 1970\n")  # the lab's clock begins there
    assert UP.printed("show version").startswith("mainmode ")
    assert " up 0h:" in UP.printed("show version")
    assert "outside" not in UP.printed("show interface ip brief")
    assert "GigabitEthernet0/1         10.0.0.1        YES CONFIG up " in UP.printed("show interface ip brief")
    assert UP.values("show crypto ikev1 stats")["ikev1"]["active_tunnels"] == 1


def test_every_time_of_day_is_told_in_the_zone_of_the_host(terminal: Terminal) -> None:
    terminal.zone = timezone(timedelta(hours=9), "JST")
    terminal.type("capture X interface inside")
    packet = question(1, IPv4Address("192.168.1.2"), PEER, 1, 0, 0)
    terminal.captures["X"].offer(packet, "inside", 0.0)
    assert terminal.printed("show clock").startswith("09:00:")
    assert terminal.printed("show clock").endswith(" JST Thu Jan 1 1970\n")
    assert "Login Time   : 09:00:00 JST Thu Jan 1 1970\n" in terminal.printed("show vpn-sessiondb l2l")
    assert "   1: 09:00:00.000000 " in terminal.printed("show capture X")


def test_the_older_word_for_ikev1_is_debugged_too(terminal: Terminal) -> None:
    terminal.printed("debug crypto isakmp 127")
    assert terminal.debugging.ikev1 == 127
    terminal.printed("no debug crypto isakmp")
    assert terminal.debugging.ikev1 == 0


def test_a_ping_is_as_often_and_as_long_as_was_asked(terminal: Terminal) -> None:
    terminal.printed("ping inside 192.168.2.1 repeat 3 size 1000 timeout 1")
    terminal.printed("ping 10.0.0.2 size 36")
    first, second = terminal.pings
    assert (first.count, first.length, first.timeout) == (3, 1000, 1)
    assert (second.count, second.length, second.timeout) == (5, 36, 2)
    assert str(first.source), str(second.source) == ("192.168.1.1", "10.0.0.1")


@pytest.mark.parametrize("by", ["l2l", "all", "ipaddress 10.0.0.2", "tunnel-group 10.0.0.2 noconfirm", "index 4"])
def test_a_session_is_logged_off(terminal: Terminal, by: str) -> None:
    assert terminal.printed(f"vpn-sessiondb logoff {by}").endswith("logged off : 1\n")
    assert list(terminal.site.gateway.ike_sas) == []
    assert terminal.printed(f"vpn-sessiondb logoff {by}").endswith("logged off : 0\n")


@pytest.mark.parametrize("by", ["ipaddress 10.9.9.9", "tunnel-group other", "index 77"])
def test_other_sessions_stay(terminal: Terminal, by: str) -> None:
    assert terminal.printed(f"vpn-sessiondb logoff {by}").endswith("logged off : 0\n")
    assert len(list(terminal.site.gateway.ike_sas)) == 1


@pytest.mark.parametrize("line", ["terminal pager 0", "term pager lines 24", "ter pa 2147483647"])
def test_what_scripts_send_first_is_taken_and_changes_nothing(line: str) -> None:
    reply = UP.type(line)
    assert (reply.text, reply.status, reply.do) == ("", 0, ())


@pytest.mark.parametrize("line", ["terminal pager 2147483648", "terminal pager -1", "terminal length 0", "terminal"])
def test_what_an_asa_s_exec_mode_does_not_take_is_no_command_here(line: str) -> None:
    assert UP.type(line).status == 2
