"""Reads the published vectors: NIST's `NAME = value` records and the project's captures with their key logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.paths import SHARED, require


def vector(name: str) -> Path:
    path = SHARED / "vectors" / name
    require(path.exists(), f"the published vectors {name} are not here")
    return path


def records(path: Path) -> Iterator[dict[str, str]]:
    """Each block of `NAME = value` lines, with the sections in force: `[A = b]` likewise, `[SHA-1]` as {"SHA-1": ""}.

    A section replaces the one of the same name before it, a bare one the bare one before it.
    """
    settings: dict[str, str] = {}
    record: dict[str, str] = {}
    for line in [*path.read_text().splitlines(), ""]:
        if line.startswith("#"):
            continue
        if line.startswith("["):
            name, _, value = line.strip("[]").partition("=")
            if not value:
                settings = {key: old for key, old in settings.items() if old}
            settings[name.strip()] = value.strip()
        elif "=" in line:
            name, _, value = line.partition("=")
            record[name.strip()] = value.strip()
        elif record:
            yield settings | record
            record = {}
