"""`mainmode run`: one gateway on this host, until a signal ends it. Knows sockets, the clock and the gateway's inputs.

    UDP, ESP ─> receive ─┐
    TUN ─────> outbound ─┼─> Gateway ─> entries to print, datagrams to send, SAs to install
    clock ───> tick ─────┘

One process, one thread (and one that writes what is said, see `outlet`). Nothing here decides anything about IKE or
IPsec, and nothing that one input brings keeps the next from being heard: not even a mistake of ours.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

from mainmode.alarms import PerSecond
from mainmode.blame import ConfigError, Refused
from mainmode.config.check import check
from mainmode.config.errors import render_all
from mainmode.config.model import Config, Interface
from mainmode.config.reader import Reading, read
from mainmode.events import Entry, Event
from mainmode.exec.debugging import Debugging
from mainmode.exec.statistics import Statistics
from mainmode.gateway import Action, ClearCounters, Endpoint, Gateway, Install, Move, Remove, Send
from mainmode.ike.sa import NAT_T_PORT, NON_ESP_MARKER
from mainmode.ipsec.dataplane import DeliveredRun, Dropped, ProtectedRun
from mainmode.ipsec.drops import Drop
from mainmode.ipsec.memory import MemoryPlane
from mainmode.ipsec.outer import ETHERNET_MTU
from mainmode.ipsec.sa import IpsecSa
from mainmode.lab.keylog import KeyLog
from mainmode.shell import control, debug, rtnetlink
from mainmode.shell.capture import Capture, outer
from mainmode.shell.captures import Captures
from mainmode.shell.clock import now
from mainmode.shell.hardening import check_keys, keep_memory_private, private_file
from mainmode.shell.meeting import directory
from mainmode.shell.mistakes import Mistakes
from mainmode.shell.notify import notify, status, watchdog_interval
from mainmode.shell.operator import Operator
from mainmode.shell.outlet import outlets, say
from mainmode.shell.seldom import Seldom
from mainmode.shell.tun import LARGEST, Tun
from mainmode.shell.udp import Port, open_ports
from mainmode.shell.unreachable import Unreachable
from mainmode.shell.userspace import Userspace, unusable
from mainmode.span import Span

BURST: Final = 64
"""Packets taken from one socket before the others have their turn, and some more where they come as one."""

COMPLAINTS_PER_SECOND: Final = 10
"""Lines about dropped ESP: a flood of garbage must not become a flood of log."""

SETTLE: Final = 0.05
"""Seconds from QM3 until the new outbound SA is used. strongSwan listens only some time after QM3, and reads ESP in
another thread: without this two of five first packets were lost, and now and then one at a renewal."""

PAUSE: Final = 1.0
"""Seconds between two times that routes are put back, or the configuration is read again: who takes them away, or sends
SIGHUP, may be a program that never tires, and packets wait meanwhile. Also between two looks for an address to come."""

MOST_NAMED: Final = 8
"""Names that a refusal offers, and problems of a configuration that are said: `mainmode check` has the others."""

KEEPALIVE: Final = b"\xff"
"""A NAT keepalive (RFC 3948 §2.3)."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beside the configuration."""

    devices: Mapping[str, str] = field(default_factory=dict)
    """The Linux interface of an interface of the configuration; by default the one that has its address."""
    debugging: Debugging = field(default_factory=Debugging)
    name: str | None = None
    """By which `mainmode exec` finds it; by default the configuration's file name, if that is still free."""
    pcap: Path | None = None
    """A file for a capture of IKE and ESP."""
    keylog: Path | None = None
    """A directory for the keys, as Wireshark's tables."""
    wait: bool = False
    """Whether what `NotYet` says is waited for."""


class NotYet(ConfigError):
    """This host has not what the configuration asks for, and may get it by itself: an address, a device."""


class Lost(OSError):
    """What this host had given is gone, and without it there is no gateway. `filename` and `strerror` say what."""


