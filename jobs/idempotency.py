"""Idempotency keys: a repeated request with the same key gets the job or batch of the first request."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar

from config.errors import FacelineError
from jobs.errors import IdempotencyConflict


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The idempotency key of a request.

    Attributes:
        fingerprint: differs between requests with the same key; see `fingerprint_of`.
    """

    key: str
    fingerprint: str


class IdempotencyKeys(Protocol):
    """Binds keys to ids. Thread-safe. Methods raise `StorageError` if the store does not answer."""

    def bind(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> tuple[str, str]:
        """Bind a key to an id, unless it is bound. Returns the id and the fingerprint that the key is bound to now."""

    def unbind(self, key: str, own_id: str) -> None:
        """Remove the binding of a key, if it is bound to this id."""


class Keyed(Protocol):
    """A job or a batch: it may have come with an idempotency key."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def idempotency_key(self) -> str | None:
        """The caller's key; None if the request had none."""

    @property
    def deadline_s(self) -> int:
        """How long it may take."""

    @property
    def ttl_s(self) -> int:
        """How long its result is kept."""


JobOrBatch = TypeVar("JobOrBatch", bound=Keyed, contravariant=True)


class KeyedStore(Protocol[JobOrBatch]):
    """Keeps jobs or batches and their idempotency keys."""

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The keys."""

    def erase(self, spec: JobOrBatch, *, tombstone: bool) -> None:
        """Delete a job or a batch, and unbind its key."""


def fingerprint_of(*parts: bytes) -> str:
    """A digest of a request. Different requests with the same key have different ones."""
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


def require_same(earlier: str, fingerprint: str) -> None:
    """Check that two requests with one key are the same, by a digest of each.

    Raises:
        IdempotencyConflict: they are not.
    """
    if earlier != fingerprint:
        raise IdempotencyConflict("this Idempotency-Key came with a different request before: send a new key")


def bind_key(keys: IdempotencyKeys, made: Keyed, fingerprint: str, exists: Callable[[str], bool]) -> str:
    """Bind the key of a request to the job or batch that was made of it.

    Args:
        keys: of its kind.
        made: the job or batch. It is in the store before its key is bound, so a repeated request finds it.
        fingerprint: of the request.
        exists: whether the job or batch with an id still exists; if not, its key is free again.

    Returns:
        The id that answers the request: that of `made`, or that of an earlier one with the same key.

    Raises:
        IdempotencyConflict: an earlier, different request had the key.
        StorageError: the store did not answer.
    """
    key = made.idempotency_key
    if key is None:
        return made.id
    while True:
        bound_id, bound_fingerprint = keys.bind(key, fingerprint, made.id, made.deadline_s + made.ttl_s)
        if bound_id == made.id:
            return bound_id
        if not exists(bound_id):
            keys.unbind(key, bound_id)
        else:
            require_same(bound_fingerprint, fingerprint)
            return bound_id


def bind_or_undo(
    store: KeyedStore[JobOrBatch],
    made: JobOrBatch,
    fingerprint: str,
    exists: Callable[[str], bool],
    proceed: Callable[[], None],
) -> str:
    """Bind the key of a new job or batch, then call `proceed`. If one of them fails, erase the job or batch.

    Args:
        store: in which it was created.
        made: the job or batch.
        fingerprint: of the request.
        exists: see `bind_key`.
        proceed: called only if no earlier request has the key.

    Returns:
        See `bind_key`. If it is the id of an earlier one, `made` is erased.

    Raises:
        FacelineError: as `bind_key` and `proceed` do; `made` is erased.
    """
    try:
        bound_id = bind_key(store.idempotency_keys, made, fingerprint, exists)
        if bound_id == made.id:
            proceed()
            return bound_id
    except FacelineError:
        store.erase(made, tombstone=False)
        raise
    store.erase(made, tombstone=False)
    return bound_id
