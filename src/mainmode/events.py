"""What can happen to an ASA's IKE and IPsec, as an ASA would mention it. Knows no wording and no bytes.

The gateway makes these, `words` prints them and reads them back, the explainer reasons about them. The docstring of a
class is the explanation shown to a user who asks what the line means, so it says what happened, not how we say it.

Numbers are plain integers (SPIs, message ids, payload numbers); `words` decides how they look. Names that an ASA itself
prints inside a line (a payload's name, a vendor's name, a reason) are strings in the ASA's own spelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from mainmode.span import Span

Role = Literal["initiator", "responder"]
Direction = Literal["inbound", "outbound"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as an ASA would mention it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in its place."""

    event: Event
    peer: IPv4Address | None = None
    """The other gateway: `IP = 10.0.0.2`."""
    group: str | None = None
    """The tunnel-group, once it is chosen: `Group = 10.0.0.2`."""
    at: float | None = None
    """Seconds: live, the clock that was handed in; pasted, the line's timestamp if it had one."""
    where: Span | None = None
    """Where the line stands in a paste; None when it happened here."""
    user: str | None = None
    """`Username = …`: of remote access, read from pastes; of a tunnel between gateways, the name of its group."""


@dataclass(frozen=True, slots=True)
class ProxyId:
    """One end of a proxy identity: the addresses, protocol and port an IPsec SA is for (RFC 2407 §4.6.2)."""

    address: IPv4Address
    mask: IPv4Address
    """A netmask; 255.255.255.255 for a host, and for a range, whose end is `last`."""
    protocol: int = 0
    """IP protocol number, 0 for any."""
    port: int = 0
    last: IPv4Address | None = None


# --- a packet wants out -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyAcquireReceived(Event):
    """Traffic matched a crypto map and there is no IPsec SA for it yet: the data plane asks IKE for one."""

    spi: int = 0


@dataclass(frozen=True, slots=True)
class CryptoMapLookup(Event):
    """A packet leaves through an interface with a crypto map, and its addresses are looked up there.

    For ICMP both ports are the echo identifier. Without this line no traffic ever reached the crypto map.
    """

    protocol: int
    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int


@dataclass(frozen=True, slots=True)
class CryptoMapMatched(Event):
    """The packet is permitted by this entry's access-list: the entry's peer is the one to talk to."""

    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class CryptoMapSkipped(Event):
    """The packet is not selected by the access-list of this entry, so the next one is tried."""

    map: str
    sequence: int
    access_list: str


@dataclass(frozen=True, slots=True)
class CryptoMapIncomplete(Event):
    """The entry names no peer or no transform set, so it cannot be used."""

    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class CryptoMapNotMatched(Event):
    """No entry of the crypto map selects the packet: it is not for any tunnel."""


@dataclass(frozen=True, slots=True)
class TunnelManagerDispatched(Event):
    """The tunnel manager (8.4 and later) hands the request for keys to IKEv1."""

    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class TunnelManagerUnsuccessful(Event):
    """The tunnel manager (8.4 and later) was told that this version of IKE brought up no tunnel."""

    version: Literal["IKEv1", "IKEv2"]
    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class TunnelManagerFailed(Event):
    """No version of IKE that the crypto map entry allows brought up a tunnel. The cause stands before."""

    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Ikev2NotConfigured(Event):
    """The crypto map has no IKEv2 proposal, so only IKEv1 is tried. Harmless on an IKEv1 tunnel."""


@dataclass(frozen=True, slots=True)
class NegotiationStarted(Event):
    """This box is the initiator: it begins a phase 1 or phase 2 with the peer of the matched crypto map entry."""

    what: str
    """`New Phase 1`, `New Phase 2`, `Rekeying Phase 1` or `Rekeying Phase 2`."""
    interface: str
    """The interface the traffic came in by."""
    remote_peer: IPv4Address
    local_proxy: IPv4Address | None
    remote_proxy: IPv4Address | None
    map: str | None


@dataclass(frozen=True, slots=True)
class KeyAcquireQueued(Event):
    """More traffic wants a tunnel while phase 1 is still being negotiated; it waits. Repeated: phase 1 never ends."""


@dataclass(frozen=True, slots=True)
class KeyAcquireDequeued(Event):
    """Phase 1 is complete and the requests that waited for it are taken up."""


@dataclass(frozen=True, slots=True)
class DataDiscarded(Event):
    """A packet arrived for a tunnel that is still being negotiated, and was discarded."""

    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class PeerAddressMissing(Event):
    """The crypto map entry for this destination names no peer."""

    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class PeerIsOurselves(Event):
    """`set peer` names this box's own interface address."""

    address: IPv4Address


@dataclass(frozen=True, slots=True)
class InitiatorPolicyMissing(Event):
    """No policy could be found to initiate with for these addresses."""

    interface: str
    source: IPv4Address
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class OutputInterfaceMissing(Event):
    """There is no route, hence no interface, towards the peer."""

    interface: str


