from typing import Any

import pytest

from cli.migrate.shape import differences


def texts(old: Any, new: Any) -> list[str]:
    return [str(one) for one in differences(old, new)]


def test_other_values_are_no_difference() -> None:
    old = {"objects": [{"age": 25, "bbox": [0.1, 0.2, 0.3, 0.4], "name": None}], "ok": True}
    new = {
        "objects": [{"age": 31.5, "bbox": [1, 2, 3, 4], "name": None}, {"age": 2, "bbox": [0], "name": None}],
        "ok": False,
    }
    assert texts(old, new) == []


def test_a_key_that_the_new_document_lacks_is_missing() -> None:
    assert texts({"objects": [{"age": 25, "pose": {"yaw": 1}}]}, {"objects": [{"age": 25, "pose": {}}]}) == [
        "objects[].pose.yaw: missing"
    ]


def test_a_key_that_the_old_document_lacks_is_extra() -> None:
    assert texts({"a": {}}, {"a": {"b": 1}, "c": 2}) == ["a.b: extra", "c: extra"]


def test_another_type_is_named_with_both_types() -> None:
    assert texts({"age": "25"}, {"age": 25}) == ["age: other type, number instead of string"]
    assert texts({"ok": 1}, {"ok": True}) == ["ok: other type, boolean instead of number"]
    assert texts([1], {"a": 1}) == ["the whole answer: other type, object instead of list"]


def test_a_place_may_have_each_type_that_it_had() -> None:
    assert texts({"list": [1, None]}, {"list": [None]}) == []
    assert texts({"list": [1]}, {"list": [1, None]}) == ["list[]: other type, null instead of number"]


def test_an_empty_list_is_compared_with_nothing() -> None:
    assert texts({"objects": []}, {"objects": [{"id": 0}]}) == []
    assert texts({"objects": [{"id": 0}]}, {"objects": []}) == []


@pytest.mark.parametrize("value", [None, 1, "text", [], {}, [[1], [2, 3]]])
def test_a_document_has_the_shape_of_itself(value: Any) -> None:
    assert texts(value, value) == []
