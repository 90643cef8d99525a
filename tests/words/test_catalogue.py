"""Lines as they stand in logs, guides and the document, letter for letter, with the event each one is."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from mainmode import events as e
from mainmode.events import Event, ProxyId
from mainmode.words import Dialect, read, read_event, speak, wording


def ip(text: str) -> IPv4Address:
    return IPv4Address(text)


NET = ProxyId(ip("172.28.2.0"), ip("255.255.255.0"))
ANY = ProxyId(ip("0.0.0.0"), ip("0.0.0.0"))
HOST = ProxyId(ip("192.168.1.5"), ip("255.255.255.255"), 6, 80)
RANGE = ProxyId(ip("10.1.0.1"), ip("255.255.255.255"), last=ip("10.1.0.9"))

LINES: list[tuple[str, Event]] = [
    # a packet wants out
    (
        "IPSEC(crypto_map_check)-3: Checking crypto map MAP 10: skipping because 5-tuple does not match ACL VPN.",
        e.CryptoMapSkipped("MAP", 10, "VPN"),
    ),
    (
        "IPSEC(crypto_map_check)-3: Checking crypto map MAP 20: skipping incomplete map.  "
        "No peer or transform set specified.",
        e.CryptoMapIncomplete("MAP", 20),
    ),
    ("IPSEC(crypto_map_check)-1: Error: No crypto map matched.", e.CryptoMapNotMatched()),
    (
        "Tunnel Manager dispatching a KEY_ACQUIRE message to IKEv1.  Map Tag = demap.  Map Sequence Number = 1.",
        e.TunnelManagerDispatched("demap", 1),
    ),
    (
        "IKEv1 was unsuccessful at setting up a tunnel.  Map Tag = demap.  Map Sequence Number = 1.",
        e.TunnelManagerUnsuccessful("IKEv1", "demap", 1),
    ),
    (
        "Tunnel Manager has failed to establish an L2L SA.  All configured IKE versions failed to establish the "
        "tunnel. Map Tag= demap.  Map Sequence Number = 1.",
        e.TunnelManagerFailed("demap", 1),
    ),
    ("IKEv2 Doesn't have a proposal specified", e.Ikev2NotConfigured()),
    (
        "IKE Initiator: Rekeying Phase 1, Intf outside, IKE Peer 78.188.153.20  local Proxy Address N/A, "
        "remote Proxy Address N/A,  Crypto map (N/A)",
        e.NegotiationStarted("Rekeying Phase 1", "outside", ip("78.188.153.20"), None, None, None),
    ),
    ("Queuing KEY-ACQUIRE messages to be processed when P1 SA is complete.", e.KeyAcquireQueued()),
    ("De-queuing KEY-ACQUIRE messages that were left pending.", e.KeyAcquireDequeued()),
    (
        "Tunnel negotiation in progress for destination 192.168.2.1, discarding data",
        e.DataDiscarded(ip("192.168.2.1")),
    ),
    ("IKE Peer address not configured for destination 10.1.1.1", e.PeerAddressMissing(ip("10.1.1.1"))),
    ("IKE Peer address same as our interface address 10.0.0.1", e.PeerIsOurselves(ip("10.0.0.1"))),
    (
        "IKE Initiator unable to find policy: Intf inside, Src: 10.1.1.1, Dst: 10.2.2.2",
        e.InitiatorPolicyMissing("inside", ip("10.1.1.1"), ip("10.2.2.2")),
    ),
    ("Output interface 3 to peer was not found", e.OutputInterfaceMissing("3")),
    # messages
    (
        "IKE_DECODE RESENDING Message (msgid=0) with payloads : HDR + KE (4) + NONCE (10) + NONE (0) "
        "total length : 184",
        e.MessageDecoded("RESENDING", 0, (4, 10), 184),
    ),
    (
        "IKE_DECODE RECEIVED Message (msgid=33c8971) with payloads : HDR + HASH (8) + DELETE (12) + NONE (0) "
        "total length : 68",
        e.MessageDecoded("RECEIVED", 0x33C8971, (8, 12), 68),
    ),
    (
        "IKE Receiver: Packet received on 10.0.0.1:500 from 10.0.0.2:4500",
        e.PacketReceived(ip("10.0.0.1"), 500, ip("10.0.0.2"), 4500),
    ),
    ("constructing pfs ke payload", e.PayloadBuilt("pfs ke")),
    ("constructing IKE delete payload", e.PayloadBuilt("IKE delete")),
    ("constructing ipsec notify payload for msg id 52481cf5", e.NotifyBuilt(0x52481CF5)),
    ("sending notify message", e.NotifySending()),
    ("processing delete payload", e.PayloadProcessed("delete")),
    ("processing ike payload", e.PayloadProcessed("ike")),
    (
        "IKE Peer included IKE fragmentation capability flags:  Main Mode:        True  Aggressive Mode:  True",
        e.FragmentationOffered(True, True),
    ),
    (
        "IKE Peer included IKE fragmentation capability flags:  Main Mode:        True  Aggressive Mode:False",
        e.FragmentationOffered(True, False),
    ),
    ("NAT-Discovery payloads missing. Aborting NAT-Traversal.", e.NatDiscoveryMissing()),
    (
        "Automatic NAT Detection Status:    Remote end is NOT behind a NAT device    This  end  IS  "
        "behind a NAT device",
        e.NatDetected(remote=False, local=True),
    ),
    (
        "Automatic NAT Detection Status:     Remote end is     behind a NAT device     "
        "This   end is not behind a NAT device",
        e.NatDetected(remote=True, local=False),
    ),
    (
        "Processing IOS keep alive payload: proposal=32767/32767 sec.",
        e.IosKeepaliveProcessed(32767, 32767),
    ),
    ("Starting IOS keepalive monitor: 80 sec.", e.IosKeepaliveMonitored(80)),
    ("Ignoring Keepalive payload from vendor not support KeepAlive capability", e.IosKeepaliveIgnored()),
    ("ERROR: malformed Keepalive payload", e.IosKeepaliveMalformed()),
    ("ID_IPV4_ADDR ID received 10.0.0.2", e.AddressIdReceived(ip("10.0.0.2"))),
    ("ID_FQDN ID received, len 24", e.NameIdReceived("ID_FQDN", 24)),
    # phase 1 done
    ("Keep-alive type for this connection: None", e.KeepaliveAgreed("None")),
    (
        "Keep-alives configured on but peer does not support keep-alives (type = None)",
        e.KeepaliveUnsupported(),
    ),
    (
        "AAA retrieved default group policy (DefaultPolicyCA) for user = 192.168.136.20",
        e.DefaultGroupPolicyRetrieved("DefaultPolicyCA", "192.168.136.20"),
    ),
    # phase 2
    ("oakley constucting quick mode", e.QuickModeConstructed()),
    ("oakley constructing final quick mode", e.FinalQuickModeConstructed()),
    (
        "Transmitting Proxy Id:\nLocal subnet:  172.28.2.0  mask 255.255.255.0 Protocol 0  Port 0\n"
        "Remote subnet: 0.0.0.0  Mask 0.0.0.0 Protocol 0  Port 0",
        e.ProxyIdsTransmitted("initiator", NET, ANY),
    ),
    (
        "Transmitting Proxy Id:\n  Remote host: 192.168.1.5  Protocol 6  Port 80\n"
        "  Local subnet:  172.28.2.0  mask 255.255.255.0 Protocol 0  Port 0",
        e.ProxyIdsTransmitted("responder", NET, HOST),
    ),
    (
        "Received remote IP Proxy Subnet data in ID Payload:   Address 172.28.2.0, Mask 255.255.255.0, "
        "Protocol 0, Port 0",
        e.ProxyIdReceived("remote", NET),
    ),
    (
        "Received local Proxy Host data in ID Payload:  Address 192.168.1.5, Protocol 6, Port 80",
        e.ProxyIdReceived("local", HOST),
    ),
    (
        "Received remote Proxy Range data in ID Payload:  Addresses 10.1.0.1 - 10.1.0.9, Protocol 0, Port 0",
        e.ProxyIdReceived("remote", RANGE),
    ),
    (
        "QM IsRekeyed: duplicate sa found by 192.168.2.0, deleting old sa",
        e.DuplicateSaFound(ip("192.168.2.0")),
    ),
    ("QM IsRekeyed: existing sa from different peer, rejecting new sa", e.SaFromOtherPeer()),
    (
        "Static Crypto Map check, map = MAP, seq = 10, ACL does not match proxy IDs src:10.1.1.0 dst:10.2.2.0",
        e.StaticMapMismatch("MAP", 10, ip("10.1.1.0"), ip("10.2.2.0")),
    ),
    ("Static Crypto Map check, map = MAP, seq = 10, no ACL configured", e.StaticMapWithoutAcl("MAP", 10)),
    ("Static Crypto Map Check by-passed: Crypto map entry incomplete!", e.StaticMapIncomplete()),
    (
        "Tunnel Rejected: IKE peer does not match remote peer as defined in L2L policy IKE peer address: 10.0.0.2, "
        "Remote peer address: 10.0.0.3",
        e.PeerMismatch(ip("10.0.0.2"), ip("10.0.0.3")),
    ),
    (
        "Rejecting IPSec tunnel: no matching crypto map entry for remote proxy 0.0.0.0/0.0.0.0/0/0 "
        "local proxy 172.28.2.0/255.255.255.0/0/0 on interface OUTSIDE",
        e.CryptoMapEntryMissing(ANY, NET, "OUTSIDE"),
    ),
    (
        "Tunnel rejected: Crypto Map Policy not found for Src:10.1.1.0, Dst: 10.2.2.0!",
        e.CryptoMapPolicyNotFound("10.1.1.0", "10.2.2.0"),
    ),
    (
        "Overriding Initiator's IPSec rekeying duration from 0 to 4608000 Kbs",
        e.RekeyIntervalOverridden(0, 4608000, "Kbs"),
    ),
    (
        "Responder forcing change of IPSec rekeying duration from 28800 to 3600 seconds",
        e.RekeyIntervalForced(28800, 3600, "seconds"),
    ),
    (
        "NP encrypt rule look up for crypto map outside_map 1 matching ACL outside_cryptomap: returned "
        "cs_id=cc8a1f28; encrypt_rule=cc8a4ff8; tunnelFlow_rule=cc8a5a50",
        e.EncryptRuleFound("outside_map", 1, "outside_cryptomap", 0xCC8A1F28, 0xCC8A4FF8),
    ),
    (
        "Security negotiation complete for LAN-to-LAN Group (81.2.69.144) Responder, Inbound SPI = 0x276b1da2, "
        "Outbound SPI = 0x0e1a581d",
        e.NegotiationCompleted("81.2.69.144", "responder", 0x276B1DA2, 0x0E1A581D),
    ),
    (
        "Security negotiation complete for User (hakanm)  Responder, Inbound SPI = 0x1d67616f, "
        "Outbound SPI = 0x2cc7158d",
        e.NegotiationCompleted("hakanm", "responder", 0x1D67616F, 0x2CC7158D),
    ),
    (
        "IPSEC: An outbound LAN-to-LAN SA (SPI= 0xF81283) between 91.240.17.178 and 192.168.2.2 (user= admin) "
        "has been created.",
        e.IpsecSaCreated("outbound", 0xF81283, ip("91.240.17.178"), ip("192.168.2.2"), "admin"),
    ),
    (
        "IPSEC: An inbound LAN-to-LAN SA (SPI= 0x6AAD4067) between 92.45.66.150 and 78.188.164.121 "
        "(user= 78.188.164.121) has been deleted.",
        e.IpsecSaDeleted("inbound", 0x6AAD4067, ip("92.45.66.150"), ip("78.188.164.121"), "78.188.164.121"),
    ),
    (
        "Adding static route for L2L peer coming in on a dynamic map. address: 172.28.2.0, mask: 255.255.255.0",
        e.RouteAdded(ip("172.28.2.0"), ip("255.255.255.0")),
    ),
    # refusals and troubles in phase 1
    ("All SA proposals found unacceptable", e.Phase1ProposalsUnacceptable()),
    ("Error processing payload: Payload ID: 1", e.PayloadError(1)),
    (
        "Phase 1 failure:  Mismatched attribute types for class Group Description:  Rcv'd: Group 2  Cfg'd: Group 5",
        e.AttributeMismatch(1, "Group Description", "Group 2", "Group 5"),
    ),
    (
        "Phase 2 failure: Mismatched attribute types for class Encapsulation Mode:  Rcv'd: UDP Tunnel(NAT-T)  "
        "Cfg'd: Tunnel",
        e.AttributeMismatch(2, "Encapsulation Mode", "UDP Tunnel(NAT-T)", "Tunnel"),
    ),
    (
        "Received an un-encrypted NO_PROPOSAL_CHOSEN notify message, dropping",
        e.ClearNotifyDropped("NO_PROPOSAL_CHOSEN"),
    ),
    ("Information Exchange processing failed", e.InformationalFailed()),
    (
        "IKE MM Initiator FSM error history (struct &0xcc8d4a0)  <state>, <event>:  MM_DONE, EV_ERROR-->"
        "MM_WAIT_MSG2, EV_RETRY-->MM_WAIT_MSG2, EV_TIMEOUT-->MM_WAIT_MSG2, NullEvent",
        e.FsmHistory(
            "MM",
            "initiator",
            0xCC8D4A0,
            (
                ("MM_DONE", "EV_ERROR"),
                ("MM_WAIT_MSG2", "EV_RETRY"),
                ("MM_WAIT_MSG2", "EV_TIMEOUT"),
                ("MM_WAIT_MSG2", "NullEvent"),
            ),
        ),
    ),
    (
        "IKE AM Responder FSM error history (struct &0xd8a6b68)  , :  AM_DONE, EV_ERROR-->AM_WAIT_MSG3, EV_TIMEOUT",
        e.FsmHistory("AM", "responder", 0xD8A6B68, (("AM_DONE", "EV_ERROR"), ("AM_WAIT_MSG3", "EV_TIMEOUT"))),
    ),
    ("Removing peer from peer table failed, no match!", e.PeerTableRemovalFailed()),
    ("Error: Unable to remove PeerTblEntry", e.PeerTableEntryError()),
    (
        "IKE session establishment timed out [MM_WAIT_MSG5], aborting!",
        e.EstablishmentTimedOut("MM_WAIT_MSG5"),
    ),
    ("Can't find a valid tunnel group, aborting...!", e.TunnelGroupMissing()),
    ("Header invalid, missing SA payload! (next payload = 4)", e.SaPayloadMissing(4)),
    (
        "Group 10.0.0.2 not found and BASE GROUP default preshared key not configured",
        e.GroupNotFound("10.0.0.2"),
    ),
    ("10.0.0.2 not found, using BASE GROUP default preshared key", e.DefaultGroupUsed("10.0.0.2")),
    (
        "No Group found matching 10.0.0.2 for Pre-shared key peer 10.0.0.2",
        e.NoGroupForPeer("10.0.0.2", ip("10.0.0.2")),
    ),
    ("No crypto map bound to interface... dropping pkt", e.NoCryptoMapOnInterface()),
    (
        "Received encrypted Oakley Main Mode packet with invalid payloads, MessID = 0",
        e.DecryptedNonsense(0),
    ),
    (
        "Received encrypted Oakley Informational packet with invalid payloads, MessID = 1546873429",
        e.RefusalUnreadable(1546873429),
    ),
    (
        "ERROR, had problems decrypting packet, probably due to mismatched pre-shared key.  Aborting",
        e.DecryptionFailed(),
    ),
    ("Duplicate Phase 1 packet detected.  Retransmitting last packet.", e.DuplicatePacket(1, True)),
    ("Duplicate Phase 2 packet detected.  No last packet to retransmit.", e.DuplicatePacket(2, False)),
    ("Duplicate Phase 1 packet detected. No last packet to transmit.", e.DuplicatePacket(1, False)),
    ("Duplicate first packet detected.  Ignoring packet.", e.DuplicateFirstPacket()),
    ("P1 Retransmit msg dispatched to MM FSM", e.RetransmitDispatched()),
    ("P1 Retransmit msg dispatched to AM FSM", e.RetransmitDispatched()),
    ("Received encrypted packet with no matching SA, dropping", e.UnknownSaPacket()),
    (
        "IKE Initiator received a packet from its peer without a Responder cookie",
        e.ResponderCookieMissing(),
    ),
    ("Cookie/peer address 10.0.0.2 session already in progress", e.SessionInProgress(ip("10.0.0.2"))),
    ("Received packet with missing payload, Expected payload: 8", e.PayloadMissing(8)),
    ("Received invalid phase 1 port value (1024) in ID payload", e.InvalidIdPort(1024)),
    ("Received invalid phase 1 protocol (6) in ID payload", e.InvalidIdProtocol(6)),
    (
        "Received invalid remote Proxy Range 10.1.0.9 - 10.1.0.1",
        e.InvalidProxyRange("remote", ip("10.1.0.9"), ip("10.1.0.1")),
    ),
    ("Unknown identification type, Phase 2, Type 5", e.IdTypeUnknown(2, 5)),
    ("Identification type not supported, Phase 1, Type 9", e.IdTypeUnsupported(1, 9)),
    ("Tunnel Rejected: Received NONCE length 4 is out of range!", e.NonceLengthInvalid(4)),
    (
        "Detected invalid Diffie-Helmann group_descriptor 14, in IKE area",
        e.DhGroupInvalid("group_descriptor", 14, "IKE area"),
    ),
    ("Unsupported Oakley group: Group 14", e.OakleyGroupUnsupported(14)),
    (
        "IKE Receiver: Runt ISAKMP packet discarded on Port 4500 from 1.2.3.4:4503",
        e.RuntPacket(4500, ip("1.2.3.4"), 4503),
    ),
    ("INFO: IKE Transform #8 next payload is 3 (should be 0).", e.TransformChainBroken(8, 3, 0)),
    ("Maximum concurrent IKE negotiations exceeded!", e.NegotiationLimitReached()),
    (
        "Client IKE Auth mode differs from the group's configured Auth mode",
        e.AuthModeDiffers(),
    ),
    ("Dropped received IKE fragment. Reason: out of order", e.FragmentDropped("out of order")),
    (
        "Rcv'd fragment from a new fragmentation set. Deleting any old fragments.",
        e.FragmentSetReplaced(),
    ),
    ("Error assembling fragments! Fragment numbers are non-continuous.", e.FragmentsIncomplete()),
    ("Successfully assembled an encrypted pkt from rcv'd fragments!", e.FragmentsAssembled()),
    ("Send failure: Bytes (304), Peer: 10.0.0.2", e.SendFailed(304, ip("10.0.0.2"))),
    ("Attempt to send an IKE packet from standby unit. Dropping the packet!", e.StandbyUnit()),
    # refusals and troubles in phase 2
    ("All IPSec SA proposals found unacceptable!", e.Phase2ProposalsUnacceptable()),
    ("Received non-routine Notify message: No proposal chosen (14)", e.NotifyReceived("No proposal chosen", 14)),
    (
        "QM FSM error (P2 struct &0x00007fff33763a70, mess id 0x2c44baec)!",
        e.QuickModeFailed(0x7FFF33763A70, 0x2C44BAEC),
    ),
    ("QM FSM error (P2 struct &0x49ba5a0, mess id 0xcd600011)!", e.QuickModeFailed(0x49BA5A0, 0xCD600011)),
    (
        "IKE QM Responder FSM error history (struct &0x00007fff33763a70)  <state>, <event>:  "
        "QM_DONE, EV_ERROR-->QM_BLD_MSG2, EV_NEGO_SA",
        e.FsmHistory("QM", "responder", 0x7FFF33763A70, (("QM_DONE", "EV_ERROR"), ("QM_BLD_MSG2", "EV_NEGO_SA"))),
    ),
    ("Removing peer from correlator table failed, no match!", e.CorrelatorRemovalFailed()),
    ("construct_ipsec_delete(): No SPI to identify Phase 2 SA!", e.NothingToDelete()),
    (
        "Session is being torn down. Reason: crypto map policy not found",
        e.SessionTornDown("crypto map policy not found"),
    ),
    (
        "Connection terminated for peer 192.168.136.20.  Reason: IPSec SA Idle Timeout  "
        "Remote Proxy 192.168.136.22, Local Proxy 172.18.106.36",
        e.ConnectionTerminated(
            ip("192.168.136.20"), "IPSec SA Idle Timeout", ip("192.168.136.22"), ip("172.18.106.36")
        ),
    ),
    (
        "Connection terminated for peer 10.0.0.2.  Reason: Peer Terminate  Remote Proxy N/A, Local Proxy N/A",
        e.ConnectionTerminated(ip("10.0.0.2"), "Peer Terminate", None, None),
    ),
    (
        "Session disconnected. Session Type: IPSecLAN2LAN, Duration: 4h:19m:29s, Bytes xmt: 1591776, "
        "Bytes rcv: 65821500, Reason: Idle Timeout",
        e.SessionDisconnected("IPSecLAN2LAN", 15569, 1591776, 65821500, "Idle Timeout"),
    ),
    (
        "Session disconnected. Session Type: LAN-to-LAN, Duration: 12d 9h:11m:22s, Bytes xmt: 523781833, "
        "Bytes rcv: 16336203, Reason: Lost Service",
        e.SessionDisconnected("LAN-to-LAN", 1069882, 523781833, 16336203, "Lost Service"),
    ),
    (
        "IKE Deleting SA: Remote Proxy 172.28.104.0, Local Proxy 0.0.0.0",
        e.IkeSaDeleting(ip("172.28.104.0"), ip("0.0.0.0")),
    ),
    (
        "IKE SA MM:1e6e9a3c terminating:  flags 0x01000022, refcnt 0, tuncnt 0",
        e.IkeSaTerminating(0x1E6E9A3C, 0x01000022, 0, 0),
    ),
    (
        "IKE SA MM:1e6e9a3c rcv'd Terminate: state MM_ACTIVE  flags 0x00000042, refcnt 1, tuncnt 0",
        e.IkeSaTerminateReceived(0x1E6E9A3C, "MM_ACTIVE", 0x42, 1, 0),
    ),
    ("sending delete/delete with reason message", e.DeleteSending()),
    ("Sending IKE Delete With Reason message: Idle Timeout", e.DeleteReasonSending("IKE", "Idle Timeout")),
    ("Sending IPSec Delete With Reason message: No Reason", e.DeleteReasonSending("IPSec", "No Reason")),
    (
        "Mismatch: Overriding phase 2 DH Group(DH group 5) with phase 1 group(DH group 2",
        e.GroupOverridden(5, 2),
    ),
    ("Mismatch: Overriding phase 2 DH Group(DH group 5) with phase 1 group(DH group 2)", e.GroupOverridden(5, 2)),
    (
        "Rejecting new IPSec SA negotiation for peer 10.12.208.226. A negotiation was already in progress for "
        "local Proxy 10.25.0.0/255.255.0.0, remote Proxy 172.20.30.0/255.255.255.0",
        e.NegotiationCollision(ip("10.12.208.226"), "10.25.0.0/255.255.0.0", "172.20.30.0/255.255.255.0"),
    ),
    ("Tunnel rejected: Originate-Only: Cannot accept incoming tunnel yet!", e.OriginateOnly()),
    (
        "Remote L2L Peer 10.0.0.2 initiated a tunnel with same outer and inner addresses. "
        "Peer could be Originate Only - Possible misconfiguration!",
        e.PeerOriginateOnly(ip("10.0.0.2")),
    ),
    (
        "Attempting to establish a phase2 tunnel on outside interface but phase1 tunnel is on backup interface. "
        "Tearing down old phase1 tunnel due to a potential routing change.",
        e.InterfaceMismatch("outside", "backup"),
    ),
    # a tunnel's life
    (
        "IKE lost contact with remote peer, deleting connection (keepalive type: DPD)",
        e.PeerLost("DPD"),
    ),
    (
        "Sending keep-alive of type DPD R-U-THERE-ACK (seq number 0x47e42d70)",
        e.KeepaliveSent("R-U-THERE-ACK", 0x47E42D70),
    ),
    (
        "Received keep-alive of type DPD R-U-THERE (seq number 0x1)",
        e.KeepaliveReceived("R-U-THERE", 1),
    ),
    (
        "IKE Received delete for rekeyed SA IKE peer: 10.0.0.2, SA address: d8a6b68, tunnelCnt: 1",
        e.DeleteForRekeyed("SA IKE peer: 10.0.0.2, SA address: d8a6b68, tunnelCnt: 1"),
    ),
    # packets
    (
        "ESP request discarded from 78.188.39.118 to outside:92.45.66.150",
        e.EspDiscarded(ip("78.188.39.118"), "outside", ip("92.45.66.150")),
    ),
    (
        "NAT-T keepalive received from outside:10.0.0.2/4500 to outside:10.0.0.1/4500",
        e.NatKeepaliveReceived("outside", ip("10.0.0.2"), 4500, "outside", ip("10.0.0.1"), 4500),
    ),
    (
        "IPSEC: Received an ESP packet (SPI= 0x0C190BF9, sequence number= 0x598243) from 192.0.0.1 "
        "(user= 192.0.0.1) to 192.0.0.2 that failed anti-replay checking.",
        e.EspReplayed(0x0C190BF9, 0x598243, ip("192.0.0.1"), "192.0.0.1", ip("192.0.0.2")),
    ),
    (
        "IPSEC: Received an ESP packet (SPI= 0x0C190BF9, sequence number= 0x1) from 192.0.0.1 to 192.0.0.2 "
        "with an invalid SPI.",
        e.EspSpiUnknown(0x0C190BF9, 1, ip("192.0.0.1"), ip("192.0.0.2")),
    ),
    (
        "IPSEC: Received an ESP packet (SPI= 0x99554D4E, sequence number= 0x9E) from 77.88.99.100 "
        "(user= 77.88.99.100) to 11.22.33.44.  The decapsulated inner packet doesn't match the negotiated policy in "
        "the SA.  The packet specifies its destination as 10.32.5.44, its source as 10.32.1.15, and its protocol as "
        "icmp.  The SA specifies its local proxy as 10.32.0.0/255.255.0.0/ip/0 and its remote_proxy as "
        "10.33.0.0/255.255.0.0/ip/0.",
        e.InnerPacketMismatch(
            0x99554D4E,
            0x9E,
            ip("77.88.99.100"),
            "77.88.99.100",
            ip("11.22.33.44"),
            ip("10.32.5.44"),
            ip("10.32.1.15"),
            "icmp",
            "10.32.0.0/255.255.0.0/ip/0",
            "10.33.0.0/255.255.0.0/ip/0",
        ),
    ),
    (
        "IPSEC: Received a non-IPSec packet (protocol= ICMP) from 10.5.1.127 to 192.168.6.102.",
        e.ClearPacketReceived("ICMP", ip("10.5.1.127"), ip("192.168.6.102")),
    ),
    (
        "IPSEC: An inbound LAN-to-LAN SA (SPI= 0x1) between 10.0.0.1 and 10.0.0.2 (user= G) is rekeying due to "
        "data rollover.",
        e.IpsecSaRollover("inbound", "LAN-to-LAN", 1, ip("10.0.0.1"), ip("10.0.0.2"), "G", "data"),
    ),
    (
        "IPSEC: Received an ICMP Destination Unreachable from 10.9.9.9 with suggested PMTU of 1400; PMTU updated for "
        "SA with peer 10.0.0.2, SPI 0xDDE50931, tunnel name 10.0.0.2, old PMTU 1500, new PMTU 1400",
        e.PathMtuUpdated(ip("10.9.9.9"), 1400, ip("10.0.0.2"), 0xDDE50931, "10.0.0.2", 1500, 1400),
    ),
]


@pytest.mark.parametrize(("line", "event"), LINES, ids=[line[:60] for line, _ in LINES])
def test_the_line_is_this_event(line: str, event: Event) -> None:
    assert read_event(line) == event


SPELLED_OTHERWISE = {
    # Read, and printed in today's spelling or with the box's own blanks.
    "IKE_DECODE RECEIVED Message (msgid=33c8971)",
    "IKE Peer included IKE fragmentation capability flags:  Main Mode:        True  Aggressive Mode:  True",
    "oakley constucting",
    "IKE AM Responder FSM error history (struct &0xd8a6b68)  , :",
    "Security negotiation complete for User",
    "NP encrypt rule look up for crypto map outside_map 1 matching ACL outside_cryptomap: returned cs_id=cc8a1f28; e",
    "Duplicate Phase 1 packet detected. No",
    "P1 Retransmit msg dispatched to AM FSM",
    "Mismatch: Overriding phase 2 DH Group(DH group 5) with phase 1 group(DH group 2)",
}


@pytest.mark.parametrize(("line", "event"), LINES, ids=[line[:60] for line, _ in LINES])
def test_the_event_is_this_line(line: str, event: Event) -> None:
    """Blanks apart, in which sources and pastes differ."""
    spoken = " ".join(wording(event).template(capital_s=True).say(event).split())
    if any(line.startswith(start) for start in SPELLED_OTHERWISE):
        assert spoken.lower() != " ".join(line.split()).lower()
    else:
        assert spoken.lower() == " ".join(line.split()).lower()


def test_the_three_dialects() -> None:
    entry = e.Entry(e.PayloadBuilt("IPsec SA"), ip("10.0.0.2"), "site-b")
    assert speak(entry) == "[IKEv1 DEBUG]: Group = site-b, IP = 10.0.0.2, constructing IPsec SA payload"
    assert speak(entry, Dialect.NINE) == "[IKEv1 DEBUG]Group = site-b, IP = 10.0.0.2, constructing IPSec SA payload"
    assert speak(entry, Dialect.SYSLOG) == "%ASA-7-715046: Group = site-b, IP = 10.0.0.2, constructing IPSec SA payload"


def test_a_line_without_a_message_id_goes_under_the_catch_all() -> None:
    assert speak(e.Entry(e.SpiRequested(), ip("10.0.0.2"), "G"), Dialect.SYSLOG) == (
        "%ASA-7-713906: Group = G, IP = 10.0.0.2, IKE: requesting SPI!"
    )


def test_debug_crypto_ipsec_has_no_syslog_form() -> None:
    entry = e.Entry(e.HostSaUpdated("outbound", 0xDDE50931), ip("10.0.0.2"), "G")
    assert {speak(entry, dialect) for dialect in Dialect} == {"IPSEC: Completed host OBSA update, SPI 0xDDE50931"}


def test_what_only_syslog_knows_is_a_syslog_line_everywhere() -> None:
    entry = e.Entry(e.SessionDisconnected("LAN-to-LAN", 0, 0, 0, "Lost Service"), ip("10.0.0.2"), "G", user="G")
    assert {speak(entry, dialect) for dialect in Dialect} == {
        "%ASA-4-113019: Group = G, Username = G, IP = 10.0.0.2, Session disconnected. Session Type: LAN-to-LAN, "
        "Duration: 0h:00m:00s, Bytes xmt: 0, Bytes rcv: 0, Reason: Lost Service"
    }


def test_the_group_stands_only_where_an_asa_prints_it() -> None:
    def front(event: Event) -> str:
        return speak(e.Entry(event, ip("10.0.0.2"), "G")).partition(": ")[2][:12]

    assert front(e.Phase1Completed()) == "Group = G, I"
    assert front(e.QuickModeStarting("initiator", 1)) == "Group = G, I"
    for event in (
        e.QuickModeStarting("responder", 1),
        e.MessageDecoded("SENDING", 0, (1,), 84),
        e.IosKeepaliveBuilt(32767, 32767),
        e.KeepaliveAgreed("DPD"),
        e.TunnelGroupLanded("G"),
    ):
        assert front(event) == "IP = 10.0.0."
    assert front(e.ResponderLifetimeDecoding()) == "Responder Li"
    assert front(e.HexDumped(0, b"\0")) == "0000: 00    "


def test_a_rule_prints_on_the_lines_an_asa_prints_it_on() -> None:
    rule = e.RuleCreating(
        "outbound", "encrypt", 0xDDE50931,
        ip("192.168.1.0"), ip("255.255.255.0"), ip("192.168.2.0"), ip("255.255.255.0"),
        (0, 0), (0, 0), 1, True, 0, False,
    )  # fmt: skip
    assert (
        speak(e.Entry(rule))
        == """\
