"""Admission: whether the deployment has room and workers for a job."""

from collections.abc import Collection
from typing import Protocol

from config.settings import LimitSettings
from jobs.backlog import Backlog, QueueNames
from jobs.errors import NoWorker, Overloaded
from jobs.job import JobSpec, Priority
from models.family import ModelFamily

ALWAYS_AHEAD = 4
"""So many messages for each thread may always wait, however long each takes: a few callers at once are no overload."""
GIVES_WAY = frozenset((Priority.BULK, Priority.LAST))
"""The priorities of bulk work, and of work that is treated like it."""
BULK_GIVES_WAY_AT = 0.5
"""Bulk work is refused once urgent work needs this share of its own bound."""
DEADLINE_SHARE = 0.5
"""A job is refused if it would wait longer than this share of its deadline, since the estimate may be wrong."""


class Admission(Protocol):
    """Decides whether a job may be submitted."""

    def admit(self, spec: JobSpec) -> None:
        """Check that the deployment has room for a job.

        Raises:
            Overloaded: a queue or the store is too full.
            StorageError: the store or the broker did not answer.
        """

    def count(self, spec: JobSpec) -> None:
        """Count a job that was admitted and created."""

    def require_workers(self, spec: JobSpec) -> None:
        """Check that each stage of a job has a live worker.

        Raises:
            NoWorker: a stage has none.
            StorageError: the store did not answer.
        """


class LoadAdmission:
    """An `Admission` by the time that a job would wait, with a bound for each priority, and by the store's memory.

    Synchronous callers have the priority high. Bulk work gives way first: it is refused while urgent work waits long,
    and once the store is fuller than `bulk_store_share`. The length of a queue is the last resort, where no live worker
    has measured its work.

    Args:
        limits: above which there is no room.
        bulk_store_share: the share of the store's memory above which bulk work is refused.
        queues: names the queues.
        backlog: estimates the wait.
    """

    def __init__(self, limits: LimitSettings, bulk_store_share: float, queues: QueueNames, backlog: Backlog) -> None:
        self._limits = limits
        self._bulk_store_share = bulk_store_share
        self._queues = queues
        self._backlog = backlog

    def admit(self, spec: JobSpec) -> None:
        """See `Admission.admit`."""
        families = {stage.family for stage in spec.stages}
        self._backlog.refresh(families, spec.priority)
        self.require_room(families, spec.priority, spec.deadline_s)

    def count(self, spec: JobSpec) -> None:
        """See `Admission.count`."""
        self._backlog.count({stage.family for stage in spec.stages}, spec.priority)

    def require_workers(self, spec: JobSpec) -> None:
        """See `Admission.require_workers`."""
        families = {stage.family for stage in spec.stages}
        self._backlog.refresh(families, spec.priority)
        consumed = self._backlog.consumed()
        for stage in spec.stages:
            if self._queues.queue(stage.family, Priority.NORMAL) not in consumed:
                raise NoWorker(f"no worker takes jobs of the family {stage.family}: start one, or try again later")

    def require_room(
        self,
        families: Collection[ModelFamily],
        priority: Priority,
        deadline_s: float = float("inf"),
        *,
        least_wait_s: float = 0.0,
    ) -> None:
        """Check that there is room for a job, by the last reading of the backlog. Does not block.

        Args:
            families: of its stages.
            priority: of the job.
            deadline_s: of the job.
            least_wait_s: how long it would wait at least, as the caller knows without the backlog.

        Raises:
            Overloaded: there is none.
        """
        wait_s = max(least_wait_s, self._backlog.wait_s(families, priority))
        if wait_s > min(self._wait_bound_s(families, priority), DEADLINE_SHARE * deadline_s):
            message = f"the deployment is busy, a job of priority {priority} would wait {wait_s:.0f} s: send it later"
            raise Overloaded(message, wait_s)
        urgent_s = self._backlog.wait_s(families, Priority.HIGH) if priority in GIVES_WAY else 0.0
        if urgent_s and urgent_s > BULK_GIVES_WAY_AT * self._wait_bound_s(families, Priority.HIGH):
            raise Overloaded("the deployment is busy with urgent work: send bulk work later", wait_s)
        if self._backlog.longest(families, priority) >= self._limits.queue_length:
            raise Overloaded("the deployment is busy, too many jobs wait: send the request later", wait_s)
        share = self._bulk_store_share if priority in GIVES_WAY else 1.0
        if self._backlog.store_share >= min(share, self._limits.store_share):
            raise Overloaded("the store is nearly full: send the request later", wait_s)

    def _wait_bound_s(self, families: Collection[ModelFamily], priority: Priority) -> float:
        limits = self._limits
        bounds_s = {
            Priority.HIGH: limits.high_wait_s,
            Priority.NORMAL: limits.normal_wait_s,
            Priority.BULK: limits.bulk_wait_s,
            Priority.LAST: limits.bulk_wait_s,
        }
        return max(bounds_s[priority], ALWAYS_AHEAD * self._backlog.message_s(families, priority))


class OpenAdmission:
    """An `Admission` that accepts all jobs: their sender keeps the queues short itself."""

    def admit(self, spec: JobSpec) -> None:
        """See `Admission.admit`."""

    def count(self, spec: JobSpec) -> None:
        """See `Admission.count`."""

    def require_workers(self, spec: JobSpec) -> None:
        """See `Admission.require_workers`."""
