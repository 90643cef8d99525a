"""`show crypto ipsec sa`: the IPsec SAs. Knows their layout in 8.3 and 9.x; no commands.

Source: the document's show output (8.3), real outputs of 9.x, FACTS §5.2. One block per crypto map entry and pair of
proxy identities, under its interface; while SAs are being renewed a block holds the old and the new.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from math import ceil
from typing import Final, Literal

from mainmode.ike.phase2 import REKEY_AT
from mainmode.ike.sa import Tunnel
from mainmode.ipsec.sa import Counters, IpsecSa
from mainmode.show.view import View, written

KILOBYTE_STEP: Final = 27000
"""An ASA's kilobyte counter starts at a multiple of this: 3915000 and 4374000 are the well-known ones (FACTS §3.1)."""


def ipsec_sas(
    view: View,
    *,
    peer: IPv4Address | None = None,
    map: str | None = None,
    by: Literal["interface", "entry"] = "interface",
    detail: bool = False,
) -> list[str]:
    """Every pair of SAs, or those with one peer or of one crypto map, in the order in which they came up."""
    blocks: dict[str, dict[object, list[Tunnel]]] = {}
    for sa, tunnel in sorted(view.gateway.tunnels, key=lambda pair: pair[1].started_at):
        settings = tunnel.match.settings
        if peer not in (None, sa.remote.address) or map not in (None, settings.map):
            continue
        # The headings are the command reference's.
        if map is not None:
            heading = f"cryptomap: {map}"
        elif peer is not None or by == "entry":
            heading = f"peer address: {sa.remote.address}"
        else:
            heading = f"interface: {sa.interface}"
        key = sa.interface, settings.map, settings.sequence, tunnel.match.local, tunnel.match.remote, sa.remote.address
        blocks.setdefault(heading, {}).setdefault(key, []).append(tunnel)
    lines: list[str] = []
    for heading, entries in blocks.items():
        lines += [*([""] if lines else []), heading]
        for number, tunnels in enumerate(entries.values()):
            lines += [*([""] if number else []), *_block(tunnels, view, detail)]
    return lines or ["", "There are no ipsec sas"]


def _block(tunnels: list[Tunnel], view: View, detail: bool) -> list[str]:
    """One pair of proxy identities; the newest tunnel is the one in use."""
    nine = view.release == "9"
    sa, match = tunnels[-1].sa, tunnels[-1].match
    inbound, outbound = view.pair(tunnels[-1])
    overhead, fixed = outbound.overhead
    path_mtu, time_left = view.path(outbound)
    lines = [
        f"    Crypto map tag: {match.settings.map}, seq num: {match.settings.sequence}, local addr: {inbound.local}",
        "",
        # An entry of a dynamic map needs no access-list.
        *([f"      {inbound.access_list}{view.blank}"] if inbound.access_list else []),
        f"      local ident (addr/mask/prot/port): ({written(match.local)})",
        f"      remote ident (addr/mask/prot/port): ({written(match.remote)})",
        f"      current_peer: {sa.remote.address}",
        *(["", ""] if nine else [""]),
        *_counters(view.total(tunnels), nine, detail),
        "",
        f"      local crypto endpt.: {inbound.local}/{inbound.local_port}, "
        f"remote crypto endpt.: {inbound.remote}/{inbound.remote_port}",
        f"      path mtu {path_mtu}, ipsec overhead {overhead}{f'({fixed})' if nine else ''}, "
        f"media mtu {outbound.outer.mtu}",
    ]
    if nine:
        lines += [
            f"      PMTU time remaining (sec): {time_left}, DF policy: {outbound.outer.df}",
            "      ICMP error validation: disabled, TFC packets: disabled",
        ]
    lines += [
        f"      current outbound spi: {outbound.spi:08X}",
        f"      current inbound spi : {inbound.spi:08X}",
        "",
    ]
    for direction in ("inbound", "outbound"):
        lines.append(f"    {direction} esp sas:")
        for tunnel in tunnels:
            lines += _sa(view.pair(tunnel)[direction == "outbound"], tunnel, view)
    return lines


