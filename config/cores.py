"""How many threads do what: the one place that divides the cores."""

import os
from pathlib import Path

from config.engine import Device

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_TASKS_PER_CORE = 4


def usable_cores(quota: Path = _QUOTA) -> int:
    """The cores that this process may use: of the machine, of its affinity, of its container's quota the least.

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

    On the CPU one per core: two threads on one session gave 2.0 times what one gave, more than two gave no more. On a
    GPU tasks wait for most of their time, and twice what a batch holds fill the next one while one runs; but some of
    them decode and crop meanwhile, so that too many would only fight for the cores.
    """
    if device == "cpu":
        return cores
    return max(cores, min(2 * max_rows, _TASKS_PER_CORE * cores))


def threads_per_task(tasks: int, cores: int) -> int:
    """How many threads onnxruntime or OpenCV may use for a task, which is in one of them at a time."""
    return max(1, cores // tasks)
