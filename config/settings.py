"""All settings of a deployment. A process reads them once, from the environment, and hands them to its parts."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.engine import Device, Engine, tasks_at_a_time, threads_per_task, usable_cores
from config.errors import InvalidSetting
from config.options import ServiceOptions

LivenessModule = Literal["liveness-anti-spoofing", "quality-liveness-anti-spoofing", "face-detector-liveness-estimator"]


def _listed(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("["):
        return from_json(given)
    return [part.strip() for part in given.split(",") if part.strip()]


Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
"""A setting of several texts: one text, several with commas between them, or a JSON list."""


def default_weights_dir() -> Path:
    """The default folder of the weights, in the user's cache folder."""
    return user_cache_path("faceline") / "weights"


class JobSettings(BaseModel):
    """How long jobs may take, and how long they are kept.

    The times must grow: stage_deadline_s < visibility_timeout_s < stalled_after_s < deadline_s. Otherwise the process
    does not start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl_s: int = Field(3600, ge=1, description="How long a result is kept unless the request sets another time.")
    max_ttl_s: int = Field(7 * 24 * 3600, ge=1, description="The longest time that a request may set.")
    deadline_s: int = Field(3600, ge=1, description="A job that is not over after this time fails.")
    stage_deadline_s: int = Field(
        60, ge=1, description="After this time a stage starts no further service, and its job fails."
    )
    visibility_timeout_s: int = Field(
        120, ge=1, description="A message that a worker took and did not finish in this time is delivered again."
    )
    stalled_after_s: int = Field(180, ge=1, description="A job without progress for this long is sent again.")
    attempts: int = Field(3, ge=1, description="How often a stage may be started before its job is given up.")
    sync_timeout_s: float = Field(30, gt=0, description="How long a synchronous route waits for its job.")
    sync_ttl_s: int = Field(300, ge=1, description="How long a result is kept after its route timed out.")

    @model_validator(mode="after")
    def _in_order(self) -> "JobSettings":
        names = ("stage_deadline_s", "visibility_timeout_s", "stalled_after_s", "deadline_s")
        for shorter, longer in pairwise(names):
            if getattr(self, shorter) >= getattr(self, longer):
                raise ValueError(f"{shorter} must be shorter than {longer}")
        return self

    @property
    def max_life_s(self) -> int:
        """After this time only the tombstone of a job is left."""
        return self.deadline_s + self.max_ttl_s


class LimitSettings(BaseModel):
    """The most that the API accepts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_bytes: int = Field(4_928_307, ge=1, description="The largest encoded image, in bytes.")
    sample_bytes: int = Field(1_048_576, ge=1, description="The largest body in bytes, without the image in it.")
    discard_bytes: int = Field(
        67_108_864,
        ge=0,
        description="The most bytes that are read and thrown away of a body that was refused before its end, so that "
        "its client gets the answer; of a larger body, the connection is closed.",
    )
    discard_s: float = Field(30, gt=0, description="How long reading such bytes may take.")
    objects: int = Field(500, ge=1, description="The most objects in a sample.")
    pixels: int = Field(50_000_000, ge=1, description="The most pixels of an image.")
    queue_length: int = Field(
        10_000, ge=1, description="The most messages in a queue; above it, new jobs are refused for now."
    )
    store_share: float = Field(
        0.7, gt=0, le=1, description="The share of the store's memory above which new jobs are refused for now."
    )


class BatchSettings(BaseModel):
    """Bounds of one batch, of all batches of a deployment, and of the batches of one key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chunk: int = Field(16, ge=1, le=256, description="The most samples of a batch that share a job.")
    requests: int = Field(10_000, ge=1, description="The most requests in a batch.")
    body_bytes: int = Field(268_435_456, ge=1, description="The largest body of a batch; an archive is held in memory.")
    unpacked_bytes: int = Field(1_073_741_824, ge=1, description="The largest size of an archive once it is unpacked.")
    ratio: int = Field(100, ge=2, description="How many times its own size an archive may grow when it is unpacked.")
    members: int = Field(20_000, ge=1, description="The most members of an archive, folders included.")
    open_at_once: int = Field(8, ge=1, description="The most batches at a time; more are refused for now.")
    key_header: str | None = Field(
        None, description="The request header that holds a caller's key; a proxy in front of the API has to check it."
    )
    open_per_key: int = Field(
        2, ge=1, description="The most batches of one key at a time; each may have `requests` and `body_bytes`."
    )
    store_share: float = Field(
        0.5, gt=0, le=1, description="The share of the store's memory above which batches wait, to leave room for jobs."
    )
    patience_s: float = Field(30, gt=0, description="How long a batch waits for room, and for more of its body.")
    silence_s: int = Field(120, ge=1, description="A batch whose intake makes no progress for this long has failed.")
    deadline_s: int = Field(
        86_400, ge=1, description="A batch that is not over after this time expires; its finished results are kept."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "BatchSettings":
        if self.patience_s >= self.silence_s:
            raise ValueError("patience_s must be shorter than silence_s")
        return self


class GpuSettings(BaseModel):
    """How a GPU is used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    card: int = Field(0, ge=0, description="The index of the GPU, as nvidia-smi counts them.")
    max_rows: int = Field(32, ge=1, description="The most rows of a shared batch; fewer once memory ran out.")
    memory_mb: int | None = Field(None, ge=1, description="The most memory of the GPU that one model may take, in MB.")
    fast_math: bool = Field(
        False, description="TensorFloat-32 on cuda, half precision on tensorrt: faster, and results change a little."
    )
    engine_dir: Path = Field(
        user_cache_path("faceline") / "tensorrt",
        description="Where tensorrt keeps its engines, which take minutes.",
    )


