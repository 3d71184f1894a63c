"""The store of batches, as a protocol; `jobs/redis/batches.py` implements it."""

from typing import Protocol

from jobs.batches.batch import Batch, BatchSpec, Refusal
from jobs.cursor import Cursor
from jobs.idempotency import IdempotencyKeys
from jobs.webhooks.webhook import Webhook


class BatchStore(Protocol):
    """Keeps batches. Thread-safe. Methods raise `StorageError` if the store does not answer.

    A batch takes jobs and refusals in until it is sealed, canceled or erased, or until its intake reported no progress
    for too long. The methods of the intake return False if the batch takes nothing in any more.
    """

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The idempotency keys of its batches."""

    def now(self) -> float:
        """The time of the store, in seconds since the epoch: the clocks of machines may differ. Raises nothing."""

    def create(self, spec: BatchSpec, webhook: Webhook | None = None) -> int:
        """Keep a new batch, and its webhook; gives how many batches are open, including this one."""

    def touch(self, spec: BatchSpec, now: float) -> bool:
        """Record that the intake makes progress."""

    def add_job(self, spec: BatchSpec, job_id: str, requests: int, now: float) -> bool:
        """Record a job that is about to be submitted, and how many requests it has."""

    def add_refusal(self, spec: BatchSpec, refusal: Refusal, now: float) -> bool:
        """Record a request that no job is made of."""

    def seal(self, spec: BatchSpec, now: float, body_digest: str = "") -> bool:
        """Record that all requests are in, and the digest of the body that they came in."""

    def cancel(self, batch_id: str, now: float) -> None:
        """Record that the batch is to end. It takes nothing in any more."""

    def find(self, batch_id: str) -> Batch | None:
        """The batch with its jobs; None if there never was one, or its tombstone is gone too.

        Raises:
            RecordUnreadable: its record cannot be read. A job whose record cannot be read is as one that is erased.
        """

    def refusals(self, batch_id: str, start: int, limit: int) -> list[Refusal]:
        """Refusals in the order in which they came; fewer than `limit` at the end, none once they are deleted."""

    def erase(self, spec: BatchSpec, *, tombstone: bool) -> None:
        """Delete a batch without its jobs, and unbind its idempotency key.

        Args:
            spec: of the batch.
            tombstone: keep a record for a while that says that the batch was erased.
        """

    def job_ids(self, batch_id: str) -> list[str]:
        """The ids of its jobs, also if the record of the batch cannot be read."""

    def lists(self, batch_id: str, owner: str) -> bool:
        """Whether the batches of an owner have this one among them, also if its record cannot be read."""

    def erase_unreadable(self, batch_id: str, owner: str | None = None) -> None:
        """Delete a batch whose record cannot be read, without its jobs. No tombstone stays.

        Args:
            batch_id: of the batch.
            owner: in whose list it is, if that is known.
        """

    def recent(self, limit: int, after: Cursor | None, owner: str | None = None) -> tuple[list[str], Cursor | None]:
        """The ids of batches in the order of their creation, the latest first, and the cursor of the next page.

        Without an owner, the batches of all owners.
        """

    def open(self) -> list[str]:
        """The ids of batches that were not closed."""

    def close(self, batch_id: str) -> None:
        """Do not count a batch as open any more."""