# --- messages -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageDecoded(Event):
    """An ISAKMP message was sent, received or sent again: its payloads in order and its length.

    The length is what an ASA prints: the header and the payloads, without the padding that encryption adds.
    """

    direction: Literal["SENDING", "RECEIVED", "RESENDING"]
    message_id: int
    payloads: tuple[int, ...]
    """Payload numbers in order, without the closing NONE (0)."""
    length: int
    """Octets; 0 for a pasted line that was cut before it."""


@dataclass(frozen=True, slots=True)
class PacketReceived(Event):
    """A datagram for IKE arrived (later releases, high debug levels)."""

    local: IPv4Address
    local_port: int
    remote: IPv4Address
    remote_port: int


@dataclass(frozen=True, slots=True)
class PayloadBuilt(Event):
    """A payload was put into the message that will be sent next."""

    payload: str
    """The ASA's name for it: `ISAKMP SA`, `NAT-Traversal VID ver 02`, `ke`, `nonce`, `ID`, `hash`, `blank hash`, …"""


@dataclass(frozen=True, slots=True)
class ProxyIdBuilt(Event):
    """The proxy identities (which traffic the SA is for) were put into the message. They come from the access-list."""


@dataclass(frozen=True, slots=True)
class NotifyBuilt(Event):
    """A notification about a quick mode was put into an informational message: the peer is told why not."""

    message_id: int


@dataclass(frozen=True, slots=True)
class NotifySending(Event):
    """A notification is being sent to the peer."""


@dataclass(frozen=True, slots=True)
class PayloadProcessed(Event):
    """A payload of the received message is being looked at."""

    payload: str
    """The ASA's name for it: `SA`, `IKE SA`, `VID`, `ke`, `ISA_KE`, `nonce`, `NAT-Discovery`, `ID`, `hash`, …"""


@dataclass(frozen=True, slots=True)
class ProposalAcceptable(Event):
    """The form of the phase 1 proposal is in order. On the responder this is not yet the match with a policy."""


@dataclass(frozen=True, slots=True)
class Phase1ProposalAccepted(Event):
    """An offered phase 1 transform equals one of our policies."""

    proposal: int
    transform: int
    entry: int
    """The ordinal in the box's internal list, not the policy's number."""


@dataclass(frozen=True, slots=True)
class VendorIdReceived(Event):
    """The peer says which features or what kind of box it is."""

    vendor: str
    """`NAT-Traversal RFC`, `NAT-Traversal ver 02`, `Fragmentation`, `Cisco Unity client`, `DPD`, `xauth V6`, …"""


@dataclass(frozen=True, slots=True)
class VendorIdSent(Event):
    """This box says what kind of box it is."""

    vendor: str


@dataclass(frozen=True, slots=True)
class FragmentationOffered(Event):
    """The peer can take ISAKMP messages in fragments, in these exchanges."""

    main_mode: bool
    aggressive_mode: bool


@dataclass(frozen=True, slots=True)
class IosVendorIdBuilt(Event):
    """The ASA presents itself as an IOS box, so that IOS peers use their features with it."""

    version: str
    capabilities: int


@dataclass(frozen=True, slots=True)
class IosVendorIdProcessed(Event):
    """The peer is an IOS or PIX/ASA box of this version, with these capabilities."""

    version: str
    capabilities: int


@dataclass(frozen=True, slots=True)
class NatDiscoveryHashed(Event):
    """The hash of an address and port, by which both ends find out whether a NAT stands between them (RFC 3947)."""


@dataclass(frozen=True, slots=True)
class NatDiscoveryMissing(Event):
    """The peer announced NAT traversal and then sent no NAT-D payloads; NAT traversal is given up."""


@dataclass(frozen=True, slots=True)
class NatDetected(Event):
    """Who is behind a NAT. If either end is, IKE moves to UDP 4500 and ESP is carried in UDP."""

    remote: bool
    local: bool


@dataclass(frozen=True, slots=True)
class TunnelGroupLanded(Event):
    """The tunnel-group, and with it the pre-shared key, was chosen by the peer's address."""

    name: str


@dataclass(frozen=True, slots=True)
class KeysGenerated(Event):
    """SKEYID and its kin were computed. The pre-shared key went in here; whether it is right shows in MM5 and MM6."""

    role: Role


@dataclass(frozen=True, slots=True)
class IsakmpHashComputed(Event):
    """HASH_I or HASH_R was computed: the proof that this end knows the pre-shared key."""


@dataclass(frozen=True, slots=True)
class IosKeepaliveBuilt(Event):
    """Cisco's own keepalive payload was put into the message; only for peers that presented an IOS vendor id."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class IosKeepaliveProcessed(Event):
    """Cisco's own keepalive payload came from the peer."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class IosKeepaliveMonitored(Event):
    """The peer's keepalives are now expected in this interval."""

    seconds: int


