"""Jobs as JSON: what callers send, and what they get."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel
from pydantic import Field as Key
from pydantic_core import from_json
from starlette.datastructures import FormData

from config.settings import JobSettings
from jobs.answer import JobSnapshot
from jobs.job import JobStatus, Priority, RunOptions
from jobs.progress import ServiceStatus
from jobs.request_parsing import ServiceOptions, checked_ttl
from pipelines.chunk import Failure
from pipelines.dialects.sample_schema import ResultJson, SampleJson
from pipelines.errors import Detail, InvalidSample


class JobOptions(ServiceOptions):
    """How a job runs and how it is kept."""

    priority: Priority = Key(Priority.NORMAL, description="workers take jobs of a higher priority first")
    ttl_s: int | None = Key(None, ge=1, description="how long the result is kept, in seconds")
    metadata: dict[str, Any] | None = Key(None, description="handed back untouched")

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
        )


class JobRequest(JobOptions):
    """A sample, and what is to be done to it."""

    sample: SampleJson = Key(description="in dialect v1 or v2; the result is in the same")


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
    metadata: dict[str, Any] | None = Key(None, description="as the caller gave it")
    result: ResultJson | None = Key(None, description="the enriched sample, once the job has succeeded")
    error: Failure | None = Key(None, description="why the job failed")


class PendingView(BaseModel):
    """Why there is no result yet."""

    detail: str = Key(description="the status of the job, for people")


class JobList(BaseModel):
    """Some jobs, the latest first, without their results."""

    jobs: list[JobView] = Key(description="without their results")
    next: str | None = Key(None, description="the cursor of the next page")


def form_fields(form: FormData) -> dict[str, Any]:
    """The fields of a form beside its image: `services` repeated or with commas, `metadata` as JSON.

    Raises:
        InvalidSample: `metadata` is not JSON.
    """
    fields: dict[str, Any] = {key: value for key, value in form.items() if key not in ("image", "services")}
    if named := [text for text in form.getlist("services") if isinstance(text, str)]:
        fields["services"] = [name.strip() for text in named for name in text.split(",") if name.strip()]
    if "metadata" in fields:
        try:
            fields["metadata"] = from_json(fields["metadata"], allow_inf_nan=False)
        except ValueError as error:
            raise InvalidSample([Detail(loc=["metadata"], msg=str(error), type="json_invalid")]) from error
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
        metadata=dict(snapshot.metadata) if snapshot.metadata is not None else None,
        result=snapshot.sample,
        error=job.failure,
    )


def moment(seconds: float) -> datetime:
    """A time in seconds since the epoch, as callers see it."""
    return datetime.fromtimestamp(seconds, UTC)