class Service:
    """A gateway with its sockets, its TUN device and its timer."""

    def __init__(
        self,
        config: Config,
        ports: Sequence[Port],
        tun: Tun,
        changes: rtnetlink.Changes,
        unreachable: Unreachable,
        debugging: Debugging,
    ) -> None:
        self.over = asyncio.Event()
        """Set when it is time to end."""
        self.failed: Lost | None = None
        """Why it cannot go on, if it cannot."""
        self.capture: Capture | None = None
        self.captures = Captures(config)
        self.control: control.Control | None = None
        self.keylog: tuple[KeyLog, Path] | None = None
        self.statistics = Statistics()
        self.plane = MemoryPlane(os.urandom)
        self.gateway = Gateway(config, entropy=self.statistics.counted(os.urandom), plane=self.plane)
        self.debugging = debugging
        self._ports = {port.local: port for port in ports}
        self._tun = tun
        self._changes = changes
        self._restore_seldom = Seldom(PAUSE, self._restore)
        self._userspace = Userspace(
            config,
            tun,
            self.plane,
            send=self._send_esp,
            acquire=self._acquire,
            complain=self._complain,
            tell=unreachable.tell,
            say=say,
        )
        self._keys_logged: dict[str, bytes] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._complaints = PerSecond(COMPLAINTS_PER_SECOND)

    @property
    def debugging(self) -> Debugging:
        return self._debugging

    @debugging.setter
    def debugging(self, debugging: Debugging) -> None:
        self._debugging = debugging
        self.gateway.unheard = debugging.unheard

    @property
    def dropped(self) -> Mapping[str, int]:
        """Packets that no SA counts, by reason."""
        return self._userspace.counters

    @property
    def matched(self) -> Mapping[str, int]:
        """Packets that found no SA, by the element of a crypto access-list that decided of them."""
        return self._userspace.matched

    # -- the life of it -----------------------------------------------------------------------------------------------

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Route what is protected, and listen. ConfigError if a route is in the way."""
        self._userspace.route_protected()
        for port in self._ports.values():
            loop.add_reader(port.socket.fileno(), self._arrivals, port)
        loop.add_reader(self._tun.fd, self._from_hosts)
        loop.add_reader(self._changes.socket.fileno(), self._changed)

    def reconfigure(self, config: Config) -> None:
        """Go by another configuration of the same interfaces. ConfigError if a route is in the way."""
        self._userspace.reconfigure(config)
        self.captures.config = config
        self.carry_out(self.gateway.reconfigure(config, now()))

    def stop(self) -> None:
        """Tell every peer that its SAs are gone."""
        self.carry_out(self.gateway.end(list(self.gateway.ike_sas), now(), "Administrator Shutdown"))

    # -- the three inputs ---------------------------------------------------------------------------------------------

    def _arrivals(self, port: Port) -> None:
        esps: list[bytes] = []
        source, at = port.local, now()
        tos = 0
        for number in range(BURST):
            arrival = port.receive()
            at = now()  # of each, or a capture would show it before what was sent while it waited
            if arrival is None:
                if not number:  # it was not a datagram that woke us
                    self._reports(port)
                break
            if not arrival.payloads:
                self._reports(port)
                continue
            if arrival.source != source or arrival.tos != tos:
                self._from_peer(esps, source, port.local, at, tos)
                esps, source, tos = [], arrival.source, arrival.tos
            for payload in arrival.payloads:
                if not payload or payload == KEEPALIVE:
                    continue
                self._passed(payload, source, port.local, port.local, at)
                if not port.local.port or (port.local.port == NAT_T_PORT and payload[:4] != NON_ESP_MARKER):
                    esps.append(payload)
                    continue
                self._from_peer(esps, source, port.local, at, tos)
                esps = []
                self.statistics.received(payload, port.local)
                self.carry_out(self.gateway.receive(payload, source, at, port.local))
            if len(esps) >= BURST:
                break
        self._from_peer(esps, source, port.local, at, tos)

    def _from_peer(self, esps: Sequence[bytes], source: Endpoint, to: Endpoint, at: float, tos: int) -> None:
        for done in self._userspace.from_peer(esps, source.address, to.address, at, tos) if esps else ():
            if isinstance(done, DeliveredRun):
                if self.captures.running:
                    for packet in done.packets:
                        self.captures.inside(packet, packet[16:20], at)
                if done.sa.in_udp and (done.sa.remote, done.sa.remote_port) != source:
                    self.carry_out(self.gateway.esp_from(done.sa, source, to, at))
            elif done.why is Drop.UNKNOWN_SPI:
                self.carry_out(self.gateway.unknown_spi(done.spi, source.address, at))
        self._renew_worn(at)

    def _renew_worn(self, at: float) -> None:
        """SAs whose kilobytes are nearly used up are renewed."""
        worn = self.plane.worn()
        if worn:
            self.carry_out(self.gateway.worn(worn, at))

    def _reports(self, port: Port) -> None:
        """ICMP about packets of ours that were too long for somebody on the way."""
        for report in port.reports():
            event = self.plane.path_mtu_told(report, now())
            if event is None:
                self.gateway.counters["ICMP about no packet of ours"] += 1
            else:
                self._say_seldom(event)

    def _from_hosts(self) -> None:
        at = now()
        packets: list[bytes] = []
        while len(packets) < BURST:
            try:
                more = self._tun.read()
            except OSError as gone:
                # It was taken away. Without it every route into the tunnels is gone too: nothing is left to do here.
                asyncio.get_running_loop().remove_reader(self._tun.fd)
                self.failed = Lost(gone.errno, f"the TUN device is gone: {gone.strerror}", self._tun.name)
                self.over.set()
                break
            if more is None:
                break
            packets += more
        if self.captures.running:
            for packet in packets:
                self.captures.inside(packet, packet[12:16], at)
        if packets:
            self._userspace.from_hosts(packets, at)
            self._renew_worn(at)

    def _changed(self) -> None:
        """Links or routes of this host changed."""
        if any(self._userspace.routes(gone) for gone in self._changes.gone()):
            self._restore_seldom()

    def _restore(self) -> None:
        try:
            self._userspace.restore()
        except OSError as refused:
            say(f"{self._tun.name}: {refused.strerror or refused}: what is routed into it may leave in clear")

    def _acquire(self, packet: bytes) -> None:
        self.carry_out(self.gateway.outbound(packet, now()))

    def _tick(self) -> None:
        self._timer = None
        self.carry_out(self.gateway.tick(now()))

    # -- what comes of them -------------------------------------------------------------------------------------------

    def carry_out(self, items: Sequence[Entry | Action]) -> None:
        """Print the entries, carry out the actions, in order; then set the timer anew."""
        try:
            self._carry_out(items)
        finally:
            self._set_timer()

    def _carry_out(self, items: Sequence[Entry | Action]) -> None:
        self.statistics.came_of(items)
        actions: list[Action] = []
        for item in items:
            if isinstance(item, Entry):
                self._say(item)
                continue
            actions.append(item)
            if isinstance(item, Send):
                self._send(item.datagram, item.source, item.to)
            elif isinstance(item, Install):
                self._install(item.sa, items)
            elif isinstance(item, Move):
                self._userspace.move(item.before, item.after)
                self._say_moved(item)
            elif isinstance(item, ClearCounters):
                self.plane.clear_counters(item.sa)
            elif isinstance(item, Remove):
                self._userspace.remove(item.sa)
        if self.keylog is not None and actions:
            self._log_keys(*self.keylog, actions)

    def _say_moved(self, move: Move) -> None:
        """An ASA has no words for it. Another port is no news: routers forget them all the time."""
        before, after = move.before.remote, move.after.remote
        if before != after and move.after.direction == "outbound" and self._complaints.allows(now()):
            remote = move.after.selectors.remote
            say(f"the peer of {remote.address}/{remote.mask} is at {after} now, not at {before}: its NAT has moved it")

    def _install(self, sa: IpsecSa, items: Sequence[Entry | Action]) -> None:
        # Who sends the last message of a quick mode is sooner done than its reader.
        settle = sa.direction == "outbound" and any(isinstance(item, Send) for item in items)
        try:
            self._userspace.install(sa, now(), settle=settle)
            if settle:
                asyncio.get_running_loop().call_later(SETTLE, self._settled, sa)
        except (Refused, OSError) as refused:
            say(unusable(sa, refused))

    def _settled(self, sa: IpsecSa) -> None:
        self._userspace.settled(sa, now())

    def _send(self, payload: bytes, source: Endpoint, to: Endpoint) -> None:
        port = self._ports.get(source)
        if port is None:
            return
        self._passed(payload, source, to, source, now())
        port.send(payload, to)

    def _passed(self, payload: bytes, source: Endpoint, to: Endpoint, ours: Endpoint, at: float) -> None:
        """Something went over the wire: for the captures."""
        if self.capture is not None:
            self.capture.add(payload, source, to, at)
        if self.captures.running:
            self.captures.outside(outer(payload, source, to), ours.address, at)

    def _send_esp(self, protected: ProtectedRun) -> None:
        sa = protected.sa
        source, to = Endpoint(sa.local, sa.local_port), Endpoint(sa.remote, sa.remote_port)
        port = self._ports.get(source)
        if port is None:
            return
        if self.capture is not None or self.captures.running:
            at = now()
            for datagram in protected.datagrams:
                self._passed(datagram, source, to, source, at)
        port.send_all(protected.datagrams, to, protected.tos, protected.df)

    def _complain(self, dropped: Dropped, own: IPv4Address) -> None:
        self._say_seldom(dropped.event(own))

    def _say_seldom(self, event: Event | None) -> None:
        """Say what anybody can make happen as often as they like."""
        at = now()
        if event is not None and self._complaints.allows(at):
            self._say(Entry(event, None, None, at))

    def _say(self, entry: Entry) -> None:
        lines = debug.lines(self.debugging, entry)
        if lines is not None:
            print(lines, flush=True)
            if self.control is not None:
                self.control.monitor(lines)

    def _log_keys(self, keylog: KeyLog, directory: Path, actions: Sequence[Action]) -> None:
        keylog.watch(self, actions)
        files = keylog.files()
        if files == self._keys_logged:
            return
        self._keys_logged = files
        try:
            _write_keys(files, directory)
        except OSError as refused:
            self.keylog = None
            say(f"{directory}: {refused.strerror}: no more keys are written")

    def _set_timer(self) -> None:
        at = self.gateway.wake_at
        if self._timer is not None:
            if self._timer.when() == at:
                return
            self._timer.cancel()
            self._timer = None
        if at is not None:
            self._timer = asyncio.get_running_loop().call_at(at, self._tick)


# --- from a configuration to this host ----------------------------------------------------------------------------


def on_this_host(config: Config, devices: Mapping[str, str]) -> tuple[Config, dict[str, str]]:
    """The configuration, and the Linux interface of each interface that has IKE enabled.

    `devices` is what the user said of them. An interface without an address in the configuration takes the device's; no
    interface has a larger MTU than its device.
    NotYet at the line whose address is not on this host; ConfigError where there is nothing to be the gateway of.
    """
    here = rtnetlink.addresses()
    found: dict[str, str] = {}
    interfaces = {interface.name: interface for interface in config.interfaces if interface.name}
    _check_enabled(config, devices)
    for name, enabled in config.ike_enabled.items():
        interface = interfaces.get(name)
        device = devices.get(name)
        if interface is None:
            raise ConfigError(enabled, f"there is no interface {name}", expected=_one_of(interfaces))
        if interface.address is None and device is not None:
            interface = interfaces[name] = _with_address_of(device, interface, here, enabled)
        where = interface.spans.get("ip address") or interface.span or enabled
        if interface.address is None:
            raise ConfigError(where, f"interface {name} has no address: give --interface {name}=DEVICE to take its own")
        owner = here.get(interface.address)
        if owner is None:
            known = [f"{address} ({device})" for address, device in here.items() if not address.is_loopback]
            raise NotYet(where, f"{interface.address} is not an address of this host", expected=_one_of(known))
        if device is not None and device != owner:
            raise ConfigError(where, f"{interface.address} is on {owner}, not on {device}")
        found[name] = owner
    if not any(config.crypto_map_on(name) for name in found):
        name, where = next(iter(config.ike_enabled.items()))
        of = next(iter(config.crypto_maps), "MAP")
        raise ConfigError(where, f"no crypto map is bound where IKE is enabled: crypto map {of} interface {name}")
    changed = tuple(interfaces.get(interface.name or "", interface) for interface in config.interfaces)
    mtu = {name: min(config.mtu.get(name, ETHERNET_MTU), rtnetlink.mtu(device)) for name, device in found.items()}
    return replace(config, interfaces=changed, mtu={**config.mtu, **mtu}), found


def _check_enabled(config: Config, devices: Mapping[str, str]) -> None:
    """ConfigError if IKE is enabled nowhere, or not where the user thinks; NotYet where a device is missing."""
    bound = [(name, span) for one in config.crypto_maps.values() for name, span in one.interface_spans.items()]
    if not config.ike_enabled:
        name, where = bound[0] if bound else ("INTERFACE", Span(config.file, 1))
        raise ConfigError(where, f"no interface has IKE enabled: crypto {config.syntax} enable {name}")
    where = next(iter(config.ike_enabled.values()))
    for other, device in devices.items():
        if other not in config.ike_enabled:
            said = f"--interface {other}={device}: IKE is not enabled on {other}"
            raise ConfigError(where, said, expected=_one_of(config.ike_enabled))
        try:
            rtnetlink.index(device)
        except OSError:
            said = f"--interface {other}={device}: this host has no device {device}"
            raise NotYet(config.ike_enabled[other], said) from None


def _one_of(names: Iterable[str]) -> str:
    """What would have been right; not all of a host that has many."""
    some = list(names)
    return ", ".join(some[:MOST_NAMED]) + ", …" * (len(some) > MOST_NAMED)


def _with_address_of(device: str, interface: Interface, here: Mapping[IPv4Address, str], enabled: Span) -> Interface:
    address = next((address for address, owner in here.items() if owner == device), None)
    if address is None:
        raise NotYet(enabled, f"{device} has no IPv4 address")
    return replace(interface, address=address, network=IPv4Network(address))


def open_tun(config: Config) -> Tun:
    """The TUN device. ConfigError at the crypto map's interface line, which needs it."""
    crypto_map = next((one for one in config.crypto_maps.values() if one.interface), None)
    where = (crypto_map.interface_span if crypto_map else None) or Span(config.file, 1)
    try:
        return Tun("mm%d", LARGEST)
    except FileNotFoundError:
        raise ConfigError(where, "the data plane needs /dev/net/tun: modprobe tun") from None
    except PermissionError as refused:
        if refused.filename:  # a file's mode, or the devices that a supervisor allows
            said = f"the data plane needs {refused.filename}, which may not be opened here: {refused.strerror}"
            raise ConfigError(where, said) from None
        raise ConfigError(where, "the data plane needs CAP_NET_ADMIN: run as root or give the capability") from None
    except OSError as refused:
        raise ConfigError(where, f"no TUN device: {refused.strerror}") from None


