"""The executor that sends jobs to the workers of a deployment, through its store and its broker."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from broker.app import create_app
from broker.chain import ChainSender
from broker.queues import CO_LOCATED, FamilyQueues
from bulk.errors import ExecutorLost
from bulk.executors.executor import Outcome
from bulk.validation import PhotoValidator
from config.settings import Settings
from jobs.factory import CheckedSample
from jobs.job import Job, JobGroup, JobSpec, JobStatus, new_job_id
from jobs.redis.connection import Patience, connect, connect_patiently
from jobs.redis.encryption import Encryption
from jobs.redis.jobs import FinishedStream, RedisJobStore
from jobs.redis.presence import Presence
from jobs.service import JobService
from pipelines.dialects import DIALECTS

STORE_PATIENCE_S = 3.0
READ_S = 5.0
"""The longest `wait_s` of `QueueExecutor.ended`."""
PER_WORKER = 16
"""Chunks in flight for each worker of a deployment, whose number of threads is not known."""
_LOST = (JobStatus.CANCELED, JobStatus.EXPIRED, JobStatus.ERASED)


class QueueExecutor:
    """An `Executor` on the bulk queues of a deployment.

    Args:
        settings: of the deployment; `redis_url` is its store.
        validator: of the run.
        queues: the queues that the workers consume.
        max_in_flight: see `Executor.max_in_flight`.
        by_reference: see `Executor.by_reference`.
        check: see `Executor.check`.
    """

    def __init__(
        self,
        settings: Settings,
        validator: PhotoValidator,
        queues: FamilyQueues,
        max_in_flight: int,
        by_reference: bool | None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        patience = Patience(STORE_PATIENCE_S)
        client = connect_patiently(settings.redis_url, patience)
        self.max_in_flight = max_in_flight
        self.by_reference = by_reference
        self.check = check
        self._store = RedisJobStore(client, settings.jobs, Encryption.of(settings.secrets))
        self._presence = Presence(client)
        # A connection of its own: a read of the stream blocks it.
        self._finished = FinishedStream(connect_patiently(settings.redis_url, patience, blocks_s=READ_S))
        self._finished.seek_end()
        app = create_app(settings.broker_url or settings.redis_url, patience)
        self._jobs = JobService(self._store, ChainSender(app, queues))
        self._factory = replace(validator.factory, queue_prefix=queues.prefix)
        # Lists of jobs leave out the jobs of a group.
        self._options = replace(validator.options, group=JobGroup(kind="bulk", id=f"bulk-{new_job_id()}"))
        self._store_share = settings.limits.store_share
        self._specs: dict[str, JobSpec] = {}

    def models(self) -> Mapping[str, str]:
        """See `Executor.models`."""
        return held_models(self._presence)

    def has_room(self) -> bool:
        """See `Executor.has_room`."""
        return self._store.memory_share() < self._store_share

    def send(self, photos: Sequence[CheckedSample]) -> str:
        """See `Executor.send`."""
        spec = self._jobs.submit(self._factory.make_job(photos, DIALECTS["v2"], self._options)).spec
        self._specs[spec.id] = spec
        return spec.id

    def ended(self, wait_s: float) -> Collection[str]:
        """See `Executor.ended`."""
        return self._finished.read(wait_s)

    def outcome(self, ticket: str) -> Outcome | None:
        """See `Executor.outcome`."""
        job = self._store.find(ticket)
        if job is None or job.status in _LOST:
            return Outcome(None)
        return self._outcome(job) if job.status.over else None

    def erase(self, ticket: str) -> None:
        """See `Executor.erase`."""
        self._store.erase(self._specs[ticket], tombstone=False)
        del self._specs[ticket]

    def _outcome(self, job: Job) -> Outcome:
        data = self._store.data(job.spec.id)
        return Outcome(data.result.items if data and data.result else None, job.failure)


def deployed_executor(settings: Settings, validator: PhotoValidator) -> QueueExecutor:
    """The executor on the workers of a running deployment.

    Raises:
        ExecutorLost: the deployment has no worker.
        StorageError: the store does not answer.
    """
    presence = Presence(connect(settings.redis_url, patience_s=STORE_PATIENCE_S))
    queues = consumed_queues(presence)
    max_in_flight = PER_WORKER * len(presence.workers())
    return QueueExecutor(settings, validator, queues, max_in_flight, by_reference=None)


def held_models(presence: Presence) -> Mapping[str, str]:
    """The models that live workers hold: names and SHA-256.

    Raises:
        ExecutorLost: two workers hold different models under one name.
    """
    held: dict[str, str] = {}
    for worker in presence.workers():
        for model in worker.models:
            if held.setdefault(model.name, model.sha256) != model.sha256:
                raise ExecutorLost(
                    f"workers hold different models {model.name}: start all workers with the same version of Faceline"
                )
    return held


def consumed_queues(presence: Presence) -> FamilyQueues:
    """The queues that live workers consume.

    Raises:
        ExecutorLost: there is no live worker.
    """
    consumed = presence.consumed()
    if not consumed:
        raise ExecutorLost("the deployment has no worker; start one, and try again")
    return FamilyQueues(CO_LOCATED in consumed)
