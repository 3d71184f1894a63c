"""What keeps jobs and their images, whatever it is made of."""

from typing import Protocol

from jobs.idempotency import IdempotencyKeys
from jobs.job import Ending, Job, JobData, JobSpec, NewJob, Place, Progress, StageClaim
from pipelines.chunk import Chunk


class JobStore(Protocol):
    """Keeps jobs and their images. Thread-safe. Methods raise `StorageError` where the store does not answer."""

    @property
    def claims(self) -> IdempotencyKeys:
        """The idempotency keys of its jobs."""

    def create(self, job: NewJob) -> None:
        """Keep a new job; it is queued."""

    def find(self, job_id: str) -> Job | None:
        """The job; None if there never was one, or its tombstone is gone too."""

    def data(self, job_id: str) -> JobData | None:
        """The caller's data of a job; None once they are gone."""

    def image(self, blob: str) -> bytes | None:
        """An encoded image; None once it is gone."""

    def begin(self, job_id: str, stage: int, now: float) -> StageClaim:
        """Ask to run a stage."""

    def note(self, spec: JobSpec, progress: Progress) -> bool:
        """Note how far a running stage has come; gives whether its job still wants it: neither over nor canceled."""

    def end(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float) -> None:
        """Note that the stage before `chunk.done` has run. A job that is over, or further, is left alone."""

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float) -> bool:
        """End a job, unless it is over; gives whether this call did. One that was canceled does not succeed."""

    def cancel(self, job_id: str, now: float) -> None:
        """End a queued job, or have a running one end at its next stage."""

    def erase(self, spec: JobSpec, *, tombstone: bool) -> None:
        """Delete all that the caller gave and got, and its claim; a tombstone tells the job from one that never was."""

    def dead_letter(self, spec: JobSpec, stage: int, now: float) -> None:
        """Leave a dead letter: the stage was begun too often without coming to an end."""

    def recent(self, limit: int, after: Place | None) -> tuple[list[Job], Place | None]:
        """Jobs that follow a place in the list, the latest first, and the place to go on from; None at the end.

        There may be fewer than `limit` before the end: those whose tombstones are gone are passed over.
        """

    def stalled(self, now: float, limit: int) -> list[str]:
        """Jobs that have made no progress for too long."""

    def forget(self, job_id: str) -> None:
        """Do not count a job as stalled ever again."""

    def postpone(self, job_id: str, until: float) -> int:
        """Do not count a job as stalled before a time; gives how often in a row that was said, without progress."""
