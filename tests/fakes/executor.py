"""An executor that answers as a test wants."""

from collections.abc import Callable, Collection, Mapping, Sequence

from bulk.executors.executor import Outcome
from jobs.factory import CheckedSample
from pipelines.chunk import Failure, Item
from pipelines.sample import Sample, SampleObject

Answer = Callable[["FakeExecutor", Sequence[CheckedSample]], Outcome | None]


def well(_: "FakeExecutor", photos: Sequence[CheckedSample]) -> Outcome:
    """Each photo has one face."""
    return Outcome([Item(sample=Sample(size=(4, 3), objects=[SampleObject(age=30.4)])) for _ in photos])


def dead(kind: str) -> Item:
    return Item(sample=Sample(), failures=[Failure(service=None, type=kind, message="why")], failed=True)


class FakeExecutor:
    """An `Executor` that answers at once, out of order.

    Attributes:
        sent: the photos of each call.
        erased: the tickets that were erased.
        most: the most tickets that were open at the same time.
    """

    max_in_flight = 2

    def __init__(self, answer: Answer = well, *, by_reference: bool | None = True) -> None:
        self._answer = answer
        self.by_reference = by_reference
        self.sent: list[list[CheckedSample]] = []
        self.open: dict[str, Outcome | None] = {}
        self.erased: list[str] = []
        self.most = 0

    def check(self) -> None: ...

    def models(self) -> Mapping[str, str]:
        return {"yunet": "aa", "another": "bb"}

    def has_room(self) -> bool:
        return True

    def send(self, photos: Sequence[CheckedSample]) -> str:
        self.sent.append(list(photos))
        ticket = str(len(self.sent))
        self.open[ticket] = self._answer(self, photos)
        self.most = max(self.most, len(self.open))
        return ticket

    def ended(self, wait_s: float) -> Collection[str]:
        return ["another caller's", *list(self.open)[-1:]]

    def outcome(self, ticket: str) -> Outcome | None:
        return self.open[ticket]

    def erase(self, ticket: str) -> None:
        self.erased.append(ticket)
        del self.open[ticket]
