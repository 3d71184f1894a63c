"""The parts of an API process, and the way of a job through it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic, time
from typing import TypeVar

from api.errors import JobFailed, JobUnknown, WaitedTooLong
from api.publisher import Publisher
from api.system.readiness import Readiness
from broker.app import app as celery
from broker.chain import send_check
from broker.depth import QueueDepth
from broker.queues import Placement
from config.settings import Settings
from jobs.admission import Pressure
from jobs.batches.service import Batches
from jobs.errors import NoWorker
from jobs.factory import JobFactory
from jobs.job import Job, JobData, JobSpec, JobStatus, NewJob
from jobs.redis.batches import RedisBatchStore
from jobs.redis.connection import connect
from jobs.redis.finished import FinishedStream
from jobs.redis.jobs import RedisJobStore
from jobs.redis.presence import Presence
from jobs.wait import WaitHub, Watch
from models.catalogue import services
from models.family import ModelFamily
from pipelines.dialects.codec import AgeFormat

View = TypeVar("View")

STORE_PATIENCE_S = 2.0
"""For how long a request waits for the store before its caller is told."""


class Front:
    """Built once per process, inside its event loop."""

    def __init__(self, settings: Settings) -> None:
        client = connect(settings.redis_url, patience_s=STORE_PATIENCE_S)
        self.settings = settings
        self.catalogue = services(settings.modules)
        self.placement = Placement(settings.co_locate)
        self.intake = JobFactory(self.catalogue, settings.jobs, settings.limits, self.placement.prefix)
        self.store = RedisJobStore(client, settings.jobs)
        self.batches = Batches(RedisBatchStore(client, settings.jobs), self.store, settings.batches)
        self.presence = Presence(client)
        self.hub = WaitHub(FinishedStream(connect(settings.redis_url, patience_s=STORE_PATIENCE_S)))
        pressure = Pressure(settings.limits, QueueDepth(celery), self.presence.memory_share)
        self.publisher = Publisher(self.store, self.placement, pressure)
        self.readiness = Readiness(
            sorted({service.family for service in self.catalogue.values()}),
            self.presence,
            self.hub,
            self._has_worker,
            self._send_check,
        )

    async def close(self) -> None:
        """Finish what is being sent, and stop listening."""
        await self.publisher.close()
        await self.hub.close()

    async def run(self, make: Callable[[], NewJob], wait_s: float, view: Callable[[Job], View]) -> View:
        """Submit a job and look at it once it is over, or after a while.

        Raises:
            FacelineError: as `Publisher.publish` and `look` do.
        """
        ends = monotonic() + wait_s
        with self.hub.watch() as watch:
            job, job_id = await self.publisher.publish(make, watch.follow)
            fresh = job_id == job.spec.id
            del job  # its image need not stay while its caller waits
            if fresh:
                return await self._see(job_id, watch, ends, view)
        return await self.look(job_id, ends - monotonic(), view)

    async def look(self, job_id: str, wait_s: float, view: Callable[[Job], View]) -> View:
        """What is to be seen of a job once it is over, or after a while.

        Args:
            job_id: of the job.
            wait_s: after it the job is looked at as it stands.
            view: of the job; made in the thread that has read it.

        Raises:
            JobUnknown: there is none.
            StorageError: the store did not answer.
            FacelineError: as `view` does.
        """
        with self.hub.watch(job_id) as watch:
            watch.woken.set()  # it may be over already
            return await self._see(job_id, watch, monotonic() + wait_s, view)

    async def process(self, make: Callable[[], NewJob], answer: Callable[[JobSpec, JobData], View]) -> View:
        """Run a job while its caller waits, and erase it.

        Args:
            make: judges what the caller sent.
            answer: is made of what has become of it, which has a result.

        Raises:
            JobFailed: it came to no result.
            NoWorker: nobody takes its tasks.
            WaitedTooLong: it is not over in time; it goes on, and can be had by its id.
            Overloaded: there is no room for it.
            StorageError: the store or the broker did not answer.
            FacelineError: as `make` and `answer` do.
        """

        def make_runnable() -> NewJob:
            job = make()
            self._require_workers(job)
            return job

        def close(ended: Job) -> View:
            job_id = ended.spec.id
            if not ended.status.over:
                raise WaitedTooLong(f"job {job_id} is not over after {wait_s:g} s; fetch it at /jobs/{job_id}")
            data = self.store.data(job_id)
            self.store.erase(ended.spec, tombstone=False)
            if ended.failure:
                raise JobFailed.of(ended.failure)
            if ended.status is not JobStatus.SUCCEEDED or data is None or data.result is None:
                raise JobFailed.because(ended.status)
            return answer(ended.spec, data)

        wait_s = self.settings.jobs.sync_timeout_s
        return await self.run(make_runnable, wait_s, close)

    def age_format(self, otherwise: AgeFormat) -> AgeFormat:
        """How ages are written, unless the deployment has settled it."""
        return otherwise if self.settings.age_format == "contract" else self.settings.age_format

    async def _send_check(self, check_id: str, family: ModelFamily) -> None:
        await self.publisher.call(partial(send_check, celery, check_id, family, self.placement))

    def _require_workers(self, job: NewJob) -> None:
        consumed = self.presence.consumed(time())
        for stage in job.spec.stages:
            if self.placement.prefix(stage.family) not in consumed:
                raise NoWorker(f"no worker takes tasks of the family {stage.family}")

    async def _has_worker(self, family: ModelFamily) -> bool:
        return self.placement.prefix(family) in await asyncio.to_thread(self.presence.consumed, time())

    async def _see(self, job_id: str, watch: Watch, ends: float, view: Callable[[Job], View]) -> View:
        def read() -> View | None:
            job = self.store.find(job_id)
            if job is None:
                raise JobUnknown(f"there is no job {job_id}")
            return view(job) if job.status.over or monotonic() >= ends else None

        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(ends - monotonic()):
                    await watch.woken.wait()
            watch.woken.clear()
            if (seen := await asyncio.to_thread(read)) is not None:
                return seen
