"""`POST /jobs/{id}/retry`: a job that failed or was canceled is submitted again."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from api.access import JobSubmitter
from api.jobs.schemas import JobView, view_job
from api.openapi.responses import ACCEPTED, PROCESSING, error_responses
from api.parts import PartsDep
from api.responses import accepted
from jobs.retry import RetriedJob

RESPONSES = {
    202: ACCEPTED,
    **PROCESSING,
    **error_responses(
        {
            404: "There is no such job.",
            409: "The job did not fail and was not canceled, or is a part of a batch; or its record cannot be read.",
            410: "The job was erased or has expired, or its photo was deleted when it ended (no `include_image`).",
        }
    ),
}


def add_retry(router: APIRouter) -> None:
    """Add the route to those of jobs."""
    router.add_api_route(
        "/{job_id}/retry", retry_job, methods=["POST"], status_code=202, response_model=JobView, responses=RESPONSES
    )


async def retry_job(
    parts: PartsDep,
    caller: JobSubmitter,
    job_id: Annotated[str, Path(description="the `id` of a job")],
    idempotency_key: Annotated[
        str | None, Header(max_length=255, description="The same key gives the same new job.")
    ] = None,
) -> Response:
    """Submit a job again that failed or was canceled: the same sample, services and options, but no webhook.

    The answer is a new job; its `retry_of` is the id of the old one, which stays as it is. The new job belongs to the
    owner of the old one. A photo is deleted when its job ends, so only a job with `include_image`, or without a photo,
    can be submitted again.
    """
    found = await asyncio.to_thread(RetriedJob.read, parts.jobs.seen_by(caller.viewer), job_id, idempotency_key)
    snapshot = await parts.async_jobs.submit(found, owner=found.job.spec.owner)
    return accepted(view_job(snapshot), f"/jobs/{snapshot.job.spec.id}")
