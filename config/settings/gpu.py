"""How a GPU is used."""

from pathlib import Path

from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, Field


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
