"""All settings of a deployment."""

from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.engine import Device, Engine, tasks_at_a_time, threads_per_task, usable_cores
from config.options import ServiceOptions
from config.settings.access import AccessSettings, BrowserSettings, SecretSettings
from config.settings.batches import BatchSettings
from config.settings.gpu import GpuSettings
from config.settings.jobs import JobSettings
from config.settings.kinds import BrokerUrl, StoreUrl, Texts
from config.settings.limits import LimitSettings
from config.settings.metrics import MetricsSettings
from config.settings.server import ServerSettings
from config.settings.traces import TraceSettings
from config.settings.webhooks import WebhookSettings

LivenessModule = Literal["liveness-anti-spoofing", "quality-liveness-anti-spoofing", "face-detector-liveness-estimator"]


def default_weights_dir() -> Path:
    """The default folder of the weights, in the user's cache folder."""
    return user_cache_path("faceline") / "weights"


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

    redis_url: StoreUrl = Field(
        "redis://127.0.0.1:6379/0",
        description="The URL of the store; unix:///path is a socket, redis+sentinel://… names Sentinels.",
    )
    store_patience_s: float = Field(
        2, gt=0, description="How long the API waits for a store or broker that fails; then its callers get 503."
    )
    broker_url: BrokerUrl = Field(None, description="The URL of the broker, amqp://…; by default the store.")
    weights_dir: Path = Field(default_weights_dir(), description="The folder of the converted weights.")
    data_dir: Path = Field(user_data_path("faceline"), description="The folder of the embedded server's data.")
    embedded_memory_mb: int = Field(2048, ge=64, description="The most memory of the embedded server, in MB.")
    embedded_fsync: Literal["everysec", "always"] = Field(
        "everysec",
        description="When the embedded server writes to the disk: each second, or before each answer. SECURITY.md says "
        "what survives a crash.",
    )
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
        (),
        description="Keys that /faceapi/v1 accepts beside API keys: one, several with commas, or a JSON list.",
    )
    url: str | None = Field(None, description="The API that commands use, such as `faceline analyze`: their `--url`.")
    key: SecretStr | None = Field(None, description="The API key that commands send to the API.")
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
    console: bool = Field(True, description="Whether the API has the web console at `/`.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="The format of logs: for people or machines.")
    access_log: bool = Field(True, description="Whether the API writes a line to its log for each request.")
    celery_events: bool = Field(
        False,
        description="Whether workers send the events that Flower shows; they cost up to two fifths of the throughput.",
    )
    alive_file: Path | None = Field(
        None,
        description="A file that a worker, or the process that sends webhooks, renews every few seconds for "
        "`python -P -m embedded.probe`; by default none.",
    )
    jobs: JobSettings = JobSettings()
    limits: LimitSettings = LimitSettings()
    batches: BatchSettings = BatchSettings()
    access: AccessSettings = AccessSettings()
    browsers: BrowserSettings = BrowserSettings()
    secrets: SecretSettings = SecretSettings()
    server: ServerSettings = ServerSettings()
    metrics: MetricsSettings = MetricsSettings()
    traces: TraceSettings = TraceSettings()
    webhooks: WebhookSettings = WebhookSettings()

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
