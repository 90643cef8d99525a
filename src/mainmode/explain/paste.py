"""Text as people have it, read back into entries. Knows how logs are shaped and damaged; `words` knows what they say.

A box prints a statement on one line or, as a record, on several; terminals, mails and pages wrap it, put other things
between and around it, or lose parts. So the lines are collected from one beginning of a statement to the next
(`[IKEv1 …]`, `%ASA-7-715047:`, `IPSEC:`), and then it is found out how many of them make a statement. Whatever reads
as it stands is taken as it stands; the rest is mended where a known damage explains it, and listed where none does.

Nothing is kept of lines that are no VPN statement but how many there were, so that a log may be of any size.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise, product, takewhile
from typing import Final, Literal, NamedTuple

from mainmode import events as ev
from mainmode.events import Entry
from mainmode.explain.repairs import clean, repaired
from mainmode.span import Span
from mainmode.words import WORDINGS, read
from mainmode.words.ios import IosReader
from mainmode.words.reading import LONGEST, seconds

Form = Literal["asa-debug", "asa-syslog", "ios-debug", "show"]
"""The dialect of one statement."""

Dialect = Literal["asa-debug", "asa-syslog", "ios-debug", "show", "mixed"]

MAX_LISTED: Final = 1000
"""Statements that could not be read are counted all, and so many are listed."""

MAX_LINES: Final = 40
"""Lines from one beginning to the next that may be one statement; the longest record has 25."""

MAX_BARE_LINES: Final = 6
"""The same for a statement whose tag was cut off; records have none to lose."""

MAX_DAMAGED_LINES: Final = 5
"""Lines of a statement from which words are taken away by trial."""

MAX_STRAY_WORDS: Final = 5
"""Words at a line's end that may not belong there: a table's other column."""

MAX_REMARK_WORDS: Final = 24
"""Words of a remark behind a statement on one line."""

MAX_ATTEMPTS: Final = 400
"""Readings tried of one damaged statement."""

MAX_IN_VAIN: Final = 200_000
"""Attempts at mending that lead to nothing, one after the other: then the text is not damaged but another one."""

MAX_MENDED_ATTEMPTS: Final = 2_000_000
"""Readings tried of all damaged statements of a source: a hostile paste must not take for ever."""

WRAPPED: Final = 50
"""Columns: a line at least so long may have been wrapped, one that is shorter ended by itself."""

RECENT: Final = 30
"""Lines by which the width of the paste is judged."""

TWINS: Final = 4
"""How many statements lie at most between a debug line and the same thing as a syslog message."""

PAYLOADS: Final = frozenset({
    "ISAKMP SA", "IKE SA", "SA", "IPsec SA", "ke", "ISA_KE", "pfs ke", "nonce", "IPsec nonce", "ID", "hash",
    "blank hash", "qm hash", "notify", "delete", "IKE delete", "IPsec delete", "VID", "dpd vid", "NAT-Discovery",
    "NAT-Original-Address", "cert", "cert request", "RSA signature", "NAT-Traversal VID ver 02",
    "NAT-Traversal VID ver 03", "NAT-Traversal VID ver RFC", "Fragmentation VID",
    "Fragmentation VID + extended capabilities", "Cisco Unity VID", "xauth V6 VID",
})  # fmt: skip
"""What an ASA calls the payloads it builds and processes."""

VENDORS: Final = frozenset({
    "NAT-Traversal RFC", "NAT-Traversal ver 02", "NAT-Traversal ver 03", "Fragmentation", "Cisco Unity client",
    "xauth V6", "DPD", "IOS", "Altiga/Cisco VPN3000/Cisco ASA GW",
})  # fmt: skip
"""What an ASA calls the vendor ids it knows."""

YEAR_SECONDS: Final = 365 * 86400.0
HALF_YEAR_SECONDS: Final = YEAR_SECONDS / 2
PATIENCE: Final = 200_000
"""Lines after which a text in which nothing at all is an ASA's is not read any further: it is something else."""

