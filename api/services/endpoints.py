"""The synchronous routes: for each service and dialect, a sample or an image in, the enriched sample out.

They run the same tasks as jobs do: a chain that is awaited.
"""

from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import APIRouter, Request, Response

from api.deps import FrontDep
from api.errors import error_response
from api.front import Front
from api.openapi.schemas import ERRORS, Schemas
from api.responses import SampleResponse
from api.services.versions import Version, routes_of
from api.uploads import image_of, parse_sample, read_form, read_sample
from config.errors import FacelineError
from jobs.answer import write_answer
from jobs.factory import PLACEHOLDER, Options, Submission
from jobs.job import JobData, JobSpec, Priority
from models.service import DetectingService, Service

TOO_LATE = {"description": "The answer took too long; `detail` names the job, which goes on."}

Handler = Callable[[Request, FrontDep], Awaitable[Response]]


def service_router(service: type[Service], schemas: Schemas) -> APIRouter:
    """The routes of a service."""
    router = APIRouter(tags=[service.name])
    for version, kind in routes_of(service):
        if kind == "sample":
            handler, body = _sample_handler(service, version), schemas.request(service, version.dialect)
        else:
            handler, body = _image_handler(service, version), schemas.form()
        answer = schemas.answer(service, version.dialect)
        router.add_api_route(
            version.route(service.name, kind),
            _with_headers(handler, version),
            methods=["POST"],
            summary=f"Process {kind.capitalize()} ({version.name})",
            description=service.__doc__,
            operation_id=f"{service.name}-{version.name}-{kind}",
            deprecated=version.deprecated,
            response_class=SampleResponse,
            responses={200: {"description": "The enriched sample.", **answer}, **ERRORS, 504: TOO_LATE},
            openapi_extra={"requestBody": {"required": True, **body}},
        )
    return router


def _with_headers(handler: Handler, version: Version) -> Handler:
    """The same, with the headers of its version on errors too."""

    async def handle(request: Request, front: FrontDep) -> Response:
        try:
            return await handler(request, front)
        except FacelineError as error:
            response = error_response(error)
            response.headers.update(version.headers or {})
            return response

    return handle


def _sample_handler(service: type[Service], version: Version) -> Handler:
    async def process_sample(request: Request, front: FrontDep) -> Response:
        raw = await read_sample(request, front.settings.limits)
        return await _process(
            front, version, lambda: Submission((service.name,), parse_sample(raw), version.dialect, _options(front))
        )

    return process_sample


def _image_handler(service: type[Service], version: Version) -> Handler:
    # An image route answers what the sample route would for a sample that holds nothing but the image.
    body = {} if issubclass(service, DetectingService) else {"objects": PLACEHOLDER}

    async def process_image(request: Request, front: FrontDep) -> Response:
        image = await image_of(await read_form(request, front.settings.limits))
        return await _process(
            front, version, lambda: Submission((service.name,), body, version.dialect, _options(front), image)
        )

    return process_image


async def _process(front: Front, version: Version, read: Callable[[], Submission]) -> Response:
    read_once = cache(read)

    def answer(spec: JobSpec, data: JobData) -> Response:
        submission = read_once()
        # What the caller sent in its place, to the last letter.
        sent = {key: value for key, value in submission.body.items() if key == submission.dialect.image_key}
        return SampleResponse({**sent, **write_answer(spec, data, submission.image)}, headers=version.headers)

    return await front.process(lambda: front.intake.accept(read_once()), answer)


def _options(front: Front) -> Options:
    # Somebody waits for the answer, and fetches it at once.
    return Options(front.settings.jobs.sync_ttl_s, front.age_format("string"), priority=Priority.HIGH)
