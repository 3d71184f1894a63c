"""Jobs: submitted, watched, fetched, canceled, erased."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from api.deps import FrontDep
from api.errors import JobFailed, JobUnknown
from api.front import Front
from api.job_models import ImageJobOptions, JobList, JobRequest, JobView, form_fields, parse_options, view_job
from api.responses import SampleResponse
from api.schemas import ERRORS, Schemas
from api.uploads import image_of, parse_sample, read_form, read_sample
from pipelines.answer import write_answer
from pipelines.dialects import DIALECTS, dialect_of
from pipelines.errors import InvalidSample
from pipelines.job import Job, JobData, JobStatus, Place
from pipelines.submission import Submission

IdempotencyKey = Annotated[str | None, Header(max_length=255, description="The same key gives the same job.")]
CURSOR = r"^\d{1,12}(\.\d{1,12})?_[0-9a-f-]{36}$"
Wait = Annotated[float, Query(ge=0, le=60, description="Wait so many seconds for the job to end.")]
UNFINISHED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The enriched sample."},
    202: {"description": "Not yet."},
    409: {"description": "The job was canceled."},
}
GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such job."},
    410: {"description": "The job was erased, or its result has expired."},
}


def job_router(schemas: Schemas) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(prefix="/jobs", tags=["jobs"])
    for path, endpoint, body in (
        ("", submit_sample, schemas.json(JobRequest)),
        ("/image", submit_image, schemas.form(ImageJobOptions)),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            status_code=202,
            response_model=JobView,
            responses=ERRORS,
            openapi_extra={"requestBody": {"required": True, **body}},
        )
    router.add_api_route("", list_jobs, methods=["GET"], response_model=JobList)
    router.add_api_route("/{job_id}", get_job, methods=["GET"], response_model=JobView, responses=GONE)
    router.add_api_route("/{job_id}/result", get_result, methods=["GET"], responses={**GONE, **UNFINISHED})
    router.add_api_route(
        "/{job_id}/cancel", cancel_job, methods=["POST"], status_code=202, response_model=JobView, responses=GONE
    )
    router.add_api_route("/{job_id}", erase_job, methods=["DELETE"], status_code=204, responses=GONE)
    return router


async def submit_sample(request: Request, front: FrontDep, idempotency_key: IdempotencyKey = None) -> Response:
    """Queue services for a sample."""
    raw = await read_sample(request, front.settings.limits)

    def read() -> Submission:
        asked = parse_options(JobRequest, parse_sample(raw))
        services = asked.asked()
        try:
            dialect = dialect_of(front.intake.read_part(services, asked.sample))
        except InvalidSample as error:
            raise error.under("sample") from error
        options = asked.options(front.settings.jobs, front.age_format("number"))
        return Submission(services, asked.sample, dialect, options, at=("sample",))

    return await _submit(front, read, raw, idempotency_key)


async def submit_image(request: Request, front: FrontDep, idempotency_key: IdempotencyKey = None) -> Response:
    """Queue services for an image. The form holds `image`, `services` and the options of a job."""
    form = await read_form(request, front.settings.limits)
    image = await image_of(form)
    fields = form_fields(form)

    def read() -> Submission:
        asked = parse_options(ImageJobOptions, fields)
        options = asked.options(front.settings.jobs, front.age_format("number"))
        return Submission(asked.asked(), {}, DIALECTS[asked.dialect], options, image)

    return await _submit(front, read, image + repr(sorted(fields.items())).encode(), idempotency_key)


async def list_jobs(
    front: FrontDep,
    status: JobStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="`next` of the page before", pattern=CURSOR)] = None,
) -> JobList:
    """The latest jobs, without their results. A page may hold fewer than `limit` though there is a next one."""
    after = None
    if cursor is not None:
        created_at, _, job_id = cursor.partition("_")
        after = Place(float(created_at), job_id)
    jobs, last = await asyncio.to_thread(front.store.recent, limit, after)
    shown = [view_job(job, None, None) for job in jobs if status in (None, job.status)]
    return JobList(jobs=shown, next=f"{last.created_at!r}_{last.job_id}" if last else None)


async def get_job(front: FrontDep, job_id: str, wait: Wait = 0) -> Response:
    """How a job stands; with its result once it has succeeded."""
    job = await _find(front, job_id, wait)
    data, result = await _result(front, job)
    return _view(job, data, result)


async def get_result(front: FrontDep, job_id: str, wait: Wait = 0) -> Response:
    """The enriched sample of a job; 202 as long as there is none."""
    job = await _find(front, job_id, wait)
    if not job.status.over:
        return JSONResponse({"detail": f"the job is {job.status}"}, 202, {"Retry-After": "1"})
    if job.failure:
        raise JobFailed.of(job.failure)
    _, result = await _result(front, job)
    if result is None:
        raise JobFailed.because(job.status if job.status is not JobStatus.SUCCEEDED else JobStatus.EXPIRED)
    return SampleResponse(result)


async def cancel_job(front: FrontDep, job_id: str) -> Response:
    """End a job at its next stage; one that is over stays as it is."""
    await _find(front, job_id, 0)
    await asyncio.to_thread(front.store.cancel, job_id, time())
    return _view(await _find(front, job_id, 0), None, None, status=202)


async def erase_job(front: FrontDep, job_id: str) -> Response:
    """Cancel a job and erase its image, its intermediates and its result."""
    job = await _find(front, job_id, 0)
    await asyncio.to_thread(front.store.erase, job.spec, tombstone=True)
    return Response(status_code=204)


async def _submit(
    front: Front, read: Callable[[], Submission], request: bytes, idempotency_key: str | None
) -> Response:
    job = await asyncio.to_thread(lambda: front.intake.accept(read()))
    fingerprint = ""
    if idempotency_key is not None:
        job = replace(job, spec=job.spec.model_copy(update={"claim": idempotency_key}))
        fingerprint = sha256(request).hexdigest()
    job_id = await front.publish(job, fingerprint)
    taken = Job.queued(job.spec) if job_id == job.spec.id else await _find(front, job_id, 0)
    headers = {"Location": f"/jobs/{taken.spec.id}", "Retry-After": "1"}
    return _view(taken, None, None, status=202, headers=headers)


async def _find(front: Front, job_id: str, wait_s: float) -> Job:
    job = await front.wait(job_id, wait_s)
    if job is None:
        raise JobUnknown(f"there is no job {job_id}")
    if job.status is JobStatus.ERASED:
        raise JobFailed.because(job.status)
    return job


async def _result(front: Front, job: Job) -> tuple[JobData | None, dict[str, object] | None]:
    if job.status is JobStatus.EXPIRED:
        return None, None
    data = await asyncio.to_thread(front.store.data, job.spec.id)
    if data is None or data.result is None or job.status is not JobStatus.SUCCEEDED:
        return data, None
    image = None
    if job.spec.include_image and job.spec.blobs:
        image = await asyncio.to_thread(front.store.image, job.spec.blobs[0])
    return data, await asyncio.to_thread(write_answer, job.spec, data, image)


def _view(
    job: Job,
    data: JobData | None,
    result: dict[str, object] | None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    return SampleResponse(view_job(job, data.metadata if data else None, result), status, headers)
