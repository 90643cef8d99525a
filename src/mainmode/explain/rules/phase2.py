"""Rules for phase 2: phase 1 is complete, so the peer is there and has the right key; what differs is what is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mainmode import events as ev
from mainmode.events import ProxyId
from mainmode.explain.case import Case, View
from mainmode.explain.diagnosis import Certainty
from mainmode.explain.rules.parts import (
    Marks,
    about_mm6,
    configured,
    finding,
    peer_of,
    seen,
    started,
    template,
    words_for,
)
from mainmode.explain.rules.table import Finding, rule
from mainmode.language import Text

NO_PROPOSAL_CHOSEN, INVALID_ID_INFORMATION = 14, 18
"""Notify types (RFC 2408 §3.14.1)."""

IPCOMP: Final = 4
"""A protocol in a proposal (RFC 2407 §4.4.1)."""

KE_OCTETS = {1: 100, 2: 132, 5: 196, 14: 260}
"""Length of a KE payload by Diffie-Hellman group."""


def _over(case: Case) -> bool:
    """Whether phase 2 is not what failed."""
    return case.established


def _notified(case: Case, number: int) -> Marks:
    """Where the peer says this in the protection of a complete phase 1."""
    return tuple(
        (view, index)
        for view, index, event in case.events(ev.NotifyReceived)
        if event.number == number
        and not about_mm6(view, index)
        and (view.phase1_complete or view.awaited in ("QM2", None) or view.has(ev.QuickModeSent))
    )


def _consequences(case: Case) -> Marks:
    return seen(case, ev.QuickModeFailed, ev.CorrelatorRemovalFailed, ev.NothingToDelete)


@rule(
    "crypto-map-order",
    "phase 2",
    "a crypto map entry that stands earlier takes the peer's request",
    "先にある別の暗号マップ エントリが要求に一致しています",
)
def crypto_map_order(case: Case) -> Finding | None:
    problem = configured(case, "crypto-map-order")
    if _over(case):
        return None
    landed: list[tuple[View, int]] = []
    for view in case.views:
        checked = {event.map for event in view.all(ev.StaticMapChecking)}
        for index in view.indexes(ev.CryptoMapPeerConfigured):
            event = view.log.entries[index].event
            if isinstance(event, ev.CryptoMapPeerConfigured) and event.map not in checked:
                landed.append((view, index))
    refused = seen(case, ev.Phase2ProposalsUnacceptable, ev.QuickModeFailed)
    if problem is None and not (landed and refused):
        return None
    if problem is not None and not (landed or not started(case) or _phase2_failed(case) or _elsewhere(case)):
        return None
    return finding(
        "certain" if problem else "likely",
        "QM1",
        [
            Text(
                "The request landed on a dynamic map's entry, although the peer is a fixed one: that entry has a lower"
                " sequence number and is tried first.",
                "固定のピアからの要求が、シーケンス番号の小さいダイナミック マップのエントリに先に一致しました。",
            )
        ]
        if landed
        else (),
        (*landed, *refused),
        problem=problem,
        fixes=template(
            case.site("responder") or "a",
            "no crypto map <map> <seq> ipsec-isakmp dynamic <dynamic-map>",
            "crypto map <map> 65535 ipsec-isakmp dynamic <dynamic-map>",
        ),
        next=(Text("`show running-config crypto map` there", "該当側で `show running-config crypto map`"),),
    )


def _elsewhere(case: Case) -> bool:
    """Whether the negotiation is with somebody who is not the other site."""
    end = case.ends.get(case.sites[0])
    return case.both_configured and end is not None and case.views[0].peer not in (None, end.peer)


def _phase2_failed(case: Case) -> bool:
    return bool(
        seen(case, ev.QuickModeFailed, ev.CryptoMapEntryMissing, ev.Phase2ProposalsUnacceptable, ev.NotifyReceived)
    ) or any(view.awaited in ("QM2", "QM3") for view in case.views)


@rule(
    "peer-address-mismatch",
    "phase 2",
    "the crypto map entry names another peer than {peer}",
    "暗号マップ エントリのピアが {peer} と異なります",
)
def peer_address_mismatch(case: Case) -> Finding | None:
    matched = {view for view, _, _ in case.events(ev.StaticMapMatched)}
    lines = tuple(mark for mark in seen(case, ev.PeerMismatch) if mark[0] not in matched)
    ourselves = seen(case, ev.PeerIsOurselves)
    problem = configured(case, "peer-address-mismatch")
    if _over(case):
        return None
    if not (lines or ourselves or problem):
        return _perhaps_another_peer(case)
    because = []
    for _, _, event in case.events(ev.PeerMismatch):
        because.append(
            Text(
                f"The entry whose access-list fits is for peer {event.configured}; {event.remote_peer} is asking.",
                f"一致するエントリのピアは {event.configured} ですが、要求元は {event.remote_peer} です。",
            )
        )
        break
    if ourselves:
        because.append(Text("`set peer` names this box itself.", "`set peer` が自分自身を指しています。"))
    peer = next((view.peer for view in case.views if view.peer), None)
    over = problem or ourselves or _consequences(case)
    return finding(
        "certain" if over else "likely",  # the walk may still come to another entry
        "QM1" if lines else "MM1" if started(case) else "",
        because,
        (*lines, *ourselves),
        problem=problem,
        spans=(end.entry.spans.get("set peer") for end in case.ends.values() if end.entry),
        fixes=template(
            case.here,
            "no crypto map <map> <seq> set peer <old>",
            f"crypto map <map> <seq> set peer {peer or '<peer>'}",
        ),
        next=(Text("`show running-config crypto map` there", "該当側で `show running-config crypto map`"),),
    )


def _perhaps_another_peer(case: Case) -> Finding | None:
    """Where no crypto map entry was found and no line says what was looked for: it may be the peer or the proxies."""
    torn = _torn_for_policy(case)
    told = seen(case, ev.CryptoMapEntryMissing, ev.StaticMapChecking, ev.StaticMapMismatch, ev.CryptoMapPolicyNotFound)
    if not torn or told or case.ends:
        return None
    peer = peer_of(case) or "<peer>"
    return finding(
        "likely",
        "QM1",
        [
            Text(
                f"No crypto map entry was found. There may be none with `set peer {peer}`, or none whose access-list"
                " fits; the lines before this one would tell.",
                f"暗号マップ エントリが見つかりませんでした。`set peer {peer}` のエントリがないか、アクセス リストが"
                "一致していません。この行より前のデバッグで分かります。",
            )
        ],
        torn,
        fixes=template(case.here, f"crypto map <map> <seq> set peer {peer}"),
        next=(Text("`show running-config crypto map` there", "該当側で `show running-config crypto map`"),),
    )


def _torn_for_policy(case: Case) -> Marks:
    """Lines that say the session ended because no crypto map entry was found."""
    reason = "crypto map policy not found"
    torn = tuple((v, i) for v, i, event in case.events(ev.SessionTornDown) if event.reason == reason)
    return torn + tuple((v, i) for v, i, event in case.events(ev.SessionDisconnected) if event.reason == reason)


@rule(
    "connection-type-mismatch",
    "phase 2",
    "an end may only answer, or only begin, and the other role fell to it",
    "接続タイプ(originate-only / answer-only)のため、この役割では接続できません",
)
def connection_type_mismatch(case: Case) -> Finding | None:
    lines = seen(case, ev.OriginateOnly, ev.PeerOriginateOnly)
    problem = configured(case, "connection-type-mismatch")
    if _over(case) or not (lines or problem):
        return None
    lines += seen(case, ev.InitiatorPolicyMissing) if problem else ()
    return finding(
        "certain",
        "QM1" if started(case) else "",
        [
            Text(
                "An originate-only end takes no tunnel from its peer before it has brought up its own; an answer-only"
                " end never begins one.",
                "originate-only の側は自分で確立するまで応答せず、answer-only の側は自ら開始しません。",
            )
        ],
        lines,
        problem=problem,
        fixes=template(case.site("responder") or "a", "crypto map <map> <seq> set connection-type bidirectional"),
        next=(
            Text(
                "`show running-config all crypto map | include connection-type` on both sides",
                "両側で `show running-config all crypto map | include connection-type`",
            ),
        ),
    )


@rule(
    "tunnel-protocol-not-allowed",
    "phase 2",
    "the group-policy of this tunnel-group does not allow IKEv1",
    "このトンネル グループのグループ ポリシーが IKEv1 を許可していません",
)
def tunnel_protocol_not_allowed(case: Case) -> Finding | None:
    lines = seen(case, ev.ProtocolsConflict)
    if not lines or case.established:
        return None
    site = case.site_of(lines[0][0])
    config = case.config(site)
    peer = peer_of(case)
    show_policies = "`show running-config all group-policy`"
    show_group = f"`show running-config tunnel-group {peer or '<peer>'}`"
    group = config.tunnel_groups.get(str(peer)) if config is not None else None
    policy = config.group_policies.get(group.default_group_policy) if config is not None and group else None
    name = group.default_group_policy if group is not None else "<policy>"
    # The command replaces the whole list, and others may live by what stands in it.
    others = " ".join(policy.vpn_tunnel_protocol or ()) if policy is not None else "<what it allows already>"
    return finding(
        "certain",
        "QM1",
        [
            Text(
                "`vpn-tunnel-protocol` of the group-policy that the tunnel-group falls under leaves IKEv1 out, so the"
                " tunnel is rejected here, whatever the peer offers.",
                "トンネル グループに適用されるグループ ポリシーの `vpn-tunnel-protocol` に IKEv1 がないため、"
                "ピアの提案にかかわらず、こちらでトンネルが拒否されます。",
            )
        ],
        lines,
        spans=(policy.spans.get("vpn-tunnel-protocol") if policy is not None else None,),
        fixes=template(
            site,
            f"group-policy {name} attributes",
            f" vpn-tunnel-protocol {words_for(config, 'ikev1', 'IPSec')} {others}".rstrip(),
        ),
        next=(
            Text(
                f"{show_group} (its `default-group-policy`, else DfltGrpPolicy) and {show_policies}",
                f"{show_group}(`default-group-policy`、なければ DfltGrpPolicy)と {show_policies}",
            ),
        ),
    )


@rule(
    "proxy-identity-mismatch",
    "phase 2",
    "the crypto ACLs of the two ends are not mirror images",
    "両端の暗号 ACL が互いに鏡像になっていません",
)
def proxy_identity_mismatch(case: Case) -> Finding | None:
    if _over(case):
        return None
    lines = seen(case, ev.CryptoMapEntryMissing, ev.CryptoMapPolicyNotFound, ev.InvalidProxyRange)
    mismatched = seen(case, ev.StaticMapMismatch)
    if not mismatched and seen(case, ev.StaticMapIncomplete, ev.StaticMapWithoutAcl):
        return None  # there is an entry, and it was passed over
    told = _notified(case, INVALID_ID_INFORMATION)
    torn = _torn_for_policy(case)
    problem = configured(case, "proxy-identity-mismatch")
    matched = any(True for _ in case.events(ev.StaticMapMatched, ev.PeerMismatch))
    certainty: Certainty = "certain"
    because = []
    proposed = next((event for _, _, event in case.events(ev.CryptoMapEntryMissing)), None)
    if lines or (mismatched and not matched):
        # Without the walk through the crypto map it may as well be an entry that was passed over as incomplete.
        certainty = "certain" if problem or mismatched else "likely"
        because.append(
            Text(
                "The responder has no access-list line that is the exact mirror image of what was proposed; neither a"
                " wider nor a narrower one will do.",
                "提案と完全に鏡像となるアクセス リスト行が応答側にありません。広くても狭くても一致しません。",
            )
        )
        if proposed is not None:
            remote, local = _said(proposed.remote), _said(proposed.local)
            because.append(
                Text(
                    f"Proposed: {remote} at the initiator, {local} at the responder.",
                    f"提案: 開始側 {remote}、応答側 {local}。",
                )
            )
    elif told or torn:
        # That no access-list fits, 713061 says even without a debug; a teardown alone is more often another peer's.
        certainty = "certain" if problem else "likely" if told else "possible"
        because.append(
            Text(
                "The peer refuses the proxy identities: it has no crypto map entry for that traffic.",
                "ピアがプロキシ ID を拒否しました。そのトラフィックに対する暗号マップ エントリがありません。",
            )
        )
        for _, _, event in case.events(ev.ProxyIdsTransmitted):
            because.append(
                Text(
                    f"Proposed: local {_said(event.local)}, remote {_said(event.remote)}; the peer needs the mirror"
                    " image of exactly that.",
                    f"提案: ローカル {_said(event.local)}、リモート {_said(event.remote)}。"
                    "ピアにはその鏡像と完全に同じ行が必要です。",
                )
            )
            break
    elif problem is None and _failed_without_reason(case):
        certainty = "possible"
        because.append(
            Text(
                "Quick mode failed, and this log does not say why. Most often the access-lists are not mirror images,"
                " else the transform sets or PFS differ, or a dynamic entry stands before the static one.",
                "クイック モードが失敗しましたが、理由はこのログにありません。多くは ACL が鏡像でないためです。"
                "トランスフォーム セットや PFS の違い、ダイナミック エントリの順序も考えられます。",
            )
        )
    elif problem is None or not (_phase2_failed(case) or not started(case)):
        return None
    fixes = []
    if proposed is not None:
        site = case.site("responder") or case.here
        end = case.ends.get(site)
        name = end.entry.access_list if end and end.entry and end.entry.access_list else "<acl>"
        words = f"{_acl_words(proposed.local)} {_acl_words(proposed.remote)}"
        fixes = [*template(site, f"access-list {name} extended permit {_protocol(proposed.local)} {words}")]
    own = [ace.span for view, site in zip(case.views, case.sites, strict=True) if (end := case.ends.get(site))
           for ace in end.aces[:4]]  # fmt: skip
    return finding(
        certainty,
        "QM1" if lines else "QM2" if told else "QM1",
        because,
        (*lines, *mismatched, *told, *torn, *_consequences(case)[:1]),
        problem=problem,
        spans=own if problem is None else (),
        fixes=fixes or template(
            case.here, "access-list <acl> extended permit ip <local> <remote>"
        ),
        next=(
            Text(
                "`show access-list <crypto ACL>` on both sides: each line must be the mirror of one of the other's",
                "両側で `show access-list <暗号 ACL>`: 各行が相手の行の鏡像であること",
            ),
        ),
    )  # fmt: skip


def _failed_without_reason(case: Case) -> bool:
    """Whether quick mode failed, and neither a wait in vain nor a refusal stands before it."""
    reasons = (ev.NotifyReceived, ev.Phase2ProposalsUnacceptable, ev.FsmHistory, ev.AttributeMismatch, ev.PeerMismatch,
               ev.StaticMapMatched, ev.StaticMapIncomplete, ev.OriginateOnly, ev.SaFromOtherPeer, ev.PeerLost,
               ev.NegotiationCollision, ev.ProtocolsConflict, ev.TunnelLimitReached)  # fmt: skip
    return bool(_consequences(case)) and not any(view.has(*reasons) or view.awaited for view in case.views)


def _said(proxy: ProxyId) -> str:
    port = f"/{proxy.port}" if proxy.port else ""
    return f"{proxy.address}/{proxy.mask}/{proxy.protocol}{port}"


def _acl_words(proxy: ProxyId) -> str:
    if int(proxy.mask) == 0:
        return "any"
    if int(proxy.mask) == 0xFFFFFFFF:
        return f"host {proxy.address}"
    return f"{proxy.address} {proxy.mask}"


def _protocol(proxy: ProxyId) -> str:
    return {0: "ip", 1: "icmp", 6: "tcp", 17: "udp"}.get(proxy.protocol, str(proxy.protocol))


def _differing(case: Case, *attributes: str) -> Marks:
    return tuple(
        (view, index)
        for view, index, event in case.events(ev.AttributeMismatch)
        if event.phase == 2 and any(word in event.attribute for word in attributes)
    )


def _other_attributes(case: Case, *attributes: str) -> bool:
    """Whether phase 2 attributes were told to differ, and none of these."""
    told = [event for _, _, event in case.events(ev.AttributeMismatch) if event.phase == 2]
    return bool(told) and not _differing(case, *attributes)


PFS_ATTRIBUTES = ("Group",)
MODE_ATTRIBUTES = ("Encapsulation", "UDP", "Mode")


@rule(
    "pfs-mismatch",
    "phase 2",
    "perfect forward secrecy differs ({detail})",
    "PFS の設定が異なります({detail})",
)
def pfs_mismatch(case: Case) -> Finding | None:
    if _over(case):
        return None
    problem = configured(case, "pfs-mismatch")
    refused = seen(case, ev.Phase2ProposalsUnacceptable)
    told = _notified(case, NO_PROPOSAL_CHOSEN)
    differing = _differing(case, *PFS_ATTRIBUTES)
    if _other_attributes(case, *PFS_ATTRIBUTES):
        return None
    asked, wanted = _asked_group(case), _wanted_group(case)
    certainty: Certainty = "certain"
    because = []
    if differing:
        event = next(event for _, _, event in case.events(ev.AttributeMismatch) if event.phase == 2)
        because.append(
            Text(
                f"The initiator asks for {event.received}, the responder demands {event.configured}.",
                f"開始側の要求は {event.received}、応答側の要求は {event.configured} です。",
            )
        )
    elif refused and wanted is not None and asked is not None and wanted != asked:
        because.append(
            Text(
                f"The responder demands group {wanted}; QM1 {_with_group(asked)}.",
                f"応答側はグループ {wanted} を要求しますが、QM1 の PFS は {asked or 'なし'} です。",
            )
        )
    elif problem is not None and (refused or told or not started(case) or _phase2_failed(case)):
        certainty = "certain"
    elif told and not refused and _sent_without_group(case) is not None:
        certainty = "possible"
        because.append(
            Text(
                "The peer takes no IPsec proposal of ours. A peer with `set pfs` refuses a request without it, or with"
                " another group.",
                "`set pfs` のあるピアは、PFS なしや別グループの要求を拒否します。",
            )
        )
    else:
        return None
    end = next(iter(case.ends.values()), None)
    return finding(
        certainty,
        "QM1" if refused else "QM2",
        because,
        (*differing, *refused, *told, *_consequences(case)[:1]),
        problem=problem,
        spans=(end.entry.spans.get("set pfs") for end in case.ends.values() if end.entry),
        fixes=template(
            case.site("initiator") or "a",
            f"crypto map <map> <seq> set pfs group{wanted or '<n>'}",
        ),
        next=(
            Text(
                "`show running-config crypto map | include pfs` on both sides; the default group is not shown"
                " (group2, from 9.13 on group14)",
                "両側で `show running-config crypto map | include pfs`。既定のグループは表示されません"
                "(group2、9.13 以降は group14)",
            ),
        ),
        detail=_pfs_detail(case, asked, wanted if end else None),
    )


def _with_group(group: int) -> str:
    return f"asks for group {group}" if group else "asks for none"


def _pfs_detail(case: Case, asked: int | None, wanted: int | None) -> str:
    for _, _, event in case.events(ev.AttributeMismatch):
        if event.phase == 2:
            return f"{event.received} / {event.configured}"
    if asked is not None and wanted is not None:
        return f"group {asked or '-'} / group {wanted}"
    return "set pfs"


def _asked_group(case: Case) -> int | None:
    """The PFS group of QM1 by its length, 0 for none; None if QM1 was not seen. (The group itself is never printed.)"""
    for view in case.views:
        for rung in view.rungs:
            if rung.name == "QM1":
                if "KE" not in rung.payloads:
                    return 0
                # Everything else in a QM1 of one transform set comes to 172 or 200 octets, plus 4 per attribute.
                rest = {group: rung.length - octets for group, octets in KE_OCTETS.items()}
                return min(rest, key=lambda group: min(abs(rest[group] - usual) for usual in (176, 204)))
    return None


def _wanted_group(case: Case) -> int | None:
    """The group that the responder's configuration demands; None if it demands none or is not known."""
    site = case.site("responder")
    end = case.ends.get(site) if site else None
    return end.entry.pfs if end and end.entry else None


