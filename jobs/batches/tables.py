"""Rows as they go out: as lines of JSON or, where pyarrow is installed, as Parquet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from io import RawIOBase
from typing import Any, Literal

from pydantic_core import to_json

from api.errors import NotAcceptable

JSONL = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
GROUP_BYTES = 8 * 2**20
"""Of the text in one row group."""

Row = Mapping[str, Any]
Table = Mapping[str, Literal["string", "int64", "bool_"]]
"""The columns of a table and their types; in a column of texts, what is no text is written as JSON."""


def chosen(accept: str) -> str:
    """The media type to answer with.

    Args:
        accept: the header of that name.

    Raises:
        NotAcceptable: there is none that the caller takes, or it cannot be made here.
    """
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for name in named:
        if name == PARQUET:
            if find_spec("pyarrow") is None:
                raise NotAcceptable("Parquet needs pyarrow, which is not installed here")
            return PARQUET
        if name in (JSONL, "application/jsonl", "application/*", "*/*", ""):
            return JSONL
    raise NotAcceptable(f"this route gives {JSONL} or {PARQUET}")


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """Each row as a line of JSON."""
    for row in rows:
        yield to_json(row) + b"\n"


def parquet(rows: Iterable[Row], table: Table) -> Iterator[bytes]:
    """The rows as a Parquet file; as much of it as is ready at a time."""
    arrow, writing = import_module("pyarrow"), import_module("pyarrow.parquet")
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in table.items()])
    sink = _Sink()
    with writing.ParquetWriter(sink, schema) as writer:
        for group in _groups(rows, table):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            yield sink.drain()
    yield sink.drain()


class _Sink(RawIOBase):
    """A file that is handed on while it is written: it counts all of it, and holds the end."""

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


def _groups(rows: Iterable[Row], table: Table) -> Iterator[Sequence[Row]]:
    group: list[Row] = []
    size = 0
    for row in rows:
        cells = {name: _cell(row[name], kind) for name, kind in table.items()}
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
