"""How soon those who wait for a job are woken once a worker, in another process, has written its end."""

import asyncio
from collections.abc import Sequence
from time import monotonic, perf_counter, sleep, time

from bench.speed.apart import process
from bench.speed.photos import photos
from cli.demo import SERVICES
from config.settings import JobSettings, Settings
from jobs.factory import JobFactory, Options, Submission
from jobs.job import Ending, JobStatus, NewJob
from jobs.redis.connection import connect
from jobs.redis.jobs import FinishedStream, RedisJobStore
from jobs.waiting import WaitHub
from models.catalogue import services
from pipelines.dialects import DIALECTS

JOBS = 300
PAUSE_S = 0.01
BEGIN_S = 0.5
PATIENCE_S = 60.0

Instants = list[float]
"""In seconds of `perf_counter`, which on Linux is the same clock in all processes."""


def delays(settings: Settings, redis_url: str) -> tuple[list[float], list[float]]:
    """How soon each of many jobs that end is heard of.

    Returns:
        Seconds from the sending of a job's end to the server, and from its acknowledgement, until whoever waits for the
        job is awake.
    """
    return asyncio.run(_delays(settings, redis_url))


async def _delays(settings: Settings, redis_url: str) -> tuple[list[float], list[float]]:
    (photo,) = photos(1, megapixels=0.02)
    jobs = [_new_job(settings, photo) for _ in range(JOBS)]
    store = RedisJobStore(connect(redis_url, patience_s=1), settings.jobs)
    for job in jobs:
        store.create(job)
    hub = WaitHub(FinishedStream(connect(redis_url, patience_s=1)))
    # As it begins to read, it wakes everybody once.
    await asyncio.sleep(BEGIN_S)

    async def woken_at(job_id: str) -> float:
        with hub.watch(job_id) as watch:
            await watch.wait(monotonic() + PATIENCE_S)
            return perf_counter()

    waiting = [asyncio.create_task(woken_at(job.spec.id)) for job in jobs]
    with process() as worker:
        ending = worker.submit(finish, redis_url, settings.jobs, jobs)
        woken = await asyncio.gather(*waiting)
        sent, acknowledged = ending.result()
    await hub.close()
    return _between(sent, woken), _between(acknowledged, woken)


def finish(redis_url: str, settings: JobSettings, jobs: Sequence[NewJob]) -> tuple[Instants, Instants]:
    """End jobs as a worker does; when each end was sent, and when the server had acknowledged it."""
    store = RedisJobStore(connect(redis_url, patience_s=1), settings)
    store.find(jobs[0].spec.id)
    sent, acknowledged = [], []
    for job in jobs:
        ending = Ending(JobStatus.SUCCEEDED, result=job.chunk)
        sent.append(perf_counter())
        store.finish(job.spec, ending, {}, time())
        acknowledged.append(perf_counter())
        sleep(PAUSE_S)
    return sent, acknowledged


def _between(before: Instants, after: Instants) -> list[float]:
    return [end - start for start, end in zip(before, after, strict=True)]


def _new_job(settings: Settings, photo: bytes) -> NewJob:
    intake = JobFactory(services(settings.modules), settings.jobs, settings.limits, lambda family: family.value)
    options = Options(ttl_s=60, age_format="number")
    return intake.accept(Submission(SERVICES, {}, DIALECTS["v2"], options, photo))
