"""From a request to a job that is kept and sent."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from broker.app import app as celery
from broker.chain import send_job, stage_queue
from broker.queues import Placement
from config.errors import FacelineError
from jobs.admission import Pressure
from jobs.idempotency import bind
from jobs.job import JobStatus, NewJob
from jobs.store import JobStore

Result = TypeVar("Result")


class Publisher:
    """One thread that judges and sends everything: sending blocks, and one thread is faster than several that contend.

    Args:
        store: keeps the jobs.
        placement: where tasks go.
        pressure: says when there is no room.
    """

    def __init__(self, store: JobStore, placement: Placement, pressure: Pressure) -> None:
        self._store = store
        self._placement = placement
        self._pressure = pressure
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="publisher")

    async def close(self) -> None:
        """Finish what is being sent."""
        await asyncio.to_thread(self._thread.shutdown)

    async def call(self, function: Callable[[], Result]) -> Result:
        """Call a function in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def publish(
        self, make: Callable[[], NewJob], follow: Callable[[str], None] = lambda _: None
    ) -> tuple[NewJob, str]:
        """Make a job, keep it and send its chain, unless its caller sent it before.

        Args:
            make: judges what the caller sent; called in the thread, since to change threads once more would cost more
                than what it takes from its fellows.
            follow: is told the id of the job right before it is sent.

        Returns:
            The job, and the id of the one that stands for the request: its own, or that of an earlier one.

        Raises:
            IdempotencyConflict: the caller's key stands for another request.
            Overloaded: there is no room for it.
            StorageError: the store or the broker did not take it; nothing of it is left.
            FacelineError: as `make` does.
        """
        return await self.call(lambda: self._publish(make, follow))

    def _publish(self, make: Callable[[], NewJob], follow: Callable[[str], None]) -> tuple[NewJob, str]:
        job = make()
        spec = job.spec
        for queue in {stage_queue(spec, stage.index, self._placement) for stage in spec.stages}:
            self._pressure.check(queue)
        # Kept before it is claimed: whoever finds the key bound finds the job.
        self._store.create(job)
        try:
            bound_id = bind(self._store.claims, spec, job.fingerprint, self._stands)
            if bound_id == spec.id:
                follow(bound_id)
                send_job(celery, spec, self._placement)
                return job, bound_id
        except FacelineError:
            self._store.erase(spec, tombstone=False)
            raise
        self._store.erase(spec, tombstone=False)
        return job, bound_id

    def _stands(self, job_id: str) -> bool:
        job = self._store.find(job_id)
        return job is not None and job.status not in (JobStatus.ERASED, JobStatus.EXPIRED)
