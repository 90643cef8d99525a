"""The table of commands: for each its notation and what is done about it. Knows no text and no mistakes.

To teach the reader a command, add one entry to `COMMANDS`; what it does is a function in `handlers`. The notation is
explained in `grammar`. A command of which nothing is known but its first words belongs into one of the lists of
words that are ignored, or not implemented, at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from mainmode.config import handlers as do
from mainmode.config.grammar import Command, Handler, Tree
from mainmode.config.model import Support

DONE, LIMITED, IGNORED = Support.DONE, Support.LIMITED, Support.IGNORED
NOT_IMPLEMENTED = Support.NOT_IMPLEMENTED

GLOBAL: Final = "global"
SWALLOW: Final = "ignored"
"""The submode of a block that is not read: every line indented under its first is passed over."""

ENCRYPTION: Final = "des|3des|aes|aes-192|aes-256"
ESP_ENCRYPTION: Final = "esp-des|esp-3des|esp-aes|esp-aes-192|esp-aes-256|esp-null"
ESP_HMAC: Final = "esp-md5-hmac|esp-sha-hmac|esp-none"
GROUPS: Final = "group1|group2|group5|group14"
OTHER_GROUPS: Final = "group7|group15|group16|group19|group20|group21|group24"


ASA_ONLY: Final = (
    "tunnel-group",
    "group-policy",
    "object ",
    "object-group",
    "nat ",
    "nameif",
    "security-level",
    "same-security-traffic",
    "sysopt",
    "asa version",
    "crypto <family:isakmp|ikev1> enable",
    "crypto map <map:word> interface",
)
"""How commands begin that no router has: where one stands, a router's passage is over."""


def _command(
    mode: str,
    syntax: str,
    support: Support,
    doc: str,
    pair: tuple[Handler, Handler] | Handler | None = None,
    remove: Handler | None = None,
    *,
    enters: str | None = None,
    inline: bool = False,
    foreign: bool = False,
) -> Command:
    if isinstance(pair, tuple):
        return Command(mode, syntax, support, doc, *pair, enters, inline, foreign)
    return Command(mode, syntax, support, doc, pair, remove, enters, inline, foreign)


def _box() -> Iterator[Command]:
    yield _command(
        GLOBAL, "hostname <hostname:word>", DONE, "The box's name.", do.hostname, do.unsetting("hostname", "hostname")
    )
    yield _command(
        GLOBAL, "asa version <version:text>", DONE, "The release, in the header of a printed one.", do.version
    )
    yield _command(GLOBAL, "pix version <version:text>", DONE, "The release of a PIX.", do.version)
    yield _command(
        GLOBAL, "name <address> <alias:word> [ description <text> ]", DONE, "An alias of an address.", do.address_name
    )
    yield _command(
        GLOBAL,
        "same-security-traffic permit inter-interface",
        DONE,
        "Traffic between interfaces of one security level.",
        do.setting("same-security inter", "same_security_inter", lambda m: True),
        do.unsetting("same-security inter", "same_security_inter"),
    )
    yield _command(
        GLOBAL,
        "same-security-traffic permit intra-interface",
        DONE,
        "Traffic that leaves by the interface it came in by.",
        do.setting("same-security intra", "same_security_intra", lambda m: True),
        do.unsetting("same-security intra", "same_security_intra"),
    )
    for words in ("sysopt connection permit-vpn", "sysopt connection permit-ipsec"):
        yield _command(
            GLOBAL,
            words,
            DONE,
            "Decrypted traffic passes an interface's access-list; on unless `no` stands before it.",
            do.setting("sysopt permit-vpn", "sysopt_permit_vpn", lambda m: True),
            do.setting("sysopt permit-vpn", "sysopt_permit_vpn", lambda m: False),
        )
    yield _command(
        GLOBAL,
        "sysopt connection tcpmss <tcpmss:0-65535>",
        DONE,
        "Upper limit of the segment size in TCP handshakes.",
        do.setting("tcpmss", "tcpmss", lambda m: m["tcpmss"]),
        do.unsetting("tcpmss", "tcpmss"),
    )
    yield _command(
        GLOBAL,
        "mtu <ifname:word> <mtu:64-65535>",
        DONE,
        "An interface's MTU.",
        do.per_interface("mtu", "mtu"),
        do.not_per_interface("mtu"),
    )


