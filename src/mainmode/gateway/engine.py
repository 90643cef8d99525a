"""The key engine: where IKE gets its SPIs from and hands its SAs to, with the records an ASA prints about it.

Knows agreements, IPsec SAs and the numbers by which a box names its own memory; no messages and no packets. The
numbers in the records (addresses, handles, rule ids) stand for nothing outside: they are counted up from where the
source document's box had them, so that a debug looks like one and two runs are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from math import ceil
from typing import Final, Literal

from mainmode.blame import Refused
from mainmode.config.model import Config
from mainmode.events import (
    Direction,
    EmbryonicSaCreated,
    HostSaUpdated,
    ProxyId,
    RuleCompleted,
    RuleCreating,
    VpnContextCompleted,
    VpnContextCreating,
    VpnContextUpdating,
)
from mainmode.ike.cryptomap import Match
from mainmode.ike.phase1 import Out
from mainmode.ike.phase2 import REKEY_AT
from mainmode.ike.sa import NAT_T_PORT, Agreement, Endpoint, IkeSa
from mainmode.ipsec.outer import ETHERNET_MTU, OuterPolicy
from mainmode.ipsec.sa import IpsecSa, choose_spi
from mainmode.ipsec.selectors import TrafficSelector
from mainmode.wire import NotifyType

EMBRYONIC_LIFETIME: Final = 240
"""Seconds an SA may be without keys (document: `Lifetime   : 240 seconds`)."""

ESP_PROTOCOL: Final = 50
UDP_PROTOCOL: Final = 17
HOST_MASK: Final = IPv4Address(0xFFFFFFFF)

OUTBOUND_FLAGS: Final = 5
INBOUND_FLAGS: Final = 6
"""As the document's records have them."""

FIRST_SESSION: Final = 0x4000
SESSION_STEP: Final = 0x1000
"""Session ids are multiples of 4096 (FACTS §3.1)."""


@dataclass(frozen=True, slots=True)
class Install:
    """Start using this SA."""

    sa: IpsecSa


@dataclass(frozen=True, slots=True)
class Move:
    """The peer of this SA is elsewhere: what was `before` goes on as `after`, with keys, counters and all."""

    before: IpsecSa
    after: IpsecSa


@dataclass(frozen=True, slots=True)
class ClearCounters:
    """Count what this SA does from zero again."""

    sa: IpsecSa


@dataclass(frozen=True, slots=True)
class Remove:
    """Stop using this SA and forget its keys."""

    sa: IpsecSa


@dataclass(slots=True)
class _Pair:
    """What the engine remembers of a pair while it is being loaded."""

    session: int
    inbound_record: int
    outbound_record: int = 0
    outbound_handle: int = 0
    outbound_scb: int = 0
    encrypt_rule: int = 0
    permit_rule: int = 0


