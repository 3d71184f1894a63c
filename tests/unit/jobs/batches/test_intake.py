import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from time import time
from typing import Any

import cv2
import numpy as np
import pytest

from config.settings import BatchSettings, Settings
from jobs.batches.batch import Batch, BatchSpec, BatchStatus
from jobs.batches.body import BatchBody
from jobs.batches.intake import BatchIntake
from jobs.batches.requests import BatchRequest
from jobs.batches.service import BatchService
from jobs.errors import JobFailed, Overloaded, PayloadTooLarge, StorageError
from jobs.factory import JobFactory, Submission
from jobs.job import JobSpec, RunOptions
from jobs.service import JobService
from jobs.submission_thread import SubmissionThread
from models.catalogue import services
from pipelines.dialects import DIALECTS
from pipelines.errors import InvalidSample
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
ASKED = Submission(("face-detector-face-fitter",), {}, DIALECTS["v2"], RunOptions(60, "number"), PHOTO)


@dataclass
class Deployment:
    """A deployment without a broker: its jobs are kept and never run.

    Attributes:
        share: how full its store is.
        before: is called before a job is kept.
        sending: is called when a job is sent.
    """

    settings: Settings = field(
        default_factory=lambda: Settings(batches=BatchSettings(chunk=1, requests=5, patience_s=0.3, silence_s=9))
    )
    share: float = 0
    before: Callable[[], Any] = lambda: None
    sending: Callable[[], Any] = lambda: None

    def __post_init__(self) -> None:
        self.store = MemoryJobStore(self.settings.jobs)
        self.batches = BatchService(MemoryBatchStore(self.store), self.store, self.settings.batches, lambda: self.share)
        self.factory = JobFactory(services(), self.settings.jobs, self.settings.limits, lambda family: family.value)
        self.jobs = JobService(self.store, sender=self, admission=self)

    def admit(self, spec: JobSpec) -> None:
        self.before()

    def count(self, spec: JobSpec) -> None:
        """The job was created."""

    def require_workers(self, spec: JobSpec) -> None:
        """There is none."""

    def send(self, spec: JobSpec) -> None:
        self.sending()

    def take(self, count: int) -> BatchSpec:
        """Take in a batch of some samples."""
        self.spec, _ = self.batches.open(60)

        async def requests() -> AsyncIterator[BatchRequest]:
            for line in range(1, count + 1):
                yield BatchRequest(line, f"n{line}", ASKED)

        async def no_parts() -> AsyncIterator[bytes]:
            return
            yield b""

        async def take() -> None:
            thread = SubmissionThread()
            body = BatchBody(no_parts(), self.settings.batches.patience_s)
            intake = BatchIntake(self.spec, body, self.batches, self.jobs, self.factory, thread)
            try:
                await intake.take(requests())
            finally:
                await thread.close()

        asyncio.run(take())
        return self.spec

    @property
    def batch(self) -> Batch | None:
        return self.batches.refresh(self.spec.id)

    @property
    def kept(self) -> int:
        return len(self.store)


def test_what_was_taken_in_is_in_progress() -> None:
    deployment = Deployment()
    deployment.take(3)
    assert deployment.batch is not None
    assert deployment.batch.status(time()) is BatchStatus.IN_PROGRESS
    assert deployment.kept == 3


@pytest.mark.parametrize("ahead_s", [-3600, 3600])
def test_the_clock_of_the_store_counts(ahead_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment()
    monkeypatch.setattr(deployment.batches.store, "now", lambda: time() + ahead_s)
    before = deployment.batches.now()
    deployment.take(2)
    batch = deployment.batch
    assert batch is not None
    assert before <= batch.spec.created_at <= batch.touched_at <= deployment.batches.now()
    assert batch.status(deployment.batches.now()) is BatchStatus.IN_PROGRESS
    deadlines = [part.job.spec.deadline_s for part in batch.jobs if part.job]
    assert deadlines == pytest.approx([batch.spec.deadline_s] * 2, abs=60)


@pytest.mark.parametrize(("count", "error"), [(0, InvalidSample), (6, PayloadTooLarge)])
def test_nothing_is_left_of_what_has_too_few_or_too_many_requests(count: int, error: type[Exception]) -> None:
    deployment = Deployment()
    with pytest.raises(error):
        deployment.take(count)
    assert (deployment.batch, deployment.kept, deployment.batches.store.open()) == (None, 0, [])


def test_nothing_is_left_of_what_finds_no_room_in_time() -> None:
    deployment = Deployment()

    def fill() -> None:
        deployment.share = 0.9

    deployment.before = fill
    with pytest.raises(Overloaded):
        deployment.take(3)
    assert (deployment.batch, deployment.kept) == (None, 0)


def test_what_finds_room_later_goes_on() -> None:
    refusals = iter([True, False, False, True, False])
    deployment = Deployment()

    def sometimes() -> None:
        if next(refusals):
            raise Overloaded("busy")

    deployment.before = sometimes
    deployment.take(3)
    assert deployment.kept == 3


def test_nothing_is_left_of_what_the_broker_did_not_take() -> None:
    deployment = Deployment()
    sent = iter([False, True])

    def fail() -> None:
        if next(sent):
            raise StorageError("away")

    deployment.sending = fail
    with pytest.raises(StorageError):
        deployment.take(3)
    assert (deployment.batch, deployment.kept) == (None, 0)


def test_a_job_that_comes_to_be_after_its_batch_was_erased_is_erased_too() -> None:
    deployment = Deployment()
    deployment.before = lambda: deployment.batches.erase(deployment.spec.id)
    with pytest.raises(JobFailed):
        deployment.take(2)
    assert deployment.kept == 0
    assert deployment.batch is not None
    assert deployment.batch.status(time()) is BatchStatus.ERASED


@pytest.mark.parametrize("count", [1, 3])
def test_a_job_that_comes_to_be_after_its_batch_was_canceled_is_canceled_too(count: int) -> None:
    deployment = Deployment()
    deployment.before = lambda: deployment.batches.cancel(deployment.spec.id)
    deployment.take(count)
    assert deployment.batch is not None
    assert deployment.batch.status(time()) is BatchStatus.CANCELED
    assert deployment.batch.counts(time()) == (1, 0, 0, 1, 0, 0)
