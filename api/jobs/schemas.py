"""Jobs as callers write and read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key
from pydantic_core import from_json
from starlette.datastructures import FormData

from config.settings import JobSettings
from jobs.factory import Options
from jobs.job import Job, JobStatus, OnError, Priority, ServiceStatus
from pipelines.chunk import Failure
from pipelines.dialects.codec import AgeFormat
from pipelines.errors import Detail, InvalidSample, details_of
from pipelines.presets import PRESETS


class ServiceOptions(BaseModel):
    """What is done to a sample."""

    model_config = ConfigDict(extra="forbid")

    services: list[str] | None = Key(None, min_length=1, max_length=32, description="in the order in which they run")
    preset: str | None = Key(None, description=f"instead of services, one of: {', '.join(PRESETS)}")
    on_error: OnError = "fail"
    include_image: bool = Key(False, description="echo the image in the result")

    def asked(self) -> Sequence[str]:
        """The services that are to run.

        Raises:
            InvalidSample: neither services nor a preset is given, or both, or there is no such preset.
        """
        if self.preset is None and self.services:
            return self.services
        if self.services is not None:
            raise InvalidSample([Detail(loc=["preset"], msg="services or a preset, not both", type="ambiguous")])
        if self.preset is None:
            raise InvalidSample([Detail(loc=["services"], msg="Field required", type="missing")])
        if self.preset not in PRESETS:
            message = f"unknown preset; there are: {', '.join(PRESETS)}"
            raise InvalidSample([Detail(loc=["preset"], msg=message, type="unknown_preset")])
        return PRESETS[self.preset]


class JobOptions(ServiceOptions):
    """How a job is run and kept."""

    priority: Priority = Priority.NORMAL
    ttl_s: int | None = Key(None, ge=1, description="how long the result is kept, in seconds")
    metadata: dict[str, Any] | None = Key(None, description="handed back untouched")

    def options(self, settings: JobSettings, age_format: AgeFormat) -> Options:
        """The options, with the deployment's defaults.

        Raises:
            InvalidSample: the caller asks for more time than the deployment gives.
        """
        ttl_s = checked_ttl(self.ttl_s, settings)
        return Options(ttl_s, age_format, self.on_error, self.include_image, self.priority, self.metadata)


class JobRequest(JobOptions):
    """A sample, and what is to be done to it."""

    sample: dict[str, Any] = Key(description="in dialect v1 or v2; the result is in the same")


class ImageJobOptions(JobOptions):
    """The fields of a form beside its image."""

    dialect: Literal["v1", "v2"] = "v2"


class StageView(BaseModel):
    """How far one service of a job has come."""

    service: str
    status: ServiceStatus
    ms: float | None = Key(None, description="how long it ran, in milliseconds")
    worker: str | None = Key(None, description="which worker ran it")
    queue: str | None = Key(None, description="from which queue it was taken")
    error: str | None = None


class JobView(BaseModel):
    """A job as its caller sees it."""

    id: str
    status: JobStatus
    services: list[str]
    stages: list[StageView]
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    batch: str | None = Key(None, description="that it is a part of: what it came to is told there")
    metadata: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: Failure | None = None


class JobList(BaseModel):
    """Some jobs, the latest first, without their results."""

    jobs: list[JobView]
    next: str | None = Key(None, description="the cursor of the next page")


Asked = TypeVar("Asked", bound=ServiceOptions)


def checked_ttl(asked_s: int | None, settings: JobSettings) -> int:
    """How long a result is kept, in seconds.

    Raises:
        InvalidSample: the caller asks for more time than the deployment gives.
    """
    if asked_s is not None and asked_s > settings.max_ttl_s:
        message = f"Input should be less than or equal to {settings.max_ttl_s}"
        raise InvalidSample([Detail(loc=["ttl_s"], msg=message, type="less_than_equal")])
    return asked_s or settings.ttl_s


def parse_options(model: type[Asked], given: Mapping[str, Any]) -> Asked:
    """What a caller gave, checked.

    Raises:
        InvalidSample: it breaks the schema.
    """
    if given.get("webhook") is not None:
        message = "this deployment calls no webhooks; poll GET /jobs/{id}?wait=60 instead"
        raise InvalidSample([Detail(loc=["webhook"], msg=message, type="unsupported")])
    try:
        return model.model_validate({key: value for key, value in given.items() if key != "webhook"})
    except ValidationError as error:
        raise InvalidSample(details_of(error, [])) from error


def form_fields(form: FormData) -> dict[str, Any]:
    """The fields of a form beside its image: `services` repeated or with commas, `metadata` as JSON.

    Raises:
        InvalidSample: `metadata` is no JSON.
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


def view_job(job: Job, metadata: Mapping[str, Any] | None, result: Mapping[str, Any] | None) -> JobView:
    """A job as its caller sees it: the services that nobody asked for are left out."""
    spec = job.spec
    shown: Sequence[str] = spec.plan.services[spec.plan.hidden :]
    stages = [
        StageView(service=name, **progress.model_dump())
        for name, progress in zip(shown, job.services[spec.plan.hidden :], strict=True)
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
        batch=spec.batch,
        metadata=dict(metadata) if metadata is not None else None,
        result=dict(result) if result else None,
        error=job.failure,
    )


def moment(seconds: float) -> datetime:
    """A time in seconds since the epoch, as it is shown."""
    return datetime.fromtimestamp(seconds, UTC)
