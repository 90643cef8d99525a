"""Rules for phase 1. Where the peer's silence is all there is, they say what it leaves open and how likely each is."""

from __future__ import annotations

from typing import Final

from mainmode import events as ev
from mainmode import steps
from mainmode.events import Entry
from mainmode.explain.case import Case, IkeShown, View
from mainmode.explain.compare import keys_comparable
from mainmode.explain.diagnosis import Certainty
from mainmode.explain.rules.parts import (
    AT_ONCE,
    Marks,
    about_mm6,
    capture,
    configured,
    debug_at_peer,
    finding,
    marks,
    peer_of,
    pending,
    seen,
    started,
    template,
    words_for,
)
from mainmode.explain.rules.table import Finding, rule
from mainmode.language import Text

ENOUGH: Final = 1
"""Repetitions of a message after which its answer counts as missing: 8 seconds, and every ASA answers in less."""


def _waits_in_vain(view: View | None, *awaited: str) -> bool:
    """Whether one of these messages of the peer's does not come, and this end has begun to notice."""
    if view is None or view.awaited not in awaited:
        return False
    return view.gave_up or len(view.repeated) >= ENOUGH


def _waiting_marks(view: View) -> Marks:
    last = view.last_sent
    sent = (last.entry, *last.retransmissions) if last is not None else ()
    return marks(view, (*sent, *view.indexes(ev.FsmHistory, ev.EstablishmentTimedOut)))


@rule(
    "policy-mismatch",
    "phase 1",
    "the two ends have no phase 1 policy in common ({detail})",
    "共通のフェーズ 1 ポリシーがありません({detail})",
)
def policy_mismatch(case: Case) -> Finding | None:
    lines = seen(case, ev.Phase1ProposalsUnacceptable)
    if not lines:
        # A syslog below level 7 has the payload that could not be processed, the SA, and what differed.
        lines = tuple(
            (view, index)
            for view, index, event in case.events(ev.PayloadError)
            if event.payload == steps.SA and not view.phase1_complete and not view.has(ev.Phase2ProposalsUnacceptable)
        )
    if lines and any(view.phase1_complete or view.has(ev.KeysGenerated) for view in case.views):
        return None  # another attempt of the same peer's fitted
    if lines and seen(case, ev.NoGroupForPeer):
        return None  # an IOS compares policies although it has no key to authenticate with: no-tunnel-group
    refused = marks(case.initiator, _clear(case.initiator, "NO_PROPOSAL_CHOSEN", "MM2"))
    told = [
        (view, index) for view, index, _ in case.events(ev.NotifyReceived) if _number(view, index) == 14 and _mm2(view)
    ]
    stuck = seen(case, ev.InitiatorPolicyMissing)
    problem = case.problem("policy-mismatch") if stuck else configured(case, "policy-mismatch")
    if "MM2" in case.passed or (case.responder and case.responder.has(ev.Phase1ProposalAccepted)):
        return None
    certainty: Certainty = "certain"
    because = []
    attributes = list(dict.fromkeys(e for _, _, e in case.events(ev.AttributeMismatch) if e.phase == 1))
    if lines:
        because.append(
            Text(
                "The responder compared every transform that was offered with every policy of its own and found no"
                " pair that is equal in encryption, hash, authentication and group.",
                "応答側は提案された全トランスフォームを自分の全ポリシーと比べましたが、暗号化・ハッシュ・認証・グループが"
                "一致する組はありませんでした。",
            )
        )
    elif refused or told:
        certainty = "certain" if problem else "likely"
        because.append(
            Text(
                "The peer answered MM1 with NO_PROPOSAL_CHOSEN: it is there and takes none of our policies.",
                "ピアは MM1 に NO_PROPOSAL_CHOSEN で応答しました。動作していますが、どのポリシーも受け入れません。",
            )
        )
    elif problem is not None and stuck:
        because.append(Text("There is no policy to begin with.", "開始に使えるポリシーがありません。"))
    elif problem is not None and (_waits_in_vain(case.initiator, "MM2") or not started(case)):
        because.append(
            Text(
                "MM1 is not answered, and the two configurations explain it.",
                "MM1 に応答がなく、両方の設定がそれを説明しています。",
            )
        )
    else:
        return None
    if lines and not attributes and not seen(case, ev.Phase1ProposalsUnacceptable):
        certainty = "certain" if problem else "likely"
    detail = "; ".join(f"{one.attribute}: {one.received} / {one.configured}" for one in attributes[:3])
    for one in attributes[:3]:
        because.append(
            Text(
                f"{one.attribute}: the peer offers {one.received}, here stands {one.configured}.",
                f"{one.attribute}: ピアの提案は {one.received}、こちらの設定は {one.configured} です。",
            )
        )
    config = case.some_config
    differing = [(view, index) for view, index, event in case.events(ev.AttributeMismatch) if event.phase == 1]
    return finding(
        certainty,
        "MM1" if lines else "" if stuck else "MM2",
        because,
        (*differing[:3], *lines, *refused, *told, *stuck),
        problem=problem,
        spans=(policy.span for end in case.ends.values() for policy in end.config.ike_policies),
        fixes=template(
            case.here,
            words_for(config, "crypto ikev1 policy <n>", "crypto isakmp policy <n>"),
            " authentication pre-share",
            " encryption <as the peer>",
            " hash <as the peer>",
            " group <as the peer>",
        ),
        next=(
            Text(
                "`show running-config crypto ikev1` on both sides (before 8.4 `crypto isakmp`), and compare",
                "両側で `show running-config crypto ikev1`(8.4 より前は `crypto isakmp`)を比較",
            ),
        ),
        detail=detail or "encryption, hash, authentication, group",
    )


