import json
from typing import Any

import pytest

from config.errors import FacelineError
from config.settings import LimitSettings
from jobs.json_parsing import LIGHT_ENTRIES, is_light, parse_json, parse_object

LIMITS = LimitSettings(json_depth=8, json_entries=100, image_bytes=1000, sample_bytes=500)


def refused(text: bytes | str) -> str:
    with pytest.raises(FacelineError) as error:
        parse_json(text, LIMITS)
    return error.value.type


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth > 1 else []


def test_depth_is_bounded_in_lists_and_objects() -> None:
    assert parse_json(json.dumps(nested(8)), LIMITS) == nested(8)
    assert refused(json.dumps(nested(9))) == "invalid_sample"
    assert refused('{"a":' * 9 + "1" + "}" * 9) == "invalid_sample"
    assert refused("[" * 90) == "invalid_sample"


@pytest.mark.parametrize("entries", [list(range(101)), dict.fromkeys(map(str, range(101))), [[]] * 60])
def test_the_number_of_entries_is_bounded_at_all_levels(entries: Any) -> None:
    assert refused(json.dumps(entries)) == "payload_too_large"
    assert refused(json.dumps({"a": {"b": entries}})) == "payload_too_large"


def test_what_is_far_too_much_is_not_parsed() -> None:
    assert refused(b"{" * 1_000_000) == "payload_too_large"
    assert refused(b"nonsense," * 1_000_000) == "payload_too_large"


def test_the_bytes_beside_the_image_are_bounded() -> None:
    assert parse_json(json.dumps({"image": "A" * 1300, "note": "x" * 400}), LIMITS)
    assert refused(json.dumps({"image": "A" * 1300, "note": "x" * 600})) == "payload_too_large"
    assert refused(json.dumps(["x" * 60] * 20)) == "payload_too_large"


@pytest.mark.parametrize("text", ["1e999", '{"a": [1, -1e999]}', "NaN", '{"a": "\\ud800"}', b'{"a": "\xff"}', "", "{"])
def test_what_is_no_json_is_refused(text: bytes | str) -> None:
    assert refused(text) == "invalid_sample"


def test_a_byte_order_mark_is_left_out_and_an_object_is_demanded() -> None:
    assert parse_object(b'\xef\xbb\xbf{"a": 1}', LIMITS) == {"a": 1}
    with pytest.raises(FacelineError):
        parse_object(b"[]", LIMITS)


def test_an_image_is_light_and_many_entries_are_not() -> None:
    assert is_light(json.dumps({"image": "A" * 6_000_000}).encode())
    assert not is_light(json.dumps([0] * (LIGHT_ENTRIES + 2)).encode())