@dataclass(frozen=True, slots=True)
class IosKeepaliveIgnored(Event):
    """Cisco's own keepalive payload came from a peer that had not said it knows it."""


@dataclass(frozen=True, slots=True)
class IosKeepaliveMalformed(Event):
    """Cisco's own keepalive payload came and could not be read."""


@dataclass(frozen=True, slots=True)
class AddressIdReceived(Event):
    """The peer identified itself by an address; in quick mode, a proxy identity that is one host."""

    address: IPv4Address


@dataclass(frozen=True, slots=True)
class SubnetIdReceived(Event):
    """A proxy identity of the peer: a network."""

    address: IPv4Address
    mask: IPv4Address


@dataclass(frozen=True, slots=True)
class RangeIdReceived(Event):
    """A proxy identity of the peer: a range of addresses."""

    first: IPv4Address
    last: IPv4Address


@dataclass(frozen=True, slots=True)
class NameIdReceived(Event):
    """The peer identified itself by a name, or by a key id. The line gives its length; the bytes follow as a dump."""

    type: str
    """`ID_FQDN`, `ID_USER_FQDN`, `ID_KEY_ID` or `ID_DER_ASN1_DN`."""
    length: int


# --- phase 1 done -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phase1Completed(Event):
    """Main mode is done: both ends proved the pre-shared key. From here only phase 2 can fail."""


@dataclass(frozen=True, slots=True)
class KeepaliveAgreed(Event):
    """How the two ends will notice that the other has gone."""

    type: str
    """`DPD` or `None`."""


@dataclass(frozen=True, slots=True)
class KeepaliveUnsupported(Event):
    """Keepalives are configured here and the peer knows none. Harmless."""


@dataclass(frozen=True, slots=True)
class Phase1RekeyTimer(Event):
    """When the IKE SA will be renewed: 95 % of its lifetime at the initiator, 75 % at the responder."""

    seconds: int


@dataclass(frozen=True, slots=True)
class DefaultGroupPolicyRetrieved(Event):
    """The tunnel-group's default group-policy was looked up."""

    policy: str
    user: str


# --- phase 2 ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuickModeBegun(Event):
    """The initiator turns to phase 2."""


@dataclass(frozen=True, slots=True)
class QuickModeStarting(Event):
    """A quick mode begins; its message id tells it from others under the same IKE SA."""

    role: Role
    message_id: int


@dataclass(frozen=True, slots=True)
class SpiRequested(Event):
    """The responder asks the data plane for the SPI of its inbound SA."""


@dataclass(frozen=True, slots=True)
class SpiObtained(Event):
    """The data plane gave the SPI under which the peer will send to us."""

    spi: int


@dataclass(frozen=True, slots=True)
class QuickModeConstructed(Event):
    """The quick mode message is being put together."""


@dataclass(frozen=True, slots=True)
class FinalQuickModeConstructed(Event):
    """The initiator's closing quick mode message is being put together."""


@dataclass(frozen=True, slots=True)
class ProxyIdsTransmitted(Event):
    """The traffic this SA is asked for, as sent to the peer. It must be the mirror image of the peer's access-list."""

    role: Role
    """The initiator's line names the local side first, the responder's the remote: payload order."""
    local: ProxyId
    remote: ProxyId


@dataclass(frozen=True, slots=True)
class InitialContactSent(Event):
    """This is the first SA with the peer: it may forget older ones (RFC 2407 §4.6.3.3)."""


@dataclass(frozen=True, slots=True)
class QuickModeSent(Event):
    """The 1st, 2nd or 3rd quick mode packet is about to be sent."""

    ordinal: Literal[1, 2, 3]
    message_id: int


@dataclass(frozen=True, slots=True)
class ProxyIdReceived(Event):
    """One end of the traffic the peer asks for: compare with the access-list of the crypto map entry."""

    side: Literal["local", "remote"]
    proxy: ProxyId


@dataclass(frozen=True, slots=True)
class OldSaNotFound(Event):
    """There is no older SA for this traffic: a fresh one, not a rekey."""


@dataclass(frozen=True, slots=True)
class DuplicateSaFound(Event):
    """There is an older SA for this traffic; it will be replaced."""

    address: IPv4Address


@dataclass(frozen=True, slots=True)
class SaFromOtherPeer(Event):
    """Another peer already has an SA for this traffic, so this one is refused."""


@dataclass(frozen=True, slots=True)
class StaticMapChecking(Event):
    """The responder looks whether this crypto map entry is for the peer and the traffic it asks for."""

    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class StaticMapMatched(Event):
    """This crypto map entry is the one: its access-list mirrors what the peer proposed."""

    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class StaticMapMismatch(Event):
    """The access-list of this entry does not mirror the proposed proxy identities."""

    map: str
    sequence: int
    source: IPv4Address
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class StaticMapWithoutAcl(Event):
    """The entry has no `match address`."""

    map: str
    sequence: int


@dataclass(frozen=True, slots=True)
class StaticMapIncomplete(Event):
    """The entry lacks a peer, an access-list or a transform set, and is passed over."""


