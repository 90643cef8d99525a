"""What keeps keys in this process: no core dumps, no debugger, no file, no configuration that everybody reads."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import stat
from pathlib import Path
from typing import Final

from mainmode.blame import ConfigError
from mainmode.config.model import Config
from mainmode.span import Span

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4


def keep_memory_private() -> None:
    """No core file, and no other process of the same user may look into this one (prctl(2))."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def write_no_file() -> None:
    """From now on whatever is written to a file raises OSError (EFBIG). Sockets and pipes take everything."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def confine(memory: int) -> None:
    """For a process that reads what strangers wrote: so many octets of memory, no file, and an end with its parent.

    More memory than that raises MemoryError.
    """
    keep_memory_private()
    write_no_file()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def check_keys(path: Path, config: Config) -> None:
    """ConfigError at the first pre-shared key that is masked, or that everybody on this host can read."""
    public = path.stat().st_mode & stat.S_IROTH
    for group in config.tunnel_groups.values():
        where = group.spans.get("pre-shared-key") or group.span or Span(str(path), 1)
        if group.key_masked:
            raise ConfigError(where, "this key is masked; more system:running-config prints it")
        if public and group.pre_shared_key is not None:
            raise ConfigError(where, f"everybody on this host can read this key: chmod o-rwx {path}")


def private_file(path: Path) -> int:
    """A file descriptor for writing a file from its beginning that only this user can read (mode 0600)."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as refused:
        if refused.errno == errno.ELOOP and path.is_symlink():
            raise OSError(errno.ELOOP, "is a symbolic link, which nothing is written through", str(path)) from None
        raise
    os.fchmod(fd, 0o600)  # it may have been there, with another mode
    return fd
