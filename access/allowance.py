"""`KeyAllowance`: the limits of API keys, and of the deployment, on photos, jobs, bytes and TTLs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from logging import getLogger
from time import monotonic
from typing import NamedTuple

from access.key import ApiKey
from access.keyring import Keyring
from access.limit import Limit
from config.settings import AccessSettings
from jobs.allowance import Create
from jobs.errors import AllowanceUsedUp, RateLimited, StorageError, TooManyBytes, TooManyJobs
from jobs.job import NewJob, Priority
from jobs.redis import keys
from jobs.store import JobStore
from jobs.terms import BYTES, JOBS, SHARE, Created, Left, PhotoLimit, Share, Terms, TermsNotMet

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """A limit on photos, and the name that callers know it by.

    Attributes:
        owner: whose photos are counted; None counts those of all callers.
    """

    name: str
    limit: Limit
    owner: str | None

    @property
    def photo_limit(self) -> PhotoLimit:
        """The limit, as the store counts it."""
        return PhotoLimit(keys.window(self.name, self.owner), self.limit.seconds, self.limit.photos)


class Standing(NamedTuple):
    """How much of a window was left when this process last took from it.

    Attributes:
        photos: that were left.
        ends_at: when the window ends, as `monotonic` counts.
    """

    window: Window
    photos: int
    ends_at: float


class OwnerLimits(NamedTuple):
    """The limits of an owner, and those of the deployment.

    Attributes:
        key: that they were made of; None without an owner.
        windows: all limits on photos.
        terms: the same for the store, with the bounds on jobs and bytes.
    """

    key: ApiKey | None
    windows: Sequence[Window]
    terms: Terms


class KeyAllowance:
    """An implementation of `jobs.allowance.Allowance`: the store checks it in the call that creates a job.

    Args:
        store: gets back what was taken for jobs that were not submitted.
        keyring: has the keys of the owners, with their limits.
        settings: have the limits of the deployment.
    """

    def __init__(self, store: JobStore, keyring: Keyring, settings: AccessSettings) -> None:
        self._store = store
        self._keyring = keyring
        self._share = settings.share
        limits = {"deployment-rate": settings.rate, "deployment-quota": settings.quota}
        self._shared = [Window(name, Limit.parse(text), None) for name, text in limits.items() if text is not None]
        self._limits: dict[str | None, OwnerLimits] = {}
        self._standing: dict[str | None, Sequence[Standing]] = {}
        self._above_share: set[tuple[str, Priority]] = set()

    def create(self, job: NewJob, create: Create, *, waited_for: bool = False) -> tuple[NewJob, Created]:
        """See `Allowance.create`. Jobs above the share of their owner get the last priority, unless waited for.

        Raises:
            AllowanceUsedUp: there is no room for the job.
        """
        owner = job.spec.owner
        key, windows, terms = self._limits_of(owner)
        if key is not None and key.ttl_s is not None and key.ttl_s < job.spec.ttl_s:
            job = _changed(job, ttl_s=key.ttl_s)
        try:
            if owner is None or waited_for:
                created = create(job, terms)
            else:
                job, created = self._create_by_share(job, owner, create, terms)
        except TermsNotMet as error:
            self._note(owner, windows, error.left)
            raise _error(error, windows) from error
        self._note(owner, windows, created.left)
        return job, created

    def give_back(self, job: NewJob) -> None:
        """See `Allowance.give_back`. What cannot be given back since the store does not answer stays taken."""
        limits = self._limits_of(job.spec.owner).terms.limits
        if limits:
            try:
                self._store.give_back(limits, len(job.chunk.items))
            except StorageError:
                log.warning("photos not given back: the store does not answer", extra={"job": job.spec.id})

    def standing(self, owner: str | None) -> Sequence[Standing]:
        """What was left of the windows of an owner, and of the deployment, when this process last created a job."""
        return self._standing.get(owner, ())

    def _create_by_share(self, job: NewJob, owner: str, create: Create, terms: Terms) -> tuple[NewJob, Created]:
        """Create a job with its own priority, or with the last one if its owner is above its share of the queues.

        The priority is a part of what is created, and only the store knows the share. So it is supposed to be as it was
        for the job before, and the job is created again where that is no longer true.
        """
        place = owner, job.spec.priority
        while True:
            above = place in self._above_share
            supposed = _changed(job, priority=Priority.LAST) if above else job
            try:
                share = Share(job.spec.priority, self._share, above)
                return supposed, create(supposed, Terms(terms.limits, terms.jobs, terms.bytes, share))
            except TermsNotMet as error:
                if error.term != SHARE:
                    raise
                (self._above_share.discard if above else self._above_share.add)(place)

    def _limits_of(self, owner: str | None) -> OwnerLimits:
        """The limits of an owner; those of the last job, unless its key has been read anew since."""
        key = None if owner is None else self._keyring.key_of(owner)
        limits = self._limits.get(owner)
        if limits is None or limits.key is not key:
            windows = [*_windows(key), *self._shared]
            bounds = (None, None) if key is None else (key.jobs, key.bytes)
            limits = OwnerLimits(key, windows, Terms([window.photo_limit for window in windows], *bounds))
            self._limits[owner] = limits
        return limits

    def _note(self, owner: str | None, windows: Sequence[Window], left: Sequence[Left]) -> None:
        """Note what was left; an earlier job with the idempotency key of a new one says nothing about it."""
        if left or not windows:
            now = monotonic()
            self._standing[owner] = [
                Standing(window, photos, now + ends_s) for window, (photos, ends_s) in zip(windows, left, strict=True)
            ]


def _changed(job: NewJob, **changes: object) -> NewJob:
    return replace(job, spec=job.spec.model_copy(update=changes))


def _windows(key: ApiKey | None) -> Iterator[Window]:
    if key is not None:
        for name, text in (("rate", key.rate), ("quota", key.quota)):
            if text is not None:
                yield Window(name, Limit.parse(text), key.name)


def _error(broken: TermsNotMet, windows: Sequence[Window]) -> AllowanceUsedUp:
    if broken.term == JOBS:
        return TooManyJobs("too many jobs of this key are not over: send the request again later", broken.wait_s)
    if broken.term == BYTES:
        message = "what is kept for this key has too many bytes: erase jobs, or send the request again later"
        return TooManyBytes(message, broken.wait_s)
    window = windows[broken.term - 1]
    whose = "all callers may" if window.owner is None else "this key may"
    return RateLimited(f"{whose} send {window.limit}: send the request again later", broken.wait_s)
