"""On what models run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Device = Literal["cpu", "cuda", "tensorrt"]


@dataclass(frozen=True, slots=True)
class Engine:
    """A device and how it is used.

    Attributes:
        device: cuda and tensorrt both mean a GPU.
        threads: that one run may use on the CPU.
        batching: callers on several threads share batches; see `models.runtime.batching`.
        max_rows: the most rows of a shared batch.
        card: which of the GPUs.
        memory_mb: the most of the GPU's memory that one model may take; None sets no limit.
        fast_math: TensorFloat-32 on cuda and half precision on tensorrt, which change answers a little.
        engine_dir: where tensorrt keeps what it built, which takes minutes; None builds anew at each start.
    """

    device: Device = "cpu"
    threads: int = 1
    batching: bool = False
    max_rows: int = 32
    card: int = 0
    memory_mb: int | None = None
    fast_math: bool = False
    engine_dir: Path | None = None


ON_CPU = Engine()