def _clear(view: View | None, name: str, awaited: str) -> list[int]:
    """The lines in which the peer said this in clear while this message of its was awaited."""
    if view is None or (view.awaited != awaited if view.rungs else view.awaited not in (None, awaited)):
        return []  # (a syslog below level 7 has no messages to tell by)
    entries = view.log.entries
    return [
        index
        for index in view.indexes(ev.ClearNotifyDropped)
        if isinstance(event := entries[index].event, ev.ClearNotifyDropped) and event.notify == name
    ]


def _number(view: View, index: int) -> int:
    event = view.log.entries[index].event
    return event.number if isinstance(event, ev.NotifyReceived) else 0


def _mm2(view: View) -> bool:
    return view.awaited == "MM2"


@rule(
    "no-tunnel-group",
    "phase 1",
    "no tunnel-group with a key for the address the peer comes from",
    "ピアのアドレスに対応する(キーを持つ)トンネル グループがありません",
)
def no_tunnel_group(case: Case) -> Finding | None:
    lines = seen(case, ev.GroupNotFound, ev.TunnelGroupMissing, ev.NoGroupForPeer)
    problem = configured(case, "no-tunnel-group")
    view = case.initiator
    certainty: Certainty = "certain"
    stage = "MM3"
    because: list[Text] = []
    if case.problem("peer-address-mismatch") and not started(case):
        return None  # there is one, for the address that was meant
    config = case.some_config
    if lines:
        stage = "MM3" if started(case) else ""
        because.append(
            Text(
                "In main mode the pre-shared key is chosen by the peer's address, because it is needed before the peer"
                " says who it is. No tunnel-group is named by that address, and DefaultL2LGroup has no key.",
                "メイン モードではピアが名乗る前にキーが必要なため、事前共有キーはピアのアドレスで選ばれます。"
                "そのアドレスを名前とするトンネル グループがなく、DefaultL2LGroup にもキーがありません。",
            )
        )
    elif _waits_in_vain(view, "MM4") and view is not None and not view.peer_repeats and case.lost is None:
        stage = "MM4"
        cookie = _clear(view, "INVALID_COOKIE", "MM4")
        lines = (*_waiting_marks(view), *marks(view, cookie))
        if problem is None and case.both_configured and not case.both:
            return None  # both ends have a group and a key
        certainty = "certain" if problem else "likely"
        because.append(
            Text(
                "The peer answered MM1 and falls silent on MM3. An ASA that finds no tunnel-group, hence no key, for"
                " our address does just that.",
                "ピアは MM1 に応答しましたが、MM3 の後は沈黙しています。こちらのアドレスに対応するトンネル グループ"
                "(キー)がない ASA はこのように振る舞います。",
            )
        )
        if cookie:
            because.append(
                Text(
                    "INVALID_COOKIE says that it has already forgotten the negotiation.",
                    "INVALID_COOKIE は、ピアがこのネゴシエーションを既に破棄したことを示します。",
                )
            )
    elif case.stuck("MM_WAIT_MSG4"):
        stage = "MM4"
        certainty = "certain" if problem else "likely"
        because.append(
            Text(
                "This side waits for MM4: the peer answered MM1 and does not answer MM3. Most often it has no"
                " tunnel-group, hence no key, for our address.",
                "MM4 を待っています。ピアは MM1 に応答しましたが MM3 に応答しません。多くはこちらのアドレスに"
                "対応するトンネル グループ(キー)がありません。",
            )
        )
    elif problem is not None and started(case) and "MM3" in pending(case) and case.lost is None:
        pass
    else:
        return None
    peer = _peer_of(case, "responder")
    return finding(
        certainty,
        stage,
        because,
        lines,
        problem=problem,
        fixes=template(
            case.site("responder") or case.here,
            f"tunnel-group {peer} type ipsec-l2l",
            f"tunnel-group {peer} ipsec-attributes",
            words_for(config, " ikev1 pre-shared-key <key>", " pre-shared-key <key>"),
        ),
        next=(
            Text(
                "`show running-config tunnel-group` on the responder: is there one named by the initiator's address?",
                "応答側で `show running-config tunnel-group`: 開始側のアドレスを名前とするものがあるか",
            ),
            debug_at_peer(case),
        ),
        shown=case.stuck("MM_WAIT_MSG4"),
    )


