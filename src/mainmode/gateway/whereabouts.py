"""Where the peer of an IKE SA is: whence its messages may come, and where ours go. Knows no message's content.

A NAT before the peer may give it another port or another address at any time. Who is not behind one follows what is
authentic (RFC 3947 §6); what proves itself and may yet be a copy, or may come from anybody, moves nothing.
"""

from __future__ import annotations

from mainmode.gateway.box import Box, Out, under_way
from mainmode.ike.sa import NAT_T_PORT, Endpoint, IkeSa
from mainmode.wire import Header


def sa_of(box: Box, header: Header, source: Endpoint, local: Endpoint) -> IkeSa | None:
    """The IKE SA a message belongs to: by both cookies, and from where its peer is, or may be by now."""
    sa = box.sas.of(header)
    if sa is None or source.address == sa.remote.address:
        return sa
    return sa if sa.active and _may_be_at(box, sa, source, local) else None


def heard(box: Box, sa: IkeSa, source: Endpoint, local: Endpoint, out: Out) -> None:
    """Something authentic came that is no copy: the peer lives, and is where it came from."""
    sa.heard_at = out.now
    sa.keepalives_unanswered = 0
    if source != sa.remote and _may_be_at(box, sa, source, local):
        _move(box, sa, source, local, out)


def adopt(box: Box, heir: IkeSa, sa: IkeSa, out: Out) -> None:
    """The tunnels made under one IKE SA go on under another with the same peer, and to where that one is."""
    for tunnel in sa.tunnels:
        tunnel.sa = heir
        if heir.local.port == NAT_T_PORT:
            box.engine.move(tunnel.inbound_spi, heir.local, heir.remote, out)
    heir.tunnels += sa.tunnels
    heir.inherit(sa)
    sa.tunnels = []


def _may_be_at(box: Box, sa: IkeSa, source: Endpoint, local: Endpoint) -> bool:
    """Whether the peer, if this comes from it, has a new mapping at the NAT before it.

    At another address only where the configuration names neither the old one nor the new: an address that it names is a
    peer of its own, with its own key and its own traffic (`docs/decisions`).
    """
    if not sa.remote_behind_nat or local.port != NAT_T_PORT or not source.port:
        return False
    before, after = sa.remote.address, source.address
    return before == after or not (box.config.names_peer(before) or box.config.names_peer(after))


def _move(box: Box, sa: IkeSa, remote: Endpoint, local: Endpoint, out: Out) -> None:
    """The peer is at `remote` from now on, with all that we have with it where it was."""
    with_it = [other for other in box.sas.with_peer_of(sa) if other.remote == sa.remote]
    spis = [spi for one in with_it for spi in _inbound_spis(one)]
    if any(box.engine.collides(spi, remote.address) for spi in spis):
        return
    for one in with_it:
        if remote.address != one.remote.address:
            for quick in one.exchanges.values():
                quick.peer_moved = True
        box.sas.move(one, remote)
        one.local = local
    for spi in spis:
        box.engine.move(spi, local, remote, out)


def _inbound_spis(sa: IkeSa) -> list[int]:
    """Of every pair of IPsec SAs under an IKE SA, those that are still being negotiated included."""
    tunnels = [tunnel.inbound_spi for tunnel in sa.tunnels]
    return tunnels + [quick.inbound_spi for quick in sa.exchanges.values() if under_way(quick)]
