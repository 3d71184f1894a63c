"""Batches as JSON: what callers send, and what they get."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, field_validator
from pydantic import Field as Key

from api.errors import ErrorDetail
from api.jobs.schemas import moment
from api.webhooks.schemas import DeliveryView, view_delivery
from jobs.batches.batch import Batch, BatchStatus
from jobs.request_parsing import ServiceOptions
from pipelines.dialects.sample_schema import ResultJson


class BatchOptions(ServiceOptions):
    """The query of a batch: how long its results are kept, and what is to be done to the images of an archive."""

    dialect: Literal["v1", "v2"] = Key("v2", description="of the results of an archive")
    ttl_s: int | None = Key(None, ge=1, description="how long the results are kept, in seconds")

    @field_validator("services", mode="before")
    @classmethod
    def _one_by_one(cls, given: Any) -> Any:
        if not isinstance(given, list):
            return given
        return [name.strip() for text in given for name in str(text).split(",") if name.strip()] or None

    @property
    def names_services(self) -> bool:
        """Whether it has options that only an archive may have, other than their defaults."""
        fields = type(self).model_fields.items()
        return any(getattr(self, name) != field.default for name, field in fields if name != "ttl_s")


class CountsView(BaseModel):
    """How many requests have each outcome; `total` is the sum, and grows while the batch comes in."""

    total: int = Key(description="the sum of all others")
    succeeded: int = Key(description="with a result")
    failed: int = Key(description="with an error")
    canceled: int = Key(description="not done when the batch was canceled")
    expired: int = Key(description="not done at the deadline of the batch; or their results are deleted")
    in_progress: int = Key(description="waiting or running")


class BatchView(BaseModel):
    """A batch as its caller sees it."""

    id: str = Key(description="under which the batch is fetched, canceled and erased")
    status: BatchStatus = Key(description="whether it comes in, runs or has ended, and how")
    counts: CountsView = Key(description="how many requests have each outcome")
    created_at: datetime = Key(description="when its first bytes came")
    finished_at: datetime | None = Key(None, description="when its last request ended")
    expires_at: datetime | None = Key(None, description="when the first results are deleted")
    webhook: DeliveryView | None = Key(None, description="how far the message to the webhook is")


class BatchList(BaseModel):
    """Some batches, the latest first."""

    batches: list[BatchView] = Key(description="the latest first")
    next: str | None = Key(None, description="the cursor of the next page")


class ResultRow(BaseModel):
    """A line of the output."""

    custom_id: str = Key(description="the caller's name for the request")
    line: int = Key(description="of the request in the JSONL file, or the index of the image in its archive, from 1")
    image_width: int | None = Key(description="upright, in pixels; null without an image")
    image_height: int | None = Key(description="as the width")
    result: ResultJson = Key(description="the enriched sample")


class ErrorRow(BaseModel):
    """A line of the errors."""

    custom_id: str | None = Key(description="the caller's name for the request; null if it has no valid one")
    line: int = Key(description="as in the output")
    service: str | None = Key(description="that failed; null if the request failed before or beside a service")
    type: str = Key(description="the stable name of the error, as in an error response")
    detail: str | list[ErrorDetail] = Key(description="what is wrong, as in an error response")
    shared: bool = Key(description="it failed along with its neighbours, and may succeed in a batch of its own")


def view_batch(batch: Batch, now: float) -> BatchView:
    """A batch as its caller sees it."""
    finished_at = batch.finished_at(now)
    return BatchView(
        id=batch.spec.id,
        status=batch.status(now),
        counts=CountsView(**batch.counts(now)._asdict()),
        created_at=moment(batch.spec.created_at),
        finished_at=moment(finished_at) if finished_at else None,
        expires_at=moment(batch.expires_at) if batch.expires_at else None,
        webhook=view_delivery(batch.delivery),
    )
