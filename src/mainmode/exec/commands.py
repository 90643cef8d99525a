"""The exec commands as one table, and what each comes to. Knows a gateway and values; carries nothing out.

Every `show` of `mainmode.show` is among them. Words are matched, and wrong ones answered, as `show.typed` says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from typing import Any, Final

from mainmode import __version__
from mainmode.config.model import ANY, Ace, Addresses, PortRange
from mainmode.config.vocabulary import ICMP_TYPES, PORTS, PROTOCOLS
from mainmode.exec import access, data, drops, ping, trace, traffic
from mainmode.exec.captured import BUFFER, LARGEST, MOST, Captured
from mainmode.exec.debugging import HIGHEST, Debugging
from mainmode.exec.filters import Filter
from mainmode.exec.running import FAILED, UNUSABLE, Debug, EmptyCapture, EndCapture, Reply, Running, StartCapture
from mainmode.exec.statistics import NAMES
from mainmode.ipsec.sa import LOWEST_SPI
from mainmode.ipsec.selectors import ICMP, TCP, UDP
from mainmode.lab.trigger import ECHO_IDENTIFIER
from mainmode.show import commands as show
from mainmode.show.sessions import duration, session_index, sessions_of
from mainmode.show.typed import Misfit, Slots, find, following, forms

SCHEMA: Final = 1
LONGEST: Final = 1000
"""Characters of a command line; an ASA's own limit is half of that."""

LONGEST_NAME: Final = 40
"""Of a capture; it is part of a file's name."""

Run = Callable[[Running, list[Any]], Reply]


@dataclass(frozen=True, slots=True)
class Command:
    """One form of a command: its words, and what it comes to."""

    words: tuple[str, ...]
    run: Run
    notation: str
    """All forms of the command, as Cisco writes them."""
    doc: str
    """One sentence for the reference: what it prints or does."""


def execute(line: str, running: Running, *, as_json: bool = False) -> Reply:
    """What comes of a line typed at the prompt. Never raises, whatever it is.

    With `as_json` what is printed is one JSON object (schema 1) with the command as understood. A line that ends in
    `?` asks what can follow, and behind a `|` stands which lines of a `show` are wanted (`filters`).
    """
    line = line[:LONGEST]
    command, bar, wanted = line.partition("|")
    typed = command.split()
    if not (typed or bar or line.strip()):
        return Reply()
    if not bar and line.rstrip().endswith("?"):
        reply, said = _help(running, line.rstrip()[:-1]), line.strip()
        return as_values(reply, said) if as_json else reply
    found = find(COMMANDS, typed, _slots(running))
    if isinstance(found, tuple):
        row, words = found
        only = _filter(wanted, words, as_json=as_json) if bar else None
        if isinstance(only, Misfit):
            return _misfit(running, only, line, as_json=as_json)
        reply = row.run(running, words)
        said = " ".join(map(str, words))
        if only is not None:
            reply = replace(reply, lines=list(only.of(reply.lines)))
        return as_values(reply, said) if as_json else reply
    return _misfit(running, found, line, as_json=as_json)


def _misfit(running: Running, misfit: Misfit, line: str, *, as_json: bool) -> Reply:
    """An ASA's answer to what is no command."""
    answer = misfit.answer(line, f"{running.view.gateway.config.hostname}# ")
    reply = Reply(answer, {"error": answer[-1]}, UNUSABLE)
    return as_values(reply, " ".join(line.split())) if as_json else reply


def _filter(wanted: str, words: list[Any], *, as_json: bool) -> Filter | Misfit:
    """What stands behind the bar. It is for the lines that a `show` prints."""
    if words[0] != "show" or as_json:
        return Misfit(len(words))
    try:
        return Filter.parse(wanted)
    except IndexError:
        return Misfit(None)
    except ValueError:
        return Misfit(len(words) + 1)


