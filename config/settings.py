"""All settings of a deployment: read once per process, from the environment, and handed in."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.cores import tasks_at_a_time, threads_per_task, usable_cores
from config.engine import Device, Engine
from config.errors import InvalidSetting

LivenessModule = Literal["liveness-anti-spoofing", "quality-liveness-anti-spoofing", "face-detector-liveness-estimator"]


def default_weights_dir() -> Path:
    """The cache that is used where no other is named, in the user's cache folder."""
    return user_cache_path("faceline") / "weights"


class JobSettings(BaseModel):
    """How long things may take and are kept.

    The order matters: a stage ends before its message counts as lost, that before its job counts as stalled, and
    that before its images are gone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl_s: int = Field(3600, ge=1, description="How long a result is kept, unless the caller says otherwise.")
    max_ttl_s: int = Field(7 * 24 * 3600, ge=1, description="The longest time a caller may ask for.")
    deadline_s: int = Field(3600, ge=1, description="A job that is not over by then fails.")
    stage_deadline_s: int = Field(
        60, ge=1, description="After it a stage begins no further service, and its job fails."
    )
    visibility_timeout_s: int = Field(120, ge=1, description="A message whose worker is silent comes again after it.")
    stalled_after_s: int = Field(180, ge=1, description="A job without progress for so long is sent again.")
    attempts: int = Field(3, ge=1, description="How often a stage may be begun before its job is given up.")
    sync_timeout_s: float = Field(30, gt=0, description="How long a synchronous route waits for its job.")
    sync_ttl_s: int = Field(300, ge=1, description="How long a result is kept that a synchronous route missed.")

    @model_validator(mode="after")
    def _in_order(self) -> "JobSettings":
        names = ("stage_deadline_s", "visibility_timeout_s", "stalled_after_s", "deadline_s")
        for shorter, longer in pairwise(names):
            if getattr(self, shorter) >= getattr(self, longer):
                raise ValueError(f"{shorter} must be shorter than {longer}")
        return self

    @property
    def max_life_s(self) -> int:
        """After this nothing of a job is left but its tombstone."""
        return self.deadline_s + self.max_ttl_s


class LimitSettings(BaseModel):
    """What is too much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_bytes: int = Field(4_928_307, ge=1, description="Of one encoded image.")
    sample_bytes: int = Field(1_048_576, ge=1, description="Of a body, beyond what the largest image takes in it.")
    objects: int = Field(500, ge=1, description="That a sample may bring along.")
    pixels: int = Field(50_000_000, ge=1, description="Of one decoded image.")
    queue_length: int = Field(10_000, ge=1, description="Of any queue of a plan; above it callers have to come back.")
    store_share: float = Field(0.7, gt=0, le=1, description="Of the store's memory; above it likewise.")


class BatchSettings(BaseModel):
    """What a batch may be. Bounds hold for a batch, for the deployment, or for whoever has the same key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chunk: int = Field(16, ge=1, le=256, description="How many samples of a batch share a job at most.")
    requests: int = Field(10_000, ge=1, description="Of one batch.")
    body_bytes: int = Field(268_435_456, ge=1, description="Of the body of a batch; archives are held in memory.")
    unpacked_bytes: int = Field(1_073_741_824, ge=1, description="Of an archive, unpacked.")
    ratio: int = Field(100, ge=2, description="How many times its own size an archive may unpack to.")
    members: int = Field(20_000, ge=1, description="Of an archive, folders counted.")
    open_at_once: int = Field(8, ge=1, description="Batches that are not over; above it callers have to come back.")
    key_header: str | None = Field(
        None, description="The header that tells callers apart; whatever stands before the API must have checked it."
    )
    open_per_key: int = Field(
        2, ge=1, description="Batches of one key that are not over: so times `requests` and `body_bytes` each."
    )
    store_share: float = Field(
        0.5, gt=0, le=1, description="Of the store's memory; above it batches wait, so that single jobs find room."
    )
    patience_s: float = Field(30, gt=0, description="How long a batch waits for room, or for its body to come on.")
    silence_s: int = Field(120, ge=1, description="A batch whose intake is silent for so long has failed.")
    deadline_s: int = Field(
        86_400, ge=1, description="A batch that is not over by then has expired; what is done of it stays."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "BatchSettings":
        if self.patience_s >= self.silence_s:
            raise ValueError("patience_s must be shorter than silence_s")
        return self


class GpuSettings(BaseModel):
    """How a GPU is used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    card: int = Field(0, ge=0, description="Which of the machine's GPUs, as nvidia-smi counts them.")
    max_rows: int = Field(32, ge=1, description="The most rows of a shared batch; lowered when memory runs out.")
    memory_mb: int | None = Field(None, ge=1, description="The most of its memory that one model may take.")
    fast_math: bool = Field(
        False, description="TensorFloat-32 on cuda, half precision on tensorrt: faster, and answers change a little."
    )
    engine_dir: Path = Field(
        user_cache_path("faceline") / "tensorrt", description="Where tensorrt keeps what it built, which takes minutes."
    )


