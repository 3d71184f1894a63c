"""Workers that do what a test wants with the photos that they are sent."""

from collections.abc import Callable, Collection, Mapping, Sequence

from bulk.executors.executor import Ended
from jobs.factory import Checked
from pipelines.chunk import Failure, Item
from pipelines.sample import Sample, SampleObject

Answer = Callable[["FakeExecutor", Sequence[Checked]], Ended | None]


def well(_: "FakeExecutor", photos: Sequence[Checked]) -> Ended:
    """Each photo has one face."""
    return Ended([Item(sample=Sample(size=(4, 3), objects=[SampleObject(age=30.4)])) for _ in photos])


def dead(kind: str) -> Item:
    return Item(sample=Sample(), failures=[Failure(service=None, type=kind, message="why")], dead=True)


class FakeExecutor:
    """A `Executor` that answers at once, out of order.

    Attributes:
        sent: what came in, one entry for each piece.
        erased: tickets that were forgotten.
        most: so many were under way at the same time.
    """

    def __init__(self, answer: Answer = well) -> None:
        self._answer = answer
        self.sent: list[list[Checked]] = []
        self.open: dict[str, Ended | None] = {}
        self.erased: list[str] = []
        self.most = 0

    def models(self) -> Mapping[str, str]:
        return {"yunet": "aa", "another": "bb"}

    def has_room(self) -> bool:
        return True

    def send(self, photos: Sequence[Checked]) -> str:
        self.sent.append(list(photos))
        ticket = str(len(self.sent))
        self.open[ticket] = self._answer(self, photos)
        self.most = max(self.most, len(self.open))
        return ticket

    def ended(self, wait_s: float) -> Collection[str]:
        return ["somebody else's", *list(self.open)[-1:]]

    def look(self, ticket: str) -> Ended | None:
        return self.open[ticket]

    def forget(self, ticket: str) -> None:
        self.erased.append(ticket)
        del self.open[ticket]
