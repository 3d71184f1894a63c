"""The reaper: sends lost jobs again, deletes those that were never sent, and fails those past their deadline."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from logging import getLogger

from jobs.errors import RecordUnreadable
from jobs.job import Ending, Job, JobSpec, JobStatus
from jobs.store import JobStore
from metrics import worker as metrics
from pipelines.chunk import Failure
from workers.stage import LATE

log = getLogger(__name__)

BATCH = 100
"""At how many jobs a sweep looks at most."""


@dataclass(frozen=True, slots=True)
class Reaper:
    """Looks at jobs that made no progress for too long: sends lost ones again, and fails late ones.

    A lost job that is not known to be sent is deleted: its caller got no answer.

    Attributes:
        store: holds the jobs.
        without_message: the ids of the jobs that are lost: no queue and no worker has a message of them.
        send: sends the chain of a job from a stage on.
        stalled_after_s: how long a job may go without progress.
    """

    store: JobStore
    without_message: Callable[[Sequence[Job]], Collection[str]]
    send: Callable[[JobSpec, int], None]
    stalled_after_s: float

    def sweep(self) -> None:
        """Look at each stalled job once.

        Raises:
            StorageError: the store or the broker did not answer.
        """
        now = self.store.now()
        waiting: list[Job] = []
        for job_id in self.store.stalled(now, BATCH):
            try:
                job = self.store.find(job_id)
            except RecordUnreadable:
                log.exception("job set aside: its record cannot be read", extra={"job": job_id})
                self.store.set_aside(job_id)
                continue
            if job is None or job.status.over:
                self.store.forget(job_id)
            elif job.late_at is not None and now >= job.late_at:
                failure = Failure(service=None, type="timed_out", message=LATE)
                if self.store.finish(job.spec, Ending(JobStatus.FAILED, failure=failure), {}, now):
                    age_s = now - job.spec.created_at
                    metrics.note_end(JobStatus.FAILED.value, job.spec.priority.value, age_s, failure.type)
            else:
                waiting.append(job)
        lost = self.without_message(waiting) if waiting else ()
        for job in waiting:
            # A job that went on meanwhile is not lost: its message was acknowledged.
            if job.spec.id in lost and self.store.find(job.spec.id) == job:
                if job.sent:
                    log.warning("job sent again", extra={"job": job.spec.id, "stage": job.done})
                    self.send(job.spec, job.done)
                    metrics.JOBS_SENT_AGAIN.inc()
                else:
                    log.warning("job deleted: its submission failed", extra={"job": job.spec.id})
                    self.store.withdraw(job.spec)
            # Last: after an interruption, the next sweep looks at the job again. A message that comes twice runs once.
            self.store.postpone(job.spec.id, now + self.stalled_after_s)
