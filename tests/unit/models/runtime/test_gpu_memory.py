import ctypes
from math import isnan

from metrics.worker import METRICS
from models.runtime.gpu_memory import measure_gpu_memory
from tests.unit.models.runtime.test_staging import FakeCuda


class FilledCuda(FakeCuda):
    """A CUDA runtime whose GPU has 100 bytes, 30 of them free."""

    def cudaMemGetInfo(self, free: object, total: object) -> int:  # noqa: N802
        for address, size in ((free, 30), (total, 100)):
            ctypes.cast(address, ctypes.POINTER(ctypes.c_size_t))[0] = size  # type: ignore[arg-type]
        return self.failure


def value(state: str, card: int) -> float:
    found = METRICS.registry.get_sample_value("faceline_gpu_memory_bytes", {"device": f"cuda:{card}", "state": state})
    assert found is not None
    return found


def test_the_memory_of_a_gpu_is_read_with_each_scrape() -> None:
    cuda = FilledCuda()
    measure_gpu_memory(cuda, 3)
    assert (value("free", 3), value("used", 3)) == (30, 70)
    assert cuda.card == 3


def test_a_gpu_that_does_not_answer_has_no_number() -> None:
    measure_gpu_memory(FilledCuda(failure=2), 4)
    assert isnan(value("free", 4))
    assert isnan(value("used", 4))
