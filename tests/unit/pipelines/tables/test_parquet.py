from collections.abc import Iterator
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.tables.parquet import GROUP_BYTES, write_parquet

SCHEMA = pa.schema({"image": pa.string(), "line": pa.int64(), "template": pa.binary()})
ROWS = [{"image": "ü", "line": 1, "template": b"\xff"}, {"image": None, "line": 2}]


def read(pieces: Iterator[bytes]) -> pa.Table:
    return pq.read_table(BytesIO(b"".join(pieces)))


def test_rows_are_read_back_as_they_were_and_a_missing_cell_is_null() -> None:
    assert read(write_parquet(ROWS, SCHEMA)).to_pylist() == [ROWS[0], {**ROWS[1], "template": None}]


def test_a_file_without_rows_has_its_columns() -> None:
    table = read(write_parquet([], SCHEMA))
    assert (table.num_rows, table.schema) == (0, SCHEMA)


def test_rows_are_written_while_others_come_in() -> None:
    asked = 0

    def endless() -> Iterator[dict[str, object]]:
        nonlocal asked
        while True:
            asked += 1
            yield {"image": "a", "line": asked, "template": bytes(2**20)}

    stream = write_parquet(endless(), SCHEMA)
    assert next(stream).startswith(b"PAR1")
    assert asked <= GROUP_BYTES // 2**20


def test_rows_without_text_are_written_while_others_come_in() -> None:
    asked = 0

    def endless() -> Iterator[dict[str, object]]:
        nonlocal asked
        while True:
            asked += 1
            yield {"line": asked}

    next(write_parquet(endless(), SCHEMA))
    assert asked <= GROUP_BYTES // 64


def test_a_file_of_several_row_groups_is_read_back_and_repeated_to_the_byte() -> None:
    rows = [{"image": str(line), "line": line, "template": bytes(2**20)} for line in range(20)]
    pieces = list(write_parquet(rows, SCHEMA))
    assert pq.ParquetFile(BytesIO(b"".join(pieces))).num_row_groups == 3
    assert read(iter(pieces)).to_pylist() == rows
    assert list(write_parquet(rows, SCHEMA)) == pieces