def _peer_of(case: Case, role: str) -> str:
    """The address by which the box with this role knows the other."""
    for view in case.views:
        if view.role == role and view.peer is not None:
            return str(view.peer)
    return str(case.views[0].peer) if case.views and case.views[0].role is None and case.views[0].peer else "<peer>"


@rule(
    "pre-shared-key-mismatch",
    "phase 1",
    "the pre-shared keys of the two ends differ",
    "両端の事前共有キーが異なります",
)
def pre_shared_key_mismatch(case: Case) -> Finding | None:
    problem = configured(case, "pre-shared-key-mismatch")
    lines = seen(case, ev.DecryptedNonsense, ev.DecryptionFailed, ev.HashMismatch)
    if "QM1" in case.passed or any(view.phase1_complete for view in case.views):
        return None
    told = [(v, i) for v, i, event in case.events(ev.NotifyReceived) if event.number == 23]
    initiator = case.initiator
    malformed = marks(
        initiator,
        [i for name in ("PAYLOAD_MALFORMED", "INVALID_HASH_INFORMATION", "INVALID_HASH_INFO", "AUTHENTICATION_FAILED",
                        "INVALID_PAYLOAD_TYPE", "INVALID_KEY_INFORMATION", "INVALID_ID_INFORMATION")
         for i in _clear(initiator, name, "MM6")],
    )  # fmt: skip
    unreadable = seen(case, ev.RefusalUnreadable)
    certainty: Certainty = "certain" if problem else "likely"
    because = []
    stage = "MM5"
    if lines:
        because.append(
            Text(
                "MM5 came and decrypts to nonsense. Its key comes out of the pre-shared key, the nonces and the"
                " Diffie-Hellman secret; the last two passed in MM3 and MM4, so the pre-shared key is what differs.",
                "MM5 は届きましたが復号すると意味をなしません。鍵は事前共有キー、ノンス、Diffie-Hellman から作られ、"
                "後の 2 つは MM3 と MM4 で揃っているため、異なるのは事前共有キーです。",
            )
        )
    elif unreadable:
        stage = "MM6"
        lines = unreadable
        because.append(
            Text(
                "The peer answers MM5 with an encrypted message that decrypts to nonsense here: it has other keys. They"
                " come out of the pre-shared key, the nonces and the Diffie-Hellman secret, and the last two passed in"
                " MM3 and MM4.",
                "ピアは MM5 に暗号化されたメッセージで応答しましたが、こちらで復号すると意味をなしません。"
                "ピアの鍵が異なります。"
                "鍵は事前共有キー、ノンス、Diffie-Hellman から作られ、後の 2 つは MM3 と MM4 で揃っています。",
            )
        )
    elif malformed or told:
        stage = "MM6"
        lines = (*malformed, *told)
        because.append(
            Text(
                "The peer received MM5 and could not make sense of it: it decrypted with another key.",
                "ピアは MM5 を受け取りましたが解読できませんでした。別のキーで復号しています。",
            )
        )
    elif _waits_in_vain(initiator, "MM6") and initiator is not None and case.lost is None and not _behind_nat(case):
        if initiator.has(ev.NotifyReceived):
            return None  # it could be read, so the keys are equal: identity-mismatch
        if problem is None and _comparable(case):
            return None
        stage = "MM6"
        lines = _waiting_marks(initiator)
        because.append(
            Text(
                "MM5 is not answered. Everything before it passed in clear; MM5 is the first message that needs the"
                " right key.",
                "MM5 に応答がありません。MM5 は正しいキーを必要とする最初のメッセージです。",
            )
        )
        if initiator.peer_repeats:
            because.append(
                Text(
                    "The peer repeats MM4, as one does that cannot read MM5. That MM5 does not arrive is less likely:"
                    " it goes the way that MM1 and MM3 have gone.",
                    "ピアは MM4 を繰り返しています。MM5 を復号できないピアはこのように振る舞います。"
                    "MM5 は MM1 や MM3 と同じ経路を通るため、届いていない可能性は低いです。",
                )
            )
    elif case.stuck("MM_WAIT_MSG5", "MM_WAIT_MSG6"):
        stage = f"MM{case.stuck('MM_WAIT_MSG5', 'MM_WAIT_MSG6')[0].state[-1]}"
        because.append(
            Text(
                f"{stage} is awaited: MM5 is the first message that needs the right key. (Behind a NAT it is also the"
                " first on UDP 4500.)",
                f"{stage} を待っています。MM5 は正しいキーを必要とする最初のメッセージです"
                "(NAT 環境では UDP 4500 の最初のメッセージでもあります)。",
            )
        )
    elif problem is not None and (not started(case) or {"MM5", "MM6"} & pending(case)):
        pass
    else:
        return None
    if problem is None and case.both_configured:
        if _comparable(case):
            certainty = "possible"
            because.append(
                Text(
                    "The keys in the two configurations are equal, though: were they changed since, or was the message"
                    " damaged on its way?",
                    "ただし両方の設定のキーは一致しています。その後変更されたか、途中でメッセージが壊れた可能性があります。",
                )
            )
        else:
            because.append(
                Text(
                    "A key is masked in the configuration, so they cannot be compared:"
                    " `more system:running-config` shows it.",
                    "設定のキーが伏せられており比較できません。`more system:running-config` で表示できます。",
                )
            )
    site = case.here
    config = case.config(site) or case.some_config
    peer = peer_of(case)
    return finding(
        certainty,
        stage,
        because,
        lines,
        problem=problem,
        spans=(end.group.spans.get("pre-shared-key") for end in case.ends.values() if end.group),
        fixes=template(
            site,
            f"tunnel-group {peer or '<peer>'} ipsec-attributes",
            words_for(config, " ikev1 pre-shared-key <key>", " pre-shared-key <key>"),
        ),
        next=(
            Text(
                "type the key again on both sides; `more system:running-config | begin tunnel-group` shows it in clear",
                "両側でキーを入力し直す。`more system:running-config | begin tunnel-group` で平文を確認できます",
            ),
        ),
        shown=case.stuck("MM_WAIT_MSG5", "MM_WAIT_MSG6"),
    )


