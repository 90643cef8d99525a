"""The kinds of values in a command line: addresses, masks, ports, names. Knows no command.

A kind is a function from the words of a line and an index to a value and the index behind it; a kind may be several
words (`host A.B.C.D`, `range P P`). A word that is not of the kind raises `Mismatch`, which says what would have been
and, where it can be known, which word was probably meant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final, Protocol

from mainmode.config.draft import Ref
from mainmode.config.model import ANY, AddressRange, PortRange
from mainmode.config.vocabulary import ICMP_TYPES, PORTS, PROTOCOLS
from mainmode.secret import Secret


class Mismatch(Exception):
    """A word that is not of the wanted kind, and why."""

    def __init__(self, at: int, expected: str, message: str = "", better: str = "", why: str = "") -> None:
        super().__init__(message or expected)
        self.at = at
        self.expected = expected
        self.message = message
        self.better = better
        """The word that was probably meant."""
        self.why = why
        """What makes that word probable."""


class Names(Protocol):
    """What a value's meaning may depend on: aliases of addresses, and which groups are groups of services."""

    @property
    def names(self) -> dict[str, IPv4Address]: ...

    def is_service_group(self, name: str) -> bool: ...


Parse = Callable[[Sequence[str], int, Names], tuple[Any, int]]
"""From the words, an index and the names to a value and the index behind it, or Mismatch."""


@dataclass(frozen=True, slots=True)
class Kind:
    notation: str
    """As it stands in a list of what was expected."""
    parse: Parse


_NUMERIC: Final = re.compile(r"\d+(?:\.\d*)*$")
_NAME: Final = re.compile(r"[A-Za-z_][\w.:-]*$")
_HARDWARE: Final = re.compile(r"[A-Za-z][A-Za-z-]*\d+(?:/\d+)*(?:\.\d+)?$")
_PAIR: Final = re.compile(r"\(([^\s(),]+),([^\s(),]+)\)$")
_PARENTHESES: Final = re.compile(r"\(([^\s(),]+)\)$")


def _at(words: Sequence[str], index: int, expected: str) -> str:
    if index >= len(words):
        raise Mismatch(index, expected)
    return words[index]


def _address(word: str) -> IPv4Address | None:
    """A dotted quad; `0` is short for 0.0.0.0. Octets with leading zeros are none."""
    if word == "0":
        return IPv4Address(0)
    try:
        return IPv4Address(word)
    except ValueError:
        return None


def parse_word(words: Sequence[str], index: int, names: Names) -> tuple[str, int]:
    return _at(words, index, "a name"), index + 1


def parse_secret(words: Sequence[str], index: int, names: Names) -> tuple[Secret | None, int]:
    """A key as typed; None for the stars of `show running-config`."""
    word = _at(words, index, "a key")
    return (None if set(word) == {"*"} else Secret(word.encode())), index + 1


def parse_address(words: Sequence[str], index: int, names: Names) -> tuple[IPv4Address | Ref, int]:
    """An address or its alias. An alias nobody defined stays a name: a paste may have left its definition out."""
    word = _at(words, index, "A.B.C.D")
    address = _address(word) or names.names.get(word)
    if address is not None:
        return address, index + 1
    if not _NAME.match(word):
        raise Mismatch(index, "A.B.C.D", _address_slip(word))
    return Ref("name", word), index + 1


def _address_slip(word: str) -> str:
    if not _NUMERIC.match(word):
        return ""
    octets = word.split(".")
    if len(octets) < 4 or not octets[-1]:
        return f"{word} is cut short: an address has four octets"
    if len(octets) > 4:
        return f"{word} has {len(octets)} octets: an address has four"
    wrong = [octet for octet in octets if int(octet[:4]) > 255]
    return f"{word} is no address: {wrong[0]} is more than 255" if wrong else f"{word} is no address"


MASK_NOTATION: Final = "A.B.C.D (netmask)"


def is_mask(word: str) -> bool:
    """Whether a word is a netmask: a dotted quad, ones first."""
    address = _address(word)
    if address is None:
        return False
    zeros = int(address) ^ 0xFFFFFFFF
    return zeros & (zeros + 1) == 0