def _counters(total: Counters, nine: bool, detail: bool) -> list[str]:
    lines = [
        f"#pkts encaps: {total.encaps}, #pkts encrypt: {total.encrypt}, #pkts digest: {total.digest}",
        f"#pkts decaps: {total.decaps}, #pkts decrypt: {total.decrypt}, #pkts verify: {total.verify}",
        f"#pkts compressed: {total.compressed}, #pkts decompressed: {total.decompressed}",
        f"#pkts not compressed: {total.not_compressed}, #pkts comp failed: {total.comp_failed}, "
        f"#pkts decomp failed: {total.decomp_failed}",
        f"#pre-frag successes: {total.pre_frag_successes}, #pre-frag failures: {total.pre_frag_failures}, "
        f"#fragments created: {total.fragments_created}",
        f"#PMTUs sent: {total.pmtus_sent}, #PMTUs rcvd: {total.pmtus_rcvd}, "
        f"#decapsulated frgs needing reassembly: {total.decapsulated_frgs_needing_reassembly}",
    ]
    if nine:
        lines += [
            f"#TFC rcvd: {total.tfc_rcvd}, #TFC sent: {total.tfc_sent}",
            f"#Valid ICMP Errors rcvd: {total.valid_icmp_errors_rcvd}, "
            f"#Invalid ICMP Errors rcvd: {total.invalid_icmp_errors_rcvd}",
        ]
    if detail:
        lines += [
            f"#pkts no sa (send): {total.no_sa_send}, #pkts invalid sa (rcv): {total.invalid_sa_rcv}",
            f"#pkts encaps failed (send): {total.encaps_failed_send}, "
            f"#pkts decaps failed (rcv): {total.decaps_failed_rcv}",
            f"#pkts invalid prot (rcv): {total.invalid_prot_rcv}, #pkts verify failed: {total.verify_failed}",
            f"#pkts invalid identity (rcv): {total.invalid_identity_rcv}, "
            f"#pkts invalid len (rcv): {total.invalid_len_rcv}",
            f"#pkts invalid pad (rcv): {total.invalid_pad_rcv},",
            f"#pkts invalid ip version (rcv): {total.invalid_ip_version_rcv},",
            f"#pkts replay rollover (send): {total.replay_rollover_send}, "
            f"#pkts replay rollover (rcv): {total.replay_rollover_rcv}",
            f"#pkts replay failed (rcv): {total.replay_failed_rcv}",
            f"#pkts min mtu frag failed (send): {total.min_mtu_frag_failed_send}, "
            f"#pkts bad frag offset (rcv): {total.bad_frag_offset_rcv}",
            f"#pkts internal err (send): {total.internal_err_send}, #pkts internal err (rcv): {total.internal_err_rcv}",
        ]
    else:
        lines.append(f"#send errors: {total.send_errors}, #recv errors: {total.recv_errors}")
    return [f"      {line}" for line in lines]


def _sa(sa: IpsecSa, tunnel: Tunnel, view: View) -> list[str]:
    settings = [
        "L2L",
        "Tunnel",
        *([" NAT-T-Encaps"] if sa.in_udp else []),
        *([f"PFS Group {sa.pfs_group}"] if sa.pfs_group is not None else []),
        *(["IKEv1"] if view.release == "9" else []),
    ]
    protected = bool(sa.auth and sa.replay_window)
    lines = [
        f"      spi: 0x{sa.spi:08X} ({sa.spi})",
        *(["         SA State: active"] if view.release == "9" else []),
        f"         transform: {sa.cipher.name} {sa.auth.name if sa.auth else 'esp-none'} no compression{view.blank}",
        f"         in use settings ={{{', '.join(settings)}, }}",
        f"         slot: 0, conn_id: {sa.session_id}, crypto-map: {tunnel.match.settings.map}",
        f"         sa timing: remaining key lifetime {_timing(sa, view)}",
        f"         IV size: {sa.cipher.iv_length} bytes",
        f"         replay detection support: {'Y' if protected else 'N'}",
    ]
    if protected:
        words = [f"0x{word:08X}" for word in view.bitmap(sa)]
        lines.append(f"         Anti replay bitmap:{view.blank}")
        lines += [f"          {words[at]} {words[at + 1]}" for at in range(0, len(words), 2)]
    return lines


def _timing(sa: IpsecSa, view: View) -> str:
    """What is left: of the negotiated seconds, and of the kilobytes up to renewal, begun ones counted as whole."""
    seconds = max(0, int(sa.installed_at + sa.lifetime_seconds - view.now))
    if sa.lifetime_kilobytes is None:
        return f"(sec): {seconds}"
    kilobytes = kilobytes_at_start(sa.lifetime_kilobytes) - ceil(view.counters(sa).octets / 1024)
    return f"(kB/sec): ({max(0, kilobytes)}/{seconds})"


def kilobytes_at_start(lifetime: int) -> int:
    """What the kilobyte counter of a fresh SA shows: 85 % of the lifetime, rounded down to the ASA's step."""
    renewal = int(lifetime * REKEY_AT)
    return renewal // KILOBYTE_STEP * KILOBYTE_STEP or renewal
