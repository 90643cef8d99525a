"""Logs of real boxes: how much of each is read, and as what."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mainmode.words import read
from tests.golden import compare
from tests.paths import SHARED, require

require(SHARED.is_dir(), "the corpus lies in the shared material, which is not there")

GOLDEN = Path(__file__).parent / "golden" / "corpus.txt"


def test_as_much_of_the_corpus_is_read_as_before() -> None:
    """Line by line, as they come: healing (HTML, quotes, records of several lines) is not the words' matter."""
    out = []
    for path in sorted((SHARED / "corpus").glob("*.log")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        entries = [entry for line in lines if (entry := read(line))]
        out.append(f"{path.name}: {len(entries)} of {len(lines)}")
        counts = Counter(type(entry.event).__name__ for entry in entries)
        out += [f"    {count:3} {name}" for name, count in sorted(counts.items())]
    compare("\n".join(out) + "\n", GOLDEN)
