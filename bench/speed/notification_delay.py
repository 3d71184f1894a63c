"""Measures the delay from the end of a job, written by another process, until a waiting client is woken."""

import asyncio
from collections.abc import Sequence
from time import monotonic, perf_counter, sleep, time

from bench.speed.child_process import child_process
from bench.speed.photos import photos
from bench.speed.workbench import FOUR_SERVICES
from config.settings import JobSettings, Settings
from jobs.factory import JobFactory, Submission
from jobs.job import Ending, JobStatus, NewJob, RunOptions
from jobs.redis.connection import connect
from jobs.redis.jobs import FinishedStream, RedisJobStore
from jobs.waiting import WaitHub
from models.catalogue import services
from pipelines.dialects import DIALECTS

JOBS = 300
PAUSE_S = 0.01
START_S = 0.5
TIMEOUT_S = 60.0

Instants = list[float]
"""In seconds of `perf_counter`, which on Linux is the same clock in all processes."""


def notification_delays(settings: Settings, redis_url: str) -> tuple[list[float], list[float]]:
    """Ends many jobs, and measures when the client that waits for each of them is woken.

    Returns:
        Seconds until the client is woken: after the worker sent the end of the job, and after the server acknowledged
        it.
    """
    return asyncio.run(_delays(settings, redis_url))


async def _delays(settings: Settings, redis_url: str) -> tuple[list[float], list[float]]:
    (photo,) = photos(1, megapixels=0.02)
    jobs = [_new_job(settings, photo) for _ in range(JOBS)]
    store = RedisJobStore(connect(redis_url, patience_s=1), settings.jobs)
    for job in jobs:
        store.create(job)
    hub = WaitHub(FinishedStream(connect(redis_url, patience_s=1, blocks_s=1)))
    # The hub wakes all clients once when it starts to read: that must be over.
    await asyncio.sleep(START_S)

    async def woken_at(job_id: str) -> float:
        with hub.watch(job_id) as watch:
            await watch.wait(monotonic() + TIMEOUT_S)
            return perf_counter()

    waiting = [asyncio.create_task(woken_at(job.spec.id)) for job in jobs]
    with child_process() as worker:
        ending = worker.submit(finish, redis_url, settings.jobs, jobs)
        woken = await asyncio.gather(*waiting)
        sent, acknowledged = ending.result()
    await hub.close()
    return _between(sent, woken), _between(acknowledged, woken)


def finish(redis_url: str, settings: JobSettings, jobs: Sequence[NewJob]) -> tuple[Instants, Instants]:
    """Ends jobs as a worker does; gives when each end was sent, and when the server acknowledged it."""
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
    factory = JobFactory(services(settings.modules), settings.jobs, settings.limits, lambda family: family.value)
    options = RunOptions(ttl_s=60, age_format="number")
    return factory.check_and_make_job(Submission(FOUR_SERVICES, {}, DIALECTS["v2"], options, photo))