class Engine:
    """One box's key engine."""

    def __init__(self, config: Config, entropy: Callable[[int], bytes]) -> None:
        self._config = config
        self._entropy = entropy
        self._embryonic: dict[int, _Pair] = {}
        self._sas: dict[int, tuple[IpsecSa, IpsecSa]] = {}
        self._outbound: set[tuple[IPv4Address, int]] = set()
        """The SPIs that peers gave us, with whose they are."""
        self._rules: dict[tuple[str, int, ProxyId, ProxyId], tuple[int, int]] = {}
        self._memory = 0x53FC2998
        self._handle = 0x0000E9B4
        self._session = FIRST_SESSION - SESSION_STEP
        self._channel = 0x4C69CB80

    def __contains__(self, inbound_spi: object) -> bool:
        """Whether an SPI is taken, by an SA or by one that is still without keys."""
        return inbound_spi in self._embryonic or inbound_spi in self._sas

    def reconfigure(self, config: Config) -> None:
        """SAs that are made from now on follow this configuration."""
        self._config = config

    def pair(self, inbound_spi: int) -> tuple[IpsecSa, IpsecSa]:
        """The inbound and outbound SA of a tunnel that is up. KeyError if there is none under this SPI."""
        return self._sas[inbound_spi]

    def session(self, inbound_spi: int) -> int:
        return self._sas[inbound_spi][0].session_id

    def drop(self, inbound_spi: int, out: Out) -> None:
        """Forget an SPI, embryonic or in use."""
        self._embryonic.pop(inbound_spi, None)
        for sa in self._sas.pop(inbound_spi, ()):
            self._outbound.discard(sa.id)
            out.do(Remove(sa))

    def collides(self, inbound_spi: int, remote: IPv4Address) -> bool:
        """Whether a peer at this address has given the SPI that we send to in this pair to another pair of ours."""
        pair = self._sas.get(inbound_spi)
        return pair is not None and pair[1].remote != remote and (remote, pair[1].spi) in self._outbound

    def move(self, inbound_spi: int, local: Endpoint, remote: Endpoint, out: Out) -> None:
        """The peer of a pair in UDP is at `remote`, and reaches us at `local`. Nothing happens if it was already."""
        pair = self._sas.get(inbound_spi)
        if pair is None or not pair[0].in_udp:
            return
        standing = pair[0]
        if (standing.local, standing.local_port, standing.remote, standing.remote_port) == (*local, *remote):
            return
        inbound, outbound = (
            replace(sa, local=local.address, local_port=local.port, remote=remote.address, remote_port=remote.port)
            for sa in pair
        )
        self._sas[inbound_spi] = inbound, outbound
        self._outbound.discard(pair[1].id)
        self._outbound.add(outbound.id)
        out.do(Move(pair[0], inbound))
        out.do(Move(pair[1], outbound))

    # -- what IKE asks for (`KeyEngine`) ----------------------------------------------------------------------------

    def reserve(self, sa: IkeSa, out: Out) -> int:
        spi = choose_spi(self._entropy, self)
        if not sa.session:
            self._session = (self._session + SESSION_STEP) & 0xFFFFFFFF or SESSION_STEP
            sa.session = self._session
        pair = self._embryonic[spi] = _Pair(sa.session, self._address())
        self._embryonic_record(sa, "inbound", spi, pair, pair.inbound_record, out)
        return spi

    def encrypt_rule(self, match: Match) -> tuple[int, int]:
        key = (match.map, match.sequence, match.local, match.remote)
        rule = self._rules.get(key)
        if rule is None:
            if len(self._rules) >= 10_000:  # peers of dynamic maps choose the proxies: keep it bounded
                self._rules.clear()
            rule = self._rules[key] = (self._address(), self._address())
        return rule

    def load_outbound(self, sa: IkeSa, agreement: Agreement, out: Out) -> None:
        pair, spi = self._embryonic[agreement.inbound_spi], agreement.outbound_spi
        local, remote = agreement.match.local, agreement.match.remote
        pair.outbound_record = self._address()
        self._embryonic_record(sa, "outbound", spi, pair, pair.outbound_record, out)
        out.say(HostSaUpdated("outbound", spi))
        pair.outbound_scb = self._address()
        pair.outbound_handle = self._next_handle()
        out.say(self._context("outbound", spi, pair.outbound_record, 0, pair.outbound_scb))
        out.say(VpnContextCompleted("outbound", spi, pair.outbound_handle))
        pair.encrypt_rule, pair.permit_rule = self._address(), self._address()
        out.say(_selector_rule("outbound", "encrypt", spi, local, remote))
        out.say(RuleCompleted("outbound", "encrypt", spi, pair.encrypt_rule))
        out.say(_endpoint_rule("outbound", "permit", spi, sa.local.address, sa.remote.address, agreement.suite.udp))
        out.say(RuleCompleted("outbound", "permit", spi, pair.permit_rule))

    def load_inbound(self, sa: IkeSa, agreement: Agreement, out: Out) -> None:
        spi, outbound_spi = agreement.inbound_spi, agreement.outbound_spi
        pair = self._embryonic[spi]
        local, remote, udp = agreement.match.local, agreement.match.remote, agreement.suite.udp
        handle = self._next_handle()
        out.say(HostSaUpdated("inbound", spi))
        out.say(self._context("inbound", spi, pair.inbound_record, pair.outbound_handle, self._address()))
        out.say(VpnContextCompleted("inbound", spi, handle))
        out.say(
            VpnContextUpdating(
                "outbound",
                pair.outbound_handle,
                outbound_spi,
                OUTBOUND_FLAGS,
                pair.outbound_record,
                ETHERNET_MTU,
                0,
                handle,
                pair.outbound_scb,
                self._channel,
            )
        )
        out.say(VpnContextCompleted("outbound", outbound_spi, pair.outbound_handle))
        out.say(RuleCompleted("outbound", "inner", outbound_spi, pair.encrypt_rule))
        out.say(RuleCompleted("outbound", "outer SPD", outbound_spi, pair.permit_rule))
        for rule in (
            _selector_rule("inbound", "tunnel flow", spi, remote, local),
            _endpoint_rule("inbound", "decrypt", spi, sa.remote.address, sa.local.address, udp),
            _endpoint_rule("inbound", "permit", spi, sa.remote.address, sa.local.address, udp),
        ):
            out.say(rule)
            out.say(RuleCompleted("inbound", rule.kind, spi, self._address()))
        del self._embryonic[spi]
        out.do(Install(self._sas[spi][1]))

    def listen(self, sa: IkeSa, agreement: Agreement, out: Out) -> None:
        inbound, outbound = self._sas_of(sa, agreement, self._embryonic[agreement.inbound_spi].session, out.now)
        if outbound.id in self._outbound:
            raise Refused("the peer gave this SPI to another SA of ours", NotifyType.INVALID_SPI)
        self._outbound.add(outbound.id)
        self._sas[agreement.inbound_spi] = inbound, outbound
        out.do(Install(inbound))

    # -- the SAs themselves -----------------------------------------------------------------------------------------

    def _sas_of(self, sa: IkeSa, agreement: Agreement, session: int, now: float) -> tuple[IpsecSa, IpsecSa]:
        match, suite = agreement.match, agreement.suite

        def make(direction: Direction) -> IpsecSa:
            inbound = direction == "inbound"
            encryption_key, authentication_key = agreement.inbound_keys if inbound else agreement.outbound_keys
            return IpsecSa(
                direction=direction,
                spi=agreement.inbound_spi if inbound else agreement.outbound_spi,
                pair_spi=agreement.outbound_spi if inbound else agreement.inbound_spi,
                local=sa.local.address,
                remote=sa.remote.address,
                local_port=sa.local.port if suite.udp else 0,
                remote_port=sa.remote.port if suite.udp else 0,
                selectors=selectors,
                cipher=suite.cipher,
                auth=suite.auth,
                encryption_key=encryption_key,
                authentication_key=authentication_key,
                replay_window=self._config.replay_window,
                lifetime_seconds=suite.lifetime_seconds,
                lifetime_kilobytes=suite.lifetime_kilobytes,
                soft_octets=soft,
                installed_at=now,
                pfs_group=suite.pfs.number if suite.pfs else None,
                tunnel_group=sa.group or "",
                crypto_map=match.map,
                sequence=match.sequence,
                session_id=session,
                access_list=match.line,
                access_list_span=match.span,
                outer=outer,
            )

        kilobytes = suite.lifetime_kilobytes
        soft = None if kilobytes is None else ceil(kilobytes * 1024 * REKEY_AT)
        selectors = TrafficSelector(match.local, match.remote)
        outer = OuterPolicy.of(self._config, sa.interface)
        return make("inbound"), make("outbound")

    # -- records ----------------------------------------------------------------------------------------------------

    def _embryonic_record(self, sa: IkeSa, direction: Direction, spi: int, pair: _Pair, address: int, out: Out) -> None:
        # One more than the interface's own number: the document's second interface is 3.
        vpif = self._config.interface_number(sa.interface) + 1
        out.say(EmbryonicSaCreated(address, self._address(), direction, spi, pair.session, vpif, EMBRYONIC_LIFETIME))

    def _context(self, direction: Direction, spi: int, record: int, peer: int, scb: int) -> VpnContextCreating:
        outbound = direction == "outbound"
        flags, mtu = (OUTBOUND_FLAGS, ETHERNET_MTU) if outbound else (INBOUND_FLAGS, 0)
        return VpnContextCreating(direction, spi, flags, record, mtu, 0, peer, scb, self._channel)

    def _address(self) -> int:
        self._memory = (self._memory + 0x98) & 0xFFFFFFFF
        return self._memory

    def _next_handle(self) -> int:
        self._handle = (self._handle + 0x30D8) & 0xFFFFFFFF
        return self._handle