YEARLESS: Final = 20 * YEAR_SECONDS
"""A time below is one that named no year: nobody logged an ASA before 1990."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a box said, or a line that is not known to be anything of the kind."""

    text: str
    """On one line, as it was read or could not be."""
    where: Span
    form: Form | None
    """None: a remark, a prompt, a piece that got lost."""
    entry: Entry | None
    """None when no wording is known for it, or when it means nothing to a negotiation."""
    mended: bool = False
    known: bool = False
    """Whether it is a wording that is known, though it means nothing."""


class Unread(NamedTuple):
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """One paste, one file."""

    path: str
    lines: int
    statements: int
    """What a box said about its VPN, read or not."""
    recognised: int
    dialect: Dialect | None
    """None when there is not one statement in it."""
    entries: tuple[Entry, ...]
    """In the order in which they happened, as far as times tell."""
    unread: tuple[Unread, ...]
    """Statements without a wording, `MAX_LISTED` at most."""
    unread_count: int
    remarks: tuple[Unread, ...]
    """Lines that are no statement at all, `MAX_LISTED` at most."""
    others: dict[str, int]
    """Lines that were passed over, by what they are: `blank`, `other messages`, `prompts`, `remarks`, `repeated`."""
    shown: tuple[Unread, ...]
    """Lines of `show` outputs."""
    mended: int = 0


@dataclass(frozen=True, slots=True)
class Paste:
    """Everything that was handed in together."""

    sources: tuple[Source, ...]

    @property
    def entries(self) -> tuple[tuple[Entry, ...], ...]:
        return tuple(source.entries for source in self.sources)

    @property
    def unread(self) -> int:
        return sum(source.unread_count for source in self.sources)


# --- lines --------------------------------------------------------------------------------------------------------


def decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a file that comes in pieces: UTF-8, or UTF-16 by its mark or by its zeros; never an error.

    A line far too long for a log comes in pieces too.
    """
    decoder: codecs.IncrementalDecoder | None = None
    rest = ""
    for chunk in chunks:
        if decoder is None:
            if not chunk:
                continue
            decoder = codecs.getincrementaldecoder(_encoding(chunk[:4096]))("replace")
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from lines
        while len(rest) > _LONGEST:
            yield rest[:_LONGEST]
            rest = rest[_LONGEST:]
    if decoder is not None:
        rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


_LONGEST: Final = 1 << 16


def _encoding(start: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF8, "utf-8-sig"),
    ):
        if start.startswith(mark):
            return name
    # Text of a log is mostly ASCII: every other octet is then zero, and no others are.
    even, odd = (start[i::2].count(0) for i in (0, 1))
    if max(even, odd) * 3 > len(start) and min(even, odd) * 20 < len(start):
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def binary(start: bytes) -> bool:
    """Whether a file that begins like this is no text."""
    if _encoding(start) != "utf-8":
        return False
    controls = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in start)
    return controls * 20 > len(start) > 0


# --- what a line is -----------------------------------------------------------------------------------------------

_VPN_IDS: Final = frozenset(wording.syslog_id for wording in WORDINGS if wording.syslog_id)
_VPN_CLASSES: Final = ("713", "714", "715", "402", "602", "702", "752")
"""Messages of these classes are about VPNs, even one without a wording."""

_SYSLOG: Final = r"%(?:ASA|PIX|FTD|FWSM)(?:-[A-Za-z]{1,20})?-\d-(\d{6})"
_ANY_SYSLOG: Final = re.compile(_SYSLOG)
_BEGIN: Final = re.compile(
    rf"(?P<syslog>{_SYSLOG})"
    r"|(?P<debug>\[ ?IKEv1(?: DEBUG| DECODE)? ?\])"
    r"|(?P<record>IPSEC(?:\(crypto_map_check\)|: ?(?=[A-Z])|(?=(?:New|Completed|Creating|Updating|Deleted)\b)))"
    r"|(?P<ios>\bISAKMP(?:-[A-Z]+)? ?(?:: ?)?\([0-9:]+\):?|\bISAKMP(?:-[A-Z]+)? ?:|\bIPSEC\((?!crypto_map)\w+\)"
    r"|%CRYPTO-\d-)"
)
"""Where a statement begins."""

_BARE: Final = re.compile(r"\s*(?:Group|Username|IP) ?= ?[^,]{1,128}, ?")
"""A statement whose tag was cut off."""

_HEADER: Final = re.compile(
    r"(?:<\d{1,3}>)?(?:\d )?\*?(?:[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)(?: [\w.:-]{1,64}){0,3} ?:? ?$"
)
"""A time and host before the beginning of a statement, at the end of what stands before it."""

_ISO: Final = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(Z|[+-]\d\d:?\d\d)?")
_PROMPT: Final = re.compile(r"\s*[A-Za-z][\w.-]{0,62}(?:/[\w.-]{1,30}){0,3}(?:\([\w-]{1,40}\))?[#>](?: |$)")
_FENCE: Final = re.compile(r"(?:```\w*|~~~\w*|[-=_*]{3,})?")
_FIELD: Final = re.compile(r"\s*(?:\[?[A-Z][A-Za-z ]{1,16}\]? ?:? ?\S*|:\S+|0x[0-9A-Fa-f]+),?(?: \w+)?$")
"""A line of a record: a label and a value, as far as they are left."""

_IOS_FIELD: Final = re.compile(
    r"\s*(?:(?:next-payload|type|address|protocol|port|length) +:|authenticated$|spi \d+, message ID|bring down"
    r"|\(?(?:key eng|proxy )|(?:local_proxy|remote_proxy|protocol|lifedur|spi|has spi|lifetime|has client)\b)"
)
"""A line that goes on with an IOS's statement."""

