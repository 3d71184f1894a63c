"""Submissions that wait, on a store and a stream in memory; on the real ones they are tested with the deployments."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, current_thread
from time import time
from typing import TypeVar

import cv2
import numpy as np
import pytest

from config.settings import JobSettings, LimitSettings
from jobs import async_service
from jobs.async_service import AsyncJobService
from jobs.callers import WaitingPlaces
from jobs.errors import CallerLeft, JobFailed, NoWorker, Overloaded, StorageError, WaitedTooLong
from jobs.factory import JobFactory, Submission
from jobs.idempotency import RequestKey
from jobs.job import Ending, Job, JobData, JobSpec, JobStatus, RunOptions
from jobs.service import JobService
from jobs.submission_thread import SubmissionThread
from jobs.waiting import WaitHub
from models.catalogue import services
from pipelines.chunk import Chunk, Failure, Item
from pipelines.dialects import DIALECTS
from pipelines.errors import InvalidSample
from pipelines.sample import Sample
from tests.fakes.job_store import MemoryJobStore

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
DONE = Ending(JobStatus.SUCCEEDED, result=Chunk(items=[Item(sample=Sample())]))
Result = TypeVar("Result")


@dataclass(frozen=True)
class Photo:
    """A request that is parsed into a submission of a photo."""

    services: tuple[str, ...] = ("face-detector-face-fitter",)
    key: RequestKey | None = None
    light: bool = True

    def parse(self, factory: JobFactory) -> Submission:
        return Submission(self.services, {}, DIALECTS["v2"], RunOptions(60, "number"), PHOTO, key=self.key)


async def forever() -> None:
    """A caller who stays."""
    await asyncio.Event().wait()


class Deployment:
    """Workers that end each job at once, or leave it alone.

    Attributes:
        ending: of each job; None leaves it alone.
        callers: the places of synchronous callers.
        polls: the places of other requests that wait.
        reads: is set once the stream of finished jobs is read.
    """

    def __init__(self, ending: Ending | None = DONE, *, workers: bool = True, places: int = 10) -> None:
        self.callers, self.polls = WaitingPlaces(places), WaitingPlaces(places)
        self.ending = ending
        self.workers = workers
        self.store = MemoryJobStore(JobSettings())
        self.finished: Queue[str] = Queue()
        self.reads = Event()
        self.sent = 0

    def admit(self, spec: JobSpec) -> None:
        """There is room."""

    def count(self, spec: JobSpec) -> None:
        """The job was created."""

    def require_workers(self, spec: JobSpec) -> None:
        if not self.workers:
            raise NoWorker("none")

    def send(self, spec: JobSpec) -> None:
        self.sent += 1
        if self.ending is not None:
            self.store.finish(spec, self.ending, {}, time())
            self.finished.put(spec.id)

    def sent_marks(self) -> list[bool]:
        """Whether each job is known to be sent."""
        return [job.sent for job in self.store.recent(10, None)[0]]

    def seek_end(self) -> None:
        """There is nothing to skip."""

    def read(self, wait_s: float) -> list[str]:
        self.reads.set()
        try:
            return [self.finished.get(timeout=wait_s)]
        except Empty:
            return []

    def run(self, use: Callable[[AsyncJobService], Awaitable[Result]]) -> Result:
        async def run() -> Result:
            hub, thread = WaitHub(self, read_s=0.05), SubmissionThread()
            factory = JobFactory(services(), JobSettings(), LimitSettings(), lambda family: family.value)
            try:
                jobs = JobService(self.store, self, self)
                return await use(AsyncJobService(jobs, factory, hub, thread, self.callers, self.polls))
            finally:
                await thread.close()
                await hub.close()

        return asyncio.run(run())


def test_a_submission_that_does_not_wait_gets_its_queued_job() -> None:
    there = Deployment(ending=None)
    snapshot = there.run(lambda jobs: jobs.submit(Photo()))
    assert (snapshot.job.status, there.sent) == (JobStatus.QUEUED, 1)


def test_a_submission_that_waits_gets_the_result_though_the_job_ended_at_once() -> None:
    snapshot = Deployment().run(lambda jobs: jobs.submit(Photo(), 30))
    assert snapshot.job.status is JobStatus.SUCCEEDED
    assert snapshot.require_sample() == {"objects": []}


def test_waiting_ends_in_time_and_shows_the_job_as_it_is() -> None:
    snapshot = Deployment(ending=None).run(lambda jobs: jobs.submit(Photo(), 0.05))
    assert snapshot.job.status is JobStatus.QUEUED


@pytest.mark.parametrize("wait_s", [0, 0.05])
def test_a_caller_whose_job_is_not_over_gets_no_answer_before_it_is_known_to_be_sent(wait_s: float) -> None:
    there = Deployment(ending=None)
    there.run(lambda jobs: jobs.submit(Photo(), wait_s))
    assert there.sent_marks() == [True]


def test_a_job_that_ends_while_its_caller_waits_need_not_be_confirmed() -> None:
    there = Deployment()
    there.run(lambda jobs: jobs.submit(Photo(), 30))
    assert there.sent_marks() == [False]


def test_a_job_is_known_to_be_sent_while_its_caller_still_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_service, "CONFIRM_AFTER_S", 0.05)
    there = Deployment(ending=None)

    async def look(jobs: AsyncJobService) -> list[bool]:
        waiting = asyncio.create_task(jobs.submit(Photo(), 60))
        async with asyncio.timeout(30):
            while there.sent_marks() != [True]:
                await asyncio.sleep(0.01)
        waiting.cancel()
        return there.sent_marks()

    assert there.run(look) == [True]


def test_a_repeated_submission_waits_for_the_earlier_job() -> None:
    there = Deployment()
    photo = Photo(key=RequestKey("key", "print"))

    async def twice(jobs: AsyncJobService) -> list[str]:
        return [(await jobs.submit(photo, 30)).job.spec.id for _ in range(2)]

    first, second = there.run(twice)
    assert (first == second, there.sent) == (True, 1)


def test_a_request_that_cannot_be_parsed_into_a_job_is_refused() -> None:
    there = Deployment()
    with pytest.raises(InvalidSample):
        there.run(lambda jobs: jobs.submit(Photo(("no-such-service",))))
    assert (len(there.store), there.sent) == (0, 0)


def test_a_processed_job_is_erased() -> None:
    there = Deployment()
    done = there.run(lambda jobs: jobs.run_and_erase(Photo(), 30, forever))
    assert done.data.result == DONE.result
    assert done.submission.image == PHOTO
    assert len(there.store) == 0


def test_a_processed_job_that_failed_is_an_error_and_is_erased() -> None:
    failure = Failure(service=None, type="model_error", message="no")
    there = Deployment(Ending(JobStatus.FAILED, failure=failure))
    with pytest.raises(JobFailed) as failed:
        there.run(lambda jobs: jobs.run_and_erase(Photo(), 30, forever))
    assert (failed.value.failure_type, len(there.store)) == ("model_error", 0)


def test_a_processed_job_is_read_by_the_thread_that_learns_of_its_end() -> None:
    there, threads = Deployment(), list[str]()
    take = there.store.take

    def noted(spec: JobSpec) -> tuple[Job | None, JobData | None]:
        threads.append(current_thread().name)
        return take(spec)

    there.store.take = noted  # type: ignore[method-assign]

    async def once_the_stream_is_read(jobs: AsyncJobService) -> None:
        await asyncio.to_thread(there.reads.wait, 30)  # who waits when the reading begins looks at once
        await jobs.run_and_erase(Photo(), 30, forever)

    there.run(once_the_stream_is_read)
    assert threads == ["wait-hub"]


def test_a_job_whose_end_nobody_tells_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_service, "CONFIRM_AFTER_S", 0.05)
    there = Deployment()
    monkeypatch.setattr(there.finished, "put", lambda _: None)
    done = there.run(lambda jobs: jobs.run_and_erase(Photo(), 30, forever))
    assert (done.data.result, len(there.store)) == (DONE.result, 0)


def test_a_job_that_the_store_has_lost_is_an_error() -> None:
    there = Deployment()
    there.store.take = lambda _: (None, None)  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        there.run(lambda jobs: jobs.run_and_erase(Photo(), 30, forever))


def test_a_job_that_is_processed_for_too_long_is_canceled() -> None:
    there = Deployment(ending=None)
    with pytest.raises(WaitedTooLong) as late:
        there.run(lambda jobs: jobs.run_and_erase(Photo(), 0.05, forever))
    (job,) = there.store.recent(10, None)[0]
    assert job.status is JobStatus.CANCELED
    assert job.spec.id in str(late.value)
    assert there.callers.taken == 0


def test_the_job_of_a_caller_who_leaves_is_canceled() -> None:
    there = Deployment(ending=None)

    async def soon() -> None:
        while not there.sent:
            await asyncio.sleep(0.01)

    with pytest.raises(CallerLeft):
        there.run(lambda jobs: jobs.run_and_erase(Photo(), 30, soon))
    (job,) = there.store.recent(10, None)[0]
    assert job.status is JobStatus.CANCELED
    assert there.callers.taken == 0


def test_a_caller_who_left_before_the_submission_gets_no_job() -> None:
    there = Deployment(ending=None)

    async def at_once() -> None:
        """The caller has left."""

    async def behind_another(jobs: AsyncJobService) -> None:
        free = Event()
        other = asyncio.create_task(jobs._thread.run(free.wait, 30))
        request = asyncio.create_task(jobs.run_and_erase(Photo(), 30, at_once))
        await asyncio.sleep(0.05)
        free.set()
        await other
        await request

    with pytest.raises(CallerLeft):
        there.run(behind_another)
    assert (there.sent, len(there.store)) == (0, 0)


def test_no_more_callers_wait_than_may() -> None:
    there = Deployment(places=1)
    with there.callers.take(), pytest.raises(Overloaded):
        there.run(lambda jobs: jobs.run_and_erase(Photo(), 30, forever))
    assert there.sent == 0


def test_a_request_that_finds_no_place_to_wait_gets_the_job_as_it_is() -> None:
    there = Deployment(ending=None, places=1)
    with there.polls.take():
        snapshot = there.run(lambda jobs: jobs.submit(Photo(), 30))
        assert snapshot.job.status is JobStatus.QUEUED
        assert there.run(lambda jobs: jobs.wait(snapshot.job.spec.id, 30)).job.status is JobStatus.QUEUED


def test_nothing_is_processed_without_a_worker() -> None:
    there = Deployment(workers=False)
    with pytest.raises(NoWorker):
        there.run(lambda jobs: jobs.run_and_erase(Photo(), 30, forever))
    assert (len(there.store), there.sent) == (0, 0)
