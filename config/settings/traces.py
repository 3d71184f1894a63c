"""Where the traces of requests are sent."""

from pydantic import BaseModel, ConfigDict, Field


class TraceSettings(BaseModel):
    """Where the traces of requests are sent: docs/traces.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^/?#]+[^?#]*$",
        description="The URL of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`; needs the "
        "extra `traces`. By default nothing is traced.",
    )
    ratio: float = Field(
        0.1,
        ge=0,
        le=1,
        description="The share of requests that are traced. A request with a `traceparent` header is traced if its "
        "sender says so.",
    )
    service_name: str = Field("faceline", min_length=1, description="The `service.name` of the traces.")
