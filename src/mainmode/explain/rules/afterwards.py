"""Rules for a tunnel that was up: how it ended, packets that do not fit it, and the note about lifetimes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mainmode import events as ev
from mainmode.explain.case import Case, IpsecShown, View
from mainmode.explain.rules.parts import AT_ONCE, Marks, configured, finding, seen, started, template
from mainmode.explain.rules.table import Finding, rule
from mainmode.language import Text

Reasoned = ev.SessionTornDown | ev.SessionDisconnected | ev.ConnectionTerminated


def _ended(case: Case, *reasons: str) -> Marks:
    """Lines that say the session ended for one of these reasons."""
    found: list[Marks] = []
    for kind in (ev.SessionTornDown, ev.SessionDisconnected, ev.ConnectionTerminated):
        found.append(
            tuple(
                (view, index)
                for view in case.views
                for index in view.indexes(kind)
                if isinstance(event := view.log.entries[index].event, Reasoned)
                and any(reason in event.reason for reason in reasons)
            )
        )
    return tuple(sorted((one for marks in found for one in marks), key=lambda mark: mark[1]))


def _was_up(case: Case) -> bool:
    """Whether there was a tunnel, or the log begins too late to tell."""
    return any(view.established or not view.rungs for view in case.views)


def _phase2_refused(case: Case) -> bool:
    return bool(seen(case, ev.QuickModeFailed, ev.CryptoMapEntryMissing, ev.Phase2ProposalsUnacceptable))


@rule(
    "peer-lost",
    "afterwards",
    "{peer} stopped answering keepalives: the tunnel was taken down",
    "{peer} がキープアライブに応答しなくなり、トンネルが切断されました",
    even_if_up=True,
)
def peer_lost(case: Case) -> Finding | None:
    lines = seen(case, ev.PeerLost)
    ended = _ended(case, "Lost Service")
    if not lines and (not ended or not _was_up(case) or _phase2_refused(case)):
        return None
    return finding(
        "certain" if lines else "likely",
        "",
        [
            Text(
                "Dead peer detection asked and got no answer, so the tunnel was deleted here. The peer restarted, lost"
                " its way to us, or forgot the SA.",
                "DPD に応答がなく、トンネルを削除しました。ピアの再起動、経路断、または SA の消失です。",
            )
        ],
        (*lines, *ended),
        next=(
            Text("`show crypto isakmp sa` and uptime on the peer", "ピアで `show crypto isakmp sa` と稼働時間を確認"),
            Text("the way to the peer at that time", "その時刻のピアまでの経路"),
        ),
    )


@rule(
    "idle-timeout",
    "afterwards",
    "the tunnel was taken down because no traffic passed",
    "トラフィックがなかったため、トンネルが切断されました",
    even_if_up=True,
)
def idle_timeout(case: Case) -> Finding | None:
    ended = _ended(case, "Idle Timeout")
    if not ended:
        return None
    return finding(
        "certain",
        "",
        [
            Text(
                "The group-policy's vpn-idle-timeout (30 minutes unless changed) ran out. The next packet for it"
                " brings it up again; that is no failure.",
                "グループ ポリシーの vpn-idle-timeout(既定 30 分)に達しました。次の対象パケットで再確立されます。",
            )
        ],
        ended,
        fixes=template(case.here, "group-policy DfltGrpPolicy attributes", " vpn-idle-timeout none"),
        next=(
            Text(
                "`show running-config all group-policy | include idle`",
                "`show running-config all group-policy | include idle`",
            ),
        ),
    )


@rule(
    "deleted-by-peer",
    "afterwards",
    "{peer} ended the tunnel",
    "{peer} がトンネルを終了しました",
    even_if_up=True,
)
def deleted_by_peer(case: Case) -> Finding | None:
    ended = _ended(case, "Peer Terminate", "User Requested", "Administrator", "Session Disconnected")
    if not ended or not _was_up(case) or _phase2_refused(case):
        return None
    if seen(case, ev.DuplicatePacket) and case.established and len(seen(case, ev.DuplicatePacket)) > 1:
        return None  # responses-lost
    seen_up = any(view.established for view in case.views)
    return finding(
        "certain" if seen_up and _ended(case, "Peer Terminate") else "likely",
        "",
        [
            Text(
                "A delete came from the peer, or somebody cleared the session. The reason stands in the peer's log.",
                "ピアから削除が届いたか、管理者がセッションを消去しました。理由はピアのログにあります。",
            )
        ],
        ended,
        next=(
            Text("the peer's log at that time: `show logging | include 713`", "その時刻のピアのログ"),
            Text("`show vpn-sessiondb detail l2l` here", "こちらで `show vpn-sessiondb detail l2l`"),
        ),
    )


@rule(
    "unknown-sa",
    "afterwards",
    "{peer} uses an SA that does not exist here any more",
    "{peer} が、こちらには既に存在しない SA を使っています",
    even_if_up=True,
)
def unknown_sa(case: Case) -> Finding | None:
    lines = tuple(
        (view, index)
        for view, index in seen(
            case, ev.UnknownSaPacket, ev.EspDiscarded, ev.EspSpiUnknown, ev.InvalidSpiReceived, ev.ExchangeNotFound
        )
        # What came before a negotiation that succeeded was mended by it.
        if not (view.established and view.rungs and index < min(rung.entry for rung in view.rungs))
        and not _confirms_the_end(view, index)
    )
    follows = seen(case, ev.SaPayloadMissing)
    # After its own negotiation failed, a peer's late packets say nothing new.
    if not lines or (case.failed and not case.established and started(case)) or follows:
        return None
    # Of two attempts that cross one is dropped, and what its other end still sends has no SA any more.
    if seen(case, ev.SessionInProgress, ev.RekeyCollision, ev.NegotiationCollision):
        return None
    return finding(
        "likely" if seen(case, ev.UnknownSaPacket) else "certain",
        "",
        [
            Text(
                "One end lost its SAs (restart, clear, timeout) and the other still uses them. Dead peer detection on"
                " both ends makes it notice; until then, clear the SA on the end that still has it.",
                "一方が SA を失い(再起動、clear など)、他方は使い続けています。両端で DPD を有効に。",
            )
        ],
        lines,
        next=(
            Text(
                "`clear crypto ipsec sa peer <this box>` and `clear crypto isakmp sa` on the peer",
                "ピアで `clear crypto ipsec sa peer <こちら>` と `clear crypto isakmp sa`",
            ),
        ),
    )


NEAR: Final = 100
"""Lines in which to look for our own delete: its own are five, and other peers' may stand between."""


