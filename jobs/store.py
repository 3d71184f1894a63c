"""The store of jobs and their images, as a protocol; `jobs/redis/jobs.py` implements it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from jobs.cursor import Cursor
from jobs.idempotency import IdempotencyKeys
from jobs.job import Ending, Job, JobData, JobSpec, NewJob
from jobs.progress import Progress
from pipelines.chunk import Chunk


class ClaimOutcome(StrEnum):
    """Whether a worker may run a stage."""

    GO = "go"
    DONE = "done"  # the stage ran before: the message came twice
    OVER = "over"  # the job is over, or the store does not have it
    CANCELED = "canceled"
    POISONED = "poisoned"  # the stage began too often and did not end


@dataclass(frozen=True, slots=True)
class StageClaim:
    """The answer of the store to a worker that wants to run a stage.

    Attributes:
        spec: of the job; None if the job is over.
        chunk: the items as the stage before left them; only with `GO`.
    """

    outcome: ClaimOutcome
    spec: JobSpec | None = None
    chunk: Chunk | None = None


class JobStore(Protocol):
    """Keeps jobs and their images. Thread-safe. Methods raise `StorageError` if the store does not answer."""

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The idempotency keys of its jobs."""

    def create(self, job: NewJob) -> None:
        """Keep a new job; its status is queued."""

    def find(self, job_id: str) -> Job | None:
        """The job; None if there never was one, or its tombstone is gone too."""

    def data(self, job_id: str) -> JobData | None:
        """The caller's data of a job; None once they are deleted."""

    def image(self, blob: str) -> bytes | None:
        """An encoded image; None once it is deleted."""

    def claim_stage(self, job_id: str, stage: int, now: float) -> StageClaim:
        """Ask whether to run a stage; with `GO` the job is running and its attempt is counted."""

    def report_progress(self, spec: JobSpec, progress: Progress) -> bool:
        """Record the progress of a running stage; False if its job is over or canceled."""

    def complete_stage(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float) -> None:
        """Store the chunk, and that `chunk.done` stages have run.

        Does nothing if the job is over, or if as many of its stages have already run.
        """

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float) -> bool:
        """End a job; False if it was over already. A job that was canceled does not succeed."""

    def cancel(self, job_id: str, now: float) -> None:
        """End a queued job, or make a running one end at its next stage."""

    def erase(self, spec: JobSpec, *, tombstone: bool) -> None:
        """Delete the data and the result of a job, and unbind its idempotency key.

        Args:
            spec: of the job.
            tombstone: keep a record for a while that says that the job was erased.
        """

    def dead_letter(self, spec: JobSpec, stage: int, now: float) -> None:
        """Record that the job is given up: one of its stages began too often and did not end."""

    def recent(self, limit: int, after: Cursor | None) -> tuple[list[Job], Cursor | None]:
        """Jobs in the order of their creation, the latest first, and the cursor of the next page; None at the end.

        A page may have fewer than `limit` jobs before the end: jobs whose tombstones are gone are left out.
        """

    def stalled(self, now: float, limit: int) -> list[str]:
        """The ids of jobs that have made no progress for too long."""

    def forget(self, job_id: str) -> None:
        """Never count a job as stalled again."""

    def postpone(self, job_id: str, until: float) -> int:
        """Count the job as stalled again only after `until`.

        Returns:
            How often this happened since a stage last began.
        """
