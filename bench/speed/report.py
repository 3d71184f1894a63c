"""Keeps the latest tables of each part: as JSON, and as a page and a chart made from the JSON."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import distributions, version
from pathlib import Path
from platform import machine, python_version
from typing import Any

from bench.speed.tables import SpeedTable
from config.engine import usable_cores

_MODEL = "model name"
# Pixels of the chart.
_WIDTH, _LABELS, _BAR, _GAP, _HEAD = 880, 420, 18, 8, 44


class ResultsFolder:
    """The results in a folder: `speed.json`, `speed.md` and `speed.svg`.

    Args:
        folder: is created with the first results.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._json = folder / "speed.json"

    def save(self, part: str, tables: Sequence[SpeedTable]) -> None:
        """Replaces the tables of a part, and writes page and chart anew."""
        parts: dict[str, Any] = json.loads(self._json.read_text()) if self._json.exists() else {}
        parts[part] = {"machine": describe_machine(), "tables": [table.to_json() for table in tables]}
        self._folder.mkdir(parents=True, exist_ok=True)
        self._json.write_text(json.dumps(parts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        self.write_page(parts)

    def write_page(self, parts: Mapping[str, Any]) -> None:
        """Writes `speed.md` and `speed.svg` from the content of `speed.json`."""
        page = ["# Speed\n\n![shares of the bare loop](speed.svg)\n"]
        bars: list[tuple[str, float]] = []
        for name, part in parts.items():
            page.append(f"\n## {name}\n\n{part['machine']}\n")
            for table in map(SpeedTable.of_json, part["tables"]):
                page.append(f"\n{table.to_markdown()}")
                bars += bars_of(table)
        (self._folder / "speed.md").write_text("".join(page), encoding="utf-8")
        if bars:
            chart = bar_chart("Throughput, bare loop = 1.00", bars, line=1.0)
            (self._folder / "speed.svg").write_text(chart, encoding="utf-8")


def bars_of(table: SpeedTable) -> list[tuple[str, float]]:
    """The bars of a table in the chart: label and length; none for cells that were not measured."""
    if table.chart is None:
        return []
    column = list(table.columns).index(table.chart)
    about = table.title.rpartition(": ")[2]
    return [(f"{row[0]} · {about}", share) for row in table.rows if isinstance(share := row[column], float)]


def bar_chart(title: str, values: Sequence[tuple[str, float]], line: float | None = None) -> str:
    """A chart of horizontal bars, as SVG.

    Args:
        title: the text above the bars.
        values: label and length of each bar.
        line: the value of an upright line, such as a baseline.
    """
    room = _WIDTH - _LABELS - 60
    scale = room / max([value for _, value in values] + ([line] if line is not None else []))
    height = _HEAD + len(values) * (_BAR + _GAP) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    if line is not None:
        x = f"{_LABELS + line * scale:.1f}"
        ends = f'x1="{x}" y1="{_HEAD - 6}" x2="{x}" y2="{height - _GAP}"'
        parts.append(f'<line {ends} stroke="#b04040" stroke-dasharray="4 3"/>')
    for index, (label, value) in enumerate(values):
        top = _HEAD + index * (_BAR + _GAP)
        text = top + _BAR - 5
        length = value * scale
        parts += [
            f'<text x="{_LABELS - 8}" y="{text}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="bar" x="{_LABELS}" y="{top}" width="{length:.1f}" height="{_BAR}" fill="#4878a8"/>',
            # On white, since the line may cross it.
            f'<rect x="{_LABELS + length + 3:.1f}" y="{top}" width="34" height="{_BAR}" fill="#ffffff"/>',
            f'<text x="{_LABELS + length + 6:.1f}" y="{text}">{value:.2f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def describe_machine() -> str:
    """Cores, processor and versions of this machine, in one sentence."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith(_MODEL)), machine())
    engines = [
        f"{distribution.name} {distribution.version}"
        for distribution in distributions()
        if distribution.name.startswith("onnxruntime")
    ]
    parts = [f"CPython {python_version()}", *engines, f"Faceline {version('faceline')}"]
    return f"{usable_cores()} cores of {model}; {', '.join(parts)}."
