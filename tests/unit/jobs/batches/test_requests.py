import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import FacelineError
from config.settings import JobSettings, LimitSettings
from jobs.batches.requests import parse_line, split_lines
from jobs.factory import JobFactory, Submission
from jobs.job import Priority, RunOptions
from models.catalogue import services

DEFAULTS = RunOptions(ttl_s=60, age_format="number", priority=Priority.BULK)
FACTORY = JobFactory(services(), JobSettings(), LimitSettings(), lambda family: family.value)
GOOD = {"custom_id": "a", "services": ["face-detector-face-fitter"], "sample": {"_image": {"blob": ""}}}


def split(parts: Sequence[bytes], limit: int = 100) -> list[bytes | None]:
    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async def collect() -> list[bytes | None]:
        return [line async for line in split_lines(stream(), limit)]

    return asyncio.run(collect())


@given(st.lists(st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"")), max_size=6), st.integers(1, 7))
def test_lines_come_out_whole_however_the_body_is_cut(lines: list[bytes], step: int) -> None:
    body = b"\n".join(lines)
    whole = body.split(b"\n")
    parts = [body[start : start + step] for start in range(0, len(body), step)]
    assert split(parts) == (whole if whole[-1] else whole[:-1])


def test_a_line_that_is_too_long_is_passed_over_and_the_next_is_read() -> None:
    assert split([b"a\n" + b"x" * 8, b"x" * 8 + b"\nb"], limit=10) == [b"a", None, b"b"]
    assert split([b"x" * 11], limit=10) == [None]
    assert split([b"x" * 10 + b"\n"], limit=10) == [b"x" * 10]


def refused(text: bytes | None) -> tuple[str, str | None]:
    request = parse_line(3, text, FACTORY, DEFAULTS)
    assert isinstance(request.content, FacelineError)
    assert request.line == 3
    return request.content.type, request.custom_id


def test_a_line_asks_for_what_it_names_and_the_batch_for_the_rest() -> None:
    line = {**GOOD, "include_image": True, "on_error": "continue"}
    request = parse_line(3, json.dumps(line).encode(), FACTORY, DEFAULTS)
    assert request.custom_id == "a"
    assert isinstance(request.content, Submission)
    options = request.content.options
    assert (options.include_image, options.on_error, options.ttl_s) == (True, "continue", 60)
    assert options.priority is Priority.BULK
    assert request.content.dialect.name == "v2"


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b'{"custom_id": "\\ud800"}', b"[" * 10_000])
def test_what_is_no_json_object_is_refused_without_a_name(text: bytes) -> None:
    assert refused(text) == ("invalid_sample", None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"custom_id": None}, None),
        ({"custom_id": ""}, None),
        ({"custom_id": 7}, None),
        ({"custom_id": "n" * 513}, None),
        ({"services": None}, "a"),
        ({"preset": "enrolment"}, "a"),
        ({"sample": None}, "a"),
        ({"reference": "file:///a.jpg"}, "a"),
        ({"reference": "file:///a.jpg", "sample": {}, "include_image": True}, "a"),
        ({"reference": "4d0c5b3a-0f4c-4f0e-8a0c-1a2b3c4d5e6f:0", "sample": {}}, "a"),
        ({"reference": "/etc/passwd", "sample": {}}, "a"),
        ({"ttl_s": 5}, "a"),
        ({"priority": "high"}, "a"),
        ({"sample": {"_image": {"blob": ""}, "$image": ""}}, "a"),
        ({"services": ["age-estimator"], "sample": {"$image": "", "objects": [{"keypoints": {}}]}}, "a"),
    ],
)
def test_a_line_that_says_nothing_sensible_is_refused_under_its_name(change: dict[str, Any], named: str | None) -> None:
    assert refused(json.dumps({**GOOD, **change}).encode()) == ("invalid_sample", named)


def test_a_reference_stands_for_an_image() -> None:
    request = parse_line(3, json.dumps({**GOOD, "sample": {}, "reference": "s3://b/a.jpg"}).encode(), FACTORY, DEFAULTS)
    assert isinstance(request.content, Submission)
    assert request.content.reference == "s3://b/a.jpg"


@pytest.mark.parametrize(
    ("sample", "reference", "dialect"),
    [
        ({"$image": "", "objects": [{"keypoints": {}}]}, None, "v1"),
        ({"_image": {"blob": ""}, "objects": [{"fitter": {}}]}, None, "v2"),
        ({"objects": [{"fitter": {}}]}, "s3://b/a.jpg", "v1"),
        ({"objects": [{"fitter": {}}, {"keypoints": {}}]}, "s3://b/a.jpg", "v2"),
    ],
)
def test_objects_that_the_first_service_replaces_may_be_in_any_dialect(
    sample: dict[str, Any], reference: str | None, dialect: str
) -> None:
    line = {**GOOD, "sample": sample, "reference": reference}
    request = parse_line(3, json.dumps(line).encode(), FACTORY, DEFAULTS)
    assert isinstance(request.content, Submission)
    assert request.content.dialect.name == dialect


def test_a_line_that_was_too_long_says_so() -> None:
    assert refused(None) == ("payload_too_large", None)
