"""Writes rows as Parquet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import RawIOBase
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

GROUP_BYTES = 8 * 2**20
"""About how much memory the rows of a row group take before they are written."""

_CELL_BYTES = 64
"""About how much memory a cell takes in Python, beside its text or bytes."""

Row = Mapping[str, Any]


def write_parquet(rows: Iterable[Row], schema: pa.Schema) -> Iterator[bytes]:
    """The rows as a Parquet file, in pieces as their row groups are ready. The same rows give the same bytes."""
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
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


def _groups(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    group: list[Row] = []
    size = 0
    for row in rows:
        group.append(row)
        size += sum(_CELL_BYTES + (len(cell) if isinstance(cell, str | bytes) else 0) for cell in row.values())
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
