"""Events and entries to try the wordings with: one strategy for each kind of field. Knows no wording."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address
from typing import Any

from hypothesis import strategies as st

from mainmode.events import Entry, Event, ProxyId
from mainmode.words import Wording
from mainmode.words.kinds import KINDS

HOST = IPv4Address("255.255.255.255")

u8 = st.integers(0, 0xFF)
u32 = st.integers(0, 0xFFFFFFFF)
port = st.integers(0, 0xFFFF)
addresses = u32.map(IPv4Address)
masks = st.integers(0, 32).map(lambda bits: IPv4Address((0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF))


def words(alphabet: str) -> st.SearchStrategy[str]:
    """Text as a line can carry it: no blanks at the ends and no two together, for pastes collapse them."""
    return st.text(alphabet, min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool)


def matching(kind: str) -> st.SearchStrategy[str]:
    return st.from_regex(KINDS[kind].pattern.replace("}?", "}"), fullmatch=True)


LETTERS = "abcxyzABCXYZ0189"
names = st.text(LETTERS + "-_.:/()#", min_size=1, max_size=64).filter(lambda name: name != "N/A")
subnets = st.builds(ProxyId, addresses, masks, u8, port)
hosts = st.builds(ProxyId, addresses, st.just(HOST), u8, port)
ranges = st.builds(ProxyId, addresses, st.just(HOST), u8, port, addresses)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(0, 2**63),
    "msgid": u32,
    "hex": u32,
    "HEX": u32,
    "hex8": u32,
    "HEX8": u32,
    "bare": u32,
    "bare8": u32,
    "offset": port,
    "struct": st.integers(0, 2**64 - 1),
    "duration": st.integers(0, int(timedelta(days=10_000).total_seconds())),
    "ip": addresses,
    "ip_or_na": st.none() | addresses,
    "name": names,
    "name_or_na": st.none() | names,
    "phrase": words(LETTERS + " -_./()'"),
    "text": words(LETTERS + " -_./()':,;!"),
    "reason": words(LETTERS + " -_./()':,;!"),
    "vendor": words(LETTERS + " -/"),
    "payload": words(LETTERS + " -+"),
    "proxy_text": matching("proxy_text"),
    "proxy_words": matching("proxy_words"),
    "start": matching("start"),
    "state": st.text(LETTERS + "_", min_size=1, max_size=40),
    "version": matching("version"),
    "notify": matching("notify"),
    "id_type": matching("id_type"),
    "payloads": st.lists(u8.filter(bool), max_size=40).map(tuple),
    "history": st.lists(st.tuples(*[st.text(LETTERS + "_", min_size=1, max_size=20)] * 2), min_size=1, max_size=12).map(
        tuple
    ),
    "dump": st.binary(min_size=1, max_size=16),
    "ports": st.tuples(port, port),
    "behind": st.booleans(),
    "proxy_subnet": subnets,
    "proxy_host": hosts,
    "proxy_range": ranges,
    "proxy_slashes": subnets,
    "local_proxy": subnets | hosts | ranges,
    "remote_proxy": subnets | hosts | ranges,
}
CHOICES: dict[str, list[Any]] = {
    "role": ["initiator", "responder"],
    "direction": ["inbound", "outbound"],
    "host_sa": ["inbound", "outbound"],
    "sent": ["SENDING", "RECEIVED", "RESENDING"],
    "exchange": ["MM", "AM", "QM"],
    "rule": ["encrypt", "permit", "tunnel flow", "decrypt", "inner", "outer SPD"],
    "dpd": ["R-U-THERE", "R-U-THERE-ACK"],
    "ike_version": ["IKEv1", "IKEv2"],
    "bool": [True, False],
    "Bool": [True, False],
}
VALUES |= {name: st.sampled_from(values) for name, values in CHOICES.items()}


def events(wording: Wording) -> st.SearchStrategy[Event]:
    """Events with every value that the wording's fields can take."""
    kinds = {id(kind): name for name, kind in KINDS.items()}
    fields = {name: VALUES[kinds[id(kind)]] for name, kind in wording.template().fields}
    return st.builds(wording.event, **fields, **{name: st.just(value) for name, value in wording.when.items()})


@st.composite
def entries(draw: st.DrawFn, wording: Wording) -> Entry:
    group = draw(st.none() | st.text(LETTERS + "-_.:", min_size=1, max_size=64))
    # A year's first 59 days: 29 February is the one that a time without a year cannot tell.
    at = draw(st.none() | st.integers(0, 59 * 86400 - 1).map(float))
    return Entry(draw(events(wording)), draw(st.none() | addresses), group, at, None, draw(st.none() | names))
