"""Photos named in a table: CSV, JSONL or Parquet with a column of paths; other columns are carried along."""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bulk.errors import InvalidSource
from bulk.inputs import Input
from bulk.sources.places import Place
from bulk.sources.source import reading
from jobs.reference import Reference, without_login

Row = Mapping[str, Any]
READERS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""How files are read, by their suffix."""


@dataclass(frozen=True, slots=True)
class ManifestSource:
    """The photos of a manifest, in its order.

    Attributes:
        place: where it lies.
        path: of the manifest.
        column: holds paths, relative to the manifest's folder or absolute, or URLs.
        columns: the other columns; of a CSV or JSONL file all are text, with JSON for what is none.
    """

    place: Place
    path: str
    column: str
    columns: Mapping[str, pa.DataType]

    @property
    def roots(self) -> Sequence[str]:
        """See `Source.roots`: the manifest's folder, and the bucket or host of the first photo if that is a URL."""
        first = next(iter(self.inputs()), None)
        if first is None or first.reference.local:
            return [self._folder]
        return [self._folder, "/".join(first.reference.location.split("/", 3)[:3])]

    @property
    def _folder(self) -> str:
        return self.place.reference(self.path).location.rpartition("/")[0]

    def inputs(self) -> Iterator[Input]:
        """See `Source.inputs`."""
        with reading(self.place.reference(self.path).location):
            yield from self._inputs()

    def _inputs(self) -> Iterator[Input]:
        folder = self._folder
        for number, row in enumerate(_rows(self.place, self.path), start=1):
            if unknown := row.keys() - self.columns.keys() - {self.column}:
                raise InvalidSource(f"{self.path}, row {number}: the first row has no {', '.join(map(str, unknown))}")
            name = row.get(self.column)
            if not isinstance(name, str) or not name:
                raise InvalidSource(f"{self.path}, row {number}: no text in column {self.column}")
            extra = {key: _carried(row.get(key), kind) for key, kind in self.columns.items()}
            reference = Reference.parse(name if "://" in name else _below(folder, name))
            yield Input(without_login(name), reference, extra)


def open_manifest(place: Place, path: str, column: str) -> ManifestSource:
    """The source that a manifest is.

    Raises:
        InvalidSource: it cannot be read, or lacks the column.
    """
    if _kind(path) == "parquet":
        with place.open(path) as file:
            schema = pq.read_schema(file)
        columns = dict(zip(schema.names, schema.types, strict=True))
    else:
        columns = {key: pa.string() for row in islice(_rows(place, path), 1) for key in row}
    if column not in columns:
        raise InvalidSource(f"{path} has no column {column}, only: {', '.join(columns)}; name yours with --column")
    del columns[column]
    return ManifestSource(place, path, column, columns)


def _rows(place: Place, path: str) -> Iterator[Row]:
    kind = _kind(path)
    with place.open(path) as file:
        if kind == "parquet":
            for batch in pq.ParquetFile(file).iter_batches(batch_size=1024):
                yield from batch.to_pylist()
            return
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="" if kind == "csv" else None)
        if kind == "csv":
            for line in csv.DictReader(text, strict=True):
                if None in line:
                    raise InvalidSource(f"{path}: a line has more columns than the first one")
                yield line
            return
        for written in filter(str.strip, text):
            row = json.loads(written)
            if not isinstance(row, dict):
                raise InvalidSource(f"{path}: a line is no JSON object")
            yield row


def _kind(path: str) -> str:
    return READERS[os.path.splitext(path)[1].lower()]


def _below(folder: str, name: str) -> str:
    if os.path.isabs(folder) or os.path.isabs(name):
        return os.path.normpath(os.path.join(folder, name))
    if not {".", ".."}.intersection(name.split("/")):
        return f"{folder}/{name}"
    # In a bucket dots are letters like all others.
    protocol, _, path = folder.partition("://")
    return f"{protocol}://{os.path.normpath(f'{path}/{name}')}"


def _carried(value: Any, kind: pa.DataType) -> Any:
    if value is None or isinstance(value, str) or kind != pa.string():
        return value
    return json.dumps(value, ensure_ascii=False)
