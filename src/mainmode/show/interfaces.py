"""`show ip address`, `show interface ip brief`, `show clock`. Knows the configuration, and what time it is."""

from __future__ import annotations

from mainmode.show.view import View


def addresses(view: View) -> list[str]:
    """The interfaces that take part in anything, with the configured and the current address (here the same)."""
    heading = f"{'Interface':<25}{'Name':<23}{'IP address':<16}{'Subnet mask':<16}Method "
    rows = [
        f"{interface.hardware:<25}{interface.name:<23}{interface.address!s:<16}{interface.network.netmask!s:<16}manual"
        for interface in view.gateway.config.interfaces
        if interface.name and interface.address and interface.network
    ]
    return ["System IP Addresses:", heading, *rows, "Current IP Addresses:", heading, *rows]


def interfaces(view: View) -> list[str]:
    """The interfaces of the configuration, in a line each."""
    lines = [f"{'Interface':<27}{'IP-Address':<16}OK? Method Status                Protocol"]
    for interface in view.gateway.config.interfaces:
        address = str(interface.address or "unassigned")
        status = "administratively down" if interface.shutdown else "up"
        protocol = "down" if interface.shutdown else "up"
        method = "CONFIG" if interface.address else "unset"
        lines.append(f"{interface.hardware:<27}{address:<16}YES {method:<6} {status:<21} {protocol}")
    return lines


def clock(view: View) -> list[str]:
    """The time of day."""
    at = view.calendar(view.now)
    return [f"{at:%H:%M:%S}.{at.microsecond // 1000:03} {at:%Z %a %b %-d %Y}"]
