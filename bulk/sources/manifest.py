"""Photos listed in a CSV, JSONL or Parquet file with a column of paths; the other columns go into the results."""

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

from bulk.errors import InvalidSource, reading
from bulk.inputs import Input
from bulk.passed_over import PassedOver
from bulk.sources.filesystem import FileSystem
from bulk.text import printable
from jobs.reference import Reference, without_login

ManifestRow = Mapping[str, Any]
READERS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""The format of a manifest, by its suffix."""


@dataclass(frozen=True, slots=True)
class ManifestSource:
    """The photos of a manifest, in its order.

    Attributes:
        files: the file system of the manifest.
        path: of the manifest.
        column: holds the paths, relative to the folder of the manifest or absolute, or URLs.
        columns: the other columns. Those of CSV and JSONL files are text; values of other types are written as JSON.
            Lone surrogates, which JSONL can hold and a table cannot, are written as escapes.
    """

    files: FileSystem
    path: str
    column: str
    columns: Mapping[str, pa.DataType]

    @property
    def roots(self) -> Sequence[str]:
        """See `PhotoSource.roots`: the folder of the manifest, and the bucket or host of the first photo."""
        first = next(iter(self.inputs()), None)
        if first is None or first.reference.local:
            return [self._folder]
        return [self._folder, "/".join(first.reference.location.split("/", 3)[:3])]

    @property
    def _folder(self) -> str:
        return self.files.reference(self.path).location.rpartition("/")[0]

    def inputs(self, passed_over: PassedOver | None = None) -> Iterator[Input]:
        """See `PhotoSource.inputs`. Each row is a photo: nothing is passed over."""
        with reading(self.files.reference(self.path).location):
            yield from self._inputs()

    def _inputs(self) -> Iterator[Input]:
        folder = self._folder
        for number, row in enumerate(_rows(self.files, self.path), start=1):
            if unknown := row.keys() - self.columns.keys() - {self.column}:
                raise InvalidSource(f"{self.path}, row {number}: the first row has no {', '.join(map(str, unknown))}")
            name = row.get(self.column)
            if not isinstance(name, str) or not name:
                raise InvalidSource(f"{self.path}, row {number}: no text in column {self.column}")
            extra = {key: _carried(row.get(key), kind) for key, kind in self.columns.items()}
            reference = Reference.parse(name if "://" in name else _below(folder, name))
            yield Input(printable(without_login(name)), reference, extra)


def open_manifest(files: FileSystem, path: str, column: str) -> ManifestSource:
    """The photos of a manifest.

    Raises:
        InvalidSource: the manifest cannot be read, or lacks the column.
    """
    if _kind(path) == "parquet":
        with files.open(path) as file:
            schema = pq.read_schema(file)
        columns = dict(zip(schema.names, schema.types, strict=True))
    else:
        columns = {key: pa.string() for row in islice(_rows(files, path), 1) for key in row}
    if strange := [name for name in columns if printable(name) != name]:
        raise InvalidSource(f"{path}: the name of a column is no text: {', '.join(map(printable, strange))}")
    if column not in columns:
        raise InvalidSource(f"{path} has no column {column}, only: {', '.join(columns)}; name yours with --column")
    del columns[column]
    return ManifestSource(files, path, column, columns)


def _rows(files: FileSystem, path: str) -> Iterator[ManifestRow]:
    kind = _kind(path)
    with files.open(path) as file:
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
    # A bucket has no folders: "." and ".." would be parts of a key.
    protocol, _, path = folder.partition("://")
    return f"{protocol}://{os.path.normpath(f'{path}/{name}')}"


def _carried(value: Any, kind: pa.DataType) -> Any:
    if value is None or not (isinstance(value, str) or kind == pa.string()):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()
