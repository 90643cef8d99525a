"""The names an ASA has for protocols, ports and ICMP types. Knows the words only, no line they stand in.

Where one number has two names the first is printed, as on an ASA: port 80 is `www`, and `http` is only understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PROTOCOLS: Final[Mapping[str, int]] = {
    "ip": 0,
    "icmp": 1,
    "igmp": 2,
    "ipinip": 4,
    "tcp": 6,
    "igrp": 9,
    "udp": 17,
    "gre": 47,
    "pptp": 47,
    "esp": 50,
    "ipsec": 50,
    "ah": 51,
    "ahp": 51,
    "icmp6": 58,
    "eigrp": 88,
    "ospf": 89,
    "nos": 94,
    "pim": 103,
    "pcp": 108,
    "snp": 109,
    "sctp": 132,
}

_BOTH: Final[Mapping[str, int]] = {
    "echo": 7,
    "discard": 9,
    "domain": 53,
    "www": 80,
    "http": 80,
    "sunrpc": 111,
    "rpc": 111,
    "tacacs": 49,
    "pim-auto-rp": 496,
    "talk": 517,
    "kerberos": 750,
    "nfs": 2049,
    "cifs": 3020,
    "sip": 5060,
}

TCP_PORTS: Final[Mapping[str, int]] = {
    **_BOTH,
    "daytime": 13,
    "chargen": 19,
    "ftp-data": 20,
    "ftp": 21,
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "whois": 43,
    "gopher": 70,
    "finger": 79,
    "hostname": 101,
    "pop2": 109,
    "pop3": 110,
    "ident": 113,
    "nntp": 119,
    "netbios-ssn": 139,
    "imap4": 143,
    "bgp": 179,
    "irc": 194,
    "ldap": 389,
    "https": 443,
    "exec": 512,
    "login": 513,
    "rsh": 514,
    "cmd": 514,
    "lpd": 515,
    "uucp": 540,
    "klogin": 543,
    "kshell": 544,
    "rtsp": 554,
    "ldaps": 636,
    "lotusnotes": 1352,
    "citrix-ica": 1494,
    "sqlnet": 1521,
    "h323": 1720,
    "pptp": 1723,
    "ctiqbe": 2748,
    "aol": 5190,
    "pcanywhere-data": 5631,
}

UDP_PORTS: Final[Mapping[str, int]] = {
    **_BOTH,
    "time": 37,
    "dns": 53,
    "nameserver": 42,
    "bootps": 67,
    "bootpc": 68,
    "tftp": 69,
    "ntp": 123,
    "netbios-ns": 137,
    "netbios-dgm": 138,
    "snmp": 161,
    "snmptrap": 162,
    "xdmcp": 177,
    "dnsix": 195,
    "mobile-ip": 434,
    "isakmp": 500,
    "non500-isakmp": 4500,
    "biff": 512,
    "who": 513,
    "syslog": 514,
    "rip": 520,
    "rtsp": 554,
    "radius": 1645,
    "radius-acct": 1646,
    "vxlan": 4789,
    "secureid-udp": 5510,
    "pcanywhere-status": 5632,
}

PORTS: Final[Mapping[str, int]] = {**UDP_PORTS, **TCP_PORTS}
"""For reading, where no name has two numbers."""

ICMP_TYPES: Final[Mapping[str, int]] = {
    "echo-reply": 0,
    "unreachable": 3,
    "source-quench": 4,
    "redirect": 5,
    "alternate-address": 6,
    "echo": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
    "information-request": 15,
    "information-reply": 16,
    "mask-request": 17,
    "mask-reply": 18,
    "traceroute": 30,
    "conversion-error": 31,
    "mobile-redirect": 32,
}


def _by_number(names: Mapping[str, int]) -> Mapping[int, str]:
    return {number: name for name, number in list(names.items())[::-1]}


_PROTOCOL_NAMES: Final = _by_number(PROTOCOLS)
_PORT_NAMES: Final = {6: _by_number(TCP_PORTS), 17: _by_number(UDP_PORTS)}
_ICMP_NAMES: Final = _by_number(ICMP_TYPES)


def protocol_name(number: int) -> str:
    """An IP protocol as an access-list prints it: 0 is `ip`, and `tcp`, `icmp`, or the number."""
    return _PROTOCOL_NAMES.get(number, str(number))


def port_name(port: int, protocol: int) -> str:
    """A port as an access-list prints it; a name can belong to TCP (6) alone or to UDP (17) alone."""
    return _PORT_NAMES.get(protocol, {}).get(port, str(port))


def icmp_name(number: int) -> str:
    return _ICMP_NAMES.get(number, str(number))