@dataclass(frozen=True, slots=True)
class CryptoMapPeerConfigured(Event):
    """The peer belongs to this crypto map."""

    map: str


@dataclass(frozen=True, slots=True)
class PeerMismatch(Event):
    """The matching crypto map entry is for another peer than the one that asks."""

    remote_peer: IPv4Address
    configured: IPv4Address


@dataclass(frozen=True, slots=True)
class CryptoMapEntryMissing(Event):
    """No crypto map entry mirrors the proxy identities the peer proposed: the access-lists of the two ends differ."""

    remote: ProxyId
    local: ProxyId
    interface: str


@dataclass(frozen=True, slots=True)
class CryptoMapPolicyNotFound(Event):
    """The older wording of: no crypto map entry for the proposed traffic."""

    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Phase2ProposalAccepted(Event):
    """An offered IPsec transform equals one of the entry's transform sets."""

    proposal: int
    transform: int
    entry: int
    """The crypto map entry's sequence number."""


@dataclass(frozen=True, slots=True)
class ResponderLifetimeDecoding(Event):
    """The responder has a shorter lifetime configured and tells it; the raw bytes follow."""


@dataclass(frozen=True, slots=True)
class HexDumped(Event):
    """Bytes of a payload, as the box prints them: one line, so at most sixteen."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RekeyIntervalForced(Event):
    """The responder's shorter IPsec lifetime is taken over here."""

    before: int
    after: int
    unit: Literal["seconds", "Kbs"]


@dataclass(frozen=True, slots=True)
class RekeyIntervalOverridden(Event):
    """Our shorter IPsec lifetime stands against the initiator's."""

    before: int
    after: int
    unit: Literal["seconds", "Kbs"]


@dataclass(frozen=True, slots=True)
class IpsecSasLoading(Event):
    """Quick mode is done; the SAs are loaded into the data plane."""


@dataclass(frozen=True, slots=True)
class QuickModeKeyGenerated(Event):
    """The keys of one direction were computed."""


@dataclass(frozen=True, slots=True)
class EncryptRuleFound(Event):
    """The rule of the crypto map entry under which outbound traffic is encrypted; rule 0: the access-list is gone."""

    map: str
    sequence: int
    access_list: str
    cs_id: int
    rule: int


@dataclass(frozen=True, slots=True)
class NegotiationCompleted(Event):
    """The pair of IPsec SAs is agreed."""

    group: str
    role: Role
    inbound_spi: int
    outbound_spi: int


@dataclass(frozen=True, slots=True)
class KeyAdded(Event):
    """The outbound SA was added to the data plane."""

    spi: int


@dataclass(frozen=True, slots=True)
class KeyUpdated(Event):
    """The inbound SA was filled with its keys."""

    spi: int


@dataclass(frozen=True, slots=True)
class Phase2RekeyTimer(Event):
    """When the IPsec SAs will be renewed: 85 % of their lifetime."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Phase2Completed(Event):
    """The tunnel is up for this traffic."""

    message_id: int


@dataclass(frozen=True, slots=True)
class IpsecSaCreated(Event):
    """An IPsec SA between the two gateways exists (syslog)."""

    direction: Direction
    spi: int
    local: IPv4Address
    remote: IPv4Address
    user: str


@dataclass(frozen=True, slots=True)
class IpsecSaDeleted(Event):
    """An IPsec SA between the two gateways was deleted (syslog)."""

    direction: Direction
    spi: int
    local: IPv4Address
    remote: IPv4Address
    user: str


@dataclass(frozen=True, slots=True)
class RouteAdded(Event):
    """Reverse route injection: the peer's network is now reached through the tunnel."""

    address: IPv4Address
    mask: IPv4Address


@dataclass(frozen=True, slots=True)
class RouteNotAdded(Event):
    """Reverse route injection failed for this network."""

    address: IPv4Address
    mask: IPv4Address


@dataclass(frozen=True, slots=True)
class RouteDeleted(Event):
    """The route that reverse route injection had added is gone with its tunnel."""

    address: IPv4Address
    mask: IPv4Address


# --- the data plane's records (debug crypto ipsec) ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EmbryonicSaCreated(Event):
    """An SA exists by its SPI alone, without keys yet; it is dropped if the negotiation is not done in time."""

    address: int
    """Where the box keeps it, an address in its memory."""
    scb: int
    direction: Direction
    spi: int
    session: int
    vpif: int
    lifetime: int
    """Seconds until an unfinished SA is dropped."""


@dataclass(frozen=True, slots=True)
class HostSaUpdated(Event):
    """The record of an SA was filled in: OBSA outbound, IBSA inbound."""

    direction: Direction
    spi: int


@dataclass(frozen=True, slots=True)
class VpnContextCreating(Event):
    """The context that packets of one direction are processed in is being made."""

    direction: Direction
    spi: int
    flags: int
    sa: int
    mtu: int
    """Bytes; 0 inbound."""
    vcid: int
    peer: int
    """The handle of the other direction's context, 0 while there is none."""
    scb: int
    channel: int


