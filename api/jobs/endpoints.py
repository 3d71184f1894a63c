"""The routes of jobs: submitted, watched, fetched, canceled, erased."""

import asyncio
from functools import partial
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from api.deps import FrontDep
from api.errors import JobFailed
from api.jobs.answers import job_answer, refuse_erased, refuse_part, result_of, taken_answer
from api.jobs.schemas import ImageJobOptions, JobList, JobRequest, JobView, view_job
from api.jobs.submission import Wait, submit_image, submit_sample
from api.openapi.schemas import ERRORS, Schemas
from api.responses import SampleResponse
from jobs.job import Job, JobStatus, Place

CURSOR = r"^\d{1,12}(\.\d{1,12})?_[0-9a-f-]{36}$"
UNFINISHED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The enriched sample."},
    202: {"description": "Not yet."},
    409: {"description": "The job was canceled, or is a part of a batch."},
}
GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such job."},
    410: {"description": "The job was erased, or its result has expired."},
}
WHOLE: dict[int | str, dict[str, Any]] = {
    409: {"description": "The job is a part of a batch, and is ended and erased with it."}
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
            responses={200: {"model": JobView, "description": "Whoever waits gets the job that is over."}, **ERRORS},
            openapi_extra={"requestBody": {"required": True, **body}},
        )
    router.add_api_route("", list_jobs, methods=["GET"], response_model=JobList)
    router.add_api_route("/{job_id}", get_job, methods=["GET"], response_model=JobView, responses=GONE)
    router.add_api_route("/{job_id}/result", get_result, methods=["GET"], responses={**GONE, **UNFINISHED})
    router.add_api_route(
        "/{job_id}/cancel",
        cancel_job,
        methods=["POST"],
        status_code=202,
        response_model=JobView,
        responses={**GONE, **WHOLE},
    )
    router.add_api_route("/{job_id}", erase_job, methods=["DELETE"], status_code=204, responses={**GONE, **WHOLE})
    return router


async def list_jobs(
    front: FrontDep,
    status: JobStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="`next` of the page before", pattern=CURSOR)] = None,
) -> JobList:
    """The latest jobs, without their results; those that are parts of batches are not among them.

    A page may hold fewer than `limit` though there is a next one.
    """
    after = None
    if cursor is not None:
        created_at, _, job_id = cursor.partition("_")
        after = Place(float(created_at), job_id)
    jobs, last = await asyncio.to_thread(front.store.recent, limit, after)
    shown = [view_job(job, None, None) for job in jobs if status in (None, job.status)]
    return JobList(jobs=shown, next=f"{last.created_at!r}_{last.job_id}" if last else None)


async def get_job(front: FrontDep, job_id: str, wait: Wait = 0) -> Response:
    """How a job stands; with its result once it has succeeded, if it is no part of a batch."""
    return await front.look(job_id, wait, partial(job_answer, front))


async def get_result(front: FrontDep, job_id: str, wait: Wait = 0) -> Response:
    """The enriched sample of a job; 202 as long as there is none."""

    def view(job: Job) -> Response:
        refuse_erased(job)
        refuse_part(job)
        if not job.status.over:
            return JSONResponse({"detail": f"the job is {job.status}"}, 202, {"Retry-After": "1"})
        if job.failure:
            raise JobFailed.of(job.failure)
        _, result = result_of(front, job)
        if result is None:
            raise JobFailed.because(job.status if job.status is not JobStatus.SUCCEEDED else JobStatus.EXPIRED)
        return SampleResponse(result)

    return await front.look(job_id, wait, view)


async def cancel_job(front: FrontDep, job_id: str) -> Response:
    """End a job at its next stage; one that is over stays as it is."""

    def cancel(job: Job) -> Job:
        refuse_erased(job)
        refuse_part(job)
        front.store.cancel(job_id, time())
        return job

    await front.look(job_id, 0, cancel)
    return await front.look(job_id, 0, taken_answer)


async def erase_job(front: FrontDep, job_id: str) -> Response:
    """Cancel a job and erase its image, its intermediates and its result."""

    def erase(job: Job) -> Response:
        refuse_erased(job)
        refuse_part(job)
        front.store.erase(job.spec, tombstone=True)
        return Response(status_code=204)

    return await front.look(job_id, 0, erase)