def _confirms_the_end(view: View, index: int) -> bool:
    """Whether this message without an SA comes at once after we have deleted an IKE SA with the peer.

    libreswan, told that an SA is gone, says for its part that it is: under the SA that is gone.
    """
    entries = view.log.entries
    line = entries[index]
    if not isinstance(line.event, ev.UnknownSaPacket):
        return False
    messages = 0
    for entry in entries[max(index - NEAR, 0) : index][::-1]:
        if entry.peer != line.peer:
            continue
        timed = line.at is not None and entry.at is not None
        if line.at is not None and entry.at is not None and line.at - entry.at > AT_ONCE:
            return False
        if isinstance(entry.event, ev.PayloadBuilt) and entry.event.payload == "IKE delete":
            return timed or messages <= 1  # the message that the delete is in
        messages += isinstance(entry.event, ev.MessageDecoded)
    return False


@rule(
    "malformed-message",
    "afterwards",
    "a message arrived that is no proper ISAKMP message",
    "正しい ISAKMP メッセージではないものが届きました",
    even_if_up=True,
)
def malformed_message(case: Case) -> Finding | None:
    lines = seen(
        case, ev.RuntPacket, ev.TransformChainBroken, ev.NonceLengthInvalid, ev.PayloadMissing, ev.SpiSizeInvalid,
        ev.IosKeepaliveMalformed, ev.ResponderCookieMissing, ev.DhGroupInvalid, ev.OakleyGroupUnsupported,
    )  # fmt: skip
    late = seen(case, ev.HashMismatch) if any(view.phase1_complete for view in case.views) else ()
    headless = seen(case, ev.SaPayloadMissing) if not seen(case, ev.TunnelGroupMissing) else ()
    if not (lines or late or headless) or (case.established and not lines):
        return None
    runt = bool(seen(case, ev.RuntPacket))
    return finding(
        "likely",
        "",
        [
            Text(
                "Something other than IKE is sent to UDP 500 or 4500: a scanner, a health check, a wrong port forward.",
                "IKE 以外のものが UDP 500/4500 に届いています(スキャナー、監視、誤ったポート転送など)。",
            )
            if runt
            else Text(
                "The message breaks the format, or was changed on its way: the peer's software, or a device between"
                " that rewrites packets.",
                "メッセージの形式が壊れているか、途中で変更されています。ピアのソフトウェアか、途中の機器が原因です。",
            )
        ],
        (*lines, *late, *headless),
        next=(
            Text(
                "`capture IKE interface outside match udp any any eq 500` here: who sends it, and what",
                "こちらで `capture IKE interface outside match udp any any eq 500`: 送信元と内容を確認",
            ),
        ),
    )


