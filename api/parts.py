"""The parts of an API process: built once, in its event loop, and handed to the routes by one dependency."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from access.allowance import KeyAllowance
from access.audit import AuditStream, AuditWriter
from access.first_key import FirstKey
from access.keyring import Keyring
from access.store import KeyStore
from access.webhook_secrets import WebhookSecrets, deployment_secrets
from api.system.deployment_metrics import DeploymentReader
from api.system.pressure import LoopLag, Pressure
from api.system.readiness import Readiness
from broker.app import create_app
from broker.chain import ChainSender
from broker.queue_length import QueueLength
from broker.queues import FamilyQueues
from config.settings import Settings
from jobs.admission import LoadAdmission
from jobs.async_service import AsyncJobService
from jobs.backlog import Backlog
from jobs.batches.async_service import AsyncBatchService
from jobs.batches.service import BatchService
from jobs.callers import CallerAdmission, JobArrivals, WaitingPlaces
from jobs.factory import JobFactory
from jobs.redis.batches import RedisBatchStore
from jobs.redis.connection import Patience, connect_patiently
from jobs.redis.dead_letters import DeadLetters
from jobs.redis.encryption import Encryption
from jobs.redis.failing import FailingProcesses
from jobs.redis.jobs import FinishedStream, RedisJobStore
from jobs.redis.presence import Presence
from jobs.redis.webhooks import DueWebhooks
from jobs.service import JobService
from jobs.submission_thread import SubmissionThread
from jobs.waiting import WaitHub
from jobs.webhooks.rules import WebhookRules
from jobs.webhooks.targets import Targets
from models.catalogue import Catalogue, services
from models.family import ModelFamily

READ_S = 1.0
"""How long one read of the stream of finished jobs waits."""


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the routes need.

    Attributes:
        jobs: blocks; call it in a thread.
        async_jobs: submits jobs and waits for them.
        caller_admission: refuses synchronous callers early.
        job_arrivals: refuses jobs early.
        batches: blocks; call it in a thread.
        async_batches: receives batches and waits for them.
        presence: has the live workers; blocks.
        keyring: decides who the caller of a request is.
        allowance: decides how much a caller may submit.
        audit: records what callers do.
        pressure: of this process.
        failing: has the processes of the stack that die again and again; blocks.
        deployment: reads the metrics and the queues of the deployment; blocks.
        dead_letters: of the deployment; blocks.
    """

    settings: Settings
    catalogue: Catalogue
    jobs: JobService
    async_jobs: AsyncJobService
    caller_admission: CallerAdmission
    job_arrivals: JobArrivals
    batches: BatchService
    async_batches: AsyncBatchService
    presence: Presence
    readiness: Readiness
    keyring: Keyring
    allowance: KeyAllowance
    audit: AuditWriter
    pressure: Pressure
    failing: FailingProcesses
    deployment: DeploymentReader
    dead_letters: DeadLetters


@asynccontextmanager
async def running_parts(settings: Settings, *, keys_required: bool) -> AsyncIterator[ApiParts]:
    """The parts of this process; at the end it finishes what is being submitted.

    Args:
        settings: of the deployment.
        keys_required: see `Keyring`.

    Raises:
        InvalidSetting: the first key, a key for encryption or a secret of webhooks is not one.
    """
    # One for all: a request whose call to the broker used it up does not wait for the store as well.
    patience = Patience(settings.store_patience_s)
    client, celery = connect_patiently(settings.redis_url, patience), create_app(patience=patience)
    catalogue, queues, presence = services(settings.modules), FamilyQueues(settings.co_locate), Presence(client)
    age_format = None if settings.age_format == "contract" else settings.age_format
    encryption = Encryption.of(settings.secrets)
    secrets = WebhookSecrets(client, encryption, deployment_secrets(settings.webhooks.secret))
    rules = WebhookRules(Targets.of(settings.webhooks.allow), secrets.has, settings.webhooks.enabled)
    factory = JobFactory(catalogue, settings.jobs, settings.limits, queues.prefix, age_format, rules)
    store, sender = RedisJobStore(client, settings.jobs, encryption), ChainSender(celery, queues)
    limits = settings.limits
    backlog = Backlog(queues, QueueLength(celery), presence.workers, store.memory_share)
    admission = LoadAdmission(limits, settings.batches.store_share, queues, backlog)
    callers, polls = WaitingPlaces(limits.waiting_callers), WaitingPlaces(limits.waiting_polls)
    batch_store = RedisBatchStore(client, settings.jobs, encryption)
    batches = BatchService(batch_store, store, settings.batches, store.memory_share)
    # A connection of its own: a read of the stream blocks it.
    finished = FinishedStream(connect_patiently(settings.redis_url, patience, blocks_s=READ_S))
    hub = WaitHub(finished, READ_S)
    access = settings.access
    keyring = Keyring(KeyStore(client), open_to_all=access.open, required=keys_required, first_key=FirstKey.of(access))
    allowance = KeyAllowance(store, keyring, access)
    jobs = JobService(store, sender, admission, allowance)
    audit = AuditWriter(AuditStream(client, access.audit_entries))
    thread, lag = SubmissionThread(), LoopLag()
    lag.start()
    families = sorted({service.family for service in catalogue.values()})
    readiness = Readiness(families, queues, presence, hub, thread, sender)
    yield ApiParts(
        settings=settings,
        catalogue=catalogue,
        jobs=jobs,
        async_jobs=AsyncJobService(jobs, factory, hub, thread, callers, polls),
        caller_admission=CallerAdmission(callers, admission, backlog),
        job_arrivals=JobArrivals(_one_for_each_queue(families, queues), admission, backlog),
        batches=batches,
        async_batches=AsyncBatchService(batches, jobs, factory, hub, thread, polls),
        presence=presence,
        readiness=readiness,
        keyring=keyring,
        allowance=allowance,
        audit=audit,
        pressure=Pressure(callers, lag, limits.loop_lag_s),
        failing=FailingProcesses(client),
        deployment=DeploymentReader(queues, QueueLength(celery), presence, store, DueWebhooks(client)),
        dead_letters=DeadLetters(client),
    )
    lag.close()
    await readiness.close()
    await thread.close()
    await hub.close()
    await asyncio.to_thread(audit.close)


def _one_for_each_queue(families: Sequence[ModelFamily], queues: FamilyQueues) -> Collection[ModelFamily]:
    return {queues.prefix(family): family for family in families}.values()


# Asynchronous, since FastAPI would run a plain function in a thread.
async def _parts(request: Request) -> ApiParts:
    parts: ApiParts = request.app.state.parts
    return parts


PartsDep = Annotated[ApiParts, Depends(_parts)]