def _help(running: Running, line: str) -> Reply:
    """What can follow, a word a line; in JSON also the names that this gateway has for it."""
    slots = _slots(running)
    words = following(COMMANDS, line, slots)
    before, _, cut = line.rpartition(" ")
    here = following(COMMANDS, f"{before} ", slots)
    known = {
        "IF": _interfaces(running),
        "CAPTURE": list(running.captures),
        "ACL": list(running.view.gateway.config.access_lists),
    }
    names = [name for word in here for name in known.get(word, ())] if isinstance(here, list) else []
    names = [name for name in names if name.startswith(cut)]
    if isinstance(words, Misfit):
        if not names:
            return _misfit(running, words, line, as_json=False)
        words = []
    return Reply([f"  {word}" for word in (*words, *names)], {"following": words, "names": names})


def as_values(reply: Reply, command: str) -> Reply:
    """The same reply with JSON in place of what it prints."""
    content = {"schema": SCHEMA, "command": command, **reply.data}
    return replace(reply, lines=json.dumps(content, indent=2, ensure_ascii=False).splitlines())


# --- show ---------------------------------------------------------------------------------------------------------


def _show(row: show.Command) -> Run:
    def run(running: Running, words: list[Any]) -> Reply:
        return Reply(show.printed(row, words, running.view), data.of(row, words, running.view))

    return run


def _show_running_config(running: Running, words: list[Any]) -> Reply:
    """The whole configuration as it was read, keys masked."""
    lines = [span.text for span in running.view.gateway.config.lines]
    return Reply(lines, {"lines": lines})


def _show_statistics(running: Running, words: list[Any]) -> Reply:
    counts = running.statistics.counts
    values = {name: counts[name] for name in NAMES}
    failed = running.view.gateway.counters
    values["Failed requests"] = failed["malformed"] + failed["refused"]
    lines = ["[IKEv1 statistics]", *(f"   {name}: {value}" for name, value in values.items())]
    return Reply(lines, {"ikev1": {name.lower().replace(" ", "_"): value for name, value in values.items()}})


def _show_global_statistics(running: Running, words: list[Any]) -> Reply:
    """`show crypto ikev1 stats`, as far as it is counted here (FACTS §5.5: the names are not confirmed)."""
    gateway, counts = running.view.gateway, running.statistics.counts
    sas = list(gateway.ike_sas)
    values = {
        "Active Tunnels": sum(sa.active for sa in sas),
        "Negotiating Tunnels": sum(not sa.active for sa in sas),
        "In Octets": counts["In Octets"],
        "In Packets": counts["Decapsulate packet requests"],
        "In Drop Packets": gateway.counters["malformed"] + gateway.counters["refused"],
        "Out Octets": counts["Out Octets"],
        "Out Packets": counts["Encapsulate packet requests"],
    }
    lines = ["Global IKEv1 Statistics", *(f"  {name}: {value}" for name, value in values.items())]
    return Reply(lines, {"ikev1": {name.lower().replace(" ", "_"): value for name, value in values.items()}})


def _show_drops(running: Running, words: list[Any]) -> Reply:
    return Reply(list(drops.listed(running.dropped)), {"dropped": drops.by_name(running.dropped)})


def _show_version(running: Running, words: list[Any]) -> Reply:
    view = running.view
    hostname, up = view.gateway.config.hostname, duration(view.now - running.since)
    lines = [f"mainmode {__version__}, IKEv1 as an ASA {view.release} has it", "", f"{hostname} up {up}"]
    return Reply(
        lines,
        {"version": __version__, "release": view.release, "hostname": hostname, "since": view.wall(running.since)},
    )


def _show_debug(running: Running, words: list[Any]) -> Reply:
    return Reply(list(running.debugging.described()), _debugged(running.debugging))


def _show_condition(running: Running, words: list[Any]) -> Reply:
    return Reply(list(running.debugging.conditions()), _debugged(running.debugging))


def _debugged(debugging: Debugging) -> dict[str, Any]:
    levels = {"ikev1": debugging.ikev1, "ipsec": debugging.ipsec}
    return {"debug": levels, "peers": [str(peer) for peer in debugging.peers]}


