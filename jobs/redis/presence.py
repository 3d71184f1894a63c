"""The live workers: the queues that they consume and the models that they have loaded."""

from pydantic import BaseModel

from jobs.redis import keys
from jobs.redis.client import Client
from jobs.redis.connection import storage

SILENCE_S = 15.0
"""A worker without a report for so long is gone."""


class ModelReport(BaseModel):
    """A model that a worker has loaded."""

    name: str
    sha256: str
    package: str
    licence: str


class WorkerReport(BaseModel):
    """A worker's report of itself.

    Attributes:
        seen_at: seconds since the epoch.
    """

    name: str
    queues: list[str]
    models: list[ModelReport]
    seen_at: float


class CheckReport(BaseModel):
    """How long a worker needed for one inference of each loaded model, in milliseconds."""

    worker: str
    ms: dict[str, float]
    error: str | None = None


class Presence:
    """The register of workers."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def report(self, worker: WorkerReport) -> None:
        """Record that a worker is alive."""
        with storage():
            self._redis.hset(keys.WORKERS, worker.name, worker.model_dump_json())

    def leave(self, name: str) -> None:
        """Record that a worker is gone."""
        with storage():
            self._redis.hdel(keys.WORKERS, name)

    def workers(self, now: float) -> list[WorkerReport]:
        """The workers that are alive. Reports of workers that are gone are deleted."""
        with storage():
            reports = [WorkerReport.model_validate_json(text) for text in self._redis.hvals(keys.WORKERS)]
            if silent := [worker.name for worker in reports if worker.seen_at < now - SILENCE_S]:
                self._redis.hdel(keys.WORKERS, *silent)
        return [worker for worker in reports if worker.name not in silent]

    def consumed(self, now: float) -> set[str]:
        """The queues that live workers take messages from."""
        return {queue for worker in self.workers(now) for queue in worker.queues}

    def answer_check(self, check_id: str, report: CheckReport) -> None:
        """Record the outcome of a self-check, and signal it to the request that waits for `check_id`."""
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(keys.check(check_id), report.model_dump_json(), ex=60)
            pipe.xadd(keys.FINISHED, {"job": check_id}, maxlen=10_000, approximate=True)
            pipe.execute()

    def check_report(self, check_id: str) -> CheckReport | None:
        """The outcome of a self-check; None until there is one."""
        with storage():
            text = self._redis.get(keys.check(check_id))
        return CheckReport.model_validate_json(text) if text else None