def _comparable(case: Case) -> bool:
    return case.both_configured and keys_comparable(*case.ends.values())


def _behind_nat(case: Case) -> bool:
    return any(event.remote or event.local for _, _, event in case.events(ev.NatDetected))


@rule(
    "nat-traversal-blocked",
    "phase 1",
    "a NAT stands between the two ends and UDP 4500 does not get through",
    "両端の間に NAT があり、UDP 4500 が通りません",
)
def nat_traversal_blocked(case: Case) -> Finding | None:
    initiator, responder = case.initiator, case.responder
    nat = seen(case, ev.NatDetected) if _behind_nat(case) else ()
    if nat and _waits_in_vain(initiator, "MM6") and initiator is not None and not initiator.refused:
        refused = seen(case, ev.DecryptedNonsense, ev.RefusalUnreadable, ev.DecryptionFailed, ev.HashMismatch)
        if refused or configured(case, "pre-shared-key-mismatch"):
            return None
        return finding(
            "certain" if case.lost == "MM5" else "likely",
            "MM5",
            [
                Text(
                    "A NAT was found, so MM5 is the first message that goes over UDP 4500, and it is the first that is"
                    " not answered.",
                    "NAT が検出されたため MM5 から UDP 4500 を使いますが、その MM5 から応答がありません。",
                )
            ],
            (*nat, *_waiting_marks(initiator)),
            next=(capture(case, 4500),),
        )
    if responder is None or not _waits_in_vain(responder, "MM5") or responder.unreadable or responder.peer_repeats:
        return None
    if seen(case, ev.NatDetected) and not nat:
        return None  # the initiator says that there is none
    moved = any(event.remote_port not in (500, 4500) for event in responder.all(ev.PacketReceived))
    sure = moved or _other_address(case)
    mm3 = responder.received("MM3")
    if not sure and (case.both_configured or mm3 is None or "NAT-D" not in mm3.payloads):
        return None
    return finding(
        "likely",
        "MM5",
        [
            Text(
                "MM1 and MM3 arrived on UDP 500 and MM5 does not arrive. If the peer has found a NAT, it is the"
                " first message on UDP 4500; this side learns of that only with MM5.",
                "MM1 と MM3 は UDP 500 で届きましたが、MM5 が届きません。ピアが NAT を検出した場合、"
                "MM5 は UDP 4500 の最初のメッセージです(こちらは MM5 を受け取るまで NAT を判断しません)。",
            )
        ],
        _waiting_marks(responder),
        next=(capture(case, 4500),),
    )