@dataclass(frozen=True, slots=True)
class VpnContextUpdating(Event):
    """The context of one direction learns the handle of the other."""

    direction: Direction
    handle: int
    spi: int
    flags: int
    sa: int
    mtu: int
    vcid: int
    peer: int
    scb: int
    channel: int


@dataclass(frozen=True, slots=True)
class VpnContextCompleted(Event):
    """The context is ready; this is its handle."""

    direction: Direction
    spi: int
    handle: int


@dataclass(frozen=True, slots=True)
class RuleCreating(Event):
    """A classification rule is being made: which packets are encrypted, decrypted or let through."""

    direction: Direction
    kind: Literal["encrypt", "permit", "tunnel flow", "decrypt"]
    spi: int
    source: IPv4Address
    source_mask: IPv4Address
    destination: IPv4Address
    destination_mask: IPv4Address
    source_ports: tuple[int, int]
    """Upper, lower; (0, 0) when ports do not matter."""
    destination_ports: tuple[int, int]
    protocol: int
    use_protocol: bool
    rule_spi: int
    use_spi: bool
    source_operator: str = "ignore"
    """`ignore`, or `equal` with ports."""
    destination_operator: str = "ignore"


@dataclass(frozen=True, slots=True)
class RuleCompleted(Event):
    """A classification rule is in force."""

    direction: Direction
    kind: Literal["encrypt", "permit", "tunnel flow", "decrypt", "inner", "outer SPD"]
    spi: int
    rule: int


# --- refusals and troubles in phase 1 -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phase1ProposalsUnacceptable(Event):
    """No transform the peer offers equals any of our policies."""


@dataclass(frozen=True, slots=True)
class PayloadError(Event):
    """Processing stopped at the payload with this number."""

    payload: int


@dataclass(frozen=True, slots=True)
class AttributeMismatch(Event):
    """An attribute of an offered transform differs from what is configured. A later match makes it harmless."""

    phase: Literal[1, 2]
    attribute: str
    """`Encryption Alg`, `Hash Alg`, `Group Description`, `Auth Method`, …"""
    received: str
    configured: str


@dataclass(frozen=True, slots=True)
class ClearNotifyDropped(Event):
    """A notification that is not encrypted says the peer refused; it proves nothing, so it changes nothing here."""

    notify: str
    """`NO_PROPOSAL_CHOSEN`, `INVALID_COOKIE`, …"""


@dataclass(frozen=True, slots=True)
class InformationalFailed(Event):
    """An informational message could not be processed. Follows the line that says why."""


@dataclass(frozen=True, slots=True)
class FsmHistory(Event):
    """The last states of a negotiation that failed, newest first: the last MM_WAIT_MSGn is where it died."""

    exchange: Literal["MM", "AM", "QM"]
    role: Role
    struct: int
    history: tuple[tuple[str, str], ...]
    """Pairs (state, event), newest first."""


@dataclass(frozen=True, slots=True)
class PeerTableRemovalFailed(Event):
    """Clean-up after an abort in phase 1. A consequence, not a cause."""


@dataclass(frozen=True, slots=True)
class PeerTableEntryError(Event):
    """Clean-up after an abort in phase 1. A consequence, not a cause."""


@dataclass(frozen=True, slots=True)
class EstablishmentTimedOut(Event):
    """A negotiation was not done in time; the state says what it waited for."""

    state: str


@dataclass(frozen=True, slots=True)
class TunnelGroupMissing(Event):
    """No tunnel-group fits the peer, so there is no pre-shared key to go on with."""


@dataclass(frozen=True, slots=True)
class SaPayloadMissing(Event):
    """A first message without an SA payload: the peer goes on with a negotiation we have given up."""

    next_payload: int


@dataclass(frozen=True, slots=True)
class GroupNotFound(Event):
    """No tunnel-group has the peer's address as its name, and DefaultL2LGroup has no pre-shared key."""

    name: str


@dataclass(frozen=True, slots=True)
class DefaultGroupUsed(Event):
    """No tunnel-group has the peer's address as its name; DefaultL2LGroup's pre-shared key is used."""

    name: str


@dataclass(frozen=True, slots=True)
class NoGroupForPeer(Event):
    """No tunnel-group for the peer's identity or address."""

    identity: str
    remote_peer: IPv4Address


@dataclass(frozen=True, slots=True)
class NoCryptoMapOnInterface(Event):
    """IKE arrived at an interface that has no crypto map."""


@dataclass(frozen=True, slots=True)
class DecryptedNonsense(Event):
    """An encrypted main mode message decrypted to nonsense: the keys differ, hence the pre-shared keys."""

    message_id: int


@dataclass(frozen=True, slots=True)
class RefusalUnreadable(Event):
    """MM5 was answered with an encrypted notification that decrypts to nonsense: the peer's keys are others than ours.

    strongSwan says so that it could not read MM5, and encrypts it with its own key.
    """

    message_id: int


