"""Expected outputs in files. Knows how to compare and how to write them anew; knows nothing of what they say.

`make golden` (MAINMODE_GOLDEN=1) writes every golden a test compares with; `git diff` is where they are reviewed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

WRITING = os.environ.get("MAINMODE_GOLDEN") == "1"


def compare(actual: str, golden: Path) -> None:
    """Fail, with pytest's difference of the two texts, unless `actual` is what the file `golden` says."""
    __tracebackhide__ = True
    if WRITING:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(actual, encoding="utf-8", newline="")
        return
    if not golden.exists():
        pytest.fail(f"{golden.name} is not there yet: `make golden` writes it", pytrace=False)
    with golden.open(encoding="utf-8", newline="") as file:
        expected = file.read()
    assert actual == expected, (
        f"{golden.name} says otherwise; if the change is meant, `make golden` and review the diff"
    )
