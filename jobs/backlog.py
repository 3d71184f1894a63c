"""`Backlog`: what waits in the queues of a deployment, measured in the time until a new job begins."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Protocol

from jobs.job import Priority
from models.family import ModelFamily

READING_KEPT_S = 0.25
"""How long a reading of the queues, the workers and the store is used, in seconds."""
UNMEASURED_S = 0.1
"""The seconds that a message counts for before any worker has measured one."""

MOST_URGENT_SHARE = 0.95
"""The most that more urgent work is supposed to take: a message waits at most twenty times as long for it."""

_Question = tuple[frozenset[ModelFamily], Priority]
"""The families of a job, and its priority."""


class QueueNames(Protocol):
    """Names the queues of the families; `FamilyQueues` in `broker/queues.py` implements it."""

    def queue(self, family: ModelFamily, priority: Priority) -> str:
        """The queue of a family for a priority."""


class LiveWorker(Protocol):
    """A worker's report of its work; see `WorkerReport`."""

    @property
    def queues(self) -> Sequence[str]:
        """The queues that it takes messages from."""

    @property
    def threads(self) -> int:
        """The messages that it works on at a time."""

    @property
    def message_s(self) -> Mapping[str, float]:
        """The seconds that one thread works on a message, by queue."""

    @property
    def load(self) -> Mapping[str, float]:
        """How many threads work on messages of each queue, on average."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A look at the deployment.

    Attributes:
        at: a time of `monotonic`.
        lengths: the messages that waited in each queue.
        weights: of each question, by how many seconds each queue delays a new message for each message in it.
        message_s: of each question, how long one thread works on the messages of a new job, in seconds.
    """

    at: float = float("-inf")
    lengths: Mapping[str, int] = field(default_factory=dict)
    workers: Sequence[LiveWorker] = ()
    store_share: float = 0.0
    weights: dict[_Question, Mapping[str, float]] = field(default_factory=dict)
    message_s: dict[_Question, float] = field(default_factory=dict)


