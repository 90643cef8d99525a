"""How an ASA says each event: the one table that is both printed and read. Knows no more than the rows.

A row: the event, the text as a template (`mainmode.words.template`), the message id and severity of its syslog form,
where the wording is known from, and the configuration lines it comes from, the most telling first. `when` are fields
that the text itself decides; `heard` marks what is read and never printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mainmode import events as e
from mainmode.events import Event
from mainmode.words.wording import CATCH_ALL, Context, Origin, Seen, Tag, Wording

DOCUMENT, REAL, GUIDE, HEARSAY = Seen.DOCUMENT, Seen.REAL, Seen.GUIDE, Seen.HEARSAY
GROUP, PEER, NONE = Context.GROUP, Context.PEER, Context.NONE


class _Rows:
    """The rows of one tag, in the order of the table."""

    def __init__(self, tag: Tag, context: Context, into: list[Wording]) -> None:
        self.tag = tag
        self.context = context
        self.into = into

    def __call__(
        self,
        event: type[Event],
        text: str,
        syslog: str | None,
        seen: Seen,
        *config: Origin,
        context: Context | None = None,
        when: Mapping[str, Any] | None = None,
        heard: bool = False,
    ) -> None:
        self.into.append(
            Wording(event, text, self.tag, syslog, seen, config, context or self.context, when or {}, heard)
        )


_rows: list[Wording] = []
_ike = _Rows(Tag.IKE, GROUP, _rows)
_debug = _Rows(Tag.DEBUG, GROUP, _rows)
_decode = _Rows(Tag.DECODE, GROUP, _rows)
_ipsec = _Rows(Tag.IPSEC, NONE, _rows)
_syslog = _Rows(Tag.SYSLOG, NONE, _rows)


# --- a packet wants out -------------------------------------------------------------------------------------------

_MAP_CHECK = "IPSEC(crypto_map_check)-3: "
_debug(
    e.KeyAcquireReceived,
    "Pitcher: received a key acquire message, spi {spi:hex}",
    "715077-7", DOCUMENT, "match address", "access-list",
    context=NONE,
)  # fmt: skip
_ipsec(
    e.CryptoMapLookup,
    _MAP_CHECK + "Looking for crypto map matching 5-tuple: Prot={protocol:int}, saddr={source:ip}, "
    "sport={source_port:int}, daddr={destination:ip}, dport={destination_port:int}",
    None, DOCUMENT, "crypto map interface",
)  # fmt: skip
_ipsec(
    e.CryptoMapMatched,
    _MAP_CHECK + "Checking crypto map {map:name} {sequence:int}: matched.",
    None, DOCUMENT, "match address", "access-list",
)  # fmt: skip
_ipsec(
    e.CryptoMapSkipped,
    _MAP_CHECK + "Checking crypto map {map:name} {sequence:int}: skipping because 5-tuple does not match "
    "ACL {access_list:name}.",
    None, HEARSAY, "match address", "access-list",
)  # fmt: skip
_ipsec(
    e.CryptoMapIncomplete,
    _MAP_CHECK + "Checking crypto map {map:name} {sequence:int}: skipping incomplete map.  "
    "No peer or transform set specified.",
    None, HEARSAY, "set peer", "transform-set", "crypto map",
)  # fmt: skip
_ipsec(
    e.CryptoMapNotMatched,
    "IPSEC(crypto_map_check)-1: Error: No crypto map matched.",
    None, HEARSAY, "match address", "crypto map interface",
)  # fmt: skip
_syslog(
    e.TunnelManagerDispatched,
    "Tunnel Manager dispatching a KEY_ACQUIRE message to IKEv1.  Map Tag = {map:name}.  "
    "Map Sequence Number = {sequence:int}.",
    "752004-5", REAL, "transform-set", "crypto map",
)  # fmt: skip
_syslog(
    e.TunnelManagerUnsuccessful,
    "{version:ike_version} was unsuccessful at setting up a tunnel.  Map Tag = {map:name}.  "
    "Map Sequence Number = {sequence:int}.",
    "752012-4", REAL, "crypto map",
)  # fmt: skip
_syslog(
    e.TunnelManagerFailed,
    "Tunnel Manager has failed to establish an L2L SA.  All configured IKE versions failed to establish the tunnel. "
    "Map Tag= {map:name}.  Map Sequence Number = {sequence:int}.",
    "752015-3", REAL, "crypto map",
)  # fmt: skip
_syslog(e.Ikev2NotConfigured, "IKEv2 Doesn't have a proposal specified", "752010-4", REAL, "transform-set")
_ike(
    e.NegotiationStarted,
    "IKE Initiator: {what:start}, Intf {interface:name}, IKE Peer {remote_peer:ip}  "
    "local Proxy Address {local_proxy:ip_or_na}, remote Proxy Address {remote_proxy:ip_or_na},  "
    "Crypto map ({map:name_or_na})",
    "713041-5", DOCUMENT, "set peer", "match address", "access-list",
)  # fmt: skip
_ike(
    e.KeyAcquireQueued,
    "Queuing KEY-ACQUIRE messages to be processed when P1 SA is complete.",
    "713219-6", REAL, "match address",
)  # fmt: skip
_ike(
    e.KeyAcquireDequeued,
    "De-queuing KEY-ACQUIRE messages that were left pending.",
    "713220-6", REAL, "match address",
)  # fmt: skip
_debug(
    e.DataDiscarded,
    "Tunnel negotiation in progress for destination {destination:ip}, discarding data",
    "715013-7", GUIDE, "match address",
)  # fmt: skip
_ike(
    e.PeerAddressMissing,
    "IKE Peer address not configured for destination {destination:ip}",
    "713063-3", GUIDE, "set peer",
    context=NONE,
)  # fmt: skip
_ike(
    e.PeerIsOurselves,
    "IKE Peer address same as our interface address {address:ip}",
    "713062-3", GUIDE, "set peer",
    context=NONE,
)  # fmt: skip
_ike(
    e.InitiatorPolicyMissing,
    "IKE Initiator unable to find policy: Intf {interface:name}, Src: {source:ip}, Dst: {destination:ip}",
    "713042-3", GUIDE, "access-list", "match address", "crypto map",
    context=NONE,
)  # fmt: skip
_ike(
    e.OutputInterfaceMissing,
    "Output interface {interface:name} to peer was not found",
    "713260-3", GUIDE, "route", "set peer",
)  # fmt: skip

# --- messages -----------------------------------------------------------------------------------------------------

# IKE_DECODE never names the group, in any phase.
_ike(
    e.MessageDecoded,
    "IKE_DECODE {direction:sent} Message (msgid={message_id:msgid}) with payloads : {payloads:payloads} "
    "total length : {length:int}",
    "713236-7", DOCUMENT, "isakmp enable", "crypto map interface",
    context=PEER,
)  # fmt: skip
# The page of the source document lost `total length` in two places, and pastes lose the end of the line.
for _rest, _when in ((" {length:int}", {}), ("", {"length": 0})):
    _ike(
        e.MessageDecoded,
        "IKE_DECODE {direction:sent} Message (msgid={message_id:msgid}) with payloads : {payloads:payloads}" + _rest,
        "713236-7", DOCUMENT, "isakmp enable", "crypto map interface",
        context=PEER, when=_when, heard=True,
    )  # fmt: skip
_debug(
    e.PacketReceived,
    "IKE Receiver: Packet received on {local:ip}:{local_port:int} from {remote:ip}:{remote_port:int}",
    "713906-7", REAL, "isakmp enable",
    context=NONE,
)  # fmt: skip

# What is put into the message that will be sent next.
_built: dict[str, tuple[Origin, ...]] = {
    "ISAKMP SA": ("policy",),
    "NAT-Traversal VID ver 02": ("nat-traversal",),
    "NAT-Traversal VID ver 03": ("nat-traversal",),
    "NAT-Traversal VID ver RFC": ("nat-traversal",),
    "NAT-Discovery": ("nat-traversal",),
    "ke": ("policy group",),
    "nonce": ("policy",),
    "ID": ("identity",),
    "hash": ("pre-shared-key", "tunnel-group"),
    "dpd vid": ("keepalive",),
    "IPsec SA": ("transform-set",),
    "IPsec nonce": ("transform-set",),
    "pfs ke": ("pfs",),
    "IPsec delete": ("crypto map",),
}
for _payload, _config in _built.items():
    _debug(
        e.PayloadBuilt,
        f"constructing {_payload} payload",
        "715046-7", HEARSAY if _payload in ("pfs ke", "IPsec delete") else DOCUMENT, *_config,
        when={"payload": _payload},
    )  # fmt: skip
# Fragmentation VID + extended capabilities, Cisco Unity VID, xauth V6 VID, VID, blank hash, qm hash, IKE delete, …
_debug(e.PayloadBuilt, "constructing {payload:payload} payload", "715046-7", DOCUMENT, "isakmp enable")
_debug(e.ProxyIdBuilt, "constructing proxy ID", "715001-7", DOCUMENT, "access-list", "match address")
_debug(
    e.NotifyBuilt,
    "constructing ipsec notify payload for msg id {message_id:msgid}",
    "715046-7", HEARSAY, "crypto map",
)  # fmt: skip
_debug(e.NotifySending, "sending notify message", CATCH_ALL, HEARSAY, "crypto map")

# What is looked at in the message that came in.
_processed: dict[str, tuple[Origin, ...]] = {
    "SA": ("policy",),
    "IKE SA": ("policy",),
    "ke": ("policy group",),
    "ISA_KE": ("policy group",),
    "nonce": ("policy",),
    "NAT-Discovery": ("nat-traversal",),
    "ID": ("identity", "access-list"),
    "hash": ("pre-shared-key", "tunnel-group"),
    "IPsec SA": ("transform-set", "pfs"),
}
for _payload, _config in _processed.items():
    _debug(
        e.PayloadProcessed,
        f"processing {_payload} payload",
        "715047-7", DOCUMENT, *_config,
        when={"payload": _payload},
    )  # fmt: skip
# VID, notify, delete, …
_debug(e.PayloadProcessed, "processing {payload:payload} payload", "715047-7", DOCUMENT, "isakmp enable")
_debug(e.ProposalAcceptable, "Oakley proposal is acceptable", CATCH_ALL, DOCUMENT, "policy")
_debug(
    e.Phase1ProposalAccepted,
    "IKE SA Proposal # {proposal:int}, Transform # {transform:int} acceptable  Matches global IKE entry # {entry:int}",
    "715028-7", DOCUMENT, "policy",
)  # fmt: skip
for _vendor in ("NAT-Traversal ver 02", "NAT-Traversal ver 03", "NAT-Traversal RFC"):
    _debug(
        e.VendorIdReceived,
        f"Received {_vendor} VID",
        "715049-7", DOCUMENT, "nat-traversal",
        when={"vendor": _vendor},
    )  # fmt: skip
_debug(e.VendorIdReceived, "Received DPD VID", "715049-7", DOCUMENT, "keepalive", when={"vendor": "DPD"})
_debug(e.VendorIdReceived, "Received {vendor:vendor} VID", "715049-7", DOCUMENT, "isakmp enable")
_debug(e.VendorIdSent, "Send {vendor:vendor} VID", "715048-7", DOCUMENT, "isakmp enable")
_debug(
    e.FragmentationOffered,
    "IKE Peer included IKE fragmentation capability flags:  Main Mode:        {main_mode:Bool}  "
    "Aggressive Mode:{aggressive_mode:Bool}",
    "715064-7", REAL, "isakmp enable",
)  # fmt: skip
_debug(
    e.IosVendorIdBuilt,
    "Constructing ASA spoofing IOS Vendor ID payload (version: {version:version}, capabilities: {capabilities:bare8})",
    "715038-7", DOCUMENT, "isakmp enable",
)  # fmt: skip
_debug(
    e.IosVendorIdProcessed,
    "Processing IOS/PIX Vendor ID payload (version: {version:version}, capabilities: {capabilities:bare8})",
    "715038-7", DOCUMENT, "isakmp enable",
)  # fmt: skip
_debug(e.NatDiscoveryHashed, "computing NAT Discovery hash", CATCH_ALL, DOCUMENT, "nat-traversal")
_debug(
    e.NatDiscoveryMissing,
    "NAT-Discovery payloads missing. Aborting NAT-Traversal.",
    "715058-7", GUIDE, "nat-traversal",
)  # fmt: skip
_ike(
    e.NatDetected,
    "Automatic NAT Detection Status:     Remote end {remote:behind} behind a NAT device     "
    "This   end {local:behind} behind a NAT device",
    "713172-6", DOCUMENT, "nat-traversal",
)  # fmt: skip
_ike(
    e.TunnelGroupLanded,
    "Connection landed on tunnel_group {name:name}",
    CATCH_ALL, DOCUMENT, "tunnel-group",
    context=PEER,
)  # fmt: skip
for _role in ("initiator", "responder"):
    _debug(
        e.KeysGenerated,
        f"Generating keys for {_role.capitalize()}...",
        CATCH_ALL, DOCUMENT, "pre-shared-key", "policy group", "tunnel-group",
        when={"role": _role},
    )  # fmt: skip
_debug(e.IsakmpHashComputed, "Computing hash for ISAKMP", "715076-7", DOCUMENT, "pre-shared-key", "tunnel-group")
_debug(
    e.IosKeepaliveBuilt,
    "Constructing IOS keep alive payload: proposal={first:int}/{second:int} sec.",
    "715034-7", DOCUMENT, "keepalive",
    context=PEER,
)  # fmt: skip
_debug(
    e.IosKeepaliveProcessed,
    "Processing IOS keep alive payload: proposal={first:int}/{second:int} sec.",
    "715034-7", GUIDE, "keepalive",
    context=PEER,
)  # fmt: skip
_debug(
    e.IosKeepaliveMonitored,
    "Starting IOS keepalive monitor: {seconds:int} sec.",
    "715035-7", GUIDE, "keepalive",
    context=PEER,
)  # fmt: skip
_debug(
    e.IosKeepaliveIgnored,
    "Ignoring Keepalive payload from vendor not support KeepAlive capability",
    "715044-7", GUIDE, "keepalive",
)  # fmt: skip
_debug(e.IosKeepaliveMalformed, "ERROR: malformed Keepalive payload", "715045-7", GUIDE, "keepalive")
_decode(
    e.AddressIdReceived,
    "ID_IPV4_ADDR ID received\n{address:ip}",
    "714011-7", DOCUMENT, "identity", "access-list",
)  # fmt: skip
_decode(
    e.SubnetIdReceived,
    "ID_IPV4_ADDR_SUBNET ID received--{address:ip}--{mask:ip}",
    "714011-7", DOCUMENT, "access-list", "match address",
)  # fmt: skip
_decode(
    e.RangeIdReceived,
    "ID_IPV4_ADDR_RANGE ID received--{first:ip}--{last:ip}",
    "714011-7", HEARSAY, "access-list", "match address",
)  # fmt: skip
_debug(e.NameIdReceived, "{type:id_type} ID received, len {length:int}", CATCH_ALL, REAL, "identity")

# --- phase 1 done -------------------------------------------------------------------------------------------------

_ike(e.Phase1Completed, "PHASE 1 COMPLETED", "713119-5", DOCUMENT, "policy", "tunnel-group")
_ike(
    e.KeepaliveAgreed,
    "Keep-alive type for this connection: {type:name}",
    "713121-7", DOCUMENT, "keepalive",
    context=PEER,
)  # fmt: skip
_ike(
    e.KeepaliveUnsupported,
    "Keep-alives configured on but peer does not support keep-alives (type = None)",
    "713122-3", REAL, "keepalive",
    context=PEER,
)  # fmt: skip
_debug(e.Phase1RekeyTimer, "Starting P1 rekey timer: {seconds:int} seconds.", "715080-7", DOCUMENT, "policy lifetime")
_syslog(
    e.DefaultGroupPolicyRetrieved,
    "AAA retrieved default group policy ({policy:text}) for user = {user:text}",
    "113009-6", REAL, "group-policy",
)  # fmt: skip

# --- phase 2 ------------------------------------------------------------------------------------------------------

_debug(e.QuickModeBegun, "Oakley begin quick mode", CATCH_ALL, DOCUMENT, "crypto map")
_decode(
    e.QuickModeStarting,
    "IKE Initiator starting QM: msg id = {message_id:msgid}",
    "714002-7", DOCUMENT, "crypto map",
    when={"role": "initiator"},
)  # fmt: skip
_decode(
    e.QuickModeStarting,
    "IKE Responder starting QM: msg id = {message_id:msgid}",
    "714003-7", DOCUMENT, "crypto map",
    context=PEER, when={"role": "responder"},
)  # fmt: skip
_ike(e.SpiRequested, "IKE: requesting SPI!", None, DOCUMENT, "transform-set")
_debug(e.SpiObtained, "IKE got SPI from key engine: SPI = {spi:hex8}", "715006-7", DOCUMENT, "transform-set")
_debug(e.QuickModeConstructed, "oakley constructing quick mode", CATCH_ALL, DOCUMENT, "crypto map")
_debug(e.QuickModeConstructed, "oakley constucting quick mode", CATCH_ALL, REAL, "crypto map", heard=True)
_debug(e.FinalQuickModeConstructed, "oakley constructing final quick mode", CATCH_ALL, REAL, "crypto map")
_debug(
    e.ProxyIdsTransmitted,
    "Transmitting Proxy Id:\n  Local {local:local_proxy}\n  Remote {remote:remote_proxy}",
    CATCH_ALL, DOCUMENT, "access-list", "match address",
    when={"role": "initiator"},
)  # fmt: skip
_debug(
    e.ProxyIdsTransmitted,
    "Transmitting Proxy Id:\n  Remote {remote:remote_proxy}\n  Local {local:local_proxy}",
    CATCH_ALL, DOCUMENT, "access-list", "match address",
    when={"role": "responder"},
)  # fmt: skip
_decode(e.InitialContactSent, "IKE Initiator sending Initial Contact", "714007-7", DOCUMENT, "crypto map")
for _ordinal, _text, _number in (
    (1, "Initiator sending 1st", "714004-7"),
    (2, "Responder sending 2nd", "714005-7"),
    (3, "Initiator sending 3rd", "714006-7"),
):
    _decode(
        e.QuickModeSent,
        f"IKE {_text} QM pkt: msg id = {{message_id:msgid}}",
        _number, DOCUMENT, "crypto map",
        when={"ordinal": _ordinal},
    )  # fmt: skip
for _side, _subnet, _host, _range in (
    ("remote", "713035-7", "713025-7", "713029-7"),
    ("local", "713034-7", "713024-7", "713028-7"),
):
    _ike(
        e.ProxyIdReceived,
        f"Received {_side} Proxy Host data in ID Payload:  {{proxy:proxy_host}}",
        _host, GUIDE, "access-list", "match address",
        when={"side": _side},
    )  # fmt: skip
    _ike(
        e.ProxyIdReceived,
        f"Received {_side} IP Proxy Subnet data in ID Payload:   {{proxy:proxy_subnet}}",
        _subnet, DOCUMENT, "access-list", "match address",
        when={"side": _side},
    )  # fmt: skip
    _ike(
        e.ProxyIdReceived,
        f"Received {_side} Proxy Range data in ID Payload:  {{proxy:proxy_range}}",
        _range, GUIDE, "access-list", "match address",
        when={"side": _side},
    )  # fmt: skip
_ike(e.OldSaNotFound, "QM IsRekeyed old sa not found by addr", None, DOCUMENT, "access-list")
_debug(
    e.DuplicateSaFound,
    "QM IsRekeyed: duplicate sa found by {address:ip}, deleting old sa",
    "715068-7", GUIDE, "access-list",
)  # fmt: skip
_debug(
    e.SaFromOtherPeer,
    "QM IsRekeyed: existing sa from different peer, rejecting new sa",
    "715067-7", GUIDE, "access-list", "set peer",
)  # fmt: skip
_ike(
    e.StaticMapChecking,
    "Static Crypto Map check, checking map = {map:name}, seq = {sequence:int}...",
    "713221-7", DOCUMENT, "crypto map", "match address",
)  # fmt: skip
_ike(
    e.StaticMapMatched,
    "Static Crypto Map check, map {map:name}, seq = {sequence:int} is a successful match",
    "713225-7", DOCUMENT, "match address", "access-list",
)  # fmt: skip
_ike(
    e.StaticMapMismatch,
    "Static Crypto Map check, map = {map:name}, seq = {sequence:int}, ACL does not match proxy IDs "
    "src:{source:ip} dst:{destination:ip}",
    "713222-7", GUIDE, "access-list", "match address",
)  # fmt: skip
_ike(
    e.StaticMapWithoutAcl,
    "Static Crypto Map check, map = {map:name}, seq = {sequence:int}, no ACL configured",
    "713223-7", GUIDE, "match address",
)  # fmt: skip
_ike(
    e.StaticMapIncomplete,
    "Static Crypto Map Check by-passed: Crypto map entry incomplete!",
    "713224-7", GUIDE, "crypto map", "set peer", "transform-set", "match address",
)  # fmt: skip
_ike(
    e.CryptoMapPeerConfigured,
    "IKE Remote Peer configured for crypto map: {map:name}",
    "713066-7", DOCUMENT, "set peer",
)  # fmt: skip
_ike(
    e.PeerMismatch,
    "Tunnel Rejected: IKE peer does not match remote peer as defined in L2L policy "
    "IKE peer address: {remote_peer:ip}, Remote peer address: {configured:ip}",
    "713187-7", GUIDE, "set peer",
)  # fmt: skip
_ike(
    e.CryptoMapEntryMissing,
    "Rejecting IPSec tunnel: no matching crypto map entry for remote proxy {remote:proxy_slashes} "
    "local proxy {local:proxy_slashes} on interface {interface:name}",
    "713061-3", REAL, "access-list", "match address",
)  # fmt: skip
_ike(
    e.CryptoMapPolicyNotFound,
    "Tunnel rejected: Crypto Map Policy not found for Src:{source:proxy_text}, Dst: {destination:proxy_text}!",
    "713061-3", GUIDE, "access-list", "match address",
)  # fmt: skip
_debug(
    e.Phase2ProposalAccepted,
    "IPsec SA Proposal # {proposal:int}, Transform # {transform:int} acceptable  "
    "Matches global IPsec SA entry # {entry:int}",
    "715027-7", DOCUMENT, "transform-set", "pfs",
)  # fmt: skip
_decode(
    e.ResponderLifetimeDecoding,
    "Responder Lifetime decode follows (outb SPI[4]|attributes):",
    None, DOCUMENT, "sa lifetime",
    context=NONE,
)  # fmt: skip
_decode(e.HexDumped, "{offset:offset}: {data:dump}", None, DOCUMENT, "sa lifetime", context=NONE)
for _unit, _forced, _overridden in (("seconds", "713073-5", "713075-5"), ("Kbs", "713074-5", "713076-5")):
    _ike(
        e.RekeyIntervalForced,
        f"Responder forcing change of IPsec rekeying duration from {{before:int}} to {{after:int}} {_unit}",
        _forced, DOCUMENT if _unit == "seconds" else GUIDE, "sa lifetime",
        when={"unit": _unit},
    )  # fmt: skip
    _ike(
        e.RekeyIntervalOverridden,
        f"Overriding Initiator's IPsec rekeying duration from {{before:int}} to {{after:int}} {_unit}",
        _overridden, REAL if _unit == "Kbs" else GUIDE, "sa lifetime",
        when={"unit": _unit},
    )  # fmt: skip
_debug(e.IpsecSasLoading, "loading all IPSEC SAs", CATCH_ALL, DOCUMENT, "transform-set")
_debug(e.QuickModeKeyGenerated, "Generating Quick Mode Key!", "715001-7", DOCUMENT, "transform-set", "pfs")
_NP_RULE = "NP encrypt rule look up for crypto map {map:name} {sequence:int} matching ACL {access_list:name}: returned "
_debug(
    e.EncryptRuleFound,
    _NP_RULE + "cs_id={cs_id:bare}; rule={rule:bare8}",
    CATCH_ALL, DOCUMENT, "access-list", "match address",
)  # fmt: skip
_debug(
    e.EncryptRuleFound,
    _NP_RULE + "cs_id={cs_id:bare}; encrypt_rule={rule:bare}; tunnelFlow_rule={_:bare}",
    CATCH_ALL, HEARSAY, "access-list", "match address",
    heard=True,
)  # fmt: skip
for _whose, _heard in (("LAN-to-LAN Group", False), ("User", True)):
    _ike(
        e.NegotiationCompleted,
        f"Security negotiation complete for {_whose} ({{group:text}})  {{role:role}}, "
        "Inbound SPI = {inbound_spi:hex8}, Outbound SPI = {outbound_spi:hex8}",
        "713049-5", DOCUMENT, "tunnel-group", "crypto map",
        heard=_heard,
    )  # fmt: skip
_debug(e.KeyAdded, "IKE got a KEY_ADD msg for SA: SPI = {spi:hex8}", "715007-7", DOCUMENT, "transform-set")
_debug(e.KeyUpdated, "Pitcher: received KEY_UPDATE, spi {spi:hex}", "715077-7", DOCUMENT, "transform-set")
_debug(e.Phase2RekeyTimer, "Starting P2 rekey timer: {seconds:int} seconds.", "715080-7", DOCUMENT, "sa lifetime")
_ike(e.Phase2Completed, "PHASE 2 COMPLETED (msgid={message_id:msgid})", "713120-5", DOCUMENT, "crypto map")
_syslog(
    e.IpsecSaCreated,
    "IPSEC: An {direction:direction} LAN-to-LAN SA (SPI= {spi:HEX}) between {local:ip} and {remote:ip} "
    "(user= {user:text}) has been created.",
    "602303-6", REAL, "crypto map", "transform-set",
)  # fmt: skip
_syslog(
    e.IpsecSaDeleted,
    "IPSEC: An {direction:direction} LAN-to-LAN SA (SPI= {spi:HEX}) between {local:ip} and {remote:ip} "
    "(user= {user:text}) has been deleted.",
    "602304-6", REAL, "crypto map",
)  # fmt: skip
_ike(
    e.RouteAdded,
    "Adding static route for L2L peer coming in on a dynamic map. address: {address:ip}, mask: {mask:ip}",
    "713211-6", GUIDE, "reverse-route",
)  # fmt: skip
_ike(
    e.RouteNotAdded,
    "Could not add route for L2L peer coming in on a dynamic map. address: {address:ip}, mask: {mask:ip}",
    "713212-3", GUIDE, "reverse-route",
)  # fmt: skip
_ike(
    e.RouteDeleted,
    "Deleting static route for L2L peer that came in on a dynamic map. address: {address:ip}, mask: {mask:ip}",
    "713213-6", GUIDE, "reverse-route",
)  # fmt: skip

# --- the data plane's records (debug crypto ipsec) ----------------------------------------------------------------

_ipsec(
    e.EmbryonicSaCreated,
    """\