def _sent_without_group(case: Case) -> bool | None:
    """Whether our QM1 asked for no PFS; None if it was not seen."""
    view = case.initiator
    rung = view.sent("QM1") if view else None
    return None if rung is None else "KE" not in rung.payloads


@rule(
    "encapsulation-mismatch",
    "phase 2",
    "the two ends want different encapsulations (tunnel, transport, UDP)",
    "カプセル化モード(トンネル、トランスポート、UDP)が異なります",
)
def encapsulation_mismatch(case: Case) -> Finding | None:
    if _over(case):
        return None
    problem = configured(case, "encapsulation-mismatch")
    differing = _differing(case, *MODE_ATTRIBUTES)
    if not differing and (problem is None or not (_phase2_failed(case) or not started(case))):
        return None
    because = [
        Text(
            f"{event.attribute}: offered {event.received}, wanted {event.configured}.",
            f"{event.attribute}: 提案は {event.received}、要求は {event.configured} です。",
        )
        for _, _, event in case.events(ev.AttributeMismatch)
        if event.phase == 2 and any(word in event.attribute for word in MODE_ATTRIBUTES)
    ]
    return finding(
        "certain",
        "QM1",
        because[:1],
        (*differing, *_consequences(case)[:1]),
        problem=problem,
        fixes=template(case.site("initiator") or "a", "no crypto map <map> <seq> set nat-t-disable"),
        next=(
            Text(
                "`show running-config crypto | include mode transport|nat-t-disable` on both sides",
                "両側で `show running-config crypto | include mode transport|nat-t-disable`",
            ),
        ),
    )