def _show_captures(running: Running, words: list[Any]) -> Reply:
    captures = running.captures.values()
    return Reply(
        [line for captured in captures for line in captured.described()],
        {"captures": [_captured(captured) for captured in captures]},
    )


def _show_capture(running: Running, words: list[Any]) -> Reply:
    captured = running.captures[words[2]]
    listed = list(captured.listed(running.view.calendar))
    packets = [{"at": running.view.wall(at), "hex": packet.hex()} for at, packet in captured.packets]
    return Reply(listed, {"capture": {**_captured(captured), "packets": packets}})


def _captured(captured: Captured) -> dict[str, Any]:
    return {
        "name": captured.name,
        "interface": captured.interface,
        "state": captured.state,
        "packets": len(captured.packets),
        "octets": captured.octets,
    }


# --- debug --------------------------------------------------------------------------------------------------------


def _debug(running: Running, words: list[Any]) -> Reply:
    """`debug crypto ikev1 [1-255]`; without a level it is 1."""
    return _at_level(running, words[2], words[3] if len(words) > 3 else 1)


def _no_debug(running: Running, words: list[Any]) -> Reply:
    """Whatever level is named: all of it."""
    name = next(word for word in words if word in ("ikev1", "isakmp", "ipsec"))
    return _at_level(running, name, 0)


def _at_level(running: Running, name: str, level: int) -> Reply:
    now = running.debugging
    # Before 8.4 it is `debug crypto isakmp`.
    return _debugging(replace(now, ipsec=level) if name == "ipsec" else replace(now, ikev1=level))


def _undebug(running: Running, words: list[Any]) -> Reply:
    """All of it; conditions stay, as on an ASA."""
    return _debugging(replace(running.debugging, ikev1=0, ipsec=0))


def _condition(running: Running, words: list[Any]) -> Reply:
    peer: IPv4Address = words[-1]
    others = tuple(other for other in running.debugging.peers if other != peer)
    return _debugging(replace(running.debugging, peers=others if words[0] in ("no", "undebug") else (*others, peer)))


def _no_condition(running: Running, words: list[Any]) -> Reply:
    return _debugging(replace(running.debugging, peers=()))


def _debugging(debugging: Debugging) -> Reply:
    return Reply(data=_debugged(debugging), do=[Debug(debugging)])


# --- clear, ping, packet-tracer -----------------------------------------------------------------------------------


def _clear_isakmp(running: Running, words: list[Any]) -> Reply:
    return Reply(do=running.view.gateway.clear_isakmp(running.view.now, _address(words)))


def _clear_ipsec(running: Running, words: list[Any]) -> Reply:
    """`clear [crypto] ipsec sa [peer A | map NAME | entry A esp SPI]`."""
    rest = words[words.index("sa") + 1 :]
    by = rest[0] if rest else None
    return Reply(
        do=running.view.gateway.clear_ipsec(
            running.view.now,
            rest[1] if by == "peer" else None,
            map=rest[1] if by == "map" else None,
            entry=(rest[1], rest[3]) if by == "entry" else None,
        )
    )


def _clear_counters(running: Running, words: list[Any]) -> Reply:
    return Reply(do=running.view.gateway.clear_counters(running.view.now))


def _logoff(running: Running, words: list[Any]) -> Reply:
    """`vpn-sessiondb logoff`: these sessions end, and how many there were is said, as on an ASA."""
    view, by = running.view, words[2]
    chosen = words[3] if by not in ("l2l", "all") else None
    sessions = list(sessions_of(view, _address(words), chosen if by == "tunnel-group" else None))
    if by == "index":
        sessions = [sa for sa in sessions if session_index(sa) == chosen]
    peers = dict.fromkeys(sa.remote.address for sa in sessions)
    whose = {"ipaddress": f"with IP address {chosen}", "tunnel-group": f'of TunnelGroup "{chosen}"'}
    whose |= {"index": f"with index {chosen}"}
    said = f"INFO: Number of sessions {whose.get(by, 'of type LAN-to-LAN')} logged off : {len(sessions)}"
    # Several peers may be behind one address; each has its own identity, and an older SA of the same goes with it.
    whom = {sa.peer for sa in sessions}
    done = view.gateway.end((sa for sa in view.gateway.ike_sas if sa.peer in whom), view.now)
    return Reply([said], {"logged_off": len(sessions), "peers": [str(peer) for peer in peers]}, do=done)


