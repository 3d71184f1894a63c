"""`RedisIdempotencyKeys`: keeps idempotency keys on a Redis-compatible server."""

from jobs.redis import keys
from jobs.redis.client import Client
from jobs.redis.connection import storage
from jobs.redis.scripts import load_script


class RedisIdempotencyKeys:
    """An implementation of `IdempotencyKeys`. Thread-safe.

    Args:
        client: of the server.
        kind: job or batch; each kind has its own keys.
    """

    def __init__(self, client: Client, kind: str) -> None:
        self._redis = client
        self._kind = kind
        self._unbind = load_script(client, "unbind_key")

    def bind(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> tuple[str, str]:
        """See `IdempotencyKeys.bind`."""
        name = keys.idempotency(self._kind, key)
        with storage():
            bound = self._redis.set(name, f"{own_id} {fingerprint}", nx=True, ex=ttl_s, get=True)
        if bound is None:
            return own_id, fingerprint
        bound_id, _, bound_fingerprint = bound.decode().partition(" ")
        return bound_id, bound_fingerprint

    def unbind(self, key: str, own_id: str) -> None:
        """See `IdempotencyKeys.unbind`."""
        with storage():
            self._unbind(keys=[keys.idempotency(self._kind, key)], args=[own_id])
