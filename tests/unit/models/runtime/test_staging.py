import ctypes
import gc

import numpy as np

from models.runtime.staging import Staging

LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
LIBC.malloc.argtypes = [ctypes.c_size_t]
LIBC.free.argtypes = [ctypes.c_void_p]


class FakeCuda:
    """A CUDA runtime that locks no pages, and notes what it hands out."""

    def __init__(self, failure: int = 0) -> None:
        self.failure = failure
        self.card: int | None = None
        self.given: list[int] = []
        self.freed: list[int] = []

    def cudaSetDevice(self, card: int) -> int:  # noqa: N802
        self.card = card
        return 0

    def cudaMallocHost(self, address: object, size: ctypes.c_size_t) -> int:  # noqa: N802
        if not self.failure:
            given = LIBC.malloc(size)
            self.given.append(given)
            ctypes.cast(address, ctypes.POINTER(ctypes.c_void_p))[0] = given  # type: ignore[arg-type]
        return self.failure

    def cudaFreeHost(self, address: ctypes.c_void_p) -> int:  # noqa: N802
        assert address.value
        self.freed.append(address.value)
        LIBC.free(address)
        return 0

    def cudaMemGetInfo(self, free: object, total: object) -> int:  # noqa: N802
        return 1


def test_memory_is_used_again() -> None:
    staging = Staging()
    large, small = staging.array((4, 3, 2)), staging.array((2, 5))
    assert (large.shape, small.shape) == ((4, 3, 2), (2, 5))
    assert large.dtype == small.dtype == np.float32
    assert np.shares_memory(large, small)


def test_pages_are_locked_for_the_card_that_reads_them() -> None:
    cuda = FakeCuda()
    array = Staging(cuda, card=3).array((2, 3))
    assert cuda.card == 3
    assert array.ctypes.data == cuda.given[0]
    array[:] = 7
    assert array.sum() == 42


def test_locked_pages_are_freed_once_no_array_uses_them() -> None:
    cuda = FakeCuda()
    staging = Staging(cuda)
    first = staging.array((2, 3))
    staging.array((20, 30))
    gc.collect()
    assert cuda.freed == []
    del first
    gc.collect()
    assert cuda.freed == cuda.given[:1]
    del staging
    gc.collect()
    assert cuda.freed == cuda.given


def test_memory_that_cannot_be_locked_does_as_well() -> None:
    array = Staging(FakeCuda(failure=2)).array((2, 3))
    array[:] = 1
    assert array.sum() == 6
