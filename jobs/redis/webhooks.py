"""`DueWebhooks`: the webhooks of a deployment whose messages are to be delivered, on a Redis-compatible server."""

from typing import Literal, NamedTuple, Self

from jobs.redis import keys
from jobs.redis.client import Client, Value
from jobs.redis.clock import StoreClock
from jobs.redis.connection import storage
from jobs.redis.encryption import PLAIN, Encryption
from jobs.redis.scripts import load_script
from jobs.webhooks.webhook import DeliveryStatus, Webhook


class Subject(NamedTuple):
    """The job or batch that a message is about."""

    kind: Literal["job", "batch"]
    id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The subject as the store names it."""
        kind, _, own_id = text.partition(" ")
        return cls("job" if kind == "job" else "batch", own_id)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def record(self) -> str:
        """The key of its record."""
        return keys.record(self.id) if self.kind == "job" else keys.batch(self.id)


class DueWebhooks:
    """The webhooks that are to be looked at. Thread-safe. Methods raise `StorageError` if the store does not answer.

    Args:
        client: of the server.
        encryption: of webhooks.
    """

    def __init__(self, client: Client, encryption: Encryption = PLAIN) -> None:
        self._redis = client
        self._encryption = encryption
        self._clock = StoreClock(client)
        self._claim = load_script(client, "claim_deliveries")
        self._record = load_script(client, "record_delivery")

    def now(self) -> float:
        """The time of the store, in seconds since the epoch."""
        return self._clock.now()

    def waiting(self) -> int:
        """How many subjects are to be looked at, now or later."""
        with storage():
            return self._redis.zcard(keys.DUE)

    def late_s(self) -> float:
        """How long the subject that is due for the longest time waits, in seconds; 0 if none is due."""
        with storage():
            oldest = self._redis.zrange(keys.DUE, 0, 0)
            due_at = self._redis.zscore(keys.DUE, oldest[0].decode()) if oldest else None
        return 0.0 if due_at is None else max(0.0, self.now() - due_at)

    def claim(self, limit: int, lease_s: float) -> list[Subject]:
        """Take the subjects that are to be looked at now.

        Args:
            limit: how many at most.
            lease_s: after this time another process gets the subjects for which nothing was recorded.
        """
        with storage():
            claimed = self._claim(keys=[keys.DUE], args=[limit, lease_s])
        return [Subject.parse(text.decode()) for text in claimed]

    def webhook(self, subject: Subject) -> Webhook | None:
        """The webhook of a subject; None once it is deleted."""
        name = keys.webhook(subject.id)
        with storage():
            stored = self._redis.get(name)
        return None if stored is None else Webhook.model_validate_json(self._encryption.decrypt(name, stored))

    def postpone(self, subject: Subject, in_s: float) -> None:
        """Look at a subject later; no message was sent."""
        with storage():
            self._redis.zadd(keys.DUE, {str(subject): self.now() + in_s}, xx=True)

    def record(
        self,
        subject: Subject,
        status: DeliveryStatus,
        *,
        error: str = "",
        attempted: bool = True,
        again_in_s: float | None = None,
    ) -> None:
        """Record the outcome of an attempt, unless the webhook was deleted meanwhile.

        Args:
            subject: of the message.
            status: of the delivery.
            error: why the attempt failed.
            attempted: whether the message was sent.
            again_in_s: when it is sent again; None if the delivery is over, and then the webhook is deleted.
        """
        touched = [subject.record, keys.webhook(subject.id), keys.DUE]
        again: Value = "" if again_in_s is None else again_in_s
        with storage():
            self._record(keys=touched, args=[str(subject), status.value, error, int(attempted), again])

    def keep_for(self, subject: Subject, life_s: int) -> None:
        """Delete the webhook of a subject after a time."""
        with storage():
            self._redis.expire(keys.webhook(subject.id), life_s)
