"""How the fields of the wordings look: one row for each kind of field. Knows no wording.

The patterns see text whose white space is collapsed to single blanks. Their lengths are bounded, so that a hostile
line costs a bounded amount of backtracking.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any

from mainmode.events import ProxyId
from mainmode.words.names import payload_name
from mainmode.words.template import Kind, Template, nested

_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"


def _any_hex(text: str) -> int:
    return int(text, 16)


def _hex(form: str, pattern: str = "0x[0-9A-Fa-f]{1,16}", sample: int = 0xFD2D851F) -> Kind:
    return Kind(pattern, _any_hex, form.__mod__, sample)


def _choice(words: dict[Any, str]) -> Kind:
    """One of a few words. The first that stands for a value is the one that is printed."""
    values = {word: value for value, word in words.items()}
    pattern = "|".join(re.escape(word) for word in sorted(values, key=len, reverse=True))
    return Kind(pattern, values.__getitem__, words.__getitem__, next(iter(words)), words.__contains__)


def _word(pattern: str, sample: str) -> Kind:
    return Kind(pattern, str, str, sample)


def _or_not_available(kind: Kind) -> Kind:
    """None is printed as `N/A`."""

    def read(text: str) -> Any:
        return None if text == "N/A" else kind.read(text)

    def show(value: Any) -> str:
        return "N/A" if value is None else kind.show(value)

    return Kind(f"N/A|{kind.pattern}", read, show, kind.sample)


_DURATION = re.compile(r"(?:(\d+)d )?(\d+)h ?: ?(\d+)m ?: ?(\d+)s")


def _read_duration(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _show_duration(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return (f"{days}d " if days else "") + f"{hour}h:{minute:02}m:{second:02}s"


_NUMBER_IN_BRACKETS = re.compile(r"\((\d{1,3})\)")


def _read_payloads(text: str) -> tuple[int, ...]:
    numbers = [int(number) for number in _NUMBER_IN_BRACKETS.findall(text)]
    if numbers and numbers[-1] == 0:
        del numbers[-1]
    return tuple(numbers)


# The lists of a live gateway repeat themselves; a hostile peer's do not, hence the bound.
@lru_cache(maxsize=256)
def _show_payloads(numbers: tuple[int, ...]) -> str:
    return " + ".join(["HDR", *(f"{payload_name(number)} ({number})" for number in (*numbers, 0))])


_BOX = r"\w{1,40} ?, ?\w{1,40}"


def _read_history(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (state.strip(), event.strip())
        for state, _, event in (step.partition(",") for step in re.split("--?>", text.removesuffix("...")))
    )


def _show_history(history: tuple[tuple[str, str], ...]) -> str:
    return "-->".join(f"{state}, {event}" for state, event in history)


def _readable(data: bytes) -> str:
    return "".join(chr(octet) if 0x21 <= octet <= 0x7E else "." for octet in data)


def _show_dump(data: bytes) -> str:
    """Words of four octets, and the octets as characters from column 40 on (with the offset before it: 46)."""
    words = " ".join(data[start : start + 4].hex().upper() for start in range(0, len(data), 4))
    return f"{words:<35}     {_readable(data)}"


def _read_dump(text: str) -> bytes:
    """The octets. The characters beside them can look like one more word, so the two must agree where they can."""
    words = text.split(" ")
    found = b""
    for count in range(1, min(len(words), 4) + 1):
        try:
            data = bytes.fromhex("".join(words[:count]))
        except ValueError:
            break
        if _readable(data) == " ".join(words[count:]):
            return data
        found = data
    if not found:
        raise ValueError(text)
    return found


_HOST = IPv4Address("255.255.255.255")


# `str` of an address is the dearest part of many lines, and a gateway meets the same few again and again.
show_address = lru_cache(maxsize=1024)(IPv4Address.__str__)

_ip = Kind(_ADDRESS, IPv4Address, show_address, IPv4Address("10.0.0.2"), lambda address: address is not None)
_int = Kind(r"\d{1,20}", int, str, 10)
_name = _word(r"[^\s,]{1,128}?", "MAP")

KINDS: dict[str, Kind] = {
    # --- numbers
    "int": _int,
    "msgid": Kind(r"[0-9a-fA-F]{1,16}", _any_hex, lambda number: f"{number:08x}" if number else "0", 0x7B80C2B0),
    "hex": _hex("0x%x"),
    "HEX": _hex("0x%X"),
    "hex8": _hex("0x%08x"),
    "HEX8": _hex("0x%08X"),
    "bare8": _hex("%08x", "[0-9A-Fa-f]{1,16}", 0x20000001),
    "bare": _hex("%x", "[0-9A-Fa-f]{1,16}", 0x53F11198),
    "offset": _hex("%04X", "[0-9A-Fa-f]{4,8}", 0),
    # 64-bit platforms print all sixteen digits, older ones no leading zeros.
    "struct": Kind(
        "&?0x[0-9A-Fa-f]{1,16}",
        lambda text: int(text.removeprefix("&"), 16),
        lambda number: f"&0x{number:016x}" if number > 0xFFFFFFFF else f"&0x{number:x}",
        0x49BA5A0,
    ),
    "duration": Kind(r"(?:\d{1,6}d )?\d{1,4}h ?: ?\d{1,4}m ?: ?\d{1,4}s", _read_duration, _show_duration, 1936),
    # --- addresses
    "ip": _ip,
    "ip_or_na": _or_not_available(_ip),
    # --- names and words; `text` is the only one that may hold blanks, commas and colons
    "name": _name,
    "name_or_na": _or_not_available(_name),
    "phrase": _word(r"[^:,]{1,128}?", "Group 2"),
    "text": _word(r".{1,400}?", "crypto map policy not found"),
    "reason": _word(r".{1,400}?", "Idle Timeout"),
    "start": _word(r"(?:New|Rekeying) Phase [12]", "New Phase 1"),
    "state": _word(r"\w{1,40}", "MM_WAIT_MSG2"),
    "version": _word(r"[0-9.]{1,20}", "1.0.0"),
    "notify": _word(r"[A-Z0-9_-]{1,60}", "NO_PROPOSAL_CHOSEN"),
    "vendor": _word(r"[^:,]{1,80}?", "Cisco Unity client"),
    "payload": _word(r"[\w+/ -]{1,80}?", "VID"),
    "id_type": _word(r"ID_[A-Z0-9_]{2,30}", "ID_FQDN"),
    "proxy_text": _word(r"[0-9./]{1,80}", "192.168.1.0/255.255.255.0"),
    "proxy_words": _word(r"[0-9a-z./]{1,80}?", "192.168.1.0/255.255.255.0/icmp/0"),
    # --- choices
    "role": _choice({"initiator": "Initiator", "responder": "Responder"}),
    "direction": _choice({"inbound": "inbound", "outbound": "outbound"}),
    "host_sa": _choice({"inbound": "IBSA", "outbound": "OBSA"}),
    "sent": _choice({word: word for word in ("SENDING", "RECEIVED", "RESENDING")}),
    "exchange": _choice({word: word for word in ("MM", "AM", "QM")}),
    "rule": _choice({word: word for word in ("encrypt", "permit", "tunnel flow", "decrypt", "inner", "outer SPD")}),
    "dpd": _choice({word: word for word in ("R-U-THERE", "R-U-THERE-ACK")}),
    "ike_version": _choice({word: word for word in ("IKEv1", "IKEv2")}),
    "bool": _choice({True: "true", False: "false"}),
    "Bool": _choice({True: "True", False: "False"}),
    "behind": Kind(
        "(?i:is not|is)", lambda text: text.lower() == "is", lambda behind: "  IS  " if behind else "is NOT", False
    ),
    # --- several things at once
    "payloads": Kind(
        r"HDR(?: ?\+ ?[A-Z_-]{1,20}(?: [A-Z_-]{1,20})? ?\(\d{1,3}\)){0,300}",
        _read_payloads,
        _show_payloads,
        (1, 13, 13, 13, 13),
    ),
    "history": Kind(
        rf"{_BOX}(?: ?--?> ?{_BOX}){{0,60}}(?:\.\.\.)?",
        _read_history,
        _show_history,
        (("MM_DONE", "EV_ERROR"), ("MM_WAIT_MSG2", "EV_RETRY"), ("MM_WAIT_MSG2", "EV_TIMEOUT")),
    ),
    "dump": Kind(
        r"[0-9A-F]{2,8}(?: \S{1,32}){0,20}",
        _read_dump,
        _show_dump,
        bytes.fromhex("dde50931800100010002000400000e10"),
    ),
    "ports": Kind(
        r"Upper ?: ?\d{1,10} Lower ?: ?\d{1,10}",
        lambda text: tuple(int(number) for number in re.findall(r"\d+", text)),
        lambda ports: f"Upper: {ports[0]}\n      Lower: {ports[1]}",
        (0, 0),
    ),
}
"""Name in a template → what it looks like."""


_SUBNET = ProxyId(IPv4Address("192.168.1.0"), IPv4Address("255.255.255.0"), 1)


def _proxies(sample: ProxyId, *rows: tuple[str, dict[str, object]]) -> Kind:
    return nested(sample, *(Template(ProxyId, text, KINDS, fixed) for text, fixed in rows))


KINDS |= {
    "proxy_subnet": _proxies(
        _SUBNET,
        ("Address {address:ip}, Mask {mask:ip}, Protocol {protocol:int}, Port {port:int}", {"last": None}),
    ),
    "proxy_host": _proxies(
        ProxyId(IPv4Address("192.168.1.2"), _HOST),
        ("Address {address:ip}, Protocol {protocol:int}, Port {port:int}", {"mask": _HOST, "last": None}),
    ),
    "proxy_range": _proxies(
        ProxyId(IPv4Address("192.168.1.2"), _HOST, last=IPv4Address("192.168.1.9")),
        ("Addresses {address:ip} - {last:ip}, Protocol {protocol:int}, Port {port:int}", {"mask": _HOST}),
    ),
    "proxy_slashes": _proxies(_SUBNET, ("{address:ip}/{mask:ip}/{protocol:int}/{port:int}", {"last": None})),
    # The two sides of `Transmitting Proxy Id` differ by a capital and a blank.
    "local_proxy": _proxies(
        _SUBNET,
        ("host:  {address:ip}  Protocol {protocol:int}  Port {port:int}", {"mask": _HOST, "last": None}),
        ("subnet:  {address:ip}  mask {mask:ip} Protocol {protocol:int}  Port {port:int}", {"last": None}),
        ("range:  {address:ip} - {last:ip}  Protocol {protocol:int}  Port {port:int}", {"mask": _HOST}),
    ),
    "remote_proxy": _proxies(
        _SUBNET,
        ("host: {address:ip}  Protocol {protocol:int}  Port {port:int}", {"mask": _HOST, "last": None}),
        ("subnet: {address:ip}  Mask {mask:ip} Protocol {protocol:int}  Port {port:int}", {"last": None}),
        ("range: {address:ip} - {last:ip}  Protocol {protocol:int}  Port {port:int}", {"mask": _HOST}),
    ),
}
