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

from mainmode.config.model import ANY, Ace, Addresses, PortRange
from mainmode.config.vocabulary import ICMP_TYPES, PORTS, PROTOCOLS
from mainmode.exec import data, ping, trace
from mainmode.exec.captured import BUFFER, LARGEST, MOST, Captured
from mainmode.exec.debugging import HIGHEST, Debugging
from mainmode.exec.running import FAILED, UNUSABLE, Debug, EndCapture, Reply, Running, StartCapture
from mainmode.exec.statistics import NAMES
from mainmode.ipsec.selectors import ICMP, TCP, UDP
from mainmode.lab.trigger import ECHO_IDENTIFIER
from mainmode.show import commands as show
from mainmode.show.typed import Slots, find, forms

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

    With `as_json` what is printed is one JSON object (schema 1) with the command as understood.
    """
    typed = line[:LONGEST].split()
    if not typed:
        return Reply()
    config = running.view.gateway.config
    found = find(COMMANDS, typed, _slots(running))
    if isinstance(found, tuple):
        command, words = found
        reply = command.run(running, words)
        said = " ".join(map(str, words))
    else:
        answer = found.answer(line[:LONGEST], f"{config.hostname}# ")
        reply = Reply(answer, {"error": answer[-1]}, UNUSABLE)
        said = " ".join(typed)
    return as_values(reply, said) if as_json else reply


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
    drops = running.view.gateway.counters
    values["Failed requests"] = drops["malformed"] + drops["refused"]
    lines = ["[IKEv1 statistics]", *(f"   {name}: {value}" for name, value in values.items())]
    return Reply(lines, {"ikev1": {name.lower().replace(" ", "_"): value for name, value in values.items()}})


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
    listed = list(captured.listed(running.view.wall))
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
    return _at_level(running, words[-1], 0)


def _at_level(running: Running, name: str, level: int) -> Reply:
    now = running.debugging
    return _debugging(replace(now, ikev1=level) if name == "ikev1" else replace(now, ipsec=level))


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
    return Reply(do=running.view.gateway.clear_ipsec(running.view.now, _address(words)))


def _address(words: list[Any]) -> IPv4Address | None:
    return next((word for word in words if isinstance(word, IPv4Address)), None)


def _ping(running: Running, words: list[Any]) -> Reply:
    return ping.ask(running, words[-1], *words[1:-1])


def _trace(running: Running, words: list[Any]) -> Reply:
    """`packet-tracer input IF icmp A TYPE CODE B`, `packet-tracer input IF {tcp | udp} A PORT B PORT`."""
    interface, protocol = words[2], {"icmp": ICMP, "tcp": TCP, "udp": UDP}[words[3]]
    if protocol == ICMP:
        # The selectors of an SA know no ICMP types: whatever was typed, it is asked about as an echo.
        return trace.trace(running, interface, protocol, words[4], ECHO_IDENTIFIER, words[7], 0)
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
    *_rows("show crypto debug-condition", _show_condition, "The peers that debugs are limited to."),
    *_rows("show debug", _show_debug, "Which debugs are on, at which level, for which peers."),
    *_rows("show capture", _show_captures, "The captures, with what each is of."),
    *_rows("show capture CAPTURE", _show_capture, "The packets of a capture, a line each."),
    *_rows("debug crypto {ikev1 | ipsec} [<1-255>]", _debug, "Debug lines from this level down; without one, level 1."),
    *_rows("{no debug | undebug} crypto {ikev1 | ipsec}", _no_debug, "No more lines of this debug."),
    *_rows("{no debug | undebug} all", _undebug, "No more debug lines; conditions stay, as on an ASA."),
    *_rows(
        "[{no | undebug}] debug crypto condition peer A.B.C.D",
        _condition,
        "Only lines about this peer and others named so.",
    ),
    *_rows("debug crypto condition reset", _no_condition, "Lines about every peer again."),
    *_rows(
        "clear crypto {isakmp | ikev1} sa [A.B.C.D]",
        _clear_isakmp,
        "Takes down phase 1, and with it the tunnels, of all peers or of one; the peer is told.",
    ),
    *_rows(
        "clear crypto ipsec sa [peer A.B.C.D]",
        _clear_ipsec,
        "Takes down the IPsec SAs of all peers or of one; phase 1 stays.",
    ),
    *_rows("ping [IF] A.B.C.D", _ping, "Five echo requests, from an interface if one is named."),
    *_rows(
        "packet-tracer input IF icmp A.B.C.D TYPE <0-255> A.B.C.D [detailed]",
        _trace,
        "What would become of a packet: which crypto map entry, which tunnel. It is not sent.",
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
    *_rows("no capture CAPTURE", _no_capture, "Ends a capture and forgets it."),
)


def _slots(running: Running) -> Slots:
    """How the words of the table that are no keywords are read: some from what this gateway has."""
    named = [interface.name for interface in running.view.gateway.config.interfaces if interface.name]
    return {
        **show.SLOTS,
        "MASK": _mask,
        "<1-255>": lambda word: _number(word, 1, HIGHEST),
        "<0-255>": lambda word: _number(word, 0, 255),
        "<octets>": lambda word: _number(word, 1536, LARGEST),
        "PORT": lambda word: PORTS[word] if word in PORTS else _number(word, 0, 65535),
        "TYPE": lambda word: ICMP_TYPES[word] if word in ICMP_TYPES else _number(word, 0, 255),
        "PROTOCOL": lambda word: PROTOCOLS[word] if word in PROTOCOLS else _number(word, 0, 255),
        "IF": lambda word: _one_of(word, named),
        "CAPTURE": lambda word: _one_of(word, running.captures),
        "NAME": _name,
    }


def _number(word: str, first: int, last: int) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 10 and first <= int(word) <= last):
        raise ValueError(f"{word!r} is no number from {first} to {last}")
    return int(word)


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