_SHOWN: Final = re.compile(
    r"\s*(?:\d+ +IKE Peer ?:|IKE Peer ?:|Type +:|Role +:|Rekey +:|State +:|Encrypt +:|Auth +:|Active SA:|Rekey SA:"
    r"|Total IKE SA:|IKEv1 SAs:|There are no IKEv1|There are no ipsec|interface: \w|Crypto map tag:|#pkts |#send"
    r"|#PMTUs|#pre-frag|#TFC|#Valid ICMP|local +ident|remote ident|current_peer|local crypto endpt|path mtu"
    r"|current (?:in|out)bound spi|(?:in|out)bound esp sas|spi: 0x|transform: esp|in use settings|slot: |sa timing"
    r"|IV size|replay detection|Anti replay|access-list \S+ extended|SA State:"
    r"|Session Type: LAN|Connection +:|Index +:|Protocol +:)"
)
"""Lines of `show crypto isakmp sa`, `show crypto ipsec sa` and `show vpn-sessiondb`."""


class _Line(NamedTuple):
    number: int
    text: str
    form: Form | None
    """Of the statement that begins here; None for a line that goes on with something, or with nothing."""


# --- from lines to statements ----------------------------------------------------------------------------------------


def statements(lines: Iterable[str], path: str = "", others: Counter[str] | None = None) -> Iterator[Statement]:
    """What stands in these lines, in their order: statements, lines of `show` outputs, and what is neither.

    Lines of a firewall's log that are not about a VPN, prompts and blank lines are no statements; they are counted in
    `others`. Nothing raises.
    """
    return _directed(_adopted(_Reader(path, Counter() if others is None else others).read(lines)))


