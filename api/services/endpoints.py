"""The synchronous routes: for each service and dialect, a sample or an image in, the enriched sample out.

Each request is a job that the route waits for.
"""

from collections.abc import Awaitable, Callable
from inspect import cleandoc
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from access.caller import Caller
from api.access import Processor
from api.branches import Branch
from api.errors import error_response
from api.openapi.responses import OTHER, PROCESSING, error_responses
from api.openapi.schemas import Schemas
from api.parts import ApiParts, PartsDep
from api.responses import SampleResponse
from api.services.requests import ServiceImageForm, ServiceSampleBody
from api.services.versions import Version, routes_of
from api.uploads import image_of, read_form, read_sample
from api.waiting import run_while_connected
from config.errors import FacelineError
from jobs.answer import write_answer
from jobs.async_service import UnparsedRequest
from jobs.factory import PLACEHOLDER
from models.service import DetectingService, Service

TOO_LATE = error_responses({504: "The answer took too long; `detail` names the job, which is canceled."})
DEPRECATION = {"Deprecation": {"description": "since when (RFC 9745)", "schema": {"type": "string"}}}

MaxFaces = Annotated[int | None, Query(ge=1, description="Keep so many of the faces that are found: the largest ones.")]
Handler = Callable[[Request, PartsDep, Processor], Awaitable[Response]]


def service_router(service: type[Service], schemas: Schemas) -> APIRouter:
    """The routes of a service."""
    router = Branch(f"/{service.name}", tags=[service.name])
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
        await parts.caller_admission.require_room(service.family)
        body = await read_sample(request, parts.settings.limits)
        sample = ServiceSampleBody(service.name, version.dialect, body)
        with parts.caller_admission.serving(service.family):
            return await _process(parts, caller, request, version, sample)

    return process_sample


def _image_handler(service: type[Service], version: Version) -> Handler:
    # The answer is that of the sample route for a sample with an image and nothing else.
    sample = {} if issubclass(service, DetectingService) else {"objects": PLACEHOLDER}

    async def process_image(request: Request, parts: PartsDep, caller: Processor) -> Response:
        await parts.caller_admission.require_room(service.family)
        image = await image_of(await read_form(request, parts.settings.limits))
        max_faces = getattr(request.state, "max_faces", None)
        form = ServiceImageForm(service.name, version.dialect, sample, image, max_faces)
        with parts.caller_admission.serving(service.family):
            return await _process(parts, caller, request, version, form)

    return process_image


async def _keep_max_faces(request: Request, max_faces: MaxFaces = None) -> None:
    """Reads the query of the image routes: the sample routes, which share their handlers' signature, have none."""
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
