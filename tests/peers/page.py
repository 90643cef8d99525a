"""`docs/peers.md`: what was run against real peers, as tables. Knows what tests hand over, and when the page would lie.

A test that has passed hands over facts: the table, the row, the column and what stands there. `make golden` writes the
page from them. Every other run compares: what passed must stand in the page, and what stands in the page must have
passed if the module that proves it was run whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from tests.golden import WRITING
from tests.paths import REPO, REQUIRE_ALL

PAGE = REPO / "docs" / "peers.md"

HEAD = """# Against real peers

What the tests ran, and what passed: `make golden` writes this page from tests that passed, and a usual run fails if the
page says what no test has shown. Columns are releases of strongSwan and our role. Release 5.9 asks for ESP in UDP (it
sends a false NAT-D hash), so all of its traffic is on UDP 4500; 6.0 sends real ESP (IP protocol 50), IKE is on UDP 500.
"""


class Table(NamedTuple):
    rows: str
    """What a row is: the head of the first column."""
    intro: str


TABLES = {
    "Phase 1": Table(
        "cipher and hash",
        "Main mode with a pre-shared key, and in each cell the Diffie-Hellman groups with which a ping came back, both "
        "ways. We have them all configured; strongSwan has the one.",
    ),
    "Phase 2": Table("transform set", "ESP, a ping both ways."),
    "Perfect forward secrecy": Table("PFS", "A ping both ways."),
    "Selectors": Table("crypto ACL", "What passed through the tunnel, both ways."),
    "TCP": Table("transform set", "Ten million random octets each way, compared by their SHA-256."),
    "Packets": Table("what", ""),
    "Renewal": Table(
        "what", "Under a ping every tenth of a second, none of which was lost. The role is that of the first phase 1."
    ),
    "Deletes and a new configuration": Table("what", ""),
    "Outages": Table("what", "Traffic is back without a hand: nobody clears or starts anything but what had died."),
    "NAT": Table("what", "A masquerading router stands between the gateways; from outside it lets in only answers."),
    "Situations": Table("what", "Traffic passes both ways. Where it matters who begins, each has begun."),
    "Mismatches": Table(
        "what differs",
        "What strongSwan sent at last, or received where it began, and the rules `mainmode explain` names for "
        "our debug, with our configuration beside it.",
    ),
    "A capture": Table("what", "What tshark reads in a capture of a real run with the keys that `--keylog` wrote."),
    "Looking on": Table("what", "What a scanner that knows nothing of us sees."),
}
"""The tables in the page's order. Who adds one adds a row here."""


class Fact(NamedTuple):
    table: str
    row: str
    column: str
    text: str


@dataclass(frozen=True)
class Shown:
    """A fact and where it comes from."""

    fact: Fact
    module: str
    """The file of the test, from the top of the repository."""
    place: int
    """The test's place among all of the run: the order of rows, and of what shares a cell."""


