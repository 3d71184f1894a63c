"""Admission: whether the deployment has room and workers for a job."""

from collections.abc import Callable
from time import monotonic, time
from typing import Protocol

from config.settings import LimitSettings
from jobs.errors import NoWorker, Overloaded
from jobs.job import JobSpec, Priority
from models.family import ModelFamily

READING_KEPT_S = 0.25
"""How long a reading of a queue and the store is used, in seconds."""


class QueueNames(Protocol):
    """Names the queues of the families; `FamilyQueues` in `broker/queues.py` implements it."""

    def queue(self, family: ModelFamily, priority: Priority) -> str:
        """The queue of a family for a priority."""


class Admission(Protocol):
    """Decides whether a job may be submitted."""

    def admit(self, spec: JobSpec) -> None:
        """Check that the deployment has room for a job.

        Raises:
            Overloaded: a queue or the store is too full.
            StorageError: the store or the broker did not answer.
        """

    def require_workers(self, spec: JobSpec) -> None:
        """Check that each stage of a job has a live worker.

        Raises:
            NoWorker: a stage has none.
            StorageError: the store did not answer.
        """


class LoadAdmission:
    """An `Admission` by the length of the queues and the memory of the store. For one thread.

    Args:
        limits: above which there is no room.
        queues: names the queues.
        queue_length: counts the messages that wait in a queue.
        store_share: how full the store is, in [0, 1].
        consumed: the queues that live workers take messages from, at a time.
    """

    def __init__(
        self,
        limits: LimitSettings,
        queues: QueueNames,
        queue_length: Callable[[str], int],
        store_share: Callable[[], float],
        consumed: Callable[[float], set[str]],
    ) -> None:
        self._limits = limits
        self._queues = queues
        self._queue_length = queue_length
        self._store_share = store_share
        self._consumed = consumed
        self._readings: dict[str, tuple[float, bool]] = {}

    def admit(self, spec: JobSpec) -> None:
        """See `Admission.admit`."""
        for queue in {self._queues.queue(stage.family, spec.priority) for stage in spec.stages}:
            if self._is_full(queue):
                raise Overloaded("the deployment is busy: send the request again in some seconds")

    def require_workers(self, spec: JobSpec) -> None:
        """See `Admission.require_workers`."""
        consumed = self._consumed(time())
        for stage in spec.stages:
            if self._queues.queue(stage.family, Priority.NORMAL) not in consumed:
                raise NoWorker(f"no worker takes jobs of the family {stage.family}: start one, or try again later")

    def _is_full(self, queue: str) -> bool:
        read_at, full = self._readings.get(queue, (float("-inf"), False))
        if monotonic() - read_at > READING_KEPT_S:
            full = (
                self._queue_length(queue) >= self._limits.queue_length
                or self._store_share() >= self._limits.store_share
            )
            self._readings[queue] = monotonic(), full
        return full


class OpenAdmission:
    """An `Admission` that accepts all jobs: their sender keeps the queues short itself."""

    def admit(self, spec: JobSpec) -> None:
        """See `Admission.admit`."""

    def require_workers(self, spec: JobSpec) -> None:
        """See `Admission.require_workers`."""
