"""The numbers of ISAKMP and what the field calls them. Knows no layout, and no opinion on which numbers are welcome.

Fields of decoded payloads are plain integers, because a peer may send any number and an unknown one must survive;
these enumerations compare equal to them and give them names where something is printed.
"""

from __future__ import annotations

from enum import IntEnum

FLAG_ENCRYPTED = 1
FLAG_COMMIT = 2
FLAG_AUTH_ONLY = 4

NON_ESP_MARKER = bytes(4)
"""What stands before an ISAKMP header on UDP 4500, where an ESP packet would have its SPI (RFC 3948 §2.2)."""


class PayloadType(IntEnum):
    """Payload numbers (RFC 2408 §3.1, RFC 3947 §3.2 and §5.2, private use from 128)."""

    NONE = 0
    SA = 1
    PROPOSAL = 2
    TRANSFORM = 3
    KE = 4
    ID = 5
    CERT = 6
    CERT_REQ = 7
    HASH = 8
    SIG = 9
    NONCE = 10
    NOTIFY = 11
    DELETE = 12
    VENDOR = 13
    ATTR = 14
    NAT_D = 20
    NAT_OA = 21
    IOS_KEEPALIVE = 128
    NAT_D_DRAFT = 130
    """draft-ietf-ipsec-nat-t-ike-00 to -03; an ASA prints it as NAT-D too."""
    NAT_OA_DRAFT = 131
    FRAGMENT = 132


class ExchangeType(IntEnum):
    """RFC 2408 §3.1, RFC 2409 appendix A; 6 is mode-config and XAUTH."""

    BASE = 1
    MAIN = 2
    AUTH_ONLY = 3
    AGGRESSIVE = 4
    INFORMATIONAL = 5
    TRANSACTION = 6
    QUICK = 32
    NEW_GROUP = 33


class Protocol(IntEnum):
    """What a proposal, a notify or a delete is about (RFC 2407 §4.4.1)."""

    ISAKMP = 1
    AH = 2
    ESP = 3
    IPCOMP = 4


class IdType(IntEnum):
    """RFC 2407 §4.6.2.1."""

    IPV4_ADDR = 1
    FQDN = 2
    USER_FQDN = 3
    IPV4_ADDR_SUBNET = 4
    IPV6_ADDR = 5
    IPV6_ADDR_SUBNET = 6
    IPV4_ADDR_RANGE = 7
    IPV6_ADDR_RANGE = 8
    DER_ASN1_DN = 9
    DER_ASN1_GN = 10
    KEY_ID = 11


class Phase1Attribute(IntEnum):
    """Attributes of a phase 1 transform (RFC 2409 appendix A)."""

    ENCRYPTION = 1
    HASH = 2
    AUTHENTICATION = 3
    GROUP = 4
    LIFE_TYPE = 11
    LIFE_DURATION = 12
    KEY_LENGTH = 14


class Phase2Attribute(IntEnum):
    """Attributes of a phase 2 transform, and of a RESPONDER-LIFETIME notify (RFC 2407 §4.5)."""

    LIFE_TYPE = 1
    LIFE_DURATION = 2
    GROUP = 3
    ENCAPSULATION = 4
    AUTHENTICATION = 5
    KEY_LENGTH = 6


class NotifyType(IntEnum):
    """RFC 2408 §3.14.1; from 16384 status: RFC 2408, RFC 2407 §4.6.3 and, for DPD, RFC 3706 §5.3."""

    INVALID_PAYLOAD_TYPE = 1
    DOI_NOT_SUPPORTED = 2
    SITUATION_NOT_SUPPORTED = 3
    INVALID_COOKIE = 4
    INVALID_MAJOR_VERSION = 5
    INVALID_MINOR_VERSION = 6
    INVALID_EXCHANGE_TYPE = 7
    INVALID_FLAGS = 8
    INVALID_MESSAGE_ID = 9
    INVALID_PROTOCOL_ID = 10
    INVALID_SPI = 11
    INVALID_TRANSFORM_ID = 12
    ATTRIBUTES_NOT_SUPPORTED = 13
    NO_PROPOSAL_CHOSEN = 14
    BAD_PROPOSAL_SYNTAX = 15
    PAYLOAD_MALFORMED = 16
    INVALID_KEY_INFORMATION = 17
    INVALID_ID_INFORMATION = 18
    INVALID_CERT_ENCODING = 19
    INVALID_CERTIFICATE = 20
    CERT_TYPE_UNSUPPORTED = 21
    INVALID_CERT_AUTHORITY = 22
    INVALID_HASH_INFORMATION = 23
    AUTHENTICATION_FAILED = 24
    INVALID_SIGNATURE = 25
    ADDRESS_NOTIFICATION = 26
    NOTIFY_SA_LIFETIME = 27
    CERTIFICATE_UNAVAILABLE = 28
    UNSUPPORTED_EXCHANGE_TYPE = 29
    UNEQUAL_PAYLOAD_LENGTHS = 30
    CONNECTED = 16384
    RESPONDER_LIFETIME = 24576
    REPLAY_STATUS = 24577
    INITIAL_CONTACT = 24578
    R_U_THERE = 36136
    R_U_THERE_ACK = 36137