@rule(
    "transform-set-mismatch",
    "phase 2",
    "the two ends have no transform set in common ({detail})",
    "共通のトランスフォーム セットがありません({detail})",
)
def transform_set_mismatch(case: Case) -> Finding | None:
    if _over(case):
        return None
    problem = configured(case, "transform-set-mismatch")
    refused = seen(case, ev.Phase2ProposalsUnacceptable)
    told = _notified(case, NO_PROPOSAL_CHOSEN)
    other = (*PFS_ATTRIBUTES, *MODE_ATTRIBUTES)
    attributes = [event for _, _, event in case.events(ev.AttributeMismatch) if event.phase == 2]
    own = [event for event in attributes if not any(word in event.attribute for word in other)]
    if attributes and not own:
        return None
    if problem is None and case.problem("pfs-mismatch", "encapsulation-mismatch") and case.both_configured:
        return None
    asked, wanted = _asked_group(case), _wanted_group(case)
    if refused and not own and problem is None and wanted is not None and asked is not None and asked != wanted:
        return None  # PFS explains it
    if not (refused or told or (problem and (not started(case) or _phase2_failed(case)))):
        return None
    because = []
    if refused:
        because.append(
            Text(
                "The responder found no transform set of its crypto map entry among what was offered.",
                "提案の中に、応答側のトランスフォーム セットと一致するものがありませんでした。",
            )
        )
    elif told:
        because.append(
            Text(
                "The peer answered QM1 with NO_PROPOSAL_CHOSEN: phase 1 and the proxy identities are in order, the"
                " IPsec proposal is not.",
                "ピアは QM1 に NO_PROPOSAL_CHOSEN で応答しました。フェーズ 1 とプロキシ ID は問題なく、IPsec の"
                "プロポーザルが受け入れられていません。",
            )
        )
    for event in own[:2]:
        because.append(
            Text(
                f"{event.attribute}: offered {event.received}, here stands {event.configured}.",
                f"{event.attribute}: 提案は {event.received}、こちらの設定は {event.configured} です。",
            )
        )
    # Without it the offer would have been compared, and what differs said.
    compressed = tuple((v, i) for v, i, e in case.events(ev.ProtocolUnknown) if e.protocol == IPCOMP and not own)
    if compressed:
        because.append(
            Text(
                "The peer offers ESP only together with IP compression (IPCOMP, protocol 4), which an ASA does not"
                " have: it has to be turned off there (libreswan: `compress=no`).",
                "ピアは ESP を IP 圧縮(IPCOMP、プロトコル 4)と組み合わせてのみ提案していますが、"
                "ASA は対応していません。ピア側で無効にします(libreswan では `compress=no`)。",
            )
        )
    certainty: Certainty = "certain" if problem or own or compressed else "likely"
    detail = "; ".join(f"{one.received} / {one.configured}" for one in own[:2])
    config = case.some_config
    differing = tuple((v, i) for v, i, e in case.events(ev.AttributeMismatch) if e.phase == 2)
    return finding(
        certainty,
        "QM1" if refused else "QM2",
        because,
        (*differing, *compressed, *refused, *told, *_consequences(case)[:1]),
        problem=problem,
        spans=(one.span for end in case.ends.values() for one in end.sets),
        fixes=()
        if compressed
        else template(
            case.here,
            words_for(
                config,
                "crypto ipsec ikev1 transform-set <name> <as the peer>",
                "crypto ipsec transform-set <name> <as the peer>",
            ),
            words_for(
                config,
                "crypto map <map> <seq> set ikev1 transform-set <name>",
                "crypto map <map> <seq> set transform-set <name>",
            ),
        ),
        next=(
            Text(
                "`show running-config crypto ipsec` and `show running-config crypto map` on both sides (transform set,"
                " and `set pfs`)",
                "両側で `show running-config crypto ipsec` と `show running-config crypto map`"
                "(トランスフォーム セットと `set pfs`)",
            ),
        ),
        detail=detail or ("IPCOMP" if compressed else "encryption, authentication"),
    )


