"""The parts of an API process: built once, in its event loop, and handed to the routes by one dependency."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.system.readiness import Readiness
from broker.app import app as celery
from broker.chain import ChainSender
from broker.depth import QueueDepth
from broker.queues import Placement
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

STORE_PATIENCE_S = 2.0
"""How long a request waits for the store before its caller gets an error."""


@dataclass(frozen=True, slots=True)
class ApiState:
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
async def running_state(settings: Settings) -> AsyncIterator[ApiState]:
    """The parts of this process; at the end it finishes what is being submitted."""
    client = connect(settings.redis_url, patience_s=STORE_PATIENCE_S)
    catalogue, placement, presence = services(settings.modules), Placement(settings.co_locate), Presence(client)
    age_format = None if settings.age_format == "contract" else settings.age_format
    factory = JobFactory(catalogue, settings.jobs, settings.limits, placement.prefix, age_format)
    store, sender = RedisJobStore(client, settings.jobs), ChainSender(celery, placement)
    admission = LoadAdmission(settings.limits, placement, QueueDepth(celery), presence.memory_share, presence.consumed)
    jobs = JobService(store, sender, admission)
    batches = BatchService(RedisBatchStore(client, settings.jobs), store, settings.batches, presence.memory_share)
    # A connection of its own: a read of the stream blocks it.
    hub = WaitHub(FinishedStream(connect(settings.redis_url, patience_s=STORE_PATIENCE_S)))
    thread = SubmissionThread()
    families = sorted({service.family for service in catalogue.values()})
    yield ApiState(
        settings=settings,
        catalogue=catalogue,
        jobs=jobs,
        async_jobs=AsyncJobService(jobs, factory, hub, thread),
        batches=batches,
        async_batches=AsyncBatchService(batches, jobs, factory, hub, thread),
        presence=presence,
        readiness=Readiness(families, placement, presence, hub, thread, sender),
    )
    await thread.close()
    await hub.close()


# Asynchronous, since FastAPI would run a plain function in a thread.
async def _state(request: Request) -> ApiState:
    state: ApiState = request.app.state.parts
    return state


StateDep = Annotated[ApiState, Depends(_state)]
