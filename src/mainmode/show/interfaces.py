"""`show ip address`: which interface has which address. Knows the configuration alone."""

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
