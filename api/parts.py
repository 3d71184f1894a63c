"""The parts of an API process: built once, in its event loop, and handed to the routes by one dependency."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.system.readiness import Readiness
from broker.app import app as celery
from broker.chain import ChainSender
from broker.queue_length import QueueLength
from broker.queues import FamilyQueues
from config.settings import Settings
from jobs.admission import LoadAdmission
from jobs.async_service import AsyncJobService, SubmissionThread
from jobs.batches.async_service import AsyncBatchService
from jobs.batches.service import BatchService
from jobs.factory import JobFactory
from jobs.redis.batches import RedisBatchStore
from jobs.redis.connection import connect
from jobs.redis.jobs import FinishedStream, RedisJobStore
from jobs.redis.presence import Presence
from jobs.service import JobService
from jobs.waiting import WaitHub
from models.catalogue import Catalogue, services

STORE_RETRY_S = 2.0
"""How long a request waits for the store before its caller gets an error."""


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the routes need.

    Attributes:
        jobs: blocks; call it in a thread.
        async_jobs: submits jobs and waits for them.
        batches: blocks; call it in a thread.
        async_batches: receives batches and waits for them.
        presence: has the live workers; blocks.
    """

    settings: Settings
    catalogue: Catalogue
    jobs: JobService
    async_jobs: AsyncJobService
    batches: BatchService
    async_batches: AsyncBatchService
    presence: Presence
    readiness: Readiness


@asynccontextmanager
async def running_parts(settings: Settings) -> AsyncIterator[ApiParts]:
    """The parts of this process; at the end it finishes what is being submitted."""
    client = connect(settings.redis_url, retry_s=STORE_RETRY_S)
    catalogue, queues, presence = services(settings.modules), FamilyQueues(settings.co_locate), Presence(client)
    age_format = None if settings.age_format == "contract" else settings.age_format
    factory = JobFactory(catalogue, settings.jobs, settings.limits, queues.prefix, age_format)
    store, sender = RedisJobStore(client, settings.jobs), ChainSender(celery, queues)
    admission = LoadAdmission(settings.limits, queues, QueueLength(celery), store.memory_share, presence.consumed)
    jobs = JobService(store, sender, admission)
    batches = BatchService(RedisBatchStore(client, settings.jobs), store, settings.batches, store.memory_share)
    # A connection of its own: a read of the stream blocks it.
    hub = WaitHub(FinishedStream(connect(settings.redis_url, retry_s=STORE_RETRY_S)))
    thread = SubmissionThread()
    families = sorted({service.family for service in catalogue.values()})
    yield ApiParts(
        settings=settings,
        catalogue=catalogue,
        jobs=jobs,
        async_jobs=AsyncJobService(jobs, factory, hub, thread),
        batches=batches,
        async_batches=AsyncBatchService(batches, jobs, factory, hub, thread),
        presence=presence,
        readiness=Readiness(families, queues, presence, hub, thread, sender),
    )
    await thread.close()
    await hub.close()


# Asynchronous, since FastAPI would run a plain function in a thread.
async def _parts(request: Request) -> ApiParts:
    parts: ApiParts = request.app.state.parts
    return parts


PartsDep = Annotated[ApiParts, Depends(_parts)]