@rule(
    "outside-proxies",
    "afterwards",
    "packets come through the tunnel, or beside it, that it was not agreed for",
    "合意された範囲外のパケットが、トンネル内またはトンネル外から届いています",
    even_if_up=True,
)
def outside_proxies(case: Case) -> Finding | None:
    inner = seen(case, ev.InnerPacketMismatch)
    clear = seen(case, ev.ClearPacketReceived)
    refused = tuple(
        one for one in case.shown if isinstance(one, IpsecShown) and one.receive_errors >= max(one.decaps, 1)
    )
    if not inner and not clear and not refused:
        return None
    because = [
        Text(
            f"{one.receive_errors} packets for {one.local} were decapsulated and refused (#recv errors).",
            f"{one.local} 宛の {one.receive_errors} パケットがカプセル化解除後に拒否されました(#recv errors)。",
        )
        for one in refused[:1]
    ]
    for _, _, event in case.events(ev.InnerPacketMismatch):
        because.append(
            Text(
                f"A decrypted packet {event.inner_source} -> {event.inner_destination} is outside of the SA"
                f" ({event.remote_proxy} to {event.local_proxy}): the peer's access-list is wider, or a NAT at the peer"
                " changes addresses before they are encrypted.",
                f"復号したパケット {event.inner_source} -> {event.inner_destination} が SA の範囲外です"
                f"({event.remote_proxy} から {event.local_proxy})。ピアの ACL が広いか、NAT されています。",
            )
        )
        break
    if clear:
        because.append(
            Text(
                "Packets that our crypto ACL wants encrypted arrive in clear: the peer's does not cover them.",
                "こちらの暗号 ACL の対象パケットが平文で届きます。ピアの暗号 ACL に含まれていません。",
            )
        )
    return finding(
        "certain" if inner or clear else "likely",
        "",
        because,
        (*inner, *clear),
        shown=refused,
        next=(Text("`show access-list <crypto ACL>` and `show nat detail` on the peer",
                   "ピアで `show access-list <暗号 ACL>` と `show nat detail`"),),
    )  # fmt: skip


@rule(
    "replayed-packets",
    "afterwards",
    "ESP packets fail the anti-replay check",
    "ESP パケットがアンチリプレイ検査に失敗しています",
    even_if_up=True,
)
def replayed_packets(case: Case) -> Finding | None:
    lines = seen(case, ev.EspReplayed)
    if not lines:
        return None
    return finding(
        "certain",
        "",
        [
            Text(
                "A packet came twice, or later than the window of 64 packets allows: two ways of different length, or"
                " quality of service that reorders after encryption. A few of them do no harm.",
                "同じパケットが 2 回届いたか、64 パケットのウィンドウより遅れました。経路差や QoS による"
                "並べ替えが原因です。少数なら害はありません。",
            )
        ],
        lines,
        fixes=template(case.here, "crypto ipsec security-association replay window-size 1024"),
        next=(
            Text(
                "`show crypto ipsec sa detail | include replay` twice, a minute apart",
                "`show crypto ipsec sa detail | include replay` を 1 分おきに 2 回",
            ),
        ),
    )


