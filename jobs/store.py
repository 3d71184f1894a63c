"""The store of jobs and their images, as a protocol; `jobs/redis/jobs.py` implements it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from jobs.cursor import Cursor
from jobs.idempotency import IdempotencyKeys
from jobs.job import Ending, Job, JobData, JobSpec, NewJob
from jobs.progress import Progress
from jobs.terms import NO_TERMS, Created, PhotoLimit, Terms
from pipelines.chunk import Chunk


class ClaimOutcome(StrEnum):
    """Whether a worker may run a stage."""

    GO = "go"
    DONE = "done"  # the stage ran before: the message came twice
    OVER = "over"  # the job is over, or the store does not have it
    CANCELED = "canceled"
    LATE = "late"  # the deadline of the job has passed
    HELD = "held"  # a live worker runs the stage: the message has to come again later
    ALONE = "alone"  # a worker died while it ran the stage: claim again when no other stage runs in the process
    POISONED = "poisoned"  # the stage began too often and did not end


@dataclass(frozen=True, slots=True)
class StageClaim:
    """The answer of the store to a worker that wants to run a stage.

    Attributes:
        spec: of the job; None if the job is over.
        chunk: the items as the stage before left them; only with `GO`.
        id: names this claim. A later claim of the stage makes it stale; then the store takes no result of it.
        alone: the items have to be tried one by one, each noted with `JobStore.try_item`.
        poisoned: the indices of items that killed their worker too often.
    """

    outcome: ClaimOutcome
    spec: JobSpec | None = None
    chunk: Chunk | None = None
    id: str = ""
    alone: bool = False
    poisoned: tuple[int, ...] = ()


class JobStore(Protocol):
    """Keeps jobs and their images. Thread-safe. Methods raise `StorageError` if the store does not answer."""

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The idempotency keys of its jobs."""

    def now(self) -> float:
        """The time of the store, in seconds since the epoch: the clocks of machines may differ. Raises nothing."""

    def create(self, job: NewJob, terms: Terms = NO_TERMS) -> Created:
        """Keep a new job, unless another job has its idempotency key. Its status is queued, and it is not sent.

        Returns:
            The new job, or the other one.

        Raises:
            TermsNotMet: a term does not hold.
        """

    def give_back(self, limits: Sequence[PhotoLimit], photos: int) -> None:
        """Put back what was taken from limits for a job that was created and not submitted after all."""

    def confirm_sent(self, job_id: str) -> bool:
        """Note that a job was sent to the workers; False if the store does not have it any more."""

    def withdraw(self, spec: JobSpec) -> None:
        """Delete a job and unbind its idempotency key, unless it is known that the job was sent."""

    def find(self, job_id: str) -> Job | None:
        """The job; None if there never was one, or its tombstone is gone too.

        Raises:
            RecordUnreadable: its record cannot be read.
        """

    def data(self, job_id: str) -> JobData | None:
        """The caller's data of a job; None once they are deleted."""

    def find_with_data(self, job_id: str) -> tuple[Job | None, JobData | None]:
        """What `find` and `data` return, in one call.

        Raises:
            RecordUnreadable: the record of the job cannot be read.
        """

    def take(self, spec: JobSpec) -> tuple[Job | None, JobData | None]:
        """What `find_with_data` returns; in the same step, a job that is over is erased without a tombstone.

        The job has no idempotency key. If the answer of the store is lost, so is the job: its caller sends it again.

        Raises:
            RecordUnreadable: the record of the job cannot be read.
        """

    def image(self, blob: str) -> bytes | None:
        """An encoded image; None once it is deleted."""

    def claim_stage(self, job_id: str, stage: int, worker: str, now: float, *, alone: bool = False) -> StageClaim:
        """Ask whether to run a stage; with `GO` the job is running and its attempt is counted.

        Args:
            job_id: of the job.
            stage: its index.
            worker: that asks. It does not run the stage already.
            now: the time of the store.
            alone: the process of the worker runs no other stage until this one ends.
        """

    def try_item(self, spec: JobSpec, item: int, claim_id: str) -> bool:
        """Note the item that a worker tries alone now; False if the job is over or canceled, or the claim is stale."""

    def report_progress(self, spec: JobSpec, progress: Progress, claim_id: str) -> bool:
        """Record the progress of a running stage; False if its job is over or canceled, or the claim is stale."""

    def complete_stage(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float, claim_id: str) -> bool:
        """Store the chunk, and that `chunk.done` stages have run; False if the job is over, or the claim is stale."""

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float, claim_id: str = "") -> bool:
        """End a job; False if it was over already, or the claim is stale. A job that was canceled does not succeed.

        Args:
            spec: of the job.
            ending: how it ends.
            progress: of its services.
            now: the time of the store.
            claim_id: of the stage that ends the job; empty if no stage does.
        """

    def cancel(self, job_id: str, now: float) -> None:
        """End a queued job, or make a running one end at its next stage."""

    def erase(self, spec: JobSpec, *, tombstone: bool) -> None:
        """Delete the data and the result of a job, and unbind its idempotency key.

        Args:
            spec: of the job.
            tombstone: keep a record for a while that says that the job was erased.
        """

    def listed(self, limit: int, owner: str | None) -> list[str]:
        """The ids of jobs of an owner in its list, the oldest first; without an owner, of all owners.

        Some may be of jobs that are gone, or whose records cannot be read.
        """

    def lists(self, job_id: str, owner: str) -> bool:
        """Whether the jobs of an owner have this one among them, also if its record cannot be read."""

    def erase_unreadable(self, job_id: str, owner: str | None = None) -> None:
        """Delete the data of a job whose record cannot be read or does not exist. No tombstone stays.

        Args:
            job_id: of the job.
            owner: in whose list it is, if that is known.
        """

    def dead_letter(self, spec: JobSpec, stage: int, items: Sequence[int], now: float) -> None:
        """Record that items of a job are given up: a stage killed its worker again and again.

        Args:
            spec: of the job.
            stage: its index.
            items: the indices of the items; none if the worker died before it tried an item.
            now: the time of the store.
        """

    def recent(self, limit: int, after: Cursor | None, owner: str | None = None) -> tuple[list[Job], Cursor | None]:
        """Jobs in the order of their creation, the latest first, and the cursor of the next page; None at the end.

        Without an owner, the jobs of all owners.

        A page may have fewer than `limit` jobs before the end: jobs whose tombstones are gone are left out, and jobs
        whose records cannot be read.
        """

    def stalled(self, now: float, limit: int) -> list[str]:
        """The ids of jobs that have made no progress for too long."""

    def forget(self, job_id: str) -> None:
        """Never count a job as stalled again."""

    def set_aside(self, job_id: str) -> None:
        """Never count a job as stalled again, and note that its record cannot be read."""

    def postpone(self, job_id: str, until: float) -> None:
        """Count the job as stalled again only after `until`."""
