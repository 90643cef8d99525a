"""Which crypto map entry a peer's proposal finds: the walk against a plain reading of the rules, and its lines."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from mainmode.blame import Refused
from mainmode.config.model import AccessList, Config, CryptoMap, CryptoMapEntry, TransformSet
from mainmode.events import (
    CryptoMapEntryMissing,
    Entry,
    Event,
    PeerMismatch,
    ProxyId,
    StaticMapChecking,
    StaticMapIncomplete,
    StaticMapMismatch,
    StaticMapWithoutAcl,
)
from mainmode.ike.cryptomap import Match, ProposalWalk
from mainmode.transcript import Transcript
from tests.lab.pairs import line

NETWORKS = [IPv4Network("192.168.1.0/24"), IPv4Network("192.168.2.0/24"), IPv4Network("192.168.2.0/25")]
PEERS = [IPv4Address("10.0.0.2"), IPv4Address("10.0.0.3")]
PASSED_OVER = (StaticMapChecking, StaticMapMismatch, StaticMapIncomplete, StaticMapWithoutAcl)

lines = st.builds(
    line,
    st.sampled_from(NETWORKS),
    st.sampled_from(NETWORKS),
    st.sampled_from([1, 6]),
    st.booleans(),
    st.none(),
).flatmap(lambda one: st.booleans().map(lambda active: replace(one, active=active)))
access_lists = st.lists(lines, max_size=4)
settings = st.tuples(
    st.sampled_from(["static"] * 5 + ["dynamic"]),
    st.one_of(st.none(), access_lists),
    st.lists(st.sampled_from(PEERS), max_size=2, unique=True),
    st.booleans(),
)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    entries, dynamic_maps, lists = [], {}, {}
    for sequence, (kind, acl, peers, complete) in enumerate(draw(st.lists(settings, max_size=6)), start=1):
        name = f"ACL{sequence}" if acl is not None else None
        if acl is not None:
            lists[f"ACL{sequence}"] = AccessList(f"ACL{sequence}", tuple(acl))
        sets = ("SET",) if complete else ()
        if kind == "dynamic":
            inner = CryptoMapEntry(f"DYN{sequence}", 10, name, transform_sets=sets)
            dynamic_maps[inner.map] = CryptoMap(inner.map, (inner,))
            entries.append(CryptoMapEntry("MAP", sequence, dynamic=inner.map))
        else:
            entries.append(CryptoMapEntry("MAP", sequence, name, tuple(peers), transform_sets=sets))
    return Config(
        access_lists=lists,
        transform_sets={"SET": TransformSet("SET", "esp-aes", "esp-sha-hmac")},
        crypto_maps={"MAP": CryptoMap("MAP", tuple(entries), ("outside",))},
        dynamic_maps=dynamic_maps,
    )


def first_that_fits(config: Config, peer: IPv4Address, wanted: tuple[IPv4Network, IPv4Network, int]) -> int | None:
    """The sequence number of the entry the rules choose, read off the configuration one line after the other."""
    for entry in config.crypto_maps["MAP"].entries:
        settings = config.dynamic_maps[entry.dynamic].entries[0] if entry.dynamic else entry
        if not settings.transform_sets or (entry.dynamic is None and (not entry.peers or not entry.access_list)):
            continue
        permitted = entry.dynamic is not None and settings.access_list is None
        for one in config.access_lists[settings.access_list].lines if settings.access_list else ():
            if one.active and (one.sources[0], one.destinations[0], one.services[0].protocol) == wanted:
                permitted = one.permit
                break
        if permitted and (entry.dynamic is not None or peer in entry.peers):
            return entry.sequence
    return None


def walked(
    config: Config, peer: IPv4Address, wanted: tuple[IPv4Network, IPv4Network, int], debug: bool
) -> tuple[Match | None, list[Event]]:
    """What the walk finds, and what it says."""
    out: Transcript[object] = Transcript(0.0, unheard=frozenset() if debug else frozenset(PASSED_OVER))
    local, remote = (ProxyId(net.network_address, net.netmask, wanted[2]) for net in wanted[:2])
    match: Match | None = None
    refusals: tuple[Event, ...] = ()
    try:
        match = ProposalWalk(config).find("outside", peer, local, remote, out)
    except Refused as refusal:
        refusals = refusal.events
    said = [*(item.event for item in out.items if isinstance(item, Entry)), *refusals]
    if match is None:
        assert any(isinstance(event, PeerMismatch | CryptoMapEntryMissing) for event in said), "refused without a word"
    else:
        assert (match.local, match.remote) == (local, remote)
    return match, said


proposals = st.tuples(st.sampled_from(NETWORKS), st.sampled_from(NETWORKS), st.sampled_from([1, 6]))


@given(configs(), st.sampled_from(PEERS), proposals)
def test_the_entry_found_is_the_first_that_the_rules_allow(
    config: Config, peer: IPv4Address, wanted: tuple[IPv4Network, IPv4Network, int]
) -> None:
    match, _ = walked(config, peer, wanted, debug=True)
    assert (match.sequence if match else None) == first_that_fits(config, peer, wanted)


@given(configs(), st.sampled_from(PEERS), proposals)
def test_where_nobody_listens_the_outcome_is_the_same_and_only_lines_about_entries_passed_over_are_missing(
    config: Config, peer: IPv4Address, wanted: tuple[IPv4Network, IPv4Network, int]
) -> None:
    loud, all_lines = walked(config, peer, wanted, debug=True)
    quiet, few_lines = walked(config, peer, wanted, debug=False)
    assert quiet == loud
    assert [event for event in few_lines if not isinstance(event, PASSED_OVER)] == [
        event for event in all_lines if not isinstance(event, PASSED_OVER)
    ]
    rest = iter(all_lines)
    assert all(event in rest for event in few_lines), "in another order"


@given(configs(), st.sampled_from(PEERS), proposals)
def test_with_debug_each_static_entry_up_to_the_one_found_has_its_line(
    config: Config, peer: IPv4Address, wanted: tuple[IPv4Network, IPv4Network, int]
) -> None:
    match, said = walked(config, peer, wanted, debug=True)
    entries = config.crypto_maps["MAP"].entries
    reached = [e.sequence for e in entries if e.dynamic is None and (match is None or e.sequence <= match.sequence)]
    assert [event.sequence for event in said if isinstance(event, StaticMapChecking)] == reached
