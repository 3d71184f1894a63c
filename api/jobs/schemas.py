"""Jobs as JSON: what callers send, and what they get."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel
from pydantic import Field as Key
from starlette.datastructures import FormData

from api.verify.schemas import VerificationJson, VerifyRequest
from api.webhooks.schemas import DeliveryView, JobWebhook, view_delivery
from config.settings import JobSettings, LimitSettings
from jobs.answer import JobSnapshot
from jobs.job import JobStatus, Priority, RunOptions
from jobs.json_parsing import parse_json
from jobs.progress import ServiceStatus
from jobs.request_parsing import WHOLE, ServiceOptions, Truth, checked_ttl
from jobs.retry import is_retryable
from pipelines.chunk import Failure
from pipelines.dialects.sample_schema import ResultJson, SampleJson
from pipelines.errors import InvalidSample


class KeepOptions(BaseModel):
    """How urgent a job is, and how it is kept."""

    priority: Literal[Priority.HIGH, Priority.NORMAL, Priority.BULK] = Key(
        Priority.NORMAL,
        description="workers take jobs of a higher priority first; jobs of a key above its share are taken last",
    )
    ttl_s: Annotated[int, Key(ge=1), WHOLE] | None = Key(None, description="how long the result is kept, in seconds")
    metadata: dict[str, Any] | None = Key(None, description="handed back untouched")
    webhook: JobWebhook | None = Key(None, description="gets a message when the job ends")


class JobOptions(KeepOptions, ServiceOptions):
    """How a job runs and how it is kept."""

    def options(self, settings: JobSettings) -> RunOptions:
        """The options, with the defaults of the deployment.

        Raises:
            InvalidSample: the caller wants the result to be kept longer than the deployment allows.
        """
        ttl_s = checked_ttl(self.ttl_s, settings)
        return RunOptions(
            ttl_s,
            "number",
            self.on_error,
            self.include_image,
            self.priority,
            self.metadata,
            max_faces=self.max_faces,
            webhook=self.webhook.webhook() if self.webhook else None,
        )


class JobRequest(JobOptions):
    """A sample, and what is to be done to it."""

    sample: SampleJson = Key(description="in dialect v1 or v2; the result is in the same")


class VerifyJobRequest(KeepOptions, VerifyRequest):
    """Two faces that are compared asynchronously. The result is what `POST /verify` answers."""

    preset: Literal["verify"]
    include_image: Truth = Key(False, description="keep the photos with the result, for GET /jobs/{id}/picture")

    def options(self, settings: JobSettings) -> RunOptions:
        """The options, with the defaults of the deployment.

        Raises:
            InvalidSample: the caller wants the result to be kept longer than the deployment allows.
        """
        return RunOptions(
            checked_ttl(self.ttl_s, settings),
            "number",
            include_image=self.include_image,
            priority=self.priority,
            metadata=self.metadata,
            webhook=self.webhook.webhook() if self.webhook else None,
        )


class ImageJobOptions(JobOptions):
    """An image, and what is to be done to it."""

    dialect: Literal["v1", "v2"] = Key("v2", description="of the result")


class StageView(BaseModel):
    """The progress of one service of a job."""

    service: str = Key(description="its name")
    status: ServiceStatus = Key(description="whether it waits, runs or has ended, and how")
    ms: float | None = Key(None, description="how long it ran, in milliseconds")
    worker: str | None = Key(None, description="which worker ran it")
    queue: str | None = Key(None, description="from which queue it was taken")
    error: str | None = Key(None, description="why it failed")


class JobView(BaseModel):
    """A job as its caller sees it."""

    id: str = Key(description="under which the job is fetched, canceled and erased")
    status: JobStatus = Key(description="whether it waits, runs or has ended, and how")
    services: list[str] = Key(description="in the order in which they run")
    stages: list[StageView] = Key(description="the progress of each service")
    created_at: datetime = Key(description="when it was submitted")
    started_at: datetime | None = Key(None, description="when a worker took it")
    finished_at: datetime | None = Key(None, description="when it ended")
    expires_at: datetime | None = Key(None, description="when its result is deleted")
    batch: str | None = Key(None, description="that it is a part of: its results and errors are there")
    retry_of: str | None = Key(None, description="the job that this one repeats")
    retryable: bool = Key(
        False,
        description="whether it can be submitted again: it failed or was canceled, and its photo, if any, is kept",
    )
    metadata: dict[str, Any] | None = Key(None, description="as the caller gave it")
    webhook: DeliveryView | None = Key(None, description="how far the message to the webhook is")
    result: ResultJson | VerificationJson | None = Key(
        None, description="the enriched sample, or the verification, once the job has succeeded"
    )
    error: Failure | None = Key(None, description="why the job failed")


class PendingView(BaseModel):
    """Why there is no result yet."""

    detail: str = Key(description="the status of the job, for people")


class JobList(BaseModel):
    """Some jobs, the latest first, without their results."""

    jobs: list[JobView] = Key(description="without their results")
    next: str | None = Key(None, description="the cursor of the next page")


class ErasedView(BaseModel):
    """How much was erased."""

    jobs: int = Key(description="jobs that were submitted alone")
    batches: int = Key(description="batches, each with all its jobs")


def form_fields(form: FormData, limits: LimitSettings) -> dict[str, Any]:
    """The fields of a form beside its image: `services` repeated or with commas, `metadata` and `webhook` as JSON.

    Raises:
        InvalidSample: `metadata` or `webhook` is not JSON, or is nested too deeply.
        PayloadTooLarge: `metadata` or `webhook` has too many entries.
    """
    fields: dict[str, Any] = {key: value for key, value in form.items() if key not in ("image", "services")}
    if named := [text for text in form.getlist("services") if isinstance(text, str)]:
        fields["services"] = [name.strip() for text in named for name in text.split(",") if name.strip()]
    for name in ("metadata", "webhook"):
        if isinstance(fields.get(name), str):
            try:
                fields[name] = parse_json(fields[name], limits)
            except InvalidSample as error:
                raise error.under(name) from error
    return fields


def view_job(snapshot: JobSnapshot) -> JobView:
    """A job as its caller sees it: services that run without being asked for are left out."""
    job, spec = snapshot.job, snapshot.job.spec
    shown: Sequence[str] = spec.plan.services[spec.plan.added_services :]
    stages = [
        StageView(service=name, **progress.model_dump())
        for name, progress in zip(shown, job.services[spec.plan.added_services :], strict=True)
    ]
    return JobView(
        id=spec.id,
        status=job.status,
        services=list(shown),
        stages=stages,
        created_at=moment(spec.created_at),
        started_at=moment(job.started_at) if job.started_at else None,
        finished_at=moment(job.finished_at) if job.finished_at else None,
        expires_at=moment(job.expires_at) if job.expires_at else None,
        batch=spec.group.id if spec.group else None,
        retry_of=spec.retry_of,
        retryable=is_retryable(job),
        metadata=dict(snapshot.metadata) if snapshot.metadata is not None else None,
        webhook=view_delivery(job.delivery),
        result=snapshot.sample,
        error=job.failure,
    )


def moment(seconds: float) -> datetime:
    """A time in seconds since the epoch, as callers see it."""
    return datetime.fromtimestamp(seconds, UTC)
