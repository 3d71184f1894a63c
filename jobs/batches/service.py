"""`BatchService`: opens, finds, cancels, erases and lists batches, and closes batches that are over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from logging import getLogger
from math import ceil
from typing import Self

from config.errors import FacelineError
from config.settings import BatchSettings
from jobs.batches.batch import Batch, BatchJob, BatchSpec, BatchStatus
from jobs.batches.rows import BatchRow, RequestResult, error_rows, request_results, result_rows
from jobs.batches.store import BatchStore
from jobs.cursor import Cursor
from jobs.errors import BatchUnknown, JobFailed, Overloaded, RecordUnreadable, StillComingIn
from jobs.idempotency import Binding, RequestKey, bind_key, require_same
from jobs.job import JobStatus, new_job_id
from jobs.store import JobStore
from jobs.viewer import EVERYTHING, Viewer
from jobs.webhooks.webhook import Webhook

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchService:
    """The batches of a deployment. Methods raise `StorageError` if a store does not answer.

    Attributes:
        store: keeps the batches.
        jobs: keeps their jobs.
        store_share: how full the stores are, in [0, 1].
        viewer: whose batches `find`, `recent`, `cancel` and `erase` find.
    """

    store: BatchStore
    jobs: JobStore
    settings: BatchSettings
    store_share: Callable[[], float]
    viewer: Viewer = EVERYTHING

    def seen_by(self, viewer: Viewer) -> Self:
        """The same batches as a caller sees them."""
        return replace(self, viewer=viewer)

    def now(self) -> float:
        """See `BatchStore.now`."""
        return self.store.now()

    def open(
        self,
        ttl_s: int,
        caller: str = "",
        key: RequestKey | None = None,
        owner: str | None = None,
        webhook: Webhook | None = None,
    ) -> tuple[BatchSpec, str]:
        """Begin a batch, unless an earlier batch has its idempotency key.

        Args:
            ttl_s: see `BatchSpec`.
            caller: see `BatchSpec`.
            owner: see `BatchSpec`.
            key: the idempotency key of the request.
            webhook: that the caller asked for.

        Returns:
            The batch, and the id that answers the request: that of the batch, or of the earlier one with its key.

        Raises:
            IdempotencyConflict: an earlier, different request had the key.
            StillComingIn: the earlier batch is still being received, and may fail yet.
            Overloaded: too many batches are open, or too many of the caller.
        """
        self.sweep()
        spec = BatchSpec(
            id=new_job_id(),
            created_at=self.now(),
            ttl_s=ttl_s,
            silence_s=self.settings.silence_s,
            deadline_s=self.settings.deadline_s,
            caller=caller,
            idempotency_key=key.key if key else None,
            owner=owner,
            webhook=webhook is not None,
        )
        # Counted with this batch: if several begin at the same time, each counts the others.
        opened = self.store.create(spec, webhook)
        fingerprint = key.fingerprint if key else ""
        keys = self.store.idempotency_keys

        def bind() -> Binding:
            return keys.bind(key.key, fingerprint, spec.id, spec.deadline_s + ttl_s) if key else Binding(spec.id)

        try:
            bound = bind_key(keys, spec, fingerprint, self._has_results, bind)
            if bound.id == spec.id:
                self._require_slot(spec, opened)
                return spec, spec.id
        except FacelineError:
            self.store.erase(spec, tombstone=False)
            raise
        self.store.erase(spec, tombstone=False)
        return spec, bound.id

    def require_room(self) -> None:
        """Check that the store has room for batches.

        Raises:
            Overloaded: the memory that is left is for single jobs.
        """
        if self.store_share() >= self.settings.store_share:
            raise Overloaded("the deployment is busy: send the batch again in some seconds")

    def refresh(self, batch_id: str) -> Batch | None:
        """The batch, up to date; None if there is none.

        Erases the jobs of a batch that has failed, and cancels those of a batch past its deadline. The idempotency key
        of a batch that is over is deleted together with its last result.

        Raises:
            RecordUnreadable: its record cannot be read.
        """
        batch, now = self.store.find(batch_id), self.now()
        if batch is None:
            return None
        late = [job for job in batch.jobs if not job.status.over and batch.late(job, now)]
        abandoned = batch.status(now) is BatchStatus.FAILED and any(batch_job.job for batch_job in batch.jobs)
        if not late and not abandoned:
            self._expire_key(batch, now)
            return batch
        if abandoned:
            self._erase_jobs(batch)
        self._cancel_jobs(late)
        return self.store.find(batch_id)

    def find(self, batch_id: str) -> Batch:
        """A batch that was not erased; see `refresh`.

        Raises:
            BatchUnknown: there is no such batch.
            JobFailed: it was erased.
        """
        owner = self.viewer.owner
        try:
            batch = self.refresh(batch_id)
            seen = batch is not None and self.viewer.sees(batch.spec.owner)
        except RecordUnreadable:
            if owner is None or self.store.lists(batch_id, owner):
                raise
            batch, seen = None, False  # it may belong to another owner
        if batch is None or not seen:
            raise BatchUnknown(f"there is no batch {batch_id}: check the id; batches are deleted after their TTL")
        if batch.erased:
            raise JobFailed.because(JobStatus.ERASED, "batch")
        return batch

    def repeated(self, batch_id: str, body_digest: str) -> Batch:
        """The batch that answers a repeated request: an earlier request with the same idempotency key made it.

        Raises:
            IdempotencyConflict: the earlier request had another body.
            FacelineError: as `get` does.
        """
        batch = self.find(batch_id)
        if batch.body_digest:
            require_same(batch.body_digest, body_digest)
        return batch

    def recent(self, limit: int, after: Cursor | None) -> tuple[list[Batch], Cursor | None]:
        """Batches in the order of their creation, the latest first, and the cursor of the next page; None at the end.

        A page may have fewer than `limit` batches before the end.
        """
        listed, last = self.store.recent(limit, after, self.viewer.owner)
        return [batch for batch_id in listed if (batch := self._readable(batch_id, self.refresh))], last

    def results(self, batch: Batch) -> Iterator[RequestResult]:
        """The results so far; see `request_results`."""
        return request_results(batch, self.jobs)

    def result_rows(self, batch: Batch) -> Iterator[BatchRow]:
        """The results so far as rows of JSON; see `jobs.batches.rows.result_rows`."""
        return result_rows(batch, self.jobs)

    def error_rows(self, batch: Batch) -> Iterator[BatchRow]:
        """The errors so far; see `jobs.batches.rows.error_rows`."""
        return error_rows(batch, self.jobs, self.store)

    def sweep(self) -> None:
        """Close the open batches that are over."""
        for batch_id in self.store.open():
            try:
                batch = self.refresh(batch_id)
            except RecordUnreadable:
                continue  # another version of Faceline may read it; the store deletes it in the end
            if batch is None or batch.status(self.now()).over:
                self.store.close(batch_id)

    def cancel(self, batch_id: str) -> Batch:
        """End a batch; results that are there stay. A batch that is over does not change.

        Raises:
            BatchUnknown: there is no such batch.
            JobFailed: it was erased, before or meanwhile.
        """
        batch = self.find(batch_id)
        if not batch.status(self.now()).over or batch.canceled_at is not None:
            self.store.cancel(batch_id, self.now())
            # Read again: a job may have been added before the batch was closed.
            closed = self.store.find(batch_id)
            self._cancel_jobs(closed.jobs if closed else ())
        return self.find(batch_id)

    def erase(self, batch_id: str) -> None:
        """End a batch and delete it with all its jobs.

        Raises:
            BatchUnknown: there is no such batch.
            JobFailed: it was erased before.
        """
        try:
            spec = self.find(batch_id).spec
        except RecordUnreadable:
            self._erase_unreadable(batch_id, self.viewer.owner)
        else:
            self.discard(spec, tombstone=True)

    def erase_listed(self, batch_id: str, owner: str | None) -> None:
        """End and delete a batch of the list of an owner, with all its jobs; no tombstone stays.

        Args:
            batch_id: of the batch, which may be gone or erased.
            owner: None for the list of all batches.
        """
        try:
            batch = self.store.find(batch_id)
        except RecordUnreadable:
            batch = None
        if batch is None:
            self._erase_unreadable(batch_id, owner)
        else:
            self.discard(batch.spec)

    def discard(self, spec: BatchSpec, *, tombstone: bool = False) -> None:
        """Delete a batch with all its jobs; see `BatchStore.erase`."""
        # The batch is closed first and its record is deleted last, so an erasure that was interrupted can be repeated.
        self.store.cancel(spec.id, self.now())
        if batch := self.store.find(spec.id):
            self._erase_jobs(batch)
        self.store.erase(spec, tombstone=tombstone)

    def _erase_unreadable(self, batch_id: str, owner: str | None) -> None:
        for job_id in self.store.job_ids(batch_id):
            self.jobs.erase_unreadable(job_id, owner)
        self.store.erase_unreadable(batch_id, owner)

    def _readable(self, batch_id: str, find: Callable[[str], Batch | None]) -> Batch | None:
        """A batch; None, with a line in the log, if its record cannot be read."""
        try:
            return find(batch_id)
        except RecordUnreadable:
            log.warning("batch left out: its record cannot be read", extra={"batch": batch_id})
            return None

    def _expire_key(self, batch: Batch, now: float) -> None:
        key, expires_at = batch.spec.idempotency_key, batch.last_expires_at
        if key is not None and expires_at is not None and batch.status(now).over:
            self.store.idempotency_keys.expire(key, batch.spec.id, max(0, ceil(expires_at - now)))

    def _cancel_jobs(self, jobs: Iterable[BatchJob]) -> None:
        for job in jobs:
            if not job.status.over:
                self.jobs.cancel(job.job_id, self.jobs.now())

    def _erase_jobs(self, batch: Batch) -> None:
        for batch_job in batch.jobs:
            if batch_job.job is not None:
                self.jobs.erase(batch_job.job.spec, tombstone=False)
            else:
                self.jobs.erase_unreadable(batch_job.job_id, batch.spec.owner)

    def _has_results(self, batch_id: str) -> bool:
        """Whether an idempotency key still returns this batch: it has not failed, and its data are not deleted."""
        batch, now = self.refresh(batch_id), self.now()
        if batch is None or batch.results_deleted(now):
            return False
        status = batch.status(now)
        if status is BatchStatus.VALIDATING:
            raise StillComingIn("the batch of this Idempotency-Key is not complete yet: send it again in some seconds")
        return status is not BatchStatus.FAILED

    def _require_slot(self, spec: BatchSpec, opened: int) -> None:
        if opened > self.settings.open_at_once:
            raise Overloaded("too many batches are open: send this one when another is over")
        if spec.caller and self._open_of(spec.caller) > self.settings.open_per_key:
            raise Overloaded("too many of your batches are open: send this one when another is over")

    def _open_of(self, caller: str) -> int:
        found = (self._readable(batch_id, self.store.find) for batch_id in self.store.open())
        return sum(batch is not None and batch.spec.caller == caller for batch in found)
