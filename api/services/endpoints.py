"""The synchronous routes: for each service and dialect, a sample or an image in, the enriched sample out.

Each request is a job that the route waits for.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from inspect import cleandoc
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.errors import error_response
from api.openapi.responses import OTHER, PROCESSING, error_responses
from api.openapi.schemas import Schemas
from api.responses import SampleResponse
from api.services.versions import Version, routes_of
from api.state import ApiState, StateDep
from api.uploads import image_of, read_form, read_sample
from config.errors import FacelineError
from jobs.answer import write_answer
from jobs.async_service import UnparsedRequest
from jobs.factory import PLACEHOLDER, JobFactory, Options, Submission
from jobs.job import Priority
from jobs.options import parse_object
from models.service import DetectingService, Service
from pipelines.dialects import Dialect

TOO_LATE = error_responses({504: "The answer took too long; `detail` names the job, which continues."})
DEPRECATION = {"Deprecation": {"description": "since when (RFC 9745)", "schema": {"type": "string"}}}

MaxFaces = Annotated[int | None, Query(ge=1, description="Keep so many of the faces that are found: the largest ones.")]
Handler = Callable[[Request, StateDep], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class SampleBody:
    """The body of a sample route: an `UnparsedRequest`."""

    service: str
    dialect: Dialect
    body: bytes

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        return Submission((self.service,), parse_object(self.body), self.dialect, _options(factory))


@dataclass(frozen=True, slots=True)
class ImageForm:
    """The form of an image route: an `UnparsedRequest`.

    Attributes:
        sample: what a caller of the sample route would send beside the image.
        max_faces: see `JobSpec`.
    """

    service: str
    dialect: Dialect
    sample: Mapping[str, Any]
    image: bytes
    max_faces: int | None

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        options = replace(_options(factory), max_faces=self.max_faces)
        return Submission((self.service,), self.sample, self.dialect, options, self.image)


def service_router(service: type[Service], schemas: Schemas) -> APIRouter:
    """The routes of a service."""
    router = APIRouter(tags=[service.name])
    for version, kind in routes_of(service):
        if kind == "sample":
            handler, body = _sample_handler(service, version), schemas.request(service, version.dialect)
        else:
            handler, body = _image_handler(service, version), schemas.form()
        finds_faces = kind == "image" and service.object_class == "face"
        answer = {"description": "The enriched sample.", **schemas.answer(service, version.dialect)}
        if version.deprecated:
            answer["headers"] = DEPRECATION
        router.add_api_route(
            version.route(service.name, kind),
            _with_headers(handler, version),
            methods=["POST"],
            summary=f"Process {kind.capitalize()} ({version.name})",
            description=cleandoc(service.__doc__ or ""),
            operation_id=f"{service.name}-{version.name}-{kind}",
            deprecated=version.deprecated,
            dependencies=[Depends(_keep_max_faces)] if finds_faces else None,
            response_class=SampleResponse,
            responses={200: answer, **OTHER, **PROCESSING, **TOO_LATE},
            openapi_extra={"requestBody": {"required": True, **body}},
        )
    return router


def _with_headers(handler: Handler, version: Version) -> Handler:
    """The same handler, with the headers of its version on errors too."""

    async def handle(request: Request, state: StateDep) -> Response:
        try:
            return await handler(request, state)
        except FacelineError as error:
            response = error_response(error)
            response.headers.update(version.headers or {})
            return response

    return handle


def _sample_handler(service: type[Service], version: Version) -> Handler:
    async def process_sample(request: Request, state: StateDep) -> Response:
        body = await read_sample(request, state.settings.limits)
        return await _process(state, version, SampleBody(service.name, version.dialect, body))

    return process_sample


def _image_handler(service: type[Service], version: Version) -> Handler:
    # The answer is that of the sample route for a sample with an image and nothing else.
    sample = {} if issubclass(service, DetectingService) else {"objects": PLACEHOLDER}

    async def process_image(request: Request, state: StateDep) -> Response:
        image = await image_of(await read_form(request, state.settings.limits))
        max_faces = getattr(request.state, "max_faces", None)
        return await _process(state, version, ImageForm(service.name, version.dialect, sample, image, max_faces))

    return process_image


async def _keep_max_faces(request: Request, max_faces: MaxFaces = None) -> None:
    """Reads the query of the image routes: the sample routes, which share their handlers' signature, have none."""
    request.state.max_faces = max_faces


async def _process(state: ApiState, version: Version, request: UnparsedRequest) -> Response:
    done = await state.async_jobs.process(request, state.settings.jobs.sync_timeout_s)
    submission = done.submission
    # The image of the sample is echoed exactly as the caller sent it.
    sent = {key: value for key, value in submission.body.items() if key == submission.dialect.image_key}
    answer = {**sent, **write_answer(done.spec, done.data, submission.image)}
    return SampleResponse(answer, headers=version.headers)


def _options(factory: JobFactory) -> Options:
    return Options(factory.jobs.sync_ttl_s, "string", priority=Priority.HIGH)
