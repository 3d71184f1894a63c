import json
import subprocess
import sys

import pytest

from api.batches.row_formats import CSV, JSONL, PARQUET, choose_media_type, row_types, write_jsonl
from api.errors import NotAcceptable


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
    assert choose_media_type(accept) == kind


def test_a_caller_who_takes_none_is_refused() -> None:
    with pytest.raises(NotAcceptable):
        choose_media_type("text/html")


def test_the_first_type_that_the_caller_names_and_that_can_be_written_is_chosen() -> None:
    assert choose_media_type(f"{PARQUET}, */*") == PARQUET
    assert choose_media_type("text/csv;q=1, application/json") == CSV


def test_without_pyarrow_parquet_is_not_acceptable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NotAcceptable, match="pyarrow"):
        choose_media_type(PARQUET)
    assert row_types() == [JSONL, CSV]


def test_the_api_starts_without_pyarrow() -> None:
    code = "import sys; sys.modules['pyarrow'] = None; from api.app import create_app; create_app()"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_each_row_is_a_line_of_json() -> None:
    rows = [{"custom_id": "ü", "line": 1, "result": {"objects": []}}, {"custom_id": None, "line": 2}]
    assert [json.loads(line) for line in write_jsonl(rows)] == rows
