"""The nine messages of main mode and quick mode as one table: who receives what in which state, and what comes next.

Pure data. The engine drives every negotiation by it (`ike/`), the payload check is generated from it, and the
explainer asks it what should have come next. Pictures are in the RFC's notation: `*` encrypted, `[ ]` optional
(RFC 2409 §5, §5.5). States have the ASA's names: they say what the box waits for.
"""

from __future__ import annotations

from dataclasses import dataclass

from mainmode.events import Role

MAIN_MODE = 2
AGGRESSIVE_MODE = 4
INFORMATIONAL = 5
QUICK_MODE = 32
"""Exchange types (RFC 2408 §3.1, RFC 2409 appendix A)."""

SA, KE, ID, CERT, CERT_REQ, HASH, NONCE, NOTIFY, DELETE, VENDOR = 1, 4, 5, 6, 7, 8, 10, 11, 12, 13
NAT_D, NAT_OA, NAT_D_DRAFT, NAT_OA_DRAFT, IOS_KEEPALIVE, FRAGMENT = 20, 21, 130, 131, 128, 132
"""Payload numbers (RFC 2408 §3.1, RFC 3947 §3.2; the drafts' and Cisco's are private-use numbers)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One message at its receiver."""

    message: str
    receiver: Role
    state: str
    """The receiver's state before the message, in the words of `show crypto isakmp sa`."""
    exchange: int
    encrypted: bool
    once: frozenset[int]
    """Payloads that must be there exactly once."""
    optional: frozenset[int]
    """Payloads that may be there besides."""
    single: frozenset[int]
    """Optional payloads that must not be there twice."""
    answer: str | None
    """The message this one is answered with."""
    next_state: str
    """The receiver's state once the message is accepted and answered."""
    picture: str


_PHASE1_EXTRAS = frozenset({VENDOR, NOTIFY, CERT_REQ})
_NAT = frozenset({NAT_D, NAT_D_DRAFT})

STEPS: tuple[Step, ...] = (
    Step(
        "MM1", "responder", "MM_START", MAIN_MODE, False,
        frozenset({SA}), frozenset({VENDOR}), frozenset(),
        "MM2", "MM_WAIT_MSG3", "HDR, SA, [VID…]  -->",
    ),
    Step(
        "MM2", "initiator", "MM_WAIT_MSG2", MAIN_MODE, False,
        frozenset({SA}), _PHASE1_EXTRAS, frozenset(),
        "MM3", "MM_WAIT_MSG4", "<--  HDR, SA, [VID…]",
    ),
    Step(
        "MM3", "responder", "MM_WAIT_MSG3", MAIN_MODE, False,
        frozenset({KE, NONCE}), _PHASE1_EXTRAS | _NAT, frozenset(),
        "MM4", "MM_WAIT_MSG5", "HDR, KE, Ni, [VID…], [NAT-D, NAT-D…]  -->",
    ),
    Step(
        "MM4", "initiator", "MM_WAIT_MSG4", MAIN_MODE, False,
        frozenset({KE, NONCE}), _PHASE1_EXTRAS | _NAT, frozenset(),
        "MM5", "MM_WAIT_MSG6", "<--  HDR, KE, Nr, [VID…], [NAT-D, NAT-D…]",
    ),
    Step(
        "MM5", "responder", "MM_WAIT_MSG5", MAIN_MODE, True,
        frozenset({ID, HASH}), _PHASE1_EXTRAS | {IOS_KEEPALIVE}, frozenset(),
        "MM6", "MM_ACTIVE", "HDR*, IDii, HASH_I, [KEEPALIVE], [VID…], [N]  -->",
    ),
    Step(
        "MM6", "initiator", "MM_WAIT_MSG6", MAIN_MODE, True,
        frozenset({ID, HASH}), _PHASE1_EXTRAS | {IOS_KEEPALIVE}, frozenset(),
        None, "MM_ACTIVE", "<--  HDR*, IDir, HASH_R, [KEEPALIVE], [VID…], [N]",
    ),
    Step(
        "QM1", "responder", "QM_START", QUICK_MODE, True,
        frozenset({HASH, SA, NONCE}), frozenset({KE, ID, NOTIFY, VENDOR, NAT_OA, NAT_OA_DRAFT}), frozenset({KE}),
        "QM2", "QM_WAIT_MSG3", "HDR*, HASH(1), SA, Ni, [KE], [IDci, IDcr], [N]  -->",
    ),
    Step(
        "QM2", "initiator", "QM_WAIT_MSG2", QUICK_MODE, True,
        frozenset({HASH, SA, NONCE}), frozenset({KE, ID, NOTIFY, VENDOR, NAT_OA, NAT_OA_DRAFT}), frozenset({KE}),
        "QM3", "QM_DONE", "<--  HDR*, HASH(2), SA, Nr, [KE], [IDci, IDcr], [N]",
    ),
    Step(
        "QM3", "responder", "QM_WAIT_MSG3", QUICK_MODE, True,
        frozenset({HASH}), frozenset({NOTIFY, VENDOR}), frozenset(),
        None, "QM_DONE", "HDR*, HASH(3)  -->",
    ),
)  # fmt: skip

BY_STATE: dict[tuple[Role, str], Step] = {(step.receiver, step.state): step for step in STEPS}
BY_MESSAGE: dict[str, Step] = {step.message: step for step in STEPS}
MESSAGES: tuple[str, ...] = tuple(step.message for step in STEPS)


def fault(step: Step, payloads: tuple[int, ...]) -> str | None:
    """What is wrong with these payload numbers for this message, in a few words; None when they are in order.

    HASH must come first and SA right behind it in quick mode (RFC 2409 §5.5), SA first in MM1 and MM2 (§5.4).
    Private-use payloads (128 and up) that the table does not name are passed over: they are somebody's extension.
    """
    for number in step.once:
        if payloads.count(number) != 1:
            return f"{step.message} needs exactly one payload {number}"
    for number in payloads:
        if number not in step.once and number not in step.optional and number < 128:
            return f"{step.message} has no place for payload {number}"
    for number in step.single:
        if payloads.count(number) > 1:
            return f"{step.message} takes payload {number} once"
    if step.exchange == QUICK_MODE:
        if payloads[0] != HASH or (SA in step.once and payloads[1] != SA):
            return f"{step.message} must begin with HASH" + (", SA" if SA in step.once else "")
        if payloads.count(ID) not in (0, 2):
            return f"{step.message} takes two identities or none"
    elif SA in step.once and payloads[0] != SA:
        return f"{step.message} must begin with SA"
    return None
