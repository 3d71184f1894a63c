"""What is done to batches as a whole: they are opened, found, canceled, erased, and the abandoned are cleared away."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import time

from config.errors import FacelineError
from config.settings import BatchSettings
from jobs.batches.batch import Batch, BatchSpec, BatchStatus, Part
from jobs.batches.store import BatchStore
from jobs.errors import Overloaded, StillComingIn
from jobs.idempotency import bind
from jobs.job import new_job_id
from jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of a deployment. Methods raise `StorageError` where a store does not answer."""

    store: BatchStore
    jobs: JobStore
    settings: BatchSettings

    def open(
        self, ttl_s: int, caller: str = "", claim: str | None = None, fingerprint: str = ""
    ) -> tuple[BatchSpec, str]:
        """Begin a batch, unless its caller sent it before.

        Args:
            ttl_s: see `BatchSpec`.
            caller: see `BatchSpec`.
            claim: see `BatchSpec`.
            fingerprint: of the request that the claim stands for.

        Returns:
            The batch, and the id of the one that stands for the request: its own, or that of an earlier one.

        Raises:
            IdempotencyConflict: the claim stands for another request.
            StillComingIn: the claim stands for a batch that may come to nothing yet.
            Overloaded: too many are open, or too many of the caller.
        """
        self.sweep()
        spec = BatchSpec(
            id=new_job_id(),
            created_at=time(),
            ttl_s=ttl_s,
            silence_s=self.settings.silence_s,
            deadline_s=self.settings.deadline_s,
            caller=caller,
            claim=claim,
        )
        # Counted with itself, so that of several that begin together none passes unseen.
        opened = self.store.create(spec)
        try:
            bound_id = bind(self.store.claims, spec, fingerprint, self._stands)
            if bound_id == spec.id:
                self._require_place(spec, opened)
                return spec, bound_id
        except FacelineError:
            self.store.erase(spec, tombstone=False)
            raise
        self.store.erase(spec, tombstone=False)
        return spec, bound_id

    def find(self, batch_id: str) -> Batch | None:
        """The batch; None if there is none.

        Nothing is left of the samples of a batch that has failed, and nothing more is done for one whose time is up.
        """
        batch, now = self.store.find(batch_id), time()
        if batch is None:
            return None
        late = [part for part in batch.parts if not part.status.over and batch.late(part, now)]
        abandoned = batch.status(now) is BatchStatus.FAILED and any(part.job for part in batch.parts)
        if not late and not abandoned:
            return batch
        if abandoned:
            self._erase_jobs(batch)
        self._cancel_jobs(late)
        return self.store.find(batch_id)

    def sweep(self) -> None:
        """Look whether open batches are over."""
        for batch_id in self.store.open():
            batch = self.find(batch_id)
            if batch is None or batch.status(time()).over:
                self.store.close(batch_id)

    def cancel(self, batch_id: str) -> Batch | None:
        """End a batch: what is done stays. One that is over stays as it is.

        Returns:
            The batch as it stands then; None if there is none.
        """
        batch = self.find(batch_id)
        if batch is None or (batch.status(time()).over and batch.canceled_at is None):
            return batch
        self.store.cancel(batch_id, time())
        closed = self.store.find(batch_id)  # a job may have come in meanwhile; now none can any more
        self._cancel_jobs(closed.parts if closed else ())
        return self.store.find(batch_id)

    def erase(self, spec: BatchSpec, *, tombstone: bool) -> None:
        """Delete a batch with all its jobs."""
        # First it takes no more in; the record goes last, so that whoever is interrupted here can begin again.
        self.store.cancel(spec.id, time())
        if batch := self.store.find(spec.id):
            self._erase_jobs(batch)
        self.store.erase(spec, tombstone=tombstone)

    def _cancel_jobs(self, parts: Iterable[Part]) -> None:
        for part in parts:
            if not part.status.over:
                self.jobs.cancel(part.job_id, time())

    def _stands(self, batch_id: str) -> bool:
        batch, now = self.find(batch_id), time()
        if batch is None or batch.gone(now):
            return False
        status = batch.status(now)
        if status is BatchStatus.VALIDATING:
            raise StillComingIn("a batch with this Idempotency-Key is still coming in: come back soon")
        return status is not BatchStatus.FAILED

    def _require_place(self, spec: BatchSpec, opened: int) -> None:
        if opened > self.settings.open_at_once:
            raise Overloaded("too many batches are open: come back when one is over")
        if spec.caller and self._open_of(spec.caller) > self.settings.open_per_key:
            raise Overloaded("too many of your batches are open: come back when one is over")

    def _open_of(self, caller: str) -> int:
        found = (self.store.find(batch_id) for batch_id in self.store.open())
        return sum(batch is not None and batch.spec.caller == caller for batch in found)

    def _erase_jobs(self, batch: Batch) -> None:
        for part in batch.parts:
            if part.job is not None:
                self.jobs.erase(part.job.spec, tombstone=False)
