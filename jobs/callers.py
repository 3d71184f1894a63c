"""What an API process refuses before it has parsed a request: callers who wait for their job, and jobs."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import product
from logging import getLogger

from jobs.admission import LoadAdmission
from jobs.backlog import Backlog
from jobs.errors import Overloaded, StorageError
from jobs.job import Priority
from models.family import ModelFamily

log = getLogger(__name__)

TOO_OLD_S = 1.0
"""A request waits for a new reading of the backlog if the last one is older than this."""


class WaitingPlaces:
    """How many requests of a process wait, with a bound. For the event loop.

    Attributes:
        most: the bound.
        taken: how many wait now.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @property
    def full(self) -> bool:
        """Whether as many wait as may."""
        return self.taken >= self.most

    @contextmanager
    def take(self) -> Iterator[None]:
        """Counts a request for as long as the context lasts; the caller looks at `full` first."""
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Readings:
    """Renews the reading of the backlog beside the requests. For the event loop.

    Args:
        backlog: is read.
    """

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._refreshing: asyncio.Task[None] | None = None

    def renew(self, family: ModelFamily, priority: Priority) -> "asyncio.Task[None] | None":
        """Begin a new reading with the queues of a job, unless the last one is recent; the one that runs, if any."""
        running = self._refreshing is not None and not self._refreshing.done()
        if not running and not self._backlog.knows([family], priority):
            self._refreshing = asyncio.create_task(self._refresh(family, priority))
        return self._refreshing

    async def _refresh(self, family: ModelFamily, priority: Priority) -> None:
        try:
            await asyncio.to_thread(self._backlog.refresh, [family], priority)
        except StorageError as error:  # the submission reports it to its caller
            log.warning("store or broker does not answer", extra={"error": str(error)})


class CallerAdmission:
    """Refuses synchronous callers early: before their body is read or parsed, and without waiting for the store.

    For the event loop. What it lets pass is checked again once the request is parsed; see `LoadAdmission.admit`.

    Args:
        places: of the waiting callers.
        admission: decides.
        backlog: that `admission` decides by.
    """

    def __init__(self, places: WaitingPlaces, admission: LoadAdmission, backlog: Backlog) -> None:
        self._places = places
        self._admission = admission
        self._backlog = backlog
        self._readings = Readings(backlog)
        self._here: Counter[str] = Counter()

    async def require_room(self, family: ModelFamily) -> None:
        """Check that a caller would be served in time.

        Args:
            family: of the service that the caller asks for.

        Raises:
            Overloaded: too many callers wait, or this one would wait too long.
        """
        if self._places.full:
            raise Overloaded(f"{self._places.most} callers wait already: send the request later")
        renewing = self._readings.renew(family, Priority.HIGH)
        if self._backlog.age_s > TOO_OLD_S and renewing is not None:
            await asyncio.shield(renewing)
        self._check(family)

    @contextmanager
    def serving(self, family: ModelFamily) -> Iterator[None]:
        """Counts a caller from the end of its body to its answer; the context ends without an error if its job ran.

        The readings of the backlog are always a little old, and do not have the requests that are being parsed. A burst
        would pass by them, and be parsed before it is refused.

        Raises:
            Overloaded: this caller would wait too long behind the others.
        """
        self._check(family)
        queue = self._backlog.queue(family, Priority.HIGH)
        self._here[queue] += 1
        try:
            yield
            # Its job is over. Otherwise quick calls, one after the other, would count together until the next reading.
            self._backlog.uncount(family, Priority.HIGH)
        finally:
            self._here[queue] -= 1

    def _check(self, family: ModelFamily) -> None:
        here = self._here[self._backlog.queue(family, Priority.HIGH)]
        wait_s = self._backlog.wait_behind_s(here, family, Priority.HIGH)
        self._admission.require_room([family], Priority.HIGH, least_wait_s=wait_s)


class JobArrivals:
    """Refuses jobs before they are parsed, if the deployment has no room for a job of any service.

    Parsing and checking takes processor time that the workers need. A reading of the backlog that is too old refuses no
    job. For the event loop.

    Args:
        families: of all services, one for each queue.
        admission: decides.
        backlog: that `admission` decides by.
    """

    def __init__(self, families: Collection[ModelFamily], admission: LoadAdmission, backlog: Backlog) -> None:
        self._families = families
        self._admission = admission
        self._backlog = backlog
        self._readings = Readings(backlog)

    def require_room(self, priorities: Collection[Priority]) -> None:
        """Check that there may be room for a job.

        Args:
            priorities: that the job may have.

        Raises:
            Overloaded: there is no room, whichever priority it has and whichever services it names.
        """
        refusals = []
        for family, priority in product(self._families, priorities):
            self._readings.renew(family, priority)
            if self._backlog.age_s > TOO_OLD_S or not self._backlog.knew([family], priority):
                return
            try:
                self._admission.require_room([family], priority)
            except Overloaded as error:
                refusals.append(error)
            else:
                return
        shortest = min(refusals, key=lambda error: error.retry_after_s or 0)
        if len(priorities) == 1:
            raise shortest
        # It names a priority, and the job may have another one.
        raise Overloaded("the deployment is busy: send the job later", shortest.retry_after_s)
