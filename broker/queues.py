"""The queues: three for each family, or three for all where a deployment co-locates them."""

from collections.abc import Callable, Iterable

from kombu.utils.scheduling import round_robin_cycle

from models.family import ModelFamily
from pipelines.job import Priority

CO_LOCATED = "faceline"
_SUFFIX = {Priority.HIGH: ".high", Priority.NORMAL: "", Priority.BULK: ".bulk"}


def placing(*, co_locate: bool) -> Callable[[ModelFamily], str]:
    """Where the tasks of a family go: to its own place, or to one that all families share."""
    return (lambda _: CO_LOCATED) if co_locate else (lambda family: family.value)


def queue_name(place: str, priority: Priority) -> str:
    """The queue of a place for a priority; the normal one bears the name of the place."""
    return place + _SUFFIX[priority]


def all_queues(places: Iterable[str]) -> list[str]:
    """The queues of some places, the more urgent first."""
    return [queue_name(place, priority) for priority in Priority for place in places]


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


def consumed_families(queues: Iterable[str]) -> list[ModelFamily]:
    """The families whose tasks come through some queues."""
    places = {queue.partition(".")[0] for queue in queues}
    return list(ModelFamily) if CO_LOCATED in places else [family for family in ModelFamily if family.value in places]
