"""The reaper: sends lost jobs again, and fails jobs that are past their deadline.

Redis hands out a message and notes it as handed out in two steps; a worker killed in between loses the message.
"""

from collections.abc import Callable
from dataclasses import dataclass
from logging import getLogger

from jobs.job import Ending, Job, JobSpec, JobStatus
from jobs.store import JobStore
from pipelines.chunk import Failure

log = getLogger(__name__)

BATCH = 100
TIMES_STALLED = 3
"""A job whose queue is not empty is sent again when it is found stalled for the 3rd, 6th, 12th, 24th … time."""


@dataclass(frozen=True, slots=True)
class Reaper:
    """Looks at jobs that made no progress for too long: sends lost ones again, and fails late ones.

    Attributes:
        store: holds the jobs.
        queue_length: counts the messages in the queue of a stage of a job.
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
                message = "the job was not over by its deadline: send it again"
                failure = Failure(service=None, type="timed_out", message=message)
                self.store.finish(job.spec, Ending(JobStatus.FAILED, failure=failure), {}, now)
            else:
                self._send_if_lost(job, self.store.postpone(job_id, now + self.stalled_after_s))

    def _send_if_lost(self, job: Job, times: int) -> None:
        # A message that waits in the queue may be that of this job, which is late then, not lost. But some queues are
        # never empty, so the job is sent in the end anyway; a stage whose message comes twice runs once. The interval
        # doubles each time: otherwise jobs that wait for a day would fill their queue with copies.
        rounds, rest = divmod(times, TIMES_STALLED)
        if (rest == 0 and rounds.bit_count() == 1) or self.queue_length(job.spec, job.done) == 0:
            log.warning("job sent again", extra={"job": job.spec.id, "stage": job.done})
            self.send(job.spec, job.done)