_MOST_EMBEDDED = 4


def _tasks(settled: dict[str, Any]) -> int:
    return tasks_at_a_time(settled["device"], settled["gpu"].max_rows, settled["cores"])


def _embedded_workers(settled: dict[str, Any]) -> int:
    # Threads of one process wait for each other's Python; but each process holds models of its own.
    return min(settled["cores"], _MOST_EMBEDDED) if settled["device"] == "cpu" else 1


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
    weights_dir: Path = Field(default_weights_dir(), description="Where the converted weights lie.")
    data_dir: Path = Field(user_data_path("faceline"), description="Where the embedded server keeps its data.")
    embedded_memory_mb: int = Field(2048, ge=64, description="The most that the embedded server may hold.")
    device: Device = Field("cpu", description="On what models run: cpu, cuda or tensorrt.")
    batching: bool | None = Field(
        None, description="Tasks of a worker share the batches of a model; if not said, on a GPU only."
    )
    gpu: GpuSettings = GpuSettings()
    cores: int = Field(
        default_factory=usable_cores,
        ge=1,
        description="That a worker fills, the machine's if not said; fewer where several workers share a machine.",
    )
    worker_threads: int = Field(
        default_factory=_tasks,
        ge=1,
        description="Tasks that a worker runs at a time; one per core, on a GPU up to four.",
    )
    embedded_workers: int = Field(
        default_factory=_embedded_workers,
        ge=1,
        description="That `faceline up` runs; one per core up to four, on a GPU one.",
    )
    co_locate: bool = Field(
        False, description="All families share one queue, so that a pipeline is one hop; `faceline up` does so itself."
    )
    age_format: Literal["contract", "string", "number"] = Field(
        "contract", description="Ages as text or number; contract: text from service routes, numbers from jobs."
    )
    faceapi_keys: tuple[str, ...] = Field((), description="The keys that /faceapi/v1 knows, as a JSON list.")
    reference_roots: tuple[str, ...] = Field(
        (), description="Folders and URL prefixes under which workers read images by reference, as a JSON list."
    )
    liveness_module: LivenessModule = Field(
        "face-detector-liveness-estimator",
        description="Which of its modules the service of that name runs.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is logged.")
    log_format: Literal["text", "json"] = Field("text", description="For people or for machines.")
    jobs: JobSettings = JobSettings()
    limits: LimitSettings = LimitSettings()
    batches: BatchSettings = BatchSettings()

    @property
    def engine(self) -> Engine:
        """On what models run."""
        on_gpu = self.device != "cpu"
        return Engine(
            device=self.device,
            threads=1 if on_gpu else threads_per_task(self.worker_threads, self.cores),
            batching=on_gpu if self.batching is None else self.batching,
            max_rows=self.gpu.max_rows,
            card=self.gpu.card,
            memory_mb=self.gpu.memory_mb,
            fast_math=self.gpu.fast_math,
            engine_dir=self.gpu.engine_dir,
        )

    @property
    def modules(self) -> frozenset[str]:
        """Of services that share a name, those that the deployment chooses; see `models.catalogue.services`."""
        return frozenset({self.liveness_module})


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        InvalidSetting: a misspelt `FACELINE_…` variable, which would go unnoticed otherwise, or a value out of bounds.
    """
    prefix = "FACELINE_"
    for name in os.environ:
        if name.startswith(prefix) and not _exists(name.removeprefix(prefix).lower().split("__")):
            raise InvalidSetting(f"{name} is no setting; see docs/settings.md")
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"{prefix}{'__'.join(map(str, entry['loc'])).upper()}: {entry['msg']}"
            for entry in error.errors(include_input=False, include_url=False, include_context=False)
            if entry["type"] != "default_factory_not_called"
        )
        raise InvalidSetting(wrong) from error


def _exists(path: Sequence[str]) -> bool:
    fields = Settings.model_fields
    for part in path:
        if part not in fields:
            return False
        fields = getattr(fields[part].annotation, "model_fields", {})
    return True