def parse_mask(words: Sequence[str], index: int, names: Names) -> tuple[int, int]:
    """A netmask, as the number of its ones."""
    expected = MASK_NOTATION
    word = _at(words, index, expected)
    address = _address(word)
    if address is None:
        octets = word.rstrip(".").split(".")
        if _NUMERIC.match(word) and len(octets) < 4:
            better = ".".join([*octets, *["0"] * (4 - len(octets))])
            fits = all(octet == "255" for octet in octets)
            raise Mismatch(
                index,
                expected,
                f"the mask {word} is cut short: a mask has four octets",
                better * fits,
                "a guess" * fits,
            )
        raise Mismatch(index, expected, _address_slip(word).replace("address", "mask"))
    number = int(address)
    inverse = number ^ 0xFFFFFFFF
    if inverse & (inverse + 1) == 0:
        return 32 - inverse.bit_length(), index + 1
    if number & (number + 1) == 0:
        better = str(IPv4Address(inverse))
        why = "the same bits as a netmask"
        raise Mismatch(index, expected, f"{word} is a wildcard mask, and an ASA takes netmasks", better, why)
    raise Mismatch(index, expected, f"{word} is no netmask: its ones do not stand together")


def parse_network(words: Sequence[str], index: int, names: Names) -> tuple[IPv4Network | Ref, int]:
    """Address and mask of a network; the address must be the network's own, as an ASA insists."""
    address, following = parse_address(words, index, names)
    if isinstance(address, Ref):
        try:
            _, behind = parse_mask(words, following, names)
        except Mismatch:
            # A word that is neither a known alias nor followed by a mask is a slip itself.
            raise Mismatch(index, "A.B.C.D") from None
        return address, behind
    prefix, behind = parse_mask(words, following, names)
    base = int(address) & (0xFFFFFFFF << (32 - prefix))
    if base != int(address):
        better = str(IPv4Address(base))
        message = f"{words[index]} has bits that the mask {words[following]} does not cover"
        raise Mismatch(index, "A.B.C.D (network)", message, better, "the network this address is in")
    return IPv4Network((base, prefix)), behind


def parse_number(low: int, high: int) -> Parse:
    expected = f"<{low}-{high}>"

    def parse(words: Sequence[str], index: int, names: Names) -> tuple[int, int]:
        word = _at(words, index, expected)
        # isdigit() also takes digits that int() does not.
        if not (word.isascii() and word.isdigit()):
            raise Mismatch(index, expected)
        if not low <= int(word[:12]) <= high:
            raise Mismatch(index, expected, f"{word[:24]} is not between {low} and {high}")
        return int(word), index + 1

    return parse


def parse_volume(words: Sequence[str], index: int, names: Names) -> tuple[int | str, int]:
    """Kilobytes of an SA, or `unlimited`."""
    if index < len(words) and len(words[index]) > 2 and "unlimited".startswith(words[index].lower()):
        return "unlimited", index + 1
    return _VOLUME(words, index, names)


_VOLUME: Final = parse_number(10, 2147483647)
_PORT: Final = parse_number(0, 65535)


def parse_hardware(words: Sequence[str], index: int, names: Names) -> tuple[str, int]:
    """`GigabitEthernet0/1`, or the same with a blank before the number."""
    expected = "an interface"
    word = _at(words, index, expected)
    if _HARDWARE.match(word):
        return word, index + 1
    if index + 1 < len(words) and word.isalpha() and _HARDWARE.match(word + words[index + 1]):
        return word + words[index + 1], index + 2
    raise Mismatch(index, expected)


def parse_pair(words: Sequence[str], index: int, names: Names) -> tuple[tuple[str, str], int]:
    """`(inside,outside)`, with or without blanks in it."""
    expected = "(real,mapped)"
    word = _at(words, index, expected)
    for behind in range(index + 1, index + 4):
        found = _PAIR.match(word)
        if found is not None:
            return (found[1], found[2]), behind
        if behind < len(words):
            word += words[behind]
    raise Mismatch(index, expected)


