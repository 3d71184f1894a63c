"""Writes the rows of a batch: as lines of JSON or, where pyarrow is installed, as Parquet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from io import RawIOBase
from typing import Any, Literal

from pydantic_core import to_json

GROUP_BYTES = 8 * 2**20
"""How many characters of text a row group has before it is written."""

Columns = Mapping[str, Literal["string", "int64", "bool_"]]
"""The columns of a table and their types. In a column of strings, a value that is not a string is written as JSON."""

RESULT_COLUMNS: Columns = {
    "custom_id": "string",
    "line": "int64",
    "image_width": "int64",
    "image_height": "int64",
    "result": "string",
}
ERROR_COLUMNS: Columns = {
    "custom_id": "string",
    "line": "int64",
    "service": "string",
    "type": "string",
    "detail": "string",
    "shared": "bool_",
}


def can_write_parquet() -> bool:
    """Whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


def write_jsonl(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Each row as a line of JSON."""
    for row in rows:
        yield to_json(row) + b"\n"


def write_parquet(rows: Iterable[Mapping[str, Any]], columns: Columns) -> Iterator[bytes]:
    """The rows as a Parquet file, in parts as they are ready."""
    arrow, writing = import_module("pyarrow"), import_module("pyarrow.parquet")
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in columns.items()])
    sink = _Sink()
    with writing.ParquetWriter(sink, schema) as writer:
        for group in _groups(rows, columns):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            yield sink.drain()
    yield sink.drain()


class _Sink(RawIOBase):
    """A file whose bytes are taken away while it is written; it keeps count of all of them."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        self._held += data
        size = memoryview(data).nbytes
        self._written += size
        return size

    def drain(self) -> bytes:
        held, self._held = self._held, bytearray()
        return bytes(held)


def _groups(rows: Iterable[Mapping[str, Any]], columns: Columns) -> Iterator[Sequence[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        cells = {name: _cell(row[name], kind) for name, kind in columns.items()}
        group.append(cells)
        size += sum(len(cell) for cell in cells.values() if isinstance(cell, str))
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _cell(value: Any, kind: str) -> Any:
    is_json = kind == "string" and not isinstance(value, str | None)
    return to_json(value).decode() if is_json else value