def _interfaces() -> Iterator[Command]:
    yield _command(GLOBAL, "interface <hardware>", DONE, "Opens an interface.", do.interface, enters="interface")
    yield _command(
        "interface",
        "nameif <ifname:word>",
        DONE,
        "The interface's name in all other commands; `inside` gets security level 100, others 0.",
        do.on_interface("nameif", do.named),
        do.on_interface("nameif", lambda found, m: {"name": None}),
    )
    yield _command(
        "interface",
        "security-level <level:0-100>",
        DONE,
        "From 0, outside, to 100, inside.",
        do.on_interface("security-level", lambda found, m: {"security_level": m["level"]}),
        do.on_interface("security-level", lambda found, m: {"security_level": 0}),
    )
    yield _command(
        "interface",
        "ip address <address> <mask> [ standby <standby-address:address> ]",
        DONE,
        "Address and mask.",
        do.ip_address,
        do.on_interface("ip address", do.given_address),
    )
    for source in ("dhcp", "pppoe"):
        yield _command(
            "interface",
            f"ip address {source} [ setroute ]",
            LIMITED,
            "The address is not in the configuration: `mainmode run --interface` takes that of the device.",
            do.on_interface("ip address", do.given_address),
        )
    yield _command(
        "interface",
        "shutdown",
        DONE,
        "Switches the interface off.",
        do.on_interface("shutdown", lambda found, m: {"shutdown": True}),
        do.on_interface("shutdown", lambda found, m: {"shutdown": False}),
    )
    yield _command(
        "interface",
        "crypto map <map:word>",
        NOT_IMPLEMENTED,
        "A router's; an ASA says `crypto map M interface`.",
        foreign=True,
    )
    yield _command("interface", "ip nat <text>", NOT_IMPLEMENTED, "A router's.", foreign=True)


def _objects() -> Iterator[Command]:
    yield _command(
        GLOBAL,
        "object network <name:word>",
        DONE,
        "Opens a network object.",
        do.object_network,
        do.forget_object,
        enters="object network",
    )
    yield _command(
        GLOBAL,
        "object service <name:word>",
        DONE,
        "Opens a service object.",
        do.object_service,
        do.forget_object,
        enters="object service",
    )
    network = "object network"
    yield _command(network, "host <address>", DONE, "One address.", do.object_addresses("address"))
    yield _command(network, "subnet <network>", DONE, "A network.", do.object_addresses("network"))
    yield _command(network, "range <range>", DONE, "From one address to another.", do.object_addresses("range"))
    yield _command(
        network,
        "fqdn [ <version:v4|v6> ] <fqdn:word>",
        LIMITED,
        "A host name: its addresses are not known by reading.",
        do.object_fqdn,
    )
    yield _command(
        network,
        "nat <interfaces> <kind:static|dynamic> <mapped:word> [ service <protocol:tcp|udp> <real-port:port>"
        " <mapped-port:port> ] { interface | dns | no-proxy-arp | route-lookup | net-to-net }*",
        LIMITED,
        "Object NAT; port translation is read as if it were for all ports.",
        do.object_nat,
        do.forget_object_nat,
    )
    yield _command(
        network,
        "nat <interfaces> dynamic pat-pool <pool:word> { interface | dns | round-robin | extended | flat"
        " | include-reserve | block-allocation }*",
        LIMITED,
        "Object NAT to a pool of addresses.",
        do.object_nat,
        do.forget_object_nat,
    )
    service = "object service"
    ports = "[ source <source-ports:ports> ] [ destination <destination-ports:ports> ]"
    yield _command(service, f"service <protocol:tcp|udp|sctp> {ports}", DONE, "Ports.", do.object_is_service)
    yield _command(
        service, "service icmp [ <icmp-type> [ <icmp-code:0-255> ] ]", DONE, "An ICMP type.", do.object_is_service
    )
    yield _command(service, "service <protocol>", DONE, "A protocol.", do.object_is_service)

    group = "object-group"
    for kind in ("network", "protocol", "icmp-type"):
        yield _command(
            GLOBAL,
            f"object-group <kind:={kind}> <name:word>",
            DONE,
            f"Opens a {kind} group.",
            do.object_group,
            do.forget_group,
            enters=f"{group} {kind}",
        )
    yield _command(
        GLOBAL,
        "object-group <kind:=service> <name:word> [ <protocol:tcp|udp|tcp-udp> ]",
        DONE,
        "Opens a group of services, or of ports of one protocol.",
        do.object_group,
        do.forget_group,
        enters=f"{group} service",
    )
    yield _command(f"{group} network", "network-object host <address>", DONE, "One address.", do.member(do.host_member))
    yield _command(
        f"{group} network", "network-object object <object:word>", DONE, "An object.", do.member(do.object_member)
    )
    yield _command(
        f"{group} network", "network-object <network>", DONE, "A network.", do.member(lambda group, m: [m["network"]])
    )
    for kind in ("network", "service", "protocol", "icmp-type"):
        yield _command(
            f"{group} {kind}", "group-object <group:word>", DONE, "Another group.", do.member(do.group_member)
        )
    yield _command(
        f"{group} service",
        "port-object <ports>",
        DONE,
        "Ports, in a group of one protocol.",
        do.member(do.port_members),
    )
    yield _command(
        f"{group} service",
        "service-object object <object:word>",
        DONE,
        "A service object.",
        do.member(do.object_member),
    )
    yield _command(
        f"{group} service",
        f"service-object <protocol:tcp|udp|tcp-udp|sctp> {ports}",
        DONE,
        "Ports.",
        do.member(do.service_members),
    )
    yield _command(
        f"{group} service",
        "service-object icmp [ <icmp-type> [ <icmp-code:0-255> ] ]",
        DONE,
        "An ICMP type.",
        do.member(do.service_members),
    )
    yield _command(f"{group} service", "service-object <protocol>", DONE, "A protocol.", do.member(do.service_members))
    yield _command(
        f"{group} protocol", "protocol-object <protocol>", DONE, "A protocol.", do.member(do.service_members)
    )
    yield _command(f"{group} icmp-type", "icmp-object <icmp-type>", DONE, "An ICMP type.", do.member(do.icmp_members))
    for mode in (network, service, *(f"{group} {kind}" for kind in ("network", "service", "protocol", "icmp-type"))):
        yield _command(mode, "description <text>", IGNORED, "For people.")


