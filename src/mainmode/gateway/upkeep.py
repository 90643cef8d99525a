"""What keeps tunnels alive and ends dead ones: renewal, dead peer detection, idle and session timeouts, NAT keepalives.

Renewal is make before break: the new SA is in use before the old one is deleted, and the old one still receives for a
while. Both ends may begin it; quick mode settles who wins.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Final

from mainmode.config.model import DEFAULT_POLICY, GroupPolicy
from mainmode.events import NegotiationStarted, PeerLost, RouteAdded
from mainmode.gateway.box import Box, Out, address, adds_route, cancel, under_way
from mainmode.gateway.endings import Endings
from mainmode.gateway.main import MainSide
from mainmode.gateway.quick import QuickSide
from mainmode.gateway.whereabouts import adopt
from mainmode.ike.phase1 import REKEY_AT as REKEY_PHASE1_AT
from mainmode.ike.phase1 import tunnel_group
from mainmode.ike.phase2 import REKEY_AT as REKEY_PHASE2_AT
from mainmode.ike.sa import IkeSa, Send, Tunnel
from mainmode.wire import NotifyType

OVERLAP_SECONDS: Final = 30.0
"""How long an SA that was replaced still receives, before the side that replaced it deletes it."""

KEEPALIVE_RETRIES: Final = 3
"""Unanswered repetitions of R-U-THERE before the peer is given up (FACTS §3.1)."""

MOST_WITH_ONE_PEER: Final = 16
"""Active IKE SAs with one peer. A renewal makes it two for half a minute; a peer that begins anew again and again, and
deletes nothing, makes it as many as it likes."""

MOST_IDLE_AT_ONE_ADDRESS: Final = 64
"""Active IKE SAs without a tunnel in use at one address, whoever they are with. Many may be behind one NAT, but they
come for tunnels; one that has the key can call itself something else each time."""

RENEWAL_RETRY_SECONDS: Final = 40.0
"""When a renewal is tried again that led to nothing: longer than the repetitions of one message take."""

CHECK_SECONDS: Final = 10.0
"""How often it is looked whether a peer has moved, and whether a tunnel whose kilobytes run out was renewed. That they
run out is for the data plane to say, at once: a fast transfer uses up the rest of a small lifetime in milliseconds."""

NAT_KEEPALIVE: Final = b"\xff"
"""RFC 3948 §2.3."""


class Upkeep:
    def __init__(self, box: Box, endings: Endings, quick: QuickSide, main: MainSide) -> None:
        self._box = box
        self._endings = endings
        self._quick = quick
        self._main = main

    # -- phase 1 ----------------------------------------------------------------------------------------------------

    def begin(self, sa: IkeSa, out: Out) -> None:
        """Phase 1 is complete: its alarms are set, and what it replaces is retired."""
        alarms = self._box.alarms
        sa.heard_at = out.now
        lifetime = sa.suite.lifetime if sa.suite else None
        if lifetime is not None:
            sa.life_alarm = alarms.set(out.now + int(lifetime * REKEY_PHASE1_AT[sa.role]), partial(self._renew, sa))
        if sa.keepalive == "DPD":
            sa.keepalive_alarm = alarms.set(out.now + self._threshold(sa), partial(self._keepalive, sa))
        if sa.local_behind_nat and self._box.config.nat_traversal is not None:
            self._arm_nat(sa, out)
        self._main.take_over(sa, out)
        old, sa.replaces = sa.replaces, None
        # Behind one NAT it may be somebody else who answers at UDP 500.
        if old is not None and old in self._box.sas and old.peer == sa.peer:
            adopt(self._box, sa, old, out)
        others = self._others(sa)
        for one in others[:-MOST_WITH_ONE_PEER]:
            adopt(self._box, sa, one, out)
            self._endings.delete(one, out)
        here = self._box.sas.with_peer(sa.remote.address)
        idle = [one for one in here if one.active and all(tunnel.replaced for tunnel in one.tunnels)]
        for one in idle[:-MOST_IDLE_AT_ONE_ADDRESS]:
            self._endings.delete(one, out)
            self._endings.torn_down(one, "Connection Preempted", out)
        for one in (sa, *others[-MOST_WITH_ONE_PEER:]) if others else ():
            if one.retire_alarm is None:
                one.retire_alarm = alarms.set(out.now + OVERLAP_SECONDS, partial(self._retire, one))

    def _others(self, sa: IkeSa) -> list[IkeSa]:
        """The other active SAs with the same peer."""
        return [other for other in self._box.sas.with_peer_of(sa) if other is not sa]

    def _renew(self, sa: IkeSa, out: Out) -> None:
        """Time to renew phase 1, unless the peer has done so already."""
        address(sa, out)
        lifetime = sa.suite.lifetime if sa.suite else None
        if lifetime is None or sa.active_at is None:
            return
        sa.life_alarm = self._box.alarms.set(sa.active_at + lifetime, partial(self._expire, sa))
        if not any(other.created_at > sa.created_at for other in self._others(sa)):
            self._main.renew(sa, out)

    def _retire(self, sa: IkeSa, out: Out) -> None:
        """There were two IKE SAs with one peer: this one goes if nothing hangs on it and the other has its place."""
        address(sa, out)
        sa.retire_alarm = None
        others = self._others(sa)
        if not others:
            return
        idle = not sa.tunnels and not any(under_way(quick) for quick in sa.exchanges.values())
        if idle and any(_supersedes(other, sa) for other in others):
            others[-1].inherit(sa)
            self._endings.delete(sa, out)
        else:
            sa.retire_alarm = self._box.alarms.set(out.now + OVERLAP_SECONDS, partial(self._retire, sa))

    def _expire(self, sa: IkeSa, out: Out) -> None:
        """The lifetime of phase 1 is over. Tunnels go on under a newer SA with the peer, if there is one."""
        address(sa, out)
        others = self._others(sa)
        if others:
            adopt(self._box, others[-1], sa, out)
        self._endings.delete(sa, out)
        if not others:
            self._endings.torn_down(sa, "SA Expired", out)

    # -- dead peer detection ----------------------------------------------------------------------------------------

    def _threshold(self, sa: IkeSa) -> float:
        group = tunnel_group(self._box.config, sa)
        return float(group.keepalive_threshold if group else 10)

    def _keepalive(self, sa: IkeSa, out: Out) -> None:
        """Nothing may have come from the peer for a while: ask whether it is there (RFC 3706).

        ESP from the peer is a sign of life as good as any message, unless it may be the copy of an old packet.
        """
        address(sa, out)
        group = tunnel_group(self._box.config, sa)
        retry = float(group.keepalive_retry if group else 2)
        heard = self._heard(sa)
        due = heard + self._threshold(sa)
        if sa.role == "responder" and heard == sa.active_at:
            # It has said nothing since MM5. An initiator that has not got MM6 repeats that for so long, and can answer
            # nothing else.
            due += sum(self._box.persona.retransmit_after)
        if out.now < due:
            sa.keepalives_unanswered = 0
            sa.keepalive_alarm = self._box.alarms.set(due, partial(self._keepalive, sa))
            return
        if sa.keepalives_unanswered > KEEPALIVE_RETRIES:
            out.say(PeerLost(sa.keepalive))
            self._endings.tear_down(sa, "Lost Service", out)
            return
        if sa.dpd_sequence < 0:
            sa.dpd_sequence = int.from_bytes(self._box.entropy(4)) >> 1  # RFC 3706 §5.4: random, top bit clear
        sa.dpd_sequence = (sa.dpd_sequence + 1) & 0xFFFFFFFF
        sa.keepalives_unanswered += 1
        self._box.informational.send_keepalive(sa, NotifyType.R_U_THERE, sa.dpd_sequence, out)
        sa.keepalive_alarm = self._box.alarms.set(out.now + retry, partial(self._keepalive, sa))

    def _heard(self, sa: IkeSa) -> float:
        """When the peer last gave an authentic sign of life."""
        heard = sa.heard_at
        for tunnel in sa.tunnels:
            used = self._box.used(tunnel)
            copies = not self._box.engine.pair(tunnel.inbound_spi)[0].knows_copies
            if used is not None and used[0].last_used is not None and not copies:
                heard = max(heard, used[0].last_used)
        return heard

    # -- NAT --------------------------------------------------------------------------------------------------------

    def _arm_nat(self, sa: IkeSa, out: Out) -> None:
        interval = self._box.config.nat_traversal
        if interval is not None:
            sa.nat_alarm = self._box.alarms.set(out.now + interval, partial(self._nat_keepalive, sa))

    def _nat_keepalive(self, sa: IkeSa, out: Out) -> None:
        """Keep the mapping of the NAT before us alive (RFC 3948 §4)."""
        out.do(Send(NAT_KEEPALIVE, sa.local, sa.remote))
        self._arm_nat(sa, out)

    # -- phase 2 ----------------------------------------------------------------------------------------------------

    def tunnel_up(self, tunnel: Tunnel, out: Out) -> None:
        """A pair of IPsec SAs is in use: its alarm is set, and what it replaces is retired."""
        tunnel.renew_at = tunnel.started_at + int(tunnel.suite.lifetime_seconds * REKEY_PHASE2_AT)
        self._arm_tunnel(tunnel, out)
        remote = tunnel.match.remote
        if adds_route(tunnel.match) and len(self._box.traffic[tunnel.match.local, remote]) == 1:
            out.say(RouteAdded(remote.address, remote.mask))
        # With the same peer, or with one that called itself something else: others are refused the traffic.
        for old in self._box.traffic[tunnel.match.local, remote]:
            # What was replaced before has its end set; a peer that renews every few seconds does not put it off.
            if old is not tunnel and not old.replaced:
                old.replaced = True
                cancel(old.alarm)
                # The side that began the renewal deletes; the other waits for that, or for twice as long.
                wait = OVERLAP_SECONDS if tunnel.role == "initiator" else 2 * OVERLAP_SECONDS
                old.alarm = self._box.alarms.set(out.now + wait, partial(self._endings.delete_tunnel, old))

    def _arm_tunnel(self, tunnel: Tunnel, out: Out) -> None:
        """Set the alarm for whatever is due next: renewal, the end, or a look at what passed."""
        due = min(self._ends_at(tunnel), self._session_ends_at(tunnel), self._idle_at(tunnel), tunnel.renew_at)
        counts = tunnel.suite.lifetime_kilobytes is not None and self._box.plane is not None
        if counts or tunnel.sa.remote_behind_nat:
            due = min(due, out.now + CHECK_SECONDS)
        tunnel.alarm = self._box.alarms.set(max(due, out.now), partial(self._look_at, tunnel))

    def look(self, tunnel: Tunnel, out: Out) -> None:
        """Something is to be done for a tunnel, perhaps. One that was replaced has its end set."""
        if not tunnel.replaced:
            cancel(tunnel.alarm)
            self._look_at(tunnel, out)

    def _look_at(self, tunnel: Tunnel, out: Out) -> None:
        # Compared are the very numbers the alarm was set by: a difference of two times may come out a shade short of
        # the span it should be, and the alarm would be set for this moment again and again.
        address(tunnel.sa, out)
        if out.now >= self._ends_at(tunnel):
            self._endings.delete_tunnel(tunnel, out)
        elif out.now >= self._session_ends_at(tunnel):
            self._end(tunnel, "IPSec SA Max Time Exceeded", "Max Time Exceeded", out)
        elif out.now >= self._idle_at(tunnel):
            self._end(tunnel, "IPSec SA Idle Timeout", "Idle Timeout", out)
        else:
            again = out.now >= tunnel.asked_at + CHECK_SECONDS
            if out.now >= tunnel.renew_at or (again and (_is_to_show(tunnel.sa) or self._nearly_full(tunnel))):
                tunnel.renew_at = out.now + RENEWAL_RETRY_SECONDS
                tunnel.asked_at = out.now
                self._renew_tunnel(tunnel, out)
            self._arm_tunnel(tunnel, out)

    def _end(self, tunnel: Tunnel, reason: str, session_reason: str, out: Out) -> None:
        sa = tunnel.sa
        self._endings.terminated(tunnel, reason, out)
        self._endings.delete_tunnel(tunnel, out)
        if not sa.tunnels:
            self._endings.tear_down(sa, session_reason, out)

    def _renew_tunnel(self, tunnel: Tunnel, out: Out) -> None:
        """Ask for new SAs in place of these, unless the peer or we are at it already."""
        sa = max((tunnel.sa, *self._others(tunnel.sa)), key=lambda one: one.created_at)
        if self._quick.is_under_way(sa, tunnel.match):
            return
        match = tunnel.match
        out.say(
            NegotiationStarted(
                "Rekeying Phase 2",
                sa.interface,
                sa.remote.address,
                match.local.address,
                match.remote.address,
                match.map,
            )
        )
        self._quick.send(sa, self._quick.begin(sa, match, out), out)

    def _ends_at(self, tunnel: Tunnel) -> float:
        return tunnel.started_at + tunnel.suite.lifetime_seconds

    def _session_ends_at(self, tunnel: Tunnel) -> float:
        """`vpn-session-timeout` of the tunnel-group's policy: renewals are the same session."""
        minutes = self._policy(tunnel).vpn_session_timeout
        return tunnel.sa.login_at + minutes * 60.0 if isinstance(minutes, int) else inf

    def _idle_at(self, tunnel: Tunnel) -> float:
        """`vpn-idle-timeout`. Idleness needs a data plane to tell."""
        minutes = self._policy(tunnel).vpn_idle_timeout
        return self._last_used(tunnel) + minutes * 60.0 if isinstance(minutes, int) and self._box.plane else inf

    def _policy(self, tunnel: Tunnel) -> GroupPolicy:
        group = tunnel_group(self._box.config, tunnel.sa)
        return self._box.config.group_policy(group) if group is not None else DEFAULT_POLICY

    def _last_used(self, tunnel: Tunnel) -> float:
        """By traffic, whichever SAs it went by: a renewal is no use of them."""
        having = self._box.traffic.get((tunnel.match.local, tunnel.match.remote), ())
        times = [
            counters.last_used for one in having for counters in self._box.done(one) if counters.last_used is not None
        ]
        return max(times, default=tunnel.started_at)

    def _nearly_full(self, tunnel: Tunnel) -> bool:
        """Whether most of the kilobytes are used up, in either direction."""
        limit = self._box.engine.pair(tunnel.inbound_spi)[0].soft_octets
        used = self._box.used(tunnel)
        return limit is not None and used is not None and max(counters.octets for counters in used) >= limit


def _is_to_show(sa: IkeSa) -> bool:
    """Whether the peer has moved and is to show that it receives where it is now: quick mode cannot be done blindly."""
    return sa.met_at != sa.remote.address


def _supersedes(one: IkeSa, other: IkeSa) -> bool:
    """Whether one of two IKE SAs with a peer has the place of the other, which has no tunnels.

    The newer one has; of two that crossed on the way, the one with the higher initiator cookie, as both ends see it.
    One of ours that nothing came to hang on need not be there at all.
    """
    if other.role == "initiator" and one.tunnels:
        return True
    if abs(one.created_at - other.created_at) < OVERLAP_SECONDS:
        return one.initiator_cookie > other.initiator_cookie
    return one.created_at > other.created_at
