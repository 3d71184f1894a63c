"""A deployment whose queues, workers and store are what a test says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config.settings import LimitSettings
from jobs.admission import LoadAdmission
from jobs.backlog import Backlog
from jobs.job import Priority
from models.family import ModelFamily


@dataclass(frozen=True)
class Worker:
    """A live worker."""

    queues: Sequence[str]
    threads: int = 1
    message_s: Mapping[str, float] = field(default_factory=dict)
    load: Mapping[str, float] = field(default_factory=dict)


@dataclass
class DeploymentLoad:
    """What a `Backlog` reads, and the parts that decide by it.

    Attributes:
        looks: how often each queue was counted.
    """

    lengths: dict[str, int] = field(default_factory=dict)
    workers: Sequence[Worker] = ()
    share: float = 0.0
    limits: LimitSettings = field(default_factory=LimitSettings)
    looks: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.backlog = Backlog(self, self._length, lambda: self.workers, lambda: self.share)
        self.admission = LoadAdmission(self.limits, 0.5, self, self.backlog)

    def queue(self, family: ModelFamily, priority: Priority) -> str:
        return family.value if priority is Priority.NORMAL else f"{family.value}.{priority.value}"

    def _length(self, queue: str) -> int:
        self.looks[queue] += 1
        return self.lengths.get(queue, 0)


def queues_of(*families: ModelFamily) -> list[str]:
    """The queues of some families, as a worker reports them."""
    return [f"{family.value}{suffix}" for family in families for suffix in (".high", "", ".bulk", ".last")]