def _access_lists() -> Iterator[Command]:
    head = "access-list <name:word> [ line <number:1-2147483647> ] [ extended ] <action:permit|deny>"
    tail = (
        "{ log [ disable | default | <level:0-7> | <severity:emergencies|alerts|critical|errors|warnings|notifications"
        "|informational|debugging> ] [ interval <interval:1-600> ] | time-range <time-range:word> | inactive }*"
    )
    yield _command(
        GLOBAL,
        f"{head} icmp <source:endpoint> <destination:endpoint> [ <icmp-type> [ <icmp-code:0-255> ] ] {tail}",
        LIMITED,
        "A line for ICMP. `time-range` is taken as always.",
        do.access_list,
        do.no_access_list,
    )
    yield _command(
        GLOBAL,
        f"{head} <protocol> <source:endpoint> [ <source-ports> ] <destination:endpoint> [ <destination-ports> ] {tail}",
        LIMITED,
        "A line of an extended access-list. `time-range` is taken as always; lines for IPv6 are left out.",
        do.access_list,
        do.no_access_list,
    )
    yield _command(
        GLOBAL,
        "access-list <name:word> standard <action:permit|deny> { any | any4 | host <address> | <network> }",
        DONE,
        "A line of a standard access-list: destinations only.",
        do.standard_access_list,
    )
    yield _command(
        GLOBAL, "access-list <name:word> [ line <number:1-2147483647> ] remark <text>", IGNORED, "For people."
    )
    for kind in ("ethertype", "webtype"):
        yield _command(GLOBAL, f"access-list <name:word> {kind} <text>", IGNORED, "No IP traffic is chosen by it.")
    for words in ("alert-interval", "deny-flow-max"):
        yield _command(GLOBAL, f"access-list {words} <text>", IGNORED, "About logging.")
    yield _command(
        GLOBAL,
        "access-group <name:word> <direction:in|out> interface <ifname:word> [ per-user-override | control-plane ]",
        LIMITED,
        "Binds an access-list to an interface: read for `check`, not enforced.",
        do.access_group,
        do.no_access_group,
    )
    yield _command(
        GLOBAL, "access-group <name:word> global", LIMITED, "Read, not enforced.", do.access_group, do.no_access_group
    )


def _nat_and_routes() -> Iterator[Command]:
    tail = (
        "{ dns | no-proxy-arp | route-lookup | unidirectional | inactive | net-to-net | round-robin | flat | extended"
        " | include-reserve | interface }* [ description <text> ]"
    )
    sides = "[ destination static <mapped-destination:word> <real-destination:word> ]"
    services = "[ service <real-service:word> <mapped-service:word> ]"
    where = "nat [ <interfaces> ] [ after-auto ] [ <line:1-2147483647> ] source"
    yield _command(
        GLOBAL,
        f"{where} <kind:static|dynamic> <real:word> <mapped:word> {sides} {services} {tail}",
        DONE,
        "Twice NAT.",
        do.twice_nat,
        do.no_twice_nat,
    )
    yield _command(
        GLOBAL,
        f"{where} dynamic <real:word> pat-pool <pool:word> {sides} {services} {tail}",
        LIMITED,
        "Twice NAT to a pool of addresses.",
        do.twice_nat,
        do.no_twice_nat,
    )
    yield _command(
        GLOBAL,
        "nat <(interface)> 0 access-list <name:word> [ outside ]",
        DONE,
        "8.2 and older: what the list permits is not translated.",
        do.exemption,
        do.no_twice_nat,
    )
    yield _command(
        GLOBAL,
        "nat <(interface)> <pool-id:0-2147483647> <network> { dns | outside | norandomseq | tcp <n:0-65535>"
        " | udp <n:0-65535> | <n:0-65535> }*",
        LIMITED,
        "8.2 and older: dynamic NAT; which `global` it belongs to is not followed.",
        do.old_dynamic,
        do.no_twice_nat,
    )
    yield _command(
        GLOBAL,
        "nat <(interface)> <pool-id:1-2147483647> access-list <name:word> { dns | outside | norandomseq }*",
        NOT_IMPLEMENTED,
        "8.2 and older: policy NAT.",
    )
    yield _command(GLOBAL, "global <(interface)> <text>", IGNORED, "8.2 and older: addresses for dynamic NAT.")
    yield _command(
        GLOBAL,
        "static <interfaces> <mapped:address> <real:address> [ netmask <mask> ] { dns | norandomseq | tcp <n:0-65535>"
        " | udp <n:0-65535> | <n:0-65535> }*",
        LIMITED,
        "8.2 and older: static NAT.",
        do.old_static,
        do.no_twice_nat,
    )
    yield _command(GLOBAL, "static <interfaces> <text>", NOT_IMPLEMENTED, "8.2 and older: static PAT, policy NAT.")
    yield _command(
        GLOBAL,
        "nat-control",
        DONE,
        "8.2 and older: what no rule fits is dropped.",
        do.setting("nat-control", "nat_control", lambda m: True),
        do.unsetting("nat-control", "nat_control"),
    )
    yield _command(
        GLOBAL,
        "route <ifname:word> <network> <gateway:address> [ <metric:1-255> ] [ track <track:1-500> | tunneled ]",
        LIMITED,
        "A static route; `track` is taken as up.",
        do.route,
        do.no_route,
    )


