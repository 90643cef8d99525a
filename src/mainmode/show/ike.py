"""`show crypto isakmp sa`: the IKE SAs. Knows their layout in 8.3 and 9.x; no commands.

Source: the document's show output (8.3), real outputs of 9.x (blanks behind role and state), FACTS §5.1.
"""

from __future__ import annotations

from typing import Final

from mainmode.ike.sa import IkeSa
from mainmode.show.view import View

WIDTH: Final = 16
"""Of a value in the left column."""

RENEWED: Final = "MM_REKEY_DONE_H2"
"""The state of an SA that another one has replaced and that is still there."""


def ike_sas(view: View, *, detail: bool = False) -> list[str]:
    """The IKEv1 SAs, in the order in which they began."""
    sas = list(view.gateway.ike_sas)
    if not sas:
        return ["", "There are no IKEv1 SAs"] if view.release == "9" else ["There are no isakmp sas"]
    rekeys = rekeys_of(sas)
    lines = ["IKEv1 SAs:", ""] if view.release == "9" else []
    lines += [
        f"   Active SA: {len(sas) - len(rekeys)}",
        f"    Rekey SA: {len(rekeys)} (A tunnel will report 1 Active and 1 Rekey SA during rekey)",
        f"Total IKE SA: {len(sas)}",
        "",
    ]
    for number, sa in enumerate(sas, start=1):
        lines += _block(number, sa, sa in rekeys, view, detail)
    return lines


def isakmp_sas(view: View, *, detail: bool = False) -> list[str]:
    """The IKEv1 SAs as the older command has them: on 9.x it speaks of IKEv2 too."""
    lines = ike_sas(view, detail=detail)
    return [*lines, *ikev2_sas(view)] if view.release == "9" else lines


def ikev2_sas(view: View) -> list[str]:
    """There are never any: this gateway speaks IKEv1."""
    return ["", "There are no IKEv2 SAs"]


def rekeys_of(sas: list[IkeSa]) -> set[IkeSa]:
    """Those that are the `Rekey` one of two with a peer: under negotiation, or replaced and not yet gone.

    Two peers can share an address behind a NAT; their identities tell them apart once they are proved.
    """
    in_use = {sa.peer: sa for sa in sas if sa.active}  # of several the newest
    peers = {address for address, *_ in in_use}
    return {sa for sa in sas if (in_use[sa.peer] is not sa if sa.active else sa.remote.address in peers)}


def _block(number: int, sa: IkeSa, rekey: bool, view: View, detail: bool) -> list[str]:
    # Whether it is LAN-to-LAN stands in the tunnel-group, and the box has none before MM3 or MM4: until then it says
    # `user`, as it does on real boxes whose negotiation got stuck.
    kind = "L2L" if sa.group is not None else "user"
    state = RENEWED if rekey and sa.active else sa.state
    lines = [
        f"{number:<4}IKE Peer: {sa.remote.address}",
        f"    Type    : {kind:<{WIDTH}}Role    : {sa.role}{view.blank}",
        f"    Rekey   : {'yes' if rekey else 'no':<{WIDTH}}State   : {state}{view.blank}",
    ]
    if detail and sa.suite is not None:
        lifetime = sa.suite.lifetime
        lines += [
            f"    Encrypt : {sa.cipher.name:<{WIDTH}}Hash    : {sa.hash.name.upper()}{view.blank}",
            f"    Auth    : {'preshared':<{WIDTH}}Lifetime: {lifetime or 0}",
        ]
        if lifetime is not None and sa.active_at is not None:
            lines.append(f"    Lifetime Remaining: {max(0, int(sa.active_at + lifetime - view.now))}")
    return lines
