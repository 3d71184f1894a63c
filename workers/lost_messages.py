"""`LostMessages`: finds jobs whose messages got lost when a worker died or lost its connection, and sends them again.

Redis hands a message to a worker, and the worker notes it there a moment later; in between, only the worker has it.
"""

from collections.abc import Callable, Collection, Sequence
from logging import getLogger
from time import monotonic

from jobs.errors import RecordUnreadable
from jobs.job import Job, JobSpec
from jobs.store import JobStore

log = getLogger(__name__)

MOST = 100_000
"""At how many jobs a look looks at most."""
PAGE = 1000
SECOND_LOOK_S = 2.0
"""Between the two looks."""


class LostMessages:
    """Looks twice: what has no message at the first look may be on its way to a worker. For one thread.

    Args:
        store: holds the jobs.
        without_message: which of some jobs have no message, in no queue and with no worker; by their ids.
        send: sends the chain of a job from a stage on.
        pause_s: how long the second look waits after the first at least.
    """

    def __init__(
        self,
        store: JobStore,
        without_message: Callable[[Sequence[str]], Collection[str]],
        send: Callable[[JobSpec, int], None],
        pause_s: float = SECOND_LOOK_S,
    ) -> None:
        self._store = store
        self._without_message = without_message
        self._send = send
        self._pause_s = pause_s
        self._suspects: dict[str, Job] = {}
        self._looked_at = 0.0

    def look(self) -> None:
        """Note which of all jobs that are not over have no message.

        Raises:
            StorageError: the store or the broker did not answer.
        """
        self._looked_at = monotonic()
        active = self._store.stalled(float("inf"), MOST)
        for start in range(0, len(active), PAGE):
            for job_id in self._without_message(active[start : start + PAGE]):
                # A job that is being submitted has no message yet.
                if (job := self._find(job_id)) and not job.status.over and job.sent:
                    self._suspects[job_id] = job

    def look_again(self) -> None:
        """Send the noted jobs again that still have no message, and made no progress since. Too early, do nothing.

        Raises:
            StorageError: the store or the broker did not answer.
        """
        if not self._suspects or monotonic() < self._looked_at + self._pause_s:
            return
        lost = self._without_message(list(self._suspects))
        for job_id in lost:
            noted = self._suspects[job_id]
            if self._find(job_id) == noted:
                log.warning("job sent again: its message was lost", extra={"job": job_id, "stage": noted.done})
                self._send(noted.spec, noted.done)
        # Last: after an error, the next call looks at them again.
        self._suspects.clear()

    def _find(self, job_id: str) -> Job | None:
        try:
            return self._store.find(job_id)
        except RecordUnreadable:
            return None  # the reaper sets it aside
