"""Which findings stand: pastes cut anywhere, follow-on errors, masked keys, one diagnosis per cause, secrets kept."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode import events as ev
from mainmode.config.reader import read as read_config
from mainmode.events import Entry
from mainmode.explain import fixes, paste, shown
from mainmode.explain.diagnose import diagnose
from mainmode.explain.diagnosis import Fix
from mainmode.lab.run import LabResult, run
from mainmode.secret import Secret
from mainmode.words import read
from tests.mirror.mutations import MUTATIONS, Mutation
from tests.mirror.test_mirror import configuration, mutated, original, printed_and_read

STRIDE = 19
"""Every so many lines a paste is cut. A prime, so that the cuts fall elsewhere in each log."""


def lab(name: str, initiator: str = "a") -> tuple[LabResult, list[list[Entry]]]:
    mutation = next(one for one in MUTATIONS if one.name == name)
    result = run(
        configuration(mutated(mutation, "a"), "a.cfg"),
        configuration(mutated(mutation, "b"), "b.cfg"),
        initiator="a" if initiator == "a" else "b",
    )
    return result, [printed_and_read(site.entries) for site in result.sites]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_paste_cut_anywhere_names_no_wrong_cause_as_certain(mutation: Mutation) -> None:
    _, logs = lab(mutation.name)
    for log, acceptable in zip(logs, (mutation.initiator, mutation.responder), strict=True):
        right = (acceptable or {mutation.rule}) | {mutation.rule} | mutation.up
        for cut in range(0, len(log), STRIDE):
            for part in (log[:cut], log[cut:], log[cut // 2 : cut]):
                wrong = [d.rule for d in diagnose([part]) if d.failure and d.certainty == "certain"]
                assert set(wrong) <= right, f"cut at {cut} of {len(log)}"


def test_what_follows_from_a_cause_is_no_diagnosis_of_its_own() -> None:
    _, logs = lab("transform-set-3des-b")
    assert any(isinstance(entry.event, ev.CorrelatorRemovalFailed) for entry in logs[1])
    assert any(isinstance(entry.event, ev.SessionTornDown) for entry in logs[1])
    assert [one.rule for one in diagnose([logs[1]])] == ["transform-set-mismatch"]


def test_a_peer_that_offers_esp_only_with_compression_is_told_to_turn_it_off() -> None:
    _, logs = lab("transform-set-3des-b")
    # As it is with libreswan's compress=yes: the proposal is no ESP alone, so nothing in it is compared.
    log = [
        replace(entry, event=ev.ProtocolUnknown(4)) if isinstance(entry.event, ev.AttributeMismatch) else entry
        for entry in logs[1]
    ]
    (diagnosis,) = (one for one in diagnose([log]) if one.failure)
    assert (diagnosis.rule, diagnosis.certainty, diagnosis.fixes) == ("transform-set-mismatch", "certain", ())
    assert "compress=no" in diagnosis.explanation.en
    assert "IPCOMP" in diagnosis.headline.en


def until_event(log: list[Entry], kind: type[ev.Event]) -> list[Entry]:
    """The log up to the first of these, and with it."""
    at = next(index for index, entry in enumerate(log) if isinstance(entry.event, kind))
    return log[: at + 1]


def test_a_refusal_of_mm5_that_can_be_read_is_of_the_identity_because_the_keys_are_equal() -> None:
    _, logs = lab("key-other-b")
    sent_mm5 = [entry for entry in logs[0] if not isinstance(entry.event, ev.RefusalUnreadable)]
    last = max(i for i, entry in enumerate(sent_mm5) if isinstance(entry.event, ev.PayloadBuilt))
    refusal = replace(sent_mm5[last], event=ev.NotifyReceived("Authentication failed", 24))
    assert diagnose([[*sent_mm5[: last + 2], refusal]])[0].rule == "identity-mismatch"


@pytest.mark.parametrize(("later", "rules"), [(0.5, ["identity-mismatch"]), (40.0, [])])
def test_a_peer_that_leaves_at_once_after_mm6_does_not_take_the_identity_in_it(later: float, rules: list[str]) -> None:
    result = run(configuration(original("a"), "a.cfg"), configuration(original("b"), "b.cfg"))
    log = until_event(printed_and_read(result.sites[1].entries), ev.Phase1Completed)
    gone = ev.ConnectionTerminated(IPv4Address("10.0.0.1"), "Peer Terminate", None, None)
    log[-1] = replace(log[-1], at=100.0)
    log.append(replace(log[-1], event=gone, at=100.0 + later))
    assert [one.rule for one in diagnose([log]) if one.failure] == rules


def test_many_attempts_that_fail_alike_are_one_diagnosis_that_counts_them() -> None:
    _, logs = lab("policy-hash-md5-b")
    again = [replace(entry, at=None) for entry in logs[0]]
    (diagnosis,) = diagnose([again * 3])
    assert (diagnosis.rule, diagnosis.times) == ("policy-mismatch", 3)


def test_configurations_that_fit_and_logs_that_say_nothing_give_no_diagnosis() -> None:
    configs = [configuration(original("a"), "a.cfg"), configuration(original("b"), "b.cfg")]
    assert not diagnose([[], []], configs)


def test_a_masked_key_cannot_be_compared_and_is_never_said_to_differ() -> None:
    _, logs = lab("key-other-b")
    texts = [original("a"), original("b").replace("pre-shared-key cisco", "pre-shared-key *****")]
    configs = [configuration(text, name) for text, name in zip(texts, ("a.cfg", "b.cfg"), strict=True)]
    first = diagnose(logs, configs)[0]
    assert first.rule == "pre-shared-key-mismatch"
    assert first.certainty == "likely"
    assert "cannot be compared" in first.explanation.en
    assert "比較できません" in first.explanation.ja


def test_equal_keys_in_the_configurations_speak_against_different_keys() -> None:
    _, logs = lab("key-other-b")
    configs = [configuration(original("a"), "a.cfg"), configuration(original("b"), "b.cfg")]
    first = diagnose(logs, configs)[0]
    assert (first.rule, first.certainty) == ("pre-shared-key-mismatch", "possible")


def test_configurations_that_cannot_be_the_logs_own_accuse_nobody() -> None:
    """The log passed MM2, so a difference between the policies was not there when it was made."""
    _, logs = lab("key-other-b")
    mutation = next(one for one in MUTATIONS if one.name == "policy-hash-md5-b")
    configs = [configuration(mutated(mutation, "a"), "a.cfg"), configuration(mutated(mutation, "b"), "b.cfg")]
    assert "policy-mismatch" not in {one.rule for one in diagnose(logs, configs)}


def test_configurations_are_matched_to_logs_by_address_in_any_order() -> None:
    _, logs = lab("pfs-only-at-b")
    mutation = next(one for one in MUTATIONS if one.name == "pfs-only-at-b")
    a, b = configuration(mutated(mutation, "a"), "a.cfg"), configuration(mutated(mutation, "b"), "b.cfg")
    for order, site_of_a in ((([a, b]), "a"), (([b, a]), "b")):
        first = diagnose(logs, order)[0]
        assert first.rule == "pfs-mismatch"
        assert [fix.site for fix in first.fixes if fix.commands == ("crypto map MAP 10 set pfs group2",)] == [site_of_a]


def test_no_key_gets_into_a_diagnosis() -> None:
    result, logs = lab("key-other-b")
    configs = [site.config for site in result.sites]
    for diagnosis in diagnose(logs, configs):
        assert "cisco" not in repr(diagnosis)
        for fix in diagnosis.fixes:
            assert "cisco" not in "\n".join(fix.commands)


def test_a_fix_is_typed_after_the_configuration_with_its_key_in_clear() -> None:
    fix = Fix("b", ("tunnel-group 10.0.0.1 ipsec-attributes", " ikev1 pre-shared-key *****"), None, Secret(b"s3cret"))
    reading = read_config(fixes.apply(original("b"), fix), "b.cfg")
    assert not reading.errors
    assert reading.config.tunnel_groups["10.0.0.1"].pre_shared_key == Secret(b"s3cret")


def test_a_fix_with_words_to_fill_in_or_without_its_key_is_not_tried() -> None:
    def trial(a: str, b: str) -> bool:
        raise AssertionError("tried")

    texts = {"a": original("a"), "b": original("b")}
    for commands in ((" set peer <peer>",), (" ikev1 pre-shared-key *****",)):
        assert fixes.verify(Fix("a", commands), texts, trial).verified is None


def test_a_fix_that_does_not_help_is_marked_so() -> None:
    mutation = next(one for one in MUTATIONS if one.name == "key-other-b")
    texts = {"a": mutated(mutation, "a"), "b": mutated(mutation, "b")}

    def trial(a: str, b: str) -> bool:
        return run(configuration(a, "a.cfg"), configuration(b, "b.cfg")).established

    useless = Fix("a", ("crypto map MAP 10 set pfs group5",))
    assert fixes.verify(useless, texts, trial).verified is False


def test_two_faults_at_once_are_both_named_and_mended_together() -> None:
    faulty = [next(one for one in MUTATIONS if one.name == name) for name in ("key-other-b", "policy-hash-md5-b")]
    text = original("b")
    for mutation in faulty:
        for old, new in mutation.b:
            text = text.replace(old, new)
    texts = {"a": original("a"), "b": text}

    def tried(a: str, b: str) -> LabResult:
        return run(configuration(a, "a.cfg"), configuration(b, "b.cfg"))

    result = tried(texts["a"], texts["b"])
    logs = [printed_and_read(site.entries) for site in result.sites]
    found = diagnose(logs, [site.config for site in result.sites])
    assert [one.rule for one in found] == ["policy-mismatch", "pre-shared-key-mismatch"]
    assert not any(fixes.verify(one.fixes[0], texts, lambda a, b: tried(a, b).established).verified for one in found)
    together = fixes.verified(found, texts, lambda a, b: tried(a, b).established)
    assert [one.fixes[0].verified for one in together] == [True, True]


SHOWN = """\
1   IKE Peer: 10.0.0.2
    Type    : L2L             Role    : {role}
    Rekey   : no              State   : {state}
