"""The results and the errors of a batch as CSV: the columns of the Parquet files, without pyarrow."""

from collections.abc import Iterable, Iterator

from jobs.batches.batch import Batch
from jobs.batches.rows import ERROR_COLUMNS, BatchRow, RequestResult, flat_error, given_fields
from pipelines.tables.delimited import write_csv
from pipelines.tables.sample_rows import SampleRows


def write_results(batch: Batch, results: Iterable[RequestResult]) -> Iterator[bytes]:
    """The table of `jobs.batches.parquet.write_results` as CSV; bytes are base64."""
    table = SampleRows(given_fields(batch), ["line"])
    rows = (
        row
        for one in results
        for row in table.rows(one.request.custom_id, {"line": one.request.line}, one.item, one.fields)
    )
    return write_csv(rows, table.names)


def write_error_rows(rows: Iterable[BatchRow]) -> Iterator[bytes]:
    """The rows of `jobs.batches.rows.error_rows`. A detail that is not a text is written as JSON."""
    return write_csv(map(flat_error, rows), ERROR_COLUMNS)
