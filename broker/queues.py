"""The queues: four for each family, or four for all families where a deployment co-locates them."""

from collections.abc import Iterable
from dataclasses import dataclass

from kombu.utils.scheduling import round_robin_cycle

from jobs.job import Priority
from models.family import ModelFamily

CO_LOCATED = "faceline"
"""The queue prefix that co-located families share."""

_SUFFIX = {Priority.HIGH: ".high", Priority.NORMAL: "", Priority.BULK: ".bulk", Priority.LAST: ".last"}
_URGENCY = {suffix: index for index, suffix in enumerate(_SUFFIX.values())}


@dataclass(frozen=True, slots=True)
class FamilyQueues:
    """Which queues the tasks of each family are sent to.

    A queue is named after its prefix, which is the name of a family or the prefix that all families share, and after
    its priority.

    Attributes:
        co_locate: all families share their queues, so that a whole plan is one stage.
    """

    co_locate: bool

    @property
    def prefixes(self) -> list[str]:
        """All queue prefixes."""
        return [CO_LOCATED] if self.co_locate else list(ModelFamily)

    def prefix(self, family: ModelFamily) -> str:
        """The queue prefix of a family."""
        return CO_LOCATED if self.co_locate else family.value

    def queue(self, family: ModelFamily, priority: Priority) -> str:
        """The queue of a family for a priority."""
        return queue_name(self.prefix(family), priority)


def queue_name(prefix: str, priority: Priority) -> str:
    """The queue of a prefix for a priority; the one for the normal priority is named like the prefix."""
    return prefix + _SUFFIX[priority]


def all_queues(prefixes: Iterable[str]) -> list[str]:
    """The queues of some prefixes, the more urgent first."""
    return [queue_name(prefix, priority) for priority in Priority for prefix in prefixes]


def consumed_families(queues: Iterable[str]) -> list[ModelFamily]:
    """The families whose tasks are sent to some of these queues."""
    prefixes = {queue.partition(".")[0] for queue in queues}
    return list(ModelFamily) if CO_LOCATED in prefixes else [family for family in ModelFamily if family in prefixes]


class UrgentFirst(round_robin_cycle):
    """The order in which a worker looks into its queues: by priority, and in turn where the priority is the same.

    Each priority has a queue of its own: kombu inverts and clamps priorities inside one Redis list.
    """

    def consume(self, n: int) -> list[str]:
        """The queues in the order of the next look."""
        return sorted(super().consume(n), key=_urgency)


def _urgency(queue: str) -> int:
    # Any other queue is for answers to `celery inspect` and `celery control`.
    suffix = queue[queue.rfind(".") :] if "." in queue else ""
    return _URGENCY.get(suffix, 0)
