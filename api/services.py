"""The synchronous routes: for each service and dialect, a sample or an image in, the enriched sample out.

They run the same tasks as jobs do: a chain that is awaited.
"""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from api.deps import FrontDep
from api.errors import JobFailed
from api.front import Front
from api.responses import SampleResponse
from api.schemas import ERRORS, IMAGE_FORM, Schemas
from api.uploads import image_of, parse_sample, read_form, read_sample
from api.versions import VERSIONS, Version, takes_image
from models.service import DetectingService, Service
from pipelines.job import JobStatus, Priority
from pipelines.submission import PLACEHOLDER, Options, Submission

Handler = Callable[[Request, FrontDep], Awaitable[Response]]


def service_router(service: type[Service], schemas: Schemas) -> APIRouter:
    """The routes of a service."""
    router = APIRouter(tags=[service.name])
    for version in VERSIONS:
        answer = schemas.answer(service, version.dialect)
        takes = [("sample", _sample_handler(service, version), schemas.request(service, version.dialect))]
        if takes_image(service, version):
            takes.append(("image", _image_handler(service, version), IMAGE_FORM))
        for kind, handler, body in takes:
            router.add_api_route(
                f"/{service.name}{version.path}/process/{kind}",
                handler,
                methods=["POST"],
                summary=f"Process {kind.capitalize()} ({version.name})",
                description=service.__doc__,
                operation_id=f"{service.name}-{version.name}-{kind}",
                deprecated=version.deprecated,
                response_class=SampleResponse,
                responses={200: {"description": "The enriched sample.", **answer}, **ERRORS},
                openapi_extra={"requestBody": {"required": True, **body}},
            )
    return router


def _sample_handler(service: type[Service], version: Version) -> Handler:
    async def process_sample(request: Request, front: FrontDep) -> Response:
        raw = await read_sample(request, front.settings.limits)
        body = await asyncio.to_thread(parse_sample, raw)
        submission = Submission((service.name,), body, version.dialect, _options(front))
        return await _process(front, submission, version)

    return process_sample


def _image_handler(service: type[Service], version: Version) -> Handler:
    # An image route answers what the sample route would for a sample that holds nothing but the image.
    body = {} if issubclass(service, DetectingService) else {"objects": PLACEHOLDER}

    async def process_image(request: Request, front: FrontDep) -> Response:
        image = await image_of(await read_form(request, front.settings.limits))
        submission = Submission((service.name,), body, version.dialect, _options(front), image)
        return await _process(front, submission, version)

    return process_image


async def _process(front: Front, submission: Submission, version: Version) -> Response:
    job = await asyncio.to_thread(front.desk.accept, submission)
    ended, data = await front.process(job)
    if ended.failure:
        raise JobFailed(ended.failure)
    if ended.status is not JobStatus.SUCCEEDED or data is None:
        raise JobFailed.because(ended.status)
    image = submission.dialect.image_text(submission.body) or submission.image
    answer = await front.answer(ended, data, image=image, service_route=True)
    return SampleResponse(answer, headers=version.headers)


def _options(front: Front) -> Options:
    # Somebody waits for the answer, and fetches it at once.
    return Options(ttl_s=front.settings.jobs.sync_ttl_s, priority=Priority.HIGH)
