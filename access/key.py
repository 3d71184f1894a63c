"""API keys as the store keeps them, and the scopes that they have."""

import re
from enum import StrEnum
from hmac import compare_digest

from pydantic import BaseModel, ConfigDict

from access.token import digest_of

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of keys: they are parts of names in the store and of lines in logs."""


class Scope(StrEnum):
    """What a key allows."""

    PROCESS = "process"
    """Use the synchronous routes."""
    JOBS = "jobs"
    """Submit and cancel jobs."""
    BATCHES = "batches"
    """Submit and cancel batches."""
    READ = "read"
    """Read jobs and batches, with their results."""
    ERASE = "erase"
    """Erase jobs and batches."""
    ADMIN = "admin"
    """Use the other scopes on the jobs and batches of all keys."""


ORDINARY = frozenset(Scope) - {Scope.ADMIN}
"""The scopes of a key for which none are named."""


class ApiKey(BaseModel):
    """A key; times in seconds since the epoch.

    Attributes:
        id: is in the text of the key, and names the key in lists and in the audit.
        name: owns the jobs and batches that are made with the key. Several keys may have the same name.
        digest: see `Token.digest`.
        expires_at: None if it never does.
        rate: how many photos all keys of its name may send in a short time, such as `10/second`; None is no limit
            of its own.
        quota: how many photos it may send in a long time, such as `100000/month`; None is no limit of its own.
        jobs: how many of its jobs may be not over at a time; None is no limit.
        bytes: how many bytes the store may keep of its jobs; None is no limit.
        ttl_s: how long its results are kept at most; None is as long as the deployment allows.
        revoked_at: None if it was not revoked.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    digest: str
    scopes: frozenset[Scope]
    created_at: float
    expires_at: float | None = None
    rate: str | None = None
    quota: str | None = None
    jobs: int | None = None
    bytes: int | None = None
    ttl_s: int | None = None
    revoked_at: float | None = None

    def live(self, now: float) -> bool:
        """Whether the key is accepted at a time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def is_text(self, text: str) -> bool:
        """Whether a text is this key. The time that this takes says nothing about the digest."""
        return compare_digest(self.digest, digest_of(text))
