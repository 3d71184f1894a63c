"""The queues: three for each family, or three for all where a deployment co-locates them."""

from collections.abc import Iterable
from dataclasses import dataclass

from kombu.utils.scheduling import round_robin_cycle

from jobs.job import Priority
from models.family import ModelFamily

CO_LOCATED = "faceline"
_SUFFIX = {Priority.HIGH: ".high", Priority.NORMAL: "", Priority.BULK: ".bulk"}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the tasks of each family go.

    A place is what queues are named after: a family, or the one place that all families share.

    Attributes:
        co_locate: all families share one place, so that a whole plan is one stage.
    """

    co_locate: bool

    @property
    def places(self) -> list[str]:
        """All places."""
        return [CO_LOCATED] if self.co_locate else list(ModelFamily)

    def place(self, family: ModelFamily) -> str:
        """The place of a family."""
        return CO_LOCATED if self.co_locate else family.value

    def queue(self, family: ModelFamily, priority: Priority) -> str:
        """The queue of a family for a priority."""
        return queue_name(self.place(family), priority)


def queue_name(place: str, priority: Priority) -> str:
    """The queue of a place for a priority; the normal one bears the name of the place."""
    return place + _SUFFIX[priority]


def all_queues(places: Iterable[str]) -> list[str]:
    """The queues of some places, the more urgent first."""
    return [queue_name(place, priority) for priority in Priority for place in places]


def consumed_families(queues: Iterable[str]) -> list[ModelFamily]:
    """The families whose tasks come through some queues."""
    places = {queue.partition(".")[0] for queue in queues}
    return list(ModelFamily) if CO_LOCATED in places else [family for family in ModelFamily if family.value in places]


class UrgentFirst(round_robin_cycle):
    """The order in which a worker looks into its queues: by priority, in turn within one.

    Priorities inside one Redis list would be inverted and clamped; hence queues of their own.
    """

    def consume(self, n: int) -> list[str]:
        """The queues in the order of the next look."""
        return sorted(super().consume(n), key=_urgency)


def _urgency(queue: str) -> int:
    suffixes = list(_SUFFIX.values())
    return suffixes.index(queue[queue.rfind(".") :] if "." in queue else "")
