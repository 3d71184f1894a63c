"""What callers do with jobs: submit, find, read, cancel, erase, list."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from jobs.admission import Admission, OpenAdmission
from jobs.allowance import Allowance, OpenAllowance
from jobs.answer import JobSnapshot
from jobs.cursor import Cursor
from jobs.errors import JobFailed, JobUnknown, NotOver, PartOfBatch, PhotoGone, RecordUnreadable, StorageError
from jobs.idempotency import bind_key
from jobs.job import Job, JobData, JobSpec, JobStatus, NewJob
from jobs.store import JobStore
from jobs.terms import Created, Terms
from jobs.viewer import EVERYTHING, Viewer
from metrics import api as metrics
from pipelines.sample import Sample

_Find = Callable[[], tuple[Job | None, JobData | None]]
"""Looks for a job, and perhaps for its data."""


class Sender(Protocol):
    """Sends jobs to the workers; `broker/chain.py` implements it."""

    def send(self, spec: JobSpec) -> None:
        """Send the messages of a job.

        Raises:
            StorageError: the broker did not take them.
        """


@dataclass(frozen=True, slots=True)
class AnnotatedPhoto:
    """A photo, and what was found on it.

    Attributes:
        image: encoded.
    """

    image: bytes
    sample: Sample


@dataclass(frozen=True, slots=True)
class JobService:
    """The jobs of a deployment. Methods raise `StorageError` if the store does not answer.

    Attributes:
        store: keeps the jobs.
        sender: sends jobs to the workers.
        admission: decides whether there is room for a job.
        allowance: decides whether its owner may submit it.
        viewer: whose jobs the methods find.
    """

    store: JobStore
    sender: Sender
    admission: Admission = field(default_factory=OpenAdmission)
    allowance: Allowance = field(default_factory=OpenAllowance)
    viewer: Viewer = EVERYTHING

    def seen_by(self, viewer: Viewer) -> Self:
        """The same jobs as a caller sees them."""
        return replace(self, viewer=viewer)

    def submit(self, job: NewJob, *, waited_for: bool = False, confirms: bool = True) -> Job:
        """Create a job and send it, unless an earlier job has its idempotency key; see `Allowance.create`.

        An earlier job that may not have been sent, since its process ended or a server did not answer, is sent again.
        So its caller gets no answer before the store knows that the job was sent; until then, the reaper may delete it.

        Args:
            job: the job.
            waited_for: see `Allowance.create`.
            confirms: whether the store is told at once that the job was sent. Otherwise `confirm` has to be called
                before the caller gets an answer, unless the job is over by then.

        Returns:
            The job, queued; or the earlier job with its key.

        Raises:
            Overloaded: there is no room for it, or its owner has used up its allowance.
            IdempotencyConflict: an earlier, different request had the key.
            JobUnknown: the earlier job disappeared meanwhile.
            JobFailed: the earlier job was erased meanwhile.
            StorageError: the store or the broker did not answer. The job is deleted, here or by the reaper, or a
                repeated request with its key finds it.
        """
        created, bound = self.allowance.create(job, self._create, waited_for=waited_for)
        spec = created.spec
        if bound.id == spec.id:
            try:
                self._send(spec, confirms=confirms)
            except StorageError:
                self._undo(spec)
                self.allowance.give_back(created)
                raise
            return Job.queued(spec)
        earlier = self.find(bound.id)
        if not (earlier.sent or earlier.status.over):
            # It may be on its way all the same: a stage whose message comes twice runs once.
            self._send(earlier.spec)
        return earlier

    def confirm(self, spec: JobSpec) -> None:
        """Note that a job was sent.

        Raises:
            StorageError: the store did not answer, or the job was deleted before it was known to be sent.
        """
        if not self.store.confirm_sent(spec.id):
            raise StorageError("the job was deleted before it was known to be sent: send the request again")

    def find(self, job_id: str) -> Job:
        """A job.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased.
            RecordUnreadable: its record cannot be read.
        """
        job, _ = self._seen(job_id, lambda: (self.store.find(job_id), None))
        _require_kept(job)
        return job

    def read(self, job_id: str) -> JobSnapshot:
        """A job with its data, if it does not belong to a batch.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased.
        """
        job, data = self._find_with_data(job_id)
        _require_kept(job)
        if job.status is JobStatus.EXPIRED or job.spec.group is not None:
            return JobSnapshot(job)
        return JobSnapshot.of(job, data, self.store)

    def annotated(self, job_id: str, index: int = 0) -> AnnotatedPhoto:
        """The photo of a job with what was found on it.

        Args:
            job_id: of the job.
            index: of the item, where the job has two.

        Raises:
            JobUnknown: there is no such job.
            NotOver: the job is not over.
            JobFailed: the job has no result, was erased, or its result has expired.
            PhotoGone: the job was not asked to keep its photo, or had none.
            PartOfBatch: it belongs to a batch.
        """
        job = self.find(job_id)
        require_single(job)
        if not job.status.over:
            raise NotOver(f"the job is {job.status}: ask for the picture when it is over")
        data = self.store.data(job_id) if job.status is JobStatus.SUCCEEDED else None
        if job.failure:
            raise JobFailed.of(job.failure)
        if data is None or data.result is None:
            raise JobFailed.because(JobStatus.EXPIRED if job.status is JobStatus.SUCCEEDED else job.status)
        if index >= len(data.result.items):
            raise PhotoGone("the job had one photo only")
        item = data.result.items[index]
        if item.blob is None:
            raise PhotoGone("no photo came with the job")
        image = self.store.image(item.blob)
        if image is None:
            raise PhotoGone("the photo is not kept: submit the job with `include_image` to get its picture")
        return AnnotatedPhoto(image, item.sample)

    def take(self, spec: JobSpec) -> JobSnapshot:
        """A job without an idempotency key, with its data. Erases the job if it is over.

        Raises:
            StorageError: the store does not have it any more, or did not answer.
        """
        job, data = self.store.take(spec)
        if job is None:
            # Perhaps it was taken, and the answer of the store got lost.
            raise StorageError("the store does not have the job any more")
        return JobSnapshot(job, data)

    def abandon(self, job_id: str) -> None:
        """End a job that no caller waits for any more at its next stage; erase it if it is over."""
        job = self.store.find(job_id)
        if job is not None and job.status.over:
            self.store.erase(job.spec, tombstone=False)
        else:
            self.store.cancel(job_id, self.store.now())

    def cancel(self, job_id: str) -> Job:
        """End a job at its next stage; a job that is over does not change.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased.
            PartOfBatch: it belongs to a batch.
        """
        require_single(self.find(job_id))
        self.store.cancel(job_id, self.store.now())
        return self.find(job_id)

    def erase(self, job_id: str) -> None:
        """Cancel a job and delete its image, its intermediate results and its result.

        Raises:
            JobUnknown: there is no such job.
            JobFailed: it was erased before.
            PartOfBatch: it belongs to a batch.
        """
        try:
            job = self.find(job_id)
        except RecordUnreadable:
            self.store.erase_unreadable(job_id, self.viewer.owner)
            return
        require_single(job)
        self.store.erase(job.spec, tombstone=True)

    def recent(self, limit: int, after: Cursor | None) -> tuple[list[Job], Cursor | None]:
        """Jobs that were submitted alone, the latest first, and the cursor of the next page; see `JobStore.recent`."""
        return self.store.recent(limit, after, self.viewer.owner)

    def _create(self, job: NewJob, terms: Terms) -> Created:
        """Admit and create a job, unless another job has its idempotency key."""
        spec = job.spec
        self.admission.admit(spec)
        try:
            keys = self.store.idempotency_keys
            created = bind_key(keys, spec, job.fingerprint, self._has_result, lambda: self.store.create(job, terms))
        except StorageError:
            # It may have been created all the same.
            self._undo(spec)
            raise
        if created.id == spec.id:
            self.admission.count(spec)
            metrics.ADMISSIONS.labels(spec.priority.value).inc()
        return created

    def _send(self, spec: JobSpec, *, confirms: bool = True) -> None:
        self.sender.send(spec)
        if confirms:
            self.confirm(spec)

    def _undo(self, spec: JobSpec) -> None:
        if spec.idempotency_key is None:
            self.store.erase(spec, tombstone=False)
        else:
            # A repeated request may have found the job meanwhile, and sent it.
            self.store.withdraw(spec)

    def _find_with_data(self, job_id: str) -> tuple[Job, JobData | None]:
        return self._seen(job_id, lambda: self.store.find_with_data(job_id))

    def _seen(self, job_id: str, find: _Find) -> tuple[Job, JobData | None]:
        """What was found, if the viewer sees the job."""
        owner, data = self.viewer.owner, None
        try:
            job, data = find()
            seen = job is not None and self.viewer.sees(job.spec.owner)
        except RecordUnreadable:
            if owner is None or self.store.lists(job_id, owner):
                raise
            job, seen = None, False  # it may belong to another owner
        if job is None or not seen:
            raise JobUnknown(f"there is no job {job_id}: check the id; jobs are deleted after their TTL")
        return job, data

    def _has_result(self, job_id: str) -> bool:
        """Whether an idempotency key still returns this job: the job exists and its data are not deleted."""
        job = self.store.find(job_id)
        return job is not None and job.status not in (JobStatus.ERASED, JobStatus.EXPIRED)


def _require_kept(job: Job) -> None:
    if job.status is JobStatus.ERASED:
        raise JobFailed.because(job.status)


def require_single(job: Job) -> None:
    """Check that a job was submitted alone.

    Raises:
        PartOfBatch: it belongs to a batch.
    """
    if job.spec.group is not None:
        raise PartOfBatch(
            f"the job is a part of batch {job.spec.group.id}: fetch, cancel or erase the batch instead of the job"
        )