def _begun(directory: Path) -> KeyLog:
    """A key log in this directory, without keys yet. OSError if they could not be written there."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as there:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory)) from there
    keylog = KeyLog()
    _write_keys(keylog.files(), directory)
    return keylog


def _write_keys(files: Mapping[str, bytes], directory: Path) -> None:
    """What is there stays whole until what is new is. OSError if it cannot be written."""
    for name, content in files.items():
        aside = directory / f".{name}.new"
        with open(private_file(aside), "wb") as file:
            file.write(content)
        aside.replace(directory / name)


async def _awaited(config: Config, options: Options) -> tuple[Config, dict[str, str]]:
    """What `on_this_host` says, once this host has everything, if that is to be waited for."""
    told = ""
    while True:
        try:
            return on_this_host(config, options.devices)
        except NotYet as missing:
            if not options.wait:
                raise
            if told != str(missing):
                told = str(missing)
                say(f"{told}: waiting for it")
                status(f"waiting: {missing.message}")
            await asyncio.sleep(PAUSE)


async def _serve(reading: Reading, path: Path, options: Options) -> None:
    """Run the gateway until SIGTERM or SIGINT. ConfigError if this host cannot be what the configuration says; Lost."""
    check_keys(path, reading.config)
    loop = asyncio.get_running_loop()
    # Whoever has changed the file since is not to believe that it counts.
    loop.add_signal_handler(signal.SIGHUP, say, f"{path} is not read again before the gateway is up")
    config, devices = await _awaited(reading.config, options)
    with ExitStack() as stack:
        ports: list[Port] = []
        for name, device in devices.items():
            interface = config.interface_named(name)
            if interface is not None and interface.address is not None:
                span = config.ike_enabled[name]
                for port in open_ports(interface.address, device, span, config.nat_traversal is not None):
                    stack.callback(port.close)
                    ports.append(port)
        tun = open_tun(config)
        stack.callback(tun.close)
        changes = rtnetlink.Changes()
        stack.callback(changes.close)
        unreachable = Unreachable()
        stack.callback(unreachable.close)
        service = Service(config, ports, tun, changes, unreachable, options.debugging)
        stack.callback(service.captures.close)
        if options.pcap:
            service.capture = Capture(options.pcap)
            stack.callback(service.capture.close)
        if options.keylog:
            service.keylog = _begun(options.keylog), options.keylog
        loop.set_exception_handler(Mistakes())
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, service.over.set)
        loop.add_signal_handler(signal.SIGHUP, Seldom(PAUSE, partial(_reread, service, path, options)))
        service.start(loop)
        await _open_control(service, path, options.name, stack)
        _warn_of_forwarding()
        _say_problems(reading, path)
        say(f"{config.hostname} is up on {', '.join(f'{n} ({d})' for n, d in devices.items())}")
        status(f"{config.hostname} is up")
        notify(READY=1)
        _keep_watchdog_quiet(loop)
        await service.over.wait()
        notify(STOPPING=1)
        status("")
        service.stop()
        if service.failed is not None:
            raise service.failed


def _reread(service: Service, path: Path, options: Options) -> None:
    """Go by what the file says now. What cannot be read or run here is said, and changes nothing."""
    try:
        reading = read(path.read_bytes().decode("utf-8-sig", errors="replace"), str(path))
        if reading.errors:
            _refuse(service, path, render_all(reading.errors))
            return
        check_keys(path, reading.config)
        config, _ = on_this_host(reading.config, options.devices)
        before = service.gateway.config
        if _listening(config) != _listening(before):
            where = next(iter(config.ike_enabled.values()))
            raise ConfigError(where, "other interfaces, addresses or ports than before: the gateway must start anew")
        service.reconfigure(config)
    except ConfigError as refused:
        _refuse(service, path, render_all([refused]))
    except OSError as missing:
        _refuse(service, path, f"{path}: {missing.strerror}")
    else:
        say(f"{path} is read again")
        status(f"{config.hostname} is up")
        _say_problems(reading, path)


def _refuse(service: Service, path: Path, why: str) -> None:
    print(why, file=sys.stderr, flush=True)
    status(f"{service.gateway.config.hostname} is up by what it has read before: {why}")
    say(f"{path} is not taken: the gateway goes by what it has read before")


def _say_problems(reading: Reading, path: Path) -> None:
    """What an ASA warns of where it is typed: what keeps a tunnel from being one, though the gateway can run."""
    problems = [one for one in check(reading) if one.severity == "problem"]
    for one in problems[:MOST_NAMED]:
        say(f"{one.span or path}: problem: {one.message.en} [{one.code}]")
    if len(problems) > MOST_NAMED:
        say(f"{len(problems) - MOST_NAMED} more problems: mainmode check {path}")


def _listening(config: Config) -> object:
    """What the sockets and the TUN device were made by."""
    own = {name: interface.address for name in config.ike_enabled if (interface := config.interface_named(name))}
    return own, config.nat_traversal is not None


async def _open_control(service: Service, path: Path, name: str | None, stack: ExitStack) -> None:
    """The control socket. OSError if it cannot be had under the name that was asked for.

    A gateway that nobody named does without rather than not run: its work is tunnels.
    """
    try:
        where = directory(name or path.stem)
        listener = control.listen(where)
    except (ValueError, OSError) as refused:
        if name is not None and isinstance(refused, OSError):
            raise OSError(refused.errno, f"no control socket: {refused.strerror}", refused.filename) from None
        why = f"{refused.filename}: {refused.strerror}" if isinstance(refused, OSError) else str(refused)
        say(f"{why}: mainmode exec will not reach this gateway")
        return
    operator = Operator(service, where)
    service.control = control.Control(listener, operator.execute, operator.prompt)
    stack.callback(service.control.close)
    await service.control.start()


def _keep_watchdog_quiet(loop: asyncio.AbstractEventLoop) -> None:
    """While the event loop turns, systemd is told so; when it hangs, systemd starts the gateway anew."""
    interval = watchdog_interval()
    if interval is not None:
        notify(WATCHDOG=1)
        loop.call_later(interval, _keep_watchdog_quiet, loop)


def _warn_of_forwarding() -> None:
    if Path("/proc/sys/net/ipv4/ip_forward").read_text() == "0\n":
        say("net.ipv4.ip_forward is 0: hosts behind this one will not get through")


def run(reading: Reading, path: Path, options: Options) -> None:
    """Run this gateway until a signal ends it. ConfigError or OSError if this host cannot run it; Lost if that ends."""
    keep_memory_private()
    with outlets():
        asyncio.run(_serve(reading, path, options))
