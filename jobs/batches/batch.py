"""A batch: many requests that came in one HTTP request, and how far they are.

The requests of a batch run in jobs, and the status of a batch is computed from its jobs. The store has only the ids of
the jobs and what no job knows. So no process has to stay alive for a batch, and a batch cannot contradict its jobs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import ConfigDict

from jobs.job import Job, JobStatus
from jobs.webhooks.webhook import Delivery
from pipelines.sample import Canonical


class BatchStatus(StrEnum):
    """The status of a batch. `erased`: a caller deleted it."""

    VALIDATING = "validating"  # it is being received and checked; its first requests may be done
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"  # some jobs are over, and none is queued any more
    COMPLETED = "completed"  # each request has its result or its error
    FAILED = "failed"  # the process that received it is gone
    CANCELING = "canceling"
    CANCELED = "canceled"
    EXPIRED = "expired"  # its deadline passed before all was done, or some results are deleted
    ERASED = "erased"

    @property
    def over(self) -> bool:
        """Whether no worker works on the batch any more."""
        return self not in (self.VALIDATING, self.IN_PROGRESS, self.FINALIZING, self.CANCELING)


class BatchSpec(Canonical):
    """What is known of a batch from its beginning. It never changes.

    Attributes:
        created_at: seconds since the epoch.
        ttl_s: how long a result is kept once its job is over, and an error of a request once all requests are in.
        silence_s: while its body comes in, a batch without a progress report for this long has failed.
        deadline_s: requests that are not done so long after the creation are given up.
        caller: the owner, or a digest of what the caller identifies itself with; empty if callers are not
            distinguished.
        idempotency_key: the caller's key, bound to this batch unless an earlier batch has it.
        owner: the name of the API key that made the batch; None if it was made without a key.
        webhook: whether it has a webhook.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    created_at: float
    ttl_s: int
    silence_s: int
    deadline_s: int
    caller: str = ""
    idempotency_key: str | None = None
    owner: str | None = None
    webhook: bool = False

    @property
    def ends_at(self) -> float:
        """When requests that are not done are given up."""
        return self.created_at + self.deadline_s