def render(shown: Iterable[Shown]) -> str:
    """The page that says this."""
    inorder = sorted(set(shown), key=lambda one: (one.place, one.fact))
    parts = [HEAD]
    for title, table in TABLES.items():
        here = [one for one in inorder if one.fact.table == title]
        if not here:
            continue
        (module,) = {one.module for one in here}
        columns = sorted({one.fact.column for one in here})
        lines = [f"## {title}", "", f"{table.intro} [The test](../{module}).".lstrip(), ""]
        lines += [f"| {' | '.join((table.rows, *columns))} |", f"|{'---|' * (len(columns) + 1)}"]
        for row in dict.fromkeys(one.fact.row for one in here):
            cells = [
                ", ".join(dict.fromkeys(one.fact.text for one in here if one.fact[1:3] == (row, column)))
                for column in columns
            ]
            lines.append(f"| {' | '.join((row, *(cell or '–' for cell in cells)))} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def read(page: str) -> dict[Fact, str]:
    """What a page says: each fact, and the module that proves it."""
    facts: dict[Fact, str] = {}
    title = module = ""
    columns: list[str] = []
    for line in page.splitlines():
        if line.startswith("## "):
            title, columns = line.removeprefix("## "), []
        elif "[The test](../" in line:
            module = line.rpartition("[The test](../")[2].removesuffix(").")
        elif line.startswith("| "):
            first, *cells = line.strip("| ").split(" | ")
            if not columns:
                columns = cells
                continue
            for column, cell in zip(columns, cells, strict=True):
                facts.update({Fact(title, first, column, text): module for text in cell.split(", ") if text != "–"})
    return facts


def release(fact: Fact) -> str:
    return fact.column.split()[0]


def disagreements(
    page: dict[Fact, str], shown: Collection[Shown], whole: Collection[str], *, strict: bool
) -> list[str]:
    """What the page and a run say differently, a line each.

    `whole` are the modules of which every test was run. Releases that only one of the two knows are passed over unless
    `strict`: another machine may have another strongSwan.
    """
    ran = {one.fact for one in shown}
    common = {release(fact) for fact in ran}
    if page:
        common &= {release(fact) for fact in page}
    both = [fact for fact in ran if strict or release(fact) in common]
    missing = [f"passed, and is not in the page: {', '.join(fact)}" for fact in both if fact not in page]
    stale = [
        f"is in the page, and no test has shown it: {', '.join(fact)}"
        for fact, module in page.items()
        if module in whole and fact not in ran and (strict or release(fact) in common)
    ]
    return sorted(missing) + sorted(stale)


class Ran:
    """Handed to a test: call it last with what the test has shown. It counts only if the test passes."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._place = request.session.items.index(request.node)

    def __call__(self, table: str, column: str, row: str | None = None, text: str = "✓") -> None:
        """`row`: left out, it is the test's name, which is a sentence."""
        if row is None:
            row = self._node.originalname.removeprefix("test_").replace("_", " ")
        fact = Fact(table, row, column, text)
        assert table in TABLES
        assert not any("|" in part or ", " in part for part in (column, text)) and "|" not in row, fact
        self._node.user_properties.append((PAGE.name, [*fact, self._place]))


class Keeper:
    """Collects what passed from all workers, and at the end writes the page or compares with it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._shown: list[Shown] = []
        self._touched: set[str] = set()
        self._left_out: set[str] = set()
        self._said: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        module = report.nodeid.partition("::")[0]
        self._touched.add(module)
        if not report.passed:
            self._left_out.add(module)
        elif report.when == "call":
            for name, value in report.user_properties:
                if name == PAGE.name and isinstance(value, list):
                    *fact, place = value
                    self._shown.append(Shown(Fact(*fact), module, place))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        page = read(PAGE.read_text()) if PAGE.exists() else {}
        whole = set() if self._chosen() else self._touched - self._left_out
        if WRITING:
            # Of modules that did not run, or not well, what the page says of them stays.
            stays = [Shown(fact, module, place) for place, (fact, module) in enumerate(page.items())]
            known = [one for one in stays if one.module not in whole] + [
                one for one in self._shown if one.module in whole
            ]
            if known:
                PAGE.write_text(render(known))
        elif session.exitstatus == 0 and self._shown:
            self._said = disagreements(page, self._shown, whole, strict=REQUIRE_ALL)
            if self._said:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._said:
            terminalreporter.section(f"{PAGE.relative_to(REPO)} does not say what was run; `make golden` writes it")
            for line in self._said:
                terminalreporter.line(line)

    def _chosen(self) -> bool:
        """Whether the command line picks single tests."""
        options = self._config.option
        picks = (options.keyword, options.markexpr, options.deselect, getattr(options, "lf", False))
        return any(picks) or any("::" in argument for argument in self._config.args)


def keep(config: pytest.Config) -> None:
    """To be called where all reports arrive: not in xdist's workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Keeper(config), "peers-page")
