"""From the requests of a batch to jobs: neighbours that want the same travel together."""

from dataclasses import replace
from math import ceil
from time import time

from jobs.batches.batch import BatchSpec
from jobs.factory import Checked, JobFactory, Submission
from jobs.job import NewJob

IMAGE_BYTES = 32 * 2**20
"""Of the images of one job, as long as it has more than one: they are written in one go."""


class Gatherer:
    """Gathers the samples of a batch into jobs. For one thread at a time.

    A job has the time that is left to its batch. Its metadata name each sample's custom id and line: so they go when
    the job's data go.

    Args:
        intake: checks the samples.
        batch: that they belong to.
        size: how many samples a job has at most.
    """

    def __init__(self, intake: JobFactory, batch: BatchSpec, size: int) -> None:
        self._intake = intake
        self._batch = batch
        self._size = size
        self._held: list[tuple[Checked, Submission, str, int]] = []
        self._bytes = 0

    def add(self, submission: Submission, custom_id: str, line: int) -> NewJob | None:
        """Check the next sample; gives a job of those before it, if they are enough or it does not go with them.

        Raises:
            InvalidRequest: something is wrong with it; those before it are held on.
        """
        checked = self._intake.check(submission)
        size = len(checked.image or b"")
        full = len(self._held) == self._size or self._bytes + size > IMAGE_BYTES
        job = self.flush() if full or not self._fits(checked, submission) else None
        self._held.append((checked, submission, custom_id, line))
        self._bytes += size
        return job

    def flush(self) -> NewJob | None:
        """A job of those that are held; None if there are none."""
        if not self._held:
            return None
        samples, submissions, custom_ids, lines = zip(*self._held, strict=True)
        self._held, self._bytes = [], 0
        options = replace(submissions[0].options, metadata={"custom_ids": custom_ids, "lines": lines})
        job = self._intake.gather(samples, submissions[0].dialect, options)
        left_s = max(1, ceil(self._batch.ends_at - time()))
        return replace(job, spec=job.spec.model_copy(update={"batch": self._batch.id, "deadline_s": left_s}))

    def _fits(self, checked: Checked, submission: Submission) -> bool:
        if not self._held:
            return True
        neighbour, other, *_ = self._held[-1]
        wanted = (checked.plan, submission.dialect, submission.options)
        return wanted == (neighbour.plan, other.dialect, other.options)
