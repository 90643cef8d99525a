"""How SAs end: given up, deleted, torn down, forgotten. Whatever hangs on one is freed with it."""

from __future__ import annotations

from mainmode.events import (
    ConnectionTerminated,
    CorrelatorRemovalFailed,
    DeleteReasonSending,
    FsmHistory,
    IkeSaDeleting,
    IkeSaTerminateReceived,
    IkeSaTerminating,
    PeerTableEntryError,
    PeerTableRemovalFailed,
    QuickModeFailed,
    RouteDeleted,
    SessionDisconnected,
    SessionTornDown,
)
from mainmode.gateway.box import Box, Out, adds_route, cancel
from mainmode.ike.sa import IkeSa, QuickMode, Tunnel
from mainmode.ipsec.sa import Counters


class Endings:
    def __init__(self, box: Box) -> None:
        self._box = box

    def abort(self, sa: IkeSa, out: Out) -> None:
        """Main mode ends without result."""
        out.say(IkeSaTerminating(_half(sa), 0x01000022, 0, 0))
        self.forget(sa, out)
        out.say(PeerTableRemovalFailed())
        out.say(PeerTableEntryError())

    def time_out(self, sa: IkeSa, out: Out) -> None:
        """Nobody answered the last message of main mode."""
        out.say(FsmHistory("MM", sa.role, sa.struct, _main_history(sa.state)))
        self.abort(sa, out)

    def tear_down(self, sa: IkeSa, reason: str, out: Out) -> None:
        """End the whole session with the peer, and tell it."""
        out.say(IkeSaTerminateReceived(_half(sa), sa.state, 0x00000042, 1, len(sa.tunnels)))
        if self._box.config.disconnect_notify and sa.active:
            out.say(DeleteReasonSending("IKE", reason))
        self.delete(sa, out)
        self.torn_down(sa, reason, out)

    def torn_down(self, sa: IkeSa, reason: str, out: Out) -> None:
        """Say that an SA is gone, and what the session was if it went with it: what a log keeps of a session."""
        out.say(SessionTornDown(reason))
        others = self._box.sas.with_peer_of(sa)
        if others:
            others[-1].inherit(sa)
        elif sa.active:
            self._disconnected(sa, reason, out)

    def _disconnected(self, sa: IkeSa, reason: str, out: Out) -> None:
        seconds = int(out.now - sa.login_at)
        said = SessionDisconnected("LAN-to-LAN", seconds, sa.sent_before, sa.received_before, reason)
        out.say(said, user=sa.group)

    def begun_anew(self, sa: IkeSa, out: Out) -> None:
        """The peer has nothing with us but what it does under this SA: all else we have with it is gone.

        That was a session if there ever were tunnels, and another one begins.
        """
        others = [other for other in self._box.sas.with_peer_of(sa) if other is not sa]
        was_one = bool(sa.tunnels) or any(other.session for other in others)
        number = sa.session
        for other in others:
            self.forget(other, out)
            sa.inherit(other)
        for tunnel in list(sa.tunnels):
            self.drop_tunnel(tunnel, out)
        if was_one:
            self._disconnected(sa, "Peer Reconnected", out)
        if was_one or others:
            sa.begin_session(number, out.now)

    def delete(self, sa: IkeSa, out: Out) -> None:
        """End an IKE SA and its tunnels, and tell the peer."""
        out.say(IkeSaTerminating(_half(sa), 0x01000002, 0, len(sa.tunnels)))
        if sa.active:
            if sa.tunnels:
                spis = [tunnel.inbound_spi for tunnel in sa.tunnels]
                self._box.informational.send_delete_ipsec(sa, spis, out)
            self._box.informational.send_delete_ike(sa, out)
        self.forget(sa, out)

    def delete_tunnel(self, tunnel: Tunnel, out: Out) -> None:
        """End a pair of IPsec SAs, and tell the peer."""
        if tunnel.sa.active and tunnel.sa in self._box.sas:
            self._box.informational.send_delete_ipsec(tunnel.sa, (tunnel.inbound_spi,), out)
        self.drop_tunnel(tunnel, out)

    def terminated(self, tunnel: Tunnel, reason: str, out: Out) -> None:
        """Say that a tunnel ends, and why."""
        remote, local = tunnel.match.remote.address, tunnel.match.local.address
        out.say(ConnectionTerminated(tunnel.sa.remote.address, reason, remote, local))

    def drop_tunnel(self, tunnel: Tunnel, out: Out) -> None:
        out.say(IkeSaDeleting(tunnel.match.remote.address, tunnel.match.local.address))
        cancel(tunnel.alarm)
        tunnel.sa.tunnels.remove(tunnel)
        traffic = tunnel.match.local, tunnel.match.remote
        remaining = [other for other in self._box.traffic.pop(traffic, ()) if other is not tunnel]
        received, sent = self._box.done_before.setdefault(traffic, (Counters(), Counters()))
        used = self._box.used(tunnel)
        if used is not None:
            received.add(used[0])
            sent.add(used[1])
            self._box.matched[tunnel.match.line] += used[1].session_packets
        if remaining:
            self._box.traffic[traffic] = remaining
        else:
            del self._box.done_before[traffic]
            self._box.ended_tunnels += 1
            tunnel.sa.received_before += received.octets
            tunnel.sa.sent_before += sent.octets
            if adds_route(tunnel.match):
                out.say(RouteDeleted(tunnel.match.remote.address, tunnel.match.remote.mask))
        self._box.engine.drop(tunnel.inbound_spi, out)

    def forget(self, sa: IkeSa, out: Out) -> None:
        """Free everything that hangs on an SA, and what waits for a main mode of ours that it was."""
        for tunnel in list(sa.tunnels):
            self.drop_tunnel(tunnel, out)
        for quick in list(sa.exchanges.values()):
            self.forget_quick_mode(sa, quick, out)
        for alarm in (sa.alarm, sa.life_alarm, sa.retire_alarm, sa.keepalive_alarm, sa.nat_alarm):
            cancel(alarm)
        sa.replaces = None
        self._box.sas.remove(sa)
        if sa.role == "initiator" and not sa.active:
            self._box.waiting.pop(sa.remote.address, None)

    def fail_quick_mode(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        """A quick mode ends without result."""
        out.say(QuickModeFailed(quick.struct, quick.message_id))
        out.say(FsmHistory("QM", quick.role, quick.struct, _quick_history(quick)))
        self.forget_quick_mode(sa, quick, out)
        out.say(CorrelatorRemovalFailed())

    def forget_quick_mode(self, sa: IkeSa, quick: QuickMode, out: Out) -> None:
        sa.exchanges.pop(quick.message_id, None)
        cancel(quick.alarm)
        if quick.state != "QM_DONE":
            self._box.engine.drop(quick.inbound_spi, out)


def _half(sa: IkeSa) -> int:
    """The first half of our cookie, by which an ASA names an SA in its debug."""
    return int.from_bytes(sa.our_cookie[:4])


def _main_history(state: str) -> tuple[tuple[str, str], ...]:
    """The states of a main mode that nobody answered, newest first, as an ASA lists its last eight."""
    sending = f"MM_SND_MSG{int(state[-1]) - 1}" if state[-1].isdigit() else "MM_SND_MSG1"
    return (
        ("MM_DONE", "EV_ERROR"),
        (state, "EV_RETRY"),
        (state, "EV_TIMEOUT"),
        (state, "NullEvent"),
        (sending, "EV_SND_MSG"),
        (sending, "EV_START_TMR"),
        (sending, "EV_RESEND_MSG"),
        (state, "EV_RETRY"),
    )


def _quick_history(quick: QuickMode) -> tuple[tuple[str, str], ...]:
    """The states of a quick mode that failed, newest first."""
    if quick.state == "QM_START":
        said = "EV_NEGO_SA EV_IS_REKEY EV_CONFIRM_SA EV_PROC_MSG EV_HASH_OK NullEvent EV_COMP_HASH"
        return (("QM_DONE", "EV_ERROR"), *(("QM_BLD_MSG2", event) for event in said.split()))
    waiting, sending = quick.state, "QM_SND_MSG1" if quick.role == "initiator" else "QM_SND_MSG2"
    return (
        ("QM_DONE", "EV_ERROR"),
        (waiting, "EV_TIMEOUT"),
        (waiting, "NullEvent"),
        (sending, "EV_SND_MSG"),
        (sending, "EV_START_TMR"),
        (sending, "EV_RESEND_MSG"),
        (waiting, "EV_TIMEOUT"),
        (waiting, "NullEvent"),
    )
