"""sd_notify(3): tells systemd that the gateway is ready, alive, ending. Knows the protocol; nothing of what it says.

Started by anything else than systemd there is no NOTIFY_SOCKET, and nothing here does anything.
"""

from __future__ import annotations

import os
import socket


def notify(**state: str | int) -> None:
    """Send assignments: `notify(READY=1)`. Lost if nobody listens: a supervisor is no reason to fail."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # the abstract namespace
    message = "".join(f"{name}={value}\n" for name, value in state.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto(message.encode(), address)
        except OSError:
            return


def status(text: str) -> None:
    """What `systemctl status` is to say: the first line of `text`, without what a terminal would act on."""
    line = text.partition("\n")[0]
    notify(STATUS="".join(character if character.isprintable() else " " for character in line))


def watchdog_interval() -> float | None:
    """Seconds between two signs of life: half of what systemd waits (sd_watchdog_enabled(3)). None: it does not."""
    limit, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or int(limit) == 0 or (process and process != str(os.getpid())):
        return None
    return int(limit) / 2 / 1_000_000
