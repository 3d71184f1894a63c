"""Who does the work, whatever it is made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from jobs.factory import Checked
from pipelines.chunk import Failure, Item


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of photos that were sent together.

    Attributes:
        items: in the order in which they were sent; None if they came to nothing as a whole.
        failure: why they came to nothing; None if they are simply gone. A photo that was sent alone has it to itself.
    """

    items: Sequence[Item] | None
    failure: Failure | None = None


class Executor(Protocol):
    """Takes photos and gives samples. For one thread. Methods raise `StorageError` where nobody answers."""

    def models(self) -> Mapping[str, str]:
        """The models that its workers hold, with their SHA-256."""

    def has_room(self) -> bool:
        """Whether more may be sent."""

    def send(self, photos: Sequence[Checked]) -> str:
        """Have photos done together; gives a ticket for them."""

    def ended(self, wait_s: float) -> Collection[str]:
        """Tickets, other people's among them, of what has ended since the last call; waits for the first."""

    def look(self, ticket: str) -> Ended | None:
        """What became of a ticket; None as long as it is not over."""

    def forget(self, ticket: str) -> None:
        """Erase whatever is left of a ticket."""
