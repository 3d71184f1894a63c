"""Writes rows as CSV (RFC 4180), in UTF-8."""

import csv
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any


def write_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    """The rows as a CSV file with a head, in pieces of one row. Null is an empty cell; bytes are base64."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    yield _drain(text)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
        yield _drain(text)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return b64encode(value).decode() if isinstance(value, bytes) else value


def _drain(text: StringIO) -> bytes:
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written.encode()