@dataclass(frozen=True, slots=True)
class DecryptionFailed(Event):
    """Decryption failed, probably because the pre-shared keys differ."""


@dataclass(frozen=True, slots=True)
class HashMismatch(Event):
    """The peer's hash is not the one computed here: the pre-shared keys differ, or the message was changed."""


@dataclass(frozen=True, slots=True)
class DuplicatePacket(Event):
    """The peer sent the same packet again: our answer did not reach it, or it did not like the answer."""

    phase: Literal[1, 2]
    retransmitted: bool
    """Whether there was an answer to send again."""


@dataclass(frozen=True, slots=True)
class DuplicateFirstPacket(Event):
    """The peer sent its first message again while that negotiation is under way: our answer did not reach it."""


@dataclass(frozen=True, slots=True)
class RetransmitDispatched(Event):
    """The peer's repeated packet was handed to the negotiation it belongs to."""


@dataclass(frozen=True, slots=True)
class UnknownSaPacket(Event):
    """An encrypted packet for an IKE SA that does not exist here: the peer has one that we have lost."""


@dataclass(frozen=True, slots=True)
class ResponderCookieMissing(Event):
    """An answer came without the responder's cookie."""


@dataclass(frozen=True, slots=True)
class SessionInProgress(Event):
    """A negotiation with this peer is already under way."""

    remote_peer: IPv4Address


@dataclass(frozen=True, slots=True)
class PayloadMissing(Event):
    """A message lacks a payload it must have."""

    expected: int


@dataclass(frozen=True, slots=True)
class InvalidIdPort(Event):
    """The phase 1 identity names a port other than 0 or 500."""

    port: int


@dataclass(frozen=True, slots=True)
class InvalidIdProtocol(Event):
    """The phase 1 identity names a protocol other than 0 or 17."""

    protocol: int


@dataclass(frozen=True, slots=True)
class InvalidProxyRange(Event):
    """A proxy identity's range ends before it begins."""

    side: Literal["local", "remote"]
    first: IPv4Address
    last: IPv4Address


@dataclass(frozen=True, slots=True)
class IdTypeUnknown(Event):
    """An identity of a type this box does not know."""

    phase: int
    type: int


@dataclass(frozen=True, slots=True)
class IdTypeUnsupported(Event):
    """An identity of a type this box knows and does not take here."""

    phase: int
    type: int


@dataclass(frozen=True, slots=True)
class NonceLengthInvalid(Event):
    """A nonce shorter or longer than the RFC allows (8 to 256 bytes)."""

    length: int


@dataclass(frozen=True, slots=True)
class DhGroupInvalid(Event):
    """A Diffie-Hellman group this box does not have."""

    descriptor: str
    group: int
    area: str


@dataclass(frozen=True, slots=True)
class OakleyGroupUnsupported(Event):
    """The peer offers a Diffie-Hellman group this box does not have."""

    group: int


@dataclass(frozen=True, slots=True)
class RuntPacket(Event):
    """A datagram too short, or not well formed, to be an ISAKMP message."""

    port: int
    """Ours, 500 or 4500."""
    remote: IPv4Address | None = None
    remote_port: int = 0


@dataclass(frozen=True, slots=True)
class TransformChainBroken(Event):
    """A transform of a proposal says that another follows, or that none does, and it is not so."""

    transform: int
    found: int
    expected: int


@dataclass(frozen=True, slots=True)
class NegotiationLimitReached(Event):
    """Too many negotiations at once; this one is dropped."""


@dataclass(frozen=True, slots=True)
class XauthRequired(Event):
    """The tunnel-group wants a user to log in (remote access), and the peer's proposal knows no such thing."""


@dataclass(frozen=True, slots=True)
class AuthModeDiffers(Event):
    """The peer's way of authenticating is not the tunnel-group's."""


@dataclass(frozen=True, slots=True)
class FragmentDropped(Event):
    """A piece of a fragmented ISAKMP message was dropped."""

    reason: str


@dataclass(frozen=True, slots=True)
class FragmentSetReplaced(Event):
    """The pieces of another ISAKMP message, or of the same one sent again, began; older pieces are forgotten."""


@dataclass(frozen=True, slots=True)
class FragmentsIncomplete(Event):
    """A fragmented ISAKMP message could not be put together: a piece is missing."""


@dataclass(frozen=True, slots=True)
class FragmentsAssembled(Event):
    """A fragmented ISAKMP message was put together from its pieces."""


@dataclass(frozen=True, slots=True)
class SendFailed(Event):
    """A datagram could not be sent."""

    bytes: int
    remote_peer: IPv4Address


@dataclass(frozen=True, slots=True)
class StandbyUnit(Event):
    """The standby unit of a failover pair does not send IKE."""


