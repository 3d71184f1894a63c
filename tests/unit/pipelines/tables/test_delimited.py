import csv
import io

from pipelines.tables.delimited import write_csv

COLUMNS = ["image", "age", "masked", "template"]


def read(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def test_what_csv_reads_is_what_was_written() -> None:
    rows = [{"image": 'ü, "x"\nend', "age": 31, "masked": True, "template": b"\x00\xff"}, {"image": None, "age": 0}]
    written = read(b"".join(write_csv(rows, COLUMNS)))
    assert written == [COLUMNS, ['ü, "x"\nend', "31", "true", "AP8="], ["", "0", "", ""]]


def test_a_table_without_rows_has_its_head() -> None:
    assert read(b"".join(write_csv([], COLUMNS))) == [COLUMNS]
