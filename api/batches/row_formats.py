"""The formats of the rows of a batch: chooses one, and writes it."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from pydantic_core import to_json

from api.accept import preferred
from api.errors import NotAcceptable
from jobs.batches import delimited
from jobs.batches.batch import Batch
from jobs.batches.rows import BatchRow
from jobs.batches.service import BatchService

JSONL = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv"
LINES = (JSONL, "application/jsonl")
_OTHER_NAMES = {JSONL: ("application/jsonl", "application/json")}
"""Media types that callers ask for when they want lines of JSON."""


def row_types() -> list[str]:
    """The media types of rows that this deployment can write."""
    return [JSONL, CSV, *([PARQUET] if find_spec("pyarrow") else [])]


def choose_media_type(accept: str) -> str:
    """The media type of the rows: the one that the caller prefers; see `preferred`.

    Args:
        accept: the header of that name.

    Raises:
        NotAcceptable: the caller accepts none of the types, or pyarrow is not installed.
    """
    if (chosen := preferred(accept, row_types(), _OTHER_NAMES)) is not None:
        return chosen
    if preferred(accept, [PARQUET]) is not None:
        raise NotAcceptable(f"Parquet needs pyarrow, which this deployment does not have: ask for {JSONL} or {CSV}")
    raise NotAcceptable(f"this route gives {JSONL}, {CSV} or {PARQUET}")


def write_output(batches: BatchService, batch: Batch, media_type: str) -> Iterator[bytes]:
    """The results of a batch so far as a file of a media type."""
    if media_type == PARQUET:
        # pyarrow may be missing. The first piece is written in a thread, so the import does not block the event loop.
        from jobs.batches.parquet import write_results

        yield from write_results(batch, batches.results(batch))
    elif media_type == CSV:
        yield from delimited.write_results(batch, batches.results(batch))
    else:
        yield from write_jsonl(batches.result_rows(batch))


def write_errors(batches: BatchService, batch: Batch, media_type: str) -> Iterator[bytes]:
    """The errors of a batch so far as a file of a media type."""
    if media_type == PARQUET:
        from jobs.batches.parquet import write_error_rows

        yield from write_error_rows(batches.error_rows(batch))
    elif media_type == CSV:
        yield from delimited.write_error_rows(batches.error_rows(batch))
    else:
        yield from write_jsonl(batches.error_rows(batch))


def write_jsonl(rows: Iterable[BatchRow]) -> Iterator[bytes]:
    """Each row as a line of JSON."""
    for row in rows:
        yield to_json(row) + b"\n"