def parse_parentheses(words: Sequence[str], index: int, names: Names) -> tuple[str, int]:
    expected = "(interface)"
    found = _PARENTHESES.match(_at(words, index, expected))
    if found is None:
        raise Mismatch(index, expected)
    return found[1], index + 1


def _keyword(word: str, choices: Iterable[str], shortest: int = 3) -> str | None:
    """The choice a word is, or is an unambiguous beginning of."""
    word = word.lower()
    fitting = [choice for choice in choices if choice.startswith(word)]
    if word in fitting:
        return word
    return fitting[0] if len(fitting) == 1 and len(word) >= shortest else None


ENDPOINT: Final = ("any", "any4", "any6", "host", "object", "object-group", "interface")
_ENDPOINT_NOTATION: Final = "any, host A.B.C.D, object NAME, object-group NAME, A.B.C.D MASK"


def parse_endpoint(words: Sequence[str], index: int, names: Names) -> tuple[Any, int]:
    """Source or destination of an access-list line. None for IPv6, which is read and left out."""
    word = _at(words, index, _ENDPOINT_NOTATION)
    keyword = _keyword(word, ENDPOINT) if word[0].isalpha() and word not in names.names else None
    if keyword in ("any", "any4"):
        return ANY, index + 1
    if keyword == "any6":
        return None, index + 1
    if keyword == "host":
        if index + 1 < len(words) and ":" in words[index + 1]:
            return None, index + 2
        address, behind = parse_address(words, index + 1, names)
        return (address if isinstance(address, Ref) else IPv4Network(address)), behind
    if keyword == "object-group":
        name, behind = parse_word(words, index + 1, names)
        if names.is_service_group(name):
            raise Mismatch(index + 1, _ENDPOINT_NOTATION, f"{name} is a group of services, and an address is due here")
        return Ref("object-group", name), behind
    if keyword is not None:
        name, behind = parse_word(words, index + 1, names)
        return Ref("object" if keyword == "object" else "interface", name), behind
    if ":" in word and "/" in word:
        return None, index + 1
    try:
        return parse_network(words, index, names)
    except Mismatch as slip:
        if slip.at == index and not slip.message:
            slip.expected = _ENDPOINT_NOTATION
            slip.better = (difflib.get_close_matches(word.lower(), ENDPOINT, 1, 0.7) or [""])[0]
            slip.why = "a keyword that is spelt almost so"
        raise


OPERATORS: Final = ("eq", "lt", "gt", "neq", "range")


def _port(words: Sequence[str], index: int, names: Names) -> tuple[int, int]:
    word = _at(words, index, "a port")
    if word.lower() in PORTS:
        return PORTS[word.lower()], index + 1
    try:
        return _PORT(words, index, names)
    except Mismatch as slip:
        slip.expected = "a port: <0-65535> or its name"
        slip.better = (difflib.get_close_matches(word.lower(), PORTS, 1, 0.75) or [""])[0]
        slip.why = "a port that is spelt almost so"
        raise


def parse_ports(words: Sequence[str], index: int, names: Names) -> tuple[tuple[PortRange, ...], int]:
    """`eq P`, `range P P` and their like; `neq` makes two ranges."""
    operator = _at(words, index, "eq, lt, gt, neq, range")
    if operator not in OPERATORS:
        raise Mismatch(index, "eq, lt, gt, neq, range")
    first, behind = _port(words, index + 1, names)
    last = first
    if operator == "range":
        last, behind = _port(words, behind, names)
    low, high = {
        "lt": (0, first - 1),
        "gt": (first + 1, 65535),
    }.get(operator, (first, last))
    if low > high:
        raise Mismatch(index + 1, "ports", f"{' '.join(words[index:behind])} leaves no port")
    if operator == "neq":
        ranges = (PortRange(0, first - 1), PortRange(first + 1, 65535))
        return tuple(one for one in ranges if one.first <= one.last), behind
    return (PortRange(low, high),), behind


