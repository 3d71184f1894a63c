"""All settings of a deployment: read once per process, from the environment, and handed in."""

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.errors import FacelineError
from models.weights.cache import default_folder


class JobSettings(BaseModel):
    """How long things may take and are kept.

    The order matters: a stage ends before its message counts as lost, that before its job counts as stalled, and
    that before its images are gone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl_s: int = Field(3600, ge=1, description="How long a result is kept, unless the caller says otherwise.")
    max_ttl_s: int = Field(7 * 24 * 3600, ge=1, description="The longest time a caller may ask for.")
    deadline_s: int = Field(3600, ge=1, description="A job that is not over by then fails.")
    stage_deadline_s: int = Field(60, ge=1, description="A stage that takes longer fails.")
    visibility_timeout_s: int = Field(120, ge=1, description="A message whose worker is silent comes again after it.")
    stalled_after_s: int = Field(180, ge=1, description="A job without progress for so long is sent again.")
    attempts: int = Field(3, ge=1, description="How often a stage may be begun before its job is given up.")
    sync_timeout_s: float = Field(30, gt=0, description="How long a synchronous route waits for its job.")
    sync_ttl_s: int = Field(300, ge=1, description="How long a result is kept that a synchronous route missed.")

    @property
    def max_life_s(self) -> int:
        """After this nothing of a job is left but its tombstone."""
        return self.deadline_s + self.max_ttl_s


class LimitSettings(BaseModel):
    """What is too much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_bytes: int = Field(4_928_307, ge=1, description="Of one encoded image.")
    sample_bytes: int = Field(1_048_576, ge=1, description="Of a sample beside its image.")
    pixels: int = Field(50_000_000, ge=1, description="Of one decoded image.")
    queue_length: int = Field(10_000, ge=1, description="Of a family's queue; above it callers are told to come back.")
    store_share: float = Field(0.7, gt=0, le=1, description="Of the store's memory; above it likewise.")


class Settings(BaseSettings):
    """The settings of a deployment: `FACELINE_REDIS_URL`, `FACELINE_JOBS__TTL_S` and so on."""

    model_config = SettingsConfigDict(
        env_prefix="FACELINE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    redis_url: str = Field("redis://127.0.0.1:6379/0", description="The store; unix:///path names a socket.")
    broker_url: str | None = Field(None, description="Where messages go, if not through the store: amqp://…")
    weights_dir: Path = Field(default_folder(), description="Where the converted weights lie.")
    data_dir: Path = Field(user_data_path("faceline"), description="Where the embedded server keeps its data.")
    embedded_memory_mb: int = Field(2048, ge=64, description="The most that the embedded server may hold.")
    device: Literal["cpu", "cuda"] = Field("cpu", description="On what models run.")
    worker_threads: int = Field(os.cpu_count() or 1, ge=1, description="Tasks that a worker runs at a time.")
    co_locate: bool = Field(False, description="All families share one queue, so that a pipeline is one hop.")
    age_format: Literal["contract", "string", "number"] = Field(
        "contract", description="Ages as text or number; contract: text from service routes, numbers from jobs."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is logged.")
    log_format: Literal["text", "json"] = Field("text", description="For people or for machines.")
    jobs: JobSettings = JobSettings()
    limits: LimitSettings = LimitSettings()


class UnknownSetting(FacelineError):
    """The environment holds a setting that does not exist."""

    type = "unknown_setting"


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        UnknownSetting: a misspelt `FACELINE_…` variable, which would go unnoticed otherwise.
        pydantic.ValidationError: a value is out of bounds.
    """
    settings = Settings()
    prefix = "FACELINE_"
    for name in os.environ:
        if name.startswith(prefix):
            path = name.removeprefix(prefix).lower().split("__")
            fields = Settings.model_fields
            for part in path:
                if part not in fields:
                    raise UnknownSetting(f"{name} is no setting; see docs/settings.md")
                annotation = fields[part].annotation
                fields = getattr(annotation, "model_fields", {})
    return settings