@rule(
    "one-way-traffic",
    "afterwards",
    "packets pass the tunnel in one direction only",
    "トンネルを片方向のパケットしか通っていません",
    even_if_up=True,
)
def one_way_traffic(case: Case) -> Finding | None:
    lines: Marks = ()
    for view in case.views:
        for index in view.indexes(ev.SessionDisconnected):
            event = view.log.entries[index].event
            if isinstance(event, ev.SessionDisconnected) and (event.transmitted == 0) != (event.received == 0):
                lines += ((view, index),)
    deaf = [one for one in case.shown if isinstance(one, IpsecShown) and (one.encaps == 0) != (one.decaps == 0)]
    if not deaf and (not lines or _ended(case, "Lost Service", "Idle Timeout") == ()):
        return None
    because = [
        Text(
            f"{one.local} -> {one.remote}: {one.encaps} packets encrypted, {one.decaps} decrypted.",
            f"{one.local} -> {one.remote}: 暗号化 {one.encaps} パケット、復号 {one.decaps} パケットです。",
        )
        for one in deaf[:2]
    ]
    because.append(
        Text(
            "The SA is up, so the fault is behind it: no route back at the far end, ESP (protocol 50) filtered in one"
            " direction, or the far end's NAT or access-list takes the answers elsewhere.",
            "SA は確立しているので原因はその先にあります。対向の戻り経路がない、ESP(プロトコル 50)が片方向で遮断、"
            "または対向の NAT やアクセス リストです。",
        )
    )
    # Questions without answers are a fault; an SA that only receives may be how the two ends use it.
    unanswered = bool(lines) or any(one.encaps for one in deaf)
    found = finding(
        "likely" if unanswered else "possible",
        "",
        because,
        lines,
        shown=deaf,
        next=(
            Text(
                "`show crypto ipsec sa` on the peer: do its decaps rise?",
                "ピアの `show crypto ipsec sa`",
            ),
            Text("`show route` and `show nat detail` on the peer", "ピアで `show route` と `show nat detail`"),
        ),
    )
    return replace(found, note=not unanswered)


@rule(
    "lifetime-adjusted",
    "afterwards",
    "the two ends have different lifetimes; the lower one is used",
    "両端のライフタイムが異なるため、短い方が使われます",
    failure=False,
    even_if_up=True,
)
def lifetime_adjusted(case: Case) -> Finding | None:
    # From 0: the initiator names no lifetime of that kind. Who is no Cisco mostly names no kilobytes.
    overridden = [one for one in case.events(ev.RekeyIntervalOverridden) if one[2].before]
    lines = (*seen(case, ev.RekeyIntervalForced), *((view, index) for view, index, _ in overridden))
    if not lines:
        return None
    because = []
    for _, _, event in case.events(ev.RekeyIntervalForced):
        because.append(
            Text(
                f"The responder's lifetime is taken over: {event.after} instead of {event.before} {event.unit}.",
                f"応答側のライフタイムを採用: {event.before} ではなく {event.after} {event.unit}。",
            )
        )
        break
    for _, _, ours in overridden:
        because.append(
            Text(
                f"Our lifetime stands against the initiator's: {ours.after} instead of {ours.before} {ours.unit}.",
                f"開始側ではなくこちらのライフタイムを使用: {ours.before} ではなく {ours.after} {ours.unit}。",
            )
        )
        break
    because.append(Text("That is no failure.", "障害ではありません。"))
    problem = case.problem("lifetime-adjusted") or configured(case, "lifetime-adjusted")
    return finding("certain", "QM2", because, lines, problem=problem)
