"""The memory in which batches are laid out for a session."""

import ctypes
from math import prod
from typing import Protocol
from weakref import finalize

import numpy as np

from models.runtime.session import FloatArray

# Of CUDA 13 and 12; whichever onnxruntime has loaded is there under its name.
_LIBRARIES = ("libcudart.so.13", "libcudart.so.12")
_FLOAT_BYTES = 4


class CudaRuntime(Protocol):
    """What is used of the CUDA runtime; each function returns 0 if it went well."""

    def cudaSetDevice(self, card: int) -> int: ...  # noqa: N802, D102
    def cudaMallocHost(self, address: object, size: ctypes.c_size_t) -> int: ...  # noqa: N802, D102
    def cudaFreeHost(self, address: ctypes.c_void_p) -> int: ...  # noqa: N802, D102


class Staging:
    """An array that is used again and again: fresh memory would be paged in anew for each batch.

    With a CUDA runtime its pages are locked: the GPU reads them by itself at the full speed of the bus, not through a
    buffer of the driver's. Where they cannot be locked, ordinary memory does.

    Args:
        cuda: the runtime; None for batches that stay on the CPU.
        card: which of the GPUs.
    """

    def __init__(self, cuda: CudaRuntime | None = None, card: int = 0) -> None:
        self._cuda = cuda
        self._card = card
        self._floats: FloatArray = np.empty(0, np.float32)

    def array(self, shape: tuple[int, ...]) -> FloatArray:
        """An array of this shape with anything in it; it shares its memory with those given before."""
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
        # Each array on this memory keeps `memory` alive. At the end of the process it goes with the process.
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