# --- refusals and troubles in phase 2 -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phase2ProposalsUnacceptable(Event):
    """No IPsec proposal of the peer equals a transform set of the crypto map entry, or PFS differs."""


@dataclass(frozen=True, slots=True)
class NotifyReceived(Event):
    """The peer tells, in an authenticated message, why it refuses: 14 proposal, 18 proxy identities, 23 hash."""

    text: str
    number: int


@dataclass(frozen=True, slots=True)
class QuickModeFailed(Event):
    """A quick mode died; the line before says why."""

    struct: int
    message_id: int


@dataclass(frozen=True, slots=True)
class CorrelatorRemovalFailed(Event):
    """Clean-up after a quick mode that failed. A consequence, not a cause."""


@dataclass(frozen=True, slots=True)
class NothingToDelete(Event):
    """A quick mode failed before it made an SA, so there is none to delete at the peer. A consequence, not a cause."""


@dataclass(frozen=True, slots=True)
class SessionTornDown(Event):
    """The whole session with the peer ends, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionTerminated(Event):
    """The connection for this traffic ends, for this reason."""

    remote_peer: IPv4Address
    reason: str
    remote_proxy: IPv4Address | None
    local_proxy: IPv4Address | None


@dataclass(frozen=True, slots=True)
class SessionDisconnected(Event):
    """The session is over: how long it lasted, what it carried, why it ended (syslog)."""

    type: str
    """`LAN-to-LAN`, in 8.x `IPSecLAN2LAN`."""
    seconds: int
    transmitted: int
    received: int
    reason: str


@dataclass(frozen=True, slots=True)
class IkeSaDeleting(Event):
    """The SA for this traffic is being deleted."""

    remote_proxy: IPv4Address | None
    local_proxy: IPv4Address | None


@dataclass(frozen=True, slots=True)
class IkeSaTerminating(Event):
    """An IKE SA ends; its cookie's first half names it."""

    cookie: int
    flags: int
    references: int
    tunnels: int


@dataclass(frozen=True, slots=True)
class IkeSaTerminateReceived(Event):
    """An IKE SA was told to end, in this state."""

    cookie: int
    state: str
    flags: int
    references: int
    tunnels: int


@dataclass(frozen=True, slots=True)
class DeleteSending(Event):
    """The peer is told that the SA is gone."""


@dataclass(frozen=True, slots=True)
class DeleteReasonSending(Event):
    """The peer is told that the SA is gone, and why (`crypto isakmp disconnect-notify`)."""

    what: Literal["IKE", "IPSec"]
    reason: str


@dataclass(frozen=True, slots=True)
class IkeSaWithTunnelsDeleting(Event):
    """An IKE SA is deleted together with the tunnels made under it."""

    remote_peer: IPv4Address
    address: int
    tunnels: int


@dataclass(frozen=True, slots=True)
class GroupOverridden(Event):
    """The PFS group of phase 2 differs from phase 1's, and phase 1's is taken."""

    phase2: int
    phase1: int


@dataclass(frozen=True, slots=True)
class AuthenticationMismatch(Event):
    """The authentication of phase 1 is not the one the crypto map entry asks for."""


@dataclass(frozen=True, slots=True)
class NegotiationCollision(Event):
    """A negotiation for the same traffic with the same peer was already under way."""

    remote_peer: IPv4Address
    local: str
    remote: str


@dataclass(frozen=True, slots=True)
class OriginateOnly(Event):
    """This end is configured to originate only, and has not brought up its own tunnel yet."""


@dataclass(frozen=True, slots=True)
class PeerOriginateOnly(Event):
    """The peer asks for a tunnel whose inner and outer addresses are the same: perhaps it is originate-only."""

    remote_peer: IPv4Address


@dataclass(frozen=True, slots=True)
class ProtocolsConflict(Event):
    """The group-policy does not allow the tunnel protocol that the tunnel-group is for."""


@dataclass(frozen=True, slots=True)
class TunnelLimitReached(Event):
    """No more tunnels are allowed."""


@dataclass(frozen=True, slots=True)
class SpiSizeInvalid(Event):
    """A proposal's SPI has the wrong size; the proposal is skipped."""

    size: int


@dataclass(frozen=True, slots=True)
class AhUnsupported(Event):
    """The peer proposes AH; the proposal is skipped."""


@dataclass(frozen=True, slots=True)
class ProtocolUnknown(Event):
    """A proposal is for an unknown protocol and skipped."""

    protocol: int


@dataclass(frozen=True, slots=True)
class InterfaceMismatch(Event):
    """The tunnel is asked for on another interface than its IKE SA stands on: routing may have changed."""

    wanted: str
    standing: str


# --- a tunnel's life ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeerLost(Event):
    """The peer answered none of the keepalives: the connection is deleted."""

    keepalive: str


@dataclass(frozen=True, slots=True)
class KeepaliveSent(Event):
    """A dead peer detection message was sent (RFC 3706)."""

    kind: Literal["R-U-THERE", "R-U-THERE-ACK"]
    sequence: int


