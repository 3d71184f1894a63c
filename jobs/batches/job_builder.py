"""`JobBuilder`: makes jobs of the requests of a batch; neighbouring requests with the same options share a job."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from jobs.batches.batch import BatchSpec
from jobs.factory import CheckedSample, JobFactory, Submission
from jobs.job import JobGroup, NewJob, RequestPosition
from traces import spans

IMAGE_BYTES = 32 * 2**20
"""How many bytes the images of a job may have together, if it has more than one: they are stored in one command."""


@dataclass(frozen=True, slots=True)
class _Held:
    checked: CheckedSample
    submission: Submission
    position: RequestPosition


class JobBuilder:
    """Holds requests until they make a job. For one thread at a time.

    A job gets the time that is left to its batch.

    Args:
        factory: checks the requests and makes the jobs.
        batch: that the requests belong to.
        size: how many requests a job has at most.
        now: gives the time of the store.
    """

    def __init__(self, factory: JobFactory, batch: BatchSpec, size: int, now: Callable[[], float]) -> None:
        self._factory = factory
        self._batch = batch
        self._size = size
        self._now = now
        self._held: list[_Held] = []
        self._bytes = 0

    def add(self, submission: Submission, position: RequestPosition) -> NewJob | None:
        """Check the next request and hold it.

        Returns:
            A job of the requests that were held before, if they are enough or differ from this one.

        Raises:
            InvalidRequest: something is wrong with the request; those before it are still held.
        """
        checked = self._factory.check(submission)
        size = len(checked.image or b"")
        full = len(self._held) == self._size or self._bytes + size > IMAGE_BYTES
        job = self.flush() if full or not self._fits(checked, submission) else None
        self._held.append(_Held(checked, submission, position))
        self._bytes += size
        return job

    def flush(self) -> NewJob | None:
        """A job of the requests that are held; None if there are none."""
        if not self._held:
            return None
        held, self._held, self._bytes = self._held, [], 0
        submission = held[0].submission
        options = replace(
            submission.options,
            group=JobGroup(kind="batch", id=self._batch.id),
            deadline_s=max(1, ceil(self._batch.ends_at - self._now())),
        )
        samples, requests = [request.checked for request in held], [request.position for request in held]
        # Each job has a trace of its own: a batch can have thousands.
        with spans.own_trace("make job of batch", {"faceline.batch.id": self._batch.id}) as span:
            job = self._factory.make_job(
                samples, submission.dialect, options, requests=requests, owner=self._batch.owner
            )
            span.note({"faceline.job.id": job.spec.id})
        return job

    def _fits(self, checked: CheckedSample, submission: Submission) -> bool:
        if not self._held:
            return True
        last = self._held[-1]
        wanted = (checked.plan, submission.dialect, submission.options)
        return wanted == (last.checked.plan, last.submission.dialect, last.submission.options)