class Backlog:
    """What waits in the queues, as read lately, and what this process has sent since. Thread-safe.

    A message waits for all messages in its queue, in the more urgent queues, and in other queues that the same workers
    take messages from. Each takes the time that the workers have measured, shared by the threads that work on it. More
    urgent messages that come later are taken first too. If such messages have taken a share `u` of the threads lately,
    the wait is 1 / (1 - u) times as long, as in a queue with priorities (A. Cobham, 1954).

    Args:
        queues: names the queues.
        queue_length: counts the messages that wait in a queue; one thread calls it at a time.
        workers: the live workers.
        store_share: how full the store is, in [0, 1].
    """

    def __init__(
        self,
        queues: QueueNames,
        queue_length: Callable[[str], int],
        workers: Callable[[], Sequence[LiveWorker]],
        store_share: Callable[[], float],
    ) -> None:
        self._queues = queues
        self._queue_length = queue_length
        self._workers = workers
        self._store_share = store_share
        self._reading = _Reading()
        self._watched: set[str] = set()
        self._sent: Counter[str] = Counter()
        self._counting = Lock()
        self._refreshing = Lock()

    @property
    def age_s(self) -> float:
        """How old the last reading is, in seconds."""
        return monotonic() - self._reading.at

    def queue(self, family: ModelFamily, priority: Priority) -> str:
        """The queue of a family for a priority."""
        return self._queues.queue(family, priority)

    def knows(self, families: Collection[ModelFamily], priority: Priority) -> bool:
        """Whether the last reading is recent and has the queues of a job."""
        return self.age_s < READING_KEPT_S and self.knew(families, priority)

    def knew(self, families: Collection[ModelFamily], priority: Priority) -> bool:
        """Whether the last reading has the queues of a job."""
        return {self._queues.queue(family, priority) for family in families} <= self._reading.lengths.keys()

    @property
    def store_share(self) -> float:
        """How full the store was, in [0, 1]."""
        return self._reading.store_share

    def refresh(self, families: Collection[ModelFamily], priority: Priority) -> None:
        """Read the queues that delay a job, the workers and the store, unless the last reading is recent.

        Raises:
            StorageError: the store or the broker did not answer.
        """
        with self._refreshing:
            if self.knows(families, priority):
                return
            own = {self._queues.queue(family, priority) for family in families}
            with self._counting:
                sent_before = self._sent.copy()
            at, workers = monotonic(), self._workers()
            self._watched |= own | self._ahead(families, priority, workers)
            lengths = {queue: self._queue_length(queue) for queue in self._watched}
            self._reading = _Reading(at, lengths, workers, self._store_share())
            with self._counting:
                self._sent -= sent_before  # they were in the queues already, or are gone

    def count(self, families: Collection[ModelFamily], priority: Priority) -> None:
        """Count a job that this process sends."""
        with self._counting:
            self._sent.update({self._queues.queue(family, priority) for family in families})

    def uncount(self, family: ModelFamily, priority: Priority) -> None:
        """Take back a count: the job is over."""
        with self._counting:
            self._sent[self._queues.queue(family, priority)] -= 1

    def wait_s(self, families: Collection[ModelFamily], priority: Priority) -> float:
        """How long a new job would wait in its queues, in seconds; 0 for a queue that no live worker consumes."""
        reading = self._reading
        asked = frozenset(families), priority
        if (weights := reading.weights.get(asked)) is None:
            weights = reading.weights[asked] = self._weights(families, priority, reading.workers)
        with self._counting:
            work_s = sum(
                (reading.lengths.get(queue, 0) + self._sent[queue]) * seconds for queue, seconds in weights.items()
            )
        # The workers have worked on it since the reading.
        return max(0.0, work_s - self.age_s)

    def wait_behind_s(self, jobs: int, family: ModelFamily, priority: Priority) -> float:
        """How long a new job would wait if so many others of its queue were not over, in seconds."""
        queue = self._queues.queue(family, priority)
        consumers = _consumers(queue, self._reading)
        threads = sum(worker.threads for worker in consumers)
        return max(0, jobs + 1 - threads) * _message_s(queue, consumers) / threads if threads else 0.0

    def message_s(self, families: Collection[ModelFamily], priority: Priority) -> float:
        """How long one thread works on the messages of a new job, in seconds."""
        reading = self._reading
        asked = frozenset(families), priority
        if (seconds := reading.message_s.get(asked)) is None:
            queues = {self._queues.queue(family, priority) for family in families}
            seconds = reading.message_s[asked] = sum(_message_s(queue, _consumers(queue, reading)) for queue in queues)
        return seconds

    def longest(self, families: Collection[ModelFamily], priority: Priority) -> int:
        """The number of messages in the longest of a job's queues."""
        queues = {self._queues.queue(family, priority) for family in families}
        with self._counting:
            return max(self._reading.lengths.get(queue, 0) + self._sent[queue] for queue in queues)

    def consumed(self) -> set[str]:
        """The queues that live workers took messages from."""
        return {queue for worker in self._reading.workers for queue in worker.queues}

    def _ahead(self, families: Iterable[ModelFamily], priority: Priority, workers: Sequence[LiveWorker]) -> set[str]:
        """The queues whose messages are worked on before a new message of some families."""
        own = {self._queues.queue(family, priority) for family in families}
        consumed = {queue for worker in workers if own & set(worker.queues) for queue in worker.queues}
        urgencies = list(Priority)
        as_urgent = urgencies[: urgencies.index(priority) + 1]
        return consumed & {self._queues.queue(family, urgency) for family in ModelFamily for urgency in as_urgent}

    def _weights(
        self, families: Iterable[ModelFamily], priority: Priority, workers: Sequence[LiveWorker]
    ) -> Mapping[str, float]:
        weights, left = {}, 1 - self._urgent_share(families, priority, workers)
        for queue in self._ahead(families, priority, workers):
            consumers = [worker for worker in workers if queue in worker.queues]
            weights[queue] = _message_s(queue, consumers) / sum(worker.threads for worker in consumers) / left
        return weights

    def _urgent_share(
        self, families: Iterable[ModelFamily], priority: Priority, workers: Sequence[LiveWorker]
    ) -> float:
        """The share of the threads that more urgent messages have taken lately; of the busiest queue of a job."""
        urgencies = list(Priority)
        more_urgent = urgencies[: urgencies.index(priority)]
        urgent = {self._queues.queue(family, urgency) for family in ModelFamily for urgency in more_urgent}
        shares = [0.0]
        for own in {self._queues.queue(family, priority) for family in families}:
            consumers = [worker for worker in workers if own in worker.queues]
            taken = sum(threads for worker in consumers for queue, threads in worker.load.items() if queue in urgent)
            shares.append(taken / max(1, sum(worker.threads for worker in consumers)))
        return min(max(shares), MOST_URGENT_SHARE)


def _consumers(queue: str, reading: _Reading) -> Sequence[LiveWorker]:
    return [worker for worker in reading.workers if queue in worker.queues]


def _message_s(queue: str, consumers: Sequence[LiveWorker]) -> float:
    """The seconds for a message of a queue; without a measurement, those of other queues of its workers."""
    measured = [worker.message_s[queue] for worker in consumers if queue in worker.message_s]
    others = [seconds for worker in consumers for seconds in worker.message_s.values()]
    known = measured or others
    return sum(known) / len(known) if known else UNMEASURED_S