def _ike() -> Iterator[Command]:
    for words, inline in (("crypto <family:isakmp|ikev1>", False), ("isakmp", True)):
        # `isakmp …` without `crypto` is how PIX 6 and ASA 7.0 have it, all on one line.
        yield _command(
            GLOBAL,
            f"{words} policy <priority:1-65535>",
            DONE,
            "Opens an ISAKMP policy; the lowest number is best.",
            do.ike_policy,
            do.no_ike_policy,
            enters="policy",
            inline=inline or words.startswith("crypto"),
        )
        yield _command(
            GLOBAL,
            f"{words} enable <ifname:word>",
            DONE,
            "IKEv1 is answered on the interface.",
            do.ike_enable,
            do.no_ike_enable,
        )
        yield _command(
            GLOBAL,
            f"{words} am-disable",
            DONE,
            "Aggressive mode is refused, as it is here in any case.",
            do.setting("am-disable", "aggressive_mode", lambda m: False),
            do.unsetting("am-disable", "aggressive_mode"),
        )
    for words in ("crypto isakmp", "isakmp"):
        yield _command(
            GLOBAL,
            f"{words} identity <identity:auto|address|hostname>",
            LIMITED,
            "The identity in MM5 and MM6; `hostname` with pre-shared keys needs aggressive mode on most peers.",
            do.identity,
            do.unsetting("identity", "identity", "identity_value"),
        )
        yield _command(
            GLOBAL,
            f"{words} identity <identity:=key-id> <key-id-string:word>",
            LIMITED,
            "A string as identity.",
            do.identity,
            do.unsetting("identity", "identity", "identity_value"),
        )
        yield _command(
            GLOBAL,
            f"{words} nat-traversal [ <keepalive:10-3600> ]",
            DONE,
            "NAT traversal and the seconds between its keepalives; 20 unless said otherwise, `no` switches it off.",
            do.setting("nat-traversal", "nat_traversal", lambda m: m.get("keepalive", 20)),
            do.setting("nat-traversal", "nat_traversal", lambda m: None),
        )
        yield _command(
            GLOBAL,
            f"{words} disconnect-notify",
            LIMITED,
            "Peers are told of a disconnect.",
            do.setting("disconnect-notify", "disconnect_notify", lambda m: True),
            do.unsetting("disconnect-notify", "disconnect_notify"),
        )
        yield _command(GLOBAL, f"{words} reload-wait", IGNORED, "A reload waits for sessions to end.")
        yield _command(GLOBAL, f"{words} ipsec-over-tcp [ <text> ]", NOT_IMPLEMENTED, "For clients only.")
        yield _command(
            GLOBAL,
            f"{words} key <key> address <address> [ <text> ]",
            NOT_IMPLEMENTED,
            "A router's, or a PIX 6's; an ASA keeps the key in a tunnel-group.",
            foreign=True,
        )
        yield _command(
            GLOBAL, f"{words} key <key> hostname <host:word> [ <text> ]", NOT_IMPLEMENTED, "A router's.", foreign=True
        )
    yield _command(GLOBAL, "crypto ikev1 limit <text>", IGNORED, "Negotiations at a time: the limit here is fixed.")
    yield _command(
        "policy",
        "authentication <authentication:=pre-share>",
        DONE,
        "Pre-shared keys.",
        do.policy_value("authentication"),
    )
    yield _command(
        "policy",
        "authentication <authentication:rsa-sig|crack>",
        NOT_IMPLEMENTED,
        "Certificates, or a client's login: the policy is neither offered nor accepted.",
        do.policy_value("authentication"),
    )
    yield _command(
        "policy", f"encryption <encryption:{ENCRYPTION}>", DONE, "The cipher.", do.policy_value("encryption")
    )
    yield _command("policy", "hash <hash:md5|sha>", DONE, "The hash, for HMAC too.", do.policy_value("hash"))
    yield _command("policy", "group <group:1|2|5|14>", DONE, "Diffie-Hellman group.", do.policy_value("group", int))
    yield _command(
        "policy",
        "group <group:7|15|16|19|20|21|24>",
        NOT_IMPLEMENTED,
        "The policy is left out.",
        do.policy_value("group", int),
    )
    yield _command(
        "policy",
        "lifetime <lifetime:120-2147483647>",
        DONE,
        "Seconds.",
        do.policy_value("lifetime"),
    )
    yield _command(
        "policy", "lifetime <lifetime:=none>", DONE, "No limit.", do.policy_value("lifetime", lambda word: None)
    )


