"""Which IKE SAs there are, and which one a message belongs to. Knows cookies and addresses; no messages' content."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from mainmode.ike.sa import Endpoint, IkeSa
from mainmode.wire import Header

MAX_HALF_OPEN: Final = 1000
"""Responder negotiations that have proved nothing yet. For one more the oldest goes; no address is locked out."""

MAX_WITH_ONE_PEER: Final = 8
"""IKE SAs with one address that nobody wonders about: renewal, a collision, a reboot, all at once."""

NO_COOKIE: Final = bytes(8)


class SaTable:
    """Every IKE SA of a gateway, by the cookie that this side chose, which no stranger can guess."""

    def __init__(self) -> None:
        self._sas: dict[bytes, IkeSa] = {}
        self._by_peer: dict[IPv4Address, list[IkeSa]] = {}
        self._half_open: OrderedDict[tuple[Endpoint, bytes], IkeSa] = OrderedDict()
        """Responder SAs whose peer has proved nothing yet, by source and initiator cookie, the oldest first."""
        self._opened: dict[tuple[IPv4Address, bytes], IkeSa] = {}
        """Every responder SA by the peer's address and cookie: what MM1 that comes again is known by."""

    def __iter__(self) -> Iterator[IkeSa]:
        """In the order in which they began."""
        return iter(list(self._sas.values()))

    def __len__(self) -> int:
        return len(self._sas)

    def add(self, sa: IkeSa) -> None:
        self._sas[sa.our_cookie] = sa
        self._by_peer.setdefault(sa.remote.address, []).append(sa)
        if sa.role == "responder":
            self._half_open[sa.remote, sa.initiator_cookie] = sa
            self._opened[sa.remote.address, sa.initiator_cookie] = sa

    def remove(self, sa: IkeSa) -> None:
        """Forget an SA; nothing happens if it is not there."""
        self._sas.pop(sa.our_cookie, None)
        self.proved(sa, sa.remote)
        if self._opened.get((sa.remote.address, sa.initiator_cookie)) is sa:
            del self._opened[sa.remote.address, sa.initiator_cookie]
        others = [other for other in self._by_peer.get(sa.remote.address, ()) if other is not sa]
        if others:
            self._by_peer[sa.remote.address] = others
        else:
            self._by_peer.pop(sa.remote.address, None)

    def proved(self, sa: IkeSa, opened_from: Endpoint) -> None:
        """The peer of a responder SA is authentic: it does not count as half-open any more."""
        self._half_open.pop((opened_from, sa.initiator_cookie), None)

    def __contains__(self, sa: IkeSa) -> bool:
        return self._sas.get(sa.our_cookie) is sa

    def is_ours(self, cookie: bytes) -> bool:
        """Whether a cookie is one that we chose."""
        return cookie in self._sas

    def opened_by(self, source: Endpoint, initiator_cookie: bytes) -> IkeSa | None:
        """The SA that began with an MM1 from this address with this cookie."""
        return self._opened.get((source.address, initiator_cookie))

    def crowded_out(self) -> IkeSa | None:
        """The half-open SA that must go before there may be one more."""
        return next(iter(self._half_open.values())) if len(self._half_open) >= MAX_HALF_OPEN else None

    def of(self, header: Header, source: Endpoint) -> IkeSa | None:
        """The SA a message belongs to, by both cookies and the peer's address."""
        sa = self._sas.get(header.initiator_cookie)
        if sa is None or sa.role != "initiator":
            sa = self._sas.get(header.responder_cookie)
            if sa is None or sa.role != "responder" or sa.initiator_cookie != header.initiator_cookie:
                return None
        elif sa.responder_cookie not in (NO_COOKIE, header.responder_cookie):
            return None
        return sa if sa.remote.address == source.address else None

    def crowded(self, peer: IPv4Address) -> bool:
        """Whether there are more SAs with this peer than a true one has."""
        return len(self._by_peer.get(peer, ())) > MAX_WITH_ONE_PEER

    def with_peer(self, peer: IPv4Address) -> list[IkeSa]:
        """The SAs with this peer, the newest last."""
        return list(self._by_peer.get(peer, ()))

    def towards(self, peer: IPv4Address) -> IkeSa | None:
        """The SA to negotiate under with this peer: the newest active one, else one that we are negotiating."""
        sas = self._by_peer.get(peer, [])
        active = [sa for sa in sas if sa.active]
        if active:
            return active[-1]
        return next((sa for sa in sas if sa.role == "initiator"), None)
