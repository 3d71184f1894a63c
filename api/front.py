"""The parts of an API process, and the way of a job through it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic, time

from api.errors import IdempotencyConflict, JobFailed, WaitedTooLong
from api.limits import Pressure
from api.readiness import Readiness
from api.wait import WaitHub
from broker.app import app as celery
from broker.chain import send_check, send_job, stage_queue
from broker.depth import queue_length
from broker.queues import Placement
from models.catalogue import services
from models.errors import FacelineError
from models.family import ModelFamily
from pipelines.batches import Batches
from pipelines.dialects.spelling import AgeFormat
from pipelines.errors import NoWorker
from pipelines.job import Job, JobData, JobSpec, JobStatus, NewJob
from pipelines.settings import Settings
from pipelines.store.batches import RedisBatchStore
from pipelines.store.connection import connect
from pipelines.store.finished import FinishedStream
from pipelines.store.jobs import RedisJobStore
from pipelines.store.presence import Presence
from pipelines.submission import Intake

STORE_PATIENCE_S = 2.0
"""For how long a request waits for the store before its caller is told."""


class Front:
    """Built once per process, inside its event loop."""

    def __init__(self, settings: Settings) -> None:
        client = connect(settings.redis_url, patience_s=STORE_PATIENCE_S)
        self.settings = settings
        self.catalogue = services(settings.modules)
        self.placement = Placement(settings.co_locate)
        self.intake = Intake(self.catalogue, settings.jobs, settings.limits, self.placement.place)
        self.store = RedisJobStore(client, settings.jobs)
        self.batches = Batches(RedisBatchStore(client, settings.jobs), self.store, settings.batches)
        self.presence = Presence(client)
        self.hub = WaitHub(FinishedStream(connect(settings.redis_url, patience_s=STORE_PATIENCE_S)))
        # One thread sends everything: sending blocks, and one thread sends faster than several that contend.
        self.publisher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="publisher")
        self.readiness = Readiness(
            sorted({service.family for service in self.catalogue.values()}),
            self.presence,
            self.hub,
            self._has_worker,
            self._send_check,
        )
        self._pressure = Pressure(settings.limits, partial(queue_length, celery), self.presence.memory_share)

    async def close(self) -> None:
        """Finish what is being sent, and stop listening."""
        await asyncio.to_thread(self.publisher.shutdown)
        await self.hub.close()

    async def publish(self, job: NewJob, fingerprint: str = "") -> str:
        """Keep a job and send its chain, unless its caller sent it before.

        Args:
            job: which may bear an idempotency key.
            fingerprint: of the request that the key stands for.

        Returns:
            The id of the job that stands for the request: an earlier one, if there is one.

        Raises:
            IdempotencyConflict: the caller's key stands for another request.
            Overloaded: there is no room for it.
            StorageError: the store or the broker did not take it; nothing of it is left.
        """
        return await asyncio.get_running_loop().run_in_executor(self.publisher, self._publish, job, fingerprint)

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

    async def process(self, job: NewJob) -> JobData:
        """Run a job while its caller waits, and erase it.

        Returns:
            What has become of it, with a result.

        Raises:
            JobFailed: it came to no result.
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
        if ended.failure:
            raise JobFailed.of(ended.failure)
        if ended.status is not JobStatus.SUCCEEDED or data is None or data.result is None:
            raise JobFailed.because(ended.status)
        return data

    def age_format(self, otherwise: AgeFormat) -> AgeFormat:
        """How ages are written, unless the deployment has settled it."""
        return otherwise if self.settings.age_format == "contract" else self.settings.age_format

    async def _send_check(self, check_id: str, family: ModelFamily) -> None:
        send = partial(send_check, celery, check_id, family, self.placement)
        await asyncio.get_running_loop().run_in_executor(self.publisher, send)

    async def _require_workers(self, job: NewJob) -> None:
        consumed = await asyncio.to_thread(self.presence.consumed, time())
        for stage in job.spec.stages:
            if self.placement.place(stage.family) not in consumed:
                raise NoWorker(f"no worker takes tasks of the family {stage.family}")

    async def _has_worker(self, family: ModelFamily) -> bool:
        return self.placement.place(family) in await asyncio.to_thread(self.presence.consumed, time())

    def _publish(self, job: NewJob, fingerprint: str) -> str:
        spec = job.spec
        for queue in {stage_queue(spec, stage.index, self.placement) for stage in spec.stages}:
            self._pressure.check(queue)
        # Kept before it is claimed: whoever finds the key bound finds the job.
        self.store.create(job)
        try:
            bound_id = self._bind(spec, fingerprint)
            if bound_id == spec.id:
                send_job(celery, spec, self.placement)
                return bound_id
        except FacelineError:
            self.store.erase(spec, tombstone=False)
            raise
        self.store.erase(spec, tombstone=False)
        return bound_id

    def _bind(self, spec: JobSpec, fingerprint: str) -> str:
        """The job that stands for the request: this one, or an earlier one of the same key that still has its data."""
        if spec.claim is None:
            return spec.id
        while True:
            bound_id, bound = self.store.claim(spec.claim, fingerprint, spec.id, spec.deadline_s + spec.ttl_s)
            earlier = self.store.find(bound_id)
            if earlier is None or earlier.status in (JobStatus.ERASED, JobStatus.EXPIRED):
                self.store.release(spec.claim, bound_id)
                continue
            if bound != fingerprint:
                raise IdempotencyConflict("this Idempotency-Key came before with another request")
            return bound_id