"""


@pytest.mark.parametrize(
    ("state", "role", "rule"),
    [
        ("MM_WAIT_MSG2", "initiator", "peer-silent"),
        ("MM_WAIT_MSG3", "responder", "responses-lost"),
        ("MM_WAIT_MSG4", "initiator", "no-tunnel-group"),
        ("MM_WAIT_MSG5", "responder", "pre-shared-key-mismatch"),
        ("MM_WAIT_MSG6", "initiator", "pre-shared-key-mismatch"),
        ("AM_WAIT_MSG2", "initiator", "mode-mismatch"),
    ],
)
def test_the_state_that_show_crypto_isakmp_sa_has_is_enough(state: str, role: str, rule: str) -> None:
    lines = enumerate(SHOWN.format(state=state, role=role).splitlines(), start=1)
    (diagnosis,) = diagnose([], shown=shown.read(lines))
    assert (diagnosis.rule, diagnosis.certainty) == (rule, "likely")
    assert diagnosis.evidence[0].line == 3


def test_an_active_ike_sa_is_no_fault() -> None:
    lines = enumerate(SHOWN.format(state="MM_ACTIVE", role="initiator").splitlines(), start=1)
    assert diagnose([], shown=shown.read(lines)) == []


CLEAR = [
    ev.ClearNotifyDropped("NO_PROPOSAL_CHOSEN"), ev.DuplicatePacket(1, True), ev.TunnelGroupMissing(),
    ev.Phase1ProposalsUnacceptable(), ev.MessageDecoded("SENDING", 0, (1, 13), 168), ev.Phase1Completed(),
    ev.MessageDecoded("RECEIVED", 0, (4, 10), 256), ev.MessageDecoded("RESENDING", 7, (8, 1, 10), 168),
    ev.NotifyReceived("No proposal chosen", 14), ev.DecryptionFailed(), ev.CryptoMapNotMatched(),
    ev.Phase2ProposalsUnacceptable(), ev.SessionTornDown("Lost Service"), ev.UnknownSaPacket(),
    ev.FsmHistory("MM", "initiator", 1, (("MM_DONE", "EV_ERROR"), ("MM_WAIT_MSG4", "EV_RETRY"))),
    ev.FsmHistory("QM", "responder", 1, ()), ev.NatDetected(True, False), ev.EstablishmentTimedOut("MM_WAIT_MSG"),
]  # fmt: skip
PEERS = [None, IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"), IPv4Address("192.0.2.1")]


@given(st.lists(st.lists(st.builds(Entry, st.sampled_from(CLEAR), st.sampled_from(PEERS)), max_size=12), max_size=3))
def test_diagnose_never_raises_and_names_a_cause_once(logs: list[list[Entry]]) -> None:
    configs = [configuration(original("a"), "a.cfg"), configuration(original("b"), "b.cfg")]
    for given_configs in ([], configs[:1], configs):
        for diagnosis in diagnose(logs, given_configs):
            assert diagnosis.headline.en
            assert diagnosis.headline.ja
            assert diagnosis.rule not in diagnosis.ruled_out


def test_read_lines_are_what_the_explainer_gets() -> None:
    line = "[IKEv1]: IP = 10.0.0.2, No crypto map bound to interface... dropping pkt"
    entry = read(line)
    assert entry is not None
    assert [one.rule for one in diagnose([[entry]])] == ["no-crypto-map-on-interface"]


REJECTED = (
    "PHASE 1 COMPLETED",
    "Tunnel Rejected: Conflicting protocols specified by tunnel-group and group-policy",
    "QM FSM error (P2 struct &0xcc1e0a10, mess id 0x3b2c1a9d)!",
)

IKEV2_ONLY = """group-policy SITES internal
group-policy SITES attributes
 vpn-tunnel-protocol ikev2 ssl-client
