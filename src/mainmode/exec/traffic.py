"""`show crypto ipsec stats`: what all IPsec SAs have done since the start, also those that are gone. Knows counters.

Names and their order are those of a real output of 9.x, `successses` as well; that its lines stood under `Inbound` and
`Outbound` with four blanks is the command reference's. Left out is what nobody counts here: what is cut up after
encryption, which the host's kernel does, and the sums with it; protocol and system capacity failures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mainmode.exec.running import Reply, Running
from mainmode.ipsec.sa import Counters

_Rows = tuple[tuple[str, Callable[[Counters], int]], ...]


def _refused(sent: Counters) -> int:
    """Packets that were not sent: too long, or the SA was used up."""
    return sent.send_errors + sent.pre_frag_failures


INBOUND: Final[_Rows] = (
    ("Bytes", lambda received: received.octets),
    ("Decompressed bytes", lambda received: received.octets),  # nothing is ever compressed
    ("Packets", lambda received: received.decrypt + received.recv_errors),
    ("Dropped packets", lambda received: received.recv_errors),
    ("Replay failures", lambda received: received.replay_failed_rcv),
    ("Authentications", lambda received: received.decaps),
    ("Authentication failures", lambda received: received.verify_failed),
    ("Decryptions", lambda received: received.decrypt),
    ("Decryption failures", lambda received: received.invalid_pad_rcv),
    ("TFC Packets", lambda received: received.tfc_rcvd),
    ("Decapsulated fragments needing reassembly", lambda received: received.decapsulated_frgs_needing_reassembly),
    ("Valid ICMP Errors rcvd", lambda received: received.valid_icmp_errors_rcvd),
    ("Invalid ICMP Errors rcvd", lambda received: received.invalid_icmp_errors_rcvd),
)

OUTBOUND: Final[_Rows] = (
    ("Bytes", lambda sent: sent.octets),
    ("Uncompressed bytes", lambda sent: sent.octets),
    # Of a packet that was cut up each piece is encapsulated, and it was one.
    ("Packets", lambda sent: sent.encaps - sent.fragments_created + sent.pre_frag_successes + _refused(sent)),
    ("Dropped packets", _refused),
    ("Authentications", lambda sent: sent.digest),
    ("Authentication failures", lambda sent: 0),  # an HMAC cannot fail
    ("Encryptions", lambda sent: sent.encrypt),
    ("Encryption failures", lambda sent: sent.encaps_failed_send),
    ("TFC Packets", lambda sent: sent.tfc_sent),
    ("Pre-fragmentation successses", lambda sent: sent.pre_frag_successes),
    ("Pre-fragmentation failures", lambda sent: sent.pre_frag_failures),
    ("Fragments created", lambda sent: sent.fragments_created),
    ("PMTUs sent", lambda sent: sent.pmtus_sent),
    ("PMTUs rcvd", lambda sent: sent.pmtus_rcvd),
)


def show(running: Running, words: list[Any]) -> Reply:
    """`show [crypto] ipsec stats`."""
    gateway = running.view.gateway
    received, sent = running.view.plane.totals()
    tunnels = {
        "Active tunnels": sum(not tunnel.replaced for _, tunnel in gateway.tunnels),
        "Previous tunnels": gateway.ended_tunnels,
    }
    inbound = {name: count(received) for name, count in INBOUND}
    outbound = {name: count(sent) for name, count in OUTBOUND}
    missing = {"Missing SA failures": running.dropped.get("unknown SPI", 0)}
    lines = [
        "",
        "IPsec Global Statistics",
        "-----------------------",
        *_printed(tunnels),
        *("Inbound", *_printed(inbound, "    ")),
        *("Outbound", *_printed(outbound, "    ")),
        *_printed(missing),
    ]
    values = {"inbound": _named(inbound), "outbound": _named(outbound)}
    return Reply(lines, {"ipsec": {**_named(tunnels), **values, **_named(missing)}})


def _printed(counts: dict[str, int], indent: str = "") -> list[str]:
    return [f"{indent}{name}: {count}" for name, count in counts.items()]


def _named(counts: dict[str, int]) -> dict[str, int]:
    return {
        name.lower().replace(" ", "_").replace("-", "_").replace("sss", "ss"): count for name, count in counts.items()
    }
