"""The latest figures of each part, as they are kept: JSON, and a page and a chart made from it."""

import json
from collections.abc import Sequence
from importlib.metadata import distributions, version
from pathlib import Path
from platform import machine, python_version
from typing import Any

from bench.speed.chart import bars
from bench.speed.tables import Table
from config.engine import usable_cores

_MODEL = "model name"


class Report:
    """What lies in a folder.

    Args:
        folder: of `speed.json`, `speed.md` and `speed.svg`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._json = folder / "speed.json"

    def keep(self, part: str, tables: Sequence[Table]) -> None:
        """Put the tables of a part in the place of its earlier ones."""
        parts: dict[str, Any] = json.loads(self._json.read_text()) if self._json.exists() else {}
        parts[part] = {"machine": machine_of_this(), "tables": [table.to_json() for table in tables]}
        self._folder.mkdir(parents=True, exist_ok=True)
        self._json.write_text(json.dumps(parts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        page = ["# Speed\n\n![shares of the bare loop](speed.svg)\n"]
        charted: list[tuple[str, float]] = []
        for name, kept in parts.items():
            page.append(f"\n## {name}\n\n{kept['machine']}\n")
            for table in map(Table.of_json, kept["tables"]):
                page.append(f"\n{table.to_markdown()}")
                charted += bars_of(table)
        (self._folder / "speed.md").write_text("".join(page), encoding="utf-8")
        if charted:
            (self._folder / "speed.svg").write_text(
                bars("Throughput, bare loop = 1.00", charted, 1.0), encoding="utf-8"
            )


def bars_of(table: Table) -> list[tuple[str, float]]:
    """The bars that a table shows in the chart."""
    if table.chart is None:
        return []
    column = list(table.columns).index(table.chart)
    about = table.title.rpartition(": ")[2]
    return [(f"{row[0]} · {about}", share) for row in table.rows if isinstance(share := row[column], float)]


def machine_of_this() -> str:
    """What a reader must know of this machine."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith(_MODEL)), machine())
    engines = [f"{one.name} {one.version}" for one in distributions() if one.name.startswith("onnxruntime")]
    parts = [f"CPython {python_version()}", *engines, f"Faceline {version('faceline')}"]
    return f"{usable_cores()} cores of {model}; {', '.join(parts)}."