def _other_address(case: Case) -> bool:
    """Whether both configurations are known and one end is seen under an address that the other does not have."""
    if not case.both_configured:
        return False
    own = {interface.address for end in case.ends.values() for interface in end.config.interfaces}
    return any(view.peer is not None and view.peer not in own for view in case.views)


_REMOTE_IDENTITY: Final = Text(
    "the peer's log at that time; its setting called remote identity or peer ID",
    "その時刻のピアのログ。ピアの「リモート ID」または「ピア ID」の設定",
)


@rule(
    "identity-mismatch",
    "phase 1",
    "the peer's phase 1 identity is not acceptable",
    "ピアのフェーズ 1 ID を受け入れられません",
)
def identity_mismatch(case: Case) -> Finding | None:
    lines = seen(case, ev.InvalidIdPort, ev.InvalidIdProtocol)
    lines += tuple((v, i) for v, i, event in case.events(ev.IdTypeUnknown) if event.phase == 1)
    lines += tuple((v, i) for v, i, event in case.events(ev.IdTypeUnsupported) if event.phase == 1)
    # Such a notification was decrypted and its HASH was right: the pre-shared keys are equal.
    told = tuple(
        (v, i) for v, i, event in case.events(ev.NotifyReceived) if event.number in (18, 24) and not v.phase1_complete
    )
    left = _left_after_mm6(case)
    if left:
        return finding(
            "possible",
            "MM6",
            [
                Text(
                    "The peer ended phase 1 as soon as it had MM6, without asking for a tunnel. MM5 was readable, so"
                    " the keys are equal: it does not take the identity in MM6, which is not the name or address that"
                    " it is configured for.",
                    "ピアは MM6 を受け取ると、トンネルを要求せずにフェーズ 1 を終了しました。MM5 を復号できたためキーは"
                    "一致しています。MM6 の ID が、ピアに設定された名前またはアドレスと異なります。",
                )
            ],
            left,
            next=(_REMOTE_IDENTITY,),
        )
    refused = _refused_after_mm6(case)
    if refused:
        return finding(
            "likely",
            "MM6",
            [
                Text(
                    "The peer could read MM6, so the keys are equal, and refuses the identity in it: it expects another"
                    " name or address of us, or another kind. Here phase 1 counts as complete; at the peer it is not.",
                    "ピアは MM6 を復号できたためキーは一致していますが、その ID を拒否しています。別の名前・アドレス、"
                    "または別の種類の ID を期待しています。こちらではフェーズ 1 は完了していますが、"
                    "ピアでは完了していません。",
                )
            ],
            refused,
            next=(_REMOTE_IDENTITY,),
        )
    if (not lines and not told) or any(view.phase1_complete for view in case.views):
        return None
    return finding(
        "certain" if lines else "likely",
        "MM5",
        [
            Text(
                "The identity in MM5 or MM6 is of a kind, port or protocol that this box does not take"
                " (RFC 2407 section 4.6.2: 0/0 or 17/500).",
                "MM5 または MM6 の ID の種類・ポート・プロトコルが受け入れられません"
                "(RFC 2407 4.6.2 節: 0/0 または 17/500)。",
            )
            if lines
            else Text(
                "The peer could read MM5, so the keys are equal, and refuses the identity in it: it expects another"
                " name or address of us, or another kind.",
                "ピアは MM5 を復号できたためキーは一致していますが、その ID を拒否しています。別の名前・アドレス、"
                "または"
                "別の種類の ID を期待しています。",
            )
        ],
        (*lines, *told),
        fixes=template(case.here, "crypto isakmp identity address"),
        next=(
            Text(
                "`show running-config crypto isakmp | include identity` on both sides",
                "両側で `show running-config crypto isakmp | include identity`",
            ),
        ),
    )


