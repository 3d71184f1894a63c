"""Workers behind a store and a broker: a piece of a chunk is a job on the bulk queues."""

from collections.abc import Collection, Mapping, Sequence
from time import time

from celery import Celery

from broker.chain import ChainSender
from broker.queues import CO_LOCATED, Placement
from bulk.errors import ExecutorLost
from bulk.executors.executor import Ended
from bulk.validation import PhotoValidator
from config.settings import Settings
from jobs.factory import Checked
from jobs.job import Job, JobSpec, JobStatus
from jobs.redis.connection import Client
from jobs.redis.jobs import FinishedStream, RedisJobStore
from jobs.redis.presence import Presence
from jobs.service import JobService

_LOST = (JobStatus.CANCELED, JobStatus.EXPIRED, JobStatus.ERASED)


class QueueExecutor:
    """A `Executor`.

    Args:
        client: of the store.
        app: sends messages.
        validator: makes jobs.
        settings: of the deployment.
        placement: where its workers take messages from.
    """

    def __init__(
        self, client: Client, app: Celery, validator: PhotoValidator, settings: Settings, placement: Placement
    ) -> None:
        self._store = RedisJobStore(client, settings.jobs)
        self._presence = Presence(client)
        self._finished = FinishedStream(client)
        self._finished.seek_end()
        self._jobs = JobService(self._store, ChainSender(app, placement))
        self._validator = validator
        self._share = settings.limits.store_share
        self._specs: dict[str, JobSpec] = {}

    def models(self) -> Mapping[str, str]:
        """See `Executor.models`."""
        return held_models(self._presence)

    def has_room(self) -> bool:
        """See `Executor.has_room`."""
        return self._presence.memory_share() < self._share

    def send(self, photos: Sequence[Checked]) -> str:
        """See `Executor.send`."""
        spec = self._jobs.submit(self._validator.gather(photos)).spec
        self._specs[spec.id] = spec
        return spec.id

    def ended(self, wait_s: float) -> Collection[str]:
        """See `Executor.ended`."""
        return self._finished.read(wait_s)

    def look(self, ticket: str) -> Ended | None:
        """See `Executor.look`."""
        job = self._store.find(ticket)
        if job is None or job.status in _LOST:
            return Ended(None)
        return self._outcome(job) if job.status.over else None

    def forget(self, ticket: str) -> None:
        """See `Executor.forget`."""
        self._store.erase(self._specs[ticket], tombstone=False)
        del self._specs[ticket]

    def _outcome(self, job: Job) -> Ended:
        data = self._store.data(job.spec.id)
        return Ended(data.result.items if data and data.result else None, job.failure)


def held_models(presence: Presence) -> Mapping[str, str]:
    """The models that live workers hold, with their SHA-256.

    Raises:
        ExecutorLost: two workers hold different ones under one name.
    """
    held: dict[str, str] = {}
    for worker in presence.workers(time()):
        for model in worker.models:
            if held.setdefault(model.name, model.sha256) != model.sha256:
                raise ExecutorLost(f"workers disagree about the model {model.name}: a table needs one")
    return held


def placement_of(presence: Presence) -> Placement:
    """Where live workers take messages from.

    Raises:
        ExecutorLost: there are none.
    """
    consumed = presence.consumed(time())
    if not consumed:
        raise ExecutorLost("no worker is there")
    return Placement(CO_LOCATED in consumed)
