"""A webhook: a URL of a caller that gets a message when its job or batch ends, and how far its delivery is."""

from enum import StrEnum
from typing import NamedTuple

from pydantic import ConfigDict

from pipelines.sample import Canonical


class JobEvent(StrEnum):
    """What a message about a job reports."""

    SUCCEEDED = "job.succeeded"
    FAILED = "job.failed"
    CANCELED = "job.canceled"


class BatchEvent(StrEnum):
    """What a message about a batch reports."""

    COMPLETED = "batch.completed"
    FAILED = "batch.failed"
    CANCELED = "batch.canceled"
    EXPIRED = "batch.expired"


class Webhook(Canonical):
    """What a caller asked for. It is deleted with the data of its job or batch, or once the delivery is over.

    Attributes:
        url: of the receiver. It may contain secrets, so it is never logged or shown.
        events: that a message is sent for.
        include_result: whether the message of a job that succeeded has its result.
    """

    model_config = ConfigDict(frozen=True)

    url: str
    events: tuple[str, ...]
    include_result: bool = False


class DeliveryStatus(StrEnum):
    """The status of the delivery of a message."""

    WAITING = "waiting"  # the job or batch is not over
    PENDING = "pending"  # the message is to be sent, or sent again
    DELIVERED = "delivered"  # the receiver has accepted the message
    FAILED = "failed"  # the message was not accepted for too long, or the receiver is gone
    SKIPPED = "skipped"  # the webhook does not ask for what happened
    EXPIRED = "expired"  # the data of the job or batch were deleted before the message was accepted


class Delivery(NamedTuple):
    """How far the delivery of a message is.

    Attributes:
        attempts: how often the message was sent.
        last_error: why the last attempt failed.
        next_at: when the message is sent next, in seconds since the epoch.
    """

    status: DeliveryStatus
    attempts: int = 0
    last_error: str | None = None
    next_at: float | None = None