class _Reader:
    """Finds the statements of one source."""

    def __init__(self, path: str, others: Counter[str]) -> None:
        self.path = path
        self.others = others
        self._attempts = 0
        self._in_vain = 0
        """Attempts since the last one that led to something."""
        self._ios = IosReader()
        self._odd_names: set[str] = set()
        """Names that were looked into already."""
        self._chunk: list[_Line] = []
        """The lines since the last beginning."""
        self._widths: deque[int] = deque(maxlen=RECENT)
        """How long the last lines are."""
        self._wraps: deque[str] = deque(maxlen=RECENT)
        """Those that go on on the next line, equal ones once."""

    def read(self, lines: Iterable[str]) -> Iterator[Statement]:
        for number, line in enumerate(lines, 1):
            found = _ANY_SYSLOG.search(line)
            if found is not None and not _is_vpn(found[1]) and "IKEv1" not in line:
                # The bulk of a firewall's log.
                self.others["other messages"] += 1
                if self._chunk:
                    yield from self._resolve()
                continue
            for part in clean(line):
                yield from self._line(number, part)
        yield from self._resolve()

    def _line(self, number: int, line: str) -> Iterator[Statement]:
        if _FENCE.fullmatch(line.strip()):
            self.others["blank"] += 1
            return
        begins = _begins(line)
        if not begins:
            yield from self._goes_on(number, line)
            return
        self._widths.append(len(line))
        cuts = [0]
        for begin in begins[1:]:
            header = _HEADER.search(line[cuts[-1] + 1 : begin.start()])
            cuts.append(cuts[-1] + 1 + header.start() if header else begin.start())
        for begin, start, end in zip(begins, cuts, [*cuts[1:], len(line)], strict=True):
            front = line[start : begin.start()]
            if front.strip() and not (begin["syslog"] or _HEADER.search(front)):
                # What only happens to stand there, or the end of the statement before.
                start = begin.start()
                if self._chunk and read(" ".join(before.text for before in self._chunk)) is None:
                    self._chunk.append(_Line(number, front, None))
                else:
                    self.others["margins"] += 1
            yield from self._resolve()
            self._chunk = [_Line(number, line[start:end], _form(begin))]

    def _goes_on(self, number: int, line: str) -> Iterator[Statement]:
        """A line that begins nothing by its looks."""
        if _SHOWN.match(line) and not (self._chunk and "IPSEC" in self._chunk[0].text):
            yield from self._resolve()
            yield Statement(line, Span(self.path, number, text=line), "show", None)
        elif _PROMPT.match(line):
            yield from self._resolve()
            self.others["prompts"] += 1
        else:
            if self._chunk and self._chunk[0].form is None and line.lstrip().startswith("Group"):
                yield from self._resolve()
            if self._chunk and len(self._chunk[-1].text) >= WRAPPED:
                before = self._chunk[-1].text
                if before not in self._wraps:
                    self._wraps.append(before)
            self._widths.append(len(line))
            self._chunk.append(_Line(number, line, None))
            bare = self._chunk[0].form is None
            if len(self._chunk) >= (MAX_BARE_LINES if bare else MAX_LINES) or (bare and not _BARE.match(line)):
                yield from self._resolve()

    # -- how many lines make a statement -----------------------------------------------------------------------------

    def _resolve(self) -> Iterator[Statement]:
        chunk, self._chunk = self._chunk, []
        start = 0
        while start < len(chunk):
            statement, count = self._statement(chunk[start:])
            yield statement
            start += count

    def _statement(self, lines: Sequence[_Line]) -> tuple[Statement, int]:
        """The statement that begins with the first of these lines, and how many of them it takes."""
        first = lines[0]
        if first.form == "ios-debug":
            return self._ios_statement(lines)
        entry, count = self._as_it_stands(lines)
        mended = False
        if first.form in ("asa-debug", "asa-syslog") and len(first.text) <= LONGEST:
            odd = _odd_name(entry)
            if entry is None or (odd is not None and odd not in self._odd_names):
                healed, taken = self._mended(lines)
                if healed is not None:
                    entry, count, mended = healed, taken, True
                elif odd is not None:
                    self._odd_names.add(odd)
            if entry is None:
                count = 1 + sum(1 for _ in takewhile(lambda line: _FIELD.match(line.text), lines[1:]))
        text = " ".join(" ".join(line.text for line in lines[:count]).split())
        span = Span(self.path, first.number, 1, len(first.text) + 1, lines[count - 1].number, first.text)
        form = first.form
        if entry is not None:
            entry = replace(entry, at=_time(first.text, entry.at), where=span)
            form = form or "asa-debug"
        return Statement(text, span, form, entry, mended), count

    def _ios_statement(self, lines: Sequence[_Line]) -> tuple[Statement, int]:
        """An IOS prints a line at a time, and the fields of an identity on lines of their own."""
        first = lines[0]
        found = self._ios.read(first.text)
        count = 1 + sum(1 for _ in takewhile(lambda line: _IOS_FIELD.match(line.text), lines[1:]))
        span = Span(self.path, first.number, 1, len(first.text) + 1, lines[count - 1].number, first.text)
        entry = None
        if found.event is not None:
            entry = Entry(found.event, found.peer, None, seconds(" ".join(first.text.split())), span)
        return Statement(" ".join(first.text.split()), span, "ios-debug", entry, known=found.known), count

    def _as_it_stands(self, lines: Sequence[_Line]) -> tuple[Entry | None, int]:
        """The longest reading of the first lines. A line that ended by itself takes no other to it."""
        first = lines[0]
        entry = read(first.text)
        if first.form is None and not _BARE.match(first.text):
            return entry, 1
        if entry is not None and not (len(lines) > 1 and self._may_be_wrapped(first.text, lines[1].text)):
            return entry, 1
        count = 1
        for more in range(2, len(lines) + 1):
            for text in _joined([line.text for line in lines[:more]], self._cut_at):
                longer = read(text)
                if longer is not None:
                    entry, count = longer, more
                    break
            if entry is not None and more > count + 1:
                break
        return entry, count

    @property
    def _cut_at(self) -> int:
        """The column at which a terminal cut the lines, if one did; else 0. A page wraps at blanks, so unevenly."""
        widths = [len(line) for line in self._wraps]
        width = max(widths, default=0)
        return width if len(widths) > 2 and widths.count(width) * 5 > len(widths) * 4 else 0

    def _may_be_wrapped(self, line: str, following: str) -> bool:
        """Whether the next line's first word would not have fitted on this line any more."""
        word = following.split(maxsplit=1)[0] if following.strip() else ""
        return len(line) >= WRAPPED and len(line) + 1 + len(word) > max(self._widths, default=0)

    def _mended(self, lines: Sequence[_Line]) -> tuple[Entry | None, int]:
        """A reading of the first lines with a known damage undone, or with words taken away where a table's were."""
        for attempt, (text, count) in enumerate(_mendings([line.text for line in lines])):
            self._attempts += 1
            self._in_vain += 1
            if attempt > MAX_ATTEMPTS or self._attempts > MAX_MENDED_ATTEMPTS or self._in_vain > MAX_IN_VAIN:
                break
            entry = read(text)
            if entry is not None and _odd_name(entry) is None:
                self._in_vain = 0
                return entry, count
        return None, 1


