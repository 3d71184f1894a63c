import numpy as np
import pytest
from onnx import ModelProto

from models.convert.graph import Attribute, Graph
from models.convert.rewrites import free_batch, split_prelu
from models.errors import ConversionFailed
from tests.unit.models.convert.numeric import Array, noise, run


def reshaping(*shape: int) -> ModelProto:
    graph = Graph()
    reshaped = graph.add("Reshape", ["input", graph.constant(np.int64(shape))])
    return graph.model({"input": [1, 4, 2, 3]}, {"output": reshaped})


def resizing(sizes: list[int], attributes: dict[str, Attribute], *plane: int | str) -> ModelProto:
    graph = Graph()
    double = graph.add("Identity", ["input"])
    resized = graph.add("Resize", [double, "", "", graph.constant(np.int64(sizes))], {"mode": "linear", **attributes})
    return graph.model({"input": [1, 2, *plane]}, {"output": resized})


def with_free_input(model: ModelProto) -> ModelProto:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return model


@pytest.mark.parametrize("shape", [(1, 2, 12), (1, -1, 6), (1, 2, 2, 2, 3)])
def test_a_reshape_to_a_batch_of_one_takes_any_batch(shape: tuple[int, ...]) -> None:
    model = reshaping(*shape)
    free_batch(model)
    x = noise(3, 4, 2, 3)
    np.testing.assert_array_equal(run(with_free_input(model), x)["output"], x.reshape(3, *shape[1:]))


def test_a_reshape_whose_batch_is_free_already_stays() -> None:
    model = reshaping(-1, 24)
    before = model.SerializeToString()
    free_batch(model)
    assert model.SerializeToString() == before


@pytest.mark.parametrize(("sizes", "attributes"), [([1, 2, 6, 8], {}), ([6, 8], {"axes": [2, 3]})])
def test_a_resize_to_sizes_becomes_one_by_scales(sizes: list[int], attributes: dict[str, Attribute]) -> None:
    model = resizing(sizes, attributes, 3, 4)
    one = noise(1, 2, 3, 4)
    expected = run(model, one)["output"]
    free_batch(model)
    (resize,) = (node for node in model.graph.node if node.op_type == "Resize")
    assert len(resize.input) == 3
    batch = np.concatenate([noise(1, 2, 3, 4, seed=1), one])
    np.testing.assert_array_equal(run(with_free_input(model), batch)["output"][1:], expected)


def test_a_resize_of_unknown_size_is_refused() -> None:
    with pytest.raises(ConversionFailed, match="size is not known"):
        free_batch(resizing([6, 8], {"axes": [2, 3]}, "height", "width"))


def test_a_shape_from_a_constant_node_is_rewritten_too() -> None:
    model = reshaping(1, 24)
    (initializer,) = model.graph.initializer
    constant = model.graph.node.add(op_type="Constant", output=[initializer.name])
    attribute = constant.attribute.add(name="value", type=4)
    attribute.t.CopyFrom(initializer)
    del model.graph.initializer[:]
    free_batch(model)
    assert next(node for node in model.graph.node if node.op_type == "Reshape").input[1] != initializer.name


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