IPSEC: New outbound encrypt rule, SPI 0xDDE50931
    Src addr: 192.168.1.0
    Src mask: 255.255.255.0
    Dst addr: 192.168.2.0
    Dst mask: 255.255.255.0
    Src ports
      Upper: 0
      Lower: 0
      Op   : ignore
    Dst ports
      Upper: 0
      Lower: 0
      Op   : ignore
    Protocol: 1
    Use protocol: true
    SPI: 0x00000000
    Use SPI: false"""
    )


def test_an_embryonic_sa_prints_on_the_lines_an_asa_prints_it_on() -> None:
    made = e.EmbryonicSaCreated(0x53FC3C00, 0x53F90A00, "inbound", 0xFD2D851F, 0x6000, 3, 240)
    assert (
        speak(e.Entry(made))
        == """\
IPSEC: New embryonic SA created @ 0x53FC3C00,
    SCB: 0x53F90A00,
    Direction: inbound
    SPI      : 0xFD2D851F
    Session ID: 0x00006000
    VPIF num  : 0x00000003
    Tunnel type: l2l
    Protocol   : esp
    Lifetime   : 240 seconds"""
    )


def test_a_dump_shows_words_and_characters() -> None:
    assert speak(e.Entry(e.HexDumped(0x10, b"router.example"))) == (
        "[IKEv1 DECODE]: 0010: 726F7574 65722E65 78616D70 6C65         router.example"
    )


def test_characters_of_a_dump_that_look_like_a_word_are_none() -> None:
    for data in (b"11112222", b"AAAABBBBCCCC", b"4142", b"\x11\x11DDDD"):
        assert read(speak(e.Entry(e.HexDumped(0, data)))) == e.Entry(e.HexDumped(0, data))
