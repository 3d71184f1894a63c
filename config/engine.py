"""`Engine`: the device that models run on, its options, and the number of threads."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Device = Literal["cpu", "cuda", "tensorrt"]

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_TASKS_PER_CORE = 4


@dataclass(frozen=True, slots=True)
class Engine:
    """A device and how it is used.

    Attributes:
        device: cuda and tensorrt both mean a GPU.
        threads: of one run on the CPU.
        batching: whether callers in several threads share batches; see `models.runtime.batching`.
        max_rows: the most rows of a shared batch.
        card: the index of the GPU.
        memory_mb: the most memory of the GPU that one model may take; None sets no limit.
        fast_math: TensorFloat-32 on cuda, half precision on tensorrt; both change results a little.
        engine_dir: where tensorrt keeps its engines, each of which takes minutes to build; None builds them at each
            start.
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


def usable_cores(quota: Path = _QUOTA) -> int:
    """The cores that this process may use: the least of its affinity and the quota of its container.

    Args:
        quota: a `cpu.max` of Linux control groups: microseconds of a period, and its length.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if quota.exists():
        share, period = quota.read_text().split()
        if share != "max":
            cores = min(cores, max(1, int(share) // int(period)))
    return cores


def tasks_at_a_time(device: Device, max_rows: int, cores: int) -> int:
    """How many tasks a worker runs at a time.

    On the CPU one per core: two threads on one session gave 2.0 times the throughput of one, more than two gave no
    more. On a GPU tasks wait most of the time, and twice the rows of a batch fill the next one while one runs; but some
    tasks decode and crop meanwhile, so too many of them would compete for the cores.
    """
    if device == "cpu":
        return cores
    return max(cores, min(2 * max_rows, _TASKS_PER_CORE * cores))


def threads_per_task(tasks: int, cores: int) -> int:
    """How many threads a task may use; it runs onnxruntime or OpenCV, never both at a time."""
    return max(1, cores // tasks)
