"""The table of statuses, and errors as responses."""

from collections.abc import Mapping
from logging import getLogger

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from config.errors import FacelineError
from jobs.errors import StorageError
from jobs.job import JobStatus
from pipelines.chunk import Failure
from pipelines.errors import Detail, InvalidSample

log = getLogger(__name__)

# Whoever sends too much is hung up on: to read on would be the attack itself.
_HEADERS = {413: {"Connection": "close"}, 429: {"Retry-After": "2"}, 503: {"Retry-After": "2"}}

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
"""The status of an error by its stable type; 500 for all others."""


class UnsupportedMedia(FacelineError):
    """The body, or a part of it, is of a media type that the route does not take."""

    type = "unsupported_media"


class WaitedTooLong(FacelineError):
    """A synchronous route gave up waiting for its job, which goes on."""

    type = "waited_too_long"


class JobUnknown(FacelineError):
    """There never was such a job, or its last trace is gone."""

    type = "job_unknown"


class BatchUnknown(FacelineError):
    """There never was such a batch, or its last trace is gone."""

    type = "batch_unknown"


class PartOfBatch(FacelineError):
    """What somebody wants of a job can only be had of the batch that it is a part of."""

    type = "part_of_batch"


class NotAcceptable(FacelineError):
    """The caller accepts no media type that the route has."""

    type = "not_acceptable"


class UploadStalled(FacelineError):
    """The body of a request did not come on."""

    type = "upload_stalled"


class JobFailed(FacelineError):
    """A job that somebody waits for came to no result.

    Args:
        message: for the caller.
        failure_type: the stable type of what went wrong in the job.
    """

    def __init__(self, message: str, failure_type: str) -> None:
        super().__init__(message, failure_type)
        self.type = failure_type  # type: ignore[misc]  # of this failure

    @classmethod
    def of(cls, failure: Failure) -> "JobFailed":
        """The failure of a job."""
        return cls(failure.message, failure.type)

    @classmethod
    def because(cls, status: JobStatus) -> "JobFailed":
        """The failure of a job that ended without an answer and without an error."""
        return cls(f"the job is {status.value}", status.value)


def detail_of(error: FacelineError) -> str | list[Detail]:
    """What an error says to its caller."""
    if isinstance(error, StorageError):
        # It names addresses inside the deployment.
        log.error("store or broker away", extra={"error": str(error)})
        return "the store or the broker does not answer: come back later"
    return error.under("body").details if isinstance(error, InvalidSample) else str(error)


def error_response(error: FacelineError) -> JSONResponse:
    """An error as the contract writes it."""
    status = STATUS.get(error.type, 500)
    headers = _HEADERS.get(status)
    return JSONResponse({"detail": detail_of(error)}, status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Answer all errors in one form: `{"detail": …}`."""

    async def faceline_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FacelineError)
        return error_response(error)

    async def validation_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # The input is left out: it may be somebody's image.
        details = [{key: entry[key] for key in ("loc", "msg", "type")} for entry in error.errors()]
        return JSONResponse({"detail": details}, 422)

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error)
        return JSONResponse({"detail": "internal error"}, 500)

    app.add_exception_handler(FacelineError, faceline_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, unexpected)