def _ipsec() -> Iterator[Command]:
    for words in ("crypto ipsec", "crypto ipsec ikev1"):
        yield _command(
            GLOBAL,
            f"{words} transform-set <name:word> <encryption:{ESP_ENCRYPTION}> [ <authentication:{ESP_HMAC}> ]",
            DONE,
            "Ciphers for ESP.",
            do.transform_set,
            do.no_transform_set,
        )
        yield _command(
            GLOBAL,
            f"{words} transform-set <name:word> mode <mode:transport|tunnel>",
            LIMITED,
            "Tunnel mode; transport mode (for L2TP clients) is not implemented.",
            do.transform_mode,
        )
        yield _command(
            GLOBAL,
            f"{words} transform-set <name:word> <authentication-header:ah-md5-hmac|ah-sha-hmac> [ <text> ]",
            NOT_IMPLEMENTED,
            "AH, which an ASA does not have either.",
        )
    lifetime = "{ seconds <seconds:120-2147483647> | kilobytes <kilobytes:volume> }+"
    yield _command(
        GLOBAL,
        f"crypto ipsec security-association lifetime {lifetime}",
        DONE,
        "Lifetime of SAs whose crypto map says nothing.",
        do.global_lifetime,
        do.no_global_lifetime,
    )
    yield _command(
        GLOBAL,
        "crypto ipsec security-association replay window-size <window:64|128|256|512|1024>",
        DONE,
        "Packets the replay window remembers.",
        do.setting("replay", "replay_window", lambda m: int(m["window"])),
        do.unsetting("replay", "replay_window"),
    )
    yield _command(
        GLOBAL,
        "crypto ipsec security-association replay disable",
        DONE,
        "No replay detection.",
        do.setting("replay", "replay_window", lambda m: 0),
        do.unsetting("replay", "replay_window"),
    )
    # Recent releases take 15 to 30 minutes, the command reference says otherwise and is said to be wrong.
    for words in ("infinite", "<minutes:10-30>"):
        yield _command(
            GLOBAL,
            f"crypto ipsec security-association pmtu-aging {words}",
            DONE,
            "When a learnt path MTU is forgotten: after so many minutes, or never.",
            do.setting("pmtu-aging", "pmtu_aging", lambda m: m.get("minutes")),
            do.unsetting("pmtu-aging", "pmtu_aging"),
        )
    yield _command(
        GLOBAL,
        "crypto ipsec df-bit <df-bit:copy-df|set-df|clear-df> <ifname:word>",
        DONE,
        "What becomes of the don't-fragment bit.",
        do.per_interface("df_bit", "df-bit"),
        do.not_per_interface("df_bit"),
    )
    yield _command(
        GLOBAL,
        "crypto ipsec fragmentation <when:before-encryption|after-encryption> <ifname:word>",
        DONE,
        "When a packet that is too long is cut up.",
        do.per_interface("fragmentation", "when"),
        do.not_per_interface("fragmentation"),
    )


