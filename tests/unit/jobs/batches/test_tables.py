import json
from collections.abc import Iterator
from io import BytesIO

import pytest

from api.errors import NotAcceptable
from jobs.batches.tables import GROUP_BYTES, JSONL, PARQUET, Table, chosen, lines, parquet

TABLE: Table = {"custom_id": "string", "line": "int64", "result": "string"}
ROWS = [{"custom_id": "ü", "line": 1, "result": {"objects": []}}, {"custom_id": None, "line": 2, "result": "text"}]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", JSONL),
        ("", JSONL),
        ("application/jsonl", JSONL),
        ("text/html, application/x-ndjson;q=0.9", JSONL),
        ("application/*", JSONL),
    ],
)
def test_lines_are_what_whoever_takes_anything_gets(accept: str, kind: str) -> None:
    assert chosen(accept) == kind


def test_a_caller_who_takes_neither_is_told() -> None:
    with pytest.raises(NotAcceptable):
        chosen("text/csv")


def test_each_row_is_a_line_of_json() -> None:
    assert [json.loads(line) for line in lines(ROWS)] == ROWS


def test_parquet_is_read_back_as_it_went_in_with_json_for_what_is_no_text() -> None:
    reading = pytest.importorskip("pyarrow.parquet")
    assert chosen(f"{PARQUET}, */*") == PARQUET
    read = reading.read_table(BytesIO(b"".join(parquet(ROWS, TABLE)))).to_pylist()
    assert read == [{**ROWS[0], "result": '{"objects":[]}'}, ROWS[1]]


def test_parquet_without_rows_has_its_columns() -> None:
    reading = pytest.importorskip("pyarrow.parquet")
    read = reading.read_table(BytesIO(b"".join(parquet([], TABLE))))
    assert (read.num_rows, read.column_names) == (0, list(TABLE))


def test_parquet_goes_out_while_its_rows_come_in() -> None:
    pytest.importorskip("pyarrow")
    asked = 0

    def endless() -> Iterator[dict[str, object]]:
        nonlocal asked
        while True:
            asked += 1
            yield {"custom_id": "a", "line": asked, "result": "x" * 2**20}

    stream = parquet(endless(), TABLE)
    assert next(stream).startswith(b"PAR1")
    assert asked <= GROUP_BYTES // 2**20
