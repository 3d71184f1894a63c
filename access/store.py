"""`KeyStore`: keeps API keys on a Redis-compatible server."""

from access.key import ApiKey
from jobs.redis.client import Client
from jobs.redis.clock import StoreClock
from jobs.redis.connection import storage
from jobs.redis.keys import PREFIX

KEYS = PREFIX + "keys"
"""Hash: the keys by their ids."""
USED = PREFIX + "keys:used"
"""Hash: of each key, the minute of its last use, in seconds since the epoch."""


class KeyStore:
    """The keys of a deployment. Thread-safe. Methods raise `StorageError` if the store does not answer."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._clock = StoreClock(client)

    def now(self) -> float:
        """The time of the store, in seconds since the epoch: keys begin and end by it. Never raises."""
        return self._clock.now()

    def all(self) -> dict[str, ApiKey]:
        """All keys by their ids, expired and revoked ones too."""
        with storage():
            kept = self._redis.hgetall(KEYS)
        keys = (ApiKey.model_validate_json(text) for text in kept.values())
        return {key.id: key for key in keys}

    def put(self, key: ApiKey) -> None:
        """Keep a key, in the place of an earlier state of it."""
        with storage():
            self._redis.hset(KEYS, key.id, key.model_dump_json(exclude_none=True))

    def note_use(self, key_id: str, minute: int) -> None:
        """Record when a key was used last."""
        with storage():
            self._redis.hset(USED, key_id, minute)

    def last_uses(self) -> dict[str, int]:
        """The minute of the last use of each key that was used, in seconds since the epoch."""
        with storage():
            kept = self._redis.hgetall(USED)
        return {key_id.decode(): int(minute) for key_id, minute in kept.items()}
