"""Files with keys in them are private, whatever was there before."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mainmode.shell.hardening import private_file


def test_a_private_file_is_private_even_if_it_was_not(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("old and longer")
    file.chmod(0o666)
    with open(private_file(file), "wb") as keys:
        keys.write(b"new")
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nobody_can_point_it_at_another_file(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("dear")
    (tmp_path / "keys").symlink_to(victim)
    with pytest.raises(OSError, match="is a symbolic link"):
        private_file(tmp_path / "keys")
    assert victim.read_text() == "dear"
