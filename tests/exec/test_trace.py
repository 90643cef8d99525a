"""`packet-tracer`: the way that is told is the way the packet then takes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mainmode.config.model import Config
from mainmode.config.reader import read
from tests.exec.worlds import Terminal
from tests.life.world import World
from tests.show.tunnels import document

PING = "packet-tracer input inside icmp 192.168.1.2 8 0 192.168.2.2"


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(World({name: document(name) for name in "ab"}))


def with_lines(config: Config, *lines: str, without: str = "\0") -> Config:
    """The same configuration with some lines more, and without those that have some text in them."""
    text = [span.text.replace("*****", "cisco") for span in config.lines if without not in span.text]
    reading = read("\n".join([*text, *lines]) + "\n", config.file)
    assert not reading.errors
    return replace(reading.config, tunnel_groups=config.tunnel_groups)


def test_the_traced_packet_asks_for_the_tunnel_that_it_needs(terminal: Terminal) -> None:
    down = terminal.type(PING)
    assert down.status == 1
    assert "Type: VPN\nSubtype: encrypt\nResult: DROP\n" in down.text
    assert "no IKE SA" in down.text
    assert down.text.rstrip().endswith("Action: drop\nDrop-reason: (acl-drop) Flow is denied by configured rule")
    assert "output-interface: outside\noutput-status: up\noutput-line-status: up\n" in down.text
    waiting = terminal.type(PING)
    assert "the IKE SA is MM_WAIT_MSG2" in waiting.text

    terminal.world.pass_time(1.0)
    assert terminal.world.up
    up = terminal.type(PING)
    assert up.status == 0
    assert not up.do
    ((_, tunnel),) = terminal.site.gateway.tunnels
    assert f"crypto map MAP 10, peer 10.0.0.2, spi 0x{tunnel.outbound_spi:08X}\n" in up.text
    assert up.text.rstrip().endswith("Action: allow")


def test_each_phase_names_the_lines_that_decide_it(terminal: Terminal) -> None:
    values = terminal.values(PING)
    assert [(phase["type"], phase["result"]) for phase in values["phases"]] == [
        *(("ROUTE-LOOKUP", "ALLOW"), ("UN-NAT", "ALLOW"), ("NAT", "ALLOW"), ("VPN", "DROP")),
    ]
    lines = terminal.site.gateway.config.lines
    for phase in values["phases"]:
        assert phase["config"]
        for place in phase["config"]:
            assert lines[place["line"] - 1].text == place["text"]
    vpn = [place["text"].split()[:2] for place in values["phases"][-1]["config"]]
    assert vpn == [["access-list", "VPN"], *[["crypto", "map"]] * 3]
    assert (values["action"], values["input_interface"], values["output_interface"]) == ("drop", "inside", "outside")


def test_a_translation_of_icmp_has_no_ports(terminal: Terminal) -> None:
    said = terminal.type(PING).text
    assert "Untranslate 192.168.2.2/0 to 192.168.2.2/0\n" in said
    assert "Static translate 192.168.1.2/0 to 192.168.1.2/0\n" in said
    tcp = terminal.type("packet-tracer input inside tcp 192.168.1.2 1025 192.168.2.2 www").text
    assert "Static translate 192.168.1.2/1025 to 192.168.1.2/1025\n" in tcp


def test_another_protocol_is_another_element_of_the_access_list(terminal: Terminal) -> None:
    assert "permit tcp 192.168.1.0" in terminal.type("packet inp inside tcp 192.168.1.2 1025 192.168.2.2 www").text
    # The document permits tcp and icmp; udp to the far network is dropped, not sent in clear.
    values = terminal.values("packet-tracer input inside udp 192.168.1.2 1025 192.168.2.2 domain")
    assert values["action"] == "drop"
    assert "does not leave in clear" in values["drop_reason"]
    assert len(list(terminal.site.gateway.ike_sas)) == 1, "the one that tcp asked for"


def test_what_is_no_tunnels_business_is_let_go(terminal: Terminal) -> None:
    values = terminal.values("packet-tracer input inside icmp 192.168.1.2 8 0 10.0.0.77")
    assert (values["action"], values["drop_reason"]) == ("allow", None)
    assert values["phases"][0]["information"] == ["found next-hop 10.0.0.77 using egress ifc  outside"]
    assert not list(terminal.site.gateway.ike_sas)


def test_a_route_names_its_line_and_its_gateway() -> None:
    configs = {name: document(name) for name in "ab"}
    configs["a"] = with_lines(configs["a"], "route outside 172.16.0.0 255.255.0.0 10.0.0.9")
    terminal = Terminal(World(configs))
    route, *_ = terminal.values("packet-tracer input inside icmp 192.168.1.2 8 0 172.16.5.5")["phases"]
    assert [place["text"] for place in route["config"]] == ["route outside 172.16.0.0 255.255.0.0 10.0.0.9"]
    assert route["information"] == ["found next-hop 10.0.0.9 using egress ifc  outside"]
    nowhere = terminal.type("packet-tracer input inside icmp 192.168.1.2 8 0 8.8.8.8")
    assert "Drop-reason: (no-route) No route to host" in nowhere.text
    assert "output-interface" not in nowhere.text


def test_nat_that_hides_the_source_keeps_the_packet_from_the_tunnel() -> None:
    """The mistake of the field: dynamic NAT without an exemption (`nat-exemption-missing`)."""
    configs = {name: document(name) for name in "ab"}
    configs["a"] = with_lines(
        configs["a"], "nat (inside,outside) source dynamic INSIDE-RANGE interface", without="source static"
    )
    terminal = Terminal(World(configs))
    values = terminal.values(PING)
    nat = next(phase for phase in values["phases"] if phase["type"] == "NAT")
    assert "source dynamic INSIDE-RANGE interface" in nat["config"][0]["text"]
    assert (
        nat["information"][0].startswith("Dynamic translate 192.168.1.2/") and "to 10.0.0.1/" in nat["information"][0]
    )
    assert not any(phase["type"] == "VPN" for phase in values["phases"])
    assert values["action"] == "drop"


def test_what_would_be_translated_into_the_tunnel_is_dropped_where_that_would_be() -> None:
    """No packet is translated here, so a tunnel for the translated addresses carries none."""
    configs = {name: document(name) for name in "ab"}
    configs["a"] = with_lines(
        configs["a"],
        "object network MAPPED",
        " subnet 172.16.9.0 255.255.255.0",
        "access-list VPN extended permit ip 172.16.9.0 255.255.255.0 192.168.2.0 255.255.255.0",
        "nat (inside,outside) source static INSIDE-RANGE MAPPED",
        without="source static",
    )
    values = Terminal(World(configs)).values(PING)
    assert [(phase["type"], phase["result"]) for phase in values["phases"]] == [
        *(("ROUTE-LOOKUP", "ALLOW"), ("NAT", "DROP")),
    ]
    assert values["phases"][-1]["information"] == [
        "Static translate 192.168.1.2/0 to 172.16.9.2/0",
        "this gateway translates no packet",
    ]
    assert values["drop_reason"] == "(nat-xlate-failed) NAT failed"


def test_the_interface_that_is_typed_is_the_one_it_comes_in_by(terminal: Terminal) -> None:
    """The document's NAT rule is for what comes from inside."""
    values = terminal.values("packet-tracer input outside icmp 192.168.1.2 8 0 192.168.2.2")
    assert values["input_interface"] == "outside"
    assert not any("NAT" in phase["type"] for phase in values["phases"])


def test_a_tunnel_that_is_up_is_told_apart_by_protocol(terminal: Terminal) -> None:
    terminal.world.bring_up("a")
    assert terminal.type(PING).status == 0
    other = terminal.type("packet-tracer input inside tcp 192.168.1.2 1025 192.168.2.2 80")
    assert "no IPsec SA; the IKE SA is MM_ACTIVE" in other.text
    terminal.world.pass_time(1.0)
    assert terminal.type("packet-tracer input inside tcp 192.168.1.2 1025 192.168.2.2 80").status == 0
    assert len(list(terminal.site.gateway.tunnels)) == 2
    assert IPv4Address("10.0.0.2") in {sa.remote.address for sa in terminal.site.gateway.ike_sas}
