import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from time import time
from typing import Any

import cv2
import numpy as np
import pytest

from api.errors import JobFailed
from config.settings import BatchSettings, Settings
from jobs.batches.batch import Batch, BatchSpec, BatchStatus
from jobs.batches.entries import Entry
from jobs.batches.intake import BatchIntake
from jobs.batches.service import Batches
from jobs.errors import Overloaded, PayloadTooLarge, StorageError
from jobs.factory import JobFactory, Options, Submission
from jobs.job import NewJob
from models.catalogue import services
from pipelines.dialects import DIALECTS
from pipelines.errors import InvalidSample
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
ASKED = Submission(("face-detector-face-fitter",), {}, DIALECTS["v2"], Options(60, "number"), PHOTO)


@dataclass
class FakeFront:
    """A front without a broker: its jobs are kept and never run.

    Attributes:
        share: how full its store is.
        before: is called before a job is kept.
    """

    settings: Settings = field(
        default_factory=lambda: Settings(batches=BatchSettings(chunk=1, requests=5, patience_s=0.3, silence_s=9))
    )
    share: float = 0
    before: Callable[[], Any] = lambda: None

    def __post_init__(self) -> None:
        self.store = MemoryJobStore(self.settings.jobs)
        self.batches = Batches(MemoryBatchStore(self.store), self.store, self.settings.batches)
        self.intake = JobFactory(services(), self.settings.jobs, self.settings.limits, lambda family: family.value)
        self.presence = self.publisher = self

    def memory_share(self) -> float:
        return self.share

    async def publish(self, make: Callable[[], NewJob]) -> tuple[NewJob, str]:
        self.before()
        job = make()
        self.store.create(job)
        return job, job.spec.id

    def take(self, count: int) -> BatchSpec:
        """Take a batch of some samples in."""
        self.spec, _ = self.batches.open(60)

        async def entries() -> AsyncIterator[Entry]:
            for line in range(1, count + 1):
                yield Entry(line, f"n{line}", ASKED)

        asyncio.run(BatchIntake(self, self.spec).take(entries()))  # type: ignore[arg-type]
        return self.spec

    @property
    def batch(self) -> Batch | None:
        return self.batches.find(self.spec.id)

    @property
    def jobs(self) -> int:
        return len(self.store)


def test_what_was_taken_in_is_in_progress() -> None:
    front = FakeFront()
    front.take(3)
    assert front.batch is not None
    assert front.batch.status(time()) is BatchStatus.IN_PROGRESS
    assert front.jobs == 3


@pytest.mark.parametrize(("count", "error"), [(0, InvalidSample), (6, PayloadTooLarge)])
def test_nothing_is_left_of_what_has_too_few_or_too_many_requests(count: int, error: type[Exception]) -> None:
    front = FakeFront()
    with pytest.raises(error):
        front.take(count)
    assert (front.batch, front.jobs, front.batches.store.open()) == (None, 0, [])


def test_nothing_is_left_of_what_finds_no_room_in_time() -> None:
    front = FakeFront()

    def fill() -> None:
        front.share = 0.9

    front.before = fill
    with pytest.raises(Overloaded):
        front.take(3)
    assert (front.batch, front.jobs) == (None, 0)


def test_what_finds_room_later_goes_on() -> None:
    refusals = iter([True, False, False, True, False])
    front = FakeFront()

    def sometimes() -> None:
        if next(refusals):
            raise Overloaded("busy")

    front.before = sometimes
    front.take(3)
    assert front.jobs == 3


def test_nothing_is_left_of_what_the_broker_did_not_take() -> None:
    front = FakeFront()
    sent = iter([False, True])

    def fail() -> None:
        if next(sent):
            raise StorageError("away")

    front.before = fail
    with pytest.raises(StorageError):
        front.take(3)
    assert (front.batch, front.jobs) == (None, 0)


def test_a_job_that_comes_to_be_after_its_batch_was_erased_is_erased_too() -> None:
    front = FakeFront()
    front.before = lambda: front.batches.erase(front.spec, tombstone=True)
    with pytest.raises(JobFailed):
        front.take(2)
    assert front.jobs == 0
    assert front.batch is not None
    assert front.batch.status(time()) is BatchStatus.ERASED


@pytest.mark.parametrize("count", [1, 3])
def test_a_job_that_comes_to_be_after_its_batch_was_canceled_is_canceled_too(count: int) -> None:
    front = FakeFront()
    front.before = lambda: front.batches.cancel(front.spec.id)
    front.take(count)
    assert front.batch is not None
    assert front.batch.status(time()) is BatchStatus.CANCELED
    assert front.batch.counts(time()) == (1, 0, 0, 1, 0, 0)
