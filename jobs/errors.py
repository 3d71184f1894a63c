"""Errors of jobs, batches and their stores. Each has a stable type; the HTTP statuses are in `api/errors.py`."""

from typing import ClassVar, Self

from config.errors import FacelineError
from models.errors import InvalidRequest
from pipelines.chunk import Failure
from pipelines.errors import Detail, InvalidSample


class PayloadTooLarge(InvalidRequest):
    """The image, or the body around it, has more bytes than the deployment accepts."""

    type: ClassVar[str] = "payload_too_large"


class UnreachableReference(InvalidRequest):
    """The image of a reference cannot be read from here, or reading it is not allowed."""

    type: ClassVar[str] = "unreachable_reference"


class DuplicateCustomId(InvalidRequest):
    """Two requests of a batch have the same custom id."""

    type: ClassVar[str] = "duplicate_custom_id"


class StorageError(FacelineError):
    """The store or the broker did not answer."""

    type: ClassVar[str] = "storage_error"


class Overloaded(FacelineError):
    """The deployment has no room for more work at the moment.

    Args:
        message: for the caller.
        retry_after_s: the estimated time until there is room, in seconds; None if it is unknown.
    """

    type: ClassVar[str] = "overloaded"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, retry_after_s)

    @property
    def retry_after_s(self) -> float | None:
        """The estimated time until there is room, in seconds; None if it is unknown."""
        seconds: float | None = self.args[1]
        return seconds


class AllowanceUsedUp(Overloaded):
    """The owner of a job, or the deployment, has used up a limit."""


class RateLimited(AllowanceUsedUp):
    """Too many photos came in a time."""

    type: ClassVar[str] = "rate_limited"


class TooManyJobs(AllowanceUsedUp):
    """Too many jobs of an owner are not over."""

    type: ClassVar[str] = "too_many_jobs"


class TooManyBytes(AllowanceUsedUp):
    """The store keeps too many bytes of an owner."""

    type: ClassVar[str] = "too_many_bytes"


class StoreFull(StorageError):
    """The store has no memory left. For callers this is the error `overloaded`."""

    type: ClassVar[str] = Overloaded.type


class NoWorker(FacelineError):
    """No live worker takes the messages of a family."""

    type: ClassVar[str] = "no_worker"


class IdempotencyConflict(FacelineError):
    """An idempotency key came again with a different request."""

    type: ClassVar[str] = "idempotency_conflict"


class StillComingIn(FacelineError):
    """The batch of an idempotency key is still being received."""

    type: ClassVar[str] = "still_coming_in"


class UploadStalled(FacelineError):
    """The body of a request stopped coming."""

    type: ClassVar[str] = "upload_stalled"


class RecordUnreadable(FacelineError):
    """The store's record of a job or batch is broken, or was written by a version of Faceline with other records."""

    type: ClassVar[str] = "record_unreadable"


class JobUnknown(FacelineError):
    """There never was such a job, or its tombstone is gone."""

    type: ClassVar[str] = "job_unknown"


class BatchUnknown(FacelineError):
    """There never was such a batch, or its tombstone is gone."""

    type: ClassVar[str] = "batch_unknown"


class PartOfBatch(FacelineError):
    """The job belongs to a batch, which has to be asked instead."""

    type: ClassVar[str] = "part_of_batch"


class NotOver(FacelineError):
    """The job has no result yet."""

    type: ClassVar[str] = "not_over"


class NotRetryable(FacelineError):
    """The job did not fail and was not canceled, so it is not submitted again."""

    type: ClassVar[str] = "not_retryable"


class PhotoGone(FacelineError):
    """The store does not have the photo of a job, or never had it."""

    type: ClassVar[str] = "photo_gone"


class WaitedTooLong(FacelineError):
    """A synchronous route stopped waiting for its job, and canceled the job."""

    type: ClassVar[str] = "waited_too_long"


class CallerLeft(FacelineError):
    """A synchronous caller closed the connection before the answer. The job is canceled."""

    type: ClassVar[str] = "caller_left"


class JobFailed(FacelineError):
    """A job, or a batch, has no result.

    Args:
        message: for the caller.
        failure_type: the stable type of what went wrong in the job, or the status in which it ended.
    """

    type: ClassVar[str] = "job_failed"

    def __init__(self, message: str, failure_type: str) -> None:
        super().__init__(message, failure_type)

    @property
    def failure_type(self) -> str:
        """The stable type of what went wrong."""
        failure_type: str = self.args[1]
        return failure_type

    @classmethod
    def of(cls, failure: Failure) -> Self:
        """The error for a job that failed."""
        return cls(failure.message, failure.type)

    @classmethod
    def because(cls, status: str, kind: str = "job") -> Self:
        """The error for a job, or a batch, that ended without a result and without a failure."""
        return cls(f"the {kind} is {status}", status)


def type_of(error: FacelineError) -> str:
    """The stable type of an error for callers: for a job without a result, the type of what went wrong in it."""
    return error.failure_type if isinstance(error, JobFailed) else error.type


def detail_of(error: FacelineError) -> str | list[Detail]:
    """What an error says to the caller. Locations start at the body of the request."""
    return error.under("body").details if isinstance(error, InvalidSample) else str(error)
