import numpy as np
import pytest
from onnx import ModelProto

from models.convert.graph import Graph
from models.convert.prelu import split_prelu
from tests.unit.models.convert.numeric import Array, noise, run

X = noise(2, 3, 4, 5)


def activating(slope: Array) -> ModelProto:
    graph = Graph()
    output = graph.add("PRelu", ["input", graph.constant(slope)])
    return graph.model({"input": ["N", *X.shape[1:]]}, {"output": output})


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 3, 1, 1)])
def test_slopes_per_channel_are_split_and_nothing_else_changes(shape: tuple[int, ...]) -> None:
    model = activating(np.float32([0.25, -0.5, 1.5]).reshape(shape))
    expected = run(model, X)["output"]
    split_prelu(model)
    assert "PRelu" not in {node.op_type for node in model.graph.node}
    np.testing.assert_allclose(run(model, X)["output"], expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1), (5,), (1, 1, 5), (3, 4, 5)])
def test_slopes_of_another_kind_stay_as_they_are(shape: tuple[int, ...]) -> None:
    model = activating(noise(*shape))
    before = model.SerializeToString()
    split_prelu(model)
    assert model.SerializeToString() == before


def test_two_activations_do_not_get_into_each_others_way() -> None:
    graph = Graph()
    slope = graph.constant(np.full((3, 1, 1), 0.5, np.float32))
    output = graph.add("PRelu", [graph.add("PRelu", ["input", slope]), slope])
    model = graph.model({"input": ["N", *X.shape[1:]]}, {"output": output})
    split_prelu(model)
    np.testing.assert_allclose(run(model, X)["output"], np.where(X < 0, 0.25 * X, X), rtol=1e-6)
