"""Idempotency keys on the server."""

from jobs.redis import keys
from jobs.redis.connection import Client, storage

# KEYS: idempotency key. ARGV: the id that it may be bound to.
_RELEASE = """
local bound = redis.call('GET', KEYS[1])
if bound and string.sub(bound, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then redis.call('DEL', KEYS[1]) end
return 1
"""


class RedisIdempotencyKeys:
    """A `IdempotencyKeys`. Thread-safe.

    Args:
        client: of the server.
        kind: of what keys are bound to; the same key may be bound once for each kind.
    """

    def __init__(self, client: Client, kind: str) -> None:
        self._redis = client
        self._kind = kind
        self._release = client.register_script(_RELEASE)

    def claim(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> tuple[str, str]:
        """See `IdempotencyKeys.claim`."""
        name = keys.idempotency(self._kind, key)
        with storage():
            bound = self._redis.set(name, f"{own_id} {fingerprint}", nx=True, ex=ttl_s, get=True)
        if bound is None:
            return own_id, fingerprint
        bound_id, _, bound_fingerprint = bound.decode().partition(" ")
        return bound_id, bound_fingerprint

    def release(self, key: str, own_id: str) -> None:
        """See `IdempotencyKeys.release`."""
        with storage():
            self._release(keys=[keys.idempotency(self._kind, key)], args=[own_id])
