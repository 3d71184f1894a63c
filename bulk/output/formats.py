"""How the results of a chunk are written: a table as Parquet or CSV, or a JSON sample per line."""

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from bulk.inputs import Input
from pipelines.chunk import Item
from pipelines.dialects import DIALECTS
from pipelines.dialects.codec import WriteContext
from pipelines.plan import Plan
from pipelines.tables.delimited import write_csv
from pipelines.tables.parquet import write_parquet
from pipelines.tables.sample_rows import ObjectRow
from pipelines.tables.sample_table import SampleTable

PhotoResult = tuple[Input, Item]


class Format(ABC):
    """Writes the results of a chunk, and counts what was written.

    Attributes:
        suffix: of the files.
    """

    suffix: str

    @abstractmethod
    def write(self, path: Path, results: Sequence[PhotoResult]) -> None:
        """Write a new file; the same results give the same bytes."""

    @abstractmethod
    def count(self, path: Path) -> int:
        """The rows of a file."""


@dataclass(frozen=True, slots=True)
class Parquet(Format):
    """One row per object.

    Attributes:
        plan: of the photos. Fields that the answer to a photo does not have are null. Without a plan, all fields of the
            objects are written.
    """

    table: SampleTable
    plan: Plan | None = None
    suffix = "parquet"

    def write(self, path: Path, results: Sequence[PhotoResult]) -> None:
        """See `Format.write`."""
        with path.open("wb") as file:
            file.writelines(write_parquet(_rows(self.table, self.plan, results), self.table.schema))

    def count(self, path: Path) -> int:
        """See `Format.count`."""
        rows: int = pq.read_metadata(path).num_rows
        return rows


@dataclass(frozen=True, slots=True)
class Csv(Format):
    """The rows of `Parquet` as text, below a line with the names of the columns; null is an empty cell.

    Attributes:
        plan: see `Parquet`.
    """

    table: SampleTable
    plan: Plan | None = None
    suffix = "csv"

    def write(self, path: Path, results: Sequence[PhotoResult]) -> None:
        """See `Format.write`."""
        with path.open("wb") as file:
            file.writelines(write_csv(_rows(self.table, self.plan, results), self.table.schema.names))

    def count(self, path: Path) -> int:
        """See `Format.count`."""
        # A cell may have line breaks.
        with path.open(encoding="utf-8", newline="") as file:
            return sum(1 for _ in csv.reader(file)) - 1


@dataclass(frozen=True, slots=True)
class JsonLines(Format):
    """One sample per photo, as the API would answer in dialect v2, under the photo's name."""

    plan: Plan
    suffix = "jsonl"

    def write(self, path: Path, results: Sequence[PhotoResult]) -> None:
        """See `Format.write`."""
        with path.open("w", encoding="utf-8") as file:
            for photo, item in results:
                file.write(json.dumps(self._line(photo, item), ensure_ascii=False, default=str) + "\n")

    def count(self, path: Path) -> int:
        """See `Format.count`."""
        with path.open("rb") as file:
            return sum(1 for _ in file)

    def _line(self, photo: Input, item: Item) -> dict[str, object]:
        context = WriteContext(item.sample.size or (0, 0), "number")
        done = _done(self.plan, item)
        sample = DIALECTS["v2"].write(
            item.sample, {}, replaces_objects=done.replaces_objects, fields=done.fields, context=context
        )
        line: dict[str, object] = {"image": photo.name, "sample": sample}
        if photo.extra:
            line["extra"] = dict(photo.extra)
        if item.failures:
            line["failures"] = [failure.model_dump() for failure in item.failures]
        return line


def _rows(table: SampleTable, plan: Plan | None, results: Sequence[PhotoResult]) -> Iterator[ObjectRow]:
    for photo, item in results:
        yield from table.rows(photo.name, photo.extra, item, _done(plan, item).fields if plan else None)


def _done(plan: Plan, item: Item) -> Plan:
    """What was done to a photo: the plan without the services that failed."""
    return plan.without({failure.service for failure in item.failures})
