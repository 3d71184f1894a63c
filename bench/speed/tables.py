"""What was measured, as tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

NOISE = 0.10
"""By how much the bare loops before and after a measurement may differ; more, and the machine was too busy."""
LEAST_CORES = 0.8
"""The share of its cores that a bare loop must have had: a load that stays makes no difference."""

Cell = str | float | int | None
Baseline = tuple[float, float]
"""The bare loop before and after, in photos per second."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        title: says what was measured.
        rows: in the order of the columns; None where there is nothing to say.
        baselines: that its figures rest on.
        cores: the share of its cores that each of these bare loops had, in [0, 1].
        notes: what a reader must know.
        chart: the column that a chart shows; the first column names its bars.
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
        return any(drift(one) > NOISE for one in self.baselines) or any(share < LEAST_CORES for share in self.cores)

    def to_json(self) -> dict[str, Any]:
        """The table as JSON; `of_json` reads it."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def of_json(cls, table: Mapping[str, Any]) -> Self:
        """A table that `to_json` wrote."""
        return cls(**{**table, "baselines": [(before, after) for before, after in table["baselines"]]})

    def to_markdown(self) -> str:
        """The table with its title, and what to know of it below."""
        sides = ["---" if isinstance(cell, str) else "--:" for cell in self.rows[0]]
        lines = [self.columns, sides, *([_text(cell) for cell in row] for row in self.rows)]
        drifts = ", ".join(f"{100 * drift(one):.1f} %" for one in self.baselines)
        shares = ", ".join(f"{100 * share:.0f} %" for share in self.cores)
        noise = f"The bare loop before and after differed by {drifts}, and had {shares} of its cores."
        notes = [*self.notes, noise] if drifts else self.notes
        table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
        return f"### {self.title}\n\n{table}" + "".join(f"\n{note}\n" for note in notes)


def drift(baseline: Baseline) -> float:
    """By which share of the larger one the two measurements of a bare loop differ."""
    return abs(baseline[0] - baseline[1]) / max(baseline)


def mean(baseline: Baseline) -> float:
    """The bare loop of a run: what its figures are ratios of."""
    return sum(baseline) / 2


def spread_ms(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile of durations, in milliseconds."""
    p50, p95 = np.quantile(np.asarray(seconds) * 1000, (0.5, 0.95))
    return float(p50), float(p95)


def _text(cell: Cell) -> str:
    if cell is None:
        return "–"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
