"""The metrics that each API process reads from the store and the broker when it is scraped."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic, time
from typing import NamedTuple

from broker.queue_length import QueueLength
from broker.queues import FamilyQueues, all_queues, consumed_families
from jobs.errors import StorageError
from jobs.redis.jobs import RedisJobStore
from jobs.redis.presence import Presence
from jobs.redis.webhooks import DueWebhooks
from metrics import api as metrics
from metrics.declaration import GaugeCollector
from models.family import ModelFamily

KEPT_S = 1.0
"""How long a reading answers all scrapes: several servers may scrape a process."""

_OF_THE_STORE = (
    metrics.STORE_BYTES,
    metrics.STORE_LIMIT_BYTES,
    metrics.OPEN_JOBS,
    metrics.WEBHOOKS_WAITING,
    metrics.WEBHOOKS_LATE_SECONDS,
)
_BY_LABEL = (metrics.QUEUE_LENGTH, metrics.OLDEST_MESSAGE_SECONDS, metrics.WORKERS, metrics.MODELS_LOADED)


class QueueState(NamedTuple):
    """A queue.

    Attributes:
        messages: that wait.
        oldest_s: how long the oldest message waits; None if it is unknown, or no message waits.
    """

    name: str
    messages: int
    oldest_s: float | None


class DeploymentReader:
    """Reads the state of the deployment, also into gauges. Thread-safe.

    Args:
        queues: of the deployment.
        lengths: of these queues.
        presence: has the live workers.
        store: of the deployment.
        webhooks: that are due.
    """

    def __init__(
        self,
        queues: FamilyQueues,
        lengths: QueueLength,
        presence: Presence,
        store: RedisJobStore,
        webhooks: DueWebhooks,
    ) -> None:
        self._queues = all_queues(queues.prefixes)
        self._lengths = lengths
        self._presence = presence
        self._store = store
        self._webhooks = webhooks
        self._read_at = float("-inf")
        self._lock = Lock()

    @contextmanager
    def scraped(self) -> Iterator[None]:
        """Each scrape of this process has the gauges while the body runs."""
        gauges = [metrics.STORE_UP, *_OF_THE_STORE, *_BY_LABEL]
        collector = GaugeCollector(gauges, self.read)
        metrics.METRICS.registry.register(collector)
        try:
            yield
        finally:
            metrics.METRICS.registry.unregister(collector)

    def queues(self) -> list[QueueState]:
        """All queues, the more urgent first.

        Raises:
            StorageError: the broker did not answer.
        """
        with self._lock:
            return [self._queue(name) for name in self._queues]

    def read(self) -> None:
        """Set the gauges, unless the last reading is recent. Blocks for as long as the store may take.

        If the store or the broker does not answer, only `STORE_UP` has a value that counts.
        """
        with self._lock:
            self._read()

    def _read(self) -> None:
        if monotonic() - self._read_at < KEPT_S:
            return
        for gauge in _BY_LABEL:
            gauge.clear()
        try:
            self._read_store()
            self._read_queues()
            self._read_workers()
        except StorageError:
            metrics.STORE_UP.set(0)
        else:
            metrics.STORE_UP.set(1)
        self._read_at = monotonic()

    def _read_store(self) -> None:
        used, limit = self._store.memory()
        metrics.STORE_BYTES.set(used)
        metrics.STORE_LIMIT_BYTES.set(limit)
        metrics.OPEN_JOBS.set(self._store.open_jobs())
        metrics.WEBHOOKS_WAITING.set(self._webhooks.waiting())
        metrics.WEBHOOKS_LATE_SECONDS.set(self._webhooks.late_s())

    def _read_queues(self) -> None:
        for name in self._queues:
            queue = self._queue(name)
            metrics.QUEUE_LENGTH.labels(name).set(queue.messages)
            if queue.messages == 0:
                metrics.OLDEST_MESSAGE_SECONDS.labels(name).set(0)
            elif queue.oldest_s is not None:
                metrics.OLDEST_MESSAGE_SECONDS.labels(name).set(queue.oldest_s)

    def _queue(self, name: str) -> QueueState:
        messages = self._lengths(name)
        sent_at = self._lengths.oldest_sent_at(name) if messages else None
        # The clock of the sender may be ahead.
        return QueueState(name, messages, None if sent_at is None else max(0.0, time() - sent_at))

    def _read_workers(self) -> None:
        workers = self._presence.workers()
        families = Counter(family for worker in workers for family in consumed_families(worker.queues))
        models = Counter(model.name for worker in workers for model in worker.models)
        for family in ModelFamily:
            metrics.WORKERS.labels(family.value).set(families[family])
        for model, count in models.items():
            metrics.MODELS_LOADED.labels(model).set(count)
