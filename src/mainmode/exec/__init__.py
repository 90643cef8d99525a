"""An ASA's exec mode for a running gateway: what is typed, what it prints, what is to be done about it."""

from mainmode.exec.commands import execute
from mainmode.exec.running import Reply, Running

__all__ = ["Reply", "Running", "execute"]
