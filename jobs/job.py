"""A job: what was asked, and how far it has come.

A job's data lie in the store under its id until its TTL ends or somebody erases it; messages carry the id alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self
from uuid import uuid4

from pydantic import ConfigDict

from pipelines.chunk import Chunk, Failure
from pipelines.dialects.codec import AgeFormat
from pipelines.plan import Plan, Stage
from pipelines.sample import Canonical

OnError = Literal["fail", "continue"]
"""Whether a failing service ends its job, or is left out."""


class JobStatus(StrEnum):
    """Where a job stands. `erased` is what is left of a job whose data somebody deleted."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    ERASED = "erased"

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (JobStatus.QUEUED, JobStatus.RUNNING)


class ServiceStatus(StrEnum):
    """Where a service of a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class Priority(StrEnum):
    """Which of a family's queues a job takes; a worker empties the higher one first."""

    HIGH = "high"
    NORMAL = "normal"
    BULK = "bulk"


class JobSpec(Canonical):
    """What was asked: written once.

    Attributes:
        dialect: in which the sample came and the result goes.
        images: how many images came with it.
        created_at: seconds since the epoch.
        ttl_s: for how long the result is kept once the job is over.
        deadline_s: after its creation a job that is not over fails.
        claim: the caller's idempotency key, which is bound to this job unless it was bound before.
        batch: what it is a part of, if it is: a batch, or a run of `faceline bulk` (`bulk-…`). It stands in no list
            then, and only the whole is ended or erased.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    plan: Plan
    stages: tuple[Stage, ...]
    dialect: str
    images: int = 0
    on_error: OnError = "fail"
    include_image: bool = False
    age_format: AgeFormat = "number"
    priority: Priority = Priority.NORMAL
    created_at: float
    ttl_s: int
    deadline_s: int
    claim: str | None = None
    batch: str | None = None

    @property
    def blobs(self) -> list[str]:
        """The ids of its images."""
        return [f"{self.id}:{index}" for index in range(self.images)]


class ServiceProgress(Canonical):
    """What is known of one service of a job.

    Attributes:
        ms: how long it ran, in milliseconds.
        worker: which worker ran it.
        queue: from which queue its message was taken.
        error: why it failed.
    """

    status: ServiceStatus = ServiceStatus.QUEUED
    ms: float | None = None
    worker: str | None = None
    queue: str | None = None
    error: str | None = None


class Job(Canonical):
    """A job as the store knows it; times in seconds since the epoch.

    Attributes:
        dead: how many of its samples have come to nothing, known once it is over.
    """

    spec: JobSpec
    status: JobStatus
    services: list[ServiceProgress]
    done: int = 0
    dead: int = 0
    failure: Failure | None = None
    started_at: float | None = None
    finished_at: float | None = None
    expires_at: float | None = None

    @classmethod
    def queued(cls, spec: JobSpec) -> Self:
        """A job that nobody has begun."""
        return cls(spec=spec, status=JobStatus.QUEUED, services=[ServiceProgress() for _ in spec.plan.services])


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job on its way into the store.

    Attributes:
        givens: of each item, the sample as it was sent, without its image.
        metadata: the caller's, handed back untouched.
        images: encoded, in the order of `spec.blobs`.
        fingerprint: of the request that `spec.claim` stands for.
    """

    spec: JobSpec
    chunk: Chunk
    givens: Sequence[Mapping[str, Any]]
    metadata: Mapping[str, Any] | None = None
    images: Sequence[bytes] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class JobData:
    """What a job holds of its caller's: gone with the TTL.

    Attributes:
        givens: of each item, the sample as it was sent, without its image.
        result: None as long as there is none.
    """

    givens: Sequence[Mapping[str, Any]]
    metadata: Mapping[str, Any] | None
    result: Chunk | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ends.

    Attributes:
        result: what it has come to; None if nothing.
        failure: why it failed.
    """

    status: JobStatus
    result: Chunk | None = None
    failure: Failure | None = None

    @property
    def dead(self) -> int:
        """How many samples of the result have come to nothing."""
        return sum(item.dead for item in self.result.items) if self.result else 0


Progress = Mapping[int, ServiceProgress]
"""What changed of the services of a job, by their place in its plan."""


def progress_of(
    spec: JobSpec, status: JobStatus, noted: Progress, running_stage: Stage | None
) -> list[ServiceProgress]:
    """How far each service of a job has come.

    Args:
        spec: of the job.
        status: of the job.
        noted: what is known of some of its services.
        running_stage: the stage that runs, or whose worker died.
    """
    services = []
    first = running_stage.first if running_stage else 0
    running = set(range(first, first + len(running_stage.services))) if running_stage else set()
    for place, _ in enumerate(spec.plan.services):
        if place in noted:
            services.append(noted[place])
        elif status.over:
            services.append(ServiceProgress(status=ServiceStatus.SKIPPED))
        else:
            # They run one after another, so it is the first of them.
            services.append(ServiceProgress(status=ServiceStatus.RUNNING if place in running else ServiceStatus.QUEUED))
            running = set()
    return services


class ClaimOutcome(StrEnum):
    """Whether a stage may run."""

    GO = "go"
    DONE = "done"  # it ran before: the message came twice
    OVER = "over"  # the job is finished, erased, expired, or was never there
    CANCELED = "canceled"
    POISONED = "poisoned"  # it was begun too often without coming to an end


@dataclass(frozen=True, slots=True)
class StageClaim:
    """Whether a stage may run.

    Attributes:
        spec: None if the job is not there.
        chunk: comes with GO.
    """

    outcome: ClaimOutcome
    spec: JobSpec | None = None
    chunk: Chunk | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job stands in the list of jobs."""

    created_at: float
    job_id: str


def new_job_id() -> str:
    """An id that nobody guesses."""
    return str(uuid4())
