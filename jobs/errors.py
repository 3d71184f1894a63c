"""Errors of jobs, batches and their stores."""

from typing import ClassVar

from config.errors import FacelineError
from models.errors import InvalidRequest


class PayloadTooLarge(InvalidRequest):
    """The image, or the body around it, has more bytes than the deployment accepts."""

    type: ClassVar[str] = "payload_too_large"


class UnreachableReference(InvalidRequest):
    """What a reference points to cannot be read from here, or must not be."""

    type: ClassVar[str] = "unreachable_reference"


class StorageError(FacelineError):
    """The store of jobs and images did not answer."""

    type: ClassVar[str] = "storage_error"


class Overloaded(FacelineError):
    """The deployment has no room for more work at the moment."""

    type: ClassVar[str] = "overloaded"


class IdempotencyConflict(FacelineError):
    """An idempotency key came again with another request."""

    type: ClassVar[str] = "idempotency_conflict"


class StillComingIn(FacelineError):
    """What an idempotency key stands for is not all there yet."""

    type: ClassVar[str] = "still_coming_in"


class NoWorker(FacelineError):
    """No live worker takes the tasks of a family."""

    type: ClassVar[str] = "no_worker"