IPSEC: New embryonic SA created @ {address:HEX8},
    SCB: {scb:HEX8},
    Direction: {direction:direction}
    SPI      : {spi:HEX8}
    Session ID: {session:HEX8}
    VPIF num  : {vpif:HEX8}
    Tunnel type: l2l
    Protocol   : esp
    Lifetime   : {lifetime:int} seconds""",
    None, DOCUMENT, "transform-set", "crypto map",
)  # fmt: skip
_ipsec(
    e.HostSaUpdated,
    "IPSEC: Completed host {direction:host_sa} update, SPI {spi:HEX8}",
    None, DOCUMENT, "transform-set", "crypto map",
)  # fmt: skip
_CONTEXT = """, SPI {spi:HEX8}
    Flags: {flags:HEX8}
    SA   : {sa:HEX8}
    SPI  : {spi:HEX8}
    MTU  : {mtu:int} bytes
    VCID : {vcid:HEX8}
    Peer : {peer:HEX8}
    SCB  : {scb:HEX8}
    Channel: {channel:HEX8}"""
_ipsec(
    e.VpnContextCreating,
    "IPSEC: Creating {direction:direction} VPN context" + _CONTEXT,
    None, DOCUMENT, "crypto map",
)  # fmt: skip
_ipsec(
    e.VpnContextUpdating,
    "IPSEC: Updating {direction:direction} VPN context {handle:HEX8}" + _CONTEXT,
    None, DOCUMENT, "crypto map",
)  # fmt: skip
_ipsec(
    e.VpnContextCompleted,
    "IPSEC: Completed {direction:direction} VPN context, SPI {spi:HEX8}\n    VPN handle: {handle:HEX8}",
    None, DOCUMENT, "crypto map",
)  # fmt: skip
_ipsec(
    e.RuleCreating,
    """\
