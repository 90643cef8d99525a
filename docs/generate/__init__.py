"""The pages that are written from the program's tables, each by its path under `docs/`.

`make golden` writes them, a test says that they are in step. Whoever adds a row to a table writes no documentation here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from docs.generate import algorithms, cli, commands, events, execs, faults, schema, steps

REFERENCE: dict[str, Callable[[], str]] = {
    "reference/algorithms.md": algorithms.page,
    "reference/cli.md": cli.page,
    "reference/commands.md": commands.page,
    "reference/events.md": events.page,
    "reference/exec.md": execs.page,
    "reference/json.md": schema.page,
    "reference/steps.md": steps.page,
}


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: its path and what stands in it."""
    for path, page in REFERENCE.items():
        yield path, page()
    yield from faults.pages()
