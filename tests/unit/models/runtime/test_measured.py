from collections.abc import Mapping

import numpy as np
import pytest

from metrics.worker import METRICS
from models.errors import OutOfMemory
from models.runtime.measured import MeasuredSession
from models.runtime.session import FloatArray


class Doubling:
    """A session whose device holds four rows."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        if len(batch) > 4:
            raise OutOfMemory("inference failed")
        return {"output": 2 * batch}

    def zeros(self, rows: int) -> FloatArray:
        return np.zeros((rows, 1), np.float32)


def value(name: str, model: str) -> float | None:
    return METRICS.registry.get_sample_value(f"faceline_{name}", {"model": model, "device": "cpu"})


def test_runs_and_rows_are_measured_by_model() -> None:
    session = MeasuredSession(Doubling(), "doubling", "cpu")
    (output,) = session.run(session.zeros(3) + 1).values()
    session.run(session.zeros(1))
    assert output.tolist() == [[2], [2], [2]]
    assert value("model_rows_sum", "doubling") == 4
    assert value("model_seconds_count", "doubling") == 2


def test_a_run_without_memory_is_counted_and_raises() -> None:
    session = MeasuredSession(Doubling(), "large", "cpu")
    with pytest.raises(OutOfMemory):
        session.run(session.zeros(5))
    assert value("model_out_of_memory_total", "large") == 1
    assert value("model_seconds_count", "large") == 0
