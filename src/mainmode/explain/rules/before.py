"""Rules for what happens before MM1: no packet meets the crypto map, or the configuration forbids to begin."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Final

from mainmode import events as ev
from mainmode.config.vocabulary import protocol_name
from mainmode.explain.case import Case
from mainmode.explain.rules.parts import configured, debug_at_peer, finding, seen, started, template, words_for
from mainmode.explain.rules.table import Finding, rule
from mainmode.language import Text


@rule(
    "no-interesting-traffic",
    "before MM1",
    "the packet is for no tunnel: no crypto map entry selects it",
    "パケットがどの暗号マップ エントリにも一致せず、トンネルの対象になりません",
)
def no_interesting_traffic(case: Case) -> Finding | None:
    problem = configured(case, "no-interesting-traffic")
    # On a box that negotiates, packets that are for no tunnel are its ordinary business.
    missed = seen(case, ev.CryptoMapNotMatched) if not _begun(case) else ()
    unroutable = seen(case, ev.OutputInterfaceMissing)
    if missed and any(_looks_translated(event) for _, _, event in case.events(ev.CryptoMapLookup)):
        return None  # nat-exemption-missing has more to say
    if missed and (case.problem("nat-exemption-missing") or seen(case, ev.CryptoMapIncomplete)):
        return None  # it would have been selected, but for the NAT; or by the entry that is incomplete
    if not missed and not unroutable and problem is None:
        return None
    because = []
    for _, _, event in case.events(ev.CryptoMapLookup):
        packet = f"{protocol_name(event.protocol)} {event.source} -> {event.destination}"
        because.append(
            Text(
                f"A packet ({packet}) reached the crypto map and no entry's access-list permits it.",
                f"パケット({packet})は暗号マップに到達しましたが、どのエントリのアクセス リストも許可していません。",
            )
        )
        break
    if unroutable:
        because.append(Text("There is no route to the peer.", "ピアへの経路がありません。"))
    lookups = seen(case, ev.CryptoMapLookup, ev.CryptoMapSkipped) if missed else ()
    return finding(
        # Without the configuration it may as well be an address that NAT has changed.
        "certain" if problem else "likely",
        "",
        because,
        (*lookups, *missed, *unroutable),
        problem=problem,
        spans=(ace.span for end in case.ends.values() for ace in end.aces[:2]) if missed else (),
        fixes=template("a", "access-list <acl> extended permit ip <local> <mask> <remote> <mask>") if missed else (),
        next=(
            Text(
                "`packet-tracer input inside icmp <source> 8 0 <destination> detailed` here",
                "こちらで `packet-tracer input inside icmp <source> 8 0 <destination> detailed`",
            ),
            Text("`show access-list` and `show route` here", "こちらで `show access-list` と `show route`"),
        ),
    )


def _begun(case: Case) -> bool:
    """Whether anything was negotiated, or is said to begin."""
    matched = seen(case, ev.CryptoMapMatched, ev.NegotiationStarted, ev.KeyAcquireReceived)
    return started(case) or bool(matched) or any(view.log.ladder.negotiations for view in case.views)


@rule(
    "nat-exemption-missing",
    "before MM1",
    "NAT changes the packet before the crypto map sees it",
    "暗号マップより先に NAT がパケットを変換しています",
)
def nat_exemption_missing(case: Case) -> Finding | None:
    problem = configured(case, "nat-exemption-missing")
    missed = seen(case, ev.CryptoMapNotMatched) if problem or not _begun(case) else ()
    translated = []
    own = {interface.address for end in case.ends.values() for interface in end.config.interfaces}
    for view, index, event in case.events(ev.CryptoMapLookup):
        if event.source in own or (missed and _looks_translated(event)):
            translated.append((view, index))
    if not translated and (problem is None or (case.views and not missed)):
        return None
    because = [
        Text(
            "The packet met the crypto map with a translated source address, so no access-list of a tunnel selects it.",
            "変換後の送信元アドレスで暗号マップに到達したため、どのアクセス リストにも一致しません。",
        )
    ]
    return finding(
        "certain" if problem else "likely",
        "",
        because if translated or missed else (),
        (*translated, *missed),
        problem=problem,
        fixes=template(
            "a",
            "nat (inside,outside) 1 source static <local> <local> destination static <remote> <remote>"
            " no-proxy-arp route-lookup",
        ),
        next=(Text("`show nat detail` here: which line counts hits", "`show nat detail`: ヒットする行を確認"),),
    )


_PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918 and nothing more: what the standard library calls private holds documentation networks too."""


def _looks_translated(packet: ev.CryptoMapLookup) -> bool:
    """From a public address to a private one: between two private networks one NAT too many."""
    source, destination = (any(one in net for net in _PRIVATE) for one in (packet.source, packet.destination))
    return destination and not source


