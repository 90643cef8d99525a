"""Which IKE SAs there are, and which one a message belongs to. Knows cookies and addresses; no messages' content."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from mainmode.ike.sa import Endpoint, IkeSa
from mainmode.wire import Header

MAX_HALF_OPEN: Final = 1000
"""Responder negotiations whose peer has not shown yet that it receives at its address, and as many whose peer has. For
one more the oldest of its kind goes: no address is locked out, and who only sends ends none that are further."""

MAX_STRANGERS: Final = 100
"""Negotiations with addresses that have no key here, of the first kind. They come to nothing, so more are no loss."""

MAX_WITH_ONE_PEER: Final = 8
"""IKE SAs with one address that nobody wonders about: renewal, a collision, a reboot, all at once."""

NO_COOKIE: Final = bytes(8)


class SaTable:
    """Every IKE SA of a gateway, by the cookie that this side chose, which no stranger can guess."""

    def __init__(self) -> None:
        self._sas: dict[bytes, IkeSa] = {}
        self._by_peer: dict[IPv4Address, list[IkeSa]] = {}
        self._half_open: OrderedDict[tuple[Endpoint, bytes], IkeSa] = OrderedDict()
        """Responder SAs that wait for MM3, by source and initiator cookie, the oldest first."""
        self._answered: OrderedDict[tuple[Endpoint, bytes], IkeSa] = OrderedDict()
        """Those that wait for MM5: whoever sent MM3 has read our cookie, and proved nothing else."""
        self._strangers: set[bytes] = set()
        """Our cookies of SAs with addresses that have no key here."""
        self._opened: dict[tuple[IPv4Address, bytes], IkeSa] = {}
        """Every responder SA by the peer's address and cookie: what MM1 that comes again is known by."""

    def __iter__(self) -> Iterator[IkeSa]:
        """In the order in which they began."""
        return iter(list(self._sas.values()))

    def __len__(self) -> int:
        return len(self._sas)

    def add(self, sa: IkeSa, *, stranger: bool = False) -> None:
        """`stranger`: its address has no key here."""
        self._sas[sa.our_cookie] = sa
        if stranger:
            self._strangers.add(sa.our_cookie)
        self._by_peer.setdefault(sa.remote.address, []).append(sa)
        if sa.role == "responder":
            self._half_open[sa.remote, sa.initiator_cookie] = sa
            self._opened[sa.remote.address, sa.initiator_cookie] = sa

    def remove(self, sa: IkeSa) -> None:
        """Forget an SA; nothing happens if it is not there."""
        self._sas.pop(sa.our_cookie, None)
        self._strangers.discard(sa.our_cookie)
        self.proved(sa, sa.remote)
        self._leave(sa)

    def move(self, sa: IkeSa, remote: Endpoint) -> None:
        """The peer of an active SA is elsewhere now."""
        if remote.address == sa.remote.address or sa not in self:
            sa.remote = remote
            return
        self._leave(sa)
        sa.remote = remote
        there = self._by_peer.setdefault(remote.address, [])
        there.append(sa)
        there.sort(key=lambda one: one.created_at)
        if sa.role == "responder":
            self._opened.setdefault((remote.address, sa.initiator_cookie), sa)

    def _leave(self, sa: IkeSa) -> None:
        """Nothing is found by the peer's address any more."""
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
        self._answered.pop((opened_from, sa.initiator_cookie), None)

    def answered(self, sa: IkeSa) -> IkeSa | None:
        """The peer of a responder SA has answered our cookie. Returns the SA that must go for that."""
        self._half_open.pop((sa.remote, sa.initiator_cookie), None)
        crowded_out = _oldest(self._answered)
        self._answered[sa.remote, sa.initiator_cookie] = sa
        return crowded_out

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
        return _oldest(self._half_open)

    def too_many_strangers(self) -> bool:
        """Whether there is no room for one more address that has no key here."""
        return len(self._strangers) >= MAX_STRANGERS

    def of(self, header: Header) -> IkeSa | None:
        """The SA with the cookies of a message, wherever that comes from (`whereabouts.sa_of`)."""
        sa = self._sas.get(header.initiator_cookie)
        if sa is None or sa.role != "initiator":
            sa = self._sas.get(header.responder_cookie)
            if sa is None or sa.role != "responder" or sa.initiator_cookie != header.initiator_cookie:
                return None
        elif sa.responder_cookie not in (NO_COOKIE, header.responder_cookie):
            return None
        return sa

    def crowded(self, peer: IPv4Address) -> bool:
        """Whether there are more SAs with this peer than a true one has."""
        return len(self._by_peer.get(peer, ())) > MAX_WITH_ONE_PEER

    def with_peer(self, peer: IPv4Address) -> list[IkeSa]:
        """The SAs with whoever is at this address, the newest last."""
        return list(self._by_peer.get(peer, ()))

    def with_peer_of(self, sa: IkeSa) -> list[IkeSa]:
        """The active SAs with the very peer of an active one, itself among them, the newest last."""
        return [other for other in self._by_peer.get(sa.remote.address, ()) if other.active and other.peer == sa.peer]

    def towards(self, peer: IPv4Address) -> IkeSa | None:
        """The SA to negotiate under with this peer: the newest active one, else one that we are negotiating.

        Who was met there goes before who only says to be there.
        """
        sas = self._by_peer.get(peer, [])
        active = [sa for sa in sas if sa.active]
        if active:
            return next((sa for sa in reversed(active) if sa.met_at == peer), active[-1])
        return next((sa for sa in sas if sa.role == "initiator"), None)


def _oldest(pool: OrderedDict[tuple[Endpoint, bytes], IkeSa]) -> IkeSa | None:
    """The first of a pool that is full."""
    return next(iter(pool.values())) if len(pool) >= MAX_HALF_OPEN else None
