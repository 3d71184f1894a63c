"""The memory of a GPU, read when the worker is scraped."""

import ctypes

from metrics.worker import GPU_MEMORY_BYTES
from models.runtime.staging import CudaRuntime


def measure_gpu_memory(cuda: CudaRuntime, card: int) -> None:
    """Measure the memory of a GPU from now on.

    Args:
        cuda: the CUDA runtime.
        card: the index of the GPU.
    """
    device = f"cuda:{card}"
    GPU_MEMORY_BYTES.labels(device, "free").set_function(lambda: memory_of(cuda, card)[0])
    GPU_MEMORY_BYTES.labels(device, "used").set_function(lambda: memory_of(cuda, card)[1])


def memory_of(cuda: CudaRuntime, card: int) -> tuple[float, float]:
    """The free and the used bytes of a GPU, by all processes; not a number if the runtime does not say it."""
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    if cuda.cudaSetDevice(card) != 0 or cuda.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total)) != 0:
        return float("nan"), float("nan")
    return free.value, total.value - free.value
