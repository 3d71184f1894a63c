"""The terms of an owner: what the store checks, and counts, in the moment in which it creates a job."""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.job import Priority


class PhotoLimit(NamedTuple):
    """The most photos in a time.

    Attributes:
        key: names its count in the store.
    """

    key: str
    seconds: int
    photos: int


class Left(NamedTuple):
    """How many photos of a limit are left, and in how many seconds its window ends."""

    photos: int
    ends_s: float


class Share(NamedTuple):
    """Whether the owner of a job is above its share of the queues, as the one who creates the job supposes.

    Attributes:
        priority: of the queues that the owner asked for.
        jobs: the share: so many jobs of the priority that are not over.
        used: whether the owner has so many, or more.
    """

    priority: Priority
    jobs: int
    used: bool


class Terms(NamedTuple):
    """What must hold for a job to be created.

    Attributes:
        limits: on photos.
        jobs: the most jobs of the owner that are not over, this one included; None for no bound.
        bytes: the most bytes that are kept for the owner, those of this job included; None for no bound.
        share: must be as it is supposed; None if it makes no difference.
    """

    limits: Sequence[PhotoLimit] = ()
    jobs: int | None = None
    bytes: int | None = None
    share: Share | None = None


NO_TERMS = Terms()
JOBS, BYTES, SHARE = -1, -2, -3
"""What did not hold, as the store says it; the limits on photos are counted from one."""


class TermsNotMet(Exception):
    """One of the terms does not hold: the job was not created, and nothing was taken.

    Attributes:
        term: which one: `JOBS`, `BYTES`, `SHARE`, or the position of a limit, from 1.
        wait_s: the time until it may hold, in seconds.
        left: of each limit.
    """

    def __init__(self, term: int, wait_s: float, left: Sequence[Left]) -> None:
        super().__init__(f"term {term} does not hold")
        self.term = term
        self.wait_s = wait_s
        self.left = left


class Created(NamedTuple):
    """What came of a call that creates a job.

    Attributes:
        id: of the job; or of an earlier one, to which the idempotency key is bound.
        fingerprint: of the request that the key is bound to; "" without a key.
        left: of each limit; empty for an earlier job.
    """

    id: str
    fingerprint: str = ""
    left: Sequence[Left] = ()