def _selector_rule(
    direction: Direction, kind: Literal["encrypt", "tunnel flow"], spi: int, source: ProxyId, destination: ProxyId
) -> RuleCreating:
    """A rule by proxy identities."""
    return RuleCreating(
        direction,
        kind,
        spi,
        source.address,
        source.mask,
        destination.address,
        destination.mask,
        (source.port, source.port),
        (destination.port, destination.port),
        source.protocol,
        source.protocol != 0,
        0,
        False,
        "equal" if source.port else "ignore",
        "equal" if destination.port else "ignore",
    )


def _endpoint_rule(
    direction: Direction,
    kind: Literal["permit", "decrypt"],
    spi: int,
    source: IPv4Address,
    destination: IPv4Address,
    udp: bool,
) -> RuleCreating:
    """A rule by the two gateways: ESP, or UDP 4500 when a NAT was found."""
    port = NAT_T_PORT if udp else 0
    operator = "equal" if udp else "ignore"
    return RuleCreating(
        direction,
        kind,
        spi,
        source,
        HOST_MASK,
        destination,
        HOST_MASK,
        (port, port),
        (port, port),
        UDP_PROTOCOL if udp else ESP_PROTOCOL,
        True,
        0 if udp else spi,
        not udp,
        operator,
        operator,
    )
