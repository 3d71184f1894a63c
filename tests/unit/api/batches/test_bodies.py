import pytest

from api.batches.bodies import JSONL, PARQUET, choose_media_type
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


def test_a_caller_who_takes_neither_is_told() -> None:
    with pytest.raises(NotAcceptable):
        choose_media_type("text/csv")


def test_the_first_type_that_the_caller_names_and_that_can_be_written_is_chosen() -> None:
    pytest.importorskip("pyarrow.parquet")
    assert choose_media_type(f"{PARQUET}, */*") == PARQUET