def _address(words: list[Any]) -> IPv4Address | None:
    return next((word for word in words if isinstance(word, IPv4Address)), None)


def _ping(running: Running, words: list[Any]) -> Reply:
    at = next(number for number, word in enumerate(words) if isinstance(word, IPv4Address))
    wishes = dict(zip(words[at + 1 :: 2], words[at + 2 :: 2], strict=True))
    return ping.ask(running, words[at], *words[1:at], **wishes)


def _trace(running: Running, words: list[Any]) -> Reply:
    """`packet-tracer input IF icmp A TYPE CODE B`, `packet-tracer input IF {tcp | udp} A PORT B PORT`."""
    interface, protocol = words[2], {"icmp": ICMP, "tcp": TCP, "udp": UDP}[words[3]]
    if protocol == ICMP:
        # The selectors of an SA know no ICMP types: whatever was typed, it is asked about as an echo.
        _, destination = (word for word in words if isinstance(word, IPv4Address))
        return trace.trace(running, interface, protocol, words[4], ECHO_IDENTIFIER, destination, 0)
    return trace.trace(running, interface, protocol, *words[4:8])


# --- capture ------------------------------------------------------------------------------------------------------


def _capture(running: Running, words: list[Any]) -> Reply:
    name: str = words[1]
    if name in running.captures:
        return _refused(f"Capture <{name}> exists; no capture {name} ends it")
    if len(running.captures) >= MOST:
        return _refused(f"There are {MOST} captures already")
    settings = dict(pairwise(words[:6]))
    match = None
    if "match" in words:
        at = words.index("match")
        match = _element(name, PROTOCOLS.get(words[at + 1], words[at + 1]), iter(words[at + 2 :]))
    captured = Captured(name, settings["interface"], match, settings.get("buffer", BUFFER))
    return Reply(data={"capture": _captured(captured)}, do=[StartCapture(captured)])


def _element(name: str, protocol: int, words: Iterator[Any]) -> Ace:
    """`match`: a protocol and two ends, each with a port where the protocol has them."""
    ends: list[tuple[Addresses, PortRange | None]] = []
    for word in words:
        if word == "eq":
            port = next(words)
            ends[-1] = ends[-1][0], PortRange(port, port)
        elif word == "any":
            ends.append((ANY, None))
        elif word == "host":
            ends.append((IPv4Network(next(words)), None))
        else:
            ends.append((IPv4Network(f"{word}/{next(words)}", strict=False), None))
    return Ace(name, True, protocol, *ends[0], *ends[1])


def _no_capture(running: Running, words: list[Any]) -> Reply:
    return Reply(do=[EndCapture(words[2])])


def _clear_capture(running: Running, words: list[Any]) -> Reply:
    names = list(running.captures) if words[2] == "/all" else [words[2]]
    return Reply(data={"cleared": names}, do=[EmptyCapture(name) for name in names])


def _pager(running: Running, words: list[Any]) -> Reply:
    """`terminal pager`: scripts send it first."""
    return Reply()


def _refused(why: str) -> Reply:
    return Reply([f"ERROR: {why}"], {"error": why}, FAILED)


# --- the table ----------------------------------------------------------------------------------------------------

_END: Final = "{any | host A.B.C.D | A.B.C.D MASK}"
_PORTED_END: Final = f"{_END} [eq PORT]"


