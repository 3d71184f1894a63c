"""The HTTP status of each error, and errors as responses."""

from collections.abc import Mapping
from functools import cache
from logging import getLogger
from math import ceil
from random import uniform

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic import Field as Key
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from config.errors import FacelineError
from jobs import errors
from jobs.errors import AllowanceUsedUp, Overloaded, StorageError, StoreFull
from metrics import api as metrics
from models.errors import InvalidRequest
from pipelines.errors import Detail, first_details, in_terms_of_json

log = getLogger(__name__)

_refusals_of = cache(metrics.REFUSALS.labels)
_RETRY_AFTER_S = 1.0
_LEAST_SPREAD_S = 2.0
_LONGEST_RETRY_AFTER_S = 300.0

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
    "no_face": 422,
    "not_live": 422,
    "invalid_template": 422,
    "template_of_wrong_length": 422,
    "foreign_template": 422,
    "template_of_other_version": 422,
    "template_of_other_model": 422,
    "template_damaged": 422,
    "unreachable_reference": 422,
    "invalid_archive": 422,
    "duplicate_custom_id": 422,
    "unauthenticated": 401,
    "missing_scope": 403,
    "origin_not_allowed": 403,
    "job_unknown": 404,
    "batch_unknown": 404,
    "not_acceptable": 406,
    "upload_stalled": 408,
    "url_too_long": 414,
    "headers_too_large": 431,
    "bad_request": 400,
    "canceled": 409,
    "part_of_batch": 409,
    "record_unreadable": 409,
    "still_coming_in": 409,
    "not_over": 409,
    "not_retryable": 409,
    "expired": 410,
    "photo_gone": 410,
    "erased": 410,
    "payload_too_large": 413,
    "unsupported_media": 415,
    "host_not_allowed": 421,
    "overloaded": 429,
    "rate_limited": 429,
    "too_many_jobs": 429,
    "too_many_bytes": 429,
    "no_worker": 503,
    "storage_error": 503,
    "timed_out": 504,
    "waited_too_long": 504,
}
"""The HTTP status of an error by its stable type; 500 for all others."""

_ROUTER_TYPES: Mapping[int, str] = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}
"""The stable types of errors that the framework raises, by their HTTP status."""


class ErrorDetail(BaseModel):
    """What is wrong with one part of a request."""

    loc: list[str | int] = Key(description="where it is, from the body or the parameter inwards")
    msg: str = Key(description="what is wrong with it, for people")
    type: str = Key(description="the rule that it breaks")


class ErrorBody(BaseModel):
    """The body of every error response."""

    detail: str | list[ErrorDetail] = Key(description="what is wrong, for people; a list where parts can be named")
    type: str = Key(
        description="the stable name of the error, for programs. Requests that are refused have one of these: "
        f"{', '.join(sorted({*STATUS, *_ROUTER_TYPES.values()}))}. Other names are errors inside the deployment. "
        "New names may be added."
    )


class UnsupportedMedia(FacelineError):
    """The body, or a part of it, has a media type that the route does not take."""

    type = "unsupported_media"


class NotAcceptable(FacelineError):
    """The caller accepts no media type that the route has."""

    type = "not_acceptable"


class BadRequest(FacelineError):
    """The request is not HTTP."""

    type = "bad_request"


class UrlTooLong(FacelineError):
    """The URL of a request has more bytes than the deployment accepts."""

    type = "url_too_long"


class HeadersTooLarge(FacelineError):
    """The headers of a request have more bytes, or more fields, than the deployment accepts."""

    type = "headers_too_large"


def public_detail(error: FacelineError) -> str | list[Detail]:
    """What an error says to the caller, without addresses inside the deployment."""
    if isinstance(error, StorageError) and not isinstance(error, StoreFull):
        # Its text has addresses inside the deployment.
        log.error("store or broker does not answer", extra={"error": str(error)})
        return "the store or the broker does not answer: send the request again after `Retry-After` seconds"
    return errors.detail_of(error)


def count_refusal(stable_type: str) -> None:
    """Count an answer with an error of a type."""
    public = stable_type in STATUS or stable_type in _ROUTER_TYPES.values()
    _refusals_of(stable_type if public else FacelineError.type).inc()


def error_response(error: FacelineError) -> JSONResponse:
    """An error as the contract writes it."""
    stable_type = errors.type_of(error)
    status = STATUS.get(stable_type, 500)
    return _response(status, stable_type, public_detail(error), _headers(error, status))


def _headers(error: FacelineError, status: int) -> Mapping[str, str]:
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="faceline"'}
    return {"Retry-After": str(retry_after_s(error))} if status in (429, 503) else {}


def retry_after_s(error: FacelineError) -> int:
    """When to send the request again, in seconds: the estimate, and up to half of it or two seconds more at random.

    So not all come back at once.
    """
    estimate_s = error.retry_after_s if isinstance(error, Overloaded) else None
    if isinstance(error, AllowanceUsedUp) and estimate_s is not None:
        return max(1, ceil(estimate_s))  # no estimate: the window is known
    base_s = min(_RETRY_AFTER_S if estimate_s is None else estimate_s, _LONGEST_RETRY_AFTER_S)
    return ceil(base_s + uniform(0.01, max(base_s / 2, _LEAST_SPREAD_S)))


def _response(
    status: int, stable_type: str, detail: str | list[Detail], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    count_refusal(stable_type)
    return JSONResponse({"detail": detail, "type": stable_type}, status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Answer all errors as `{"detail": …, "type": …}`."""

    async def faceline_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FacelineError)
        return error_response(error)

    async def validation_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # The input is left out: it may be an image.
        details: list[Detail] = []
        for entry in error.errors():
            msg, kind = in_terms_of_json(entry["msg"], entry["type"])
            details.append(Detail(loc=list(entry["loc"]), msg=msg, type=kind))
        return _response(422, InvalidRequest.type, first_details(details))

    async def router_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return _response(
            error.status_code, _ROUTER_TYPES.get(error.status_code, "http_error"), error.detail, error.headers
        )

    async def disconnected(_: Request, __: Exception) -> Response:
        return Response(status_code=400)  # the caller closed the connection and does not read it

    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error)
        return _response(500, FacelineError.type, "internal error")

    app.add_exception_handler(FacelineError, faceline_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, router_error)
    app.add_exception_handler(ClientDisconnect, disconnected)
    app.add_exception_handler(Exception, unexpected)
