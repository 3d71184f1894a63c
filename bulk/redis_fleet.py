"""Workers behind a store and a broker: a piece of a chunk is a job on the bulk queues."""

from collections.abc import Collection, Mapping, Sequence
from time import time

from celery import Celery

from broker.chain import send_job
from broker.queues import CO_LOCATED, Placement
from bulk.desk import Desk
from bulk.errors import FleetLost
from bulk.fleet import Ended
from pipelines.errors import StorageError
from pipelines.job import Job, JobSpec, JobStatus
from pipelines.settings import Settings
from pipelines.store.connection import Client
from pipelines.store.finished import FinishedStream
from pipelines.store.jobs import RedisJobStore
from pipelines.store.presence import Presence
from pipelines.submission import Checked

_LOST = (JobStatus.CANCELED, JobStatus.EXPIRED, JobStatus.ERASED)


class RedisFleet:
    """A `Fleet`.

    Args:
        client: of the store.
        app: sends messages.
        desk: makes jobs.
        settings: of the deployment.
        placement: where its workers take messages from.
    """

    def __init__(self, client: Client, app: Celery, desk: Desk, settings: Settings, placement: Placement) -> None:
        self._store = RedisJobStore(client, settings.jobs)
        self._presence = Presence(client)
        self._finished = FinishedStream(client)
        self._finished.seek_end()
        self._app = app
        self._desk = desk
        self._share = settings.limits.store_share
        self._placement = placement
        self._specs: dict[str, JobSpec] = {}

    def models(self) -> Mapping[str, str]:
        """See `Fleet.models`."""
        return held_models(self._presence)

    def has_room(self) -> bool:
        """See `Fleet.has_room`."""
        return self._presence.memory_share() < self._share

    def send(self, photos: Sequence[Checked]) -> str:
        """See `Fleet.send`."""
        job = self._desk.gather(photos)
        self._store.create(job)
        try:
            send_job(self._app, job.spec, self._placement)
        except StorageError:
            self._store.erase(job.spec, tombstone=False)
            raise
        self._specs[job.spec.id] = job.spec
        return job.spec.id

    def ended(self, wait_s: float) -> Collection[str]:
        """See `Fleet.ended`."""
        return self._finished.read(wait_s)

    def look(self, ticket: str) -> Ended | None:
        """See `Fleet.look`."""
        job = self._store.find(ticket)
        if job is None or job.status in _LOST:
            return Ended(None)
        return self._outcome(job) if job.status.over else None

    def forget(self, ticket: str) -> None:
        """See `Fleet.forget`."""
        self._store.erase(self._specs[ticket], tombstone=False)
        del self._specs[ticket]

    def _outcome(self, job: Job) -> Ended:
        data = self._store.data(job.spec.id)
        return Ended(data.result.items if data and data.result else None, job.failure)


def held_models(presence: Presence) -> Mapping[str, str]:
    """The models that live workers hold, with their SHA-256.

    Raises:
        FleetLost: two workers hold different ones under one name.
    """
    held: dict[str, str] = {}
    for worker in presence.workers(time()):
        for model in worker.models:
            if held.setdefault(model.name, model.sha256) != model.sha256:
                raise FleetLost(f"workers disagree about the model {model.name}: a table needs one")
    return held


def placement_of(presence: Presence) -> Placement:
    """Where live workers take messages from.

    Raises:
        FleetLost: there are none.
    """
    consumed = presence.consumed(time())
    if not consumed:
        raise FleetLost("no worker is there")
    return Placement(CO_LOCATED in consumed)