def _refused_after_mm6(case: Case) -> Marks:
    """Where the initiator, instead of going on to quick mode, refuses what was in MM6: the responder's lines of it."""
    if case.established:
        return ()
    told = ((view, index) for view, index, event in case.events(ev.NotifyReceived) if event.number in (18, 24))
    return tuple((view, index) for view, index in told if about_mm6(view, index))


def _left_after_mm6(case: Case) -> Marks:
    """Where the initiator took leave at once after phase 1, before any quick mode: the responder's line of it."""
    view = case.responder
    if view is None or case.initiator is not None or any(name.startswith("QM") for name in case.passed):
        return ()
    entries = view.log.entries
    completed = [entries[i].at for i in view.indexes(ev.Phase1Completed)]
    left = [i for i in view.indexes(ev.ConnectionTerminated) if _at_once(completed[-1:], entries[i])]
    return marks(view, left)


def _at_once(completed: list[float | None], entry: Entry) -> bool:
    """Whether the peer's delete came too soon for one whose quick mode was not answered."""
    if not isinstance(entry.event, ev.ConnectionTerminated) or "Peer Terminate" not in entry.event.reason:
        return False
    return any(at is not None and entry.at is not None and 0 <= entry.at - at <= AT_ONCE for at in completed)


@rule(
    "mode-mismatch",
    "phase 1",
    "one end speaks aggressive mode, the other main mode",
    "一方がアグレッシブ モード、他方がメイン モードです",
)
def mode_mismatch(case: Case) -> Finding | None:
    problem = configured(case, "mode-mismatch")
    aggressive = tuple((view, rung.entry) for view in case.views for rung in view.rungs if rung.name.startswith("AM"))
    states = tuple((v, i) for v, i, event in case.events(ev.FsmHistory) if event.exchange == "AM")
    shown = case.stuck("AM_WAIT_MSG2", "AM_WAIT_MSG3")
    if not (aggressive or states or problem or shown) or any(view.phase1_complete for view in case.views):
        return None
    if not problem and not states and not shown and not case.failed:
        return None
    return finding(
        "certain" if problem else "likely",
        "AM1",
        [
            Text(
                "Aggressive mode was asked for and not answered as such. Main mode is the default on both ends.",
                "アグレッシブ モードが要求されましたが成立していません。両端の既定はメイン モードです。",
            )
        ]
        if aggressive or states or shown
        else (),
        (*aggressive, *states),
        problem=problem,
        fixes=template(case.site("initiator") or "a", "crypto map <map> <seq> set ikev1 phase1-mode main"),
        next=(
            Text(
                "`show running-config all crypto map | include phase1-mode` on both sides",
                "両側で `show running-config all crypto map | include phase1-mode`",
            ),
        ),
        shown=shown,
    )


@rule(
    "fragments-lost",
    "phase 1",
    "pieces of a fragmented IKE message do not arrive",
    "分割された IKE メッセージの一部が届きません",
)
def fragments_lost(case: Case) -> Finding | None:
    lines = seen(case, ev.FragmentDropped, ev.FragmentsIncomplete)
    if not lines or seen(case, ev.FragmentsAssembled) or case.established:
        return None
    return finding(
        "likely",
        next(iter(sorted(pending(case))), ""),
        [
            Text(
                "The peer cuts its message into pieces and not all arrive: some device between drops fragments.",
                "ピアが分割して送ったメッセージの一部が届きません。途中の機器が破棄しています。",
            )
        ],
        lines,
        next=(capture(case),),
    )


