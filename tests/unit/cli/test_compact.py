import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.compact import compact_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(values)
def test_it_says_the_same_as_json(value: Any) -> None:
    assert json.loads(compact_json(value, width=30)) == value


def test_what_fits_stands_on_one_line() -> None:
    assert compact_json({"a": [1, 2], "b": None}, width=80) == '{"a": [1, 2], "b": null}'


def test_what_does_not_fit_is_broken_at_the_outermost_place() -> None:
    text = compact_json({"first": {"x": 1.23456789}, "second": [1, 2, 3]}, width=30)
    assert text == '{\n  "first": {"x": 1.235},\n  "second": [1, 2, 3]\n}'


def test_numbers_have_the_decimals_that_another_processor_would_show() -> None:
    face = {"confidence": 0.94271, "bbox": [0.34912], "pose": {"yaw": -1.8309}, "emotions": [{"confidence": 0.70719}]}
    shown = {"confidence": 0.94, "bbox": [0.349], "pose": {"yaw": -1.8}, "emotions": [{"confidence": 0.71}]}
    assert json.loads(compact_json(face, width=80)) == shown
