"""What the parts of a gateway share: configuration, SAs, alarms, the key engine. Decides nothing itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

from mainmode.alarms import Alarm, Alarms, PerSecond
from mainmode.config.model import DEFAULT_L2L_GROUP, Config
from mainmode.events import DuplicatePacket, Entry, Event, MessageDecoded, ProxyId, RetransmitDispatched
from mainmode.gateway.engine import ClearCounters, Engine, Install, Move, Remove
from mainmode.gateway.satable import SaTable
from mainmode.ike.cryptomap import Match
from mainmode.ike.informational import Informational
from mainmode.ike.persona import Persona
from mainmode.ike.phase1 import Entropy
from mainmode.ike.sa import IkeSa, QuickMode, Resend, Send, Tunnel
from mainmode.ipsec.dataplane import DataPlane
from mainmode.ipsec.sa import Counters
from mainmode.transcript import Transcript

Action = Send | Install | Move | ClearCounters | Remove
Out = Transcript[Action]

HOSTILE_LINES_PER_SECOND: Final = 10
"""Lines about messages that prove nothing: a flood of garbage must not become a flood of log."""

REPEAT_SECONDS: Final = 0.25
"""At most one answer to repetitions per exchange in this time: no peer repeats sooner (libreswan twice after half a
second, give or take what its timer and the way do), so a flood of copies is no more than that. What strangers make us
say has no part in it: an answer that was lost in a flood is all a true peer lacks."""


class Box:
    """One gateway's state."""

    def __init__(self, config: Config, entropy: Entropy, persona: Persona, plane: DataPlane | None) -> None:
        self.config = config
        self.persona = persona
        self.entropy = entropy
        self.plane = plane
        self.engine = Engine(config, entropy)
        self.informational = Informational(entropy)
        self.alarms = Alarms()
        self.sas = SaTable()
        self.waiting: dict[IPv4Address, list[Match]] = {}
        """SA pairs that are wanted once phase 1 with the peer is complete."""
        self.traffic: dict[tuple[ProxyId, ProxyId], list[Tunnel]] = {}
        """Tunnels by local and remote proxy identity, the newest last."""
        self.done_before: dict[tuple[ProxyId, ProxyId], tuple[Counters, Counters]] = {}
        """Of traffic that has a tunnel, what the tunnels received and sent that had it before and are gone."""
        self.counters: Counter[str] = Counter()
        self.matched: Counter[str] = Counter()
        """Packets that tunnels sent which are gone, by the access-list element that asked for them."""
        self.ended_tunnels = 0
        """Those that no other took the place of."""
        self._structs = 0x4B5A5A0
        self._hostile_lines = PerSecond(HOSTILE_LINES_PER_SECOND)

    def struct(self) -> int:
        """Where an ASA would keep a negotiation in memory: a number that debug lines name it by."""
        self._structs = (self._structs + 0x158) & 0xFFFFFFFF
        return self._structs

    def used(self, tunnel: Tunnel) -> tuple[Counters, Counters] | None:
        """What a tunnel's inbound and outbound SA have done; None where no data plane tells."""
        if self.plane is None:
            return None
        inbound, outbound = self.engine.pair(tunnel.inbound_spi)
        try:
            return self.plane.counters(inbound), self.plane.counters(outbound)
        except KeyError:
            return None

    def done(self, tunnel: Tunnel) -> tuple[Counters, Counters]:
        """What a tunnel has received and sent; the one in use, with all that those did whose place it has taken.

        On an ASA a renewal is none of the counters' business: they belong to the proxy identities (FACTS §5.2).
        """
        before = None if tunnel.replaced else self.done_before.get((tunnel.match.local, tunnel.match.remote))
        done = (replace(before[0]), replace(before[1])) if before is not None else (Counters(), Counters())
        for total, counters in zip(done, self.used(tunnel) or (), strict=False):
            total.add(counters)
        return done

    def octets(self, sa: IkeSa) -> tuple[int, int]:
        """What the session with a peer has received and sent, renewed and ended tunnels included."""
        done = [self.done(tunnel) for tunnel in sa.tunnels]
        return (
            sa.received_before + sum(received.octets for received, _ in done),
            sa.sent_before + sum(sent.octets for _, sent in done),
        )

    def has_key(self, peer: IPv4Address) -> bool:
        """Whether there is a pre-shared key for main mode with this address."""
        group = self.config.tunnel_groups.get(str(peer)) or self.config.tunnel_groups.get(DEFAULT_L2L_GROUP)
        return group is not None and group.pre_shared_key is not None

    def is_configured(self, peer: IPv4Address) -> bool:
        return str(peer) in self.config.tunnel_groups

    def resend(self, sa: IkeSa, resend: Resend, out: Out) -> None:
        """Send a message once more, without new work."""
        out.say(MessageDecoded("RESENDING", resend.message_id, resend.payloads, resend.length))
        sa.transmit(resend.datagram, out)

    def answer_again(self, sa: IkeSa, quick: QuickMode | None, answer: Resend | None, out: Out) -> None:
        """The peer's last message, of `quick` or of main mode, came again, octet for octet: our answer goes out again,
        without new work."""
        asked = quick or sa
        if out.now < asked.repeated_at + REPEAT_SECONDS:
            return
        asked.repeated_at = out.now
        out.say(DuplicatePacket(2 if quick else 1, answer is not None))
        if answer is not None:
            if quick is None:
                out.say(RetransmitDispatched())
            self.resend(sa, answer, out)
        if not self.may_say_hostile(out):
            hush(out)

    def delay(self, resend: Resend) -> float:
        """Seconds until this message is sent again, or given up."""
        schedule = self.persona.retransmit_after
        return schedule[resend.times] if resend.times < len(schedule) else self.persona.give_up_after

    def exhausted(self, resend: Resend) -> bool:
        """Whether this message was sent as often as the persona sends one."""
        return resend.times >= len(self.persona.retransmit_after)

    def say_hostile(self, event: Event, out: Out) -> None:
        """A line about a message that proves nothing, unless there were too many of them this second."""
        if self.may_say_hostile(out):
            out.say(event)

    def may_say_hostile(self, out: Out) -> bool:
        if not self._hostile_lines.allows(out.now):
            self.counters["lines not written"] += 1
            return False
        return True


def hush(out: Out) -> None:
    """Nothing is said of what came of this input; it is done all the same."""
    out.items = [item for item in out.items if not isinstance(item, Entry)]


def cancel(alarm: Alarm | None) -> None:
    if alarm is not None:
        alarm.cancel()


def address(sa: IkeSa, out: Out) -> None:
    """What is said from here on is about this SA's peer and tunnel-group."""
    out.peer, out.group = sa.remote.address, sa.group


def under_way(quick: QuickMode) -> bool:
    return quick.state != "QM_DONE"


def same(one: Match, other: Match) -> bool:
    """Whether two matches want the same pair of SAs."""
    return (one.local, one.remote) == (other.local, other.remote)


def adds_route(match: Match) -> bool:
    """Whether a route to the peer's network comes and goes with its SAs: `set reverse-route` of a dynamic map.

    A static map's routes are there from the configuration on.
    """
    return match.dynamic is not None and (match.dynamic.reverse_route or match.entry.reverse_route)