@rule(
    "certificate-rejected",
    "phase 1",
    "the certificate was not accepted",
    "証明書が受け入れられませんでした",
)
def certificate_rejected(case: Case) -> Finding | None:
    told = tuple((v, i) for v, i, event in case.events(ev.NotifyReceived) if event.number in (19, 20, 21, 22, 25, 28))
    clear = tuple(
        (v, i)
        for v, i, event in case.events(ev.ClearNotifyDropped)
        if {"CERT", "SIGNATURE"} & {*event.notify.split("_")}
    )
    different = seen(case, ev.AuthenticationMismatch)
    if not (told or clear or different) or any(view.phase1_complete for view in case.views):
        return None
    return finding(
        "certain" if told or clear else "likely",
        "MM5",
        [
            Text(
                "The peer authenticates by certificate, and one end did not accept the other's (trust point, validity,"
                " revocation), or one end uses a pre-shared key.",
                "証明書認証で、一方が他方の証明書を受け入れません(トラストポイント、有効期限、失効)。"
                "または一方だけが事前共有キーを使っています。",
            )
        ],
        (*told, *clear, *different),
        next=(
            Text(
                "`show crypto ca certificates` and `show clock` on both sides",
                "両側で `show crypto ca certificates` と `show clock`",
            ),
        ),
    )


@rule(
    "xauth-on-lan-to-lan",
    "phase 1",
    "one end takes the other for a remote access client and asks it to log in",
    "一方が他方をリモート アクセス クライアントとみなし、ログインを要求しています",
)
def xauth_on_lan_to_lan(case: Case) -> Finding | None:
    asked = tuple((view, rung.entry) for view in case.views for rung in view.rungs if rung.name == "XAUTH")
    lines = (*asked, *seen(case, ev.XauthRequired, ev.AuthModeDiffers))
    if not lines or case.established:
        return None
    return finding(
        "likely",
        "MM6",
        [
            Text(
                "Extended authentication belongs to remote access. With a LAN-to-LAN peer it means its address landed"
                " on a remote access tunnel-group, or on a dynamic map that asks for it.",
                "拡張認証(XAUTH)はリモート アクセスのものです。LAN-to-LAN のピアに対して行われるのは、そのアドレスが"
                "リモート アクセス用のトンネル グループ等に割り当てられたためです。",
            )
        ],
        lines,
        fixes=template(
            case.here,
            "tunnel-group <peer> type ipsec-l2l",
        ),
        next=(Text("`show running-config tunnel-group` on both sides", "両側で `show running-config tunnel-group`"),),
    )


# --- nothing but silence ------------------------------------------------------------------------------------------


@rule(
    "responses-lost",
    "phase 1",
    "{peer} is heard, but {message} does not reach its receiver",
    "{peer} からは届きますが、{message} が相手に届いていません",
    even_if_up=True,
)
def responses_lost(case: Case) -> Finding | None:
    waiting = case.stuck("MM_WAIT_MSG3")
    if waiting:
        return _lost(case, "MM2", "likely", (), _SHOWN, waiting)
    if case.lost in ("MM5", "MM6") and _behind_nat(case):
        return None  # nat-traversal-blocked
    if case.lost not in (None, "MM1"):
        sender = next(view for view in case.views if view.last_sent and view.last_sent.name == case.lost)
        return _lost(case, sender.last_sent.name if sender.last_sent else "", "certain", _waiting_marks(sender), _BOTH)
    for view in case.views:
        repeats = view.peer_repeats
        last = view.last_sent
        if not repeats or view.refused or view.unreadable:
            continue
        if _refused_after_mm6(case) or (view.has(ev.NotifyReceived) and not view.phase1_complete):
            continue  # it has our answer, and does not like it
        if view.established and not (len(repeats) > 1 and view.has(ev.ConnectionTerminated, ev.SessionTornDown)):
            continue  # mended by itself
        if last is None:
            continue
        # After MM6 nothing has to come; but an initiator that had it would turn to quick mode.
        stands = last.name == "MM6" and len(repeats) > 1
        if view.awaited is not None or view.established or stands:
            # What cannot be read is not answered either: pre-shared-key-mismatch, where MM5 goes the way of MM3.
            certainty: Certainty = "possible" if last.name == "MM5" and not _behind_nat(case) else "likely"
            return _lost(case, last.name, certainty, marks(view, repeats), _ONE)
    return None


_BOTH: Final = Text(
    "Both ends were heard: one sent {message} again and again, and the other never had it.",
    "両端のログがあります。一方は {message} を繰り返し送り、他方は一度も受け取っていません。",
)
_ONE: Final = Text(
    "The peer repeats the message before {message}, so {message}, our answer to it, does not arrive there.",
    "ピアは {message} の前のメッセージを繰り返しています。つまり、その応答である {message} が届いていません。",
)