def _odd_name(entry: Entry | None) -> str | None:
    """The name in an entry that takes any name, if it is none that an ASA is known to use: perhaps something ran into
    it."""
    event = entry.event if entry is not None else None
    if isinstance(event, ev.PayloadBuilt | ev.PayloadProcessed):
        return None if event.payload in PAYLOADS else event.payload
    if isinstance(event, ev.VendorIdSent | ev.VendorIdReceived):
        return None if event.vendor in VENDORS else event.vendor
    return None


def _is_vpn(syslog_id: str) -> bool:
    return syslog_id.startswith(_VPN_CLASSES) or int(syslog_id) in _VPN_IDS


def _begins(line: str) -> list[re.Match[str]]:
    """Where statements begin in a line. A syslog message may hold a debug or a record, which is no second one."""
    found: list[re.Match[str]] = []
    for match in _BEGIN.finditer(line):
        inside = found and found[-1]["syslog"] and not match["syslog"] and match.start() - found[-1].end() <= 3
        if not inside:
            found.append(match)
    return found


def _form(begin: re.Match[str]) -> Form:
    if begin["syslog"]:
        return "asa-syslog"
    return "ios-debug" if begin["ios"] else "asa-debug"


def _joined(lines: Sequence[str], cut_at: int = 0) -> Iterator[str]:
    """The lines as one: words go on after a hyphen, and where a terminal cut at its last column."""
    pieces = [line.strip() for line in lines]
    hyphened = pieces[0]
    for piece in pieces[1:]:
        hyphened += piece if hyphened.endswith("-") and not hyphened.endswith("--") else " " + piece
    width = cut_at or max(len(line) for line in lines[:-1])
    cut = "".join(line if len(line) == width else line + " " for line in lines)
    first, second = (cut, hyphened) if cut_at else (hyphened, cut)
    yield first
    if " ".join(second.split()) != first:
        yield second
    if any(piece.endswith("-") for piece in pieces[:-1]):
        yield " ".join(pieces)


