"""What must be found in each real output, as data: see the collection's index for where each comes from.

`cause` is what the page says, or the remedy it shows; None where it says nothing. Then what the lines themselves say is
expected, and where nothing is wrong, nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    rules: tuple[str, ...] = ()
    """The failures in their order; the first is the answer. Empty: nobody is accused."""
    outcomes: tuple[str, ...] = ()
    """Of each negotiation, in the order in which they begin."""
    cause: str | None = None
    open: bool = False
    """The lines cannot tell the stated cause from another: it is named, but no rule is certain."""


UP = ("established",)

EXPECTED: dict[str, Expected] = {
    "001-tunnelsup-success-initiator.log": Expected(outcomes=UP, cause="SUCCESSFUL debug output"),
    "002-tunnelsup-success-initiator-html.log": Expected(outcomes=UP, cause="SUCCESSFUL debug output"),
    "004-aws-initiates-proxyid-0000.log": Expected(
        ("proxy-identity-mismatch",),
        ("failed",),
        "the remote side has something else defined in their VPN traffic definition",
    ),
    # The page's title, and several possible causes at the far end.
    "007-encaps-no-decaps.show": Expected(("one-way-traffic",), cause="encaps but no decaps"),
    "014-metron-lost-service.log": Expected(("peer-lost",), ("failed",)),
    "015-metron-idle-timeout.log": Expected(("idle-timeout",), ("failed",)),
    "017-metron-no-matching-sa.log": Expected(("unknown-sa",), ("incomplete",)),
    "018-metron-runt-isakmp.log": Expected(("malformed-message",)),
    "019-metron-transform-next-payload.log": Expected(("malformed-message",)),
    "020-metron-initiator-negotiated.log": Expected(outcomes=UP),
    "021-metron-asa_raw-full.log": Expected(
        ("idle-timeout", "peer-lost", "unknown-sa", "negotiation-collision", "malformed-message"),
        ("failed", "incomplete", "incomplete", "failed"),
    ),
    "022-sc4s-antireplay-402119.log": Expected(("replayed-packets",), ("incomplete",)),
    "023-logstash-spec-vpn.log": Expected(("outside-proxies", "replayed-packets"), ("incomplete",)),
    "024-ntc-ikev1-sa-detail.show": Expected(),
    # One of its SAs has decrypted 1145 packets and encrypted none. That may be how it is used: a note, no failure.
    "025-ntc-ipsec-sa.show": Expected(),
    "026-ntc-sessiondb-l2l-1.show": Expected(),
    "027-ntc-sessiondb-l2l-2.show": Expected(),
    "028-ntc-sessiondb-l2l-4.show": Expected(),
    "029-ntc-sessiondb-l2l-obj.show": Expected(),
    "037-linux-asa-no-crypto-map-on-interface.log": Expected(
        ("no-crypto-map-on-interface",), ("failed",), "crypto map site2site interface outside"
    ),
    # The one line does not say whether the entry's peer or its access-list was not found.
    "039-linux-asa-crypto-map-policy-not-found.log": Expected(
        ("peer-address-mismatch", "proxy-identity-mismatch"), ("failed",), "set peer 206.54.167.110", open=True
    ),
    "042-ru-no-valid-tunnel-group.log": Expected(
        ("no-tunnel-group",), ("failed",), "[the tunnel-group has a name where the address must stand]"
    ),
    # A line that follows from a failure which is not in the excerpt.
    "045-ubuntuforums-pix-peertblentry.log": Expected(outcomes=("failed",)),
    "046-grafana-runt-isakmp-4500.log": Expected(("malformed-message",)),
    "047-elastic-asa-ike-lines.log": Expected(
        ("deleted-by-peer", "transform-set-mismatch"), ("established", "established", "incomplete", "failed")
    ),
    "049-pix-l2l-responder-lines.log": Expected(outcomes=("incomplete",)),
    "050-pix-l2l-idle-timeout.log": Expected(("idle-timeout",), ("failed",)),
    "051-pix-information-exchange-failed.log": Expected(outcomes=("incomplete",)),
    "052-pix-encrypted-no-matching-sa.log": Expected(("unknown-sa",), ("incomplete",)),
    "053-pix-rekeying-phase1.log": Expected(outcomes=("incomplete",)),
    "055-pix-esp-request-discarded.log": Expected(("unknown-sa",)),
    # Stated: the peer asks for the supernet of what was configured. One of the SAs has answers only on another.
    "057-cisco-community-checkpoint-supernet.show": Expected(
        cause="Check Point does supernetting by default", open=True
    ),
    "058-cisco-community-checkpoint-supernet-2.show": Expected(),
    "059-bos-fw1a.show": Expected(),
    "060-strongswan-ha-asa.show": Expected(),
    "061-aws-nag-asa.show": Expected(),
    "063-lab2025-ios-no-psk.log": Expected(
        ("pre-shared-key-missing", "no-tunnel-group"),
        ("failed",),
        "I forgot to add the pre-shared key on the spoke to the hub",
    ),
    # The tunnel is up, and what is behind it is not in its debug.
    "064-lab2025-ios-success-no-return-route.log": Expected(outcomes=UP, cause="there isn't a return route"),
    # ESP of the old SA came before; the negotiation that follows is the end of that.
    "068-ios-natt-hq-responder.log": Expected(outcomes=UP),
    "069-ios-natt-sitea-initiator.log": Expected(outcomes=UP),
    "070-ios-zh-markdown-mangled-initiator-pfs.log": Expected(outcomes=UP, cause="[a walk through a success]"),
    "071-prelude-ios-unk-exchange.log": Expected(),
}