@dataclass(frozen=True, slots=True)
class KeepaliveReceived(Event):
    """A dead peer detection message came from the peer (RFC 3706)."""

    kind: Literal["R-U-THERE", "R-U-THERE-ACK"]
    sequence: int


@dataclass(frozen=True, slots=True)
class KeepaliveOutOfSequence(Event):
    """A dead peer detection message does not carry the number that was expected."""

    sequence: int
    action: str
    expected: int


@dataclass(frozen=True, slots=True)
class InvalidSpiReceived(Event):
    """The peer does not know the SPI we send to: it has lost the SA, perhaps by a restart."""

    spi: int


@dataclass(frozen=True, slots=True)
class RekeyCollision(Event):
    """Both ends began to renew the IKE SA at once. Harmless."""


@dataclass(frozen=True, slots=True)
class RekeyStateLost(Event):
    """The old IKE SA goes and the new one is dead: the two ends are out of step."""


@dataclass(frozen=True, slots=True)
class DeleteForRekeyed(Event):
    """The peer deletes an SA that was renewed. Expected after a rekey."""

    what: str
    """What was renewed, with the peer and ids, in the box's own words."""


@dataclass(frozen=True, slots=True)
class ExchangeNotFound(Event):
    """A message for a quick mode that does not exist (any more)."""

    area: str
    message_id: int


@dataclass(frozen=True, slots=True)
class NatKeepaliveReceived(Event):
    """A NAT keepalive came in."""

    source_interface: str
    source: IPv4Address
    source_port: int
    destination_interface: str
    destination: IPv4Address
    destination_port: int


# --- packets ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EspDiscarded(Event):
    """An ESP packet arrived and there is no IPsec SA at all for it."""

    source: IPv4Address
    interface: str
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class EspSpiUnknown(Event):
    """An ESP packet for an SPI that is not known here: the SA aged out or was cleared."""

    spi: int
    sequence: int
    source: IPv4Address
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class ProtocolUnexpected(Event):
    """A packet carries one kind of data where another was agreed."""

    source: IPv4Address
    destination: IPv4Address
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class InnerPacketMismatch(Event):
    """A decrypted packet does not belong to the traffic its SA was agreed for: the access-lists differ, or a NAT."""

    spi: int
    sequence: int
    source: IPv4Address
    user: str
    destination: IPv4Address
    inner_destination: IPv4Address
    inner_source: IPv4Address
    inner_protocol: str
    local_proxy: str
    remote_proxy: str


@dataclass(frozen=True, slots=True)
class ClearPacketReceived(Event):
    """A packet came in clear that our access-list says should be encrypted."""

    protocol: str
    source: IPv4Address
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class EspFragmentIllegal(Event):
    """A decrypted packet is a fragment that cannot be."""

    spi: int
    sequence: int
    source: IPv4Address
    user: str
    destination: IPv4Address
    length: int
    offset: int


@dataclass(frozen=True, slots=True)
class EspReplayed(Event):
    """An ESP packet came a second time, or too late for the replay window."""

    spi: int
    sequence: int
    source: IPv4Address
    user: str
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class EspAuthenticationFailed(Event):
    """An ESP packet's integrity check failed: changed on the way, or other keys."""

    spi: int
    sequence: int
    source: IPv4Address
    user: str
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class EspDropped(Event):
    """An ESP packet was dropped for another reason."""

    spi: int
    sequence: int
    source: IPv4Address
    user: str
    destination: IPv4Address
    reason: str


@dataclass(frozen=True, slots=True)
class ClearPacketDropped(Event):
    """A packet that was to be encrypted was dropped."""

    source: IPv4Address
    destination: IPv4Address
    reason: str


@dataclass(frozen=True, slots=True)
class IpsecSaRollover(Event):
    """An IPsec SA is renewed because its sequence numbers or its kilobytes run out."""

    direction: Direction
    type: str
    spi: int
    local: IPv4Address
    remote: IPv4Address
    user: str
    what: Literal["sequence number", "data"]


@dataclass(frozen=True, slots=True)
class IpsecSaFailed(Event):
    """An IPsec SA could not be made."""

    source: IPv4Address
    destination: IPv4Address
    reason: str


@dataclass(frozen=True, slots=True)
class PacketTooBig(Event):
    """A packet does not fit into its tunnel and forbids fragments: it was dropped, and its sender told what fits."""

    length: int
    mtu: int
    destination: IPv4Address
    source: IPv4Address
    protocol: int


@dataclass(frozen=True, slots=True)
class PathMtuUpdated(Event):
    """A router on the way said that packets must be smaller."""

    source: IPv4Address
    suggested: int
    remote_peer: IPv4Address
    spi: int
    group: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PathMtuUnchanged(Event):
    """A router on the way said that packets must be smaller than a size that they do not exceed anyway."""

    source: IPv4Address
    suggested: int
    current: int
    remote_peer: IPv4Address
    spi: int
    group: str
