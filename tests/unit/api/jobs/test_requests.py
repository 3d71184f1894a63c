"""What is found out about a job before its body is parsed, and how long the largest bodies hold up other callers."""

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Sequence
from itertools import pairwise
from threading import get_ident
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.datastructures import FormData

from access.caller import ANYBODY
from api.jobs.requests import PRIORITIES, SampleBody, priorities_of_form, priorities_of_json
from config.settings import JobSettings, LimitSettings
from jobs.factory import JobFactory
from jobs.job import NewJob, Priority
from jobs.submission_thread import SubmissionThread
from models.catalogue import services

LIMITS = LimitSettings()
FACTORY = JobFactory(services(), JobSettings(), LIMITS, lambda family: family.value)
HELD_UP_S = 0.05
"""The longest time in a row for which a submission may hold up others, in seconds of a processor."""
PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()


def json_of(**sample: Any) -> bytes:
    """The body of a job with the largest image, and more in its sample."""
    image = {"blob": b64encode(PHOTO.ljust(LIMITS.image_bytes, b"\0")).decode(), "format": "IMAGE"}
    return json.dumps({"services": ["age-estimator"], "sample": {"_image": image, **sample}}).encode()


def pair() -> bytes:
    """The body of a verification of two images, both the largest."""
    image = b64encode(PHOTO.ljust(LIMITS.image_bytes, b"\0")).decode()
    return json.dumps({"preset": "verify", "a": {"image": image}, "b": {"image": image}}).encode()


def objects(count: int, values: int) -> list[dict[str, Any]]:
    """Faces of a sample, each with so many values that no service knows."""
    face = {"class": "face", "bbox": [0.1, 0.1, 0.5, 0.5], "confidence": 0.9, "note": [0.123456] * values}
    return [{"id": index, **face} for index in range(count)]


@pytest.mark.parametrize(
    ("body", "owner", "priorities"),
    [
        (b'{"sample": {}}', None, [Priority.NORMAL]),
        # An owner above its share gets the last priority.
        (b'{"sample": {}}', "a", [Priority.NORMAL, Priority.LAST]),
        (b'{"priority": "high"}', None, PRIORITIES),
        (b'{"pri\\u006frity": "high"}', None, PRIORITIES),
    ],
)
def test_the_priorities_of_a_body_are_known_without_parsing(
    body: bytes, owner: str | None, priorities: Sequence[Priority]
) -> None:
    assert list(priorities_of_json(body, owner)) == list(priorities)


def test_the_priorities_of_a_form_are_known() -> None:
    assert list(priorities_of_form(FormData({"services": "a"}), None)) == [Priority.NORMAL]
    assert list(priorities_of_form(FormData({"priority": "bulk"}), None)) == list(PRIORITIES)


def prepare(request: SampleBody) -> NewJob:
    return FACTORY.check_and_make_job(request.parse(FACTORY))


@pytest.mark.parametrize("body", [json_of(objects=objects(1, 0)), pair()], ids=["photo", "two photos"])
def test_the_largest_images_take_the_submission_thread_a_short_time(body: bytes) -> None:
    request = SampleBody(body, "key", ANYBODY)
    assert request.light

    def took_s() -> float:
        began = time.thread_time()
        assert all(len(image) == LIMITS.image_bytes for image in prepare(request).images)
        return time.thread_time() - began

    # Time of the processor, which other processes do not lengthen; they only slow its caches.
    assert min(took_s() for _ in range(5)) < HELD_UP_S


@pytest.mark.parametrize(
    "body",
    [
        json_of(objects=objects(500, 180)),
        json_of(objects=objects(1, 0), note={f"{index:x}": 0 for index in range(80_000)}),
        json_of(objects=objects(1, 0), note=[[[0]]] * 30_000),
    ],
    ids=["objects", "keys", "lists"],
)
def test_the_largest_samples_let_other_threads_run_all_the_time(body: bytes) -> None:
    request = SampleBody(body, "key", ANYBODY)
    assert not request.light

    async def longest_s() -> float:
        """The longest time of a processor that preparing took in a row, while the event loop could not run."""
        clocks: list[int] = []
        thread = SubmissionThread()

        def noting_its_clock() -> NewJob:
            clocks.append(time.pthread_getcpuclockid(get_ident()))
            return prepare(request)

        preparing = asyncio.ensure_future(thread.prepare_and_send(False, noting_its_clock, lambda job: job))
        seen: list[float] = []
        while not preparing.done():
            seen += [time.clock_gettime(clock) for clock in clocks]
            await asyncio.sleep(0)
        assert (await preparing).images
        await thread.close()
        assert len(seen) > 2
        return max(later - earlier for earlier, later in pairwise(seen))

    # On a busy machine the event loop also waits for a processor, so the best of some tries counts.
    assert min(asyncio.run(longest_s()) for _ in range(3)) < HELD_UP_S
