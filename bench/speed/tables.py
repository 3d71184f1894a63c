"""The tables of the speed benchmark, and the check that their baselines are steady."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

MAX_DRIFT = 0.10
"""The largest difference between the bare loops before and after a measurement; above it, the machine was busy."""
MIN_CORES = 0.8
"""The smallest share of its cores that a bare loop must have: a constant other load shows here, but not as drift."""

Cell = str | float | int | None
Baseline = tuple[float, float]
"""Photos per second of the bare loop before and after a measurement."""


@dataclass(frozen=True, slots=True)
class SpeedTable:
    """One table of a part.

    Attributes:
        title: what was measured.
        rows: cells in the order of the columns; None means not measured.
        baselines: the bare loops that the figures are relative to.
        cores: the share of its cores that each of these bare loops had, in [0, 1].
        notes: sentences below the table.
        chart: the column that the chart shows; the first column labels its bars.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    baselines: Sequence[Baseline] = ()
    cores: Sequence[float] = ()
    notes: Sequence[str] = ()
    chart: str | None = None

    @property
    def refused(self) -> bool:
        """Whether the machine was too busy for the figures to mean anything."""
        return any(drift(baseline) > MAX_DRIFT for baseline in self.baselines) or any(
            share < MIN_CORES for share in self.cores
        )

    def to_json(self) -> dict[str, Any]:
        """The table as JSON, which `of_json` reads."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def of_json(cls, table: Mapping[str, Any]) -> Self:
        """Reads a table that `to_json` wrote."""
        return cls(**{**table, "baselines": [(before, after) for before, after in table["baselines"]]})

    def to_markdown(self) -> str:
        """The table as Markdown, with its title above and its notes below."""
        sides = ["---" if isinstance(cell, str) else "--:" for cell in self.rows[0]]
        lines = [self.columns, sides, *([_text(cell) for cell in row] for row in self.rows)]
        drifts = ", ".join(f"{100 * drift(baseline):.1f} %" for baseline in self.baselines)
        shares = ", ".join(f"{100 * share:.0f} %" for share in self.cores)
        noise = f"The bare loop before and after differed by {drifts}, and had {shares} of its cores."
        notes = [*self.notes, noise] if drifts else self.notes
        table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
        return f"### {self.title}\n\n{table}" + "".join(f"\n{note}\n" for note in notes)


def drift(baseline: Baseline) -> float:
    """The difference of two bare loops as a share of the faster one."""
    return abs(baseline[0] - baseline[1]) / max(baseline)


def mean(baseline: Baseline) -> float:
    """The mean of the bare loops before and after: the figures of a table are ratios of it."""
    return sum(baseline) / 2


def p50_p95_ms(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile of durations, in milliseconds."""
    p50, p95 = np.quantile(np.asarray(seconds) * 1000, (0.5, 0.95))
    return float(p50), float(p95)


def _text(cell: Cell) -> str:
    if cell is None:
        return "–"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
