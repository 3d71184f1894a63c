"""The HTTP status of each error, and errors as responses."""

from collections.abc import Mapping
from logging import getLogger

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from config.errors import FacelineError
from jobs import errors
from jobs.errors import StorageError
from pipelines.errors import Detail

log = getLogger(__name__)

_HEADERS = {429: {"Retry-After": "2"}, 503: {"Retry-After": "2"}}

STATUS: Mapping[str, int] = {
    "invalid_request": 422,
    "invalid_sample": 422,
    "invalid_image": 422,
    "image_too_large": 422,
    "undecodable_base64": 422,
    "idempotency_conflict": 422,
    "not_two_objects": 422,
    "several_faces": 422,
    "low_quality": 422,
    "invalid_template": 422,
    "template_of_wrong_length": 422,
    "foreign_template": 422,
    "template_of_other_version": 422,
    "template_of_other_model": 422,
    "template_damaged": 422,
    "unreachable_reference": 422,
    "invalid_archive": 422,
    "duplicate_custom_id": 422,
    "job_unknown": 404,
    "batch_unknown": 404,
    "not_acceptable": 406,
    "upload_stalled": 408,
    "canceled": 409,
    "part_of_batch": 409,
    "still_coming_in": 409,
    "expired": 410,
    "erased": 410,
    "payload_too_large": 413,
    "unsupported_media": 415,
    "overloaded": 429,
    "no_worker": 503,
    "storage_error": 503,
    "timed_out": 504,
    "waited_too_long": 504,
}
"""The HTTP status of an error by its stable type; 500 for all others."""


class UnsupportedMedia(FacelineError):
    """The body, or a part of it, has a media type that the route does not take."""

    type = "unsupported_media"


class NotAcceptable(FacelineError):
    """The caller accepts no media type that the route has."""

    type = "not_acceptable"


def detail_of(error: FacelineError) -> str | list[Detail]:
    """What an error says to the caller."""
    if isinstance(error, StorageError):
        # Its text has addresses inside the deployment.
        log.error("store or broker does not answer", extra={"error": str(error)})
        return "the store or the broker does not answer: send the request again after `Retry-After` seconds"
    return errors.detail_of(error)


def error_response(error: FacelineError) -> JSONResponse:
    """An error as the contract writes it."""
    status = STATUS.get(errors.type_of(error), 500)
    return JSONResponse({"detail": detail_of(error)}, status, _HEADERS.get(status))


def add_error_handlers(app: FastAPI) -> None:
    """Answer all errors as `{"detail": …}`."""

    async def faceline_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FacelineError)
        return error_response(error)

    async def validation_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # The input is left out: it may be an image.
        details = [{key: entry[key] for key in ("loc", "msg", "type")} for entry in error.errors()]
        return JSONResponse({"detail": details}, 422)

    async def disconnected(_: Request, __: Exception) -> Response:
        return Response(status_code=400)  # the caller closed the connection and does not read it

    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error)
        return JSONResponse({"detail": "internal error"}, 500)

    app.add_exception_handler(FacelineError, faceline_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(ClientDisconnect, disconnected)
    app.add_exception_handler(Exception, unexpected)