_MOST_EMBEDDED = 4


def _tasks(earlier: dict[str, Any]) -> int:
    return tasks_at_a_time(earlier["device"], earlier["gpu"].max_rows, earlier["cores"])


def _embedded_workers(earlier: dict[str, Any]) -> int:
    # More processes, since threads of one process wait for each other's Python; few, since each loads the models.
    return min(earlier["cores"], _MOST_EMBEDDED) if earlier["device"] == "cpu" else 1


class Settings(BaseSettings):
    """The settings of a deployment, such as `FACELINE_REDIS_URL` and `FACELINE_JOBS__TTL_S`."""

    model_config = SettingsConfigDict(
        env_prefix="FACELINE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    redis_url: str = Field("redis://127.0.0.1:6379/0", description="The URL of the store; unix:///path is a socket.")
    broker_url: str | None = Field(None, description="The URL of the broker, amqp://…; by default the store.")
    weights_dir: Path = Field(default_weights_dir(), description="The folder of the converted weights.")
    data_dir: Path = Field(user_data_path("faceline"), description="The folder of the embedded server's data.")
    embedded_memory_mb: int = Field(2048, ge=64, description="The most memory of the embedded server, in MB.")
    device: Device = Field("cpu", description="What models run on: cpu, cuda or tensorrt.")
    batching: bool | None = Field(
        None, description="Whether tasks of a worker share the batches of a model; by default on a GPU only."
    )
    gpu: GpuSettings = GpuSettings()
    cores: int = Field(
        default_factory=usable_cores,
        ge=1,
        description="The cores that a worker uses, by default all; set fewer where several workers share a machine.",
    )
    worker_threads: int = Field(
        default_factory=_tasks,
        ge=1,
        description="The tasks that a worker runs at a time; by default one per core, on a GPU up to four per core.",
    )
    embedded_workers: int = Field(
        default_factory=_embedded_workers,
        ge=1,
        description="The workers of `faceline up`; by default one per core up to four, on a GPU one.",
    )
    co_locate: bool = Field(
        False, description="Whether all families share one queue, so that a plan is one hop; `faceline up` sets it."
    )
    age_format: Literal["contract", "string", "number"] = Field(
        "contract", description="Ages as string or number; contract: strings from service routes, numbers from jobs."
    )
    faceapi_keys: Texts = Field(
        (), description="The keys that /faceapi/v1 accepts: one, several with commas, or a JSON list."
    )
    reference_roots: Texts = Field(
        (),
        description="Folders and URL prefixes that workers read images by reference from: one, several with commas, "
        "or a JSON list.",
    )
    liveness_module: LivenessModule = Field(
        "face-detector-liveness-estimator",
        description="The module that the service of that name runs.",
    )
    turned_photos: bool = Field(
        True,
        description="Whether photos with doubtful faces or bodies are searched on their sides and upside down too.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="The format of logs: for people or machines.")
    jobs: JobSettings = JobSettings()
    limits: LimitSettings = LimitSettings()
    batches: BatchSettings = BatchSettings()

    @property
    def engine(self) -> Engine:
        """What models run on."""
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
    def options(self) -> ServiceOptions:
        """What services are built with."""
        return ServiceOptions(turned_photos=self.turned_photos)

    @property
    def modules(self) -> frozenset[str]:
        """The modules to use of services that share a name; see `models.catalogue.services`."""
        return frozenset({self.liveness_module})


def load_settings() -> Settings:
    """Read the settings of this process from its environment.

    Raises:
        InvalidSetting: a `FACELINE_…` variable is misspelt, or a value is out of bounds.
    """
    prefix = "FACELINE_"
    for name in os.environ:
        if name.startswith(prefix) and not _exists(name.removeprefix(prefix).lower().split("__")):
            raise InvalidSetting(f"{name} is not a setting; see docs/settings.md for their names")
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