IPSEC: New {direction:direction} {kind:rule} rule, SPI {spi:HEX8}
    Src addr: {source:ip}
    Src mask: {source_mask:ip}
    Dst addr: {destination:ip}
    Dst mask: {destination_mask:ip}
    Src ports
      {source_ports:ports}
      Op   : {source_operator:state}
    Dst ports
      {destination_ports:ports}
      Op   : {destination_operator:state}
    Protocol: {protocol:int}
    Use protocol: {use_protocol:bool}
    SPI: {rule_spi:HEX8}
    Use SPI: {use_spi:bool}""",
    None, DOCUMENT, "access-list", "match address", "set peer",
)  # fmt: skip
_ipsec(
    e.RuleCompleted,
    "IPSEC: Completed {direction:direction} {kind:rule} rule, SPI {spi:HEX8}\n    Rule ID: {rule:HEX8}",
    None, DOCUMENT, "access-list", "match address", "set peer",
)  # fmt: skip

# --- refusals and troubles in phase 1 -----------------------------------------------------------------------------

_debug(e.Phase1ProposalsUnacceptable, "All SA proposals found unacceptable", CATCH_ALL, REAL, "policy")
_ike(e.PayloadError, "Error processing payload: Payload ID: {payload:int}", "713048-3", GUIDE, "policy")
for _phase, _blanks in ((1, "  "), (2, " ")):
    _ike(
        e.AttributeMismatch,
        f"Phase {_phase} failure:{_blanks}Mismatched attribute types for class {{attribute:phrase}}:  "
        "Rcv'd: {received:phrase}  Cfg'd: {configured:phrase}",
        "713257-5", GUIDE, *(("policy",) if _phase == 1 else ("transform-set", "encapsulation", "pfs")),
        when={"phase": _phase},
    )  # fmt: skip
_ike(
    e.ClearNotifyDropped,
    "Received an un-encrypted {notify:notify} notify message, dropping",
    "713904-5", REAL, "policy", "tunnel-group",
)  # fmt: skip
_ike(e.InformationalFailed, "Information Exchange processing failed", "713903-4", REAL, "crypto map")
_FSM = "IKE {exchange:exchange} {role:role} FSM error history (struct {struct:struct})  "
_debug(
    e.FsmHistory,
    _FSM + "<state>, <event>:  {history:history}",
    "715065-7", REAL, "set peer", "isakmp enable",
)  # fmt: skip
# A browser takes `<state>` and `<event>` for markup and shows neither.
_debug(e.FsmHistory, _FSM + ", :  {history:history}", "715065-7", REAL, "set peer", heard=True)
_debug(e.FsmHistory, _FSM + "{history:history}", "715065-7", REAL, "set peer", heard=True)
_ike(
    e.PeerTableRemovalFailed,
    "Removing peer from peer table failed, no match!",
    "713902-3", REAL, "set peer",
)  # fmt: skip
_ike(e.PeerTableEntryError, "Error: Unable to remove PeerTblEntry", "713903-4", REAL, "set peer")
_ike(
    e.EstablishmentTimedOut,
    "IKE session establishment timed out [{state:state}], aborting!",
    "713136-5", GUIDE, "set peer",
)  # fmt: skip
_ike(
    e.TunnelGroupMissing,
    "Can't find a valid tunnel group, aborting...!",
    "713903-4", REAL, "tunnel-group", "pre-shared-key",
)  # fmt: skip
_ike(
    e.SaPayloadMissing,
    "Header invalid, missing SA payload! (next payload = {next_payload:int})",
    "713903-4", REAL, "set peer",
)  # fmt: skip
_ike(
    e.GroupNotFound,
    "Group {name:text} not found and BASE GROUP default preshared key not configured",
    "713138-3", GUIDE, "tunnel-group", "pre-shared-key",
    context=PEER,
)  # fmt: skip
_ike(
    e.DefaultGroupUsed,
    "{name:text} not found, using BASE GROUP default preshared key",
    "713139-5", GUIDE, "tunnel-group", "pre-shared-key",
    context=PEER,
)  # fmt: skip
_ike(
    e.NoGroupForPeer,
    "No Group found matching {identity:text} for Pre-shared key peer {remote_peer:ip}",
    "713022-3", GUIDE, "tunnel-group",
    context=PEER,
)  # fmt: skip
_ike(
    e.NoCryptoMapOnInterface,
    "No crypto map bound to interface... dropping pkt",
    None, REAL, "crypto map interface",
    context=PEER,
)  # fmt: skip
_ike(
    e.DecryptedNonsense,
    "Received encrypted Oakley Main Mode packet with invalid payloads, MessID = {message_id:int}",
    "713905-6", HEARSAY, "pre-shared-key", "tunnel-group",
)  # fmt: skip
_ike(
    e.RefusalUnreadable,
    "Received encrypted Oakley Informational packet with invalid payloads, MessID = {message_id:int}",
    "713905-6", HEARSAY, "pre-shared-key", "tunnel-group",
)  # fmt: skip
_ike(
    e.DecryptionFailed,
    "ERROR, had problems decrypting packet, probably due to mismatched pre-shared key.  Aborting",
    "713903-4", HEARSAY, "pre-shared-key", "tunnel-group",
)  # fmt: skip
_ike(
    e.HashMismatch,
    "Received hash does not match computed hash",
    None, HEARSAY, "pre-shared-key", "tunnel-group",
)  # fmt: skip
for _again, _text in ((True, "Retransmitting last packet."), (False, "No last packet to retransmit.")):
    _ike(
        e.DuplicatePacket,
        "Duplicate Phase {phase:int} packet detected.  " + _text,
        "713201-5", GUIDE, "set peer",
        when={"retransmitted": _again},
    )  # fmt: skip
_ike(
    e.DuplicatePacket,
    "Duplicate Phase {phase:int} packet detected.  No last packet to transmit.",
    "713201-5", GUIDE, "set peer",
    when={"retransmitted": False}, heard=True,
)  # fmt: skip
_ike(
    e.DuplicateFirstPacket,
    "Duplicate first packet detected.  Ignoring packet.",
    "713202-5", REAL, "set peer",
    context=PEER,
)  # fmt: skip
_ike(e.RetransmitDispatched, "P1 Retransmit msg dispatched to MM FSM", "713905-6", HEARSAY, "set peer")
_ike(e.RetransmitDispatched, "P1 Retransmit msg dispatched to AM FSM", "713905-6", HEARSAY, "set peer", heard=True)
_ike(
    e.UnknownSaPacket,
    "Received encrypted packet with no matching SA, dropping",
    "713904-5", REAL, "set peer",
    context=PEER,
)  # fmt: skip
_ike(
    e.ResponderCookieMissing,
    "IKE Initiator received a packet from its peer without a Responder cookie",
    "713178-5", GUIDE, "set peer",
)  # fmt: skip
_ike(
    e.SessionInProgress,
    "Cookie/peer address {remote_peer:ip} session already in progress",
    "713043-3", GUIDE, "set peer",
    context=NONE,
)  # fmt: skip
_ike(
    e.PayloadMissing,
    "Received packet with missing payload, Expected payload: {expected:int}",
    "713193-3", GUIDE, "set peer",
)  # fmt: skip
_ike(
    e.InvalidIdPort,
    "Received invalid phase 1 port value ({port:int}) in ID payload",
    "713084-3", GUIDE, "identity",
)  # fmt: skip
_ike(
    e.InvalidIdProtocol,
    "Received invalid phase 1 protocol ({protocol:int}) in ID payload",
    "713085-3", GUIDE, "identity",
)  # fmt: skip
for _side, _number in (("local", "713032-3"), ("remote", "713033-3")):
    _ike(
        e.InvalidProxyRange,
        f"Received invalid {_side} Proxy Range {{first:ip}} - {{last:ip}}",
        _number, GUIDE, "access-list",
        when={"side": _side},
    )  # fmt: skip
_ike(
    e.IdTypeUnknown,
    "Unknown identification type, Phase {phase:int}, Type {type:int}",
    "713016-3", GUIDE, "identity",
)  # fmt: skip
_ike(
    e.IdTypeUnsupported,
    "Identification type not supported, Phase {phase:int}, Type {type:int}",
    "713017-3", GUIDE, "identity", "access-list",
)  # fmt: skip
_ike(
    e.NonceLengthInvalid,
    "Tunnel Rejected: Received NONCE length {length:int} is out of range!",
    "713099-7", GUIDE, "set peer",
)  # fmt: skip
_ike(
    e.DhGroupInvalid,
    "Detected invalid Diffie-Helmann {descriptor:state} {group:int}, in {area:text}",
    "713118-3", GUIDE, "policy group", "pfs",
)  # fmt: skip
_ike(e.OakleyGroupUnsupported, "Unsupported Oakley group: Group {group:int}", "713047-3", GUIDE, "policy group")
_ike(
    e.RuntPacket,
    "IKE Receiver: Runt ISAKMP packet discarded on Port {port:int}",
    "713903-4", REAL, "isakmp enable",
    context=NONE, when={"remote": None, "remote_port": 0},
)  # fmt: skip
_ike(
    e.RuntPacket,
    "IKE Receiver: Runt ISAKMP packet discarded on Port {port:int} from {remote:ip}:{remote_port:int}",
    "713903-4", REAL, "isakmp enable",
    context=NONE,
)  # fmt: skip
_ike(
    e.TransformChainBroken,
    "INFO: IKE Transform #{transform:int} next payload is {found:int} (should be {expected:int}).",
    "713905-6", REAL, "policy",
)  # fmt: skip
_ike(
    e.NegotiationLimitReached,
    "Maximum concurrent IKE negotiations exceeded!",
    "713191-3", GUIDE, "negotiation limit",
)  # fmt: skip
_ike(
    e.XauthRequired,
    "Xauth required but selected Proposal does not support xauth, "
    "Check priorities of ike xauth proposals in ike proposal list",
    "713127-3", GUIDE, "tunnel-group",
)  # fmt: skip
_ike(
    e.AuthModeDiffers,
    "Client IKE Auth mode differs from the group's configured Auth mode",
    "713165-3", GUIDE, "tunnel-group", "policy",
)  # fmt: skip
_debug(
    e.FragmentDropped,
    "Dropped received IKE fragment. Reason: {reason:text}",
    "715060-7", GUIDE, "isakmp enable",
)  # fmt: skip
_debug(
    e.FragmentSetReplaced,
    "Rcv'd fragment from a new fragmentation set. Deleting any old fragments.",
    "715061-7", GUIDE, "isakmp enable",
)  # fmt: skip
_debug(
    e.FragmentsIncomplete,
    "Error assembling fragments! Fragment numbers are non-continuous.",
    "715062-7", GUIDE, "isakmp enable",
)  # fmt: skip
_debug(
    e.FragmentsAssembled,
    "Successfully assembled an encrypted pkt from rcv'd fragments!",
    "715063-7", GUIDE, "isakmp enable",
)  # fmt: skip
_ike(
    e.SendFailed,
    "Send failure: Bytes ({bytes:int}), Peer: {remote_peer:ip}",
    "713039-7", GUIDE, "route", "set peer",
)  # fmt: skip
_ike(
    e.StandbyUnit,
    "Attempt to send an IKE packet from standby unit. Dropping the packet!",
    "713235-6", GUIDE,
)  # fmt: skip

# --- refusals and troubles in phase 2 -----------------------------------------------------------------------------

_ike(
    e.Phase2ProposalsUnacceptable,
    "All IPSec SA proposals found unacceptable!",
    "713904-5", REAL, "transform-set", "pfs",
)  # fmt: skip
_ike(
    e.NotifyReceived,
    "Received non-routine Notify message: {text:text} ({number:int})",
    "713068-5", GUIDE, "transform-set", "access-list", "pre-shared-key",
)  # fmt: skip
_ike(
    e.QuickModeFailed,
    "QM FSM error (P2 struct {struct:struct}, mess id {message_id:hex})!",
    "713902-3", REAL, "crypto map",
)  # fmt: skip
_ike(
    e.CorrelatorRemovalFailed,
    "Removing peer from correlator table failed, no match!",
    "713902-3", REAL, "crypto map",
)  # fmt: skip
_ike(
    e.NothingToDelete,
    "construct_ipsec_delete(): No SPI to identify Phase 2 SA!",
    "713900-1", REAL, "crypto map",
)  # fmt: skip
_ike(
    e.SessionTornDown,
    "Session is being torn down. Reason: {reason:reason}",
    "713259-5", REAL, "crypto map",
)  # fmt: skip
_ike(
    e.ConnectionTerminated,
    "Connection terminated for peer {remote_peer:ip}.  Reason: {reason:reason}  "
    "Remote Proxy {remote_proxy:ip_or_na}, Local Proxy {local_proxy:ip_or_na}",
    "713050-5", REAL, "crypto map",
)  # fmt: skip
_syslog(
    e.SessionDisconnected,
    "Session disconnected. Session Type: {type:phrase}, Duration: {seconds:duration}, "
    "Bytes xmt: {transmitted:int}, Bytes rcv: {received:int}, Reason: {reason:reason}",
    "113019-4", REAL, "tunnel-group",
    context=GROUP,
)  # fmt: skip
_debug(
    e.IkeSaDeleting,
    "IKE Deleting SA: Remote Proxy {remote_proxy:ip_or_na}, Local Proxy {local_proxy:ip_or_na}",
    "715009-7", REAL, "access-list",
)  # fmt: skip
_debug(
    e.IkeSaTerminating,
    "IKE SA MM:{cookie:bare8} terminating:  flags {flags:hex8}, refcnt {references:int}, tuncnt {tunnels:int}",
    CATCH_ALL, HEARSAY, "set peer",
)  # fmt: skip
_debug(
    e.IkeSaTerminateReceived,
    "IKE SA MM:{cookie:bare8} rcv'd Terminate: state {state:state}  flags {flags:hex8}, refcnt {references:int}, "
    "tuncnt {tunnels:int}",
    CATCH_ALL, HEARSAY, "set peer",
)  # fmt: skip
_debug(e.DeleteSending, "sending delete/delete with reason message", CATCH_ALL, HEARSAY, "disconnect-notify")
for _what, _text in (("IKE", "IKE"), ("IPSec", "IPsec")):
    _ike(
        e.DeleteReasonSending,
        f"Sending {_text} Delete With Reason message: {{reason:reason}}",
        "713194-3", GUIDE, "disconnect-notify",
        when={"what": _what},
    )  # fmt: skip
_ike(
    e.IkeSaWithTunnelsDeleting,
    "Deleting IKE SA with associated IPsec connection entries. IKE peer: {remote_peer:ip}, "
    "SA address: {address:hex}, tunnel count: {tunnels:int}",
    "713113-7", GUIDE, "set peer",
)  # fmt: skip
# The guide's text has no closing bracket either.
_GROUPS = "Mismatch: Overriding phase 2 DH Group(DH group {phase2:int}) with phase 1 group(DH group {phase1:int}"
_ike(e.GroupOverridden, _GROUPS, "713133-3", GUIDE, "pfs", "policy group")
_ike(e.GroupOverridden, _GROUPS + ")", "713133-3", HEARSAY, "pfs", "policy group", heard=True)
_ike(
    e.AuthenticationMismatch,
    "Mismatch: P1 Authentication algorithm in the crypto map entry different from negotiated algorithm "
    "for the L2L connection",
    "713134-3", GUIDE, "policy",
)  # fmt: skip
_ike(
    e.NegotiationCollision,
    "Rejecting new IPSec SA negotiation for peer {remote_peer:ip}. A negotiation was already in progress "
    "for local Proxy {local:proxy_text}, remote Proxy {remote:proxy_text}",
    "713227-3", REAL, "access-list", "set peer",
    context=PEER,
)  # fmt: skip
_ike(
    e.OriginateOnly,
    "Tunnel rejected: Originate-Only: Cannot accept incoming tunnel yet!",
    "713195-3", GUIDE, "connection-type",
)  # fmt: skip
_ike(
    e.PeerOriginateOnly,
    "Remote L2L Peer {remote_peer:ip} initiated a tunnel with same outer and inner addresses. "
    "Peer could be Originate Only - Possible misconfiguration!",
    "713196-5", GUIDE, "connection-type",
)  # fmt: skip
_ike(
    e.ProtocolsConflict,
    "Tunnel Rejected: Conflicting protocols specified by tunnel-group and group-policy",
    "713206-3", GUIDE, "group-policy", "tunnel-group",
)  # fmt: skip
_ike(
    e.ProtocolsConflict,
    "Tunnel rejected: Conflicting protocols specified by tunnel-group and group-policy",
    "713206-3", GUIDE, "group-policy", "tunnel-group", heard=True,
)  # fmt: skip
_ike(
    e.TunnelLimitReached,
    "Tunnel Rejected: The maximum tunnel count allowed has been reached",
    "713239-5", GUIDE,
)  # fmt: skip
_debug(e.SpiSizeInvalid, "Invalid ESP SPI size of {size:int}", "715069-7", GUIDE, "transform-set")
_debug(e.AhUnsupported, "AH proposal not supported", "715071-7", GUIDE, "transform-set")
_debug(
    e.ProtocolUnknown,
    "Received proposal with unknown protocol ID {protocol:int}",
    "715072-7", GUIDE, "transform-set",
)  # fmt: skip
_ike(
    e.InterfaceMismatch,
    "Attempting to establish a phase2 tunnel on {wanted:name} interface but phase1 tunnel is on {standing:name} "
    "interface. Tearing down old phase1 tunnel due to a potential routing change.",
    "713258-3", GUIDE, "route", "crypto map interface",
)  # fmt: skip

# --- a tunnel's life ----------------------------------------------------------------------------------------------

_ike(
    e.PeerLost,
    "IKE lost contact with remote peer, deleting connection (keepalive type: {keepalive:phrase})",
    "713123-3", GUIDE, "keepalive",
)  # fmt: skip
_debug(
    e.KeepaliveSent,
    "Sending keep-alive of type DPD {kind:dpd} (seq number {sequence:hex})",
    "715036-7", REAL, "keepalive",
)  # fmt: skip
_debug(
    e.KeepaliveReceived,
    "Received keep-alive of type DPD {kind:dpd} (seq number {sequence:hex})",
    "715075-7", REAL, "keepalive",
)  # fmt: skip
_ike(
    e.KeepaliveOutOfSequence,
    "Received DPD sequence number {sequence:int} in {action:phrase}, description expected seq {expected:int}",
    "713124-6", GUIDE, "keepalive",
)  # fmt: skip
_ike(e.InvalidSpiReceived, "Received Invalid SPI notify (SPI {spi:hex8})!", "713117-7", GUIDE, "set peer")
_ike(
    e.RekeyCollision,
    "Failure during phase 1 rekeying attempt due to collision",
    "713092-5", GUIDE, "policy lifetime",
)  # fmt: skip
_debug(
    e.RekeyStateLost,
    "Old P1 SA is being deleted but new SA is DEAD, cannot transition centries",
    "715052-7", GUIDE, "policy lifetime",
)  # fmt: skip
_debug(
    e.DeleteForRekeyed,
    "IKE Received delete for rekeyed {what:text}",
    "713169-7", GUIDE, "policy lifetime", "sa lifetime",
)  # fmt: skip
_ike(
    e.ExchangeNotFound,
    "{area:phrase}: failed to find centry for message Id {message_id:hex}",
    "713010-5", GUIDE, "crypto map",
)  # fmt: skip
_syslog(
    e.NatKeepaliveReceived,
    "NAT-T keepalive received from {source_interface:name}:{source:ip}/{source_port:int} to "
    "{destination_interface:name}:{destination:ip}/{destination_port:int}",
    "710007-7", GUIDE, "nat-traversal",
)  # fmt: skip

# --- packets ------------------------------------------------------------------------------------------------------

_syslog(
    e.EspDiscarded,
    "ESP request discarded from {source:ip} to {interface:name}:{destination:ip}",
    "710006-7", REAL, "crypto map interface",
)  # fmt: skip
_ESP = "IPSEC: Received an ESP packet (SPI= {spi:HEX8}, sequence number= {sequence:HEX}) from {source:ip} "
_ESP_USER = _ESP + "(user= {user:text}) to {destination:ip}"
_syslog(e.EspSpiUnknown, _ESP + "to {destination:ip} with an invalid SPI.", "402114-4", GUIDE, "crypto map")
_syslog(
    e.ProtocolUnexpected,
    "IPSEC: Received a packet from {source:ip} to {destination:ip} containing {found:phrase} data "
    "instead of {expected:phrase} data.",
    "402115-4", GUIDE, "crypto map",
)  # fmt: skip
_syslog(
    e.InnerPacketMismatch,
    _ESP_USER + ".  The decapsulated inner packet doesn't match the negotiated policy in the SA.  "
    "The packet specifies its destination as {inner_destination:ip}, its source as {inner_source:ip}, "
    "and its protocol as {inner_protocol:phrase}.  "
    "The SA specifies its local proxy as {local_proxy:proxy_words} and its remote_proxy as {remote_proxy:proxy_words}.",
    "402116-4", REAL, "access-list", "match address",
)  # fmt: skip
_syslog(
    e.ClearPacketReceived,
    "IPSEC: Received a non-IPSec packet (protocol= {protocol:phrase}) from {source:ip} to {destination:ip}.",
    "402117-4", REAL, "access-list", "match address",
)  # fmt: skip
_syslog(
    e.EspFragmentIllegal,
    _ESP_USER + " containing an illegal IP fragment of length {length:int} with offset {offset:int}.",
    "402118-4", GUIDE, "crypto map",
)  # fmt: skip
_syslog(e.EspReplayed, _ESP_USER + " that failed anti-replay checking.", "402119-4", REAL, "replay window")
_syslog(e.EspAuthenticationFailed, _ESP_USER + " that failed authentication.", "402120-4", GUIDE, "transform-set")
_syslog(
    e.EspDropped,
    _ESP_USER + " that was dropped by IPSec ({reason:text}).",
    "402121-4", GUIDE, "crypto map",
)  # fmt: skip
_syslog(
    e.ClearPacketDropped,
    "IPSEC: Received a cleartext packet from {source:ip} to {destination:ip} that was to be encapsulated in IPSec "
    "that was dropped by IPSec ({reason:text}).",
    "402122-4", GUIDE, "crypto map",
)  # fmt: skip
for _what, _number in (("sequence number", "702305-3"), ("data", "702307-7")):
    _syslog(
        e.IpsecSaRollover,
        "IPSEC: An {direction:direction} {type:phrase} SA (SPI= {spi:HEX}) between {local:ip} and {remote:ip} "
        f"(user= {{user:text}}) is rekeying due to {_what} rollover.",
        _number, GUIDE, "sa lifetime",
        when={"what": _what},
    )  # fmt: skip
_syslog(
    e.IpsecSaFailed,
    "IPSEC: SA creation error, source {source:ip}, destination {destination:ip}, reason {reason:text}.",
    "602305-3", GUIDE, "transform-set",
)  # fmt: skip
_syslog(
    e.PacketTooBig,
    "PMTU-D packet {length:int} bytes greater than effective mtu {mtu:int}, dest_addr={destination:ip}, "
    "src_addr={source:ip}, prot={protocol:int}",
    "602101-6", GUIDE, "crypto map",
)  # fmt: skip
_PMTU = "IPSEC: Received an ICMP Destination Unreachable from {source:ip}"
_syslog(
    e.PathMtuUpdated,
    _PMTU + " with suggested PMTU of {suggested:int}; PMTU updated for SA with peer {remote_peer:ip}, SPI {spi:HEX}, "
    "tunnel name {group:text}, old PMTU {before:int}, new PMTU {after:int}",
    "602103-6", GUIDE, "crypto map",
)  # fmt: skip
_syslog(
    e.PathMtuUnchanged,
    _PMTU + ", PMTU is unchanged because suggested PMTU of {suggested:int} is equal to or greater than the "
    "current PMTU of {current:int}, for SA with peer {remote_peer:ip}, SPI {spi:HEX}, tunnel name {group:text}",
    "602104-6", GUIDE, "crypto map",
)  # fmt: skip

WORDINGS: tuple[Wording, ...] = tuple(_rows)
"""Every wording, in the order in which a negotiation meets them."""