def parse_source_ports(words: Sequence[str], index: int, names: Names) -> tuple[Any, int]:
    """Ports, or a group that is known to be one of services: else it is the destination."""
    if index + 1 < len(words) and words[index] == "object-group" and names.is_service_group(words[index + 1]):
        return Ref("object-group", words[index + 1]), index + 2
    return parse_ports(words, index, names)


def parse_destination_ports(words: Sequence[str], index: int, names: Names) -> tuple[Any, int]:
    if index + 1 < len(words) and words[index] == "object-group":
        return Ref("object-group", words[index + 1]), index + 2
    return parse_ports(words, index, names)


def parse_protocol(words: Sequence[str], index: int, names: Names) -> tuple[int | Ref, int]:
    expected = "a protocol: ip, tcp, udp, icmp, …, <0-255>, object NAME, object-group NAME"
    word = _at(words, index, expected)
    if word in ("object", "object-group"):
        name, behind = parse_word(words, index + 1, names)
        return Ref("object" if word == "object" else "object-group", name), behind
    if word.lower() in PROTOCOLS:
        return PROTOCOLS[word.lower()], index + 1
    if word.isascii() and word.isdigit() and int(word[:4]) <= 255:
        return int(word), index + 1
    close = difflib.get_close_matches(word.lower(), PROTOCOLS, 1, 0.6)
    raise Mismatch(index, expected, better=(close or [""])[0], why="a protocol that is spelt almost so")


def parse_icmp_type(words: Sequence[str], index: int, names: Names) -> tuple[int | Ref, int]:
    expected = "an ICMP type: <0-255> or its name"
    word = _at(words, index, expected)
    if word == "object-group":
        name, behind = parse_word(words, index + 1, names)
        return Ref("object-group", name), behind
    if word.lower() in ICMP_TYPES:
        return ICMP_TYPES[word.lower()], index + 1
    if word.isascii() and word.isdigit() and int(word[:4]) <= 255:
        return int(word), index + 1
    raise Mismatch(index, expected)


def parse_peer(words: Sequence[str], index: int, names: Names) -> tuple[str, int]:
    """A peer as typed: an address or a name. IPv6 is read and means nothing here."""
    word = _at(words, index, "A.B.C.D")
    return (word, index + 1) if ":" in word else (word, parse_address(words, index, names)[1])


def parse_range(words: Sequence[str], index: int, names: Names) -> tuple[AddressRange | Ref, int]:
    first, behind = parse_address(words, index, names)
    last, behind = parse_address(words, behind, names)
    if isinstance(first, Ref) or isinstance(last, Ref):
        return (first if isinstance(first, Ref) else Ref("name", words[behind - 1])), behind
    if last < first:
        raise Mismatch(behind - 1, "A.B.C.D", f"the range ends at {last}, before its first address {first}")
    return AddressRange(first, last), behind


KINDS: Final[dict[str, Kind]] = {
    "word": Kind("a name", parse_word),
    "text": Kind("text", parse_word),
    "key": Kind("a key", parse_secret),
    "address": Kind("A.B.C.D", parse_address),
    "mask": Kind(MASK_NOTATION, parse_mask),
    "network": Kind("A.B.C.D MASK", parse_network),
    "range": Kind("A.B.C.D A.B.C.D", parse_range),
    "peer": Kind("A.B.C.D", parse_peer),
    "volume": Kind("<10-2147483647>, unlimited", parse_volume),
    "hardware": Kind("an interface", parse_hardware),
    "interfaces": Kind("(real,mapped)", parse_pair),
    "(interface)": Kind("(interface)", parse_parentheses),
    "endpoint": Kind(_ENDPOINT_NOTATION, parse_endpoint),
    "ports": Kind("eq, lt, gt, neq, range", parse_ports),
    "source-ports": Kind("eq, lt, gt, neq, range", parse_source_ports),
    "destination-ports": Kind("eq, lt, gt, neq, range", parse_destination_ports),
    "protocol": Kind("ip, tcp, udp, icmp, …, <0-255>, object NAME, object-group NAME", parse_protocol),
    "icmp-type": Kind("an ICMP type", parse_icmp_type),
    "port": Kind("a port", _port),
}
