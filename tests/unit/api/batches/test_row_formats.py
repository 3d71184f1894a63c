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
        ("text/csv;q=0.1, application/json", JSONL),
        ("application/json, text/csv", JSONL),
        ("text/csv;q=0.5, */*;q=0.5, application/x-ndjson;q=0.6", JSONL),
        ("text/*;q=0.2, application/*;q=0.3", JSONL),
        ("application/jsonl;q=0.2, application/json;q=0.4, text/csv;q=0.3", JSONL),
        ("*/*;q=7", JSONL),
    ],
)
def test_lines_are_what_whoever_takes_anything_gets(accept: str, kind: str) -> None:
    assert choose_media_type(accept) == kind


@pytest.mark.parametrize(
    "accept", ["text/html", "*/*;q=0", "application/x-ndjson;q=0, application/json", "text/csv;q=\xb2", "text/csv;q="]
)
def test_a_caller_who_takes_none_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose_media_type(accept)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (f"{PARQUET}, */*", PARQUET),
        ("text/csv;q=1, application/json;q=0.9", CSV),
        ("application/json;q=0, text/csv", CSV),
        ("application/json;q=0.1, text/csv; q=0.2", CSV),
        ("*/*, application/x-ndjson;q=0", CSV),
        ("text/*", CSV),
        (f"text/csv;q=0.2, */*;q=0.1, {PARQUET};q=0.3", PARQUET),
    ],
)
def test_the_type_with_the_highest_weight_is_chosen(accept: str, kind: str) -> None:
    assert choose_media_type(accept) == kind


def test_without_pyarrow_parquet_is_not_acceptable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NotAcceptable, match="pyarrow"):
        choose_media_type(PARQUET)
    assert choose_media_type(f"{PARQUET}, text/csv;q=0.1") == CSV
    assert row_types() == [JSONL, CSV]


def test_the_api_starts_without_pyarrow() -> None:
    code = "import sys; sys.modules['pyarrow'] = None; from api.app import create_app; create_app()"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_each_row_is_a_line_of_json() -> None:
    rows = [{"custom_id": "ü", "line": 1, "result": {"objects": []}}, {"custom_id": None, "line": 2}]
    assert [json.loads(line) for line in write_jsonl(rows)] == rows
