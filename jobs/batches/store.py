"""What keeps batches, whatever it is made of."""

from typing import Protocol

from jobs.batches.batch import Batch, BatchSpec, Refusal
from jobs.idempotency import IdempotencyKeys
from jobs.job import Place


class BatchStore(Protocol):
    """Keeps batches. Thread-safe. Methods raise `StorageError` where the store does not answer.

    A batch takes something in until it is sealed, canceled or erased, or its intake was silent for too long; the
    methods of the intake give whether it did.
    """

    @property
    def claims(self) -> IdempotencyKeys:
        """The idempotency keys of its batches."""

    def create(self, spec: BatchSpec) -> int:
        """Keep a new batch; gives how many are open, it included."""

    def touch(self, spec: BatchSpec, now: float) -> bool:
        """Note that the intake is alive."""

    def add(self, spec: BatchSpec, job_id: str, samples: int, now: float) -> bool:
        """Note a job that is about to be made of the next samples."""

    def refuse(self, spec: BatchSpec, refusal: Refusal, now: float) -> bool:
        """Note a request that no job is made of."""

    def seal(self, spec: BatchSpec, now: float) -> bool:
        """Note that all of it is in."""

    def cancel(self, batch_id: str, now: float) -> None:
        """Note that it is to end, and take nothing more in."""

    def find(self, batch_id: str) -> Batch | None:
        """The batch with the states of its jobs; None if there never was one, or its tombstone is gone too."""

    def refusals(self, batch_id: str, start: int, limit: int) -> list[Refusal]:
        """Some of its refusals, in their order; fewer than `limit` at the end, none once they have expired."""

    def erase(self, spec: BatchSpec, *, tombstone: bool) -> None:
        """Delete all but the jobs, its claim too; a tombstone tells the batch from one that never was."""

    def recent(self, limit: int, after: Place | None) -> tuple[list[str], Place | None]:
        """The ids of batches that follow a place in the list, the latest first, and the place to go on from."""

    def open(self) -> list[str]:
        """The ids of batches that nobody has closed."""

    def close(self, batch_id: str) -> None:
        """Count a batch as open no longer."""
