"""Where a running gateway and its operator meet: the control socket's path by the gateway's name, and who is there.

Knows nothing else, and imports nothing heavy: `mainmode exec` is started for every single command.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

SOCKET = "control"


def base() -> Path:
    """The directory with one directory per gateway; MAINMODE_RUN names another than the usual one."""
    return Path(os.environ.get("MAINMODE_RUN") or "/run/mainmode")


def directory(name: str) -> Path:
    """Where the gateway of this name has its control socket. ValueError if it cannot be a name."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", name):
        raise ValueError(f"{name!r} is no name for a gateway: letters, digits, _, - and . are")
    return base() / name


def is_left_behind(path: Path) -> bool:
    """Whether nobody listens at this control socket any more: its gateway was killed. OSError if it is not for us."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return True
    return False
