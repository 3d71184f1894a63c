from collections.abc import Mapping

import numpy as np
import pytest

from bench.precision import ROWS, CalibrationRows, kept_float32
from models.convert.graph import Graph
from models.runtime.session import FloatArray


class Echo:
    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        return {"same": batch}


def test_rows_reach_the_model_and_the_first_ones_are_kept_for_the_calibration() -> None:
    rows = CalibrationRows(Echo())
    batches = [np.full((48, 2), number, np.float32) for number in range(3)]
    for batch in batches:
        assert rows.run(batch)["same"] is batch
    assert len(rows.kept) == ROWS
    for _ in range(2):
        rows.rewind()
        given = [inputs["input"] for inputs in iter(rows.get_next, None)]
        np.testing.assert_array_equal(np.concatenate(given)[47:49], [[0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("share", "names"), [(0.0, []), (0.5, ["relu_1_0", "conv_2_0", "relu_3_0"]), (0.25, ["relu_3_0"])]
)
def test_what_stands_behind_the_convolutions_that_are_quantised_is_kept_float32(share: float, names: list[str]) -> None:
    graph = Graph()
    x = "input"
    for _ in range(2):
        kernel = graph.constant(np.ones((1, 1, 1, 1), np.float32))
        x = graph.add("Relu", [graph.add("Conv", [x, kernel])])
    model = graph.model({"input": ["N", 1, 4, 4]}, {"output": x})
    for node in model.graph.node:
        node.name = node.output[0]
    assert kept_float32(model, share) == [*names, *(["output"] if share else [])]
