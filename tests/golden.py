"""Expected outputs in files. Knows how to compare and how to write them anew; knows nothing of what they say.

`make golden` (MAINMODE_GOLDEN=1) writes every golden a test compares with; `git diff` is where they are reviewed.
"""

from __future__ import annotations

import os
from difflib import unified_diff
from pathlib import Path

import pytest

WRITING = os.environ.get("MAINMODE_GOLDEN") == "1"


def compare(actual: str, golden: Path) -> None:
    """Fail, with the difference, unless `actual` is what the file `golden` says to the last character."""
    __tracebackhide__ = True
    if WRITING:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(actual.encode())
        return
    if not golden.exists():
        pytest.fail(f"{golden.name} is not there yet: `make golden` writes it", pytrace=False)
    expected = golden.read_bytes().decode()
    if actual != expected:
        lines = unified_diff(expected.splitlines(), actual.splitlines(), golden.name, "now", lineterm="")
        difference = "\n".join(lines) or "(only the line ends differ)"
        pytest.fail(f"if this is meant, `make golden` and review the diff:\n{difference}", pytrace=False)
