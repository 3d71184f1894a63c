import json
from collections.abc import Iterator
from io import BytesIO

import pytest

from jobs.batches.tables import GROUP_BYTES, Columns, write_jsonl, write_parquet

COLUMNS: Columns = {"custom_id": "string", "line": "int64", "result": "string"}
ROWS = [{"custom_id": "ü", "line": 1, "result": {"objects": []}}, {"custom_id": None, "line": 2, "result": "text"}]


def test_each_row_is_a_line_of_json() -> None:
    assert [json.loads(line) for line in write_jsonl(ROWS)] == ROWS


def test_parquet_is_read_back_as_it_went_in_with_json_for_what_is_no_text() -> None:
    reading = pytest.importorskip("pyarrow.parquet")
    read = reading.read_table(BytesIO(b"".join(write_parquet(ROWS, COLUMNS)))).to_pylist()
    assert read == [{**ROWS[0], "result": '{"objects":[]}'}, ROWS[1]]


def test_parquet_without_rows_has_its_columns() -> None:
    reading = pytest.importorskip("pyarrow.parquet")
    read = reading.read_table(BytesIO(b"".join(write_parquet([], COLUMNS))))
    assert (read.num_rows, read.column_names) == (0, list(COLUMNS))


def test_parquet_goes_out_while_its_rows_come_in() -> None:
    pytest.importorskip("pyarrow")
    asked = 0

    def endless() -> Iterator[dict[str, object]]:
        nonlocal asked
        while True:
            asked += 1
            yield {"custom_id": "a", "line": asked, "result": "x" * 2**20}

    stream = write_parquet(endless(), COLUMNS)
    assert next(stream).startswith(b"PAR1")
    assert asked <= GROUP_BYTES // 2**20
