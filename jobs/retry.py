"""Submits a job again that failed or was canceled, if the store still has its photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from jobs.errors import JobFailed, NotRetryable, PhotoGone
from jobs.factory import PLACEHOLDER, JobFactory, Submission
from jobs.idempotency import RequestKey, fingerprint_of
from jobs.job import Job, JobData, JobStatus, Priority, RunOptions
from jobs.pair_submission import PairSide, PairSubmission
from jobs.service import JobService, require_single
from pipelines.dialects import DIALECTS
from pipelines.pair import SIDES

AGAIN = (JobStatus.FAILED, JobStatus.CANCELED)


def is_retryable(job: Job) -> bool:
    """Whether a job can be submitted again, by what was asked: its photo may still have been lost."""
    spec = job.spec
    kept = spec.include_image or not spec.images
    # The templates of a pair are not kept.
    whole = spec.pair is None or spec.images == len(SIDES)
    return job.status in AGAIN and spec.group is None and kept and whole


@dataclass(frozen=True, slots=True)
class RetriedJob:
    """A job that is submitted again: an `UnparsedRequest`.

    Attributes:
        images: encoded, all that came with the job.
        idempotency_key: of the request for the retry.
    """

    job: Job
    data: JobData
    images: Sequence[bytes]
    idempotency_key: str | None = None

    @classmethod
    def read(cls, jobs: JobService, job_id: str, idempotency_key: str | None = None) -> Self:
        """A job as the store has it.

        Args:
            jobs: that the caller sees.
            job_id: of the job.
            idempotency_key: of the request for the retry.

        Raises:
            JobUnknown: there is no such job.
            PartOfBatch: it belongs to a batch.
            NotRetryable: it did not fail, and was not canceled.
            JobFailed: it was erased or has expired.
            PhotoGone: the store does not have its photo any more, or a template that came with it.
        """
        job = jobs.find(job_id)
        require_single(job)
        if job.status is JobStatus.EXPIRED:
            raise JobFailed.because(job.status)
        if job.status not in AGAIN:
            raise NotRetryable(
                f"the job is {job.status}: only a job that failed or was canceled can be submitted again"
            )
        data = jobs.store.data(job_id)
        if data is None:
            raise JobFailed.because(JobStatus.EXPIRED)
        if job.spec.pair and job.spec.images < len(SIDES):
            raise PhotoGone("the templates that came with the job were deleted when it ended: send them again")
        images = [image for image in map(jobs.store.image, job.spec.blobs) if image is not None]
        if len(images) < job.spec.images:
            raise PhotoGone(
                "the photo was deleted when the job ended: send it again. Jobs with `include_image` keep theirs"
            )
        return cls(job, data, images, idempotency_key)

    @property
    def light(self) -> bool:
        """See `UnparsedRequest.light`: its sample may be large."""
        return False

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`. The submission is checked as any other: limits may have changed."""
        spec, options = self.job.spec, self._options()
        key = self.idempotency_key
        request_key = None if key is None else RequestKey(key, fingerprint_of(b"retry", spec.id.encode()))
        if spec.pair:
            sides = [PairSide(image=image) for image in self.images]
            return PairSubmission.of(sides, spec.pair, options, request_key)
        body: dict[str, Any] = dict(self.data.sent_samples[0])
        if spec.plan.added_services:
            body["objects"] = PLACEHOLDER
        asked = spec.plan.services[spec.plan.added_services :]
        image = next(iter(self.images), None)
        return Submission(asked, body, DIALECTS[spec.dialect], options, image, key=request_key)

    def _options(self) -> RunOptions:
        spec = self.job.spec
        return RunOptions(
            spec.ttl_s,
            spec.age_format,
            spec.on_error,
            spec.include_image,
            # The last one depends on how many jobs of the owner wait: it is decided anew.
            Priority.NORMAL if spec.priority is Priority.LAST else spec.priority,
            self.data.metadata,
            deadline_s=spec.deadline_s,
            max_faces=spec.max_faces,
            retry_of=spec.id,
        )