@rule(
    "no-crypto-map-on-interface",
    "before MM1",
    "no crypto map is bound to the interface towards {peer}",
    "{peer} へ向かうインターフェイスに暗号マップが適用されていません",
)
def no_crypto_map_on_interface(case: Case) -> Finding | None:
    problem = configured(case, "no-crypto-map-on-interface")
    lines = seen(case, ev.NoCryptoMapOnInterface)
    if not lines and problem is None:
        return None
    because = [
        Text(
            "IKE arrived on an interface without a crypto map and was dropped.",
            "暗号マップのないインターフェイスに IKE が届き、破棄されました。",
        )
    ]
    return finding(
        "certain",
        "MM1" if lines or started(case) else "",
        because if lines else (),
        lines,
        problem=problem,
        fixes=template(case.here, "crypto map <map> interface outside"),
        next=(Text("`show running-config crypto map` there", "該当側で `show running-config crypto map`"),),
    )


@rule(
    "ike-not-enabled",
    "before MM1",
    "IKEv1 is not enabled on the interface towards {peer}",
    "{peer} へ向かうインターフェイスで IKEv1 が有効になっていません",
)
def ike_not_enabled(case: Case) -> Finding | None:
    problem = configured(case, "ike-not-enabled")
    lines = seen(case, ev.InitiatorPolicyMissing)
    if problem is None and (not lines or configured(case, "connection-type-mismatch")):
        return None
    config = case.some_config
    return finding(
        "certain" if problem else "likely",
        "MM1" if started(case) else "",
        [
            Text(
                "There is traffic for the tunnel and the box finds nothing to begin with: IKEv1 is switched off on that"
                " interface, or there is no policy.",
                "対象のトラフィックはありますが開始できません。IKEv1 が無効か、ポリシーがありません。",
            )
        ]
        if lines
        else (),
        lines,
        problem=problem,
        fixes=template(
            case.here,
            words_for(config, "crypto ikev1 enable outside", "crypto isakmp enable outside"),
        ),
        next=(Text("`show running-config crypto | include enable`", "`show running-config crypto | include enable`"),),
    )


@rule(
    "crypto-map-incomplete",
    "before MM1",
    "a crypto map entry is incomplete and passed over",
    "暗号マップ エントリが不完全で、使われません",
)
def crypto_map_incomplete(case: Case) -> Finding | None:
    problem = configured(case, "crypto-map-incomplete")
    lines = tuple(
        (view, index)
        for view, index, _ in case.events(
            ev.CryptoMapIncomplete, ev.StaticMapIncomplete, ev.StaticMapWithoutAcl, ev.PeerAddressMissing
        )
        if not view.has(ev.CryptoMapMatched, ev.StaticMapMatched)  # another entry was for it
    )
    if not lines and problem is None:
        return None
    stage = "QM1" if seen(case, ev.StaticMapIncomplete, ev.StaticMapWithoutAcl, ev.StaticMapChecking) else ""
    return finding(
        "certain",
        stage,
        [
            Text(
                "An entry that lacks its access-list, its peer or its transform set is not used.",
                "アクセス リスト、ピア、トランスフォーム セットのいずれかを欠くエントリは使われません。",
            )
        ]
        if lines
        else (),
        lines,
        problem=problem,
        fixes=template(
            case.here,
            "crypto map <map> <seq> match address <acl>",
            "crypto map <map> <seq> set peer <peer>",
            "crypto map <map> <seq> set ikev1 transform-set <name>",
        ),
        next=(Text("`show running-config crypto map` there", "該当側で `show running-config crypto map`"),),
    )


@rule(
    "pre-shared-key-missing",
    "before MM1",
    "there is no pre-shared key for {peer}",
    "{peer} の事前共有キーがありません",
)
def pre_shared_key_missing(case: Case) -> Finding | None:
    if started(case):
        return None
    problem = configured(case, "no-tunnel-group")
    lines = seen(case, ev.GroupNotFound, ev.TunnelGroupMissing, ev.NoGroupForPeer)
    if not _wanted(case) and (lines or problem is None):
        return None  # whether this box began is not known: no-tunnel-group says the same with less
    if (not lines and problem is None) or case.problem("peer-address-mismatch"):
        return None  # there is a key, for the address that was meant
    peer = next((event.name for _, _, event in case.events(ev.GroupNotFound)), None) or _peer(case)
    config = case.some_config
    return finding(
        "certain",
        "",
        [
            Text(
                "This box wants to begin and has no key for the peer, so it sends nothing.",
                "この装置は開始しようとしましたが、ピアのキーがないため何も送信しません。",
            )
        ]
        if lines
        else (),
        lines,
        problem=problem,
        fixes=template(
            case.here,
            f"tunnel-group {peer} type ipsec-l2l",
            f"tunnel-group {peer} ipsec-attributes",
            words_for(config, " ikev1 pre-shared-key <key>", " pre-shared-key <key>"),
        ),
        next=(debug_at_peer(case),) if problem is None and not lines else (),
    )


def _wanted(case: Case) -> bool:
    """Whether this box had a packet for the tunnel."""
    return bool(seen(case, ev.KeyAcquireReceived, ev.CryptoMapMatched, ev.NegotiationStarted)) or not case.views


def _peer(case: Case) -> IPv4Address | str:
    return next((view.peer for view in case.views if view.peer), None) or "<peer>"
