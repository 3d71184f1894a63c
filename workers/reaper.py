"""Sends again what got lost: Redis takes a message and notes it as taken in two steps, and a kill can fall between."""

from collections.abc import Callable
from dataclasses import dataclass
from logging import getLogger

from jobs.job import Ending, Job, JobSpec, JobStatus
from jobs.store import JobStore
from pipelines.chunk import Failure

log = getLogger(__name__)

BATCH = 100
PATIENCE = 3
"""How often a job may be found stalled before it is sent again though messages wait in its queue."""


@dataclass(frozen=True, slots=True)
class Reaper:
    """Looks after jobs that made no progress for too long.

    Attributes:
        store: of the jobs.
        queue_length: how many messages wait where a stage of a job is taken from.
        send: sends the chain of a job from a stage on.
        stalled_after_s: how long a job may go without progress.
    """

    store: JobStore
    queue_length: Callable[[JobSpec, int], int]
    send: Callable[[JobSpec, int], None]
    stalled_after_s: float

    def sweep(self, now: float) -> None:
        """Look at each stalled job once.

        Raises:
            StorageError: the store or the broker did not answer.
        """
        for job_id in self.store.stalled(now, BATCH):
            job = self.store.find(job_id)
            if job is None or job.status.over:
                self.store.forget(job_id)
            elif now > job.spec.created_at + job.spec.deadline_s:
                failure = Failure(service=None, type="timed_out", message="the job was not over by its deadline")
                self.store.finish(job.spec, Ending(JobStatus.FAILED, failure=failure), {}, now)
            else:
                self._send_if_lost(job, self.store.postpone(job_id, now + self.stalled_after_s))

    def _send_if_lost(self, job: Job, times: int) -> None:
        # Where messages wait, the job's own may be among them: then it is late, not lost. But some queues are never
        # empty, so in the end it is sent all the same; a stage that comes twice runs once. Each time it takes twice as
        # long, or whatever waits for a day would fill its queue with copies.
        rounds, rest = divmod(times, PATIENCE)
        if (rest == 0 and rounds.bit_count() == 1) or self.queue_length(job.spec, job.done) == 0:
            log.warning("job sent again", extra={"job": job.spec.id, "stage": job.done})
            self.send(job.spec, job.done)
