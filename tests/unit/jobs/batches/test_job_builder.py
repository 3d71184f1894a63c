from dataclasses import replace
from time import time
from typing import Any

import cv2
import numpy as np
import pytest

from config.settings import JobSettings, LimitSettings
from jobs.batches.batch import BatchSpec
from jobs.batches.job_builder import IMAGE_BYTES, JobBuilder
from jobs.factory import JobFactory, Submission
from jobs.job import JobGroup, NewJob, Priority, RequestPosition, RunOptions
from models.catalogue import services
from models.errors import InvalidImage
from pipelines.dialects import DIALECTS

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
DETECTOR = ("face-detector-face-fitter",)
OPTIONS = RunOptions(60, "number", priority=Priority.BULK)


def builder(size: int = 3, *, deadline_s: int = 1000, age_s: float = 0) -> JobBuilder:
    limits = LimitSettings(image_bytes=IMAGE_BYTES)
    batch = BatchSpec(id="my-batch", created_at=time() - age_s, ttl_s=60, silence_s=10, deadline_s=deadline_s)
    return JobBuilder(JobFactory(services(), JobSettings(), limits, lambda family: family.value), batch, size, time)


def asks(image: bytes = PHOTO, dialect: str = "v2", asked: tuple[str, ...] = DETECTOR, **options: Any) -> Submission:
    return Submission(asked, {}, DIALECTS[dialect], replace(OPTIONS, **options), image)


def named(line: int) -> RequestPosition:
    return RequestPosition(custom_id=f"n{line}", line=line)


def gathered(size: int, *submissions: Submission) -> list[NewJob]:
    held = builder(size)
    jobs = [held.add(one, named(line)) for line, one in enumerate(submissions, start=1)]
    return [job for job in [*jobs, held.flush()] if job]


def lengths(jobs: list[NewJob]) -> list[int]:
    return [len(job.chunk.items) for job in jobs]


def test_neighbours_that_want_the_same_share_jobs_up_to_the_size() -> None:
    jobs = gathered(3, *[asks()] * 7)
    assert lengths(jobs) == [3, 3, 1]
    assert {job.spec.priority for job in jobs} == {Priority.BULK}


def test_each_sample_is_known_by_its_name_and_line() -> None:
    first, second = gathered(2, *[asks()] * 3)
    assert (first.requests, second.requests) == ([named(1), named(2)], [named(3)])
    assert [job.spec.group for job in (first, second)] == [JobGroup(kind="batch", id="my-batch")] * 2


@pytest.mark.parametrize(("age_s", "left_s"), [(0.5, 1000), (899.5, 101), (2000, 1)])
def test_a_job_has_the_time_that_is_left_to_its_batch(age_s: float, left_s: int) -> None:
    held = builder(age_s=age_s)
    held.add(asks(), named(1))
    job = held.flush()
    assert job is not None
    assert job.spec.deadline_s == left_s


@pytest.mark.parametrize(
    "other", [asks(dialect="v1"), asks(include_image=True), asks(on_error="continue"), asks(asked=("body-detector",))]
)
def test_a_neighbour_that_wants_otherwise_begins_a_job(other: Submission) -> None:
    assert lengths(gathered(10, asks(), asks(), other, other, asks())) == [2, 2, 1]


def test_what_is_refused_does_not_part_its_neighbours() -> None:
    held = builder()
    assert held.add(asks(), named(1)) is None
    with pytest.raises(InvalidImage):
        held.add(asks(b"no image"), named(2))
    assert held.add(asks(), named(3)) is None
    job = held.flush()
    assert job is not None
    assert job.requests == [named(1), named(3)]


def test_large_images_travel_in_smaller_company() -> None:
    large = asks(PHOTO + bytes(IMAGE_BYTES // 2))
    assert lengths(gathered(10, asks(), large, asks(), large, large)) == [3, 1, 1]


def test_without_samples_there_is_no_job() -> None:
    assert builder().flush() is None