tunnel-group 10.0.0.2 general-attributes
 default-group-policy SITES
"""


def test_a_group_policy_without_ikev1_gets_it_beside_what_it_allows_already() -> None:
    config = read_config(original("a") + IKEV2_ONLY, "a.cfg").config
    said = [read(f"[IKEv1]: Group = 10.0.0.2, IP = 10.0.0.2, {line}") for line in REJECTED]
    log = [entry for entry in said if entry is not None]
    (found,) = diagnose([log], [config])
    assert (found.rule, found.certainty) == ("tunnel-protocol-not-allowed", "certain")
    assert [span.text.strip() for span in found.config] == ["vpn-tunnel-protocol ikev2 ssl-client"]
    assert found.fixes[0].commands == ("group-policy SITES attributes", " vpn-tunnel-protocol IPSec ikev2 ssl-client")


def test_an_ios_that_refuses_every_policy_for_want_of_a_key_wants_the_key() -> None:
    said = """*Mar  1 00:12:33.123: ISAKMP:(0): received packet from 10.0.0.1 dport 500 sport 500 Global (R) MM_NO_STATE
*Mar  1 00:12:33.127: ISAKMP:(0):No pre-shared key with 10.0.0.1!
*Mar  1 00:12:33.127: ISAKMP:(0):Preshared authentication offered but does not match policy!
*Mar  1 00:12:33.131: ISAKMP:(0):no offers accepted!
*Mar  1 00:12:33.131: ISAKMP:(0): phase 1 SA policy not acceptable! (local 10.0.0.2 remote 10.0.0.1)
"""
    source = paste.read_source(said.splitlines(), "ios.log")
    assert source.unread_count == 0
    assert [one.rule for one in diagnose([source.entries])] == ["no-tunnel-group"]
