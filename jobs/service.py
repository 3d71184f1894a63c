"""What callers do with jobs: submit, find, read, cancel, erase, list."""

from dataclasses import dataclass, field
from time import time
from typing import Protocol

from jobs.admission import Admission, OpenAdmission
from jobs.answer import JobSnapshot
from jobs.cursor import Cursor
from jobs.errors import JobFailed, JobUnknown, PartOfBatch
from jobs.idempotency import bind_or_undo
from jobs.job import Job, JobSpec, JobStatus, NewJob
from jobs.store import JobStore


class Sender(Protocol):
    """Sends jobs to the workers; `broker/chain.py` implements it."""

    def send(self, spec: JobSpec) -> None:
        """Send the messages of a job.

        Raises:
            StorageError: the broker did not take them.
        """


@dataclass(frozen=True, slots=True)
class JobService:
    """The jobs of a deployment. Methods raise `StorageError` if the store does not answer.

    Attributes:
        store: keeps the jobs.
        sender: sends jobs to the workers.
        admission: decides whether there is room for a job.
    """

    store: JobStore
    sender: Sender
    admission: Admission = field(default_factory=OpenAdmission)

    def submit(self, job: NewJob) -> Job:
        """Create a job, bind its idempotency key and send it.

        If any of this fails, or an earlier job has the key, the new job is erased.

        Returns:
            The job, queued; or the earlier job with its key.

        Raises:
            Overloaded: there is no room for it.
            IdempotencyConflict: an earlier, different request had the key.
            JobUnknown: the earlier job disappeared meanwhile.
            JobFailed: the earlier job was erased meanwhile.
            StorageError: the store or the broker did not answer. The job is erased, if the store answers again.
        """
        spec = job.spec
        self.admission.admit(spec)
        self.store.create(job)
        bound_id = bind_or_undo(self.store, spec, job.fingerprint, self._has_result, lambda: self.sender.send(spec))
        return Job.queued(spec) if bound_id == spec.id else self.find(bound_id)

    def find(self, job_id: str) -> Job:
        """A job.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased.
        """
        job = self._find(job_id)
        if job.status is JobStatus.ERASED:
            raise JobFailed.because(job.status)
        return job

    def read(self, job_id: str) -> JobSnapshot:
        """A job with its data, if it does not belong to a batch.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased.
        """
        job = self.find(job_id)
        spec = job.spec
        if job.status is JobStatus.EXPIRED or spec.group is not None:
            return JobSnapshot(job)
        echoes = job.status is JobStatus.SUCCEEDED and spec.include_image and spec.blobs
        return JobSnapshot(job, self.store.data(job_id), self.store.image(spec.blobs[0]) if echoes else None)

    def read_and_erase(self, job_id: str) -> JobSnapshot:
        """A job with its data. Erases the job if it is over.

        Raises:
            JobUnknown: there is no such job.
        """
        job = self._find(job_id)
        if not job.status.over:
            return JobSnapshot(job)
        data = self.store.data(job_id)
        self.store.erase(job.spec, tombstone=False)
        return JobSnapshot(job, data)

    def cancel(self, job_id: str) -> Job:
        """End a job at its next stage; a job that is over does not change.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased.
            PartOfBatch: it belongs to a batch.
        """
        require_single(self.find(job_id))
        self.store.cancel(job_id, time())
        return self.find(job_id)

    def erase(self, job_id: str) -> None:
        """Cancel a job and delete its image, its intermediate results and its result.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased before.
            PartOfBatch: it belongs to a batch.
        """
        job = self.find(job_id)
        require_single(job)
        self.store.erase(job.spec, tombstone=True)

    def recent(self, limit: int, after: Cursor | None) -> tuple[list[Job], Cursor | None]:
        """Jobs that were submitted alone, the latest first, and the cursor of the next page; see `JobStore.recent`."""
        return self.store.recent(limit, after)

    def _find(self, job_id: str) -> Job:
        job = self.store.find(job_id)
        if job is None:
            raise JobUnknown(f"there is no job {job_id}: check the id; jobs are deleted after their TTL")
        return job

    def _has_result(self, job_id: str) -> bool:
        """Whether an idempotency key still returns this job: the job exists and its data are not deleted."""
        job = self.store.find(job_id)
        return job is not None and job.status not in (JobStatus.ERASED, JobStatus.EXPIRED)


def require_single(job: Job) -> None:
    """Check that a job was submitted alone.

    Raises:
        PartOfBatch: it belongs to a batch.
    """
    if job.spec.group is not None:
        raise PartOfBatch(
            f"the job is a part of batch {job.spec.group.id}: fetch, cancel or erase the batch instead of the job"
        )
