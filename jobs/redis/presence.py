"""The live workers: the queues that they consume and the models that they have loaded."""

from pydantic import BaseModel, ValidationError

from jobs.redis import keys
from jobs.redis.client import Client
from jobs.redis.connection import storage
from jobs.redis.scripts import load_script

SILENCE_S = 15.0
"""A worker without a report for so long is gone. Times are those of the store."""
PAUSE_S = 6.0
"""If no worker reports for so long, the store did not answer; two reports follow each other sooner."""


class ModelReport(BaseModel):
    """A model that a worker has loaded."""

    name: str
    sha256: str
    package: str
    licence: str


class WorkerReport(BaseModel):
    """A worker's report of itself.

    Attributes:
        queues: that it takes messages from; none while it starts or ends.
        threads: the messages that it works on at a time.
        message_s: the seconds that one thread works on a message, by queue, as measured lately.
        load: how many threads work on messages of each queue, as measured lately.
    """

    name: str
    queues: list[str]
    models: list[ModelReport]
    threads: int = 1
    message_s: dict[str, float] = {}
    load: dict[str, float] = {}


class CheckReport(BaseModel):
    """How long a worker needed for one inference of each loaded model, in milliseconds."""

    worker: str
    ms: dict[str, float]
    error: str | None = None


class Presence:
    """The register of workers."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._report = load_script(client, "report_worker")
        self._live_reports = load_script(client, "live_reports")

    def report(self, worker: WorkerReport) -> list[str]:
        """Record that a worker is alive.

        Returns:
            The names of the workers that are gone, until `forget`.
        """
        touched = [keys.WORKERS, keys.LIVE_WORKERS, keys.GONE_WORKERS, keys.JUDGE_WORKERS_FROM]
        with storage():
            gone = self._report(keys=touched, args=[worker.name, worker.model_dump_json(), SILENCE_S, PAUSE_S])
        return [name.decode() for name in gone]

    def forget(self, name: str) -> None:
        """Record that the messages of a worker that is gone are back in their queues."""
        with storage():
            self._redis.srem(keys.GONE_WORKERS, name)

    def leave(self, name: str) -> None:
        """Record that a worker has ended and left no message."""
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(keys.WORKERS, name)
            pipe.zrem(keys.LIVE_WORKERS, name)
            pipe.srem(keys.GONE_WORKERS, name)
            pipe.execute()

    def names(self) -> list[str]:
        """The names of the live workers, and of the gone workers that are not forgotten yet."""
        with storage():
            live, gone = self._redis.zrange(keys.LIVE_WORKERS, 0, -1), self._redis.smembers(keys.GONE_WORKERS)
        return sorted(name.decode() for name in {*live, *gone})

    def workers(self) -> list[WorkerReport]:
        """The live workers that take messages."""
        with storage():
            texts = self._live_reports(keys=[keys.WORKERS, keys.LIVE_WORKERS], args=[SILENCE_S])
        reports = [report for text in texts if (report := _readable(text))]
        return [report for report in reports if report.queues]

    def consumed(self) -> set[str]:
        """The queues that live workers take messages from."""
        return {queue for worker in self.workers() for queue in worker.queues}

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


def _readable(text: bytes) -> WorkerReport | None:
    """A worker's report; None if this version cannot read it, since a worker of another version wrote it."""
    try:
        return WorkerReport.model_validate_json(text)
    except ValidationError:
        return None
