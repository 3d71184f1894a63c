"""Idempotency keys: whoever sends the same request once more gets what stands for it already."""

from collections.abc import Callable
from typing import Protocol

from jobs.batches.batch import BatchSpec
from jobs.errors import IdempotencyConflict
from jobs.job import JobSpec


class IdempotencyKeys(Protocol):
    """Binds keys to ids. Thread-safe. Methods raise `StorageError` where the store does not answer."""

    def claim(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> tuple[str, str]:
        """Bind a key to an id, unless it is bound; gives the bound (id, fingerprint)."""

    def release(self, key: str, own_id: str) -> None:
        """Unbind a key, if it is bound to this id."""


def bind(claims: IdempotencyKeys, spec: JobSpec | BatchSpec, fingerprint: str, stands: Callable[[str], bool]) -> str:
    """The id of what stands for a request: what was just made of it, or of an earlier one with its key.

    Args:
        claims: of things of its kind.
        spec: of what was made; it has to be kept already, so that whoever finds its key bound finds it too.
        fingerprint: of the request.
        stands: whether something of an earlier one, given by its id, is left; otherwise the key is free again.

    Raises:
        IdempotencyConflict: the key stands for another request.
        StorageError: the store did not answer.
    """
    if spec.claim is None:
        return spec.id
    while True:
        bound_id, bound = claims.claim(spec.claim, fingerprint, spec.id, spec.deadline_s + spec.ttl_s)
        if bound_id == spec.id:
            return bound_id
        if not stands(bound_id):
            claims.release(spec.claim, bound_id)
        elif bound != fingerprint:
            raise IdempotencyConflict("this Idempotency-Key came before with another request")
        else:
            return bound_id