def _crypto_maps() -> Iterator[Command]:
    for kind in ("map", "dynamic-map"):
        head = f"crypto {kind} <map:word> <sequence:1-65535>"

        def setting(
            words: str, name: str, change: do.Change, doc: str, support: Support = DONE, head: str = head
        ) -> Command:
            return _command(GLOBAL, f"{head} {words}", support, doc, do.entry_setting(name, change))

        yield setting(
            "match address <access-list:word>",
            "match address",
            lambda draft, entry, m: {"access_list": m["access-list"]},
            "The traffic to protect.",
        )
        yield setting("set peer <peers:peer>...", "set peer", do.peers, "The far end; more than one are tried in turn.")
        for words in ("set transform-set", "set ikev1 transform-set"):
            yield setting(
                f"{words} <transform-sets:word>...",
                "set transform-set",
                lambda draft, entry, m: {"transform_sets": tuple(m["transform-sets"])},
                "Offered in this order.",
            )
        yield setting(
            f"set pfs [ <group:{GROUPS}> ]",
            "set pfs",
            do.pfs,
            "A Diffie-Hellman exchange in quick mode; without a group 2, from 9.13 on 14.",
        )
        yield setting(f"set pfs <group:{OTHER_GROUPS}>", "set pfs", do.pfs, "The entry is left out.", NOT_IMPLEMENTED)
        yield setting(
            "set security-association lifetime { seconds <seconds:120-2147483647> | kilobytes <kilobytes:volume> }+",
            "set lifetime",
            do.entry_lifetime,
            "Lifetime of this entry's SAs.",
        )
        yield setting(
            "set reverse-route",
            "set reverse-route",
            lambda draft, entry, m: {"reverse_route": True},
            "A route to the far network through the tunnel.",
        )
        yield setting(
            "set nat-t-disable",
            "set nat-t-disable",
            lambda draft, entry, m: {"nat_t_disable": True},
            "No UDP encapsulation for this entry.",
        )
        for words in ("set phase1-mode", "set ikev1 phase1-mode"):
            yield setting(
                f"{words} <mode:main|aggressive> [ <group:group1|group2|group5|group7|group14> ]",
                "set phase1-mode",
                do.phase1_mode,
                "Main mode; aggressive mode is not implemented.",
                LIMITED,
            )
        yield setting(
            "set connection-type <type:bidirectional|originate-only|answer-only>",
            "set connection-type",
            lambda draft, entry, m: {"connection_type": m["type"]},
            "Which side may begin.",
        )
        yield setting(
            "set trustpoint <trustpoint:word> [ chain ]",
            "set trustpoint",
            lambda draft, entry, m: {"trust_point": m["trustpoint"]},
            "Certificates.",
            NOT_IMPLEMENTED,
        )
        yield setting(
            "set ikev2 ipsec-proposal <proposals:word>...",
            "set ikev2 ipsec-proposal",
            lambda draft, entry, m: {"ikev2_proposals": tuple(m["proposals"])},
            "IKEv2.",
            NOT_IMPLEMENTED,
        )
        for words in ("ikev2 mode", "ikev2 pre-shared-key", "tfc-packets", "df-bit", "validate-icmp-errors"):
            yield _command(GLOBAL, f"{head} set {words} [ <text> ]", IGNORED, "Means nothing to IKEv1.")
        yield _command(GLOBAL, head.replace("crypto", "no crypto"), DONE, "Takes an entry away.", None, do.no_entry)
        yield _command(GLOBAL, f"no crypto {kind} <map:word>", DONE, "Takes all entries away.", None, do.no_entry)
    yield _command(
        GLOBAL,
        "crypto map <map:word> <sequence:1-65535> ipsec-isakmp dynamic <target:word>",
        DONE,
        "A dynamic map at this place.",
        do.entry_setting("dynamic", lambda draft, entry, m: {"dynamic": m["target"]}),
    )
    yield _command(
        GLOBAL,
        "crypto map <map:word> <sequence:1-65535> ipsec-isakmp",
        NOT_IMPLEMENTED,
        "A router's and a PIX 6's way to begin an entry; an ASA knows no other kind.",
        enters=SWALLOW,
    )
    yield _command(
        GLOBAL,
        "crypto map <map:word> interface <ifname:word> [ ipv6-local-address <text> ]",
        DONE,
        "Binds a crypto map to an interface.",
        do.map_interface,
        do.no_map_interface,
    )


def _tunnel_groups() -> Iterator[Command]:
    yield _command(
        GLOBAL,
        "tunnel-group <name:word> type <type:word>",
        DONE,
        "A group of peers; the name is the peer's address.",
        do.tunnel_group,
        do.no_tunnel_group,
    )
    yield _command(GLOBAL, "no tunnel-group <name:word>", DONE, "Takes a group away.", None, do.no_tunnel_group)
    yield _command(
        GLOBAL,
        "tunnel-group <name:word> general-attributes",
        DONE,
        "Opens a group.",
        do.tunnel_group_attributes,
        enters="tunnel-group general",
    )
    yield _command(
        GLOBAL,
        "tunnel-group <name:word> ipsec-attributes",
        DONE,
        "Opens a group.",
        do.tunnel_group_attributes,
        enters="tunnel-group ipsec",
    )
    for kind in ("webvpn", "ppp"):
        yield _command(
            GLOBAL, f"tunnel-group <name:word> {kind}-attributes", IGNORED, "For remote access.", enters=SWALLOW
        )
    yield _command(
        "tunnel-group general",
        "default-group-policy <group-policy:word>",
        DONE,
        "The group-policy of its peers.",
        do.group_setting("default-group-policy", lambda m: {"default_group_policy": m["group-policy"]}),
    )
    ipsec = "tunnel-group ipsec"
    key = do.pre_shared_key, do.group_setting("pre-shared-key", lambda m: {})[1]
    for words in ("pre-shared-key", "ikev1 pre-shared-key"):
        yield _command(ipsec, f"{words} <key>", DONE, "The key; `*****` means that it was not printed.", key)
        yield _command(
            ipsec,
            f"{words} 8 <key>",
            LIMITED,
            "An encrypted key: taken as not printed.",
            do.group_setting("pre-shared-key", lambda m: {"pre_shared_key": None, "key_masked": True}),
        )
    for words in ("trust-point", "ikev1 trust-point"):
        yield _command(
            ipsec,
            f"{words} <trust-point:word>",
            NOT_IMPLEMENTED,
            "Certificates.",
            do.group_setting("trust-point", lambda m: {"trust_point": m["trust-point"]}),
        )
    yield _command(
        ipsec,
        "peer-id-validate <validate:req|cert|nocheck>",
        LIMITED,
        "About certificates; no effect on keys.",
        do.group_setting("peer-id-validate", lambda m: {"peer_id_validate": m["validate"]}),
    )
    keepalive = do.group_setting("keepalive", do.keepalive)
    yield _command(ipsec, "isakmp keepalive disable", DONE, "No dead peer detection.", keepalive)
    yield _command(
        ipsec,
        "isakmp keepalive { threshold <threshold:10-3600> | threshold infinite | retry <retry:2-10> }+",
        DONE,
        "Dead peer detection: idle seconds before asking, seconds between questions.",
        keepalive,
    )
    for words in ("chain", "radius-with-expiry", "radius-sdi-xauth", "client-update", "authorization-dn-attributes"):
        yield _command(ipsec, f"{words} [ <text> ]", IGNORED, "Means nothing to a LAN-to-LAN tunnel with keys.")
    for words in (
        "isakmp ikev1-user-authentication",
        "ikev1 user-authentication",
        "ikev1 client-update",
        "ikev1 radius-sdi-xauth",
    ):
        yield _command(ipsec, f"{words} <text>", IGNORED, "For clients.")
    yield _command(ipsec, "ikev2 <text>", NOT_IMPLEMENTED, "IKEv2.")


