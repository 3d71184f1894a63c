"""Jobs for an event loop: one thread submits them, and requests wait for their end without a thread each."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Protocol, TypeVar, TypeVarTuple

from jobs.answer import JobSnapshot
from jobs.errors import JobFailed, WaitedTooLong
from jobs.factory import JobFactory, Submission
from jobs.job import Job, JobData, JobSpec, JobStatus, new_job_id
from jobs.service import JobService
from jobs.waiting import WaitHub, Watch

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class UnparsedRequest(Protocol):
    """A request for a job as it came in. Parsing takes processor time, so the event loop does not do it."""

    def parse(self, factory: JobFactory) -> Submission:
        """The submission that the request makes.

        Raises:
            InvalidRequest: something is wrong with it.
        """


class SubmissionThread:
    """The one thread of a process that parses, keeps and sends jobs.

    Sending blocks, so the event loop cannot do it; several threads would be slower than one, as they would wait for
    each other (docs/decisions/0011).
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="submission")

    async def run(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call a function in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    async def close(self) -> None:
        """Finish what was submitted."""
        await asyncio.to_thread(self._thread.shutdown)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A job that ran while its caller waited. It is already erased from the store.

    Attributes:
        submission: that the caller made.
        data: with a result.
    """

    submission: Submission
    spec: JobSpec
    data: JobData


class AsyncJobService:
    """Submits jobs from an event loop and waits for them.

    Args:
        jobs: does the work.
        factory: makes jobs of submissions.
        hub: signals the end of jobs.
        thread: submits jobs.
    """

    def __init__(self, jobs: JobService, factory: JobFactory, hub: WaitHub, thread: SubmissionThread) -> None:
        self._jobs = jobs
        self._factory = factory
        self._hub = hub
        self._thread = thread

    async def submit(self, request: UnparsedRequest, wait_s: float = 0) -> JobSnapshot:
        """Submit a job and wait for its end, at most `wait_s`.

        Returns:
            The job, or the earlier job with its idempotency key.

        Raises:
            InvalidRequest: something is wrong with the request.
            FacelineError: as `JobService.submit` and `JobService.read` do.
        """
        ends = monotonic() + wait_s
        job_id = new_job_id()
        with self._hub.watch(job_id) as watch:
            job = await self._thread.run(self._submit, request, job_id)
            if job.spec.id == job_id:
                if not wait_s:
                    return JobSnapshot(job)
                # No first look at the store: the job was watched before it was sent.
                await watch.wait(ends)
                return await self._read_once_over(self._jobs.read, job_id, watch, ends)
        return await self.wait(job.spec.id, ends - monotonic())

    async def wait(self, job_id: str, wait_s: float) -> JobSnapshot:
        """A job once it is over, or as it is after `wait_s`.

        Raises:
            FacelineError: as `JobService.read` does.
        """
        with self._hub.watch(job_id) as watch:
            return await self._read_once_over(self._jobs.read, job_id, watch, monotonic() + wait_s)

    async def run_and_erase(self, request: UnparsedRequest, wait_s: float) -> FinishedRun:
        """Run a job while its caller waits, and erase it.

        Raises:
            InvalidRequest: something is wrong with the request.
            JobFailed: the job has no result.
            NoWorker: a stage of the job has no live worker.
            WaitedTooLong: the job is not over after `wait_s`. It continues, and its caller can fetch it by its id.
            FacelineError: as `JobService.submit` does.
        """
        ends = monotonic() + wait_s
        job_id = new_job_id()
        with self._hub.watch(job_id) as watch:
            submission = await self._thread.run(self._submit_if_workers_live, request, job_id)
            await watch.wait(ends)
            snapshot = await self._read_once_over(self._jobs.read_and_erase, job_id, watch, ends)
        job, data = snapshot.job, snapshot.data
        if not job.status.over:
            raise WaitedTooLong(f"job {job_id} is not over after {wait_s:g} s: ask for it later by this id")
        if job.failure:
            raise JobFailed.of(job.failure)
        if job.status is not JobStatus.SUCCEEDED or data is None or data.result is None:
            raise JobFailed.because(job.status)
        return FinishedRun(submission, job.spec, data)

    def _submit(self, request: UnparsedRequest, job_id: str) -> Job:
        return self._jobs.submit(self._factory.check_and_make_job(request.parse(self._factory), job_id))

    def _submit_if_workers_live(self, request: UnparsedRequest, job_id: str) -> Submission:
        submission = request.parse(self._factory)
        job = self._factory.check_and_make_job(submission, job_id)
        self._jobs.admission.require_workers(job.spec)
        self._jobs.submit(job)
        return submission

    async def _read_once_over(
        self, read: Callable[[str], JobSnapshot], job_id: str, watch: Watch, ends: float
    ) -> JobSnapshot:
        while True:
            snapshot = await asyncio.to_thread(read, job_id)
            if snapshot.job.status.over or monotonic() >= ends:
                return snapshot
            await watch.wait(ends)
