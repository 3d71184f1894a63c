"""A batch: many samples that came in one request, and how far they have come.

Its samples run in jobs, and the states of those are the truth: what is kept of the batch itself are their ids and what
no job knows. So no process has to stay alive for a batch to go on, and nothing can fall out of step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import ConfigDict

from jobs.job import Job, JobStatus
from pipelines.sample import Canonical


class BatchStatus(StrEnum):
    """Where a batch stands. `erased` is what is left of a batch that somebody deleted."""

    VALIDATING = "validating"  # it comes in, and is checked; its first samples may be done
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"  # some jobs are over, and none waits any more
    COMPLETED = "completed"  # each sample has its result or its error
    FAILED = "failed"  # the process that took it in is gone
    CANCELING = "canceling"
    CANCELED = "canceled"
    EXPIRED = "expired"  # its time was up before all was done, or some results are gone since
    ERASED = "erased"

    @property
    def over(self) -> bool:
        """Whether no sample will be worked on any more."""
        return self not in (self.VALIDATING, self.IN_PROGRESS, self.FINALIZING, self.CANCELING)


class BatchSpec(Canonical):
    """What is known of a batch from its beginning.

    Attributes:
        created_at: seconds since the epoch.
        ttl_s: for how long a result is kept once its job is over, and an error of a request once all are in.
        silence_s: an intake that shows no life for so long is gone.
        deadline_s: what is not done so long after the creation is given up.
        caller: a digest of what they identify themselves with; empty if callers are not told apart.
        claim: the caller's idempotency key, which is bound to this batch unless it was bound before.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    created_at: float
    ttl_s: int
    silence_s: int
    deadline_s: int
    caller: str = ""
    claim: str | None = None

    @property
    def ends_at(self) -> float:
        """When what is not done is given up."""
        return self.created_at + self.deadline_s


class Refusal(Canonical):
    """A request of a batch in which something is wrong, so that no job was made of it.

    Attributes:
        line: its place in what was sent, from 1.
        custom_id: its caller's name for it, if it has a proper one.
        type: of the error, stable.
        detail: what the error says, as the contract writes it.
    """

    line: int
    custom_id: str | None
    type: str
    detail: Any


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring samples of a batch that share a job.

    Attributes:
        samples: how many.
        job: None before it is kept, and once its last trace is gone.
    """

    job_id: str
    samples: int
    job: Job | None

    @property
    def status(self) -> JobStatus:
        """Of the job."""
        return self.job.status if self.job else JobStatus.ERASED

    @property
    def gone(self) -> bool:
        """Whether the results are gone."""
        return self.status in (JobStatus.EXPIRED, JobStatus.ERASED)


class Counts(NamedTuple):
    """How many requests of a batch have come to what; `total` is the sum of the others, and grows while it comes in."""

    total: int
    succeeded: int
    failed: int
    canceled: int
    expired: int
    in_progress: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the store knows it; times in seconds since the epoch.

    Attributes:
        refused: how many requests no job was made of.
        touched_at: when its intake last showed life.
        sealed_at: when all of it was in; None before.
        canceled_at: when somebody canceled it.
    """

    spec: BatchSpec
    parts: Sequence[Part] = ()
    refused: int = 0
    touched_at: float = 0
    sealed_at: float | None = None
    canceled_at: float | None = None
    erased: bool = False

    def status(self, now: float) -> BatchStatus:
        """Where it stands."""
        states = {self.state(part, now) for part in self.parts}
        if self.erased:
            return BatchStatus.ERASED
        if self.sealed_at is None and self.canceled_at is None:
            silent = now > self.touched_at + self.spec.silence_s
            return BatchStatus.FAILED if silent else BatchStatus.VALIDATING
        if not all(state.over for state in states):
            if self.canceled_at is not None:
                return BatchStatus.CANCELING
            waits, moves = JobStatus.QUEUED in states, any(state.over for state in states)
            return BatchStatus.FINALIZING if moves and not waits else BatchStatus.IN_PROGRESS
        gone = JobStatus.EXPIRED in states or JobStatus.ERASED in states
        if self._refusals_gone(now) or (self.sealed_at is not None and gone):
            return BatchStatus.EXPIRED
        if self.canceled_at is not None and (self.sealed_at is None or JobStatus.CANCELED in states):
            return BatchStatus.CANCELED
        return BatchStatus.COMPLETED

    def state(self, part: Part, now: float) -> JobStatus:
        """Where a part stands: as its job does, but expired if it is late."""
        return JobStatus.EXPIRED if self.late(part, now) else part.status

    def late(self, part: Part, now: float) -> bool:
        """Whether a part was not done when the time of the batch was up. What it held is there until its TTL ends."""
        job = part.job
        if job is None or self.sealed_at is None or self.canceled_at is not None:
            return False
        if not job.status.over:
            return now >= self.spec.ends_at
        # Somebody who found it late has canceled it, or a worker has found it past its deadline.
        timed_out = job.failure is not None and job.failure.type == "timed_out"
        after = job.finished_at is not None and job.finished_at >= self.spec.ends_at
        return job.status is JobStatus.CANCELED or (job.status is JobStatus.FAILED and timed_out and after)

    def counts(self, now: float) -> Counts:
        """How many requests have come to what."""
        coming = self.status(now) is BatchStatus.VALIDATING
        succeeded = canceled = expired = in_progress = 0
        failed = self.refused
        for part in self.parts:
            state = self.state(part, now)
            if not state.over or (coming and part.job is None):
                in_progress += part.samples
            elif state in (JobStatus.EXPIRED, JobStatus.ERASED):
                expired += part.samples
            elif state is JobStatus.CANCELED:
                canceled += part.samples
            else:
                dead = part.job.dead if part.job and state is JobStatus.SUCCEEDED else part.samples
                failed += dead
                succeeded += part.samples - dead
        total = succeeded + failed + canceled + expired + in_progress
        return Counts(total, succeeded, failed, canceled, expired, in_progress)

    def gone(self, now: float) -> bool:
        """Whether it is over, and nothing of what it came to is left."""
        if not self.status(now).over:
            return False
        return self.erased or (all(part.gone for part in self.parts) and (not self.refused or self._refusals_gone(now)))

    def finished_at(self, now: float) -> float | None:
        """When the last job ended, its time was up, or it was in without a job; None as long as that is open."""
        if any(not self.state(part, now).over for part in self.parts):
            return None
        late = [self.spec.ends_at for part in self.parts if self.late(part, now)]
        times = late or [part.job.finished_at for part in self.parts if part.job and part.job.finished_at]
        return max([*times, self.sealed_at]) if self.sealed_at else max(times, default=self.canceled_at)

    @property
    def expires_at(self) -> float | None:
        """When the first of its results goes, or went; None as long as no job is over."""
        times = [part.job.expires_at for part in self.parts if part.job and part.job.expires_at]
        if self.refused and self.sealed_at:
            times.append(self.sealed_at + self.spec.ttl_s)
        return min(times, default=None)

    def _refusals_gone(self, now: float) -> bool:
        since = self.sealed_at or self.canceled_at
        return self.refused > 0 and since is not None and since + self.spec.ttl_s <= now