def _mendings(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Texts that the first lines may have been, with how many of the lines each takes; the least damage first."""
    for count in range(len(lines), 0, -1):
        yield repaired(next(_joined(lines[:count])) if count > 1 else lines[0]), count
    for count in range(len(lines), 2, -1):
        # Other lines were put in between: a box's other column, the caption of a page.
        for start in range(1, count):
            for length in (1, 2, 3):
                if start + length <= count and (count <= MAX_DAMAGED_LINES or count == len(lines)):
                    yield repaired(" ".join([*lines[:start], *lines[start + length : count]])), count
    words = lines[0].split()
    for lost in range(1, min(MAX_REMARK_WORDS, len(words))):
        yield repaired(" ".join(words[:-lost])), 1
    for count in range(2, min(len(lines), MAX_DAMAGED_LINES) + 1):
        choices = [_shortened(line, following=number > 0) for number, line in enumerate(lines[:count])]
        if count > 3:
            # Damage on more than two of many lines is not found again by trial.
            choices = [choice[:3] for choice in choices]
        for chosen in sorted(product(*choices), key=lambda parts: sum(cost for cost, _ in parts)):
            yield repaired(" ".join(part for _, part in chosen)), count
    for count in range(2, min(len(lines), MAX_DAMAGED_LINES) + 1):
        for gaps in product(("", " "), repeat=count - 1):
            pieces = [line.strip() for line in lines[:count]]
            yield "".join(a + b for a, b in zip(pieces, (*gaps, ""), strict=True)), count


def _shortened(line: str, *, following: bool) -> list[tuple[int, str]]:
    """A line without its last words, and if it follows another, without its first ones or wholly; with the cost."""
    words = line.split()
    found = [(lost, " ".join(words[: len(words) - lost])) for lost in range(min(MAX_STRAY_WORDS, len(words) - 1) + 1)]
    if following:
        found += [(lost + 1, " ".join(words[lost:])) for lost in (1, 2) if lost < len(words)]
        found.append((len(words), ""))
    return found


def _adopted(stream: Iterable[Statement]) -> Iterator[Statement]:
    """Pieces that stand behind the next statement go back to the one they were torn from."""
    held: list[Statement] = []
    for statement in stream:
        if held:
            belongs = statement.entry is not None if len(held) == 1 else statement.form is None and len(held) < 6
            if belongs:
                held.append(statement)
                continue
            yield from _put_together(held)
            held = []
        if statement.form == "asa-debug" and statement.entry is None:
            held = [statement]
        else:
            yield statement
    yield from _put_together(held)


_UNDIRECTED: Final = re.compile(r"\[?Direction[]: ]{0,4}(?=SPI ?: ?0x([0-9A-Fa-f]{1,8})\b)")


def _directed(stream: Iterable[Statement]) -> Iterator[Statement]:
    """A record that lost the way its SA goes has it from the line behind it: `host OBSA update` of the same SPI."""
    held: tuple[Statement, re.Match[str]] | None = None
    for statement in stream:
        if held is not None:
            torn, found = held
            event = statement.entry.event if statement.entry is not None else None
            if isinstance(event, ev.HostSaUpdated) and event.spi == int(found[1], 16):
                before, behind = torn.text[: found.start()], torn.text[found.end() :]
                text = repaired(f"{before}Direction: {event.direction} {behind}")
                entry = read(text)
                if entry is not None:
                    torn = replace(torn, text=text, entry=replace(entry, where=torn.where), mended=True)
            yield torn
            held = None
        lost = None
        if statement.entry is None and "New embryonic SA created" in statement.text[:LONGEST]:
            lost = _UNDIRECTED.search(statement.text[:LONGEST])
        if lost is not None:
            held = statement, lost
        else:
            yield statement
    if held is not None:
        yield held[0]


def _put_together(held: Sequence[Statement]) -> Iterator[Statement]:
    """A torn statement, the one that stands in it, and the pieces after that."""
    if len(held) > 2:
        torn, within, *pieces = held
        for attempt, (text, count) in enumerate(_mendings([torn.text, *(piece.text for piece in pieces)])):
            entry = read(text) if count > 1 else None
            if entry is not None:
                span = replace(torn.where, last_line=pieces[count - 2].where.line)
                yield replace(torn, text=text, entry=replace(entry, where=span), where=span, mended=True)
                yield within
                yield from pieces[count - 1 :]
                return
            if attempt > MAX_ATTEMPTS:
                break
    yield from held


def _time(text: str, at: float | None) -> float | None:
    """The statement's time where its header has it as ISO 8601; `words` reads the others."""
    if at is not None or "-" not in text[:60]:
        return at
    found = _ISO.search(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}{zone or 'Z'}").timestamp() + float(fraction or 0)
    except ValueError:
        return None


# --- from statements to sources --------------------------------------------------------------------------------------


def read_source(lines: Iterable[str], path: str) -> Source:
    """Everything that one paste or file says. Nothing raises."""
    others: Counter[str] = Counter()
    forms: Counter[Form] = Counter()
    count = recognised = mended = unread_count = 0
    entries: list[Entry] = []
    unread: list[Unread] = []
    remarks: list[Unread] = []
    shown: list[Unread] = []
    twins = _Twins()
    counted = _Counted(lines)
    for statement in statements(counted, path, others):
        note = Unread(statement.where.line, statement.text)
        if statement.form is None:
            others["remarks"] += 1
            if len(remarks) < MAX_LISTED:
                remarks.append(note)
            if counted.count > PATIENCE and not (count or shown or others["other messages"]):
                break
            continue
        forms[statement.form] += 1
        if statement.form == "show":
            shown.append(note)
            continue
        count += 1
        mended += statement.mended
        if statement.entry is None and not statement.known:
            unread_count += 1
            if len(unread) < MAX_LISTED:
                unread.append(note)
            continue
        recognised += 1
        if statement.entry is None:
            continue
        if twins.has(statement.entry, statement.form):
            others["repeated"] += 1
        else:
            entries.append(statement.entry)
    return Source(
        path,
        counted.count,
        count,
        recognised,
        _dialect(forms),
        tuple(_ordered(entries)),
        tuple(unread),
        unread_count,
        tuple(remarks),
        dict(others),
        tuple(shown),
        mended,
    )


class _Counted:
    """Lines, and how many of them have gone by."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.count += 1
            yield line


class _Twins:
    """Remembers the last entries, because a box that logs debugs and syslogs to one place says everything twice."""

    def __init__(self) -> None:
        self._recent: deque[tuple[Entry, Form]] = deque(maxlen=TWINS)

    def has(self, entry: Entry, form: Form) -> bool:
        """Whether the same thing was said just now in the other form. It is used up by that."""
        for other, other_form in self._recent:
            if other_form != form and (other.event, other.peer) == (entry.event, entry.peer):
                self._recent.remove((other, other_form))
                return True
        self._recent.append((entry, form))
        return False


def _dialect(forms: Counter[Form]) -> Dialect | None:
    total = forms.total()
    if not total:
        return None
    form, count = forms.most_common(1)[0]
    return form if count * 20 >= total * 19 else "mixed"


def _ordered(entries: list[Entry]) -> list[Entry]:
    """The entries as they happened. A log may be printed with the newest first, or put together from several.

    An entry without a time stays behind the one before it. A clock that falls by half a year and more has passed New
    Year's Eve: debugs print no year.
    """
    times: list[float] = []
    last = 0.0
    years = 0.0
    for entry in entries:
        if entry.at is not None:
            if last - (entry.at + years) > HALF_YEAR_SECONDS and entry.at < YEAR_SECONDS:
                years += YEAR_SECONDS
            last = entry.at + (years if entry.at < YEAR_SECONDS else 0.0)
        times.append(last)
    falls = sum(after < before for before, after in pairwise(times))
    rises = sum(after > before for before, after in pairwise(times))
    if not falls:
        return entries
    if rises == 0 or falls > 3 * rises:
        entries, times = entries[::-1], times[::-1]
    return [entry for _, entry in sorted(zip(times, entries, strict=True), key=lambda pair: pair[0])]
