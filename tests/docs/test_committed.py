"""What is committed says nothing about where it was made: no path of the machine, no host that packages came from.

The names are taken from the machine at run time, so they do not stand here either.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.paths import REPO, require

URL = re.compile(r"[a-z+]+://[^\s'\"\]]+")
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def committed() -> list[Path]:
    require(
        shutil.which("git") and (REPO / ".git").exists(), "this is no git checkout, so nothing says what is committed"
    )
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, text=True, check=True).stdout
    return [path for name in listing.split("\0") if name and (path := REPO / name).is_file()]


def package_urls() -> Iterator[str]:
    """Where pip and apt fetch from on this machine."""
    pip = [sys.executable, "-m", "pip"]
    yield from URL.findall(subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=True).stdout)
    # pip's own default, which no configuration has to name.
    default = (
        "from pip._internal.models.index import PyPI; print(PyPI.simple_url, 'https://' + PyPI.file_storage_domain)"
    )
    yield from subprocess.run(
        [sys.executable, "-c", default], capture_output=True, text=True, check=True
    ).stdout.split()
    for sources in [Path("/etc/apt/sources.list"), *Path("/etc/apt").glob("sources.list.d/*")]:
        if sources.is_file():
            yield from URL.findall(sources.read_text(encoding="utf-8", errors="replace"))


def names_of_this_machine() -> set[str]:
    """Hosts, and folders with their closing slash. The root says nothing about a machine."""
    names = {
        f"{folder}/" for folder in (REPO.parent, REPO, Path.home(), Path(tempfile.gettempdir()), Path(sys.base_prefix))
    }
    for url in package_urls():
        parts = urlsplit(url)
        names.add(parts.hostname or f"{parts.path.rstrip('/')}/")
    return names - LOOPBACK - {"/", "//", "/usr/"}


def mentions(content: bytes, names: set[str]) -> list[str]:
    return sorted(name for name in names if re.search(rb"(?<![\w.-])" + re.escape(name.encode()), content))


def test_no_committed_file_names_this_machine_or_where_its_packages_come_from() -> None:
    names = names_of_this_machine()
    found = {path.relative_to(REPO).as_posix(): mentions(path.read_bytes(), names) for path in committed()}
    assert {file: named for file, named in found.items() if named} == {}


def test_a_name_of_this_machine_is_noticed() -> None:
    names = names_of_this_machine()
    # The checkout's own folder, and at least one host: pip always has a default.
    assert f"{REPO}/" in names
    assert any("." in name and "/" not in name for name in names)
    for name in names:
        assert name in mentions(b"from '" + name.encode() + b"x'", names)
    assert mentions(b"docs/decisions, tests/docs", names) == []
