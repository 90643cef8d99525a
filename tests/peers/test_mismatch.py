"""Everything that two sites can configure differently, against strongSwan: what our debug says, in both roles.

strongSwan's answers are those that were recorded before for two strongSwans; what an ASA prints about them is the
catalogue's. One mismatch is one row. Our debug is then explained, with our configuration beside it, as a user would.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.peers.charon import RELEASES, Charon, Wishes, peer
from tests.peers.ours import Ours, configuration
from tests.peers.page import Ran
from tests.peers.world import SOON, World, until

pytestmark = [pytest.mark.peer, pytest.mark.namespaces]

MAINMODE = str(Path(sys.executable).parent / "mainmode")
NETWORKS = "192.168.1.0 255.255.255.0 192.168.2.0 255.255.255.0"
REFUSED_MM1 = "Received an un-encrypted NO_PROPOSAL_CHOSEN notify message, dropping"
REFUSED_PROPOSAL = "Received non-routine Notify message: No proposal chosen (14)"
REFUSED_PROXIES = "Received non-routine Notify message: Invalid ID info (18)"
PROPOSAL = "transform-set-mismatch or pfs-mismatch"
"""An initiator is told the same for both: its own debug and configuration cannot tell which."""
MISMATCH = "Mismatched attribute types for class"


@dataclass(frozen=True)
class Row:
    name: str
    as_initiator: tuple[str, ...]
    """Lines of our debug, in order, when we ask."""
    as_responder: tuple[str, ...]
    """Likewise when strongSwan asks."""
    rules: tuple[str, str]
    """What `explain` names for our debug, as initiator and as responder."""
    ours: dict[str, Any] = field(default_factory=dict)
    """What differs from `configuration`."""
    theirs: dict[str, Any] = field(default_factory=dict)
    """What differs from `Wishes`."""


ROWS = [
    Row(
        "the cipher of phase 1",
        (REFUSED_MM1,),
        (
            f"Phase 1 failure:  {MISMATCH} Encryption Alg:  Rcv'd: AES-CBC-128  Cfg'd: 3DES-CBC",
            "All SA proposals found unacceptable",
        ),
        ("policy-mismatch", "policy-mismatch"),
        theirs={"ike": "aes128-sha1-modp1024"},
    ),
    Row(
        "the hash of phase 1",
        (REFUSED_MM1,),
        (f"Phase 1 failure:  {MISMATCH} Hash Alg:  Rcv'd: MD5  Cfg'd: SHA", "All SA proposals found unacceptable"),
        ("policy-mismatch", "policy-mismatch"),
        theirs={"ike": "3des-md5-modp1024"},
    ),
    Row(
        "the group of phase 1",
        (REFUSED_MM1,),
        (
            f"Phase 1 failure:  {MISMATCH} Group Description:  Rcv'd: Group 5  Cfg'd: Group 2",
            "All SA proposals found unacceptable",
        ),
        ("policy-mismatch", "policy-mismatch"),
        theirs={"ike": "3des-sha1-modp1536"},
    ),
    Row(
        # strongSwan tells in a message encrypted with its own key, which is not ours.
        "the pre-shared key",
        (
            "SENDING Message (msgid=0) with payloads : HDR + ID (5) + HASH (8)",
            "Received encrypted Oakley Informational packet with invalid payloads, MessID = ",
            "RESENDING Message (msgid=0)",
        ),
        (
            "Received encrypted Oakley Main Mode packet with invalid payloads, MessID = 0",
            "ERROR, had problems decrypting packet, probably due to mismatched pre-shared key.  Aborting",
        ),
        ("pre-shared-key-mismatch", "pre-shared-key-mismatch"),
        theirs={"psk": "cisc0"},
    ),
    Row(
        "the identity the peer expects of us",
        ("Received non-routine Notify message: Authentication failed (24)",),
        ("PHASE 1 COMPLETED", "Connection terminated for peer 10.0.0.2.  Reason: Peer Terminate"),
        ("identity-mismatch", "identity-mismatch"),
        theirs={"remote_id": "10.9.9.9"},
    ),
    Row(
        "the transform-set",
        ("PHASE 1 COMPLETED", REFUSED_PROPOSAL, "QM FSM error"),
        (
            f"Phase 2 failure: {MISMATCH} Encryption Alg:  Rcv'd: esp-3des  Cfg'd: esp-aes",
            "All IPSec SA proposals found unacceptable!",
            "QM FSM error",
            "Session is being torn down. Reason: Phase 2 Mismatch",
        ),
        (PROPOSAL, "transform-set-mismatch"),
        theirs={"esp": "3des-sha1"},
    ),
    Row(
        "PFS on our side only",
        (REFUSED_PROPOSAL, "QM FSM error"),
        (
            f"Phase 2 failure: {MISMATCH} Group Description:  Rcv'd: None  Cfg'd: Group 2",
            "All IPSec SA proposals found unacceptable!",
            "Session is being torn down. Reason: Phase 2 Mismatch",
        ),
        (PROPOSAL, "pfs-mismatch"),
        ours={"entry": ("set pfs group2",)},
    ),
    Row(
        # An ASA that is not told to want PFS takes it when it is offered.
        "PFS on the peer's side only",
        (REFUSED_PROPOSAL, "QM FSM error"),
        ("PHASE 2 COMPLETED",),
        (PROPOSAL, "nothing to mend"),
        theirs={"esp": "aes128-sha1-modp1024"},
    ),
    Row(
        "the group of PFS",
        (REFUSED_PROPOSAL, "QM FSM error"),
        (
            f"Phase 2 failure: {MISMATCH} Group Description:  Rcv'd: Group 2  Cfg'd: Group 5",
            "All IPSec SA proposals found unacceptable!",
            "Session is being torn down. Reason: Phase 2 Mismatch",
        ),
        (PROPOSAL, "pfs-mismatch"),
        ours={"entry": ("set pfs group5",)},
        theirs={"esp": "aes128-sha1-modp1024"},
    ),
    Row(
        "the protocol of the access-list",
        (REFUSED_PROXIES, "QM FSM error"),
        (
            "map = MAP, seq = 10, ACL does not match proxy IDs src:192.168.2.0 dst:192.168.1.0",
            "Rejecting IPSec tunnel: no matching crypto map entry for remote proxy 192.168.2.0/255.255.255.0/6/0 "
            "local proxy 192.168.1.0/255.255.255.0/6/0 on interface outside",
            "Session is being torn down. Reason: crypto map policy not found",
        ),
        ("proxy-identity-mismatch", "proxy-identity-mismatch"),
        ours={"access_list": (f"icmp {NETWORKS}",)},
        theirs={"local_ts": "192.168.2.0/24[tcp]", "remote_ts": "192.168.1.0/24[tcp]"},
    ),
    Row(
        "the network of the access-list",
        (REFUSED_PROXIES, "QM FSM error"),
        (
            "map = MAP, seq = 10, ACL does not match proxy IDs src:192.168.2.0 dst:192.168.3.0",
            "Rejecting IPSec tunnel: no matching crypto map entry",
            "Session is being torn down. Reason: crypto map policy not found",
        ),
        ("proxy-identity-mismatch", "proxy-identity-mismatch"),
        theirs={"remote_ts": "192.168.3.0/24"},
    ),
]


@pytest.fixture(scope="module", params=RELEASES)
def charon(world: World, request: pytest.FixtureRequest) -> Iterator[Charon]:
    other = peer(world, request.param)
    yield other
    other.stop()


def explained(gateway: Ours) -> str:
    """The rules that `mainmode explain` names, the likeliest first, if it finds a failure."""
    command = (MAINMODE, "explain", str(gateway.log), "--config", str(gateway.config), "--format", "json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)["diagnoses"]
    return " or ".join(one["rule"] for one in found) if done.returncode else "nothing to mend"


def exchanged(said: str, role: str) -> str:
    """What charon sent at last, or received where it began: the notification, as its log has it, or what it did."""
    if role == "initiator":
        sent = re.findall(r"generating INFORMATIONAL_V1 request \d+ \[ (.*) \]", said)
        # That it lives it says whenever we ask.
        return next((f"sent {one}" for one in reversed(sent) if "N(" in one and "DPD" not in one), "sent nothing")
    heard = re.findall(r"received (\S+) error notify", said)
    return f"received {heard[-1]}" if heard else "received nothing"


@pytest.mark.parametrize("role", ["initiator", "responder"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_mismatch_is_said_as_an_asa_says_it_and_explained(
    world: World, charon: Charon, ran: Ran, row: Row, role: str
) -> None:
    expected = row.as_initiator if role == "initiator" else row.as_responder
    in_order = re.compile(".*".join(map(re.escape, expected)), re.DOTALL)
    rule = row.rules[role == "responder"]
    gateway = Ours(world, configuration(**row.ours))
    charon.load(Wishes(**row.theirs))
    before = len(charon.said())
    try:
        if role == "initiator":
            world.ping("ha", "192.168.2.1", wait=0.5)
        else:
            charon.initiate(timeout=2)
        # The longest wait is for the first repetition, eight seconds after the message.
        until(lambda: in_order.search(gateway.said()), SOON, f"{expected} in\n{gateway.said()}")
        assert ("PHASE 2 COMPLETED" in gateway.said()) == ("PHASE 2 COMPLETED" in expected)
        assert explained(gateway) == rule, gateway.said()
        answer = exchanged(charon.said()[before:], role)
    finally:
        gateway.stop()
        charon.control("--terminate", "--ike", "site", "--force", "--timeout", "1")
    ran("Mismatches", charon.column(role), row.name, f"{answer} → {rule}")


def test_a_narrower_selector_within_the_peers_is_taken(world: World, charon: Charon, ran: Ran) -> None:
    gateway = Ours(world, configuration(access_list=(f"icmp {NETWORKS}",)))
    charon.load(Wishes())
    assert world.ping("ha", "192.168.2.1") == 1
    assert "192.168.2.0/24[icmp]" in charon.sas()
    gateway.stop()
    charon.control("--terminate", "--ike", "site", "--force", "--timeout", "1")
    ran("Mismatches", charon.column("initiator"), "our crypto ACL lies within the peer's selector", "taken as it is")
