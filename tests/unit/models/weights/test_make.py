from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.convert.graph import Graph
from models.errors import ConversionFailed, ModelError
from models.weights.fingerprint import figures, probe
from models.weights.make import check
from models.weights.registry import Weights
from models.weights.source import Registry
from tests.unit.models.weights.toys import ROW, VALUES, packed, scaling_weights


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    """They promise to double their input."""
    return scaling_weights("doubling", packed(tmp_path, Registry.NPM, "toy", {}), "model.onnx", 2)


def saved(folder: Path, build: Callable[[Graph], str], batch: int | str = "N") -> Path:
    graph = Graph()
    path = folder / "model.onnx"
    path.write_bytes(graph.model({"input": [batch, *ROW]}, {"scaled": build(graph)}).SerializeToString())
    return path


def doubled(graph: Graph) -> str:
    return graph.add("Add", ["input", "input"])


def test_a_right_model_passes(weights: Weights, tmp_path: Path) -> None:
    check(weights, saved(tmp_path, doubled))


def test_a_model_that_computes_something_else_is_refused(weights: Weights, tmp_path: Path) -> None:
    slightly_more = saved(tmp_path, lambda graph: graph.add("Mul", ["input", graph.constant(np.float32([2.01]))]))
    with pytest.raises(ConversionFailed, match="doubling as converted gives another scaled than its source"):
        check(weights, slightly_more)


def test_a_model_whose_rows_depend_on_each_other_is_refused(weights: Weights, tmp_path: Path) -> None:
    def centred(graph: Graph) -> str:
        mean = graph.add("ReduceMean", ["input", graph.constant(np.int64([0]))])
        return graph.add("Sub", [doubled(graph), mean])

    alone = {"scaled": figures(probe(ROW, VALUES, seed=0))}
    with pytest.raises(ConversionFailed, match="another scaled in a batch than alone"):
        check(replace(weights, fingerprint=alone), saved(tmp_path, centred))


def test_a_model_that_folds_the_batch_into_one_row_is_refused(weights: Weights, tmp_path: Path) -> None:
    with pytest.raises(ConversionFailed, match=r"shape \(1, 1, 4, 4\) for a batch of 8"):
        check(
            weights,
            saved(tmp_path, lambda graph: graph.add("ReduceMax", [doubled(graph), graph.constant(np.int64([0]))])),
        )


def test_a_model_with_a_fixed_batch_is_refused(weights: Weights, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="inference failed"):
        check(weights, saved(tmp_path, doubled, batch=1))


def test_a_model_with_other_outputs_is_refused(weights: Weights, tmp_path: Path) -> None:
    other = replace(weights, fingerprint={"doubled": weights.fingerprint["scaled"]})
    with pytest.raises(ConversionFailed, match="gives scaled instead of doubled"):
        check(other, saved(tmp_path, doubled))


def test_a_model_of_another_size_is_refused(weights: Weights, tmp_path: Path) -> None:
    halved = saved(tmp_path, lambda graph: graph.add("GlobalMaxPool", ["input"]))
    with pytest.raises(ConversionFailed, match="off by inf"):
        check(weights, halved)


def test_what_is_no_onnx_is_refused(weights: Weights, tmp_path: Path) -> None:
    with pytest.raises(ConversionFailed, match="no valid ONNX"):
        check(weights, saved(tmp_path, lambda graph: graph.add("NoSuchOperation", ["input"])))