def _rows(notation: str, run: Run, doc: str) -> list[Command]:
    return [Command(form, run, notation, doc) for form in forms(notation)]


def _shown(row: show.Command) -> Command:
    return Command(row.words, _show(row), " ".join(row.words), row.doc)


COMMANDS: Final = (
    *map(_shown, show.COMMANDS),
    *_rows("show running-config", _show_running_config, "The configuration as it was read, keys masked."),
    *_rows("show crypto protocol statistics ikev1", _show_statistics, "What was counted since the start."),
    *_rows(
        "show crypto {isakmp | ikev1} stats", _show_global_statistics, "Tunnels, and the IKE datagrams of all of them."
    ),
    *_rows(
        "show [crypto] ipsec stats", traffic.show, "What all IPsec SAs have done since the start, as far as counted."
    ),
    *_rows("show asp drop", _show_drops, "Packets that were dropped and that no SA counts, by reason."),
    *_rows(
        "show access-list [ACL]",
        access.show,
        "The lines of access-lists; of crypto access-lists the elements that they stand for too, and how many packets "
        "have hit each. Other lists are applied to nothing here. An ASA makes another hash of the same text.",
    ),
    *_rows("show version", _show_version, "Which mainmode this is, whose layout it speaks in, and since when."),
    *_rows("show crypto debug-condition", _show_condition, "The peers that debugs are limited to."),
    *_rows("show debug", _show_debug, "Which debugs are on, at which level, for which peers."),
    *_rows("show capture", _show_captures, "The captures, with what each is of."),
    *_rows("show capture CAPTURE", _show_capture, "The packets of a capture, a line each."),
    *_rows(
        "debug crypto {ikev1 | isakmp | ipsec} [<1-255>]",
        _debug,
        "Debug lines from this level down; without one, level 1.",
    ),
    *_rows("{no debug | undebug} crypto {ikev1 | isakmp | ipsec} [<1-255>]", _no_debug, "No more lines of this debug."),
    *_rows("{no debug | undebug} all", _undebug, "No more debug lines; conditions stay, as on an ASA."),
    *_rows("debug crypto condition peer A.B.C.D", _condition, "Only debug lines about this peer and others named so."),
    *_rows("{no debug | undebug} crypto condition peer A.B.C.D", _condition, "This peer is none of those any more."),
    *_rows("debug crypto condition reset", _no_condition, "Lines about every peer again."),
    *_rows(
        "clear crypto {isakmp | ikev1} sa [A.B.C.D]",
        _clear_isakmp,
        "Takes down phase 1, and with it the tunnels, of all peers or of one; the peer is told.",
    ),
    *_rows(
        "clear [crypto] ipsec sa [peer A.B.C.D | map MAP | entry A.B.C.D esp SPI]",
        _clear_ipsec,
        "Takes down the IPsec SAs of all peers, of one or of one crypto map, or the pair to which the SA with this "
        "destination and SPI belongs; phase 1 stays. An SPI is typed as `show crypto ipsec sa` prints it: `0x32F752FF` "
        "or in decimal.",
    ),
    *_rows(
        "clear [crypto] ipsec sa counters",
        _clear_counters,
        "Counts the packets of `show crypto ipsec sa` from zero again. Kilobytes, timeouts and `show vpn-sessiondb` "
        "go on.",
    ),
    *_rows(
        "clear capture {CAPTURE | /all}",
        _clear_capture,
        "Forgets what a capture has caught, or all have, and empties its file; it goes on.",
    ),
    *_rows(
        "vpn-sessiondb logoff {l2l | all | ipaddress A.B.C.D | tunnel-group GROUP | index <index>} [noconfirm]",
        _logoff,
        "Takes down sessions as `clear crypto isakmp sa` does, and says how many; without asking back.",
    ),
    *_rows(
        "ping [IF] A.B.C.D [repeat <1-100>] [size <36-9000>] [timeout <1-10>]",
        _ping,
        "Five echo requests of 100 octets, from an interface if one is named.",
    ),
    *_rows(
        "packet-tracer input IF icmp A.B.C.D TYPE <0-255> [<0-65535>] A.B.C.D [detailed]",
        _trace,
        "What would become of a packet: which crypto map entry, which tunnel. If that is down, it is negotiated.",
    ),
    *_rows(
        "packet-tracer input IF {tcp | udp} A.B.C.D PORT A.B.C.D PORT [detailed]", _trace, "The same for TCP and UDP."
    ),
    *_rows(
        f"capture NAME [buffer <octets>] interface IF [match PROTOCOL {_END} {_END}]",
        _capture,
        "Begins a capture on an interface, of everything or of what matches in either direction.",
    ),
    *_rows(
        f"capture NAME [buffer <octets>] interface IF match {{tcp | udp}} {_PORTED_END} {_PORTED_END}",
        _capture,
        "The same, by ports.",
    ),
    *_rows(
        "terminal pager [lines] <0-2147483647>",
        _pager,
        "Taken, as scripts send it first: no output is paged here. On an ASA `terminal width` and `pager` are of its "
        "configuration mode, and `terminal length` is a router's.",
    ),
    *_rows("no capture CAPTURE", _no_capture, "Ends a capture and forgets it."),
)


