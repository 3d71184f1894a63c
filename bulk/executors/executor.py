"""What a bulk run needs of the deployment that does its work."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from jobs.factory import CheckedSample
from pipelines.chunk import Failure, Item

LOST_AFTER_S = 120.0
"""An executor that does not answer for so long is lost."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of photos that were sent together.

    Attributes:
        items: in the order of the photos; None if there are no results for the photos as a whole.
        failure: why there are no results; None if they are lost. With a single photo, it is that photo's failure.
    """

    items: Sequence[Item] | None
    failure: Failure | None = None


class Executor(Protocol):
    """Runs services on photos. For one thread. Every method may raise `StorageError`: no answer, worth another try."""

    @property
    def max_in_flight(self) -> int:
        """So many chunks in flight keep all workers busy."""

    @property
    def by_reference(self) -> bool | None:
        """Whether its workers read photos by reference; None if that is not known yet."""

    def check(self) -> None:
        """Called about once a second.

        Raises:
            FacelineError: the executor cannot work any more.
        """

    def models(self) -> Mapping[str, str]:
        """The models of its workers: names and SHA-256.

        Raises:
            ExecutorLost: workers hold different models under one name.
        """

    def has_room(self) -> bool:
        """Whether it accepts more photos now."""

    def send(self, photos: Sequence[CheckedSample]) -> str:
        """Send photos to be run together; gives a ticket for them."""

    def ended(self, wait_s: float) -> Collection[str]:
        """Tickets that have ended since the last call, those of other callers among them; waits for the first."""

    def outcome(self, ticket: str) -> Outcome | None:
        """The results of a ticket; None if it has not ended."""

    def erase(self, ticket: str) -> None:
        """Erase the photos and results of a ticket."""
