"""What can go wrong: a small tree of errors."""

from collections.abc import Mapping

from faceline_client.results import ErrorBody, ErrorDetail, Job


class FacelineError(Exception):
    """Any error of this client.

    Attributes:
        type: the stable name of the error, for programs; those of the API are in its OpenAPI document.
    """

    type = "faceline_error"


class NoAnswer(FacelineError):
    """The API cannot be reached, or the connection broke before the answer was there."""

    type = "no_answer"


class UnknownAnswer(FacelineError):
    """The answer is not one of this API: there is another server at the address, or a proxy before it."""

    type = "unknown_answer"


class NotOver(FacelineError):
    """A job or batch was not over when the time to wait ended. It still runs.

    Attributes:
        id: of the job or batch.
    """

    type = "not_over"

    def __init__(self, identifier: str, status: str) -> None:
        super().__init__(f"{identifier} is still {status}")
        self.id = identifier


class JobFailed(FacelineError):
    """A job ended without a result: it failed, was canceled, or has expired.

    Attributes:
        job: that failed.
        service: that failed; None if the image or something else made the job fail.
        type: the stable name of the error, or the status of the job.
    """

    def __init__(self, job: Job) -> None:
        reason = job.error.message if job.error else "no reason given"
        super().__init__(f"job {job.id} is {job.status}: {reason}" if job.error else f"job {job.id} is {job.status}")
        self.job = job
        self.service = job.error.service if job.error else None
        self.type = job.error.type if job.error else job.status


class ApiError(FacelineError):
    """The API refused a request, or could not answer it.

    Attributes:
        status: of HTTP.
        type: the stable name of the error, for programs.
        detail: what is wrong, for people.
        details: what is wrong with which part of the request; empty where the API names no part.
        request_id: finds the request in the logs of the deployment; None if there is none.
        retry_after_s: when the request may be sent again; None if the API does not say.
    """

    def __init__(self, status: int, body: ErrorBody, request_id: str | None, retry_after_s: float | None) -> None:
        text = body.detail if isinstance(body.detail, str) else "; ".join(map(_line, body.detail))
        super().__init__(f"{status} {body.type}: {text}")
        self.status = status
        self.type = body.type
        self.detail = text
        self.details = () if isinstance(body.detail, str) else body.detail
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class InvalidRequest(ApiError):
    """The photo, the sample or an option is not valid (400, 406, 413, 414, 415, 422)."""


class AccessDenied(ApiError):
    """There is no valid key, or the key lacks a scope (401, 403)."""


class NotFound(ApiError):
    """There is no such job, batch, service or route; or it belongs to another key (404)."""


class Gone(NotFound):
    """The job, batch or photo was erased, or has expired (410)."""


class Conflict(ApiError):
    """The job or batch is in a state that does not allow this (409)."""


class Busy(ApiError):
    """The deployment has too much work, or a limit of the key is reached (429)."""


class Unavailable(ApiError):
    """No worker is there for the service, or the store does not answer (502, 503)."""


class TimedOut(ApiError):
    """The answer took too long (408, 504)."""


class DeploymentFailed(ApiError):
    """An error inside the deployment (500)."""


BY_STATUS: Mapping[int, type[ApiError]] = {
    **dict.fromkeys((400, 406, 413, 414, 415, 422, 431), InvalidRequest),
    **dict.fromkeys((401, 403), AccessDenied),
    **dict.fromkeys((404, 405), NotFound),
    409: Conflict,
    410: Gone,
    429: Busy,
    **dict.fromkeys((502, 503), Unavailable),
    **dict.fromkeys((408, 504), TimedOut),
}


def _line(detail: ErrorDetail) -> str:
    return f"{'.'.join(map(str, detail.loc))}: {detail.msg}"
