"""The figures of the accuracy benchmark, as Markdown and as JSON."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bench.accuracy.statistics import mean

_HEADER = ("task", "measure", "value", "n", "not found", "note")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value: a row of the table.

    Attributes:
        measure: the name of the value.
        value: NaN if there was nothing to measure.
        n: the number of samples measured; includes those in which no object was found.
        not_found: the number of samples in which no object was found (failure to enrol).
        note: the sources of the photos, and what the measure counts.
        unit: the unit of the value; empty for shares and other numbers in [-1, 1].
    """

    measure: str
    value: float
    n: int
    not_found: int
    note: str
    unit: str = ""

    @classmethod
    def share(cls, measure: str, verdicts: Collection[bool], not_found: int, note: str) -> "Figure":
        """The share of verdicts that are true."""
        return cls(measure, mean(list(verdicts)), len(verdicts), not_found, note)

    @classmethod
    def error(cls, measure: str, errors: ArrayLike, not_found: int, note: str, unit: str) -> "Figure":
        """The mean of the absolute errors; samples in which no object was found have none."""
        values = np.abs(np.asarray(errors, np.float64))
        return cls(measure, mean(values), len(values) + not_found, not_found, note, unit)

    @property
    def text(self) -> str:
        """The value with its unit, as the table shows it."""
        if isnan(self.value):
            return "–"
        return f"{self.value:.2f} {self.unit}" if self.unit else f"{self.value:.3f}"


Report = Mapping[str, Sequence[Figure]]
"""Figures by task."""


def to_markdown(report: Report) -> str:
    """The figures as a Markdown table, one row per figure."""
    rows = [_HEADER, tuple("---" for _ in _HEADER)]
    for task, figures in report.items():
        rows += [
            (task, figure.measure, figure.text, str(figure.n), str(figure.not_found), figure.note) for figure in figures
        ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def to_json(report: Report, about: Mapping[str, str | Sequence[str]]) -> str:
    """The figures as JSON, after the keys of `about`; a value that could not be measured is null."""
    rows: list[dict[str, Any]] = [
        {
            "task": task,
            "measure": figure.measure,
            "value": None if isnan(figure.value) else round(figure.value, 6),
            "unit": figure.unit,
            "n": figure.n,
            "not_found": figure.not_found,
            "note": figure.note,
        }
        for task, figures in report.items()
        for figure in figures
    ]
    return json.dumps({**about, "figures": rows}, indent=1, ensure_ascii=False) + "\n"
