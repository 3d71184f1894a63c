"""Jobs for an event loop: one thread submits them, and requests wait for their end without a thread each."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from logging import getLogger
from time import monotonic
from typing import Protocol

from config.logs import job_id as current_job
from jobs.answer import JobSnapshot
from jobs.callers import WaitingPlaces
from jobs.errors import CallerLeft, JobFailed, Overloaded, WaitedTooLong
from jobs.factory import JobFactory, Submission
from jobs.job import Job, JobData, JobSpec, JobStatus, NewJob, new_job_id
from jobs.service import JobService
from jobs.submission_thread import SubmissionThread
from jobs.viewer import EVERYTHING, Viewer
from jobs.waiting import WaitHub, Watch
from traces import spans

log = getLogger(__name__)

CONFIRM_AFTER_S = 0.5
"""The job of a caller who waits is confirmed after so long: if the API ends, another process knows that it was sent."""


class UnparsedRequest(Protocol):
    """A request for a job as it came in. Parsing takes processor time, so the event loop does not do it."""

    @property
    def light(self) -> bool:
        """Whether parsing and checking it takes little time."""

    def parse(self, factory: JobFactory) -> Submission:
        """The submission that the request makes.

        Raises:
            InvalidRequest: something is wrong with it.
        """


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
        callers: the places of synchronous callers.
        polls: the places of other requests that wait for a job.
    """

    def __init__(
        self,
        jobs: JobService,
        factory: JobFactory,
        hub: WaitHub,
        thread: SubmissionThread,
        callers: WaitingPlaces,
        polls: WaitingPlaces,
    ) -> None:
        self._jobs = jobs
        self._factory = factory
        self._hub = hub
        self._thread = thread
        self._callers = callers
        self._polls = polls

    async def submit(self, request: UnparsedRequest, wait_s: float = 0, owner: str | None = None) -> JobSnapshot:
        """Submit a job of an owner and wait for its end, at most `wait_s`; see `wait`.

        Returns:
            The job, or the earlier job with its idempotency key.

        Raises:
            InvalidRequest: something is wrong with the request.
            FacelineError: as `JobService.submit` and `JobService.read` do.
        """
        ends = monotonic() + wait_s
        waits = wait_s > 0 and not self._polls.full
        job_id = new_job_id()
        current_job.set(job_id)
        with self._hub.watch(job_id) as watch, self._polls.take() if waits else nullcontext():
            prepare = partial(self._prepare, request, job_id, owner)
            send = self._send_unconfirmed if waits else self._send
            with _submitting(job_id):
                _, job = await self._thread.prepare_and_send(request.light, prepare, send)
            if job.spec.id == job_id:
                if not waits:
                    return JobSnapshot(job)
                with _waiting():
                    # No first look at the store: the job was watched before it was sent.
                    await watch.wait(min(ends, monotonic() + CONFIRM_AFTER_S))
                    read = self._confirming(partial(self._jobs.read, job_id))
                    return await self._read_once_over(read, watch, ends)
        return await self.wait(job.spec.id, ends - monotonic())

    async def wait(self, job_id: str, wait_s: float, viewer: Viewer = EVERYTHING) -> JobSnapshot:
        """A job that a caller sees, once it is over, or as it is after `wait_s`.

        At once if too many requests wait already.

        Raises:
            FacelineError: as `JobService.read` does.
        """
        current_job.set(job_id)
        ends = monotonic() + (0 if self._polls.full else wait_s)
        with self._polls.take(), _waiting(), self._hub.watch(job_id) as watch:
            return await self._read_once_over(partial(self._jobs.seen_by(viewer).read, job_id), watch, ends)

    async def run_and_erase(
        self,
        request: UnparsedRequest,
        wait_s: float,
        left: Callable[[], Awaitable[None]],
        owner: str | None = None,
    ) -> FinishedRun:
        """Run a job of an owner while its caller waits, and erase it; cancel it if the caller leaves before its end.

        Args:
            request: for the job.
            wait_s: how long the caller waits at most.
            left: returns when the caller has left.
            owner: of the job.

        Raises:
            InvalidRequest: something is wrong with the request.
            JobFailed: the job has no result.
            NoWorker: a stage of the job has no live worker.
            WaitedTooLong: the job was not over after `wait_s`, and is canceled.
            CallerLeft: the caller left before the job was over, and the job is canceled.
            Overloaded: too many callers wait.
            FacelineError: as `JobService.submit` does.
        """
        if self._callers.full:
            raise Overloaded(f"{self._callers.most} callers wait already: send the request later")
        ends = monotonic() + wait_s
        job_id = new_job_id()
        current_job.set(job_id)
        with self._callers.take(), self._hub.watch(job_id) as watch:
            leaving = asyncio.ensure_future(left())
            leaving.add_done_callback(lambda _: watch.wake())
            prepare = partial(self._prepare_for_caller, request, job_id, leaving.done, owner)
            try:
                with _submitting(job_id):
                    send = partial(self._send_for_caller, watch)
                    submission, take, taken = await self._thread.prepare_and_send(request.light, prepare, send)
                with _waiting():
                    try:
                        await watch.wait(min(ends, monotonic() + CONFIRM_AFTER_S))
                        if taken.cancel():
                            snapshot = await self._read_once_over(self._confirming(take), watch, ends, leaving.done)
                        else:
                            snapshot = taken.result() if taken.done() else await asyncio.wrap_future(taken)
                    finally:
                        del taken  # its error would hold this call, and so the photo, until garbage is collected
            finally:
                leaving.cancel()
        job, data = snapshot.job, snapshot.data
        if not job.status.over:
            await asyncio.to_thread(self._jobs.abandon, job_id)
            log.info("job canceled: its caller does not wait any more", extra={"job": job_id})
            if leaving.done() and not leaving.cancelled():
                raise CallerLeft("the caller closed the connection")
            raise WaitedTooLong(
                f"job {job_id} was not over after {wait_s:g} s and is canceled: send the request again, "
                "or as a job, which is kept until it is over"
            )
        if job.failure:
            raise JobFailed.of(job.failure)
        if job.status is not JobStatus.SUCCEEDED or data is None or data.result is None:
            raise JobFailed.because(job.status)
        return FinishedRun(submission, job.spec, data)

    def _prepare_for_caller(
        self, request: UnparsedRequest, job_id: str, left: Callable[[], bool], owner: str | None
    ) -> tuple[Submission, NewJob]:
        if left():
            raise CallerLeft("the caller closed the connection")
        return self._prepare(request, job_id, owner)

    def _prepare(self, request: UnparsedRequest, job_id: str, owner: str | None) -> tuple[Submission, NewJob]:
        submission = request.parse(self._factory)
        return submission, self._factory.check_and_make_job(submission, job_id, owner)

    def _send(self, prepared: tuple[Submission, NewJob]) -> tuple[Submission, Job]:
        submission, job = prepared
        return submission, self._jobs.submit(job)

    def _send_unconfirmed(self, prepared: tuple[Submission, NewJob]) -> tuple[Submission, Job]:
        submission, job = prepared
        return submission, self._jobs.submit(job, confirms=False)

    def _send_for_caller(
        self, watch: Watch, prepared: tuple[Submission, NewJob]
    ) -> tuple[Submission, Callable[[], JobSnapshot], Future[JobSnapshot]]:
        """Sends a job if its stages have workers.

        Returns:
            The submission, what reads the job and erases it once it is over, and the result of that call by the thread
            that learns first that the job is over.
        """
        submission, job = prepared
        self._jobs.admission.require_workers(job.spec)
        take = partial(self._jobs.take, job.spec)
        taken = watch.when_over(job.spec.id, take)
        self._jobs.submit(job, waited_for=True, confirms=False)
        return submission, take, taken

    def _confirming(self, read: Callable[[], JobSnapshot]) -> Callable[[], JobSnapshot]:
        """Reads a job that was sent without `confirms`, and confirms it unless it is over.

        Most such jobs are over by then, which saves a command of the store.
        """

        def confirmed() -> JobSnapshot:
            snapshot = read()
            if not (snapshot.job.status.over or snapshot.job.sent):
                self._jobs.confirm(snapshot.job.spec)
            return snapshot

        return confirmed

    async def _read_once_over(
        self,
        read: Callable[[], JobSnapshot],
        watch: Watch,
        ends: float,
        left: Callable[[], bool] = lambda: False,
    ) -> JobSnapshot:
        """The job once it is over; as it is when the time is up or the caller has left."""
        while True:
            snapshot = await asyncio.to_thread(read)
            if snapshot.job.status.over or monotonic() >= ends or left():
                return snapshot
            await watch.wait(ends)


def _submitting(job_id: str) -> spans.Span:
    return spans.step("submit job", {"faceline.job.id": job_id}, "producer")


def _waiting() -> spans.Span:
    return spans.step("wait for job", {})