def _group_policies() -> Iterator[Command]:
    yield _command(
        GLOBAL,
        "group-policy <name:word> internal [ from <from:word> ]",
        DONE,
        "A policy for groups.",
        do.group_policy,
        do.no_group_policy,
    )
    yield _command(
        GLOBAL,
        "group-policy <name:word> external <text>",
        NOT_IMPLEMENTED,
        "A policy kept by a server.",
        do.group_policy,
        do.no_group_policy,
    )
    yield _command(GLOBAL, "no group-policy <name:word>", DONE, "Takes a policy away.", None, do.no_group_policy)
    yield _command(
        GLOBAL, "group-policy <name:word> attributes", DONE, "Opens a policy.", do.group_policy, enters="group-policy"
    )
    mode = "group-policy"
    for name in ("vpn-idle-timeout", "vpn-session-timeout"):
        yield _command(
            mode, f"{name} <minutes:1-35791394>", DONE, "Minutes.", do.policy_setting(name, lambda m: m["minutes"])
        )
        yield _command(mode, f"{name} none", DONE, "Never.", do.policy_setting(name, lambda m: "none"))
        yield _command(mode, f"{name} alert-interval <alert:1-30>", IGNORED, "For clients.")
    yield _command(
        mode,
        "vpn-filter value <access-list:word>",
        LIMITED,
        "Filters what comes out of the tunnel: not enforced.",
        do.policy_setting("vpn-filter", lambda m: m["access-list"]),
    )
    yield _command(mode, "vpn-filter none", DONE, "No filter.", do.policy_setting("vpn-filter", lambda m: None))
    yield _command(
        mode,
        "vpn-tunnel-protocol <protocols:word>...",
        LIMITED,
        "Which protocols may be used: read for `check`.",
        do.policy_setting("vpn-tunnel-protocol", lambda m: tuple(word.lower() for word in m["protocols"])),
    )


