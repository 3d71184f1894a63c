"""The routes of jobs: submit, watch, fetch, cancel, erase, list."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.jobs.requests import ImageForm, SampleBody
from api.jobs.schemas import (
    ImageJobOptions,
    JobList,
    JobRequest,
    JobView,
    PendingView,
    form_fields,
    view_job,
)
from api.openapi.example_files import sample_with_photo
from api.openapi.responses import ACCEPTED, INVALID, OTHER, PROCESSING, RETRY_AFTER, Responses, error_responses
from api.openapi.schemas import Schemas
from api.parameters import CursorText, Limit, cursor_of
from api.parts import ApiParts, PartsDep
from api.responses import SampleResponse, accepted
from api.uploads import image_of, read_form, read_sample
from jobs.answer import JobSnapshot
from jobs.async_service import UnparsedRequest
from jobs.job import Job, JobStatus
from jobs.service import require_single
from pipelines.dialects import DIALECTS
from pipelines.dialects.sample_schema import ResultJson

Wait = Annotated[float, Query(ge=0, le=60, description="Wait so many seconds for the job to end.")]
IdempotencyKey = Annotated[str | None, Header(max_length=255, description="The same key gives the same job.")]
JobId = Annotated[str, Path(description="the `id` of a job")]
Status = Annotated[JobStatus | None, Query(description="only jobs with this status")]

GONE = error_responses({404: "There is no such job.", 410: "The job was erased, or its result has expired."})
WHOLE = error_responses({409: "The job is a part of a batch, and is ended and erased with it."})
RESULT: Responses = {
    200: {"model": ResultJson, "description": "The enriched sample."},
    202: {"model": PendingView, "description": "The job is not over yet.", "headers": RETRY_AFTER},
    **error_responses(
        {
            409: "The job was canceled, or is a part of a batch.",
            422: "The job failed because of its sample or image, or a parameter is not valid.",
            500: "The job failed.",
            504: "The job was not over at its deadline.",
        }
    ),
}


def job_router(schemas: Schemas) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(prefix="/jobs", tags=["jobs"], responses={**OTHER, **INVALID})
    example = {"preset": "face-analysis", "sample": sample_with_photo(DIALECTS["v2"])}
    for path, endpoint, body in (
        ("", submit_sample, schemas.json(JobRequest, example)),
        ("/image", submit_image, schemas.form(ImageJobOptions, {"preset": "face-analysis"})),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            status_code=202,
            response_model=JobView,
            responses={
                200: {"model": JobView, "description": "With `wait`: the job is over."},
                202: ACCEPTED,
                **PROCESSING,
            },
            openapi_extra={"requestBody": {"required": True, **body}},
        )
    router.add_api_route("", list_jobs, methods=["GET"], response_model=JobList, response_description="The jobs.")
    router.add_api_route(
        "/{job_id}",
        get_job,
        methods=["GET"],
        response_model=JobView,
        response_description="The job.",
        responses=GONE,
    )
    router.add_api_route("/{job_id}/result", get_result, methods=["GET"], responses={**GONE, **RESULT})
    router.add_api_route(
        "/{job_id}/cancel",
        cancel_job,
        methods=["POST"],
        status_code=202,
        response_model=JobView,
        responses={202: ACCEPTED, **GONE, **WHOLE},
    )
    router.add_api_route(
        "/{job_id}",
        erase_job,
        methods=["DELETE"],
        status_code=204,
        response_description="The job is erased.",
        responses={**GONE, **WHOLE},
    )
    return router


async def submit_sample(
    request: Request, parts: PartsDep, idempotency_key: IdempotencyKey = None, wait: Wait = 0
) -> Response:
    """Queue services for a sample. With `wait`, a job that ends in time is shown as by `GET /jobs/{id}`, with 200."""
    body = await read_sample(request, parts.settings.limits)
    return await _submit(parts, SampleBody(body, idempotency_key), wait)


async def submit_image(
    request: Request, parts: PartsDep, idempotency_key: IdempotencyKey = None, wait: Wait = 0
) -> Response:
    """Queue services for an image, as for a sample. The form has `image`, `services` and the options of a job."""
    form = await read_form(request, parts.settings.limits)
    return await _submit(parts, ImageForm(await image_of(form), form_fields(form), idempotency_key), wait)


async def list_jobs(parts: PartsDep, status: Status = None, limit: Limit = 20, cursor: CursorText = None) -> JobList:
    """The latest jobs, without their results. Jobs of batches are not among them.

    A page may have fewer than `limit` jobs though there is a next page.
    """
    jobs, last = await asyncio.to_thread(parts.jobs.recent, limit, cursor_of(cursor))
    shown = [view_job(JobSnapshot(job)) for job in jobs if status in (None, job.status)]
    return JobList(jobs=shown, next=str(last) if last else None)


async def get_job(parts: PartsDep, job_id: JobId, wait: Wait = 0) -> Response:
    """A job; with its result once it has succeeded, if it is not a part of a batch."""
    return SampleResponse(view_job(await parts.async_jobs.wait(job_id, wait)))


async def get_result(parts: PartsDep, job_id: JobId, wait: Wait = 0) -> Response:
    """The enriched sample of a job; 202 until there is one."""
    snapshot = await parts.async_jobs.wait(job_id, wait)
    require_single(snapshot.job)
    if not snapshot.job.status.over:
        pending = PendingView(detail=f"the job is {snapshot.job.status}")
        return JSONResponse(pending.model_dump(), 202, {"Retry-After": "1"})
    return SampleResponse(snapshot.require_sample())


async def cancel_job(parts: PartsDep, job_id: JobId) -> Response:
    """End a job at its next stage. A job that is over does not change."""
    return _accepted(await asyncio.to_thread(parts.jobs.cancel, job_id))


async def erase_job(parts: PartsDep, job_id: JobId) -> Response:
    """Cancel a job and erase its image, its intermediate results and its result."""
    await asyncio.to_thread(parts.jobs.erase, job_id)
    return Response(status_code=204)


async def _submit(parts: ApiParts, request: UnparsedRequest, wait_s: float) -> Response:
    snapshot = await parts.async_jobs.submit(request, wait_s)
    if wait_s and snapshot.job.status.over:
        return SampleResponse(view_job(snapshot))
    return _accepted(snapshot.job)


def _accepted(job: Job) -> Response:
    return accepted(view_job(JobSnapshot(job)), f"/jobs/{job.spec.id}")
