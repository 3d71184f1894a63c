"""The memory in which batches are put together for a session."""

import ctypes
from math import prod
from typing import Protocol
from weakref import finalize

import numpy as np

from models.runtime.session import FloatArray

# Of CUDA 13 and 12; the one that onnxruntime has loaded is found by its name.
_LIBRARIES = ("libcudart.so.13", "libcudart.so.12")
_FLOAT_BYTES = 4


class CudaRuntime(Protocol):
    """The functions of the CUDA runtime that are used here; each returns 0 on success."""

    def cudaSetDevice(self, card: int) -> int: ...  # noqa: N802, D102
    def cudaMallocHost(self, address: object, size: ctypes.c_size_t) -> int: ...  # noqa: N802, D102
    def cudaFreeHost(self, address: ctypes.c_void_p) -> int: ...  # noqa: N802, D102
    def cudaMemGetInfo(self, free: object, total: object) -> int: ...  # noqa: N802, D102


class Staging:
    """Memory that is reused for each batch: new memory would have to be paged in each time.

    With a CUDA runtime its pages are locked: the GPU then reads them directly, at the full speed of the bus, and not
    through a buffer of the driver. Where pages cannot be locked, ordinary memory is used.

    Args:
        cuda: the runtime; None for batches that stay on the CPU.
        card: the index of the GPU.
    """

    def __init__(self, cuda: CudaRuntime | None = None, card: int = 0) -> None:
        self._cuda = cuda
        self._card = card
        self._floats: FloatArray = np.empty(0, np.float32)

    def array(self, shape: tuple[int, ...]) -> FloatArray:
        """An array of this shape with any content; it shares its memory with the arrays given before."""
        size = prod(shape)
        if size > self._floats.size:
            self._floats = self._locked(size)
        return self._floats[:size].reshape(shape)

    def _locked(self, size: int) -> FloatArray:
        address = ctypes.c_void_p()
        if self._cuda is None or self._cuda.cudaSetDevice(self._card) != 0:
            return np.empty(size, np.float32)
        if self._cuda.cudaMallocHost(ctypes.byref(address), ctypes.c_size_t(size * _FLOAT_BYTES)) != 0:
            return np.empty(size, np.float32)
        assert address.value is not None
        memory = (ctypes.c_float * size).from_address(address.value)
        # Each array on this memory keeps `memory` alive. The end of the process frees it anyway.
        finalize(memory, self._cuda.cudaFreeHost, address).atexit = False
        return np.ctypeslib.as_array(memory)


def cuda_runtime() -> CudaRuntime | None:
    """The CUDA runtime, if this machine has one."""
    for name in _LIBRARIES:
        try:
            library: CudaRuntime = ctypes.CDLL(name)
        except OSError:
            continue
        return library
    return None