_SHOWN: Final = Text(
    "MM1 came and was answered; MM3 does not come. Our {message} does not arrive, or the peer does not like it.",
    "MM1 に応答しましたが MM3 が届きません。こちらの {message} が届いていないか、ピアが受け入れていません。",
)


def _lost(
    case: Case, message: str, certainty: Certainty, lines: Marks, why: Text, shown: tuple[IkeShown, ...] = ()
) -> Finding:
    port = 4500 if _behind_nat(case) and message not in steps.MESSAGES[:4] else 500
    return finding(
        certainty,
        message,
        [
            why.filled(message=message),
            Text(
                f"One direction works and the other does not: look for a filter or a stateful device on the way"
                f" (UDP {port}).",
                f"片方向だけ通っています。途中のフィルターやステートフルな機器を調べてください(UDP {port})。",
            ),
        ],
        lines,
        next=(capture(case, port),),
        shown=shown,
        message=message,
    )


_UNANSWERED: Final = Text(
    "Either the address is wrong or unreachable, or UDP 500 is filtered, or the peer does not answer on that interface:"
    " IKE not enabled there, no crypto map, no policy in common.",
    "アドレスの誤りや到達不能、UDP 500 のフィルタリング、または対向のインターフェイスで IKE が無効、暗号マップ未適用、"
    "共通ポリシーなしのいずれかです。",
)


@rule(
    "peer-silent",
    "phase 1",
    "{peer} does not answer {message}",
    "{peer} が {message} に応答しません",
)
def peer_silent(case: Case) -> Finding | None:
    shown = case.stuck("MM_WAIT_MSG2")
    if shown:
        return finding(
            "likely", "MM2", [_UNANSWERED], next=(capture(case), debug_at_peer(case)), shown=shown, message="MM1"
        )
    for view in case.views:
        awaited = view.awaited
        last = view.last_sent
        if awaited is None or view.refused or view.peer_repeats or view.has(ev.NotifyReceived):
            continue
        if not _waits_in_vain(view, awaited) or view.unreadable:
            continue
        message = last.name if last is not None else awaited
        nothing = awaited == "MM2"
        because = [
            Text(
                f"{message} was sent {1 + len(view.repeated)} times and nothing came back.",
                f"{message} を {1 + len(view.repeated)} 回送りましたが、何も返ってきません。",
            )
        ]
        if nothing:
            because.append(_UNANSWERED)
        elif awaited[:2] == "QM":
            because.append(
                Text(
                    "Phase 1 is complete, so the peer is there; it drops the quick mode silently, or that is lost.",
                    "フェーズ 1 は完了しています。クイック モードが黙って破棄されたか、途中で失われました。",
                )
            )
        return finding(
            "likely" if nothing or awaited[:2] == "QM" or view.role == "responder" else "possible",
            awaited,
            because,
            _waiting_marks(view),
            spans=(
                end.entry.spans.get("set peer")
                for site, end in case.ends.items()
                if end.entry and site == case.site_of(view)
            ),
            next=(
                Text(f"`ping {view.peer}` from here", f"こちらから `ping {view.peer}`"),
                capture(case),
                debug_at_peer(case),
            ),
            message=message,
        )
    return _given_up_without_messages(case)


def _given_up_without_messages(case: Case) -> Finding | None:
    """A syslog below level 7 has no messages in it; that it began and was given up is all there is."""
    for view in case.views:
        over = view.indexes(ev.PeerTableRemovalFailed, ev.PeerTableEntryError)
        began = view.indexes(ev.NegotiationStarted)
        cause = view.refused or view.unreadable or view.has(ev.TunnelGroupMissing, ev.GroupNotFound)
        if view.rungs or cause or not over or not began:
            continue
        return finding(
            "possible",
            "",
            [
                Text(
                    "Phase 1 was begun and given up. This log does not say what was missing: with `debug crypto ikev1"
                    " 127` the state in the FSM error history would.",
                    "フェーズ 1 は開始後に中止されました。原因はこのログにありません。`debug crypto ikev1 127` の"
                    " FSM error history に状態が出ます。",
                )
            ],
            marks(view, (*began, *over)),
            next=(capture(case), debug_at_peer(case)),
            message="MM1",
        )
    return None
