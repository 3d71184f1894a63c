"""A job: one submission to the queue, with what was asked and how far it is.

The store keeps the data of a job under its id until its TTL ends or a caller erases it. Messages carry only the id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self
from uuid import uuid4

from pydantic import ConfigDict

from jobs.progress import ServiceProgress
from jobs.webhooks.webhook import Delivery, DeliveryStatus, Webhook
from pipelines.chunk import Chunk, Failure
from pipelines.dialects.codec import AgeFormat
from pipelines.pair import PairRules
from pipelines.plan import Plan, Stage
from pipelines.sample import Canonical

OnError = Literal["fail", "continue"]
"""What happens when a service fails on a sample.

fail: no further service runs on it. continue: later services run on it, where they can.
"""


class JobStatus(StrEnum):
    """The status of a job. `expired`: the TTL of its data is over. `erased`: a caller deleted its data."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    ERASED = "erased"

    @property
    def over(self) -> bool:
        """Whether no worker works on the job any more."""
        return self not in (JobStatus.QUEUED, JobStatus.RUNNING)


class Priority(StrEnum):
    """Which of a family's queues a job takes. Workers take messages from the higher priority first.

    Callers cannot ask for the last priority: jobs of an owner above its share of the queues get it.
    """

    HIGH = "high"
    NORMAL = "normal"
    BULK = "bulk"
    LAST = "last"


class JobGroup(Canonical):
    """The batch, or the run of `faceline bulk`, that a job belongs to.

    A job of a group is in no list of jobs. It is canceled and erased with its group only.

    Attributes:
        id: of the group, as callers see it.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["batch", "bulk"]
    id: str


class RequestPosition(Canonical):
    """The request of a batch that an item of a job was made of.

    Attributes:
        custom_id: the caller's name for the request.
        line: the line of the request in its JSONL file, or the index of the image in its archive, from 1.
    """

    model_config = ConfigDict(frozen=True)

    custom_id: str
    line: int


class JobSpec(Canonical):
    """What was asked. It is written once and never changes.

    Attributes:
        dialect: of the sample that came, and of the result.
        images: how many images came with the job.
        max_faces: how many of the faces that a detecting service finds in an image are kept, the largest first; None
            keeps all.
        created_at: seconds since the epoch.
        ttl_s: how long the result is kept once the job is over.
        deadline_s: a job that is not over so long after its creation fails.
        idempotency_key: the caller's key, bound to this job unless an earlier job has it.
        group: what the job belongs to, if it was not submitted alone.
        owner: the name of the API key that made the job; None if it was made without a key.
        request_id: of the HTTP request that made the job, for the logs of workers.
        traceparent: of the span that made the job, if it is traced; see `traces.spans`.
        webhook: whether it has a webhook.
        pair: the rules of a job that compares its two items.
        retry_of: the job that this one repeats.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    plan: Plan
    stages: tuple[Stage, ...]
    dialect: str
    images: int = 0
    on_error: OnError = "fail"
    max_faces: int | None = None
    include_image: bool = False
    age_format: AgeFormat = "number"
    priority: Priority = Priority.NORMAL
    created_at: float
    ttl_s: int
    deadline_s: int
    idempotency_key: str | None = None
    group: JobGroup | None = None
    owner: str | None = None
    request_id: str | None = None
    traceparent: str | None = None
    webhook: bool = False
    pair: PairRules | None = None
    retry_of: str | None = None

    @property
    def blobs(self) -> list[str]:
        """The ids of its images."""
        return blob_names(self.id, self.images)


class Job(Canonical):
    """A job as the store has it; times in seconds since the epoch.

    Attributes:
        services: the progress of each service of the plan.
        done: how many stages have run.
        failed_items: how many items of the result failed; known once the job is over.
        failure: why the job failed.
        expires_at: when the result is deleted.
        late_at: the deadline.
        sent: it is known that the job was sent to the workers. If not, its caller has no answer yet.
        delivery: of the message to its webhook; None if it has none.
    """

    spec: JobSpec
    status: JobStatus
    services: list[ServiceProgress]
    done: int = 0
    failed_items: int = 0
    failure: Failure | None = None
    started_at: float | None = None
    finished_at: float | None = None
    expires_at: float | None = None
    late_at: float | None = None
    sent: bool = True
    delivery: Delivery | None = None

    @classmethod
    def queued(cls, spec: JobSpec) -> Self:
        """A job that no worker has begun."""
        delivery = Delivery(DeliveryStatus.WAITING) if spec.webhook else None
        services = [ServiceProgress() for _ in spec.plan.services]
        return cls(spec=spec, status=JobStatus.QUEUED, services=services, delivery=delivery)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a job runs and how it is kept; see `JobSpec`.

    Attributes:
        group: what the job belongs to, if it is not submitted alone.
        deadline_s: if None, that of the deployment.
    """

    ttl_s: int
    age_format: AgeFormat
    on_error: OnError = "fail"
    include_image: bool = False
    priority: Priority = Priority.NORMAL
    metadata: Mapping[str, Any] | None = None
    group: JobGroup | None = None
    deadline_s: int | None = None
    max_faces: int | None = None
    webhook: Webhook | None = None
    pair: PairRules | None = None
    retry_of: str | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job before the store has it.

    Attributes:
        sent_samples: see `JobData`.
        metadata: the caller's own, handed back unchanged.
        requests: of each item, its request; only for jobs of a batch.
        images: encoded, in the order of `spec.blobs`.
        fingerprint: of the request that came with `spec.idempotency_key`.
        webhook: that the caller asked for.
    """

    spec: JobSpec
    chunk: Chunk
    sent_samples: Sequence[Mapping[str, Any]]
    metadata: Mapping[str, Any] | None = None
    requests: Sequence[RequestPosition] = ()
    images: Sequence[bytes] = ()
    fingerprint: str = ""
    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True)
class JobData:
    """The caller's data of a job. They are deleted when the TTL ends.

    Attributes:
        sent_samples: of each item, the sample as the caller sent it, without its image. If the image is to be echoed,
            and its field is not what the dialect writes for its bytes, the field is kept here.
        requests: of each item, its request; only for jobs of a batch.
        result: None until the job has one.
    """

    sent_samples: Sequence[Mapping[str, Any]]
    metadata: Mapping[str, Any] | None
    requests: Sequence[RequestPosition]
    result: Chunk | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ends.

    Attributes:
        result: the items as they are at the end; None if there is no result.
        failure: why the job failed.
    """

    status: JobStatus
    result: Chunk | None = None
    failure: Failure | None = None

    @property
    def failed_items(self) -> int:
        """How many items of the result failed."""
        return sum(item.failed for item in self.result.items) if self.result else 0


def blob_names(job_id: str, images: int) -> list[str]:
    """The ids of the images of a job that came with so many."""
    return [f"{job_id}:{index}" for index in range(images)]


def new_job_id() -> str:
    """A random id. It works like a password: a caller who knows it may read and erase the job."""
    return str(uuid4())
