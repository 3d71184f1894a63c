"""The synchronous routes: for each service and dialect, a sample or an image in, the enriched sample out.

Each request is a job that the route waits for.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import cleandoc
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field as Key

from access.caller import Caller
from api.access import Processor
from api.branches import Branch
from api.early import Waited
from api.errors import error_response
from api.openapi.responses import OTHER, PROCESSING, error_responses
from api.openapi.schemas import Schemas
from api.parameters import in_query, refuse_in_query
from api.parts import ApiParts, PartsDep
from api.responses import SampleResponse
from api.services.requests import ServiceImageForm, ServiceSampleBody
from api.services.versions import Version, routes_of
from api.uploads import image_of, read_form, read_sample
from api.waiting import run_while_connected
from config.errors import FacelineError
from config.settings import LimitSettings
from jobs.answer import write_answer
from jobs.async_service import UnparsedRequest
from jobs.factory import PLACEHOLDER
from jobs.request_parsing import check_max_faces
from models.service import DetectingService, Service
from pipelines.errors import Detail, InvalidSample

TOO_LATE = error_responses({504: "The answer took too long; `detail` names the job, which is canceled."})
DEPRECATION = {"Deprecation": {"description": "since when (RFC 9745)", "schema": {"type": "string"}}}

MAX_FACES = "max_faces"
ELSEWHERE = "it is a query of the image routes that find faces, and an option of POST /jobs and POST /jobs/image"
# The bound of a deployment is checked in `_keep_max_faces`.
_Count = Annotated[int, Key(ge=1, json_schema_extra={"maximum": LimitSettings().objects})]
MaxFaces = Annotated[_Count | None, Query(description="Keep so many of the faces that are found: the largest ones.")]
Handler = Callable[[Request, PartsDep, Processor], Awaitable[Response]]


def service_router(service: type[Service], schemas: Schemas) -> APIRouter:
    """The routes of a service."""
    router = Branch(f"/{service.name}", tags=[service.name])
    for version, kind in routes_of(service):
        if kind == "sample":
            handler, body = _sample_handler(service, version), schemas.request(service, version.dialect)
        else:
            handler, body = _image_handler(service, version), schemas.form()
        takes_max_faces = kind == "image" and _finds_faces(service)
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
            dependencies=[Depends(_keep_max_faces)] if takes_max_faces else None,
            response_class=SampleResponse,
            responses={200: answer, **OTHER, **PROCESSING, **TOO_LATE},
            openapi_extra={"requestBody": {"required": True, **body}},
        )
    return router


def waited_services(services: Iterable[type[Service]]) -> Mapping[str, Waited]:
    """The routes of services by their paths, for `EarlyRefusals`."""
    return {
        version.route(service.name, kind): Waited(service.family, version.headers)
        for service in services
        for version, kind in routes_of(service)
    }


def _with_headers(handler: Handler, version: Version) -> Handler:
    """The same handler, with the headers of its version on errors too."""

    async def handle(request: Request, parts: PartsDep, caller: Processor) -> Response:
        try:
            return await handler(request, parts, caller)
        except FacelineError as error:
            response = error_response(error)
            response.headers.update(version.headers or {})
            return response

    return handle


def _sample_handler(service: type[Service], version: Version) -> Handler:
    async def process_sample(request: Request, parts: PartsDep, caller: Processor) -> Response:
        refuse_in_query(request, (MAX_FACES,), ELSEWHERE)
        body = await read_sample(request, parts.settings.limits)
        sample = ServiceSampleBody(service.name, version.dialect, body)
        with parts.caller_admission.serving(service.family):
            return await _process(parts, caller, request, version, sample)

    return process_sample


def _image_handler(service: type[Service], version: Version) -> Handler:
    # The answer is that of the sample route for a sample with an image and nothing else.
    sample = {} if issubclass(service, DetectingService) else {"objects": PLACEHOLDER}

    async def process_image(request: Request, parts: PartsDep, caller: Processor) -> Response:
        if not _finds_faces(service):
            refuse_in_query(request, (MAX_FACES,), ELSEWHERE)
        form = await read_form(request, parts.settings.limits)
        if MAX_FACES in form:
            message = f"`{MAX_FACES}` has no effect in the form of this route: {ELSEWHERE}"
            raise InvalidSample([Detail(loc=[MAX_FACES], msg=message, type="misplaced")])
        image = await image_of(form)
        max_faces = getattr(request.state, MAX_FACES, None)
        unparsed = ServiceImageForm(service.name, version.dialect, sample, image, max_faces)
        with parts.caller_admission.serving(service.family):
            return await _process(parts, caller, request, version, unparsed)

    return process_image


def _finds_faces(service: type[Service]) -> bool:
    """Whether the image routes of a service find faces: of a service that needs faces, they find them first."""
    return service.object_class == "face"


async def _keep_max_faces(request: Request, parts: PartsDep, max_faces: MaxFaces = None) -> None:
    """Reads the query of the image routes: the sample routes, which share their handlers' signature, have none."""
    with in_query():
        check_max_faces(max_faces, parts.settings.limits)
    request.state.max_faces = max_faces


async def _process(
    parts: ApiParts, caller: Caller, http: Request, version: Version, request: UnparsedRequest
) -> Response:
    done = await run_while_connected(parts, http, request, caller.owner)
    submission = done.submission
    # The image of the sample is echoed exactly as the caller sent it.
    sent = {key: value for key, value in submission.body.items() if key == submission.dialect.image_key}
    answer = {**sent, **write_answer(done.spec, done.data, submission.image)}
    return SampleResponse(answer, headers=version.headers)
