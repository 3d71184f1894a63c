"""Dead letters: the notes on jobs of which items were given up, since they killed their worker again and again."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.redis import keys
from jobs.redis.client import Client, Value
from jobs.redis.connection import storage

KEPT = 1000
"""How many of the latest letters are kept."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One letter.

    Attributes:
        job: its id.
        stage: the index of the stage that ran.
        services: of the stage.
        items: the indices of the items that were given up; none if the worker died before it tried an item alone.
        attempts: how often the stage began, or each of the items was tried alone; 0 if a version without this number
            wrote the letter.
        at: seconds since the epoch.
    """

    job: str
    stage: int
    services: tuple[str, ...]
    items: tuple[int, ...]
    attempts: int
    at: float


class DeadLetters:
    """The letters of a deployment. Methods raise `StorageError` if the store does not answer."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def add(self, letter: DeadLetter) -> None:
        """Add a letter; the oldest one goes if there are too many."""
        fields: dict[str, Value] = {
            "job": letter.job,
            "stage": letter.stage,
            "services": ",".join(letter.services),
            "items": ",".join(map(str, letter.items)),
            "attempts": letter.attempts,
            "time": letter.at,
        }
        with storage():
            self._redis.xadd(keys.DEAD_LETTERS, fields, maxlen=KEPT)

    def latest(self, limit: int) -> Sequence[DeadLetter]:
        """The latest letters, the newest first."""
        with storage():
            found = self._redis.xrevrange(keys.DEAD_LETTERS, count=limit)
        return [_letter({name.decode(): value.decode() for name, value in fields.items()}) for _, fields in found]


def _letter(fields: dict[str, str]) -> DeadLetter:
    return DeadLetter(
        job=fields["job"],
        stage=int(fields["stage"]),
        services=tuple(filter(None, fields["services"].split(","))),
        items=tuple(int(index) for index in fields["items"].split(",") if index),
        attempts=int(fields.get("attempts", 0)),
        at=float(fields["time"]),
    )
