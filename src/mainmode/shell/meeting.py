"""Where a running gateway and its operator meet: the path of the control socket, by the gateway's name.

Knows nothing else, and imports nothing heavy: `mainmode exec` is started for every single command.
"""

from __future__ import annotations

import os
import re
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