def _slots(running: Running) -> Slots:
    """How the words of the table that are no keywords are read: some from what this gateway has."""
    named = _interfaces(running)
    return {
        **show.SLOTS,
        "MASK": _mask,
        "<1-255>": lambda word: _number(word, 1, HIGHEST),
        "<1-100>": lambda word: _number(word, 1, 100),
        "<36-9000>": lambda word: _number(word, 36, 9000),
        "<1-10>": lambda word: _number(word, 1, 10),
        "<index>": lambda word: _number(word, 1, 0xFFFFFF),
        "<0-65535>": lambda word: _number(word, 0, 65535),
        "<0-255>": lambda word: _number(word, 0, 255),
        "<octets>": lambda word: _number(word, 1536, LARGEST),
        "PORT": lambda word: PORTS[word] if word in PORTS else _number(word, 0, 65535),
        "TYPE": lambda word: ICMP_TYPES[word] if word in ICMP_TYPES else _number(word, 0, 255),
        "PROTOCOL": lambda word: PROTOCOLS[word] if word in PROTOCOLS else _number(word, 0, 255),
        "<0-2147483647>": lambda word: _number(word, 0, 0x7FFFFFFF),
        "SPI": _spi,
        "ACL": str,
        "IF": lambda word: _one_of(word, named),
        "CAPTURE": lambda word: _one_of(word, running.captures),
        "NAME": _name,
    }


def _interfaces(running: Running) -> list[str]:
    return [interface.name for interface in running.view.gateway.config.interfaces if interface.name]


def _number(word: str, first: int, last: int) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) <= len(str(last)) and first <= int(word) <= last):
        raise ValueError(f"{word!r} is no number from {first} to {last}")
    return int(word)


def _spi(word: str) -> int:
    """As `show crypto ipsec sa` prints one: `spi: 0x32F752FF (855069439)`."""
    if word.isascii() and word.lower().startswith("0x") and word[2:].isalnum() and len(word) <= 10:
        return int(word[2:], 16)
    return _number(word, LOWEST_SPI, 0xFFFFFFFF)


def _mask(word: str) -> IPv4Address:
    mask = IPv4Address(word)
    # What the library takes for a wildcard mask is none here.
    if IPv4Network(f"0.0.0.0/{mask}").netmask != mask:
        raise ValueError(f"{word!r} is no netmask")
    return mask


def _one_of(word: str, names: Any) -> str:
    if word not in names:
        raise ValueError(f"there is no {word!r}")
    return word


def _name(word: str) -> str:
    if not (word.isascii() and word.replace("-", "").replace("_", "").isalnum() and len(word) <= LONGEST_NAME):
        raise ValueError(f"{word!r} is no name")
    return word