class Refusal(Canonical):
    """A request of a batch that no job was made of, because something is wrong with it.

    Attributes:
        line: see `RequestPosition`.
        custom_id: the caller's name for it; None if it has no valid one.
        type: of the error, stable.
        detail: of the error, as the contract writes it.
    """

    line: int
    custom_id: str | None
    type: str
    detail: Any


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job of a batch: neighbouring requests that travel together.

    Attributes:
        requests: how many.
        job: None before the store has it, once its tombstone is gone, and if its record cannot be read.
    """

    job_id: str
    requests: int
    job: Job | None

    @property
    def status(self) -> JobStatus:
        """The status of the job."""
        return self.job.status if self.job else JobStatus.ERASED

    @property
    def results_deleted(self) -> bool:
        """Whether the results are deleted."""
        return self.status in (JobStatus.EXPIRED, JobStatus.ERASED)


class Counts(NamedTuple):
    """How many requests of a batch have each outcome. `total` is the sum, and grows while the batch is received."""

    total: int
    succeeded: int
    failed: int
    canceled: int
    expired: int
    in_progress: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the store has it; times in seconds since the epoch.

    Attributes:
        refused: how many requests no job was made of.
        touched_at: when its intake last reported progress.
        sealed_at: when all requests were in; None before.
        body_digest: of the body, once it was in as a whole; empty if no idempotency key needs it.
        delivery: of the message to its webhook; None if it has none.
        canceled_at: when a caller canceled it.
    """

    spec: BatchSpec
    jobs: Sequence[BatchJob] = ()
    refused: int = 0
    touched_at: float = 0
    sealed_at: float | None = None
    canceled_at: float | None = None
    erased: bool = False
    body_digest: str = ""
    delivery: Delivery | None = None

    def status(self, now: float) -> BatchStatus:
        """The status at a time."""
        states = {self.state(job, now) for job in self.jobs}
        if self.erased:
            return BatchStatus.ERASED
        if self.sealed_at is None and self.canceled_at is None:
            silent = now > self.touched_at + self.spec.silence_s
            return BatchStatus.FAILED if silent else BatchStatus.VALIDATING
        if not all(state.over for state in states):
            if self.canceled_at is not None:
                return BatchStatus.CANCELING
            queued, any_over = JobStatus.QUEUED in states, any(state.over for state in states)
            return BatchStatus.FINALIZING if any_over and not queued else BatchStatus.IN_PROGRESS
        any_deleted = JobStatus.EXPIRED in states or JobStatus.ERASED in states
        if self._refusals_deleted(now) or (self.sealed_at is not None and any_deleted):
            return BatchStatus.EXPIRED
        if self.canceled_at is not None and (self.sealed_at is None or JobStatus.CANCELED in states):
            return BatchStatus.CANCELED
        return BatchStatus.COMPLETED

    def state(self, job: BatchJob, now: float) -> JobStatus:
        """The status of a job of the batch; expired if it is late."""
        return JobStatus.EXPIRED if self.late(job, now) else job.status

    def late(self, batch_job: BatchJob, now: float) -> bool:
        """Whether a job was not over at the deadline of the batch. Its data are kept until its TTL ends."""
        job = batch_job.job
        if job is None or self.sealed_at is None or self.canceled_at is not None:
            return False
        if not job.status.over:
            return now >= self.spec.ends_at
        # A job past the deadline of its batch is canceled by the next request for the batch, or fails in its worker.
        timed_out = job.failure is not None and job.failure.type == "timed_out"
        after = job.finished_at is not None and job.finished_at >= self.spec.ends_at
        return job.status is JobStatus.CANCELED or (job.status is JobStatus.FAILED and timed_out and after)

    def counts(self, now: float) -> Counts:
        """How many requests have each outcome at a time."""
        receiving = self.status(now) is BatchStatus.VALIDATING
        succeeded = canceled = expired = in_progress = 0
        failed = self.refused
        for batch_job in self.jobs:
            state = self.state(batch_job, now)
            if not state.over or (receiving and batch_job.job is None):
                in_progress += batch_job.requests
            elif state in (JobStatus.EXPIRED, JobStatus.ERASED):
                expired += batch_job.requests
            elif state is JobStatus.CANCELED:
                canceled += batch_job.requests
            else:
                failed_here = (
                    batch_job.job.failed_items if batch_job.job and state is JobStatus.SUCCEEDED else batch_job.requests
                )
                failed += failed_here
                succeeded += batch_job.requests - failed_here
        total = succeeded + failed + canceled + expired + in_progress
        return Counts(total, succeeded, failed, canceled, expired, in_progress)

    def results_deleted(self, now: float) -> bool:
        """Whether the batch is over and all its results and errors are deleted."""
        if not self.status(now).over:
            return False
        return self.erased or (
            all(job.results_deleted for job in self.jobs) and (not self.refused or self._refusals_deleted(now))
        )

    def finished_at(self, now: float) -> float | None:
        """When the batch ended; None before.

        The latest of the ends of its jobs (its deadline, if a job is late) and the end of its body.
        """
        if any(not self.state(job, now).over for job in self.jobs):
            return None
        late = [self.spec.ends_at for job in self.jobs if self.late(job, now)]
        times = late or [
            batch_job.job.finished_at for batch_job in self.jobs if batch_job.job and batch_job.job.finished_at
        ]
        return max([*times, self.sealed_at]) if self.sealed_at else max(times, default=self.canceled_at)

    @property
    def expires_at(self) -> float | None:
        """When the first of its results is deleted; None if no job is over."""
        return min(self._deletions(), default=None)

    @property
    def last_expires_at(self) -> float | None:
        """When the last of its results is deleted; None if no job is over."""
        return max(self._deletions(), default=None)

    def _deletions(self) -> list[float]:
        """When results are deleted, as far as jobs are over, and when the errors of refused requests are."""
        times = [batch_job.job.expires_at for batch_job in self.jobs if batch_job.job and batch_job.job.expires_at]
        if self.refused and self.sealed_at:
            times.append(self.sealed_at + self.spec.ttl_s)
        return times

    def _refusals_deleted(self, now: float) -> bool:
        since = self.sealed_at or self.canceled_at
        return self.refused > 0 and since is not None and since + self.spec.ttl_s <= now
