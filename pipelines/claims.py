"""Idempotency keys: whoever sends the same request once more gets what stands for it already."""

from collections.abc import Callable
from typing import Protocol

from pipelines.errors import IdempotencyConflict


class Claims(Protocol):
    """Binds keys to ids. Thread-safe. Methods raise `StorageError` where the store does not answer."""

    def claim(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> tuple[str, str]:
        """Bind a key to an id, unless it is bound; gives the bound (id, fingerprint)."""

    def release(self, key: str, own_id: str) -> None:
        """Unbind a key, if it is bound to this id."""


def bind(claims: Claims, key: str, fingerprint: str, own_id: str, ttl_s: int, stands: Callable[[str], bool]) -> str:
    """The id that stands for a key: this one, or the one of an earlier request.

    Args:
        claims: of what is bound; it has to be kept already, so that whoever finds the key bound finds it too.
        key: that the caller sent.
        fingerprint: of the request that came with it.
        own_id: of what was made of the request.
        ttl_s: for how long the key is bound.
        stands: whether something of an earlier one, given by its id, is left; otherwise the key is free again.

    Raises:
        IdempotencyConflict: the key stands for another request.
        StorageError: the store did not answer.
    """
    while True:
        bound_id, bound = claims.claim(key, fingerprint, own_id, ttl_s)
        if bound_id == own_id:
            return own_id
        if not stands(bound_id):
            claims.release(key, bound_id)
        elif bound != fingerprint:
            raise IdempotencyConflict("this Idempotency-Key came before with another request")
        else:
            return bound_id
