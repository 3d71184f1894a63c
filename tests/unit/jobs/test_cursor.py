import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.cursor import Cursor
from jobs.job import new_job_id


@given(st.floats(0, 4e9).map(lambda seconds: round(seconds, 6)))
def test_a_cursor_survives_being_written(created_at: float) -> None:
    cursor = Cursor(max(created_at, 1.0), new_job_id())
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "1.0", "1.0_x", "_4d0c5b3a-0f4c-4f0e-8a0c-1a2b3c4d5e6f", "nan_" + "a" * 36])
def test_what_is_not_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.parse(text)
