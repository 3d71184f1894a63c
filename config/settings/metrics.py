"""Where the processes serve what they measure."""

from pydantic import BaseModel, ConfigDict, Field


class MetricsSettings(BaseModel):
    """Where the processes serve what they measure, for Prometheus: docs/metrics.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="The address of the ports of metrics, which ask for no key.")
    api_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="The port on which the API serves `/metrics` without a key; besides, its own port has `/metrics` "
        "for keys with the scope `admin`.",
    )
    worker_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="The port on which a worker serves `/metrics`. `faceline up` gives its first worker this port, "
        "and each further one the next.",
    )
    webhooks_port: int | None = Field(
        None, ge=1, le=65_535, description="The port on which the process `webhooks` serves `/metrics`."
    )
