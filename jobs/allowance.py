"""The allowance of an owner: how much work it may submit, how long results are kept, and its share of the queues."""

from collections.abc import Callable
from typing import Protocol

from jobs.job import NewJob
from jobs.terms import NO_TERMS, Created, Terms

Create = Callable[[NewJob, Terms], Created]
"""Creates a job, as `JobStore.create` does."""


class Allowance(Protocol):
    """Creates jobs within the allowances of their owners and of the deployment. Thread-safe."""

    def create(self, job: NewJob, create: Create, *, waited_for: bool = False) -> tuple[NewJob, Created]:
        """Create a job, and take its photos from the allowance.

        Args:
            job: that is about to be submitted.
            create: is called once or more with the terms; whatever else it raises is passed on.
            waited_for: a caller stays connected until the job is over.

        Returns:
            The job as it was created, its TTL or its priority may be lower; and what came of the call.

        Raises:
            AllowanceUsedUp: there is no room for the job; nothing was created or taken.
        """

    def give_back(self, job: NewJob) -> None:
        """Put back what was taken for a job that was created and not submitted after all."""


class OpenAllowance:
    """An `Allowance` without bounds."""

    def create(self, job: NewJob, create: Create, *, waited_for: bool = False) -> tuple[NewJob, Created]:
        """See `Allowance.create`."""
        return job, create(job, NO_TERMS)

    def give_back(self, job: NewJob) -> None:
        """See `Allowance.give_back`."""
