"""Idempotency keys: a repeated request with the same key gets the job or batch of the first request."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol, TypeVar

from jobs.errors import IdempotencyConflict


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The idempotency key of a request.

    Attributes:
        fingerprint: differs between requests with the same key, and has no spaces; see `fingerprint_of`.
    """

    key: str
    fingerprint: str

    def of(self, owner: str | None) -> str:
        """The key of an owner: the same key of another owner is another one."""
        return self.key if owner is None else f"{owner} {self.key}"


class Binding(NamedTuple):
    """What an idempotency key is bound to.

    Attributes:
        id: of the job or batch.
        fingerprint: of the request that made it.
    """

    id: str
    fingerprint: str = ""


class Bound(Protocol):
    """What has a binding in it."""

    @property
    def id(self) -> str:
        """See `Binding.id`."""

    @property
    def fingerprint(self) -> str:
        """See `Binding.fingerprint`."""


AnyBound = TypeVar("AnyBound", bound=Bound)


class IdempotencyKeys(Protocol):
    """Binds keys to ids. Thread-safe. Methods raise `StorageError` if the store does not answer."""

    def bind(self, key: str, fingerprint: str, own_id: str, ttl_s: int) -> Binding:
        """Bind a key to an id, unless it is bound. Returns what the key is bound to now."""

    def expire(self, key: str, own_id: str, ttl_s: int) -> None:
        """Remove the binding of a key after `ttl_s`, if it is bound to this id; at once if `ttl_s` is 0."""

    def erase_of(self, owner: str | None) -> None:
        """Remove the bindings of all keys of an owner; without an owner, of all owners."""


class Keyed(Protocol):
    """A job or a batch: it may have come with an idempotency key."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def idempotency_key(self) -> str | None:
        """The caller's key; None if the request had none."""


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


def bind_key(
    keys: IdempotencyKeys, made: Keyed, fingerprint: str, exists: Callable[[str], bool], bind: Callable[[], AnyBound]
) -> AnyBound:
    """Bind the key of a request to the job or batch that was made of it.

    Args:
        keys: of its kind.
        made: the job or batch.
        fingerprint: of the request.
        exists: whether the job or batch with an id still exists; if not, its key is free again.
        bind: binds the key, if `made` has one and it is free. Returns what the key is bound to now.

    Returns:
        What answers the request: `made`, or an earlier one with the same key.

    Raises:
        IdempotencyConflict: an earlier, different request had the key.
        StorageError: the store did not answer.
    """
    while True:
        bound = bind()
        if bound.id == made.id or made.idempotency_key is None:
            return bound
        if not exists(bound.id):
            keys.expire(made.idempotency_key, bound.id, 0)
        else:
            require_same(bound.fingerprint, fingerprint)
            return bound
