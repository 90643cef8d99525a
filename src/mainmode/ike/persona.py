"""What a kind of box says about itself: vendor ids per message, NAT-T versions, keepalives, retransmission times.

A persona is data; the negotiation asks it and never asks which one it is. `ASA` is the default. `IOS` is the 12.4T
router that stood at the far end of the source document: its messages are known from what the ASA printed on receiving
them (document, MM1 received: 164 bytes, four vendor ids; MM4 received: Unity, DPD, IOS, xauth).
"""

from __future__ import annotations

from dataclasses import dataclass

RFC3947 = "NAT-Traversal RFC"
DRAFT07 = "draft-ietf-ipsec-nat-t-ike-07"
DRAFT03 = "NAT-Traversal ver 03"
DRAFT02 = "NAT-Traversal ver 02"


@dataclass(frozen=True, slots=True)
class Persona:
    name: str
    nat_t_offer: tuple[str, ...]
    """NAT traversal vendor ids in MM1, in order."""
    nat_t_answer: tuple[str, ...]
    """Which one MM2 answers with: the first of these that was offered."""
    fragmentation: bool
    """Whether MM1 and MM2 carry the fragmentation vendor id."""
    kinds_as_initiator: tuple[str, ...]
    """Vendor ids of MM3, in order: `unity`, `dpd`, `ios`, `xauth`, `altiga`."""
    kinds_as_responder: tuple[str, ...]
    """Vendor ids of MM4, in order."""
    ios_capabilities_as_initiator: int
    ios_capabilities_as_responder: int
    dpd_in_authentication: bool
    """Whether the DPD vendor id stands in MM5/MM6 (the ASA) rather than in MM3/MM4 (IOS)."""
    ios_keepalive: bool
    """Whether MM5/MM6 carry Cisco's keepalive payload to a peer that presented an IOS vendor id."""
    initial_contact: bool
    """Whether the first QM1 with a peer carries INITIAL-CONTACT."""
    retransmit_after: tuple[float, ...]
    """Seconds from one send of a message to the next."""
    give_up_after: float
    """Seconds from the last send to giving up."""
    qm3_excess: int
    """Octets by which the printed length of a sent QM3 exceeds its payloads (document: 76 for 28 + 24; unexplained)."""


ASA = Persona(
    name="asa",
    nat_t_offer=(DRAFT02, DRAFT03, RFC3947),
    # The document's ASA logged the peer's RFC 3947 and answered with draft 02 (FACTS §1.5).
    nat_t_answer=(DRAFT02, DRAFT03, RFC3947),
    fragmentation=True,
    kinds_as_initiator=("unity", "xauth", "ios", "altiga"),
    kinds_as_responder=("unity", "xauth", "ios", "altiga"),
    ios_capabilities_as_initiator=0x20000001,
    ios_capabilities_as_responder=0x20000001,
    dpd_in_authentication=True,
    ios_keepalive=True,
    initial_contact=True,
    # ike-scan's backoff table: "Cisco VPN Concentrator or PIX 7.0: 0, 8, 8, 8".
    retransmit_after=(8.0, 8.0, 8.0),
    give_up_after=8.0,
    qm3_excess=24,
)

IOS = Persona(
    name="ios",
    nat_t_offer=(RFC3947, DRAFT07, DRAFT03, DRAFT02),
    nat_t_answer=(RFC3947, DRAFT03, DRAFT02),
    fragmentation=False,
    kinds_as_initiator=("dpd", "ios", "xauth"),
    kinds_as_responder=("unity", "dpd", "ios", "xauth"),
    ios_capabilities_as_initiator=0x00000F6F,
    ios_capabilities_as_responder=0x00000F7F,
    dpd_in_authentication=False,
    ios_keepalive=False,
    initial_contact=False,
    # ike-scan's backoff table: IOS 12.1 to 12.4 sends six times, ten seconds apart.
    retransmit_after=(10.0, 10.0, 10.0, 10.0, 10.0),
    give_up_after=10.0,
    qm3_excess=0,
)

PERSONAS: dict[str, Persona] = {persona.name: persona for persona in (ASA, IOS)}
