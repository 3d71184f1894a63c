"""`RedisIdempotencyKeys`: keeps idempotency keys on a Redis-compatible server."""

import re

from jobs.idempotency import Binding
from jobs.redis import keys
from jobs.redis.client import Client
from jobs.redis.connection import storage
from jobs.redis.scripts import load_script

_SPECIAL, _ESCAPED = re.compile(r"([*?\[\]\\])"), r"\\\1"
"""What has a meaning in a pattern of names. An administrator may ask for the erasure of an owner such as `*`."""


class RedisIdempotencyKeys:
    """An implementation of `IdempotencyKeys`. Thread-safe.

    Args:
        client: of the server.
        kind: job or batch; each kind has its own keys.
    """

    def __init__(self, client: Client, kind: str) -> None:
        self._redis = client
        self._kind = kind
        self._expire = load_script(client, "expire_key")

    def bind(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> Binding:
        """See `IdempotencyKeys.bind`."""
        name = keys.idempotency(self._kind, key)
        with storage():
            bound = self._redis.set(name, f"{own_id} {fingerprint}", nx=True, ex=ttl_s, get=True)
        return Binding(own_id, fingerprint) if bound is None else read_binding(bound)

    def expire(self, key: str, own_id: str, ttl_s: int) -> None:
        """See `IdempotencyKeys.expire`."""
        with storage():
            self._expire(keys=[keys.idempotency(self._kind, key)], args=[own_id, ttl_s])

    def erase_of(self, owner: str | None) -> None:
        """See `IdempotencyKeys.erase_of`. Reads the names of all keys of the store."""
        pattern = keys.idempotency(self._kind, "*" if owner is None else f"{_SPECIAL.sub(_ESCAPED, owner)} *")
        with storage():
            for name in self._redis.scan_iter(match=pattern, count=1000):
                self._redis.delete(name.decode())


def read_binding(text: bytes) -> Binding:
    """The binding of a key as the server has it: the id, the fingerprint, and in earlier versions the word "sent"."""
    bound_id, fingerprint, *_ = text.decode().split(" ")
    return Binding(bound_id, fingerprint)
