import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from models.convert.opencv_int8 import convert
from tests.unit.models.convert.numeric import Array, noise, run


def quantised_weights(shape: tuple[int, ...], scale: Array, attributes: dict[str, int]) -> ModelProto:
    """input (n, 6) times int8 weights that pass through DequantizeLinear and Reshape to (6, 2)."""
    random = np.random.default_rng(0)
    zero_point = random.integers(-5, 5, scale.shape).astype(np.int8)
    constants = {
        "weights": random.integers(-128, 128, shape).astype(np.int8),
        "scale": scale.astype(np.float32),
        "zero_point": zero_point,
        "shape": np.int64([6, 2]),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["weights", "scale", "zero_point"], ["dequantised"]),
        helper.make_node("Reshape", ["dequantised", "shape"], ["reshaped"]),
        helper.make_node("MatMul", ["input", "reshaped"], ["output"]),
    ]
    nodes[0].attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    graph = helper.make_graph(
        nodes,
        "quantised",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 6])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.mark.parametrize(
    ("shape", "scale", "attributes"),
    [
        pytest.param((3, 4), np.array(0.5), {}, id="one scale"),
        pytest.param((3, 4), np.array([0.5, 1, 2]), {"axis": 0}, id="a scale per row"),
        pytest.param((3, 4), np.array([[0.1, 1], [0.2, 2], [0.3, 3]]), {"axis": 1, "block_size": 2}, id="blocks"),
        pytest.param((12,), np.array([0.1, 1, 10]), {"axis": 0, "block_size": 4}, id="blocks of a vector"),
    ],
)
def test_folded_weights_compute_what_quantised_ones_do(
    shape: tuple[int, ...], scale: Array, attributes: dict[str, int]
) -> None:
    quantised = quantised_weights(shape, scale, attributes)
    folded = convert(quantised.SerializeToString())
    assert [node.op_type for node in folded.graph.node] == ["MatMul"]
    x = noise(3, 6)
    np.testing.assert_array_equal(run(folded, x)["output"], run(quantised, x)["output"])


def test_what_depends_on_the_input_is_not_folded() -> None:
    model = quantised_weights((3, 4), np.array(0.5), {})
    model.graph.node[1].input[0] = "input"
    folded = convert(model.SerializeToString())
    assert [node.op_type for node in folded.graph.node] == ["Reshape", "MatMul"]
