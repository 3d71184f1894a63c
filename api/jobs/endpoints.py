"""The routes of jobs: submit, watch, fetch, cancel, erase, list."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from access.audit import Action
from access.caller import Caller
from access.key import Scope
from api.access import Eraser, JobSubmitter, Reader
from api.audit import note_of
from api.branches import Branch
from api.jobs.picture import add_picture
from api.jobs.requests import (
    PRIORITIES,
    ImageForm,
    SampleBody,
    default_priorities,
    priorities_of_form,
    priorities_of_json,
)
from api.jobs.retry import add_retry
from api.jobs.schemas import (
    ErasedView,
    ImageJobOptions,
    JobList,
    JobRequest,
    JobView,
    PendingView,
    VerifyJobRequest,
    view_job,
)
from api.openapi.example_files import sample_with_photo
from api.openapi.responses import ACCEPTED, INVALID, OTHER, PROCESSING, RETRY_AFTER, Responses, error_responses
from api.openapi.schemas import Schemas
from api.parameters import CursorText, Limit, cursor_of, refuse_in_query
from api.parts import ApiParts, PartsDep
from api.responses import SampleResponse, accepted
from api.uploads import image_of, read_form, read_sample
from api.verify.schemas import VerificationJson
from jobs.answer import JobSnapshot
from jobs.async_service import UnparsedRequest
from jobs.erasure import erase_everything
from jobs.errors import Overloaded
from jobs.job import Job, JobStatus
from jobs.service import require_single
from pipelines.dialects import DIALECTS
from pipelines.dialects.sample_schema import ResultJson

Wait = Annotated[float, Query(ge=0, le=60, description="Wait so many seconds for the job to end.")]
IdempotencyKey = Annotated[str | None, Header(max_length=255, description="The same key gives the same job.")]
JobId = Annotated[str, Path(description="the `id` of a job")]
Status = Annotated[JobStatus | None, Query(description="only jobs with this status")]
Everything = Annotated[Literal["true"], Query(description="Confirms that all is to be erased.")]
Owner = Annotated[str | None, Query(description="Erase what belongs to this name of a key; needs the scope `admin`.")]

SAMPLE_OPTIONS = frozenset((*JobRequest.model_fields, *VerifyJobRequest.model_fields))
"""The keys of the JSON of `POST /jobs`."""
FORM_OPTIONS = frozenset(ImageJobOptions.model_fields)
"""The fields of the form of `POST /jobs/image` beside its image."""

GONE = error_responses(
    {
        404: "There is no such job.",
        409: "The store's record of the job cannot be read.",
        410: "The job was erased, or its result has expired.",
    }
)
WHOLE = error_responses(
    {409: "The job is a part of a batch, and is ended and erased with it; or its record cannot be read."}
)
RESULT: Responses = {
    200: {"model": ResultJson | VerificationJson, "description": "The enriched sample, or the verification."},
    202: {"model": PendingView, "description": "The job is not over yet.", "headers": RETRY_AFTER},
    **error_responses(
        {
            409: "The job was canceled, is a part of a batch, or its record cannot be read.",
            422: "The job failed because of its sample or image, or a parameter is not valid.",
            500: "The job failed.",
            504: "The job was not over at its deadline.",
        }
    ),
}


def job_router(schemas: Schemas) -> APIRouter:
    """The routes of jobs."""
    router = Branch("/jobs", prefix="/jobs", tags=["jobs"], responses={**OTHER, **INVALID})
    example = {"preset": "face-analysis", "sample": sample_with_photo(DIALECTS["v2"])}
    for path, endpoint, body in (
        ("", submit_sample, schemas.json_of_either([JobRequest, VerifyJobRequest], example)),
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
        "", erase_all, methods=["DELETE"], response_model=ErasedView, response_description="What was erased."
    )
    router.add_api_route(
        "/{job_id}",
        get_job,
        methods=["GET"],
        response_model=JobView,
        response_description="The job.",
        responses=GONE,
    )
    router.add_api_route("/{job_id}/result", get_result, methods=["GET"], responses={**GONE, **RESULT})
    add_picture(router)
    add_retry(router)
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
    request: Request,
    parts: PartsDep,
    caller: JobSubmitter,
    idempotency_key: IdempotencyKey = None,
    wait: Wait = 0,
) -> Response:
    """Queue services for a sample, or, with the preset `verify`, for two photos or templates in `a` and `b`.

    With `wait`, a job that ends in time is shown as by `GET /jobs/{id}`, with 200; the key then needs the scope `read`.
    """
    _check_wait(caller, wait)
    refuse_in_query(request, SAMPLE_OPTIONS, "send it as a key of the JSON")
    body = await read_sample(request, parts.settings.limits.with_another_image)
    _require_room(parts, body, caller)
    return await _submit(parts, caller, SampleBody(body, idempotency_key, caller), wait)


async def submit_image(
    request: Request,
    parts: PartsDep,
    caller: JobSubmitter,
    idempotency_key: IdempotencyKey = None,
    wait: Wait = 0,
) -> Response:
    """Queue services for an image, as for a sample. The form has `image`, `services` and the options of a job."""
    _check_wait(caller, wait)
    refuse_in_query(request, FORM_OPTIONS, "send it as a field of the form")
    parts.job_arrivals.require_room(PRIORITIES)
    form = await read_form(request, parts.settings.limits)
    parts.job_arrivals.require_room(priorities_of_form(form, caller.owner))
    return await _submit(parts, caller, ImageForm(await image_of(form), form, idempotency_key, caller), wait)


async def list_jobs(
    parts: PartsDep, caller: Reader, status: Status = None, limit: Limit = 20, cursor: CursorText = None
) -> JobList:
    """The latest jobs, without their results. Jobs of batches are not among them.

    A page may have fewer than `limit` jobs though there is a next page.
    """
    jobs, last = await asyncio.to_thread(parts.jobs.seen_by(caller.viewer).recent, limit, cursor_of(cursor))
    shown = [view_job(JobSnapshot(job)) for job in jobs if status in (None, job.status)]
    return JobList(jobs=shown, next=str(last) if last else None)


async def get_job(parts: PartsDep, caller: Reader, job_id: JobId, wait: Wait = 0) -> Response:
    """A job; with its result once it has succeeded, if it is not a part of a batch."""
    return SampleResponse(view_job(await parts.async_jobs.wait(job_id, wait, caller.viewer)))


async def get_result(parts: PartsDep, caller: Reader, job_id: JobId, wait: Wait = 0) -> Response:
    """The enriched sample of a job; 202 until there is one."""
    snapshot = await parts.async_jobs.wait(job_id, wait, caller.viewer)
    require_single(snapshot.job)
    if not snapshot.job.status.over:
        pending = PendingView(detail=f"the job is {snapshot.job.status}")
        return JSONResponse(pending.model_dump(), 202, {"Retry-After": "1"})
    return SampleResponse(snapshot.require_sample())


async def cancel_job(parts: PartsDep, caller: JobSubmitter, job_id: JobId) -> Response:
    """End a job at its next stage. A job that is over does not change."""
    return _accepted(await asyncio.to_thread(parts.jobs.seen_by(caller.viewer).cancel, job_id))


async def erase_job(parts: PartsDep, caller: Eraser, job_id: JobId) -> Response:
    """Cancel a job and erase its image, its intermediate results and its result."""
    await asyncio.to_thread(parts.jobs.seen_by(caller.viewer).erase, job_id)
    return Response(status_code=204)


async def erase_all(
    request: Request, parts: PartsDep, caller: Eraser, everything: Everything, owner: Owner = None
) -> ErasedView:
    """End and erase all jobs and batches of the caller, with their idempotency keys.

    They belong to the name of its key. Without keys, the jobs and batches of all callers are erased.
    """
    if owner is not None and owner != caller.owner:
        caller.require(Scope.ADMIN)
    erased_owner = owner or caller.owner
    note = note_of(request.scope)
    note.action, note.subject = Action.ERASE_ALL, erased_owner
    erased = await asyncio.to_thread(erase_everything, parts.jobs, parts.batches, erased_owner)
    return ErasedView(**erased._asdict())


def _check_wait(caller: Caller, wait_s: float) -> None:
    """Check that a caller who waits for the result may read it.

    Raises:
        MissingScope: its key does not allow it.
    """
    if wait_s:
        caller.require(Scope.READ)


def _require_room(parts: ApiParts, body: bytes, caller: Caller) -> None:
    """Check that there may be room for a job.

    Raises:
        Overloaded: there is none.
    """
    try:
        parts.job_arrivals.require_room(default_priorities(caller.owner))
    except Overloaded:
        # Only now is the body searched, which takes longer than all checks.
        parts.job_arrivals.require_room(priorities_of_json(body, caller.owner))


async def _submit(parts: ApiParts, caller: Caller, request: UnparsedRequest, wait_s: float) -> Response:
    snapshot = await parts.async_jobs.submit(request, wait_s, owner=caller.owner)
    if wait_s and snapshot.job.status.over:
        return SampleResponse(view_job(snapshot), headers={"Content-Location": f"/jobs/{snapshot.job.spec.id}"})
    return _accepted(snapshot.job)


def _accepted(job: Job) -> Response:
    return accepted(view_job(JobSnapshot(job)), f"/jobs/{job.spec.id}")
