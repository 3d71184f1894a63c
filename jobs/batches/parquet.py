"""The results and the errors of a batch as Parquet. The module imports pyarrow, which a deployment may lack."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from jobs.batches.batch import Batch
from jobs.batches.rows import ERROR_COLUMNS, BatchRow, RequestResult, flat_error, given_fields
from pipelines.tables.parquet import write_parquet
from pipelines.tables.sample_table import SampleTable

_KINDS = {"line": pa.int64(), "shared": pa.bool_()}
ERRORS = pa.schema([(name, _KINDS.get(name, pa.string())) for name in ERROR_COLUMNS])


def write_results(batch: Batch, results: Iterable[RequestResult]) -> Iterator[bytes]:
    """The table of samples, as `faceline bulk` writes it; `image` is the custom id of the request.

    The columns are those of the fields that any job of the batch may give. With `on_error: continue`, they include the
    fields of objects that a later detecting service replaces, since these objects stay if that service fails. A field
    that the job of a request does not give is null, as it is missing from the answer: a service that the caller did not
    ask for may have found it.

    Args:
        batch: whose jobs decide the columns.
        results: of the batch.
    """
    table = SampleTable(given_fields(batch), {"line": pa.int64()})
    rows = (
        row
        for one in results
        for row in table.rows(one.request.custom_id, {"line": one.request.line}, one.item, one.fields)
    )
    return write_parquet(rows, table.schema)


def write_error_rows(rows: Iterable[BatchRow]) -> Iterator[bytes]:
    """The rows of `jobs.batches.rows.error_rows`. A detail that is not a text is written as JSON."""
    return write_parquet(map(flat_error, rows), ERRORS)