@rule(
    "negotiation-collision",
    "phase 2",
    "a negotiation for the same traffic was already under way",
    "同じトラフィックのネゴシエーションが既に進行中でした",
    even_if_up=True,
)
def negotiation_collision(case: Case) -> Finding | None:
    lines = seen(
        case, ev.NegotiationCollision, ev.SessionInProgress, ev.RekeyCollision, ev.SaFromOtherPeer, ev.RekeyStateLost
    )
    if not lines:
        return None
    other = bool(seen(case, ev.SaFromOtherPeer))
    found = finding(
        "certain" if other else "likely",
        "QM1",
        [
            Text(
                "Another peer has an SA for the same traffic already; the second one is refused.",
                "同じトラフィックの SA を別のピアが既に持っているため、後のものは拒否されました。",
            )
            if other
            else Text(
                "Both ends began at once and one attempt was dropped. That heals by itself; if it happens again and"
                " again, let one end only answer.",
                "両端が同時に開始し、一方が破棄されました。通常は自然に回復します。",
            )
        ],
        lines,
        fixes=() if case.established else template(case.here, "crypto map <map> <seq> set connection-type answer-only"),
        next=(Text("`show crypto isakmp sa` on both sides", "両側で `show crypto isakmp sa`"),),
    )
    return replace(found, note=case.established)
