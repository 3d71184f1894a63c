"""Webhooks as JSON: what callers send, and what they see of a delivery."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ValidationError
from pydantic import Field as Key

from config.settings import LimitSettings
from jobs.json_parsing import parse_object
from jobs.request_parsing import RequestObject
from jobs.webhooks.webhook import BatchEvent, Delivery, DeliveryStatus, JobEvent, Webhook
from pipelines.errors import InvalidSample, details_of

URL = Key(min_length=1, max_length=2048, description="of the receiver; https, on a public address")
BATCH_HEADER = "Faceline-Webhook"
"""The webhook of a batch as JSON: the body has the requests, and a URL in the query would be in logs of proxies."""


class JobWebhook(RequestObject):
    """A message is sent to a URL when the job ends, signed after Standard Webhooks."""

    url: str = URL
    events: list[JobEvent] = Key(
        list(JobEvent),
        min_length=1,
        max_length=len(JobEvent),
        description="what a message is sent for; by default all",
    )
    include: Literal["result"] | None = Key(None, description="`result`: the message has the enriched sample")

    def webhook(self) -> Webhook:
        """The webhook as jobs have it."""
        return Webhook(url=self.url, events=tuple(self.events), include_result=self.include == "result")


class BatchWebhook(RequestObject):
    """A message is sent to a URL when the batch ends, signed after Standard Webhooks."""

    url: str = URL
    events: list[BatchEvent] = Key(
        list(BatchEvent),
        min_length=1,
        max_length=len(BatchEvent),
        description="what a message is sent for; by default all",
    )

    @classmethod
    def parse(cls, header: str, limits: LimitSettings) -> Webhook:
        """The webhook of a batch.

        Args:
            header: of its request, as JSON.
            limits: of the JSON.

        Raises:
            InvalidSample: the header is no JSON, or breaks the schema.
        """
        try:
            given = cls.model_validate(parse_object(header.encode(), limits))
        except ValidationError as error:
            raise InvalidSample(details_of(error, ["webhook"])) from error
        except InvalidSample as error:
            raise error.under("webhook") from error
        return Webhook(url=given.url, events=tuple(given.events))


class DeliveryView(BaseModel):
    """How far the delivery of the message to the webhook is."""

    status: DeliveryStatus = Key(description="whether the message waits, was accepted, or was given up")
    attempts: int = Key(description="how often the message was sent")
    last_error: str | None = Key(None, description="why the last attempt failed")
    next_at: datetime | None = Key(None, description="when the message is sent next")


def view_delivery(delivery: Delivery | None) -> DeliveryView | None:
    """The delivery as a caller sees it; None without a webhook."""
    if delivery is None:
        return None
    next_at = None if delivery.next_at is None else datetime.fromtimestamp(delivery.next_at, UTC)
    return DeliveryView(
        status=delivery.status, attempts=delivery.attempts, last_error=delivery.last_error, next_at=next_at
    )