IGNORED_WORDS: Final[Mapping[str, str]] = {
    GLOBAL: """
        aaa aaa-server alias arp arp-inspection asdm attribute auth-prompt auto-update banner bfd bgp boot call-home
        checkheaps class-map client-update clock cluster command-alias compression config-register console context
        coredump cts ctl-file ctl-provider cxsc ddns dhcp-client dhcpd dhcprelay dns dns-group domain-name
        dynamic-access-policy-record dynamic-filter email enable established event failover feature file filter fips
        firewall fixup flow-export flow-offload fragment ftp ftp-map gtp-map hpm hsi-group http http-map icmp igmp
        imap4s import ip ipv6 jumbo-frame key lacp ldap license license-server lldp logging mac-address
        mac-address-table mac-learn management-access media-termination mfib mgcp-map mount mroute msie-proxy
        multicast multicast-routing names ntp object-group-search ospf pager passwd password password-policy
        phone-proxy pim policy-list policy-map pop3s prefix-list priority-queue privilege prompt quota regex resource
        rest-api rip route-map router sctp-map scansafe security-group service service-interface service-policy setup
        shun sip-map sla smtp-server smtps snmp-map snmp-server snort ssh ssl sunrpc-server sysopt tcp-map telnet
        terminal tftp-server threat-detection time-range timeout tls-proxy track tunnel-group-list tunnel-group-map
        url-block url-cache url-server user-identity user-statistics username virtual vpdn vpn-addr-assign
        vpn-sessiondb vpnclient vpnsetup vxlan wccp webvpn xlate zone zonelabs-integrity
        capture changeto clear configure copy debug delete dir disable more packet-tracer perfmon ping reload show
        traceroute undebug write
    """,
    "interface": """
        authentication bfd bridge-group channel-group cts delay description dhcp dhcprelay duplex eigrp flowcontrol
        forward hello-interval hold-time igmp ipv6 lacp lldp mac-address management-only member-interface mfib
        multicast no-proxy-arp nve-only ospf pim policy-route port-channel pppoe redundant-interface rip speed
        split-horizon summary-address switchport traffic-forward vlan vtep-nve zone-member media-type power
        nve segment-id mtu hardware keepalive negotiation
    """,
    "tunnel-group general": """
        accounting-server-group address-pool annotation authenticated-session-username authentication-attr-from-server
        authentication-server-group authorization-required authorization-server-group authorization-dn-attributes
        dhcp-server ipv6-address-pool nat-assigned-to-public-ip override-account-disable override-svc-download
        password-management qos-rate-limit scep-enrollment scep-forwarding-url secondary-authentication-server-group
        secondary-username-from-certificate strip-group strip-realm username-from-certificate without-csd
        secondary-color
    """,
    "group-policy": """
        access-hours address-pools anyconnect-custom backup-servers banner client-access-rule client-bypass-protocol
        client-firewall default-domain dhcp-network-scope dns-server gateway-fqdn group-lock
        intercept-dhcp ip-comp ip-phone-bypass ipsec-udp ipsec-udp-port ipv6-address-pools ipv6-split-tunnel-policy
        ipv6-vpn-filter leap-bypass msie-proxy nac nac-settings nem password-storage periodic-authentication pfs
        re-xauth scep-forwarding-url secure-unit-authentication security-group-tag smartcard-removal-disconnect
        split-dns split-tunnel-all-dns split-tunnel-network-list split-tunnel-policy user-authentication
        user-authentication-idle-timeout vlan vpn-access-hours vpn-simultaneous-logins webvpn wins-server
        homepage functions url-list filter port-forward svc anyconnect
    """,
    "policy": "description",
}
"""First words of commands that have nothing to do with LAN-to-LAN tunnels, by mode. What they open is passed over."""

IGNORED_PREFIXES: Final = (
    "crypto ca",
    "crypto key",
    "crypto engine",
    "crypto isakmp limit",
    "ipv6 access-list",
    "clear configure",
    "object-group user",
    "object-group security",
)

NOT_IMPLEMENTED_PREFIXES: Final[Mapping[str, str]] = {
    "crypto ikev2": "IKEv2.",
    "crypto ipsec ikev2": "IKEv2.",
    "crypto ipsec profile": "Tunnel interfaces.",
}

FOREIGN_PREFIXES: Final = (
    "ip route",
    "ip nat",
    "ip access-list",
    "ip domain",
    "line",
    "crypto isakmp profile",
    "crypto keyring",
    "crypto isakmp keepalive",
    "crypto isakmp invalid-spi-recovery",
)
"""A router's (IOS) commands that people paste together with an ASA's."""


def _known_words() -> Iterator[Command]:
    for mode, words in IGNORED_WORDS.items():
        for word in dict.fromkeys(words.split()):
            yield _command(mode, f"{word} [ <text> ]", IGNORED, "Nothing to do with tunnels.", enters=SWALLOW)
    for prefix in IGNORED_PREFIXES:
        yield _command(GLOBAL, f"{prefix} [ <text> ]", IGNORED, "Nothing to do with tunnels.", enters=SWALLOW)
    for prefix, doc in NOT_IMPLEMENTED_PREFIXES.items():
        yield _command(GLOBAL, f"{prefix} [ <text> ]", NOT_IMPLEMENTED, doc, enters=SWALLOW)
    for prefix in FOREIGN_PREFIXES:
        yield _command(GLOBAL, f"{prefix} <text>", NOT_IMPLEMENTED, "A router's.", enters=SWALLOW, foreign=True)
    yield _command("interface", "tunnel <text>", NOT_IMPLEMENTED, "Tunnel interfaces.")
    for word in ("exit", "quit", "end"):
        yield _command(GLOBAL, word, DONE, "Leaves the submode.", enters=GLOBAL)


def _clearing() -> Iterator[Command]:
    for words, handler in (
        ("crypto map [ <name:word> ]", do.clear_crypto_map),
        ("tunnel-group [ <name:word> ]", do.clear_tunnel_group),
        ("access-list [ <name:word> ]", do.clear_access_list),
    ):
        yield _command(GLOBAL, f"clear configure {words}", DONE, "Takes all of it away.", handler)


COMMANDS: Final[tuple[Command, ...]] = tuple(
    command
    for part in (
        _box,
        _interfaces,
        _objects,
        _access_lists,
        _nat_and_routes,
        _ike,
        _ipsec,
        _crypto_maps,
        _tunnel_groups,
        _group_policies,
        _clearing,
        _known_words,
    )
    for command in part()
)


@cache
def trees() -> Mapping[str, Tree]:
    """For each mode the tree of its commands, made on first use."""
    modes: dict[str, list[Command]] = {}
    for command in COMMANDS:
        modes.setdefault(command.mode, []).append(command)
    return {mode: Tree(commands) for mode, commands in modes.items()}
