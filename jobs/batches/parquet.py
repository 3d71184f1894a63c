"""The results and the errors of a batch as Parquet. The module imports pyarrow, which a deployment may lack."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pydantic_core import to_json

from jobs.batches.batch import Batch
from jobs.batches.rows import BatchRow, RequestResult
from pipelines.tables.parquet import write_parquet
from pipelines.tables.sample_table import SampleTable

ERRORS = pa.schema(
    {
        "custom_id": pa.string(),
        "line": pa.int64(),
        "service": pa.string(),
        "type": pa.string(),
        "detail": pa.string(),
        "shared": pa.bool_(),
    }
)


def write_results(batch: Batch, results: Iterable[RequestResult]) -> Iterator[bytes]:
    """The table of samples, as `faceline bulk` writes it; `image` is the custom id of the request.

    The columns are those of the fields that any job of the batch gives. A field that the job of a request does not give
    is null, as it is missing from the answer: a service that the caller did not ask for may have found it.

    Args:
        batch: whose jobs decide the columns.
        results: of the batch.
    """
    fields = {name for one in batch.jobs if one.job for name in one.job.spec.plan.fields}
    table = SampleTable(fields, {"line": pa.int64()})
    rows = (
        row
        for one in results
        for row in table.rows(one.request.custom_id, {"line": one.request.line}, one.item, one.spec.plan.fields)
    )
    return write_parquet(rows, table.schema)


def write_error_rows(rows: Iterable[BatchRow]) -> Iterator[bytes]:
    """The rows of `jobs.batches.rows.error_rows`. A detail that is not a text is written as JSON."""
    return write_parquet(({**row, "detail": _text(row["detail"])} for row in rows), ERRORS)


def _text(detail: Any) -> str | None:
    return detail if detail is None or isinstance(detail, str) else to_json(detail).decode()
