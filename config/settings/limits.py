"""The most that the API accepts."""

from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class LimitSettings(BaseModel):
    """The most that the API accepts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_bytes: int = Field(4_928_307, ge=1, description="The largest encoded image, in bytes.")
    sample_bytes: int = Field(1_048_576, ge=1, description="The largest body in bytes, without the image in it.")
    discard_bytes: int = Field(
        335_544_320,
        ge=0,
        description="The most bytes that are read and thrown away of a body that was refused before its end, so that "
        "its client gets the answer; of a larger body, the connection is closed.",
    )
    discard_s: float = Field(30, gt=0, description="How long reading such bytes may take.")
    body_bytes_per_s: int = Field(
        4_096, ge=1, description="How fast a body must come in, on average, while the API waits for it."
    )
    body_s: float = Field(30, gt=0, description="How long a body may be slower than that.")
    open_bodies_bytes: int = Field(
        268_435_456,
        ge=1,
        description="The most bytes of bodies that an API process holds at a time, besides those of batches; above "
        "it, requests are refused for now.",
    )
    url_bytes: int = Field(8_192, ge=1, description="The most bytes of the URL of a request.")
    header_bytes: int = Field(65_536, ge=1, description="The most bytes of the headers and the URL of a request.")
    header_fields: int = Field(100, ge=1, description="The most headers of a request.")
    header_s: float = Field(10, gt=0, description="How long the headers of a request may take to come in.")
    idle_s: int = Field(75, ge=1, description="How long a connection without a request is kept open.")
    connections: int = Field(
        2_000,
        ge=1,
        description="The most connections of an API process, or fewer if the system allows fewer open files; the "
        "connection that has waited longest for its client is closed for a new one.",
    )
    json_depth: int = Field(32, ge=8, le=200, description="How deep JSON may be nested.")
    json_entries: int = Field(
        100_000,
        ge=100,
        description="The most keys and list entries in JSON; commas and opening brackets in its texts count as well.",
    )
    objects: int = Field(500, ge=1, description="The most objects in a sample.")
    pixels: int = Field(50_000_000, ge=1, description="The most pixels of an image.")
    decoded_bytes: int = Field(
        200_000_000,
        ge=1,
        description="The most bytes of a decoded image, before it is reduced to 8 bits and 3 colours.",
    )
    queue_length: int = Field(
        10_000,
        ge=1,
        description="The most messages in a queue; above it, new jobs are refused for now, whatever the estimate is.",
    )
    high_wait_s: float = Field(
        0.15,
        gt=0,
        description="The longest estimated wait of synchronous callers and of jobs of priority high; above it, they "
        "are refused for now, and above half of it, bulk work is. Four messages for each thread may always wait.",
    )
    normal_wait_s: float = Field(
        900,
        gt=0,
        description="The longest estimated wait of jobs of priority normal. No job is accepted that would wait longer "
        "than half of its deadline.",
    )
    bulk_wait_s: float = Field(
        14_400, gt=0, description="The longest estimated wait of batches and of jobs of priority bulk."
    )
    waiting_callers: int = Field(
        256, ge=1, description="The most synchronous callers that wait in an API process; more are refused for now."
    )
    waiting_polls: int = Field(
        1024,
        ge=0,
        description="The most requests with `wait` that wait in an API process; more are answered at once, with the "
        "job as it is.",
    )
    loop_lag_s: float = Field(
        1,
        gt=0,
        description="How late an API process may answer because it is busy; above it, `/readyz` answers 503.",
    )
    store_share: float = Field(
        0.7, gt=0, le=1, description="The share of the store's memory above which new jobs are refused for now."
    )

    @property
    def body_bytes(self) -> int:
        """The largest body: an image in base64, and a sample."""
        return self._image_text_bytes + self.sample_bytes

    @cached_property
    def with_another_image(self) -> Self:
        """The limits of a body that has two images in base64."""
        return self.model_copy(update={"sample_bytes": self.sample_bytes + self._image_text_bytes})

    @property
    def _image_text_bytes(self) -> int:
        return (self.image_bytes + 2) // 3 * 4
