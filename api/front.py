"""The parts of an API process, and the way of a job through it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic, time
from typing import Any

from api.errors import IdempotencyConflict, WaitedTooLong
from api.limits import Pressure
from api.readiness import Readiness
from api.wait import WaitHub
from broker.app import app as celery
from broker.chain import send_check, send_job, stage_queue
from broker.depth import queue_length
from broker.queues import placing
from models.errors import FacelineError
from models.family import ModelFamily
from pipelines.answer import write_answer
from pipelines.dialects.dialect import AgeFormat
from pipelines.errors import NoWorker
from pipelines.job import Job, JobData, NewJob
from pipelines.settings import Settings
from pipelines.store.connection import connect
from pipelines.store.finished import FinishedStream
from pipelines.store.jobs import RedisJobStore
from pipelines.store.presence import Presence
from pipelines.submission import Desk

STORE_PATIENCE_S = 2.0
"""For how long a request waits for the store before its caller is told."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An idempotency key, and the hash of the request that it stands for."""

    key: str
    fingerprint: str


class Front:
    """Built once per process, inside its event loop."""

    def __init__(self, settings: Settings) -> None:
        client = connect(settings.redis_url, patience_s=STORE_PATIENCE_S)
        self.settings = settings
        self.desk = Desk(settings.jobs, settings.limits, placing(co_locate=settings.co_locate))
        self.store = RedisJobStore(client, settings.jobs)
        self.presence = Presence(client)
        self.hub = WaitHub(FinishedStream(connect(settings.redis_url, patience_s=STORE_PATIENCE_S)))
        # One thread sends everything: sending blocks, and one thread sends faster than several that contend.
        self.publisher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="publisher")
        self.readiness = Readiness(self.presence, self.hub, self._has_worker, self._send_check)
        self._pressure = Pressure(settings.limits, partial(queue_length, celery), self.presence.memory_share)

    async def close(self) -> None:
        """Finish what is being sent, and stop listening."""
        await asyncio.to_thread(self.publisher.shutdown)
        await self.hub.close()

    async def publish(self, job: NewJob, claim: Claim | None = None) -> str:
        """Keep a job and send its chain, unless its caller sent it before.

        Returns:
            The id of the job that stands for the request: an earlier one, if there is one.

        Raises:
            IdempotencyConflict: the caller's key stands for another request.
            Overloaded: there is no room for it.
            StorageError: the store or the broker did not take it; nothing of it is left.
        """
        return await asyncio.get_running_loop().run_in_executor(self.publisher, self._publish, job, claim)

    async def wait(self, job_id: str, timeout_s: float) -> Job | None:
        """The job once it is over, or as it stands after a while; None if there is none.

        Raises:
            StorageError: the store did not answer.
        """
        deadline = monotonic() + timeout_s
        with self.hub.watch(job_id) as woken:
            while True:
                woken.clear()
                job = await asyncio.to_thread(self.store.find, job_id)
                left_s = deadline - monotonic()
                if job is None or job.status.over or left_s <= 0:
                    return job
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), left_s)

    async def process(self, job: NewJob) -> tuple[Job, JobData | None]:
        """Run a job while its caller waits, and erase it.

        Raises:
            NoWorker: nobody takes its tasks.
            WaitedTooLong: it is not over in time; it goes on, and can be had by its id.
            Overloaded: there is no room for it.
            StorageError: the store or the broker did not answer.
        """
        await self._require_workers(job)
        await self.publish(job)
        job_id, timeout_s = job.spec.id, self.settings.jobs.sync_timeout_s
        ended = await self.wait(job_id, timeout_s)
        if ended is None or not ended.status.over:
            raise WaitedTooLong(f"job {job_id} is not over after {timeout_s:g} s; fetch it at /jobs/{job_id}")
        data = await asyncio.to_thread(self.store.data, job_id)
        await asyncio.to_thread(self.store.erase, job.spec, tombstone=False)
        return ended, data

    def age_format(self, *, service_route: bool) -> AgeFormat:
        """How ages are written."""
        if self.settings.age_format != "contract":
            return self.settings.age_format
        return "string" if service_route else "number"

    async def answer(
        self, job: Job, data: JobData, *, image: str | bytes | None, service_route: bool
    ) -> dict[str, Any]:
        """The enriched sample of a job that succeeded."""
        age_format = self.age_format(service_route=service_route)
        return await asyncio.to_thread(write_answer, job.spec, data, age_format=age_format, image=image)

    async def _send_check(self, check_id: str, family: ModelFamily) -> None:
        send = partial(send_check, celery, check_id, family, co_locate=self.settings.co_locate)
        await asyncio.get_running_loop().run_in_executor(self.publisher, send)

    async def _require_workers(self, job: NewJob) -> None:
        for stage in job.spec.stages:
            if not await self._has_worker(stage.family):
                raise NoWorker(f"no worker takes tasks of the family {stage.family}")

    async def _has_worker(self, family: ModelFamily) -> bool:
        queue = placing(co_locate=self.settings.co_locate)(family)
        return queue in await asyncio.to_thread(self.presence.consumed, time())

    def _publish(self, job: NewJob, claim: Claim | None) -> str:
        spec, co_locate = job.spec, self.settings.co_locate
        for queue in {stage_queue(spec, stage.index, co_locate=co_locate) for stage in spec.stages}:
            self._pressure.check(queue)
        # Kept before it is claimed: whoever finds the key bound finds the job.
        self.store.create(job)
        try:
            if claim is not None:
                life_s = spec.deadline_s + spec.ttl_s
                bound_id, fingerprint = self.store.claim(claim.key, claim.fingerprint, spec.id, life_s)
                if fingerprint != claim.fingerprint:
                    raise IdempotencyConflict("this Idempotency-Key came before with another request")
                if bound_id != spec.id:
                    self.store.erase(spec, tombstone=False)
                    return bound_id
            send_job(celery, spec, co_locate=co_locate)
        except FacelineError as error:
            self.store.erase(spec, tombstone=False)
            if claim is not None and not isinstance(error, IdempotencyConflict):
                self.store.release(claim.key)
            raise
        return spec.id
