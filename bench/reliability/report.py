"""The figures of `make chaos` as a table."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isinf
from pathlib import Path

from bench.reliability.ledger import Verdict
from bench.reliability.scenarios import Scenario
from bench.reliability.stack import Layout

COLUMNS = ("submitted", "answered once", "lost", "twice", "wrong", "slowest recovery")
STACKS = {"embedded": "two workers with all services", "families": "a worker for each family"}


@dataclass(frozen=True, slots=True)
class Row:
    """The verdict on one scenario in one layout."""

    scenario: Scenario
    layout: Layout
    verdict: Verdict

    def cells(self) -> list[str]:
        """The figures, in the order of `COLUMNS`."""
        verdict = self.verdict
        counts = (verdict.submitted, verdict.answered_once, verdict.lost, verdict.twice, verdict.wrong)
        recovery = "none" if isinf(verdict.recovery_s) else f"{verdict.recovery_s:.1f} s"
        return [*map(str, counts), recovery]


def head_line() -> str:
    """The head of the table in a terminal."""
    return _line("", COLUMNS)


def line(row: Row) -> str:
    """One row of the table in a terminal."""
    return _line(f"{row.layout}: {row.scenario.title}", row.cells())


def to_markdown(rows: Iterable[Row], seed: int, seconds: float) -> str:
    """The figures with date and machine, as a section of the page on reliability."""
    tables = list(rows)
    date = datetime.now(UTC).date().isoformat()
    parts = [f"Measured on {date} with seed {seed}, {seconds:.0f} s of disturbances.\nMachine: {machine()}."]
    for layout, title in STACKS.items():
        chosen = [row for row in tables if row.layout == layout]
        if chosen:
            parts.append(_table(f"{layout}: {title}", chosen))
    return "\n\n".join(parts)


def machine() -> str:
    """The processor and its cores, and how busy they are."""
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return f"{_processor()}, {cores} cores, Python {platform.python_version()}, load average {load:.1f}"


def _processor() -> str:
    for text in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = text.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _table(title: str, rows: Sequence[Row]) -> str:
    lines = [("scenario", *COLUMNS), ("---", *["---:"] * len(COLUMNS))]
    lines += [(row.scenario.title, *row.cells()) for row in rows]
    return f"{title[0].upper()}{title[1:]}\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _line(title: str, cells: Iterable[str]) -> str:
    return f"{title:52}" + "".join(f"{cell:>{len(column) + 2}}" for column, cell in zip(COLUMNS, cells, strict=True))
